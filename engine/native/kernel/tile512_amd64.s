//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"

// Registers: AX the Tile, R14 the next vector, R15 vectors left, CX taps left, R12 offsets, DX and SI the weights of four rows
// each, R8 R9 R10 R11 R13 BX where the vectors are read, two of them in a register; Z8..Z31 the sums (row r, pair p in
// Z(8+pairs*r+p)), Z0..Z2 input, Z3 a weight. An odd last vector is paired with itself. On the stack the weights, bias, output
// and addend of eight or the last four rows, and the rows left.

#define INPUT(N, R) \
	MOVLQSX N(R14), R; \
	LEAQ (SI)(R*4), R

#define PLACE(N, R) MOVLQSX N(R14), R

#define PAIR(A, B, Y, Z) \
	VMOVUPS (A)(DI*4), Y; \
	VINSERTF32X8 $1, (B)(DI*4), Z, Z

#define TAPS \
	MOVQ Tile_Off+8(AX), CX; \
	MOVQ Tile_Off(AX), R12; \
	MOVQ 0(SP), DX; \
	MOVQ CX, SI; \
	SHLQ $4, SI; \
	ADDQ DX, SI

#define ROW3(N, P, A, B, C) \
	VBROADCASTSS N(P), Z3; \
	VFMADD231PS Z0, Z3, A; \
	VFMADD231PS Z1, Z3, B; \
	VFMADD231PS Z2, Z3, C

#define ROW2(N, P, A, B) \
	VBROADCASTSS N(P), Z3; \
	VFMADD231PS Z0, Z3, A; \
	VFMADD231PS Z1, Z3, B

#define ROW1(N, P, A) \
	VBROADCASTSS N(P), Z3; \
	VFMADD231PS Z0, Z3, A

#define NEXTTAP \
	ADDQ $4, R12; \
	ADDQ $16, DX; \
	ADDQ $16, SI; \
	DECQ CX

#define BIAS3(N, A, B, C) \
	VBROADCASTSS N(DX), A; \
	VMOVAPS A, B; \
	VMOVAPS A, C

#define BIAS2(N, A, B) \
	VBROADCASTSS N(DX), A; \
	VMOVAPS A, B

#define BIAS1(N, A) VBROADCASTSS N(DX), A

// FINISH: DI the row of the output, CX from row to row, BX that of what is added, R13 from row to row there, SI rows left.
#define FINISH \
	MOVQ 16(SP), DI; \
	MOVQ Tile_OutStep(AX), CX; \
	SHLQ $2, CX; \
	MOVQ 24(SP), BX; \
	MOVQ Tile_AddStep(AX), R13; \
	SHLQ $2, R13; \
	MOVQ 32(SP), SI; \
	VBROADCASTSS Tile_Lo(AX), Z1; \
	VBROADCASTSS Tile_Hi(AX), Z2

#define ADD(A, B, S) \
	VMOVUPS (BX)(A*4), Y3; \
	VINSERTF32X8 $1, (BX)(B*4), Z3, Z3; \
	VADDPS Z3, S, S

// The sum is the second source of the clamp, which the instruction returns where it is NaN.
#define STORE(A, B, Y, Z) \
	VMAXPS Z, Z1, Z; \
	VMINPS Z, Z2, Z; \
	VMOVUPS Y, (DI)(A*4); \
	VEXTRACTF32X8 $1, Z, (DI)(B*4)

#define NEXTROW \
	ADDQ CX, DI; \
	DECQ SI

#define ADD3(A, B, C) \
	ADD(R8, R9, A); \
	ADD(R10, R11, B); \
	ADD(R12, DX, C); \
	ADDQ R13, BX

#define ADD2(A, B) \
	ADD(R8, R9, A); \
	ADD(R10, R11, B); \
	ADDQ R13, BX

#define ADD1(A) \
	ADD(R8, R9, A); \
	ADDQ R13, BX

#define STORE3(YA, A, YB, B, YC, C) \
	STORE(R8, R9, YA, A); \
	STORE(R10, R11, YB, B); \
	STORE(R12, DX, YC, C); \
	NEXTROW

