// SPDX-License-Identifier: MIT
//
// The form is Linux's, which people and tools know how to read.
#include "core/verifier/state_log.h"

#include "core/helpers/prototype.h"
#include "core/isa/disassemble.h"

namespace ebpf::verifier {
namespace {

/// Small numbers in decimal, others in hexadecimal, as Linux shows them.
void PutNumber(TextWriter& writer, int64_t value) {
  const bool small = value >= -0xffff && value <= 0xffff;
  if (small) {
    writer.PutSigned(value);
  } else {
    writer.Put("0x").PutHex(static_cast<uint64_t>(value));
  }
}

void PutUnsignedNumber(TextWriter& writer, uint64_t value) {
  if (value <= 0xffff) {
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
    if (!first_) {
      writer_.Put(',');
    }
    first_ = false;
    return writer_.Put(name).Put("=");
  }

 private:
  TextWriter& writer_;
  bool first_ = true;
};

/// Each bound that is one.
void PutRanges(Attributes& list, const ScalarValue& value) {
  const auto full = Range<uint64_t>::Full();
  const auto full_low = Range<uint32_t>::Full();
  const auto put_signed = [&](const char* name, int64_t bound, int64_t none) {
    if (bound != none) {
      PutNumber(list.Next(name), bound);
    }
  };
  const auto put_unsigned = [&](const char* name, uint64_t bound,
                                uint64_t none) {
    if (bound != none) {
      PutUnsignedNumber(list.Next(name), bound);
    }
  };
  const Range<uint64_t>& wide = value.wide;
  const Range<uint32_t>& low = value.low;
  put_signed("smin", static_cast<int64_t>(wide.smin),
             static_cast<int64_t>(full.smin));
  put_signed("smax", static_cast<int64_t>(wide.smax),
             static_cast<int64_t>(full.smax));
  put_unsigned("umin", wide.umin, full.umin);
  put_unsigned("umax", wide.umax, full.umax);
  if (wide.umax <= full_low.umax) {
    return;  // the lower half says no more
  }
  put_signed("smin32", static_cast<int32_t>(low.smin),
             static_cast<int32_t>(full_low.smin));
  put_signed("smax32", static_cast<int32_t>(low.smax),
             static_cast<int32_t>(full_low.smax));
  put_unsigned("umin32", low.umin, full_low.umin);
  put_unsigned("umax32", low.umax, full_low.umax);
}

void PutAttributes(TextWriter& writer, const RegState& reg) {
  Attributes list(writer);
  if (reg.id != 0) {
    list.Next("id").PutUnsigned(reg.id);
  }
  if (reg.reference != 0) {
    list.Next("ref_obj_id").PutUnsigned(reg.reference);
  }
  if (reg.map != nullptr) {
    const MapSpec& spec = reg.map->spec();
    if (!spec.name_view().empty()) {
      list.Next("map").Put(spec.name_view());
    }
    list.Next("ks").PutUnsigned(spec.key_size);
    list.Next("vs").PutUnsigned(spec.value_size);
  }
  if (reg.IsPointer() && reg.offset != 0) {
    PutNumber(list.Next("off"), reg.offset);
  }
  if (reg.type == RegType::kRingRecord) {
    list.Next("sz").PutUnsigned(reg.memory_size);
  }
  if (reg.value.IsConstant()) {
    if (reg.value.bits.value != 0) {
      PutNumber(list.Next("imm"), static_cast<int64_t>(reg.value.bits.value));
    }
    return;
  }
  PutRanges(list, reg.value);
  if (!reg.value.bits.IsUnknown()) {
    WriteBits(list.Next("var_off"), reg.value.bits);
  }
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

void PutSlot(TextWriter& writer, const StackSlot& slot, uint32_t number,
             uint32_t frame) {
  bool any = false;
  for (ByteKind kind : slot.bytes) {
    any = any || kind != ByteKind::kInvalid;
  }
  if (!any) {
    return;
  }
  writer.Put(" fp-").PutUnsigned((number + 1) * kSlotSize).Put("=");
  if (slot.SpillSize() == kSlotSize) {
    LogReg(writer, slot.spilled, frame);
    return;
  }
  // Linux prints the byte with the highest address first.
  for (uint32_t i = kSlotSize; i-- > 0;) {
    writer.Put(KindLetter(slot.bytes[i]));
  }
  if (slot.HasSpill()) {
    LogReg(writer, slot.spilled, frame);
  }
}

/// Calls of helpers and 64-bit constants read as in Linux's log, since clients
/// look there for calls and constants that say what a loader could not resolve.
void PutInsn(TextWriter& writer, const isa::DecodedInsn& insn) {
  switch (insn.op) {
    case isa::Op::kCallHelper: {
      const HelperPrototype* helper =
          FindHelper(static_cast<uint32_t>(insn.imm));
      if (helper != nullptr) {
        writer.Put("call bpf_").Put(helper->name);
      } else {
        writer.Put("call unknown");
      }
      writer.Put("#").PutSigned(insn.imm);
      return;
    }
    case isa::Op::kLoadImm64:
      writer.Put("r").PutUnsigned(insn.dst).Put(" = 0x").PutHex(insn.imm64());
      return;
    case isa::Op::kLoadMapFd:
      writer.Put("r").PutUnsigned(insn.dst).Put(" = map[");
      writer.PutSigned(insn.imm).Put("]");
      return;
    case isa::Op::kLoadMapValue:
      writer.Put("r").PutUnsigned(insn.dst).Put(" = map[");
      writer.PutSigned(insn.imm).Put("][0]+");
      writer.PutUnsigned(static_cast<uint32_t>(insn.next_imm));
      return;
    default:
      isa::Disassemble(insn, writer);
  }
}

}  // namespace

void LogReg(TextWriter& writer, const RegState& reg, uint32_t frame) {
  if (reg.IsConstant()) {
    PutNumber(writer, static_cast<int64_t>(reg.value.bits.value));
    return;
  }
  writer.Put(static_cast<const char*>(TypeName(reg)));
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
  writer.Put("(");
  PutAttributes(writer, reg);
  writer.Put(")");
}

void LogInsn(Verification& v, uint32_t index) {
  TextWriter& writer = v.log.writer();
  writer.PutUnsigned(index).Put(": (");
  writer.PutHex(v.insns[index].opcode, 2).Put(") ");
  isa::DecodedInsn insn;
  const isa::DecodeError error = isa::Decode(v.insns, index, insn);
  if (error == isa::DecodeError::kNone) {
    PutInsn(writer, insn);
  } else {
    writer.Put(isa::DecodeErrorText(error));
  }
  writer.Put('\n');
}

void LogState(Verification& v) {
  TextWriter& writer = v.log.writer();
  const uint32_t number = v.state->frame_count - 1;
  const Frame& frame = v.state->current();
  if (number != 0) {
    writer.Put(" frame").PutUnsigned(number).Put(":");
  }
  for (unsigned i = 0; i < isa::kRegisterCount; ++i) {
    if (frame.regs[i].type != RegType::kUninitialized) {
      writer.Put(" R").PutUnsigned(i).Put("=");
      LogReg(writer, frame.regs[i], number);
    }
  }
  for (uint32_t i = 0; i < frame.slot_count; ++i) {
    PutSlot(writer, frame.slots[i], i, number);
  }
  for (uint32_t i = 0; i < v.state->reference_count; ++i) {
    writer.Put(i == 0 ? " refs=" : ",");
    writer.PutUnsigned(v.state->references[i].id);
  }
}

}  // namespace ebpf::verifier
