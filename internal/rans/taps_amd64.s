//go:build !noasm

#include "textflag.h"
#include "go_asm.h"

// Kernels of tiles with taps: the 16 lanes of a column are a vector of 16-bit numbers, or two of 32-bit numbers.

// CONTEXTS finds the contexts of column CX of group BX: 16 bytes in X1; Y10 are predictions. R8 are tables, DX becomes the place of the
// column in a row, R9 and R10 that of the codes, and of the codes as they are weighted, R11 that of the codes above.
// Y1 is the expected magnitude, Y4 to Y7 are W, N, NW, NE, Y11 tells where these are the same, Y12 is the class.
#define CONTEXTS \
	MOVQ    CX, DX                                  \
	SHLQ    $5, DX                                  \
	MOVQ    tapGroup_codeRows(BX), R9               \
	MOVQ    (tapGroup_codeRows+8)(BX), R11          \
	MOVQ    tapGroup_nearRows(BX), R10              \
	MOVQ    tapGroup_sums(BX), AX                   \
	ADDQ    DX, R9                                  \
	ADDQ    DX, R10                                 \
	ADDQ    DX, R11                                 \
	VPABSW  -96(R10), Y3                            \
	VPABSW  -64(R10), Y2                            \
	VPABSW  -32(R10), Y1                            \
	VPMULLW (tapGroup_left+64)(BX), Y3, Y3          \
	VPMULLW (tapGroup_left+32)(BX), Y2, Y2          \
	VPADDW  (AX)(DX*1), Y3, Y3                      \
	VPADDW  Y3, Y2, Y2                              \
	VPMULLW tapGroup_left(BX), Y1, Y1               \
	VPXOR   Y3, Y3, Y3                              \
	VPADDW  Y2, Y1, Y1                              \
	VPADDSW tapGroup_offset(BX), Y1, Y1             \
	VPMAXSW Y3, Y1, Y1                              \
	VPMINSW tapTables_limit(R8), Y1, Y1             \
	VMOVDQU -32(R9), Y4                             \
	VMOVDQU (R11), Y5                               \
	VMOVDQU -32(R11), Y6                            \
	VMOVDQU 32(R11), Y7                             \
	VPMINSW Y4, Y5, Y8                              \
	VPMAXSW Y4, Y5, Y9                              \
	VPADDW  Y4, Y5, Y10                             \
	VPSUBW  Y6, Y10, Y10                            \
	VPMINSW Y9, Y10, Y10                            \
	VPMAXSW Y8, Y10, Y10                            \
	VPMINSW Y6, Y8, Y8                              \
	VPMINSW Y7, Y8, Y8                              \
	VPMAXSW Y6, Y9, Y9                              \
	VPMAXSW Y7, Y9, Y9                              \
	VPCMPEQW Y8, Y9, Y11                            \
	CMPB    tapGroup_twoSided(BX), $0               \
	JNE     signs                                   \
	VPSUBW  Y8, Y9, Y9                              \
	VPMINSW tapTables_spreadMost(R8), Y9, Y9        \
	VPADDSW tapTables_spreadPart(R8), Y1, Y2        \
	VMOVDQU tapTables_six(R8), Y12                  \
	SPREAD(0)                                       \
	SPREAD(32)                                      \
	SPREAD(64)                                      \
	SPREAD(96)                                      \
	SPREAD(128)                                     \
	SPREAD(160)                                     \
classed:                                            \
	VPXOR    Y3, Y3, Y3                             \
	VPCMPEQW Y3, Y4, Y2                             \
	CMPB     tapGroup_flat(BX), $0                  \
	JNE      sameness                               \
	VPANDN   Y11, Y2, Y2                            \
	VPAND    tapTables_seven(R8), Y2, Y2            \
	VPOR     Y2, Y12, Y12                           \
level:                                              \
	VPSRLW    $6, Y1, Y2                            \
	VPACKUSWB Y2, Y1, Y1                            \
	VMOVDQU   tapTables_nibble(R8), Y3              \
	VPERMQ    $0xd8, Y1, Y1                         \
	VPADDUSB  tapTables_below16(R8), Y1, Y2         \
	VMOVDQU   tapTables_first(R8), Y8               \
	VPSHUFB   Y2, Y8, Y2                            \
	VPAND     Y3, Y1, Y8                            \
	VPSRLW    $4, Y1, Y1                            \
	VPAND     Y3, Y1, Y1                            \
	VMOVDQU   tapTables_base(R8), Y9                \
	VPSHUFB   Y1, Y9, Y9                            \
	VPADDB    Y9, Y2, Y2                            \
	VMOVDQU   tapTables_second(R8), Y9              \
	VPSHUFB   Y1, Y9, Y9                            \
	VPCMPGTB  Y9, Y8, Y9                            \
	VPSUBB    Y9, Y2, Y2                            \
	VMOVDQU   tapTables_third(R8), Y9               \
	VPSHUFB   Y1, Y9, Y9                            \
	VPCMPGTB  Y9, Y8, Y9                            \
	VPSUBB    Y9, Y2, Y2                            \
	VEXTRACTI128 $1, Y2, X1                         \
	VEXTRACTI128 $1, Y12, X3                        \
	VPADDB    X2, X1, X1                            \
	VPAND     tapGroup_levels(BX), X1, X1           \
	VPSLLW    $3, X1, X1                            \
	VPACKSSWB X3, X12, X12                          \
	VPOR      X12, X1, X1

