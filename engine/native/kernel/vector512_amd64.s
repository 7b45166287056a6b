//go:build amd64 && !noasm

#include "textflag.h"

// Kernels along contiguous values, sixteen at a time, the last ones under a mask, K1. They do what those of AVX2 do, in the
// same order. Z31 is zero.

// MASK sets K1 to the first CX of sixteen lanes.
#define MASK \
	MOVL $1, AX; \
	SHLL CX, AX; \
	DECL AX; \
	KMOVW AX, K1

// BINARY defines a kernel on two operands: OP(A, B, T, K) leaves its result in A and may spend T and K.
#define BINARY(NAME, OP) \
TEXT NAME(SB), NOSPLIT, $0-32; \
	MOVQ dst+0(FP), DI; \
	MOVQ a+8(FP), SI; \
	MOVQ b+16(FP), DX; \
	MOVQ n+24(FP), CX; \
	VPXORD Z31, Z31, Z31; \
	SUBQ $32, CX; \
	JLT sixteen; \
both: \
	VMOVUPS (SI), Z0; \
	VMOVUPS (DX), Z1; \
	OP(Z0, Z1, Z2, K2); \
	VMOVUPS 64(SI), Z4; \
	VMOVUPS 64(DX), Z5; \
	OP(Z4, Z5, Z6, K3); \
	VMOVUPS Z0, (DI); \
	VMOVUPS Z4, 64(DI); \
	ADDQ $128, SI; \
	ADDQ $128, DX; \
	ADDQ $128, DI; \
	SUBQ $32, CX; \
	JGE both; \
sixteen: \
	ADDQ $16, CX; \
	JLT tail; \
	VMOVUPS (SI), Z0; \
	VMOVUPS (DX), Z1; \
	OP(Z0, Z1, Z2, K2); \
	VMOVUPS Z0, (DI); \
	ADDQ $64, SI; \
	ADDQ $64, DX; \
	ADDQ $64, DI; \
	SUBQ $16, CX; \
tail: \
	ADDQ $16, CX; \
	JZ done; \
	MASK; \
	VMOVUPS.Z (SI), K1, Z0; \
	VMOVUPS.Z (DX), K1, Z1; \
	OP(Z0, Z1, Z2, K2); \
	VMOVUPS Z0, K1, (DI); \
done: \
	VZEROUPPER; \
	RET

#define ADD(A, B, T, K) VADDPS B, A, A
#define SUB(A, B, T, K) VSUBPS B, A, A
#define MUL(A, B, T, K) VMULPS B, A, A

// Where one is NaN, their sum is.
#define MIN(A, B, T, K) \
	VCMPPS $3, B, A, K; \
	VMINPS A, B, T; \
	VADDPS A, B, K, T; \
	VMOVUPS T, A

#define MAX(A, B, T, K) \
	VCMPPS $3, B, A, K; \
	VMAXPS A, B, T; \
	VADDPS A, B, K, T; \
	VMOVUPS T, A

#define PRELU(A, B, T, K) \
	VMINPS A, Z31, T; \
	VMULPS B, T, T; \
	VMAXPS A, Z31, A; \
	VADDPS T, A, A

BINARY(·addAVX512, ADD)
BINARY(·subAVX512, SUB)
BINARY(·mulAVX512, MUL)
BINARY(·minAVX512, MIN)
BINARY(·maxAVX512, MAX)
BINARY(·preluAVX512, PRELU)

#define UNARY_ARGUMENTS \
	MOVQ dst+0(FP), DI; \
	MOVQ x+8(FP), SI; \
	MOVQ n+16(FP), CX; \
	VPXORD Z31, Z31, Z31

// ALONG is the loop of kernels on one operand: OP(A, T) leaves its result in A and may spend T.
#define ALONG(OP) \
	SUBQ $32, CX; \
	JLT sixteen; \
