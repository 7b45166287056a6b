//go:build !noasm

#include "textflag.h"

// func extractBMI2(dst, words *uint64, n int, mask uint64)
TEXT ·extractBMI2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ words+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ mask+24(FP), BX
	TESTQ CX, CX
	JZ   extracted

extract:
	MOVQ  0(SI), AX
	PEXTQ BX, AX, AX
	MOVQ  AX, 0(DI)
	ADDQ  $8, SI
	ADDQ  $8, DI
	DECQ  CX
	JNZ   extract

extracted:
	RET

// func depositBMI2(words, src *uint64, n int, mask uint64)
TEXT ·depositBMI2(SB), NOSPLIT, $0-32
	MOVQ words+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ mask+24(FP), BX
	TESTQ CX, CX
	JZ   deposited

deposit:
	MOVQ  0(SI), AX
	PDEPQ BX, AX, AX
	MOVQ  AX, 0(DI)
	ADDQ  $8, SI
	ADDQ  $8, DI
	DECQ  CX
	JNZ   deposit

deposited:
	RET
