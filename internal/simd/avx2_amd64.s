//go:build amd64 && !noasm

#include "textflag.h"

// dwords 0 4 1 5 2 6 3 7
DATA lanes<>+0(SB)/8, $0x0000000400000000
DATA lanes<>+8(SB)/8, $0x0000000500000001
DATA lanes<>+16(SB)/8, $0x0000000600000002
DATA lanes<>+24(SB)/8, $0x0000000700000003
GLOBL lanes<>(SB), RODATA|NOPTR, $32

// Table k takes each byte of dword k of a lane to the highest byte of a dword and zeroes the others.
DATA rows<>+0(SB)/8, $0x0180808000808080
DATA rows<>+8(SB)/8, $0x0380808002808080
DATA rows<>+16(SB)/8, $0x0180808000808080
DATA rows<>+24(SB)/8, $0x0380808002808080
DATA rows<>+32(SB)/8, $0x0580808004808080
DATA rows<>+40(SB)/8, $0x0780808006808080
DATA rows<>+48(SB)/8, $0x0580808004808080
DATA rows<>+56(SB)/8, $0x0780808006808080
DATA rows<>+64(SB)/8, $0x0980808008808080
DATA rows<>+72(SB)/8, $0x0b8080800a808080
DATA rows<>+80(SB)/8, $0x0980808008808080
DATA rows<>+88(SB)/8, $0x0b8080800a808080
DATA rows<>+96(SB)/8, $0x0d8080800c808080
DATA rows<>+104(SB)/8, $0x0f8080800e808080
DATA rows<>+112(SB)/8, $0x0d8080800c808080
DATA rows<>+120(SB)/8, $0x0f8080800e808080
GLOBL rows<>(SB), RODATA|NOPTR, $128

DATA finite<>+0(SB)/4, $0x7fffffff
GLOBL finite<>(SB), RODATA|NOPTR, $4

DATA masks<>+0(SB)/4, $0x550f330f
GLOBL masks<>(SB), RODATA|NOPTR, $4

// Planes are made of the sign bits of bytes, which are then doubled. The way back is faster by exchanging blocks of bits:
// a group of 64 codes is an 8x8 matrix of bytes, code 8*i+j is byte i of row j, and so planes are rows.

// MASKS are for SWAP 4, 2 and 1.
#define MASKS                      \
	VPBROADCASTB masks<>+0(SB), Y5 \
	VPBROADCASTB masks<>+1(SB), Y6 \
	VPBROADCASTB masks<>+3(SB), Y7

// SWAP exchanges the high bits of each 2*SHIFT bits of A with the low bits of those of B, which MASK has.
#define SWAP(SHIFT, MASK, A, B, T) \
	VPSRLQ $SHIFT, A, T            \
	VPXOR  B, T, T                 \
	VPAND  MASK, T, T              \
	VPXOR  T, B, B                 \
	VPSLLQ $SHIFT, T, T            \
	VPXOR  T, A, A

// READ makes codes of planes that MERGE has arranged. Registers then have rows 0 1 4 5 and 2 3 6 7, 0 2 4 6 and 1 3 5 7,
// and at last a dword for each four codes that follow each other: eight in Y8, eight in Y10, the odd ones in high lanes.
#define READ                        \
	VPMASKMOVQ  (SI), Y1, Y8        \
	VPMASKMOVQ  32(SI), Y2, Y10     \
	VPMASKMOVQ  (DI), Y3, Y9        \
	VPMASKMOVQ  32(DI), Y4, Y11     \
	VPOR        Y9, Y8, Y8          \
	VPOR        Y11, Y10, Y10       \
	ADDQ        R8, SI              \
	ADDQ        R9, DI              \
	SWAP(4, Y5, Y8, Y10, Y12)       \
	VPERM2I128  $0x20, Y10, Y8, Y9  \
	VPERM2I128  $0x31, Y10, Y8, Y11 \
	SWAP(2, Y6, Y9, Y11, Y12)       \
	VPUNPCKLQDQ Y11, Y9, Y8         \
	VPUNPCKHQDQ Y11, Y9, Y10        \
	SWAP(1, Y7, Y8, Y10, Y12)       \
	VPUNPCKLBW  Y10, Y8, Y9         \
	VPUNPCKHBW  Y10, Y8, Y11        \
	VPUNPCKLWD  Y11, Y9, Y8         \
	VPUNPCKHWD  Y11, Y9, Y10

// MERGE has the n planes at SI follow the m planes at DI, by masks that are at BX. What is not of them is not touched.
#define MERGE             \
	MOVQ    128(BX), R8    \
	MOVQ    136(BX), R9    \
	SHLQ    $3, R8         \
	SHLQ    $3, R9         \
	SUBQ    R9, SI         \
	VMOVDQU (BX), Y3       \
	VMOVDQU 32(BX), Y4     \
	VMOVDQU 64(BX), Y1     \
	VMOVDQU 96(BX), Y2

