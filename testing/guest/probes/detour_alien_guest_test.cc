// SPDX-License-Identifier: MIT
//
// RISC-V's detours on live text: which jump stands there, that no register is
// another behind it but the one that is dead, and what a consumer may do.
// Booted with slots that a jal reaches (Alien, DragonOS), and with slots that
// it does not (plain).
#include "core/probes/kprobe.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/probes/environment.h"
#include "testing/guest/probes/life.h"

// DetourCall fills all registers but sp, gp and tp with what is in its second
// argument's array, calls its first, and puts there what they are then. The
// others, in their order by number: each uses one register that calls need not
// preserve, which is dead before and behind what jumps at its first three
// instructions cover.
extern "C" void DetourCall(const void* function, uint64_t* registers);
extern "C" const char DetourSubjects[];
extern "C" const char DetourSubjectsEnd[];
extern "C" uint64_t DetourAuipc();
extern "C" uint64_t DetourTwo(uint64_t a, uint64_t b);
extern "C" uint64_t DetourLeaf(uint64_t a, uint64_t b);
asm(R"(
        .option push
        .text
        .balign 64
        .globl DetourSubjects, DetourSubjectsEnd
DetourSubjects:
        .irp n, 5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
        .balign 64
        .globl DetourSubject\n
        .type DetourSubject\n, @function
DetourSubject\n:
        c.addi sp, -16
        c.sdsp s0, 8(sp)
        .option norvc
        xor s1, s1, s2
        xor s3, s3, s4
        addi x\n, s2, \n
        xor s5, s5, x\n
        .option rvc
        li x\n, 77
        c.ldsp s0, 8(sp)
        c.addi sp, 16
        ret
        .size DetourSubject\n, . - DetourSubject\n
        .endr
        .balign 64
DetourSubjectsEnd:

        .globl DetourAuipc, DetourTwo, DetourLeaf
        .type DetourAuipc, @function
DetourAuipc:
        auipc a0, 0x12345
        .option norvc
        addi t1, a0, 1
        .option rvc
        mv a1, t1
        ret
        .size DetourAuipc, . - DetourAuipc

        .type DetourTwo, @function
DetourTwo:
        c.mv a2, a0
        c.mv a3, a1
        .option norvc
        mul a0, a2, a3
        addi t1, a0, 0
        addi a0, t1, 0
        .option rvc
        ret
        .size DetourTwo, . - DetourTwo

        // Uses nothing that could be dead at its beginning.
        .type DetourLeaf, @function
DetourLeaf:
        mul a0, a0, a1
        .option norvc
        addi a0, a0, 0
        .option rvc
        ret
        .size DetourLeaf, . - DetourLeaf

        .globl DetourCall
        .type DetourCall, @function
DetourCall:
        addi sp, sp, -128
        sd ra, 0(sp)
        sd a1, 8(sp)
        sd s0, 16(sp)
        sd s1, 24(sp)
        sd s2, 32(sp)
        sd s3, 40(sp)
        sd s4, 48(sp)
        sd s5, 56(sp)
        sd s6, 64(sp)
        sd s7, 72(sp)
        sd s8, 80(sp)
        sd s9, 88(sp)
        sd s10, 96(sp)
        sd s11, 104(sp)
        sd a0, 112(sp)
        mv ra, a1
        .irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld x\n, 8 * \n(ra)
        .endr
        ld ra, 112(sp)
        jalr ra
        sd ra, 120(sp)
        ld ra, 8(sp)
        .irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        sd x\n, 8 * \n(ra)
        .endr
        ld a0, 120(sp)
        sd a0, 8(ra)
        addi a0, sp, 128
        sd a0, 16(ra)
        ld ra, 0(sp)
        ld s0, 16(sp)
        ld s1, 24(sp)
        ld s2, 32(sp)
        ld s3, 40(sp)
        ld s4, 48(sp)
        ld s5, 56(sp)
        ld s6, 64(sp)
        ld s7, 72(sp)
        ld s8, 80(sp)
        ld s9, 88(sp)
        ld s10, 96(sp)
        ld s11, 104(sp)
        addi sp, sp, 128
        ret
        .size DetourCall, . - DetourCall
        .option pop
)");

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::KprobeConsumer;
using ebpf::Ref;
using ebpf::machine::PtRegs;