// SPREAD takes 1 from the class where the spread Y9 does not reach a bound.
#define SPREAD(OFF) \
	VPMULLW  (tapTables_spread+OFF)(R8), Y9, Y3     \
	VPCMPGTW Y3, Y2, Y3                             \
	VPADDW   Y3, Y12, Y12

// SIGN counts a bound that the predicted code is beyond.
#define SIGN(OFF) \
	VPMULHRSW (tapTables_sign+OFF)(R8), Y8, Y9      \
	VPCMPGTW  Y9, Y3, Y9                            \
	VPSUBW    Y9, Y12, Y12

// SIGNS is the class of codes that have signs, for CONTEXTS.
#define SIGNS \
signs:                                              \
	MOVQ    (tapGroup_sums+24)(BX), AX              \
	VMOVDQU -32(R10), Y2                            \
	VMOVDQU -64(R10), Y3                            \
	VMOVDQU -96(R10), Y8                            \
	VPMULLW (tapGroup_left+96)(BX), Y2, Y2          \
	VPMULLW (tapGroup_left+128)(BX), Y3, Y3         \
	VPMULLW (tapGroup_left+160)(BX), Y8, Y8         \
	VPADDW  (AX)(DX*1), Y2, Y2                      \
	VPADDW  Y3, Y8, Y8                              \
	VPADDW  Y8, Y2, Y2                              \
	VPABSW  Y2, Y3                                  \
	VPADDW  tapTables_signPart(R8), Y1, Y8          \
	VPXOR   Y12, Y12, Y12                           \
	SIGN(0)                                         \
	SIGN(32)                                        \
	SIGN(64)                                        \
	VPSIGNW Y2, Y12, Y12                            \
	VPADDW  tapTables_three(R8), Y12, Y12           \
	JMP     classed

// SAMENESS is the class where neighbours are the same, for CONTEXTS: Y2 tells where W is 0.
#define SAMENESS \
sameness:                                           \
	MOVQ     (tapGroup_codeRows+16)(BX), R12        \
	MOVQ     (tapGroup_codeRows+24)(BX), AX         \
	ADDQ     DX, R12                                \
	VMOVDQU  -64(R9), Y8                            \
	VPANDN   Y11, Y2, Y9                            \
	VPAND    Y11, Y2, Y2                            \
	VPCMPEQW Y8, Y4, Y13                            \
	VPCMPEQW -64(R11), Y8, Y14                      \
	VPCMPEQW Y4, Y5, Y3                             \
	VMOVDQU  tapTables_fifteen(R8), Y11             \
	VPBLENDVB Y3, Y11, Y12, Y15                     \
	VMOVDQU  tapTables_twelve(R8), Y11              \
	VPSUBW   Y13, Y11, Y11                          \
	VPCMPEQW Y5, Y6, Y8                             \
	VPBLENDVB Y8, Y11, Y15, Y15                     \
	VMOVDQU  tapTables_ten(R8), Y11                 \
	VPSUBW   Y14, Y11, Y11                          \
	VPCMPEQW Y4, Y6, Y8                             \
	VPBLENDVB Y8, Y11, Y15, Y15                     \
	VPAND    Y3, Y8, Y8                             \
	VMOVDQU  tapTables_fourteen(R8), Y11            \
	VPBLENDVB Y8, Y11, Y15, Y15                     \
	VPCMPEQW (R12), Y4, Y3                          \
	VPADDW   Y3, Y13, Y13                           \
	VPCMPEQW -64(R11), Y4, Y3                       \
	VPADDW   Y3, Y13, Y13                           \
	VPCMPEQW 64(R11), Y4, Y3                        \
	VPADDW   Y3, Y13, Y13                           \
	VPCMPEQW -32(R12), Y4, Y3                       \
	VPADDW   Y3, Y13, Y13                           \
	VPCMPEQW 32(R12), Y4, Y3                        \
	VPADDW   Y3, Y13, Y13                           \
	VPCMPEQW -96(R9), Y4, Y3                        \
	VPADDW   Y3, Y13, Y13                           \
	VPCMPEQW (AX)(DX*1), Y4, Y3                     \
	VPADDW   Y3, Y13, Y13                           \
	VMOVDQU  tapTables_minus5(R8), Y3               \
	VPCMPGTW Y13, Y3, Y3                            \
	VMOVDQU  tapTables_minus7(R8), Y8               \
	VPCMPGTW Y13, Y8, Y8                            \
	VMOVDQU  tapTables_seven(R8), Y11               \
	VPSUBW   Y3, Y11, Y11                           \
	VPSUBW   Y8, Y11, Y11                           \
	VPBLENDVB Y9, Y11, Y15, Y15                     \
	VPBLENDVB Y2, Y12, Y15, Y12                     \
	JMP      level

