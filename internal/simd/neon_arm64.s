//go:build arm64 && !noasm

#include "textflag.h"

// Go's assembler has no names for these. Operands are numbers of registers, in the order of its own: the result is last.
// No value comes of a fused operation: where a product and a sum follow each other, each is rounded. (LOST is fused, and
// only tells finite values from others.)
#define FMUL(M, N, D) WORD $(0x6e20dc00 | (M)<<16 | (N)<<5 | (D)) // fmul d.4s, n.4s, m.4s
#define FADD(M, N, D) WORD $(0x4e20d400 | (M)<<16 | (N)<<5 | (D)) // fadd d.4s, n.4s, m.4s
#define FMIN(M, N, D) WORD $(0x4ea0f400 | (M)<<16 | (N)<<5 | (D)) // fmin d.4s, n.4s, m.4s
#define FMAX(M, N, D) WORD $(0x4e20f400 | (M)<<16 | (N)<<5 | (D)) // fmax d.4s, n.4s, m.4s
#define FMINNM(M, N, D) WORD $(0x4ea0c400 | (M)<<16 | (N)<<5 | (D)) // fminnm d.4s, n.4s, m.4s
#define FMAXNM(M, N, D) WORD $(0x4e20c400 | (M)<<16 | (N)<<5 | (D)) // fmaxnm d.4s, n.4s, m.4s
#define SMAX(M, N, D) WORD $(0x4ea06400 | (M)<<16 | (N)<<5 | (D)) // smax d.4s, n.4s, m.4s
#define FMAXV(N, D) WORD $(0x6e30f800 | (N)<<5 | (D)) // fmaxv sd, n.4s
#define FMAXNMV(N, D) WORD $(0x6e30c800 | (N)<<5 | (D)) // fmaxnmv sd, n.4s
#define FMINNMV(N, D) WORD $(0x6eb0c800 | (N)<<5 | (D)) // fminnmv sd, n.4s
#define UMAXV(N, D) WORD $(0x6eb0a800 | (N)<<5 | (D)) // umaxv sd, n.4s
#define SMAXV(N, D) WORD $(0x4eb0a800 | (N)<<5 | (D)) // smaxv sd, n.4s
#define SIGNS(N, D) WORD $(0x4e20a800 | (N)<<5 | (D)) // cmlt d.16b, n.16b, #0
#define SCVTF24(N, D) WORD $(0x4f28e400 | (N)<<5 | (D)) // scvtf d.4s, n.4s, #24
#define UCVTF24(N, D) WORD $(0x6f28e400 | (N)<<5 | (D)) // ucvtf d.4s, n.4s, #24

// Bytes of a 4x4 matrix, columns for rows.
DATA turn<>+0(SB)/8, $0x0d0905010c080400
DATA turn<>+8(SB)/8, $0x0f0b07030e0a0602
GLOBL turn<>(SB), RODATA|NOPTR, $16

// Table k takes byte k of each dword to the highest byte; what is beyond the table becomes zero.
DATA column<>+0(SB)/8, $0x04ffffff00ffffff
DATA column<>+8(SB)/8, $0x0cffffff08ffffff
DATA column<>+16(SB)/8, $0x05ffffff01ffffff
DATA column<>+24(SB)/8, $0x0dffffff09ffffff
DATA column<>+32(SB)/8, $0x06ffffff02ffffff
DATA column<>+40(SB)/8, $0x0effffff0affffff
DATA column<>+48(SB)/8, $0x07ffffff03ffffff
DATA column<>+56(SB)/8, $0x0fffffff0bffffff
GLOBL column<>(SB), RODATA|NOPTR, $64

