// SPDX-License-Identifier: MIT
#include "core/verifier/packet_load.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

// Linux's numbers of program types.
constexpr uint32_t kSocketFilter = 1;
constexpr uint32_t kKprobe = 2;
constexpr uint32_t kSchedCls = 3;
constexpr uint32_t kSchedAct = 4;
constexpr uint32_t kXdp = 6;

isa::Insn LoadAbs(Size size, int64_t imm) {
  return Raw(0x20u | size, 0, 0, 0, imm);
}
isa::Insn LoadInd(Size size, Reg src, int64_t imm) {
  return Raw(0x40u | size, 0, src, 0, imm);
}

class PacketLoadTest : public VerifierTest {
 protected:
  PacketLoadTest() { SetType(kSocketFilter); }
};

TEST_F(PacketLoadTest, TypesWithPacketsMay) {
  for (const uint32_t type : {kSocketFilter, kSchedCls, kSchedAct}) {
    SetType(type);
    for (const Size size : {kB, kH, kW}) {
      Accepts({MovReg(R6, R1), LoadAbs(size, 4), Exit()});
      Accepts({MovReg(R6, R1), MovImm(R7, 4), LoadInd(size, R7, -5), Exit()});
    }
  }
  for (const uint32_t type : {kKprobe, kXdp}) {
    SetType(type);
    Rejects({MovReg(R6, R1), LoadAbs(kB, 4), Exit()}, Status::kInvalid,
            "BPF_LD_[ABS|IND] instructions not allowed for this program type");
  }
}

TEST_F(PacketLoadTest, TheContextIsInR6) {
  Rejects({LoadAbs(kB, 4), Exit()}, Status::kAccess, "R6 !read_ok");
  Rejects({MovImm(R6, 0), LoadAbs(kB, 4), Exit()}, Status::kInvalid,
          "at the time of BPF_LD_ABS|IND R6 != pointer to skb");
  Rejects({MovReg(R6, R1), AluImm(kAdd, R6, 4), LoadAbs(kB, 4), Exit()},
          Status::kAccess,
          "dereference of modified ctx ptr R6 off=4 disallowed");
}

TEST_F(PacketLoadTest, TheIndexIsRead) {
  Rejects({MovReg(R6, R1), LoadInd(kB, R7, 4), Exit()}, Status::kAccess,
          "R7 !read_ok");
}

TEST_F(PacketLoadTest, ItIsACallThatGivesANumber) {
  for (const Reg reg : {R1, R2, R3, R4, R5}) {
    Rejects({MovReg(R6, R1), MovImm(reg, 0), LoadAbs(kB, 4), MovReg(R0, reg),
             Exit()},
            Status::kAccess, "R" + std::to_string(int{reg}) + " !read_ok");
  }
  Accepts(
      {MovReg(R6, R1), MovImm(R7, 0), LoadAbs(kB, 4), MovReg(R0, R7), Exit()});
  // Linux does not say how many bits it has, either.
  Rejects({MovReg(R6, R1), LookupOrExit(kHash), MovReg(R8, R0), LoadAbs(kB, 4),
           AluReg(kAdd, R8, R0), Load(kB, R0, R8, 0), Exit()},
          Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
}

TEST_F(PacketLoadTest, NothingIsHeldWhereItMayEndTheProgram) {
  options_.gpl_compatible = true;
  SetType(kSchedCls);
  const Verdict verdict =
      Judge(Join({MovReg(R6, R1), Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(),
                  MovReg(R7, R0), LoadAbs(kB, 4), Release(R7), Return0()}));
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_TRUE(HasLine(verdict.log,
                      "BPF_LD_[ABS|IND] cannot be mixed with socket "
                      "references"))
      << verdict.log;
  Accepts({MovReg(R6, R1), Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(),
           Release(R0), LoadAbs(kB, 4), Exit()});
}

TEST_F(PacketLoadTest, ReservedFieldsAreZero) {
  Rejects({MovReg(R6, R1), Raw(0x30, 1, 0, 0, 4), Exit()}, Status::kInvalid,
          "BPF_LD_[ABS|IND] uses reserved fields");
  Rejects({MovReg(R6, R1), Raw(0x30, 0, 0, 1, 4), Exit()}, Status::kInvalid,
          "BPF_LD_[ABS|IND] uses reserved fields");
  Rejects({MovReg(R6, R1), Raw(0x30, 0, 6, 0, 4), Exit()}, Status::kInvalid,
          "BPF_LD_[ABS|IND] uses reserved fields");
}

TEST_F(PacketLoadTest, AFunctionThatFailsReturnsZero) {
  // r0 is 1 where the load went well. What follows where it is 0 is seen on
  // the other path only.
  const auto judged = [this](int offset) {
    return Judge(Join({MovReg(R8, R1), LookupOrExit(kArray), MovReg(R7, R0),
                       MovReg(R1, R8), CallLocal(4), JumpImm(kJeq, R0, 1, 1),
                       Load(kDW, R0, R7, offset), MovImm(R0, 0), Exit(),
                       MovReg(R6, R1), LoadAbs(kB, 0), MovImm(R0, 1), Exit()}));
  };
  EXPECT_EQ(judged(8).status, Status::kOk) << judged(8).log;
  EXPECT_EQ(judged(9).status, Status::kAccess) << judged(9).log;
}

TEST_F(PacketLoadTest, AnyKernelTakesThem) {
  options_.profile = Profile::kPort;
  const Verdict verdict = Judge({MovReg(R6, R1), LoadAbs(kB, 4), Exit()});
  EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
}

}  // namespace
}  // namespace ebpf::verifier
