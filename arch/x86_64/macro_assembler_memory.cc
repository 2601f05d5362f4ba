// SPDX-License-Identifier: MIT
//
// x86-64's macro assembler: operands in memory, and atomic operations.
#include "arch/x86_64/macro_assembler.h"

namespace ebpf::x86_64 {

void MacroAssembler::LoadSwapped(unsigned bits, Reg dst, const Address& from) {
  const unsigned to = Of(dst);
  const Memory memory = At(from);
  if (bits == 16) {
    out_.LoadZx16(to, memory);
    out_.Rol16(to, 8);
  } else if (movbe_) {
    out_.Movbe(bits == 64, to, memory);
  } else {
    out_.Load(bits == 64, to, memory);
    out_.Bswap(bits == 64, to);
  }
}

void MacroAssembler::LoadAddress(Reg dst, const Address& address) {
  const bool wide = UpperIsRead(dst);
  const bool is_sum = address.index != machine::kNoReg && address.scale == 0 &&
                      address.offset == 0;
  if (is_sum && (dst == address.base || dst == address.index)) {
    const Reg other = dst == address.base ? address.index : address.base;
    out_.Alu(AluCode::kAdd, wide, Of(dst), Of(other));
    FlagsAreOf(wide, dst, false);
    return;
  }
  const size_t size = out_.size();
  out_.Lea(wide, Of(dst), At(address));
  FlagsStay(size, dst);
}

void MacroAssembler::AluMemory(Operation op, unsigned width, Reg dst,
                               const Address& from) {
  const bool wide = width == 64;
  if (op == Operation::kMul) {
    out_.Imul(wide, Of(dst), At(from));
    return;
  }
  const auto code = AluCode{CodeOf(op)};
  out_.Alu(code, wide, Of(dst), At(from));
  FlagsAreOf(wide, dst, IsLogical(code));
}

void MacroAssembler::MemoryAlu(Operation op, unsigned width, const Address& to,
                               Operand rhs) {
  const bool wide = width == 64;
  const auto code = AluCode{CodeOf(op)};
  if (rhs.is_imm()) {
    out_.Alu(code, wide, At(to), rhs.imm);
  } else {
    out_.Alu(code, wide, At(to), Of(rhs.reg));
  }
}

void MacroAssembler::Atomic(Operation op, unsigned width, const Address& to,
                            Reg src) {
  out_.Lock();
  out_.Alu(AluCode{CodeOf(op)}, width == 64, At(to), Of(src));
}

void MacroAssembler::AtomicFetch(Operation op, unsigned width,
                                 const Address& to, Reg src) {
  const bool wide = width == 64;
  const Memory memory = At(to);
  if (op == Operation::kXchg) {
    out_.Xchg(wide, memory, Of(src));
    return;
  }
  if (!IsRead(src)) {
    Atomic(op, width, to, src);  // ordered as well
    return;
  }
  if (op == Operation::kAdd) {
    out_.Lock();
    out_.Xadd(wide, memory, Of(src));
    return;
  }
  FetchByLoop(AluCode{CodeOf(op)}, wide, memory, Of(src),
              src != 0 && IsRead(0));
}

/// With CMPXCHG, which wants the old value in rax.
void MacroAssembler::FetchByLoop(AluCode code, bool wide, const Memory& to,
                                 unsigned src, bool keep_rax) {
  // What is in rax may be an operand, and may be wanted later.
  Memory memory = to;
  const bool is_operand =
      memory.base == kRax || memory.index == kRax || src == kRax;
  const bool copies = is_operand || keep_rax;
  uint8_t copy = kR11;
  while (memory.base == copy || memory.index == copy || src == copy) {
    --copy;  // one of r11, r10, r8 and rdi is none of the three
    copy = copy == kR9 ? uint8_t{kR8} : copy;
  }
  unsigned operand = src;
  if (copies) {
    out_.Push(copy);
    out_.Mov(true, copy, kRax);
    memory.base = memory.base == kRax ? copy : memory.base;
    memory.index = memory.index == kRax ? copy : memory.index;
    operand = src == kRax ? copy : src;
  }
  out_.Load(wide, kRax, memory);
  const size_t loop = out_.size();
  out_.Mov(wide, kScratch, kRax);
  out_.Alu(code, wide, kScratch, operand);
  out_.Lock();
  out_.Cmpxchg(wide, memory, kScratch);
  constexpr size_t kJump = 2;
  out_.Jcc8(Condition::kNe, -static_cast<int32_t>(out_.size() + kJump - loop));
  Move(wide, src, kRax);
  if (copies) {
    if (keep_rax) {
      out_.Mov(true, kRax, copy);
    }
    out_.Pop(copy);
  }
}

void MacroAssembler::CompareExchange(unsigned width, const Address& to,
                                     Reg src) {
  out_.Lock();
  out_.Cmpxchg(width == 64, At(to), Of(src));
  if (width == 32 && UpperIsRead(0)) {
    // Where the comparison succeeds, rax stays as it is.
    out_.Mov(false, kRax, kRax);
  }
}

}  // namespace ebpf::x86_64
