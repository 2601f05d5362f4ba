// SPDX-License-Identifier: MIT
//
// Where a jump may stand in place of a breakpoint, and when it does. DESIGN.md,
// "Detours".
#include "core/base/memory.h"
#include "core/platform/symbol_name.h"
#include "core/platform/text.h"
#include "core/probes/probe_registry.h"

namespace ebpf {
namespace {

using machine::DetourWindow;
using machine::ProbeMethod;
using machine::ProbePlan;

// What is decoded for one probe; few functions are larger.
constexpr size_t kMaxFunctionSize = 64 << 10;

constexpr StringView kPart = ".cold";

/// Whether the compiler has put a part of the function elsewhere, which jumps
/// back to anywhere.
bool HasPartElsewhere(const ebpf_symbol& function) {
  constexpr StringView kParts[] = {".cold", ".cold.0", ".cold.1"};
  char name[kMaxSymbolName];
  const size_t size = ReadSymbolName(function, name).size();
  for (const StringView part : kParts) {
    ebpf_symbol other;
    if (size + part.size() > sizeof(name)) {
      return true;  // perhaps
    }
    CopyBytes(name + size, part.data(), part.size());
    if (ebpf_port_symbol_by_name(name, size + part.size(), &other)) {
      return true;
    }
  }
  return false;
}

/// Whether another function begins inside of the window.
bool IsEnteredInside(const ebpf_symbol& function, uint64_t address,
                     uint64_t size) {
  for (uint64_t at = 1; at < size; ++at) {
    ebpf_symbol inside;
    if (!ebpf_port_symbol_by_address(address + at, &inside) ||
        inside.address != function.address) {
      return true;
    }
  }
  return false;
}

}  // namespace

/// Whether any function has a part elsewhere, that we know: in most kernels
/// none has, and a name that there is not takes long to be sought.
bool ProbeRegistry::HasPartsElsewhere() {
  char name[kMaxSymbolName];
  uint64_t position = 0;
  ebpf_symbol symbol;
  bool any = false;
  while (ebpf_port_symbol_next(&position, &symbol)) {
    any = true;
    StringView rest = ReadSymbolName(symbol, name);
    while (rest.size() >= kPart.size()) {
      if (rest.StartsWith(kPart)) {
        return true;
      }
      rest = rest.Substring(1);
    }
  }
  return !any;
}

/// Fails where a jump cannot stand; for whatever reason, the breakpoint does.
Result<DetourWindow> ProbeRegistry::FindWindow(const ProbePlan& plan,
                                               bool is_far) {
  ebpf_symbol function;
  if (!ebpf_port_symbol_by_address(plan.address, &function) ||
      function.size > kMaxFunctionSize) {
    return Status::kInvalid;
  }
  Bytes code = EBPF_TRY(allocator_->NewArray<uint8_t>(function.size));
  CopyBytes(code.data(), reinterpret_cast<const void*>(function.address),
            code.size());
  HideBreakpoints(function.address, code);
  const auto find = is_far ? ops_->find_far_window : ops_->find_window;
  const Result<DetourWindow> window =
      find(code, function.address, plan.address - function.address);
  allocator_->DeleteArray(code);
  if (!window.ok()) {
    return window.status();
  }
  const bool may =
      !HasSiteInside(plan.address, window->size) &&
      !IsPatchedAround(function, plan.address, window->size, is_far) &&
      !IsEnteredInside(function, plan.address, window->size) &&
      IsAllowed(plan.address, window->size) &&
      ebpf_port_may_detour(plan.address, window->size) &&
      (window->size <= plan.insn_size || !has_parts_elsewhere_ ||
       !HasPartElsewhere(function));
  return may ? Result<DetourWindow>(*window) : Status::kInvalid;
}

/// Whether what is patched jumps into the window; or, where a register has to
/// be dead behind it, whether anything of the function is patched: which ways
/// lead on from there is then more than what can be seen.
bool ProbeRegistry::IsPatchedAround(const ebpf_symbol& function,
                                    uint64_t address, uint64_t size,
                                    bool is_far) {
  return reserved_ != nullptr &&
         (reserved_->is_entered(address + 1, size - 1) ||
          (is_far && reserved_->overlaps(function.address, function.size)));
}

bool ProbeRegistry::HasSiteInside(uint64_t address, uint64_t size) {
  for (uint64_t at = 1; at < size; ++at) {
    if (table_.Find(address + at) != nullptr) {
      return true;
    }
  }
  return false;
}

void ProbeRegistry::PlanDetour(ProbeSite& site) {
  if (!relocates_ || machine_detour_text.begin == nullptr ||
      ops_->find_window == nullptr || site.was_armed || !site.may_detour) {
    return;
  }
  site.may_detour = false;  // as it is now; nobody asks again
  // The first look is a quick one.
  if (!ops_->may_detour(site.plan) ||
      HasSiteInside(site.plan.address, site.plan.insn_size + 1u)) {
    return;
  }
  if (!MakeDetour(site, false) && ops_->find_far_window != nullptr) {
    (void)MakeDetour(site, true);
  }
}

bool ProbeRegistry::MakeDetour(ProbeSite& site, bool is_far) {
  const Result<DetourWindow> window = FindWindow(site.plan, is_far);
  if (!window.ok()) {
    return false;
  }
  const Result<uint64_t> slot =
      slots_.Allocate(*allocator_, site.plan.address,
                      is_far ? ops_->far_reach : ops_->relocate_reach);
  if (!slot.ok()) {
    return false;
  }
  ProbePlan plan = site.plan;
  if (!ops_->make_detour(
          plan, *window, *slot,
          reinterpret_cast<uintptr_t>(machine_detour_text.begin))) {
    slots_.Return(*slot);
    return false;
  }
  // It was never armed, so no trap is looking.
  slots_.SetOrigin(*slot, plan.address, plan.copy_offset,
                   machine::SizeInSlot(plan));
  if (site.slot != 0) {
    slots_.Return(site.slot);
  }
  site.plan = plan;
  site.slot = *slot;
  return true;
}

template <typename P>
void ProbeRegistry::PlanDetours(Span<P> probes) {
  for (const P& probe : probes) {
    PlanDetour(*probe->site_);
  }
}

template <typename P>
void ProbeRegistry::WriteJumps(Span<P> probes) {
  if (waiting_jumps_ != 0) {
    RetryJumps();
    return;
  }
  for (const P& probe : probes) {
    waiting_jumps_ += detours_.WantJump(*probe->site_);
  }
  waiting_jumps_ += detours_.WriteJumps();
}

void ProbeRegistry::RetryJumps() {
  if (waiting_jumps_ != 0) {
    DetourPatches* detours = &detours_;
    size_t left = 0;
    table_.ForEach([&](ProbeSite& site) { left += detours->WantJump(site); });
    waiting_jumps_ = left + detours->WriteJumps();
  }
}

Status ProbeRegistry::RevertDetoursOver(uint64_t address) {
  if (ops_->find_window == nullptr) {
    return Status::kOk;
  }
  for (uint64_t before = 1; before < machine::kMaxWindowSize; ++before) {
    ProbeSite* site = table_.Find(address - before);
    if (site != nullptr && site->plan.method == ProbeMethod::kDetour &&
        site->plan.window_size > before) {
      EBPF_TRY(RevertDetour(*site));
    }
  }
  return Status::kOk;
}

/// Makes the site one with a breakpoint for good.
Status ProbeRegistry::RevertDetour(ProbeSite& site) {
  Place place;
  if (!ebpf_port_symbol_by_address(site.plan.address, &place.function)) {
    return Status::kInvalid;
  }
  place.offset = site.plan.address - place.function.address;
  ProbePlan plan = EBPF_TRY(Plan(place));
  const uint64_t old_slot = site.slot;
  uint64_t slot = 0;
  if (plan.method == ProbeMethod::kStep) {
    slot = EBPF_TRY(AllocateSlot(plan));
    if (plan.method == ProbeMethod::kRelocate) {
      slots_.SetOrigin(slot, plan.address, plan.copy_offset,
                       machine::SizeInSlot(plan));
    }
  }
  const Status status = DetourPatches::Revert(site, plan, slot);
  const uint64_t unused = IsOk(status) ? old_slot : slot;
  if (unused != 0) {
    slots_.Free(unused);
  }
  return status;
}

// For core/probes/probe_registry.cc.
template void ProbeRegistry::PlanDetours(Span<Kprobe* const>);
template void ProbeRegistry::PlanDetours(Span<const Ref<Kprobe>>);
template void ProbeRegistry::WriteJumps(Span<Kprobe* const>);
template void ProbeRegistry::WriteJumps(Span<const Ref<Kprobe>>);

}  // namespace ebpf
