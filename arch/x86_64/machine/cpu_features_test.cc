// SPDX-License-Identifier: MIT
//
// Also runs under qemu-user, as CPUs with and without each feature.
#include "arch/x86_64/machine/cpu_features.h"

#include "gtest/gtest.h"
#include "testing/host_port/host_machine.h"

namespace ebpf::x86_64 {
namespace {

TEST(CpuFeaturesTest, AreThoseThatTheCompilerFinds) {
  EXPECT_EQ(CpuFeatures(), ThisCpuFeatures());
}

}  // namespace
}  // namespace ebpf::x86_64
