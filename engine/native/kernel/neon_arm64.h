// Go's assembler has no names for these, or wants names of registers where macros have numbers. Operands are numbers of
// registers, in the order of its own: the result is last. A test gives every comment to an assembler.
#define FMLA0(M, N, D) WORD $(0x4f801000 | (M)<<16 | (N)<<5 | (D)) // fmla d.4s, n.4s, m.s[0]
#define FMLA1(M, N, D) WORD $(0x4fa01000 | (M)<<16 | (N)<<5 | (D)) // fmla d.4s, n.4s, m.s[1]
#define FMLA2(M, N, D) WORD $(0x4f801800 | (M)<<16 | (N)<<5 | (D)) // fmla d.4s, n.4s, m.s[2]
#define FMLA3(M, N, D) WORD $(0x4fa01800 | (M)<<16 | (N)<<5 | (D)) // fmla d.4s, n.4s, m.s[3]
#define FMLA(M, N, D) WORD $(0x4e20cc00 | (M)<<16 | (N)<<5 | (D)) // fmla d.4s, n.4s, m.4s
#define FMLS(M, N, D) WORD $(0x4ea0cc00 | (M)<<16 | (N)<<5 | (D)) // fmls d.4s, n.4s, m.4s
#define FADD(M, N, D) WORD $(0x4e20d400 | (M)<<16 | (N)<<5 | (D)) // fadd d.4s, n.4s, m.4s
#define FSUB(M, N, D) WORD $(0x4ea0d400 | (M)<<16 | (N)<<5 | (D)) // fsub d.4s, n.4s, m.4s
#define FMUL(M, N, D) WORD $(0x6e20dc00 | (M)<<16 | (N)<<5 | (D)) // fmul d.4s, n.4s, m.4s
#define FDIV(M, N, D) WORD $(0x6e20fc00 | (M)<<16 | (N)<<5 | (D)) // fdiv d.4s, n.4s, m.4s
#define FMIN(M, N, D) WORD $(0x4ea0f400 | (M)<<16 | (N)<<5 | (D)) // fmin d.4s, n.4s, m.4s
#define FMAX(M, N, D) WORD $(0x4e20f400 | (M)<<16 | (N)<<5 | (D)) // fmax d.4s, n.4s, m.4s
#define FCMGT(M, N, D) WORD $(0x6ea0e400 | (M)<<16 | (N)<<5 | (D)) // fcmgt d.4s, n.4s, m.4s
#define FNEG(N, D) WORD $(0x6ea0f800 | (N)<<5 | (D)) // fneg d.4s, n.4s
#define FSQRT(N, D) WORD $(0x6ea1f800 | (N)<<5 | (D)) // fsqrt d.4s, n.4s
#define FRINTN(N, D) WORD $(0x4e218800 | (N)<<5 | (D)) // frintn d.4s, n.4s
#define FCVTNS(N, D) WORD $(0x4e21a800 | (N)<<5 | (D)) // fcvtns d.4s, n.4s
#define SHL23(N, D) WORD $(0x4f375400 | (N)<<5 | (D)) // shl d.4s, n.4s, #23
#define ADDS4(M, N, D) WORD $(0x4ea08400 | (M)<<16 | (N)<<5 | (D)) // add d.4s, n.4s, m.4s
#define BICV(M, N, D) WORD $(0x4e601c00 | (M)<<16 | (N)<<5 | (D)) // bic d.16b, n.16b, m.16b
#define ANDV(M, N, D) WORD $(0x4e201c00 | (M)<<16 | (N)<<5 | (D)) // and d.16b, n.16b, m.16b
#define BITV(M, N, D) WORD $(0x6ea01c00 | (M)<<16 | (N)<<5 | (D)) // bit d.16b, n.16b, m.16b
#define COPY(N, D) WORD $(0x4ea01c00 | (N)<<16 | (N)<<5 | (D)) // mov d.16b, n.16b
#define SWAP2(N, D) WORD $(0x6e004000 | (N)<<16 | (N)<<5 | (D)) // ext d.16b, n.16b, n.16b, #8
#define SWAP1(N, D) WORD $(0x4ea00800 | (N)<<5 | (D)) // rev64 d.4s, n.4s
#define ONE(D) WORD $(0x4f03f600 | (D)) // fmov d.4s, #1.0
