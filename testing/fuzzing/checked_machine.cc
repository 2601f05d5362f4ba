// SPDX-License-Identifier: MIT
//
// Written from RFC 9669, not from the interpreter.
#include "testing/fuzzing/checked_machine.h"

#include <algorithm>
#include <cstring>

#include "core/linux_abi/bpf.h"
#include "testing/fuzzing/program_grammar.h"

namespace ebpf::fuzzing {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;
using isa::Operation;

int64_t Signed(uint64_t value, unsigned width) {
  return SignExtend(value, width);
}

uint64_t Truncate(uint64_t value, unsigned width) {
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}

/// dst <operation> src in `width` bits; both are cut already.
uint64_t Compute(Operation operation, unsigned width, uint64_t a, uint64_t b) {
  const uint64_t count = b & (width - 1);
  switch (operation) {
    case Operation::kAdd:
      return a + b;
    case Operation::kSub:
      return a - b;
    case Operation::kMul:
      return a * b;
    case Operation::kDiv:
      return b == 0 ? 0 : a / b;
    case Operation::kMod:
      return b == 0 ? a : a % b;
    case Operation::kSDiv:
      if (b == 0) {
        return 0;
      }
      return Signed(b, width) == -1
                 ? 0 - a
                 : static_cast<uint64_t>(Signed(a, width) / Signed(b, width));
    case Operation::kSMod:
      if (b == 0) {
        return a;
      }
      return Signed(b, width) == -1
                 ? 0
                 : static_cast<uint64_t>(Signed(a, width) % Signed(b, width));
    case Operation::kOr:
      return a | b;
    case Operation::kAnd:
      return a & b;
    case Operation::kXor:
      return a ^ b;
    case Operation::kLsh:
      return a << count;
    case Operation::kRsh:
      return a >> count;
    case Operation::kArsh:
      return static_cast<uint64_t>(Signed(a, width) >> count);
    case Operation::kMovSx8:
      return static_cast<uint64_t>(Signed(b, 8));
    case Operation::kMovSx16:
      return static_cast<uint64_t>(Signed(b, 16));
    case Operation::kMovSx32:
      return static_cast<uint64_t>(Signed(b, 32));
    default:
      return b;  // kMov
  }
}

uint64_t Swapped(uint64_t value, unsigned width) {
  uint64_t result = 0;
  for (unsigned i = 0; i < width; i += 8) {
    result = result << 8 | (value >> i & 0xff);
  }
  return result;
}

bool Compare(Operation operation, unsigned width, uint64_t a, uint64_t b) {
  const int64_t sa = Signed(a, width), sb = Signed(b, width);
  switch (operation) {
    case Operation::kEq:
      return a == b;
    case Operation::kNe:
      return a != b;
    case Operation::kGt:
      return a > b;
    case Operation::kGe:
      return a >= b;
    case Operation::kLt:
      return a < b;
    case Operation::kLe:
      return a <= b;
    case Operation::kSGt:
      return sa > sb;
    case Operation::kSGe:
      return sa >= sb;
    case Operation::kSLt:
      return sa < sb;
    case Operation::kSLe:
      return sa <= sb;
    default:
      return (a & b) != 0;  // kSet
  }
}

/// Of a sum and the like, the low half needs low halves only.
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

}  // namespace

CheckedMachine::CheckedMachine(const verifier::Code& code,
                               Span<Map* const> maps, Span<uint8_t> context,
                               bool read_any_stack, uint64_t seed)
    : code_(code),
      maps_(maps),
      context_(reinterpret_cast<uint64_t>(context.data())),
      read_any_stack_(read_any_stack),
      random_(seed) {
  frames_.reserve(kMaxFrames);
  frames_.emplace_back();
  frames_.back().gotos_left = random_() % 6;
  regs_[1] = context_;
  written_[1] = true;
  regs_[isa::kFramePointer] = frames_[0].top();
  written_[isa::kFramePointer] = true;
  regions_.push_back({context_, context.size(), true, false, nullptr, false});
}

void CheckedMachine::SetPacket(Span<uint8_t> packet) {
  packet_ = packet;
  regions_.front().writable = true;
  regions_.push_back({reinterpret_cast<uint64_t>(packet.data()), packet.size(),
                      true, true, nullptr, false});
}