both: \
	VMOVUPS (SI), Z0; \
	OP(Z0, Z2); \
	VMOVUPS 64(SI), Z1; \
	OP(Z1, Z3); \
	VMOVUPS Z0, (DI); \
	VMOVUPS Z1, 64(DI); \
	ADDQ $128, SI; \
	ADDQ $128, DI; \
	SUBQ $32, CX; \
	JGE both; \
sixteen: \
	ADDQ $16, CX; \
	JLT tail; \
	VMOVUPS (SI), Z0; \
	OP(Z0, Z2); \
	VMOVUPS Z0, (DI); \
	ADDQ $64, SI; \
	ADDQ $64, DI; \
	SUBQ $16, CX; \
tail: \
	ADDQ $16, CX; \
	JZ done; \
	MASK; \
	VMOVUPS.Z (SI), K1, Z0; \
	OP(Z0, Z2); \
	VMOVUPS Z0, K1, (DI); \
done: \
	VZEROUPPER; \
	RET

#define AFFINE(A, T) \
	VMULPS Z12, A, A; \
	VADDPS Z13, A, A; \
	VMAXPS A, Z14, A; \
	VMINPS A, Z15, A

// func affineAVX512(dst, x *float32, n int, scale, shift, lo, hi float32)
TEXT ·affineAVX512(SB), NOSPLIT, $0-40
	UNARY_ARGUMENTS
	VBROADCASTSS scale+24(FP), Z12
	VBROADCASTSS shift+28(FP), Z13
	VBROADCASTSS lo+32(FP), Z14
	VBROADCASTSS hi+36(FP), Z15
	ALONG(AFFINE)

#define LEAKY(A, T) \
	VMINPS A, Z31, T; \
	VMULPS Z15, T, T; \
	VMAXPS A, Z31, A; \
	VADDPS T, A, A

// func leakyAVX512(dst, x *float32, n int, alpha float32)
TEXT ·leakyAVX512(SB), NOSPLIT, $0-28
	UNARY_ARGUMENTS
	VBROADCASTSS alpha+24(FP), Z15
	ALONG(LEAKY)

// CONSTANT fills a register with a float32 by its bits.
#define CONSTANT(BITS, Z) \
	MOVL $BITS, AX; \
	VPBROADCASTD AX, Z

#define HARDSWISH(A, T) \
	VMULPS Z13, A, T; \
	VADDPS Z14, T, T; \
	VMAXPS T, Z31, T; \
	VMINPS T, Z15, T; \
	VMULPS T, A, A

// func hardSwishAVX512(dst, x *float32, n int)
TEXT ·hardSwishAVX512(SB), NOSPLIT, $0-24
	UNARY_ARGUMENTS
	CONSTANT(0x3e2aaaab, Z13) // 0.16666666666666666
	CONSTANT(0x3f000000, Z14) // 0.5
	CONSTANT(0x3f800000, Z15) // 1
	ALONG(HARDSWISH)

// exp as AVX2 has it. Its constants are -87.3, 88.3, infinity, log2 e, ln 2 in two parts, six coefficients, 1, and all signs.
#define EXP_CONSTANTS \
	CONSTANT(0xc2ae999a, Z16); \
	CONSTANT(0x42b0999a, Z17); \
	CONSTANT(0x7f800000, Z18); \
	CONSTANT(0x3fb8aa3b, Z19); \
	CONSTANT(0xbf318000, Z20); \
	CONSTANT(0x395e8083, Z21); \
	CONSTANT(0x39506967, Z22); \
	CONSTANT(0x3ab743ce, Z23); \
	CONSTANT(0x3c088908, Z24); \
	CONSTANT(0x3d2aa9c1, Z25); \
	CONSTANT(0x3e2aaaaa, Z26); \
	CONSTANT(0x3f000000, Z27); \
	CONSTANT(0x3f800000, Z28); \
	CONSTANT(0x80000000, Z29)

