// SPDX-License-Identifier: MIT
//
// RISC-V's macro assembler: calls, frames, stubs, and what comes afterwards.
#include "arch/riscv64/macro_assembler.h"
#include "core/base/bits.h"

namespace ebpf::riscv64 {

namespace {

using encode::kRa;
using encode::kS0;
using encode::kSp;

/// Of the stubs: ra, s0, r10's register and the mask's.
constexpr int64_t kStubFrame = 32;

constexpr uint32_t kMoveResult =
    encode::TwoRegs(encode::kCMv, encode::kA0, encode::kA5);
constexpr uint32_t kReturn = encode::CJr(kRa);
/// Of EntryStub, behind its call: with the mask's register, and without.
constexpr size_t kLongStubTail = 14;
constexpr size_t kShortStubTail = 12;

/// AUIPC's part of a distance, and what is left for the next instruction.
struct Parts {
  int64_t upper;
  int64_t lower;
};
Parts PartsOf(int64_t distance) {
  const int64_t lower = SignExtend(static_cast<uint64_t>(distance), 12);
  return {(distance - lower) >> 12, lower};
}

uint32_t ReadHalf(const uint8_t* at) { return at[0] | uint32_t{at[1]} << 8; }
uint32_t ReadWord(const uint8_t* at) {
  return ReadHalf(at) | ReadHalf(at + 2) << 16;
}
void Write(uint8_t* at, uint32_t insn, unsigned size) {
  for (unsigned i = 0; i < size; ++i) {
    at[i] = static_cast<uint8_t>(insn >> (8 * i));
  }
}

/// C.J, C.BEQZ or C.BNEZ with another distance.
uint32_t PatchedShort(uint32_t insn, int64_t distance) {
  if (CompressedOpcode(static_cast<uint16_t>(insn)) == kCJ) {
    return encode::CJ(distance);
  }
  return (insn & ~encode::ShortBranchBits(-1)) |
         encode::ShortBranchBits(distance);
}

int64_t FrameSize(const machine::FrameInfo& frame) {
  int64_t words = frame.calls ? 2 : 0;
  for (unsigned reg = 6; reg <= 9; ++reg) {
    words += frame.saved >> reg & 1;
  }
  return (words + 1) / 2 * 16;
}

}  // namespace

void MacroAssembler::CallHelper(uint64_t target, uint64_t from) {
  const auto address = static_cast<int64_t>(target);
  const auto distance = static_cast<int64_t>(target - from);
  // A constant of two instructions is not longer than AUIPC and JALR, and in a
  // first pass nobody knows `from`.
  const bool is_short =
      encode::Fits(address, 32) || Emitter::ConstantLength(address) <= 2;
  if (from != 0 && encode::Fits(distance, 21)) {
    emit_.Word(encode::Jal(kRa, distance));
  } else if (from != 0 && !is_short &&
             distance > -static_cast<int64_t>(kCallReach) &&
             distance < static_cast<int64_t>(kCallReach)) {
    const Parts parts = PartsOf(distance);
    emit_.Word(encode::Auipc(kRa, parts.upper));
    emit_.Imm(encode::kJalr, kRa, kRa, parts.lower);
  } else {
    const int64_t lower = PartsOf(address).lower;
    if (encode::Fits(address, 32) && encode::Fits(address - lower, 32)) {
      emit_.Constant32(kScratchAddress, address - lower);
      if (lower == 0) {
        emit_.Half(encode::CJalr(kScratchAddress));
      } else {
        emit_.Imm(encode::kJalr, kRa, kScratchAddress, lower);
      }
    } else {
      emit_.Constant64(kScratchAddress, address);
      emit_.Half(encode::CJalr(kScratchAddress));
    }
  }
  if ((context.live_after & 1) != 0) {
    emit_.Move(To(0), encode::kA0);
  }
  zeros_ &= static_cast<uint16_t>(~kCallerSaved);
  signs_ &= static_cast<uint16_t>(~kCallerSaved);
  ForgetScratch();
}

uint8_t MacroAssembler::CallFunction(int64_t distance) {
  const uint8_t form = EmitLongJump(kRa, distance);
  AtTarget();
  return form;
}

uint8_t MacroAssembler::LoadFunctionAddress(Reg dst, int64_t /*distance*/) {
  emit_.Word(encode::Auipc(To(dst), 0));
  emit_.Imm(encode::kAddi, To(dst), To(dst), 0);
  Set(dst, kNothing);
  return kFar;
}

// A frame, from its top: ra and s0 where there are calls, then r6..r9.

void MacroAssembler::Prologue(const FrameInfo& frame) {
  const int64_t size = FrameSize(frame);
  if (size == 0) {
    return;
  }
  emit_.AddImm(kSp, kSp, -size);
  int64_t at = size;
  if (frame.calls) {
    emit_.Store(encode::kSd, kRa, kSp, at -= 8);
    emit_.Store(encode::kSd, kS0, kSp, at -= 8);
  }
  for (Reg reg = 6; reg <= 9; ++reg) {
    if ((frame.saved >> reg & 1) != 0) {
      emit_.Store(encode::kSd, To(reg), kSp, at -= 8);
    }
  }
  if (frame.calls) {
    emit_.AddImm(kS0, kSp, size);
  }
}

void MacroAssembler::Epilogue(const FrameInfo& frame) {
  const int64_t size = FrameSize(frame);
  if (size == 0) {
    return;
  }
  int64_t at = size;
  if (frame.calls) {
    emit_.Load(encode::kLd, kRa, kSp, at -= 8);
    emit_.Load(encode::kLd, kS0, kSp, at -= 8);
  }
  for (Reg reg = 6; reg <= 9; ++reg) {
    if ((frame.saved >> reg & 1) != 0) {
      emit_.Load(encode::kLd, To(reg), kSp, at -= 8);
    }
  }
  emit_.AddImm(kSp, kSp, size);
}

void MacroAssembler::JumpTo(Reg src) {
  uses_mask_ = true;  // another program may
  emit_.Half(encode::CJr(To(src)));
}

void MacroAssembler::EnterStub(bool sets_mask) {
  emit_.AddImm(kSp, kSp, -kStubFrame);
  emit_.Store(encode::kSd, kRa, kSp, 24);
  emit_.Store(encode::kSd, kS0, kSp, 16);
  emit_.Store(encode::kSd, kFrame, kSp, 8);
  emit_.AddImm(kS0, kSp, kStubFrame);
  if (sets_mask) {
    emit_.Store(encode::kSd, kMask, kSp, 0);
    emit_.Constant32(kMask, -1);
    emit_.ShiftRight(kMask, kMask, 32);
  }
  emit_.Move(kFrame, encode::kA1);
}

void MacroAssembler::LeaveStub(bool sets_mask) {
  emit_.Half(kMoveResult);
  if (sets_mask) {
    emit_.Load(encode::kLd, kMask, kSp, 0);
  }
  emit_.Load(encode::kLd, kFrame, kSp, 8);
  emit_.Load(encode::kLd, kS0, kSp, 16);
  emit_.Load(encode::kLd, kRa, kSp, 24);
  emit_.AddImm(kSp, kSp, kStubFrame);
  emit_.Half(kReturn);
}

uint8_t MacroAssembler::EntryStub(int64_t distance) {
  const bool sets_mask = uses_mask_ || !has_begun_;
  has_begun_ = true;
  EnterStub(sets_mask);
  EmitLongJump(kRa, distance);
  LeaveStub(sets_mask);
  return kShort;
}

void MacroAssembler::CallbackStub() {
  const bool sets_mask = uses_mask_ || !has_begun_;
  EnterStub(sets_mask);
  emit_.Move(kScratchAddress, encode::kA2);
  for (Reg reg = 5; reg >= 1; --reg) {
    emit_.Load(encode::kLd, To(reg), encode::kA0, 8 * (reg - 1));
  }
  emit_.Half(encode::CJalr(kScratchAddress));
  LeaveStub(sets_mask);
}

void MacroAssembler::FillGuard(Span<uint8_t> bytes) {
  // Zeros are no instruction, and never will be. [riscv/unpriv: C]
  for (uint8_t& byte : bytes) {
    byte = 0;
  }
}

void MacroAssembler::Patch(Span<uint8_t> code, size_t end, uint8_t form,
                           int64_t distance) {
  uint8_t* behind = code.data() + end;
  if (form == kShort) {
    uint8_t* const at = behind - 2;
    const uint32_t insn = ReadHalf(at);
    if (insn != kReturn) {
      Write(at, PatchedShort(insn, distance + 2), 2);
      return;
    }
    // EntryStub: the call is before its tail.
    const size_t tail = ReadHalf(behind - kShortStubTail) == kMoveResult
                            ? kShortStubTail
                            : kLongStubTail;
    behind -= tail;
    distance += static_cast<int64_t>(tail);
    form = Opcode(ReadWord(behind - 4)) == kOpJal ? kJal : kFar;
  }
  uint8_t* const at = behind - 4;
  const uint32_t insn = ReadWord(at);
  if (form == kBranch) {
    Write(at,
          (insn & ~encode::BranchBits(-1)) | encode::BranchBits(distance + 4),
          4);
  } else if (form == kJal) {
    Write(at, encode::Jal(Rd(insn), distance + 4), 4);
  } else {
    const Parts parts = PartsOf(distance + 8);
    Write(at, (insn & 0xfffff) | encode::Bits(parts.lower, 0, 12, 20), 4);
    Write(at - 4, encode::Auipc(Rd(ReadWord(at - 4)), parts.upper), 4);
  }
}

}  // namespace ebpf::riscv64