bool CheckedMachine::IsPacketAddress(uint64_t address, unsigned bytes,
                                     uint64_t& value) const {
  const uint64_t offset = address - context_;
  if (packet_.empty() || bytes != 4 ||
      (offset != kPacketBegin && offset != kPacketEnd)) {
    return false;
  }
  value = reinterpret_cast<uint64_t>(packet_.data()) +
          (offset == kPacketEnd ? packet_.size() : 0);
  return true;
}

bool CheckedMachine::Fail(const std::string& what) {
  fault_ = "insn " + std::to_string(index_) + ": " + what;
  return false;
}

std::string CheckedMachine::Run(uint64_t max_steps, const Hook& before) {
  bool done = false;
  while (!done && steps_ < max_steps) {
    ++steps_;
    if (!before(index_)) {
      Fail("stopped by the observer");
      return fault_;
    }
    if (!Step(done)) {
      return fault_;
    }
    index_ = next_;
  }
  for (const MachineRegion& region : regions_) {
    if (done && region.is_record) {
      Fail("ended with a record held");
    }
  }
  return fault_;
}

bool CheckedMachine::Read(unsigned number, uint64_t& value) {
  if (half_[number]) {
    return Fail("reads an upper half that was said to be read by nobody");
  }
  return ReadLow(number, value);
}

bool CheckedMachine::ReadLow(unsigned number, uint64_t& value) {
  value = regs_[number];
  return written_[number] ||
         Fail("r" + std::to_string(number) + " was never written");
}

bool CheckedMachine::Write(unsigned number, uint64_t value) {
  if (number == isa::kFramePointer) {
    return Fail("r10 is written");
  }
  regs_[number] = value;
  written_[number] = true;
  half_[number] = fact().no_zero_extension;
  return true;
}

bool CheckedMachine::IsInStack(uint64_t address) const {
  for (const MachineFrame& frame : frames_) {
    if (address < frame.top() && frame.top() - address <= kMaxStackBytes) {
      return true;
    }
  }
  return false;
}

bool CheckedMachine::CheckPointer(const DecodedInsn& insn, PointerKind kind) {
  const bool loads = insn.info().family == Family::kLoad ||
                     insn.info().family == Family::kLoadAcquire;
  const uint64_t address = regs_[loads ? insn.src : insn.dst] +
                           static_cast<uint64_t>(int64_t{insn.offset});
  const bool context = address - context_ < regions_.front().size;
  const PointerKind is = IsInStack(address) ? PointerKind::kStack
                         : context          ? PointerKind::kContext
                                            : PointerKind::kMemory;
  return is == kind || Fail("has a pointer of another kind than was said");
}

bool CheckedMachine::CheckDivisor(const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const uint64_t divisor = info.source_is_register
                               ? regs_[insn.src]
                               : static_cast<uint64_t>(int64_t{insn.imm});
  return Truncate(divisor, info.width) != 0 ||
         Fail("divides by 0, which was said not to be");
}

bool CheckedMachine::CheckFacts(const DecodedInsn& insn) {
  const InsnFacts facts = fact();
  if (facts.never_reached) {
    return Fail("is reached, which was said not to be");
  }
  if (facts.pointer != PointerKind::kUnknown &&
      !CheckPointer(insn, facts.pointer)) {
    return false;
  }
  return !facts.divisor_non_zero || CheckDivisor(insn);
}

bool CheckedMachine::Access(uint64_t address, uint64_t size, bool write) {
  if (size == 0) {
    return true;
  }
  for (MachineFrame& frame : frames_) {
    const uint64_t base = frame.top() - kMaxStackBytes;
    const uint64_t offset = address - base;
    if (offset >= kMaxStackBytes || size > kMaxStackBytes - offset) {
      continue;
    }
    for (uint64_t i = offset; i < offset + size; ++i) {
      if (write) {
        frame.written[i] = true;
      } else if (!frame.written[i] && !read_any_stack_) {
        return Fail("reads stack that was not written");
      }
    }
    return true;
  }
  for (const MachineRegion& region : regions_) {
    const uint64_t offset = address - region.address;
    if (offset < region.size && size <= region.size - offset &&
        (write ? region.writable : region.readable)) {
      return true;
    }
  }
  return Fail(std::string(write ? "writes" : "reads") +
              " memory that is not the program's");
}

