//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"

// Kernels along contiguous values, eight at a time; the last ones one by one, by the same instructions on registers whose
// other lanes are zero. Go's operand order: the destination comes last, and VMAXPS returns its first operand (Intel's
// second source) where either is NaN.

// 32 bytes of one float32.
#define EIGHT(NAME, BITS) \
	DATA NAME+0(SB)/4, BITS; \
	DATA NAME+4(SB)/4, BITS; \
	DATA NAME+8(SB)/4, BITS; \
	DATA NAME+12(SB)/4, BITS; \
	DATA NAME+16(SB)/4, BITS; \
	DATA NAME+20(SB)/4, BITS; \
	DATA NAME+24(SB)/4, BITS; \
	DATA NAME+28(SB)/4, BITS; \
	GLOBL NAME(SB), RODATA|NOPTR, $32

EIGHT(one<>, $0x3f800000)
EIGHT(half<>, $0x3f000000)
EIGHT(sixth<>, $0x3e2aaaab) // 0.16666666666666666
EIGHT(sign<>, $0x80000000)

// exp, after Cephes' expf: x = k ln 2 + r, a polynomial of r, then k into the exponent.
EIGHT(expLow<>, $0xc2ae999a) // -87.3
EIGHT(expHigh<>, $0x42b0999a) // 88.3
EIGHT(infinity<>, $0x7f800000)
EIGHT(log2e<>, $0x3fb8aa3b) // 1.4426950408889634
EIGHT(ln2a<>, $0xbf318000) // -0.693359375
EIGHT(ln2b<>, $0x395e8083) // 0.00021219444
EIGHT(exp0<>, $0x39506967) // 0.000198756915
EIGHT(exp1<>, $0x3ab743ce) // 0.0013981999507
EIGHT(exp2<>, $0x3c088908) // 0.0083334519073
EIGHT(exp3<>, $0x3d2aa9c1) // 0.041665795894
EIGHT(exp4<>, $0x3e2aaaaa) // 0.16666665459
EIGHT(exp5<>, $0x3f000000) // 0.50000001201

// EXP sets P to exp(V), 0 below expLow and infinity above expHigh; V, K, T, U, W are spent.
#define EXP(V, K, P, T, U, W) \
	VMOVUPS expLow<>(SB), T; \
	VCMPPS $1, T, V, U; \
	VMAXPS V, T, V; \
	VMOVUPS expHigh<>(SB), T; \
	VCMPPS $1, V, T, W; \
	VMINPS V, T, V; \
	VMULPS log2e<>(SB), V, K; \
	VROUNDPS $0, K, K; \
	VFMADD231PS ln2a<>(SB), K, V; \
	VFMADD231PS ln2b<>(SB), K, V; \
	VMOVUPS exp0<>(SB), P; \
	VFMADD213PS exp1<>(SB), V, P; \
	VFMADD213PS exp2<>(SB), V, P; \
	VFMADD213PS exp3<>(SB), V, P; \
	VFMADD213PS exp4<>(SB), V, P; \
	VFMADD213PS exp5<>(SB), V, P; \
	VMULPS V, V, T; \
	VFMADD213PS V, T, P; \
	VADDPS one<>(SB), P, P; \
	VCVTPS2DQ K, K; \
	VPSLLD $23, K, K; \
	VPADDD K, P, P; \
	VANDNPS P, U, P; \
	VBLENDVPS W, infinity<>(SB), P, P

// BINARY defines a kernel on two operands: OP(a in Y0, b in Y1) leaves its result in Y0 and may spend Y2 and Y3; OPX is
// the same on X registers.
#define BINARY(NAME, OP) \
TEXT NAME(SB), NOSPLIT, $0-32; \
	MOVQ dst+0(FP), DI; \
	MOVQ a+8(FP), SI; \
	MOVQ b+16(FP), DX; \
	MOVQ n+24(FP), CX; \
	VXORPS Y15, Y15, Y15; \
	SUBQ $16, CX; \
	JLT eight; \
sixteen: \
	VMOVUPS (SI), Y0; \
	VMOVUPS (DX), Y1; \
	OP(Y0, Y1, Y2, Y15); \
	VMOVUPS 32(SI), Y4; \
	VMOVUPS 32(DX), Y5; \
	OP(Y4, Y5, Y6, Y15); \
	VMOVUPS Y0, (DI); \
	VMOVUPS Y4, 32(DI); \
	ADDQ $64, SI; \
	ADDQ $64, DX; \
	ADDQ $64, DI; \
	SUBQ $16, CX; \
	JGE sixteen; \
eight: \
	ADDQ $8, CX; \
	JLT tail; \
	VMOVUPS (SI), Y0; \
	VMOVUPS (DX), Y1; \
	OP(Y0, Y1, Y2, Y15); \
	VMOVUPS Y0, (DI); \
	ADDQ $32, SI; \
	ADDQ $32, DX; \
	ADDQ $32, DI; \
	SUBQ $8, CX; \
tail: \
	ADDQ $8, CX; \
	JZ done; \
single: \
	VMOVSS (SI), X0; \
	VMOVSS (DX), X1; \
	OP(X0, X1, X2, X15); \
	VMOVSS X0, (DI); \
	ADDQ $4, SI; \
	ADDQ $4, DX; \
	ADDQ $4, DI; \
	DECQ CX; \
	JNZ single; \