#define STORE2(YA, A, YB, B) \
	STORE(R8, R9, YA, A); \
	STORE(R10, R11, YB, B); \
	NEXTROW

#define STORE1(YA, A) \
	STORE(R8, R9, YA, A); \
	NEXTROW

// VECTORS begins with the first vector.
#define VECTORS \
	MOVQ Tile_Places(AX), R14; \
	MOVQ Tile_Places+8(AX), R15

// SKIP goes on by eight rows.
#define SKIP \
	SUBQ $8, 32(SP); \
	JLE end; \
	MOVQ Tile_Off+8(AX), CX; \
	SHLQ $5, CX; \
	ADDQ CX, 0(SP); \
	ADDQ $32, 8(SP); \
	MOVQ Tile_OutStep(AX), CX; \
	SHLQ $5, CX; \
	ADDQ CX, 16(SP); \
	CMPQ 24(SP), $0; \
	JEQ rows; \
	MOVQ Tile_AddStep(AX), CX; \
	SHLQ $5, CX; \
	ADDQ CX, 24(SP); \
	JMP rows

// func tileAVX512(t *Tile)
TEXT ·tileAVX512(SB), NOSPLIT, $40-8
	MOVQ t+0(FP), AX
	MOVQ Tile_W(AX), DX
	MOVQ DX, 0(SP)
	MOVQ Tile_Bias(AX), BX
	MOVQ BX, 8(SP)
	MOVQ Tile_Out(AX), DI
	MOVQ DI, 16(SP)
	MOVQ Tile_Add(AX), BX
	MOVQ BX, 24(SP)
	MOVQ Tile_Rows(AX), CX
	MOVQ CX, 32(SP)

rows:
	VECTORS
	CMPQ 32(SP), $4
	JLE  next4

next8:
	MOVQ Tile_X(AX), SI
	CMPQ R15, $9
	JGE  three8
	CMPQ R15, $7
	JGE  two8
	CMPQ R15, $5
	JGE  three8
	CMPQ R15, $3
	JGE  two8
	TESTQ R15, R15
	JGT  one8
	SKIP

three8:
	INPUT(0, R8)
	INPUT(8, R9)
	INPUT(16, R10)
	INPUT(24, R11)
	INPUT(32, R13)
	MOVQ R13, BX
	CMPQ R15, $6
	JLT  three8read
	INPUT(40, BX)

three8read:
	MOVQ 8(SP), DX
	BIAS3(0, Z8, Z9, Z10)
	BIAS3(4, Z11, Z12, Z13)
	BIAS3(8, Z14, Z15, Z16)
	BIAS3(12, Z17, Z18, Z19)
	BIAS3(16, Z20, Z21, Z22)
	BIAS3(20, Z23, Z24, Z25)
	BIAS3(24, Z26, Z27, Z28)
	BIAS3(28, Z29, Z30, Z31)
	TAPS

	// Neighbours are read as one.
	LEAQ 32(R8), DI
	CMPQ DI, R9
	JNE  three8taps
	LEAQ 32(R10), DI
	CMPQ DI, R11
	JNE  three8taps
	LEAQ 32(R13), DI
	CMPQ DI, BX
	JNE  three8taps

three8neighbours:
	MOVLQSX (R12), DI
	VMOVUPS (R8)(DI*4), Z0
	VMOVUPS (R10)(DI*4), Z1
	VMOVUPS (R13)(DI*4), Z2
	ROW3(0, DX, Z8, Z9, Z10)
	ROW3(4, DX, Z11, Z12, Z13)
	ROW3(8, DX, Z14, Z15, Z16)
	ROW3(12, DX, Z17, Z18, Z19)
	ROW3(0, SI, Z20, Z21, Z22)
	ROW3(4, SI, Z23, Z24, Z25)
	ROW3(8, SI, Z26, Z27, Z28)
	ROW3(12, SI, Z29, Z30, Z31)
	NEXTTAP
	JNZ  three8neighbours
	JMP  three8finish

