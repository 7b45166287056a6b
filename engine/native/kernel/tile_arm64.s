//go:build arm64 && !noasm

#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// Registers: R0 the Tile, R1 the next vector, R2 vectors left, R3 X, R4 taps left, R5 offsets, R6 weights, R7 R8 R9 where the
// vectors are read, R19 to R23 weights, bias, output and addend of four rows and the rows left, R24 and R25 from row to row of
// the output and of what is added; V8..V31 the sums (row r, half h of vector v in V(8+2*vectors*r+2*v+h)), V0..V5 input, V6
// weights; V6 and V7 then the limits.

#define INPUT(N, R) \
	MOVW N(R1), R; \
	ADD R<<2, R3, R

#define READ(R, A, B) \
	ADD R10<<2, R, R11; \
	VLD1 (R11), [A.S4, B.S4]

// FINISH: R11 the row of the output, R12 that of what is added, R13 rows left.
#define FINISH \
	MOVD R21, R11; \
	MOVD R22, R12; \
	MOVD R23, R13; \
	ADD $Tile_Lo, R0, R10; \
	VLD1R (R10), [V6.S4]; \
	ADD $Tile_Hi, R0, R10; \
	VLD1R (R10), [V7.S4]

// NaN stays NaN.
#define PUT(R, A, B, NA, NB) \
	FMAX(6, NA, NA); \
	FMAX(6, NB, NB); \
	FMIN(7, NA, NA); \
	FMIN(7, NB, NB); \
	ADD R<<2, R11, R10; \
	VST1 [A.S4, B.S4], (R10)

#define PLUS(R, NA, NB) \
	ADD R<<2, R12, R10; \
	VLD1 (R10), [V0.S4, V1.S4]; \
	FADD(0, NA, NA); \
	FADD(1, NB, NB)

#define NEXTROW \
	ADD R24, R11; \
	SUBS $1, R13

// func tileNEON(t *Tile)
TEXT ·tileNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD Tile_X(R0), R3
	MOVD Tile_W(R0), R19
	MOVD Tile_Bias(R0), R20
	MOVD Tile_Out(R0), R21
	MOVD Tile_Add(R0), R22
	MOVD Tile_Rows(R0), R23
	MOVD Tile_OutStep(R0), R24
	LSL  $2, R24
	MOVD Tile_AddStep(R0), R25
	LSL  $2, R25

rows:
	MOVD Tile_Places(R0), R1
	MOVD Tile_Places+8(R0), R2

	// Never one vector where two tiles of two will do: one cannot keep the multipliers busy.
next:
	CMP  $4, R2
	BGT  three
	BEQ  two
	CMP  $2, R2
	BGT  three
	BEQ  two
	CBNZ R2, one
	SUBS $4, R23
	BLE  end
	MOVD Tile_Off+8(R0), R4
	ADD  R4<<4, R19
	ADD  $16, R20
	ADD  R24<<2, R21
	CBZ  R22, rows
	ADD  R25<<2, R22
	B    rows

end:
	RET

three:
	INPUT(0, R7)
	INPUT(8, R8)
	INPUT(16, R9)
	VLD1 (R20), [V6.S4]
	VDUP V6.S[0], V8.S4
	VDUP V6.S[0], V9.S4
	VDUP V6.S[0], V10.S4
	VDUP V6.S[0], V11.S4
	VDUP V6.S[0], V12.S4
	VDUP V6.S[0], V13.S4
	VDUP V6.S[1], V14.S4
	VDUP V6.S[1], V15.S4
	VDUP V6.S[1], V16.S4
	VDUP V6.S[1], V17.S4
	VDUP V6.S[1], V18.S4
	VDUP V6.S[1], V19.S4
	VDUP V6.S[2], V20.S4
	VDUP V6.S[2], V21.S4
	VDUP V6.S[2], V22.S4
	VDUP V6.S[2], V23.S4
	VDUP V6.S[2], V24.S4
	VDUP V6.S[2], V25.S4
	VDUP V6.S[3], V26.S4
	VDUP V6.S[3], V27.S4
	VDUP V6.S[3], V28.S4
	VDUP V6.S[3], V29.S4
	VDUP V6.S[3], V30.S4
	VDUP V6.S[3], V31.S4
	MOVD Tile_Off(R0), R5
	MOVD Tile_Off+8(R0), R4
	MOVD R19, R6