constexpr uintptr_t kSubjectSize = 64;
constexpr unsigned kRegisters = 32;

/// What stands at the beginning of a function.
enum class Stands { kNear, kFar, kBreakpoint, kOther };

Stands WhatStandsAt(uintptr_t function) {
  const auto* halves = reinterpret_cast<const volatile uint16_t*>(function);
  const uint32_t insn = halves[0] | uint32_t{halves[1]} << 16;
  if ((insn & 0xfff) == 0x06f) {  // jal zero
    return Stands::kNear;
  }
  const uint32_t next = halves[2] | uint32_t{halves[3]} << 16;
  if ((insn & 0x7f) == 0x17 && (next & 0xfff) == 0x067) {  // auipc, jalr zero
    return Stands::kFar;
  }
  const bool traps = halves[0] == 0x9002 || insn == 0x00100073;
  return traps ? Stands::kBreakpoint : Stands::kOther;
}

template <typename Function>
uintptr_t AddressOf(Function* function) {
  return reinterpret_cast<uintptr_t>(function);
}

/// Whether slots are where a jal reaches them: it is the same for all.
bool is_near = false;

Stands Expected() { return is_near ? Stands::kNear : Stands::kFar; }

Ref<Kprobe> Probe(uintptr_t address, KprobeConsumer& consumer) {
  auto probe = AttachKprobe({}, address, 0, consumer);
  if (!probe.ok() || !IsOk((*probe)->Enable())) {
    FailTest(__FILE__, __LINE__, "no probe");
    return Ref<Kprobe>();
  }
  return ebpf::Move(*probe);
}

/// Remembers what it is told, and may change it.
class Changer final : public KprobeConsumer {
 public:
  void Hit(PtRegs& regs) override {
    ++hits;
    seen[0] = Argument(regs, 0);
    seen[1] = Argument(regs, 1);
    seen[2] = Pc(regs);
    interrupts_on = interrupts_on || machine::IrqsEnabled();
    if (changes) {
      SetArgument(regs, 0, 10);
    }
    if (at_once) {
      ReturnAtOnce(regs, 77);
    }
  }
  bool changes = false;
  bool at_once = false;
  bool interrupts_on = false;
  uint64_t hits = 0;
  uint64_t seen[3] = {};
};

void FindOutWhereSlotsAre() {
  Changer ignorer;
  const Ref<Kprobe> probe = Probe(AddressOf(DetourTwo), ignorer);
  is_near = WhatStandsAt(AddressOf(DetourTwo)) == Stands::kNear;
}

void Fill(uint64_t (&registers)[kRegisters], uint64_t seed) {
  for (unsigned i = 0; i < kRegisters; ++i) {
    registers[i] = seed * (2 * i + 1) * 0x9e3779b97f4a7c15;
  }
}

GUEST_TEST(Detour, ChangesNoRegisterBehindIt) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  FindOutWhereSlotsAre();
  Line() << (is_near ? "slots are near" : "slots are far");
  uint64_t hits = 0;
  for (uintptr_t at = AddressOf(DetourSubjects);
       at != AddressOf(DetourSubjectsEnd); at += kSubjectSize) {
    // Near jumps cover two of 2 bytes, one of each, and one of 4 bytes.
    for (uintptr_t offset = 0; offset <= 4; offset += 2) {
      uint64_t plain[kRegisters];
      uint64_t probed[kRegisters];
      Fill(plain, at + offset);
      Fill(probed, at + offset);
      DetourCall(reinterpret_cast<const void*>(at), plain);
      Changer ignorer;
      {
        const Ref<Kprobe> probe = Probe(at + offset, ignorer);
        // The second's window would be of 10 bytes, if it were a far jump's.
        GUEST_EXPECT(
            WhatStandsAt(at + offset) ==
            (offset == 2 && !is_near ? Stands::kBreakpoint : Expected()));
        DetourCall(reinterpret_cast<const void*>(at), probed);
      }
      GUEST_EXPECT(WhatStandsAt(at + offset) == Stands::kOther);
      GUEST_EXPECT_EQ(ignorer.hits, 1);
      GUEST_EXPECT_EQ(ignorer.seen[2], at + offset);
      hits += ignorer.hits;
      for (unsigned i = 1; i < kRegisters; ++i) {
        if (i != 3 && i != 4) {
          GUEST_EXPECT_EQ(probed[i], plain[i]);
        }
      }
    }
  }
  GUEST_EXPECT_EQ(hits, 45);
}

