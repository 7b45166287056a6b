//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// The kernels of kernels_amd64.s without AVX-512: 64 bytes at a time in two registers, or four halves of them. R15 holds
// the bytes that count: all, or the rest of the list in the last step. Where a list grows or shrinks, tables by 8 bits say
// where 8 bytes go (shrink, grow).

// Bytes 0 to 3, eight times each, and their bits.
DATA eights<>+0(SB)/8, $0x0000000000000000
DATA eights<>+8(SB)/8, $0x0101010101010101
DATA eights<>+16(SB)/8, $0x0202020202020202
DATA eights<>+24(SB)/8, $0x0303030303030303
GLOBL eights<>(SB), RODATA|NOPTR, $32

// Bytes 0 to 7, four times each.
DATA quads<>+0(SB)/8, $0x0101010100000000
DATA quads<>+8(SB)/8, $0x0303030302020202
DATA quads<>+16(SB)/8, $0x0505050504040404
DATA quads<>+24(SB)/8, $0x0707070706060606
GLOBL quads<>(SB), RODATA|NOPTR, $32

#define BYTES(value, X, Y) \
	MOVL         $value, AX \
	VMOVD        AX, X      \
	VPBROADCASTB X, Y

#define LONGS(value, X, Y) \
	MOVL         $value, AX \
	VMOVD        AX, X      \
	VPBROADCASTD X, Y

#define QUADS(value, X, Y) \
	MOVQ         $value, AX \
	VMOVQ        AX, X      \
	VPBROADCASTQ X, Y

// FIRST is where a kernel begins, with n in CX.
#define FIRST(step, tail, done)  \
	MOVQ  $-1, R15           \
	CMPQ  CX, $64            \
	JGE   step               \
	TESTQ CX, CX             \
	JLE   done               \
tail:                            \
	BZHIQ CX, R15, R15

// NEXT is where a step ends.
#define NEXT(step, tail) \
	SUBQ  $64, CX  \
	CMPQ  CX, $64  \
	JGE   step     \
	TESTQ CX, CX   \
	JG    tail

// MASK leaves the highest bits of 64 bytes in R.
#define MASK(A, B, R, T)  \
	VPMOVMSKB A, R    \
	VPMOVMSKB B, T    \
	SHLQ      $32, T  \
	ORQ       T, R

// ATLEAST marks the bytes of A that are at least those of LIMIT.
#define ATLEAST(LIMIT, A, M) \
	VPMAXUB  LIMIT, A, M \
	VPCMPEQB M, A, M

// SHRINK writes those of 16 bytes to R9 that the lowest 16 bits of AX name, and takes these away. R13 holds the table.
#define SHRINK(X, T)                        \
	MOVBLZX AL, R10                     \
	MOVBLZX AH, DX                      \
	SHRQ    $16, AX                     \
	VMOVQ   (R13)(R10*8), T             \
	VMOVHPS 2048(R13)(DX*8), T, T       \
	VPSHUFB T, X, T                     \
	VMOVQ   T, (R9)                     \
	POPCNTL R10, R10                    \
	ADDQ    R10, R9                     \
	VMOVHPS T, (R9)                     \
	POPCNTL DX, DX                      \
	ADDQ    DX, R9

// SHRINK64 does so with 64 bytes, and destroys them.
#define SHRINK64(YA, XA, YB, XB, T)   \
	SHRINK(XA, T)                 \
	VEXTRACTI128 $1, YA, XA       \
	SHRINK(XA, T)                 \
	SHRINK(XB, T)                 \
	VEXTRACTI128 $1, YB, XB       \
	SHRINK(XB, T)

// GROW is the inverse: X gets the next bytes of R9 where the lowest 16 bits of AX are set, else 0; T is negative there.
#define GROW(X, T)                          \
	MOVBLZX AL, R10                     \
	MOVBLZX AH, DX                      \
	SHRQ    $16, AX                     \
	VMOVQ   (R13)(R10*8), T             \
	VMOVHPS 2048(R13)(DX*8), T, T       \
	VMOVQ   (R9), X                     \
	POPCNTL R10, R10                    \
	ADDQ    R10, R9                     \
	VMOVHPS (R9), X, X                  \
	POPCNTL DX, DX                      \
	ADDQ    DX, R9                      \
	VPSHUFB T, X, X

