//go:build arm64 && !noasm

#include "neon_arm64.h"
#include "textflag.h"

// Kernels along contiguous values: they do what those of AVX2 do, in the same order, eight values in two registers. FMIN and
// FMAX give NaN where either operand is NaN. Operands of macros are numbers of registers.

// BINARY defines a kernel on two operands: OP(A, B, T) leaves its result in A and may spend B and T; V31 is zero.
#define BINARY(NAME, OP) \
TEXT NAME(SB), NOSPLIT, $0-32; \
	MOVD dst+0(FP), R0; \
	MOVD a+8(FP), R1; \
	MOVD b+16(FP), R2; \
	MOVD n+24(FP), R3; \
	VEOR V31.B16, V31.B16, V31.B16; \
	SUBS $16, R3; \
	BLT four; \
sixteen: \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	VLD1.P 64(R2), [V4.S4, V5.S4, V6.S4, V7.S4]; \
	OP(0, 4, 16); \
	OP(1, 5, 17); \
	OP(2, 6, 18); \
	OP(3, 7, 19); \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0); \
	SUBS $16, R3; \
	BGE sixteen; \
four: \
	ADDS $12, R3; \
	BLT tail; \
nextfour: \
	VLD1.P 16(R1), [V0.S4]; \
	VLD1.P 16(R2), [V4.S4]; \
	OP(0, 4, 16); \
	VST1.P [V0.S4], 16(R0); \
	SUBS $4, R3; \
	BGE nextfour; \
tail: \
	ADDS $4, R3; \
	BEQ done; \
single: \
	FMOVS.P 4(R1), F0; \
	FMOVS.P 4(R2), F4; \
	OP(0, 4, 16); \
	FMOVS.P F0, 4(R0); \
	SUBS $1, R3; \
	BNE single; \
done: \
	RET

#define ADDOP(A, B, T) FADD(B, A, A)
#define SUBOP(A, B, T) FSUB(B, A, A)
#define MULOP(A, B, T) FMUL(B, A, A)
#define DIVOP(A, B, T) FDIV(B, A, A)
#define MINOP(A, B, T) FMIN(B, A, A)
#define MAXOP(A, B, T) FMAX(B, A, A)

#define PRELU(A, B, T) \
	FMIN(31, A, T); \
	FMUL(B, T, T); \
	FMAX(31, A, A); \
	FADD(T, A, A)

BINARY(·addAsm, ADDOP)
BINARY(·subAsm, SUBOP)
BINARY(·mulAsm, MULOP)
BINARY(·divAsm, DIVOP)
BINARY(·minAsm, MINOP)
BINARY(·maxAsm, MAXOP)
BINARY(·preluAsm, PRELU)

#define UNARY_ARGUMENTS \
	MOVD dst+0(FP), R0; \
	MOVD x+8(FP), R1; \
	MOVD n+16(FP), R2

// ALONG is the loop of kernels on one operand: OP(A, T) leaves its result in A and may spend T.
#define ALONG(OP) \
	SUBS $16, R2; \
	BLT four; \
sixteen: \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	OP(0, 4); \
	OP(1, 5); \
	OP(2, 6); \
	OP(3, 7); \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0); \
	SUBS $16, R2; \
	BGE sixteen; \
four: \
	ADDS $12, R2; \
	BLT tail; \
nextfour: \
	VLD1.P 16(R1), [V0.S4]; \
	OP(0, 4); \
	VST1.P [V0.S4], 16(R0); \
	SUBS $4, R2; \
	BGE nextfour; \
tail: \
	ADDS $4, R2; \
	BEQ done; \
single: \
	FMOVS.P 4(R1), F0; \
	OP(0, 4); \
	FMOVS.P F0, 4(R0); \
	SUBS $1, R2; \
	BNE single; \
done: \
	RET

#define AFFINE(A, T) \
	FMUL(28, A, A); \
	FADD(29, A, A); \
	FMAX(30, A, A); \
	FMIN(31, A, A)

