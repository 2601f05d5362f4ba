// SPDX-License-Identifier: MIT
//
// Which keys an LRU keeps: the same traces through our LRU_HASH and the host's.
// A program looks each key up, and puts it in if it is not there, as a cache is
// used; hits are counted.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <linux/bpf.h>
#include <random>
#include <sched.h>
#include <string>
#include <utility>
#include <vector>

#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/oracle/host_load.h"
#include "testing/oracle/host_map.h"

namespace ebpf::oracle {
namespace {

using Trace = std::vector<uint32_t>;

constexpr uint32_t kAccesses = 1 << 19;
/// Above all keys of hot sets.
constexpr uint32_t kNever = 1u << 31;

/// What the host's program shares with us.
struct State {
  uint64_t next;
  uint64_t hits;
  uint32_t keys[kAccesses];
};

/// One access to the map `lru`: the next key of `state`.
std::vector<isa::Insn> AccessProgram(int lru, int state) {
  const auto insn = [](uint8_t opcode, uint8_t dst, uint8_t src, int32_t imm) {
    return isa::Insn{opcode, dst, src, 0, imm};
  };
  std::vector<isa::Insn> code;
  AppendMapValue(code, 6, state, 0);
  code.insert(code.end(),
              {
                  Load(8, 1, 6, offsetof(State, next)),
                  MovReg(2, 1),
                  AddImm(2, 1),
                  Store(8, 6, offsetof(State, next), 2),
                  insn(BPF_ALU64 | BPF_AND | BPF_K, 1, 0, kAccesses - 1),
                  insn(BPF_ALU64 | BPF_LSH | BPF_K, 1, 0, 2),
                  insn(BPF_ALU64 | BPF_ADD | BPF_X, 1, 6, 0),
                  Load(4, 2, 1, offsetof(State, keys)),
                  Store(4, 10, -4, 2),
                  MovReg(2, 10),
                  AddImm(2, -4),
              });
  AppendMap(code, 1, lru);
  code.insert(code.end(), {
                              CallHelper(BPF_FUNC_map_lookup_elem),
                              isa::Insn{BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5, 0},
                              Load(8, 1, 6, offsetof(State, hits)),
                              AddImm(1, 1),
                              Store(8, 6, offsetof(State, hits), 1),
                              Mov(0, 0),
                              Exit(),
                              StoreImm(8, 10, -16, 1),
                              MovReg(2, 10),
                              AddImm(2, -4),
                              MovReg(3, 10),
                              AddImm(3, -16),
                              Mov(4, 0),
                          });
  AppendMap(code, 1, lru);
  code.insert(code.end(),
              {CallHelper(BPF_FUNC_map_update_elem), Mov(0, 0), Exit()});
  return code;
}

/// Hits of `trace` in a map of the host's; fails the test if it cannot run.
uint64_t HitsOnHost(const Trace& trace, uint32_t entries, uint32_t flags) {
  const HostMap lru(BPF_MAP_TYPE_LRU_HASH, 4, 8, entries, flags);
  HostMap shared(BPF_MAP_TYPE_ARRAY, 4, sizeof(State), 1, BPF_F_MMAPABLE);
  EXPECT_EQ(lru.error(), 0);
  EXPECT_EQ(shared.error(), 0);
  auto* state = reinterpret_cast<State*>(shared.MapPages(sizeof(State)));
  if (state == nullptr) {
    ADD_FAILURE() << "no pages";
    return 0;
  }
  std::copy(trace.begin(), trace.end(), state->keys);
  const HostProgram program(AccessProgram(lru.fd(), shared.fd()));
  EXPECT_EQ(program.error(), 0);
  EXPECT_EQ(program.Run(kAccesses), 0);
  EXPECT_EQ(state->next, kAccesses);
  return state->hits;
}

uint64_t HitsOfOurs(const Trace& trace, uint32_t entries, uint32_t flags) {
  MapSpec spec;
  spec.type = MapType::kLruHash;
  spec.key_size = sizeof(uint32_t);
  spec.value_size = sizeof(uint64_t);
  spec.max_entries = entries;
  spec.flags = flags;
  const Result<Ref<Map>> made = CreateMap(spec, PortAllocator());
  EXPECT_TRUE(made.ok());
  if (!made.ok()) {
    return 0;
  }
  Map& map = **made;
  const uint8_t value[sizeof(uint64_t)] = {1};
  uint64_t hits = 0;
  for (const uint32_t number : trace) {
    const ConstBytes key(reinterpret_cast<const uint8_t*>(&number),
                         sizeof(number));
    if (map.Lookup(key).ok()) {
      ++hits;
    } else {
      EXPECT_EQ(map.Update(key, value, UpdateMode::kAny), Status::kOk);
    }
  }
  return hits;
}

/// `scan` percent of the accesses to keys that never come again, the others to
/// a hot set that would fill `hot` percent of the map.
Trace ScanAndHotSet(uint32_t entries, uint32_t scan, uint32_t hot) {
  std::mt19937 random(1);
  Trace trace;
  for (uint32_t i = 0; i < kAccesses; ++i) {
    trace.push_back(random() % 100 < scan ? kNever | i
                                          : random() % (entries * hot / 100));
  }
  return trace;
}

/// Key k with probability ~ 1 / k^exponent, of ten times as many as fit.
Trace Zipf(uint32_t entries, double exponent) {
  std::vector<double> sums;
  double sum = 0;
  for (uint32_t key = 1; key <= 10 * entries; ++key) {
    sum += std::pow(key, -exponent);
    sums.push_back(sum);
  }
  std::mt19937 random(2);
  std::uniform_real_distribution<double> uniform(0, sum);
  Trace trace;
  for (uint32_t i = 0; i < kAccesses; ++i) {
    trace.push_back(static_cast<uint32_t>(
        std::lower_bound(sums.begin(), sums.end(), uniform(random)) -
        sums.begin()));
  }
  return trace;
}

/// Round and round through `percent` of what fits.
Trace Loop(uint32_t entries, uint32_t percent) {
  const auto length = static_cast<uint32_t>(uint64_t{entries} * percent / 100);
  Trace trace;
  for (uint32_t i = 0; i < kAccesses; ++i) {
    trace.push_back(i % length);
  }
  return trace;
}

/// New keys, each of which comes once more after `percent` of what fits: fresh
/// keys that are still there then.
Trace Echo(uint32_t entries, uint32_t percent) {
  const auto distance =
      static_cast<uint32_t>(uint64_t{entries} * percent / 100);
  Trace trace;
  for (uint32_t i = 0; i < kAccesses / 2; ++i) {
    trace.push_back(i);
    trace.push_back(i >= distance ? i - distance : kNever | i);
  }
  return trace;
}

/// On one CPU: whoever migrates meets another CPU's part of the map.
class LruHostTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  LruHostTest() {
    SetHostCpuCount(HostPossibleCpus());
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(sched_getaffinity(0, sizeof(before_), &before_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    EXPECT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  }
  ~LruHostTest() override {
    EXPECT_EQ(sched_setaffinity(0, sizeof(before_), &before_), 0);
    ExitReadSections();
  }
  void SetUp() override {
    const std::string reason = WhyNoHost();
    if (!reason.empty()) {
      GTEST_SKIP() << "NO ORACLE: " << reason;
    }
  }

  /// Ours has as many hits as the host's, but for noise.
  static void Compare(const std::string& name, uint32_t entries,
                      const Trace& trace) {
    constexpr double kNoise = 1;  // percent of all accesses
    const uint32_t flags = GetParam();
    const double ours = 100.0 * HitsOfOurs(trace, entries, flags) / kAccesses;
    const double host = 100.0 * HitsOnHost(trace, entries, flags) / kAccesses;
    printf("%-28s %6u entries: ours %6.2f %%, Linux's %6.2f %%\n", name.c_str(),
           entries, ours, host);
    EXPECT_GE(ours, host - kNoise) << name;
  }

 private:
  cpu_set_t before_;
};

INSTANTIATE_TEST_SUITE_P(Lists, LruHostTest,
                         ::testing::Values(0u, uint32_t{BPF_F_NO_COMMON_LRU}),
                         [](const auto& info) {
                           return info.param == 0 ? "Common" : "OfEachCpu";
                         });

/// Of a map with `flags`, what one CPU gets.
uint32_t ShareOf(uint32_t entries, uint32_t flags) {
  return flags == 0 ? entries : entries / HostPossibleCpus();
}

TEST_P(LruHostTest, AHotSetStaysWhileAScanRuns) {
  for (const uint32_t entries : {1000u, 10000u}) {
    for (const auto [scan, hot] :
         {std::pair(20u, 50u), std::pair(50u, 50u), std::pair(80u, 50u),
          std::pair(50u, 80u), std::pair(80u, 20u)}) {
      Compare("scan " + std::to_string(scan) + " %, hot set of " +
                  std::to_string(hot) + " %",
              entries, ScanAndHotSet(ShareOf(entries, GetParam()), scan, hot));
    }
  }
}

TEST_P(LruHostTest, KeysThatComeOftenStay) {
  for (const uint32_t entries : {1000u, 10000u}) {
    for (const double exponent : {0.6, 0.8, 1.0, 1.2}) {
      Compare("zipf " + std::to_string(exponent), entries,
              Zipf(ShareOf(entries, GetParam()), exponent));
    }
  }
}

TEST_P(LruHostTest, ALoopThatDoesNotFit) {
  for (const uint32_t entries : {1000u, 10000u}) {
    for (const uint32_t percent : {90u, 101u, 110u}) {
      Compare("loop of " + std::to_string(percent) + " %", entries,
              Loop(ShareOf(entries, GetParam()), percent));
    }
  }
}

TEST_P(LruHostTest, FreshKeysAreThereWhenTheyComeAgain) {
  for (const uint32_t entries : {1000u, 10000u}) {
    for (const uint32_t percent : {5u, 10u, 25u}) {
      Compare("again after " + std::to_string(percent) + " %", entries,
              Echo(ShareOf(entries, GetParam()), percent));
    }
  }
}

}  // namespace
}  // namespace ebpf::oracle
