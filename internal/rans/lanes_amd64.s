//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// From word n on: where the low words of n lanes come from, so that the last one ends a vector of 16 words.
DATA behind<>+0(SB)/8, $0x0000000000000000
DATA behind<>+8(SB)/8, $0x0000000000000000
DATA behind<>+16(SB)/8, $0x0000000000000000
DATA behind<>+24(SB)/8, $0x0000000000000000
DATA behind<>+32(SB)/8, $0x0006000400020000
DATA behind<>+40(SB)/8, $0x000e000c000a0008
DATA behind<>+48(SB)/8, $0x0016001400120010
DATA behind<>+56(SB)/8, $0x001e001c001a0018
GLOBL behind<>(SB), RODATA|NOPTR, $64

// Each of 16 bytes to both halves of a lane; the high byte of a half becomes 0.
DATA spread<>+0(SB)/8, $0x8001800180008000
DATA spread<>+8(SB)/8, $0x8003800380028002
DATA spread<>+16(SB)/8, $0x8005800580048004
DATA spread<>+24(SB)/8, $0x8007800780068006
DATA spread<>+32(SB)/8, $0x8009800980088008
DATA spread<>+40(SB)/8, $0x800b800b800a800a
DATA spread<>+48(SB)/8, $0x800d800d800c800c
DATA spread<>+56(SB)/8, $0x800f800f800e800e
GLOBL spread<>(SB), RODATA|NOPTR, $64

#define BROADCAST(value, z) \
	MOVL         $value, AX \
	VPBROADCASTD AX, z

#define MASK(value, k) \
	MOVL  $value, AX \
	KMOVD AX, k

// The number of lanes in use, and their mask.
#define LANES(s, n, k) \
	MOVQ  stream_lanes(s), n \
	MOVQ  $-1, AX            \
	BZHIQ n, AX, AX          \
	KMOVW AX, k

// func decodeAVX512(streams *stream, n, steps int)
TEXT ·decodeAVX512(SB), NOSPLIT, $0-24
	MOVQ streams+0(FP), BX
	MOVQ n+8(FP), R13
	MOVQ steps+16(FP), CX
	XORQ DI, DI // rank
	LANES(BX, DX, K6)
	MASK(0x55555555, K7)
	BROADCAST(0xe00, Z31)  // none set: a slot below coarseFrom
	BROADCAST(0xfc0, Z30)  // none set: a slot below middleFrom
	BROADCAST(0x8000, Z29) // ransLow
	BROADCAST(0xfff, Z28)

decodeStep:
	MOVQ R13, R11

decodeStream:
	MOVQ      stream_ranks(BX), R12
	MOVQ      stream_small(BX), R8
	MOVQ      stream_words(BX), R10
	MOVQ      stream_at(BX), SI
	VMOVDQU32 stream_states(BX), Z0

