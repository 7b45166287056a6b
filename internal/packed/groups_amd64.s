//go:build !noasm

#include "textflag.h"

// From place 64-8*n on, the first n words are set.
DATA firsts<>+0(SB)/8, $-1
DATA firsts<>+8(SB)/8, $-1
DATA firsts<>+16(SB)/8, $-1
DATA firsts<>+24(SB)/8, $-1
DATA firsts<>+32(SB)/8, $-1
DATA firsts<>+40(SB)/8, $-1
DATA firsts<>+48(SB)/8, $-1
DATA firsts<>+56(SB)/8, $-1
DATA firsts<>+64(SB)/8, $0
DATA firsts<>+72(SB)/8, $0
DATA firsts<>+80(SB)/8, $0
DATA firsts<>+88(SB)/8, $0
DATA firsts<>+96(SB)/8, $0
DATA firsts<>+104(SB)/8, $0
DATA firsts<>+112(SB)/8, $0
DATA firsts<>+120(SB)/8, $0
GLOBL firsts<>(SB), RODATA|NOPTR, $128

// dwords 0 4 1 5 2 6 3 7
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000500000001
DATA order<>+16(SB)/8, $0x0000000600000002
DATA order<>+24(SB)/8, $0x0000000700000003
GLOBL order<>(SB), RODATA|NOPTR, $32

DATA masks<>+0(SB)/8, $0x00f0017f550f330f
GLOBL masks<>(SB), RODATA|NOPTR, $8

// PLANE takes the highest bits of the codes in Y8 and Y10, which shift out.
#define PLANE(R)            \
	VPMOVMSKB Y8, R         \
	VPMOVMSKB Y10, AX       \
	SHLQ      $32, AX       \
	ORQ       AX, R         \
	VPADDB    Y8, Y8, Y8    \
	VPADDB    Y10, Y10, Y10

// FLIP turns a plane of which more than half is set, and notes its bit in BX.
#define FLIP(R, BIT) \
	POPCNTQ R, AX    \
	MOVL    $32, DX  \
	SUBQ    AX, DX   \
	SARQ    $63, DX  \
	XORQ    DX, R    \
	ANDL    $BIT, DX \
	ORL     DX, BX

// ABOVE stores plane I and what is set in it or above, and counts in CX if anything is.
#define ABOVE(R, I)            \
	ORQ  R, AX                 \
	MOVQ R, (8*I)(SP)          \
	MOVQ R, (8*I)(DI)          \
	MOVQ AX, (64+8*I)(SP)      \
	CMPQ AX, $1                \
	SBBQ $-1, CX

// LOW looks whether DX low planes of CX take less than R9 do, which take R8 bytes.
#define LOW                     \
	MOVQ     64(SP)(DX*8), AX   \
	POPCNTQ  AX, AX             \
	MOVQ     CX, R10            \
	SUBQ     DX, R10            \
	IMULQ    R10, AX            \
	ADDQ     $7, AX             \
	SHRQ     $3, AX             \
	LEAQ     8(AX)(DX*8), AX    \
	CMPQ     AX, R8             \
	CMOVQLT  AX, R8             \
	CMOVQLT  DX, R9

// FEWER has N planes fewer than CX in DX, at least 0; R11 is 0.
#define FEWER(N)           \
	LEAQ    -N(CX), DX     \
	TESTQ   DX, DX         \
	CMOVQLT R11, DX

// func packGroupsAVX2(dst, controls, codes *byte, groups int, mask, fold byte) int
TEXT ·packGroupsAVX2(SB), NOSPLIT, $144-48
	MOVQ         dst+0(FP), DI
	MOVQ         controls+8(FP), AX
	MOVQ         AX, 136(SP)
	MOVQ         codes+16(FP), SI
	MOVQ         groups+24(FP), AX
	MOVQ         AX, 128(SP)
	VPBROADCASTB mask+32(FP), Y14
	VPBROADCASTB fold+33(FP), Y13
	VPBROADCASTB masks<>+6(SB), Y5
	VPXOR        Y12, Y12, Y12

