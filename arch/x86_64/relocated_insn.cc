// SPDX-License-Identifier: MIT
//
// Which stepped x86-64 instructions can run in a slot as they are, or with
// another displacement, and the jump back behind them.
#include "arch/x86_64/emulation.h"
#include "arch/x86_64/insn_decoder.h"
#include "arch/x86_64/probed_insn.h"
#include "core/base/memory.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

bool FitsInt32(int64_t value) { return static_cast<int32_t>(value) == value; }

/// How far `to` is from `from`, on a circle of addresses.
int64_t Distance(uint64_t from, uint64_t to) {
  return static_cast<int64_t>(to - from);
}

void Append(ProbePlan& plan, const void* bytes, size_t size) {
  CopyBytes(plan.slot + plan.slot_size, bytes, size);
  plan.slot_size = static_cast<uint8_t>(plan.slot_size + size);
}

/// jmp rel32, or jmp [rip + 0] and the address right behind.
void AppendJump(ProbePlan& plan, uint64_t slot, uint64_t to) {
  constexpr uint8_t kJump = 0xe9;
  constexpr uint8_t kJumpThrough[] = {0xff, 0x25, 0, 0, 0, 0};
  const int64_t distance =
      Distance(slot + plan.slot_size + sizeof(kJump) + sizeof(int32_t), to);
  if (FitsInt32(distance)) {
    const auto field = static_cast<int32_t>(distance);
    Append(plan, &kJump, sizeof(kJump));
    Append(plan, &field, sizeof(field));
  } else {
    Append(plan, kJumpThrough, sizeof(kJumpThrough));
    Append(plan, &to, sizeof(to));
  }
}

}  // namespace

bool ProbedInsn::Relocate(ProbePlan& plan, uint64_t slot) {
  const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
  const Result<DecodedInsn> insn =
      DecodeInsn(ConstBytes(plan.insn, plan.insn_size));
  if (plan.method != ProbeMethod::kStep || !insn.ok() ||
      (kind != Emulation::kStep && kind != Emulation::kStepPushFlags)) {
    return false;
  }
  const uint64_t next = plan.address + plan.insn_size;
  int64_t displacement = 0;
  if (insn->IsRipRelative()) {
    displacement = LoadSigned(plan.insn + insn->displacement_offset,
                              insn->displacement_size) +
                   Distance(slot + plan.insn_size, next);
    if (!FitsInt32(displacement)) {
      return false;
    }
  }
  plan.method = ProbeMethod::kRelocate;
  plan.slot_size = 0;
  Append(plan, plan.insn, plan.insn_size);
  if (insn->IsRipRelative()) {
    const auto field = static_cast<int32_t>(displacement);
    CopyBytes(plan.slot + insn->displacement_offset, &field, sizeof(field));
  }
  AppendJump(plan, slot, next);
  return true;
}

}  // namespace ebpf::x86_64