// Table k takes each byte of dword k to the highest byte of a dword.
DATA row<>+0(SB)/8, $0x01ffffff00ffffff
DATA row<>+8(SB)/8, $0x03ffffff02ffffff
DATA row<>+16(SB)/8, $0x05ffffff04ffffff
DATA row<>+24(SB)/8, $0x07ffffff06ffffff
DATA row<>+32(SB)/8, $0x09ffffff08ffffff
DATA row<>+40(SB)/8, $0x0bffffff0affffff
DATA row<>+48(SB)/8, $0x0dffffff0cffffff
DATA row<>+56(SB)/8, $0x0fffffff0effffff
GLOBL row<>(SB), RODATA|NOPTR, $64

// CODE leaves the code of the 4 values in A in the low bytes of its dwords: times V0, at most V2, at least V3, and V1 to
// round. A number that is none stays one, as in the portable code.
#define CODE(A)   \
	FMUL(0, A, A) \
	FMIN(2, A, A) \
	FMAX(3, A, A) \
	FADD(1, A, A)

// LOST makes V28 to V31 not a number where one of V(A) to V(D) is not finite: it adds their products with zero.
#define LOST(A, B, C, D)      \
	VFMLA V4.S4, A.S4, V28.S4 \
	VFMLA V4.S4, B.S4, V29.S4 \
	VFMLA V4.S4, C.S4, V30.S4 \
	VFMLA V4.S4, D.S4, V31.S4

#define NOTHINGLOST                \
	VEOR V4.B16, V4.B16, V4.B16    \
	VEOR V28.B16, V28.B16, V28.B16 \
	VEOR V29.B16, V29.B16, V29.B16 \
	VEOR V30.B16, V30.B16, V30.B16 \
	VEOR V31.B16, V31.B16, V31.B16

// SUMLOST leaves in F28 what LOST has collected.
#define SUMLOST      \
	FMAX(28, 29, 28) \
	FMAX(30, 31, 30) \
	FMAX(28, 30, 28) \
	FMAXV(28, 28)

// Below, a group of 64 codes is an 8x8 matrix of bytes: code 8*i+j is byte i of row j. Its rows begin in four registers,
//	A: the first halves of rows 0 to 3, B: those of rows 4 to 7, C and D: the second halves,
// and end as planes, which are rows too: A: rows 0 and 2, B: 1 and 3, C: 4 and 6, D: 5 and 7.

#define MASKS           \
	VMOVI $0x33, V5.B16 \
	VMOVI $0x55, V6.B16

// SWAP4 exchanges the high bits of the bytes of A with the low bits of those of B, half a byte each.
#define SWAP4(A, B, T)       \
	VORR A.B16, A.B16, T.B16 \
	VSLI $4, B.B16, A.B16    \
	VSRI $4, T.B16, B.B16

// SWAP does it for each 2 * SHIFT bits; MASK has the low SHIFT of them.
#define SWAP(SHIFT, MASK, A, B, T, U) \
	VSHL  $SHIFT, B.B16, T.B16        \
	VUSHR $SHIFT, A.B16, U.B16        \
	VBIF  MASK.B16, T.B16, A.B16      \
	VBIT  MASK.B16, U.B16, B.B16

#define TURN(A, B, C, D, T, U, V, W) \
	SWAP4(A, B, T)                   \
	SWAP4(C, D, U)                   \
	VZIP1 C.S4, A.S4, T.S4           \
	VZIP2 C.S4, A.S4, U.S4           \
	VZIP1 D.S4, B.S4, V.S4           \
	VZIP2 D.S4, B.S4, W.S4           \
	SWAP(2, V5, T, U, A, B)          \
	SWAP(2, V5, V, W, C, D)          \
	VTRN1 U.D2, T.D2, A.D2           \
	VTRN2 U.D2, T.D2, B.D2           \
	VTRN1 W.D2, V.D2, C.D2           \
	VTRN2 W.D2, V.D2, D.D2           \
	SWAP(1, V6, A, B, T, U)          \
	SWAP(1, V6, C, D, V, W)

