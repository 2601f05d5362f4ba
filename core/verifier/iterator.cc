// SPDX-License-Identifier: MIT
//
// A slot of an iterator has ByteKind::kIterator in all its bytes and describes
// it in `spilled`: its type, whether it may still give elements
// (kRegIteratorActive), how many it gave (`depth`) and, in the slot at the
// lowest address (kRegFirstSlot), its reference and, as `id`, the loop that it
// is (Verification::loops_done).
#include "core/verifier/iterator.h"

#include "core/verifier/exploration.h"
#include "core/verifier/references.h"
#include "core/verifier/regions.h"
#include "core/verifier/stack_access.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kIteratorArgument = 1;
constexpr const char* kPrefix = "bpf_";

/// "iter_num" of struct bpf_iter_num.
const char* ShortName(const Verification& v, btf::TypeId type) {
  const Result<btf::Type> found = v.options.kernel_btf->TypeAt(type);
  const Result<StringView> name = found.ok()
                                      ? v.options.kernel_btf->Name(found->name)
                                      : Result<StringView>(Status::kInvalid);
  const StringView prefix(kPrefix);
  return name.ok() && name->StartsWith(prefix) ? name->data() + prefix.size()
                                               : "iter";
}

Result<uint32_t> SlotsOf(const Verification& v, btf::TypeId type) {
  const uint32_t size = EBPF_TRY(v.options.kernel_btf->SizeOf(type));
  if (size == 0 || size % kSlotSize != 0 || size > kMaxStackBytes) {
    return Status::kInvalid;
  }
  return size / kSlotSize;
}

/// Whether `reg` points to where `count` slots may begin.
bool PlaceOf(const RegState& reg, uint32_t count, IteratorPlace& place) {
  if (reg.type != RegType::kStack || reg.maybe_null ||
      !reg.value.IsConstant()) {
    return false;
  }
  const int64_t offset =
      int64_t{reg.offset} + static_cast<int64_t>(reg.value.bits.value);
  if (offset % kSlotSize != 0 || offset >= 0 ||
      offset < -static_cast<int64_t>(kMaxStackBytes)) {
    return false;
  }
  place = IteratorPlace{reg.frame, SlotOf(offset)};
  return place.slot + 1 >= count;
}

bool IsFirstSlot(const StackSlot& slot) {
  return slot.bytes[0] == ByteKind::kIterator &&
         slot.spilled.Has(kRegFirstSlot);
}

bool HasIterator(const State& state, const IteratorPlace& place,
                 uint32_t count) {
  const Frame& frame = state.frames[place.frame];
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t slot = place.slot - i;
    if (slot < frame.slot_count &&
        frame.slots[slot].bytes[0] == ByteKind::kIterator) {
      return true;
    }
  }
  return false;
}

RegState& IteratorIn(State& state, const IteratorPlace& place) {
  return state.frames[place.frame].slots[place.slot].spilled;
}

/// Calls `f` with each slot of the iterator, of which the first is at `place`.
template <typename F>
void ForEachSlot(State& state, const IteratorPlace& place, F f) {
  Frame& frame = state.frames[place.frame];
  uint32_t slot = place.slot;
  do {
    f(frame.slots[slot]);
  } while (slot-- > 0 && frame.slots[slot].bytes[0] == ByteKind::kIterator &&
           !frame.slots[slot].spilled.Has(kRegFirstSlot));
}

void SetActive(State& state, const IteratorPlace& place, bool active) {
  ForEachSlot(state, place, [active](StackSlot& slot) {
    slot.spilled.flags = static_cast<uint16_t>(
        active ? slot.spilled.flags | kRegIteratorActive
               : slot.spilled.flags & ~kRegIteratorActive);
  });
}

}  // namespace

Status BeginIterator(Verification& v, unsigned number, const KfuncInfo& kfunc,
                     btf::TypeId type) {
  State& state = *v.state;
  const unsigned argument = number - 1;
  if (state.reg(number).type != RegType::kStack) {
    return v.Reject(Message::kIteratorNotOnStack, argument);
  }
  const uint32_t count = EBPF_TRY(SlotsOf(v, type));
  IteratorPlace place{};
  if (!PlaceOf(state.reg(number), count, place) ||
      HasIterator(state, place, count)) {
    return v.Reject(Message::kIteratorNotNew, ShortName(v, type), argument);
  }
  EBPF_TRY(CheckStackForHelper(v, number, count * kSlotSize, false,
                               HelperUse::kFills));
  RegState iterator = RegState::Pointer(RegType::kIterator);
  iterator.btf = v.options.kernel_btf;
  iterator.memory_size = type;
  iterator.flags = kRegIteratorActive;
  if ((kfunc.flags & kKfuncRcuProtected) != 0) {
    iterator.flags |= InRcuSection(v) ? kRegRcu : kRegUntrusted;
  }
  for (uint32_t i = 0; i < count; ++i) {
    StackSlot& slot = state.frames[place.frame].slots[place.slot - i];
    slot.spilled = iterator;
    for (ByteKind& byte : slot.bytes) {
      byte = ByteKind::kIterator;
    }
  }
  RegState& first = IteratorIn(state, place);
  first.flags |= kRegFirstSlot;
  first.id = v.loop_begun;
  return TakeReference(v, first.reference);
}