done: \
	VZEROUPPER; \
	RET

#define ADD(A, B, T, Z) VADDPS B, A, A
#define SUB(A, B, T, Z) VSUBPS B, A, A
#define MUL(A, B, T, Z) VMULPS B, A, A
#define DIV(A, B, T, Z) VDIVPS B, A, A

// Where one is NaN, all bits are set.
#define MIN(A, B, T, Z) \
	VCMPPS $3, B, A, T; \
	VMINPS A, B, A; \
	VORPS T, A, A

#define MAX(A, B, T, Z) \
	VCMPPS $3, B, A, T; \
	VMAXPS A, B, A; \
	VORPS T, A, A

#define PRELU(A, B, T, Z) \
	VMINPS A, Z, T; \
	VMULPS B, T, T; \
	VMAXPS A, Z, A; \
	VADDPS T, A, A

BINARY(·addAsm, ADD)
BINARY(·subAsm, SUB)
BINARY(·mulAsm, MUL)
BINARY(·divAsm, DIV)
BINARY(·minAsm, MIN)
BINARY(·maxAsm, MAX)
BINARY(·preluAsm, PRELU)

// ALONG is the loop of kernels on one operand in Y0 or X0: OP may spend Y1..Y7.
#define ALONG(OP) \
	SUBQ $8, CX; \
	JLT tail; \
eight: \
	VMOVUPS (SI), Y0; \
	OP(Y0, Y1, Y2, Y3, Y4, Y15); \
	VMOVUPS Y0, (DI); \
	ADDQ $32, SI; \
	ADDQ $32, DI; \
	SUBQ $8, CX; \
	JGE eight; \
tail: \
	ADDQ $8, CX; \
	JZ done; \
single: \
	VMOVSS (SI), X0; \
	OP(X0, X1, X2, X3, X4, X15); \
	VMOVSS X0, (DI); \
	ADDQ $4, SI; \
	ADDQ $4, DI; \
	DECQ CX; \
	JNZ single; \
done: \
	VZEROUPPER; \
	RET

#define UNARY_ARGUMENTS \
	MOVQ dst+0(FP), DI; \
	MOVQ x+8(FP), SI; \
	MOVQ n+16(FP), CX