// func affineAsm(dst, x *float32, n int, scale, shift, lo, hi float32)
TEXT ·affineAsm(SB), NOSPLIT, $0-40
	UNARY_ARGUMENTS
	FMOVS scale+24(FP), F28
	FMOVS shift+28(FP), F29
	FMOVS lo+32(FP), F30
	FMOVS hi+36(FP), F31
	VDUP  V28.S[0], V28.S4
	VDUP  V29.S[0], V29.S4
	VDUP  V30.S[0], V30.S4
	VDUP  V31.S[0], V31.S4
	ALONG(AFFINE)

#define LEAKY(A, T) \
	FMIN(31, A, T); \
	FMUL(30, T, T); \
	FMAX(31, A, A); \
	FADD(T, A, A)

// func leakyAsm(dst, x *float32, n int, alpha float32)
TEXT ·leakyAsm(SB), NOSPLIT, $0-28
	UNARY_ARGUMENTS
	FMOVS alpha+24(FP), F30
	VDUP  V30.S[0], V30.S4
	VEOR  V31.B16, V31.B16, V31.B16
	ALONG(LEAKY)

// CONSTANT fills a register with a float32 by its bits.
#define CONSTANT(BITS, V) \
	MOVW $BITS, R9; \
	VDUP R9, V

#define HARDSWISH(A, T) \
	FMUL(28, A, T); \
	FADD(29, T, T); \
	FMAX(31, T, T); \
	FMIN(30, T, T); \
	FMUL(T, A, A)

// func hardSwishAsm(dst, x *float32, n int)
TEXT ·hardSwishAsm(SB), NOSPLIT, $0-24
	UNARY_ARGUMENTS
	CONSTANT(0x3e2aaaab, V28.S4) // 0.16666666666666666
	CONSTANT(0x3f000000, V29.S4) // 0.5
	CONSTANT(0x3f800000, V30.S4) // 1
	VEOR V31.B16, V31.B16, V31.B16
	ALONG(HARDSWISH)

// Kernels with polynomials take eight values at a time. Their tail does, too: the last eight once more, if there are eight.
// Where there are fewer they go through the stack.

// WHOLE is the loop of those: OP works on V0 and V1 and spends V2..V13. dst and x may be the same, so that the last eight
// inputs are kept, in V14 and V15, before anything is written.
#define WHOLE(OP) \
	CMP $8, R2; \
	BLT few; \
	ADD R2<<2, R1, R3; \
	SUB $32, R3; \
	VLD1 (R3), [V14.S4, V15.S4]; \
	ADD R2<<2, R0, R3; \
	SUB $32, R3; \
	SUB $8, R2; \
eight: \
	VLD1.P 32(R1), [V0.S4, V1.S4]; \
	OP; \
	VST1.P [V0.S4, V1.S4], 32(R0); \
	SUBS $8, R2; \
	BGE eight; \
	COPY(14, 0); \
	COPY(15, 1); \
	OP; \
	VST1 [V0.S4, V1.S4], (R3); \
	RET; \
few: \
	MOVD $buf-32(SP), R3; \
	VEOR V0.B16, V0.B16, V0.B16; \
	VEOR V1.B16, V1.B16, V1.B16; \
	VST1 [V0.S4, V1.S4], (R3); \
	MOVD R3, R4; \
	MOVD R2, R5; \
load: \
	MOVWU.P 4(R1), R6; \
	MOVW.P R6, 4(R4); \
	SUBS $1, R5; \
	BNE load; \
	VLD1 (R3), [V0.S4, V1.S4]; \
	OP; \
	VST1 [V0.S4, V1.S4], (R3); \
store: \
	MOVWU.P 4(R3), R6; \
	MOVW.P R6, 4(R0); \
	SUBS $1, R2; \
	BNE store; \
	RET