// ECHO lets the codes Y2, and Y3 as they are weighted, of column DX of the first row stand above those to come.
#define ECHO \
	MOVQ    (tapGroup_codeRows+8)(BX), R11          \
	MOVQ    (tapGroup_nearRows+8)(BX), R12          \
	VMOVDQU Y2, 32(R11)(DX*1)                       \
	VMOVDQU Y2, 64(R11)(DX*1)                       \
	VMOVDQU Y2, 96(R11)(DX*1)                       \
	VMOVDQU Y3, 32(R12)(DX*1)

// STARTS makes the codes of symbol 0 of predictions Y10, by where models lie: Y4, Y5.
#define STARTS \
	VPSRAD    $31, Y4, Y6                           \
	VPSRAD    $31, Y5, Y7                           \
	VPACKSSDW Y7, Y6, Y6                            \
	VPADDW    tapGroup_middles(BX), Y10, Y10        \
	VPERMQ    $0xd8, Y6, Y6                         \
	VPAND     Y6, Y10, Y10                          \
	VPADDW    tapGroup_lows(BX), Y10, Y10

// func findAVX2(group *tapGroup, x int, found *found, tables *tapTables)
TEXT ·findAVX2(SB), NOSPLIT, $0-32
	MOVQ group+0(FP), BX
	MOVQ x+8(FP), CX
	MOVQ found+16(FP), DI
	MOVQ tables+24(FP), R8
	CONTEXTS
	VMOVDQU X1, found_contexts(DI)
	VMOVDQU Y10, found_predictions(DI)
	VZEROUPPER
	RET

	SIGNS
	SAMENESS

// func indexColumnsAVX2(group *tapGroup, x, end int, index *uint32, tables *tapTables)
TEXT ·indexColumnsAVX2(SB), NOSPLIT, $0-40
	MOVQ  group+0(FP), BX
	MOVQ  x+8(FP), CX
	MOVQ  end+16(FP), SI
	MOVQ  index+24(FP), DI
	MOVQ  tables+32(FP), R8
	MOVQ  tapGroup_models(BX), R13
	VMOVD TapModels_symbols(R13), X0
	VPBROADCASTD X0, Y0

column:
	CMPQ CX, SI
	JGE  indexed
	CONTEXTS
	VPMOVZXBD  X1, Y2
	VPSRLDQ    $8, X1, X1
	VPMOVZXBD  X1, Y3
	VPCMPEQD   Y6, Y6, Y6
	VPCMPEQD   Y7, Y7, Y7
	VPGATHERDD Y6, TapModels_encode(R13)(Y2*4), Y4
	VPGATHERDD Y7, TapModels_encode(R13)(Y3*4), Y5
	STARTS
	VPAND      tapTables_place(R8), Y4, Y4
	VPAND      tapTables_place(R8), Y5, Y5

	// The place of a symbol; those that are beyond the alphabet are escaped, behind it.
	VMOVDQU   (R9), Y2
	VPSUBW    Y10, Y2, Y3
	VPMOVSXWD X3, Y6
	VEXTRACTI128 $1, Y3, X3
	VPMOVSXWD X3, Y7
	VPMINUD   Y0, Y6, Y6
	VPMINUD   Y0, Y7, Y7
	VPADDD    Y6, Y4, Y4
	VPADDD    Y7, Y5, Y5
	VMOVDQU   Y4, (DI)
	VMOVDQU   Y5, 32(DI)
	ADDQ      $64, DI
	INCQ      CX
	CMPB      tapGroup_top(BX), $0
	JEQ       column
	VMOVDQU   (R10), Y3
	ECHO
	JMP       column

indexed:
	VZEROUPPER
	RET

	SIGNS
	SAMENESS

// PLACE makes places of entries, P, for the states S, of where models lie, which it leaves: see tapSlot.
#define PLACE(S, P) \
	VPAND    tapTables_slot(R8), S, Y2               \
	VPSRLD   $2, Y2, Y3                              \
	VPSRLD   $5, Y2, Y6                              \
	VPADDD   tapTables_middle(R8), Y3, Y3            \
	VPADDD   tapTables_coarse(R8), Y6, Y6            \
	VPMINUD  Y6, Y3, Y3                              \
	VPMINUD  Y2, Y3, Y3                              \
	VPSLLD   $1, P, Y6                               \
	VPSRAD   $31, Y6, Y6                             \
	VPAND    Y6, Y2, Y2                              \
	VPMAXUD  Y2, Y3, Y3                              \
	VPAND    tapTables_place(R8), P, P               \
	VPADDD   Y3, P, P