// EXP sets P to exp(V), 0 below -87.3 and infinity above 88.3; V, E, T, K and L are spent.
#define EXP(V, E, P, T, K, L) \
	VCMPPS $5, Z16, V, K; \
	VMAXPS V, Z16, V; \
	VCMPPS $1, V, Z17, L; \
	VMINPS V, Z17, V; \
	VMULPS Z19, V, E; \
	VRNDSCALEPS $0, E, E; \
	VFMADD231PS Z20, E, V; \
	VFMADD231PS Z21, E, V; \
	VMOVAPS Z22, P; \
	VFMADD213PS Z23, V, P; \
	VFMADD213PS Z24, V, P; \
	VFMADD213PS Z25, V, P; \
	VFMADD213PS Z26, V, P; \
	VFMADD213PS Z27, V, P; \
	VMULPS V, V, T; \
	VFMADD213PS V, T, P; \
	VADDPS Z28, P, P; \
	VCVTPS2DQ E, E; \
	VPSLLD $23, E, E; \
	VPADDD.Z E, P, K, P; \
	VMOVAPS Z18, L, P

// 1 / (1 + exp(-x)).
#define SIGMOID(A, T) \
	VPXORD Z29, A, A; \
	EXP(A, T, Z4, Z5, K2, K3); \
	VADDPS Z28, Z4, Z4; \
	VDIVPS Z4, Z28, A

// func sigmoidAVX512(dst, x *float32, n int)
TEXT ·sigmoidAVX512(SB), NOSPLIT, $0-24
	UNARY_ARGUMENTS
	EXP_CONSTANTS
	ALONG(SIGMOID)

// x / (1 + exp(-alpha x)), -alpha in Z15.
#define SWISH(A, T) \
	VMOVAPS A, Z6; \
	VMULPS Z15, A, A; \
	EXP(A, T, Z4, Z5, K2, K3); \
	VADDPS Z28, Z4, Z4; \
	VDIVPS Z4, Z6, A

// func swishAVX512(dst, x *float32, n int, alpha float32)
TEXT ·swishAVX512(SB), NOSPLIT, $0-28
	UNARY_ARGUMENTS
	EXP_CONSTANTS
	VBROADCASTSS alpha+24(FP), Z15
	VPXORD Z29, Z15, Z15
	ALONG(SWISH)

// erf as a quotient of polynomials, an odd one over an even one.
#define GELU(A, T) \
	VMULPS Z14, A, Z6; \
	VMULPS Z15, A, A; \
	VMAXPS A, Z17, A; \
	VMINPS A, Z16, A; \
	VMULPS A, A, T; \
	VMOVAPS Z18, Z4; \
	VFMADD213PS Z19, T, Z4; \
	VFMADD213PS Z20, T, Z4; \
	VFMADD213PS Z21, T, Z4; \
	VFMADD213PS Z22, T, Z4; \
	VFMADD213PS Z23, T, Z4; \
	VFMADD213PS Z24, T, Z4; \
	VMOVAPS Z25, Z5; \
	VFMADD213PS Z26, T, Z5; \
	VFMADD213PS Z27, T, Z5; \
	VFMADD213PS Z28, T, Z5; \
	VFMADD213PS Z29, T, Z5; \
	VMULPS A, Z4, Z4; \
	VDIVPS Z5, Z4, A; \
	VADDPS Z30, A, A; \
	VMULPS Z6, A, A

// func geluAVX512(dst, x *float32, n int)
TEXT ·geluAVX512(SB), NOSPLIT, $0-24
	UNARY_ARGUMENTS
	CONSTANT(0x40800000, Z16) // 4
	CONSTANT(0xc0800000, Z17) // -4
	CONSTANT(0xaf95df0b, Z18) // -2.72614225801306e-10
	CONSTANT(0x32edffee, Z19) // 2.77068142495902e-08
	CONSTANT(0xb60cff51, Z20) // -2.10102402082508e-06
	CONSTANT(0xb86ec2d2, Z21) // -5.69250639462346e-05
	CONSTANT(0xba40ac63, Z22) // -0.000734990630326855
	CONSTANT(0xbb41a1f6, Z23) // -0.00295459980854025
	CONSTANT(0xbc83dbd4, Z24) // -0.0160960333262415
	CONSTANT(0xb77460cd, Z25) // -1.45660718464996e-05
	CONSTANT(0xb95fbd29, Z26) // -0.000213374055278905
	CONSTANT(0xbadc924e, Z27) // -0.00168282697438203
	CONSTANT(0xbbf19bf8, Z28) // -0.00737332916720468
	CONSTANT(0xbc69b6a7, Z29) // -0.0142647390514189
	CONSTANT(0x3f800000, Z30) // 1
	CONSTANT(0x3f000000, Z14) // 0.5
	CONSTANT(0x3f3504f3, Z15) // 0.7071067811865476
	ALONG(GELU)