Status CheckIterator(Verification& v, unsigned number, const char* function,
                     btf::TypeId type, IteratorPlace& place) {
  State& state = *v.state;
  const unsigned argument = number - 1;
  if (state.reg(number).type != RegType::kStack) {
    return v.Reject(Message::kIteratorNotOnStack, argument);
  }
  const uint32_t count = EBPF_TRY(SlotsOf(v, type));
  bool is_one = PlaceOf(state.reg(number), count, place);
  const Frame& frame = state.frames[is_one ? place.frame : 0];
  for (uint32_t i = 0; is_one && i < count; ++i) {
    const uint32_t number_of_slot = place.slot - i;
    is_one = number_of_slot < frame.slot_count;
    if (is_one) {
      const StackSlot& slot = frame.slots[number_of_slot];
      is_one = slot.bytes[0] == ByteKind::kIterator &&
               slot.spilled.memory_size == type &&
               slot.spilled.Has(kRegFirstSlot) == (i == 0);
    }
  }
  if (!is_one) {
    return v.Reject(Message::kNoIterator, ShortName(v, type), argument);
  }
  return IteratorIn(state, place).Has(kRegUntrusted)
             ? v.Reject(Message::kIteratorNeedsRcu, function)
             : Status::kOk;
}

void EndIterator(Verification& v, const IteratorPlace& place) {
  const uint32_t reference = IteratorIn(*v.state, place).reference;
  ForEachSlot(*v.state, place, [](StackSlot& slot) {
    slot.spilled.flags = 0;
    for (ByteKind& byte : slot.bytes) {
      byte = ByteKind::kInvalid;
    }
  });
  ReleaseReference(v, reference);
}

Status StepIterator(Verification& v, const IteratorPlace& place) {
  if (IteratorIn(*v.state, place).Has(kRegIteratorActive)) {
    EBPF_TRY(KeepForLater(v));
    SetActive(*v.state, place, false);
  }
  return Status::kOk;
}

void TakeElement(Verification& v, const IteratorPlace& place) {
  ForEachSlot(*v.state, place, [](StackSlot& slot) { ++slot.spilled.depth; });
}

bool FindIterator(const State& state, IteratorPlace& place) {
  if (!PlaceOf(state.current().regs[kIteratorArgument], 1, place)) {
    return false;
  }
  const Frame& frame = state.frames[place.frame];
  return place.slot < frame.slot_count && IsFirstSlot(frame.slots[place.slot]);
}

bool SteppedSince(const SavedState& old, const State& now) {
  IteratorPlace place{};
  if (!FindIterator(now, place) || old.frame_count() != now.frame_count) {
    return false;
  }
  const FrameView& frame = old.frame(place.frame);
  if (place.slot >= frame.slot_count || !IsFirstSlot(frame.slots[place.slot])) {
    return false;
  }
  const RegState& then = frame.slots[place.slot].spilled;
  const RegState& here = now.frames[place.frame].slots[place.slot].spilled;
  return then.id != 0 && then.id == here.id && then.depth < here.depth;
}

uint32_t IteratorDepth(const State& state) {
  IteratorPlace place{};
  return FindIterator(state, place)
             ? state.frames[place.frame].slots[place.slot].spilled.depth
             : 0;
}

bool IteratorsWalked(const Verification& v, const SavedState& old,
                     const State& now) {
  for (uint32_t i = 0; i < now.frame_count; ++i) {
    const FrameView& frame = old.frame(i);
    for (uint32_t s = 0; s < frame.slot_count; ++s) {
      const StackSlot& then = frame.slots[s];
      if (!IsFirstSlot(then) || v.loops_done[then.spilled.id]) {
        continue;
      }
      const Frame& here = now.frames[i];
      if (s >= here.slot_count || !IsFirstSlot(here.slots[s]) ||
          here.slots[s].spilled.id != then.spilled.id) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace ebpf::verifier