bool CheckedMachine::Step(bool& done) {
  DecodedInsn insn;
  if (index_ >= code_.size() ||
      isa::Decode(isa::ConstInsns(code_.data(), code_.size()), index_, insn) !=
          isa::DecodeError::kNone) {
    return Fail("is no instruction");
  }
  next_ = index_ + insn.slots;
  if (!CheckFacts(insn)) {
    return false;
  }
  switch (insn.info().family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
      return Alu(insn);
    case Family::kLoad:
    case Family::kStore:
    case Family::kLoadAcquire:
    case Family::kStoreRelease:
      return Memory(insn);
    case Family::kAtomic:
    case Family::kAtomicFetch:
    case Family::kAtomicExchange:
      return AtomicAccess(insn);
    case Family::kJump:
      return Jump(insn);
    case Family::kLoadImm64:
      return LoadImm64(insn);
    case Family::kControl:
      return Control(insn, done);
    case Family::kLegacy:
    case Family::kInternal:
      break;
  }
  return Fail("is not supported");
}

bool CheckedMachine::Alu(const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const Operation operation = info.operation;
  const bool carries = info.width == 64 && CarriesUpward(operation);
  const auto read = [&](unsigned number, uint64_t& value, bool low) {
    return info.width < 64 || carries || low ? ReadLow(number, value)
                                             : Read(number, value);
  };
  const bool extends = operation == Operation::kMovSx8 ||
                       operation == Operation::kMovSx16 ||
                       operation == Operation::kMovSx32;
  const bool shifts = operation == Operation::kLsh ||
                      operation == Operation::kRsh ||
                      operation == Operation::kArsh;
  uint64_t a = 0;
  bool half = false;
  if (!IsMove(operation)) {
    if (!read(insn.dst, a, false)) {
      return false;
    }
    half = half_[insn.dst];
  }
  uint64_t b = static_cast<uint64_t>(int64_t{insn.imm});
  if (info.source_is_register) {
    if (!read(insn.src, b, extends || shifts)) {
      return false;
    }
    half = half || (half_[insn.src] && !shifts);
  }
  uint64_t result;
  if (info.family == Family::kNegate) {
    result = 0 - a;
  } else if (info.family == Family::kByteSwap) {
    result = operation == Operation::kToLe ? a : Swapped(a, info.width);
  } else {
    result = Compute(operation, info.width, Truncate(a, info.width),
                     Truncate(b, info.width));
  }
  if (!Write(insn.dst, Truncate(result, info.width))) {
    return false;
  }
  half_[insn.dst] = half_[insn.dst] || (carries && half);
  return true;
}

bool CheckedMachine::Jump(const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const auto read = [&](unsigned number, uint64_t& value) {
    return info.width == 64 ? Read(number, value) : ReadLow(number, value);
  };
  uint64_t a = 0;
  uint64_t b = static_cast<uint64_t>(int64_t{insn.imm});
  if (!read(insn.dst, a) || (info.source_is_register && !read(insn.src, b))) {
    return false;
  }
  const bool jumps = Compare(info.operation, info.width,
                             Truncate(a, info.width), Truncate(b, info.width));
  if (jumps ? fact().never_jumps : fact().always_jumps) {
    return Fail("goes the way that was said never to be gone");
  }
  if (jumps) {
    next_ += static_cast<uint32_t>(int32_t{insn.offset});
  }
  return true;
}

bool CheckedMachine::LoadImm64(const DecodedInsn& insn) {
  if (insn.op == Op::kLoadImm64) {
    return Write(insn.dst, insn.imm64());
  }
  if (insn.op == Op::kLoadFunc) {
    return Write(insn.dst, index_ + 1 + static_cast<uint32_t>(insn.imm));
  }
  Map* const map = maps_[static_cast<uint32_t>(insn.imm)];
  if (insn.op == Op::kLoadMapFd) {
    return Write(insn.dst, reinterpret_cast<uint64_t>(map));
  }
  const Result<Bytes> value = map->DirectValue();
  if (!value.ok()) {
    return Fail("the map has no direct value");
  }
  const uint32_t flags = map->spec().flags;
  regions_.push_back({reinterpret_cast<uint64_t>(value->data()), value->size(),
                      (flags & linux_abi::kMapWriteOnlyProg) == 0,
                      (flags & linux_abi::kMapReadOnlyProg) == 0, map, false});
  return Write(insn.dst, reinterpret_cast<uint64_t>(value->data()) +
                             static_cast<uint32_t>(insn.next_imm));
}

