// SPDX-License-Identifier: MIT
//
// The tests of the image, while a timer of ours interrupts them: where Hermit
// sees its interrupts, it switches tasks wherever they come.
#include "core/base/atomic.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"

namespace hermit {
namespace {

constexpr uint64_t kPeriod = 200'000;  // ns

constinit ebpf::Atomic<uint64_t> ticks{0};

bool Start(ebpf_timer* timer) {
  return ebpf_port_timer_start(timer, ebpf_port_time_ns() + kPeriod,
                               EBPF_TIMER_THIS_CPU);
}

void Expired(ebpf_timer* timer) {
  ticks.FetchAdd(1, ebpf::kRelaxed);
  (void)Start(timer);
}

constinit ebpf_timer timer = {.expired = &Expired, .port = {}};

}  // namespace

bool RunApplication() {
  const int error = guest::StartEbpf();
  if (error != 0 || !Start(&timer)) {
    guest::Line() << "[TEST] FAIL StartEbpf returns " << error;
    return false;
  }
  const bool passed = guest::RunAllTests();
  guest::Line() << ticks.Load(ebpf::kRelaxed) << " ticks of " << kPeriod / 1000
                << " us";
  return passed && ticks.Load(ebpf::kRelaxed) > 100;
}

}  // namespace hermit