// exp, after Cephes' expf: x = k ln 2 + r, a polynomial of r, then k into the exponent. Its constants are -87.3, 88.3,
// infinity, log2 e, ln 2 in two parts, six coefficients and 1.
#define EXP_CONSTANTS \
	CONSTANT(0xc2ae999a, V16.S4); \
	CONSTANT(0x42b0999a, V17.S4); \
	CONSTANT(0x7f800000, V18.S4); \
	CONSTANT(0x3fb8aa3b, V19.S4); \
	CONSTANT(0xbf318000, V20.S4); \
	CONSTANT(0x395e8083, V21.S4); \
	CONSTANT(0x39506967, V22.S4); \
	CONSTANT(0x3ab743ce, V23.S4); \
	CONSTANT(0x3c088908, V24.S4); \
	CONSTANT(0x3d2aa9c1, V25.S4); \
	CONSTANT(0x3e2aaaaa, V26.S4); \
	CONSTANT(0x3f000000, V27.S4); \
	CONSTANT(0x3f800000, V28.S4) // 1

// EXP sets V4 and V5 to exp(V0) and exp(V1), 0 below -87.3 and infinity above 88.3; V0..V3 and V6..V11 are spent.
#define EXP \
	FCMGT(0, 16, 8); \
	FCMGT(1, 16, 9); \
	FMAX(16, 0, 0); \
	FMAX(16, 1, 1); \
	FCMGT(17, 0, 10); \
	FCMGT(17, 1, 11); \
	FMIN(17, 0, 0); \
	FMIN(17, 1, 1); \
	FMUL(19, 0, 2); \
	FMUL(19, 1, 3); \
	FRINTN(2, 2); \
	FRINTN(3, 3); \
	FMLA(20, 2, 0); \
	FMLA(20, 3, 1); \
	FMLA(21, 2, 0); \
	FMLA(21, 3, 1); \
	HORNER(22, 22, 23, 4, 5, 0, 1); \
	HORNER(4, 5, 24, 6, 7, 0, 1); \
	HORNER(6, 7, 25, 4, 5, 0, 1); \
	HORNER(4, 5, 26, 6, 7, 0, 1); \
	HORNER(6, 7, 27, 4, 5, 0, 1); \
	FMUL(0, 0, 6); \
	FMUL(1, 1, 7); \
	FMLA(6, 4, 0); \
	FMLA(7, 5, 1); \
	FADD(28, 0, 4); \
	FADD(28, 1, 5); \
	FCVTNS(2, 2); \
	FCVTNS(3, 3); \
	SHL23(2, 2); \
	SHL23(3, 3); \
	ADDS4(2, 4, 4); \
	ADDS4(3, 5, 5); \
	BICV(8, 4, 4); \
	BICV(9, 5, 5); \
	BITV(10, 18, 4); \
	BITV(11, 18, 5)

// HORNER is a step of a polynomial of X0 and X1: it sets D = P*X + C.
#define HORNER(P0, P1, C, D0, D1, X0, X1) \
	COPY(C, D0); \
	COPY(C, D1); \
	FMLA(X0, P0, D0); \
	FMLA(X1, P1, D1)

// 1 / (1 + exp(-x)).
#define SIGMOID \
	FNEG(0, 0); \
	FNEG(1, 1); \
	EXP; \
	FADD(28, 4, 4); \
	FADD(28, 5, 5); \
	FDIV(4, 28, 0); \
	FDIV(5, 28, 1)

// func sigmoidAsm(dst, x *float32, n int)
TEXT ·sigmoidAsm(SB), NOSPLIT, $32-24
	UNARY_ARGUMENTS
	EXP_CONSTANTS
	WHOLE(SIGMOID)

// x / (1 + exp(-alpha x)), -alpha in V29.
#define SWISH \
	COPY(0, 12); \
	COPY(1, 13); \
	FMUL(29, 0, 0); \
	FMUL(29, 1, 1); \
	EXP; \
	FADD(28, 4, 4); \
	FADD(28, 5, 5); \
	FDIV(4, 12, 0); \
	FDIV(5, 13, 1)

