// SPDX-License-Identifier: MIT
//
// AArch64's macro assembler: calls, frames, stubs, and what comes afterwards.
#include "arch/aarch64/macro_assembler.h"

namespace ebpf::aarch64 {

using encode::PairMode;

namespace {

constexpr uint32_t kGuard = encode::Brk(0xebf);

/// Of EntryStub, behind its call.
constexpr size_t kStubTail = 4 * sizeof(uint32_t);
/// Of LoadFunctionAddress's long form, all of it.
constexpr size_t kLongAddress = 4 * sizeof(uint32_t);

uint32_t ReadInsn(const uint8_t* at) {
  return at[0] | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 |
         uint32_t{at[3]} << 24;
}
void WriteInsn(uint8_t* at, uint32_t insn) {
  for (unsigned i = 0; i < sizeof(insn); ++i) {
    at[i] = static_cast<uint8_t>(insn >> (8 * i));
  }
}

/// The registers of a frame, in the order of their words.
struct SavedRegisters {
  uint8_t registers[6];
  unsigned count = 0;
  /// 8 bytes each; sp stays a multiple of 16.
  int32_t Words() const { return static_cast<int32_t>((count + 1) & ~1u); }
};

}  // namespace

void MacroAssembler::CallHelper(uint64_t target, uint64_t from) {
  const auto distance = static_cast<int64_t>(target - from);
  if (from != 0 && (target & 3) == 0 && Reaches(distance, kCallReach)) {
    Emit(encode::kBl | encode::Imm26(distance >> 2));
  } else {
    EmitConstant(kScratchImm, target);
    Emit(encode::Blr(kScratchImm));
  }
  if ((context.live_after & 1) != 0) {
    Emit(encode::Mov(true, To(0), kResult));
  }
}

uint8_t MacroAssembler::LoadFunctionAddress(Reg dst, int64_t distance) {
  if (Reaches(distance, kImm19Reach)) {
    Emit(encode::Adr(To(dst), 0));
    return kOther;
  }
  Emit(encode::Adr(kScratchImm, 0),
       encode::MoveWide(encode::kMovz, false, kScratchFrame, 0, 0));
  Emit(encode::MoveWide(encode::kMovk, false, kScratchFrame, 0, 1),
       encode::AddSxtw(To(dst), kScratchImm, kScratchFrame));
  return kOther;
}

namespace {

SavedRegisters RegistersOf(const machine::FrameInfo& frame, unsigned r6) {
  SavedRegisters saved;
  if (frame.calls) {
    saved.registers[0] = 29;
    saved.registers[1] = 30;
    saved.count = 2;
  }
  for (unsigned reg = 6; reg <= 9; ++reg) {
    if ((frame.saved >> reg & 1) != 0) {
      saved.registers[saved.count++] = static_cast<uint8_t>(r6 + reg - 6);
    }
  }
  return saved;
}

}  // namespace

void MacroAssembler::Prologue(const FrameInfo& frame) {
  AtTarget();
  const SavedRegisters saved = RegistersOf(frame, To(6));
  const uint8_t* regs = saved.registers;
  if (saved.count == 0) {
    return;
  }
  if (saved.count == 1) {
    Emit(encode::StorePreIndex(regs[0], encode::kSp, -16));
    return;
  }
  Emit(encode::Pair(PairMode::kPreIndex, encode::kStore, true, regs[0], regs[1],
                    encode::kSp, -saved.Words()));
  if (frame.calls) {
    Emit(encode::AddSubImm(encode::kAddImm, true, kFp, encode::kSp, 0));
  }
  for (unsigned i = 2; i < saved.count; i += 2) {
    const auto word = static_cast<int32_t>(i);
    Emit(
        i + 1 < saved.count
            ? encode::Pair(PairMode::kOffset, encode::kStore, true, regs[i],
                           regs[i + 1], encode::kSp, word)
            : encode::AccessScaled(encode::kStore, 3, regs[i], encode::kSp, i));
  }
}

void MacroAssembler::Epilogue(const FrameInfo& frame) {
  const SavedRegisters saved = RegistersOf(frame, To(6));
  const uint8_t* regs = saved.registers;
  if (saved.count == 0) {
    return;
  }
  if (saved.count == 1) {
    Emit(encode::LoadPostIndex(regs[0], encode::kSp, 16));
    return;
  }
  for (unsigned i = 2; i < saved.count; i += 2) {
    const auto word = static_cast<int32_t>(i);
    Emit(i + 1 < saved.count
             ? encode::Pair(PairMode::kOffset, encode::kLoad, true, regs[i],
                            regs[i + 1], encode::kSp, word)
             : encode::AccessScaled(encode::kLoad, 3, regs[i], encode::kSp, i));
  }
  Emit(encode::Pair(PairMode::kPostIndex, encode::kLoad, true, regs[0], regs[1],
                    encode::kSp, saved.Words()));
}

// Both stubs keep the frame pointers' chain, and r10's register for C.

uint8_t MacroAssembler::EntryStub(int64_t /*distance*/) {
  Emit(encode::Pair(PairMode::kPreIndex, encode::kStore, true, kFp, kLr,
                    encode::kSp, -4),
       encode::AddSubImm(encode::kAddImm, true, kFp, encode::kSp, 0));
  Emit(encode::AccessScaled(encode::kStore, 3, kFrame, encode::kSp, 2),
       encode::AddSubImm(encode::kSubImm, true, kFrame, 1, kFrameBias));
  Emit(encode::kBl, encode::Mov(true, kResult, To(0)));
  Emit(encode::AccessScaled(encode::kLoad, 3, kFrame, encode::kSp, 2),
       encode::Pair(PairMode::kPostIndex, encode::kLoad, true, kFp, kLr,
                    encode::kSp, 4));
  Emit(encode::kRet);
  return kOther;
}

void MacroAssembler::CallbackStub() {
  Emit(encode::Pair(PairMode::kPreIndex, encode::kStore, true, kFp, kLr,
                    encode::kSp, -4),
       encode::AddSubImm(encode::kAddImm, true, kFp, encode::kSp, 0));
  Emit(encode::AccessScaled(encode::kStore, 3, kFrame, encode::kSp, 2),
       encode::AddSubImm(encode::kSubImm, true, kFrame, 1, kFrameBias));
  Emit(encode::Mov(true, kScratchImm, 2), encode::Mov(true, kScratch0, 0));
  Emit(encode::Pair(PairMode::kOffset, encode::kLoad, true, To(1), To(2),
                    kScratch0, 0),
       encode::Pair(PairMode::kOffset, encode::kLoad, true, To(3), To(4),
                    kScratch0, 2));
  Emit(encode::AccessScaled(encode::kLoad, 3, To(5), kScratch0, 4),
       encode::Blr(kScratchImm));
  Emit(encode::Mov(true, kResult, To(0)),
       encode::AccessScaled(encode::kLoad, 3, kFrame, encode::kSp, 2));
  Emit(encode::Pair(PairMode::kPostIndex, encode::kLoad, true, kFp, kLr,
                    encode::kSp, 4),
       encode::kRet);
}

void MacroAssembler::FillGuard(Span<uint8_t> bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(kGuard >> (8 * (i % 4)));
  }
}

