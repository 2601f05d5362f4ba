// SPDX-License-Identifier: MIT
//
// The form is Linux's, which people and tools know how to read.
#include "core/verifier/state_log.h"

#include "core/verifier/insn_log.h"

namespace ebpf::verifier {
namespace {

/// Small numbers in decimal, others in hexadecimal, as Linux shows them.
bool IsShort(int64_t value) { return value >= INT16_MIN && value <= INT16_MAX; }

void PutNumber(TextWriter& writer, int64_t value) {
  if (IsShort(value)) {
    writer.PutSigned(value);
  } else {
    writer.Put("0x").PutHex(static_cast<uint64_t>(value));
  }
}

void PutUnsignedNumber(TextWriter& writer, uint64_t value) {
  if (value <= UINT16_MAX) {
    writer.PutUnsigned(value);
  } else {
    writer.Put("0x").PutHex(value);
  }
}

/// The attributes in a register's parentheses.
class Attributes {
 public:
  explicit Attributes(TextWriter& writer) : writer_(writer) {}

  TextWriter& Next(const char* name) {
    Comma();
    return writer_.Put(name).Put("=");
  }
  void Comma() {
    if (!first_) {
      writer_.Put(',');
    }
    first_ = false;
  }

 private:
  TextWriter& writer_;
  bool first_ = true;
};

struct Bound {
  const char* name;
  uint64_t value;
  bool shown;
  bool is_signed;

