// SPDX-License-Identifier: MIT
//
// A number matters where it may reach (through arithmetic, copies, the stack)
// a comparison, a pointer's offset, a size, a divisor or another function.
// DESIGN.md argues why a path may be cut short although other numbers differ.
//
// Two passes over the graph: forward, what may hold a pointer (arithmetic with
// one makes the other operand matter), and a pointer to the stack (what is
// loaded there was stored before); then backward, what matters. Like liveness
// both may say too much, and say all of it where they do not end in time.
#include "core/verifier/relevance.h"

#include "core/helpers/prototype.h"
#include "core/verifier/callback.h"
#include "core/verifier/liveness.h"
#include "core/verifier/return_value.h"
#include "core/verifier/stack_loads.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;
using isa::Operation;

/// 2 MiB of Relevant; longer programs do without.
constexpr size_t kMaxInsns = 128 * 1024;
constexpr unsigned kMaxPasses = 32;
constexpr uint16_t kAllRegs = (1u << isa::kRegisterCount) - 1;
constexpr uint16_t kResult = 1u << 0;
constexpr uint16_t kArguments = 0x3e;  // r1..r5
constexpr uint16_t kFrame = 1u << isa::kFramePointer;

/// What registers may hold, as sets of bits.
struct Kinds {
  uint16_t pointer;
  uint16_t stack;  // one to some function's stack
  /// One to other memory that has pointers: a context, an object of the kernel,
  /// a map's value with some in it.
  uint16_t holder;

  bool MayPoint(unsigned reg) const { return (pointer & RegBit(reg)) != 0; }
  bool MayPointToStack(unsigned reg) const {
    return (stack & RegBit(reg)) != 0;
  }
  bool MayPointToHolder(unsigned reg) const {
    return (holder & RegBit(reg)) != 0;
  }
  void Set(unsigned reg, bool is_pointer, bool is_stack, bool is_holder) {
    const auto set = [reg](uint16_t& where, bool is) {
      where = static_cast<uint16_t>(is ? where | RegBit(reg)
                                       : where & ~RegBit(reg));
    };
    set(pointer, is_pointer);
    set(stack, is_stack);
    set(holder, is_holder);
  }
  void Clear(uint16_t regs) {
    pointer = static_cast<uint16_t>(pointer & ~regs);
    stack = static_cast<uint16_t>(stack & ~regs);
    holder = static_cast<uint16_t>(holder & ~regs);
  }
};

bool Divides(Operation operation) {
  return operation == Operation::kDiv || operation == Operation::kSDiv ||
         operation == Operation::kMod || operation == Operation::kSMod;
}

bool ReturnsPointer(const HelperPrototype* helper) {
  return helper == nullptr || (helper->result != ReturnKind::kInteger &&
                               helper->result != ReturnKind::kVoid);
}

/// Whether values of some map have pointers in them, or are maps.
bool MapsHavePointers(const Verification& v) {
  for (const Map* map : v.maps) {
    if (map->inner() != nullptr || !map->fields().empty()) {
      return true;
    }
  }
  return false;
}

/// Whether what `helper` returns may point to memory that has pointers.
bool ReturnsHolder(const HelperPrototype* helper, bool maps_have_pointers) {
  if (!ReturnsPointer(helper)) {
    return false;
  }
  if (helper == nullptr) {
    return true;
  }
  switch (helper->result) {
    case ReturnKind::kMapValue:
    case ReturnKind::kMapValueOrNull:
      return maps_have_pointers;
    case ReturnKind::kRingRecordOrNull:
    case ReturnKind::kDynptrMemOrNull:
      return false;
    default:
      return true;
  }
}

const HelperPrototype* HelperOf(const DecodedInsn& insn) {
  return FindHelper(static_cast<uint32_t>(insn.imm));
}

/// The register that an atomic operation loads, if it does.
unsigned FetchedBy(const DecodedInsn& insn) {
  return insn.info().operation == Operation::kCmpXchg ? 0 : insn.src;
}

// Forward.

