//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// Without AVX-512 lanes are words of two registers, whose low or high bytes, packed, are in the order of the lanes: Y0 and Y1
// hold lanes 0 to 7 and 8 to 15 in their lower halves and those from 16 on in the upper ones. Up to 16 lanes are X0 and X1.
// Shifts of a word by as many bits as a word of the code has are products with powers of two.

// The three highest of seven bits.
DATA high<>+0(SB)/8, $0x0707070707070707
DATA high<>+8(SB)/8, $0x0707070707070707
DATA high<>+16(SB)/8, $0x0707070707070707
DATA high<>+24(SB)/8, $0x0707070707070707
GLOBL high<>(SB), RODATA|NOPTR, $32

// Seven bits in reverse order: those of the low four, and of the high three.
DATA reverse<>+0(SB)/8, $0x7030501060204000
DATA reverse<>+8(SB)/8, $0x7838581868284808
DATA reverse<>+16(SB)/8, $0x0703050106020400
DATA reverse<>+24(SB)/8, $0x0703050106020400
GLOBL reverse<>(SB), RODATA|NOPTR, $32

#define WORDS(value, X, Y) \
	MOVL         $value, AX \
	VMOVD        AX, X      \
	VPBROADCASTW X, Y

// The lanes in use, l in DX, as bits of R14.
#define LANES \
	MOVQ  $-1, R14     \
	BZHIQ DX, R14, R14

#define LOADSTATES                     \
	VMOVDQU     (BX), X0           \
	VMOVDQU     16(BX), X1         \
	VINSERTI128 $1, 32(BX), Y0, Y0 \
	VINSERTI128 $1, 48(BX), Y1, Y1

#define STORESTATES                    \
	VMOVDQU      X0, (BX)          \
	VMOVDQU      X1, 16(BX)        \
	VEXTRACTI128 $1, Y0, 32(BX)    \
	VEXTRACTI128 $1, Y1, 48(BX)

// CODED leaves in P and Q the powers of two, and in W and V the words, of the symbols at SI.
#define CODED(W, V, P, Q)          \
	VPAND      (SI), MASKS, W  \
	VPSHUFB    W, POWERS, P    \
	VPSHUFB    W, CODES, W     \
	VPUNPCKHBW ZERO, P, Q      \
	VPUNPCKLBW ZERO, P, P      \
	VPUNPCKHBW ZERO, W, V      \
	VPUNPCKLBW ZERO, W, W

// FULL leaves in AX which lanes give a byte away, in E the bytes of all, and takes them from the states A and B.
#define FULL(A, B, P, Q, E, F, S, T) \
	VPMULHUW  P, A, E            \
	VPMULHUW  Q, B, F            \
	VPCMPEQW  ZERO, E, S         \
	VPCMPEQW  ZERO, F, T         \
	VPACKSSWB T, S, E            \
	VPMOVMSKB E, AX              \
	ANDNL     R14, AX, AX        \
	VPAND     BYTE, A, E         \
	VPAND     BYTE, B, F         \
	VPACKUSWB F, E, E            \
	VPSRLW    $8, A, F           \
	VPBLENDVB S, A, F, A         \
	VPSRLW    $8, B, F           \
	VPBLENDVB T, B, F, B

#define APPEND(A, B, W, V, P, Q) \
	VPMULLW P, A, A          \
	VPMULLW Q, B, B          \
	VPOR    W, A, A          \
	VPOR    V, B, B

// GIVE writes those of the 16 bytes of E to before DI that R10 and R11 say, by eight.
#define GIVE(E, T)                             \
	VMOVQ   (R13)(R10*8), T                \
	VMOVHPS 2048(R13)(R11*8), T, T         \
	VPSHUFB T, E, T                        \
	VMOVHPS T, -8(DI)                      \
	POPCNTL R11, R11                       \
	SUBQ    R11, DI                        \
	VMOVQ   T, -8(DI)                      \
	POPCNTL R10, R10                       \
	SUBQ    R10, DI

