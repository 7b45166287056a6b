//go:build amd64 && !noasm

#include "textflag.h"

DATA order<>+0(SB)/8, $0x0d0905010c080400
DATA order<>+8(SB)/8, $0x0f0b07030e0a0602
DATA order<>+16(SB)/8, $0x0d0905010c080400
DATA order<>+24(SB)/8, $0x0f0b07030e0a0602
GLOBL order<>(SB), RODATA|NOPTR, $32

// dwords 0 4 1 5 2 6 3 7
DATA lanes<>+0(SB)/8, $0x0000000400000000
DATA lanes<>+8(SB)/8, $0x0000000500000001
DATA lanes<>+16(SB)/8, $0x0000000600000002
DATA lanes<>+24(SB)/8, $0x0000000700000003
GLOBL lanes<>(SB), RODATA|NOPTR, $32

DATA byte<>+0(SB)/4, $0x000000ff
GLOBL byte<>(SB), RODATA|NOPTR, $4

DATA finite<>+0(SB)/4, $0x7fffffff
GLOBL finite<>(SB), RODATA|NOPTR, $4

// QUANTIZE: 8 values at SRC become codes in the low bytes of DST's dwords; Y15 collects the largest magnitude.
#define QUANTIZE(SRC, DST) \
	VMOVUPS SRC, DST       \
	VPAND   Y14, DST, Y13  \
	VPMAXUD Y13, Y15, Y15  \
	VMULPS  DST, Y0, DST   \
	VMINPS  Y2, DST, DST   \
	VMAXPS  Y3, DST, DST   \
	VADDPS  Y1, DST, DST

// BYTES gathers the low bytes of 32 values from four registers into A, in order.
#define BYTES(A, B, C, D) \
	VPAND   Y4, A, A     \
	VPAND   Y4, B, B     \
	VPAND   Y4, C, C     \
	VPSLLD  $8, B, B     \
	VPSLLD  $16, C, C    \
	VPSLLD  $24, D, D    \
	VPOR    B, A, A      \
	VPOR    D, C, C      \
	VPOR    C, A, A      \
	VPSHUFB Y5, A, A     \
	VPERMD  A, Y6, A

// func quantizePackAVX2(x *float32, groups int, c *constants, codes *byte, n int, errors *byte, m int) (special uint64)
// Planes are the sign bits of bytes, from the highest on, which are then doubled.
TEXT ·quantizePackAVX2(SB), NOSPLIT, $0-64
	MOVQ         c+16(FP), DX
	VBROADCASTSS (DX), Y0
	VBROADCASTSS 4(DX), Y1
	VBROADCASTSS 8(DX), Y2
	VBROADCASTSS 12(DX), Y3
	VPBROADCASTD byte<>(SB), Y4
	VMOVDQU      order<>(SB), Y5
	VMOVDQU      lanes<>(SB), Y6
	VPBROADCASTD finite<>(SB), Y14
	VPXOR        Y15, Y15, Y15
	MOVQ         x+0(FP), AX
	MOVQ         groups+8(FP), R12
	MOVQ         codes+24(FP), SI
	MOVQ         n+32(FP), R8
	MOVQ         errors+40(FP), DI
	MOVQ         m+48(FP), R9
	MOVQ         $8, CX
	SUBQ         R8, CX
	SUBQ         R9, CX
	VMOVQ        CX, X7

loop:
	QUANTIZE((AX), Y8)
	QUANTIZE(32(AX), Y9)
	QUANTIZE(64(AX), Y10)
	QUANTIZE(96(AX), Y11)
	BYTES(Y8, Y9, Y10, Y11)
	QUANTIZE(128(AX), Y9)
	QUANTIZE(160(AX), Y10)
	QUANTIZE(192(AX), Y11)
	QUANTIZE(224(AX), Y12)
	BYTES(Y9, Y10, Y11, Y12)
	VPSLLQ       X7, Y8, Y8 // the highest bit of a code is now that of its byte
	VPSLLQ       X7, Y9, Y9
	MOVQ         R8, CX

