// SPDX-License-Identifier: MIT
//
// Without the host port: the kernel is the test, and fills what it gives.
#include "core/platform/budgeted_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vector>

#include "core/platform/log.h"
#include "core/platform/memory.h"
#include "gtest/gtest.h"

namespace {

constexpr size_t kBudget = 1000;

int asked = 0;
std::vector<size_t> given_back;

void* Alloc(size_t size, size_t align) {
  ++asked;
  void* memory = aligned_alloc(align, (size + align - 1) / align * align);
  memset(memory, 0xa5, size);
  return memory;
}

void Free(void* memory, size_t size, size_t align) {
  given_back = {size, align};
  free(memory);
}

}  // namespace

constinit const ebpf::BudgetedMemory ebpf::budgeted_memory = {
    .budget = kBudget, .alloc = &Alloc, .free = &Free};

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace ebpf {
namespace {

TEST(BudgetedMemoryTest, IsZeroedAndGivenBackAsItWas) {
  auto* memory = static_cast<uint8_t*>(ebpf_port_alloc(100, 64));
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(std::vector<uint8_t>(memory, memory + 100),
            std::vector<uint8_t>(100));
  ebpf_port_free(memory, 100, 64);
  EXPECT_EQ(given_back, (std::vector<size_t>{100, 64}));
}

TEST(BudgetedMemoryTest, NeverAsksTheKernelForMoreThanItHas) {
  void* most = ebpf_port_alloc(kBudget - 8, 8);
  ASSERT_NE(most, nullptr);
  asked = 0;
  EXPECT_EQ(ebpf_port_alloc(16, 8), nullptr);
  EXPECT_EQ(ebpf_port_alloc(SIZE_MAX, 8), nullptr);
  EXPECT_EQ(asked, 0);
  void* rest = ebpf_port_alloc(8, 8);
  EXPECT_NE(rest, nullptr);
  ebpf_port_free(rest, 8, 8);
  ebpf_port_free(most, kBudget - 8, 8);
}

TEST(BudgetedMemoryTest, WhatIsGivenBackMayBeHadAgain) {
  for (int i = 0; i < 3; ++i) {
    void* all = ebpf_port_alloc(kBudget, 8);
    ASSERT_NE(all, nullptr);
    ebpf_port_free(all, kBudget, 8);
  }
  given_back.clear();
  ebpf_port_free(nullptr, kBudget, 8);
  EXPECT_TRUE(given_back.empty());
}

}  // namespace
}  // namespace ebpf