void AfterAlu(const DecodedInsn& insn, Kinds& kinds) {
  const isa::OpInfo& info = insn.info();
  const bool from_src = info.source_is_register;
  const bool keeps = !isa::IsMove(info.operation);
  const bool wide = info.width == 64 && info.family == Family::kAlu;
  kinds.Set(insn.dst,
            wide && ((keeps && kinds.MayPoint(insn.dst)) ||
                     (from_src && kinds.MayPoint(insn.src))),
            wide && ((keeps && kinds.MayPointToStack(insn.dst)) ||
                     (from_src && kinds.MayPointToStack(insn.src))),
            wide && ((keeps && kinds.MayPointToHolder(insn.dst)) ||
                     (from_src && kinds.MayPointToHolder(insn.src))));
}

/// A load through `base` into `reg`. Pointers are loaded whole, but for those
/// of contexts, some of whose fields stand for them with four bytes.
void AfterLoad(unsigned reg, unsigned base, uint8_t width, Kinds& kinds) {
  const bool stack = kinds.MayPointToStack(base) && width == 64;
  const bool holder = kinds.MayPointToHolder(base) && width >= 32;
  kinds.Set(reg, stack || holder, stack, stack || holder);
}

/// What `insn` leaves in the registers.
Kinds After(const DecodedInsn& insn, Kinds kinds, bool maps_have_pointers) {
  switch (insn.info().family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
      AfterAlu(insn, kinds);
      break;
    case Family::kLoad:
    case Family::kLoadAcquire:
      AfterLoad(insn.dst, insn.src, insn.info().width, kinds);
      break;
    case Family::kAtomicFetch:
    case Family::kAtomicExchange:
      AfterLoad(FetchedBy(insn), insn.dst, insn.info().width, kinds);
      break;
    case Family::kLoadImm64:
      kinds.Set(insn.dst, insn.op != Op::kLoadImm64, false,
                insn.op == Op::kLoadMapFd || insn.op == Op::kLoadBtfId ||
                    (insn.op == Op::kLoadMapValue && maps_have_pointers));
      break;
    case Family::kControl:
      if (insn.op == Op::kCallHelper) {
        kinds.Clear(kCallerSaved);
        kinds.Set(0, ReturnsPointer(HelperOf(insn)), false,
                  ReturnsHolder(HelperOf(insn), maps_have_pointers));
      } else if (insn.op == Op::kCallSubprogram) {
        kinds.Clear(kCallerSaved);
        kinds.Set(0, true, true, true);
      } else if (insn.op == Op::kCallKernel) {
        kinds.Clear(kCallerSaved);
        kinds.Set(0, true, false, true);
      }
      break;
    case Family::kLegacy:
      kinds.Clear(kCallerSaved);
      break;
    default:
      break;
  }
  return kinds;
}

/// Adds `kinds` to what may be at `index`; whether that is news.
bool FlowTo(Span<Kinds> at, size_t index, const Kinds& kinds) {
  Kinds& there = at[index];
  const Kinds both{static_cast<uint16_t>(there.pointer | kinds.pointer),
                   static_cast<uint16_t>(there.stack | kinds.stack),
                   static_cast<uint16_t>(there.holder | kinds.holder)};
  const bool news = both.pointer != there.pointer ||
                    both.stack != there.stack || both.holder != there.holder;
  there = both;
  return news;
}

void FindKinds(const Verification& v, Span<Kinds> at) {
  for (const Subprogram& subprogram : v.subprograms) {
    const bool main = subprogram.start == 0;
    const uint16_t arguments = main ? RegBit(1) : kArguments;
    at[subprogram.start] = Kinds{
        static_cast<uint16_t>(kFrame | arguments),
        static_cast<uint16_t>(kFrame | (main ? 0 : kArguments)), arguments};
  }
  const bool maps_have_pointers = MapsHavePointers(v);
  const auto step = [&](uint32_t, const DecodedInsn& insn, Kinds& kinds) {
    kinds = After(insn, kinds, maps_have_pointers);
    return false;
  };
  for (unsigned pass = 0; ForwardPass(v, at, step, FlowTo); ++pass) {
    if (pass == kMaxPasses) {
      for (Kinds& kinds : at) {
        kinds = Kinds{kAllRegs, kAllRegs, kAllRegs};
      }
      return;
    }
  }
}

