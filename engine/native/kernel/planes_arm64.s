//go:build arm64 && !noasm

#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// BROADCAST fills a register with the float32 at R; R10 is spent.
#define BROADCAST(N, R, V) \
	ADD $N, R, R10; \
	VLD1R (R10), [V]

// CLAMP keeps NaN; V30 and V31 are the limits.
#define CLAMP(A) \
	FMAX(30, A, A); \
	FMIN(31, A, A)

// Weights of 3 x 3 taps are in V0..V8, from R; R10 is spent.
#define WEIGHTS(R) \
	MOVD R, R10; \
	VLD1R.P 4(R10), [V0.S4]; \
	VLD1R.P 4(R10), [V1.S4]; \
	VLD1R.P 4(R10), [V2.S4]; \
	VLD1R.P 4(R10), [V3.S4]; \
	VLD1R.P 4(R10), [V4.S4]; \
	VLD1R.P 4(R10), [V5.S4]; \
	VLD1R.P 4(R10), [V6.S4]; \
	VLD1R.P 4(R10), [V7.S4]; \
	VLD1R.P 4(R10), [V8.S4]

// A sum of nine taps is two: V10 V11, which begins with the bias, and V12 V13; each of eight values. TAPS adds a tap of
// weight W of the values in A and B to the first or the second, BEGINSECOND begins the second.
#define FIRST(W, A, B) \
	FMLA(W, A, 10); \
	FMLA(W, B, 11)

#define SECOND(W, A, B) \
	FMLA(W, A, 12); \
	FMLA(W, B, 13)

#define BEGINSECOND(W, A, B) \
	FMUL(W, A, 12); \
	FMUL(W, B, 13)

// TOTAL is the sum of both, clamped.
#define TOTAL \
	FADD(12, 10, 10); \
	FADD(13, 11, 11); \
	CLAMP(10); \
	CLAMP(11)

// STORE stores the first N, 1 to 8, of the values in V10 and V11 to R and moves it on; N is spent.
#define STORE(N, R) \
	CMP $8, N; \
	BLT fewer; \
	VST1.P [V10.S4, V11.S4], 32(R); \
	B stored; \
fewer: \
	TBZ $2, N, two; \
	VST1.P [V10.S4], 16(R); \
	COPY(11, 10); \
two: \
	TBZ $1, N, one; \
	FMOVD.P F10, 8(R); \
	SWAP2(10, 10); \
one: \
	TBZ $0, N, stored; \
	FMOVS.P F10, 4(R)

// Registers of Plane3: R0 the plane, R1 rows left, R2 the row's input, R3 the output, R4 R5 R6 where three rows are read, R7
// columns left, R8 bytes from row to row, R9 columns.
#define PLANE3 \
	MOVD p+0(FP), R0; \
	MOVD Plane3_W(R0), R1; \
	WEIGHTS(R1); \
	BROADCAST(Plane3_Bias, R0, V29.S4); \
	BROADCAST(Plane3_Lo, R0, V30.S4); \
	BROADCAST(Plane3_Hi, R0, V31.S4); \
	MOVD Plane3_Rows(R0), R1; \
	MOVD Plane3_X(R0), R2; \
	MOVD Plane3_Out(R0), R3; \
	MOVD Plane3_Pitch(R0), R8; \
	LSL $2, R8; \
	MOVD Plane3_Cols(R0), R9

#define PLANE3ROW \
	MOVD R2, R4; \
	ADD R8, R4, R5; \
	ADD R8, R5, R6; \
	MOVD R9, R7

// ROW reads eight values of a row and their right neighbours, one and two on, and adds their taps: A, B, C to one sum or the
// other, of weights W, V, U.
#define ROW(R, A, W, B, V, C, U) \
	VLD1.P 32(R), [V16.S4, V17.S4]; \
	FMOVQ -28(R), F18; \
	FMOVQ -12(R), F19; \
	FMOVQ -24(R), F20; \
	FMOVQ -8(R), F21; \
	A(W, 16, 17); \
	B(V, 18, 19); \
	C(U, 20, 21)