// func softmaxAVX512(dst, x *float32, rows, n int)
// n is at least 8. The sum is AVX2's: eight lanes, then what the last n mod 8 values add to the last lanes, K4. Y15 keeps the
// last eight inputs; R9 values of whole vectors of sixteen, R10 the eight behind them, if n has them.
TEXT ·softmaxAVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ rows+16(FP), R11
	MOVQ n+24(FP), R8
	EXP_CONSTANTS
	MOVQ  R8, CX
	ANDQ  $7, CX
	MOVL  $0xff00, AX
	SHRL  CX, AX // the last n mod 8 of eight lanes
	KMOVW AX, K4
	MOVQ  R8, R9
	ANDQ  $-16, R9
	MOVQ  R8, R10
	ANDQ  $8, R10

row:
	// the maximum, NaN if there is one
	VMOVUPS       -32(SI)(R8*4), Y15
	VINSERTF32X8  $1, Y15, Z15, Z0
	VCMPPS        $3, Z0, Z0, K5
	XORQ          CX, CX
	CMPQ          CX, R9
	JGE           topeight

top:
	VMOVUPS (SI)(CX*4), Z1
	VCMPPS  $3, Z1, Z1, K2
	KORW    K2, K5, K5
	VMAXPS  Z1, Z0, Z0
	ADDQ    $16, CX
	CMPQ    CX, R9
	JLT     top

topeight:
	TESTQ        R10, R10
	JZ           topdone
	VMOVUPS      (SI)(CX*4), Y1
	VINSERTF32X8 $1, Y1, Z1, Z1
	VCMPPS       $3, Z1, Z1, K2
	KORW         K2, K5, K5
	VMAXPS       Z1, Z0, Z0

topdone:
	VEXTRACTF32X8 $1, Z0, Y1
	VMAXPS        Y1, Y0, Y0
	VPERM2F128    $1, Y0, Y0, Y1
	VMAXPS        Y1, Y0, Y0
	VPERMILPS     $0x4e, Y0, Y1
	VMAXPS        Y1, Y0, Y0
	VPERMILPS     $0xb1, Y0, Y1
	VMAXPS        Y1, Y0, Y0
	VBROADCASTSS  X0, Z13
	KORTESTW      K5, K5
	JZ            number
	VPTERNLOGD    $0xff, Z13, Z13, Z13

number:
	VXORPS Y12, Y12, Y12 // the sum
	XORQ   CX, CX
	CMPQ   CX, R9
	JGE    eight

exps:
	VMOVUPS       (SI)(CX*4), Z0
	VSUBPS        Z13, Z0, Z0
	EXP(Z0, Z1, Z2, Z3, K2, K3)
	VADDPS        Y2, Y12, Y12
	VEXTRACTF32X8 $1, Z2, Y1
	VADDPS        Y1, Y12, Y12
	VMOVUPS       Z2, (DI)(CX*4)
	ADDQ          $16, CX
	CMPQ          CX, R9
	JLT           exps

eight:
	TESTQ   R10, R10
	JZ      rest
	VMOVUPS (SI)(CX*4), Y0
	VSUBPS  Z13, Z0, Z0
	EXP(Z0, Z1, Z2, Z3, K2, K3)
	VADDPS  Y2, Y12, Y12
	VMOVUPS Y2, (DI)(CX*4)

