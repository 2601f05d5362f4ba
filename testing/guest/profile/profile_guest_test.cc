// SPDX-License-Identifier: MIT
//
// A profiler: a clock's program counts the kernel stacks that its ticks
// interrupt, and folded they name the functions that a workload spends its time
// in, in the right proportion.
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"
#include "core/capi/ebpf.h"
#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/symbol_name.h"
#include "core/platform/symbols.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"

namespace guest {
namespace {

using namespace ebpf::linux_abi;
using ebpf::isa::Insn;

constexpr uint32_t kPerfEventProgram = 7;
// Of two that meet in one place the later one is lost.
constexpr uint32_t kStacks = 4096;
constexpr uint32_t kDepth = 16;
constexpr uint64_t kSamples = 1500;
constexpr uint64_t kTickNs = 1'000'000'000 / kTickHertz;

/// The same loop in functions of different names: each takes time as its turns
/// say.
#define PROFILE_LOOP(turns)                   \
  uint64_t value = 1;                         \
  for (uint64_t i = 0; i < (turns); ++i) {    \
    value = value * 3 + 1;                    \
    asm volatile("" : "+r"(value)::"memory"); \
  }                                           \
  return value
extern "C" [[gnu::noinline]] uint64_t profile_half(uint64_t scale) {
  PROFILE_LOOP(5000 * scale);
}
extern "C" [[gnu::noinline]] uint64_t profile_third(uint64_t scale) {
  PROFILE_LOOP(3000 * scale);
}
extern "C" [[gnu::noinline]] uint64_t profile_fifth(uint64_t scale) {
  PROFILE_LOOP(2000 * scale);
}
/// Nanoseconds in each: an emulator may run one of equal loops faster than
/// another, by where it puts its code.
constinit uint64_t spent[3] = {};

extern "C" [[gnu::noinline]] void profile_work(uint64_t scale) {
  uint64_t (*const parts[])(uint64_t) = {profile_half, profile_third,
                                         profile_fifth};
  for (size_t i = 0; i < 3; ++i) {
    const uint64_t begin = machine::Nanoseconds();
    parts[i](scale);
    spent[i] += machine::Nanoseconds() - begin;
  }
}

constexpr Insn Make(unsigned opcode, unsigned dst, unsigned src = 0,
                    int offset = 0, int32_t imm = 0) {
  Insn insn = {};
  insn.opcode = static_cast<uint8_t>(opcode);
  insn.dst = dst & 15;
  insn.src = src & 15;
  insn.offset = static_cast<int16_t>(offset);
  insn.imm = imm;
  return insn;
}

/// The calls of one client, and what it has open.
class Profiler {
 public:
  Profiler() : client_(ebpf_client_create(EBPF_ORIGIN_KERNEL)) {}
  ~Profiler() { ebpf_client_delete(client_); }

  /// A negative errno, or 0: a sampling clock of `cpu` that is not enabled.
  int64_t Open(uint64_t period, int32_t cpu = 0) {
    stacks_ = CreateMap(kMapTypeStackTrace, 8 * kDepth);
    counts_ = CreateMap(kMapTypeArray, 8);
    const int64_t program = LoadProgram();
    if (stacks_ < 0 || counts_ < 0 || program < 0) {
      return program < 0 ? program : -1;
    }
    PerfEventAttr attr = {};
    attr.type = kPerfTypeSoftware;
    attr.size = sizeof(attr);
    attr.config = kPerfCpuClock;
    attr.sample_period = period;
    attr.flags = kPerfDisabled;
    event_ = ebpf_perf_event_open(client_, AddressOf(attr), -1, cpu, -1, 0);
    return event_ < 0 ? event_
                      : Ioctl(kPerfIocSetBpf, static_cast<uint64_t>(program));
  }
  int64_t Ioctl(uint32_t command, uint64_t argument = 0) {
    return ebpf_ioctl(client_, static_cast<int32_t>(event_), command, argument);
  }

