//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// The 16 lanes of a column are two vectors of 16-bit numbers. What taps_avx2_amd64.s does, it does in the same order.

// Go's assembler has no names for these. Operands are numbers of registers, in the order of its own: the result is last.
#define ABS(N, D) WORD $(0x4e60b800 | (N)<<5 | (D)) // abs d.8h, n.8h
#define MUL(M, N, D) WORD $(0x4e609c00 | (M)<<16 | (N)<<5 | (D)) // mul d.8h, n.8h, m.8h
#define MLA(M, N, D) WORD $(0x4e609400 | (M)<<16 | (N)<<5 | (D)) // mla d.8h, n.8h, m.8h
#define SQADD(M, N, D) WORD $(0x4e600c00 | (M)<<16 | (N)<<5 | (D)) // sqadd d.8h, n.8h, m.8h
#define SMAX(M, N, D) WORD $(0x4e606400 | (M)<<16 | (N)<<5 | (D)) // smax d.8h, n.8h, m.8h
#define SMIN(M, N, D) WORD $(0x4e606c00 | (M)<<16 | (N)<<5 | (D)) // smin d.8h, n.8h, m.8h
#define CMEQ(M, N, D) WORD $(0x6e608c00 | (M)<<16 | (N)<<5 | (D)) // cmeq d.8h, n.8h, m.8h
#define CMGT(M, N, D) WORD $(0x4e603400 | (M)<<16 | (N)<<5 | (D)) // cmgt d.8h, n.8h, m.8h
#define CMGTB(M, N, D) WORD $(0x4e203400 | (M)<<16 | (N)<<5 | (D)) // cmgt d.16b, n.16b, m.16b
#define NEGATIVE(N, D) WORD $(0x4e60a800 | (N)<<5 | (D)) // cmlt d.8h, n.8h, #0
#define SQRDMULH(M, N, D) WORD $(0x6e60b400 | (M)<<16 | (N)<<5 | (D)) // sqrdmulh d.8h, n.8h, m.8h
#define BIC(M, N, D) WORD $(0x4e601c00 | (M)<<16 | (N)<<5 | (D)) // bic d.16b, n.16b, m.16b
#define BIT(M, N, D) WORD $(0x6ea01c00 | (M)<<16 | (N)<<5 | (D)) // bit d.16b, n.16b, m.16b: n where m is set
#define USHR6(N, D) WORD $(0x6f1a0400 | (N)<<5 | (D)) // ushr d.8h, n.8h, #6
#define UQXTN(N, D) WORD $(0x2e214800 | (N)<<5 | (D)) // uqxtn d.8b, n.8h
#define UQXTN2(N, D) WORD $(0x6e214800 | (N)<<5 | (D)) // uqxtn2 d.16b, n.8h
#define XTN(N, D) WORD $(0x0e212800 | (N)<<5 | (D)) // xtn d.8b, n.8h
#define XTN2(N, D) WORD $(0x4e212800 | (N)<<5 | (D)) // xtn2 d.16b, n.8h

// ABOVE adds a weighted vector at OFF of a row: its magnitudes to V0, itself to V1.
#define ABOVE(OFF, ROW, W, V) \
	FMOVQ OFF(ROW), F2 \
	ABS(2, 3)          \
	MLA(W, 3, 0)       \
	MLA(V, 2, 1)

// func sumAboveNEON(group *tapGroup, x, end int)
TEXT ·sumAboveNEON(SB), NOSPLIT, $0-24
	MOVD group+0(FP), R0
	MOVD x+8(FP), R1
	MOVD end+16(FP), R2
	SUB  R1, R2, R2
	LSL  $5, R1
	LSL  $1, R2
	MOVD (tapGroup_nearRows+8)(R0), R3
	MOVD (tapGroup_nearRows+16)(R0), R4
	MOVD (tapGroup_nearRows+24)(R0), R5
	MOVD tapGroup_sums(R0), R6
	MOVD (tapGroup_sums+24)(R0), R7
	ADD  R1, R3
	ADD  R1, R4
	ADD  R1, R5
	ADD  R1, R6
	ADD  R1, R7
	ADD  $tapGroup_above, R0, R8
	FMOVQ (R8), F7
	FMOVQ 32(R8), F8
	FMOVQ 64(R8), F9
	FMOVQ 96(R8), F10
	FMOVQ 128(R8), F11
	FMOVQ 160(R8), F12
	FMOVQ 192(R8), F13
	FMOVQ 224(R8), F14
	FMOVQ 256(R8), F15
	FMOVQ 288(R8), F16
	FMOVQ 320(R8), F17
	FMOVQ 352(R8), F18
	FMOVQ 384(R8), F19
	FMOVQ 416(R8), F20
	FMOVQ 448(R8), F21
	FMOVQ 480(R8), F22
	FMOVQ 512(R8), F23
	FMOVQ 544(R8), F24

half:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	ABOVE(0, R3, 7, 16)
	ABOVE(-32, R3, 8, 17)
	ABOVE(32, R3, 9, 18)
	ABOVE(0, R4, 10, 19)
	ABOVE(-64, R3, 11, 20)
	ABOVE(64, R3, 12, 21)
	ABOVE(-32, R4, 13, 22)
	ABOVE(32, R4, 14, 23)
	ABOVE(0, R5, 15, 24)
	FMOVQ F0, (R6)
	FMOVQ F1, (R7)
	ADD  $16, R3
	ADD  $16, R4
	ADD  $16, R5
	ADD  $16, R6
	ADD  $16, R7
	SUBS $1, R2
	BGT  half
	RET

// EARLIER adds what the earlier edge has at OFF and around it, with the weights of a half of the lanes.
#define EARLIER(OFF, CENTER, CODES) \
	FMOVQ OFF-32(R4), F0               \
	FMOVQ OFF+32(R4), F1               \
	FMOVQ OFF(R3), F2                  \
	FMOVQ OFF(R5), F3                  \
	FMOVQ OFF(R4), F4                  \
	FMOVQ OFF(R6), F5                  \
	FMOVQ OFF(R7), F6                  \
	ABS(4, 7)                          \
	MLA(CENTER, 7, 5)                  \
	MLA(CODES, 4, 6)                   \
	VADD  V0.H8, V1.H8, V7.H8          \
	VADD  V2.H8, V3.H8, V4.H8          \
	VADD  V7.H8, V4.H8, V4.H8          \
	MLA(21, 4, 6)                      \
	ABS(0, 0)                          \
	ABS(1, 1)                          \
	ABS(2, 2)                          \
	ABS(3, 3)                          \
	VADD  V0.H8, V1.H8, V0.H8          \
	VADD  V2.H8, V3.H8, V2.H8          \
	VADD  V0.H8, V2.H8, V2.H8          \
	MLA(20, 2, 5)                      \
	FMOVQ F5, OFF(R6)                  \
	FMOVQ F6, OFF(R7)

// func addEarlierNEON(group *tapGroup, x, end int)
TEXT ·addEarlierNEON(SB), NOSPLIT, $0-24
	MOVD group+0(FP), R0
	MOVD x+8(FP), R1
	MOVD end+16(FP), R2
	SUB  R1, R2, R2
	LSL  $5, R1
	ADD  $tapGroup_beside, R0, R8
	MOVD beside_rows(R8), R3
	MOVD (beside_rows+8)(R8), R4
	MOVD (beside_rows+16)(R8), R5
	MOVD tapGroup_sums(R0), R6
	MOVD (tapGroup_sums+24)(R0), R7
	ADD  R1, R3
	ADD  R1, R4
	ADD  R1, R5
	ADD  R1, R6
	ADD  R1, R7
	ADD  $beside_center, R8, R9
	FMOVQ (R9), F16
	FMOVQ 16(R9), F17
	FMOVQ 32(R9), F18
	FMOVQ 48(R9), F19
	ADD  $beside_cross, R8, R9
	FMOVQ (R9), F20
	FMOVQ 32(R9), F21

column:
	EARLIER(0, 16, 18)
	EARLIER(16, 17, 19)
	ADD  $32, R3
	ADD  $32, R4
	ADD  $32, R5
	ADD  $32, R6
	ADD  $32, R7
	SUBS $1, R2
	BGT  column
	RET

// SPREAD takes 1 from the class V20 where the spread V18 does not reach a bound.
#define SPREAD(OFF) \
	FMOVQ OFF(R16), F21            \
	MUL(18, 21, 21)                \
	CMGT(21, 19, 21)               \
	VADD V21.H8, V20.H8, V20.H8

// SIGN counts a bound that the predicted code V19 is beyond.
#define SIGN(OFF) \
	FMOVQ OFF(R17), F22            \
	SQRDMULH(22, 21, 22)           \
	CMGT(22, 19, 22)               \
	VSUB V22.H8, V20.H8, V20.H8