// STEP decodes the entries E of the states S: x = frequency * (x >> 12) + x % 4096 - start; a lane below 1<<15 takes a word.
#define STEP(E, S) \
	VPSRLD    $20, E, Y4                            \
	VPSRLD    $12, S, Y5                            \
	VPADDD    tapTables_one(R8), Y4, Y4             \
	VPSRLD    $8, E, Y9                             \
	VPAND     tapTables_slot(R8), S, Y6             \
	VPAND     tapTables_slot(R8), Y9, Y9            \
	VPMULLD   Y4, Y5, Y5                            \
	VPSUBD    Y9, Y6, Y6                            \
	VPADDD    Y6, Y5, S                             \
	VMOVDQU   tapTables_low(R8), Y6                 \
	VPCMPGTD  S, Y6, Y6                             \
	VMOVMSKPS Y6, AX                                \
	VPMOVZXWD (R13)(SI*1), Y9                       \
	VPMOVZXBD tapTables_take(R8)(AX*8), Y4          \
	POPCNTL   AX, AX                                \
	LEAQ      (SI)(AX*2), SI                        \
	VPERMD    Y9, Y4, Y9                            \
	VPAND     Y6, Y9, Y9                            \
	VPAND     tapTables_bits16(R8), Y6, Y6          \
	VPSLLVD   Y6, S, S                              \
	VPOR      Y9, S, S

// ENTRIES gets the entries E of the places P where USED says, and one that leaves the state as it is elsewhere.
#define ENTRIES(P, USED, E) \
	VMOVDQU    USED(BX), Y3                         \
	VMOVDQU    tapTables_still(R8), E               \
	VPGATHERDD Y3, (R11)(P*4), E

// func decodeTapsAVX2(groups **tapGroup, n, k int, tables *tapTables) int
// A round is in three parts, each of all groups: what is done next to each other then does not wait for each other. What a part leaves to
// the next one lies in the group.
TEXT ·decodeTapsAVX2(SB), NOSPLIT, $8-40
	MOVQ tables+24(FP), R8
	MOVQ groups+0(FP), R15

round:
	MOVQ k+16(FP), R14

context:
	CMPQ R14, n+8(FP)
	JGE  contexts
	MOVQ (R15)(R14*8), BX
	MOVQ tapGroup_x(BX), CX
	CMPQ CX, tapGroup_stop(BX)
	JGE  contexts
	MOVQ tapGroup_stream(BX), DI
	MOVQ stream_at(DI), SI
	CMPQ SI, stream_end(DI)
	JGT  contexts
	CONTEXTS
	VMOVDQU X1, (tapGroup_found+found_contexts)(BX)
	VMOVDQU Y10, (tapGroup_found+found_predictions)(BX)
	INCQ    R14
	JMP     context

contexts:
	CMPQ R14, k+16(FP)
	JEQ  done
	MOVQ R14, end-8(SP)
	MOVQ k+16(FP), R14

entries:
	MOVQ       (R15)(R14*8), BX
	MOVQ       tapGroup_models(BX), R13
	MOVQ       tapGroup_stream(BX), DI
	MOVQ       TapModels_set(R13), R11
	MOVQ       TapSet_slots(R11), R11
	VPMOVZXBD  (tapGroup_found+found_contexts)(BX), Y2
	VPMOVZXBD  (tapGroup_found+found_contexts+8)(BX), Y3
	VPCMPEQD   Y6, Y6, Y6
	VPCMPEQD   Y7, Y7, Y7
	VPGATHERDD Y6, TapModels_decode(R13)(Y2*4), Y4
	VPGATHERDD Y7, TapModels_decode(R13)(Y3*4), Y5
	VMOVDQU    (tapGroup_found+found_predictions)(BX), Y10
	STARTS
	VMOVDQU    Y10, (tapGroup_found+found_predictions)(BX)
	VMOVDQU    stream_states(DI), Y0
	PLACE(Y0, Y4)
	ENTRIES(Y4, tapGroup_used, Y1)
	CMPQ       stream_lanes(DI), $16
	JNE        half
	VMOVDQU    (stream_states+32)(DI), Y0
	PLACE(Y0, Y5)
	ENTRIES(Y5, tapGroup_used+32, Y8)
	VMOVDQA    Y8, Y5

half: // else the second eight wait for the states of the first
	VMOVDQU Y1, tapGroup_entries(BX)
	VMOVDQU Y5, (tapGroup_entries+32)(BX)
	INCQ    R14
	CMPQ    R14, end-8(SP)
	JLT     entries
	MOVQ    k+16(FP), R14

