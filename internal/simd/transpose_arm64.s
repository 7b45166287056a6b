//go:build !noasm

#include "textflag.h"

// func transposeNEON(dst, src *float32, dstStride, srcStride, dstStep, srcStep, n int)
TEXT ·transposeNEON(SB), NOSPLIT, $0-56
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstStride+16(FP), R2
	MOVD srcStride+24(FP), R3
	MOVD dstStep+32(FP), R4
	MOVD srcStep+40(FP), R5
	MOVD n+48(FP), R6
	LSL  $2, R2
	LSL  $2, R3
	LSL  $2, R4
	LSL  $2, R5

square:
	MOVD  R1, R7
	VLD1  (R7), [V0.S4]
	ADD   R3, R7
	VLD1  (R7), [V1.S4]
	ADD   R3, R7
	VLD1  (R7), [V2.S4]
	ADD   R3, R7
	VLD1  (R7), [V3.S4]
	VTRN1 V1.S4, V0.S4, V4.S4 // values 0 and 2 of rows 0 and 1
	VTRN2 V1.S4, V0.S4, V5.S4
	VTRN1 V3.S4, V2.S4, V6.S4
	VTRN2 V3.S4, V2.S4, V7.S4
	VTRN1 V6.D2, V4.D2, V0.D2
	VTRN1 V7.D2, V5.D2, V1.D2
	VTRN2 V6.D2, V4.D2, V2.D2
	VTRN2 V7.D2, V5.D2, V3.D2
	MOVD  R0, R7
	VST1  [V0.S4], (R7)
	ADD   R2, R7
	VST1  [V1.S4], (R7)
	ADD   R2, R7
	VST1  [V2.S4], (R7)
	ADD   R2, R7
	VST1  [V3.S4], (R7)
	ADD   R4, R0
	ADD   R5, R1
	SUB   $1, R6
	CBNZ  R6, square
	RET
