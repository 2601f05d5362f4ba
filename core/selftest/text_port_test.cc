// SPDX-License-Identifier: MIT
//
// The contract of core/platform/text.h, the rendezvous excepted.
#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/may_probe.h"
#include "core/platform/text.h"
#include "core/selftest/case.h"
#include "core/selftest/code.h"

namespace ebpf::selftest {
namespace {

constexpr uint64_t kTwoGiB = uint64_t{1} << 31;

constinit uint8_t data[64] = {};

void WrittenCodeRuns(Environment& environment) {
  CodeMemory memory(kCodeSize);
  if (!memory.ok()) {
    environment.Skipped("no executable memory");
    return;
  }
  for (uint32_t i = 0; i < 2 * kCodeCount; ++i) {
    PORT_ASSERT(environment, StopAndWrite({memory.address(), BytesOfCode(i),
                                           kCodeSize}) == 0);
    PORT_EXPECT(environment,
                CallCode(memory.address()) == ValueOf(i % kCodeCount));
  }
}

void WritesEachSizeAndNoMore(Environment& environment) {
  CodeMemory memory(128);
  if (!memory.ok()) {
    environment.Skipped("no executable memory");
    return;
  }
  uint8_t pattern[64];
  for (size_t size = 1; size <= 64; ++size) {
    uint8_t before[128];
    CopyBytes(before, memory.at(0), sizeof before);
    for (uint8_t& byte : pattern) {
      byte = static_cast<uint8_t>(size * 3);
    }
    const size_t at = size % 32;
    PORT_ASSERT(environment,
                StopAndWrite({memory.address() + at, pattern, size}) == 0);
    CopyBytes(before + at, pattern, size);
    PORT_EXPECT(environment, EqualBytes(ConstBytes(before, sizeof before),
                                        ConstBytes(memory.at(0), 128)));
  }
}

void WritesAcrossPages(Environment& environment) {
  CodeMemory memory(3 * 4096);
  if (!memory.ok()) {
    environment.Skipped("no executable memory of several pages");
    return;
  }
  // The border between two pages, wherever the memory begins.
  const uintptr_t border = (memory.address() | 4095) + 1;
  uint8_t pattern[64];
  for (size_t i = 0; i < sizeof pattern; ++i) {
    pattern[i] = static_cast<uint8_t>(i + 1);
  }
  for (size_t before = 0; before <= 64; before += 16) {
    const uintptr_t to = border - before;
    if (to < memory.address()) {
      continue;
    }
    PORT_ASSERT(environment, StopAndWrite({to, pattern, 64}) == 0);
    PORT_EXPECT(environment,
                EqualBytes(ConstBytes(reinterpret_cast<uint8_t*>(to), 64),
                           ConstBytes(pattern, 64)));
  }
}

/// What this test overwrites; long enough, since it is followed by padding or
/// another of its kind.
[[gnu::noinline, gnu::used, gnu::aligned(64)]] uint32_t Overwritten() {
  return 0x7777'1111;
}
[[gnu::noinline, gnu::used, gnu::aligned(64)]] uint32_t BehindOverwritten() {
  return 0x7777'2222;
}

void WritesKernelText(Environment& environment) {
  const auto address = reinterpret_cast<uintptr_t>(&Overwritten);
  if (!MayProbe(address, 1)) {
    environment.Skipped("no kernel text to write");
    return;
  }
  uint8_t original[kCodeSize];
  CopyBytes(original, reinterpret_cast<const void*>(address), kCodeSize);
  for (uint32_t i = 0; i < kCodeCount; ++i) {
    PORT_ASSERT(environment,
                StopAndWrite({address, BytesOfCode(i), kCodeSize}) == 0);
    PORT_EXPECT(environment, CallCode(address) == ValueOf(i));
  }
  PORT_ASSERT(environment, StopAndWrite({address, original, kCodeSize}) == 0);
  PORT_EXPECT(environment, CallCode(address) == 0x7777'1111);
  PORT_EXPECT(
      environment,
      CallCode(reinterpret_cast<uintptr_t>(&BehindOverwritten)) == 0x7777'2222);
}

void RefusesWhatIsNoText(Environment& environment) {
  uint8_t bytes[4] = {1, 2, 3, 4};
  PORT_EXPECT(environment,
              StopAndWrite({AddressOf(data), bytes, sizeof bytes}) < 0);
  PORT_EXPECT(environment, StopAndWrite({0, bytes, sizeof bytes}) < 0);
  PORT_EXPECT(environment,
              StopAndWrite({UINTPTR_MAX - 1, bytes, sizeof bytes}) < 0);
  PORT_EXPECT(environment, AllZero(ConstBytes(data, sizeof data)));
}

void ExecutableMemoryIsInReach(Environment& environment) {
  const uintptr_t near = AddressOf(BytesOfCode(0));
  constexpr uint64_t kReaches[] = {
      1, 4096, uint64_t{1} << 20, uint64_t{1} << 27, kTwoGiB, kAnywhere};
  bool any = false;
  for (uint64_t reach : kReaches) {
    auto* memory = static_cast<uint8_t*>(ebpf_port_exec_alloc(64, near, reach));
    if (memory == nullptr) {
      continue;
    }
    any = true;
    const uintptr_t first = AddressOf(memory);
    const uintptr_t last = first + 63;
    PORT_EXPECT(environment,
                (near > first ? near - first : first - near) < reach);
    PORT_EXPECT(environment, (near > last ? near - last : last - near) < reach);
    ebpf_port_exec_free(memory, 64);
  }
  if (!any) {
    environment.Skipped("no executable memory");
  }
}

void ExecutableMemoryIsItsOwnersAlone(Environment& environment) {
  constexpr size_t kCount = 100;
  static constinit uint8_t* blocks[kCount] = {};
  const uint64_t before = environment.AllocatedBytes();
  for (int round = 0; round < 3; ++round) {
    size_t count = 0;
    for (; count < kCount; ++count) {
      blocks[count] = static_cast<uint8_t*>(ebpf_port_exec_alloc(
          24 + count, AddressOf(BytesOfCode(0)), kAnywhere));
      if (blocks[count] == nullptr) {
        break;
      }
    }
    for (size_t i = 0; i < count; ++i) {
      for (size_t j = 0; j < i; ++j) {
        PORT_EXPECT(environment, blocks[j] + 24 + j <= blocks[i] ||
                                     blocks[i] + 24 + i <= blocks[j]);
      }
    }
    for (size_t i = 0; i < count; ++i) {
      ebpf_port_exec_free(blocks[i], 24 + i);
    }
    if (count == 0) {
      environment.Skipped("no executable memory");
      return;
    }
  }
  PORT_EXPECT(environment, environment.AllocatedBytes() == before);
}

void OnlyKernelTextMayBeProbed(Environment& environment) {
  const auto text = reinterpret_cast<uintptr_t>(&Overwritten);
  if (!MayProbe(text, 1)) {
    environment.Skipped("nothing may be probed");
    return;
  }
  PORT_EXPECT(environment, !MayProbe(AddressOf(data), 1));
  PORT_EXPECT(environment, !MayProbe(0, 1));
  // What our own part of a trap's way, and of a return's, calls.
  const uintptr_t called_there[] = {
      reinterpret_cast<uintptr_t>(&ebpf_port_cpu_id),
      reinterpret_cast<uintptr_t>(&ebpf_port_irq_save),
      reinterpret_cast<uintptr_t>(&ebpf_port_irq_restore),
  };
  for (const uintptr_t called : called_there) {
    PORT_EXPECT(environment, !MayProbe(called, 1));
  }
  PORT_EXPECT(environment, !MayProbe(UINTPTR_MAX, 1));
  PORT_EXPECT(environment, !MayProbe(UINTPTR_MAX, 16));
  CodeMemory memory(64);
  PORT_EXPECT(environment, !memory.ok() || !MayProbe(memory.address(), 1));
}

void TheStatementsAreKnownOnes(Environment& environment) {
  PORT_EXPECT(environment, ebpf_port_preemption() <= EBPF_PREEMPTION_UNKNOWN);
  PORT_EXPECT(environment, (ebpf_port_trap_stub() &
                            ~uint32_t{EBPF_TRAP_STUB_SETS_SP |
                                      EBPF_TRAP_STUB_LEAVES_GAP}) == 0);
}

constexpr Case kCases[] = {
    {"Text.WrittenCodeRuns", WrittenCodeRuns, kMayKill},
    {"Text.WritesEachSizeAndNoMore", WritesEachSizeAndNoMore, kMayKill},
    {"Text.WritesAcrossPages", WritesAcrossPages, kMayKill},
    {"Text.WritesKernelText", WritesKernelText, kMayKill},
    {"Text.RefusesWhatIsNoText", RefusesWhatIsNoText, kMayKill},
    {"Text.ExecutableMemoryIsInReach", ExecutableMemoryIsInReach},
    {"Text.ExecutableMemoryIsItsOwnersAlone", ExecutableMemoryIsItsOwnersAlone},
    {"Text.OnlyKernelTextMayBeProbed", OnlyKernelTextMayBeProbed},
    {"Text.TheStatementsAreKnownOnes", TheStatementsAreKnownOnes},
};

}  // namespace

Span<const Case> TextCases() { return kCases; }

}  // namespace ebpf::selftest