void MacroAssembler::Patch(Span<uint8_t> code, size_t end, uint8_t form,
                           int64_t distance) {
  uint8_t* const behind = code.data() + end;
  uint8_t* at = behind - sizeof(uint32_t);
  uint32_t insn = ReadInsn(at);
  int64_t words = (distance + 4) >> 2;
  if (form == kOther && insn == encode::kRet) {  // EntryStub
    at -= kStubTail;
    insn = ReadInsn(at);
    words += kStubTail / sizeof(uint32_t);
    form = kImm26;
  }
  if (form == kImm26) {
    insn = (insn & ~encode::Imm26(-1)) | encode::Imm26(words);
  } else if (form == kImm19) {
    insn = (insn & ~encode::Imm19(-1)) | encode::Imm19(words);
  } else if (form == kImm14) {
    insn = (insn & ~encode::Imm14(-1)) | encode::Imm14(words);
  } else if ((insn & 0x9f000000) == encode::Adr(0, 0)) {
    insn = encode::Adr(insn & 31, distance + 4);
  } else {
    const auto offset = static_cast<uint32_t>(distance + kLongAddress);
    WriteInsn(behind - 12, encode::MoveWide(encode::kMovz, false, kScratchFrame,
                                            offset & 0xffff, 0));
    WriteInsn(behind - 8, encode::MoveWide(encode::kMovk, false, kScratchFrame,
                                           offset >> 16, 1));
    return;
  }
  WriteInsn(at, insn);
}

}  // namespace ebpf::aarch64