// func swishAsm(dst, x *float32, n int, alpha float32)
TEXT ·swishAsm(SB), NOSPLIT, $32-28
	UNARY_ARGUMENTS
	EXP_CONSTANTS
	FMOVS alpha+24(FP), F29
	FNEGS F29, F29
	VDUP  V29.S[0], V29.S4
	WHOLE(SWISH)

// tanh and erf as quotients of polynomials, an odd one over an even one.
#define TANH \
	FMAX(17, 0, 0); \
	FMAX(17, 1, 1); \
	FMIN(16, 0, 0); \
	FMIN(16, 1, 1); \
	FMUL(0, 0, 2); \
	FMUL(1, 1, 3); \
	HORNER(18, 18, 19, 4, 5, 2, 3); \
	HORNER(4, 5, 20, 6, 7, 2, 3); \
	HORNER(6, 7, 21, 4, 5, 2, 3); \
	HORNER(4, 5, 22, 6, 7, 2, 3); \
	HORNER(6, 7, 23, 4, 5, 2, 3); \
	HORNER(4, 5, 24, 6, 7, 2, 3); \
	HORNER(25, 25, 26, 8, 9, 2, 3); \
	HORNER(8, 9, 27, 10, 11, 2, 3); \
	HORNER(10, 11, 28, 8, 9, 2, 3); \
	FMUL(0, 6, 6); \
	FMUL(1, 7, 7); \
	FDIV(8, 6, 0); \
	FDIV(9, 7, 1)

// func tanhAsm(dst, x *float32, n int)
TEXT ·tanhAsm(SB), NOSPLIT, $32-24
	UNARY_ARGUMENTS
	CONSTANT(0x40fcf84f, V16.S4) // 7.905311107635498
	CONSTANT(0xc0fcf84f, V17.S4) // -7.905311107635498
	CONSTANT(0xa59f25c0, V18.S4) // -2.76076847742355e-16
	CONSTANT(0x2a61337e, V19.S4) // 2.00018790482477e-13
	CONSTANT(0xaebd37ff, V20.S4) // -8.60467152213735e-11
	CONSTANT(0x335c0041, V21.S4) // 5.12229709037114e-08
	CONSTANT(0x3779434a, V22.S4) // 1.48572235717979e-05
	CONSTANT(0x3a270ded, V23.S4) // 0.000637261928875436
	CONSTANT(0x3ba059dc, V24.S4) // 0.00489352455891786
	CONSTANT(0x35a0d3d8, V25.S4) // 1.19825839466702e-06
	CONSTANT(0x38f895d6, V26.S4) // 0.000118534705686654
	CONSTANT(0x3b14aa05, V27.S4) // 0.002268434632439
	CONSTANT(0x3ba059dd, V28.S4) // 0.00489352518554385
	WHOLE(TANH)

#define GELU \
	FMUL(30, 0, 12); \
	FMUL(30, 1, 13); \
	FMUL(31, 0, 0); \
	FMUL(31, 1, 1); \
	FMAX(17, 0, 0); \
	FMAX(17, 1, 1); \
	FMIN(16, 0, 0); \
	FMIN(16, 1, 1); \
	FMUL(0, 0, 2); \
	FMUL(1, 1, 3); \
	HORNER(18, 18, 19, 4, 5, 2, 3); \
	HORNER(4, 5, 20, 6, 7, 2, 3); \
	HORNER(6, 7, 21, 4, 5, 2, 3); \
	HORNER(4, 5, 22, 6, 7, 2, 3); \
	HORNER(6, 7, 23, 4, 5, 2, 3); \
	HORNER(4, 5, 24, 6, 7, 2, 3); \
	HORNER(25, 25, 26, 8, 9, 2, 3); \
	HORNER(8, 9, 27, 10, 11, 2, 3); \
	HORNER(10, 11, 28, 8, 9, 2, 3); \
	HORNER(8, 9, 29, 10, 11, 2, 3); \
	FMUL(0, 6, 6); \
	FMUL(1, 7, 7); \
	FDIV(10, 6, 0); \
	FDIV(11, 7, 1); \
	ONE(4); \
	FADD(4, 0, 0); \
	FADD(4, 1, 1); \
	FMUL(12, 0, 0); \
	FMUL(13, 1, 1)

