//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// The kernels of kernels_avx2_amd64.s: 64 bytes at a time in four registers. R15 holds the bytes that count: all, or the rest
// of the list in the last step. Where a list grows or shrinks, tables by 8 bits say where 8 bytes go (shrink, grow), and how
// many bits there are (ones8).

// Go's assembler has no names for these. Operands are numbers of registers, in the order of its own: the result is last.
#define CMHS(M, N, D) WORD $(0x6e203c00 | (M)<<16 | (N)<<5 | (D)) // cmhs d.16b, n.16b, m.16b
#define CMTST(M, N, D) WORD $(0x4e208c00 | (M)<<16 | (N)<<5 | (D)) // cmtst d.16b, n.16b, m.16b
#define UMIN(M, N, D) WORD $(0x6e206c00 | (M)<<16 | (N)<<5 | (D)) // umin d.16b, n.16b, m.16b
#define UQSUB(M, N, D) WORD $(0x6e202c00 | (M)<<16 | (N)<<5 | (D)) // uqsub d.16b, n.16b, m.16b
#define USHL(M, N, D) WORD $(0x6e204400 | (M)<<16 | (N)<<5 | (D)) // ushl d.16b, n.16b, m.16b
#define SIGNS(N, D) WORD $(0x4e20a800 | (N)<<5 | (D)) // cmlt d.16b, n.16b, #0

// The bits of a byte, twice.
DATA powers<>+0(SB)/8, $0x8040201008040201
DATA powers<>+8(SB)/8, $0x8040201008040201
GLOBL powers<>(SB), RODATA|NOPTR, $16

// Each of 8 bytes eight times.
DATA eights<>+0(SB)/8, $0x0000000000000000
DATA eights<>+8(SB)/8, $0x0101010101010101
DATA eights<>+16(SB)/8, $0x0202020202020202
DATA eights<>+24(SB)/8, $0x0303030303030303
DATA eights<>+32(SB)/8, $0x0404040404040404
DATA eights<>+40(SB)/8, $0x0505050505050505
DATA eights<>+48(SB)/8, $0x0606060606060606
DATA eights<>+56(SB)/8, $0x0707070707070707
GLOBL eights<>(SB), RODATA|NOPTR, $64

// FIRST is where a kernel begins, with n in R3.
#define FIRST(step, tail, done)  \
	MOVD $-1, R15            \
	CMP  $64, R3             \
	BGE  step                \
	CBZ  R3, done            \
tail:                            \
	MOVD $64, R15            \
	SUB  R3, R15, R14        \
	MOVD $-1, R15            \
	LSR  R14, R15, R15

// NEXT is where a step ends.
#define NEXT(step, tail) \
	SUB  $64, R3     \
	CMP  $64, R3     \
	BGE  step        \
	CMP  $0, R3      \
	BGT  tail

// POWERS: V31 holds them.
#define POWERS(R)                \
	MOVD $powers<>(SB), R    \
	VLD1 (R), [V31.B16]

// MASK leaves in R one bit of each byte of P, Q, S and T, which are all ones or zeros, and destroys them.
#define MASK(P, Q, S, T, R)            \
	VAND  V31.B16, P.B16, P.B16    \
	VAND  V31.B16, Q.B16, Q.B16    \
	VAND  V31.B16, S.B16, S.B16    \
	VAND  V31.B16, T.B16, T.B16    \
	VADDP Q.B16, P.B16, P.B16      \
	VADDP T.B16, S.B16, S.B16      \
	VADDP S.B16, P.B16, P.B16      \
	VADDP P.B16, P.B16, P.B16      \
	VMOV  P.D[0], R

#define TABLES(table)              \
	MOVD $table(SB), R13       \
	ADD  $2048, R13, R12       \
	MOVD $·ones8(SB), R11

// COUNT leaves in R, of which it takes 16 bits away, where 8 bytes go in the lower half of V29 and 8 in the upper; R14 and R16
// are by how many the list goes on.
#define COUNT(R)                   \
	AND   $0xff, R, R14        \
	LSR   $8, R, R16           \
	AND   $0xff, R16, R16      \
	LSR   $16, R, R            \
	FMOVD (R13)(R14<<3), F29   \
	ADD   R16<<3, R12, R17     \
	VLD1  (R17), V29.D[1]      \
	MOVBU (R11)(R14), R14      \
	MOVBU (R11)(R16), R16

