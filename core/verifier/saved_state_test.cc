// SPDX-License-Identifier: MIT
#include "core/verifier/saved_state.h"

#include <memory>

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::verifier {
namespace {

std::unique_ptr<State> SomeState() {
  auto state = std::make_unique<State>();
  state->frame_count = 2;
  state->reference_count = 1;
  state->references[0] = Reference{5, 17, 0};
  state->frames[0].regs[6] = RegState::Constant(42);
  state->frames[1].regs[1] = RegState::Pointer(RegType::kContext);
  state->frames[1].call_site = 9;
  state->frames[1].subprogram = 1;
  state->frames[1].GrowTo(2);
  state->frames[1].slots[1].bytes[0] = ByteKind::kZero;
  return state;
}

TEST(SavedStateTest, RestoresWhatWasSaved) {
  FailingAllocator allocator;
  const auto state = SomeState();
  const Result<SavedState*> saved = SavedState::Make(*state, allocator);
  ASSERT_TRUE(saved.ok());
  const auto other = std::make_unique<State>();
  other->frame_count = 1;
  (*saved)->RestoreTo(*other);
  EXPECT_EQ(other->frame_count, 2u);
  EXPECT_EQ(other->reference_count, 1u);
  EXPECT_EQ(other->references[0].insn, 17u);
  EXPECT_TRUE(other->frames[0].regs[6].IsConstant());
  EXPECT_EQ(other->frames[0].slot_count, 0u);
  EXPECT_EQ(other->frames[1].regs[1].type, RegType::kContext);
  EXPECT_EQ(other->frames[1].call_site, 9u);
  EXPECT_EQ(other->frames[1].subprogram, 1u);
  EXPECT_EQ(other->frames[1].slots[1].bytes[0], ByteKind::kZero);
  (*saved)->Free(allocator);
}

TEST(SavedStateTest, TakesNoMoreMemoryThanItNeeds) {
  FailingAllocator allocator;
  const auto state = SomeState();
  const Result<SavedState*> saved = SavedState::Make(*state, allocator);
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(allocator.outstanding_bytes(), SavedState::SizeOf(*state));
  EXPECT_EQ((*saved)->size(), SavedState::SizeOf(*state));
  EXPECT_LT((*saved)->size(), 4096u);
  (*saved)->Free(allocator);
}

TEST(SavedStateTest, SaysThatThereIsNoMemory) {
  FailingAllocator allocator(1);
  EXPECT_EQ(SavedState::Make(*SomeState(), allocator).status(),
            Status::kNoMemory);
}

}  // namespace
}  // namespace ebpf::verifier
