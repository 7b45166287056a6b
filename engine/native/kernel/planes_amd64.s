//go:build amd64 && !noasm

#include "go_asm.h"
#include "textflag.h"

// rests masks all values of a vector but the first, starts the first ones: seven, six... values from the n-th word on.
DATA rests<>+0(SB)/8, $0xffffffff00000000
DATA rests<>+8(SB)/8, $0xffffffffffffffff
DATA rests<>+16(SB)/8, $0xffffffffffffffff
DATA rests<>+24(SB)/8, $0xffffffffffffffff
GLOBL rests<>(SB), RODATA|NOPTR, $32

DATA starts<>+0(SB)/8, $0xffffffffffffffff
DATA starts<>+8(SB)/8, $0xffffffffffffffff
DATA starts<>+16(SB)/8, $0xffffffffffffffff
DATA starts<>+24(SB)/8, $0xffffffffffffffff
DATA starts<>+32(SB)/8, $0
DATA starts<>+40(SB)/8, $0
DATA starts<>+48(SB)/8, $0
DATA starts<>+56(SB)/8, $0
GLOBL starts<>(SB), RODATA|NOPTR, $64

// Registers: AX the bias, R14 channels left, R11 rows left, CX columns left, SI the first of three input rows, which has
// number DX and may lie beside the plane, R12 R13 BX where their values are, R15 zeros, DI the output, R8 bytes of an input
// row, R9 columns, R10 input rows; Y0..Y8 weights, Y9 and Y10 the sum, Y14 Y15 its limits. On the stack: the plane, the
// weights, the bias, and the end of all outputs.

#define BEGIN \
	MOVQ p+0(FP), AX; \
	MOVQ Planes3_X(AX), CX; \
	MOVQ CX, 0(SP); \
	MOVQ Planes3_W(AX), CX; \
	MOVQ CX, 8(SP); \
	MOVQ Planes3_Bias(AX), CX; \
	MOVQ CX, 16(SP); \
	MOVQ Planes3_Out(AX), DI; \
	MOVQ Planes3_InCols(AX), R8; \
	SHLQ $2, R8; \
	MOVQ Planes3_Cols(AX), R9; \
	MOVQ Planes3_InRows(AX), R10; \
	MOVQ Planes3_Channels(AX), R14; \
	MOVQ Planes3_Zeros(AX), R15; \
	ADDQ $32, R15; \
	MOVQ R9, CX; \
	IMULQ Planes3_Rows(AX), CX; \
	IMULQ R14, CX; \
	LEAQ (DI)(CX*4), CX; \
	MOVQ CX, 24(SP); \
	VBROADCASTSS Planes3_Lo(AX), Y14; \
	VBROADCASTSS Planes3_Hi(AX), Y15

#define CHANNEL \
	MOVQ p+0(FP), AX; \
	MOVQ Planes3_Rows(AX), R11; \
	MOVQ Planes3_Top(AX), DX; \
	NEGQ DX; \
	MOVQ DX, SI; \
	IMULQ R8, SI; \
	ADDQ 0(SP), SI; \
	MOVQ 8(SP), BX; \
	VBROADCASTSS (BX), Y0; \
	VBROADCASTSS 4(BX), Y1; \
	VBROADCASTSS 8(BX), Y2; \
	VBROADCASTSS 12(BX), Y3; \
	VBROADCASTSS 16(BX), Y4; \
	VBROADCASTSS 20(BX), Y5; \
	VBROADCASTSS 24(BX), Y6; \
	VBROADCASTSS 28(BX), Y7; \
	VBROADCASTSS 32(BX), Y8; \
	MOVQ 16(SP), AX

#define NEXT_CHANNEL \
	MOVQ R8, CX; \
	IMULQ R10, CX; \
	ADDQ CX, 0(SP); \
	ADDQ $36, 8(SP); \
	ADDQ $4, 16(SP)

#define ROW \
	MOVQ SI, R12; \
	CMPQ DX, R10; \
	CMOVQCC R15, R12; \
	LEAQ (SI)(R8*1), R13; \
	LEAQ 1(DX), CX; \
	CMPQ CX, R10; \
	CMOVQCC R15, R13; \
	LEAQ (SI)(R8*2), BX; \
	LEAQ 2(DX), CX; \
	CMPQ CX, R10; \
	CMOVQCC R15, BX; \
	MOVQ R9, CX

#define CLAMP \
	VMAXPS Y9, Y14, Y9; \
	VMINPS Y9, Y15, Y9

#define FORWARD(N) \
	VMOVUPS Y9, (DI); \
	ADDQ $32, DI; \
	ADDQ $N, R12; \
	ADDQ $N, R13; \
	ADDQ $N, BX; \
	SUBQ $8, CX

