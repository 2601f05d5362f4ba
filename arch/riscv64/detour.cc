// SPDX-License-Identifier: MIT
//
// arch/riscv64/detour.h's implementation. Encodings: [riscv/unpriv].
#include "arch/riscv64/detour.h"

#include "arch/riscv64/emulation.h"
#include "arch/riscv64/encoder.h"
#include "arch/riscv64/insn_fields.h"
#include "arch/riscv64/liveness.h"
#include "arch/riscv64/probed_insn.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::riscv64 {
namespace {

using machine::DetourWindow;
using machine::ProbeMethod;
using machine::ProbePlan;
using Next = InsnEffect::Next;

constexpr unsigned kNearJumpSize = 4;
constexpr unsigned kFarJumpSize = 8;
constexpr uint32_t kSetStatusFromRa = 0x1000a073;  // csrs sstatus, ra

uint32_t LoadInsn(const uint8_t *at, unsigned size) {
  uint32_t insn = 0;
  CopyBytes(&insn, at, size);
  return LittleEndian(insn);
}

bool IsAuipc(uint32_t insn, unsigned size) {
  return size == 4 && Opcode(insn) == kOpAuipc;
}

/// Jumps to where a register says, and goes on there.
bool Leaves(const InsnEffect &effect) {
  return effect.next == Next::kReturn || effect.next == Next::kIndirect;
}

/// Whether a copy does what the original does.
bool CanMove(const ProbePlan &plan, const InsnEffect &effect) {
  switch (static_cast<Emulation>(plan.emulation & 0xff)) {
    case Emulation::kSetConstant:
      return !IsAuipc(LoadInsn(plan.insn, plan.insn_size), plan.insn_size);
    case Emulation::kAddImmediate:
    case Emulation::kLoadFromSp:
    case Emulation::kStoreToSp:
      return true;
    case Emulation::kJumpReg:
      return Leaves(effect);
    case Emulation::kStep:  // perhaps relocated by now
      return true;
    default:
      return false;
  }
}

// --- What a jump covers ----------------------------------------------------

/// Whether all jumps of the function are known, and none leads between `begin`
/// and `end`.
Status CheckJumps(ConstBytes code, size_t begin, size_t end) {
  uint32_t previous = 0;
  for (size_t at = 0; at < code.size();) {
    const uint8_t size = EBPF_TRY(ProbedInsn::Size(code.Subspan(at)));
    const uint32_t insn = LoadInsn(code.data() + at, size);
    const InsnEffect effect = EffectOf(insn, size);
    uint64_t target = at + static_cast<uint64_t>(effect.distance);
    bool has_target = effect.has_distance;
    if (effect.next == Next::kIndirect) {
      // Known where both are one far jump, which linkers take for a unit.
      has_target =
          size == 4 && IsAuipc(previous, 4) && Rd(previous) == Rs1(insn);
      target = at - 4 + static_cast<uint64_t>(ImmU(previous) + ImmI(insn));
      if (!has_target) {
        return Status::kInvalid;
      }
    }
    if (has_target && target > begin && target < end) {
      return Status::kInvalid;
    }
    previous = size == 4 ? insn : 0;
    at += size;
  }
  return Status::kOk;
}

/// A window of at least `jump_size` bytes, and at most `room`.
Result<DetourWindow> FindWindow(ConstBytes code, uint64_t function,
                                size_t offset, unsigned jump_size,
                                unsigned room, bool *leaves) {
  constexpr uint32_t kFullStub =
      machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;
  DetourWindow window = {};
  unsigned count = 0;
  *leaves = false;
  while (window.size < jump_size) {
    // The first also says whether an instruction begins at `offset`.
    const ProbePlan plan = EBPF_TRY(
        ProbedInsn::Plan(code, function, offset + window.size, kFullStub));
    const unsigned size = plan.insn_size;
    const uint32_t insn = LoadInsn(plan.insn, size);
    const InsnEffect effect = EffectOf(insn, size);
    if (*leaves || window.size + size > room || !CanMove(plan, effect) ||
        (count != 0 && effect.may_fault)) {
      return Status::kInvalid;
    }
    *leaves = Leaves(effect);
    CopyBytes(window.insns + window.size, plan.insn, size);
    window.size = static_cast<uint8_t>(window.size + size);
    ++count;
  }
  if (count > 1) {
    EBPF_TRY(CheckJumps(code, offset, offset + window.size));
  }
  return window;
}

// --- Dead registers, as DetourWindow::scratch has them ----------------------

/// 1 to 15 for the registers of kTemporaries, from the lowest on.
unsigned NumberOf(unsigned reg) {
  return reg < 8 ? reg - 4 : reg < 18 ? reg - 6 : reg - 16;
}
unsigned RegisterOf(unsigned number) {
  return number < 4 ? number + 4 : number < 12 ? number + 6 : number + 16;
}

/// The highest: t0, which CPUs take for a link, is the last choice.
unsigned Highest(RegisterSet set) { return BitWidth(set) - 1; }

unsigned DeadBefore(const DetourWindow &window) {
  return RegisterOf(window.scratch & 15);
}
unsigned DeadBehind(const DetourWindow &window) {
  return RegisterOf(window.scratch >> 4);
}

// --- Slots -------------------------------------------------------------------

/// Writes code that will run at `address`. What is out of reach, or one byte
/// too many, makes it fail.
class Writer {
 public:
  Writer(uint8_t *to, unsigned size, uint64_t address)
      : to_(to), size_(size), address_(address) {}

  bool ok() const { return ok_; }
  unsigned at() const { return at_; }