// PUTGROWN replaces the bytes of list at OFF.
#define PUTGROWN(OFF)                   \
	GROW(X0, X1)                    \
	VPBLENDVB X1, OFF(SI), X0, X0   \
	VMOVDQU   X0, OFF(SI)

// FOLD(code in A): the value. Y15 holds the center, Y14 zero.
#define FOLD(A, T)          \
	VPSUBB   Y15, A, A  \
	VPCMPGTB A, Y14, T  \
	VPADDB   A, A, A    \
	VPXOR    T, A, A

#define SPLIT_ARGS \
	MOVQ symbols+0(FP), DI              \
	MOVQ rests+8(FP), R9                \
	MOVQ codes+16(FP), SI               \
	MOVQ blocks+24(FP), CX              \
	MOVQ code+32(FP), R8                \
	LEAQ ·shrink(SB), R13               \
	MOVQ Code_fold(R8), BX              \
	VPBROADCASTB Code_center(R8), Y15   \
	VPXOR        Y14, Y14, Y14          \
	VPBROADCASTB Code_full(R8), Y13     \
	VBROADCASTI128 (Code_symbols+words_coded)(R8), Y12

// func splitPairsAVX2(symbols, rests, codes *byte, blocks int, code *Code) int
TEXT ·splitPairsAVX2(SB), NOSPLIT, $0-48
	SPLIT_ARGS
	LONGS(0x04010401, X11, Y11)

step:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	TESTQ   BX, BX
	JZ      folded
	FOLD(Y0, Y2)
	FOLD(Y1, Y3)

folded:
	VPMINUB    Y13, Y0, Y2
	VPMINUB    Y13, Y1, Y3
	VPCMPEQB   Y13, Y2, Y4
	VPCMPEQB   Y13, Y3, Y5
	VPMADDUBSW Y11, Y2, Y2
	VPMADDUBSW Y11, Y3, Y3
	VPACKUSWB  Y3, Y2, Y2
	VPERMQ     $0xd8, Y2, Y2
	VPSHUFB    Y2, Y12, Y2
	VMOVDQU    Y2, (DI)
	MASK(Y4, Y5, AX, DX)
	VPSUBB     Y13, Y0, Y0
	VPSUBB     Y13, Y1, Y1
	SHRINK64(Y0, X0, Y1, X1, X2)
	ADDQ       $64, SI
	ADDQ       $32, DI
	DECQ       CX
	JNZ        step
	SUBQ rests+8(FP), R9
	MOVQ R9, ret+40(FP)
	VZEROUPPER
	RET

// func splitFoursAVX2(symbols, rests, codes *byte, blocks int, code *Code) int
TEXT ·splitFoursAVX2(SB), NOSPLIT, $0-48
	SPLIT_ARGS
	LONGS(0x02010201, X11, Y11)
	LONGS(0x00040001, X10, Y10)

step:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	TESTQ   BX, BX
	JZ      folded
	FOLD(Y0, Y2)
	FOLD(Y1, Y3)

folded:
	VPMINUB      Y13, Y0, Y2
	VPMINUB      Y13, Y1, Y3
	VPCMPEQB     Y13, Y2, Y4
	VPCMPEQB     Y13, Y3, Y5
	VPMADDUBSW   Y11, Y2, Y2
	VPMADDUBSW   Y11, Y3, Y3
	VPMADDWD     Y10, Y2, Y2
	VPMADDWD     Y10, Y3, Y3
	VPACKSSDW    Y3, Y2, Y2
	VPACKUSWB    Y2, Y2, Y2
	VEXTRACTI128 $1, Y2, X3
	VPUNPCKLDQ   X3, X2, X2
	VPSHUFB      X2, X12, X2
	VMOVDQU      X2, (DI)
	MASK(Y4, Y5, AX, DX)
	VPSUBB       Y13, Y0, Y0
	VPSUBB       Y13, Y1, Y1
	SHRINK64(Y0, X0, Y1, X1, X2)
	ADDQ         $64, SI
	ADDQ         $16, DI
	DECQ         CX
	JNZ          step
	SUBQ rests+8(FP), R9
	MOVQ R9, ret+40(FP)
	VZEROUPPER
	RET