// Backward.

/// The slot at r10 + `offset`, as a bit; all if it is none.
uint64_t SlotBit(int32_t offset) {
  return offset < 0 && offset >= -static_cast<int32_t>(kMaxStackBytes)
             ? uint64_t{1} << SlotOf(offset)
             : ~uint64_t{0};
}

/// The slots that an access through `base` may touch.
uint64_t SlotsBehind(const Kinds& kinds, unsigned base, int32_t offset) {
  if (base == isa::kFramePointer) {
    return SlotBit(offset);
  }
  return kinds.MayPointToStack(base) ? ~uint64_t{0} : 0;
}

class Backward {
 public:
  Backward(uint32_t index, const DecodedInsn& insn, const Kinds& kinds,
           const StackLoads& loads, bool kptrs, const Relevant& after)
      : index_(index),
        insn_(insn),
        info_(insn.info()),
        kinds_(kinds),
        loads_(loads),
        kptrs_(kptrs),
        set_(after) {}

  /// What matters before the instruction. `result_matters`: what its function
  /// returns does.
  Relevant Before(bool result_matters) {
    switch (info_.family) {
      case Family::kAlu:
        Alu();
        break;
      case Family::kLoad:
      case Family::kLoadAcquire:
        LoadInto(insn_.dst, insn_.src);
        break;
      case Family::kStore:
      case Family::kStoreRelease:
        Store();
        break;
      case Family::kAtomic:
      case Family::kAtomicFetch:
      case Family::kAtomicExchange:
        Atomic();
        break;
      case Family::kJump:
        Add(insn_.dst);
        if (info_.source_is_register) {
          Add(insn_.src);
        }
        break;
      case Family::kLoadImm64:
        Remove(RegBit(insn_.dst));
        break;
      case Family::kControl:
        Control(result_matters);
        break;
      case Family::kLegacy:
        Remove(kCallerSaved);  // any number may say which byte is loaded
        break;
      default:
        break;
    }
    return set_;
  }

 private:
  bool Has(unsigned reg) const { return (set_.regs & RegBit(reg)) != 0; }
  void Add(unsigned reg) {
    set_.regs = static_cast<uint16_t>(set_.regs | RegBit(reg));
  }
  void Remove(uint16_t regs) {
    set_.regs = static_cast<uint16_t>(set_.regs & ~regs);
  }

  void Alu() {
    const bool from_src = info_.source_is_register;
    if (isa::IsMove(info_.operation)) {
      const bool matters = Has(insn_.dst);
      Remove(RegBit(insn_.dst));
      if (matters && from_src) {
        Add(insn_.src);
      }
      return;
    }
    const bool moves_pointer =
        kinds_.MayPoint(insn_.dst) || (from_src && kinds_.MayPoint(insn_.src));
    if (moves_pointer) {
      Add(insn_.dst);  // and so what it is moved by
    }
    // Of a divisor the engines are told whether it can be 0.
    if (from_src && (Has(insn_.dst) || Divides(info_.operation))) {
      Add(insn_.src);
    }
  }

  void LoadInto(unsigned reg, unsigned base) {
    const bool matters = Has(reg);
    Remove(RegBit(reg));
    if (matters) {
      set_.slots |= SlotsBehind(kinds_, base, insn_.offset);
    }
  }

  /// What is stored matters if the slot does; at an unknown place, always.
  bool StoredMatters() const {
    const uint64_t slots = SlotsBehind(kinds_, insn_.dst, insn_.offset);
    return insn_.dst == isa::kFramePointer ? (set_.slots & slots) != 0
                                           : slots != 0;
  }

  void Store() {
    // Whether 0 is stored decides in kptrs.
    const bool matters =
        StoredMatters() || (kptrs_ && kinds_.MayPointToHolder(insn_.dst));
    if (insn_.dst == isa::kFramePointer && info_.width == 64 &&
        insn_.offset < 0) {
      set_.slots &= ~SlotBit(insn_.offset);
    }
    if (matters && info_.source_is_register) {
      Add(insn_.src);
    }
  }

