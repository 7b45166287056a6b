//go:build !noasm

#include "textflag.h"

// CLAMPED is y = A * Y0, 0 where that is not a number, within Y1..Y2, and rounded, at once with another.
#define CLAMPED(A, B, T, U)  \
	VMULPS    A, Y0, T       \
	VMULPS    B, Y0, U       \
	VCMPPS    $7, T, T, Y8   \
	VCMPPS    $7, U, U, Y9   \
	VANDPS    Y8, T, T       \
	VANDPS    Y9, U, U       \
	VMAXPS    Y1, T, T       \
	VMAXPS    Y1, U, U       \
	VMINPS    Y2, T, T       \
	VMINPS    Y2, U, U       \
	VCVTPS2DQ T, T           \
	VCVTPS2DQ U, U           \
	VCVTDQ2PS T, T           \
	VCVTDQ2PS U, U           \
	VMULPS    Y3, T, T       \
	VMULPS    Y3, U, U       \
	VMOVUPS   T, A           \
	VMOVUPS   U, B

// func roundAVX2(x *float32, eights int, r *Rounding)
TEXT ·roundAVX2(SB), NOSPLIT, $0-24
	MOVQ         x+0(FP), DI
	MOVQ         eights+8(FP), CX
	MOVQ         r+16(FP), SI
	VBROADCASTSS (SI), Y0
	VBROADCASTSS 4(SI), Y1
	VBROADCASTSS 8(SI), Y2
	VBROADCASTSS 12(SI), Y3
	SUBQ         $4, CX
	JLT          rest

loop:
	CLAMPED((DI), 32(DI), Y4, Y5)
	CLAMPED(64(DI), 96(DI), Y6, Y7)
	ADDQ $128, DI
	SUBQ $4, CX
	JGE  loop

rest:
	ADDQ $4, CX
	JZ   done

one:
	CLAMPED((DI), (DI), Y4, Y5)
	ADDQ $32, DI
	DECQ CX
	JNZ  one

done:
	VZEROUPPER
	RET