// PUT writes a plane: one bit of each byte of Y0 and Y1.
#define PUT(shift)               \
	VPSLLW    $shift, Y0, Y2 \
	VPSLLW    $shift, Y1, Y3 \
	VPMOVMSKB Y2, AX         \
	VPMOVMSKB Y3, BX         \
	MOVL      AX, (R11)      \
	MOVL      BX, 4(R11)     \
	ADDQ      R12, R11

// GOON leaves in Y0 and Y1 what of the words comes next, and in AX which of them go on.
#define GOON                  \
	ATLEAST(Y14, Y0, Y2)  \
	ATLEAST(Y14, Y1, Y3)  \
	MASK(Y2, Y3, AX, DX)  \
	VPSRLW X15, Y0, Y0    \
	VPSRLW X15, Y1, Y1    \
	VPAND  Y13, Y0, Y0    \
	VPAND  Y13, Y1, Y1

// func shiftOutAVX2(planes, list *byte, n int, s *step) int
TEXT ·shiftOutAVX2(SB), NOSPLIT, $0-40
	MOVQ    planes+0(FP), DI
	MOVQ    list+8(FP), SI
	MOVQ    n+16(FP), CX
	MOVQ    s+24(FP), R8
	MOVQ    SI, R9
	LEAQ    7(CX), R12 // bytes of a plane
	SHRQ    $3, R12
	MOVQ    step_bits(R8), R14
	MOVBLZX step_last(R8), R8
	LEAQ    ·shrink(SB), R13
	VMOVQ   R14, X15
	MOVL    $2, AX
	SHLXL   R14, AX, AX
	VMOVD   AX, X14
	VPBROADCASTB X14, Y14 // at least that: the word goes on
	MOVL    $0xff, AX
	SHRXL   R14, AX, AX
	VMOVD   AX, X13
	VPBROADCASTB X13, Y13
	CMPQ    CX, $64
	JLT     tail

step:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	MOVQ    DI, R11
	PUT(7)
	CMPQ R14, $1
	JEQ  put
	PUT(6)
	CMPQ R14, $2
	JEQ  put
	PUT(5)
	CMPQ R14, $3
	JEQ  put
	PUT(4)
	CMPQ R14, $4
	JEQ  put
	PUT(3)
	CMPQ R14, $5
	JEQ  put
	PUT(2)
	CMPQ R14, $6
	JEQ  put
	PUT(1)

put:
	TESTL R8, R8
	JNZ   ended
	GOON
	SHRINK64(Y0, X0, Y1, X1, X2)

ended:
	ADDQ $64, SI
	ADDQ $8, DI
	SUBQ $64, CX
	CMPQ CX, $64
	JGE  step

tail:
	TESTQ CX, CX
	JLE   done
	MOVQ  $-1, R15
	BZHIQ CX, R15, R15
	ADDQ  $7, CX // to whole bytes
	ANDQ  $-8, CX
	MOVQ  $-1, R11
	BZHIQ CX, R11, R11
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	MOVQ    $7, CX

tailBit: // what lies behind the plane stays as it is
	VMOVQ  CX, X4
	VPSLLW X4, Y0, Y2
	VPSLLW X4, Y1, Y3
	MASK(Y2, Y3, AX, DX)
	ANDQ   R15, AX
	ANDNQ  (DI), R11, BX
	ORQ    AX, BX
	MOVQ   BX, (DI)
	ADDQ   R12, DI
	DECQ   CX
	LEAQ   (R14)(CX*1), AX
	CMPQ   AX, $7
	JGT    tailBit
	TESTL  R8, R8
	JNZ    done
	GOON
	ANDQ   R15, AX
	SHRINK64(Y0, X0, Y1, X1, X2)

done:
	SUBQ list+8(FP), R9
	MOVQ R9, ret+32(FP)
	VZEROUPPER
	RET