// func affineAsm(dst, x *float32, n int, scale, shift, lo, hi float32)
TEXT ·affineAsm(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSS scale+24(FP), Y12
	VBROADCASTSS shift+28(FP), Y13
	VBROADCASTSS lo+32(FP), Y14
	VBROADCASTSS hi+36(FP), Y15
	SUBQ $16, CX
	JLT  eight

sixteen:
	VMULPS  (SI), Y12, Y0
	VMULPS  32(SI), Y12, Y1
	VADDPS  Y13, Y0, Y0
	VADDPS  Y13, Y1, Y1
	VMAXPS  Y0, Y14, Y0
	VMAXPS  Y1, Y14, Y1
	VMINPS  Y0, Y15, Y0
	VMINPS  Y1, Y15, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     sixteen

eight:
	ADDQ    $8, CX
	JLT     tail
	VMULPS  (SI), Y12, Y0
	VADDPS  Y13, Y0, Y0
	VMAXPS  Y0, Y14, Y0
	VMINPS  Y0, Y15, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX

tail:
	ADDQ $8, CX
	JZ   done

single:
	VMOVSS (SI), X0
	VMULPS X12, X0, X0
	VADDPS X13, X0, X0
	VMAXPS X0, X14, X0
	VMINPS X0, X15, X0
	VMOVSS X0, (DI)
	ADDQ   $4, SI
	ADDQ   $4, DI
	DECQ   CX
	JNZ    single

done:
	VZEROUPPER
	RET

// Z is alpha.
#define LEAKY(A, B, C, D, E, Z) \
	VXORPS C, C, C; \
	VMINPS A, C, B; \
	VMULPS Z, B, B; \
	VMAXPS A, C, A; \
	VADDPS B, A, A

// func leakyAsm(dst, x *float32, n int, alpha float32)
TEXT ·leakyAsm(SB), NOSPLIT, $0-28
	UNARY_ARGUMENTS
	VBROADCASTSS alpha+24(FP), Y15
	ALONG(LEAKY)

#define HARDSWISH(A, B, C, D, E, Z) \
	VBROADCASTSS sixth<>(SB), B; \
	VMULPS B, A, B; \
	VBROADCASTSS half<>(SB), C; \
	VADDPS C, B, B; \
	VXORPS C, C, C; \
	VMAXPS B, C, B; \
	VBROADCASTSS one<>(SB), C; \
	VMINPS B, C, B; \
	VMULPS B, A, A

// func hardSwishAsm(dst, x *float32, n int)
TEXT ·hardSwishAsm(SB), NOSPLIT, $0-24
	UNARY_ARGUMENTS
	ALONG(HARDSWISH)

// The tail of kernels with polynomials takes eight values, too: the last eight once more, if there are eight, so that
// every value is computed by the same instructions. Where there are fewer they go through the stack.

// WHOLE is ALONG for those: OP works on Y0 and spends Y1..Y7. dst and x may be the same, so that the last eight inputs
// are kept before anything is written.
#define WHOLE(OP) \
	CMPQ CX, $8; \
	JLT few; \
	MOVQ CX, R8; \
	VMOVUPS -32(SI)(CX*4), Y8; \
	LEAQ -32(DI)(CX*4), R9; \
	SUBQ $8, CX; \
eight: \
	VMOVUPS (SI), Y0; \
	OP; \
	VMOVUPS Y0, (DI); \
	ADDQ $32, SI; \
	ADDQ $32, DI; \
	SUBQ $8, CX; \
	JGE eight; \
	VMOVUPS Y8, Y0; \
	OP; \
	VMOVUPS Y0, (R9); \
	VZEROUPPER; \
	RET; \
few: \
	VXORPS Y0, Y0, Y0; \
	VMOVUPS Y0, buf-32(SP); \
	LEAQ buf-32(SP), R9; \
	MOVQ CX, R8; \
	MOVQ R9, R10; \
load: \
	MOVL (SI), AX; \
	MOVL AX, (R10); \
	ADDQ $4, SI; \
	ADDQ $4, R10; \
	DECQ R8; \
	JNZ load; \
	VMOVUPS (R9), Y0; \
	OP; \
	VMOVUPS Y0, (R9); \
store: \
	MOVL (R9), AX; \
	MOVL AX, (DI); \
	ADDQ $4, R9; \
	ADDQ $4, DI; \
	DECQ CX; \
	JNZ store; \
	VZEROUPPER; \
	RET

// 1 / (1 + exp(-x)).
#define SIGMOID \
	VXORPS sign<>(SB), Y0, Y0; \
	EXP(Y0, Y1, Y2, Y3, Y4, Y6); \
	VMOVUPS one<>(SB), Y1; \
	VADDPS Y1, Y2, Y2; \
	VDIVPS Y2, Y1, Y0

// func sigmoidAsm(dst, x *float32, n int)
TEXT ·sigmoidAsm(SB), NOSPLIT, $32-24
	UNARY_ARGUMENTS
	WHOLE(SIGMOID)

// x / (1 + exp(-alpha x)), -alpha in Y15.
#define SWISH \
	VMOVUPS Y0, Y5; \
	VMULPS Y15, Y0, Y0; \
	EXP(Y0, Y1, Y2, Y3, Y4, Y6); \
	VADDPS one<>(SB), Y2, Y2; \
	VDIVPS Y2, Y5, Y0

// func swishAsm(dst, x *float32, n int, alpha float32)
TEXT ·swishAsm(SB), NOSPLIT, $32-28
	UNARY_ARGUMENTS
	VBROADCASTSS alpha+24(FP), Y15
	VXORPS sign<>(SB), Y15, Y15
	WHOLE(SWISH)

// tanh and erf as quotients of polynomials, an odd one over an even one.
EIGHT(tanhLimit<>, $0x40fcf84f) // 7.905311107635498
EIGHT(tanhLow<>, $0xc0fcf84f) // -7.905311107635498
EIGHT(tanhA13<>, $0xa59f25c0) // -2.76076847742355e-16
EIGHT(tanhA11<>, $0x2a61337e) // 2.00018790482477e-13
EIGHT(tanhA9<>, $0xaebd37ff) // -8.60467152213735e-11
EIGHT(tanhA7<>, $0x335c0041) // 5.12229709037114e-08
EIGHT(tanhA5<>, $0x3779434a) // 1.48572235717979e-05
EIGHT(tanhA3<>, $0x3a270ded) // 0.000637261928875436
EIGHT(tanhA1<>, $0x3ba059dc) // 0.00489352455891786
EIGHT(tanhB6<>, $0x35a0d3d8) // 1.19825839466702e-06
EIGHT(tanhB4<>, $0x38f895d6) // 0.000118534705686654
EIGHT(tanhB2<>, $0x3b14aa05) // 0.002268434632439
EIGHT(tanhB0<>, $0x3ba059dd) // 0.00489352518554385

#define TANH \
	VMOVUPS tanhLow<>(SB), Y1; \
	VMAXPS Y0, Y1, Y0; \
	VMOVUPS tanhLimit<>(SB), Y1; \
	VMINPS Y0, Y1, Y0; \
	VMULPS Y0, Y0, Y1; \
	VMOVUPS tanhA13<>(SB), Y2; \
	VFMADD213PS tanhA11<>(SB), Y1, Y2; \
	VFMADD213PS tanhA9<>(SB), Y1, Y2; \
	VFMADD213PS tanhA7<>(SB), Y1, Y2; \
	VFMADD213PS tanhA5<>(SB), Y1, Y2; \
	VFMADD213PS tanhA3<>(SB), Y1, Y2; \
	VFMADD213PS tanhA1<>(SB), Y1, Y2; \
	VMOVUPS tanhB6<>(SB), Y3; \
	VFMADD213PS tanhB4<>(SB), Y1, Y3; \
	VFMADD213PS tanhB2<>(SB), Y1, Y3; \
	VFMADD213PS tanhB0<>(SB), Y1, Y3; \
	VMULPS Y0, Y2, Y2; \
	VDIVPS Y3, Y2, Y0

// func tanhAsm(dst, x *float32, n int)
TEXT ·tanhAsm(SB), NOSPLIT, $32-24
	UNARY_ARGUMENTS
	WHOLE(TANH)

EIGHT(rsqrt2<>, $0x3f3504f3) // 0.7071067811865476
EIGHT(erfLimit<>, $0x40800000)   // 4
EIGHT(erfLow<>, $0xc0800000)
EIGHT(erfA13<>, $0xaf95df0b) // -2.72614225801306e-10
EIGHT(erfA11<>, $0x32edffee) // 2.77068142495902e-08
EIGHT(erfA9<>, $0xb60cff51) // -2.10102402082508e-06
EIGHT(erfA7<>, $0xb86ec2d2) // -5.69250639462346e-05
EIGHT(erfA5<>, $0xba40ac63) // -0.000734990630326855
EIGHT(erfA3<>, $0xbb41a1f6) // -0.00295459980854025
EIGHT(erfA1<>, $0xbc83dbd4) // -0.0160960333262415
EIGHT(erfB8<>, $0xb77460cd) // -1.45660718464996e-05
EIGHT(erfB6<>, $0xb95fbd29) // -0.000213374055278905
EIGHT(erfB4<>, $0xbadc924e) // -0.00168282697438203
EIGHT(erfB2<>, $0xbbf19bf8) // -0.00737332916720468
EIGHT(erfB0<>, $0xbc69b6a7) // -0.0142647390514189

#define GELU \
	VMULPS half<>(SB), Y0, Y5; \
	VMULPS rsqrt2<>(SB), Y0, Y0; \
	VMOVUPS erfLow<>(SB), Y1; \
	VMAXPS Y0, Y1, Y0; \
	VMOVUPS erfLimit<>(SB), Y1; \
	VMINPS Y0, Y1, Y0; \
	VMULPS Y0, Y0, Y1; \
	VMOVUPS erfA13<>(SB), Y2; \
	VFMADD213PS erfA11<>(SB), Y1, Y2; \
	VFMADD213PS erfA9<>(SB), Y1, Y2; \
	VFMADD213PS erfA7<>(SB), Y1, Y2; \
	VFMADD213PS erfA5<>(SB), Y1, Y2; \
	VFMADD213PS erfA3<>(SB), Y1, Y2; \
	VFMADD213PS erfA1<>(SB), Y1, Y2; \
	VMOVUPS erfB8<>(SB), Y3; \
	VFMADD213PS erfB6<>(SB), Y1, Y3; \
	VFMADD213PS erfB4<>(SB), Y1, Y3; \
	VFMADD213PS erfB2<>(SB), Y1, Y3; \
	VFMADD213PS erfB0<>(SB), Y1, Y3; \
	VMULPS Y0, Y2, Y2; \
	VDIVPS Y3, Y2, Y0; \
	VADDPS one<>(SB), Y0, Y0; \
	VMULPS Y5, Y0, Y0

// func geluAsm(dst, x *float32, n int)
TEXT ·geluAsm(SB), NOSPLIT, $32-24
	UNARY_ARGUMENTS
	WHOLE(GELU)

// REDUCE folds the lanes of Y with OP; every lane has the result.
#define REDUCE(OP, Y, T) \
	VPERM2F128 $1, Y, Y, T; \
	OP T, Y, Y; \
	VPERMILPS $0x4e, Y, T; \
	OP T, Y, Y; \
	VPERMILPS $0xb1, Y, T; \
	OP T, Y, Y

// The last n mod 8 lanes of a row's last eight values: tails<>+4*(n mod 8).
DATA tails<>+0(SB)/8, $0
DATA tails<>+8(SB)/8, $0
DATA tails<>+16(SB)/8, $0
DATA tails<>+24(SB)/8, $0
DATA tails<>+32(SB)/8, $0xffffffffffffffff
DATA tails<>+40(SB)/8, $0xffffffffffffffff
DATA tails<>+48(SB)/8, $0xffffffffffffffff
DATA tails<>+56(SB)/8, $0xffffffffffffffff
GLOBL tails<>(SB), RODATA|NOPTR, $64

// func softmaxAsm(dst, x *float32, rows, n int)
// n is at least 8. The last eight values of a row are loaded once more where n is no multiple of eight: Y14 masks
// those lanes that count.
TEXT ·softmaxAsm(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ rows+16(FP), R11
	MOVQ n+24(FP), R8
	MOVQ R8, R9
	ANDQ $7, R9
	LEAQ tails<>(SB), AX
	VMOVUPS (AX)(R9*4), Y14 // a lane counts if it is among the last n mod 8
	MOVQ R8, R9
	ANDQ $-8, R9 // whole vectors

row:
	// the maximum, NaN if there is one
	VMOVUPS -32(SI)(R8*4), Y15
	VMOVUPS Y15, Y0
	VXORPS  Y7, Y7, Y7
	VCMPPS  $3, Y15, Y15, Y7
	XORQ    CX, CX

top:
	VMOVUPS (SI)(CX*4), Y1
	VCMPPS  $3, Y1, Y1, Y2
	VORPS   Y2, Y7, Y7
	VMAXPS  Y1, Y0, Y0
	ADDQ    $8, CX
	CMPQ    CX, R9
	JLT     top
	REDUCE(VMAXPS, Y0, Y1)
	REDUCE(VORPS, Y7, Y1)
	VORPS   Y7, Y0, Y13
	VXORPS  Y12, Y12, Y12 // the sum
	XORQ    CX, CX

exps:
	VMOVUPS (SI)(CX*4), Y0
	VSUBPS  Y13, Y0, Y0
	EXP(Y0, Y1, Y2, Y3, Y4, Y6)
	VADDPS  Y2, Y12, Y12
	VMOVUPS Y2, (DI)(CX*4)
	ADDQ    $8, CX
	CMPQ    CX, R9
	JLT     exps
	VSUBPS  Y13, Y15, Y0
	EXP(Y0, Y1, Y2, Y3, Y4, Y6)
	VMOVUPS Y2, Y11 // the last eight
	VANDPS  Y14, Y2, Y2
	VADDPS  Y2, Y12, Y12
	REDUCE(VADDPS, Y12, Y1)
	VORPS   Y7, Y12, Y12
	VMOVUPS one<>(SB), Y0
	VDIVPS  Y12, Y0, Y12
	VMULPS  Y12, Y11, Y11
	XORQ    CX, CX

scale:
	VMULPS  (DI)(CX*4), Y12, Y0
	VMOVUPS Y0, (DI)(CX*4)
	ADDQ    $8, CX
	CMPQ    CX, R9
	JLT     scale
	VMOVUPS Y11, -32(DI)(R8*4)
	LEAQ    (SI)(R8*4), SI
	LEAQ    (DI)(R8*4), DI
	DECQ    R11
	JNZ     row
	VZEROUPPER
	RET

// AVERAGE makes the sum in Y0 or its like a mean; T is spent.
#define AVERAGE(S, T) \
	REDUCE(VADDPS, S, T); \
	VDIVPS Y14, S, S

// VARIANCE makes Q, the sum of squares of differences to the mean M, the variance and epsilon, and mends M by the sum D of
// these differences: what is left of its rounding. NaN stays. T is spent.
#define VARIANCE(Q, D, M, T) \
	AVERAGE(Q, T); \
	AVERAGE(D, T); \
	VFNMADD231PS D, D, Q; \
	VMAXPS Q, Y13, Q; \
	VADDPS D, M, M; \
	VADDPS Y15, Q, Q

// FITS compares the variance in X with what float32 reckons with: from 4e-31 on, and finite.
#define FITS(X) \
	VMOVD X, AX; \
	SUBL $0x0D000000, AX; \
	CMPL AX, $0x72800000

#define INVERSE(Q) \
	VSQRTPS Q, Q; \
	VDIVPS Q, Y12, Q

// func normalizeAsm(dst, x, scale, bias *float32, rows, n int, epsilon float32) (left int)
// n is a multiple of 8. It stops before a row whose variance is no number or beyond what float32 reckons with. Two rows are
// computed together, because a row's sums wait for each other: Y0 and Y5 the means, Y1 and Y6 the variances.
TEXT ·normalizeAsm(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ scale+16(FP), DX
	MOVQ bias+24(FP), BX
	MOVQ rows+32(FP), R11
	MOVQ n+40(FP), R8
	VBROADCASTSS epsilon+48(FP), Y15
	VXORPS X14, X14, X14
	VCVTSI2SSQ R8, X14, X14
	VBROADCASTSS X14, Y14 // n
	VXORPS Y13, Y13, Y13
	VMOVUPS one<>(SB), Y12

rows:
	CMPQ R11, $2
	JLT  row
	LEAQ (SI)(R8*4), R9
	LEAQ (DI)(R8*4), R10
	VXORPS Y0, Y0, Y0
	VXORPS Y5, Y5, Y5
	XORQ   CX, CX

sums:
	VADDPS (SI)(CX*4), Y0, Y0
	VADDPS (R9)(CX*4), Y5, Y5
	ADDQ   $8, CX
	CMPQ   CX, R8
	JLT    sums
	AVERAGE(Y0, Y2)
	AVERAGE(Y5, Y7)
	VXORPS Y1, Y1, Y1
	VXORPS Y4, Y4, Y4
	VXORPS Y6, Y6, Y6
	VXORPS Y9, Y9, Y9
	XORQ   CX, CX

bothsquares:
	VMOVUPS     (SI)(CX*4), Y2
	VMOVUPS     (R9)(CX*4), Y7
	VSUBPS      Y0, Y2, Y2
	VSUBPS      Y5, Y7, Y7
	VADDPS      Y2, Y4, Y4
	VADDPS      Y7, Y9, Y9
	VFMADD231PS Y2, Y2, Y1
	VFMADD231PS Y7, Y7, Y6
	ADDQ        $8, CX
	CMPQ        CX, R8
	JLT         bothsquares
	VARIANCE(Y1, Y4, Y0, Y2)
	VARIANCE(Y6, Y9, Y5, Y7)
	FITS(X1)
	JCC         row // which stops, or leaves the other
	FITS(X6)
	JCC         row
	INVERSE(Y1)
	INVERSE(Y6)
	XORQ        CX, CX

applyboth:
	VMOVUPS     (SI)(CX*4), Y2
	VMOVUPS     (R9)(CX*4), Y7
	VMOVUPS     (DX)(CX*4), Y8
	VMOVUPS     (BX)(CX*4), Y3
	VMOVAPS     Y3, Y10
	VSUBPS      Y0, Y2, Y2
	VSUBPS      Y5, Y7, Y7
	VMULPS      Y1, Y2, Y2
	VMULPS      Y6, Y7, Y7
	VFMADD231PS Y8, Y2, Y3
	VFMADD231PS Y8, Y7, Y10
	VMOVUPS     Y3, (DI)(CX*4)
	VMOVUPS     Y10, (R10)(CX*4)
	ADDQ        $8, CX
	CMPQ        CX, R8
	JLT         applyboth
	LEAQ        (R9)(R8*4), SI
	LEAQ        (R10)(R8*4), DI
	SUBQ        $2, R11
	JNZ         rows
	JMP         stop

row:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	XORQ   CX, CX

sum:
	VADDPS (SI)(CX*4), Y0, Y0
	ADDQ   $8, CX
	CMPQ   CX, R8
	JLT    sum
	AVERAGE(Y0, Y2)
	VXORPS Y4, Y4, Y4
	XORQ   CX, CX

squares:
	VMOVUPS     (SI)(CX*4), Y2
	VSUBPS      Y0, Y2, Y2
	VADDPS      Y2, Y4, Y4
	VFMADD231PS Y2, Y2, Y1
	ADDQ        $8, CX
	CMPQ        CX, R8
	JLT         squares
	VARIANCE(Y1, Y4, Y0, Y2)
	FITS(X1)
	JCC         stop
	INVERSE(Y1)
	XORQ        CX, CX

apply:
	VMOVUPS     (SI)(CX*4), Y2
	VSUBPS      Y0, Y2, Y2
	VMULPS      Y1, Y2, Y2
	VMOVUPS     (BX)(CX*4), Y3
	VFMADD231PS (DX)(CX*4), Y2, Y3
	VMOVUPS     Y3, (DI)(CX*4)
	ADDQ        $8, CX
	CMPQ        CX, R8
	JLT         apply
	LEAQ        (SI)(R8*4), SI
	LEAQ        (DI)(R8*4), DI
	DECQ        R11
	JNZ         rows

stop:
	MOVQ R11, left+56(FP)
	VZEROUPPER
	RET

// func packRowsAsm(dst, x *float32, panels, depth int)
TEXT ·packRowsAsm(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ panels+16(FP), R11
	MOVQ depth+24(FP), R8

panel:
	LEAQ (SI)(R8*4), R9
	LEAQ (R9)(R8*4), R10
	LEAQ (R10)(R8*4), R12
	LEAQ (R12)(R8*4), R13
	MOVQ R8, CX
	SUBQ $4, CX
	JLT  rest

four:
	VMOVUPS    (SI), X0
	VMOVUPS    (R9), X1
	VMOVUPS    (R10), X2
	VMOVUPS    (R12), X3
	VUNPCKLPS  X1, X0, X4
	VUNPCKHPS  X1, X0, X5
	VUNPCKLPS  X3, X2, X6
	VUNPCKHPS  X3, X2, X7
	VUNPCKLPD  X6, X4, X0
	VUNPCKHPD  X6, X4, X1
	VUNPCKLPD  X7, X5, X2
	VUNPCKHPD  X7, X5, X3
	VMOVUPS    X0, (DI)
	VMOVUPS    X1, 16(DI)
	VMOVUPS    X2, 32(DI)
	VMOVUPS    X3, 48(DI)
	ADDQ       $16, SI
	ADDQ       $16, R9
	ADDQ       $16, R10
	ADDQ       $16, R12
	ADDQ       $64, DI
	SUBQ       $4, CX
	JGE        four

rest:
	ADDQ $4, CX
	JZ   next

single:
	MOVL (SI), AX
	MOVL AX, (DI)
	MOVL (R9), AX
	MOVL AX, 4(DI)
	MOVL (R10), AX
	MOVL AX, 8(DI)
	MOVL (R12), AX
	MOVL AX, 12(DI)
	ADDQ $4, SI
	ADDQ $4, R9
	ADDQ $4, R10
	ADDQ $4, R12
	ADDQ $16, DI
	DECQ CX
	JNZ  single

next:
	MOVQ R13, SI
	DECQ R11
	JNZ  panel
	VZEROUPPER
	RET

// Y = the larger of A and B, NaN where either is; T is spent.
#define MAXIMUM(A, B, Y, T) \
	VCMPPS $3, B, A, T; \
	VMAXPS A, B, Y; \
	VORPS T, Y, Y

// func maxPool2Asm(dst, x *float32, rows, w int)
TEXT ·maxPool2Asm(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ rows+16(FP), R11
	MOVQ w+24(FP), R8

row:
	LEAQ (SI)(R8*8), DX
	MOVQ R8, CX
	SUBQ $8, CX
	JLT  rest

eight:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS (DX), Y2
	VMOVUPS 32(DX), Y3
	MAXIMUM(Y0, Y2, Y4, Y6)
	MAXIMUM(Y1, Y3, Y5, Y6)
	VSHUFPS $0x88, Y5, Y4, Y0
	VSHUFPS $0xdd, Y5, Y4, Y1
	MAXIMUM(Y0, Y1, Y2, Y6)
	VPERMPD $0xd8, Y2, Y2
	VMOVUPS Y2, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DX
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     eight

rest:
	ADDQ $8, CX
	JZ   next

single:
	VMOVSS (SI), X0
	VMOVSS 4(SI), X1
	VMOVSS (DX), X2
	VMOVSS 4(DX), X3
	MAXIMUM(X0, X1, X4, X6)
	MAXIMUM(X2, X3, X5, X6)
	MAXIMUM(X4, X5, X0, X6)
	VMOVSS X0, (DI)
	ADDQ   $8, SI
	ADDQ   $8, DX
	ADDQ   $4, DI
	DECQ   CX
	JNZ    single

next:
	MOVQ DX, SI
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

// func interleaveAsm(dst, a, b *float32, n int, shift float32)
TEXT ·interleaveAsm(SB), NOSPLIT, $0-36
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVQ n+24(FP), CX
	VBROADCASTSS shift+32(FP), Y15
	SUBQ $8, CX
	JLT  rest

eight:
	VADDPS     (SI), Y15, Y0
	VADDPS     (DX), Y15, Y1
	VUNPCKLPS  Y1, Y0, Y2
	VUNPCKHPS  Y1, Y0, Y3
	VPERM2F128 $0x20, Y3, Y2, Y0
	VPERM2F128 $0x31, Y3, Y2, Y1
	VMOVUPS    Y0, (DI)
	VMOVUPS    Y1, 32(DI)
	ADDQ       $32, SI
	ADDQ       $32, DX
	ADDQ       $64, DI
	SUBQ       $8, CX
	JGE        eight

rest:
	ADDQ $8, CX
	JZ   done

single:
	VADDSS (SI), X15, X0
	VADDSS (DX), X15, X1
	VMOVSS X0, (DI)
	VMOVSS X1, 4(DI)
	ADDQ   $4, SI
	ADDQ   $4, DX
	ADDQ   $8, DI
	DECQ   CX
	JNZ    single

done:
	VZEROUPPER
	RET

DATA firsts<>+0(SB)/8, $0xffffffffffffffff
DATA firsts<>+8(SB)/8, $0xffffffffffffffff
DATA firsts<>+16(SB)/8, $0xffffffffffffffff
DATA firsts<>+24(SB)/8, $0xffffffffffffffff
DATA firsts<>+32(SB)/8, $0
DATA firsts<>+40(SB)/8, $0
DATA firsts<>+48(SB)/8, $0
DATA firsts<>+56(SB)/8, $0
GLOBL firsts<>(SB), RODATA|NOPTR, $64

// Weights stay in Y0..Y8; Y14, Y15 are the limits; R10 points to the mask of a row's last vector.
#define PLANE3_BEGIN \
	MOVQ p+0(FP), AX; \
	MOVQ Plane3_W(AX), BX; \
	VBROADCASTSS (BX), Y0; \
	VBROADCASTSS 4(BX), Y1; \
	VBROADCASTSS 8(BX), Y2; \
	VBROADCASTSS 12(BX), Y3; \
	VBROADCASTSS 16(BX), Y4; \
	VBROADCASTSS 20(BX), Y5; \
	VBROADCASTSS 24(BX), Y6; \
	VBROADCASTSS 28(BX), Y7; \
	VBROADCASTSS 32(BX), Y8; \
	VBROADCASTSS Plane3_Lo(AX), Y14; \
	VBROADCASTSS Plane3_Hi(AX), Y15; \
	MOVQ Plane3_Out(AX), DI; \
	MOVQ Plane3_X(AX), SI; \
	MOVQ Plane3_Pitch(AX), R8; \
	SHLQ $2, R8; \
	MOVQ Plane3_Cols(AX), R9; \
	MOVQ Plane3_Rows(AX), R11; \
	MOVQ $8, CX; \
	MOVQ R9, DX; \
	ANDQ $7, DX; \
	JZ full; \
	SUBQ DX, CX; \
	JMP masked; \
full: \
	XORQ CX, CX; \
masked: \
	LEAQ firsts<>(SB), R10; \
	LEAQ (R10)(CX*4), R10

// PLANE3_STORE ends a vector: Y9 and Y10 are the two halves of the sum.
#define PLANE3_STORE \
	VMAXPS Y9, Y14, Y9; \
	VMINPS Y9, Y15, Y9; \
	SUBQ $8, CX; \
	JLE last; \
	VMOVUPS Y9, (DI); \
	ADDQ $32, DI

// The last vector of a row, of 8+CX values.
#define PLANE3_LAST \
	VMOVUPS (R10), Y11; \
	VMASKMOVPS Y9, Y11, (DI); \
	LEAQ 32(DI)(CX*4), DI

// func plane3Stride1(p *Plane3)
TEXT ·plane3Stride1(SB), NOSPLIT, $0-8
	PLANE3_BEGIN

row:
	MOVQ SI, R12
	LEAQ (SI)(R8*1), R13
	LEAQ (R13)(R8*1), BX
	MOVQ R9, CX

vector:
	VBROADCASTSS Plane3_Bias(AX), Y9
	VFMADD231PS  (R12), Y0, Y9
	VMULPS       4(R12), Y1, Y10
	VFMADD231PS  8(R12), Y2, Y9
	VFMADD231PS  (R13), Y3, Y10
	VFMADD231PS  4(R13), Y4, Y9
	VFMADD231PS  8(R13), Y5, Y10
	VFMADD231PS  (BX), Y6, Y9
	VFMADD231PS  4(BX), Y7, Y10
	VFMADD231PS  8(BX), Y8, Y9
	VADDPS       Y10, Y9, Y9
	PLANE3_STORE
	ADDQ         $32, R12
	ADDQ         $32, R13
	ADDQ         $32, BX
	JMP          vector

last:
	PLANE3_LAST
	ADDQ R8, SI
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

// One row of taps of stride 2: P points to its values; even ones, odd ones, and even ones from the third on, each in
// the order that VSHUFPS gives and that one permutation mends at the end.
#define TAPS2(P, A, B, C, MUL) \
	VMOVUPS (P), Y11; \
	VSHUFPS $0x88, 32(P), Y11, Y12; \
	VSHUFPS $0xdd, 32(P), Y11, Y13; \
	VFMADD231PS Y12, A, Y9; \
	MUL(Y13, B); \
	VMOVUPS 8(P), Y11; \
	VSHUFPS $0x88, 40(P), Y11, Y12; \
	VFMADD231PS Y12, C, Y9

#define FIRST(X, W) VMULPS X, W, Y10
#define MORE(X, W) VFMADD231PS X, W, Y10

// func plane3Stride2(p *Plane3)
TEXT ·plane3Stride2(SB), NOSPLIT, $0-8
	PLANE3_BEGIN

row:
	MOVQ SI, R12
	LEAQ (SI)(R8*1), R13
	LEAQ (R13)(R8*1), BX
	MOVQ R9, CX

vector:
	VBROADCASTSS Plane3_Bias(AX), Y9
	TAPS2(R12, Y0, Y1, Y2, FIRST)
	TAPS2(R13, Y3, Y4, Y5, MORE)
	TAPS2(BX, Y6, Y7, Y8, MORE)
	VADDPS       Y10, Y9, Y9
	VPERMPD      $0xd8, Y9, Y9
	PLANE3_STORE
	ADDQ         $64, R12
	ADDQ         $64, R13
	ADDQ         $64, BX
	JMP          vector

last:
	PLANE3_LAST
	LEAQ (SI)(R8*2), SI
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

// func unpackAsm(u *Unpack, fours int)
TEXT ·unpackAsm(SB), NOSPLIT, $0-16
	MOVQ u+0(FP), AX
	MOVQ fours+8(FP), CX
	MOVQ Unpack_In(AX), SI
	MOVQ Unpack_Step(AX), R8
	SHLQ $2, R8
	LEAQ (SI)(R8*1), R9
	LEAQ (R9)(R8*1), R10
	LEAQ (R10)(R8*1), R11
	MOVQ Unpack_Out(AX), DI
	MOVQ Unpack_Add(AX), DX
	MOVQ Unpack_OutStep(AX), R12
	SHLQ $2, R12
	LEAQ (R12)(R12*2), R13
	VBROADCASTSS Unpack_Lo(AX), X14
	VBROADCASTSS Unpack_Hi(AX), X15

four:
	VMOVUPS   (SI), X0
	VMOVUPS   (R9), X1
	VMOVUPS   (R10), X2
	VMOVUPS   (R11), X3
	VUNPCKLPS X1, X0, X4
	VUNPCKHPS X1, X0, X5
	VUNPCKLPS X3, X2, X6
	VUNPCKHPS X3, X2, X7
	VUNPCKLPD X6, X4, X0
	VUNPCKHPD X6, X4, X1
	VUNPCKLPD X7, X5, X2
	VUNPCKHPD X7, X5, X3
	TESTQ     DX, DX
	JZ        clamp
	VADDPS    (DX), X0, X0
	VADDPS    (DX)(R12*1), X1, X1
	VADDPS    (DX)(R12*2), X2, X2
	VADDPS    (DX)(R13*1), X3, X3
	LEAQ      (DX)(R12*4), DX

clamp:
	VMAXPS  X0, X14, X0
	VMAXPS  X1, X14, X1
	VMAXPS  X2, X14, X2
	VMAXPS  X3, X14, X3
	VMINPS  X0, X15, X0
	VMINPS  X1, X15, X1
	VMINPS  X2, X15, X2
	VMINPS  X3, X15, X3
	VMOVUPS X0, (DI)
	VMOVUPS X1, (DI)(R12*1)
	VMOVUPS X2, (DI)(R12*2)
	VMOVUPS X3, (DI)(R13*1)
	LEAQ    (DI)(R12*4), DI
	ADDQ    $16, SI
	ADDQ    $16, R9
	ADDQ    $16, R10
	ADDQ    $16, R11
	DECQ    CX
	JNZ     four
	VZEROUPPER
	RET