codes:
	VPMOVMSKB    Y8, R10
	VPMOVMSKB    Y9, R11
	MOVL         R10, -8(SI)(CX*8)
	MOVL         R11, -4(SI)(CX*8)
	VPADDB       Y8, Y8, Y8
	VPADDB       Y9, Y9, Y9
	DECQ         CX
	JNZ          codes
	LEAQ         (SI)(R8*8), SI
	MOVQ         R9, CX
	TESTQ        CX, CX
	JZ           next

errors:
	VPMOVMSKB    Y8, R10
	VPMOVMSKB    Y9, R11
	MOVL         R10, -8(DI)(CX*8)
	MOVL         R11, -4(DI)(CX*8)
	VPADDB       Y8, Y8, Y8
	VPADDB       Y9, Y9, Y9
	DECQ         CX
	JNZ          errors
	LEAQ         (DI)(R9*8), DI

next:
	ADDQ         $256, AX
	DECQ         R12
	JNZ          loop
	VEXTRACTI128 $1, Y15, X0
	VPMAXUD      X15, X0, X0
	VPSHUFD      $0x4e, X0, X1
	VPMAXUD      X1, X0, X0
	VPSHUFD      $0xb1, X0, X1
	VPMAXUD      X1, X0, X0
	VMOVD        X0, AX
	XORL         BX, BX
	CMPL         AX, $0x7f800000
	SETCC        BX
	MOVQ         BX, special+56(FP)
	VZEROUPPER
	RET

#define REDUCE(OP) \
	OP           Y1, Y0, Y0      \
	OP           Y3, Y2, Y2      \
	OP           Y2, Y0, Y0      \
	VEXTRACTI128 $1, Y0, X1      \
	OP           X1, X0, X0      \
	VPSHUFD      $0x4e, X0, X1   \
	OP           X1, X0, X0      \
	VPSHUFD      $0xb1, X0, X1   \
	OP           X1, X0, X0      \
	VMOVD        X0, AX

#define ZERO \
	VPXOR Y0, Y0, Y0 \
	VPXOR Y1, Y1, Y1 \
	VPXOR Y2, Y2, Y2 \
	VPXOR Y3, Y3, Y3

// func absMaxAVX2(x *float32, groups int) uint32
TEXT ·absMaxAVX2(SB), NOSPLIT, $0-20
	MOVQ         x+0(FP), AX
	MOVQ         groups+8(FP), CX
	ADDQ         CX, CX
	VPBROADCASTD finite<>(SB), Y8
	ZERO

loop:
	VPAND   (AX), Y8, Y4
	VPAND   32(AX), Y8, Y5
	VPAND   64(AX), Y8, Y6
	VPAND   96(AX), Y8, Y7
	VPMAXUD Y4, Y0, Y0
	VPMAXUD Y5, Y1, Y1
	VPMAXUD Y6, Y2, Y2
	VPMAXUD Y7, Y3, Y3
	ADDQ    $128, AX
	DECQ    CX
	JNZ     loop
	REDUCE(VPMAXUD)
	MOVL AX, ret+16(FP)
	VZEROUPPER
	RET

// func maxAVX2(x *float32, groups int) int32
TEXT ·maxAVX2(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), AX
	MOVQ groups+8(FP), CX
	ADDQ CX, CX
	ZERO

loop:
	VPMAXSD (AX), Y0, Y0
	VPMAXSD 32(AX), Y1, Y1
	VPMAXSD 64(AX), Y2, Y2
	VPMAXSD 96(AX), Y3, Y3
	ADDQ    $128, AX
	DECQ    CX
	JNZ     loop
	REDUCE(VPMAXSD)
	MOVL AX, ret+16(FP)
	VZEROUPPER
	RET