bool CheckedMachine::Memory(const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const unsigned bytes = info.width / 8u;
  const bool stores =
      info.family == Family::kStore || info.family == Family::kStoreRelease;
  const bool ordered = info.family == Family::kLoadAcquire ||
                       info.family == Family::kStoreRelease;
  uint64_t address = 0;
  if (!Read(stores ? insn.dst : insn.src, address)) {
    return false;
  }
  address += static_cast<uint64_t>(int64_t{insn.offset});
  uint64_t value = static_cast<uint64_t>(int64_t{insn.imm});
  if (stores && info.source_is_register &&
      !(info.width == 64 ? Read(insn.src, value) : ReadLow(insn.src, value))) {
    return false;
  }
  if (ordered && address % bytes != 0) {
    return Fail("is a misaligned atomic access");
  }
  if (!Access(address, bytes, stores)) {
    return false;
  }
  if (stores) {
    std::memcpy(reinterpret_cast<void*>(address), &value, bytes);
    return true;
  }
  value = 0;
  if (IsPacketAddress(address, bytes, value)) {
    return Write(insn.dst, value);
  }
  std::memcpy(&value, reinterpret_cast<void*>(address), bytes);
  return Write(insn.dst, info.sign_extends
                             ? static_cast<uint64_t>(Signed(value, info.width))
                             : value);
}

bool CheckedMachine::AtomicAccess(const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const unsigned bytes = info.width / 8u;
  const bool compares = info.operation == Operation::kCmpXchg;
  uint64_t address = 0, source = 0, expected = 0;
  const auto read = [&](unsigned number, uint64_t& value) {
    return info.width == 64 ? Read(number, value) : ReadLow(number, value);
  };
  if (!Read(insn.dst, address) || !read(insn.src, source) ||
      (compares && !read(0, expected))) {
    return false;
  }
  address += static_cast<uint64_t>(int64_t{insn.offset});
  if (address % bytes != 0) {
    return Fail("is a misaligned atomic access");
  }
  if (!Access(address, bytes, false) || !Access(address, bytes, true)) {
    return false;
  }
  uint64_t old = 0;
  std::memcpy(&old, reinterpret_cast<void*>(address), bytes);
  uint64_t stored =
      Compute(info.operation, info.width, old, Truncate(source, info.width));
  if (info.operation == Operation::kXchg) {
    stored = source;
  } else if (compares) {
    stored = old == Truncate(expected, info.width) ? source : old;
  }
  std::memcpy(reinterpret_cast<void*>(address), &stored, bytes);
  if (info.family == Family::kAtomic) {
    return true;
  }
  return Write(compares ? 0 : insn.src, old);
}

bool CheckedMachine::Control(const DecodedInsn& insn, bool& done) {
  switch (insn.op) {
    case Op::kGoto:
    case Op::kGotoLong:
      next_ += static_cast<uint32_t>(insn.jump_offset());
      return true;
    case Op::kCallHelper:
      return insn.imm == verifier::kTailCall ? TailCall(done)
                                             : CallHelper(insn);
    case Op::kMayGoto:
      return MayGoto(insn);
    case Op::kCallSubprogram:
      for (unsigned i = 1; i < 6; ++i) {
        if (half_[i]) {
          return Fail(
              "passes an upper half that was said to be read by nobody");
        }
      }
      if (frames_.size() == kMaxFrames) {
        return Fail("calls too deep");
      }
      PushFrame(false);
      next_ = index_ + 1 + static_cast<uint32_t>(insn.imm);
      return true;
    case Op::kExit:
      return Exit(done);
    default:
      return Fail("is not supported");
  }
}

void CheckedMachine::PushFrame(bool called_back) {
  MachineFrame& callee = frames_.emplace_back();
  callee.call_site = index_;
  callee.called_back = called_back;
  callee.gotos_left = random_() % 6;
  std::copy(std::begin(regs_), std::end(regs_), callee.saved);
  std::copy(std::begin(written_), std::end(written_), callee.saved_written);
  std::copy(std::begin(half_), std::end(half_), callee.saved_half);
  for (unsigned i : {0u, 6u, 7u, 8u, 9u}) {
    written_[i] = false;
  }
  regs_[isa::kFramePointer] = callee.top();
}