three8taps:
	MOVLQSX (R12), DI
	PAIR(R8, R9, Y0, Z0)
	PAIR(R10, R11, Y1, Z1)
	PAIR(R13, BX, Y2, Z2)
	ROW3(0, DX, Z8, Z9, Z10)
	ROW3(4, DX, Z11, Z12, Z13)
	ROW3(8, DX, Z14, Z15, Z16)
	ROW3(12, DX, Z17, Z18, Z19)
	ROW3(0, SI, Z20, Z21, Z22)
	ROW3(4, SI, Z23, Z24, Z25)
	ROW3(8, SI, Z26, Z27, Z28)
	ROW3(12, SI, Z29, Z30, Z31)
	NEXTTAP
	JNZ  three8taps

three8finish:
	FINISH
	PLACE(4, R8)
	PLACE(12, R9)
	PLACE(20, R10)
	PLACE(28, R11)
	PLACE(36, R12)
	MOVQ R12, DX
	CMPQ R15, $6
	JLT  three8placed
	PLACE(44, DX)

three8placed:
	TESTQ BX, BX
	JZ   three8store
	ADD3(Z8, Z9, Z10)
	STORE3(Y8, Z8, Y9, Z9, Y10, Z10)
	JZ   three8done
	ADD3(Z11, Z12, Z13)
	STORE3(Y11, Z11, Y12, Z12, Y13, Z13)
	JZ   three8done
	ADD3(Z14, Z15, Z16)
	STORE3(Y14, Z14, Y15, Z15, Y16, Z16)
	JZ   three8done
	ADD3(Z17, Z18, Z19)
	STORE3(Y17, Z17, Y18, Z18, Y19, Z19)
	JZ   three8done
	ADD3(Z20, Z21, Z22)
	STORE3(Y20, Z20, Y21, Z21, Y22, Z22)
	JZ   three8done
	ADD3(Z23, Z24, Z25)
	STORE3(Y23, Z23, Y24, Z24, Y25, Z25)
	JZ   three8done
	ADD3(Z26, Z27, Z28)
	STORE3(Y26, Z26, Y27, Z27, Y28, Z28)
	JZ   three8done
	ADD3(Z29, Z30, Z31)
	STORE3(Y29, Z29, Y30, Z30, Y31, Z31)
	JMP  three8done

three8store:
	STORE3(Y8, Z8, Y9, Z9, Y10, Z10)
	JZ   three8done
	STORE3(Y11, Z11, Y12, Z12, Y13, Z13)
	JZ   three8done
	STORE3(Y14, Z14, Y15, Z15, Y16, Z16)
	JZ   three8done
	STORE3(Y17, Z17, Y18, Z18, Y19, Z19)
	JZ   three8done
	STORE3(Y20, Z20, Y21, Z21, Y22, Z22)
	JZ   three8done
	STORE3(Y23, Z23, Y24, Z24, Y25, Z25)
	JZ   three8done
	STORE3(Y26, Z26, Y27, Z27, Y28, Z28)
	JZ   three8done
	STORE3(Y29, Z29, Y30, Z30, Y31, Z31)

three8done:
	ADDQ $48, R14
	SUBQ $6, R15
	JMP  next8

two8:
	INPUT(0, R8)
	INPUT(8, R9)
	INPUT(16, R10)
	MOVQ R10, R11
	CMPQ R15, $4
	JLT  two8read
	INPUT(24, R11)

two8read:
	MOVQ 8(SP), DX
	BIAS2(0, Z8, Z9)
	BIAS2(4, Z10, Z11)
	BIAS2(8, Z12, Z13)
	BIAS2(12, Z14, Z15)
	BIAS2(16, Z16, Z17)
	BIAS2(20, Z18, Z19)
	BIAS2(24, Z20, Z21)
	BIAS2(28, Z22, Z23)
	TAPS

