// SPDX-License-Identifier: MIT
//
// core/probes/kprobe.h over the registry, and the run of a site's consumers.
#include "core/probes/kprobe.h"

#include "core/machine/function_entry.h"
#include "core/probes/probe_registry.h"
#include "core/probes/probe_site.h"
#include "core/sync/read_section.h"

namespace ebpf {

Status Kprobe::Enable() { return ProbeRegistry::Get().Enable(*this); }
void Kprobe::Disable() { ProbeRegistry::Get().Disable(*this); }
void Kprobe::Detach() { ProbeRegistry::Get().Detach(*this); }
void Kprobe::Destroy() { ProbeRegistry::Get().Delete(*this); }

Result<Ref<Kprobe>> AttachKprobe(StringView symbol, uint64_t address,
                                 uint64_t offset, KprobeConsumer& consumer) {
  return ProbeRegistry::Get().Attach(symbol, address, offset, consumer);
}

Status InitProbes(const machine::MachineOps& ops, Allocator& allocator) {
  return ProbeRegistry::Get().Init(ops, allocator);
}

bool ExitProbes() { return ProbeRegistry::Get().Exit(); }

void ProbeSite::Run(machine::PtRegs& regs) {
  // Pairs with the releases in ProbeRegistry::AddProbe and GrowArray.
  ProbeArray* array = probes.Load(kAcquire);
  for (uint32_t i = 0; i < array->capacity; ++i) {
    Kprobe* probe = array->probes[i].Load(kAcquire);
    if (probe != nullptr && probe->enabled()) {
      probe->consumer_.Hit(regs);
      if (probe->consumer_.may_divert() &&
          machine::PcOf(regs) != plan.address) {
        return;
      }
    }
  }
}

extern "C" void ebpf_probe_run(ProbeSite* site, machine::PtRegs* regs) {
  ReadSection section;
  site->Run(*regs);
}

}  // namespace ebpf
