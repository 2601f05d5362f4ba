// SPDX-License-Identifier: MIT
//
// Without the host port: the kernel is the test.
#include "core/platform/worker.h"

#include <stdlib.h>
#include <string>

#include "core/platform/defer.h"
#include "core/platform/log.h"
#include "gtest/gtest.h"

namespace {

std::string printed;
bool may_print = true;
int wakes = 0;

void Print(ebpf::StringView text) { printed.append(text.data(), text.size()); }

int runs = 0;
void Run(ebpf_deferred* /*work*/) { ++runs; }
constinit ebpf_deferred first = {nullptr, Run};
constinit ebpf_deferred second = {nullptr, Run};

void Log(const std::string& text) { ebpf_port_log(text.data(), text.size()); }

}  // namespace

constinit const ebpf::WorkerKernel ebpf::worker_kernel = {
    .print = &Print,
    .may_print = [] { return may_print; },
    .wake = [] { ++wakes; }};

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace ebpf {
namespace {

/// One after another: there is one worker in a process.
TEST(WorkerTest, WorkAndLinesWaitForATask) {
  // Nobody to wake yet; a task that logs prints all that there is.
  EXPECT_FALSE(ebpf_port_defer(&first));
  may_print = false;
  Log("in a trap\n");
  EXPECT_EQ(printed, "");
  EXPECT_EQ(wakes, 0);
  may_print = true;
  Log("in a task\n");
  EXPECT_EQ(printed, "in a trap\nin a task\n");

  OpenWorker();
  printed.clear();
  EXPECT_TRUE(ebpf_port_defer(&first));
  EXPECT_TRUE(ebpf_port_defer(&second));
  EXPECT_EQ(wakes, 2);
  EXPECT_EQ(runs, 0);
  may_print = false;
  Log("in a trap\n");
  EXPECT_EQ(wakes, 3);
  EXPECT_EQ(printed, "");
  RunWork();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(printed, "in a trap\n");
  RunWork();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(printed, "in a trap\n");
}

}  // namespace
}  // namespace ebpf