  struct Stack {
    uint64_t frames[kDepth];
  };
  uint64_t CountOf(uint32_t id) { return Look<uint64_t>(counts_, id); }
  Stack StackOf(uint32_t id) { return Look<Stack>(stacks_, id); }
  uint64_t Total() {
    uint64_t total = 0;
    for (uint32_t id = 0; id < kStacks; ++id) {
      total += CountOf(id);
    }
    return total;
  }

 private:
  template <typename T>
  static uint64_t AddressOf(const T& object) {
    return reinterpret_cast<uint64_t>(&object);
  }
  template <typename Attr>
  int64_t Call(uint32_t command, const Attr& attr) {
    return ebpf_bpf(client_, command, AddressOf(attr), sizeof(attr));
  }
  int64_t CreateMap(uint32_t type, uint32_t value_size) {
    MapCreateAttr attr = {};
    attr.map_type = type;
    attr.key_size = 4;
    attr.value_size = value_size;
    attr.max_entries = kStacks;
    return Call(kMapCreate, attr);
  }
  template <typename T>
  T Look(int64_t map, uint32_t key) {
    T value = {};
    MapElemAttr attr = {};
    attr.map_fd = static_cast<uint32_t>(map);
    attr.key = AddressOf(key);
    attr.value = AddressOf(value);
    (void)Call(kMapLookupElem, attr);
    return value;
  }
  /// counts[get_stackid(ctx, stacks, 0)] += 1
  int64_t LoadProgram() {
    constexpr int32_t kLookup = 1;
    constexpr int32_t kGetStackid = 27;
    const Insn insns[] = {
        Make(0x18, 2, 1, 0, static_cast<int32_t>(stacks_)),
        Make(0, 0),
        Make(0xb7, 3),
        Make(0x85, 0, 0, 0, kGetStackid),
        Make(0xc5, 0, 0, 9),  // negative
        Make(0x63, 10, 0, -4),
        Make(0xbf, 2, 10),
        Make(0x07, 2, 0, 0, -4),
        Make(0x18, 1, 1, 0, static_cast<int32_t>(counts_)),
        Make(0, 0),
        Make(0x85, 0, 0, 0, kLookup),
        Make(0x15, 0, 0, 2),
        Make(0xb7, 1, 0, 0, 1),
        Make(0xdb, 0, 1),
        Make(0xb7, 0),
        Make(0x95, 0),
    };
    ProgLoadAttr attr = {};
    attr.prog_type = kPerfEventProgram;
    attr.insns = AddressOf(insns);
    attr.insn_cnt = sizeof(insns) / sizeof(insns[0]);
    attr.license = reinterpret_cast<uint64_t>("GPL");
    return Call(kProgLoad, attr);
  }

