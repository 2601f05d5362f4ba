// SPDX-License-Identifier: MIT
//
// testing/linux_calls/compare.h's implementation.
#include "testing/linux_calls/compare.h"

#include <cstdio>
#include <cstring>

#include "gtest/gtest.h"
#include "testing/caller/test_system.h"

namespace ebpf::linux_calls {
namespace {

std::string Name(int64_t answer) {
  if (answer >= 0) {
    return std::to_string(answer);
  }
  const char* name = strerrorname_np(static_cast<int>(-answer));
  return name != nullptr ? std::string("-") + name : std::to_string(answer);
}

void CompareSteps(const Record& ours, const Record& host) {
  ASSERT_EQ(ours.steps().size(), host.steps().size());
  size_t excused = 0;
  for (size_t i = 0; i < ours.steps().size(); ++i) {
    const Record::Step& our_step = ours.steps()[i];
    const Record::Step& host_step = host.steps()[i];
    ASSERT_EQ(our_step.name, host_step.name);
    if (our_step.answer == host_step.answer) {
      continue;
    }
    if (!our_step.excuse.empty()) {
      ++excused;
      printf("  excused: %s: ours %s, Linux %s: %s\n", our_step.name.c_str(),
             Name(our_step.answer).c_str(), Name(host_step.answer).c_str(),
             our_step.excuse.c_str());
      continue;
    }
    ADD_FAILURE() << our_step.name << ": ours " << Name(our_step.answer)
                  << ", Linux " << Name(host_step.answer);
  }
  printf("  %zu steps compared, %zu differences excused\n", ours.steps().size(),
         excused);
}

}  // namespace

void Compare(const Scenario& scenario) {
  std::string reason;
  const std::unique_ptr<Kernel> host = HostKernel(reason);
  if (host == nullptr) {
    fprintf(stderr, "NOT COMPARED WITH LINUX: %s\n", reason.c_str());
    GTEST_SKIP() << "not compared with Linux: " << reason;
  }
  Record ours;
  Record linux_record;
  {
    TestSystem system;
    scenario(*OurKernel(), ours);
  }
  scenario(*host, linux_record);
  CompareSteps(ours, linux_record);
}

}  // namespace ebpf::linux_calls