// func planes3Stride1(p *Planes3)
TEXT ·planes3Stride1(SB), NOSPLIT, $32-8
	BEGIN
	VMOVUPS rests<>(SB), Y12
	LEAQ    -1(R9), CX // the last column has no right neighbour
	ANDQ    $7, CX
	NEGQ    CX
	LEAQ    starts<>+32(SB), BX
	VMOVUPS (BX)(CX*4), Y13

channel:
	CHANNEL

row:
	ROW
	CMPQ CX, $8
	JLE  only
	VBROADCASTSS (AX), Y9
	VMASKMOVPS -4(R12), Y12, Y11
	VFMADD231PS Y11, Y0, Y9
	VMULPS (R12), Y1, Y10
	VFMADD231PS 4(R12), Y2, Y9
	VMASKMOVPS -4(R13), Y12, Y11
	VFMADD231PS Y11, Y3, Y10
	VFMADD231PS (R13), Y4, Y9
	VFMADD231PS 4(R13), Y5, Y10
	VMASKMOVPS -4(BX), Y12, Y11
	VFMADD231PS Y11, Y6, Y9
	VFMADD231PS (BX), Y7, Y10
	VFMADD231PS 4(BX), Y8, Y9
	VADDPS Y10, Y9, Y9
	CLAMP
	FORWARD(32)

vector:
	CMPQ CX, $8
	JLE  last
	VBROADCASTSS (AX), Y9
	VFMADD231PS -4(R12), Y0, Y9
	VMULPS (R12), Y1, Y10
	VFMADD231PS 4(R12), Y2, Y9
	VFMADD231PS -4(R13), Y3, Y10
	VFMADD231PS (R13), Y4, Y9
	VFMADD231PS 4(R13), Y5, Y10
	VFMADD231PS -4(BX), Y6, Y9
	VFMADD231PS (BX), Y7, Y10
	VFMADD231PS 4(BX), Y8, Y9
	VADDPS Y10, Y9, Y9
	CLAMP
	FORWARD(32)
	JMP  vector

only:
	VBROADCASTSS (AX), Y9
	VMASKMOVPS -4(R12), Y12, Y11
	VFMADD231PS Y11, Y0, Y9
	VMULPS (R12), Y1, Y10
	VMASKMOVPS 4(R12), Y13, Y11
	VFMADD231PS Y11, Y2, Y9
	VMASKMOVPS -4(R13), Y12, Y11
	VFMADD231PS Y11, Y3, Y10
	VFMADD231PS (R13), Y4, Y9
	VMASKMOVPS 4(R13), Y13, Y11
	VFMADD231PS Y11, Y5, Y10
	VMASKMOVPS -4(BX), Y12, Y11
	VFMADD231PS Y11, Y6, Y9
	VFMADD231PS (BX), Y7, Y10
	VMASKMOVPS 4(BX), Y13, Y11
	VFMADD231PS Y11, Y8, Y9
	VADDPS Y10, Y9, Y9
	JMP  store

last:
	VBROADCASTSS (AX), Y9
	VFMADD231PS -4(R12), Y0, Y9
	VMULPS (R12), Y1, Y10
	VMASKMOVPS 4(R12), Y13, Y11
	VFMADD231PS Y11, Y2, Y9
	VFMADD231PS -4(R13), Y3, Y10
	VFMADD231PS (R13), Y4, Y9
	VMASKMOVPS 4(R13), Y13, Y11
	VFMADD231PS Y11, Y5, Y10
	VFMADD231PS -4(BX), Y6, Y9
	VFMADD231PS (BX), Y7, Y10
	VMASKMOVPS 4(BX), Y13, Y11
	VFMADD231PS Y11, Y8, Y9
	VADDPS Y10, Y9, Y9

	// What a row's last vector writes behind it is overwritten, save at the very end.
store:
	CLAMP
	LEAQ 32(DI), R12
	CMPQ R12, 24(SP)
	JHI  masked
	VMOVUPS Y9, (DI)

stored:
	LEAQ (DI)(CX*4), DI
	LEAQ (SI)(R8*1), SI
	ADDQ $1, DX
	DECQ R11
	JNZ  row
	NEXT_CHANNEL
	DECQ R14
	JNZ  channel
	VZEROUPPER
	RET

masked:
	LEAQ starts<>+32(SB), R12
	MOVQ CX, R13
	NEGQ R13
	VMOVUPS (R12)(R13*4), Y11
	VMASKMOVPS Y9, Y11, (DI)
	JMP  stored

// func planes3Stride2(p *Planes3)
//
// Sums are in the order that VSHUFPS gives until one permutation mends them.
TEXT ·planes3Stride2(SB), NOSPLIT, $32-8
	BEGIN
	VMOVUPS rests<>(SB), Y13

channel:
	CHANNEL