// TURNBACK is the inverse.
#define TURNBACK(A, B, C, D, T, U, V, W) \
	SWAP(1, V6, A, B, T, U)              \
	SWAP(1, V6, C, D, V, W)              \
	VTRN1 B.D2, A.D2, T.D2               \
	VTRN2 B.D2, A.D2, U.D2               \
	VTRN1 D.D2, C.D2, V.D2               \
	VTRN2 D.D2, C.D2, W.D2               \
	SWAP(2, V5, T, U, A, B)              \
	SWAP(2, V5, V, W, C, D)              \
	VUZP1 U.S4, T.S4, A.S4               \
	VUZP2 U.S4, T.S4, C.S4               \
	VUZP1 W.S4, V.S4, B.S4               \
	VUZP2 W.S4, V.S4, D.S4               \
	SWAP4(A, B, T)                       \
	SWAP4(C, D, U)

// PLANES reads the eight addresses and strides at R: to R0 to R7 and to R8 to R15.
#define PLANES(R)         \
	LDP (R), (R0, R1)     \
	LDP 16(R), (R2, R3)   \
	LDP 32(R), (R4, R5)   \
	LDP 48(R), (R6, R7)   \
	LDP 64(R), (R8, R9)   \
	LDP 80(R), (R10, R11) \
	LDP 96(R), (R12, R13) \
	LDP 112(R), (R14, R15)

#define WRITE(O, Q, S, T)    \
	VST1.P O.D[0], (R0)(R8)  \
	VST1.P Q.D[0], (R1)(R9)  \
	VST1.P O.D[1], (R2)(R10) \
	VST1.P Q.D[1], (R3)(R11) \
	VST1.P S.D[0], (R4)(R12) \
	VST1.P T.D[0], (R5)(R13) \
	VST1.P S.D[1], (R6)(R14) \
	VST1.P T.D[1], (R7)(R15)

#define READ(O, Q, S, T)     \
	VLD1.P (R0)(R8), O.D[0]  \
	VLD1.P (R1)(R9), Q.D[0]  \
	VLD1.P (R4)(R12), S.D[0] \
	VLD1.P (R5)(R13), T.D[0] \
	VLD1.P (R2)(R10), O.D[1] \
	VLD1.P (R3)(R11), Q.D[1] \
	VLD1.P (R6)(R14), S.D[1] \
	VLD1.P (R7)(R15), T.D[1]

#define UNPACK_ARGS                                   \
	MOVD  x+0(FP), R16                                \
	MOVD  groups+8(FP), R17                           \
	MOVD  p+16(FP), R20                               \
	MOVD  $column<>(SB), R21                          \
	VLD1  (R21), [V24.B16, V25.B16, V26.B16, V27.B16] \
	PLANES(R20)                                       \
	FMOVS step+24(FP), F0                             \
	VDUP  V0.S[0], V0.S4                              \
	MASKS

#define DEQUANTIZE_ARGS                              \
	MOVD  x+0(FP), R16                               \
	MOVD  codes+8(FP), R1                            \
	MOVD  groups+16(FP), R2                          \
	MOVD  $row<>(SB), R3                             \
	VLD1  (R3), [V24.B16, V25.B16, V26.B16, V27.B16] \
	FMOVS step+24(FP), F0                            \
	VDUP  V0.S[0], V0.S4

// func quantizePackNEON(x *float32, groups int, c *constants, p *planes) (lost float32)
TEXT ·quantizePackNEON(SB), NOSPLIT, $0-36
	MOVD  x+0(FP), R16
	MOVD  groups+8(FP), R17
	MOVD  c+16(FP), R19
	MOVD  p+24(FP), R20
	VLD4R (R19), [V0.S4, V1.S4, V2.S4, V3.S4]
	PLANES(R20)
	MASKS
	NOTHINGLOST

