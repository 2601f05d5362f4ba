// SPDX-License-Identifier: MIT
//
// An access at a known place replaces what is known of those bytes. One at an
// unknown place may be at any: a load needs all of them written, a store makes
// none of them more than it was.
#include "core/verifier/stack_access.h"

#include "core/verifier/alu.h"
#include "core/verifier/call_chain.h"
#include "core/verifier/dynptr.h"
#include "core/verifier/fast_call.h"

namespace ebpf::verifier {
namespace {

constexpr const char* kReadFrom = " read from";
constexpr const char* kWriteTo = " write to";
constexpr const char* kIndirect = " indirect access to";

/// Offsets from the frame's end: [min, end) may be touched. With `fixed` it is
/// touched, all of it.
struct StackRange {
  Frame* frame;
  int64_t min;
  int64_t end;
  bool fixed;
};

/// The slots of [min, end), as bits.
uint64_t SlotBits(int64_t min, int64_t end) {
  if (end <= min) {
    return 0;
  }
  const uint32_t first = SlotOf(end - 1);
  const uint32_t count = SlotOf(min) - first + 1;
  return ~uint64_t{0} >> (kMaxSlots - Min(count, kMaxSlots)) << first;
}

Status CheckBounds(Verification& v, const Access& access, const char* what,
                   StackRange& range) {
  const RegState& reg = v.state->reg(access.base);
  const int64_t smin = static_cast<int64_t>(reg.value.wide.smin);
  const int64_t smax = static_cast<int64_t>(reg.value.wide.smax);
  if (smax >= kMaxOffset || smin <= -kMaxOffset) {
    return v.Reject(Message::kUnboundedStack, what, access.base);
  }
  const int64_t fixed = int64_t{reg.offset} + access.offset;
  range.frame = &v.state->frames[reg.frame];
  range.min = smin + fixed;
  range.end = smax + fixed + access.size;
  range.fixed = reg.value.IsConstant();
  const bool below = range.min < -int64_t{kMaxStackBytes} || range.min > -1;
  if (below || range.end > 0) {
    if (range.fixed) {
      return v.Reject(below ? Message::kOutsideStack : Message::kBeyondStack,
                      what, access.base, range.min, access.size);
    }
    return v.Reject(
        below ? Message::kVariableOutsideStack : Message::kVariableBeyondStack,
        what, access.base, reg.value.bits, fixed, access.size);
  }
  GrowStack(v, *range.frame, static_cast<uint32_t>(-range.min));
  NoteStackAccess(v, *range.frame, range.min);
  if (what != kIndirect || access.write) {
    v.touched.slots |= SlotBits(range.min, range.end);
  }
  return Status::kOk;
}

ByteKind& ByteAt(const StackRange& range, int64_t offset) {
  return range.frame->slots[SlotOf(offset)].bytes[ByteInSlot(offset)];
}

/// The first byte of the range that nobody wrote, or that is a part of an
/// object; or its end.
int64_t FirstInvalid(const Verification& v, const StackRange& range,
                     bool must_be_written = false) {
  const bool may_be_unwritten =
      v.options.allow_uninitialized_stack && !must_be_written;
  for (int64_t at = range.min; at < range.end; ++at) {
    const ByteKind kind = ByteAt(range, at);
    if ((kind == ByteKind::kInvalid && !may_be_unwritten) ||
        kind == ByteKind::kDynptr || kind == ByteKind::kIterator) {
      return at;
    }
  }
  return range.end;
}

/// Before a store into the range: objects there are none any more.
Status EndObjects(Verification& v, const StackRange& range) {
  for (int64_t at = range.min; at < range.end; ++at) {
    StackSlot& slot = range.frame->slots[SlotOf(at)];
    if (slot.bytes[0] == ByteKind::kDynptr) {
      EBPF_TRY(DestroyDynptr(v, *range.frame, SlotOf(at)));
    } else if (slot.HasObject()) {
      for (ByteKind& byte : slot.bytes) {
        byte = ByteKind::kMisc;
      }
      slot.spilled = RegState{};
    }
  }
  return Status::kOk;
}

/// What a helper fills has no dynptr in it.
Status RefuseDynptrs(Verification& v, const StackRange& range) {
  for (int64_t at = range.min; at < range.end; ++at) {
    if (ByteAt(range, at) == ByteKind::kDynptr) {
      return v.Reject(Message::kDynptrWrite, at);
    }
  }
  return Status::kOk;
}

bool AllZero(const StackRange& range) {
  for (int64_t at = range.min; at < range.end; ++at) {
    if (ByteAt(range, at) != ByteKind::kZero) {
      return false;
    }
  }
  return true;
}

/// A load of a slot that keeps a register. kOk with `done` unset: treat the
/// bytes as a number.
Status ReadSpill(Verification& v, const StackSlot& slot, const Access& access,
                 uint32_t byte, RegState& loaded, bool& done) {
  const RegState& spilled = slot.spilled;
  done = false;
  if (spilled.IsPointer()) {
    if (access.size != kSlotSize) {
      return v.Reject(Message::kFillSize);
    }
    done = true;
    loaded = spilled;
  } else if (byte == 0 && access.size <= slot.SpillSize()) {
    done = true;
    loaded =
        access.size == kSlotSize ? spilled : Truncated(spilled, access.size);
  }
  return Status::kOk;
}

/// Nothing that is known of a spilled register outlives a store to its slot.
void MarkBytes(const StackRange& range, ByteKind kind) {
  for (int64_t at = range.min; at < range.end; ++at) {
    StackSlot& slot = range.frame->slots[SlotOf(at)];
    if (slot.HasSpill()) {
      slot.DropSpill();
    }
    slot.bytes[ByteInSlot(at)] = kind;
  }
}

/// A store somewhere in the range: a byte that it misses is what it was.
void MarkBytesWeakly(const StackRange& range, bool zero) {
  for (int64_t at = range.min; at < range.end; ++at) {
    StackSlot& slot = range.frame->slots[SlotOf(at)];
    if (slot.HasSpill()) {
      slot.DropSpill();
    }
    ByteKind& byte = slot.bytes[ByteInSlot(at)];
    if (byte == ByteKind::kZero && !zero) {
      byte = ByteKind::kMisc;
    }
  }
}

void SpillTo(Verification& v, StackSlot& slot, uint32_t size, RegState* source,
             const RegState& stored) {
  if (slot.HasSpill()) {
    slot.DropSpill();
  }
  if (source != nullptr) {
    LinkCopies(v, *source);
  }
  const RegState& whole = source != nullptr ? *source : stored;
  slot.spilled = size == kSlotSize ? whole : Truncated(whole, size);
  for (uint32_t i = 0; i < size; ++i) {
    slot.bytes[i] = ByteKind::kSpill;
  }
}

/// Whether a function that a helper called back is called from that frame, or
/// from one further in: its keys end with it, some of them on the helper's own
/// stack.
bool OutlivesCallback(const State& state, uint32_t frame) {
  for (uint32_t i = frame + 1; i < state.frame_count; ++i) {
    if (state.frames[i].called_back) {
      return true;
    }
  }
  return false;
}

}  // namespace

Status ReadStack(Verification& v, const Access& access, RegState& loaded) {
  StackRange range;
  EBPF_TRY(CheckBounds(v, access, kReadFrom, range));
  if (range.fixed) {
    const StackSlot& slot = range.frame->slots[SlotOf(range.min)];
    if (slot.HasSpill()) {
      bool done = false;
      EBPF_TRY(ReadSpill(v, slot, access, ByteInSlot(range.min), loaded, done));
      if (done) {
        return Status::kOk;
      }
    }
  }
  const int64_t invalid = FirstInvalid(v, range);
  if (invalid != range.end) {
    if (range.fixed) {
      return v.Reject(Message::kStackNotWritten, range.min, invalid - range.min,
                      access.size);
    }
    return v.Reject(Message::kVariableNotWritten, "", access.base,
                    v.state->reg(access.base).value.bits, invalid - range.min,
                    access.size);
  }
  loaded = AllZero(range) ? RegState::Constant(0) : RegState::UnknownScalar();
  return Status::kOk;
}

Status WriteStack(Verification& v, const Access& access, RegState* source,
                  const RegState& stored) {
  StackRange range;
  EBPF_TRY(CheckBounds(v, access, kWriteTo, range));
  EBPF_TRY(EndObjects(v, range));
  if (!range.fixed) {
    MarkBytesWeakly(range, stored.IsNull());
    return Status::kOk;
  }
  StackSlot& slot = range.frame->slots[SlotOf(range.min)];
  const bool at_start = ByteInSlot(range.min) == 0;
  if (stored.IsPointer()) {
    if (access.size != kSlotSize) {
      return v.Reject(Message::kSpillSize);
    }
    if (stored.type == RegType::kStack && range.frame != &v.state->current()) {
      return v.Reject(Message::kSpillToCaller);
    }
    if (stored.type == RegType::kMapKey &&
        OutlivesCallback(*v.state, v.state->reg(access.base).frame)) {
      return v.Reject(Message::kKeyToCaller);
    }
  }
  if (at_start && access.size == kSlotSize) {
    range.frame->written.slots |= SlotBits(range.min, range.end);
  }
  if (at_start && !stored.IsNull()) {
    SpillTo(v, slot, access.size, source, stored);
  } else {
    MarkBytes(range, stored.IsNull() ? ByteKind::kZero : ByteKind::kMisc);
  }
  return Status::kOk;
}

Status CheckStackForHelper(Verification& v, unsigned base, uint32_t size,
                           bool zero_size_ok, HelperUse use) {
  if (size == 0 && !zero_size_ok) {
    return v.Reject(Message::kZeroSizedRead);
  }
  StackRange range;
  EBPF_TRY(CheckBounds(v, Access{base, 0, size, use != HelperUse::kReads},
                       kIndirect, range));
  if (use == HelperUse::kFills && range.fixed) {
    EBPF_TRY(RefuseDynptrs(v, range));
    EBPF_TRY(EndObjects(v, range));
    MarkBytes(range, ByteKind::kMisc);
    return Status::kOk;
  }
  const int64_t invalid = FirstInvalid(v, range, use == HelperUse::kUpdates);
  if (invalid != range.end) {
    if (range.fixed) {
      return v.Reject(Message::kIndirectNotWritten, " indirect", base,
                      range.min, invalid - range.min, size);
    }
    return v.Reject(Message::kVariableNotWritten, " indirect", base,
                    v.state->reg(base).value.bits, invalid - range.min, size);
  }
  if (use != HelperUse::kReads) {
    MarkBytesWeakly(range, false);
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
