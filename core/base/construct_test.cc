// SPDX-License-Identifier: MIT
#include "core/base/construct.h"

#include <memory>
#include <new>

#include "core/base/static_storage.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(ConstructTest, ObjectsLiveBetweenConstructAndDestroy) {
  const auto counted = std::make_shared<int>(1);
  alignas(std::shared_ptr<int>) uint8_t memory[sizeof(std::shared_ptr<int>)];
  auto* object = ConstructAt<std::shared_ptr<int>>(memory, counted);
  EXPECT_EQ(counted.use_count(), 2);
  EXPECT_EQ(static_cast<void*>(object), static_cast<void*>(memory));
  DestroyAt(object);
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(ConstructTest, StandsBesideTheStandardLibrarysPlacementNew) {
  alignas(int) uint8_t memory[sizeof(int)];
  EXPECT_EQ(*new (memory) int(3), 3);
  EXPECT_EQ(*ConstructAt<int>(memory, 4), 4);
}

constinit StaticStorage<std::shared_ptr<int>> storage;

TEST(StaticStorageTest, ConstructsAndDestroysByHandAndAgain) {
  const auto counted = std::make_shared<int>(7);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(storage.Construct(counted), counted);
    EXPECT_EQ(counted.use_count(), 2);
    EXPECT_EQ(**storage, 7);
    EXPECT_EQ(storage->get(), counted.get());
    storage.Destroy();
    EXPECT_EQ(counted.use_count(), 1);
  }
}

}  // namespace
}  // namespace ebpf
