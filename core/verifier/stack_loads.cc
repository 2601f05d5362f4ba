// SPDX-License-Identifier: MIT
//
// One pass over the graph, forward, until nothing changes: where registers may
// point to, and what each function loads through what it was given. Stack
// pointers are numbers plus a base; what was computed from them otherwise stays
// in that stack, since the verifier refuses what leaves it. Nobody can put a
// pointer to a stack into another function's stack (kSpillToCaller), so what is
// found in one's own was put there by oneself.
#include "core/verifier/stack_loads.h"

#include "core/base/types.h"
#include "core/helpers/prototype.h"
#include "core/verifier/arena.h"
#include "core/verifier/callback.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;
using isa::Operation;
using Origin = StackLoads::Origin;
using Loads = StackLoads::Loads;
using Registers = StackLoads::Registers;

/// 3 MiB of Registers; of longer programs nothing is known.
constexpr size_t kMaxInsns = 24 * 1024;
constexpr unsigned kMaxPasses = 16;

bool IsSame(const Origin& a, const Origin& b) {
  return a.kind == b.kind && a.argument == b.argument && a.offset == b.offset;
}

Origin Joined(const Origin& a, const Origin& b) {
  if (b.kind == Origin::kNone || IsSame(a, b)) {
    return a;
  }
  if (a.kind == Origin::kNone) {
    return b;
  }
  if (a.kind == b.kind && a.argument == b.argument) {
    return {a.kind, a.argument, Origin::kAnywhere};
  }
  return {Origin::kUnknown, 0, 0};
}

Origin Moved(Origin origin, int64_t by) {
  const int64_t limit = kMaxStackBytes;
  if (origin.offset == Origin::kAnywhere || by < -limit || by > limit ||
      origin.offset + by < -limit || origin.offset + by > limit) {
    origin.offset = Origin::kAnywhere;
  } else {
    origin.offset += static_cast<int32_t>(by);
  }
  return origin;
}

/// Adds bytes [begin, end); whether that is news.
bool Add(Loads& loads, int64_t begin, int64_t end) {
  if (loads.anywhere || begin >= end) {
    return false;
  }
  const bool none = loads.begin == loads.end;
  const Loads before = loads;
  loads.begin =
      static_cast<int32_t>(none ? begin : Min<int64_t>(begin, loads.begin));
  loads.end = static_cast<int32_t>(none ? end : Max<int64_t>(end, loads.end));
  return loads.begin != before.begin || loads.end != before.end;
}

bool Set(bool& flag) { return !Exchange(flag, true); }

/// Adds what `loads`, of a pointer, loads of the stack to which `origin` points
/// now.
bool AddThrough(Loads& to, const Origin& origin, const Loads& loads) {
  if (loads.anywhere ||
      (loads.begin != loads.end && origin.offset == Origin::kAnywhere)) {
    return Set(to.anywhere);
  }
  return Add(to, int64_t{origin.offset} + loads.begin,
             int64_t{origin.offset} + loads.end);
}

bool FlowTo(Span<Registers> at, size_t index, const Registers& registers) {
  bool news = false;
  for (unsigned r = 0; r < isa::kRegisterCount; ++r) {
    Origin& there = at[index].of[r];
    const Origin both = Joined(there, registers.of[r]);
    news |= !IsSame(both, there);
    there = both;
  }
  return news;
}

void ClearCallerSaved(Registers& registers) {
  for (unsigned r = 0; r < kCallerSavedCount; ++r) {
    registers.of[r] = Origin{};
  }
}

/// The slots of bytes [begin, end) at r10.
uint64_t SlotsOf(int64_t begin, int64_t end) {
  uint64_t slots = 0;
  for (int64_t at = Max<int64_t>(begin, -int64_t{kMaxStackBytes});
       at < Min<int64_t>(end, 0); ++at) {
    slots |= uint64_t{1} << SlotOf(at);
  }
  return slots;
}

}  // namespace

StackLoads::~StackLoads() {
  v_.allocator.DeleteArray(before_);
  v_.allocator.DeleteArray(functions_);
}

