// SPDX-License-Identifier: MIT
//
// The contract of core/platform/nofault.h.
#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/nofault.h"
#include "core/platform/nofault_ranges.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constinit uint8_t source[128] = {};

uintptr_t Source(size_t offset) {
  return reinterpret_cast<uintptr_t>(source) + offset;
}

bool HasNofault() {
  uint8_t byte = 0;
  return ebpf_port_read_nofault(&byte, Source(0), 1);
}

void CopiesAtEachAlignment(Environment& environment) {
  if (!HasNofault()) {
    environment.Skipped("no fault-safe reads");
    return;
  }
  for (size_t i = 0; i < sizeof source; ++i) {
    source[i] = static_cast<uint8_t>(i * 7 + 1);
  }
  for (size_t from = 0; from < 9; ++from) {
    for (size_t to = 0; to < 9; ++to) {
      for (size_t size = 0; size <= 40; ++size) {
        uint8_t copy[64] = {};
        PORT_ASSERT(environment,
                    ebpf_port_read_nofault(copy + to, Source(from), size));
        PORT_EXPECT(environment, EqualBytes(ConstBytes(copy + to, size),
                                            ConstBytes(source + from, size)));
        PORT_EXPECT(environment, copy[to + size] == 0);
      }
    }
  }
}

void RefusesAddressesThatAreNone(Environment& environment) {
  if (!HasNofault()) {
    environment.Skipped("no fault-safe reads");
    return;
  }
  constexpr uintptr_t kBad[] = {
      0,
      1,
      8,
      4095,
      uintptr_t{1} << 47,  // not canonical on x86-64
      0x8000'0000'0000'0000,
      0xdead'beef'dead'beef,
      UINTPTR_MAX,
      UINTPTR_MAX - 7,
      UINTPTR_MAX - 8,
  };
  for (uintptr_t address : kBad) {
    constexpr size_t kSizes[] = {1, 8, 64, 4096};
    for (size_t size : kSizes) {
      static constinit uint8_t copy[4096] = {};
      PORT_EXPECT(environment, !ebpf_port_read_nofault(copy, address, size));
    }
  }
}

void CopiesWhatComesBeforeAHole(Environment& environment) {
  const uintptr_t hole = environment.UnmappedPage();
  if (hole == 0 || !HasNofault()) {
    environment.Skipped("no hole to read");
    return;
  }
  auto* before = reinterpret_cast<uint8_t*>(hole) - 16;
  for (size_t ahead = 0; ahead <= 16; ++ahead) {
    uint8_t copy[64];
    FillBytes(copy, 0xee, sizeof copy);
    PORT_EXPECT(environment,
                !ebpf_port_read_nofault(copy, hole - ahead, ahead + 1));
    PORT_EXPECT(environment,
                EqualBytes(ConstBytes(copy, ahead),
                           ConstBytes(before + 16 - ahead, ahead)));
    PORT_EXPECT(environment, ebpf_port_read_nofault(copy, hole - ahead, ahead));
  }
}

struct TrapRead {
  uintptr_t hole;
  bool good = false;
  bool bad = true;
};

void ReadBoth(void* argument) {
  auto* test = static_cast<TrapRead*>(argument);
  uint8_t copy[8];
  test->good = ebpf_port_read_nofault(copy, Source(0), sizeof copy);
  test->bad = ebpf_port_read_nofault(copy, test->hole, sizeof copy);
}

void FaultsInATrapAreCaught(Environment& environment) {
  TrapRead test = {environment.UnmappedPage()};
  if (test.hole == 0 || !HasNofault()) {
    environment.Skipped("no hole to read");
    return;
  }
  if (!environment.CallInTrap(ReadBoth, &test)) {
    environment.Skipped("no breakpoint trap");
    return;
  }
  PORT_EXPECT(environment, test.good);
  PORT_EXPECT(environment, !test.bad);
}

constinit uint8_t target[64] = {};

uintptr_t Target(size_t offset) {
  return reinterpret_cast<uintptr_t>(target) + offset;
}

bool CanWrite() { return ebpf_port_write_nofault(Target(0), source, 1) == 0; }

