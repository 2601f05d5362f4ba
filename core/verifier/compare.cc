// SPDX-License-Identifier: MIT
//
// `old` covers `now` if every machine (numbers in registers and stack bytes,
// pointers with their objects) that `now` allows is allowed by `old`. Then
// whatever can happen from here was seen to be safe from there: no argument
// about how the verifier itself would go on is needed.
//
// A register or byte of `old` that is uninitialized covers anything: no path
// from there read it, since the verifier would have refused that. When `old`
// was kept, registers that are dead were made uninitialized, and numbers that
// do not matter any number (exploration.cc; DESIGN.md has the argument).
#include "core/verifier/compare.h"

namespace ebpf::verifier {
namespace {

bool SameRange(const Range<uint64_t>& a, const Range<uint64_t>& b) {
  return a.Contains(b) && b.Contains(a);
}

bool SameValue(const ScalarValue& a, const ScalarValue& b) {
  return a.bits.value == b.bits.value && a.bits.mask == b.bits.mask &&
         SameRange(a.wide, b.wide) && a.low.Contains(b.low) &&
         b.low.Contains(a.low);
}

bool MatchesValue(const ScalarValue& old, const ScalarValue& now,
                  Comparing comparing) {
  return comparing == Comparing::kSame ? SameValue(old, now)
                                       : old.Contains(now);
}

/// A number that shares its id in `old` was learnt of together with others:
/// they must differ by the same constants now, too.
bool MatchesScalar(const RegState& old, const RegState& now,
                   Comparing comparing, IdMap& ids) {
  if (!MatchesValue(old.value, now.value, comparing)) {
    return false;
  }
  const int64_t more = int64_t{now.offset} - old.offset;
  if (comparing == Comparing::kSame) {
    return ids.Match(old.id, now.id, now.id != 0 ? more : 0);
  }
  // One that shares with nobody now stands for an id of its own.
  return old.id == 0 || (now.id != 0 ? ids.Match(old.id, now.id, more)
                                     : ids.Match(old.id, ids.Fresh()));
}

bool IsPacket(const RegState& reg) {
  return reg.type == RegType::kPacket || reg.type == RegType::kPacketMeta;
}

bool MatchesReg(const RegState& old, const RegState& now, Comparing comparing,
                IdMap& ids) {
  if (old.type == RegType::kUninitialized) {
    return true;
  }
  if (old.type != now.type || old.maybe_null != now.maybe_null) {
    return false;
  }
  if (old.IsScalar()) {
    return old.ignored || MatchesScalar(old, now, comparing, ids);
  }
  // Of a packet, what was compared with its end before suffices.
  const bool same_size = IsPacket(old) && comparing == Comparing::kCovers
                             ? old.memory_size <= now.memory_size
                             : old.memory_size == now.memory_size;
  return old.map == now.map && old.btf == now.btf && same_size &&
         old.flags == now.flags && old.frame == now.frame &&
         old.offset == now.offset &&
         MatchesValue(old.value, now.value, comparing) &&
         ids.Match(old.id, now.id) && ids.Match(old.reference, now.reference) &&
         ids.Match(old.origin, now.origin);
}

/// A byte that is no part of a register in `old`. If it is a part of one now,
/// it is a number or zero as that register tells.
bool MatchesByte(ByteKind old, const StackSlot& now, uint32_t byte,
                 Comparing comparing) {
  const ByteKind kind = now.bytes[byte];
  const bool number = kind == ByteKind::kMisc || kind == ByteKind::kZero ||
                      (kind == ByteKind::kSpill && now.spilled.IsScalar());
  switch (old) {
    case ByteKind::kInvalid:
      return comparing == Comparing::kCovers || kind == ByteKind::kInvalid;
    case ByteKind::kIgnored:
      return number;
    case ByteKind::kMisc:
      return comparing == Comparing::kCovers ? number : kind == old;
    case ByteKind::kZero:
      return kind == ByteKind::kZero;
    case ByteKind::kSpill:
    case ByteKind::kDynptr:
    case ByteKind::kIterator:
      break;
  }
  return false;
}

/// What iterators gave so far counts as rounds of loops do (MatchesLoops).
bool MatchesIterator(const RegState& old, const RegState& now,
                     Comparing comparing, IdMap& ids) {
  const bool rounds = comparing == Comparing::kSame ? old.depth == now.depth
                                                    : old.depth <= now.depth;
  return rounds && old.btf == now.btf && old.memory_size == now.memory_size &&
         old.flags == now.flags && ids.Match(old.reference, now.reference);
}

/// A slot of a dynptr or of an iterator: by what it describes.
bool MatchesObject(const StackSlot& old, const StackSlot& now,
                   Comparing comparing, IdMap& ids) {
  if (now.bytes[0] != old.bytes[0]) {
    return false;
  }
  return old.bytes[0] == ByteKind::kIterator
             ? MatchesIterator(old.spilled, now.spilled, comparing, ids)
             : MatchesReg(old.spilled, now.spilled, Comparing::kSame, ids);
}

bool MatchesSlot(const StackSlot& old, const StackSlot& now,
                 Comparing comparing, IdMap& ids) {
  if (old.HasObject()) {
    return MatchesObject(old, now, comparing, ids);
  }
  const uint32_t spilled = old.HasSpill() ? old.SpillSize() : 0;
  if (spilled != 0 && (!now.HasSpill() || now.SpillSize() != spilled ||
                       !MatchesReg(old.spilled, now.spilled, comparing, ids))) {
    return false;
  }
  for (uint32_t i = spilled; i < kSlotSize; ++i) {
    if (!MatchesByte(old.bytes[i], now, i, comparing)) {
      return false;
    }
  }
  return true;
}

bool IsInvalid(const StackSlot& slot) {
  for (ByteKind kind : slot.bytes) {
    if (kind != ByteKind::kInvalid) {
      return false;
    }
  }
  return true;
}

/// Loops that end by themselves: what `old` did not walk to the end is at least
/// what is left now.
bool MatchesLoops(const LoopState& old, const LoopState& now,
                  Comparing comparing) {
  return comparing == Comparing::kSame
             ? old.calls == now.calls && old.gotos == now.gotos
             : old.calls <= now.calls && old.gotos <= now.gotos;
}

bool MatchesFrame(const FrameView& old, const Frame& now, Comparing comparing,
                  IdMap& ids) {
  if (old.call_site != now.call_site || old.subprogram != now.subprogram ||
      old.called_back != now.called_back || old.async != now.async ||
      !MatchesLoops(old.loops, now.loops, comparing)) {
    return false;
  }
  for (unsigned i = 0; i < isa::kRegisterCount; ++i) {
    if (!MatchesReg(old.regs[i], now.regs[i], comparing, ids)) {
      return false;
    }
  }
  for (uint32_t i = 0; i < old.slot_count; ++i) {
    if (i < now.slot_count
            ? !MatchesSlot(old.slots[i], now.slots[i], comparing, ids)
            : !IsInvalid(old.slots[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool IdMap::Match(uint32_t old_id, uint32_t new_id, int64_t more) {
  if ((old_id == 0) != (new_id == 0)) {
    return false;
  }
  if (old_id == 0) {
    return true;
  }
  for (uint32_t i = 0; i < count_; ++i) {
    if (pairs_[i].old_id == old_id || pairs_[i].new_id == new_id) {
      return pairs_[i].old_id == old_id && pairs_[i].new_id == new_id &&
             pairs_[i].more == more;
    }
  }
  if (count_ == kMax) {
    return false;
  }
  pairs_[count_++] = Pair{old_id, new_id, more};
  return true;
}

bool Matches(const SavedState& old, const State& now, Comparing comparing,
             IdMap& ids) {
  if (old.frame_count() != now.frame_count ||
      old.references().size() != now.reference_count ||
      !(old.regions() == now.regions) || old.lock().owner != now.lock.owner) {
    return false;
  }
  ids.Clear();
  if (!ids.Match(old.lock().id, now.lock.id)) {
    return false;
  }
  for (uint32_t i = 0; i < now.reference_count; ++i) {
    const Reference& then = old.references()[i];
    if (then.callback != now.references[i].callback ||
        !ids.Match(then.id, now.references[i].id)) {
      return false;
    }
  }
  for (uint32_t i = 0; i < now.frame_count; ++i) {
    if (!MatchesFrame(old.frame(i), now.frames[i], comparing, ids)) {
      return false;
    }
  }
  return true;
}

}  // namespace ebpf::verifier
