// SPDX-License-Identifier: MIT
//
// Both slots of a dynptr carry its state: the kind, an id by which pieces of
// its memory are told (RegState::origin), the reference of a ring's record.
// Slots go together: whatever overwrites one ends both.
#include "core/verifier/dynptr.h"

#include "core/verifier/memory_access.h"
#include "core/verifier/references.h"
#include "core/verifier/stack_access.h"

namespace ebpf::verifier {
namespace {

bool IsPartOfDynptr(const StackSlot& slot) {
  return slot.bytes[0] == ByteKind::kDynptr;
}

/// The slot with the lowest address of the dynptr that has `slot`.
uint32_t FirstSlotOf(const Frame& frame, uint32_t slot) {
  return frame.slots[slot].spilled.Has(kRegFirstSlot) ? slot : slot + 1;
}

/// Pieces of the dynptr's memory are plain numbers from now on.
void ForgetPieces(State& state, uint32_t id) {
  ForEachReg(state, [&](RegState& reg) {
    if (reg.type == RegType::kMemory && reg.origin == id) {
      reg = RegState::UnknownScalar();
    }
  });
}

void Clear(Verification& v, Frame& frame, uint32_t first) {
  ForgetPieces(*v.state, frame.slots[first].spilled.id);
  frame.slots[first] = StackSlot{};
  frame.slots[first - 1] = StackSlot{};
}

const char* NameOf(uint16_t type) {
  return (type & kRegDynptrRing) != 0     ? "ringbuf"
         : (type & kRegDynptrPacket) != 0 ? "skb"
         : (type & kRegDynptrXdp) != 0    ? "xdp"
                                          : "local";
}

Status RefuseUninitialized(Verification& v, unsigned number) {
  return v.Reject(Message::kDynptrExpected, number - 1);
}

}  // namespace

Placement PlaceObject(Verification& v, unsigned number, uint32_t count,
                      const char* kind, StackObject& object) {
  const RegState& reg = v.state->reg(number);
  if (!reg.value.IsConstant()) {
    static_cast<void>(v.Reject(Message::kObjectNotConstant, kind));
    return Placement::kRefused;
  }
  const int64_t offset =
      int64_t{reg.offset} + static_cast<int64_t>(reg.value.bits.value);
  const int64_t size = int64_t{count} * kSlotSize;
  if (offset % kSlotSize != 0 || offset > -size) {
    static_cast<void>(v.Reject(Message::kObjectOffset, kind, offset));
    return Placement::kRefused;
  }
  object.frame = &v.state->frames[reg.frame];
  if (offset < -int64_t{kMaxStackBytes} ||
      SlotOf(offset) >= object.frame->slot_count) {
    return Placement::kOutOfRange;
  }
  object.slot = SlotOf(offset);
  return Placement::kThere;
}

Status FindDynptr(Verification& v, unsigned number, uint16_t type, bool changes,
                  RegState& dynptr) {
  const RegState& reg = v.state->reg(number);
  if (reg.type == RegType::kDynptr) {
    if (changes) {
      return v.Reject(Message::kDynptrConst);
    }
    dynptr = reg;
  } else {
    StackObject object{};
    if (PlaceObject(v, number, kDynptrSlots, "dynptr", object) !=
        Placement::kThere) {
      return RefuseUninitialized(v, number);
    }
    const StackSlot& first = object.frame->slots[object.slot];
    if (!IsPartOfDynptr(first) || !first.spilled.Has(kRegFirstSlot) ||
        !IsPartOfDynptr(object.frame->slots[object.slot - 1])) {
      return RefuseUninitialized(v, number);
    }
    dynptr = first.spilled;
  }
  if (type != 0 && !dynptr.Has(type)) {
    return v.Reject(Message::kDynptrType, NameOf(type), number - 1);
  }
  return Status::kOk;
}

Status MakeDynptr(Verification& v, unsigned number, const NewDynptr& made) {
  StackObject object{};
  if (v.state->reg(number).type != RegType::kStack ||
      PlaceObject(v, number, kDynptrSlots, "dynptr", object) ==
          Placement::kRefused) {
    return v.Reject(Message::kDynptrNotUninitialized);
  }
  const RegState unknown = RegState::UnknownScalar();
  for (int32_t at = 0; at < int32_t{kDynptrSlots * kSlotSize};
       at += kSlotSize) {
    EBPF_TRY(
        WriteStack(v, Access{number, at, kSlotSize, true}, nullptr, unknown));
  }
  if (PlaceObject(v, number, kDynptrSlots, "dynptr", object) !=
      Placement::kThere) {
    return v.Reject(Message::kDynptrNotUninitialized);
  }
  RegState dynptr = RegState::Pointer(RegType::kDynptr);
  dynptr.flags = made.type;
  dynptr.id = v.NewId();
  dynptr.reference = made.reference;
  if ((made.type & kRegDynptrRing) != 0 && made.reference == 0) {
    EBPF_TRY(TakeReference(v, dynptr.reference));
  }
  for (uint32_t i = 0; i < kDynptrSlots; ++i) {
    StackSlot& slot = object.frame->slots[object.slot - i];
    for (ByteKind& byte : slot.bytes) {
      byte = ByteKind::kDynptr;
    }
    slot.spilled = dynptr;
    slot.spilled.flags |= i == 0 ? kRegFirstSlot : 0;
  }
  return Status::kOk;
}

Status DestroyDynptr(Verification& v, Frame& frame, uint32_t slot) {
  const uint32_t first = FirstSlotOf(frame, slot);
  if (frame.slots[first].spilled.reference != 0) {
    return v.Reject(Message::kDynptrOverwritten);
  }
  Clear(v, frame, first);
  return Status::kOk;
}

Status ReleaseDynptr(Verification& v, unsigned number) {
  StackObject object{};
  if (PlaceObject(v, number, kDynptrSlots, "dynptr", object) !=
      Placement::kThere) {
    return RefuseUninitialized(v, number);
  }
  const uint32_t reference = object.frame->slots[object.slot].spilled.reference;
  if (reference == 0) {
    Clear(v, *object.frame, object.slot);
  } else {
    ReleaseReference(v, reference);
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
