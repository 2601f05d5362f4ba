// SPDX-License-Identifier: MIT
//
// The generator: units of instructions, laid out at the end.
#include "testing/differential/program_generator.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "core/base/assert.h"
#include "core/base/types.h"
#include "core/isa/encode.h"

namespace ebpf::differential {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;
using isa::Operation;

constexpr uint8_t kValue = 9;  // r9 points to the map's value
constexpr uint8_t kFrame = isa::kFramePointer;
constexpr int kStackBytes = 8 * MapValue::kWords;
// The main function's: the value's address, r0..r8, the stack's words.
constexpr size_t kPrologueUnits = 1 + 9 + MapValue::kWords + 1;
// Below the words of the stack, a counter for each loop.
constexpr int kMaxLoops = 3;
constexpr int32_t kLoopHelper = 181;  // bpf_loop

int CounterOffset(int loop) { return -kStackBytes - 8 * (loop + 1); }

DecodedInsn Make(Op op, uint8_t dst, uint8_t src, int offset, int32_t imm) {
  DecodedInsn insn;
  insn.op = op;
  insn.dst = dst;
  insn.src = src;
  insn.offset = static_cast<int16_t>(offset);
  insn.imm = imm;
  return insn;
}

DecodedInsn MakeConstant(Op op, uint8_t dst, uint64_t value) {
  DecodedInsn insn = Make(op, dst, 0, 0, static_cast<int32_t>(value));
  insn.next_imm = static_cast<int32_t>(value >> 32);
  insn.slots = 2;
  return insn;
}

bool IsNewInV4(Op op) {
  const isa::OpInfo& info = isa::InfoOf(op);
  switch (info.operation) {
    case Operation::kSDiv:
    case Operation::kSMod:
    case Operation::kMovSx8:
    case Operation::kMovSx16:
    case Operation::kMovSx32:
    case Operation::kSwap:
      return true;
    default:
      return info.sign_extends || op == Op::kGotoLong;
  }
}

// After an atomic operation that fetches: the fetched value by way of the map.
void AppendDetour(std::vector<DecodedInsn>& insns) {
  const DecodedInsn last = insns.back();
  const Family family = last.info().family;
  if (family != Family::kAtomicFetch && family != Family::kAtomicExchange) {
    return;
  }
  const bool into_r0 = last.info().operation == Operation::kCmpXchg;
  const uint8_t reg = into_r0 ? 0 : last.src;
  const auto offset = static_cast<int>(offsetof(MapValue, detour));
  insns.push_back(Make(Op::kStoreU64Reg, kValue, reg, offset, 0));
  insns.push_back(Make(Op::kLoadU64, reg, kValue, offset, 0));
}

}  // namespace

bool Generates(Op op, InsnSet set) {
  if (!set.v4 && IsNewInV4(op)) {
    return false;
  }
  switch (isa::InfoOf(op).family) {
    case Family::kLegacy:
    case Family::kInternal:
      return false;
    case Family::kLoadAcquire:
    case Family::kStoreRelease:
      return set.acquire;
    case Family::kLoadImm64:
      return op == Op::kLoadImm64 || op == Op::kLoadMapValue ||
             (op == Op::kLoadFunc && set.callbacks);
    case Family::kControl:
      return op == Op::kGoto || op == Op::kGotoLong ||
             op == Op::kCallSubprogram || op == Op::kExit ||
             (op == Op::kCallHelper && set.callbacks);
    default:
      return true;
  }
}

// Numbers at which carries, signs and widths change, or anything.
uint64_t ProgramGenerator::Constant() {
  static constexpr uint64_t kEdges[] = {
      0,      1,          2,          7,          31,         32,        33,
      63,     64,         0x7f,       0x80,       0xff,       0x7fff,    0x8000,
      0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32, 1ull << 63};
  const uint64_t edge = kEdges[Below(std::size(kEdges))];
  switch (Below(5)) {
    case 0:
      return edge;
    case 1:
      return 0 - edge;
    case 2:
      return edge + Below(5) - 2;
    case 3:
      return random_() >> Below(64);
    default:
      return random_();
  }
}

isa::DecodedInsn ProgramGenerator::RandomAlu(Op op) {
  const isa::OpInfo& info = isa::InfoOf(op);
  int32_t imm = Immediate();
  switch (info.operation) {
    case Operation::kLsh:
    case Operation::kRsh:
    case Operation::kArsh:
      imm = static_cast<int32_t>(Below(info.width));  // Linux refuses others
      break;
    case Operation::kDiv:
    case Operation::kSDiv:
    case Operation::kMod:
    case Operation::kSMod:
      imm = imm == 0 ? -1 : imm;
      break;
    default:
      break;
  }
  return Make(op, Scalar(), Scalar(), 0, imm);
}

