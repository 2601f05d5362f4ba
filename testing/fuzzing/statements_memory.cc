// SPDX-License-Identifier: MIT
//
// Statements that access memory: stack, map values, records.
#include "testing/fuzzing/grammar.h"

namespace ebpf::fuzzing {

int Grammar::SlotOffset() {
  return -8 * (1 + static_cast<int>(source_.Below(source_.OneIn(40) ? 66 : 6)));
}

void Grammar::StoreToStack() {
  const int offset = SlotOffset();
  const unsigned size = source_.OneIn(3) ? source_.Below(4) : 3;
  const int within =
      static_cast<int>(source_.Below(8)) / kSizeBytes[size] * kSizeBytes[size];
  if (source_.OneIn(3)) {
    Emit(StoreImm(kSizes[size], R10, offset + within, Immediate()));
  } else {
    const Reg reg = size == 3 ? Pick([](Kind kind) {
      return kind != Kind::kNothing && kind != Kind::kRecord;
    })
                              : Number();
    Emit(Store(kSizes[size], R10, offset + within, reg));
  }
  const size_t index = SlotIndex(offset);
  if (size == 3 && index < known_.slots.size()) {
    known_.slots[index] = true;
  }
}

void Grammar::LoadFromStack() {
  int offset = SlotOffset();
  for (int i = 0; i < 6; ++i) {
    const size_t index = SlotIndex(offset);
    if (index < known_.slots.size() && known_.slots[index]) {
      break;
    }
    offset = -8 * (1 + i);
  }
  const size_t index = SlotIndex(offset);
  if (index >= known_.slots.size() ||
      (!known_.slots[index] && !source_.OneIn(60))) {
    return StoreToStack();
  }
  const unsigned size = source_.OneIn(4) ? source_.Below(4) : 3;
  const int within =
      static_cast<int>(source_.Below(8)) / kSizeBytes[size] * kSizeBytes[size];
  const Reg reg = Writable();
  if (size != 3 && source_.OneIn(3)) {
    Emit(LoadSigned(kSizes[size], reg, R10, offset + within));
  } else {
    Emit(Load(kSizes[size], reg, R10, offset + within));
  }
  // May be a pointer again; then what follows may not fit.
  known_.regs[reg] = Kind::kNumber;
}

void Grammar::VariableStack() {
  const Reg index = Pick([](Kind kind) { return kind == Kind::kSmall; });
  const Reg pointer = Writable();
  if (index == R10 || index == pointer) {
    return Bound();
  }
  if (!source_.OneIn(40)) {
    for (int i = 1; i <= 4; ++i) {
      Emit(StoreImm(kDW, R10, -8 * i, Immediate()));
      known_.slots[SlotIndex(-8 * i)] = true;
    }
  }
  Emit(MovReg(pointer, R10));
  Emit(AluImm(kAdd, pointer,
              source_.OneIn(24) ? Immediate() % 64
                                : -16 - static_cast<int>(source_.Below(17))));
  Emit(AluReg(kAdd, pointer, index));
  known_.regs[pointer] = Kind::kNothing;
  if (source_.OneIn(2)) {
    Emit(StoreImm(kB, pointer, 0, Immediate()));
  } else {
    const Reg value = Writable();
    Emit(Load(kB, value, pointer, 0));
    known_.regs[value] = Kind::kNumber;
  }
}

void Grammar::LookupValue() {
  const bool is_hash = source_.OneIn(2);
  Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(3))));
  known_.slots[0] = true;
  Emit(Join({MovReg(R2, R10), AluImm(kAdd, R2, -8),
             LoadMap(R1, is_hash ? kHash : kArray), Call(kMapLookup)}));
  CallerSavedGone();
  if (!source_.OneIn(80)) {
    Emit(JumpImm(kJne, R0, 0, 2));
    Emit(Return0());
  }
  const Reg reg = static_cast<Reg>(R6 + source_.Below(3));
  if (source_.OneIn(2)) {
    Emit(MovReg(reg, R0));
    known_.regs[reg] = is_hash ? Kind::kValue48 : Kind::kValue16;
  }
  known_.regs[R0] = is_hash ? Kind::kValue48 : Kind::kValue16;
}

