// SPDX-License-Identifier: MIT
//
// Without the host port, whose tasks are preempted.
#include <stdlib.h>

#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/text.h"
#include "gtest/gtest.h"

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace {

TEST(UnpreemptedTest, NothingGoesOnElsewhere) {
  EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_NONE);
  int seen = 0;
  EXPECT_EQ(
      ebpf_port_saved_pcs(
          [](void* count, uintptr_t /*pc*/) { ++*static_cast<int*>(count); },
          &seen),
      0);
  EXPECT_EQ(seen, 0);
  ebpf_port_preempt_enable(ebpf_port_preempt_disable());
}

}  // namespace