two8taps:
	MOVLQSX (R12), DI
	PAIR(R8, R9, Y0, Z0)
	PAIR(R10, R11, Y1, Z1)
	ROW2(0, DX, Z8, Z9)
	ROW2(4, DX, Z10, Z11)
	ROW2(8, DX, Z12, Z13)
	ROW2(12, DX, Z14, Z15)
	ROW2(0, SI, Z16, Z17)
	ROW2(4, SI, Z18, Z19)
	ROW2(8, SI, Z20, Z21)
	ROW2(12, SI, Z22, Z23)
	NEXTTAP
	JNZ  two8taps

	FINISH
	PLACE(4, R8)
	PLACE(12, R9)
	PLACE(20, R10)
	MOVQ R10, R11
	CMPQ R15, $4
	JLT  two8placed
	PLACE(28, R11)

two8placed:
	TESTQ BX, BX
	JZ   two8store
	ADD2(Z8, Z9)
	STORE2(Y8, Z8, Y9, Z9)
	JZ   two8done
	ADD2(Z10, Z11)
	STORE2(Y10, Z10, Y11, Z11)
	JZ   two8done
	ADD2(Z12, Z13)
	STORE2(Y12, Z12, Y13, Z13)
	JZ   two8done
	ADD2(Z14, Z15)
	STORE2(Y14, Z14, Y15, Z15)
	JZ   two8done
	ADD2(Z16, Z17)
	STORE2(Y16, Z16, Y17, Z17)
	JZ   two8done
	ADD2(Z18, Z19)
	STORE2(Y18, Z18, Y19, Z19)
	JZ   two8done
	ADD2(Z20, Z21)
	STORE2(Y20, Z20, Y21, Z21)
	JZ   two8done
	ADD2(Z22, Z23)
	STORE2(Y22, Z22, Y23, Z23)
	JMP  two8done

two8store:
	STORE2(Y8, Z8, Y9, Z9)
	JZ   two8done
	STORE2(Y10, Z10, Y11, Z11)
	JZ   two8done
	STORE2(Y12, Z12, Y13, Z13)
	JZ   two8done
	STORE2(Y14, Z14, Y15, Z15)
	JZ   two8done
	STORE2(Y16, Z16, Y17, Z17)
	JZ   two8done
	STORE2(Y18, Z18, Y19, Z19)
	JZ   two8done
	STORE2(Y20, Z20, Y21, Z21)
	JZ   two8done
	STORE2(Y22, Z22, Y23, Z23)

two8done:
	ADDQ $32, R14
	SUBQ $4, R15
	JMP  next8

one8:
	INPUT(0, R8)
	MOVQ R8, R9
	CMPQ R15, $2
	JLT  one8read
	INPUT(8, R9)

one8read:
	MOVQ 8(SP), DX
	BIAS1(0, Z8)
	BIAS1(4, Z9)
	BIAS1(8, Z10)
	BIAS1(12, Z11)
	BIAS1(16, Z12)
	BIAS1(20, Z13)
	BIAS1(24, Z14)
	BIAS1(28, Z15)
	TAPS

one8taps:
	MOVLQSX (R12), DI
	PAIR(R8, R9, Y0, Z0)
	ROW1(0, DX, Z8)
	ROW1(4, DX, Z9)
	ROW1(8, DX, Z10)
	ROW1(12, DX, Z11)
	ROW1(0, SI, Z12)
	ROW1(4, SI, Z13)
	ROW1(8, SI, Z14)
	ROW1(12, SI, Z15)
	NEXTTAP
	JNZ  one8taps

	FINISH
	PLACE(4, R8)
	MOVQ R8, R9
	CMPQ R15, $2
	JLT  one8placed
	PLACE(12, R9)

one8placed:
	TESTQ BX, BX
	JZ   one8store
	ADD1(Z8)
	STORE1(Y8, Z8)
	JZ   one8done
	ADD1(Z9)
	STORE1(Y9, Z9)
	JZ   one8done
	ADD1(Z10)
	STORE1(Y10, Z10)
	JZ   one8done
	ADD1(Z11)
	STORE1(Y11, Z11)
	JZ   one8done
	ADD1(Z12)
	STORE1(Y12, Z12)
	JZ   one8done
	ADD1(Z13)
	STORE1(Y13, Z13)
	JZ   one8done
	ADD1(Z14)
	STORE1(Y14, Z14)
	JZ   one8done
	ADD1(Z15)
	STORE1(Y15, Z15)
	JMP  one8done