// SHRINK writes those of 16 bytes to R9 that the lowest 16 bits of R10 name.
#define SHRINK(A)                                 \
	COUNT(R10)                                \
	VTBL  V29.B16, [A.B16], V29.B16           \
	FMOVD F29, (R9)                           \
	ADD   R14, R9                             \
	VST1  V29.D[1], (R9)                      \
	ADD   R16, R9

// GROW is the inverse: A gets the next bytes of R9 where the lowest 16 bits of R10 are set, else 0; V29 is negative there.
#define GROW(A, FA)                               \
	COUNT(R10)                                \
	FMOVD (R9), FA                            \
	ADD   R14, R9                             \
	VLD1  (R9), A.D[1]                        \
	ADD   R16, R9                             \
	VTBL  V29.B16, [A.B16], A.B16

// FOLD(code in A): the value. V30 holds the center.
#define FOLD(A, N, T, TN)             \
	VSUB V30.B16, A.B16, A.B16    \
	SIGNS(N, TN)                  \
	VADD A.B16, A.B16, A.B16      \
	VEOR T.B16, A.B16, A.B16

// HEADS leaves in M the heads of N and in T which are full. V28 holds the largest head.
#define HEADS(N, M, MN, T)            \
	UMIN(28, N, MN)               \
	VCMEQ V28.B16, M.B16, T.B16

// func splitHeadsNEON(symbols, rests, codes *byte, blocks int, code *Code) int
TEXT ·splitHeadsNEON(SB), NOSPLIT, $0-48
	MOVD  symbols+0(FP), R0
	MOVD  rests+8(FP), R9
	MOVD  codes+16(FP), R1
	MOVD  blocks+24(FP), R3
	MOVD  code+32(FP), R4
	TABLES(·shrink)
	POWERS(R5)
	MOVBU Code_center(R4), R5
	VDUP  R5, V30.B16
	MOVBU Code_full(R4), R5
	VDUP  R5, V28.B16
	ADD   $(Code_symbols+words_coded), R4, R5
	VLD1  (R5), [V27.B16]
	MOVD  Code_fold(R4), R6
	MOVD  Code_group(R4), R7

split:
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	CBZ    R6, folded
	FOLD(V0, 0, V4, 4)
	FOLD(V1, 1, V5, 5)
	FOLD(V2, 2, V6, 6)
	FOLD(V3, 3, V7, 7)

folded:
	HEADS(0, V16, 16, V4)
	HEADS(1, V17, 17, V5)
	HEADS(2, V18, 18, V6)
	HEADS(3, V19, 19, V7)
	MASK(V4, V5, V6, V7, R10)
	VSUB  V28.B16, V0.B16, V0.B16
	VSUB  V28.B16, V1.B16, V1.B16
	VSUB  V28.B16, V2.B16, V2.B16
	VSUB  V28.B16, V3.B16, V3.B16
	VUZP1 V17.B16, V16.B16, V20.B16 // even ones
	VUZP2 V17.B16, V16.B16, V21.B16 // odd ones
	VUZP1 V19.B16, V18.B16, V22.B16
	VUZP2 V19.B16, V18.B16, V23.B16
	CMP   $2, R7
	BNE   fours
	VSHL  $2, V21.B16, V21.B16
	VSHL  $2, V23.B16, V23.B16
	VADD  V21.B16, V20.B16, V20.B16
	VADD  V23.B16, V22.B16, V21.B16
	VTBL  V20.B16, [V27.B16], V20.B16
	VTBL  V21.B16, [V27.B16], V21.B16
	VST1.P [V20.B16, V21.B16], 32(R0)
	B     rest

fours:
	VADD  V21.B16, V21.B16, V21.B16
	VADD  V23.B16, V23.B16, V23.B16
	VADD  V21.B16, V20.B16, V20.B16
	VADD  V23.B16, V22.B16, V22.B16
	VUZP2 V22.B16, V20.B16, V21.B16
	VUZP1 V22.B16, V20.B16, V20.B16
	VSHL  $2, V21.B16, V21.B16
	VADD  V21.B16, V20.B16, V20.B16
	VTBL  V20.B16, [V27.B16], V20.B16
	VST1.P [V20.B16], 16(R0)