Status StackLoads::Find() {
  if (v_.subprograms.size() < 2 || v_.insns.size() > kMaxInsns) {
    return Status::kOk;
  }
  before_ = EBPF_TRY(v_.allocator.NewArray<Registers>(v_.insns.size()));
  functions_ = EBPF_TRY(v_.allocator.NewArray<Summary>(v_.subprograms.size()));
  for (const Subprogram& subprogram : v_.subprograms) {
    Registers& first = before_[subprogram.start];
    first.of[isa::kFramePointer] = {Origin::kOwn, 0, 0};
    for (uint8_t i = 0; i < 5 && subprogram.start != 0; ++i) {
      first.of[1 + i] = {Origin::kArgument, i, 0};
    }
  }
  for (unsigned pass = 0; Pass(); ++pass) {
    if (pass == kMaxPasses) {
      v_.allocator.DeleteArray(functions_);
      functions_ = Span<Summary>();
      break;
    }
  }
  return Status::kOk;
}

bool StackLoads::Pass() {
  return ForwardPass(
      v_, before_,
      [this](uint32_t index, const DecodedInsn& insn, Registers& registers) {
        return Step(index, insn, registers);
      },
      FlowTo);
}

/// Notes what `insn` loads, and changes `registers` to what it leaves.
bool StackLoads::Step(uint32_t index, const DecodedInsn& insn,
                      Registers& registers) {
  const isa::OpInfo& info = insn.info();
  Summary& own = functions_[SubprogramOf(v_, index)];
  bool news = false;
  switch (info.family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
      Alu(insn, registers);
      break;
    case Family::kLoad:
    case Family::kLoadAcquire: {
      const Origin base = registers.of[insn.src];
      news = Load(base, insn.offset, info.width, own);
      registers.of[insn.dst] = Loaded(base, info.width, own);
      break;
    }
    case Family::kStore:
    case Family::kStoreRelease:
      if (info.source_is_register &&
          registers.of[insn.src].kind != Origin::kNone &&
          registers.of[insn.dst].kind != Origin::kNone) {
        news = Set(own.spills);
      }
      break;
    case Family::kAtomic:
    case Family::kAtomicFetch:
    case Family::kAtomicExchange: {
      const Origin base = registers.of[insn.dst];
      news = Load(base, insn.offset, info.width, own);
      if (info.family != Family::kAtomic) {
        const bool compares = info.operation == Operation::kCmpXchg;
        registers.of[compares ? 0 : insn.src] = Loaded(base, info.width, own);
      }
      break;
    }
    case Family::kLoadImm64:
      registers.of[insn.dst] = Origin{};
      break;
    case Family::kControl:
      if (insn.op == Op::kCallHelper) {
        news = Helper(insn, registers, own);
        ClearCallerSaved(registers);
      } else if (insn.op == Op::kCallSubprogram || insn.op == Op::kCallKernel) {
        news = Call(index, insn, registers, own);
        ClearCallerSaved(registers);
        if (insn.op == Op::kCallSubprogram) {
          registers.of[0] = {Origin::kUnknown, 0, 0};
        }
      }
      break;
    case Family::kLegacy:
      ClearCallerSaved(registers);
      break;
    default:
      break;
  }
  return news;
}

void StackLoads::Alu(const DecodedInsn& insn, Registers& registers) const {
  const isa::OpInfo& info = insn.info();
  Origin& dst = registers.of[insn.dst];
  const Origin src =
      info.source_is_register ? registers.of[insn.src] : Origin{};
  if (info.width != 64 || info.family != Family::kAlu) {
    dst = Origin{};
  } else if (isa::IsMove(info.operation)) {
    dst = src;
  } else if (!info.source_is_register && (info.operation == Operation::kAdd ||
                                          info.operation == Operation::kSub)) {
    const int64_t by = insn.imm;
    if (dst.kind != Origin::kNone) {
      dst = Moved(dst, info.operation == Operation::kAdd ? by : -by);
    }
  } else if (dst.kind != Origin::kNone || src.kind != Origin::kNone) {
    dst = Joined(dst, src);
    dst.offset = dst.kind == Origin::kUnknown ? 0 : Origin::kAnywhere;
  }
}

