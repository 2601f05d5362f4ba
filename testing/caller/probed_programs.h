// SPDX-License-Identifier: MIT
//
// Programs on probes inside of core and the host port, for tests of what they
// do to what they interrupt: they use maps, the ring, the log, and count.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/perf/kprobe_event.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {

inline constexpr uint32_t kPerCpuArray = 6;
inline constexpr uint32_t kLruHash = 9;
inline constexpr uint32_t kQueue = 22;
inline constexpr uint32_t kRawTracepoint = 17;
inline constexpr uint64_t kRecord = 0x600d;

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
inline constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                                   0x8d, 0x04, 0x37, 0x5d, 0xc3};

/// What a program counts for itself, on each CPU.
struct Counts {
  uint64_t runs;
  uint64_t refused;  // operations, for a reason that is allowed
  uint64_t wrong;    // operations, for another one
  uint64_t records;  // submitted
};
inline constexpr int16_t kRefusedAt = offsetof(Counts, refused);
inline constexpr int16_t kWrongAt = offsetof(Counts, wrong);
inline constexpr int16_t kRecordsAt = offsetof(Counts, records);

/// Ends the process if the test does not end in time.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds limit)
      : thread_([this, limit] {
          std::unique_lock<std::mutex> lock(mutex_);
          if (!ended_.wait_for(lock, limit, [this] { return done_; })) {
            fprintf(stderr, "probes inside: it hangs\n");
            abort();
          }
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      done_ = true;
    }
    ended_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;
};

inline void Append(Code& code, const Code& more) {
  code.insert(code.end(), more.begin(), more.end());
}

/// r6's Counts at `offset` += 1, by r1.
inline Code Increment(int16_t offset) {
  return {Insn(0x79, 1, 6, offset, 0), Insn(0x07, 1, 0, 0, 1),
          Insn(0x7b, 6, 1, offset, 0)};
}

/// Counts r0, where it is not 0: refused with one of `allowed`, or wrong.
inline Code CountResult(const std::vector<Status>& allowed) {
  const auto count = static_cast<int16_t>(allowed.size());
  Code code = {Insn(0x15, 0, 0, static_cast<int16_t>(count + 7), 0)};
  for (int16_t i = 0; i < count; ++i) {
    code.push_back(Insn(0x15, 0, 0, static_cast<int16_t>(count - i + 3),
                        -static_cast<int32_t>(allowed[size_t(i)])));
  }
  Append(code, Increment(kWrongAt));
  code.push_back(Insn(0x05, 0, 0, 3, 0));
  Append(code, Increment(kRefusedAt));
  return code;
}

inline Code Low(uint8_t dst, int64_t map) {
  return {LoadLow(dst, 1, static_cast<int32_t>(map)), LoadHigh(0)};
}

/// r6 = the value of the key 0 in `map`; without one the program ends.
inline Code ElementInR6(int64_t map) {
  Code code = {Insn(0x62, 10, 0, -4, 0)};
  Append(code, Low(1, map));
  Append(code, {MovReg(2, 10), Insn(0x07, 2, 0, 0, -4),
                CallHelper(helper_id::map_lookup_elem), Insn(0x55, 0, 0, 2, 0),
                MovImm(0, 0), Exit(), MovReg(6, 0)});
  return code;
}

/// The function that has this name in the symbol table, and what is known of
/// the calls of it.
struct Target {
  const char* symbol;
  /// Calls for each run of a program; 0: nobody knows how many there are.
  uint32_t calls_of_run;
  /// And for each update by bpf(2).
  uint32_t calls_of_update;
};

class ProbedProgramsTest : public testing::Test {
 protected:
  /// What programs change.
  struct Maps {
    int64_t hash;
    int64_t lru;
    int64_t ring;
    int64_t queue;
  };

  ProbedProgramsTest()
      : driven_("driven", kAdd), caller_(Origin::kKernel), maps_(MakeMaps()) {}
  ~ProbedProgramsTest() override {
    probes_.clear();
    caller_.client().fds().CloseAll();  // before the text goes
  }

  Maps MakeMaps() {
    return {caller_.CreateMap(linux_abi::kMapTypeHash, 4, 8, 16),
            caller_.CreateMap(kLruHash, 4, 8, 8),
            caller_.CreateMap(linux_abi::kMapTypeRingBuffer, 0, 0, 4096),
            caller_.CreateMap(kQueue, 0, 8, 16)};
  }

  /// A program and its Counts.
  struct Counted {
    int64_t fd = -1;
    Map* counts = nullptr;  // the program's
    Ref<Program> program;
  };

  /// `body` with this CPU's Counts, which are in `map`, in r6; it counts a run.
  static Code Counting(int64_t map, const Code& body, int32_t result) {
    Code code = ElementInR6(map);
    Append(code, Increment(0));
    Append(code, body);
    Append(code, Returning(result));
    return code;
  }
  /// The program of `fd`, whose Counts are in `map`.
  Counted CountedOf(int64_t fd, int64_t map) {
    Counted made;
    made.fd = fd;
    made.counts = &MapOf(map);
    Result<Ref<File>> file = caller_.client().fds().Get(fd);
    made.program = (*file)->AsProgram()->program();
    return made;
  }
  Counted LoadProgram(uint32_t type, const Code& body) {
    const int64_t map = caller_.CreateMap(kPerCpuArray, 4, sizeof(Counts), 1);
    const int64_t fd = caller_.Load(type, Counting(map, body, 1));
    EXPECT_GE(fd, 0);
    return CountedOf(fd, map);
  }

