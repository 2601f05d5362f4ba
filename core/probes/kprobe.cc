// SPDX-License-Identifier: MIT
//
// core/probes/kprobe.h over the registry, and the run of a site's consumers.
#include "core/probes/kprobe.h"

#include "core/machine/function_entry.h"
#include "core/platform/cpu.h"
#include "core/probes/probe_registry.h"
#include "core/probes/probe_site.h"
#include "core/sync/read_section.h"

namespace ebpf {

namespace {

/// A span of one, as of those that are made of many.
Span<Kprobe* const> One(Kprobe* const& probe) {
  return Span<Kprobe* const>(&probe, 1);
}

}  // namespace

Status Kprobe::Enable() {
  Kprobe* const self = this;
  return ProbeRegistry::Get().EnableMany(One(self));
}
void Kprobe::Disable() {
  Kprobe* const self = this;
  ProbeRegistry::Get().DisableMany(One(self));
}
void Kprobe::Detach() {
  Kprobe* const self = this;
  ProbeRegistry::Get().DetachMany(One(self));
}
void Kprobe::Destroy() { ProbeRegistry::Get().Delete(*this); }

Result<Ref<Kprobe>> AttachKprobe(StringView symbol, uint64_t address,
                                 uint64_t offset, KprobeConsumer& consumer) {
  return ProbeRegistry::Get().Attach(symbol, address, offset, consumer);
}

Status InitProbes(const machine::MachineOps& ops, Allocator& allocator) {
  return ProbeRegistry::Get().Init(ops, allocator);
}

Status CheckKprobe(uint64_t address, bool say_why) {
  return ProbeRegistry::Get().Check(address, say_why);
}

void RefuseKprobes(const char* why) { ProbeRegistry::Get().RefuseAll(why); }

Status AttachKprobes(Span<const uint64_t> addresses, KprobeConsumer& consumer,
                     Span<Ref<Kprobe>> probes) {
  return ProbeRegistry::Get().AttachMany(addresses, consumer, probes);
}

Status EnableKprobes(Span<const Ref<Kprobe>> probes) {
  return ProbeRegistry::Get().EnableMany(probes);
}

void DisableKprobes(Span<const Ref<Kprobe>> probes) {
  ProbeRegistry::Get().DisableMany(probes);
}

void DetachKprobes(Span<const Ref<Kprobe>> probes) {
  ProbeRegistry::Get().DetachMany(probes);
}

void SetReservedText(const ReservedText* text) {
  ProbeRegistry::Get().SetReserved(text);
}

bool ExitProbes() { return ProbeRegistry::Get().Exit(); }

inline void ProbeSite::Run(machine::PtRegs& regs) {
  // Pairs with the release in ProbeRegistry::AddProbe.
  Kprobe* probe = first.Load(kAcquire);
  if (probe == nullptr || probe->next_.Load(kAcquire) != nullptr) {
    RunAll(probe, regs);
  } else if (probe->enabled()) {
    probe->consumer_.Hit(regs);  // as nearly always
  }
}

[[gnu::noinline]] void ProbeSite::RunAll(Kprobe* probe, machine::PtRegs& regs) {
  for (; probe != nullptr; probe = probe->next_.Load(kAcquire)) {
    if (probe->enabled()) {
      probe->consumer_.Hit(regs);
      if (probe->consumer_.may_divert() &&
          machine::PcOf(regs) != plan.address) {
        return;
      }
    }
  }
}

extern "C" void ebpf_probe_run(ProbeSite* site, machine::PtRegs* regs) {
  site->Run(*regs);
}

uint64_t OriginalPc(uint64_t pc) {
  const uintptr_t irq = ebpf_port_irq_save();
  // Pairs with the release in ProbeRegistry::Init.
  const bool inited = probe_shared.cpus.Load(kAcquire) != nullptr;
  const uint64_t original =
      inited ? probe_shared.slots.Load(kRelaxed)->OriginOf(pc) : pc;
  ebpf_port_irq_restore(irq);
  return original;
}

}  // namespace ebpf