loop:
	VPAND    (SI), Y14, Y8
	VPAND    32(SI), Y14, Y10
	VPCMPGTB Y8, Y12, Y9      // fold: twice, and turned where negative
	VPCMPGTB Y10, Y12, Y11
	VPAND    Y9, Y13, Y9
	VPAND    Y11, Y13, Y11
	VPAND    Y8, Y13, Y6
	VPAND    Y10, Y13, Y7
	VPADDB   Y6, Y8, Y8
	VPADDB   Y7, Y10, Y10
	VPXOR    Y9, Y8, Y8
	VPXOR    Y11, Y10, Y10
	VPOR     Y8, Y10, Y6
	VPTEST   Y6, Y6
	JZ       zero
	VPTEST   Y5, Y6
	JZ       four
	PLANE(R15)
	PLANE(R14)
	PLANE(R13)
	PLANE(R12)
	PLANE(R11)
	PLANE(R10)
	PLANE(R9)
	PLANE(R8)
	XORL     BX, BX
	FLIP(R8, 1)
	FLIP(R9, 2)
	FLIP(R10, 4)
	FLIP(R11, 8)
	FLIP(R12, 16)
	FLIP(R13, 32)
	FLIP(R14, 64)
	FLIP(R15, 128)
	MOVB     BX, (DI)
	CMPL     BX, $1
	SBBQ     $-1, DI          // one more if it is not 0
	XORL     AX, AX
	XORL     CX, CX
	ABOVE(R15, 7)
	ABOVE(R14, 6)
	ABOVE(R13, 5)
	ABOVE(R12, 4)

lower:
	ABOVE(R11, 3)
	ABOVE(R10, 2)
	ABOVE(R9, 1)
	ABOVE(R8, 0)
	MOVQ     CX, R9
	LEAQ     (CX*8), R8
	XORL     R11, R11
	FEWER(2)
	LOW
	FEWER(3)
	LOW
	XORL     DX, DX
	LOW
	MOVQ     R9, AX           // the control
	SHLQ     $4, AX
	ORQ      CX, AX
	MOVL     $9, DX
	CMPQ     R9, $8
	CMOVQEQ  DX, AX
	CMPL     BX, $1
	SBBL     DX, DX
	NOTL     DX
	ANDL     $128, DX
	ORL      DX, AX
	MOVQ     136(SP), DX
	MOVB     AX, (DX)
	INCQ     136(SP)
	LEAQ     (DI)(R9*8), DI
	CMPQ     R9, CX
	JEQ      next
	MOVQ     64(SP)(R9*8), R10
	MOVQ     R10, (DI)
	ADDQ     $8, DI
	POPCNTQ  R10, R11
	XORL     R12, R12         // bits of the byte at hand
	XORL     R13, R13         // how many

high:
	MOVQ  (SP)(R9*8), AX
	PEXTQ R10, AX, AX
	SHLXQ R13, AX, AX
	ORQ   R12, AX
	MOVQ  AX, (DI)
	ADDQ  R11, R13
	MOVQ  R13, DX
	SHRQ  $3, DX
	ADDQ  DX, DI
	SHLQ  $3, DX
	SHRXQ DX, AX, R12
	ANDQ  $7, R13
	INCQ  R9
	CMPQ  R9, CX
	JLT   high
	ADDQ  $7, R13
	SHRQ  $3, R13
	ADDQ  R13, DI

next:
	ADDQ $64, SI
	DECQ 128(SP)
	JNZ  loop
	SUBQ dst+0(FP), DI
	MOVQ DI, ret+40(FP)
	VZEROUPPER
	RET

	// All codes are 0.
zero:
	MOVQ 136(SP), DX
	MOVB $0, (DX)
	INCQ 136(SP)
	JMP  next

	// All numbers are below 16.
four:
	VPSLLW $4, Y8, Y8
	VPSLLW $4, Y10, Y10
	PLANE(R11)
	PLANE(R10)
	PLANE(R9)
	PLANE(R8)
	XORL   BX, BX
	FLIP(R8, 1)
	FLIP(R9, 2)
	FLIP(R10, 4)
	FLIP(R11, 8)
	MOVB   BX, (DI)
	CMPL   BX, $1
	SBBQ   $-1, DI
	XORL   AX, AX
	XORL   CX, CX
	JMP    lower

// SWAP exchanges the high bits of each 2*SHIFT bits of A with the low bits of those of B, which MASK has.
#define SWAP(SHIFT, MASK, A, B) \
	VPSRLQ $SHIFT, A, Y4        \
	VPXOR  B, Y4, Y4            \
	VPAND  MASK, Y4, Y4         \
	VPXOR  Y4, B, B             \
	VPSLLQ $SHIFT, Y4, Y4       \
	VPXOR  Y4, A, A