// ALIKE adds -1 to V29 where what is at OFF of a row is W, V10.
#define ALIKE(OFF, ROW) \
	FMOVQ OFF(ROW), F19            \
	CMEQ(10, 19, 19)               \
	VADD V19.H8, V29.H8, V29.H8

// CONSTANT loads a constant of the tables.
#define CONSTANT(NAME, F) \
	ADD   $NAME, R3, R19 \
	FMOVQ (R19), F

// LEVEL adds the level of bytes V28 by tables from OFF on to V0.
#define LEVEL(OFF) \
	ADD   $(tapTables_first+OFF), R3, R19  \
	FMOVQ (R19), F1                        \
	ADD   $(tapTables_base+OFF), R3, R19   \
	FMOVQ (R19), F2                        \
	ADD   $(tapTables_second+OFF), R3, R19 \
	FMOVQ (R19), F3                        \
	ADD   $(tapTables_third+OFF), R3, R19  \
	FMOVQ (R19), F4                        \
	VUSHR $4, V28.B16, V5.B16              \
	VAND  V7.B16, V28.B16, V6.B16          \
	VTBL  V28.B16, [V1.B16], V1.B16        \
	VTBL  V5.B16, [V2.B16], V2.B16         \
	VTBL  V5.B16, [V3.B16], V3.B16         \
	VTBL  V5.B16, [V4.B16], V4.B16         \
	CMGTB(3, 6, 3)                         \
	CMGTB(4, 6, 4)                         \
	VADD  V1.B16, V2.B16, V2.B16           \
	VADD  V3.B16, V4.B16, V4.B16           \
	VADD  V2.B16, V0.B16, V0.B16           \
	VSUB  V4.B16, V0.B16, V0.B16

// func findNEON(group *tapGroup, x int, found *found, tables *tapTables)
TEXT ·findNEON(SB), NOSPLIT, $0-32
	MOVD  group+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  found+16(FP), R2
	MOVD  tables+24(FP), R3
	LSL   $5, R1
	MOVD  tapGroup_codeRows(R0), R4
	MOVD  (tapGroup_codeRows+8)(R0), R5
	MOVD  (tapGroup_codeRows+16)(R0), R6
	MOVD  (tapGroup_codeRows+24)(R0), R7
	MOVD  tapGroup_nearRows(R0), R8
	MOVD  tapGroup_sums(R0), R9
	MOVD  (tapGroup_sums+24)(R0), R10
	ADD   R1, R4
	ADD   R1, R5
	ADD   R1, R6
	ADD   R1, R7
	ADD   R1, R8
	ADD   R1, R9
	ADD   R1, R10
	ADD   $tapGroup_left, R0, R11
	MOVBU tapGroup_twoSided(R0), R12
	MOVBU tapGroup_flat(R0), R13
	ADD   $tapGroup_offset, R0, R14
	ADD   $found_predictions, R2, R15
	ADD   $tapTables_spread, R3, R16
	ADD   $tapTables_sign, R3, R17
	MOVD  $2, R20

half:
	FMOVQ -32(R8), F0
	FMOVQ -64(R8), F1
	FMOVQ -96(R8), F2
	FMOVQ (R11), F3
	FMOVQ 32(R11), F4
	FMOVQ 64(R11), F5
	FMOVQ (R9), F6
	ABS(0, 7)
	MLA(3, 7, 6)
	ABS(1, 7)
	MLA(4, 7, 6)
	ABS(2, 7)
	MLA(5, 7, 6)
	FMOVQ (R14), F7
	SQADD(7, 6, 6)
	VEOR  V8.B16, V8.B16, V8.B16
	SMAX(8, 6, 6)
	CONSTANT(tapTables_limit, F9)
	SMIN(9, 6, 6)
	FMOVQ -32(R4), F10 // W
	FMOVQ (R5), F11    // N
	FMOVQ -32(R5), F12 // NW
	FMOVQ 32(R5), F13  // NE
	SMIN(10, 11, 14)
	SMAX(10, 11, 15)
	VADD  V10.H8, V11.H8, V16.H8
	VSUB  V12.H8, V16.H8, V16.H8
	SMIN(15, 16, 16)
	SMAX(14, 16, 16)
	FMOVQ F16, (R15)
	SMIN(12, 14, 14)
	SMIN(13, 14, 14)
	SMAX(12, 15, 15)
	SMAX(13, 15, 15)
	CMEQ(14, 15, 17)
	CBNZ  R12, signs
	VSUB  V14.H8, V15.H8, V18.H8
	CONSTANT(tapTables_spreadMost, F19)
	SMIN(19, 18, 18)
	CONSTANT(tapTables_spreadPart, F19)
	SQADD(6, 19, 19)
	CONSTANT(tapTables_six, F20)
	SPREAD(0)
	SPREAD(32)
	SPREAD(64)
	SPREAD(96)
	SPREAD(128)
	SPREAD(160)