// func plane3Stride1(p *Plane3)
TEXT ·plane3Stride1(SB), NOSPLIT, $0-8
	PLANE3

row:
	PLANE3ROW

vector:
	COPY(29, 10)
	COPY(29, 11)
	ROW(R4, FIRST, 0, BEGINSECOND, 1, FIRST, 2)
	ROW(R5, SECOND, 3, FIRST, 4, SECOND, 5)
	ROW(R6, FIRST, 6, SECOND, 7, FIRST, 8)
	TOTAL
	SUBS $8, R7
	BLE  last
	VST1.P [V10.S4, V11.S4], 32(R3)
	B    vector

last:
	ADD  $8, R7
	STORE(R7, R3)

stored:
	ADD  R8, R2
	SUBS $1, R1
	BNE  row
	RET

// ROW2 is ROW for stride 2: even values, odd ones, and even ones from the third on. R10 is spent.
#define ROW2(R, B, W, V, U) \
	ADD $8, R, R10; \
	VLD2.P 32(R), [V16.S4, V17.S4]; \
	VLD2.P 32(R), [V18.S4, V19.S4]; \
	VLD2.P 32(R10), [V20.S4, V21.S4]; \
	VLD2 (R10), [V22.S4, V23.S4]; \
	FIRST(W, 16, 18); \
	B(V, 17, 19); \
	FIRST(U, 20, 22)

// func plane3Stride2(p *Plane3)
TEXT ·plane3Stride2(SB), NOSPLIT, $0-8
	PLANE3

row:
	PLANE3ROW

vector:
	COPY(29, 10)
	COPY(29, 11)
	ROW2(R4, BEGINSECOND, 0, 1, 2)
	ROW2(R5, SECOND, 3, 4, 5)
	ROW2(R6, SECOND, 6, 7, 8)
	TOTAL
	SUBS $8, R7
	BLE  last
	VST1.P [V10.S4, V11.S4], 32(R3)
	B    vector

last:
	ADD  $8, R7
	STORE(R7, R3)

stored:
	ADD  R8<<1, R2
	SUBS $1, R1
	BNE  row
	RET

// The first n lanes of eight: starts<>+32-4*n.
DATA starts<>+0(SB)/8, $0xffffffffffffffff
DATA starts<>+8(SB)/8, $0xffffffffffffffff
DATA starts<>+16(SB)/8, $0xffffffffffffffff
DATA starts<>+24(SB)/8, $0xffffffffffffffff
DATA starts<>+32(SB)/8, $0
DATA starts<>+40(SB)/8, $0
DATA starts<>+48(SB)/8, $0
DATA starts<>+56(SB)/8, $0
GLOBL starts<>(SB), RODATA|NOPTR, $64

// Registers of Planes3: R0 the planes, R1 rows left, R2 the first of three input rows, which has number R11 and may lie beside
// the plane, R3 the output, R4 R5 R6 where their values are, R7 columns left, R8 bytes of an input row, R9 columns, R12 input
// rows, R13 zeros, R14 channels left, R15 the plane, R19 and R20 weights and bias, R21 the end of all outputs.
#define PLANES3 \
	MOVD p+0(FP), R0; \
	MOVD Planes3_X(R0), R15; \
	MOVD Planes3_W(R0), R19; \
	MOVD Planes3_Bias(R0), R20; \
	MOVD Planes3_Out(R0), R3; \
	MOVD Planes3_InCols(R0), R8; \
	LSL $2, R8; \
	MOVD Planes3_Cols(R0), R9; \
	MOVD Planes3_InRows(R0), R12; \
	MOVD Planes3_Zeros(R0), R13; \
	MOVD Planes3_Channels(R0), R14; \
	MOVD Planes3_Rows(R0), R21; \
	MUL R9, R21; \
	MUL R14, R21; \
	ADD R21<<2, R3, R21; \
	BROADCAST(Planes3_Lo, R0, V30.S4); \
	BROADCAST(Planes3_Hi, R0, V31.S4)