void Grammar::LookupTwo() {
  for (const Reg reg : {R6, R7}) {
    Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(4))));
    Emit(Join({MovReg(R2, R10), AluImm(kAdd, R2, -8), LoadMap(R1, kHash),
               Call(kMapLookup), MovReg(reg, R0)}));
  }
  known_.slots[0] = true;
  CallerSavedGone();
  known_.regs[R6] = known_.regs[R7] = Kind::kNothing;
  Emit(JumpImm(kJne, R7, 0, 2));
  Emit(Return0());
  known_.regs[R7] = Kind::kValue48;
  if (!source_.OneIn(20)) {
    Emit(JumpImm(kJne, R6, 0, 2));
    Emit(Return0());
  }
  known_.regs[R6] = Kind::kValue48;
  AccessAt(R6, static_cast<int>(source_.Below(40)), source_.Below(4));
}

Reg Grammar::Value(int& size) {
  const Reg reg = Pick([](Kind kind) {
    return kind == Kind::kValue16 || kind == Kind::kValue48 ||
           kind == Kind::kRecord;
  });
  if (reg != R10) {
    size = known_.regs[reg] == Kind::kValue48 ? 48 : 16;
    return reg;
  }
  Emit(LoadMapValue(R8, source_.OneIn(120) ? kReadOnly : kArray));
  known_.regs[R8] = Kind::kValue16;
  size = 16;
  return R8;
}

void Grammar::AccessAt(Reg pointer, int offset, unsigned size) {
  switch (source_.Below(3)) {
    case 0: {
      const Reg reg = Writable();
      if (reg == pointer) {
        return Emit(StoreImm(kSizes[size], pointer, offset, Immediate()));
      }
      Emit(size != 3 && source_.OneIn(3)
               ? LoadSigned(kSizes[size], reg, pointer, offset)
               : Load(kSizes[size], reg, pointer, offset));
      known_.regs[reg] = Kind::kNumber;
      return;
    }
    case 1:
      return Emit(StoreImm(kSizes[size], pointer, offset, Immediate()));
    default:
      return Emit(Store(kSizes[size], pointer, offset, Number()));
  }
}

void Grammar::CheckPacket() {
  if (known_.regs[R9] != Kind::kContext) {
    return;
  }
  Emit(Load(kW, R2, R9, kPacketBegin));
  Emit(Load(kW, R3, R9, kPacketEnd));
  const Reg index = Pick([](Kind kind) { return kind == Kind::kSmall; });
  if (index != R10 && index > R4 && source_.OneIn(2)) {
    Emit(AluReg(kAdd, R2, index));
  }
  const int size = 1 + static_cast<int>(source_.Below(24));
  Emit(MovReg(R4, R2));
  Emit(AluImm(kAdd, R4, size));
  // Strictly below: one byte more.
  int checked = size;
  switch (source_.Below(6)) {
    case 0:
      Emit(JumpReg(kJle, R4, R3, 2));
      break;
    case 1:
      Emit(JumpReg(kJge, R3, R4, 2));
      break;
    case 2:
      Emit(JumpReg(kJgt, R4, R3, 1));
      Emit(Goto(2));
      break;
    case 3:
      Emit(JumpReg(kJlt, R3, R4, 1));
      Emit(Goto(2));
      break;
    case 4:
      Emit(JumpReg(kJlt, R4, R3, 2));
      checked = size + 1;
      break;
    default:
      Emit(JumpReg(kJgt, R3, R4, 2));
      checked = size + 1;
  }
  Emit(Return0());
  const Reg reg = static_cast<Reg>(R6 + source_.Below(3));
  Emit(MovReg(reg, R2));
  known_.regs[R2] = known_.regs[R3] = known_.regs[R4] = Kind::kNothing;
  known_.regs[reg] = Kind::kPacket;
  known_.sizes[reg] = checked;
}