classed:
	CMEQ(8, 10, 21)
	CBNZ  R13, sameness
	BIC(21, 17, 21)
	CONSTANT(tapTables_seven, F22)
	VAND  V22.B16, V21.B16, V21.B16
	VORR  V21.B16, V20.B16, V20.B16

halved:
	SUBS  $1, R20
	BEQ   level
	VMOV  V6.B16, V24.B16
	VMOV  V20.B16, V26.B16
	ADD   $16, R4
	ADD   $16, R5
	ADD   $16, R6
	ADD   $16, R7
	ADD   $16, R8
	ADD   $16, R9
	ADD   $16, R10
	ADD   $16, R14
	ADD   $16, R15
	JMP   half

level: // of both halves
	CONSTANT(tapTables_nibble, F7)
	VMOV  V6.B16, V25.B16
	VEOR  V0.B16, V0.B16, V0.B16
	UQXTN(24, 28)
	UQXTN2(25, 28)
	LEVEL(0)
	USHR6(24, 24)
	USHR6(25, 25)
	UQXTN(24, 28)
	UQXTN2(25, 28)
	LEVEL(16)
	ADD   $tapGroup_levels, R0, R19
	FMOVQ (R19), F1
	VAND  V1.B16, V0.B16, V0.B16
	VSHL  $3, V0.B16, V0.B16
	XTN(26, 2)
	XTN2(20, 2)
	VORR  V2.B16, V0.B16, V0.B16
	FMOVQ F0, found_contexts(R2)
	RET

signs:
	FMOVQ 96(R11), F3
	FMOVQ 128(R11), F4
	FMOVQ 160(R11), F5
	FMOVQ (R10), F18
	MLA(3, 0, 18)
	MLA(4, 1, 18)
	MLA(5, 2, 18)
	ABS(18, 19)
	CONSTANT(tapTables_signPart, F21)
	VADD  V6.H8, V21.H8, V21.H8
	VEOR  V20.B16, V20.B16, V20.B16
	SIGN(0)
	SIGN(32)
	SIGN(64)
	NEGATIVE(18, 22)
	VEOR  V22.B16, V20.B16, V20.B16
	VSUB  V22.H8, V20.H8, V20.H8
	CONSTANT(tapTables_three, F22)
	VADD  V22.H8, V20.H8, V20.H8
	JMP   classed

sameness: // V21 tells where W is 0, V17 where the nearest four are the same
	BIC(21, 17, 22)
	VAND  V21.B16, V17.B16, V23.B16
	FMOVQ -64(R4), F28
	CMEQ(10, 28, 29)
	FMOVQ -64(R5), F19
	CMEQ(28, 19, 30)
	CMEQ(10, 11, 31)
	VMOV  V20.B16, V18.B16
	CONSTANT(tapTables_fifteen, F19)
	BIT(31, 19, 18)
	CONSTANT(tapTables_twelve, F19)
	VSUB  V29.H8, V19.H8, V19.H8
	CMEQ(11, 12, 28)
	BIT(28, 19, 18)
	CONSTANT(tapTables_ten, F19)
	VSUB  V30.H8, V19.H8, V19.H8
	CMEQ(10, 12, 28)
	BIT(28, 19, 18)
	VAND  V31.B16, V28.B16, V28.B16
	CONSTANT(tapTables_fourteen, F19)
	BIT(28, 19, 18)
	ALIKE(0, R6)
	ALIKE(-64, R5)
	ALIKE(64, R5)
	ALIKE(-32, R6)
	ALIKE(32, R6)
	ALIKE(-96, R4)
	ALIKE(0, R7)
	CONSTANT(tapTables_minus5, F19)
	CMGT(29, 19, 30)
	CONSTANT(tapTables_minus7, F19)
	CMGT(29, 19, 31)
	CONSTANT(tapTables_seven, F19)
	VSUB  V30.H8, V19.H8, V19.H8
	VSUB  V31.H8, V19.H8, V19.H8
	BIT(22, 19, 18)
	BIT(23, 20, 18)
	VMOV  V18.B16, V20.B16
	JMP   halved
