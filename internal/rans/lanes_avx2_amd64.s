//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// Kernels without AVX-512 code four lanes at a time. Tables are those of any model, and by the four lanes that take a word,
// or give one away, say where it goes (take, give).

// The low bytes of dwords.
DATA lows<>+0(SB)/8, $0x808080800c080400
DATA lows<>+8(SB)/8, $0x8080808080808080
GLOBL lows<>(SB), RODATA|NOPTR, $16

#define LONGS(value, X) \
	MOVL         $value, AX \
	VMOVD        AX, X      \
	VPBROADCASTD X, X

// func decodeAVX2(streams *stream, n, steps int, mask uint32)
TEXT ·decodeAVX2(SB), NOSPLIT, $0-28
	MOVQ    streams+0(FP), BX
	MOVQ    steps+16(FP), CX
	XORQ    DI, DI // rank
	LEAQ    ·take(SB), R13
	VMOVDQU lows<>(SB), X14
	LONGS(0xfff, X15)
	LONGS(1, X13)
	LONGS(0x8000, X12)     // ransLow
	LONGS(16, X11)

step:
	MOVQ n+8(FP), R11

oneStream:
	MOVQ stream_ranks(BX), R12
	MOVQ stream_model(BX), R8
	MOVQ stream_words(BX), R10
	MOVQ stream_at(BX), SI
	MOVQ stream_lanes(BX), R14
	LEAQ stream_states(BX), R15
	ADDQ DI, R12

	// Beyond the end reading goes round in the slack.
	MOVQ    stream_end(BX), R9
	LEAQ    2(R9), AX
	CMPQ    SI, R9
	CMOVQHI AX, SI

lanes: // x = frequency * (x >> 12) + offset; a lane below 1<<15 takes a word
	VMOVDQU   (R15), X0
	VPAND     X15, X0, X1
	VMOVQ     X1, AX
	VPEXTRQ   $1, X1, DX
	MOVL      AX, R9
	SHRQ      $32, AX
	VMOVD     Model_slots(R8)(R9*4), X2
	MOVL      DX, R9
	SHRQ      $32, DX
	VPINSRD   $1, Model_slots(R8)(AX*4), X2, X2
	VPINSRD   $2, Model_slots(R8)(R9*4), X2, X2
	VPINSRD   $3, Model_slots(R8)(DX*4), X2, X2
	VPSHUFB   X14, X2, X3
	VMOVD     X3, (R12)
	VPSRLD    $20, X2, X3
	VPADDD    X13, X3, X3
	VPSRLD    $8, X2, X2
	VPAND     X15, X2, X2
	VPSRLD    $12, X0, X0
	VPMULLD   X3, X0, X0
	VPADDD    X2, X0, X0
	VPCMPGTD  X0, X12, X4
	VMOVMSKPS X4, AX
	ANDL      mask+24(FP), AX
	VMOVQ     (R10)(SI*1), X5
	SHLL      $4, AX
	VPSHUFB   (R13)(AX*1), X5, X5
	VPAND     X11, X4, X4
	VPSLLVD   X4, X0, X0
	VPOR      X5, X0, X0
	POPCNTL   AX, AX
	LEAQ      (SI)(AX*2), SI
	VMOVDQU   X0, (R15)
	ADDQ      $16, R15
	ADDQ      $4, R12
	SUBQ      $4, R14
	JGT       lanes

	MOVQ SI, stream_at(BX)
	ADDQ $stream__size, BX
	DECQ R11
	JNZ  oneStream
	MOVQ streams+0(FP), BX
	ADDQ stream_lanes(BX), DI
	DECQ CX
	JNZ  step
	RET

// func encodeAVX2(streams *stream, n, steps int, mask uint32)
TEXT ·encodeAVX2(SB), NOSPLIT, $0-28
	MOVQ  streams+0(FP), BX
	MOVQ  steps+16(FP), CX
	MOVQ  stream_lanes(BX), DI
	IMULQ CX, DI // rank
	LEAQ  ·give(SB), R13
	LONGS(0xffff, X15)
	VPCMPEQD X14, X14, X14 // -1

step:
	SUBQ stream_lanes(BX), DI
	MOVQ n+8(FP), R11

oneStream:
	MOVQ stream_ranks(BX), R12
	MOVQ stream_model(BX), R8
	ADDQ $Model_coding, R8
	MOVQ stream_words(BX), R10
	ADDQ stream_at(BX), R10
	MOVQ stream_lanes(BX), R14
	LEAQ stream_states(BX), R15
	ADDQ DI, R12
	SUBQ $4, R14
	JLE  lanes // four or fewer
	LEAQ (R15)(R14*4), R15
	ADDQ R14, R12