rest:
	SHRINK(V0)
	SHRINK(V1)
	SHRINK(V2)
	SHRINK(V3)
	SUB  $1, R3
	CBNZ R3, split
	MOVD rests+8(FP), R1
	SUB  R1, R9
	MOVD R9, ret+40(FP)
	RET

// BIT leaves in R one bit of each byte of V0 to V3: that of V26.
#define BIT(R)                     \
	CMTST(26, 0, 4)            \
	CMTST(26, 1, 5)            \
	CMTST(26, 2, 6)            \
	CMTST(26, 3, 7)            \
	MASK(V4, V5, V6, V7, R)

// REACHED leaves in R which bytes of V0 to V3 are at least those of V25.
#define REACHED(R)                 \
	CMHS(25, 0, 4)             \
	CMHS(25, 1, 5)             \
	CMHS(25, 2, 6)             \
	CMHS(25, 3, 7)             \
	MASK(V4, V5, V6, V7, R)

// func shiftOutNEON(planes, list *byte, n int, s *step) int
TEXT ·shiftOutNEON(SB), NOSPLIT, $0-40
	MOVD  planes+0(FP), R0
	MOVD  list+8(FP), R1
	MOVD  n+16(FP), R3
	MOVD  s+24(FP), R4
	MOVD  R1, R9
	ADD   $7, R3, R5 // bytes of a plane
	LSR   $3, R5
	MOVD  step_bits(R4), R6
	MOVBU step_last(R4), R7
	TABLES(·shrink)
	POWERS(R8)
	MOVD  $2, R8
	LSL   R6, R8, R8
	VDUP  R8, V25.B16 // at least that: the word goes on
	NEG   R6, R8
	VDUP  R8, V24.B16
	FIRST(step, tail, done)
	ADD   $7, R3, R14 // what lies behind the last plane's bytes stays as it is
	AND   $-8, R14
	MOVD  $-1, R19
	CMP   $64, R14
	BEQ   keepNone
	LSL   R14, R19, R19
	B     step

keepNone:
	MOVD ZR, R19

step:
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	VMOVI  $1, V26.B16
	MOVD   R0, R8
	MOVD   R6, R2

bit:
	BIT(R10)
	VADD V26.B16, V26.B16, V26.B16
	CMP  $64, R3
	BGE  whole
	AND  R15, R10
	MOVD (R8), R14
	AND  R19, R14
	ORR  R14, R10

whole:
	MOVD R10, (R8)
	ADD  R5, R8
	SUB  $1, R2
	CBNZ R2, bit
	CBNZ R7, ended
	REACHED(R10)
	AND  R15, R10
	USHL(24, 0, 0)
	USHL(24, 1, 1)
	USHL(24, 2, 2)
	USHL(24, 3, 3)
	SHRINK(V0)
	SHRINK(V1)
	SHRINK(V2)
	SHRINK(V3)

ended:
	ADD  $8, R0
	NEXT(step, tail)

done:
	MOVD list+8(FP), R1
	SUB  R1, R9
	MOVD R9, ret+32(FP)
	RET

// func takeBitNEON(plane, list *byte, n, bit int)
TEXT ·takeBitNEON(SB), NOSPLIT, $0-32
	MOVD plane+0(FP), R0
	MOVD list+8(FP), R1
	MOVD n+16(FP), R3
	MOVD bit+24(FP), R4
	MOVD $1, R5
	LSL  R4, R5
	VDUP R5, V26.B16
	POWERS(R5)
	FIRST(step, tail, done)

step:
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	BIT(R10)
	AND    R15, R10
	MOVD.P R10, 8(R0)
	NEXT(step, tail)

done:
	RET