#define ENCODE_ARGS \
	MOVQ  c+0(FP), R8                       \
	LEAQ  ·give(SB), R13                    \
	MOVQ  state+8(FP), BX                   \
	MOVQ  l+16(FP), DX                      \
	MOVQ  symbols+24(FP), SI                \
	MOVQ  steps+32(FP), CX                  \
	MOVQ  last+40(FP), DI                   \
	INCQ  DI                                \
	MOVQ  DI, R9                            \
	MOVQ  CX, AX                            \
	IMULQ DX, AX                            \
	ADDQ  AX, SI                            \
	LANES                                   \
	VBROADCASTI128 Code_codes(R8), Y15      \
	VBROADCASTI128 Code_powers(R8), Y14     \
	VPBROADCASTB   Code_mask(R8), Y13       \
	VPXOR Y12, Y12, Y12                     \
	WORDS(0xff, X11, Y11)

// NEXT leaves in W the next seven bits of A and B, the first one highest.
#define NEXT(A, B, W, T)             \
	VPAND     BITS, A, W         \
	VPAND     BITS, B, T         \
	VPACKUSWB T, W, W            \
	VPSRLW    $4, W, T           \
	VPAND     high<>(SB), T, T   \
	VPSHUFB   W, LOWS, W         \
	VPSHUFB   T, HIGHS, T        \
	VPOR      T, W, W

// PASS adds to R, below zero, whether the bits W have passed the start of word N.
#define PASS(N, W, R, T)                             \
	VPCMPGTB (Code_starts+32*N)(R8), W, T        \
	VPADDB   T, R, R

// RANK makes ranks in R of the bits W, of 8 words or of 16.
#define RANK(W, R, S, T, done)                       \
	VPCMPGTB (Code_starts)(R8), W, R             \
	VPCMPGTB (Code_starts+32)(R8), W, S          \
	PASS(2, W, R, T)                             \
	PASS(3, W, S, T)                             \
	PASS(4, W, R, T)                             \
	PASS(5, W, S, T)                             \
	PASS(6, W, R, T)                             \
	CMPB     Code_mask(R8), $7                   \
	JEQ      done                                \
	PASS(7, W, S, T)                             \
	PASS(8, W, R, T)                             \
	PASS(9, W, S, T)                             \
	PASS(10, W, R, T)                            \
	PASS(11, W, S, T)                            \
	PASS(12, W, R, T)                            \
	PASS(13, W, S, T)                            \
	PASS(14, W, R, T)                            \
done:                                                \
	VPADDB   S, R, R                             \
	VPABSB   R, R

// SHIFT takes words of rank R from A and B, leaves in AX which lanes want a byte and in M and N the same by lane. It destroys
// R, S and T.
#define SHIFT(A, B, R, M, N, S, T)    \
	VPSHUFB    R, SCALES, R       \
	VPUNPCKLBW R, NONE, S         \
	VPUNPCKHBW R, NONE, T         \
	VPMULHUW   S, A, A            \
	VPMULHUW   T, B, B            \
	VPCMPGTW   A, LEAST, M        \
	VPCMPGTW   B, LEAST, N        \
	VPACKSSWB  N, M, S            \
	VPMOVMSKB  S, AX              \
	ANDL       R14, AX

// TAKE leaves in E the next bytes of SI in the places that R10 and R11 say, by eight.
#define TAKE(E, T)                             \
	VMOVQ   (R13)(R10*8), T                \
	VMOVHPS 2048(R13)(R11*8), T, T         \
	VMOVQ   (SI), E                        \
	POPCNTL R10, R10                       \
	ADDQ    R10, SI                        \
	VMOVHPS (SI), E, E                     \
	POPCNTL R11, R11                       \
	ADDQ    R11, SI                        \
	VPSHUFB T, E, E

// REFILL appends the bytes of E to A and B, where M and N say so.
#define REFILL(A, B, E, M, N, S)      \
	VPSLLW     $8, A, S           \
	VPBLENDVB  M, S, A, A         \
	VPSLLW     $8, B, S           \
	VPBLENDVB  N, S, B, B         \
	VPUNPCKLBW NONE, E, S         \
	VPOR       S, A, A            \
	VPUNPCKHBW NONE, E, S         \
	VPOR       S, B, B

