// SPDX-License-Identifier: MIT
//
// The frame of a program, its numbers, branches and loops.
#include <random>

#include "testing/fuzzing/grammar.h"

namespace ebpf::fuzzing {

Code Grammar::Program() {
  Emit(MovReg(R9, R1));
  known_.regs[R9] = Kind::kContext;
  Load64(R6, 0);
  Load64(R7, 8);
  Block(4 + source_.Below(40), 0);
  Emit(MovImm(R0, 0));
  if (source_.OneIn(4) && IsNumber(R7)) {
    Emit(MovReg(R0, R7));
  }
  Emit(Exit());
  AppendFunctions();
  AppendCallbacks();
  return code_;
}

void Grammar::Emit(const Code& code) {
  code_.insert(code_.end(), code.begin(), code.end());
}

void Grammar::Load64(Reg reg, int offset) {
  if (known_.regs[R9] == Kind::kContext) {
    if (target_ == Target::kPacket) {
      // Its length, mark, and other fields before the packet's addresses.
      Emit(Load(kW, reg, R9, offset / 8 % 17 * 4));
    } else {
      Emit(Load(kDW, reg, R9, offset));
    }
  } else {
    Emit(MovImm(reg, Immediate()));
  }
  known_.regs[reg] = Kind::kNumber;
}

bool Grammar::IsNumber(Reg reg) const {
  return known_.regs[reg] == Kind::kNumber || known_.regs[reg] == Kind::kSmall;
}

Reg Grammar::Number() {
  const Reg reg = Pick(
      [](Kind kind) { return kind == Kind::kNumber || kind == Kind::kSmall; });
  if (reg != R10) {
    return reg;
  }
  Load64(R7, 8 * static_cast<int>(source_.Below(21)));
  return R7;
}

int32_t Grammar::Immediate() {
  switch (source_.Below(4)) {
    case 0:
      return static_cast<int32_t>(source_.Below(32)) - 8;
    case 1:
      return static_cast<int32_t>(1u << source_.Below(32));
    case 2:
      return static_cast<int32_t>((1u << source_.Below(32)) - 1);
    default:
      return static_cast<int32_t>(source_.Word());
  }
}

void Grammar::Block(unsigned statements, unsigned depth) {
  for (unsigned i = 0; i < statements && !source_.empty() && code_.size() < 600;
       ++i) {
    Statement(depth);
  }
}

void Grammar::Statement(unsigned depth) {
  if (target_ == Target::kPacket && source_.OneIn(4)) {
    return source_.OneIn(2) ? CheckPacket() : AccessPacket();
  }
  switch (source_.Below(37)) {
    case 32:
      return CallbackLoop();
    case 33:
      return Walk();
    case 34:
      return TimedLoop(depth);
    case 35:
      return source_.OneIn(2) ? TailCall() : Ordered();
    case 36:
      return PerCpu();
    case 0:
      return Constant();
    case 1:
    case 2:
    case 3:
    case 4:
      return Arithmetic();
    case 5:
    case 6:
      return Bound();
    case 7:
      return Load64(Writable(), 8 * static_cast<int>(source_.Below(21)));
    case 8:
    case 9:
      return StoreToStack();
    case 10:
    case 11:
      return LoadFromStack();
    case 12:
      return VariableStack();
    case 13:
      return source_.OneIn(3) ? LookupTwo() : LookupValue();
    case 14:
      return LookupValue();
    case 15:
    case 16:
      return AccessValue();
    case 17:
    case 18:
    case 19:
      return IndexValue();
    case 20:
    case 21:
    case 22:
      return Branch(depth);
    case 23:
      return Loop(depth);
    case 24:
      return HelperCall();
    case 25:
      return Record(depth);
    case 26:
      return AtomicOperation();
    case 27:
      return FunctionCall();
    case 28:
      return Copy();
    case 29:
      return Unary();
    case 30:
      return MovePointer();
    default:
      return Anything();
  }
}

void Grammar::Constant() {
  const Reg reg = Writable();
  if (source_.OneIn(3)) {
    Emit(LoadImm64(reg, source_.Word()));
  } else if (source_.OneIn(2)) {
    Emit(Mov32Imm(reg, Immediate()));
  } else {
    Emit(MovImm(reg, Immediate()));
  }
  known_.regs[reg] = Kind::kNumber;
}

void Grammar::Arithmetic() {
  const Reg dst = Number();
  const AluCode code = kAluCodes[source_.Below(12)];
  const bool wide = source_.OneIn(2);
  const bool divides = code == kDiv || code == kMod;
  const int is_signed = divides && source_.OneIn(3) ? 1 : 0;
  if (dst == R10) {
    return;
  }
  if (source_.OneIn(2)) {
    const Reg src = Number();
    const int widths[] = {0, 8, 16, wide ? 32 : 16};
    const int offset = code == kMov ? widths[source_.Below(4)] : is_signed;
    Emit(wide ? AluReg(code, dst, src, offset)
              : Alu32Reg(code, dst, src, offset));
  } else {
    int32_t imm = Immediate();
    if (code == kLsh || code == kRsh || code == kArsh) {
      imm = static_cast<int32_t>(source_.Below(wide ? 64 : 32));
    } else if (divides && imm == 0) {
      imm = 3;
    }
    Emit(wide ? AluImm(code, dst, imm, is_signed)
              : Alu32Imm(code, dst, imm, is_signed));
  }
  known_.regs[dst] = Kind::kNumber;
}

void Grammar::Bound() {
  const Reg reg = Number();
  if (reg == R10) {
    return;
  }
  const int limit = 16;
  switch (source_.Below(7)) {
    case 0:
      Emit(AluImm(kAnd, reg, limit - 1));
      break;
    case 1:
      Emit(AluImm(kRsh, reg, 60));
      break;
    case 2:
      Emit(Alu32Imm(kRsh, reg, 28));
      break;
    case 3:
      Emit(JumpImm(kJlt, reg, limit, 2));
      Emit(Return0());
      break;
    case 4:
      Emit(JumpImm(kJsgt, reg, limit - 1, 1));
      Emit(JumpImm(kJsge, reg, 0, 2));
      Emit(Return0());
      break;
    case 5:
      Emit(Mov32Reg(reg, reg));
      Emit(Jump32Imm(kJle, reg, limit - 1, 2));
      Emit(Return0());
      break;
    default:
      Emit(AluImm(kLsh, reg, 32));
      Emit(AluImm(kArsh, reg, 32));
      Emit(AluImm(kAnd, reg, limit - 1));
  }
  known_.regs[reg] = Kind::kSmall;
}

void Grammar::EmitJump(int offset) {
  const Reg dst = Number();
  const JumpCode code = kJumpCodes[source_.Below(11)];
  const bool wide = !source_.OneIn(3);
  if (source_.OneIn(3)) {
    const Reg src = Number();
    Emit(wide ? JumpReg(code, dst, src, offset)
              : Jump32Reg(code, dst, src, offset));
  } else {
    const int32_t imm = Immediate();
    Emit(wide ? JumpImm(code, dst, imm, offset)
              : Jump32Imm(code, dst, imm, offset));
  }
}

Known Grammar::Meet(const Known& a, const Known& b) {
  Known both;
  for (size_t i = 0; i < both.regs.size(); ++i) {
    both.regs[i] = a.regs[i] == b.regs[i] ? a.regs[i] : Kind::kNothing;
    both.sizes[i] = std::min(a.sizes[i], b.sizes[i]);
  }
  for (size_t i = 0; i < both.slots.size(); ++i) {
    both.slots[i] = a.slots[i] && b.slots[i];
  }
  return both;
}

void Grammar::Branch(unsigned depth) {
  if (depth >= 3) {
    return;
  }
  EmitJump(0);
  const size_t jump = code_.size() - 1;
  const Known before = known_;
  Block(1 + source_.Below(4), depth + 1);
  if (source_.OneIn(2)) {
    Emit(Goto(0));
    const size_t over = code_.size() - 1;
    code_[jump].offset = static_cast<int16_t>(code_.size() - jump - 1);
    const Known first = known_;
    known_ = before;
    Block(1 + source_.Below(4), depth + 1);
    code_[over].offset = static_cast<int16_t>(code_.size() - over - 1);
    known_ = Meet(first, known_);
  } else {
    code_[jump].offset = static_cast<int16_t>(code_.size() - jump - 1);
    known_ = Meet(before, known_);
  }
}

void Grammar::Loop(unsigned depth) {
  if (depth >= 2 || in_loop_) {
    return;
  }
  in_loop_ = true;
  constexpr int kCounter = -256;
  Emit(StoreImm(kDW, R10, kCounter, 0));
  const size_t head = code_.size();
  const Known before = known_;
  Block(1 + source_.Below(4), depth + 1);
  Emit(Load(kDW, R1, R10, kCounter));
  Emit(AluImm(kAdd, R1, 1));
  Emit(Store(kDW, R10, kCounter, R1));
  const int turns = 1 + static_cast<int>(source_.Below(12));
  Emit(JumpImm(kJlt, R1, turns,
               static_cast<int>(head) - static_cast<int>(code_.size()) - 1));
  known_ = Meet(before, known_);
  known_.regs[R1] = Kind::kNumber;
  in_loop_ = false;
}

void Grammar::TimedLoop(unsigned depth) {
  if (depth >= 2 || in_loop_) {
    return;
  }
  in_loop_ = true;
  const size_t head = code_.size();
  Emit(Raw(0xe5, 0, 0, 0, 0));
  const Known before = known_;
  Block(1 + source_.Below(4), depth + 1);
  Emit(Goto(static_cast<int>(head) - static_cast<int>(code_.size()) - 1));
  code_[head].offset = static_cast<int16_t>(code_.size() - head - 1);
  known_ = Meet(before, known_);
  in_loop_ = false;
}

void Grammar::Copy() {
  const Reg src = Pick([](Kind kind) { return kind != Kind::kNothing; });
  const Reg dst = Writable();
  if (known_.regs[src] == Kind::kRecord) {
    return;
  }
  Emit(source_.OneIn(4) ? Mov32Reg(dst, src) : MovReg(dst, src));
  const bool whole = code_.back().opcode == 0xbf;
  known_.regs[dst] = whole ? known_.regs[src] : Kind::kNumber;
  known_.sizes[dst] = known_.sizes[src];
}

void Grammar::Unary() {
  const Reg reg = Number();
  if (reg == R10) {
    return;
  }
  const int widths[] = {16, 32, 64};
  switch (source_.Below(4)) {
    case 0:
      Emit(Negate(reg));
      break;
    case 1:
      Emit(Raw(0x84, reg, 0, 0, 0));
      break;
    case 2:
      Emit(ByteSwap(reg, widths[source_.Below(3)]));
      break;
    default:
      Emit(Raw(source_.OneIn(2) ? 0xd4 : 0xdc, reg, 0, 0,
               widths[source_.Below(3)]));
  }
  known_.regs[reg] = Kind::kNumber;
}

void Grammar::Anything() {
  if (!source_.OneIn(60)) {
    return Arithmetic();
  }
  isa::Insn insn{};
  insn.opcode = source_.Byte();
  insn.dst = source_.Below(11) & 0xf;
  insn.src = source_.Below(11) & 0xf;
  insn.offset = static_cast<int16_t>(source_.Below(32)) - 16;
  insn.imm = Immediate();
  Emit(insn);
}
uint64_t ByteSource::Word() {
  uint64_t word = 0;
  for (unsigned i = 1 + Below(8); i > 0; --i) {
    word = word << 8 | Byte();
  }
  return OneIn(3) ? ~word : word;
}

verifier::Code DecodeProgram(ByteSource& source, Target target) {
  return Grammar(source, target).Program();
}

std::vector<uint8_t> RandomBytes(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) {
    byte = static_cast<uint8_t>(random());
  }
  return bytes;
}

}  // namespace ebpf::fuzzing