/// The registers that a callee keeps are the caller's again; after a call back,
/// which the helper makes, all of them.
void CheckedMachine::PopFrame() {
  const MachineFrame& callee = frames_.back();
  for (unsigned i = callee.called_back ? 0 : 6; i < isa::kRegisterCount; ++i) {
    regs_[i] = callee.saved[i];
    written_[i] = callee.saved_written[i];
    half_[i] = callee.saved_half[i];
  }
  for (unsigned i = 1; i < 6 && !callee.called_back; ++i) {
    written_[i] = false;
  }
  next_ = callee.call_site + (callee.called_back ? 0 : 1);
  frames_.pop_back();
}

bool CheckedMachine::Exit(bool& done) {
  uint64_t result = 0;
  if (frames_.size() == 1) {
    done = true;
    return Read(0, result);
  }
  if (half_[0]) {
    return Fail("reads an upper half that was said to be read by nobody");
  }
  if (!frames_.back().called_back) {
    PopFrame();
    return true;
  }
  if (!Read(0, result)) {
    return false;
  }
  if (result > 1) {
    return Fail("gives a helper more than 1");
  }
  PopFrame();
  MachineFrame& caller = frames_.back();
  ++caller.round;
  if (result == 1) {
    caller.rounds = caller.round;
  }
  return true;
}

bool CheckedMachine::MayGoto(const DecodedInsn& insn) {
  uint64_t& left = frames_.back().gotos_left;
  if (left == 0) {
    next_ += static_cast<uint32_t>(int32_t{insn.offset});
  } else {
    --left;
  }
  return true;
}

/// What helpers do to r0 to r5.
void CheckedMachine::Clobber() {
  half_[0] = false;
  for (unsigned i = 1; i < 6; ++i) {
    written_[i] = false;
    half_[i] = false;
    regs_[i] = 0xdead'0000'0000'0000 + i;
  }
}

/// Now and then there is a program, which ends this function, or this program,
/// with a number of its own.
bool CheckedMachine::TailCall(bool& done) {
  uint64_t context = 0, map = 0, index = 0;
  if (!Read(1, context) || !Read(2, map) || !Read(3, index)) {
    return false;
  }
  if (context != context_ ||
      map != reinterpret_cast<uint64_t>(maps_[verifier::kPrograms])) {
    return Fail("makes a tail call with other arguments");
  }
  for (const MachineFrame& frame : frames_) {
    if (frame.called_back) {
      return Fail("makes a tail call while it is called back");
    }
  }
  Clobber();
  written_[0] = false;
  if (random_() % 2 == 0) {
    return true;
  }
  regs_[0] = random_();
  written_[0] = true;
  return Exit(done);
}

/// The first time at a call of a helper that calls back. `fails`: it gives an
/// error.
bool CheckedMachine::BeginRounds(const DecodedInsn& insn, bool& fails) {
  uint64_t function = 0, context = 0, flags = 0, first = 0;
  if (!Read(1, first) || !Read(2, function) || !Read(3, context) ||
      !Read(4, flags)) {
    return false;
  }
  if (context != 0 && !IsInStack(context - 1)) {
    return Fail("passes a context that is no address of the stack");
  }
  MachineFrame& frame = frames_.back();
  frame.round = 0;
  fails = flags != 0;
  if (insn.imm == verifier::kLoop) {
    frame.rounds = static_cast<uint32_t>(first);
    fails = fails || frame.rounds > uint64_t{1} << 23;
    return true;
  }
  Map* const map = reinterpret_cast<Map*>(first);
  if (std::find(maps_.begin(), maps_.end(), map) == maps_.end()) {
    return Fail("walks over what is no map");
  }
  frame.keys.clear();
  frame.values.clear();
  std::vector<uint8_t> key(map->spec().key_size);
  ConstBytes after;
  while (IsOk(map->NextKey(after, Bytes(key.data(), key.size())))) {
    keys_.push_back(key);
    after = ConstBytes(keys_.back().data(), key.size());
    frame.keys.push_back(reinterpret_cast<uint64_t>(keys_.back().data()));
    frame.values.push_back(
        reinterpret_cast<uint64_t>((*map->Lookup(after)).data()));
    regions_.push_back(
        {frame.keys.back(), key.size(), true, false, map, false, true});
    regions_.push_back(
        {frame.values.back(), map->spec().value_size, true, true, map, false});
  }
  frame.rounds = frame.values.size();
  return true;
}

