// SPDX-License-Identifier: MIT
//
// What a client does with iterators, step by step in our kernel and in the
// host's.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/caller/test_system.h"
#include "testing/oracle/both_kernels.h"
#include "testing/oracle/loaded_iterators.h"

namespace ebpf::oracle {

/// A step and what came of it.
using Steps = std::vector<std::string>;

/// Tests whose steps have to come out alike in both kernels.
class IteratorComparison : public ::testing::Test {
 protected:
  /// Runs `scenario` in both kernels and compares what it notes.
  template <typename Scenario>
  void Compare(Scenario scenario) {
    HostSide host;
    if (!host.IsThere()) {
      GTEST_SKIP() << "NO ORACLE: no bpf(2) or no types of the host's kernel";
    }
    OurSide ours;
    const Steps wanted = Run(host, scenario);
    const Steps found = Run(ours, scenario);
    ASSERT_EQ(found.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(found[i], wanted[i]) << "step " << i;
    }
    ours.client().fds().CloseAll();
    if (getenv("EBPF_SHOW_STEPS") != nullptr) {
      for (const std::string& step : wanted) {
        printf("%s\n", step.c_str());
      }
    }
    printf("%zu steps\n", wanted.size());
  }

  template <typename Scenario>
  static Steps Run(Side& side, Scenario scenario) {
    Steps steps;
    LoadedIterators loaded(side);
    if (!::testing::Test::HasFailure()) {
      scenario(loaded, [&](const std::string& name, const auto& answer) {
        std::ostringstream step;
        step << name << ": " << answer;
        steps.push_back(step.str());
      });
    }
    return steps;
  }

  TestSystem system_;
};

}  // namespace ebpf::oracle
