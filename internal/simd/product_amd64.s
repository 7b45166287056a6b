//go:build !noasm

#include "textflag.h"

// STEP adds a column's product to a row's block: a number of the panel times Y8 and Y9. Products and sums are rounded one by one.
#define STEP(OFF, A, B)            \
	VBROADCASTSS OFF(R10), Y10 \
	VMULPS       Y8, Y10, Y11  \
	VMULPS       Y9, Y10, Y12  \
	VADDPS       Y11, A, A     \
	VADDPS       Y12, B, B

// func productAVX2(dst, panel, x *float32, cols, n int)
TEXT ·productAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ panel+8(FP), R9
	MOVQ x+16(FP), SI
	MOVQ cols+24(FP), R8
	MOVQ n+32(FP), CX
	MOVQ CX, DX
	SHLQ $2, DX           // bytes of a row
	LEAQ (DX)(DX*2), R13
	SUBQ $16, CX          // values behind the block

block:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	MOVQ   R9, R10
	MOVQ   SI, R11
	MOVQ   R8, R12

column:
	VMOVUPS (R11), Y8
	VMOVUPS 32(R11), Y9
	STEP(0, Y0, Y1)
	STEP(4, Y2, Y3)
	STEP(8, Y4, Y5)
	STEP(12, Y6, Y7)
	ADDQ    $16, R10
	ADDQ    DX, R11
	DECQ    R12
	JNZ     column
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, (DI)(DX*1)
	VMOVUPS Y3, 32(DI)(DX*1)
	VMOVUPS Y4, (DI)(DX*2)
	VMOVUPS Y5, 32(DI)(DX*2)
	VMOVUPS Y6, (DI)(R13*1)
	VMOVUPS Y7, 32(DI)(R13*1)
	TESTQ   CX, CX
	JZ      done
	MOVQ    $16, AX
	CMPQ    CX, AX
	CMOVQLT CX, AX        // the last block lies over the one before
	SUBQ    AX, CX
	SHLQ    $2, AX
	ADDQ    AX, SI
	ADDQ    AX, DI
	JMP     block

done:
	VZEROUPPER
	RET
