// SPDX-License-Identifier: MIT
#include "core/memory/locked_memory.h"

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(LockedMemoryTest, AsMuchIsLockedAsTheLimitAndWhatIsFreeAllow) {
  const Ref<LockedMemory> memory = *LockedMemory::Create(PortAllocator());
  memory->SetLimit(100);
  EXPECT_EQ(memory->Lock(100, 50), Status::kOk);
  EXPECT_EQ(memory->Lock(51, 50), Status::kNotPermitted);
  EXPECT_EQ(memory->Lock(50, 50), Status::kOk);
  EXPECT_EQ(memory->Lock(1, 50), Status::kNotPermitted);
  memory->Unlock(100);
  EXPECT_EQ(memory->Lock(101, 50), Status::kNotPermitted);
  EXPECT_EQ(memory->Lock(100, 50), Status::kOk);
}

TEST(LockedMemoryTest, TheLimitIsLinuxsUntilItIsSet) {
  const Ref<LockedMemory> memory = *LockedMemory::Create(PortAllocator());
  EXPECT_EQ(memory->Lock((8 << 20) + 1, 0), Status::kNotPermitted);
  EXPECT_EQ(memory->Lock(8 << 20, 0), Status::kOk);
  memory->SetLimit(0);
  EXPECT_EQ(memory->Lock(1, 1), Status::kNotPermitted);
}

TEST(LockedMemoryTest, NumbersThatAreTooLargeAreTooMuch) {
  const Ref<LockedMemory> memory = *LockedMemory::Create(PortAllocator());
  EXPECT_EQ(memory->Lock(1, 0), Status::kOk);
  EXPECT_EQ(memory->Lock(UINT64_MAX, 0), Status::kNotPermitted);
  memory->SetLimit(UINT64_MAX);
  EXPECT_EQ(memory->Lock(UINT64_MAX, 10), Status::kNotPermitted);
  EXPECT_EQ(memory->Lock(UINT64_MAX - 1, 10), Status::kOk);
}

}  // namespace
}  // namespace ebpf