loop:
	VLD1.P 64(R16), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R16), [V12.S4, V13.S4, V14.S4, V15.S4]
	LOST(V8, V9, V10, V11)
	LOST(V12, V13, V14, V15)
	CODE(8)
	CODE(9)
	CODE(10)
	CODE(11)
	CODE(12)
	CODE(13)
	CODE(14)
	CODE(15)
	VSLI   $8, V10.S4, V8.S4
	VSLI   $8, V11.S4, V9.S4
	VSLI   $16, V12.S4, V8.S4
	VSLI   $16, V13.S4, V9.S4
	VSLI   $24, V14.S4, V8.S4
	VSLI   $24, V15.S4, V9.S4
	VLD1.P 64(R16), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R16), [V20.S4, V21.S4, V22.S4, V23.S4]
	LOST(V16, V17, V18, V19)
	LOST(V20, V21, V22, V23)
	CODE(16)
	CODE(17)
	CODE(18)
	CODE(19)
	CODE(20)
	CODE(21)
	CODE(22)
	CODE(23)
	VSLI   $8, V18.S4, V16.S4
	VSLI   $8, V19.S4, V17.S4
	VSLI   $16, V20.S4, V16.S4
	VSLI   $16, V21.S4, V17.S4
	VSLI   $24, V22.S4, V16.S4
	VSLI   $24, V23.S4, V17.S4
	TURN(V8, V9, V16, V17, V10, V11, V18, V19)
	WRITE(V8, V9, V16, V17)
	SUBS   $1, R17
	BNE    loop
	SUMLOST
	FMOVS  F28, lost+32(FP)
	RET

// VALUES2 writes 32 values: A has the first 4 of each 8, B the others.
#define VALUES2(CONVERT, A, B)                       \
	VTBL V24.B16, [A.B16], V12.B16                   \
	VTBL V24.B16, [B.B16], V13.B16                   \
	VTBL V25.B16, [A.B16], V14.B16                   \
	VTBL V25.B16, [B.B16], V15.B16                   \
	VTBL V26.B16, [A.B16], V16.B16                   \
	VTBL V26.B16, [B.B16], V17.B16                   \
	VTBL V27.B16, [A.B16], V18.B16                   \
	VTBL V27.B16, [B.B16], V19.B16                   \
	CONVERT(12, 12)                                  \
	CONVERT(13, 13)                                  \
	CONVERT(14, 14)                                  \
	CONVERT(15, 15)                                  \
	CONVERT(16, 16)                                  \
	CONVERT(17, 17)                                  \
	CONVERT(18, 18)                                  \
	CONVERT(19, 19)                                  \
	FMUL(0, 12, 12)                                  \
	FMUL(0, 13, 13)                                  \
	FMUL(0, 14, 14)                                  \
	FMUL(0, 15, 15)                                  \
	FMUL(0, 16, 16)                                  \
	FMUL(0, 17, 17)                                  \
	FMUL(0, 18, 18)                                  \
	FMUL(0, 19, 19)                                  \
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R16) \
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R16)

// SIGNED extends bytes of which V7 is the sign bit, which is zero where there is none.
#define SIGNED(A)             \
	VEOR V7.B16, A.B16, A.B16 \
	VSUB V7.B16, A.B16, A.B16

// func unpackDequantizeNEON(x *float32, groups int, p *planes, step float32, sign byte)
TEXT ·unpackDequantizeNEON(SB), NOSPLIT, $0-29
	UNPACK_ARGS
	MOVBU sign+28(FP), R19
	VDUP  R19, V7.B16

loop:
	READ(V8, V9, V10, V11)
	TURNBACK(V8, V9, V10, V11, V20, V21, V22, V23)
	SIGNED(V8)
	SIGNED(V9)
	SIGNED(V10)
	SIGNED(V11)
	VALUES2(SCVTF24, V8, V9)
	VALUES2(SCVTF24, V10, V11)
	SUBS  $1, R17
	BNE   loop
	RET

// func unpackDequantizeUnsignedNEON(x *float32, groups int, p *planes, step float32)
TEXT ·unpackDequantizeUnsignedNEON(SB), NOSPLIT, $0-28
	UNPACK_ARGS