// LEVELS reads constants at DX.
#define LEVELS              \
	VBROADCASTSS (DX), Y0   \
	VPBROADCASTW 6(DX), Y1  \
	VPBROADCASTB 12(DX), Y2 \
	VPBROADCASTB 6(DX), Y3  \
	VPXOR        Y15, Y15, Y15

// ROUND rounds the 8 values at SRC to the dwords of DST; Y15 collects twice the bits of magnitudes.
#define ROUND(SRC, DST, T) \
	VMOVUPS   SRC, DST     \
	VPADDD    DST, DST, T  \
	VPMAXUD   T, Y15, Y15  \
	VMULPS    Y0, DST, DST \
	VCVTPS2DQ DST, DST

// CLAMP makes bytes in A of the dwords of A to D: less the lowest code, at least 0, at most Y2, and the lowest added again.
// Its dwords are out of order, which VPERMD by lanes mends.
#define CLAMP(A, B, C, D) \
	VPACKSSDW B, A, A     \
	VPACKSSDW D, C, C     \
	VPSUBSW   Y1, A, A    \
	VPSUBSW   Y1, C, C    \
	VPACKUSWB C, A, A     \
	VPMINUB   Y2, A, A    \
	VPADDB    Y3, A, A

// FOLD leaves the largest dword of Y in AX.
#define FOLD(Y, X)             \
	VEXTRACTI128 $1, Y, X14    \
	VPMAXUD      X14, X, X     \
	VPSHUFD      $0x4e, X, X14 \
	VPMAXUD      X14, X, X     \
	VPSHUFD      $0xb1, X, X14 \
	VPMAXUD      X14, X, X     \
	VMOVD        X, AX

// UNPACK_ARGS: codes of b bits are first shifted to the highest bits of their bytes, by 8-b, and later down by 32-b.
#define UNPACK_ARGS                \
	MOVQ         x+0(FP), AX       \
	MOVQ         groups+8(FP), CX  \
	MOVQ         codes+16(FP), SI  \
	MOVQ         errors+24(FP), DI \
	MOVQ         m+32(FP), BX      \
	MERGE                          \
	MASKS                          \
	VBROADCASTSS step+40(FP), Y0   \
	LEAQ         rows<>(SB), DX    \
	MOVQ         $64, BX           \
	SUBQ         R8, BX            \
	SUBQ         R9, BX            \
	SHRQ         $3, BX            \
	VMOVQ        BX, X14           \
	ADDQ         $24, BX           \
	VMOVQ        BX, X13

// PLANE writes the highest bits of the bytes in Y8 and Y10, which shift out, to plane CX-1 at TO.
#define PLANE(TO)               \
	VPMOVMSKB Y8, R10           \
	VPMOVMSKB Y10, R11          \
	MOVL      R10, -8(TO)(CX*8) \
	MOVL      R11, -4(TO)(CX*8) \
	VPADDB    Y8, Y8, Y8        \
	VPADDB    Y10, Y10, Y10     \
	DECQ      CX

// func quantizePackAVX2(x *float32, groups int, c *constants, codes *byte, n int, errors *byte, m int) (top uint32)
TEXT ·quantizePackAVX2(SB), NOSPLIT, $0-60
	MOVQ    c+16(FP), DX
	LEVELS
	VMOVDQU lanes<>(SB), Y4
	MOVQ    x+0(FP), AX
	MOVQ    groups+8(FP), R12
	MOVQ    codes+24(FP), SI
	MOVQ    n+32(FP), R8
	MOVQ    errors+40(FP), DI
	MOVQ    m+48(FP), R9
	MOVQ    $8, CX
	SUBQ    R8, CX
	SUBQ    R9, CX
	VMOVQ   CX, X5

loop:
	ROUND((AX), Y8, Y12)
	ROUND(32(AX), Y9, Y13)
	ROUND(64(AX), Y10, Y12)
	ROUND(96(AX), Y11, Y13)
	CLAMP(Y8, Y9, Y10, Y11)
	ROUND(128(AX), Y10, Y12)
	ROUND(160(AX), Y11, Y13)
	ROUND(192(AX), Y12, Y9)
	ROUND(224(AX), Y13, Y14)
	CLAMP(Y10, Y11, Y12, Y13)
	VPERMD Y8, Y4, Y8
	VPERMD Y10, Y4, Y10
	VPSLLQ X5, Y8, Y8 // the highest bit of a code is now that of its byte
	VPSLLQ X5, Y10, Y10
	MOVQ   R8, CX