isa::DecodedInsn ProgramGenerator::RandomMemoryAccess(Op op) {
  const isa::OpInfo& info = isa::InfoOf(op);
  const int size = info.width / 8;
  const bool atomic =
      info.family != Family::kLoad && info.family != Family::kStore;
  const bool on_stack = OneIn(2);
  // Linux wants accesses to the stack aligned, and atomics everywhere.
  const int step = on_stack || atomic ? size : 1;
  const int slots = (kStackBytes - size) / step + 1;
  int offset = static_cast<int>(Below(static_cast<uint64_t>(slots))) * step;
  offset -= on_stack ? kStackBytes : 0;
  const uint8_t base = on_stack ? kFrame : kValue;
  if (info.family == Family::kLoad || info.family == Family::kLoadAcquire) {
    return Make(op, Scalar(), base, offset, 0);
  }
  return Make(op, base, Scalar(), offset, Immediate());
}

ProgramGenerator::Unit ProgramGenerator::RandomJump(Op op) {
  Unit unit;
  if (op == Op::kGoto || op == Op::kGotoLong) {
    // Over an unconditional jump, so that what it skips can be reached.
    unit.insns.push_back(Make(Op::kJSGt64Imm, Scalar(), 0, 1, Immediate()));
    unit.insns.push_back(Make(op, 0, 0, 0, 0));
  } else {
    unit.insns.push_back(Make(op, Scalar(), Scalar(), 0, Immediate()));
  }
  unit.skip = 1 + Below(8);
  return unit;
}

ProgramGenerator::Unit ProgramGenerator::RandomUnit() {
  if (Percent(20)) {
    return RandomIdiom();
  }
  for (;;) {
    const Op op = static_cast<Op>(Below(isa::kOpCount));
    if (!Generates(op, set_)) {
      continue;
    }
    Unit unit;
    switch (isa::InfoOf(op).family) {
      case Family::kAlu:
        unit.insns.push_back(RandomAlu(op));
        return unit;
      case Family::kNegate:
      case Family::kByteSwap:
        unit.insns.push_back(Make(op, Scalar(), 0, 0, 0));
        return unit;
      case Family::kLoadImm64:
        if (op == Op::kLoadFunc) {
          continue;
        }
        unit.insns.push_back(
            MakeConstant(Op::kLoadImm64, Scalar(), Constant()));
        return unit;
      case Family::kLoad:
      case Family::kStore:
      case Family::kAtomic:
      case Family::kAtomicFetch:
      case Family::kAtomicExchange:
      case Family::kLoadAcquire:
      case Family::kStoreRelease:
        unit.insns.push_back(RandomMemoryAccess(op));
        return unit;
      default:
        if (op != Op::kExit && op != Op::kCallSubprogram &&
            op != Op::kCallHelper && jumps_left_ > 0) {
          --jumps_left_;
          return RandomJump(op);
        }
    }
  }
}

// r<first>..r<last> = constants, or what Linux's verifier cannot know.
void ProgramGenerator::AppendRegisters(Units& units, int first, int last) {
  for (int reg = first; reg <= last; ++reg) {
    const auto dst = static_cast<uint8_t>(reg);
    Unit unit;
    unit.insns.push_back(
        OneIn(3) ? MakeConstant(Op::kLoadImm64, dst, Constant())
                 : Make(Op::kLoadU64, dst, kValue,
                        static_cast<int>(8 * Below(MapValue::kWords)), 0));
    units.push_back(unit);
  }
}

void ProgramGenerator::AppendPrologue(Units& units, bool is_main) {
  Unit value;
  value.insns.push_back(MakeConstant(Op::kLoadMapValue, kValue, 0));
  value.loads_value = true;
  units.push_back(value);
  if (is_main) {
    AppendRegisters(units, 0, 8);
  } else {
    AppendRegisters(units, 0, 0);  // r1..r5 are the caller's
    AppendRegisters(units, 6, 8);
  }
  for (int word = 0; word < MapValue::kWords; ++word) {
    Unit unit;
    unit.insns.push_back(
        Make(Op::kStoreU64Reg, kFrame, Scalar(), 8 * word - kStackBytes, 0));
    units.push_back(unit);
  }
  // Who jumps into a loop gets a counter that ends it.
  Unit counters;
  for (int loop = 0; loop < kMaxLoops; ++loop) {
    counters.insns.push_back(
        Make(Op::kStoreU64Imm, kFrame, 0, CounterOffset(loop), 1));
  }
  units.push_back(counters);
  loops_ = 0;
}