code:
	MOVQ    (R15)(R14*8), BX
	MOVQ    tapGroup_x(BX), DX
	MOVQ    tapGroup_codeRows(BX), R9
	MOVQ    tapGroup_nearRows(BX), R10
	MOVQ    tapGroup_stream(BX), DI
	MOVQ    stream_at(DI), SI
	MOVQ    stream_words(DI), R13
	SHLQ    $5, DX
	VMOVDQU tapGroup_entries(BX), Y1
	VMOVDQU (tapGroup_entries+32)(BX), Y8
	VMOVDQU stream_states(DI), Y0
	STEP(Y1, Y0)
	CMPQ    stream_lanes(DI), $16
	JEQ     wide
	CMPQ    (tapGroup_planes+8)(BX), $8
	JLE     codes
	MOVQ    tapGroup_models(BX), R11
	MOVQ    TapModels_set(R11), R11
	MOVQ    TapSet_slots(R11), R11
	VMOVDQA Y8, Y11
	PLACE(Y0, Y11)
	ENTRIES(Y11, tapGroup_used+32, Y8)
	STEP(Y8, Y0)
	JMP     codes

wide:
	VMOVDQU (stream_states+32)(DI), Y12
	STEP(Y8, Y12)

codes: // nothing is written where one of them is unusual
	VMOVDQU   tapTables_symbol(R8), Y2
	VPAND     Y2, Y1, Y1
	VPAND     Y2, Y8, Y8
	VPACKUSDW Y8, Y1, Y1
	VPERMQ    $0xd8, Y1, Y1
	VPADDW    (tapGroup_found+found_predictions)(BX), Y1, Y2
	VPCMPEQW  tapTables_unusual(R8), Y1, Y3
	VPCMPGTW  tapGroup_most(BX), Y2, Y4
	VMOVDQU   tapGroup_least(BX), Y5
	VPCMPGTW  Y2, Y5, Y5
	VPOR      Y4, Y3, Y3
	VPOR      Y5, Y3, Y3
	VPTEST    tapGroup_usedWords(BX), Y3
	JNE       done
	VMOVDQU   Y0, stream_states(DI)
	CMPQ      stream_lanes(DI), $16
	JNE       stored
	VMOVDQU   Y12, (stream_states+32)(DI)

stored:
	MOVQ    SI, stream_at(DI)
	VMOVDQU Y2, (R9)(DX*1)
	VPMINSW tapTables_most(R8), Y2, Y3
	VPMAXSW tapTables_least(R8), Y3, Y3
	VMOVDQU Y3, (R10)(DX*1)
	CMPB    tapGroup_top(BX), $0
	JEQ     next
	ECHO

next:
	INCQ tapGroup_x(BX)
	INCQ R14
	CMPQ R14, end-8(SP)
	JLT  code
	CMPQ R14, n+8(FP)
	JLT  done
	MOVQ $0, k+16(FP)
	JMP  round

done:
	MOVQ R14, ret+32(FP)
	VZEROUPPER
	RET

	SIGNS
	SAMENESS

// GIVE encodes the entries E, with reciprocals R, into the states S where USED says: x = 4096 (x / frequency) + x % frequency + start. A
// lane whose state is too large gives a word away first, to what ends at SI behind R12.
#define GIVE(E, R, S, USED) \
	VPSRLD    $12, E, Y1                            \
	VPAND     tapTables_slot(R8), Y1, Y1            \
	VPADDD    tapTables_one(R8), Y1, Y2             \
	VPSLLD    $19, Y2, Y2                           \
	VPSUBD    tapTables_one(R8), Y2, Y2             \
	VPCMPGTD  Y2, S, Y2                             \
	VPAND     USED, Y2, Y2                          \
	VMOVMSKPS Y2, AX                                \
	VPMOVZXBD tapTables_give(R8)(AX*8), Y3          \
	VPERMD    S, Y3, Y3                             \
	VPSLLD    $16, Y3, Y3                           \
	VPSRLD    $16, Y3, Y3                           \
	VPACKUSDW Y3, Y3, Y3                            \
	VPERMQ    $0x08, Y3, Y3                         \
	VMOVDQU   X3, -16(R12)(SI*1)                    \
	POPCNTL   AX, AX                                \
	SUBQ      AX, SI                                \
	SUBQ      AX, SI                                \
	VPAND     tapTables_bits16(R8), Y2, Y2          \
	VPSRLVD   Y2, S, Y2                             \
	VPMULUDQ  R, Y2, Y3                             \
	VPSRLQ    $31, Y3, Y3                           \
	VPSRLQ    $32, Y2, Y6                           \
	VPSRLQ    $32, R, Y7                            \
	VPMULUDQ  Y7, Y6, Y6                            \
	VPSRLQ    $31, Y6, Y6                           \
	VPSLLQ    $32, Y6, Y6                           \
	VPBLENDD  $0xaa, Y6, Y3, Y3                     \
	VPSRLD    $24, E, Y6                            \
	VPSRLVD   Y6, Y3, Y3                            \
	VMOVDQU   tapTables_slot(R8), Y7                \
	VPSUBD    Y1, Y7, Y1                            \
	VPMULLD   Y1, Y3, Y3                            \
	VPAND     E, Y7, Y6                             \
	VPADDD    Y6, Y2, Y2                            \
	VPADDD    Y3, Y2, Y2                            \
	VPBLENDVB USED, Y2, S, S