  void Atomic() {
    const bool compares = info_.operation == Operation::kCmpXchg;
    const bool stored = StoredMatters();
    if (info_.family != Family::kAtomic) {
      LoadInto(FetchedBy(insn_), insn_.dst);
    }
    if (stored) {
      Add(insn_.src);
      if (compares) {
        Add(0);
      }
    }
  }

  void Control(bool result_matters) {
    switch (insn_.op) {
      case Op::kExit:
        set_ = Relevant{0, result_matters ? kResult : uint16_t{0}};
        break;
      case Op::kCallHelper:
        Helper();
        break;
      case Op::kCallSubprogram:
      case Op::kCallKernel:
        Remove(kCallerSaved);
        set_.regs = static_cast<uint16_t>(set_.regs | kArguments);
        if ((kinds_.stack & kArguments) != 0) {
          // What the callee may load there.
          set_.slots |= insn_.op == Op::kCallSubprogram ? loads_.SlotsAt(index_)
                                                        : ~uint64_t{0};
        }
        break;
      default:
        break;
    }
  }

  void Helper() {
    Remove(kCallerSaved);
    const HelperPrototype* helper = HelperOf(insn_);
    // How often a function is called back matters.
    const bool calls_back = helper != nullptr && CallsBack(*helper);
    if (calls_back && (kinds_.stack & kArguments) != 0) {
      set_.slots = ~uint64_t{0};  // what is called may load what is there
    }
    for (unsigned i = 0; i < 5; ++i) {
      const ArgKind kind = helper != nullptr ? helper->args[i] : ArgKind::kSize;
      if (kind != ArgKind::kNone &&
          (kind != ArgKind::kAnything || calls_back ||
           insn_.imm == helper_id::get_local_storage)) {
        Add(1 + i);
      }
    }
  }

  const uint32_t index_;
  const DecodedInsn& insn_;
  const isa::OpInfo& info_;
  const Kinds& kinds_;
  const StackLoads& loads_;
  const bool kptrs_;  // maps may have some
  Relevant set_;
};

bool BackwardPass(Verification& v, Span<const Kinds> kinds,
                  const StackLoads& loads) {
  const bool program_result = ReturnValueMatters(v);
  const bool kptrs = MapsHavePointers(v);
  bool news = false;
  for (uint32_t i = static_cast<uint32_t>(v.insns.size()); i-- > 0;) {
    DecodedInsn insn;
    if (!DecodeAt(v, i, insn)) {
      continue;
    }
    const Flow flow = FlowOf(insn);
    Relevant after{};
    if (flow.jumps) {
      after = v.relevance[static_cast<size_t>(TargetOf(i, insn))];
    }
    if (flow.falls_through) {
      after = after | v.relevance[i + insn.slots];
    }
    const bool result_matters = program_result || SubprogramOf(v, i) != 0;
    const Relevant before =
        Backward(i, insn, kinds[i], loads, kptrs, after).Before(result_matters);
    news |= before.slots != v.relevance[i].slots ||
            before.regs != v.relevance[i].regs;
    v.relevance[i] = before;
  }
  return news;
}

}  // namespace

Status ComputeRelevance(Verification& v) {
  if (v.insns.size() > kMaxInsns) {
    return Status::kOk;
  }
  v.relevance = EBPF_TRY(v.allocator.NewArray<Relevant>(v.insns.size()));
  StackLoads loads(v);
  EBPF_TRY(loads.Find());
  Span<Kinds> kinds = EBPF_TRY(v.allocator.NewArray<Kinds>(v.insns.size()));
  FindKinds(v, kinds);
  for (unsigned pass = 0; BackwardPass(v, kinds, loads); ++pass) {
    if (pass == kMaxPasses) {
      for (Relevant& relevant : v.relevance) {
        relevant = Relevant::All();
      }
      break;
    }
  }
  v.allocator.DeleteArray(kinds);
  return Status::kOk;
}

}  // namespace ebpf::verifier