decodeSame:
	// Beyond the end reading goes round in the slack.
	MOVQ    stream_end(BX), R9
	LEAQ    2(R9), AX
	CMPQ    SI, R9
	CMOVQHI AX, SI

	// The rank is in the low byte of a lane; what else is in the lane does no harm.
	VPSRLD    $2, Z0, Z2
	VMOVDQU64 smallTables_middle(R8), Z7
	VPERMI2B  (smallTables_middle+64)(R8), Z7, Z2
	VPERMB    smallTables_fine(R8), Z0, Z3
	VPSRLD    $5, Z0, Z1
	VMOVDQU64 smallTables_coarse(R8), Z8
	VPERMI2B  (smallTables_coarse+64)(R8), Z8, Z1
	VPTESTNMD Z30, Z0, K2
	VPTESTNMD Z31, Z0, K1
	VMOVDQA32 Z3, K2, Z2
	VMOVDQA32 Z2, K1, Z1
	VPMOVDB   Z1, (R12)(DI*1)

	// x = frequency * (x >> 12) + slot - start
	VMOVDQU64  smallTables_freq(R8), Z4
	VPERMT2W.Z (smallTables_freq+64)(R8), Z1, K7, Z4
	VMOVDQU64  smallTables_start(R8), Z5
	VPERMT2W.Z (smallTables_start+64)(R8), Z1, K7, Z5
	VPANDD     Z28, Z0, Z6
	VPSUBD     Z5, Z6, Z6
	VPSRLD     $12, Z0, Z0
	VPMULLD    Z4, Z0, Z0
	VPADDD     Z6, Z0, Z0

	// A lane below 1<<15 takes a word.
	VPCMPUD     $1, Z29, Z0, K6, K3
	VPMOVZXWD   (R10)(SI*1), Z6
	VPEXPANDD.Z Z6, K3, Z6
	VPSLLD      $16, Z0, K3, Z0
	VPORD       Z6, Z0, Z0
	KMOVW       K3, AX
	POPCNTL     AX, AX
	LEAQ        (SI)(AX*2), SI

	MOVQ      SI, stream_at(BX)
	VMOVDQU32 Z0, stream_states(BX)
	CMPQ      R13, $1
	JEQ       decodeNext
	ADDQ      $stream__size, BX
	DECQ      R11
	JNZ       decodeStream
	MOVQ      streams+0(FP), BX
	ADDQ      DX, DI
	DECQ      CX
	JNZ       decodeStep
	VZEROUPPER
	RET

decodeNext: // step of a stream by itself: what stands in registers need not be loaded
	ADDQ DX, DI
	DECQ CX
	JNZ  decodeSame
	VZEROUPPER
	RET

// func encodeAVX512(streams *stream, n, steps int)
TEXT ·encodeAVX512(SB), NOSPLIT, $0-24
	MOVQ streams+0(FP), BX
	MOVQ n+8(FP), R13
	MOVQ steps+16(FP), CX
	LANES(BX, DX, K6)
	MOVQ  DX, DI           // rank
	IMULQ CX, DI
	MASK(0x55555555, K7)
	MASK(0xaaaaaaaa, K5)
	MASK(0xaaaa, K4)
	BROADCAST(0x1000, Z31) // probScale
	VMOVDQU64 spread<>(SB), Z28
	LEAQ      behind<>(SB), R9

encodeStep:
	SUBQ DX, DI
	MOVQ R13, R11

encodeStream:
	MOVQ   stream_ranks(BX), R12
	MOVQ   stream_small(BX), R8
	MOVQ   stream_words(BX), R10
	MOVQ   stream_at(BX), SI
	VMOVDQU32 stream_states(BX), Z0

encodeSame:
	VBROADCASTI32X4 (R12)(DI*1), Z1
	VPSHUFB         Z28, Z1, Z1
	VMOVDQU64       smallTables_freq(R8), Z2
	VPERMT2W.Z      (smallTables_freq+64)(R8), Z1, K7, Z2
	VMOVDQU64       smallTables_reciprocalLow(R8), Z3
	VPERMT2W.Z      (smallTables_reciprocalLow+64)(R8), Z1, K7, Z3
	VMOVDQU64       smallTables_reciprocalHigh(R8), Z4
	VPERMT2W.Z      (smallTables_reciprocalHigh+64)(R8), Z1, K5, Z4
	VPORD           Z4, Z3, Z3
	VMOVDQU64       smallTables_start(R8), Z4
	VPERMT2W.Z      (smallTables_start+64)(R8), Z1, K7, Z4
	VMOVDQU64       smallTables_shift(R8), Z5
	VPERMT2W.Z      (smallTables_shift+64)(R8), Z1, K7, Z5

	// A lane from frequency << 19 on gives a word away.
	VPSLLD        $19, Z2, Z6
	VPCMPUD       $5, Z6, Z0, K6, K3
	VPCOMPRESSD.Z Z0, K3, Z6
	KMOVW         K3, AX
	POPCNTL       AX, AX
	VMOVDQU       (R9)(AX*2), Y7
	VPERMW        Z6, Z7, Z6
	VMOVDQU       Y6, -32(R10)(SI*1)
	ADDQ          AX, AX
	SUBQ          AX, SI
	VPSRLD        $16, Z0, K3, Z0

	// q = x * reciprocal >> (31 + shift), lanes of even and of odd number by themselves
	VPADDD    Z0, Z0, Z6
	VPMULUDQ  Z3, Z6, Z6
	VPSRLQ    $32, Z6, Z6
	VPSRLQ    $31, Z0, Z7
	VPSRLQ    $32, Z3, Z3
	VPMULUDQ  Z3, Z7, Z7
	VMOVDQA32 Z7, K4, Z6
	VPSRLVD   Z5, Z6, Z6

	// x += start + q * (4096 - frequency)
	VPSUBD  Z2, Z31, Z2
	VPMULLD Z2, Z6, Z6
	VPADDD  Z4, Z0, Z0
	VPADDD  Z6, Z0, Z0

	MOVQ      SI, stream_at(BX)
	VMOVDQU32 Z0, stream_states(BX)
	CMPQ      R13, $1
	JEQ       encodeNext
	ADDQ      $stream__size, BX
	DECQ      R11
	JNZ       encodeStream
	MOVQ      streams+0(FP), BX
	DECQ      CX
	JNZ       encodeStep
	VZEROUPPER
	RET