loop:
	READ(V8, V9, V10, V11)
	TURNBACK(V8, V9, V10, V11, V20, V21, V22, V23)
	VALUES2(UCVTF24, V8, V9)
	VALUES2(UCVTF24, V10, V11)
	SUBS $1, R17
	BNE  loop
	RET

// BYTES writes the codes of 16 values at R1 to R0; V24 and V25 collect the greatest products, V26 and V27 the least.
#define BYTES(A, B, C, D, a, b, c, d)        \
	VLD1.P  64(R1), [A.S4, B.S4, C.S4, D.S4] \
	LOST(A, B, C, D)                         \
	FMUL(0, a, a)                            \
	FMUL(0, b, b)                            \
	FMUL(0, c, c)                            \
	FMUL(0, d, d)                            \
	FMAXNM(a, 24, 24)                        \
	FMAXNM(b, 25, 25)                        \
	FMAXNM(c, 24, 24)                        \
	FMAXNM(d, 25, 25)                        \
	FMINNM(a, 26, 26)                        \
	FMINNM(b, 27, 27)                        \
	FMINNM(c, 26, 26)                        \
	FMINNM(d, 27, 27)                        \
	FMIN(2, a, a)                            \
	FMIN(2, b, b)                            \
	FMIN(2, c, c)                            \
	FMIN(2, d, d)                            \
	FMAX(3, a, a)                            \
	FMAX(3, b, b)                            \
	FMAX(3, c, c)                            \
	FMAX(3, d, d)                            \
	FADD(1, a, a)                            \
	FADD(1, b, b)                            \
	FADD(1, c, c)                            \
	FADD(1, d, d)                            \
	VUZP1   B.H8, A.H8, A.H8                 \
	VUZP1   D.H8, C.H8, C.H8                 \
	VUZP1   C.B16, A.B16, A.B16

// func quantizeNEON(dst *byte, x *float32, groups int, c *constants) (lost, most, least float32)
// most and least are the extremes of the products; what is not a number does not count.
TEXT ·quantizeNEON(SB), NOSPLIT, $0-44
	MOVD    dst+0(FP), R0
	MOVD    x+8(FP), R1
	MOVD    groups+16(FP), R2
	MOVD    c+24(FP), R3
	VLD4R   (R3), [V0.S4, V1.S4, V2.S4, V3.S4]
	NOTHINGLOST
	VMOVI   $0xff, V24.B16 // not a number
	VMOVI   $0xff, V25.B16
	VMOVI   $0xff, V26.B16
	VMOVI   $0xff, V27.B16

loop:
	BYTES(V8, V9, V10, V11, 8, 9, 10, 11)
	BYTES(V12, V13, V14, V15, 12, 13, 14, 15)
	BYTES(V16, V17, V18, V19, 16, 17, 18, 19)
	BYTES(V20, V21, V22, V23, 20, 21, 22, 23)
	VORR    V12.B16, V12.B16, V9.B16
	VORR    V16.B16, V16.B16, V10.B16
	VORR    V20.B16, V20.B16, V11.B16
	VST1.P  [V8.B16, V9.B16, V10.B16, V11.B16], 64(R0)
	SUBS    $1, R2
	BNE     loop
	SUMLOST
	FMOVS   F28, lost+32(FP)
	FMAXNM(24, 25, 24)
	FMAXNMV(24, 24)
	FMOVS   F24, most+36(FP)
	FMINNM(26, 27, 26)
	FMINNMV(26, 26)
	FMOVS   F26, least+40(FP)
	RET

#define VALUES1(CONVERT, A)        \
	VTBL V24.B16, [A.B16], V12.B16 \
	VTBL V25.B16, [A.B16], V13.B16 \
	VTBL V26.B16, [A.B16], V14.B16 \
	VTBL V27.B16, [A.B16], V15.B16 \
	CONVERT(12, 12)                \
	CONVERT(13, 13)                \
	CONVERT(14, 14)                \
	CONVERT(15, 15)                \
	FMUL(0, 12, 12)                \
	FMUL(0, 13, 13)                \
	FMUL(0, 14, 14)                \
	FMUL(0, 15, 15)                \
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R16)

