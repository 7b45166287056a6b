//go:build !noasm

#include "textflag.h"

// The disjunction of all bytes of Z to byte 0 of X, by way of Y.
#define FOLD(Z, Y, X, Ytmp, Xtmp) \
	VEXTRACTI64X4 $1, Z, Ytmp    \
	VPORQ         Ytmp, Y, Y     \
	VEXTRACTI128  $1, Y, Xtmp    \
	VPOR          Xtmp, X, X     \
	VPSRLDQ       $8, X, Xtmp    \
	VPOR          Xtmp, X, X     \
	VPSRLQ        $32, X, Xtmp   \
	VPOR          Xtmp, X, X     \
	VPSRLQ        $16, X, Xtmp   \
	VPOR          Xtmp, X, X     \
	VPSRLQ        $8, X, Xtmp    \
	VPOR          Xtmp, X, X

// func usedAVX512(codes *byte, groups int) (set, differ uint64)
TEXT ·usedAVX512(SB), NOSPLIT, $0-32
	MOVQ   codes+0(FP), SI
	MOVQ   groups+8(FP), CX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1

loop:
	VMOVDQU64  (SI), Z2
	VPMOVB2M   Z2, K1
	VPMOVM2B   K1, Z3
	VPORQ      Z2, Z0, Z0
	VPTERNLOGQ $0xf6, Z3, Z2, Z1 // Z1 | Z2 ^ Z3
	ADDQ       $64, SI
	DECQ       CX
	JNZ        loop
	FOLD(Z0, Y0, X0, Y4, X4)
	FOLD(Z1, Y1, X1, Y4, X4)
	VMOVQ      X0, AX
	MOVQ       AX, set+16(FP)
	VMOVQ      X1, AX
	MOVQ       AX, differ+24(FP)
	VZEROUPPER
	RET