/// What a load of `width` bits through `base` gives.
Origin StackLoads::Loaded(const Origin& base, uint8_t width,
                          const Summary& own) const {
  const bool may_be_stack = base.kind == Origin::kArgument ||
                            base.kind == Origin::kUnknown ||
                            (base.kind == Origin::kOwn && own.spills);
  return width == 64 && may_be_stack ? Origin{Origin::kUnknown, 0, 0}
                                     : Origin{};
}

bool StackLoads::Load(const Origin& base, int32_t offset, uint8_t width,
                      Summary& own) {
  if (base.kind == Origin::kUnknown) {
    return Set(own.unknown);
  }
  if (base.kind != Origin::kArgument) {
    return false;
  }
  return AddThrough(own.by_argument[base.argument], base,
                    Loads{offset, offset + width / 8, false});
}

/// `argument` is given to who may load anything there; `to_function`: and
/// follow pointers that it finds.
bool StackLoads::PassAll(const Origin& argument, bool to_function,
                         Summary& own) {
  switch (argument.kind) {
    case Origin::kNone:
      return false;
    case Origin::kOwn:
      return to_function && own.spills && Set(own.unknown);
    case Origin::kArgument:
      return Set(own.by_argument[argument.argument].anywhere);
    case Origin::kUnknown:
      break;
  }
  return Set(own.unknown);
}

bool StackLoads::Helper(const DecodedInsn& insn, const Registers& registers,
                        Summary& own) {
  const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
  const bool calls_back = helper == nullptr || CallsBack(*helper);
  bool news = false;
  for (unsigned i = 0; i < 5; ++i) {
    const ArgKind kind = helper != nullptr ? helper->args[i] : ArgKind::kSize;
    if (kind != ArgKind::kNone && (kind != ArgKind::kAnything || calls_back)) {
      news |= PassAll(registers.of[1 + i], calls_back, own);
    }
  }
  return news;
}

bool StackLoads::Call(uint32_t index, const DecodedInsn& insn,
                      const Registers& registers, Summary& own) {
  bool news = false;
  for (unsigned i = 0; i < 5; ++i) {
    const Origin& argument = registers.of[1 + i];
    if (insn.op == Op::kCallKernel) {
      news |= PassAll(argument, false, own);
      continue;
    }
    const Summary& callee = functions_[SubprogramOf(
        v_, static_cast<uint32_t>(TargetOf(index, insn)))];
    if (callee.unknown) {
      news |= PassAll(argument, true, own);
    } else if (argument.kind == Origin::kArgument) {
      news |= AddThrough(own.by_argument[argument.argument], argument,
                         callee.by_argument[i]);
    } else if (callee.by_argument[i].anywhere ||
               callee.by_argument[i].begin != callee.by_argument[i].end) {
      news |= PassAll(argument, true, own);
    }
  }
  return news;
}

uint64_t StackLoads::SlotsAt(uint32_t index) const {
  constexpr uint64_t kAll = ~uint64_t{0};
  DecodedInsn insn;
  if (functions_.empty() ||
      DecodeInsn(v_.insns, index, insn) != isa::DecodeError::kNone) {
    return kAll;
  }
  const Summary& callee = functions_[SubprogramOf(
      v_, static_cast<uint32_t>(TargetOf(index, insn)))];
  uint64_t slots = 0;
  for (unsigned i = 0; i < 5; ++i) {
    const Origin& argument = before_[index].of[1 + i];
    Loads loads{0, 0, false};
    if (argument.kind == Origin::kOwn || argument.kind == Origin::kUnknown) {
      (void)AddThrough(loads, argument, callee.by_argument[i]);
      loads.anywhere =
          loads.anywhere || callee.unknown ||
          (argument.kind == Origin::kUnknown && loads.begin != loads.end);
    }
    slots |= loads.anywhere ? kAll : SlotsOf(loads.begin, loads.end);
  }
  return slots;
}

}  // namespace ebpf::verifier
