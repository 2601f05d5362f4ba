// SPDX-License-Identifier: MIT
//
// Memory at the end of a test: what is left to deferred work is given back by a
// thread of its own, a little later.
#pragma once

#include <stdint.h>

#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"

namespace guest {

/// What is allocated when deferred work has given back what it had: nothing
/// changed for some time. Context: task.
inline uint64_t SettledBalance() {
  constexpr int kQuietTicks = 20;
  constexpr int kMaxTicks = 500;
  uint64_t bytes = Balance().bytes;
  int quiet = 0;
  for (int i = 0; i < kMaxTicks && quiet < kQuietTicks; ++i) {
    SleepTicks(1);
    quiet = Balance().bytes == bytes ? quiet + 1 : 0;
    bytes = Balance().bytes;
  }
  return bytes;
}

/// Expects that the allocator's balance comes to `bytes`, some seconds at most.
/// Context: task.
inline void WaitForBalance(uint64_t bytes) {
  constexpr int kMaxTicks = 500;
  for (int i = 0; i < kMaxTicks && Balance().bytes != bytes; ++i) {
    SleepTicks(1);
  }
  GUEST_EXPECT_EQ(Balance().bytes, bytes);
}

/// Calls `first`, which makes what stays for all that come later (what all
/// probes share, tables that grew), then `body`, which must leave memory as it
/// was before. Context: task.
template <typename First, typename Body>
void WithBalance(First first, Body body) {
  first();
  const uint64_t memory = SettledBalance();
  body();
  WaitForBalance(memory);
  Line() << "  memory: " << memory << " bytes before, " << Balance().bytes
         << " after";
}

}  // namespace guest
