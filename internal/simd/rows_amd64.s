//go:build !noasm

#include "textflag.h"

// From place 8-n on, the first n dwords are set.
DATA firsts<>+0(SB)/8, $-1
DATA firsts<>+8(SB)/8, $-1
DATA firsts<>+16(SB)/8, $-1
DATA firsts<>+24(SB)/8, $-1
DATA firsts<>+32(SB)/8, $0
DATA firsts<>+40(SB)/8, $0
DATA firsts<>+48(SB)/8, $0
DATA firsts<>+56(SB)/8, $0
GLOBL firsts<>(SB), RODATA|NOPTR, $64

// dwords 0 4 1 5 2 6 3 7
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000500000001
DATA order<>+16(SB)/8, $0x0000000600000002
DATA order<>+24(SB)/8, $0x0000000700000003
GLOBL order<>(SB), RODATA|NOPTR, $32

// CODES rounds the 8 values at SRC to DST, less the lowest code. Y6 and Y7 collect the least and the largest.
#define CODES(SRC, DST)    \
	VMULPS    SRC, Y0, DST \
	VCVTPS2DQ DST, DST     \
	VPSUBD    Y5, DST, DST \
	VPMINSD   DST, Y6, Y6  \
	VPMAXSD   DST, Y7, Y7

// BYTES makes bytes of words: at least 0, at most Y2, and the lowest code added again.
#define BYTES(A, C)    \
	VPACKUSWB C, A, A  \
	VPMINUB   Y2, A, A \
	VPADDB    Y3, A, A

// BYTES8 leaves the bytes of the 8 codes of Y8 in X8.
#define BYTES8                 \
	VPACKSSDW    Y8, Y8, Y8    \
	BYTES(Y8, Y8)              \
	VEXTRACTI128 $1, Y8, X9    \
	VPUNPCKLDQ   X9, X8, X8

// FOLD leaves the largest or least dword of Y in AX.
#define FOLD(OP, Y, X)         \
	VEXTRACTI128 $1, Y, X14    \
	OP           X14, X, X     \
	VPSHUFD      $0x4e, X, X14 \
	OP           X14, X, X     \
	VPSHUFD      $0xb1, X, X14 \
	OP           X14, X, X     \
	VMOVD        X, AX

// MASK leaves the mask of the first CX dwords in Y10, CX being less than 8.
#define MASK                     \
	LEAQ    firsts<>+32(SB), BX  \
	SHLQ    $2, CX               \
	SUBQ    CX, BX               \
	SHRQ    $2, CX               \
	VMOVDQU (BX), Y10

// VALUES makes 8 values of the codes at OFF.
#define VALUES(OFF, EXTEND, T) \
	EXTEND    OFF(DI), T       \
	VCVTDQ2PS T, T             \
	VMULPS    Y0, T, T

#define DEQUANTIZE(EXTEND)            \
	MOVQ         x+0(FP), SI          \
	MOVQ         stride+8(FP), R8     \
	MOVQ         rows+16(FP), R9      \
	MOVQ         length+24(FP), R10   \
	MOVQ         codes+32(FP), DI     \
	VBROADCASTSS step+40(FP), Y0      \
	SHLQ         $2, R8               \
row:                                  \
	MOVQ         SI, AX               \
	MOVQ         R10, CX              \
	SUBQ         $32, CX              \
	JLT          eights               \
loop:                                 \
	VALUES(0, EXTEND, Y1)             \
	VALUES(8, EXTEND, Y2)             \
	VALUES(16, EXTEND, Y3)            \
	VALUES(24, EXTEND, Y4)            \
	VMOVUPS      Y1, (AX)             \
	VMOVUPS      Y2, 32(AX)           \
	VMOVUPS      Y3, 64(AX)           \
	VMOVUPS      Y4, 96(AX)           \
	ADDQ         $128, AX             \
	ADDQ         $32, DI              \
	SUBQ         $32, CX              \
	JGE          loop                 \
eights:                               \
	ADDQ         $24, CX              \
	JLT          rest                 \
eight:                                \
	VALUES(0, EXTEND, Y1)             \
	VMOVUPS      Y1, (AX)             \
	ADDQ         $32, AX              \
	ADDQ         $8, DI               \
	SUBQ         $8, CX               \
	JGE          eight                \
rest:                                 \
	ADDQ         $8, CX               \
	JZ           next                 \
	MASK                              \
	VALUES(0, EXTEND, Y1)             \
	VMASKMOVPS   Y1, Y10, (AX)         \
	ADDQ         CX, DI               \
next:                                 \
	ADDQ         R8, SI               \
	DECQ         R9                   \
	JNZ          row                  \
	VZEROUPPER                        \
	RET

// func quantizeRowsAVX2(dst *byte, x *float32, stride, rows, length int, c *constants) (least, most int32)
TEXT ·quantizeRowsAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         stride+16(FP), R8
	MOVQ         rows+24(FP), R9
	MOVQ         length+32(FP), R10
	MOVQ         c+40(FP), DX
	SHLQ         $2, R8
	VBROADCASTSS (DX), Y0
	VPBROADCASTB 12(DX), Y2
	VPBROADCASTB 6(DX), Y3
	VPBROADCASTD 8(DX), Y5
	VMOVDQU      order<>(SB), Y4
	VPXOR        Y6, Y6, Y6
	VPXOR        Y7, Y7, Y7

row:
	MOVQ SI, AX
	MOVQ R10, CX
	SUBQ $32, CX
	JLT  eights

loop:
	CODES((AX), Y8)
	CODES(32(AX), Y9)
	CODES(64(AX), Y10)
	CODES(96(AX), Y11)
	VPACKSSDW Y9, Y8, Y8
	VPACKSSDW Y11, Y10, Y10
	BYTES(Y8, Y10)
	VPERMD    Y8, Y4, Y8
	VMOVDQU   Y8, (DI)
	ADDQ      $128, AX
	ADDQ      $32, DI
	SUBQ      $32, CX
	JGE       loop

eights:
	ADDQ $24, CX
	JLT  rest

eight:
	CODES((AX), Y8)
	BYTES8
	VMOVQ X8, (DI)
	ADDQ  $32, AX
	ADDQ  $8, DI
	SUBQ  $8, CX
	JGE   eight

rest:
	ADDQ $8, CX
	JZ   next
	MASK
	VMASKMOVPS (AX), Y10, Y9
	CODES(Y9, Y8)
	BYTES8
	VMOVQ      X8, (DI)
	ADDQ       CX, DI

next:
	ADDQ R8, SI
	DECQ R9
	JNZ  row
	FOLD(VPMINSD, Y6, X6)
	MOVL AX, least+48(FP)
	FOLD(VPMAXSD, Y7, X7)
	MOVL AX, most+52(FP)
	VZEROUPPER
	RET

// func dequantizeRowsAVX2(x *float32, stride, rows, length int, codes *byte, step float32)
TEXT ·dequantizeRowsAVX2(SB), NOSPLIT, $0-44
	DEQUANTIZE(VPMOVSXBD)

// func dequantizeRowsUnsignedAVX2(x *float32, stride, rows, length int, codes *byte, step float32)
TEXT ·dequantizeRowsUnsignedAVX2(SB), NOSPLIT, $0-44
	DEQUANTIZE(VPMOVZXBD)