// CODES makes codes of numbers, see style.
#define CODES(Y)             \
	VPXOR     Y12, Y, Y      \
	VPAND     Y2, Y, Y9      \
	VPSRLW    $1, Y, Y11     \
	VPAND     Y3, Y11, Y11   \
	VPBLENDVB Y13, Y11, Y, Y \
	VPSUBB    Y9, Y1, Y9     \
	VPXOR     Y9, Y, Y       \
	VPXOR     Y14, Y, Y      \
	VPSUBB    Y14, Y, Y      \
	VPERMD    Y, Y15, Y

// func unpackGroupsAVX2(codes, src, controls *byte, groups int, sign, fold byte) int
TEXT ·unpackGroupsAVX2(SB), NOSPLIT, $64-48
	MOVQ         codes+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         controls+16(FP), R8
	MOVQ         groups+24(FP), R12
	VPBROADCASTB sign+32(FP), Y14
	VPBROADCASTB fold+33(FP), Y13
	VPBROADCASTB masks<>+0(SB), Y5
	VPBROADCASTB masks<>+1(SB), Y6
	VPBROADCASTB masks<>+3(SB), Y7
	VPBROADCASTB masks<>+4(SB), Y3
	VPBROADCASTB masks<>+5(SB), Y2
	VPAND        Y13, Y2, Y2
	VPXOR        Y1, Y1, Y1
	VMOVDQU      order<>(SB), Y15

loop:
	MOVBLZX      (R8), AX
	TESTL        AX, AX
	JZ           zero
	MOVL         AX, BX
	SHRL         $7, BX
	MOVBLZX      (SI), DX
	MOVL         BX, R9
	NEGL         R9
	ANDL         R9, DX
	ADDQ         BX, SI
	VMOVD        DX, X12
	VPBROADCASTB X12, Y12
	MOVL         AX, CX
	ANDL         $15, CX
	SHRL         $4, AX
	ANDL         $7, AX
	MOVL         $8, DX
	CMPL         CX, $9
	CMOVLEQ      DX, CX
	CMOVLEQ      DX, AX
	LEAQ         firsts<>+64(SB), R9
	LEAQ         (AX*8), DX
	SUBQ         DX, R9
	VMOVDQU      (R9), Y8
	VMOVDQU      32(R9), Y10
	VPAND        (SI), Y8, Y8
	VPAND        32(SI), Y10, Y10
	ADDQ         DX, SI
	CMPQ         AX, CX
	JEQ          whole
	VMOVDQU      Y8, (SP)
	VMOVDQU      Y10, 32(SP)
	MOVQ         (SI), R10
	ADDQ         $8, SI
	POPCNTQ      R10, R11
	XORL         R13, R13

high:
	MOVQ    R13, DX
	SHRQ    $3, DX
	MOVQ    (SI)(DX*1), R9
	MOVQ    R13, DX
	ANDQ    $7, DX
	SHRXQ   DX, R9, R9
	PDEPQ   R10, R9, R9
	MOVQ    R9, (SP)(AX*8)
	ADDQ    R11, R13
	INCQ    AX
	CMPQ    AX, CX
	JLT     high
	ADDQ    $7, R13
	SHRQ    $3, R13
	ADDQ    R13, SI
	VMOVDQU (SP), Y8
	VMOVDQU 32(SP), Y10

whole:
	SWAP(4, Y5, Y8, Y10)
	VPERM2I128  $0x20, Y10, Y8, Y9
	VPERM2I128  $0x31, Y10, Y8, Y11
	SWAP(2, Y6, Y9, Y11)
	VPUNPCKLQDQ Y11, Y9, Y8
	VPUNPCKHQDQ Y11, Y9, Y10
	SWAP(1, Y7, Y8, Y10)
	VPUNPCKLBW  Y10, Y8, Y9
	VPUNPCKHBW  Y10, Y8, Y11
	VPUNPCKLWD  Y11, Y9, Y8
	VPUNPCKHWD  Y11, Y9, Y10
	CODES(Y8)
	CODES(Y10)
	VMOVDQU     Y8, (DI)
	VMOVDQU     Y10, 32(DI)

next:
	ADDQ        $64, DI
	INCQ        R8
	DECQ        R12
	JNZ         loop
	SUBQ        src+8(FP), SI
	MOVQ        SI, ret+40(FP)
	VZEROUPPER
	RET

zero:
	VMOVDQU Y1, (DI)
	VMOVDQU Y1, 32(DI)
	JMP     next