codes:
	PLANE(SI)
	JNZ   codes
	LEAQ  (SI)(R8*8), SI
	MOVQ  R9, CX
	TESTQ CX, CX
	JZ    next

errors:
	PLANE(DI)
	JNZ  errors
	LEAQ (DI)(R9*8), DI

next:
	ADDQ $256, AX
	DECQ R12
	JNZ  loop
	FOLD(Y15, X15)
	MOVL AX, top+56(FP)
	VZEROUPPER
	RET

// func packAVX2(dst, codes *byte, groups, first, bits int)
TEXT ·packAVX2(SB), NOSPLIT, $0-40
	MOVQ  dst+0(FP), DI
	MOVQ  codes+8(FP), AX
	MOVQ  groups+16(FP), R12
	MOVQ  bits+32(FP), R8
	MOVQ  $8, CX
	SUBQ  first+24(FP), CX
	SUBQ  R8, CX
	VMOVQ CX, X5

loop:
	VMOVDQU (AX), Y8
	VMOVDQU 32(AX), Y10
	VPSLLQ  X5, Y8, Y8
	VPSLLQ  X5, Y10, Y10
	MOVQ    R8, CX

planes:
	PLANE(DI)
	JNZ  planes
	LEAQ (DI)(R8*8), DI
	ADDQ $64, AX
	DECQ R12
	JNZ  loop
	VZEROUPPER
	RET

// func unpackAVX2(codes *byte, groups int, src *byte, m *merge, sign byte)
TEXT ·unpackAVX2(SB), NOSPLIT, $0-33
	MOVQ         codes+0(FP), AX
	MOVQ         groups+8(FP), CX
	MOVQ         src+16(FP), SI
	MOVQ         SI, DI
	MOVQ         m+24(FP), BX
	MERGE
	MASKS
	VPBROADCASTB sign+32(FP), Y13
	VMOVDQU      lanes<>(SB), Y14

loop:
	READ
	VPXOR   Y13, Y8, Y8
	VPXOR   Y13, Y10, Y10
	VPSUBB  Y13, Y8, Y8
	VPSUBB  Y13, Y10, Y10
	VPERMD  Y8, Y14, Y8
	VPERMD  Y10, Y14, Y10
	VMOVDQU Y8, (AX)
	VMOVDQU Y10, 32(AX)
	ADDQ    $64, AX
	DECQ    CX
	JNZ     loop
	VZEROUPPER
	RET

// VALUES writes the 8 values of a row to DST; SHIFT says whether the highest bit is a sign.
#define VALUES(TABLE, SRC, SHIFT, T, DST) \
	VPSHUFB   TABLE, SRC, T               \
	SHIFT     X13, T, T                   \
	VCVTDQ2PS T, T                        \
	VMULPS    Y0, T, T                    \
	VMOVUPS   T, DST

#define ALLVALUES(SHIFT)                     \
	VPSLLQ X14, Y8, Y8                       \
	VPSLLQ X14, Y10, Y10                     \
	VALUES((DX), Y8, SHIFT, Y9, (AX))        \
	VALUES(32(DX), Y8, SHIFT, Y11, 32(AX))   \
	VALUES(64(DX), Y8, SHIFT, Y9, 64(AX))    \
	VALUES(96(DX), Y8, SHIFT, Y11, 96(AX))   \
	VALUES((DX), Y10, SHIFT, Y9, 128(AX))    \
	VALUES(32(DX), Y10, SHIFT, Y11, 160(AX)) \
	VALUES(64(DX), Y10, SHIFT, Y9, 192(AX))  \
	VALUES(96(DX), Y10, SHIFT, Y11, 224(AX)) \
	ADDQ   $256, AX

// func unpackDequantizeAVX2(x *float32, groups int, codes, errors *byte, m *merge, step float32)
TEXT ·unpackDequantizeAVX2(SB), NOSPLIT, $0-44
	UNPACK_ARGS

loop:
	READ
	ALLVALUES(VPSRAD)
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func unpackDequantizeUnsignedAVX2(x *float32, groups int, codes, errors *byte, m *merge, step float32)
TEXT ·unpackDequantizeUnsignedAVX2(SB), NOSPLIT, $0-44
	UNPACK_ARGS

loop:
	READ
	ALLVALUES(VPSRLD)
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// BEYOND collects in Y7 how far above the lowest the highest of these unclamped codes is; one below it is far above.
#define BEYOND(A, T) \
	VPSUBD  Y5, A, T \
	VPMAXUD T, Y7, Y7