threetaps:
	MOVW.P 4(R5), R10
	VLD1.P 16(R6), [V6.S4]
	READ(R7, V0, V1)
	READ(R8, V2, V3)
	READ(R9, V4, V5)
	FMLA0(6, 0, 8)
	FMLA0(6, 1, 9)
	FMLA0(6, 2, 10)
	FMLA0(6, 3, 11)
	FMLA0(6, 4, 12)
	FMLA0(6, 5, 13)
	FMLA1(6, 0, 14)
	FMLA1(6, 1, 15)
	FMLA1(6, 2, 16)
	FMLA1(6, 3, 17)
	FMLA1(6, 4, 18)
	FMLA1(6, 5, 19)
	FMLA2(6, 0, 20)
	FMLA2(6, 1, 21)
	FMLA2(6, 2, 22)
	FMLA2(6, 3, 23)
	FMLA2(6, 4, 24)
	FMLA2(6, 5, 25)
	FMLA3(6, 0, 26)
	FMLA3(6, 1, 27)
	FMLA3(6, 2, 28)
	FMLA3(6, 3, 29)
	FMLA3(6, 4, 30)
	FMLA3(6, 5, 31)
	SUBS $1, R4
	BNE  threetaps

	FINISH
	MOVW 4(R1), R7
	MOVW 12(R1), R8
	MOVW 20(R1), R9
	CBZ  R12, threestore
	PLUS(R7, 8, 9)
	PLUS(R8, 10, 11)
	PLUS(R9, 12, 13)
	ADD R25, R12
	PUT(R7, V8, V9, 8, 9)
	PUT(R8, V10, V11, 10, 11)
	PUT(R9, V12, V13, 12, 13)
	NEXTROW
	BEQ  threedone
	PLUS(R7, 14, 15)
	PLUS(R8, 16, 17)
	PLUS(R9, 18, 19)
	ADD R25, R12
	PUT(R7, V14, V15, 14, 15)
	PUT(R8, V16, V17, 16, 17)
	PUT(R9, V18, V19, 18, 19)
	NEXTROW
	BEQ  threedone
	PLUS(R7, 20, 21)
	PLUS(R8, 22, 23)
	PLUS(R9, 24, 25)
	ADD R25, R12
	PUT(R7, V20, V21, 20, 21)
	PUT(R8, V22, V23, 22, 23)
	PUT(R9, V24, V25, 24, 25)
	NEXTROW
	BEQ  threedone
	PLUS(R7, 26, 27)
	PLUS(R8, 28, 29)
	PLUS(R9, 30, 31)
	ADD R25, R12
	PUT(R7, V26, V27, 26, 27)
	PUT(R8, V28, V29, 28, 29)
	PUT(R9, V30, V31, 30, 31)
	NEXTROW
	B    threedone

threestore:
	PUT(R7, V8, V9, 8, 9)
	PUT(R8, V10, V11, 10, 11)
	PUT(R9, V12, V13, 12, 13)
	NEXTROW
	BEQ  threedone
	PUT(R7, V14, V15, 14, 15)
	PUT(R8, V16, V17, 16, 17)
	PUT(R9, V18, V19, 18, 19)
	NEXTROW
	BEQ  threedone
	PUT(R7, V20, V21, 20, 21)
	PUT(R8, V22, V23, 22, 23)
	PUT(R9, V24, V25, 24, 25)
	NEXTROW
	BEQ  threedone
	PUT(R7, V26, V27, 26, 27)
	PUT(R8, V28, V29, 28, 29)
	PUT(R9, V30, V31, 30, 31)
	NEXTROW

threedone:
	ADD  $24, R1
	SUB  $3, R2
	B    next

two:
	INPUT(0, R7)
	INPUT(8, R8)
	VLD1 (R20), [V6.S4]
	VDUP V6.S[0], V8.S4
	VDUP V6.S[0], V9.S4
	VDUP V6.S[0], V10.S4
	VDUP V6.S[0], V11.S4
	VDUP V6.S[1], V12.S4
	VDUP V6.S[1], V13.S4
	VDUP V6.S[1], V14.S4
	VDUP V6.S[1], V15.S4
	VDUP V6.S[2], V16.S4
	VDUP V6.S[2], V17.S4
	VDUP V6.S[2], V18.S4
	VDUP V6.S[2], V19.S4
	VDUP V6.S[3], V20.S4
	VDUP V6.S[3], V21.S4
	VDUP V6.S[3], V22.S4
	VDUP V6.S[3], V23.S4
	MOVD Tile_Off(R0), R5
	MOVD Tile_Off+8(R0), R4
	MOVD R19, R6