rest:
	VSUBPS    Z13, Z15, Z0
	EXP(Z0, Z1, Z2, Z3, K2, K3)
	VMOVUPS.Z Y2, K4, Y3
	VADDPS    Y3, Y12, Y12
	VPERM2F128 $1, Y12, Y12, Y1
	VADDPS    Y1, Y12, Y12
	VPERMILPS $0x4e, Y12, Y1
	VADDPS    Y1, Y12, Y12
	VPERMILPS $0xb1, Y12, Y1
	VADDPS    Y1, Y12, Y12
	VDIVPS    Y12, Y28, Y12
	VBROADCASTSS X12, Z12
	VMULPS    Y12, Y2, Y2 // the last eight
	XORQ      CX, CX
	CMPQ      CX, R9
	JGE       scaleeight

scale:
	VMULPS  (DI)(CX*4), Z12, Z0
	VMOVUPS Z0, (DI)(CX*4)
	ADDQ    $16, CX
	CMPQ    CX, R9
	JLT     scale

scaleeight:
	TESTQ   R10, R10
	JZ      last
	VMULPS  (DI)(CX*4), Y12, Y0
	VMOVUPS Y0, (DI)(CX*4)

last:
	VMOVUPS Y2, -32(DI)(R8*4)
	LEAQ    (SI)(R8*4), SI
	LEAQ    (DI)(R8*4), DI
	DECQ    R11
	JNZ     row
	VZEROUPPER
	RET

// The pairs of values that two shuffles in each quarter leave out of order.
DATA order<>+0(SB)/8, $0
DATA order<>+8(SB)/8, $2
DATA order<>+16(SB)/8, $4
DATA order<>+24(SB)/8, $6
DATA order<>+32(SB)/8, $1
DATA order<>+40(SB)/8, $3
DATA order<>+48(SB)/8, $5
DATA order<>+56(SB)/8, $7
GLOBL order<>(SB), RODATA|NOPTR, $64

// Y = the larger of A and B, NaN where either is; K is spent.
#define MAXIMUM(A, B, Y, K) \
	VCMPPS $3, B, A, K; \
	VMAXPS A, B, Y; \
	VADDPS A, B, K, Y

#define POOL \
	MAXIMUM(Z0, Z2, Z4, K2); \
	MAXIMUM(Z1, Z3, Z5, K3); \
	VSHUFPS $0x88, Z5, Z4, Z0; \
	VSHUFPS $0xdd, Z5, Z4, Z1; \
	MAXIMUM(Z0, Z1, Z2, K2); \
	VPERMPD Z2, Z15, Z2

// func maxPool2AVX512(dst, x *float32, rows, w int)
TEXT ·maxPool2AVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ rows+16(FP), R11
	MOVQ w+24(FP), R8
	VMOVUPS order<>(SB), Z15
	MOVQ R8, CX
	ANDQ $15, CX
	MASK
	ADDQ CX, CX
	MOVQ $1, AX
	SHLQ CX, AX
	DECQ AX
	KMOVW AX, K4 // of the rest's inputs
	SHRQ $16, AX
	KMOVW AX, K5

row:
	LEAQ (SI)(R8*8), DX
	MOVQ R8, CX
	SUBQ $16, CX
	JLT  rest

sixteen:
	VMOVUPS (SI), Z0
	VMOVUPS 64(SI), Z1
	VMOVUPS (DX), Z2
	VMOVUPS 64(DX), Z3
	POOL
	VMOVUPS Z2, (DI)
	ADDQ    $128, SI
	ADDQ    $128, DX
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     sixteen

rest:
	ADDQ $16, CX
	JZ   next
	VMOVUPS.Z (SI), K4, Z0
	VMOVUPS.Z 64(SI), K5, Z1
	VMOVUPS.Z (DX), K4, Z2
	VMOVUPS.Z 64(DX), K5, Z3
	POOL
	VMOVUPS Z2, K1, (DI)
	LEAQ (DI)(CX*4), DI
	LEAQ (DX)(CX*8), DX

next:
	MOVQ DX, SI
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET
