//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"

// Registers of the tiles: AX the Tile, R14 the next vector, R15 vectors left, SI X, CX taps left, R12 offsets, DX weights,
// R8 R9 R10 where the vectors are read; on the stack the weights, bias, output and addend of four rows, and the rows left; Y4..Y15 the sums (row r, vector v in Y(4+vectors*r+v)), Y0..Y2 input, Y3 a weight.

// OPEN puts on the stack where the first four rows are, NEXTROWS the next four; it ends where none are left.
#define OPEN \
	MOVQ t+0(FP), AX; \
	MOVQ Tile_W(AX), DX; \
	MOVQ DX, 0(SP); \
	MOVQ Tile_Bias(AX), BX; \
	MOVQ BX, 8(SP); \
	MOVQ Tile_Out(AX), DI; \
	MOVQ DI, 16(SP); \
	MOVQ Tile_Add(AX), BX; \
	MOVQ BX, 24(SP); \
	MOVQ Tile_Rows(AX), CX; \
	MOVQ CX, 32(SP)

#define NEXTROWS \
	SUBQ $4, 32(SP); \
	JLE end; \
	MOVQ Tile_Off+8(AX), CX; \
	SHLQ $4, CX; \
	ADDQ CX, 0(SP); \
	ADDQ $16, 8(SP); \
	MOVQ Tile_OutStep(AX), CX; \
	SHLQ $4, CX; \
	ADDQ CX, 16(SP); \
	CMPQ 24(SP), $0; \
	JEQ rows; \
	MOVQ Tile_AddStep(AX), CX; \
	SHLQ $4, CX; \
	ADDQ CX, 24(SP); \
	JMP rows; \
end: \
	VZEROUPPER; \
	RET

#define START \
	MOVQ Tile_Off+8(AX), CX; \
	MOVQ Tile_Off(AX), R12; \
	MOVQ 0(SP), DX; \
	MOVQ 8(SP), BX

#define INPUT(N, R) \
	MOVLQSX N(R14), R; \
	LEAQ (SI)(R*4), R

// FINISH: DI the row of the output, R13 from row to row, BX that of what is added, R11 from row to row there, CX rows left.
#define FINISH \
	MOVQ 16(SP), DI; \
	MOVQ Tile_OutStep(AX), R13; \
	SHLQ $2, R13; \
	MOVQ 24(SP), BX; \
	MOVQ Tile_AddStep(AX), R11; \
	SHLQ $2, R11; \
	MOVQ 32(SP), CX; \
	VBROADCASTSS Tile_Lo(AX), Y1; \
	VBROADCASTSS Tile_Hi(AX), Y2

// The sum is the second source, which the instruction returns where it is NaN.
#define CLAMP(S) \
	VMAXPS S, Y1, S; \
	VMINPS S, Y2, S

#define ROW3(N, A, B, C) \
	VBROADCASTSS N(DX), Y3; \
	VFMADD231PS Y0, Y3, A; \
	VFMADD231PS Y1, Y3, B; \
	VFMADD231PS Y2, Y3, C

#define ADD3(A, B, C) \
	VADDPS (BX)(R8*4), A, A; \
	VADDPS (BX)(R9*4), B, B; \
	VADDPS (BX)(R10*4), C, C; \
	ADDQ R11, BX

#define STORE3(A, B, C) \
	CLAMP(A); \
	CLAMP(B); \
	CLAMP(C); \
	VMOVUPS A, (DI)(R8*4); \
	VMOVUPS B, (DI)(R9*4); \
	VMOVUPS C, (DI)(R10*4); \
	ADDQ R13, DI; \
	DECQ CX

#define ROW2(N, A, B) \
	VBROADCASTSS N(DX), Y3; \
	VFMADD231PS Y0, Y3, A; \
	VFMADD231PS Y1, Y3, B

#define ADD2(A, B) \
	VADDPS (BX)(R8*4), A, A; \
	VADDPS (BX)(R9*4), B, B; \
	ADDQ R11, BX

#define STORE2(A, B) \
	CLAMP(A); \
	CLAMP(B); \
	VMOVUPS A, (DI)(R8*4); \
	VMOVUPS B, (DI)(R9*4); \
	ADDQ R13, DI; \
	DECQ CX

#define ROW1(N, A) \
	VBROADCASTSS N(DX), Y3; \
	VFMADD231PS Y0, Y3, A

#define ADD1(A) \
	VADDPS (BX)(R8*4), A, A; \
	ADDQ R11, BX

#define STORE1(A) \
	CLAMP(A); \
	VMOVUPS A, (DI)(R8*4); \
	ADDQ R13, DI; \
	DECQ CX

// func tileAVX2(t *Tile)
TEXT ·tileAVX2(SB), NOSPLIT, $40-8
	OPEN

rows:
	MOVQ Tile_Places(AX), R14
	MOVQ Tile_Places+8(AX), R15
	MOVQ Tile_X(AX), SI

	// Never one vector where two tiles of two will do: one cannot keep the multipliers busy.
next:
	CMPQ R15, $4
	JGT three
	JEQ two
	CMPQ R15, $2
	JGT three
	JEQ two
	TESTQ R15, R15
	JNZ one
	NEXTROWS

three:
	START
	INPUT(0, R8)
	INPUT(8, R9)
	INPUT(16, R10)
	VBROADCASTSS 0(BX), Y4
	VMOVAPS Y4, Y5
	VMOVAPS Y4, Y6
	VBROADCASTSS 4(BX), Y7
	VMOVAPS Y7, Y8
	VMOVAPS Y7, Y9
	VBROADCASTSS 8(BX), Y10
	VMOVAPS Y10, Y11
	VMOVAPS Y10, Y12
	VBROADCASTSS 12(BX), Y13
	VMOVAPS Y13, Y14
	VMOVAPS Y13, Y15

taps3:
	MOVLQSX (R12), R11
	VMOVUPS (R8)(R11*4), Y0
	VMOVUPS (R9)(R11*4), Y1
	VMOVUPS (R10)(R11*4), Y2
	ROW3(0, Y4, Y5, Y6)
	ROW3(4, Y7, Y8, Y9)
	ROW3(8, Y10, Y11, Y12)
	ROW3(12, Y13, Y14, Y15)
	ADDQ $4, R12
	ADDQ $16, DX
	DECQ CX
	JNZ taps3

	FINISH
	MOVLQSX 4(R14), R8
	MOVLQSX 12(R14), R9
	MOVLQSX 20(R14), R10
	TESTQ BX, BX
	JZ store3
	ADD3(Y4, Y5, Y6)
	STORE3(Y4, Y5, Y6)
	JZ done3
	ADD3(Y7, Y8, Y9)
	STORE3(Y7, Y8, Y9)
	JZ done3
	ADD3(Y10, Y11, Y12)
	STORE3(Y10, Y11, Y12)
	JZ done3
	ADD3(Y13, Y14, Y15)
	STORE3(Y13, Y14, Y15)
	JMP done3

store3:
	STORE3(Y4, Y5, Y6)
	JZ done3
	STORE3(Y7, Y8, Y9)
	JZ done3
	STORE3(Y10, Y11, Y12)
	JZ done3
	STORE3(Y13, Y14, Y15)

done3:
	ADDQ $24, R14
	SUBQ $3, R15
	JMP next

two:
	START
	INPUT(0, R8)
	INPUT(8, R9)
	VBROADCASTSS 0(BX), Y4
	VMOVAPS Y4, Y5
	VBROADCASTSS 4(BX), Y6
	VMOVAPS Y6, Y7
	VBROADCASTSS 8(BX), Y8
	VMOVAPS Y8, Y9
	VBROADCASTSS 12(BX), Y10
	VMOVAPS Y10, Y11

taps2:
	MOVLQSX (R12), R11
	VMOVUPS (R8)(R11*4), Y0
	VMOVUPS (R9)(R11*4), Y1
	ROW2(0, Y4, Y5)
	ROW2(4, Y6, Y7)
	ROW2(8, Y8, Y9)
	ROW2(12, Y10, Y11)
	ADDQ $4, R12
	ADDQ $16, DX
	DECQ CX
	JNZ taps2

	FINISH
	MOVLQSX 4(R14), R8
	MOVLQSX 12(R14), R9
	TESTQ BX, BX
	JZ store2
	ADD2(Y4, Y5)
	STORE2(Y4, Y5)
	JZ done2
	ADD2(Y6, Y7)
	STORE2(Y6, Y7)
	JZ done2
	ADD2(Y8, Y9)
	STORE2(Y8, Y9)
	JZ done2
	ADD2(Y10, Y11)
	STORE2(Y10, Y11)
	JMP done2

store2:
	STORE2(Y4, Y5)
	JZ done2
	STORE2(Y6, Y7)
	JZ done2
	STORE2(Y8, Y9)
	JZ done2
	STORE2(Y10, Y11)

done2:
	ADDQ $16, R14
	SUBQ $2, R15
	JMP next

one:
	START
	INPUT(0, R8)
	VBROADCASTSS 0(BX), Y4
	VBROADCASTSS 4(BX), Y5
	VBROADCASTSS 8(BX), Y6
	VBROADCASTSS 12(BX), Y7

taps1:
	MOVLQSX (R12), R11
	VMOVUPS (R8)(R11*4), Y0
	ROW1(0, Y4)
	ROW1(4, Y5)
	ROW1(8, Y6)
	ROW1(12, Y7)
	ADDQ $4, R12
	ADDQ $16, DX
	DECQ CX
	JNZ taps1

	FINISH
	MOVLQSX 4(R14), R8
	TESTQ BX, BX
	JZ store1
	ADD1(Y4)
	STORE1(Y4)
	JZ done1
	ADD1(Y5)
	STORE1(Y5)
	JZ done1
	ADD1(Y6)
	STORE1(Y6)
	JZ done1
	ADD1(Y7)
	STORE1(Y7)
	JMP done1

store1:
	STORE1(Y4)
	JZ done1
	STORE1(Y5)
	JZ done1
	STORE1(Y6)
	JZ done1
	STORE1(Y7)

done1:
	ADDQ $8, R14
	SUBQ $1, R15
	JMP next

// func depthwiseRows(d *Depthwise)
//
// BX rows left, SI and DI input and output of the row, R8 and R9 of the vector, R10 vectors left; Y1 Y2 the clamp,
// Y3 a weight, Y4..Y7 the sums, Y8 the bias.
TEXT ·depthwiseRows(SB), NOSPLIT, $0-8
	MOVQ d+0(FP), AX
	MOVQ Depthwise_Rows(AX), BX
	MOVQ Depthwise_X(AX), SI
	MOVQ Depthwise_Out(AX), DI
	VBROADCASTSS Depthwise_Lo(AX), Y1
	VBROADCASTSS Depthwise_Hi(AX), Y2
	VBROADCASTSS Depthwise_Bias(AX), Y8

row:
	MOVQ SI, R8
	MOVQ DI, R9
	MOVQ Depthwise_Vectors(AX), R10

four:
	CMPQ R10, $4
	JLT one
	MOVQ Depthwise_Off(AX), R12
	MOVQ Depthwise_Off+8(AX), CX
	MOVQ Depthwise_W(AX), DX
	VMOVAPS Y8, Y4
	VMOVAPS Y8, Y5
	VMOVAPS Y8, Y6
	VMOVAPS Y8, Y7

tap4:
	MOVLQSX (R12), R11
	VBROADCASTSS (DX), Y3
	VFMADD231PS 0(R8)(R11*4), Y3, Y4
	VFMADD231PS 32(R8)(R11*4), Y3, Y5
	VFMADD231PS 64(R8)(R11*4), Y3, Y6
	VFMADD231PS 96(R8)(R11*4), Y3, Y7
	ADDQ $4, R12
	ADDQ $4, DX
	DECQ CX
	JNZ tap4
	CLAMP(Y4)
	CLAMP(Y5)
	CLAMP(Y6)
	CLAMP(Y7)
	VMOVUPS Y4, 0(R9)
	VMOVUPS Y5, 32(R9)
	VMOVUPS Y6, 64(R9)
	VMOVUPS Y7, 96(R9)
	ADDQ $128, R8
	ADDQ $128, R9
	SUBQ $4, R10
	JMP four

one:
	TESTQ R10, R10
	JZ next
	MOVQ Depthwise_Off(AX), R12
	MOVQ Depthwise_Off+8(AX), CX
	MOVQ Depthwise_W(AX), DX
	VMOVAPS Y8, Y4

tap1:
	MOVLQSX (R12), R11
	VBROADCASTSS (DX), Y3
	VFMADD231PS (R8)(R11*4), Y3, Y4
	ADDQ $4, R12
	ADDQ $4, DX
	DECQ CX
	JNZ tap1
	CLAMP(Y4)
	VMOVUPS Y4, (R9)
	ADDQ $32, R8
	ADDQ $32, R9
	DECQ R10
	JMP one

next:
	MOVQ Depthwise_XStep(AX), R11
	LEAQ (SI)(R11*4), SI
	MOVQ Depthwise_OutStep(AX), R11
	LEAQ (DI)(R11*4), DI
	DECQ BX
	JNZ row
	VZEROUPPER
	RET