#define DECODE_ARGS \
	MOVQ c+0(FP), R8                        \
	LEAQ ·take(SB), R13                     \
	MOVQ state+8(FP), BX                    \
	MOVQ l+16(FP), DX                       \
	MOVQ symbols+24(FP), DI                 \
	MOVQ steps+32(FP), CX                   \
	MOVQ src+40(FP), SI                     \
	MOVQ end+48(FP), R9                     \
	ADDQ SI, R9                             \
	LANES                                   \
	WORDS(0x7f, X15, Y15)                   \
	WORDS(0x100, X14, Y14)                  \
	VBROADCASTI128 reverse<>(SB), Y13       \
	VBROADCASTI128 reverse<>+16(SB), Y12    \
	VBROADCASTI128 Code_ranked(R8), Y11     \
	VBROADCASTI128 Code_scales(R8), Y10     \
	VPXOR Y9, Y9, Y9

#define DECODED \
	SUBQ symbols+24(FP), DI                 \
	MOVQ DI, done+56(FP)                    \
	SUBQ src+40(FP), SI                     \
	MOVQ SI, at+64(FP)                      \
	VZEROUPPER

#define CODES Y15
#define POWERS Y14
#define MASKS Y13
#define ZERO Y12
#define BYTE Y11

// func encode32AVX2(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, last *byte) int
TEXT ·encode32AVX2(SB), NOSPLIT, $0-56
	ENCODE_ARGS
	LOADSTATES

encode:
	SUBQ DX, SI
	CODED(Y2, Y3, Y4, Y5)
	FULL(Y0, Y1, Y4, Y5, Y6, Y7, Y8, Y9)
	APPEND(Y0, Y1, Y2, Y3, Y4, Y5)
	VEXTRACTI128 $1, Y6, X7
	MOVL    AX, R11
	SHRL    $24, R11
	MOVL    AX, R10
	SHRL    $16, R10
	MOVBLZX R10, R10
	GIVE(X7, X8)
	MOVL    AX, R11
	SHRL    $8, R11
	MOVBLZX R11, R11
	MOVBLZX AL, R10
	GIVE(X6, X8)
	DECQ    CX
	JNZ     encode
	STORESTATES
	SUBQ DI, R9
	MOVQ R9, ret+48(FP)
	VZEROUPPER
	RET

#undef CODES
#undef POWERS
#undef MASKS
#undef ZERO
#undef BYTE
#define CODES X15
#define POWERS X14
#define MASKS X13
#define ZERO X12
#define BYTE X11

// func encode16AVX2(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, last *byte) int
TEXT ·encode16AVX2(SB), NOSPLIT, $0-56
	ENCODE_ARGS
	VMOVDQU (BX), X0
	VMOVDQU 16(BX), X1

encode:
	SUBQ DX, SI
	CODED(X2, X3, X4, X5)
	FULL(X0, X1, X4, X5, X6, X7, X8, X9)
	APPEND(X0, X1, X2, X3, X4, X5)
	MOVL    AX, R11
	SHRL    $8, R11
	MOVBLZX AL, R10
	GIVE(X6, X8)
	DECQ    CX
	JNZ     encode
	VMOVDQU X0, (BX)
	VMOVDQU X1, 16(BX)
	SUBQ DI, R9
	MOVQ R9, ret+48(FP)
	VZEROUPPER
	RET

#define BITS Y15
#define LEAST Y14
#define LOWS Y13
#define HIGHS Y12
#define RANKED Y11
#define SCALES Y10
#define NONE Y9

// func decode32AVX2(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, src *byte, end int) (done, at int)
TEXT ·decode32AVX2(SB), NOSPLIT, $0-72
	DECODE_ARGS
	LOADSTATES

