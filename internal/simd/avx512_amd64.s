//go:build amd64 && !noasm

#include "textflag.h"

// mask sets K to the lowest CX bits: so many planes of 8 bytes are read or written.
#define MASK(COUNT, K) \
	MOVQ  COUNT, CX    \
	MOVQ  $1, R15      \
	SHLQ  CX, R15      \
	DECQ  R15          \
	KMOVQ R15, K

#define UNPACK_ARGS \
	VBROADCASTSS step+16(FP), Z0   \
	MOVQ         gather+24(FP), BX \
	VMOVDQU64    (BX), Z4          \
	MOVQ         unit+32(FP), BX   \
	VMOVDQU64    (BX), Z5          \
	MOVQ         n+48(FP), R8      \
	MASK(R8, K1)                   \
	MOVQ         m+64(FP), R9      \
	MASK(R9, K2)                   \
	SHLQ         $3, R8            \
	SHLQ         $3, R9            \
	MOVBLZX      sign+72(FP), BX   \
	VPBROADCASTB BX, Z6            \
	MOVBLZX      keep+73(FP), BX   \
	VPBROADCASTB BX, Z7            \
	MOVQ         x+0(FP), AX       \
	MOVQ         groups+8(FP), CX  \
	MOVQ         codes+40(FP), SI  \
	MOVQ         errors+56(FP), DI

// QUANTIZE rounds the 16 values at SRC to the dwords of DST; Z7 collects twice the bits of magnitudes.
#define QUANTIZE(SRC, DST) \
	VMOVDQU32  SRC, Z16     \
	VPADDD     Z16, Z16, Z17 \
	VPMAXUD    Z17, Z7, Z7  \
	VMULPS     Z16, Z0, Z16 \
	VCVTPS2DQ  Z16, DST

// CLAMPED makes 64 codes of the dwords of Z8 to Z11, clamped, in the order of Z4.
#define CLAMPED \
	VPACKSSDW Z9, Z8, Z8    \
	VPACKSSDW Z11, Z10, Z10 \
	VPMINSW   Z1, Z8, Z8    \
	VPMINSW   Z1, Z10, Z10  \
	VPMAXSW   Z2, Z8, Z8    \
	VPMAXSW   Z2, Z10, Z10  \
	VMOVDQA64 Z4, Z12       \
	VPERMI2B  Z10, Z8, Z12

// LEVELS reads constants at DX.
#define LEVELS \
	VBROADCASTSS (DX), Z0   \
	VPBROADCASTW 4(DX), Z1 \
	VPBROADCASTW 6(DX), Z2

// FOLD leaves the result of OP over all dwords of Z in AX.
#define FOLD(OP, Z, Y, X) \
	VEXTRACTI64X4 $1, Z, Y16     \
	OP            Y16, Y, Y      \
	VEXTRACTI32X4 $1, Y, X16     \
	OP            X16, X, X      \
	VPSHUFD       $0x4e, X, X16  \
	OP            X16, X, X      \
	VPSHUFD       $0xb1, X, X16  \
	OP            X16, X, X      \
	VMOVD         X, AX

// func quantizePackAVX512(x *float32, groups int, c *constants, reversed, unit, planes, low *[64]byte, codes *byte, n int, errors *byte, m int) (top uint32)
TEXT ·quantizePackAVX512(SB), NOSPLIT, $0-92
	MOVQ      c+16(FP), DX
	LEVELS
	MOVQ      reversed+24(FP), BX
	VMOVDQU64 (BX), Z4
	MOVQ      unit+32(FP), BX
	VMOVDQU64 (BX), Z5
	MOVQ      planes+40(FP), BX
	VMOVDQU64 (BX), Z6
	MOVQ      low+48(FP), BX
	VMOVDQU64 (BX), Z3
	MOVQ      n+64(FP), R8
	MASK(R8, K1)
	MOVQ      m+80(FP), R9
	MASK(R9, K2)
	SHLQ      $3, R8
	SHLQ      $3, R9
	MOVQ      x+0(FP), AX
	MOVQ      groups+8(FP), CX
	MOVQ      codes+56(FP), SI
	MOVQ      errors+72(FP), DI
	VPXORQ    Z7, Z7, Z7

loop:
	QUANTIZE((AX), Z8)
	QUANTIZE(64(AX), Z9)
	QUANTIZE(128(AX), Z10)
	QUANTIZE(192(AX), Z11)
	CLAMPED
	VGF2P8AFFINEQB $0, Z12, Z5, Z12
	VPERMB         Z12, Z6, Z14
	VPERMB         Z12, Z3, Z15
	VMOVDQU64      Z14, K1, (SI)
	VMOVDQU64      Z15, K2, (DI)
	ADDQ           R8, SI
	ADDQ           R9, DI
	ADDQ           $256, AX
	DECQ           CX
	JNZ            loop
	FOLD(VPMAXUD, Z7, Y7, X7)
	MOVL           AX, top+88(FP)
	VZEROUPPER
	RET

