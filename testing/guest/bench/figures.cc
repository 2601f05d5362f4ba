// SPDX-License-Identifier: MIT
#include "testing/guest/bench/figures.h"

#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"

namespace guest::bench {
namespace {

/// The clock's steps, up to 100 ns, are then less than a hundredth of a call.
constexpr uint64_t kCallsOfBatch = 10'000;

uint64_t TicksOfBatch(void (*function)()) {
  const uintptr_t interrupts = machine::IrqSave();
  const uint64_t begin = machine::Nanoseconds();
  bench_loop(function, kCallsOfBatch);
  const uint64_t end = machine::Nanoseconds();
  machine::IrqRestore(interrupts);
  return end - begin;
}

void CheckBound(ebpf::StringView name, Hundredths value) {
  for (uint32_t i = 0; i < kMethod.bound_count; ++i) {
    if (name == ebpf::StringView(kMethod.bounds[i].name)) {
      const Hundredths most = kMethod.bounds[i].most * 100 + kClockStep;
      if (value > most) {
        Line() << name << " is above its bound of " << kMethod.bounds[i].most;
      }
      GUEST_EXPECT(value <= most);
      return;
    }
  }
  Line() << name << " has no bound";
  GUEST_EXPECT(kMethod.bounds == nullptr);
}

}  // namespace

bool Start() {
  static constinit bool started = false;
  if (!started) {
    started = StartEbpf() == 0;
  }
  return started;
}

Hundredths CostOfCall(void (*function)()) {
  uint64_t fewest = TicksOfBatch(function);
  for (uint32_t i = 1; i < kMethod.batches; ++i) {
    fewest = ebpf::Min(fewest, TicksOfBatch(function));
  }
  return (fewest * 100 + kCallsOfBatch / 2) / kCallsOfBatch;
}

void Samples::ReportAs(ebpf::StringView name) {
  for (uint32_t i = 1; i < count_; ++i) {
    for (uint32_t k = i; k > 0 && ticks_[k] < ticks_[k - 1]; --k) {
      ebpf::Swap(ticks_[k], ticks_[k - 1]);
    }
  }
  Report(name, "median", ticks_[count_ / 2] * 100);
  Report(name, "p99", ticks_[count_ * 99 / 100] * 100);
}

void Report(ebpf::StringView name, ebpf::StringView detail, Hundredths value) {
  char buffer[64];
  ebpf::TextWriter text(buffer, sizeof buffer);
  text.Put(name);
  if (!detail.empty()) {
    text.Put("/").Put(detail);
  }
  const uint64_t rest = value % 100;
  Line() << "figure " << text.text() << " " << value / 100 << "."
         << (rest < 10 ? "0" : "") << rest;
  if (kMethod.bounds != nullptr) {
    CheckBound(text.text(), value);
  }
}

}  // namespace guest::bench
