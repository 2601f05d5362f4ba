// SPDX-License-Identifier: MIT
//
// Everything is taken away while programs run on other CPUs: probes, programs,
// maps, inner maps, targets of tail calls. Freed memory is overwritten by the
// host port, so a pointer that was used too late is noticed.
//
// EBPF_TEARDOWNS=100000: how many steps.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"

namespace ebpf {
namespace {

using linux_abi::kMapDeleteElem;
using linux_abi::kMapTypeArray;
using linux_abi::kMapTypeHash;
using linux_abi::kMapTypeProgArray;
using linux_abi::kMapTypeRingBuffer;
using linux_abi::kMapUpdateElem;

constexpr uint32_t kArrayOfMaps = 12;
constexpr uint32_t kRunningCpus = 3;
constexpr uint32_t kPlaces = 4;

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

class TeardownTest : public testing::Test {
 protected:
  TeardownTest() : text_("torn", kAdd), caller_(Origin::kKernel) {
    MakeMaps();
    for (int64_t& leaf : leaves_) {
      leaf = caller_.Load(kKprobe, Returning(1));
      EXPECT_GE(leaf, 0);
    }
  }
  ~TeardownTest() override {
    caller_.client().fds().CloseAll();
    RunHostDeferred();
  }

  void MakeMaps() {
    // Each second one makes its elements on demand.
    on_demand_ = !on_demand_;
    hash_ = caller_.CreateMap(kMapTypeHash, 4, 8, kPlaces,
                              on_demand_ ? linux_abi::kMapNoPrealloc : 0);
    ring_ = caller_.CreateMap(kMapTypeRingBuffer, 0, 0, 4096);
    programs_ = caller_.CreateMap(kMapTypeProgArray, 4, 4, kPlaces);
    const int64_t inner = Inner();
    linux_abi::MapCreateAttr outer{};
    outer.map_type = kArrayOfMaps;
    outer.key_size = 4;
    outer.value_size = 4;
    outer.max_entries = kPlaces;
    outer.inner_map_fd = static_cast<uint32_t>(inner);
    outer_ = caller_.Call(linux_abi::kMapCreate, outer);
    EXPECT_GE(outer_, 0);
    caller_.CloseFd(inner);
  }
  void CloseMaps() {
    for (int64_t fd : {hash_, ring_, programs_, outer_}) {
      EXPECT_EQ(caller_.CloseFd(fd), 0);
    }
  }
  int64_t Inner() { return caller_.CreateMap(kMapTypeArray, 4, 8, kPlaces); }

  static isa::Insn Low(uint8_t dst, int64_t map) {
    return LoadLow(dst, 1, static_cast<int32_t>(map));
  }

  /// Uses all of the maps, and goes on in a leaf if there is one.
  std::vector<isa::Insn> Program() {
    return {MovReg(9, 1), CallHelper(helper_id::get_prandom_u32),
            Insn(0x57, 0, 0, 0, kPlaces - 1),         // r0 &= 3
            Insn(0x63, 10, 0, -4, 0),                 // the key
            MovImm(1, 1), Insn(0x7b, 10, 1, -16, 0),  // the value: 1
            // hash[key] = 1; hash[key] += 1
            Low(1, hash_), LoadHigh(0), MovReg(2, 10), Insn(0x07, 2, 0, 0, -4),
            MovReg(3, 10), Insn(0x07, 3, 0, 0, -16), MovImm(4, 0),
            CallHelper(helper_id::map_update_elem), Low(1, hash_), LoadHigh(0),
            MovReg(2, 10), Insn(0x07, 2, 0, 0, -4),
            CallHelper(helper_id::map_lookup_elem),
            Insn(0x15, 0, 0, 2, 0),                // if r0 == 0 skip
            MovImm(1, 1), Insn(0xdb, 0, 1, 0, 0),  // lock *r0 += r1
            // outer[key][key] += 1
            Low(1, outer_), LoadHigh(0), MovReg(2, 10), Insn(0x07, 2, 0, 0, -4),
            CallHelper(helper_id::map_lookup_elem), Insn(0x15, 0, 0, 7, 0),
            MovReg(1, 0), MovReg(2, 10), Insn(0x07, 2, 0, 0, -4),
            CallHelper(helper_id::map_lookup_elem), Insn(0x15, 0, 0, 2, 0),
            MovImm(1, 1), Insn(0xdb, 0, 1, 0, 0),
            // a record
            Low(1, ring_), LoadHigh(0), MovReg(2, 10), Insn(0x07, 2, 0, 0, -16),
            MovImm(3, 8), MovImm(4, 0), CallHelper(helper_id::ringbuf_output),
            // on to programs[key]
            MovReg(1, 9), Low(2, programs_), LoadHigh(0),
            Insn(0x61, 3, 10, -4, 0), CallHelper(helper_id::tail_call),
            MovImm(0, 0), Exit()};
  }

