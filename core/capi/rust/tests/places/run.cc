// SPDX-License-Identifier: MIT
//
// Runs examples/places.rs, as compiled for a kernel, in a process of that CPU:
// writes each place's jump as core/tracepoints would, and looks at what arrives
// where, while every register that a call may change is changed.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/tracepoints/static_key.h"

namespace {

struct Tracepoint;

const Tracepoint* fired;
uint64_t words[6];
int count;
int failures;

void Expect(bool holds, const char* what) {
  if (!holds) {
    printf("not so: %s\n", what);
    ++failures;
  }
}

#define EXPECT(condition) Expect(condition, #condition)

uintptr_t JumpTo(uint64_t code, uint64_t target, uint8_t* insn) {
#if defined(__x86_64__)
  const auto distance = static_cast<int32_t>(target - code - 5);
  insn[0] = 0xe9;
  memcpy(insn + 1, &distance, sizeof(distance));
  return 5;
#elif defined(__aarch64__)
  const uint32_t b =
      0x14000000 | (static_cast<uint32_t>((target - code) >> 2) & 0x3ffffff);
  memcpy(insn, &b, sizeof(b));
  return 4;
#else
  const auto d = static_cast<uint32_t>(target - code);
  const uint32_t jal = 0x6f | (d >> 20 & 1) << 31 | (d >> 1 & 0x3ff) << 21 |
                       (d >> 11 & 1) << 20 | (d >> 12 & 0xff) << 12;
  memcpy(insn, &jal, sizeof(jal));
  return 4;
#endif
}

/// Writes every jump, or takes it back.
void SwitchAll(const ebpf::StaticSite* begin, const ebpf::StaticSite* end,
               bool on) {
  static uint8_t before[16][5];
  for (const ebpf::StaticSite* site = begin; site != end; ++site) {
    uint8_t* const code = reinterpret_cast<uint8_t*>(site->code());
    const uintptr_t page = site->code() & ~uintptr_t{4095};
    mprotect(reinterpret_cast<void*>(page), 8192,
             PROT_READ | PROT_WRITE | PROT_EXEC);
    uint8_t insn[5];
    const uintptr_t size = JumpTo(site->code(), site->target(), insn);
    if (on) {
      memcpy(before[site - begin], code, size);
      memcpy(code, insn, size);
    } else {
      memcpy(code, before[site - begin], size);
    }
    __builtin___clear_cache(reinterpret_cast<char*>(code),
                            reinterpret_cast<char*>(code + size));
  }
}

void SpoilRegisters() {
#if defined(__x86_64__)
  asm volatile(
      "mov $-1, %%rax; mov $-1, %%rcx; mov $-1, %%rdx; mov $-1, %%rsi;"
      "mov $-1, %%rdi; mov $-1, %%r8; mov $-1, %%r9; mov $-1, %%r10;"
      "mov $-1, %%r11" ::
          : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
#elif defined(__aarch64__)
  asm volatile(
      "mov x0, #-1; mov x1, #-1; mov x2, #-1; mov x3, #-1; mov x4, #-1;"
      "mov x5, #-1; mov x6, #-1; mov x7, #-1; mov x8, #-1; mov x9, #-1;"
      "mov x10, #-1; mov x11, #-1; mov x12, #-1; mov x13, #-1; mov x14, #-1;"
      "mov x15, #-1; mov x16, #-1; mov x17, #-1" ::
          : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
            "x11", "x12", "x13", "x14", "x15", "x16", "x17");
#else
  asm volatile(
      "li a0, -1; li a1, -1; li a2, -1; li a3, -1; li a4, -1; li a5, -1;"
      "li a6, -1; li a7, -1; li t0, -1; li t1, -1; li t2, -1; li t3, -1;"
      "li t4, -1; li t5, -1; li t6, -1" ::
          : "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2",
            "t3", "t4", "t5", "t6");
#endif
}

}  // namespace

extern "C" {

extern const ebpf::StaticSite __start_ebpf_static_sites[];  // NOLINT
extern const ebpf::StaticSite __stop_ebpf_static_sites[];   // NOLINT
extern const Tracepoint* __start_ebpf_tracepoints[];        // NOLINT
extern const Tracepoint* __stop_ebpf_tracepoints[];         // NOLINT

uint64_t place_three(uint64_t a, uint64_t b, const uint64_t (*words)[3]);
uint64_t place_six(uint64_t a, uint64_t b, const uint64_t (*words)[3]);
void place_bare();

void ebpf_tracepoint_fire(const Tracepoint* tracepoint,
                          const uint64_t* arguments) {
  EXPECT(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16 == 0);
  fired = tracepoint;
  memcpy(words, arguments, sizeof(words));
  ++count;
  SpoilRegisters();
}

}  // extern "C"

namespace {

/// Whose place `function` has, by the only branch that is inside.
const Tracepoint* EventOf(uintptr_t function) {
  const Tracepoint* found = nullptr;
  for (const ebpf::StaticSite* site = __start_ebpf_static_sites;
       site != __stop_ebpf_static_sites; ++site) {
    if (site->code() - function < 64) {
      found = reinterpret_cast<const Tracepoint*>(site->key());
    }
  }
  return found;
}

bool IsDeclared(const Tracepoint* tracepoint) {
  for (const Tracepoint** at = __start_ebpf_tracepoints;
       at != __stop_ebpf_tracepoints; ++at) {
    if (*at == tracepoint) {
      return true;
    }
  }
  return false;
}

void PassAll(bool on) {
  const uint64_t memory[3] = {1000, 2000, 3000};
  count = 0;
  fired = nullptr;
  EXPECT(place_three(5, 7, &memory) == 5 * 7 + 2000);
  EXPECT(count == (on ? 1 : 0));
  if (on) {
    EXPECT(fired == EventOf(reinterpret_cast<uintptr_t>(&place_three)));
    EXPECT(IsDeclared(fired));
    EXPECT(words[0] == 5 && words[1] == 7 * 77 + 1000 && words[2] == 3000);
  }
  const Tracepoint* const three = fired;
  EXPECT(place_six(5, 6, &memory) == 5 * 6 + 1000);
  EXPECT(count == (on ? 2 : 0));
  if (on) {
    EXPECT(fired != three && IsDeclared(fired));
    EXPECT(words[0] == 5 && words[1] == 6 && words[2] == (5 ^ 6) &&
           words[3] == 2000 && words[4] == 3000 && words[5] == (5 | 6));
  }
  place_bare();
  EXPECT(count == (on ? 3 : 0));
}

}  // namespace

int main() {
  EXPECT(__stop_ebpf_static_sites - __start_ebpf_static_sites == 3);
  EXPECT(__stop_ebpf_tracepoints - __start_ebpf_tracepoints == 3);
  PassAll(false);
  SwitchAll(__start_ebpf_static_sites, __stop_ebpf_static_sites, true);
  PassAll(true);
  SwitchAll(__start_ebpf_static_sites, __stop_ebpf_static_sites, false);
  PassAll(false);
  return failures != 0;
}
