// SPDX-License-Identifier: MIT
//
// A fact holds if it held on every path that was walked: a path that was cut
// short is covered by one that was not (DESIGN.md).
//
// Who reads upper halves is found on the graph of jumps instead, backward, as
// liveness is, so that no path matters. The upper half of a number goes
// - nowhere, from an instruction that looks at the low half only;
// - into the upper half of the result, of what carries from low bits to high
//   ones and never back (sums, products, shifts to the left, bits, copies);
// - anywhere, from all else: it is read there. Calls read all arguments, an
//   exit all of r0, a store of 64 bits all that it stores, so what is spilled
//   needs no following.
#include "core/verifier/facts.h"

#include "core/verifier/arena.h"
#include "core/verifier/liveness.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Operation;

constexpr unsigned kMaxPasses = 32;
constexpr uint16_t kAllRegs = (1u << isa::kRegisterCount) - 1;

/// Whether the low half of the result comes from low halves alone.
bool CarriesUpward(Operation operation) {
  switch (operation) {
    case Operation::kAdd:
    case Operation::kSub:
    case Operation::kMul:
    case Operation::kOr:
    case Operation::kAnd:
    case Operation::kXor:
    case Operation::kMov:
    case Operation::kNeg:
    case Operation::kLsh:
      return true;
    default:
      return false;
  }
}

bool IsShift(Operation operation) {
  return operation == Operation::kLsh || operation == Operation::kRsh ||
         operation == Operation::kArsh;
}

bool IsSignExtension(Operation operation) {
  return operation == Operation::kMovSx8 || operation == Operation::kMovSx16 ||
         operation == Operation::kMovSx32;
}

/// The registers whose upper half arithmetic reads, if `after` are read later.
uint16_t ReadByAlu(const DecodedInsn& insn, uint16_t after) {
  const isa::OpInfo& info = insn.info();
  const Operation operation = info.operation;
  if (info.width != 64 || IsSignExtension(operation)) {
    return 0;
  }
  if (CarriesUpward(operation) && (after & RegBit(insn.dst)) == 0) {
    return 0;
  }
  const bool reads_dst = operation != Operation::kMov;
  const bool reads_src = info.source_is_register && !IsShift(operation);
  return static_cast<uint16_t>((reads_dst ? RegBit(insn.dst) : 0) |
                               (reads_src ? RegBit(insn.src) : 0));
}

uint16_t ReadBy(const DecodedInsn& insn, uint16_t after) {
  const isa::OpInfo& info = insn.info();
  const bool wide = info.width == 64;
  const uint16_t dst = RegBit(insn.dst);
  const uint16_t src = RegBit(insn.src);
  switch (info.family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
      return ReadByAlu(insn, after);
    case Family::kJump:
      return wide ? UseOf(insn).reads : uint16_t{0};
    case Family::kStore:  // an address is read whole
    case Family::kStoreRelease:
      return wide ? UseOf(insn).reads : dst;
    case Family::kAtomic:
    case Family::kAtomicFetch:
    case Family::kAtomicExchange:
      return wide ? UseOf(insn).reads : dst;
    case Family::kLoad:
    case Family::kLoadAcquire:
      return src;
    default:
      return UseOf(insn).reads;
  }
}

/// The register that `insn` writes 32 bits or fewer of, zeroing the rest.
uint16_t ZeroExtended(const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  if (info.width > 32) {
    return 0;
  }
  switch (info.family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
      return RegBit(insn.dst);
    case Family::kLoad:
    case Family::kLoadAcquire:
      return info.sign_extends ? uint16_t{0} : RegBit(insn.dst);
    case Family::kAtomicFetch:
    case Family::kAtomicExchange:
      return UseOf(insn).writes;
    default:
      return 0;
  }
}

/// Of what upper halves `insn` at `index` leaves, those that are read later.
uint16_t LiveAfter(const Verification& v, uint32_t index,
                   const DecodedInsn& insn) {
  const Flow flow = FlowOf(insn);
  uint16_t after = 0;
  if (flow.jumps) {
    after |= v.infos[static_cast<size_t>(TargetOf(index, insn))].live_upper;
  }
  if (flow.falls_through) {
    after |= v.infos[index + insn.slots].live_upper;
  }
  return after;
}

/// One pass from the last instruction to the first; whether anything changed.
bool Pass(Verification& v) {
  bool changed = false;
  for (uint32_t i = static_cast<uint32_t>(v.insns.size()); i-- > 0;) {
    DecodedInsn insn;
    if (!DecodeAt(v, i, insn)) {
      continue;
    }
    const uint16_t after = LiveAfter(v, i, insn);
    const uint16_t live = static_cast<uint16_t>((after & ~UseOf(insn).writes) |
                                                ReadBy(insn, after));
    changed = changed || live != v.infos[i].live_upper;
    v.infos[i].live_upper = live;
  }
  return changed;
}

void FindUpperHalvesRead(Verification& v) {
  unsigned passes = 0;
  while (Pass(v)) {
    if (++passes == kMaxPasses) {
      for (InsnInfo& info : v.infos) {
        info.live_upper = kAllRegs;
      }
      return;
    }
  }
}

PointerKind KindOf(uint16_t flags) {
  switch (flags & (InsnInfo::kStackAccess | InsnInfo::kContextAccess |
                   InsnInfo::kOtherAccess)) {
    case InsnInfo::kStackAccess:
      return PointerKind::kStack;
    case InsnInfo::kContextAccess:
      return PointerKind::kContext;
    case InsnInfo::kOtherAccess:
      return PointerKind::kMemory;
    default:
      return PointerKind::kUnknown;
  }
}

bool Only(uint16_t flags, uint16_t yes, uint16_t no) {
  return (flags & (yes | no)) == yes;
}

}  // namespace

void WriteFacts(Verification& v, Span<InsnFacts> facts) {
  if (facts.empty()) {
    return;
  }
  FindUpperHalvesRead(v);
  for (uint32_t i = 0; i < facts.size() && i < v.infos.size(); ++i) {
    DecodedInsn insn;
    if (!DecodeAt(v, i, insn)) {
      continue;
    }
    const uint16_t flags = v.infos[i].flags;
    const uint16_t written = ZeroExtended(insn);
    facts[i].no_zero_extension =
        written != 0 && (written & LiveAfter(v, i, insn)) == 0;
    facts[i].divisor_non_zero =
        Only(flags, InsnInfo::kDivisorSeen, InsnInfo::kDivisorZero);
    facts[i].never_reached = !v.infos[i].walked;
    // An instruction that goes through a typed pointer goes through nothing
    // else (memory_access.cc).
    facts[i].pointer = v.infos[i].accessed == RegType::kTyped
                           ? PointerKind::kProbed
                           : KindOf(flags);
    facts[i].always_jumps =
        Only(flags, InsnInfo::kJumps, InsnInfo::kFallsThrough);
    facts[i].never_jumps =
        Only(flags, InsnInfo::kFallsThrough, InsnInfo::kJumps);
  }
}

}  // namespace ebpf::verifier