  bool IsNegative() const {
    return is_signed && static_cast<int64_t>(value) < 0;
  }
};

/// A signed bound of 32 bits as it stands among those of 64.
uint64_t Widened(uint32_t bound) {
  const int64_t value = static_cast<int32_t>(bound);
  return IsShort(value) ? static_cast<uint64_t>(value) : uint64_t{bound};
}

/// Each bound that is one; those of the same value share it:
/// "smin=smin32=0,smax=umax=255".
void PutRanges(TextWriter& writer, Attributes& list, const ScalarValue& value) {
  const Range<uint64_t>& wide = value.wide;
  const Range<uint32_t>& low = value.low;
  const auto full = Range<uint64_t>::Full();
  const auto full_low = Range<uint32_t>::Full();
  // Minima at even places, maxima at odd ones.
  Bound bounds[] = {
      {"smin", wide.smin, wide.smin != full.smin, true},
      {"smax", wide.smax, wide.smax != full.smax, true},
      {"umin", wide.umin, wide.umin != full.umin, false},
      {"umax", wide.umax, wide.umax != full.umax, false},
      {"smin32", Widened(low.smin), low.smin != full_low.smin, true},
      {"smax32", Widened(low.smax), low.smax != full_low.smax, true},
      {"umin32", low.umin, low.umin != full_low.umin, false},
      {"umax32", low.umax, low.umax != full_low.umax, false},
  };
  constexpr size_t kCount = sizeof(bounds) / sizeof(bounds[0]);
  for (size_t i = 0; i < kCount; ++i) {
    const Bound& bound = bounds[i];
    if (!bound.shown) {
      continue;
    }
    list.Next(bound.name);
    for (size_t j = i + 2; j < kCount; j += 2) {
      Bound& other = bounds[j];
      if (other.shown && other.value == bound.value &&
          other.IsNegative() == bound.IsNegative()) {
        other.shown = false;
        writer.Put(other.name).Put("=");
      }
    }
    if (bound.is_signed) {
      PutNumber(writer, static_cast<int64_t>(bound.value));
    } else {
      PutUnsignedNumber(writer, bound.value);
    }
  }
}

void PutMap(Attributes& list, const MapSpec& spec) {
  if (!spec.name_view().empty()) {
    list.Next("map").Put(spec.name_view());
  }
  list.Next("ks").PutUnsigned(spec.key_size);
  list.Next("vs").PutUnsigned(spec.value_size);
}

void PutAttributes(TextWriter& writer, const RegState& reg) {
  Attributes list(writer);
  if (reg.id != 0) {
    list.Next("id").PutUnsigned(reg.id);
    if (reg.IsScalar() && reg.offset != 0) {
      writer.Put(reg.offset > 0 ? "+" : "").PutSigned(reg.offset);
    }
  }
  if (reg.reference != 0) {
    list.Next("ref_obj_id").PutUnsigned(reg.reference);
  }
  if (reg.Has(kRegNonOwning)) {
    list.Comma();
    writer.Put("non_own_ref");
  }
  if (reg.map != nullptr) {
    PutMap(list, reg.map->spec());
  }
  if (reg.IsPointer() && reg.offset != 0) {
    PutNumber(list.Next("off"), reg.offset);
  }
  if (reg.type == RegType::kPacket || reg.type == RegType::kPacketMeta) {
    PutUnsignedNumber(list.Next("r"), reg.memory_size);
  }
  if (reg.type == RegType::kRingRecord || reg.type == RegType::kMemory) {
    PutUnsignedNumber(list.Next("sz"), reg.memory_size);
  }
  if (reg.value.IsConstant()) {
    if (reg.value.bits.value != 0) {
      PutNumber(list.Next("imm"), static_cast<int64_t>(reg.value.bits.value));
    }
    return;
  }
  PutRanges(writer, list, reg.value);
  if (!reg.value.bits.IsUnknown()) {
    WriteBits(list.Next("var_off"), reg.value.bits);
  }
}

StringView NameOfType(const RegState& reg) {
  if (reg.btf == nullptr) {
    return StringView();
  }
  const Result<btf::Type> type = reg.btf->TypeAt(reg.memory_size);
  const Result<StringView> name =
      type.ok() ? reg.btf->Name(type->name) : type.status();
  return name.ok() ? *name : StringView();
}

char KindLetter(ByteKind kind) {
  switch (kind) {
    case ByteKind::kInvalid:
      return '?';
    case ByteKind::kSpill:
      return 'r';
    case ByteKind::kMisc:
    case ByteKind::kIgnored:
      return 'm';
    case ByteKind::kZero:
      return '0';
    case ByteKind::kDynptr:
      return 'd';
    case ByteKind::kIterator:
      return 'i';
  }
  return '?';
}

const char* DynptrKind(const RegState& reg) {
  return reg.Has(kRegDynptrLocal)    ? "local"
         : reg.Has(kRegDynptrRing)   ? "ringbuf"
         : reg.Has(kRegDynptrPacket) ? "skb"
         : reg.Has(kRegDynptrXdp)    ? "xdp"
                                     : "<unknown>";
}

void PutDynptr(TextWriter& writer, const RegState& reg) {
  writer.Put("dynptr_").Put(DynptrKind(reg));
  if (reg.reference != 0) {
    writer.Put("(ref_id=").PutUnsigned(reg.reference).Put(")");
  }
}

void PutIterator(TextWriter& writer, const RegState& reg) {
  constexpr StringView kPrefix = "bpf_iter_";
  const StringView name = NameOfType(reg);
  writer.Put("iter_");
  writer.Put(name.StartsWith(kPrefix) ? name.Substring(kPrefix.size()) : name);
  writer.Put("(ref_id=").PutUnsigned(reg.reference).Put(",state=");
  writer.Put(reg.Has(kRegIteratorActive) ? "active" : "drained");
  writer.Put(",depth=").PutUnsigned(reg.depth).Put(")");
}

bool IsEmpty(const StackSlot& slot) {
  for (ByteKind kind : slot.bytes) {
    if (kind != ByteKind::kInvalid) {
      return false;
    }
  }
  return true;
}

/// A number that was made up, of which nothing is known: bytes of any kind.
bool IsAnyNumber(const RegState& reg) {
  return reg.IsScalar() && reg.id == 0 && reg.value.bits.IsUnknown() &&
         reg.value.wide.smin == Range<uint64_t>::Full().smin &&
         reg.value.wide.smax == Range<uint64_t>::Full().smax;
}

/// The same of a part of one.
bool IsAnyPart(const RegState& reg, uint32_t size) {
  if (!reg.IsScalar() || size == kSlotSize) {
    return false;
  }
  const uint64_t most = (uint64_t{1} << (size * 8)) - 1;
  return reg.value.bits.value == 0 && reg.value.bits.mask == most &&
         reg.value.wide.umin == 0 && reg.value.wide.umax == most;
}

/// How many bytes hold one number, which is shown instead of them: that of a
/// register that is kept here, or a zero of the size of a store.
uint32_t NumberSize(const StackSlot& slot) {
  if (slot.HasSpill()) {
    const uint32_t size = slot.SpillSize();
    return size == kSlotSize && IsAnyNumber(slot.spilled) ? 0 : size;
  }
  uint32_t zeros = 0;
  while (zeros < kSlotSize && slot.bytes[zeros] == ByteKind::kZero) {
    ++zeros;
  }
  return (zeros & (zeros - 1)) == 0 ? zeros : 0;
}

void PutSlot(TextWriter& writer, const Frame& frame, uint32_t number,
             uint32_t frame_number) {
  const StackSlot& slot = frame.slots[number];
  const bool only_first = slot.HasObject();
  if (IsEmpty(slot) || (only_first && !slot.spilled.Has(kRegFirstSlot))) {
    return;
  }
  writer.Put(" fp-").PutUnsigned((number + 1) * kSlotSize);
  writer.Put((frame.written.slots >> number & 1) != 0 ? "_w=" : "=");
  if (only_first) {
    if (slot.bytes[0] == ByteKind::kDynptr) {
      PutDynptr(writer, slot.spilled);
    } else {
      PutIterator(writer, slot.spilled);
    }
    return;
  }
  const uint32_t number_size = NumberSize(slot);
  // Linux prints the byte with the highest address first.
  for (uint32_t i = kSlotSize; i-- > number_size;) {
    const ByteKind kind = slot.bytes[i];
    writer.Put(KindLetter(kind == ByteKind::kSpill ? ByteKind::kMisc : kind));
  }
  if (number_size == 0) {
    return;
  }
  if (slot.HasSpill() && IsAnyPart(slot.spilled, number_size)) {
    writer.Put("scalar()");  // Linux cuts it only where it is read
  } else if (slot.HasSpill()) {
    LogReg(writer, slot.spilled, frame_number);
  } else {
    writer.Put('0');
  }
}

}  // namespace

void LogReg(TextWriter& writer, const RegState& reg, uint32_t frame) {
  if (reg.IsConstant()) {
    PutNumber(writer, static_cast<int64_t>(reg.value.bits.value));
    return;
  }
  writer.Put(static_cast<const char*>(TypeName(reg)));
  if (reg.type == RegType::kArena) {
    return;
  }
  if (reg.type == RegType::kStack) {
    if (reg.frame != frame) {
      writer.Put("[").PutUnsigned(reg.frame).Put("]");
    }
    if (reg.value.IsConstant()) {
      PutNumber(writer,
                static_cast<int64_t>(reg.value.bits.value) + reg.offset);
      return;
    }
  }
  if (reg.type == RegType::kTyped) {
    writer.Put(NameOfType(reg));
  }
  writer.Put("(");
  PutAttributes(writer, reg);
  writer.Put(")");
}

void LogInsn(Verification& v, uint32_t index) {
  TextWriter& writer = v.log.writer();
  writer.PutUnsigned(index).Put(": ");
  WriteInsn(writer, v.insns, index, v.options.kernel_btf);
  writer.Put('\n');
}

void LogState(Verification& v, const FrameMarks& shown) {
  TextWriter& writer = v.log.writer();
  const uint32_t number = v.state->frame_count - 1;
  const Frame& frame = v.state->current();
  if (number != 0) {
    writer.Put(" frame").PutUnsigned(number).Put(":");
  }
  for (unsigned i = 0; i < isa::kRegisterCount; ++i) {
    if (frame.regs[i].type != RegType::kUninitialized &&
        (shown.regs >> i & 1) != 0) {
      writer.Put(" R").PutUnsigned(i);
      writer.Put((frame.written.regs >> i & 1) != 0 ? "_w=" : "=");
      LogReg(writer, frame.regs[i], number);
    }
  }
  for (uint32_t i = 0; i < frame.slot_count; ++i) {
    if ((shown.slots >> i & 1) != 0) {
      PutSlot(writer, frame, i, number);
    }
  }
  for (uint32_t i = 0; i < v.state->reference_count; ++i) {
    writer.Put(i == 0 ? " refs=" : ",");
    writer.PutUnsigned(v.state->references[i].id);
  }
  if (frame.called_back) {
    writer.Put(" cb");
  }
}

}  // namespace ebpf::verifier