void ProgramGenerator::AppendCall(Units& units, size_t callee) {
  Unit call;
  call.insns.push_back(Make(Op::kCallSubprogram, 0, 0, 0, 0));
  call.callee = callee;
  units.push_back(call);
  AppendRegisters(units, 1, 5);  // lost by the call
}

// bpf_loop(a few times, the function for it, null, 0)
void ProgramGenerator::AppendCallback(Units& units) {
  Unit call;
  call.insns.push_back(MakeConstant(Op::kLoadFunc, 2, 0));
  call.insns.push_back(
      Make(Op::kMov64Imm, 1, 0, 0, static_cast<int32_t>(Below(4))));
  call.insns.push_back(Make(Op::kMov64Imm, 3, 0, 0, 0));
  call.insns.push_back(Make(Op::kMov64Imm, 4, 0, 0, 0));
  call.insns.push_back(Make(Op::kCallHelper, 0, 0, 0, kLoopHelper));
  call.callback = callback_;
  units.push_back(call);
  AppendRegisters(units, 1, 5);
}

/// A few units, a few times. Jumps inside may leave it, or skip its end, which
/// comes back for a positive counter only.
void ProgramGenerator::AppendLoop(Units& units, size_t callees) {
  const int counter = CounterOffset(loops_++);
  Unit head;
  head.insns.push_back(Make(Op::kStoreU64Imm, kFrame, 0, counter,
                            static_cast<int32_t>(1 + Below(5))));
  units.push_back(head);
  const size_t first = units.size();
  // Each jump doubles what a verifier looks at, each time.
  const unsigned jumps = jumps_left_;
  jumps_left_ = jumps_left_ > 0 && OneIn(2) ? 1 : 0;
  const size_t count = 1 + Below(8);
  while (units.size() < first + count) {
    units.push_back(RandomUnit());
  }
  if (callees != 0 && OneIn(3)) {
    AppendCall(units, 1);
  }
  jumps_left_ = jumps > 0 ? jumps - 1 : 0;
  const uint8_t reg = Scalar();
  Unit tail;
  tail.insns.push_back(Make(Op::kLoadU64, reg, kFrame, counter, 0));
  tail.insns.push_back(Make(Op::kAdd64Imm, reg, 0, 0, -1));
  tail.insns.push_back(Make(Op::kStoreU64Reg, kFrame, reg, counter, 0));
  tail.insns.push_back(Make(Op::kJSGt64Imm, reg, 0, 0, 0));
  tail.back = units.size() - first;
  units.push_back(tail);
}

void ProgramGenerator::AppendBody(Units& units, size_t count, size_t callees) {
  const size_t end = units.size() + count;
  while (units.size() < end) {
    if (loops_ < kMaxLoops && Percent(2)) {
      AppendLoop(units, callees);
    } else if (callees != 0 && Percent(3)) {
      AppendCall(units, 1 + Below(callees));
    } else if (callback_ != 0 && Percent(3)) {
      AppendCallback(units);
    } else {
      units.push_back(RandomUnit());
    }
  }
}

// Shows r0..r8 and the stack; r0 is the result.
void ProgramGenerator::AppendEpilogue(Units& units) {
  Unit unit;
  for (uint8_t reg = 0; reg < 9; ++reg) {
    unit.insns.push_back(
        Make(Op::kStoreU64Reg, kValue, reg,
             static_cast<int>(offsetof(MapValue, regs)) + 8 * reg, 0));
  }
  for (int word = 0; word < MapValue::kWords; ++word) {
    unit.insns.push_back(
        Make(Op::kLoadU64, 1, kFrame, 8 * word - kStackBytes, 0));
    unit.insns.push_back(
        Make(Op::kStoreU64Reg, kValue, 1,
             static_cast<int>(offsetof(MapValue, stack)) + 8 * word, 0));
  }
  units.push_back(unit);
}