GUEST_TEST(Detour, GivesItsConsumersTheRegistersAndInterruptsBack) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Changer changer;
  changer.changes = true;
  {
    const Ref<Kprobe> probe = Probe(AddressOf(DetourTwo), changer);
    GUEST_EXPECT(WhatStandsAt(AddressOf(DetourTwo)) == Expected());
    GUEST_EXPECT_EQ(DetourTwo(6, 7), 70);
    GUEST_EXPECT_EQ(changer.seen[0], 6);
    GUEST_EXPECT_EQ(changer.seen[1], 7);
    GUEST_EXPECT_EQ(changer.seen[2], AddressOf(DetourTwo));
    changer.at_once = true;
    GUEST_EXPECT_EQ(DetourTwo(6, 7), 77);
    GUEST_EXPECT(machine::IrqsEnabled());
    const uintptr_t state = machine::IrqSave();
    GUEST_EXPECT_EQ(DetourTwo(6, 7), 77);
    changer.at_once = false;
    GUEST_EXPECT_EQ(DetourTwo(6, 7), 70);
    GUEST_EXPECT(!machine::IrqsEnabled());
    machine::IrqRestore(state);
    GUEST_EXPECT_EQ(changer.hits, 4);
    GUEST_EXPECT(!changer.interrupts_on);
  }
  GUEST_EXPECT_EQ(DetourTwo(6, 7), 42);
}

GUEST_TEST(Detour, IsABreakpointWhereItCannotBe) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Changer ignorer;
  {
    // A copy of auipc would give another value.
    const Ref<Kprobe> probe = Probe(AddressOf(DetourAuipc), ignorer);
    GUEST_EXPECT(WhatStandsAt(AddressOf(DetourAuipc)) == Stands::kBreakpoint);
    GUEST_EXPECT_EQ(DetourAuipc(), AddressOf(DetourAuipc) + 0x12345000);
  }
  {
    // A jal needs no register.
    const Ref<Kprobe> probe = Probe(AddressOf(DetourLeaf), ignorer);
    GUEST_EXPECT(WhatStandsAt(AddressOf(DetourLeaf)) ==
                 (is_near ? Stands::kNear : Stands::kBreakpoint));
    GUEST_EXPECT_EQ(DetourLeaf(6, 7), 42);
  }
  GUEST_EXPECT_EQ(ignorer.hits, 2);
}

GUEST_TEST(Detour, GoesWhereAProbeComesInside) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Changer outer;
  Changer inner;
  const Ref<Kprobe> first = Probe(AddressOf(DetourTwo), outer);
  GUEST_EXPECT(WhatStandsAt(AddressOf(DetourTwo)) == Expected());
  const Ref<Kprobe> second = Probe(AddressOf(DetourTwo) + 2, inner);
  GUEST_EXPECT(WhatStandsAt(AddressOf(DetourTwo)) == Stands::kBreakpoint);
  GUEST_EXPECT_EQ(DetourTwo(6, 7), 42);
  GUEST_EXPECT_EQ(outer.hits, 1);
  GUEST_EXPECT_EQ(inner.hits, 1);
}

}  // namespace
}  // namespace guest::probes
