//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// All kernels go through lists 64 bytes at a time. K7 holds the bytes that count: all, or the rest of the list in the
// last step. Vectors that are written to where a list grows are whole: what is too much is written again, or lies in the
// slack.

#define BYTES(value, z) \
	MOVL         $value, AX \
	VPBROADCASTB AX, z

#define LONGS(value, z) \
	MOVL         $value, AX \
	VPBROADCASTD AX, z

// FIRST is where a kernel begins, with n in CX.
#define FIRST(step, tail, done) \
	MOVQ   $-1, AX   \
	KMOVQ  AX, K7    \
	CMPQ   CX, $64   \
	JGE    step      \
	TESTQ  CX, CX    \
	JLE    done      \
tail:                    \
	MOVQ   $-1, AX   \
	BZHIQ  CX, AX, AX \
	KMOVQ  AX, K7

// NEXT is where a step ends.
#define NEXT(step, tail) \
	SUBQ  $64, CX  \
	CMPQ  CX, $64  \
	JGE   step     \
	TESTQ CX, CX   \
	JG    tail

// FOLD(code in Z0): the value. Z31 holds the center, Z30 ones.
#define FOLD \
	VPSUBB   Z31, Z0, Z0     \
	VPMOVB2M Z0, K1          \
	VPADDB   Z0, Z0, Z0      \
	VPSUBB   Z0, Z30, K1, Z0

// POWERS: Z16 to Z22 hold bits 0 to 6 of every byte.
#define POWERS \
	BYTES(1, Z16)            \
	VPADDB Z16, Z16, Z17     \
	VPADDB Z17, Z17, Z18     \
	VPADDB Z18, Z18, Z19     \
	VPADDB Z19, Z19, Z20     \
	VPADDB Z20, Z20, Z21     \
	VPADDB Z21, Z21, Z22

// func splitHeadsAVX512(symbols, rests, codes *byte, n int, code *Code) int
TEXT ·splitHeadsAVX512(SB), NOSPLIT, $0-48
	MOVQ symbols+0(FP), DI
	MOVQ rests+8(FP), R9
	MOVQ codes+16(FP), SI
	MOVQ n+24(FP), CX
	MOVQ code+32(FP), R8
	MOVQ R9, R10
	VPBROADCASTB Code_center(R8), Z31
	BYTES(0xff, Z30)
	VPBROADCASTB Code_full(R8), Z29
	VBROADCASTI32X4 (Code_symbols+words_coded)(R8), Z27
	MOVQ Code_fold(R8), BX
	CMPQ Code_group(R8), $2
	JNE  fours
	LONGS(0x04010401, Z28)
	FIRST(pairStep, pairTail, done)

pairStep:
	VMOVDQU8.Z (SI), K7, Z0
	TESTQ      BX, BX
	JZ         pairFolded
	FOLD

pairFolded:
	VPMINUB.Z    Z29, Z0, K7, Z1
	VPCMPUB      $5, Z29, Z0, K7, K2
	VPMADDUBSW   Z28, Z1, Z1
	VPMOVWB      Z1, Y1
	VPSHUFB      Y1, Y27, Y1
	VMOVDQU      Y1, (DI)
	KMOVQ        K2, AX
	POPCNTQ      AX, AX
	VPSUBB       Z29, Z0, Z0
	VPCOMPRESSB.Z Z0, K2, Z0
	VMOVDQU64    Z0, (R9)
	ADDQ         AX, R9
	ADDQ         $64, SI
	ADDQ         $32, DI
	NEXT(pairStep, pairTail)
	JMP done

fours:
	LONGS(0x02010201, Z28)
	LONGS(0x00040001, Z26)
	FIRST(fourStep, fourTail, done)

fourStep:
	VMOVDQU8.Z (SI), K7, Z0
	TESTQ      BX, BX
	JZ         fourFolded
	FOLD

fourFolded:
	VPMINUB.Z    Z29, Z0, K7, Z1
	VPCMPUB      $5, Z29, Z0, K7, K2
	VPMADDUBSW   Z28, Z1, Z1
	VPMADDWD     Z26, Z1, Z1
	VPMOVDB      Z1, X1
	VPSHUFB      X1, X27, X1
	VMOVDQU      X1, (DI)
	KMOVQ        K2, AX
	POPCNTQ      AX, AX
	VPSUBB       Z29, Z0, Z0
	VPCOMPRESSB.Z Z0, K2, Z0
	VMOVDQU64    Z0, (R9)
	ADDQ         AX, R9
	ADDQ         $64, SI
	ADDQ         $16, DI
	NEXT(fourStep, fourTail)