  struct Attached {
    int64_t event = -1;
    int64_t program = -1;
  };

  Attached Attach() {
    Attached made;
    made.program = caller_.Load(kKprobe, Program());
    EXPECT_GE(made.program, 0);
    made.event = caller_.Attach(made.program, "torn");
    EXPECT_GE(made.event, 0);
    return made;
  }
  void Close(int64_t& fd) {
    if (fd >= 0) {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_EQ(caller_.CloseFd(fd), 0);
      closes_.push_back(std::chrono::duration<double, std::micro>(
                            std::chrono::steady_clock::now() - start)
                            .count());
      fd = -1;
    }
  }

  /// One thing that goes, comes or is replaced.
  void Step(std::mt19937_64& random) {
    Attached& attached = attached_[random() % kPlaces];
    const uint64_t key = caller_.Put(static_cast<uint32_t>(random() % kPlaces));
    switch (random() % 8) {
      case 0:
        if (attached.event < 0) {
          Close(attached.program);
          attached = Attach();
        }
        break;
      case 1:
        Close(attached.event);
        break;
      case 2:
        Close(attached.program);
        break;
      case 3:
        if (attached.event >= 0) {
          const uint32_t command = random() % 2 == 0
                                       ? linux_abi::kPerfIocDisable
                                       : linux_abi::kPerfIocEnable;
          EXPECT_EQ(caller_.IoctlFd(attached.event, command), 0);
        }
        break;
      case 4: {
        const int64_t leaf = leaves_[random() % kPlaces];
        EXPECT_EQ(caller_.Elem(kMapUpdateElem, programs_, key,
                               caller_.Put(static_cast<int32_t>(leaf))),
                  0);
        break;
      }
      case 5: {
        const int64_t inner = Inner();
        EXPECT_EQ(caller_.Elem(kMapUpdateElem, outer_, key,
                               caller_.Put(static_cast<int32_t>(inner))),
                  0);
        EXPECT_EQ(caller_.CloseFd(inner), 0);
        break;
      }
      case 6:
        (void)caller_.Elem(kMapDeleteElem,
                           random() % 3 == 0   ? outer_
                           : random() % 2 == 0 ? programs_
                                               : hash_,
                           key, 0);
        break;
      default:
        if (random() % 16 == 0) {
          CloseMaps();
          MakeMaps();
        } else {
          int64_t& leaf = leaves_[random() % kPlaces];
          Close(leaf);
          leaf = caller_.Load(kKprobe, Returning(1));
        }
    }
  }

  const TestSystem system_;
  HostText text_;
  TestCaller caller_;
  bool on_demand_ = false;
  int64_t hash_ = -1;
  int64_t ring_ = -1;
  int64_t programs_ = -1;
  int64_t outer_ = -1;
  int64_t leaves_[kPlaces];
  Attached attached_[kPlaces];
  std::vector<double> closes_;  // microseconds
};

TEST_F(TeardownTest, WhatGoesWhileProgramsRunIsUsedByNobodyAfterwards) {
  const char* wanted = getenv("EBPF_TEARDOWNS");
  const uint64_t steps =
      wanted == nullptr ? 3000 : strtoull(wanted, nullptr, 0);
  std::atomic<bool> ends{false};
  std::atomic<uint64_t> calls{0};
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 1; cpu <= kRunningCpus; ++cpu) {
    cpus.emplace_back([&, cpu] {
      const HostCpu on(cpu);
      uint64_t made = 0;
      while (!ends) {
        ASSERT_EQ(text_.As<uint64_t(uint64_t, uint64_t)>()(made, 1), made + 1);
        ++made;
      }
      calls += made;
    });
  }
  std::mt19937_64 random(1);
  for (uint64_t step = 0; step < steps; ++step) {
    Step(random);
    if (step % 16 == 0) {
      RunHostDeferred();
    }
    if (step % 4096 == 0) {
      caller_.ForgetMemory();
    }
  }
  ends = true;
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  for (Attached& attached : attached_) {
    Close(attached.event);
    Close(attached.program);
  }
  std::sort(closes_.begin(), closes_.end());
  printf(
      "%llu steps, %llu calls of the function on %u CPUs; a close took %.0f us "
      "(median), %.0f us (99 of 100)\n",
      static_cast<unsigned long long>(steps),
      static_cast<unsigned long long>(calls.load()), kRunningCpus,
      closes_[closes_.size() / 2], closes_[closes_.size() * 99 / 100]);
}

}  // namespace
}  // namespace ebpf
