// SPDX-License-Identifier: MIT
//
// x86-64's macro assembler: calls, frames, stubs, and what comes afterwards.
#include "arch/x86_64/macro_assembler.h"

namespace ebpf::x86_64 {
namespace {

/// INT3: one byte, so it traps wherever execution comes in.
constexpr uint8_t kGuard = 0xcc;

/// Of EntryStub, behind its call.
constexpr size_t kStubTail = 6;

constexpr unsigned kSavedRegs[] = {6, 7, 8, 9};

}  // namespace

void MacroAssembler::CallHelper(uint64_t target, uint64_t from) {
  constexpr uint64_t kCallSize = 5;
  const auto distance = static_cast<int64_t>(target - from - kCallSize);
  if (from != 0 && distance == static_cast<int32_t>(distance)) {
    out_.Call32(static_cast<int32_t>(distance));
    return;
  }
  // r0 is lost anyway, and has the shortest forms.
  if (target == static_cast<uint32_t>(target)) {
    out_.MovImm32(kRax, static_cast<uint32_t>(target));
  } else {
    Constant(kRax, target);
  }
  out_.CallTo(kRax);
}

void MacroAssembler::Prologue(const FrameInfo& frame) {
  if (frame.calls) {
    out_.Push(kRbp);
    out_.Mov(true, kRbp, kRsp);
  }
  bool aligned = true;
  for (const unsigned reg : kSavedRegs) {
    if ((frame.saved >> reg & 1) != 0) {
      out_.Push(kRegisters[reg]);
      aligned = !aligned;
    }
  }
  if (frame.calls && frame.calls_c && !aligned) {
    out_.Push(kRax);
  }
}

void MacroAssembler::Epilogue(const FrameInfo& frame) {
  bool aligned = true;
  for (const unsigned reg : kSavedRegs) {
    aligned ^= (frame.saved >> reg & 1) != 0;
  }
  if (frame.calls && frame.calls_c && !aligned) {
    out_.Pop(kScratch);
  }
  for (unsigned i = 4; i-- > 0;) {
    if ((frame.saved >> kSavedRegs[i] & 1) != 0) {
      out_.Pop(kRegisters[kSavedRegs[i]]);
    }
  }
  if (frame.calls) {
    out_.Pop(kRbp);
  }
}

uint8_t MacroAssembler::EntryStub(int64_t /*distance*/) {
  out_.Push(kRbp);
  out_.Mov(true, kRbp, kRsp);
  out_.Push(kR13);
  out_.Push(kR13);  // so that rsp is a multiple of 16
  out_.Mov(true, kR13, kRsi);
  out_.Call32(0);
  out_.Pop(kR13);  // kStubTail
  out_.Pop(kR13);
  out_.Pop(kRbp);
  out_.Ret();
  return kStub;
}

void MacroAssembler::CallbackStub() {
  const auto argument = [](int32_t index) {
    return Memory{kRdi, Memory::kNoIndex, 0, index * 8};
  };
  out_.Push(kRbp);
  out_.Mov(true, kRbp, kRsp);
  out_.Push(kR13);
  out_.Push(kR13);
  out_.Mov(true, kR13, kRsi);
  out_.Mov(true, kRax, kRdx);
  out_.Load(true, kRsi, argument(1));
  out_.Load(true, kRdx, argument(2));
  out_.Load(true, kRcx, argument(3));
  out_.Load(true, kR8, argument(4));
  out_.Load(true, kRdi, argument(0));
  out_.CallTo(kRax);
  out_.Pop(kR13);
  out_.Pop(kR13);
  out_.Pop(kRbp);
  out_.Ret();
}

void MacroAssembler::FillGuard(Span<uint8_t> bytes) {
  for (uint8_t& byte : bytes) {
    byte = kGuard;
  }
}

void MacroAssembler::Patch(Span<uint8_t> code, size_t end, uint8_t form,
                           int64_t distance) {
  if (form == kByte) {
    code[end - 1] = static_cast<uint8_t>(distance);
    return;
  }
  if (form == kStub) {
    end -= kStubTail;
    distance += static_cast<int64_t>(kStubTail);
  }
  for (unsigned i = 0; i < 4; ++i) {
    code[end - 4 + i] = static_cast<uint8_t>(distance >> (8 * i));
  }
}

}  // namespace ebpf::x86_64