done:
	SUBQ R10, R9
	MOVQ R9, ret+40(FP)
	VZEROUPPER
	RET

// PUT writes a plane: one bit of each byte of Z0.
#define PUT(power) \
	VPTESTMB power, Z0, K1 \
	KMOVQ    K1, (R11)     \
	ADDQ     R12, R11

// func shiftOutAVX512(planes, list *byte, n int, s *step) int
TEXT ·shiftOutAVX512(SB), NOSPLIT, $0-40
	MOVQ planes+0(FP), DI
	MOVQ list+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ s+24(FP), R8
	MOVQ SI, R9
	MOVQ SI, R10
	LEAQ 7(CX), R12 // bytes of a plane
	SHRQ $3, R12
	MOVQ step_bits(R8), R13
	MOVBLZX step_last(R8), R14
	POWERS
	VMOVQ R13, X15
	MOVL $2, AX
	SHLXL R13, AX, AX
	VPBROADCASTB AX, Z30 // at least that: the word goes on
	MOVL $0xff, AX
	SHRXL R13, AX, AX
	VPBROADCASTB AX, Z29
	CMPQ CX, $64
	JLT  tail

step:
	VMOVDQU64 (SI), Z0
	MOVQ      DI, R11
	PUT(Z16)
	CMPQ R13, $1
	JEQ  put
	PUT(Z17)
	CMPQ R13, $2
	JEQ  put
	PUT(Z18)
	CMPQ R13, $3
	JEQ  put
	PUT(Z19)
	CMPQ R13, $4
	JEQ  put
	PUT(Z20)
	CMPQ R13, $5
	JEQ  put
	PUT(Z21)
	CMPQ R13, $6
	JEQ  put
	PUT(Z22)

put:
	VPSRLW       X15, Z0, Z1
	TESTL        R14, R14
	JNZ          ended
	VPCMPUB      $5, Z30, Z0, K2
	VPANDQ       Z29, Z1, Z1
	KMOVQ        K2, AX
	POPCNTQ      AX, AX
	VPCOMPRESSB.Z Z1, K2, Z1
	VMOVDQU64    Z1, (R9)
	ADDQ         AX, R9

ended:
	ADDQ         $64, SI
	ADDQ         $8, DI
	SUBQ         $64, CX
	CMPQ         CX, $64
	JGE          step

tail:
	TESTQ CX, CX
	JLE   done
	MOVQ  $-1, AX
	BZHIQ CX, AX, AX
	KMOVQ AX, K7
	ADDQ  $7, CX // to whole bytes
	ANDQ  $-8, CX
	MOVQ  $-1, DX
	BZHIQ CX, DX, DX
	VMOVDQU64 (SI), Z0
	VMOVDQA64 Z16, Z31

tailBit: // what lies behind the plane stays as it is
	VPTESTMB Z31, Z0, K7, K1
	VPADDB   Z31, Z31, Z31
	KMOVQ    K1, AX
	ANDNQ    (DI), DX, BX
	ORQ      AX, BX
	MOVQ     BX, (DI)
	ADDQ     R12, DI
	DECQ     R13
	JNZ      tailBit
	VPSRLW   X15, Z0, Z1
	TESTL    R14, R14
	JNZ      done
	VPCMPUB  $5, Z30, Z0, K7, K2
	VPANDQ   Z29, Z1, Z1
	KMOVQ    K2, AX
	POPCNTQ  AX, AX
	VPCOMPRESSB.Z Z1, K2, Z1
	VMOVDQU64 Z1, (R9)
	ADDQ     AX, R9

done:
	SUBQ R10, R9
	MOVQ R9, ret+32(FP)
	VZEROUPPER
	RET

// func takeBitAVX512(plane, list *byte, n, bit int)
TEXT ·takeBitAVX512(SB), NOSPLIT, $0-32
	MOVQ plane+0(FP), DI
	MOVQ list+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ bit+24(FP), BX
	MOVL $1, AX
	SHLXL BX, AX, AX
	VPBROADCASTB AX, Z31
	FIRST(step, tail, done)