one8store:
	STORE1(Y8, Z8)
	JZ   one8done
	STORE1(Y9, Z9)
	JZ   one8done
	STORE1(Y10, Z10)
	JZ   one8done
	STORE1(Y11, Z11)
	JZ   one8done
	STORE1(Y12, Z12)
	JZ   one8done
	STORE1(Y13, Z13)
	JZ   one8done
	STORE1(Y14, Z14)
	JZ   one8done
	STORE1(Y15, Z15)

one8done:
	ADDQ $16, R14
	SUBQ $2, R15
	JMP  next8

next4:
	MOVQ Tile_X(AX), SI
	CMPQ R15, $9
	JGE  three4
	CMPQ R15, $7
	JGE  two4
	CMPQ R15, $5
	JGE  three4
	CMPQ R15, $3
	JGE  two4
	TESTQ R15, R15
	JGT  one4

end:
	VZEROUPPER
	RET

three4:
	INPUT(0, R8)
	INPUT(8, R9)
	INPUT(16, R10)
	INPUT(24, R11)
	INPUT(32, R13)
	MOVQ R13, BX
	CMPQ R15, $6
	JLT  three4read
	INPUT(40, BX)

three4read:
	MOVQ 8(SP), DX
	BIAS3(0, Z8, Z9, Z10)
	BIAS3(4, Z11, Z12, Z13)
	BIAS3(8, Z14, Z15, Z16)
	BIAS3(12, Z17, Z18, Z19)
	TAPS

	// Neighbours are read as one.
	LEAQ 32(R8), DI
	CMPQ DI, R9
	JNE  three4taps
	LEAQ 32(R10), DI
	CMPQ DI, R11
	JNE  three4taps
	LEAQ 32(R13), DI
	CMPQ DI, BX
	JNE  three4taps

three4neighbours:
	MOVLQSX (R12), DI
	VMOVUPS (R8)(DI*4), Z0
	VMOVUPS (R10)(DI*4), Z1
	VMOVUPS (R13)(DI*4), Z2
	ROW3(0, DX, Z8, Z9, Z10)
	ROW3(4, DX, Z11, Z12, Z13)
	ROW3(8, DX, Z14, Z15, Z16)
	ROW3(12, DX, Z17, Z18, Z19)
	NEXTTAP
	JNZ  three4neighbours
	JMP  three4finish

three4taps:
	MOVLQSX (R12), DI
	PAIR(R8, R9, Y0, Z0)
	PAIR(R10, R11, Y1, Z1)
	PAIR(R13, BX, Y2, Z2)
	ROW3(0, DX, Z8, Z9, Z10)
	ROW3(4, DX, Z11, Z12, Z13)
	ROW3(8, DX, Z14, Z15, Z16)
	ROW3(12, DX, Z17, Z18, Z19)
	NEXTTAP
	JNZ  three4taps

three4finish:
	FINISH
	PLACE(4, R8)
	PLACE(12, R9)
	PLACE(20, R10)
	PLACE(28, R11)
	PLACE(36, R12)
	MOVQ R12, DX
	CMPQ R15, $6
	JLT  three4placed
	PLACE(44, DX)

three4placed:
	TESTQ BX, BX
	JZ   three4store
	ADD3(Z8, Z9, Z10)
	STORE3(Y8, Z8, Y9, Z9, Y10, Z10)
	JZ   three4done
	ADD3(Z11, Z12, Z13)
	STORE3(Y11, Z11, Y12, Z12, Y13, Z13)
	JZ   three4done
	ADD3(Z14, Z15, Z16)
	STORE3(Y14, Z14, Y15, Z15, Y16, Z16)
	JZ   three4done
	ADD3(Z17, Z18, Z19)
	STORE3(Y17, Z17, Y18, Z18, Y19, Z19)
	JMP  three4done

