// SPDX-License-Identifier: MIT
//
// Random attributes of software and tracepoint events on both kernels: which
// are taken, and what is said of the others. Then what ioctl(2) says on those.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "core/tracepoints/trace.h"
#include "gtest/gtest.h"
#include "testing/caller/test_system.h"
#include "testing/linux_calls/kernel.h"
#include "testing/linux_tracefs/host_tracefs.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::PerfEventAttr;

/// As the host's syscalls:sys_enter_getppid: a record that can be sampled.
struct Attr {
  static constexpr char kSystem[] = "linux_calls";
  static constexpr char kName[] = "attr";
  struct Record {
    EventHeader header;
    int32_t nr;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("int", nr)};
  static constexpr char kPrintFormat[] = "\"%d\", REC->nr";
  static void Fill(Record& record, int32_t nr) { record.nr = nr; }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Attr);

/// Each tracepoint event costs the host's kernel a while.
constexpr int kAttributes = 3000;
constexpr uint64_t kCloexec = linux_abi::kPerfFlagFdCloexec;
/// A signal at each sample would end the test.
constexpr uint64_t kNeverFlags = linux_abi::kPerfSigtrap;

class AttrMaker {
 public:
  explicit AttrMaker(uint64_t seed) : random_(seed) {}

  PerfEventAttr Make(bool* is_tracepoint) {
    PerfEventAttr attr{};
    attr.size = sizeof(attr);
    *is_tracepoint = Chance(2);
    attr.type = *is_tracepoint ? linux_abi::kPerfTypeTracepoint
                               : linux_abi::kPerfTypeSoftware;
    constexpr uint64_t kConfigs[] = {0, 1, 9, 10, 12, 99, ~uint64_t{0}};
    attr.config = kConfigs[random_() % 7];
    if (Chance(2)) {
      attr.sample_period = Chance(8) ? ~uint64_t{0} : random_() % 200'000;
    }
    attr.flags = linux_abi::kPerfDisabled | (Bits(40, 3) & ~kNeverFlags);
    attr.sample_type = Bits(Chance(8) ? 27 : 25, 4);
    attr.read_format = Bits(Chance(8) ? 7 : 5, 2);
    attr.wakeup_events = static_cast<uint32_t>(random_() % 3);
    if (Chance(3)) {
      attr.sample_max_stack = static_cast<uint16_t>(random_() % 260);
    }
    if (Chance(4)) {
      attr.sample_stack_user = static_cast<uint32_t>(random_() % 70'000);
    }
    attr.clockid = Chance(4) ? static_cast<int32_t>(random_() % 14) - 1 : 1;
    attr.reserved_2 = Chance(30) ? 1 : 0;
    return attr;
  }
  bool Chance(uint64_t of) { return random_() % of == 0; }
  uint64_t Number() { return random_(); }

 private:
  /// Up to `most` of the lowest `count` bits.
  uint64_t Bits(uint64_t count, uint64_t most) {
    uint64_t bits = 0;
    for (uint64_t n = random_() % (most + 1); n > 0; --n) {
      bits |= uint64_t{1} << random_() % count;
    }
    return bits;
  }

  std::mt19937_64 random_;
};

/// Why ours may answer otherwise; null: it may not.
const char* ExcuseFor(const PerfEventAttr& attr, int64_t ours, int64_t host) {
  constexpr int64_t kNotSupported = -95;
  const auto has = [&attr](uint64_t flags) {
    return (attr.flags & flags) != 0;
  };
  constexpr uint64_t kPossible =
      linux_abi::kPerfSampleIp | linux_abi::kPerfSampleTid |
      linux_abi::kPerfSampleTime | linux_abi::kPerfSampleAddress |
      linux_abi::kPerfSampleRead | linux_abi::kPerfSampleCallchain |
      linux_abi::kPerfSampleId | linux_abi::kPerfSampleCpu |
      linux_abi::kPerfSamplePeriod | linux_abi::kPerfSampleStreamId |
      linux_abi::kPerfSampleRaw | linux_abi::kPerfSampleIdentifier;
  if ((attr.sample_type & ~kPossible) != 0) {
    return "samples hold what core/perf cannot tell";
  }
  if (has(linux_abi::kPerfWriteBackward) && ours == kNotSupported) {
    return "no buffer is written backward";
  }
  if (has(linux_abi::kPerfUseClockId) && ours == -22) {
    return "one clock";
  }
  constexpr uint64_t kAuxOutput = uint64_t{1} << 31;
  constexpr uint64_t kCgroup = uint64_t{1} << 32;
  constexpr uint64_t kDeferred = uint64_t{3} << 38;
  if (has(kAuxOutput | kCgroup | kDeferred) && host < 0) {
    return "bits for what is not sampled here are not looked at";
  }
  if (attr.type == linux_abi::kPerfTypeSoftware && attr.sample_period == 0 &&
      attr.config <= 1 && ours == kNotSupported) {
    return "one task's clock is only sampled";
  }
  return nullptr;
}

TEST(PerfAttrCallsTest, RandomAttributes) {
  std::string reason;
  const std::unique_ptr<Kernel> host = HostKernel(reason);
  const auto tracefs = HostTracefs::Open(&reason);
  if (host == nullptr || tracefs == nullptr) {
    GTEST_SKIP() << "NOT COMPARED WITH LINUX: " << reason;
  }
  const TestSystem system;
  const std::unique_ptr<Kernel> ours = OurKernel();
  const uint64_t host_id =
      strtoull(tracefs->Read("events/syscalls/sys_enter_getppid/id").c_str(),
               nullptr, 10);
  const uint64_t our_at = ours->Put(PerfEventAttr{});
  const uint64_t host_at = host->Put(PerfEventAttr{});
  AttrMaker maker(1);
  std::map<std::string, int> excuses;
  int taken = 0;
  int refused = 0;
  int wrong = 0;
  for (int i = 0; i < kAttributes; ++i) {
    bool is_tracepoint;
    PerfEventAttr attr = maker.Make(&is_tracepoint);
    const bool is_there = is_tracepoint && !maker.Chance(10);
    if (is_tracepoint) {
      attr.config = maker.Chance(2) ? 0 : ~uint64_t{0};  // no event's
    }
    const int32_t pid = maker.Chance(2) ? 0 : -1;
    const int32_t cpu = pid == 0 && maker.Chance(2) ? -1 : 0;
    const auto open = [&](Kernel& kernel, uint64_t at, uint64_t id) {
      if (is_there) {
        attr.config = id;
      }
      memcpy(kernel.At(at), &attr, sizeof(attr));
      const int64_t fd = kernel.PerfEventOpen(at, pid, cpu, -1, kCloexec);
      if (fd >= 0) {
        kernel.Close(fd);
      }
      return fd < 0 ? fd : 0;
    };
    const int64_t here = open(*ours, our_at, Attr::tracepoint.id);
    const int64_t there = open(*host, host_at, host_id);
    if (here == there) {
      (here == 0 ? taken : refused) += 1;
      continue;
    }
    const char* const excuse = ExcuseFor(attr, here, there);
    if (excuse != nullptr) {
      ++excuses[excuse];
    } else if (++wrong < 20) {
      ADD_FAILURE() << "ours " << here << ", host " << there << ": type "
                    << attr.type << " config " << attr.config << " period "
                    << attr.sample_period << " sample " << std::hex
                    << attr.sample_type << " read " << attr.read_format
                    << " flags " << attr.flags << " stack "
                    << attr.sample_max_stack << " user "
                    << attr.sample_stack_user << " clock " << std::dec
                    << attr.clockid << " pid " << pid << " cpu " << cpu;
    }
  }
  printf("both take %d and refuse %d alike\n", taken, refused);
  for (const auto& [excuse, count] : excuses) {
    printf("%d differ: %s\n", count, excuse.c_str());
  }
  EXPECT_GT(taken, 100);
  EXPECT_GT(refused, 100);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace ebpf::linux_calls
