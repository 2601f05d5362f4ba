// SPDX-License-Identifier: MIT
#include "core/verifier/state_log.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class StateLogTest : public VerifierTest {
 protected:
  std::string Text(const RegState& reg, uint32_t frame = 0) {
    char buffer[512];
    TextWriter writer(buffer, sizeof(buffer));
    LogReg(writer, reg, frame);
    return std::string(writer.text().data(), writer.text().size());
  }
};

TEST_F(StateLogTest, NumbersShowTheirBounds) {
  EXPECT_EQ(Text(RegState::Constant(5)), "5");
  EXPECT_EQ(Text(RegState::Constant(static_cast<uint64_t>(-5))), "-5");
  EXPECT_EQ(Text(RegState::Constant(0x123456)), "0x123456");
  EXPECT_EQ(Text(RegState::UnknownScalar()), "scalar()");
  RegState reg = RegState::UnknownScalar();
  reg.value.wide.umax = 255;
  reg.value = Sync(reg.value);
  EXPECT_EQ(Text(reg), "scalar(smin=0,smax=255,umax=255,var_off=(0x0; 0xff))");
  reg = RegState::UnknownScalar();
  reg.value.low.umax = 7;
  reg.value = Sync(reg.value);
  reg.id = 3;
  EXPECT_EQ(Text(reg),
            "scalar(id=3,smax=0x7fffffff00000007,umax=0xffffffff00000007,"
            "smin32=0,smax32=7,umax32=7,var_off=(0x0; 0xffffffff00000007))");
}

TEST_F(StateLogTest, PointersShowTheirObjects) {
  RegState stack = RegState::Pointer(RegType::kStack);
  EXPECT_EQ(Text(stack), "fp0");
  stack.offset = -8;
  EXPECT_EQ(Text(stack), "fp-8");
  EXPECT_EQ(Text(stack, 1), "fp[0]-8");
  RegState value = RegState::Pointer(RegType::kMapValue);
  value.map = maps_->span()[kHash];
  value.offset = 16;
  value.maybe_null = true;
  value.id = 2;
  EXPECT_EQ(Text(value), "map_value_or_null(id=2,ks=8,vs=48,off=16)");
  RegState record = RegState::Pointer(RegType::kRingRecord);
  record.reference = 4;
  record.memory_size = 24;
  EXPECT_EQ(Text(record), "ringbuf_mem(ref_obj_id=4,sz=24)");
  EXPECT_EQ(Text(RegState::Pointer(RegType::kContext)), "ctx()");
}

TEST_F(StateLogTest, StatesShowRegistersStackAndReferences) {
  const Verdict verdict = Judge(
      Join({StoreImm(kDW, R10, -8, 0), StoreImm(kB, R10, -16, 3),
            StoreImm(kB, R10, -9, 3), Store(kDW, R10, -24, R1), Reserve(8),
            JumpImm(kJeq, R0, 0, 2), Load(kDW, R0, R3, 0), Exit(), Return0()}),
      kLogStates);
  EXPECT_TRUE(HasLine(verdict.log,
                      "10: R0=ringbuf_mem(ref_obj_id=2,sz=8) R10=fp0 "
                      "fp-8=00000000 fp-16=m??????m fp-24=ctx() refs=2"))
      << verdict.log;
}

TEST_F(StateLogTest, InstructionsReadAsClientsExpect) {
  Code code = Join({LoadImm64(R10, 0xbad2310), Return0()});
  EXPECT_TRUE(HasLine(Judge(code).log, "0: (18) r10 = 0xbad2310"));
  EXPECT_TRUE(HasLine(Judge(Join({Call(195896080), Return0()})).log,
                      "0: (85) call unknown#195896080"));
  EXPECT_TRUE(HasLine(Judge(Join({Call(kMapLookup), Return0()})).log,
                      "0: (85) call bpf_map_lookup_elem#1"));
}

}  // namespace
}  // namespace ebpf::verifier