  /// Sums the CPUs' counts. Hits no probe.
  static Counts Sum(const Counted& counted) {
    Counts sum = {};
    const uint32_t key = 0;
    for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
      Counts one;
      memcpy(&one, counted.counts->LookupOnCpu(AsBytes(key), cpu)->data(),
             sizeof(one));
      sum.runs += one.runs;
      sum.refused += one.refused;
      sum.wrong += one.wrong;
      sum.records += one.records;
    }
    return sum;
  }
  static ConstBytes AsBytes(const uint32_t& key) {
    return ConstBytes(reinterpret_cast<const uint8_t*>(&key), sizeof(key));
  }
  Map& MapOf(int64_t fd) {
    return (*caller_.client().fds().Get(fd))->AsMap()->map();
  }

  static Code Update(int64_t map, int32_t key_mask) {
    Code code = {CallHelper(helper_id::get_prandom_u32),
                 Insn(0x57, 0, 0, 0, key_mask), Insn(0x63, 10, 0, -4, 0),
                 Insn(0x7a, 10, 0, -16, 1)};
    Append(code, Low(1, map));
    Append(code, {MovReg(2, 10), Insn(0x07, 2, 0, 0, -4), MovReg(3, 10),
                  Insn(0x07, 3, 0, 0, -16), MovImm(4, 0),
                  CallHelper(helper_id::map_update_elem)});
    return code;
  }

  /// Uses everything that is probed.
  static Code Everything(const Maps& maps) {
    Code code = Update(maps.hash, 15);
    Append(code, CountResult({Status::kBusy}));
    Append(code, Update(maps.lru, 63));
    Append(code, CountResult({Status::kBusy, Status::kNoMemory}));
    Append(code, Low(1, maps.ring));
    Append(code,
           {MovImm(2, 8), MovImm(3, 0), CallHelper(helper_id::ringbuf_reserve),
            Insn(0x15, 0, 0, 7, 0), Insn(0x7a, 0, 0, 0, kRecord)});
    Append(code, Increment(kRecordsAt));
    Append(code,
           {MovReg(1, 0), MovImm(2, 0), CallHelper(helper_id::ringbuf_submit)});
    Append(code, Low(1, maps.queue));
    Append(code, {MovReg(2, 10), Insn(0x07, 2, 0, 0, -16), MovImm(3, 0),
                  CallHelper(helper_id::map_push_elem)});
    Append(code, CountResult({Status::kBusy, Status::kTooBig}));
    Append(code, Low(1, maps.queue));
    Append(code, {MovReg(2, 10), Insn(0x07, 2, 0, 0, -16),
                  CallHelper(helper_id::map_pop_elem)});
    Append(code, CountResult({Status::kBusy, Status::kNotFound}));
    Append(code,
           {Insn(0x62, 10, 0, -8, 'x'), MovReg(1, 10), Insn(0x07, 1, 0, 0, -8),
            MovImm(2, 2), CallHelper(helper_id::trace_printk),
            // r0 = r0 < 0 ? r0 : 0
            Insn(0xc5, 0, 0, 1, 0), MovImm(0, 0)});
    Append(code, CountResult({Status::kBusy}));
    code.push_back(CallHelper(helper_id::ktime_get_ns));
    return code;
  }

  /// One probe with a program of its own.
  struct Probe {
    const Target* target;
    Counted counted;
    Ref<KprobeEvent> event;

    /// Hits that ran nothing.
    uint64_t Missed() const {
      return event->Describe().missed + counted.program->Stats().missed;
    }
  };

  static uint64_t HitsOf(const Probe& probe) {
    return Sum(probe.counted).runs + probe.Missed();
  }

  /// A probe at the first instruction of a function that is not below `from`.
  /// Returns its offset.
  uint64_t Plant(const Target& target, uint64_t from, const Code& body) {
    for (uint64_t offset = from; offset < from + 15; ++offset) {
      Result<Ref<KprobeEvent>> event = KprobeEvent::Create(
          {target.symbol, 0, offset}, EventScope{}, PortAllocator());
      if (event.ok()) {
        Counted counted = LoadProgram(kKprobe, body);
        EXPECT_EQ((*event)->SetProgram(counted.program, 0), Status::kOk);
        probes_.push_back(
            std::make_unique<Probe>(Probe{&target, counted, *event}));
        return offset;
      }
      EXPECT_EQ(event.status(), Status::kBadSequence) << target.symbol;
    }
    ADD_FAILURE() << target.symbol << ": no instruction";
    return 0;
  }
  void EnableAll() {
    for (auto& probe : probes_) {
      ASSERT_EQ(probe->event->Enable(), Status::kOk) << probe->target->symbol;
    }
  }
  void DisableAll() {
    for (auto& probe : probes_) {
      probe->event->Disable();
    }
  }

  // bpf(2) from many threads: the attributes are on their stacks.
  template <typename Attr>
  int64_t Call(uint32_t command, Attr attr) {
    Client& client = caller_.client();
    return Bpf(client, command,
               client.Pointer(reinterpret_cast<uint64_t>(&attr)), sizeof(attr));
  }
  int64_t UpdateByCall(int64_t map, uint32_t key) {
    const uint64_t value = 1;
    linux_abi::MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(map);
    attr.key = reinterpret_cast<uint64_t>(&key);
    attr.value = reinterpret_cast<uint64_t>(&value);
    return Call(linux_abi::kMapUpdateElem, attr);
  }
  int64_t DeleteByCall(int64_t map, uint32_t key) {
    linux_abi::MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(map);
    attr.key = reinterpret_cast<uint64_t>(&key);
    return Call(linux_abi::kMapDeleteElem, attr);
  }
  int64_t RunByCall(int64_t program) {
    linux_abi::ProgTestRunAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    return Call(linux_abi::kProgTestRun, attr);
  }

  const TestSystem system_;
  HostText driven_;
  TestCaller caller_;
  const Maps maps_;
  std::vector<std::unique_ptr<Probe>> probes_;
};

}  // namespace ebpf