#define CHANNEL \
	WEIGHTS(R19); \
	VLD1R.P 4(R20), [V29.S4]; \
	ADD $36, R19; \
	MOVD Planes3_Rows(R0), R1; \
	MOVD Planes3_Top(R0), R11; \
	NEG R11, R11; \
	MUL R8, R11, R2; \
	ADD R15, R2

// PLANES3ROW says where three rows are, and that nothing lies left of them: V24 to V26 are what lies there.
#define PLANES3ROW \
	MOVD R2, R4; \
	CMP R12, R11; \
	CSEL HS, R13, R4, R4; \
	ADD R8, R2, R5; \
	ADD $1, R11; \
	CMP R12, R11; \
	CSEL HS, R13, R5, R5; \
	ADD R8<<1, R2, R6; \
	ADD $1, R11, R10; \
	CMP R12, R10; \
	CSEL HS, R13, R6, R6; \
	MOVD R9, R7; \
	VEOR V24.B16, V24.B16, V24.B16; \
	VEOR V25.B16, V25.B16, V25.B16; \
	VEOR V26.B16, V26.B16, V26.B16

// PUT stores eight values. What a row's last ones write behind it is overwritten, save at the very end.
#define PUT \
	ADD $32, R3, R10; \
	CMP R21, R10; \
	BHI last; \
	VST1 [V10.S4, V11.S4], (R3); \
	ADD R7<<2, R3; \
	B stored; \
last: \
	STORE(R7, R3)

// BESIDE reads eight values of a row, their left neighbours, of which the first is the last value of LEFT, and their right ones.
#define BESIDE(R, LEFT) \
	VLD1.P 32(R), [V18.S4, V19.S4]; \
	FMOVQ -28(R), F20; \
	FMOVQ -12(R), F21; \
	VEXT $12, V18.B16, LEFT, V16.B16; \
	VEXT $12, V19.B16, V18.B16, V17.B16; \
	VORR V19.B16, V19.B16, LEFT

#define TAPS(A, W, B, V, C, U) \
	A(W, 16, 17); \
	B(V, 18, 19); \
	C(U, 20, 21)

#define MASKED \
	ANDV(20, 27, 20); \
	ANDV(21, 28, 21)

// func planes3Stride1(p *Planes3)
TEXT ·planes3Stride1(SB), NOSPLIT, $0-8
	PLANES3
	SUB  $1, R9, R10 // the last column has no right neighbour: V27 and V28 mask those that have
	AND  $7, R10
	MOVD $starts<>+32(SB), R1
	SUB  R10<<2, R1
	VLD1 (R1), [V27.S4, V28.S4]

channel:
	CHANNEL

row:
	PLANES3ROW

vector:
	COPY(29, 10)
	COPY(29, 11)
	CMP  $8, R7
	BLE  end
	BESIDE(R4, V24.B16)
	TAPS(FIRST, 0, BEGINSECOND, 1, FIRST, 2)
	BESIDE(R5, V25.B16)
	TAPS(SECOND, 3, FIRST, 4, SECOND, 5)
	BESIDE(R6, V26.B16)
	TAPS(FIRST, 6, SECOND, 7, FIRST, 8)
	TOTAL
	VST1.P [V10.S4, V11.S4], 32(R3)
	SUB  $8, R7
	B    vector

end:
	BESIDE(R4, V24.B16)
	MASKED
	TAPS(FIRST, 0, BEGINSECOND, 1, FIRST, 2)
	BESIDE(R5, V25.B16)
	MASKED
	TAPS(SECOND, 3, FIRST, 4, SECOND, 5)
	BESIDE(R6, V26.B16)
	MASKED
	TAPS(FIRST, 6, SECOND, 7, FIRST, 8)
	TOTAL
	PUT

