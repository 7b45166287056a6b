//go:build !noasm

#include "textflag.h"

#define CODE(C, Z) \
	MOVL         $C, AX \
	VPBROADCASTB AX, Z

#define COUNT(C, Z, K, R) \
	VPCMPEQB Z, Z0, K    \
	KMOVQ    K, R        \
	POPCNTQ  R, R        \
	ADDQ     R, (8*C)(DI)

// func histogramAVX512(counts *[fewCodes]uint64, codes *byte, groups int)
TEXT ·histogramAVX512(SB), NOSPLIT, $0-24
	MOVQ counts+0(FP), DI
	MOVQ codes+8(FP), SI
	MOVQ groups+16(FP), CX
	CODE(0, Z16)
	CODE(1, Z17)
	CODE(2, Z18)
	CODE(3, Z19)
	CODE(4, Z20)
	CODE(5, Z21)
	CODE(6, Z22)
	CODE(7, Z23)
	CODE(8, Z24)
	CODE(9, Z25)
	CODE(10, Z26)
	CODE(11, Z27)
	CODE(12, Z28)
	CODE(13, Z29)
	CODE(14, Z30)
	CODE(15, Z31)

loop:
	VMOVDQU64 (SI), Z0
	COUNT(0, Z16, K1, R8)
	COUNT(1, Z17, K2, R9)
	COUNT(2, Z18, K3, R10)
	COUNT(3, Z19, K4, R11)
	COUNT(4, Z20, K1, R8)
	COUNT(5, Z21, K2, R9)
	COUNT(6, Z22, K3, R10)
	COUNT(7, Z23, K4, R11)
	COUNT(8, Z24, K1, R8)
	COUNT(9, Z25, K2, R9)
	COUNT(10, Z26, K3, R10)
	COUNT(11, Z27, K4, R11)
	COUNT(12, Z28, K1, R8)
	COUNT(13, Z29, K2, R9)
	COUNT(14, Z30, K3, R10)
	COUNT(15, Z31, K4, R11)
	ADDQ      $64, SI
	DECQ      CX
	JNZ       loop
	VZEROUPPER
	RET