decode:
	CMPQ SI, R9
	JA   decoded
	NEXT(Y0, Y1, Y2, Y3)
	RANK(Y2, Y3, Y4, Y5, ranked)
	VPSHUFB Y3, RANKED, Y4
	VMOVDQU Y4, (DI)
	SHIFT(Y0, Y1, Y3, Y6, Y7, Y4, Y5)
	MOVBLZX AL, R10
	MOVL    AX, R11
	SHRL    $8, R11
	MOVBLZX R11, R11
	SHRL    $16, AX
	TAKE(X3, X5)
	MOVBLZX AL, R10
	MOVL    AX, R11
	SHRL    $8, R11
	TAKE(X4, X5)
	VINSERTI128 $1, X4, Y3, Y3
	REFILL(Y0, Y1, Y3, Y6, Y7, Y4)
	ADDQ DX, DI
	DECQ CX
	JNZ  decode

decoded:
	STORESTATES
	DECODED
	RET

#undef BITS
#undef LEAST
#undef LOWS
#undef HIGHS
#undef RANKED
#undef SCALES
#undef NONE
#define BITS X15
#define LEAST X14
#define LOWS X13
#define HIGHS X12
#define RANKED X11
#define SCALES X10
#define NONE X9

// func decode16AVX2(c *Code, state *[MaxLanes]uint16, l int, symbols *byte, steps int, src *byte, end int) (done, at int)
TEXT ·decode16AVX2(SB), NOSPLIT, $0-72
	DECODE_ARGS
	VMOVDQU (BX), X0
	VMOVDQU 16(BX), X1

decode:
	CMPQ SI, R9
	JA   decoded
	NEXT(X0, X1, X2, X3)
	RANK(X2, X3, X4, X5, ranked)
	VPSHUFB X3, RANKED, X4
	VMOVDQU X4, (DI)
	SHIFT(X0, X1, X3, X6, X7, X4, X5)
	MOVBLZX AL, R10
	MOVL    AX, R11
	SHRL    $8, R11
	TAKE(X3, X5)
	REFILL(X0, X1, X3, X6, X7, X4)
	ADDQ DX, DI
	DECQ CX
	JNZ  decode

decoded:
	VMOVDQU X0, (BX)
	VMOVDQU X1, 16(BX)
	DECODED
	RET

// func decodeTogetherAVX2(streams *stream, n, steps int)
TEXT ·decodeTogetherAVX2(SB), NOSPLIT, $0-24
	MOVQ streams+0(FP), R9
	MOVQ steps+16(FP), CX
	MOVQ stream_lanes(R9), DX
	LEAQ ·take(SB), R13
	LANES
	WORDS(0x7f, X15, Y15)
	WORDS(0x100, X14, Y14)
	VMOVDQU reverse<>(SB), X13
	VMOVDQU reverse<>+16(SB), X12
	VPXOR X9, X9, X9

step:
	MOVQ streams+0(FP), R9
	MOVQ n+8(FP), R15

oneStream:
	MOVQ stream_at(R9), SI
	CMPQ SI, (stream_src+8)(R9)
	JGT  decoded
	ADDQ stream_src(R9), SI
	MOVQ stream_code(R9), R8
	MOVQ stream_symbols(R9), DI
	ADDQ stream_done(R9), DI
	VMOVDQU Code_ranked(R8), X11
	VMOVDQU Code_scales(R8), X10
	VMOVDQU stream_state(R9), X0
	VMOVDQU (stream_state+16)(R9), X1
	NEXT(X0, X1, X2, X3)
	RANK(X2, X3, X4, X5, ranked)
	VPSHUFB X3, RANKED, X4
	VMOVDQU X4, (DI)
	SHIFT(X0, X1, X3, X6, X7, X4, X5)
	MOVBLZX AL, R10
	MOVL    AX, R11
	SHRL    $8, R11
	TAKE(X3, X5)
	REFILL(X0, X1, X3, X6, X7, X4)
	VMOVDQU X0, stream_state(R9)
	VMOVDQU X1, (stream_state+16)(R9)
	SUBQ stream_src(R9), SI
	MOVQ SI, stream_at(R9)
	ADDQ DX, stream_done(R9)
	ADDQ $stream__size, R9
	DECQ R15
	JNZ  oneStream
	DECQ CX
	JNZ  step

decoded:
	VZEROUPPER
	RET