step:
	VMOVDQU64 (SI), Z0
	VPTESTMB  Z31, Z0, K7, K1
	KMOVQ     K1, (DI)
	ADDQ      $64, SI
	ADDQ      $8, DI
	NEXT(step, tail)

done:
	VZEROUPPER
	RET

// func lookUpAVX512(list, escapes *byte, n int, code *Code) int
TEXT ·lookUpAVX512(SB), NOSPLIT, $0-40
	MOVQ list+0(FP), SI
	MOVQ escapes+8(FP), R9
	MOVQ n+16(FP), CX
	MOVQ code+24(FP), R8
	MOVQ R9, R10
	MOVBLZX (Code_params+Params_LowBits)(R8), BX
	VMOVQ BX, X31
	MOVL $0xff, AX
	SHRXL BX, AX, AX
	VPBROADCASTB AX, Z30
	VPBROADCASTB Code_escape(R8), Z29
	VMOVDQU64 (Code_rests+words_coded)(R8), Z28
	FIRST(step, tail, done)

step:
	VMOVDQU64    (SI), Z0
	VPSRLW       X31, Z0, Z0
	VPANDQ       Z30, Z0, Z0
	VPCMPUB      $5, Z29, Z0, K7, K2
	VPMINUB      Z29, Z0, Z1
	VPERMB       Z28, Z1, Z1
	VMOVDQU64    Z1, (SI)
	KMOVQ        K2, AX
	POPCNTQ      AX, AX
	VPCOMPRESSB.Z Z0, K2, Z0
	VMOVDQU64    Z0, (R9)
	ADDQ         AX, R9
	ADDQ         $64, SI
	NEXT(step, tail)

done:
	SUBQ R10, R9
	MOVQ R9, ret+32(FP)
	VZEROUPPER
	RET

// GET adds a plane as one bit of each byte of Z0.
#define GET(power) \
	KMOVQ  (R11), K1         \
	VPADDB power, Z0, K1, Z0 \
	ADDQ   R12, R11

// func shiftInAVX512(list, next *byte, active *uint64, planes *byte, n int, lasts *[MaxLen]uint64, s *step) int
TEXT ·shiftInAVX512(SB), NOSPLIT, $0-64
	MOVQ list+0(FP), SI
	MOVQ next+8(FP), R9
	MOVQ active+16(FP), R8
	MOVQ planes+24(FP), DI
	MOVQ n+32(FP), CX
	MOVQ s+48(FP), DX
	MOVQ R9, R10
	LEAQ 7(CX), R12 // bytes of a plane
	SHRQ $3, R12
	MOVQ step_bits(DX), R13
	MOVBLZX step_last(DX), R14
	MOVBLZX step_first(DX), R15
	VPBROADCASTB step_leaves(DX), Z30
	VPBROADCASTB step_base(DX), Z29
	POWERS
	VMOVQ R13, X15
	MOVQ $-1, AX
	KMOVQ AX, K7
	CMPQ CX, $64
	JGE  next
	TESTQ CX, CX
	JLE  done

tail: // the planes are words now
	MOVQ  lasts+40(FP), DI
	MOVQ  $8, R12
	MOVQ  $-1, AX
	BZHIQ CX, AX, AX
	KMOVQ AX, K7

next:
	VPXORQ Z0, Z0, Z0
	TESTL  R15, R15
	JNZ    begun
	VMOVDQU64 (SI), Z0
	VPSLLW    X15, Z0, Z0 // below 1<<(7-R13)

begun:
	MOVQ DI, R11
	CMPQ R13, $2
	JEQ  get2
	JLT  get1
	CMPQ R13, $4
	JEQ  get4
	JLT  get3
	CMPQ R13, $6
	JEQ  get6
	JLT  get5

get7:
	GET(Z22)
get6:
	GET(Z21)
get5:
	GET(Z20)
get4:
	GET(Z19)
get3:
	GET(Z18)
get2:
	GET(Z17)