// func geluAsm(dst, x *float32, n int)
TEXT ·geluAsm(SB), NOSPLIT, $32-24
	UNARY_ARGUMENTS
	CONSTANT(0x40800000, V16.S4) // 4
	CONSTANT(0xc0800000, V17.S4) // -4
	CONSTANT(0xaf95df0b, V18.S4) // -2.72614225801306e-10
	CONSTANT(0x32edffee, V19.S4) // 2.77068142495902e-08
	CONSTANT(0xb60cff51, V20.S4) // -2.10102402082508e-06
	CONSTANT(0xb86ec2d2, V21.S4) // -5.69250639462346e-05
	CONSTANT(0xba40ac63, V22.S4) // -0.000734990630326855
	CONSTANT(0xbb41a1f6, V23.S4) // -0.00295459980854025
	CONSTANT(0xbc83dbd4, V24.S4) // -0.0160960333262415
	CONSTANT(0xb77460cd, V25.S4) // -1.45660718464996e-05
	CONSTANT(0xb95fbd29, V26.S4) // -0.000213374055278905
	CONSTANT(0xbadc924e, V27.S4) // -0.00168282697438203
	CONSTANT(0xbbf19bf8, V28.S4) // -0.00737332916720468
	CONSTANT(0xbc69b6a7, V29.S4) // -0.0142647390514189
	CONSTANT(0x3f000000, V30.S4) // 0.5
	CONSTANT(0x3f3504f3, V31.S4) // 0.7071067811865476
	WHOLE(GELU)