void WritesAtEachAlignmentOrSaysThatItCannot(Environment& environment) {
  if (!CanWrite()) {
    const int answer = ebpf_port_write_nofault(Target(0), source, 1);
    PORT_EXPECT(environment, answer == kMinusFault);
    PORT_EXPECT(environment, !IsInNofaultRanges(Target(0), 1));
    environment.Skipped("no fault-safe writes");
    return;
  }
  for (size_t i = 0; i < sizeof source; ++i) {
    source[i] = static_cast<uint8_t>(i * 5 + 3);
  }
  for (size_t from = 0; from < 9; ++from) {
    for (size_t to = 0; to < 9; ++to) {
      for (size_t size = 0; size <= 40; ++size) {
        FillBytes(target, 0xee, sizeof target);
        PORT_ASSERT(environment, ebpf_port_write_nofault(
                                     Target(to), source + from, size) == 0);
        PORT_EXPECT(environment, EqualBytes(ConstBytes(target + to, size),
                                            ConstBytes(source + from, size)));
        PORT_EXPECT(environment, target[to + size] == 0xee);
        PORT_EXPECT(environment, to == 0 || target[to - 1] == 0xee);
      }
    }
  }
}

void WritesNothingWhereNothingIs(Environment& environment) {
  if (!CanWrite()) {
    environment.Skipped("no fault-safe writes");
    return;
  }
  constexpr uintptr_t kBad[] = {0,
                                8,
                                4095,
                                uintptr_t{1} << 47,
                                0xdead'beef'dead'beef,
                                UINTPTR_MAX,
                                UINTPTR_MAX - 7};
  for (uintptr_t address : kBad) {
    constexpr size_t kSizes[] = {1, 8, 64};
    for (size_t size : kSizes) {
      PORT_EXPECT(environment, ebpf_port_write_nofault(address, source, size) ==
                                   kMinusFault);
    }
  }
  if (const uintptr_t hole = environment.UnmappedPage(); hole != 0) {
    PORT_EXPECT(environment,
                ebpf_port_write_nofault(hole, source, 1) == kMinusFault);
    PORT_EXPECT(environment,
                ebpf_port_write_nofault(hole, source, 64) == kMinusFault);
  }
}

constexpr uint8_t kConstant[16] = {1, 2, 3};

void WritesNothingThatIsReadOnly(Environment& environment) {
  const auto address = reinterpret_cast<uintptr_t>(kConstant);
  if (!CanWrite() ||
      environment.TryWrite(address) != Environment::Attempt::kFaulted) {
    environment.Skipped("no fault-safe writes, or constants may be written");
    return;
  }
  constexpr size_t kSizes[] = {1, 8, sizeof kConstant};
  for (size_t size : kSizes) {
    PORT_EXPECT(environment,
                ebpf_port_write_nofault(address, source, size) == kMinusFault);
  }
  PORT_EXPECT(environment, kConstant[2] == 3);
}

/// Compiled programs load there by themselves.
void RangesAreWhereReadsAreTried(Environment& environment) {
  ebpf_address_range ranges[EBPF_MAX_NOFAULT_RANGES] = {};
  const size_t count = ebpf_port_nofault_ranges(&ranges);
  PORT_ASSERT(environment, count <= EBPF_MAX_NOFAULT_RANGES);
  if (count == 0) {
    environment.Skipped("each address must be asked for");
    return;
  }
  bool has_source = false;
  uintptr_t lowest = 4096;  // a null pointer's fields are nobody's
  for (size_t i = 0; i < count; ++i) {
    PORT_EXPECT(environment, ranges[i].first >= lowest);
    PORT_EXPECT(environment, ranges[i].last > ranges[i].first);
    PORT_EXPECT(environment, i + 1 == count || ranges[i].last < UINTPTR_MAX);
    has_source |=
        ranges[i].first <= Source(0) && ranges[i].last >= Source(sizeof source);
    lowest = ranges[i].last;
  }
  PORT_EXPECT(environment, has_source && HasNofault());
}

/// A value of which the compiler knows nothing.
uint64_t Hold(uint64_t value) {
  asm volatile("" : "+r"(value));
  return value;
}