GeneratedProgram ProgramGenerator::Layout(const std::vector<Units>& functions) {
  GeneratedProgram program = {};
  std::vector<std::vector<size_t>> begins;  // of each unit, by function
  size_t at = 0;
  for (const Units& units : functions) {
    begins.emplace_back();
    for (const Unit& unit : units) {
      begins.back().push_back(at);
      for (const DecodedInsn& insn : unit.insns) {
        at += insn.slots;
      }
    }
  }
  program.body_begin = begins[0][kPrologueUnits];
  program.body_end = begins[0][functions[0].size() - 2];
  for (size_t f = 0; f < functions.size(); ++f) {
    // Not further than the epilogue (the exit, if there is none).
    const size_t last = functions[f].size() - (f == 0 ? 2 : 1);
    for (size_t u = 0; u < functions[f].size(); ++u) {
      const Unit& unit = functions[f][u];
      if (unit.loads_value) {
        program.value_loads.push_back(program.insns.size());
      }
      program.has_loop |= unit.back != 0;
      program.has_call |= unit.callee != 0;
      program.has_callback |= unit.callback != 0;
      for (size_t i = 0; i < unit.insns.size(); ++i) {
        DecodedInsn insn = unit.insns[i];
        const size_t next = program.insns.size() + insn.slots;
        const bool is_last = i + 1 == unit.insns.size();
        if (unit.callee != 0 && is_last) {
          insn.imm = static_cast<int32_t>(begins[unit.callee][0] - next);
        } else if (insn.op == Op::kLoadFunc) {
          insn.imm = static_cast<int32_t>(begins[unit.callback][0] -
                                          program.insns.size() - 1);
        } else if ((unit.skip != 0 || unit.back != 0) && is_last) {
          const size_t target =
              begins[f][unit.back != 0 ? u - unit.back
                                       : Min(u + 1 + unit.skip, last)];
          const auto distance = static_cast<int32_t>(target - next);
          insn.offset = static_cast<int16_t>(distance);
          insn.imm = insn.op == Op::kGotoLong ? distance : insn.imm;
        }
        isa::Insn slots[2] = {};
        EBPF_ASSERT(IsOk(isa::Encode(insn, isa::Insns(slots))));
        program.insns.insert(program.insns.end(), slots, slots + insn.slots);
      }
    }
  }
  return program;
}

void ProgramGenerator::AppendFunction(std::vector<Units>& functions,
                                      bool is_callback) {
  functions.emplace_back();
  Units& units = functions.back();
  if (is_callback) {
    AppendRegisters(units, 3, 5);
  }
  AppendPrologue(units, false);
  // AppendRegisters may load through r9, which the prologue sets first.
  if (is_callback) {
    std::rotate(units.begin(), units.begin() + 3, units.begin() + 4);
  }
  // The one before it may call the one behind it.
  AppendBody(units, 1 + Below(20), 0);
}

ProgramPair ProgramGenerator::Next() {
  MapValue input = {};
  for (uint64_t& word : input.scratch) {
    word = Constant();
  }
  const size_t callees = Percent(45) ? 1 + Below(2) : 0;
  callback_ = 0;
  const bool has_callback = Percent(15) && set_.callbacks;
  jumps_left_ = 8;
  std::vector<Units> functions(1);
  AppendPrologue(functions[0], true);
  callback_ = has_callback ? callees + 1 : 0;
  if (callees != 0) {
    AppendCall(functions[0], 1);
  }
  if (callees == 2) {
    AppendCall(functions[0], 2);
  }
  if (has_callback) {
    AppendCallback(functions[0]);
  }
  if (Percent(35)) {
    AppendLoop(functions[0], callees);
  }
  AppendBody(functions[0], 5 + Below(60), callees);
  AppendEpilogue(functions[0]);
  callback_ = 0;
  for (size_t f = 0; f < callees; ++f) {
    AppendFunction(functions, false);
  }
  if (has_callback) {
    AppendFunction(functions, true);
  }
  for (Units& units : functions) {
    Unit exit;
    if (has_callback && &units == &functions.back()) {
      // 0: go on, 1: stop
      exit.insns.push_back(Make(Op::kAnd64Imm, 0, 0, 0, 1));
    }
    exit.insns.push_back(Make(Op::kExit, 0, 0, 0, 0));
    units.push_back(exit);
  }
  ProgramPair pair = {Layout(functions), {}};
  for (Units& units : functions) {
    for (Unit& unit : units) {
      AppendDetour(unit.insns);
    }
  }
  pair.detoured = Layout(functions);
  pair.program.input = pair.detoured.input = input;
  return pair;
}

}  // namespace ebpf::differential