/// A helper that calls back, at each of its rounds.
bool CheckedMachine::CallBack(const DecodedInsn& insn) {
  bool fails = false;
  if (!frames_.back().in_helper) {
    if (!BeginRounds(insn, fails)) {
      return false;
    }
    frames_.back().in_helper = true;
  }
  MachineFrame& caller = frames_.back();
  if (fails || caller.round >= caller.rounds) {
    regs_[0] = fails ? static_cast<uint64_t>(-22) : caller.round;
    written_[0] = true;
    caller.in_helper = false;
    Clobber();
    return true;
  }
  if (frames_.size() == kMaxFrames) {
    return Fail("calls back too deep");
  }
  const bool loops = insn.imm == verifier::kLoop;
  const size_t round = caller.round;
  const uint64_t context = regs_[3];
  const uint64_t given[] = {
      loops ? round : regs_[1], loops ? context : caller.keys[round],
      loops ? 0 : caller.values[round], loops ? 0 : context};
  next_ = static_cast<uint32_t>(regs_[2]);
  PushFrame(true);
  for (unsigned i = 1; i < 6; ++i) {
    half_[i] = false;
    written_[i] = i <= (loops ? 2u : 4u);
    regs_[i] = written_[i] ? given[i - 1] : 0xdead'0000'0000'0000 + i;
  }
  return true;
}

bool CheckedMachine::CheckArguments(const HelperPrototype& helper) {
  const auto* map = reinterpret_cast<const Map*>(regs_[1]);
  for (unsigned i = 0; i < 5 && helper.args[i] != ArgKind::kNone; ++i) {
    uint64_t value = 0;
    if (!Read(1 + i, value)) {
      return false;
    }
    const uint64_t next = i < 4 ? regs_[2 + i] : 0;
    switch (helper.args[i]) {
      case ArgKind::kMap:
        if (std::find(maps_.begin(), maps_.end(), map) == maps_.end()) {
          return Fail("passes no map");
        }
        break;
      case ArgKind::kMapKey:
        if (!Access(value, map->spec().key_size, false)) {
          return false;
        }
        break;
      case ArgKind::kMapValue:
        if (!Access(value, map->spec().value_size, false)) {
          return false;
        }
        break;
      case ArgKind::kMem:
      case ArgKind::kMemOrNull:
        if (!Access(value, next, false)) {
          return false;
        }
        break;
      case ArgKind::kUninitMem:
        if (!Access(value, next, true)) {
          return false;
        }
        break;
      case ArgKind::kRingRecord:
        if (std::none_of(regions_.begin(), regions_.end(),
                         [&](const MachineRegion& region) {
                           return region.is_record && region.address == value;
                         })) {
          return Fail("gives back what is no record");
        }
        break;
      default:
        break;
    }
  }
  return true;
}

void CheckedMachine::AfterHelper(const HelperPrototype& helper, const Map* map,
                                 uint64_t first, uint64_t size) {
  if (helper.releases) {
    regions_.erase(std::remove_if(regions_.begin(), regions_.end(),
                                  [&](const MachineRegion& region) {
                                    return region.is_record &&
                                           region.address == first;
                                  }),
                   regions_.end());
  }
  if (regs_[0] == 0) {
    return;
  }
  if (helper.result == ReturnKind::kMapValueOrNull) {
    const MapSpec& spec = map->spec();
    regions_.push_back({regs_[0], spec.value_size,
                        (spec.flags & linux_abi::kMapWriteOnlyProg) == 0,
                        (spec.flags & linux_abi::kMapReadOnlyProg) == 0, map,
                        false});
  } else if (helper.result == ReturnKind::kRingRecordOrNull) {
    regions_.push_back({regs_[0], size, true, true, nullptr, true});
  }
}

bool CheckedMachine::CallHelper(const DecodedInsn& insn) {
  const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
  if (helper == nullptr || helper->function == nullptr) {
    return Fail("calls no helper");
  }
  if (insn.imm == verifier::kLoop || insn.imm == verifier::kForEach) {
    return CallBack(insn);
  }
  if (!CheckArguments(*helper)) {
    return false;
  }
  const auto* map = reinterpret_cast<const Map*>(regs_[1]);
  const uint64_t first = regs_[1];
  const uint64_t size = regs_[2];
  regs_[0] = helper->function(regs_[1], regs_[2], regs_[3], regs_[4], regs_[5]);
  AfterHelper(*helper, map, first, size);
  written_[0] = helper->result != ReturnKind::kVoid;
  Clobber();
  return true;
}

}  // namespace ebpf::fuzzing
