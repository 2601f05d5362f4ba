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
  EXPECT_EQ(Text(RegState::Constant(32767)), "32767");
  EXPECT_EQ(Text(RegState::Constant(32768)), "0x8000");
  EXPECT_EQ(Text(RegState::Constant(static_cast<uint64_t>(-32768))), "-32768");
  EXPECT_EQ(Text(RegState::Constant(static_cast<uint64_t>(-32769))),
            "0xffffffffffff7fff");
  EXPECT_EQ(Text(RegState::UnknownScalar()), "scalar()");
  RegState reg = RegState::UnknownScalar();
  reg.value.wide.umax = 255;
  reg.value = Sync(reg.value);
  EXPECT_EQ(Text(reg),
            "scalar(smin=smin32=0,smax=umax=smax32=umax32=255,"
            "var_off=(0x0; 0xff))");
  reg = RegState::UnknownScalar();
  reg.value.low.umax = 7;
  reg.value = Sync(reg.value);
  reg.id = 3;
  EXPECT_EQ(Text(reg),
            "scalar(id=3,smax=0x7fffffff00000007,umax=0xffffffff00000007,"
            "smin32=0,smax32=umax32=7,var_off=(0x0; 0xffffffff00000007))");
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

TEST_F(StateLogTest, NegativeAndUnsignedBoundsAreNotMixed) {
  RegState reg = RegState::UnknownScalar();
  reg.value.wide = Range<uint64_t>::Signed(static_cast<uint64_t>(-1), 3);
  reg.value.low = Range<uint32_t>::Signed(static_cast<uint32_t>(-1), 3);
  reg.value = Sync(reg.value);
  EXPECT_EQ(Text(reg), "scalar(smin=smin32=-1,smax=smax32=3)");
}

TEST_F(StateLogTest, PacketsMemoryAndTypesShowWhatTheyAre) {
  RegState packet = RegState::Pointer(RegType::kPacket);
  packet.id = 1;
  packet.offset = 14;
  packet.memory_size = 34;
  EXPECT_EQ(Text(packet), "pkt(id=1,off=14,r=34)");
  EXPECT_EQ(Text(RegState::Pointer(RegType::kPacketMeta)), "pkt_meta(r=0)");
  EXPECT_EQ(Text(RegState::Pointer(RegType::kPacketEnd)), "pkt_end()");
  RegState memory = RegState::Pointer(RegType::kMemory);
  memory.memory_size = 16;
  memory.flags = kRegReadOnly;
  EXPECT_EQ(Text(memory), "rdonly_mem(sz=16)");
  EXPECT_EQ(Text(RegState::Pointer(RegType::kArena)), "arena");
  RegState typed = RegState::Pointer(RegType::kTyped);
  typed.flags = kRegNonOwning;
  typed.reference = 2;
  EXPECT_EQ(Text(typed), "ptr_(ref_obj_id=2,non_own_ref)");
}

TEST_F(StateLogTest, StatesShowRegistersStackAndReferences) {
  const Verdict verdict =
      Judge(Join({StoreImm(kDW, R10, -8, 0), StoreImm(kB, R10, -16, 3),
                  StoreImm(kB, R10, -9, 3), Store(kDW, R10, -24, R1),
                  Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), Return0()}),
            kLogStates);
  EXPECT_TRUE(HasLine(verdict.log,
                      "from 9 to 11: R0=ringbuf_mem(ref_obj_id=2,sz=8) "
                      "R10=fp0 fp-8=0 fp-16=m??????m fp-24=ctx() refs=2"))
      << verdict.log;
}

TEST_F(StateLogTest, PartsOfTheStackShowTheirStores) {
  const Verdict verdict = Judge(
      Join({StoreImm(kW, R10, -8, 5), StoreImm(kW, R10, -4, 1),
            StoreImm(kDW, R10, -16, -1), Call(kRandom),
            StoreImm(kB, R10, -24, 0), Store(kW, R10, -32, R0), Return0()}),
      kLogStates);
  EXPECT_TRUE(HasLine(verdict.log,
                      "0: (62) *(u32 *)(r10 -8) = 5          ; R10=fp0 "
                      "fp-8=????5"))
      << verdict.log;
  EXPECT_TRUE(HasLine(verdict.log,
                      "1: (62) *(u32 *)(r10 -4) = 1          ; R10=fp0 "
                      "fp-8=mmmmmmmm"))
      << verdict.log;
  EXPECT_TRUE(HasLine(verdict.log,
                      "4: (72) *(u8 *)(r10 -24) = 0          ; R10=fp0 "
                      "fp-24=???????0"))
      << verdict.log;
}

TEST_F(StateLogTest, ObjectsOnTheStackShowOnceWhatTheyAre) {
  Options options;
  options.type = FindProgramType(2);
  char buffer[512];
  Log log(kLogStates, buffer, sizeof(buffer));
  Stats stats;
  FailingAllocator allocator;
  Verification v({}, {}, options, allocator, log, stats);
  auto state = std::make_unique<State>();
  v.state = state.get();
  state->frame_count = 1;
  Frame& frame = state->current();
  frame.GrowTo(3);
  const auto fill = [&](uint32_t number, ByteKind kind, uint16_t flags) {
    StackSlot& slot = frame.slots[number];
    for (ByteKind& byte : slot.bytes) {
      byte = kind;
    }
    slot.spilled.flags = flags;
    slot.spilled.reference = 7;
    slot.spilled.depth = 2;
  };
  fill(0, ByteKind::kDynptr, kRegDynptrRing);
  fill(1, ByteKind::kDynptr, kRegDynptrRing | kRegFirstSlot);
  fill(2, ByteKind::kIterator, kRegFirstSlot | kRegIteratorActive);
  LogState(v);
  const StringView text = log.writer().text();
  EXPECT_EQ(std::string(text.data(), text.size()),
            " fp-16=dynptr_ringbuf(ref_id=7) "
            "fp-24=iter_(ref_id=7,state=active,depth=2)");
}

}  // namespace
}  // namespace ebpf::verifier