void Grammar::AccessPacket() {
  const Reg reg = Pick([](Kind kind) { return kind == Kind::kPacket; });
  if (known_.regs[reg] != Kind::kPacket) {
    return CheckPacket();
  }
  const int size = known_.sizes[reg];
  if (size >= 8 && source_.OneIn(5)) {
    // A key in the packet.
    Emit(Join({MovReg(R2, reg), LoadMap(R1, kHash), Call(kMapLookup)}));
    CallerSavedGone();
    Emit(JumpImm(kJne, R0, 0, 2));
    Emit(Return0());
    known_.regs[R0] = Kind::kValue48;
    return;
  }
  const unsigned width = source_.Below(4);
  const int slack = size - kSizeBytes[width];
  AccessAt(reg,
           slack < 0 || source_.OneIn(80)
               ? slack + static_cast<int>(source_.Below(3)) - 1
               : static_cast<int>(source_.Below(slack + 1u)),
           width);
}

void Grammar::AccessValue() {
  int bytes = 0;
  const Reg reg = Value(bytes);
  const unsigned size = source_.Below(4);
  const int slack = bytes - kSizeBytes[size];
  // Mostly inside; sometimes at the edge, or a byte beyond it.
  const int offset = source_.OneIn(60)
                         ? slack + static_cast<int>(source_.Below(3)) - 1
                         : static_cast<int>(source_.Below(slack + 1u));
  AccessAt(reg, offset, size);
}

void Grammar::IndexValue() {
  int bytes = 0;
  const Reg base = Value(bytes);
  const Reg number = Number();
  const Reg pointer = static_cast<Reg>(R2 + source_.Below(4));
  if (base == number || base == pointer || number == R10) {
    return;
  }
  const unsigned size = source_.Below(4);
  int mask = (1 << source_.Below(5)) - 1;
  while (mask + kSizeBytes[size] > bytes) {
    mask >>= 1;
  }
  const int slack = bytes - kSizeBytes[size] - mask;
  const int offset = source_.OneIn(120) || slack < 0
                         ? slack + static_cast<int>(source_.Below(3)) - 1
                         : static_cast<int>(source_.Below(slack + 1u));
  // The number or a copy of it, so that what is learnt is learnt of both.
  const Reg index = source_.OneIn(2) ? number : pointer;
  if (index == pointer) {
    Emit(MovReg(pointer, number));
  }
  if (source_.OneIn(2)) {
    Emit(AluImm(kAnd, index, mask));
  } else {
    Emit(source_.OneIn(2) ? JumpImm(kJle, index, mask, 2)
                          : JumpImm(kJlt, index, mask + 1, 2));
    Emit(Return0());
  }
  if (index == pointer) {
    Emit(AluReg(kAdd, pointer, base));
  } else {
    Emit(MovReg(pointer, base));
    Emit(AluReg(kAdd, pointer, index));
    known_.regs[index] = Kind::kSmall;
  }
  known_.regs[pointer] = Kind::kNothing;
  AccessAt(pointer, offset, size);
  if (source_.OneIn(2)) {
    // Nothing is believed of it, but there it is.
    known_.regs[pointer] = Kind::kNothing;
  }
}

void Grammar::Ordered() {
  const unsigned size = source_.Below(4);
  const Reg reg = source_.OneIn(2) ? Writable() : Number();
  Reg base = R10;
  int offset = -8 * (1 + static_cast<int>(source_.Below(4)));
  if (source_.OneIn(2)) {
    int bytes = 0;
    base = Value(bytes);
    offset = static_cast<int>(source_.Below(static_cast<unsigned>(bytes - 7))) /
             8 * 8;
  } else {
    Emit(StoreImm(kDW, R10, offset, Immediate()));
    known_.slots[SlotIndex(offset)] = true;
  }
  if (reg == base || reg == R10) {
    return;
  }
  if (IsNumber(reg) && source_.OneIn(2)) {
    Emit(Raw(0xc3u | kSizes[size], base, reg, offset, 0x110));
  } else {
    Emit(Raw(0xc3u | kSizes[size], reg, base, offset, 0x100));
    known_.regs[reg] = Kind::kNumber;
  }
}

