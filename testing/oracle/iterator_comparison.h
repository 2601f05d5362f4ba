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
    CompareWith(host, scenario, /*with_elements=*/false);
  }

  /// The same of a scenario that has programs for elements of maps.
  template <typename Scenario>
  void CompareElements(Scenario scenario) {
    HostSide host;
    if (!host.IsThere()) {
      GTEST_SKIP() << "NO ORACLE: no bpf(2) or no types of the host's kernel";
    }
    if (!HostIteratesElements()) {
      GTEST_SKIP() << "NO ORACLE: the host's kernel refuses every program of "
                      "iter/bpf_map_elem (EPERM)";
    }
    CompareWith(host, scenario, /*with_elements=*/true);
  }

 private:
  template <typename Scenario>
  void CompareWith(HostSide& host, Scenario scenario, bool with_elements) {
    OurSide ours;
    const Steps wanted = Run(host, scenario, with_elements);
    const Steps found = Run(ours, scenario, with_elements);
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
  static Steps Run(Side& side, Scenario scenario, bool with_elements) {
    Steps steps;
    LoadedIterators loaded(side, with_elements);
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