  void Put(uint32_t insn, unsigned size) {
    if (at_ + size > size_) {
      ok_ = false;
      return;
    }
    insn = LittleEndian(insn);
    CopyBytes(to_ + at_, &insn, size);
    at_ += size;
  }
  void Put2(uint32_t insn) { Put(insn, 2); }
  void Put4(uint32_t insn) { Put(insn, 4); }

  void JumpNear(unsigned link, uint64_t to) {
    const int64_t distance = DistanceTo(to);
    ok_ = ok_ && encode::Fits(distance, 21);
    Put4(encode::Jal(link, distance));
  }

  /// auipc, and an instruction with the rest as its immediate.
  void Far(unsigned reg, uint64_t to, uint32_t insn, unsigned rd) {
    const int64_t distance = DistanceTo(to);
    const int64_t upper = (distance + 0x800) >> 12;
    ok_ = ok_ && encode::Fits(upper, 20);
    Put4(encode::Auipc(reg, upper));
    Put4(encode::Imm(insn, rd, reg, distance - (upper << 12)));
  }
  void JumpFar(unsigned reg, uint64_t to) {
    Far(reg, to, encode::kJalr, encode::kZero);
  }
  void CallFar(unsigned link, uint64_t to) {
    Far(link, to, encode::kJalr, link);
  }

  void Copy(const DetourWindow &window) {
    ok_ = ok_ && at_ + window.size <= size_;
    if (ok_) {
      CopyBytes(to_ + at_, window.insns, window.size);
      at_ += window.size;
    }
  }

 private:
  int64_t DistanceTo(uint64_t to) const {
    return static_cast<int64_t>(to - address_ - at_);
  }

  uint8_t *const to_;
  const unsigned size_;
  const uint64_t address_;
  unsigned at_ = 0;
  bool ok_ = true;
};

}  // namespace

bool Detour::IsPossible(const ProbePlan &plan) {
  return CanMove(plan,
                 EffectOf(LoadInsn(plan.insn, plan.insn_size), plan.insn_size));
}

Result<DetourWindow> Detour::FindNear(ConstBytes code, uint64_t function,
                                      size_t offset) {
  constexpr unsigned kRoom = 6;
  bool leaves = false;
  return FindWindow(code, function, offset, kNearJumpSize, kRoom, &leaves);
}

Result<DetourWindow> Detour::FindFar(ConstBytes code, uint64_t function,
                                     size_t offset) {
  constexpr unsigned kRoom = 8;
  bool leaves = false;
  DetourWindow window = EBPF_TRY(
      FindWindow(code, function, offset, kFarJumpSize, kRoom, &leaves));
  const RegisterSet before = DeadAt(code, offset);
  // Behind what leaves nobody jumps back.
  const RegisterSet behind =
      leaves ? before : DeadAt(code, offset + window.size);
  if (before == 0 || behind == 0) {
    return Status::kInvalid;
  }
  window.scratch = static_cast<uint8_t>(NumberOf(Highest(before)) |
                                        NumberOf(Highest(behind)) << 4);
  return window;
}

bool Detour::Make(ProbePlan &plan, const DetourWindow &window, uint64_t slot,
                  uint64_t entry) {
  constexpr int64_t kFrame = sizeof(PtRegs);
  constexpr int64_t kRaAt = offsetof(PtRegs, x);
  constexpr int64_t kStatusAt = offsetof(PtRegs, status);
  const bool near = window.scratch == 0;
  const uint64_t back = plan.address + window.size;
  uint8_t bytes[machine::kMaxSlotSize] = {};
  uint8_t there_bytes[machine::kMaxJumpSize] = {};
  Writer there(there_bytes, sizeof(there_bytes), plan.address);
  Writer in(bytes, sizeof(bytes), slot);
  unsigned copy = 0;
  if (near) {
    there.JumpNear(encode::kZero, slot);
    in.Put2(encode::CAddi16sp(-kFrame));
    in.Put2(encode::CSdsp(encode::kRa, kRaAt));
    in.CallFar(encode::kRa, entry + kNearEntry);
    in.Put2(encode::CLdsp(encode::kRa, kStatusAt));
    in.Put4(kSetStatusFromRa);
    in.Put2(encode::CLdsp(encode::kRa, kRaAt));
    in.Put2(encode::CAddi16sp(kFrame));
    copy = in.at();
    in.Copy(window);
    in.JumpNear(encode::kZero, back);
  } else {
    const unsigned link = DeadBefore(window);
    there.JumpFar(link, slot);
    in.CallFar(link, entry + kFarEntrySize * (NumberOf(link) - 1));
    in.Put4(kSetStatusFromRa);
    in.Put2(encode::CLdsp(encode::kRa, kRaAt));
    in.Put2(encode::CAddi16sp(kFarFrame));
    copy = in.at();
    in.Copy(window);
    in.JumpFar(DeadBehind(window), back);
  }
  if (!there.ok() || !in.ok()) {
    return false;
  }
  plan.method = ProbeMethod::kDetour;
  plan.copy_offset = static_cast<uint8_t>(copy);
  plan.slot_size = static_cast<uint8_t>(in.at());
  plan.window_size = window.size;
  plan.jump_size = static_cast<uint8_t>(there.at());
  CopyBytes(plan.insn, window.insns, sizeof(window.insns));
  CopyBytes(plan.slot, bytes, sizeof(bytes));
  CopyBytes(plan.jump, there_bytes, sizeof(there_bytes));
  return true;
}

}  // namespace ebpf::riscv64