// CODES turns bytes of planes in Z12, as gather has ordered them, into codes; Z6 is the sign bit, Z7 what is kept.
#define CODES \
	VGF2P8AFFINEQB $0, Z12, Z5, Z12 \
	VPANDQ         Z7, Z12, Z12     \
	VPXORQ         Z6, Z12, Z12     \
	VPSUBB         Z6, Z12, Z12

// VALUES writes step times the 64 codes in Z12 to AX.
#define VALUES(EXTEND) \
	VEXTRACTI32X4 $1, Z12, X13   \
	VEXTRACTI32X4 $2, Z12, X14   \
	VEXTRACTI32X4 $3, Z12, X15   \
	EXTEND        X12, Z16       \
	EXTEND        X13, Z17       \
	EXTEND        X14, Z18       \
	EXTEND        X15, Z19       \
	VCVTDQ2PS     Z16, Z16       \
	VCVTDQ2PS     Z17, Z17       \
	VCVTDQ2PS     Z18, Z18       \
	VCVTDQ2PS     Z19, Z19       \
	VMULPS        Z0, Z16, Z16   \
	VMULPS        Z0, Z17, Z17   \
	VMULPS        Z0, Z18, Z18   \
	VMULPS        Z0, Z19, Z19   \
	VMOVUPS       Z16, (AX)      \
	VMOVUPS       Z17, 64(AX)    \
	VMOVUPS       Z18, 128(AX)   \
	VMOVUPS       Z19, 192(AX)

#define UNPACK \
	VMOVDQU64.Z (SI), K1, Z8    \
	VMOVDQU64.Z (DI), K2, Z9    \
	VMOVDQA64   Z4, Z12         \
	VPERMI2B    Z9, Z8, Z12     \
	CODES

#define NEXT \
	ADDQ R8, SI   \
	ADDQ R9, DI   \
	ADDQ $256, AX \
	DECQ CX

// func unpackDequantizeAVX512(x *float32, groups int, step float32, gather, unit *[64]byte, codes *byte, n int, errors *byte, m int, sign, keep byte)
TEXT ·unpackDequantizeAVX512(SB), NOSPLIT, $0-74
	UNPACK_ARGS

loop:
	UNPACK
	VALUES(VPMOVSXBD)
	NEXT
	JNZ loop
	VZEROUPPER
	RET

// func unpackDequantizeUnsignedAVX512(x *float32, groups int, step float32, gather, unit *[64]byte, codes *byte, n int, errors *byte, m int, sign, keep byte)
TEXT ·unpackDequantizeUnsignedAVX512(SB), NOSPLIT, $0-74
	UNPACK_ARGS

loop:
	UNPACK
	VALUES(VPMOVZXBD)
	NEXT
	JNZ loop
	VZEROUPPER
	RET

// func quantizeAVX512(dst *byte, x *float32, groups int, c *constants, linear *[64]byte) (top, used uint32)
TEXT ·quantizeAVX512(SB), NOSPLIT, $0-48
	MOVQ         c+24(FP), DX
	LEVELS
	VPBROADCASTD 8(DX), Z5
	MOVQ         linear+32(FP), BX
	VMOVDQU64    (BX), Z4
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), AX
	MOVQ         groups+16(FP), CX
	VPXORQ       Z7, Z7, Z7
	VPXORQ       Z6, Z6, Z6

loop:
	QUANTIZE((AX), Z8)
	QUANTIZE(64(AX), Z9)
	QUANTIZE(128(AX), Z10)
	QUANTIZE(192(AX), Z11)
	VPSUBD     Z5, Z8, Z12
	VPSUBD     Z5, Z9, Z13
	VPSUBD     Z5, Z10, Z14
	VPSUBD     Z5, Z11, Z15
	VPTERNLOGQ $0xfe, Z12, Z13, Z6 // the disjunction of all three
	VPTERNLOGQ $0xfe, Z14, Z15, Z6
	CLAMPED
	VMOVDQU64  Z12, (DI)
	ADDQ       $64, DI
	ADDQ       $256, AX
	DECQ       CX
	JNZ        loop
	FOLD(VPMAXUD, Z7, Y7, X7)
	MOVL       AX, top+40(FP)
	FOLD(VPORD, Z6, Y6, X6)
	MOVL       AX, used+44(FP)
	VZEROUPPER
	RET

// func dequantizeAVX512(x *float32, codes *byte, groups int, step float32)
TEXT ·dequantizeAVX512(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), AX
	MOVQ         codes+8(FP), SI
	MOVQ         groups+16(FP), CX
	VBROADCASTSS step+24(FP), Z0

loop:
	VMOVDQU64 (SI), Z12
	VALUES(VPMOVSXBD)
	ADDQ      $64, SI
	ADDQ      $256, AX
	DECQ      CX
	JNZ       loop
	VZEROUPPER
	RET

// func dequantizeUnsignedAVX512(x *float32, codes *byte, groups int, step float32)
TEXT ·dequantizeUnsignedAVX512(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), AX
	MOVQ         codes+8(FP), SI
	MOVQ         groups+16(FP), CX
	VBROADCASTSS step+24(FP), Z0

