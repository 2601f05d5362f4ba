// SPDX-License-Identifier: MIT
//
// The list of the contract's topics.
#include "testing/port_contract/contract.h"

#include "testing/port_contract/case.h"

namespace ebpf::port_contract {

void RunContract(Environment& environment) {
  using Group = Span<const Case> (*)();
  constexpr Group kGroups[] = {
      CpuCases,     MemoryCases,  TimeCases,  UserCases,
      TaskCases,    SymbolsCases, NofaultCases, DeferCases,
      LogCases,     TextCases,    RendezvousCases,
  };
  for (Group group : kGroups) {
    for (const Case& test : group()) {
      environment.Begin(test.name);
      test.run(environment);
      environment.End();
    }
  }
}

}  // namespace ebpf::port_contract