// func lookUpNEON(list, escapes *byte, n int, code *Code) int
TEXT ·lookUpNEON(SB), NOSPLIT, $0-40
	MOVD  list+0(FP), R1
	MOVD  escapes+8(FP), R9
	MOVD  n+16(FP), R3
	MOVD  code+24(FP), R4
	TABLES(·shrink)
	POWERS(R5)
	MOVBU (Code_params+Params_LowBits)(R4), R5
	NEG   R5, R5
	VDUP  R5, V24.B16
	MOVBU Code_escape(R4), R5
	VDUP  R5, V25.B16
	ADD   $(Code_rests+words_coded), R4, R5
	VLD1  (R5), [V20.B16, V21.B16, V22.B16, V23.B16]
	FIRST(step, tail, done)

step:
	VLD1 (R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	USHL(24, 0, 0)
	USHL(24, 1, 1)
	USHL(24, 2, 2)
	USHL(24, 3, 3)
	UMIN(25, 0, 16)
	UMIN(25, 1, 17)
	UMIN(25, 2, 18)
	UMIN(25, 3, 19)
	REACHED(R10)
	VTBL   V16.B16, [V20.B16, V21.B16, V22.B16, V23.B16], V16.B16
	VTBL   V17.B16, [V20.B16, V21.B16, V22.B16, V23.B16], V17.B16
	VTBL   V18.B16, [V20.B16, V21.B16, V22.B16, V23.B16], V18.B16
	VTBL   V19.B16, [V20.B16, V21.B16, V22.B16, V23.B16], V19.B16
	VST1.P [V16.B16, V17.B16, V18.B16, V19.B16], 64(R1)
	AND    R15, R10
	CBZ    R10, next
	SHRINK(V0)
	SHRINK(V1)
	SHRINK(V2)
	SHRINK(V3)

next:
	NEXT(step, tail)

done:
	MOVD escapes+8(FP), R1
	SUB  R1, R9
	MOVD R9, ret+32(FP)
	RET

// GETBITS appends a plane's bits to the bytes of V0 to V3.
#define GETBITS(A, EIGHTS, T, TN)                 \
	VTBL EIGHTS.B16, [V16.B16], T.B16         \
	CMTST(31, TN, TN)                         \
	VADD A.B16, A.B16, A.B16                  \
	VSUB T.B16, A.B16, A.B16

// func shiftInNEON(list, next *byte, active *uint64, planes *byte, n int, lasts *[MaxLen]uint64, s *step) int
TEXT ·shiftInNEON(SB), NOSPLIT, $0-64
	MOVD  list+0(FP), R1
	MOVD  next+8(FP), R9
	MOVD  active+16(FP), R4
	MOVD  planes+24(FP), R0
	MOVD  n+32(FP), R3
	MOVD  s+48(FP), R2
	ADD   $7, R3, R5 // bytes of a plane
	LSR   $3, R5
	MOVD  step_bits(R2), R6
	MOVBU step_last(R2), R7
	MOVBU step_leaves(R2), R8
	VDUP  R8, V25.B16
	MOVBU step_base(R2), R8
	VDUP  R8, V24.B16
	MOVBU step_first(R2), R8
	SUB   $1, R8
	VDUP  R8, V26.B16 // 0 if the list is taken to be
	MOVD  $eights<>(SB), R8
	VLD1  (R8), [V20.B16, V21.B16, V22.B16, V23.B16]
	TABLES(·shrink)
	POWERS(R8)
	FIRST(step, tail, done)
	MOVD  lasts+40(FP), R0 // the planes are words now
	MOVD  $8, R5

step:
	VLD1 (R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	VAND V26.B16, V0.B16, V0.B16
	VAND V26.B16, V1.B16, V1.B16
	VAND V26.B16, V2.B16, V2.B16
	VAND V26.B16, V3.B16, V3.B16
	MOVD R0, R8
	MOVD R6, R2

bit:
	FMOVD (R8), F16
	GETBITS(V0, V20, V4, 4)
	GETBITS(V1, V21, V5, 5)
	GETBITS(V2, V22, V6, 6)
	GETBITS(V3, V23, V7, 7)
	ADD  R5, R8
	SUB  $1, R2
	CBNZ R2, bit
	VADD V24.B16, V0.B16, V4.B16
	VADD V24.B16, V1.B16, V5.B16
	VADD V24.B16, V2.B16, V6.B16
	VADD V24.B16, V3.B16, V7.B16
	VST1.P [V4.B16, V5.B16, V6.B16, V7.B16], 64(R1)
	CBNZ R7, ended
	REACHED(R10)
	AND  R15, R10
	MOVD.P R10, 8(R4)
	VSUB V25.B16, V0.B16, V0.B16
	VSUB V25.B16, V1.B16, V1.B16
	VSUB V25.B16, V2.B16, V2.B16
	VSUB V25.B16, V3.B16, V3.B16
	SHRINK(V0)
	SHRINK(V1)
	SHRINK(V2)
	SHRINK(V3)

ended:
	ADD  $8, R0
	NEXT(step, tail)

done:
	MOVD next+8(FP), R1
	SUB  R1, R9
	MOVD R9, ret+56(FP)
	RET

// PUTGROWN replaces bytes of A.
#define PUTGROWN(A)                           \
	GROW(V4, F4)                          \
	SIGNS(29, 29)                         \
	VBIF V29.B16, V4.B16, A.B16

// func ascendNEON(list, next *byte, active *uint64, n int)
TEXT ·ascendNEON(SB), NOSPLIT, $0-32
	MOVD list+0(FP), R1
	MOVD next+8(FP), R9
	MOVD active+16(FP), R4
	MOVD n+24(FP), R3
	TABLES(·grow)

step:
	VLD1   (R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	MOVD.P 8(R4), R10
	PUTGROWN(V0)
	PUTGROWN(V1)
	PUTGROWN(V2)
	PUTGROWN(V3)
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R1)
	SUBS   $64, R3
	BGT    step
	RET

// FULL adds to R9 how many of the heads V0 to V3 are full.
#define FULL                               \
	VCMEQ V28.B16, V0.B16, V4.B16      \
	VCMEQ V28.B16, V1.B16, V5.B16      \
	VCMEQ V28.B16, V2.B16, V6.B16      \
	VCMEQ V28.B16, V3.B16, V7.B16      \
	MASK(V4, V5, V6, V7, R10)      \
	AND   R15, R10                     \
	VMOV  R10, V4.D[0]                 \
	VCNT  V4.B8, V4.B8                 \
	VUADDLV V4.B8, V4                  \
	VMOV  V4.H[0], R10                 \
	ADD   R10, R9

// func spreadHeadsNEON(heads, ranks *byte, n int, code *Code) int
TEXT ·spreadHeadsNEON(SB), NOSPLIT, $0-40
	MOVD  heads+0(FP), R0
	MOVD  ranks+8(FP), R1
	MOVD  n+16(FP), R3
	MOVD  code+24(FP), R4
	MOVD  ZR, R9
	POWERS(R5)
	MOVBU Code_full(R4), R5
	VDUP  R5, V28.B16
	ADD   $Code_heads, R4, R5
	VLD1  (R5), [V27.B16]
	MOVD  Code_group(R4), R7
	FIRST(step, tail, done)

step:
	CMP    $2, R7
	BNE    fours
	VLD1.P 32(R1), [V4.B16, V5.B16]
	VTBL   V4.B16, [V27.B16], V4.B16
	VTBL   V5.B16, [V27.B16], V5.B16
	VUSHR  $2, V4.B16, V6.B16
	VUSHR  $2, V5.B16, V7.B16
	VAND   V28.B16, V4.B16, V4.B16
	VAND   V28.B16, V5.B16, V5.B16
	VAND   V28.B16, V6.B16, V6.B16
	VAND   V28.B16, V7.B16, V7.B16
	VZIP1  V6.B16, V4.B16, V0.B16
	VZIP2  V6.B16, V4.B16, V1.B16
	VZIP1  V7.B16, V5.B16, V2.B16
	VZIP2  V7.B16, V5.B16, V3.B16
	B      spread

fours:
	VLD1.P 16(R1), [V4.B16]
	VTBL   V4.B16, [V27.B16], V4.B16
	VUSHR  $1, V4.B16, V5.B16
	VUSHR  $2, V4.B16, V6.B16
	VUSHR  $3, V4.B16, V7.B16
	VAND   V28.B16, V4.B16, V4.B16
	VAND   V28.B16, V5.B16, V5.B16
	VAND   V28.B16, V6.B16, V6.B16
	VAND   V28.B16, V7.B16, V7.B16
	VZIP1  V5.B16, V4.B16, V16.B16
	VZIP2  V5.B16, V4.B16, V17.B16
	VZIP1  V7.B16, V6.B16, V18.B16
	VZIP2  V7.B16, V6.B16, V19.B16
	VZIP1  V18.H8, V16.H8, V0.H8
	VZIP2  V18.H8, V16.H8, V1.H8
	VZIP1  V19.H8, V17.H8, V2.H8
	VZIP2  V19.H8, V17.H8, V3.H8

spread:
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	FULL
	NEXT(step, tail)

done:
	MOVD R9, ret+32(FP)
	RET

// JOIN adds the next rests to those of the heads A that are full, and leaves in E by how much a rest is too large.
#define JOIN(A, E, FE, EN)            \
	GROW(E, FE)                   \
	VADD E.B16, A.B16, A.B16      \
	UQSUB(24, EN, EN)

// UNFOLD is the inverse of FOLD; V26 holds 1, V22 zero.
#define UNFOLD(A, T)                  \
	VAND  V26.B16, A.B16, T.B16   \
	VUSHR $1, A.B16, A.B16        \
	VSUB  T.B16, V22.B16, T.B16   \
	VEOR  T.B16, A.B16, A.B16     \
	VADD  V30.B16, A.B16, A.B16

// WRONG adds to E how far A is beyond the range.
#define WRONG(A, E, T, TN)            \
	VSUB V21.B16, A.B16, T.B16    \
	UQSUB(20, TN, TN)             \
	VORR T.B16, E.B16, E.B16      \
	VCMEQ V22.B16, E.B16, E.B16

// func joinHeadsNEON(dst, heads, rests *byte, n int, code *Code) (full int, wrong uint64)
// It writes whole vectors.
TEXT ·joinHeadsNEON(SB), NOSPLIT, $0-56
	MOVD  dst+0(FP), R0
	MOVD  heads+8(FP), R1
	MOVD  rests+16(FP), R9
	MOVD  n+24(FP), R3
	MOVD  code+32(FP), R4
	MOVD  ZR, R8 // what is wrong
	TABLES(·grow)
	POWERS(R5)
	MOVBU Code_center(R4), R5
	VDUP  R5, V30.B16
	MOVBU Code_full(R4), R5
	VDUP  R5, V28.B16
	MVN   R5, R5
	VDUP  R5, V24.B16 // the largest rest
	VMOVI $1, V26.B16
	VEOR  V22.B16, V22.B16, V22.B16
	MOVBU Code_low(R4), R5
	VDUP  R5, V21.B16
	MOVBU Code_span(R4), R5
	VDUP  R5, V20.B16
	MOVD  Code_fold(R4), R6
	FIRST(step, tail, done)

step:
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	VCMEQ  V28.B16, V0.B16, V4.B16
	VCMEQ  V28.B16, V1.B16, V5.B16
	VCMEQ  V28.B16, V2.B16, V6.B16
	VCMEQ  V28.B16, V3.B16, V7.B16
	MASK(V4, V5, V6, V7, R10)
	AND    R15, R10
	JOIN(V0, V4, F4, 4)
	JOIN(V1, V5, F5, 5)
	JOIN(V2, V6, F6, 6)
	JOIN(V3, V7, F7, 7)
	CBZ    R6, unfolded
	UNFOLD(V0, V16)
	UNFOLD(V1, V17)
	UNFOLD(V2, V18)
	UNFOLD(V3, V19)

unfolded:
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	WRONG(V0, V4, V16, 16)
	WRONG(V1, V5, V17, 17)
	WRONG(V2, V6, V18, 18)
	WRONG(V3, V7, V19, 19)
	MASK(V4, V5, V6, V7, R10)
	BIC    R10, R15, R10
	ORR    R10, R8
	NEXT(step, tail)

done:
	MOVD rests+16(FP), R1
	SUB  R1, R9
	MOVD R9, full+40(FP)
	MOVD R8, wrong+48(FP)
	RET
