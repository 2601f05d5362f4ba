// SPDX-License-Identifier: MIT
//
// Some random programs in every engine of this CPU; run.sh runs more.
#include <cstdio>

#include "gtest/gtest.h"
#include "testing/differential/compare.h"

namespace ebpf::differential {
namespace {

TEST(EnginesTest, RandomProgramsDoTheSameInEachEngine) {
  const Figures figures = CompareEngines(20260224, 1000, false);
  std::printf("%llu programs, %llu not verified\n",
              static_cast<unsigned long long>(figures.programs),
              static_cast<unsigned long long>(figures.unverified));
  EXPECT_EQ(figures.mismatches, 0u);
  EXPECT_LE(figures.unverified, figures.programs / 100);
  EXPECT_GE(figures.loops, 3 * figures.programs / 10);
  EXPECT_GE(figures.calls, 3 * figures.programs / 10);
}

}  // namespace
}  // namespace ebpf::differential