// func dequantizeNEON(x *float32, codes *byte, groups int, step float32)
TEXT ·dequantizeNEON(SB), NOSPLIT, $0-28
	DEQUANTIZE_ARGS

loop:
	VLD1.P 64(R1), [V8.B16, V9.B16, V10.B16, V11.B16]
	VALUES1(SCVTF24, V8)
	VALUES1(SCVTF24, V9)
	VALUES1(SCVTF24, V10)
	VALUES1(SCVTF24, V11)
	SUBS   $1, R2
	BNE    loop
	RET

// func dequantizeUnsignedNEON(x *float32, codes *byte, groups int, step float32)
TEXT ·dequantizeUnsignedNEON(SB), NOSPLIT, $0-28
	DEQUANTIZE_ARGS

loop:
	VLD1.P 64(R1), [V8.B16, V9.B16, V10.B16, V11.B16]
	VALUES1(UCVTF24, V8)
	VALUES1(UCVTF24, V9)
	VALUES1(UCVTF24, V10)
	VALUES1(UCVTF24, V11)
	SUBS   $1, R2
	BNE    loop
	RET

// func packNEON(codes *byte, groups int, p *planes)
TEXT ·packNEON(SB), NOSPLIT, $0-24
	MOVD codes+0(FP), R16
	MOVD groups+8(FP), R17
	MOVD p+16(FP), R20
	MOVD $turn<>(SB), R21
	VLD1 (R21), [V7.B16]
	PLANES(R20)
	MASKS

loop:
	VLD1.P 64(R16), [V16.B16, V17.B16, V18.B16, V19.B16]
	VUZP1  V17.S4, V16.S4, V8.S4
	VUZP2  V17.S4, V16.S4, V9.S4
	VUZP1  V19.S4, V18.S4, V10.S4
	VUZP2  V19.S4, V18.S4, V11.S4
	VTBL   V7.B16, [V8.B16], V8.B16
	VTBL   V7.B16, [V9.B16], V9.B16
	VTBL   V7.B16, [V10.B16], V10.B16
	VTBL   V7.B16, [V11.B16], V11.B16
	TURN(V8, V9, V10, V11, V20, V21, V22, V23)
	WRITE(V8, V9, V10, V11)
	SUBS   $1, R17
	BNE    loop
	RET

// func unpackNEON(codes *byte, groups int, p *planes, sign byte)
TEXT ·unpackNEON(SB), NOSPLIT, $0-25
	MOVD  codes+0(FP), R16
	MOVD  groups+8(FP), R17
	MOVD  p+16(FP), R20
	MOVBU sign+24(FP), R19
	VDUP  R19, V7.B16
	MOVD  $turn<>(SB), R21
	VLD1  (R21), [V24.B16]
	PLANES(R20)
	MASKS

loop:
	READ(V8, V9, V10, V11)
	TURNBACK(V8, V9, V10, V11, V20, V21, V22, V23)
	VTBL   V24.B16, [V8.B16], V8.B16
	VTBL   V24.B16, [V9.B16], V9.B16
	VTBL   V24.B16, [V10.B16], V10.B16
	VTBL   V24.B16, [V11.B16], V11.B16
	SIGNED(V8)
	SIGNED(V9)
	SIGNED(V10)
	SIGNED(V11)
	VZIP1  V9.S4, V8.S4, V16.S4
	VZIP2  V9.S4, V8.S4, V17.S4
	VZIP1  V11.S4, V10.S4, V18.S4
	VZIP2  V11.S4, V10.S4, V19.S4
	VST1.P [V16.B16, V17.B16, V18.B16, V19.B16], 64(R16)
	SUBS   $1, R17
	BNE    loop
	RET