get1:
	GET(Z16)
	VPADDB    Z29, Z0, Z1
	VMOVDQU64 Z1, (SI)
	TESTL     R14, R14
	JNZ       ended
	VPCMPUB   $5, Z30, Z0, K7, K2
	KMOVQ     K2, AX
	MOVQ      AX, (R8)
	POPCNTQ   AX, AX
	VPSUBB    Z30, Z0, Z0
	VPCOMPRESSB.Z Z0, K2, Z0
	VMOVDQU64 Z0, (R9)
	ADDQ      AX, R9
	ADDQ      $8, R8

ended:
	ADDQ $64, SI
	ADDQ $8, DI
	NEXT(next, tail)

done:
	SUBQ R10, R9
	MOVQ R9, ret+56(FP)
	VZEROUPPER
	RET

// func ascendAVX512(list, next *byte, active *uint64, n int)
TEXT ·ascendAVX512(SB), NOSPLIT, $0-32
	MOVQ list+0(FP), SI
	MOVQ next+8(FP), R9
	MOVQ active+16(FP), R8
	MOVQ n+24(FP), CX
	TESTQ CX, CX
	JLE  done

step:
	MOVQ      (R8), AX
	KMOVQ     AX, K1
	VMOVDQU64 (SI), Z0
	VMOVDQU64 (R9), Z1
	VPEXPANDB Z1, K1, Z0
	VMOVDQU64 Z0, (SI)
	POPCNTQ   AX, AX
	ADDQ      AX, R9
	ADDQ      $64, SI
	ADDQ      $8, R8
	SUBQ      $64, CX
	JG        step

done:
	VZEROUPPER
	RET

// func countEqualAVX512(list *byte, n int, value uint8) int
TEXT ·countEqualAVX512(SB), NOSPLIT, $0-32
	MOVQ list+0(FP), SI
	MOVQ n+8(FP), CX
	VPBROADCASTB value+16(FP), Z31
	XORQ R9, R9
	FIRST(step, tail, done)

step:
	VPCMPEQB (SI), Z31, K7, K2
	KMOVQ    K2, AX
	POPCNTQ  AX, AX
	ADDQ     AX, R9
	ADDQ     $64, SI
	NEXT(step, tail)

done:
	MOVQ R9, ret+24(FP)
	VZEROUPPER
	RET

// func boundsAVX512(list *byte, n int, lowest, highest uint8) (inside, reached bool)
TEXT ·boundsAVX512(SB), NOSPLIT, $0-26
	MOVQ list+0(FP), SI
	MOVQ n+8(FP), CX
	VPBROADCASTB lowest+16(FP), Z31
	VPBROADCASTB highest+17(FP), Z30
	KXORQ K3, K3, K3 // outside
	KXORQ K4, K4, K4 // highest or more
	FIRST(step, tail, done)

step:
	VMOVDQU64 (SI), Z0
	VPCMPUB   $1, Z31, Z0, K7, K1
	VPCMPUB   $6, Z30, Z0, K7, K2
	KORQ      K1, K3, K3
	KORQ      K2, K3, K3
	VPCMPUB   $5, Z30, Z0, K7, K2
	KORQ      K2, K4, K4
	ADDQ      $64, SI
	NEXT(step, tail)

done:
	KORTESTQ K3, K3
	SETEQ    inside+24(FP)
	KORTESTQ K4, K4
	SETNE    reached+25(FP)
	VZEROUPPER
	RET

// func putEscapesAVX512(list, escapes *byte, n int, value uint8)
TEXT ·putEscapesAVX512(SB), NOSPLIT, $0-25
	MOVQ list+0(FP), SI
	MOVQ escapes+8(FP), R9
	MOVQ n+16(FP), CX
	VPBROADCASTB value+24(FP), Z31
	FIRST(step, tail, done)

step:
	VMOVDQU64 (SI), Z0
	VPCMPEQB  Z0, Z31, K7, K2
	VMOVDQU64 (R9), Z1
	VPEXPANDB Z1, K2, Z0
	VMOVDQU64 Z0, (SI)
	KMOVQ     K2, AX
	POPCNTQ   AX, AX
	ADDQ      AX, R9
	ADDQ      $64, SI
	NEXT(step, tail)

done:
	VZEROUPPER
	RET