three4store:
	STORE3(Y8, Z8, Y9, Z9, Y10, Z10)
	JZ   three4done
	STORE3(Y11, Z11, Y12, Z12, Y13, Z13)
	JZ   three4done
	STORE3(Y14, Z14, Y15, Z15, Y16, Z16)
	JZ   three4done
	STORE3(Y17, Z17, Y18, Z18, Y19, Z19)

three4done:
	ADDQ $48, R14
	SUBQ $6, R15
	JMP  next4

two4:
	INPUT(0, R8)
	INPUT(8, R9)
	INPUT(16, R10)
	MOVQ R10, R11
	CMPQ R15, $4
	JLT  two4read
	INPUT(24, R11)

two4read:
	MOVQ 8(SP), DX
	BIAS2(0, Z8, Z9)
	BIAS2(4, Z10, Z11)
	BIAS2(8, Z12, Z13)
	BIAS2(12, Z14, Z15)
	TAPS

two4taps:
	MOVLQSX (R12), DI
	PAIR(R8, R9, Y0, Z0)
	PAIR(R10, R11, Y1, Z1)
	ROW2(0, DX, Z8, Z9)
	ROW2(4, DX, Z10, Z11)
	ROW2(8, DX, Z12, Z13)
	ROW2(12, DX, Z14, Z15)
	NEXTTAP
	JNZ  two4taps

	FINISH
	PLACE(4, R8)
	PLACE(12, R9)
	PLACE(20, R10)
	MOVQ R10, R11
	CMPQ R15, $4
	JLT  two4placed
	PLACE(28, R11)

two4placed:
	TESTQ BX, BX
	JZ   two4store
	ADD2(Z8, Z9)
	STORE2(Y8, Z8, Y9, Z9)
	JZ   two4done
	ADD2(Z10, Z11)
	STORE2(Y10, Z10, Y11, Z11)
	JZ   two4done
	ADD2(Z12, Z13)
	STORE2(Y12, Z12, Y13, Z13)
	JZ   two4done
	ADD2(Z14, Z15)
	STORE2(Y14, Z14, Y15, Z15)
	JMP  two4done

two4store:
	STORE2(Y8, Z8, Y9, Z9)
	JZ   two4done
	STORE2(Y10, Z10, Y11, Z11)
	JZ   two4done
	STORE2(Y12, Z12, Y13, Z13)
	JZ   two4done
	STORE2(Y14, Z14, Y15, Z15)

two4done:
	ADDQ $32, R14
	SUBQ $4, R15
	JMP  next4

one4:
	INPUT(0, R8)
	MOVQ R8, R9
	CMPQ R15, $2
	JLT  one4read
	INPUT(8, R9)

one4read:
	MOVQ 8(SP), DX
	BIAS1(0, Z8)
	BIAS1(4, Z9)
	BIAS1(8, Z10)
	BIAS1(12, Z11)
	TAPS

one4taps:
	MOVLQSX (R12), DI
	PAIR(R8, R9, Y0, Z0)
	ROW1(0, DX, Z8)
	ROW1(4, DX, Z9)
	ROW1(8, DX, Z10)
	ROW1(12, DX, Z11)
	NEXTTAP
	JNZ  one4taps

	FINISH
	PLACE(4, R8)
	MOVQ R8, R9
	CMPQ R15, $2
	JLT  one4placed
	PLACE(12, R9)

one4placed:
	TESTQ BX, BX
	JZ   one4store
	ADD1(Z8)
	STORE1(Y8, Z8)
	JZ   one4done
	ADD1(Z9)
	STORE1(Y9, Z9)
	JZ   one4done
	ADD1(Z10)
	STORE1(Y10, Z10)
	JZ   one4done
	ADD1(Z11)
	STORE1(Y11, Z11)
	JMP  one4done

one4store:
	STORE1(Y8, Z8)
	JZ   one4done
	STORE1(Y9, Z9)
	JZ   one4done
	STORE1(Y10, Z10)
	JZ   one4done
	STORE1(Y11, Z11)

one4done:
	ADDQ $16, R14
	SUBQ $2, R15
	JMP  next4
