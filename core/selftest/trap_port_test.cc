// SPDX-License-Identifier: MIT
//
// The contract of the breakpoint trap's hook (ebpf_on_breakpoint in
// core/capi/ebpf.h): what a port makes of its frame, and gives back of it.
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/machine/trap_check.h"
#include "core/platform/cpu.h"
#include "core/platform/stack.h"
#include "core/platform/text.h"
#include "core/selftest/case.h"
#include "core/selftest/code.h"
#include "core/selftest/line.h"

namespace ebpf::selftest {
namespace {

using machine::AfterTrap;
using machine::BeforeTrap;
using machine::kTrapCheck;
using machine::TrapWordKind;

constexpr size_t kNone = machine::kMaxTrapWords;
constexpr uint32_t kMostCpus = 8;

/// A trap: what the code has, what the hook sees and does, and what the code
/// finds then. Static, for stacks are small.
struct Crossing {
  Environment* environment;
  BeforeTrap before;
  AfterTrap after;
  uint64_t seen[machine::kMaxTrapWords];
  uint32_t hits;
  bool seen_masked;
  bool after_masked;
  /// What the hook does besides.
  void (*act)(Crossing& self, uint64_t* words);
  size_t changed;  // which word
};
constinit Crossing outer = {};
constinit Crossing inner = {};
/// The one whose trap is next.
constinit Crossing* current = nullptr;

/// Each register's own; not an address, and not what is left anywhere.
uint64_t PatternOf(size_t at) {
  return 0x5e1f'0000'7e57'0000 + 0x0001'0101'0000'0101 * at;
}
uint64_t ChangeOf(size_t at) { return ~PatternOf(at); }

size_t WordOf(TrapWordKind kind) { return kTrapCheck.WordOf(kind); }

/// Such as are filled: all of them set.
uint64_t OwnFlags() { return kTrapCheck.own_flags; }

void OnTrap(void* /*argument*/, machine::PtRegs& regs) {
  Crossing& self = *current;
  auto* words = reinterpret_cast<uint64_t*>(&regs);
  for (size_t at = 0; at < kTrapCheck.words.size(); ++at) {
    self.seen[at] = words[at];
  }
  ++self.hits;
  self.seen_masked = self.environment->InterruptsMasked();
  if (self.act != nullptr) {
    self.act(self, words);
  }
}

/// Takes the trap once.
void Cross(Crossing& self) {
  for (size_t at = 0; at < machine::kMaxTrapWords; ++at) {
    self.before.words[at] = PatternOf(at);
    self.seen[at] = 0;
  }
  self.before.words[WordOf(TrapWordKind::kFlags)] = OwnFlags();
  for (size_t at = 0; at < machine::kTrapStackWords; ++at) {
    self.before.stack[at] = PatternOf(100 + at);
  }
  self.after = {};
  self.hits = 0;
  Crossing* const interrupted = current;
  current = &self;
  const bool masked = self.environment->InterruptsMasked();
  const uintptr_t state = ebpf_port_irq_save();
  ebpf_port_irq_restore(state);
  ebpf_trap_check(&self.before, &self.after);
  current = interrupted;
  // As they were, for whatever comes next.
  self.after_masked = self.environment->InterruptsMasked();
  if (masked && !self.after_masked) {
    (void)ebpf_port_irq_save();
  } else if (!masked && self.after_masked) {
    ebpf_port_irq_restore(state);
  }
}

/// `kCase`, while the trap is hooked.
template <void (*kCase)(Environment& environment)>
void Hooked(Environment& environment) {
  outer.environment = inner.environment = &environment;
  outer.act = inner.act = nullptr;
  outer.changed = inner.changed = kNone;
  if (!environment.HookTrap(OnTrap, nullptr)) {
    environment.Skipped("no breakpoint trap");
    return;
  }
  kCase(environment);
  environment.UnhookTrap();
}

void Differs(Environment& environment, int line, size_t at, uint64_t is,
             uint64_t should) {
  char text[96];
  TextWriter writer(text, sizeof(text) - 1);
  writer.Put(kTrapCheck.words[at].name).Put(" is 0x").PutHex(is);
  writer.Put(", not 0x").PutHex(should);
  text[writer.text().size()] = '\0';
  environment.Failed(__FILE__, line, text);
}

/// What the code should find in the word `at`.
uint64_t ExpectedAfter(const Crossing& self, size_t at) {
  return at == self.changed ? ChangeOf(at) : self.before.words[at];
}

/// Whether registers and flags are as they should be, and the place went on to
/// `came_to`. Says where they are not.
void ExpectRegisters(const Crossing& self, uint64_t came_to) {
  Environment& environment = *self.environment;
  PORT_EXPECT(environment, self.hits == 1);
  PORT_EXPECT(environment, self.after.came_to == came_to);
  for (size_t at = 0; at < kTrapCheck.words.size(); ++at) {
    uint64_t mask = ~uint64_t{0};
    switch (kTrapCheck.words[at].kind) {
      case TrapWordKind::kGeneral:
      case TrapWordKind::kKernels:
      case TrapWordKind::kStackPointer:
        break;
      case TrapWordKind::kFlags:
        mask = kTrapCheck.flags;
        break;
      case TrapWordKind::kNone:
      case TrapWordKind::kPc:
        continue;
    }
    const uint64_t is = self.after.words[at] & mask;
    const uint64_t should = ExpectedAfter(self, at) & mask;
    if (is != should) {
      Differs(environment, __LINE__, at, is, should);
    }
  }
}

void TheHookIsToldEachRegister(Environment& environment) {
  Cross(outer);
  PORT_EXPECT(environment, outer.hits == 1);
  for (size_t at = 0; at < kTrapCheck.words.size(); ++at) {
    uint64_t should = outer.before.words[at];
    uint64_t mask = ~uint64_t{0};
    switch (kTrapCheck.words[at].kind) {
      case TrapWordKind::kGeneral:
      case TrapWordKind::kKernels:
      case TrapWordKind::kStackPointer:
        break;
      case TrapWordKind::kFlags:
        mask = kTrapCheck.own_flags | kTrapCheck.interrupt_flags;
        should = OwnFlags() | kTrapCheck.interrupts_on;
        break;
      case TrapWordKind::kPc:
        should = AddressOf(ebpf_trap_check_place);
        break;
      case TrapWordKind::kNone:
        continue;
    }
    const uint64_t is = outer.seen[at] & mask;
    if (is != should) {
      Differs(environment, __LINE__, at, is, should);
    }
  }
}

void CrossAndExpectAll(void* /*argument*/) {
  Cross(outer);
  ExpectRegisters(outer, machine::kCameToNext);
}

void EachRegisterComesBackOnEachCpu(Environment& environment) {
  CrossAndExpectAll(nullptr);
  for (uint32_t cpu = 0; cpu < kMostCpus; ++cpu) {
    if (!environment.StartOn(cpu, CrossAndExpectAll, nullptr)) {
      break;
    }
    environment.JoinTasks();
  }
}

void ChangeOne(Crossing& self, uint64_t* words) {
  words[self.changed] = ChangeOf(self.changed);
}

void EachRegisterIsAsTheHookLeavesIt(Environment& /*environment*/) {
  outer.act = ChangeOne;
  for (size_t at = 0; at < kTrapCheck.words.size(); ++at) {
    if (kTrapCheck.words[at].kind == TrapWordKind::kGeneral) {
      outer.changed = at;
      Cross(outer);
      ExpectRegisters(outer, machine::kCameToNext);
    }
  }
}

void ClearFlags(Crossing& /*self*/, uint64_t* words) {
  words[WordOf(TrapWordKind::kFlags)] &= ~kTrapCheck.own_flags;
}

void FlagsAreAsTheHookLeavesThem(Environment& environment) {
  if (kTrapCheck.own_flags == 0) {
    environment.Skipped("this CPU has none");
    return;
  }
  const size_t flags = WordOf(TrapWordKind::kFlags);
  Cross(outer);
  PORT_EXPECT(environment, (outer.after.words[flags] & kTrapCheck.own_flags) ==
                               kTrapCheck.own_flags);
  outer.act = ClearFlags;
  Cross(outer);
  PORT_EXPECT(environment,
              (outer.after.words[flags] & kTrapCheck.own_flags) == 0);
}

void GoElsewhere(Crossing& /*self*/, uint64_t* words) {
  words[WordOf(TrapWordKind::kPc)] = AddressOf(ebpf_trap_check_elsewhere);
}

void GoesOnWhereTheHookSays(Environment& /*environment*/) {
  outer.act = GoElsewhere;
  Cross(outer);
  ExpectRegisters(outer, machine::kCameElsewhere);
}

/// Whether the interrupted stack is what it was but for `taken` words at its
/// top that the hook took away, and `put` words that it put there.
void ExpectStack(const Crossing& self, size_t taken, size_t put) {
  Environment& environment = *self.environment;
  PORT_ASSERT(environment,
              self.after.stack_count == machine::kTrapStackWords - taken + put);
  for (size_t at = 0; at < machine::kTrapStackWords - taken; ++at) {
    PORT_EXPECT(environment,
                self.after.stack[put + at] == self.before.stack[taken + at]);
  }
}

void TheInterruptedStackIsUntouched(Environment& /*environment*/) {
  Cross(outer);
  ExpectStack(outer, 0, 0);
}

void ExpectInterrupts(const Crossing& self, bool masked) {
  Environment& environment = *self.environment;
  const size_t flags = WordOf(TrapWordKind::kFlags);
  const uint64_t told = self.seen[flags] & kTrapCheck.interrupt_flags;
  PORT_EXPECT(environment, (told != kTrapCheck.interrupts_on) == masked);
  PORT_EXPECT(environment, self.seen_masked);
  PORT_EXPECT(environment, self.after_masked == masked);
}

void InterruptsAreOffInTheHookAndThenAsTheyWere(Environment& /*environment*/) {
  Cross(outer);
  ExpectInterrupts(outer, false);
  const uintptr_t irq = ebpf_port_irq_save();
  Cross(outer);
  ebpf_port_irq_restore(irq);
  ExpectInterrupts(outer, true);
}

constexpr size_t kPoppedWords = 2;

void PopWords(Crossing& /*self*/, uint64_t* words) {
  words[WordOf(TrapWordKind::kStackPointer)] += 8 * kPoppedWords;
}

void TheStackPointerIsAsTheHookLeavesIt(Environment& environment) {
  if ((ebpf_port_trap_stub() & EBPF_TRAP_STUB_SETS_SP) == 0) {
    environment.Skipped("the port does not say that it sets sp");
    return;
  }
  outer.act = PopWords;
  Cross(outer);
  PORT_EXPECT(environment,
              outer.after.words[WordOf(TrapWordKind::kStackPointer)] ==
                  outer.before.words[WordOf(TrapWordKind::kStackPointer)] +
                      8 * kPoppedWords);
  ExpectStack(outer, kPoppedWords, 0);
}

void FillGap(Crossing& /*self*/, uint64_t* words) {
  uint64_t& sp = words[WordOf(TrapWordKind::kStackPointer)];
  sp -= kTrapCheck.gap;
  auto* gap = reinterpret_cast<uint64_t*>(sp);
  for (size_t at = 0; at < kTrapCheck.gap / 8; ++at) {
    gap[at] = PatternOf(200 + at);
  }
}

void WhatTheHookPushesIsThere(Environment& environment) {
  constexpr uint32_t kBoth = EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
  if ((ebpf_port_trap_stub() & kBoth) != kBoth) {
    environment.Skipped("the port does not say that it leaves a gap");
    return;
  }
  outer.act = FillGap;
  // An interrupt would take what is below sp.
  const uintptr_t irq = ebpf_port_irq_save();
  Cross(outer);
  ebpf_port_irq_restore(irq);
  ExpectStack(outer, 0, kTrapCheck.gap / 8);
  for (size_t at = 0; at < kTrapCheck.gap / 8; ++at) {
    PORT_EXPECT(environment, outer.after.stack[at] == PatternOf(200 + at));
  }
}

void CrossInside(Crossing& /*self*/, uint64_t* /*words*/) {
  uint64_t state[4];
  CopyBytes(state, ebpf_trap_check_state, sizeof(state));
  Cross(inner);
  CopyBytes(ebpf_trap_check_state, state, sizeof(state));
}

void ATrapMayComeInsideOfAnother(Environment& environment) {
  outer.act = CrossInside;
  Cross(outer);
  ExpectRegisters(outer, machine::kCameToNext);
  ExpectStack(outer, 0, 0);
  // Core tells nobody of a hit inside of another; it goes on all the same.
  PORT_EXPECT(environment, inner.hits <= 1);
  inner.hits = 1;
  ExpectRegisters(inner, machine::kCameToNext);
}

/// What is looked at below the stack pointer, and how much of it a trap may
/// take until the hook: kernels have stacks of 8 KiB.
constexpr size_t kWatchedBytes = 3072;
constexpr size_t kMostBytes = 2048;

/// Fills the stack below its caller; or tells how many bytes below `sp` were
/// written to since. Each time called from the same function, it is at the same
/// place.
[[gnu::noinline]] size_t BytesBelow(bool fill, uintptr_t sp) {
  constexpr uint64_t kFilled = 0x5e1f'7e57'5e1f'7e57;
  constexpr size_t kWords = kWatchedBytes / 8;
  volatile uint64_t words[kWords];
  volatile uint64_t* word = words;
  asm volatile("" : "+r"(word) : : "memory");  // whatever is there
  size_t at = 0;
  while (at < kWords && (fill || word[at] == kFilled)) {
    if (fill) {
      word[at] = kFilled;
    }
    ++at;
  }
  return sp - reinterpret_cast<uintptr_t>(word + at);
}

bool IsRoomToWatch(Environment& environment) {
  constexpr size_t kLargest = 4 << 20;  // a process has larger ones
  uintptr_t begin, end;
  const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (ebpf_port_stack_bounds(sp, &begin, &end) && end - begin <= kLargest &&
      sp - begin >= kWatchedBytes + 1024) {
    return true;
  }
  environment.Skipped("no stack of a kernel's, whose end is told");
  return false;
}

void TakesLittleOfTheInterruptedStack(Environment& environment) {
  if (!IsRoomToWatch(environment)) {
    return;
  }
  const uintptr_t irq = ebpf_port_irq_save();
  (void)BytesBelow(true, 0);
  Cross(outer);
  const size_t bytes = BytesBelow(
      false, outer.before.words[WordOf(TrapWordKind::kStackPointer)]);
  ebpf_port_irq_restore(irq);
  PORT_EXPECT(environment, bytes <= kMostBytes);
  Line line;
  line.writer().Put("a breakpoint takes ").PutUnsigned(bytes);
  line.writer().Put(" bytes of the interrupted stack");
}

constexpr Case kCases[] = {
    {"Trap.TheHookIsToldEachRegister", Hooked<TheHookIsToldEachRegister>,
     kMayKill},
    {"Trap.EachRegisterComesBackOnEachCpu",
     Hooked<EachRegisterComesBackOnEachCpu>, kMayKill},
    {"Trap.EachRegisterIsAsTheHookLeavesIt",
     Hooked<EachRegisterIsAsTheHookLeavesIt>, kMayKill},
    {"Trap.FlagsAreAsTheHookLeavesThem", Hooked<FlagsAreAsTheHookLeavesThem>,
     kMayKill},
    {"Trap.GoesOnWhereTheHookSays", Hooked<GoesOnWhereTheHookSays>, kMayKill},
    {"Trap.TheInterruptedStackIsUntouched",
     Hooked<TheInterruptedStackIsUntouched>, kMayKill},
    {"Trap.InterruptsAreOffInTheHookAndThenAsTheyWere",
     Hooked<InterruptsAreOffInTheHookAndThenAsTheyWere>, kMayKill},
    {"Trap.TheStackPointerIsAsTheHookLeavesIt",
     Hooked<TheStackPointerIsAsTheHookLeavesIt>, kMayKill},
    {"Trap.WhatTheHookPushesIsThere", Hooked<WhatTheHookPushesIsThere>,
     kMayKill},
    {"Trap.TakesLittleOfTheInterruptedStack",
     Hooked<TakesLittleOfTheInterruptedStack>, kMayKill},
    {"Trap.ATrapMayComeInsideOfAnother", Hooked<ATrapMayComeInsideOfAnother>,
     kMayKill},
};

}  // namespace

Span<const Case> TrapCases() { return kCases; }

}  // namespace ebpf::selftest
