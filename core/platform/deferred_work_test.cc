// SPDX-License-Identifier: MIT
//
// Without the host port, whose task would do the work.
#include "core/platform/deferred_work.h"

#include <stdlib.h>

#include "core/platform/log.h"
#include "gtest/gtest.h"

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace ebpf {
namespace {

int runs = 0;
void Run(ebpf_deferred* /*work*/) { ++runs; }
constinit ebpf_deferred work = {nullptr, Run};

TEST(DeferredWorkTest, WaitsForTheTaskAndIsRefusedBefore) {
  EXPECT_FALSE(ebpf_port_defer(&work));
  deferred_work.Open();
  EXPECT_TRUE(ebpf_port_defer(&work));
  EXPECT_EQ(runs, 0);
  deferred_work.Run();
  EXPECT_EQ(runs, 1);
  deferred_work.Run();
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace ebpf
