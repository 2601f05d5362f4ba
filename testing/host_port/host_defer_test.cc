// SPDX-License-Identifier: MIT
#include "testing/host_port/host_defer.h"

#include <atomic>
#include <vector>

#include "core/platform/cpu.h"
#include "core/platform/defer.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

struct Work : ebpf_deferred {
  std::vector<int>* log;
  int number;
  int again;

  static void Run(ebpf_deferred* self) {
    auto* work = static_cast<Work*>(self);
    work->log->push_back(work->number);
    if (work->again-- > 0) {
      EXPECT_TRUE(ebpf_port_defer(self));
    }
  }
};

TEST(HostDeferTest, RunsInTheOrderOfArrivalWhenTheTestSaysSo) {
  std::vector<int> log;
  Work first{{nullptr, &Work::Run}, &log, 1, 0};
  Work second{{nullptr, &Work::Run}, &log, 2, 0};
  EXPECT_TRUE(ebpf_port_defer(&first));
  EXPECT_TRUE(ebpf_port_defer(&second));
  EXPECT_TRUE(log.empty());

  EXPECT_EQ(RunHostDeferred(), 2u);

  EXPECT_EQ(log, (std::vector<int>{1, 2}));
  EXPECT_EQ(RunHostDeferred(), 0u);
}

TEST(HostDeferTest, WorkMayBeHandedOverAgainFromInside) {
  std::vector<int> log;
  Work work{{nullptr, &Work::Run}, &log, 7, 2};
  EXPECT_TRUE(ebpf_port_defer(&work));
  EXPECT_EQ(RunHostDeferred(), 3u);
}

TEST(HostDeferTest, AWorkerRunsItOnItsOwnCpu) {
  struct Ask : ebpf_deferred {
    std::atomic<uint32_t> cpu{99};
    static void Run(ebpf_deferred* self) {
      static_cast<Ask*>(self)->cpu = ebpf_port_cpu_id();
    }
  } ask;
  ask.run = &Ask::Run;
  {
    HostDeferWorker worker(3);
    EXPECT_TRUE(ebpf_port_defer(&ask));
    while (ask.cpu == 99) {
      ebpf_port_relax();
    }
  }
  EXPECT_EQ(ask.cpu, 3u);
}

TEST(HostDeferTest, APortWithoutItRefuses) {
  std::vector<int> log;
  Work work{{nullptr, &Work::Run}, &log, 1, 0};
  SetHostDeferSupport(false);
  EXPECT_FALSE(ebpf_port_defer(&work));
  SetHostDeferSupport(true);
  EXPECT_EQ(RunHostDeferred(), 0u);
}

}  // namespace
}  // namespace ebpf