// func takeBitAVX2(plane, list *byte, n, bit int)
TEXT ·takeBitAVX2(SB), NOSPLIT, $0-32
	MOVQ  plane+0(FP), DI
	MOVQ  list+8(FP), SI
	MOVQ  n+16(FP), CX
	MOVQ  $7, BX
	SUBQ  bit+24(FP), BX
	VMOVQ BX, X15
	FIRST(step, tail, done)

step:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPSLLW  X15, Y0, Y0
	VPSLLW  X15, Y1, Y1
	MASK(Y0, Y1, AX, DX)
	ANDQ    R15, AX
	MOVQ    AX, (DI)
	ADDQ    $64, SI
	ADDQ    $8, DI
	NEXT(step, tail)

done:
	VZEROUPPER
	RET

// WORDS adds to R the words of the high parts in A that table T has, and leaves A for the next one. Y11 holds 16, Y10 0x70.
#define WORDS(TABLE, A, R, T)  \
	VPSUBB   Y11, A, A     \
	VPADDUSB Y10, A, T     \
	VPSHUFB  T, TABLE, T   \
	VPOR     T, R, R

// func lookUpAVX2(list, escapes *byte, n int, code *Code) int
TEXT ·lookUpAVX2(SB), NOSPLIT, $0-40
	MOVQ    list+0(FP), SI
	MOVQ    escapes+8(FP), R9
	MOVQ    n+16(FP), CX
	MOVQ    code+24(FP), R8
	LEAQ    ·shrink(SB), R13
	MOVBLZX (Code_params+Params_LowBits)(R8), BX
	VMOVQ   BX, X15
	MOVL    $0xff, AX
	SHRXL   BX, AX, AX
	VMOVD   AX, X14
	VPBROADCASTB X14, Y14
	VPBROADCASTB Code_escape(R8), Y13
	MOVBLZX Code_escape(R8), R12
	VBROADCASTI128 (Code_rests+words_coded)(R8), Y12
	BYTES(16, X11, Y11)
	BYTES(0x70, X10, Y10)
	VBROADCASTI128 (Code_rests+words_coded+16)(R8), Y9
	VBROADCASTI128 (Code_rests+words_coded+32)(R8), Y8
	VBROADCASTI128 (Code_rests+words_coded+48)(R8), Y7
	FIRST(step, tail, done)

step:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPSRLW  X15, Y0, Y0
	VPSRLW  X15, Y1, Y1
	VPAND   Y14, Y0, Y0
	VPAND   Y14, Y1, Y1
	VPMINUB Y13, Y0, Y2
	VPMINUB Y13, Y1, Y3
	VPCMPEQB Y13, Y2, Y4
	VPCMPEQB Y13, Y3, Y5
	MASK(Y4, Y5, AX, DX)
	CMPL    R12, $16
	JGE     many
	VPSHUFB Y2, Y12, Y2
	VPSHUFB Y3, Y12, Y3

found:
	VMOVDQU Y2, (SI)
	VMOVDQU Y3, 32(SI)
	ANDQ    R15, AX
	JZ      next
	SHRINK64(Y0, X0, Y1, X1, X2)

next:
	ADDQ $64, SI
	NEXT(step, tail)

done:
	SUBQ escapes+8(FP), R9
	MOVQ R9, ret+32(FP)
	VZEROUPPER
	RET

many:
	VPADDUSB Y10, Y2, Y4
	VPSHUFB  Y4, Y12, Y4
	WORDS(Y9, Y2, Y4, Y5)
	WORDS(Y8, Y2, Y4, Y5)
	WORDS(Y7, Y2, Y4, Y5)
	VPADDUSB Y10, Y3, Y5
	VPSHUFB  Y5, Y12, Y5
	WORDS(Y9, Y3, Y5, Y2)
	WORDS(Y8, Y3, Y5, Y2)
	WORDS(Y7, Y3, Y5, Y2)
	VMOVDQA  Y4, Y2
	VMOVDQA  Y5, Y3
	JMP      found