encodeNext: // step of a stream by itself: what stands in registers need not be loaded
	SUBQ DX, DI
	DECQ CX
	JNZ  encodeSame
	VZEROUPPER
	RET

// func decodeColumnsAVX512(row *group, s *stream, x int, contexts *[128]uint8) int
TEXT ·decodeColumnsAVX512(SB), NOSPLIT, $0-40
	MOVQ row+0(FP), BX
	MOVQ s+8(FP), R8
	MOVQ x+16(FP), CX
	MOVQ contexts+24(FP), DI
	MOVQ stream_words(R8), R10
	MOVQ stream_at(R8), SI
	MOVQ stream_end(R8), R9
	MOVQ (group_near+neighbours_above)(BX), R11
	MOVQ (group_near+neighbours_row)(BX), R12
	MOVQ group_codes(BX), R13
	MOVQ CX, AX
	SHLQ $4, AX
	ADDQ AX, R11
	ADDQ AX, R12
	LEAQ (R13)(AX*2), R13
	VMOVDQU32 stream_states(R8), Z0
	VMOVDQU32 group_low(BX), Z26
	VMOVDQU64 group_models(BX), Z16
	VMOVDQU64 (group_models+64)(BX), Z17
	VMOVDQU8  (DI), Z31
	VMOVDQU8  64(DI), Z30
	MOVQ      (group_planes+8)(BX), DX // lanes in use
	MOVQ      $-1, AX
	BZHIQ     DX, AX, AX
	KMOVW     AX, K6
	BROADCAST(0x8000, Z29)             // ransLow
	BROADCAST(0xfff, Z28)
	BROADCAST(0xff, Z25)               // unusual
	BROADCAST(0x7f7f7f7f, Z22)         // maxActivity
	BROADCAST(1, Z21)
	MOVQ      group_cols(BX), DX
	XORL      BX, BX
	VMOVDQU   (R12), X1                // magnitudes to the left

