// SPDX-License-Identifier: MIT
//
// A contract test, and its expectations.
#pragma once

#include "core/base/span.h"
#include "core/selftest/environment.h"

namespace ebpf::selftest {

/// Said of cases in which a mistake of a port's is easily the kernel's end.
inline constexpr bool kMayKill = true;

struct Case {
  const char* name;  // "Topic.Sentence"
  void (*run)(Environment& environment);
  /// The log then has its name before it runs: it is the last that is read.
  bool may_kill = false;
};

/// Calls `visit` with every case and the tier that it is of, in order.
void ForEachCase(void (*visit)(void* context, const Case& test, uint32_t tier),
                 void* context);

// The cases of each *_port_test.cc.
Span<const Case> CallCases();
Span<const Case> CpuCases();
Span<const Case> DeferCases();
Span<const Case> ExecCases();
Span<const Case> FilesCases();
Span<const Case> LogCases();
Span<const Case> MappableCases();
Span<const Case> MemoryCases();
Span<const Case> NofaultCases();
Span<const Case> RendezvousCases();
Span<const Case> StackCases();
Span<const Case> SymbolsCases();
Span<const Case> TaskCases();
Span<const Case> TextCases();
Span<const Case> ThisCpuCases();
Span<const Case> TimeCases();
Span<const Case> TimerCases();
Span<const Case> TrapCases();
Span<const Case> UserCases();
Span<const Case> VersionCases();

}  // namespace ebpf::selftest

#define PORT_EXPECT(environment, condition)                 \
  do {                                                      \
    if (!(condition)) {                                     \
      (environment).Failed(__FILE__, __LINE__, #condition); \
    }                                                       \
  } while (false)

/// Leaves the function where the condition does not hold.
#define PORT_ASSERT(environment, condition)                 \
  do {                                                      \
    if (!(condition)) {                                     \
      (environment).Failed(__FILE__, __LINE__, #condition); \
      return;                                               \
    }                                                       \
  } while (false)