stored:
	ADD  R8, R2
	SUBS $1, R1
	BNE  row
	MUL  R12, R8, R10
	ADD  R10, R15
	SUBS $1, R14
	BNE  channel
	RET

// BESIDE2 is BESIDE for stride 2: V18 V20 are even values, V19 V21 odd ones, their right neighbours, V16 V17 the left ones.
#define BESIDE2(R, LEFT) \
	VLD2.P 32(R), [V18.S4, V19.S4]; \
	VLD2.P 32(R), [V20.S4, V21.S4]; \
	VEXT $12, V19.B16, LEFT, V16.B16; \
	VEXT $12, V21.B16, V19.B16, V17.B16; \
	VORR V21.B16, V21.B16, LEFT

#define TAPS2(B, W, V, U) \
	FIRST(W, 16, 17); \
	B(V, 18, 20); \
	FIRST(U, 19, 21)

// func planes3Stride2(p *Planes3)
TEXT ·planes3Stride2(SB), NOSPLIT, $0-8
	PLANES3

channel:
	CHANNEL

row:
	PLANES3ROW

vector:
	COPY(29, 10)
	COPY(29, 11)
	BESIDE2(R4, V24.B16)
	TAPS2(BEGINSECOND, 0, 1, 2)
	BESIDE2(R5, V25.B16)
	TAPS2(SECOND, 3, 4, 5)
	BESIDE2(R6, V26.B16)
	TAPS2(SECOND, 6, 7, 8)
	TOTAL
	CMP  $8, R7
	BLE  end
	VST1.P [V10.S4, V11.S4], 32(R3)
	SUB  $8, R7
	B    vector

end:
	PUT

stored:
	ADD  R8<<1, R2
	ADD  $1, R11
	SUBS $1, R1
	BNE  row
	MUL  R12, R8, R10
	ADD  R10, R15
	SUBS $1, R14
	BNE  channel
	RET

// func unpackAsm(u *Unpack, fours int)
//
// R1 to R4 the rows of a block, R5 and R6 where its channels go and what is added to them, R7 bytes from channel to channel.
TEXT ·unpackAsm(SB), NOSPLIT, $0-16
	MOVD u+0(FP), R0
	MOVD fours+8(FP), R8
	MOVD Unpack_In(R0), R1
	MOVD Unpack_Step(R0), R7
	ADD  R7<<2, R1, R2
	ADD  R7<<2, R2, R3
	ADD  R7<<2, R3, R4
	MOVD Unpack_Out(R0), R5
	MOVD Unpack_Add(R0), R6
	MOVD Unpack_OutStep(R0), R7
	LSL  $2, R7
	BROADCAST(Unpack_Lo, R0, V30.S4)
	BROADCAST(Unpack_Hi, R0, V31.S4)

four:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	VLD1.P 16(R3), [V2.S4]
	VLD1.P 16(R4), [V3.S4]
	VTRN1  V1.S4, V0.S4, V4.S4
	VTRN2  V1.S4, V0.S4, V5.S4
	VTRN1  V3.S4, V2.S4, V6.S4
	VTRN2  V3.S4, V2.S4, V7.S4
	VTRN1  V6.D2, V4.D2, V0.D2
	VTRN1  V7.D2, V5.D2, V1.D2
	VTRN2  V6.D2, V4.D2, V2.D2
	VTRN2  V7.D2, V5.D2, V3.D2
	CBZ    R6, clamp
	VLD1   (R6), [V4.S4]
	ADD    R7, R6
	VLD1   (R6), [V5.S4]
	ADD    R7, R6
	VLD1   (R6), [V6.S4]
	ADD    R7, R6
	VLD1   (R6), [V7.S4]
	ADD    R7, R6
	FADD(4, 0, 0)
	FADD(5, 1, 1)
	FADD(6, 2, 2)
	FADD(7, 3, 3)