// func spreadHeadsAVX512(heads, ranks *byte, n int, code *Code) int
TEXT ·spreadHeadsAVX512(SB), NOSPLIT, $0-40
	MOVQ heads+0(FP), DI
	MOVQ ranks+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ code+24(FP), R8
	XORQ R9, R9
	VPBROADCASTB Code_full(R8), Z29
	VBROADCASTI32X4 Code_heads(R8), Z27
	CMPQ Code_group(R8), $2
	JNE  fours
	LONGS(0x03030303, Z28)
	MOVQ $0x3230222012100200, AX // shifts to the right of 4 symbols in 16 bits each
	VPBROADCASTQ AX, Z26
	FIRST(pairStep, pairTail, done)

pairStep:
	VPSHUFB   (SI), Y27, Y0
	VPMOVZXBW Y0, Z0
	VPMULTISHIFTQB Z0, Z26, Z0
	VPANDQ    Z28, Z0, Z0
	VMOVDQU64 Z0, (DI)
	VPCMPEQB  Z29, Z0, K7, K2
	KMOVQ     K2, AX
	POPCNTQ   AX, AX
	ADDQ      AX, R9
	ADDQ      $64, DI
	ADDQ      $32, SI
	NEXT(pairStep, pairTail)
	JMP done

fours:
	LONGS(0x01010101, Z28)
	MOVQ $0x2322212003020100, AX // shifts to the right of 2 symbols in 32 bits each
	VPBROADCASTQ AX, Z26
	FIRST(fourStep, fourTail, done)

fourStep:
	VPSHUFB   (SI), X27, X0
	VPMOVZXBD X0, Z0
	VPMULTISHIFTQB Z0, Z26, Z0
	VPANDQ    Z28, Z0, Z0
	VMOVDQU64 Z0, (DI)
	VPCMPEQB  Z29, Z0, K7, K2
	KMOVQ     K2, AX
	POPCNTQ   AX, AX
	ADDQ      AX, R9
	ADDQ      $64, DI
	ADDQ      $16, SI
	NEXT(fourStep, fourTail)

done:
	MOVQ R9, ret+32(FP)
	VZEROUPPER
	RET

// func joinHeadsAVX512(dst, heads, rests *byte, n int, code *Code, check bool) bool
TEXT ·joinHeadsAVX512(SB), NOSPLIT, $0-49
	MOVQ dst+0(FP), DI
	MOVQ heads+8(FP), SI
	MOVQ rests+16(FP), R9
	MOVQ n+24(FP), CX
	MOVQ code+32(FP), R8
	VPBROADCASTB Code_center(R8), Z31
	BYTES(0xff, Z30)
	VPBROADCASTB Code_full(R8), Z29
	VPSUBB Z29, Z30, Z28 // the largest rest
	BYTES(1, Z27)
	BYTES(0x7f, Z26)
	VPBROADCASTB Code_low(R8), Z25
	VPBROADCASTB Code_span(R8), Z24
	VPXORQ Z23, Z23, Z23 // how much is out of range
	MOVQ Code_fold(R8), BX
	MOVBLZX check+40(FP), R11
	FIRST(step, tail, done)

step:
	VMOVDQU64   (SI), Z0
	VPCMPEQB    Z29, Z0, K7, K2
	VMOVDQU64   (R9), Z1
	VPEXPANDB.Z Z1, K2, Z1
	VPADDB      Z1, Z0, Z0
	KMOVQ       K2, AX
	POPCNTQ     AX, AX
	ADDQ        AX, R9
	TESTQ       BX, BX
	JZ          unfolded
	VPTESTMB    Z27, Z0, K1
	VPSRLW      $1, Z0, Z0
	VPANDQ      Z26, Z0, Z0
	VPSUBB      Z0, Z30, K1, Z0
	VPADDB      Z31, Z0, Z0

unfolded:
	TESTL      R11, R11
	JZ         checked
	VPSUBUSB   Z28, Z1, Z1
	VPORQ      Z1, Z23, Z23
	VPSUBB     Z25, Z0, Z2
	VPSUBUSB.Z Z24, Z2, K7, Z2
	VPORQ      Z2, Z23, Z23

checked:
	CMPQ       CX, $64
	JLT        some
	VMOVDQU64  Z0, (DI)
	ADDQ       $64, SI
	ADDQ       $64, DI
	NEXT(step, tail)
	JMP done

some:
	VMOVDQU8 Z0, K7, (DI)

done:
	VPTESTMB Z23, Z23, K1
	KORTESTQ K1, K1
	SETEQ    ret+48(FP)
	VZEROUPPER
	RET
