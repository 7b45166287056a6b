//go:build !noasm

#include "textflag.h"

// TURN reads half of the rows' values, at OFF, and writes half of the rows of the result, from OUT on.
#define TURN(OFF, OUT)                                    \
	VMOVUPS     OFF(SI), X0                           \
	VMOVUPS     OFF(SI)(R8*1), X1                     \
	VMOVUPS     OFF(SI)(R8*2), X2                     \
	VMOVUPS     OFF(SI)(R9*1), X3                     \
	VINSERTF128 $1, OFF(R10), Y0, Y0                  \
	VINSERTF128 $1, OFF(R10)(R8*1), Y1, Y1            \
	VINSERTF128 $1, OFF(R10)(R8*2), Y2, Y2            \
	VINSERTF128 $1, OFF(R10)(R9*1), Y3, Y3            \
	VUNPCKLPS   Y1, Y0, Y4                            \
	VUNPCKHPS   Y1, Y0, Y5                            \
	VUNPCKLPS   Y3, Y2, Y6                            \
	VUNPCKHPS   Y3, Y2, Y7                            \
	VUNPCKLPD   Y6, Y4, Y0                            \
	VUNPCKHPD   Y6, Y4, Y1                            \
	VUNPCKLPD   Y7, Y5, Y2                            \
	VUNPCKHPD   Y7, Y5, Y3                            \
	VMOVUPS     Y0, (OUT)                             \
	VMOVUPS     Y1, (OUT)(R11*1)                      \
	VMOVUPS     Y2, (OUT)(R11*2)                      \
	VMOVUPS     Y3, (OUT)(R12*1)

// func transposeAVX2(dst, src *float32, dstStride, srcStride, dstStep, srcStep, n int)
TEXT ·transposeAVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstStride+16(FP), R11
	MOVQ srcStride+24(FP), R8
	MOVQ dstStep+32(FP), DX
	MOVQ srcStep+40(FP), BX
	MOVQ n+48(FP), CX
	SHLQ $2, R11
	SHLQ $2, R8
	SHLQ $2, DX
	SHLQ $2, BX
	LEAQ (R11)(R11*2), R12
	LEAQ (R8)(R8*2), R9
	LEAQ (DI)(R11*4), R13
	LEAQ (SI)(R8*4), R10

square:
	TURN(0, DI)
	TURN(16, R13)
	ADDQ DX, DI
	ADDQ DX, R13
	ADDQ BX, SI
	ADDQ BX, R10
	DECQ CX
	JNZ  square
	VZEROUPPER
	RET