loop:
	VMOVDQU64 (SI), Z12
	VALUES(VPMOVZXBD)
	ADDQ      $64, SI
	ADDQ      $256, AX
	DECQ      CX
	JNZ       loop
	VZEROUPPER
	RET

// func packAVX512(dst, codes *byte, groups int, backwards, unit, planes *[64]byte, bits int)
TEXT ·packAVX512(SB), NOSPLIT, $0-56
	MOVQ      backwards+24(FP), BX
	VMOVDQU64 (BX), Z4
	MOVQ      unit+32(FP), BX
	VMOVDQU64 (BX), Z5
	MOVQ      planes+40(FP), BX
	VMOVDQU64 (BX), Z6
	MOVQ      bits+48(FP), R8
	MASK(R8, K1)
	SHLQ      $3, R8
	MOVQ      dst+0(FP), DI
	MOVQ      codes+8(FP), SI
	MOVQ      groups+16(FP), CX

loop:
	VMOVDQU64      (SI), Z12
	VPERMB         Z12, Z4, Z12
	VGF2P8AFFINEQB $0, Z12, Z5, Z12
	VPERMB         Z12, Z6, Z12
	VMOVDQU64      Z12, K1, (DI)
	ADDQ           $64, SI
	ADDQ           R8, DI
	DECQ           CX
	JNZ            loop
	VZEROUPPER
	RET

// func unpackAVX512(codes, src *byte, groups int, gather, unit *[64]byte, bits int, sign, keep byte)
TEXT ·unpackAVX512(SB), NOSPLIT, $0-50
	MOVQ         gather+24(FP), BX
	VMOVDQU64    (BX), Z4
	MOVQ         unit+32(FP), BX
	VMOVDQU64    (BX), Z5
	MOVQ         bits+40(FP), R8
	MASK(R8, K1)
	SHLQ         $3, R8
	MOVBLZX      sign+48(FP), BX
	VPBROADCASTB BX, Z6
	MOVBLZX      keep+49(FP), BX
	VPBROADCASTB BX, Z7
	MOVQ         codes+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         groups+16(FP), CX

loop:
	VMOVDQU64.Z (SI), K1, Z8
	VPERMB      Z8, Z4, Z12
	CODES
	VMOVDQU64   Z12, (DI)
	ADDQ        R8, SI
	ADDQ        $64, DI
	DECQ        CX
	JNZ         loop
	VZEROUPPER
	RET

// func absMaxAVX512(x *float32, groups int) uint32
TEXT ·absMaxAVX512(SB), NOSPLIT, $0-20
	MOVQ         x+0(FP), AX
	MOVQ         groups+8(FP), CX
	MOVL         $0x7fffffff, BX
	VPBROADCASTD BX, Z8
	VPXORQ       Z0, Z0, Z0
	VPXORQ       Z1, Z1, Z1
	VPXORQ       Z2, Z2, Z2
	VPXORQ       Z3, Z3, Z3

loop:
	VPANDD  (AX), Z8, Z4
	VPANDD  64(AX), Z8, Z5
	VPANDD  128(AX), Z8, Z6
	VPANDD  192(AX), Z8, Z7
	VPMAXUD Z4, Z0, Z0
	VPMAXUD Z5, Z1, Z1
	VPMAXUD Z6, Z2, Z2
	VPMAXUD Z7, Z3, Z3
	ADDQ    $256, AX
	DECQ    CX
	JNZ     loop
	VPMAXUD       Z1, Z0, Z0
	VPMAXUD       Z3, Z2, Z2
	VPMAXUD       Z2, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPMAXUD       Y1, Y0, Y0
	VEXTRACTI128  $1, Y0, X1
	VPMAXUD       X1, X0, X0
	VPSHUFD       $0x4e, X0, X1
	VPMAXUD       X1, X0, X0
	VPSHUFD       $0xb1, X0, X1
	VPMAXUD       X1, X0, X0
	VMOVD         X0, AX
	MOVL          AX, ret+16(FP)
	VZEROUPPER
	RET

// func maxAVX512(x *float32, groups int) int32
TEXT ·maxAVX512(SB), NOSPLIT, $0-20
	MOVQ   x+0(FP), AX
	MOVQ   groups+8(FP), CX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3

loop:
	VPMAXSD (AX), Z0, Z0
	VPMAXSD 64(AX), Z1, Z1
	VPMAXSD 128(AX), Z2, Z2
	VPMAXSD 192(AX), Z3, Z3
	ADDQ    $256, AX
	DECQ    CX
	JNZ     loop
	VPMAXSD       Z1, Z0, Z0
	VPMAXSD       Z3, Z2, Z2
	VPMAXSD       Z2, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPMAXSD       Y1, Y0, Y0
	VEXTRACTI128  $1, Y0, X1
	VPMAXSD       X1, X0, X0
	VPSHUFD       $0x4e, X0, X1
	VPMAXSD       X1, X0, X0
	VPSHUFD       $0xb1, X0, X1
	VPMAXSD       X1, X0, X0
	VMOVD         X0, AX
	MOVL          AX, ret+16(FP)
	VZEROUPPER
	RET