// GET appends a plane's bits to the bytes of Y0 and Y1. Y13 holds eights, Y12 a bit in each byte.
#define GET                         \
	VPBROADCASTD (R11), Y2      \
	VPBROADCASTD 4(R11), Y3     \
	VPADDB       Y0, Y0, Y0     \
	VPADDB       Y1, Y1, Y1     \
	VPSHUFB      Y13, Y2, Y2    \
	VPSHUFB      Y13, Y3, Y3    \
	VPAND        Y12, Y2, Y2    \
	VPAND        Y12, Y3, Y3    \
	VPCMPEQB     Y12, Y2, Y2    \
	VPCMPEQB     Y12, Y3, Y3    \
	VPSUBB       Y2, Y0, Y0     \
	VPSUBB       Y3, Y1, Y1     \
	ADDQ         R12, R11

// func shiftInAVX2(list, next *byte, active *uint64, planes *byte, n int, lasts *[MaxLen]uint64, s *step) int
TEXT ·shiftInAVX2(SB), NOSPLIT, $0-64
	MOVQ    list+0(FP), SI
	MOVQ    next+8(FP), R9
	MOVQ    active+16(FP), R8
	MOVQ    planes+24(FP), DI
	MOVQ    n+32(FP), CX
	MOVQ    s+48(FP), DX
	LEAQ    7(CX), R12 // bytes of a plane
	SHRQ    $3, R12
	MOVQ    step_bits(DX), R14
	MOVBLZX step_last(DX), BX
	VPBROADCASTB step_leaves(DX), Y15
	VPBROADCASTB step_base(DX), Y14
	VMOVDQU eights<>(SB), Y13
	QUADS(0x8040201008040201, X12, Y12)
	VPXOR   Y11, Y11, Y11 // 0 if the list is taken to be
	CMPB    step_first(DX), $0
	JNE     begun
	VPCMPEQB Y11, Y11, Y11

begun:
	LEAQ  ·shrink(SB), R13
	MOVQ  $-1, R15
	CMPQ  CX, $64
	JGE   next
	TESTQ CX, CX
	JLE   done

tail: // the planes are words now
	MOVQ  lasts+40(FP), DI
	MOVQ  $8, R12
	BZHIQ CX, R15, R15

next:
	VPAND (SI), Y11, Y0
	VPAND 32(SI), Y11, Y1
	MOVQ  DI, R11
	MOVQ  R14, AX

bit:
	GET
	DECQ   AX
	JNZ    bit
	VPADDB Y14, Y0, Y2
	VPADDB Y14, Y1, Y3
	VMOVDQU Y2, (SI)
	VMOVDQU Y3, 32(SI)
	TESTL  BX, BX
	JNZ    ended
	ATLEAST(Y15, Y0, Y2)
	ATLEAST(Y15, Y1, Y3)
	MASK(Y2, Y3, AX, DX)
	ANDQ   R15, AX
	MOVQ   AX, (R8)
	VPSUBB Y15, Y0, Y0
	VPSUBB Y15, Y1, Y1
	SHRINK64(Y0, X0, Y1, X1, X2)
	ADDQ   $8, R8

ended:
	ADDQ $64, SI
	ADDQ $8, DI
	NEXT(next, tail)

done:
	SUBQ next+8(FP), R9
	MOVQ R9, ret+56(FP)
	VZEROUPPER
	RET

// func ascendAVX2(list, next *byte, active *uint64, n int)
TEXT ·ascendAVX2(SB), NOSPLIT, $0-32
	MOVQ list+0(FP), SI
	MOVQ next+8(FP), R9
	MOVQ active+16(FP), R8
	MOVQ n+24(FP), CX
	LEAQ ·grow(SB), R13

step:
	MOVQ (R8), AX
	PUTGROWN(0)
	PUTGROWN(16)
	PUTGROWN(32)
	PUTGROWN(48)
	ADDQ $64, SI
	ADDQ $8, R8
	SUBQ $64, CX
	JG   step
	VZEROUPPER
	RET

// func countEqualAVX2(list *byte, n int, value uint8) int
TEXT ·countEqualAVX2(SB), NOSPLIT, $0-32
	MOVQ list+0(FP), SI
	MOVQ n+8(FP), CX
	VPBROADCASTB value+16(FP), Y15
	XORQ R9, R9
	FIRST(step, tail, done)