lanes:
	MOVBLZX    (R12), AX
	MOVBLZX    1(R12), DX
	MOVBLZX    2(R12), SI
	MOVBLZX    3(R12), R9
	SHLL       $4, AX
	SHLL       $4, DX
	SHLL       $4, SI
	SHLL       $4, R9
	VMOVDQU    (R8)(AX*1), X1
	VMOVDQU    (R8)(DX*1), X2
	VMOVDQU    (R8)(SI*1), X3
	VMOVDQU    (R8)(R9*1), X4
	VPUNPCKLDQ X2, X1, X5
	VPUNPCKLDQ X4, X3, X6
	VPUNPCKHDQ X2, X1, X7
	VPUNPCKHDQ X4, X3, X8
	VPUNPCKLQDQ X6, X5, X1 // limits
	VPUNPCKHQDQ X6, X5, X2 // starts
	VPUNPCKLQDQ X8, X7, X3 // reciprocals
	VPUNPCKHQDQ X8, X7, X4 // what is missing from 4096, and shifts

	// A lane from its limit on gives a word away.
	VMOVDQU   (R15), X0
	VPADDD    X14, X1, X1
	VPCMPGTD  X1, X0, X1
	VMOVMSKPS X1, AX
	ANDL      mask+24(FP), AX
	SHLL      $4, AX
	VPSHUFB   (R13)(AX*1), X0, X5
	VMOVQ     X5, -8(R10)
	POPCNTL   AX, AX
	ADDQ      AX, AX
	SUBQ      AX, R10
	VPSRLD    $16, X0, X5
	VPBLENDVB X1, X5, X0, X0

	// q = x * reciprocal >> (31 + shift), lanes of even and of odd number by themselves
	VPADDD   X0, X0, X5
	VPMULUDQ X3, X5, X5
	VPSRLQ   $32, X5, X5
	VPSRLQ   $31, X0, X6
	VPSRLQ   $32, X3, X3
	VPMULUDQ X3, X6, X6
	VPBLENDD $10, X6, X5, X5
	VPSRLD   $16, X4, X6
	VPSRLVD  X6, X5, X5

	// x += start + q * (4096 - frequency)
	VPAND   X15, X4, X4
	VPMULLD X4, X5, X5
	VPADDD  X2, X0, X0
	VPADDD  X5, X0, X0
	VMOVDQU X0, (R15)
	SUBQ    $16, R15
	SUBQ    $4, R12
	SUBQ    $4, R14
	JGE     lanes

	SUBQ stream_words(BX), R10
	MOVQ R10, stream_at(BX)
	ADDQ $stream__size, BX
	DECQ R11
	JNZ  oneStream
	MOVQ streams+0(FP), BX
	DECQ CX
	JNZ  step
	RET

// SIXTEENTH looks bytes up that are, above 16 times the number of the table at OFF, below 16. Y13 holds 16, Y12 0x70.
#define SIXTEENTH(OFF)                      \
	VBROADCASTI128 OFF(R8), Y5          \
	VPADDUSB       Y12, Y2, Y3          \
	VPSUBB         Y13, Y2, Y2          \
	VPSHUFB        Y3, Y5, Y3           \
	VPOR           Y3, Y1, Y1

// QUARTER looks the bytes up that have these two highest bits, if there are any.
#define QUARTER(BITS, OFF, next)            \
	MOVL         $(BITS), AX            \
	VMOVD        AX, X2                 \
	VPBROADCASTB X2, Y2                 \
	VPCMPEQB     Y2, Y4, Y3             \
	VPTEST       Y3, Y3                 \
	JEQ          next                   \
	VPSUBB       Y2, Y0, Y2             \
	SIXTEENTH(OFF)                      \
	SIXTEENTH(OFF+16)                   \
	SIXTEENTH(OFF+32)                   \
	SIXTEENTH(OFF+48)                   \
next:

// func translateAVX2(dst, src *uint8, blocks int, table *[256]uint8)
TEXT ·translateAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVQ table+24(FP), R8
	MOVL $0xc0, AX
	VMOVD AX, X14
	VPBROADCASTB X14, Y14
	MOVL $16, AX
	VMOVD AX, X13
	VPBROADCASTB X13, Y13
	MOVL $0x70, AX
	VMOVD AX, X12
	VPBROADCASTB X12, Y12

loop:
	VMOVDQU (SI), Y0
	VPAND   Y14, Y0, Y4
	VPXOR   Y1, Y1, Y1
	QUARTER(0x00, 0, second)
	QUARTER(0x40, 64, third)
	QUARTER(0x80, 128, fourth)
	QUARTER(0xc0, 192, found)
	VMOVDQU Y1, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    CX
	JNZ     loop
	VZEROUPPER
	RET