// func encodeTapsAVX2(groups **tapGroup, n, k int, tables *tapTables) int
TEXT ·encodeTapsAVX2(SB), NOSPLIT, $0-40
	MOVQ tables+24(FP), R8
	MOVQ k+16(FP), R14
	MOVQ groups+0(FP), R15

give:
	MOVQ (R15)(R14*8), BX
	MOVQ tapGroup_x(BX), CX
	CMPQ CX, tapGroup_stop(BX)
	JLE  given
	DECQ CX
	MOVQ tapGroup_stream(BX), DI
	MOVQ stream_at(DI), SI
	CMPQ SI, $32
	JLT  given
	CMPQ stream_lanes(DI), $8
	JLT  given
	MOVQ stream_words(DI), R12
	MOVQ tapGroup_models(BX), R13
	MOVQ TapModels_set(R13), R11
	MOVQ TapSet_entries(R11), R11
	MOVQ tapGroup_index(BX), R10
	MOVQ CX, DX
	SHLQ $6, DX
	VMOVDQU (R10)(DX*1), Y2
	VMOVDQU 32(R10)(DX*1), Y3
	VMOVDQU tapGroup_used(BX), Y14
	VMOVDQU (tapGroup_used+32)(BX), Y15
	VMOVDQA Y14, Y6
	VMOVDQA Y15, Y7
	VPXOR   Y4, Y4, Y4
	VPXOR   Y5, Y5, Y5
	VPGATHERDD Y6, (R11)(Y2*8), Y4
	VPGATHERDD Y7, (R11)(Y3*8), Y5
	VPOR      Y4, Y5, Y6
	VMOVMSKPS Y6, AX
	TESTL     AX, AX
	JNE       given // an escape
	VMOVDQA Y14, Y6
	VMOVDQA Y15, Y7
	VPXOR   Y8, Y8, Y8
	VPXOR   Y9, Y9, Y9
	VPGATHERDD Y6, 4(R11)(Y2*8), Y8
	VPGATHERDD Y7, 4(R11)(Y3*8), Y9
	VMOVDQU stream_states(DI), Y0
	CMPQ    stream_lanes(DI), $16
	JEQ     wideGive
	GIVE(Y5, Y9, Y0, Y15)
	JMP     lower

wideGive:
	VMOVDQU (stream_states+32)(DI), Y12
	GIVE(Y5, Y9, Y12, Y15)
	VMOVDQU Y12, (stream_states+32)(DI)

lower:
	GIVE(Y4, Y8, Y0, Y14)
	VMOVDQU Y0, stream_states(DI)
	MOVQ    SI, stream_at(DI)
	DECQ    tapGroup_x(BX)
	INCQ    R14
	CMPQ    R14, n+8(FP)
	JLT     give
	XORL    R14, R14
	JMP     give

given:
	MOVQ R14, ret+32(FP)
	VZEROUPPER
	RET

// ABOVE adds a weighted vector of magnitudes.
#define ABOVE(OFF, ROW, W) \
	VPABSW  OFF(ROW)(DX*1), Y1 \
	VPMULLW W, Y1, Y1          \
	VPADDW  Y1, Y0, Y0

// ABOVESIGNED is the same of codes.
#define ABOVESIGNED(OFF, ROW, W) \
	VMOVDQU OFF(ROW)(DX*1), Y1 \
	VPMULLW W, Y1, Y1          \
	VPADDW  Y1, Y0, Y0

#define WEIGHTS(OFF) \
	VMOVDQU (tapGroup_above+OFF)(BX), Y7      \
	VMOVDQU (tapGroup_above+OFF+32)(BX), Y8   \
	VMOVDQU (tapGroup_above+OFF+64)(BX), Y9   \
	VMOVDQU (tapGroup_above+OFF+96)(BX), Y10  \
	VMOVDQU (tapGroup_above+OFF+128)(BX), Y11 \
	VMOVDQU (tapGroup_above+OFF+160)(BX), Y12 \
	VMOVDQU (tapGroup_above+OFF+192)(BX), Y13 \
	VMOVDQU (tapGroup_above+OFF+224)(BX), Y14 \
	VMOVDQU (tapGroup_above+OFF+256)(BX), Y15

