// SPDX-License-Identifier: MIT
#include "core/verifier/frame_state.h"

#include <memory>

#include "core/base/memory.h"
#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

TEST(FrameStateTest, SlotsCountDownFromTheFramePointer) {
  EXPECT_EQ(SlotOf(-1), 0u);
  EXPECT_EQ(SlotOf(-8), 0u);
  EXPECT_EQ(SlotOf(-9), 1u);
  EXPECT_EQ(SlotOf(-512), 63u);
  EXPECT_EQ(ByteInSlot(-8), 0u);
  EXPECT_EQ(ByteInSlot(-1), 7u);
  EXPECT_EQ(ByteInSlot(-16), 0u);
  EXPECT_EQ(ByteInSlot(-9), 7u);
}

TEST(FrameStateTest, NewSlotsAreInvalid) {
  const auto frame = std::make_unique<Frame>();
  frame->slots[1].bytes[3] = ByteKind::kMisc;  // left behind by another path
  frame->GrowTo(2);
  EXPECT_EQ(frame->slot_count, 2u);
  EXPECT_EQ(frame->slots[1].bytes[3], ByteKind::kInvalid);
  frame->slots[0].bytes[0] = ByteKind::kZero;
  frame->GrowTo(1);
  EXPECT_EQ(frame->slot_count, 2u);
  EXPECT_EQ(frame->slots[0].bytes[0], ByteKind::kZero);
}

TEST(FrameStateTest, DroppedSpillsAreNumbers) {
  StackSlot slot{};
  slot.bytes[0] = slot.bytes[1] = ByteKind::kSpill;
  slot.bytes[5] = ByteKind::kZero;
  slot.spilled = RegState::Constant(7);
  EXPECT_TRUE(slot.HasSpill());
  EXPECT_EQ(slot.SpillSize(), 2u);
  slot.DropSpill();
  EXPECT_FALSE(slot.HasSpill());
  EXPECT_EQ(slot.bytes[0], ByteKind::kMisc);
  EXPECT_EQ(slot.bytes[1], ByteKind::kMisc);
  EXPECT_EQ(slot.bytes[2], ByteKind::kInvalid);
  EXPECT_EQ(slot.bytes[5], ByteKind::kZero);
  EXPECT_EQ(slot.spilled.type, RegType::kUninitialized);
}

TEST(FrameStateTest, EachRegisterIsVisited) {
  const auto state = std::make_unique<State>();
  state->frame_count = 2;
  state->frames[1].GrowTo(3);
  state->frames[1].slots[2].bytes[0] = ByteKind::kSpill;
  unsigned visited = 0;
  ForEachReg(*state, [&](RegState&) { ++visited; });
  EXPECT_EQ(visited, 2u * isa::kRegisterCount + 1);
}

TEST(FrameStateTest, AResetStateIsThatOfAFunctionThatBegins) {
  const auto state = std::make_unique<State>();
  FillBytes(state.get(), 0xff, sizeof(*state));
  Reset(*state);
  EXPECT_EQ(state->frame_count, 1u);
  EXPECT_EQ(state->reference_count, 0u);
  EXPECT_EQ(state->lock.owner, nullptr);
  EXPECT_TRUE(state->regions == Regions{});
  const Frame& frame = state->current();
  EXPECT_EQ(frame.slot_count, 0u);
  EXPECT_EQ(frame.loops.loop, 0u);
  EXPECT_FALSE(frame.called_back);
  EXPECT_EQ(frame.async, Async::kNo);
  for (const RegState& reg : frame.regs) {
    EXPECT_EQ(reg.type, RegType::kUninitialized);
  }
}

}  // namespace
}  // namespace ebpf::verifier