/// Reads from `address` with all registers in use that a call leaves alone: how
/// many of them it did not. Takes nothing else over the call, which may come
/// back with anything.
[[gnu::noinline]] uint32_t RegistersLostByARead(uintptr_t address) {
  constexpr uint64_t kHeld = 0x5e1f'7e57'0000;
  const uint64_t first = Hold(kHeld), second = Hold(kHeld + 1),
                 third = Hold(kHeld + 2), fourth = Hold(kHeld + 3),
                 fifth = Hold(kHeld + 4), sixth = Hold(kHeld + 5),
                 seventh = Hold(kHeld + 6), eighth = Hold(kHeld + 7),
                 ninth = Hold(kHeld + 8), tenth = Hold(kHeld + 9),
                 eleventh = Hold(kHeld + 10), last = Hold(kHeld + 11);
  uint8_t byte;
  const bool read = ebpf_port_read_nofault(&byte, address, 1);
  uint32_t lost = read ? 1 : 0;
  lost += Hold(first) != kHeld;
  lost += Hold(second) != kHeld + 1;
  lost += Hold(third) != kHeld + 2;
  lost += Hold(fourth) != kHeld + 3;
  lost += Hold(fifth) != kHeld + 4;
  lost += Hold(sixth) != kHeld + 5;
  lost += Hold(seventh) != kHeld + 6;
  lost += Hold(eighth) != kHeld + 7;
  lost += Hold(ninth) != kHeld + 8;
  lost += Hold(tenth) != kHeld + 9;
  lost += Hold(eleventh) != kHeld + 10;
  lost += Hold(last) != kHeld + 11;
  return lost;
}

/// Behind what may have interrupts on already, where the port is wrong.
void RestoreInterrupts(Environment& environment, uintptr_t state) {
  if (environment.InterruptsMasked()) {
    ebpf_port_irq_restore(state);
  }
}

void AFaultLeavesItsCallersRegistersAlone(Environment& environment) {
  const uintptr_t hole = environment.UnmappedPage();
  if (hole == 0 || !HasNofault()) {
    environment.Skipped("no hole to read");
    return;
  }
  PORT_EXPECT(environment, RegistersLostByARead(hole) == 0);
  const uintptr_t irq = ebpf_port_irq_save();
  PORT_EXPECT(environment, RegistersLostByARead(hole) == 0);
  RestoreInterrupts(environment, irq);
}

void InterruptsAreAfterAFaultAsBefore(Environment& environment) {
  const uintptr_t hole = environment.UnmappedPage();
  if (hole == 0 || !HasNofault()) {
    environment.Skipped("no hole to read");
    return;
  }
  uint8_t byte;
  PORT_EXPECT(environment, !ebpf_port_read_nofault(&byte, hole, 1));
  PORT_EXPECT(environment, !environment.InterruptsMasked());
  const uintptr_t irq = ebpf_port_irq_save();
  PORT_EXPECT(environment, !ebpf_port_read_nofault(&byte, hole, 1));
  PORT_EXPECT(environment, environment.InterruptsMasked());
  RestoreInterrupts(environment, irq);
}

/// What the port's hooks of faults do not know they leave to the kernel.
void AFaultOfTheKernelsOwnIsLeftToIt(Environment& environment) {
  const uintptr_t hole = environment.UnmappedPage();
  if (hole == 0 ||
      environment.TryOwnWrite(Target(0)) == Environment::Attempt::kUnknown) {
    environment.Skipped("the kernel has no write of its own that may fault");
    return;
  }
  PORT_EXPECT(environment, environment.TryOwnWrite(Target(0)) ==
                               Environment::Attempt::kDone);
  PORT_EXPECT(environment,
              environment.TryOwnWrite(hole) == Environment::Attempt::kFaulted);
}

constexpr Case kCases[] = {
    {"Nofault.CopiesAtEachAlignment", CopiesAtEachAlignment},
    {"Nofault.RefusesAddressesThatAreNone", RefusesAddressesThatAreNone,
     kMayKill},
    {"Nofault.CopiesWhatComesBeforeAHole", CopiesWhatComesBeforeAHole,
     kMayKill},
    {"Nofault.FaultsInATrapAreCaught", FaultsInATrapAreCaught, kMayKill},
    {"Nofault.WritesAtEachAlignmentOrSaysThatItCannot",
     WritesAtEachAlignmentOrSaysThatItCannot},
    {"Nofault.WritesNothingWhereNothingIs", WritesNothingWhereNothingIs,
     kMayKill},
    {"Nofault.WritesNothingThatIsReadOnly", WritesNothingThatIsReadOnly,
     kMayKill},
    {"Nofault.AFaultLeavesItsCallersRegistersAlone",
     AFaultLeavesItsCallersRegistersAlone, kMayKill},
    {"Nofault.InterruptsAreAfterAFaultAsBefore",
     InterruptsAreAfterAFaultAsBefore, kMayKill},
    {"Nofault.AFaultOfTheKernelsOwnIsLeftToIt", AFaultOfTheKernelsOwnIsLeftToIt,
     kMayKill},
    {"Nofault.RangesAreWhereReadsAreTried", RangesAreWhereReadsAreTried},
};

}  // namespace

Span<const Case> NofaultCases() { return kCases; }

}  // namespace ebpf::selftest