void Grammar::PerCpu() {
  if (source_.OneIn(3)) {
    Emit(Call(kCpuId));
    CallerSavedGone();
    known_.regs[R0] = Kind::kNumber;
    return;
  }
  Emit(StoreImm(kDW, R10, -8, static_cast<int64_t>(source_.Below(5))));
  known_.slots[0] = true;
  Emit(Join({MovReg(R2, R10), AluImm(kAdd, R2, -8), LoadMap(R1, kPerCpu),
             Call(kMapLookup)}));
  CallerSavedGone();
  Emit(JumpImm(kJne, R0, 0, 2));
  Emit(Return0());
  AccessAt(R0, 0, source_.Below(4));
  known_.regs[R0] = Kind::kNothing;
}

void Grammar::Record(unsigned depth) {
  if (depth >= 2 || in_record_) {
    return;
  }
  in_record_ = true;
  Emit(Reserve(16));
  CallerSavedGone();
  Emit(JumpImm(kJne, R0, 0, 2));
  Emit(Return0());
  Emit(MovReg(R8, R0));
  known_.regs[R8] = Kind::kRecord;
  const size_t begin = code_.size();
  for (unsigned i = 1 + source_.Below(3); i > 0; --i) {
    const unsigned size = source_.Below(4);
    const int slack = 16 - kSizeBytes[size];
    AccessAt(R8, static_cast<int>(source_.Below(slack + 2u)), size);
    if (known_.regs[R8] != Kind::kRecord) {
      // Overwritten: the record leaks, and is refused.
      code_.resize(begin);
      known_.regs[R8] = Kind::kRecord;
      break;
    }
  }
  if (!source_.OneIn(80)) {
    Emit(Release(R8, source_.OneIn(2) ? kRingSubmit : kRingDiscard));
  }
  CallerSavedGone();
  known_.regs[R8] = Kind::kNothing;
  in_record_ = false;
}

void Grammar::AtomicOperation() {
  constexpr int kOperations[] = {
      kAdd,         kOr,           kAnd,          kXor,  kAdd | kFetch,
      kOr | kFetch, kAnd | kFetch, kXor | kFetch, kXchg, kCmpXchg};
  const Reg src = Number();
  if (src == R10) {
    return;
  }
  const unsigned size = 2 + source_.Below(2);
  const int operation = kOperations[source_.Below(10)];
  if (operation == kCmpXchg && !IsNumber(R0)) {
    Emit(MovImm(R0, Immediate()));
    known_.regs[R0] = Kind::kNumber;
  }
  if (source_.OneIn(2)) {
    const int offset = -8 * (1 + static_cast<int>(source_.Below(4)));
    Emit(StoreImm(kDW, R10, offset, Immediate()));
    known_.slots[SlotIndex(offset)] = true;
    Emit(verifier::Atomic(kSizes[size], operation, R10, offset, src));
  } else {
    int bytes = 0;
    const Reg base = Value(bytes);
    if (base == src) {
      return;
    }
    const int slack = bytes - kSizeBytes[size];
    Emit(verifier::Atomic(kSizes[size], operation, base,
                          static_cast<int>(source_.Below(slack + 1u)) /
                              kSizeBytes[size] * kSizeBytes[size],
                          src));
  }
  known_.regs[operation == kCmpXchg ? R0 : src] = Kind::kNumber;
}

void Grammar::MovePointer() {
  int bytes = 0;
  const Reg reg = Value(bytes);
  if (reg == R10 || known_.regs[reg] == Kind::kRecord) {
    return;
  }
  const int by = static_cast<int>(source_.Below(64)) - 16;
  Emit(AluImm(kAdd, reg, by));
  const unsigned size = source_.Below(4);
  const int inside = static_cast<int>(
      source_.Below(static_cast<unsigned>(bytes - kSizeBytes[size] + 1)));
  const Reg value = Writable();
  if (value != reg) {
    Emit(Load(kSizes[size], value, reg, inside - by));
    known_.regs[value] = Kind::kNumber;
  }
  Emit(source_.OneIn(2) ? AluImm(kAdd, reg, -by) : AluImm(kSub, reg, by));
}

}  // namespace ebpf::fuzzing