  ebpf_client* const client_;
  int64_t stacks_ = -1;
  int64_t counts_ = -1;
  int64_t event_ = -1;
};

/// A function's name, and how often it was what was interrupted.
struct Leaf {
  const char* name;
  uint64_t percent;
  uint64_t samples;
};

ebpf::StringView NameOf(uint64_t address, ebpf::Span<char> buffer) {
  ebpf_symbol symbol;
  return ebpf_port_symbol_by_address(static_cast<uintptr_t>(address), &symbol)
             ? ebpf::ReadSymbolName(symbol, buffer)
             : ebpf::StringView("?");
}

/// Prints each stack as flame graphs are made of: outermost first.
void Fold(Profiler& profiler, Leaf (&leaves)[3]) {
  for (uint32_t id = 0; id < kStacks; ++id) {
    const uint64_t count = profiler.CountOf(id);
    if (count == 0) {
      continue;
    }
    const Profiler::Stack stack = profiler.StackOf(id);
    uint32_t depth = 0;
    while (depth < kDepth && stack.frames[depth] != 0) {
      ++depth;
    }
    Line line;
    line << "  ";
    static char buffer[ebpf::kMaxSymbolName];
    for (uint32_t i = depth; i-- > 0;) {
      line << NameOf(stack.frames[i], buffer) << (i != 0 ? ";" : " ");
    }
    line << count;
    const ebpf::StringView name = NameOf(stack.frames[0], buffer);
    for (Leaf& leaf : leaves) {
      leaf.samples += name == leaf.name ? count : 0;
    }
  }
}

GUEST_TEST(Profile, Start) { GUEST_EXPECT_EQ(-StartEbpf(), 0); }

GUEST_TEST(Profile, FoldedStacksNameWhatTimeIsSpentInInProportion) {
  Profiler profiler;
  GUEST_ASSERT(profiler.Open(kTickNs) == 0);
  GUEST_ASSERT(profiler.Ioctl(kPerfIocEnable) == 0);
  // Rounds of different lengths, in no step with the ticks.
  uint32_t random = 1;
  uint64_t enough = kSamples * kTickNs;
  for (;;) {
    for (int i = 0; i < 100; ++i) {
      random = random * 1664525 + 1013904223;
      profile_work(1 + (random >> 16) % 32);
    }
    // Counting takes time, too, and is sampled: not before it may be enough,
    // and seldom then, for a busy host makes ticks that are missed.
    if (spent[0] + spent[1] + spent[2] >= enough) {
      if (profiler.Total() >= kSamples) {
        break;
      }
      enough += enough / 8;
    }
  }
  GUEST_EXPECT(profiler.Ioctl(kPerfIocDisable) == 0);
  const uint64_t total = profiler.Total();
  const uint64_t times[] = {spent[0], spent[1], spent[2]};
  const uint64_t time = times[0] + times[1] + times[2];
  profile_work(10000);
  GUEST_EXPECT_EQ(profiler.Total(), total);

  Leaf leaves[] = {{"profile_half", times[0] * 100 / time, 0},
                   {"profile_third", times[1] * 100 / time, 0},
                   {"profile_fifth", times[2] * 100 / time, 0}};
  Fold(profiler, leaves);
  for (const Leaf& leaf : leaves) {
    const uint64_t percent = leaf.samples * 100 / total;
    Line() << "  " << leaf.name << ": " << percent << " percent of " << total
           << ", " << leaf.percent << " of the time";
    GUEST_EXPECT(percent + 5 >= leaf.percent && percent <= leaf.percent + 5);
  }
}

GUEST_TEST(Profile, EachCpuThatRunsCanBeCalled) {
  const auto tell = [](void* argument) {
    *static_cast<uint32_t*>(argument) =
        machine::IrqsEnabled() ? kMaxCpus : machine::CpuId();
  };
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    uint32_t seen = kMaxCpus;
    GUEST_EXPECT_EQ(ebpf_port_call_on_cpu(cpu, tell, &seen), 0);
    GUEST_EXPECT_EQ(seen, cpu);
  }
  uint32_t seen = kMaxCpus;
  GUEST_EXPECT_EQ(ebpf_port_call_on_cpu(OnlineCpus(), tell, &seen),
                  ebpf::kMinusNoSuchDevice);
  GUEST_EXPECT_EQ(seen, kMaxCpus);
}

GUEST_TEST(Profile, TheClockOfEachCpuRuns) {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    Profiler profiler;
    GUEST_ASSERT(profiler.Open(kTickNs, static_cast<int32_t>(cpu)) == 0);
    GUEST_ASSERT(profiler.Ioctl(kPerfIocEnable) == 0);
    constexpr uint64_t kPatienceNs = 10'000'000'000;
    const uint64_t end = machine::Nanoseconds() + kPatienceNs;
    while (profiler.Total() < 20 && machine::Nanoseconds() < end) {
      SafePoint();
    }
    GUEST_EXPECT(profiler.Total() >= 20);
    GUEST_EXPECT(profiler.Ioctl(kPerfIocDisable) == 0);
  }
}

}  // namespace
}  // namespace guest