row:
	ROW
	VBROADCASTSS (AX), Y9
	VMASKMOVPS -4(R12), Y13, Y11
	VSHUFPS $0x88, 28(R12), Y11, Y12
	VSHUFPS $0xdd, 28(R12), Y11, Y11
	VFMADD231PS Y12, Y0, Y9
	VMULPS Y11, Y1, Y10
	VMOVUPS 4(R12), Y11
	VSHUFPS $0x88, 36(R12), Y11, Y12
	VFMADD231PS Y12, Y2, Y9
	VMASKMOVPS -4(R13), Y13, Y11
	VSHUFPS $0x88, 28(R13), Y11, Y12
	VSHUFPS $0xdd, 28(R13), Y11, Y11
	VFMADD231PS Y12, Y3, Y9
	VFMADD231PS Y11, Y4, Y10
	VMOVUPS 4(R13), Y11
	VSHUFPS $0x88, 36(R13), Y11, Y12
	VFMADD231PS Y12, Y5, Y9
	VMASKMOVPS -4(BX), Y13, Y11
	VSHUFPS $0x88, 28(BX), Y11, Y12
	VSHUFPS $0xdd, 28(BX), Y11, Y11
	VFMADD231PS Y12, Y6, Y9
	VFMADD231PS Y11, Y7, Y10
	VMOVUPS 4(BX), Y11
	VSHUFPS $0x88, 36(BX), Y11, Y12
	VFMADD231PS Y12, Y8, Y9
	VADDPS Y10, Y9, Y9
	VPERMPD $0xd8, Y9, Y9
	CMPQ CX, $8
	JLE  store
	CLAMP
	FORWARD(64)

vector:
	VBROADCASTSS (AX), Y9
	VMOVUPS -4(R12), Y11
	VSHUFPS $0x88, 28(R12), Y11, Y12
	VSHUFPS $0xdd, 28(R12), Y11, Y11
	VFMADD231PS Y12, Y0, Y9
	VMULPS Y11, Y1, Y10
	VMOVUPS 4(R12), Y11
	VSHUFPS $0x88, 36(R12), Y11, Y12
	VFMADD231PS Y12, Y2, Y9
	VMOVUPS -4(R13), Y11
	VSHUFPS $0x88, 28(R13), Y11, Y12
	VSHUFPS $0xdd, 28(R13), Y11, Y11
	VFMADD231PS Y12, Y3, Y9
	VFMADD231PS Y11, Y4, Y10
	VMOVUPS 4(R13), Y11
	VSHUFPS $0x88, 36(R13), Y11, Y12
	VFMADD231PS Y12, Y5, Y9
	VMOVUPS -4(BX), Y11
	VSHUFPS $0x88, 28(BX), Y11, Y12
	VSHUFPS $0xdd, 28(BX), Y11, Y11
	VFMADD231PS Y12, Y6, Y9
	VFMADD231PS Y11, Y7, Y10
	VMOVUPS 4(BX), Y11
	VSHUFPS $0x88, 36(BX), Y11, Y12
	VFMADD231PS Y12, Y8, Y9
	VADDPS Y10, Y9, Y9
	VPERMPD $0xd8, Y9, Y9
	CMPQ CX, $8
	JLE  store
	CLAMP
	FORWARD(64)
	JMP  vector

	// What a row's last vector writes behind it is overwritten, save at the very end.
store:
	CLAMP
	LEAQ 32(DI), R12
	CMPQ R12, 24(SP)
	JHI  masked
	VMOVUPS Y9, (DI)

stored:
	LEAQ (DI)(CX*4), DI
	LEAQ (SI)(R8*2), SI
	ADDQ $2, DX
	DECQ R11
	JNZ  row
	NEXT_CHANNEL
	DECQ R14
	JNZ  channel
	VZEROUPPER
	RET

masked:
	LEAQ starts<>+32(SB), R12
	MOVQ CX, R13
	NEGQ R13
	VMOVUPS (R12)(R13*4), Y11
	VMASKMOVPS Y9, Y11, (DI)
	JMP  stored

// func deinterleaveAsm(even, odd, x *float32, n int)
TEXT ·deinterleaveAsm(SB), NOSPLIT, $0-32
	MOVQ even+0(FP), DI
	MOVQ odd+8(FP), DX
	MOVQ x+16(FP), SI
	MOVQ n+24(FP), CX

eight:
	VMOVUPS (SI), Y0
	VSHUFPS $0x88, 32(SI), Y0, Y1
	VSHUFPS $0xdd, 32(SI), Y0, Y2
	VPERMPD $0xd8, Y1, Y1
	VPERMPD $0xd8, Y2, Y2
	VMOVUPS Y1, (DI)
	VMOVUPS Y2, (DX)
	ADDQ    $64, SI
	ADDQ    $32, DI
	ADDQ    $32, DX
	SUBQ    $8, CX
	JNZ     eight
	VZEROUPPER
	RET
