// SPDX-License-Identifier: MIT
//
// The list of the contract's topics.
#include "testing/port_contract/contract.h"

#include "testing/port_contract/case.h"

namespace ebpf::port_contract {

void ForEachCase(void (*visit)(void* context, const Case& test),
                 void* context) {
  using Group = Span<const Case> (*)();
  constexpr Group kGroups[] = {
      CpuCases,   ThisCpuCases, MemoryCases,  TimeCases,       UserCases,
      TaskCases,  SymbolsCases, NofaultCases, DeferCases,      StackCases,
      TimerCases, LogCases,     TextCases,    RendezvousCases, ExecCases,
  };
  for (Group group : kGroups) {
    for (const Case& test : group()) {
      visit(context, test);
    }
  }
}

void RunContract(Environment& environment) {
  ForEachCase(
      [](void* context, const Case& test) {
        auto& environment = *static_cast<Environment*>(context);
        environment.Begin(test.name);
        test.run(environment);
        environment.End();
      },
      &environment);
}

}  // namespace ebpf::port_contract