step:
	VPCMPEQB (SI), Y15, Y0
	VPCMPEQB 32(SI), Y15, Y1
	MASK(Y0, Y1, AX, DX)
	ANDQ     R15, AX
	POPCNTQ  AX, AX
	ADDQ     AX, R9
	ADDQ     $64, SI
	NEXT(step, tail)

done:
	MOVQ R9, ret+24(FP)
	VZEROUPPER
	RET

// func boundsAVX2(list *byte, n int, lowest, highest uint8) (inside, reached bool)
TEXT ·boundsAVX2(SB), NOSPLIT, $0-26
	MOVQ list+0(FP), SI
	MOVQ n+8(FP), CX
	VPBROADCASTB lowest+16(FP), Y15
	VPBROADCASTB highest+17(FP), Y14
	XORQ R9, R9  // outside
	XORQ R10, R10 // highest or more
	FIRST(step, tail, done)

step:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	ATLEAST(Y15, Y0, Y2)
	ATLEAST(Y15, Y1, Y3)
	MASK(Y2, Y3, AX, DX)
	ANDNQ   R15, AX, AX
	ORQ     AX, R9
	ATLEAST(Y14, Y0, Y2)
	ATLEAST(Y14, Y1, Y3)
	MASK(Y2, Y3, AX, DX)
	ANDQ    R15, AX
	ORQ     AX, R10
	VPCMPEQB Y14, Y0, Y2
	VPCMPEQB Y14, Y1, Y3
	MASK(Y2, Y3, BX, DX)
	ANDNQ   AX, BX, AX
	ORQ     AX, R9
	ADDQ    $64, SI
	NEXT(step, tail)

done:
	TESTQ R9, R9
	SETEQ inside+24(FP)
	TESTQ R10, R10
	SETNE reached+25(FP)
	VZEROUPPER
	RET

// func putEscapesAVX2(list, escapes *byte, n int, value uint8)
TEXT ·putEscapesAVX2(SB), NOSPLIT, $0-25
	MOVQ list+0(FP), SI
	MOVQ escapes+8(FP), R9
	MOVQ n+16(FP), CX
	VPBROADCASTB value+24(FP), Y15
	LEAQ ·grow(SB), R13
	FIRST(step, tail, done)

step:
	VPCMPEQB (SI), Y15, Y0
	VPCMPEQB 32(SI), Y15, Y1
	MASK(Y0, Y1, AX, DX)
	ANDQ     R15, AX
	JZ       next
	PUTGROWN(0)
	PUTGROWN(16)
	PUTGROWN(32)
	PUTGROWN(48)

next:
	ADDQ     $64, SI
	NEXT(step, tail)

done:
	VZEROUPPER
	RET

// func spreadHeadsAVX2(heads, ranks *byte, n int, code *Code) int
TEXT ·spreadHeadsAVX2(SB), NOSPLIT, $0-40
	MOVQ heads+0(FP), DI
	MOVQ ranks+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ code+24(FP), R8
	XORQ R9, R9
	VPBROADCASTB Code_full(R8), Y15
	VBROADCASTI128 Code_heads(R8), Y14
	CMPQ Code_group(R8), $2
	JNE  fours
	BYTES(3, X13, Y13)
	FIRST(pairStep, pairTail, done)

pairStep:
	VPERMQ  $0xd8, (SI), Y0
	VPSHUFB Y0, Y14, Y0
	VPSRLW  $2, Y0, Y1
	VPAND   Y13, Y0, Y0
	VPAND   Y13, Y1, Y1
	VPUNPCKLBW Y1, Y0, Y2
	VPUNPCKHBW Y1, Y0, Y3
	VMOVDQU Y2, (DI)
	VMOVDQU Y3, 32(DI)
	VPCMPEQB Y15, Y2, Y2
	VPCMPEQB Y15, Y3, Y3
	MASK(Y2, Y3, AX, DX)
	ANDQ    R15, AX
	POPCNTQ AX, AX
	ADDQ    AX, R9
	ADDQ    $64, DI
	ADDQ    $32, SI
	NEXT(pairStep, pairTail)
	JMP done

fours:
	LONGS(0x08040201, X13, Y13)
	VMOVDQU quads<>(SB), Y12
	BYTES(8, X11, Y11)
	VPADDB Y11, Y12, Y11
	FIRST(fourStep, fourTail, done)