// HALF writes the codes of 32 values.
#define HALF(SRC, DST)          \
	ROUND(SRC(AX), Y8, Y12)     \
	ROUND(SRC+32(AX), Y9, Y13)  \
	ROUND(SRC+64(AX), Y10, Y12) \
	ROUND(SRC+96(AX), Y11, Y13) \
	BEYOND(Y8, Y12)             \
	BEYOND(Y9, Y13)             \
	BEYOND(Y10, Y12)            \
	BEYOND(Y11, Y13)            \
	CLAMP(Y8, Y9, Y10, Y11)     \
	VPERMD  Y8, Y6, Y8          \
	VMOVDQU Y8, DST

// func quantizeAVX2(dst *byte, x *float32, groups int, c *constants) (top, used uint32)
TEXT ·quantizeAVX2(SB), NOSPLIT, $0-40
	MOVQ         c+24(FP), DX
	LEVELS
	VPBROADCASTD 8(DX), Y5
	VMOVDQU      lanes<>(SB), Y6
	VPXOR        Y7, Y7, Y7
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), AX
	MOVQ         groups+16(FP), CX

loop:
	HALF(0, (DI))
	HALF(128, 32(DI))
	ADDQ $64, DI
	ADDQ $256, AX
	DECQ CX
	JNZ  loop
	FOLD(Y15, X15)
	MOVL AX, top+32(FP)
	FOLD(Y7, X7)
	MOVL AX, used+36(FP)
	VZEROUPPER
	RET

// EIGHT writes 8 values.
#define EIGHT(OFF, EXTEND, T) \
	EXTEND    OFF(SI), T      \
	VCVTDQ2PS T, T            \
	VMULPS    Y0, T, T        \
	VMOVUPS   T, 4*OFF(AX)

#define DEQUANTIZE(EXTEND) \
	EIGHT(0, EXTEND, Y1)   \
	EIGHT(8, EXTEND, Y2)   \
	EIGHT(16, EXTEND, Y3)  \
	EIGHT(24, EXTEND, Y4)  \
	EIGHT(32, EXTEND, Y5)  \
	EIGHT(40, EXTEND, Y6)  \
	EIGHT(48, EXTEND, Y7)  \
	EIGHT(56, EXTEND, Y8)  \
	ADDQ $64, SI           \
	ADDQ $256, AX

// func dequantizeAVX2(x *float32, codes *byte, groups int, step float32)
TEXT ·dequantizeAVX2(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), AX
	MOVQ         codes+8(FP), SI
	MOVQ         groups+16(FP), CX
	VBROADCASTSS step+24(FP), Y0

loop:
	DEQUANTIZE(VPMOVSXBD)
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func dequantizeUnsignedAVX2(x *float32, codes *byte, groups int, step float32)
TEXT ·dequantizeUnsignedAVX2(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), AX
	MOVQ         codes+8(FP), SI
	MOVQ         groups+16(FP), CX
	VBROADCASTSS step+24(FP), Y0

loop:
	DEQUANTIZE(VPMOVZXBD)
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// UNITE leaves the disjunction of both halves of Y in R.
#define UNITE(Y, X, R)        \
	VEXTRACTI128 $1, Y, X4    \
	VPOR         X4, X, X     \
	VPSHUFD      $0x4e, X, X4 \
	VPOR         X4, X, X     \
	VMOVQ        X, R

// func usedAVX2(codes *byte, groups int) (set, differ uint64)
// Each is 8 bytes that are yet to be united.
TEXT ·usedAVX2(SB), NOSPLIT, $0-32
	MOVQ  codes+0(FP), SI
	MOVQ  groups+8(FP), CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y7, Y7, Y7

loop:
	VMOVDQU  (SI), Y2
	VMOVDQU  32(SI), Y3
	VPCMPGTB Y2, Y7, Y4
	VPCMPGTB Y3, Y7, Y5
	VPOR     Y2, Y0, Y0
	VPOR     Y3, Y0, Y0
	VPXOR    Y2, Y4, Y4
	VPXOR    Y3, Y5, Y5
	VPOR     Y4, Y1, Y1
	VPOR     Y5, Y1, Y1
	ADDQ     $64, SI
	DECQ     CX
	JNZ      loop
	UNITE(Y0, X0, AX)
	MOVQ     AX, set+16(FP)
	UNITE(Y1, X1, AX)
	MOVQ     AX, differ+24(FP)
	VZEROUPPER
	RET

#define REDUCE(OP)             \
	OP           Y1, Y0, Y0    \
	OP           Y3, Y2, Y2    \
	OP           Y2, Y0, Y0    \
	VEXTRACTI128 $1, Y0, X1    \
	OP           X1, X0, X0    \
	VPSHUFD      $0x4e, X0, X1 \
	OP           X1, X0, X0    \
	VPSHUFD      $0xb1, X0, X1 \
	OP           X1, X0, X0    \
	VMOVD        X0, AX

#define ZERO         \
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