// REDUCE folds the lanes of A and B, which hold eight, with OP; every lane of A has the result, T is spent.
#define REDUCE(OP, A, B, T) \
	OP(B, A, A); \
	SWAP2(A, T); \
	OP(T, A, A); \
	SWAP1(A, T); \
	OP(T, A, A)

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
// n is at least 8. The last eight values of a row are loaded once more where n is no multiple of eight: V29 and V30 mask
// those lanes that count. R4 values of whole vectors, R5 the last eight inputs, V14 and V15; V31 the maximum.
TEXT ·softmaxAsm(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD n+24(FP), R3
	EXP_CONSTANTS
	AND  $7, R3, R4
	MOVD $tails<>(SB), R5
	ADD  R4<<2, R5
	VLD1 (R5), [V29.S4, V30.S4]
	SUB  R4, R3, R4

row:
	ADD  R3<<2, R1, R5
	SUB  $32, R5
	VLD1 (R5), [V14.S4, V15.S4]
	COPY(14, 0)
	COPY(15, 1)
	MOVD R1, R6
	MOVD R4, R7

top:
	VLD1.P 32(R6), [V2.S4, V3.S4]
	FMAX(2, 0, 0)
	FMAX(3, 1, 1)
	SUBS   $8, R7
	BNE    top
	REDUCE(FMAX, 0, 1, 2)
	COPY(0, 31)
	VEOR   V12.B16, V12.B16, V12.B16 // the sum
	VEOR   V13.B16, V13.B16, V13.B16
	MOVD   R1, R6
	MOVD   R0, R8
	MOVD   R4, R7

exps:
	VLD1.P 32(R6), [V0.S4, V1.S4]
	FSUB(31, 0, 0)
	FSUB(31, 1, 1)
	EXP
	FADD(4, 12, 12)
	FADD(5, 13, 13)
	VST1.P [V4.S4, V5.S4], 32(R8)
	SUBS   $8, R7
	BNE    exps
	FSUB(31, 14, 0)
	FSUB(31, 15, 1)
	EXP
	ANDV(4, 29, 0)
	ANDV(5, 30, 1)
	FADD(0, 12, 12)
	FADD(1, 13, 13)
	REDUCE(FADD, 12, 13, 0)
	FDIV(12, 28, 12)
	FMUL(12, 4, 4) // the last eight
	FMUL(12, 5, 5)
	MOVD   R0, R8
	MOVD   R4, R7

scale:
	VLD1   (R8), [V0.S4, V1.S4]
	FMUL(12, 0, 0)
	FMUL(12, 1, 1)
	VST1.P [V0.S4, V1.S4], 32(R8)
	SUBS   $8, R7
	BNE    scale
	ADD    R3<<2, R0, R5
	SUB    $32, R5
	VST1   [V4.S4, V5.S4], (R5)
	ADD    R3<<2, R1
	ADD    R3<<2, R0
	SUBS   $1, R2
	BNE    row
	RET

// AVERAGE makes the sum in S and S2, eight lanes, the mean in S; T is spent.
#define AVERAGE(S, S2, T) \
	REDUCE(FADD, S, S2, T); \
	FDIV(30, S, S)

// VARIANCE makes Q, the sum of squares of differences to the mean M, the variance and epsilon, and mends M by the sum D of
// these differences: what is left of its rounding. T is spent.
#define VARIANCE(Q, Q2, D, D2, M, T) \
	AVERAGE(Q, Q2, T); \
	AVERAGE(D, D2, T); \
	FMLS(D, D, Q); \
	FMAX(29, Q, Q); \
	FADD(D, M, M); \
	FADD(31, Q, Q)

// FITS compares the variance in F with what float32 reckons with: from 4e-31 on, and finite.
#define FITS(F) \
	FMOVS F, R6; \
	SUBW R10, R6; \
	CMPW R11, R6

#define INVERSE(Q) \
	FSQRT(Q, Q); \
	FDIV(Q, 28, Q)

#define DIFFERENCES(M, A, B) \
	FSUB(M, A, A); \
	FSUB(M, B, B)

#define PAIR(OP, M, N, A, B) \
	OP(M, A, A); \
	OP(N, B, B)

// func normalizeAsm(dst, x, scale, bias *float32, rows, n int, epsilon float32) (left int)
// n is a multiple of 8. It stops before a row whose variance is no number or beyond what float32 reckons with. Two rows are
// computed together, because a row's sums wait for each other: V0 and V16 the means, V6 and V22 the variances.
TEXT ·normalizeAsm(SB), NOSPLIT, $0-64
	MOVD   dst+0(FP), R0
	MOVD   x+8(FP), R1
	MOVD   rows+32(FP), R4
	MOVD   n+40(FP), R5
	FMOVS  epsilon+48(FP), F31
	VDUP   V31.S[0], V31.S4
	SCVTFS R5, F30
	VDUP   V30.S[0], V30.S4 // n
	CONSTANT(0x3f800000, V28.S4)
	VEOR   V29.B16, V29.B16, V29.B16
	MOVW   $0x0D000000, R10
	MOVW   $0x72800000, R11

rows:
	CMP  $2, R4
	BLT  row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	MOVD R1, R6
	ADD  R5<<2, R1, R8
	MOVD R5, R7

sums:
	VLD1.P 32(R6), [V2.S4, V3.S4]
	VLD1.P 32(R8), [V18.S4, V19.S4]
	PAIR(FADD, 2, 3, 0, 1)
	PAIR(FADD, 18, 19, 16, 17)
	SUBS   $8, R7
	BNE    sums
	AVERAGE(0, 1, 2)
	AVERAGE(16, 17, 18)
	VEOR   V4.B16, V4.B16, V4.B16
	VEOR   V5.B16, V5.B16, V5.B16
	VEOR   V6.B16, V6.B16, V6.B16
	VEOR   V7.B16, V7.B16, V7.B16
	VEOR   V20.B16, V20.B16, V20.B16
	VEOR   V21.B16, V21.B16, V21.B16
	VEOR   V22.B16, V22.B16, V22.B16
	VEOR   V23.B16, V23.B16, V23.B16
	MOVD   R1, R6
	ADD    R5<<2, R1, R8
	MOVD   R5, R7

bothsquares:
	VLD1.P 32(R6), [V2.S4, V3.S4]
	VLD1.P 32(R8), [V18.S4, V19.S4]
	DIFFERENCES(0, 2, 3)
	DIFFERENCES(16, 18, 19)
	PAIR(FADD, 2, 3, 4, 5)
	PAIR(FADD, 18, 19, 20, 21)
	FMLA(2, 2, 6)
	FMLA(3, 3, 7)
	FMLA(18, 18, 22)
	FMLA(19, 19, 23)
	SUBS   $8, R7
	BNE    bothsquares
	VARIANCE(6, 7, 4, 5, 0, 2)
	VARIANCE(22, 23, 20, 21, 16, 18)
	FITS(F6)
	BHS    row // which stops, or leaves the other
	FITS(F22)
	BHS    row
	INVERSE(6)
	INVERSE(22)
	MOVD   scale+16(FP), R2
	MOVD   bias+24(FP), R3
	ADD    R5<<2, R1, R8
	ADD    R5<<2, R0, R9
	MOVD   R5, R7

applyboth:
	VLD1.P 32(R1), [V2.S4, V3.S4]
	VLD1.P 32(R8), [V18.S4, V19.S4]
	VLD1.P 32(R2), [V4.S4, V5.S4]
	VLD1.P 32(R3), [V20.S4, V21.S4]
	COPY(20, 24)
	COPY(21, 25)
	DIFFERENCES(0, 2, 3)
	DIFFERENCES(16, 18, 19)
	PAIR(FMUL, 6, 6, 2, 3)
	PAIR(FMUL, 22, 22, 18, 19)
	FMLA(2, 4, 20)
	FMLA(3, 5, 21)
	FMLA(18, 4, 24)
	FMLA(19, 5, 25)
	VST1.P [V20.S4, V21.S4], 32(R0)
	VST1.P [V24.S4, V25.S4], 32(R9)
	SUBS   $8, R7
	BNE    applyboth
	MOVD   R8, R1
	MOVD   R9, R0
	SUBS   $2, R4
	BNE    rows
	B      stop

row:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	MOVD R1, R6
	MOVD R5, R7

sum:
	VLD1.P 32(R6), [V2.S4, V3.S4]
	PAIR(FADD, 2, 3, 0, 1)
	SUBS   $8, R7
	BNE    sum
	AVERAGE(0, 1, 2)
	VEOR   V4.B16, V4.B16, V4.B16
	VEOR   V5.B16, V5.B16, V5.B16
	VEOR   V6.B16, V6.B16, V6.B16
	VEOR   V7.B16, V7.B16, V7.B16
	MOVD   R1, R6
	MOVD   R5, R7

squares:
	VLD1.P 32(R6), [V2.S4, V3.S4]
	DIFFERENCES(0, 2, 3)
	PAIR(FADD, 2, 3, 4, 5)
	FMLA(2, 2, 6)
	FMLA(3, 3, 7)
	SUBS   $8, R7
	BNE    squares
	VARIANCE(6, 7, 4, 5, 0, 2)
	FITS(F6)
	BHS    stop
	INVERSE(6)
	MOVD   scale+16(FP), R2
	MOVD   bias+24(FP), R3
	MOVD   R5, R7

apply:
	VLD1.P 32(R1), [V2.S4, V3.S4]
	VLD1.P 32(R2), [V4.S4, V5.S4]
	VLD1.P 32(R3), [V20.S4, V21.S4]
	DIFFERENCES(0, 2, 3)
	PAIR(FMUL, 6, 6, 2, 3)
	FMLA(2, 4, 20)
	FMLA(3, 5, 21)
	VST1.P [V20.S4, V21.S4], 32(R0)
	SUBS   $8, R7
	BNE    apply
	SUBS   $1, R4
	BNE    rows

stop:
	MOVD R4, left+56(FP)
	RET

// func packRowsAsm(dst, x *float32, panels, depth int)
TEXT ·packRowsAsm(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD panels+16(FP), R2
	MOVD depth+24(FP), R3

panel:
	ADD  R3<<2, R1, R4
	ADD  R3<<2, R4, R5
	ADD  R3<<2, R5, R6
	SUBS $4, R3, R7
	BLT  rest

four:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R4), [V1.S4]
	VLD1.P 16(R5), [V2.S4]
	VLD1.P 16(R6), [V3.S4]
	VST4.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $4, R7
	BGE    four

rest:
	ADDS $4, R7
	BEQ  next

single:
	MOVWU.P 4(R1), R8
	MOVWU.P 4(R4), R9
	MOVWU.P 4(R5), R10
	MOVWU.P 4(R6), R11
	STPW.P  (R8, R9), 8(R0)
	STPW.P  (R10, R11), 8(R0)
	SUBS    $1, R7
	BNE     single

next:
	MOVD R6, R1
	SUBS $1, R2
	BNE  panel
	RET

// func maxPool2Asm(dst, x *float32, rows, w int)
TEXT ·maxPool2Asm(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD w+24(FP), R3

row:
	ADD  R3<<3, R1, R4
	SUBS $4, R3, R5
	BLT  rest

four:
	VLD2.P 32(R1), [V0.S4, V1.S4]
	VLD2.P 32(R4), [V2.S4, V3.S4]
	FMAX(1, 0, 0)
	FMAX(3, 2, 2)
	FMAX(2, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R5
	BGE    four

rest:
	ADDS $4, R5
	BEQ  next

single:
	FMOVS   4(R1), F1
	FMOVS   4(R4), F3
	FMOVS.P 8(R1), F0
	FMOVS.P 8(R4), F2
	FMAX(1, 0, 0)
	FMAX(3, 2, 2)
	FMAX(2, 0, 0)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R5
	BNE     single

next:
	MOVD R4, R1
	SUBS $1, R2
	BNE  row
	RET

// func interleaveAsm(dst, a, b *float32, n int, shift float32)
TEXT ·interleaveAsm(SB), NOSPLIT, $0-36
	MOVD  dst+0(FP), R0
	MOVD  a+8(FP), R1
	MOVD  b+16(FP), R2
	MOVD  n+24(FP), R3
	FMOVS shift+32(FP), F31
	VDUP  V31.S[0], V31.S4
	SUBS  $4, R3
	BLT   rest

four:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	FADD(31, 0, 0)
	FADD(31, 1, 1)
	VST2.P [V0.S4, V1.S4], 32(R0)
	SUBS   $4, R3
	BGE    four

rest:
	ADDS $4, R3
	BEQ  done

single:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R2), F1
	FADDS   F31, F0
	FADDS   F31, F1
	FMOVS   F1, 4(R0)
	FMOVS.P F0, 8(R0)
	SUBS    $1, R3
	BNE     single

done:
	RET

// func deinterleaveAsm(even, odd, x *float32, n int)
// n is a multiple of 8.
TEXT ·deinterleaveAsm(SB), NOSPLIT, $0-32
	MOVD even+0(FP), R0
	MOVD odd+8(FP), R1
	MOVD x+16(FP), R2
	MOVD n+24(FP), R3

eight:
	VLD2.P 32(R2), [V0.S4, V1.S4]
	VLD2.P 32(R2), [V2.S4, V3.S4]
	VST1.P [V0.S4], 16(R0)
	VST1.P [V1.S4], 16(R1)
	VST1.P [V2.S4], 16(R0)
	VST1.P [V3.S4], 16(R1)
	SUBS   $8, R3
	BNE    eight
	RET
