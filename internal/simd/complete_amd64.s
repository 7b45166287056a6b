//go:build !noasm

#include "textflag.h"

DATA one64<>+0(SB)/8, $1.0
GLOBL one64<>(SB), RODATA|NOPTR, $8

// SUM adds a value of each of eight rows to their sums.
#define SUM(Y, X)             \
	VCVTPS2PD    X, Y10       \
	VEXTRACTF128 $1, Y, X11   \
	VCVTPS2PD    X11, Y11     \
	VADDPD       Y10, Y12, Y12 \
	VADDPD       Y11, Y13, Y13

// PICK reads a value of each of four rows from AT on.
#define PICK(AT, X)                     \
	VMOVSS    (AT), X                   \
	VINSERTPS $0x10, (AT)(R8*1), X, X   \
	VINSERTPS $0x20, (AT)(R8*2), X, X   \
	VINSERTPS $0x30, (AT)(R9*1), X, X

// func completeAVX2(x *float32, n, eights, skip int, length float64)
TEXT ·completeAVX2(SB), NOSPLIT, $32-40
	MOVQ         x+0(FP), DI
	MOVQ         n+8(FP), DX
	MOVQ         eights+16(FP), CX
	VBROADCASTSD length+32(FP), Y14
	VBROADCASTSD one64<>(SB), Y15
	LEAQ         (DX*4), R8         // from row to row
	LEAQ         (R8)(R8*2), R9

rows:
	MOVQ   DI, SI           // row 0
	LEAQ   (DI)(R8*4), R10  // row 4
	VXORPD Y12, Y12, Y12
	VXORPD Y13, Y13, Y13
	MOVQ   DX, BX
	SUBQ   $4, BX
	JLT    few

fours:
	VMOVUPS     (SI), X0
	VMOVUPS     (SI)(R8*1), X1
	VMOVUPS     (SI)(R8*2), X2
	VMOVUPS     (SI)(R9*1), X3
	VINSERTF128 $1, (R10), Y0, Y0
	VINSERTF128 $1, (R10)(R8*1), Y1, Y1
	VINSERTF128 $1, (R10)(R8*2), Y2, Y2
	VINSERTF128 $1, (R10)(R9*1), Y3, Y3
	VUNPCKLPS   Y1, Y0, Y4
	VUNPCKHPS   Y1, Y0, Y5
	VUNPCKLPS   Y3, Y2, Y6
	VUNPCKHPS   Y3, Y2, Y7
	VUNPCKLPD   Y6, Y4, Y0
	VUNPCKHPD   Y6, Y4, Y1
	VUNPCKLPD   Y7, Y5, Y2
	VUNPCKHPD   Y7, Y5, Y3
	SUM(Y0, X0)
	SUM(Y1, X1)
	SUM(Y2, X2)
	SUM(Y3, X3)
	ADDQ        $16, SI
	ADDQ        $16, R10
	SUBQ        $4, BX
	JGE         fours

few:
	ADDQ $4, BX
	JZ   lacks

single:
	PICK(SI, X0)
	PICK(R10, X1)
	VCVTPS2PD X0, Y0
	VCVTPS2PD X1, Y1
	VADDPD    Y0, Y12, Y12
	VADDPD    Y1, Y13, Y13
	ADDQ      $4, SI
	ADDQ      $4, R10
	DECQ      BX
	JNZ       single

lacks:
	VSUBPD     Y12, Y15, Y12
	VSUBPD     Y13, Y15, Y13
	VDIVPD     Y14, Y12, Y12
	VDIVPD     Y14, Y13, Y13
	VCVTPD2PSY Y12, X12
	VCVTPD2PSY Y13, X13
	VMOVUPS    X12, lack-32(SP)
	VMOVUPS    X13, lack-16(SP)
	MOVQ       skip+24(FP), BX
	LEAQ       lack-32(SP), R11
	LEAQ       (R11)(BX*4), R11
	MOVQ       $8, R12
	SUBQ       BX, R12
	IMULQ      R8, BX
	ADDQ       BX, DI

row:
	VBROADCASTSS (R11), Y0
	MOVQ         DX, BX
	SUBQ         $8, BX
	JLT          tail

eight:
	VADDPS  (DI), Y0, Y1
	VMOVUPS Y1, (DI)
	ADDQ    $32, DI
	SUBQ    $8, BX
	JGE     eight

tail:
	ADDQ $8, BX
	JZ   next

value:
	VADDSS (DI), X0, X1
	VMOVSS X1, (DI)
	ADDQ   $4, DI
	DECQ   BX
	JNZ    value

next:
	ADDQ $4, R11
	DECQ R12
	JNZ  row
	DECQ CX
	JNZ  rows
	VZEROUPPER
	RET