clamp:
	CLAMP(0)
	CLAMP(1)
	CLAMP(2)
	CLAMP(3)
	VST1 [V0.S4], (R5)
	ADD  R7, R5
	VST1 [V1.S4], (R5)
	ADD  R7, R5
	VST1 [V2.S4], (R5)
	ADD  R7, R5
	VST1 [V3.S4], (R5)
	ADD  R7, R5
	SUBS $1, R8
	BNE  four
	RET

// func depthwiseRows(d *Depthwise)
//
// R1 rows left, R2 and R3 input and output of the row, R4 and R5 of the vector, R6 vectors left; R7, R8, R9 offsets, taps left
// and weights; V16..V23 the sums, V28 a weight, V29 the bias.
TEXT ·depthwiseRows(SB), NOSPLIT, $0-8
	MOVD d+0(FP), R0
	MOVD Depthwise_Rows(R0), R1
	MOVD Depthwise_X(R0), R2
	MOVD Depthwise_Out(R0), R3
	BROADCAST(Depthwise_Lo, R0, V30.S4)
	BROADCAST(Depthwise_Hi, R0, V31.S4)
	BROADCAST(Depthwise_Bias, R0, V29.S4)
	MOVD Depthwise_XStep(R0), R12
	MOVD Depthwise_OutStep(R0), R13

row:
	MOVD R2, R4
	MOVD R3, R5
	MOVD Depthwise_Vectors(R0), R6

four:
	SUBS $4, R6
	BLT  rest
	MOVD Depthwise_Off(R0), R7
	MOVD Depthwise_Off+8(R0), R8
	MOVD Depthwise_W(R0), R9
	COPY(29, 16)
	COPY(29, 17)
	COPY(29, 18)
	COPY(29, 19)
	COPY(29, 20)
	COPY(29, 21)
	COPY(29, 22)
	COPY(29, 23)

fourtaps:
	MOVW.P  4(R7), R11
	VLD1R.P 4(R9), [V28.S4]
	ADD     R11<<2, R4, R10
	VLD1.P  64(R10), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1    (R10), [V4.S4, V5.S4, V6.S4, V7.S4]
	FMLA(28, 0, 16)
	FMLA(28, 1, 17)
	FMLA(28, 2, 18)
	FMLA(28, 3, 19)
	FMLA(28, 4, 20)
	FMLA(28, 5, 21)
	FMLA(28, 6, 22)
	FMLA(28, 7, 23)
	SUBS    $1, R8
	BNE     fourtaps
	CLAMP(16)
	CLAMP(17)
	CLAMP(18)
	CLAMP(19)
	CLAMP(20)
	CLAMP(21)
	CLAMP(22)
	CLAMP(23)
	VST1.P  [V16.S4, V17.S4, V18.S4, V19.S4], 64(R5)
	VST1.P  [V20.S4, V21.S4, V22.S4, V23.S4], 64(R5)
	ADD     $128, R4
	B       four

rest:
	ADDS $4, R6
	BEQ  next

one:
	MOVD Depthwise_Off(R0), R7
	MOVD Depthwise_Off+8(R0), R8
	MOVD Depthwise_W(R0), R9
	COPY(29, 16)
	COPY(29, 17)

onetaps:
	MOVW.P  4(R7), R11
	VLD1R.P 4(R9), [V28.S4]
	ADD     R11<<2, R4, R10
	VLD1    (R10), [V0.S4, V1.S4]
	FMLA(28, 0, 16)
	FMLA(28, 1, 17)
	SUBS    $1, R8
	BNE     onetaps
	CLAMP(16)
	CLAMP(17)
	VST1.P  [V16.S4, V17.S4], 32(R5)
	ADD     $32, R4
	SUBS    $1, R6
	BNE     one

next:
	ADD  R12<<2, R2
	ADD  R13<<2, R3
	SUBS $1, R1
	BNE  row
	RET