// func sumAboveAVX2(group *tapGroup, x, end int)
TEXT ·sumAboveAVX2(SB), NOSPLIT, $0-24
	MOVQ group+0(FP), BX
	MOVQ x+8(FP), DX
	MOVQ end+16(FP), CX
	SHLQ $5, DX
	SHLQ $5, CX
	MOVQ (tapGroup_nearRows+8)(BX), R9
	MOVQ (tapGroup_nearRows+16)(BX), R10
	MOVQ (tapGroup_nearRows+24)(BX), R11
	MOVQ tapGroup_sums(BX), DI
	WEIGHTS(0)

magnitudes:
	VPABSW  (R9)(DX*1), Y0
	VPMULLW Y7, Y0, Y0
	ABOVE(-32, R9, Y8)
	ABOVE(32, R9, Y9)
	ABOVE(0, R10, Y10)
	ABOVE(-64, R9, Y11)
	ABOVE(64, R9, Y12)
	ABOVE(-32, R10, Y13)
	ABOVE(32, R10, Y14)
	ABOVE(0, R11, Y15)
	VMOVDQU Y0, (DI)(DX*1)
	ADDQ    $32, DX
	CMPQ    DX, CX
	JLT     magnitudes

	CMPB tapGroup_twoSided(BX), $0
	JEQ  summed
	MOVQ x+8(FP), DX
	SHLQ $5, DX
	MOVQ (tapGroup_sums+24)(BX), DI
	WEIGHTS(288)

codes:
	VPMULLW (R9)(DX*1), Y7, Y0
	ABOVESIGNED(-32, R9, Y8)
	ABOVESIGNED(32, R9, Y9)
	ABOVESIGNED(0, R10, Y10)
	ABOVESIGNED(-64, R9, Y11)
	ABOVESIGNED(64, R9, Y12)
	ABOVESIGNED(-32, R10, Y13)
	ABOVESIGNED(32, R10, Y14)
	ABOVESIGNED(0, R11, Y15)
	VMOVDQU Y0, (DI)(DX*1)
	ADDQ    $32, DX
	CMPQ    DX, CX
	JLT     codes

summed:
	VZEROUPPER
	RET

// func addEarlierAVX2(group *tapGroup, x, end int)
TEXT ·addEarlierAVX2(SB), NOSPLIT, $0-24
	MOVQ group+0(FP), BX
	MOVQ x+8(FP), DX
	MOVQ end+16(FP), CX
	SHLQ $5, DX
	SHLQ $5, CX
	MOVQ (tapGroup_beside+beside_rows)(BX), R9
	MOVQ (tapGroup_beside+beside_rows+8)(BX), R10
	MOVQ (tapGroup_beside+beside_rows+16)(BX), R11
	MOVQ tapGroup_sums(BX), DI
	MOVQ (tapGroup_sums+24)(BX), SI
	VMOVDQU (tapGroup_beside+beside_center)(BX), Y12
	VMOVDQU (tapGroup_beside+beside_center+32)(BX), Y13
	VMOVDQU (tapGroup_beside+beside_cross)(BX), Y14
	VMOVDQU (tapGroup_beside+beside_cross+32)(BX), Y15

columns:
	VMOVDQU -32(R10)(DX*1), Y0
	VMOVDQU 32(R10)(DX*1), Y1
	VMOVDQU (R9)(DX*1), Y2
	VMOVDQU (R11)(DX*1), Y3
	VMOVDQU (R10)(DX*1), Y4
	VPABSW  Y0, Y5
	VPABSW  Y1, Y6
	VPABSW  Y2, Y7
	VPABSW  Y3, Y8
	VPABSW  Y4, Y9
	VPADDW  Y5, Y6, Y6
	VPADDW  Y7, Y8, Y8
	VPADDW  Y6, Y8, Y8
	VPMULLW Y14, Y8, Y8
	VPMULLW Y12, Y9, Y9
	VPADDW  (DI)(DX*1), Y8, Y8
	VPADDW  Y9, Y8, Y8
	VMOVDQU Y8, (DI)(DX*1)
	VPADDW  Y0, Y1, Y1
	VPADDW  Y2, Y3, Y3
	VPADDW  Y1, Y3, Y3
	VPMULLW Y15, Y3, Y3
	VPMULLW Y13, Y4, Y4
	VPADDW  (SI)(DX*1), Y3, Y3
	VPADDW  Y4, Y3, Y3
	VMOVDQU Y3, (SI)(DX*1)
	ADDQ    $32, DX
	CMPQ    DX, CX
	JLT     columns
	VZEROUPPER
	RET