fourStep:
	VBROADCASTI128 (SI), Y0
	VPSHUFB Y0, Y14, Y0
	VPSHUFB Y11, Y0, Y1
	VPSHUFB Y12, Y0, Y0
	VPAND   Y13, Y0, Y0
	VPAND   Y13, Y1, Y1
	VPCMPEQB Y13, Y0, Y0
	VPCMPEQB Y13, Y1, Y1
	VPAND   Y15, Y0, Y2
	VPAND   Y15, Y1, Y3
	VMOVDQU Y2, (DI)
	VMOVDQU Y3, 32(DI)
	MASK(Y0, Y1, AX, DX)
	ANDQ    R15, AX
	POPCNTQ AX, AX
	ADDQ    AX, R9
	ADDQ    $64, DI
	ADDQ    $16, SI
	NEXT(fourStep, fourTail)

done:
	MOVQ R9, ret+32(FP)
	VZEROUPPER
	RET

// UNFOLD is the inverse of FOLD; Y13 holds 1, Y12 0x7f.
#define UNFOLD(A, T)        \
	VPAND  Y13, A, T    \
	VPSRLW $1, A, A     \
	VPAND  Y12, A, A    \
	VPSUBB T, Y14, T    \
	VPXOR  T, A, A      \
	VPADDB Y15, A, A

// func joinHeadsAVX2(dst, heads, rests *byte, n int, code *Code, check bool) (full int, wrong uint64)
// It writes whole vectors.
TEXT ·joinHeadsAVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ heads+8(FP), SI
	MOVQ rests+16(FP), R9
	MOVQ n+24(FP), CX
	MOVQ code+32(FP), R8
	MOVBLZX check+40(FP), R11
	MOVQ Code_fold(R8), BX
	XORQ R12, R12 // what is wrong
	LEAQ ·grow(SB), R13
	VPBROADCASTB Code_center(R8), Y15
	VPXOR Y14, Y14, Y14
	BYTES(1, X13, Y13)
	BYTES(0x7f, X12, Y12)
	VPBROADCASTB Code_full(R8), Y11
	VPCMPEQB Y10, Y10, Y10
	VPSUBB Y11, Y10, Y10 // the largest rest
	VPBROADCASTB Code_low(R8), Y9
	VPBROADCASTB Code_span(R8), Y8
	FIRST(step, tail, done)

step:
	VMOVDQU  (SI), Y0
	VMOVDQU  32(SI), Y1
	VPCMPEQB Y11, Y0, Y2
	VPCMPEQB Y11, Y1, Y3
	MASK(Y2, Y3, AX, DX)
	ANDQ     R15, AX
	GROW(X2, X6)
	GROW(X4, X6)
	VINSERTI128 $1, X4, Y2, Y2
	GROW(X3, X6)
	GROW(X4, X6)
	VINSERTI128 $1, X4, Y3, Y3
	VPADDB   Y2, Y0, Y0
	VPADDB   Y3, Y1, Y1
	TESTQ    BX, BX
	JZ       unfolded
	UNFOLD(Y0, Y4)
	UNFOLD(Y1, Y5)

unfolded:
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	TESTL   R11, R11
	JNZ     checks

checked:
	ADDQ $64, SI
	ADDQ $64, DI
	NEXT(step, tail)

done:
	SUBQ rests+16(FP), R9
	MOVQ R9, full+48(FP)
	MOVQ R12, wrong+56(FP)
	VZEROUPPER
	RET

checks:
	VPSUBUSB Y10, Y2, Y2
	VPSUBUSB Y10, Y3, Y3
	VPSUBB   Y9, Y0, Y0
	VPSUBB   Y9, Y1, Y1
	VPSUBUSB Y8, Y0, Y0
	VPSUBUSB Y8, Y1, Y1
	VPOR     Y2, Y0, Y0
	VPOR     Y3, Y1, Y1
	VPCMPEQB Y14, Y0, Y0
	VPCMPEQB Y14, Y1, Y1
	MASK(Y0, Y1, AX, DX)
	ANDNQ    R15, AX, AX
	ORQ      AX, R12
	JMP      checked