twotaps:
	MOVW.P 4(R5), R10
	VLD1.P 16(R6), [V6.S4]
	READ(R7, V0, V1)
	READ(R8, V2, V3)
	FMLA0(6, 0, 8)
	FMLA0(6, 1, 9)
	FMLA0(6, 2, 10)
	FMLA0(6, 3, 11)
	FMLA1(6, 0, 12)
	FMLA1(6, 1, 13)
	FMLA1(6, 2, 14)
	FMLA1(6, 3, 15)
	FMLA2(6, 0, 16)
	FMLA2(6, 1, 17)
	FMLA2(6, 2, 18)
	FMLA2(6, 3, 19)
	FMLA3(6, 0, 20)
	FMLA3(6, 1, 21)
	FMLA3(6, 2, 22)
	FMLA3(6, 3, 23)
	SUBS $1, R4
	BNE  twotaps

	FINISH
	MOVW 4(R1), R7
	MOVW 12(R1), R8
	CBZ  R12, twostore
	PLUS(R7, 8, 9)
	PLUS(R8, 10, 11)
	ADD R25, R12
	PUT(R7, V8, V9, 8, 9)
	PUT(R8, V10, V11, 10, 11)
	NEXTROW
	BEQ  twodone
	PLUS(R7, 12, 13)
	PLUS(R8, 14, 15)
	ADD R25, R12
	PUT(R7, V12, V13, 12, 13)
	PUT(R8, V14, V15, 14, 15)
	NEXTROW
	BEQ  twodone
	PLUS(R7, 16, 17)
	PLUS(R8, 18, 19)
	ADD R25, R12
	PUT(R7, V16, V17, 16, 17)
	PUT(R8, V18, V19, 18, 19)
	NEXTROW
	BEQ  twodone
	PLUS(R7, 20, 21)
	PLUS(R8, 22, 23)
	ADD R25, R12
	PUT(R7, V20, V21, 20, 21)
	PUT(R8, V22, V23, 22, 23)
	NEXTROW
	B    twodone

twostore:
	PUT(R7, V8, V9, 8, 9)
	PUT(R8, V10, V11, 10, 11)
	NEXTROW
	BEQ  twodone
	PUT(R7, V12, V13, 12, 13)
	PUT(R8, V14, V15, 14, 15)
	NEXTROW
	BEQ  twodone
	PUT(R7, V16, V17, 16, 17)
	PUT(R8, V18, V19, 18, 19)
	NEXTROW
	BEQ  twodone
	PUT(R7, V20, V21, 20, 21)
	PUT(R8, V22, V23, 22, 23)
	NEXTROW

twodone:
	ADD  $16, R1
	SUB  $2, R2
	B    next

one:
	INPUT(0, R7)
	VLD1 (R20), [V6.S4]
	VDUP V6.S[0], V8.S4
	VDUP V6.S[0], V9.S4
	VDUP V6.S[1], V10.S4
	VDUP V6.S[1], V11.S4
	VDUP V6.S[2], V12.S4
	VDUP V6.S[2], V13.S4
	VDUP V6.S[3], V14.S4
	VDUP V6.S[3], V15.S4
	MOVD Tile_Off(R0), R5
	MOVD Tile_Off+8(R0), R4
	MOVD R19, R6

onetaps:
	MOVW.P 4(R5), R10
	VLD1.P 16(R6), [V6.S4]
	READ(R7, V0, V1)
	FMLA0(6, 0, 8)
	FMLA0(6, 1, 9)
	FMLA1(6, 0, 10)
	FMLA1(6, 1, 11)
	FMLA2(6, 0, 12)
	FMLA2(6, 1, 13)
	FMLA3(6, 0, 14)
	FMLA3(6, 1, 15)
	SUBS $1, R4
	BNE  onetaps

	FINISH
	MOVW 4(R1), R7
	CBZ  R12, onestore
	PLUS(R7, 8, 9)
	ADD R25, R12
	PUT(R7, V8, V9, 8, 9)
	NEXTROW
	BEQ  onedone
	PLUS(R7, 10, 11)
	ADD R25, R12
	PUT(R7, V10, V11, 10, 11)
	NEXTROW
	BEQ  onedone
	PLUS(R7, 12, 13)
	ADD R25, R12
	PUT(R7, V12, V13, 12, 13)
	NEXTROW
	BEQ  onedone
	PLUS(R7, 14, 15)
	ADD R25, R12
	PUT(R7, V14, V15, 14, 15)
	NEXTROW
	B    onedone

onestore:
	PUT(R7, V8, V9, 8, 9)
	NEXTROW
	BEQ  onedone
	PUT(R7, V10, V11, 10, 11)
	NEXTROW
	BEQ  onedone
	PUT(R7, V12, V13, 12, 13)
	NEXTROW
	BEQ  onedone
	PUT(R7, V14, V15, 14, 15)
	NEXTROW

onedone:
	ADD  $8, R1
	SUB  $1, R2
	B    next