// TRANSPOSE makes of eight rows of eight bytes, X0 to X7, their columns: two in each of X8, X9, X10, X11.
#define TRANSPOSE \
	VPUNPCKLBW X1, X0, X0   \
	VPUNPCKLBW X3, X2, X2   \
	VPUNPCKLBW X5, X4, X4   \
	VPUNPCKLBW X7, X6, X6   \
	VPUNPCKLWD X2, X0, X1   \
	VPUNPCKHWD X2, X0, X3   \
	VPUNPCKLWD X6, X4, X5   \
	VPUNPCKHWD X6, X4, X7   \
	VPUNPCKLDQ X5, X1, X8   \
	VPUNPCKHDQ X5, X1, X9   \
	VPUNPCKLDQ X7, X3, X10  \
	VPUNPCKHDQ X7, X3, X11

// KEEP stores the codes X0 of eight lanes, and as they are weighted, in a column.
#define KEEP(OFF) \
	VMOVDQU X0, OFF(DI)      \
	VPMINSW X14, X0, X0      \
	VPMAXSW X15, X0, X0      \
	VMOVDQU X0, OFF(SI)

#define SPREADSIGNED(X, OFF) \
	VPMOVSXBW X, X0          \
	KEEP(OFF)                \
	VPSRLDQ   $8, X, X       \
	VPMOVSXBW X, X0          \
	KEEP(OFF+32)

#define SPREADUNSIGNED(X, OFF) \
	VPMOVZXBW X, X0          \
	KEEP(OFF)                \
	VPSRLDQ   $8, X, X       \
	VPMOVZXBW X, X0          \
	KEEP(OFF+32)

// func loadLanesAVX2(codes, near *int16, planes *[8]*uint8, from, n int, signed bool, tables *tapTables)
TEXT ·loadLanesAVX2(SB), NOSPLIT, $0-56
	MOVQ codes+0(FP), DI
	MOVQ near+8(FP), SI
	MOVQ planes+16(FP), R12
	MOVQ from+24(FP), CX
	MOVQ n+32(FP), DX
	MOVQ tables+48(FP), R8
	VMOVDQU tapTables_most(R8), X14
	VMOVDQU tapTables_least(R8), X15

load:
	MOVQ  (R12), AX
	VMOVQ (AX)(CX*1), X0
	MOVQ  8(R12), AX
	VMOVQ (AX)(CX*1), X1
	MOVQ  16(R12), AX
	VMOVQ (AX)(CX*1), X2
	MOVQ  24(R12), AX
	VMOVQ (AX)(CX*1), X3
	MOVQ  32(R12), AX
	VMOVQ (AX)(CX*1), X4
	MOVQ  40(R12), AX
	VMOVQ (AX)(CX*1), X5
	MOVQ  48(R12), AX
	VMOVQ (AX)(CX*1), X6
	MOVQ  56(R12), AX
	VMOVQ (AX)(CX*1), X7
	TRANSPOSE
	CMPB signed+40(FP), $0
	JEQ  unsigned
	SPREADSIGNED(X8, 0)
	SPREADSIGNED(X9, 64)
	SPREADSIGNED(X10, 128)
	SPREADSIGNED(X11, 192)
	JMP  loaded

unsigned:
	SPREADUNSIGNED(X8, 0)
	SPREADUNSIGNED(X9, 64)
	SPREADUNSIGNED(X10, 128)
	SPREADUNSIGNED(X11, 192)

loaded:
	ADDQ $256, DI
	ADDQ $256, SI
	ADDQ $8, CX
	SUBQ $8, DX
	JGT  load
	VZEROUPPER
	RET

#define NARROW(OFF, X) \
	VPAND     OFF(SI), X15, X \
	VPACKUSWB X, X, X

#define PUT(X, OFF) \
	MOVQ   OFF(R12), AX         \
	VMOVQ  X, (AX)(CX*1)        \
	MOVQ   OFF+8(R12), AX       \
	VMOVHPS X, (AX)(CX*1)

// func storeLanesAVX2(planes *[8]*uint8, codes *int16, from, n int)
TEXT ·storeLanesAVX2(SB), NOSPLIT, $0-32
	MOVQ planes+0(FP), R12
	MOVQ codes+8(FP), SI
	MOVQ from+16(FP), CX
	MOVQ n+24(FP), DX
	VPCMPEQW X15, X15, X15
	VPSRLW   $8, X15, X15

store:
	NARROW(0, X0)
	NARROW(32, X1)
	NARROW(64, X2)
	NARROW(96, X3)
	NARROW(128, X4)
	NARROW(160, X5)
	NARROW(192, X6)
	NARROW(224, X7)
	TRANSPOSE
	PUT(X8, 0)
	PUT(X9, 16)
	PUT(X10, 32)
	PUT(X11, 48)
	ADDQ $256, SI
	ADDQ $8, CX
	SUBQ $8, DX
	JGT  store
	VZEROUPPER
	RET