columnsNext:
	CMPQ CX, DX
	JGE  columnsDone
	CMPQ SI, R9
	JHI  columnsDone

	// Contexts of the column's codes, and where their models' tables are, of eight lanes each.
	VPADDUSB  16(R11), X1, X2
	VPADDUSB  X2, X2, X2
	VPADDUSB  (R11), X2, X2
	VPADDUSB  32(R11), X2, X2
	VPMINUB   X22, X2, X2
	VPERMI2B  Z30, Z31, Z2
	VPSRLDQ   $8, X2, X4
	VPMOVZXBQ X2, Z3
	VPMOVZXBQ X4, Z4
	VPERMI2Q  Z17, Z16, Z3
	VPERMI2Q  Z17, Z16, Z4

	// Entries of their slots.
	VPANDD        Z28, Z0, Z6
	VEXTRACTI64X4 $1, Z6, Y8
	VPMOVZXDQ     Y6, Z7
	VPMOVZXDQ     Y8, Z8
	VPSLLQ        $2, Z7, Z7
	VPSLLQ        $2, Z8, Z8
	VPADDQ        Z3, Z7, Z7
	VPADDQ        Z4, Z8, Z8
	KXNORW        K1, K1, K1
	KXNORW        K2, K2, K2
	VPXORQ        Z9, Z9, Z9
	VPXORQ        Z10, Z10, Z10
	VPGATHERQD    Model_common(BX)(Z7*1), K1, Y9
	VPGATHERQD    Model_common(BX)(Z8*1), K2, Y10
	VINSERTI64X4  $1, Y10, Z9, Z9
	VPANDD        Z25, Z9, Z5
	VPCMPEQD      Z25, Z5, K6, K4
	KORTESTW      K4, K4
	JNE           columnsDone

	// Codes and magnitudes.
	VPADDD  Z26, Z5, Z5
	VPMOVDW Z5, (R13)
	VPABSD  Z5, Z5
	VPMINUD Z25, Z5, Z5
	VPMOVDB Z5, X1
	VMOVDQU X1, 16(R12)

	// x = frequency * (x >> 12) + offset; a lane below 1<<15 takes a word.
	VPSRLD      $20, Z9, Z10
	VPADDD      Z21, Z10, Z10
	VPSRLD      $12, Z0, Z0
	VPMULLD     Z10, Z0, Z0
	VPSRLD      $8, Z9, Z10
	VPANDD      Z28, Z10, Z10
	VPADDD      Z10, Z0, Z0
	VPCMPUD     $1, Z29, Z0, K6, K3
	VPMOVZXWD   (R10)(SI*1), Z6
	VPEXPANDD.Z Z6, K3, Z6
	VPSLLD      $16, Z0, K3, Z0
	VPORD       Z6, Z0, Z0
	KMOVW       K3, AX
	POPCNTL     AX, AX
	LEAQ        (SI)(AX*2), SI

	ADDQ $16, R11
	ADDQ $16, R12
	ADDQ $32, R13
	INCQ CX
	JMP  columnsNext

columnsDone:
	VMOVDQU32 Z0, K6, stream_states(R8) // the last group may have fewer lanes than there are states
	MOVQ      SI, stream_at(R8)
	MOVQ      CX, ret+32(FP)
	VZEROUPPER
	RET

// func translateAVX512(dst, src *uint8, n int, table *[256]uint8)
TEXT ·translateAVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ table+24(FP), R8
	VMOVDQU64 (R8), Z1
	VMOVDQU64 64(R8), Z2
	VMOVDQU64 128(R8), Z3
	VMOVDQU64 192(R8), Z4
	SUBQ $64, CX
	JLT  rest

translate64:
	VMOVDQU8  (SI), Z0
	VPMOVB2M  Z0, K1
	VMOVDQA64 Z0, Z5
	VPERMI2B  Z2, Z1, Z5
	VPERMI2B  Z4, Z3, Z0
	VMOVDQU8  Z0, K1, Z5
	VMOVDQU8  Z5, (DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $64, CX
	JGE       translate64

rest:
	ADDQ $64, CX
	JEQ  translated
	MOVQ  $-1, AX
	BZHIQ CX, AX, AX
	KMOVQ AX, K2
	VMOVDQU8.Z (SI), K2, Z0
	VPMOVB2M   Z0, K1
	VMOVDQA64  Z0, Z5
	VPERMI2B   Z2, Z1, Z5
	VPERMI2B   Z4, Z3, Z0
	VMOVDQU8   Z0, K1, Z5
	VMOVDQU8   Z5, K2, (DI)

translated:
	VZEROUPPER
	RET
