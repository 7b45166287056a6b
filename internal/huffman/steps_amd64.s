//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// From byte n on: where n bytes come from, so that the last one ends a vector of 32.
DATA behind<>+0x00(SB)/8, $0x0000000000000000
DATA behind<>+0x08(SB)/8, $0x0000000000000000
DATA behind<>+0x10(SB)/8, $0x0000000000000000
DATA behind<>+0x18(SB)/8, $0x0000000000000000
DATA behind<>+0x20(SB)/8, $0x0706050403020100
DATA behind<>+0x28(SB)/8, $0x0f0e0d0c0b0a0908
DATA behind<>+0x30(SB)/8, $0x1716151413121110
DATA behind<>+0x38(SB)/8, $0x1f1e1d1c1b1a1918
GLOBL behind<>(SB), RODATA|NOPTR, $64

// The lanes in use, l in DX.
#define LANES(k) \
	MOVQ  $-1, AX    \
	BZHIQ DX, AX, AX \
	KMOVD AX, k

// func encodeAVX512(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, last *byte) int
TEXT ·encodeAVX512(SB), NOSPLIT, $0-56
	MOVQ      c+0(FP), AX
	VMOVDQU16 Code_words(AX), Z16
	VMOVDQU16 Code_lengths(AX), Z17
	VMOVDQU16 Code_room(AX), Z18
	// The alphabet is 8 or 16 symbols; indices above it wrap around.
	MOVL      $15, CX
	CMPQ      Code_bits(AX), $3
	JNE       masked
	MOVL      $7, CX

masked:
	VPBROADCASTW CX, Z19
	MOVQ         state+8(FP), BX
	VMOVDQU16    (BX), Z0
	MOVQ         l+16(FP), DX
	MOVQ         symbols+24(FP), SI
	MOVQ         steps+32(FP), CX
	MOVQ         last+40(FP), DI
	LEAQ         behind<>(SB), R8
	INCQ         DI
	MOVQ         DI, R9
	MOVQ         CX, AX
	IMULQ        DX, AX
	ADDQ         AX, SI
	LANES(K2)

encode:
	SUBQ         DX, SI
	VPMOVZXBW    (SI), Z1
	VPANDQ       Z19, Z1, Z1
	VPERMW       Z16, Z1, Z2
	VPERMW       Z17, Z1, Z3
	VPERMW       Z18, Z1, Z4
	VPCMPUW      $6, Z4, Z0, K2, K1
	VPMOVWB      Z0, Y5
	VPCOMPRESSB  Y5, K1, Y5
	KMOVD        K1, AX
	POPCNTL      AX, AX
	VMOVDQU      (R8)(AX*1), Y6
	VPERMB       Y5, Y6, Y5
	VMOVDQU      Y5, -32(DI)
	SUBQ         AX, DI
	VPSRLW       $8, Z0, K1, Z0
	VPSLLVW      Z3, Z0, Z0
	VPORQ        Z2, Z0, Z0
	DECQ         CX
	JNZ          encode

	VMOVDQU16 Z0, K2, (BX)
	SUBQ      DI, R9
	MOVQ      R9, ret+48(FP)
	VZEROUPPER
	RET

// func decodeAVX512(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, src *byte, end int) (done, at int)
TEXT ·decodeAVX512(SB), NOSPLIT, $0-72
	MOVQ      c+0(FP), AX
	VMOVDQU64 Code_symbol(AX), Z16
	VMOVDQU64 (Code_symbol+64)(AX), Z17
	VMOVDQU64 Code_length(AX), Z18
	VMOVDQU64 (Code_length+64)(AX), Z19
	MOVL      $0xff00, CX
	VPBROADCASTW CX, Z20
	MOVQ      $0x5555555555555555, CX
	KMOVQ     CX, K3
	MOVQ      state+8(FP), BX
	VMOVDQU16 (BX), Z0
	MOVQ      l+16(FP), DX
	MOVQ      symbols+24(FP), DI
	MOVQ      steps+32(FP), CX
	MOVQ      src+40(FP), SI
	MOVQ      end+48(FP), R9
	ADDQ      SI, R9
	MOVQ      DI, R10
	LANES(K2)

decode:
	CMPQ         SI, R9
	JA           decoded
	VPMOVZXBW    (SI), Z4
	VMOVDQA64    Z0, Z1
	VMOVDQA64    Z0, Z2
	VPERMI2B.Z   Z19, Z18, K3, Z2
	VPERMI2B     Z17, Z16, Z1
	VPSRLVW      Z2, Z0, Z0
	VPTESTNMW    Z20, Z0, K2, K1
	VPEXPANDW.Z  Z4, K1, Z4
	VPSLLW       $8, Z0, K1, Z0
	VPORQ        Z4, Z0, Z0
	KMOVD        K1, AX
	POPCNTL      AX, AX
	ADDQ         AX, SI
	VPMOVWB      Z1, Y1
	VMOVDQU      Y1, (DI)
	ADDQ         DX, DI
	DECQ         CX
	JNZ          decode

decoded:
	VMOVDQU16 Z0, K2, (BX)
	SUBQ      R10, DI
	MOVQ      DI, done+56(FP)
	SUBQ      src+40(FP), SI
	MOVQ      SI, at+64(FP)
	VZEROUPPER
	RET
