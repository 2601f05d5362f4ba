// SPDX-License-Identifier: MIT
//
// Runs under qemu-user, as CPUs with and without each feature.
#include "arch/aarch64/machine/cpu_features.h"

#include "gtest/gtest.h"
#include "testing/host_port/host_machine.h"

namespace ebpf::aarch64 {
namespace {

TEST(CpuFeaturesTest, AreThoseThatLinuxTellsProcessesOf) {
  EXPECT_EQ(CpuFeatures(), ThisCpuFeatures());
}

}  // namespace
}  // namespace ebpf::aarch64
