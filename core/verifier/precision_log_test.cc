// SPDX-License-Identifier: MIT
#include "core/verifier/precision_log.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class PrecisionLogTest : public VerifierTest {
 protected:
  void Shows(const Code& code, const std::string& lines) {
    const std::string log = Judge(code, kLogStates).log;
    EXPECT_NE(log.find(lines), std::string::npos)
        << "expected: " << lines << "\n"
        << log;
  }
};

TEST_F(PrecisionLogTest, ADecisionDependsOnWhatItComparesWasMadeOf) {
  Shows({MovImm(R2, 3), MovReg(R3, R2), AluImm(kAdd, R3, 1),
         JumpImm(kJeq, R3, 4, 1), AluReg(kXor, R3, R3), MovImm(R0, 0), Exit()},
        "3: (15) if r3 == 0x4 goto pc+1\n"
        "mark_precise: frame0: last_idx 3 first_idx 0 subseq_idx -1 \n"
        "mark_precise: frame0: regs=r3 stack= before 2: (07) r3 += 1\n"
        "mark_precise: frame0: regs=r3 stack= before 1: (bf) r3 = r2\n"
        "mark_precise: frame0: regs=r2 stack= before 0: (b7) r2 = 3\n"
        "3: R3_w=4\n");
}

TEST_F(PrecisionLogTest, AnIndexMayHaveBeenOnTheStack) {
  Shows(Join({MovImm(R1, 4), Store(kDW, R10, -16, R1), MovImm(R1, 0),
              Load(kDW, R2, R10, -16), LoadMapValue(R3, kArray),
              AluReg(kAdd, R3, R2), Return0()}),
        "mark_precise: frame0: regs=r2 stack= before 4: (18) r3 = map[0][0]+0\n"
        "mark_precise: frame0: regs=r2 stack= before 3: (79) r2 = *(u64 *)(r10 "
        "-16)\n"
        "mark_precise: frame0: regs= stack=-16 before 2: (b7) r1 = 0\n"
        "mark_precise: frame0: regs= stack=-16 before 1: (7b) *(u64 *)(r10 "
        "-16) = r1\n"
        "mark_precise: frame0: regs=r1 stack= before 0: (b7) r1 = 4\n");
}

TEST_F(PrecisionLogTest, FunctionsAreGoneThrough) {
  Shows(Join({MovImm(R6, 4), MovReg(R1, R6), CallLocal(4),
              LoadMapValue(R3, kArray), AluReg(kAdd, R3, R0), Exit(),
              MovReg(R0, R1), Exit()}),
        "mark_precise: frame0: regs=r0 stack= before 8: (95) exit\n"
        "mark_precise: frame1: regs=r0 stack= before 7: (bf) r0 = r1\n"
        "mark_precise: frame1: regs=r1 stack= before 2: (85) call pc+4\n"
        "mark_precise: frame0: regs=r1 stack= before 1: (bf) r1 = r6\n"
        "mark_precise: frame0: regs=r6 stack= before 0: (b7) r6 = 4\n");
}

TEST_F(PrecisionLogTest, SizesOfHelpersAreMarked) {
  Shows(Join({MovReg(R1, R10), AluImm(kAdd, R1, -16), MovImm(R2, 16),
              Call(kComm), Return0()}),
        "3: (85) call bpf_get_current_comm#16\n"
        "mark_precise: frame0: last_idx 3 first_idx 0 subseq_idx -1 \n"
        "mark_precise: frame0: regs=r2 stack= before 2: (b7) r2 = 16\n"
        "4: R0_w=scalar() fp-8=mmmmmmmm fp-16=mmmmmmmm\n");
}

TEST_F(PrecisionLogTest, OpenDecisionsAndOtherLevelsHaveNone) {
  const Code open = Join({Call(kRandom), JumpImm(kJeq, R0, 4, 0), Return0()});
  EXPECT_EQ(Judge(open, kLogStates).log.find("mark_precise"),
            std::string::npos);
  const Code decided = {MovImm(R2, 3), JumpImm(kJeq, R2, 3, 1), MovImm(R2, 0),
                        MovReg(R0, R7), Exit()};
  EXPECT_EQ(Judge(decided, kLogPath).log.find("mark_precise"),
            std::string::npos);
  EXPECT_NE(Judge(decided, kLogStates).log.find("mark_precise"),
            std::string::npos);
}

}  // namespace
}  // namespace ebpf::verifier