#define ZERO                    \
	VEOR V0.B16, V0.B16, V0.B16 \
	VEOR V1.B16, V1.B16, V1.B16 \
	VEOR V2.B16, V2.B16, V2.B16 \
	VEOR V3.B16, V3.B16, V3.B16

// func absMaxNEON(x *float32, groups int) uint32
TEXT ·absMaxNEON(SB), NOSPLIT, $0-20
	MOVD x+0(FP), R0
	MOVD groups+8(FP), R1
	LSL  $2, R1
	MOVD $0x7fffffff, R2
	VDUP R2, V8.S4
	ZERO

loop:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VAND   V8.B16, V4.B16, V4.B16
	VAND   V8.B16, V5.B16, V5.B16
	VAND   V8.B16, V6.B16, V6.B16
	VAND   V8.B16, V7.B16, V7.B16
	VUMAX  V4.S4, V0.S4, V0.S4
	VUMAX  V5.S4, V1.S4, V1.S4
	VUMAX  V6.S4, V2.S4, V2.S4
	VUMAX  V7.S4, V3.S4, V3.S4
	SUBS   $1, R1
	BNE    loop
	VUMAX  V1.S4, V0.S4, V0.S4
	VUMAX  V3.S4, V2.S4, V2.S4
	VUMAX  V2.S4, V0.S4, V0.S4
	UMAXV(0, 0)
	VMOV   V0.S[0], R0
	MOVW   R0, ret+16(FP)
	RET

// func maxNEON(x *float32, groups int) int32
TEXT ·maxNEON(SB), NOSPLIT, $0-20
	MOVD x+0(FP), R0
	MOVD groups+8(FP), R1
	LSL  $2, R1
	ZERO

loop:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	SMAX(4, 0, 0)
	SMAX(5, 1, 1)
	SMAX(6, 2, 2)
	SMAX(7, 3, 3)
	SUBS   $1, R1
	BNE    loop
	SMAX(1, 0, 0)
	SMAX(3, 2, 2)
	SMAX(2, 0, 0)
	SMAXV(0, 0)
	VMOV   V0.S[0], R0
	MOVW   R0, ret+16(FP)
	RET

// func usedNEON(codes *byte, groups int) (set, differ uint64)
// Each is 8 bytes that are yet to be united.
TEXT ·usedNEON(SB), NOSPLIT, $0-32
	MOVD codes+0(FP), R0
	MOVD groups+8(FP), R1
	ZERO

loop:
	VLD1.P 64(R0), [V4.B16, V5.B16, V6.B16, V7.B16]
	SIGNS(4, 8)
	SIGNS(5, 9)
	SIGNS(6, 10)
	SIGNS(7, 11)
	VORR   V4.B16, V0.B16, V0.B16
	VORR   V5.B16, V1.B16, V1.B16
	VORR   V6.B16, V0.B16, V0.B16
	VORR   V7.B16, V1.B16, V1.B16
	VEOR   V4.B16, V8.B16, V8.B16
	VEOR   V5.B16, V9.B16, V9.B16
	VEOR   V6.B16, V10.B16, V10.B16
	VEOR   V7.B16, V11.B16, V11.B16
	VORR   V8.B16, V2.B16, V2.B16
	VORR   V9.B16, V3.B16, V3.B16
	VORR   V10.B16, V2.B16, V2.B16
	VORR   V11.B16, V3.B16, V3.B16
	SUBS   $1, R1
	BNE    loop
	VORR   V1.B16, V0.B16, V0.B16
	VORR   V3.B16, V2.B16, V2.B16
	VMOV   V0.D[0], R0
	VMOV   V0.D[1], R1
	VMOV   V2.D[0], R2
	VMOV   V2.D[1], R3
	ORR    R1, R0
	ORR    R3, R2
	MOVD   R0, set+16(FP)
	MOVD   R2, differ+24(FP)
	RET
