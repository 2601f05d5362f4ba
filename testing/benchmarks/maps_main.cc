// SPDX-License-Identifier: MIT
//
// Prints what operations on maps cost in a program, on our kernel and on the
// host's: by bpf(2) and BPF_PROG_TEST_RUN on both, the loop inside the program.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/syscall/system.h"
#include "testing/benchmarks/at_once.h"
#include "testing/benchmarks/map_programs.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"
#include "testing/linux_calls/kernel.h"

namespace ebpf::benchmarks {
namespace {

using linux_calls::Kernel;

constexpr uint32_t kHash = 1;
constexpr uint32_t kArray = 2;
constexpr uint32_t kPerCpuHash = 5;
constexpr uint32_t kLruHash = 9;
constexpr uint32_t kLruPerCpuHash = 10;

constexpr uint32_t kRunsOfBatch = 40;

[[noreturn]] void Fail(const char* what, int64_t error) {
  std::fprintf(stderr, "%s: %s\n", what,
               std::strerror(static_cast<int>(-error)));
  std::exit(1);
}

int64_t Require(const char* what, int64_t result) {
  if (result < 0) {
    Fail(what, result);
  }
  return result;
}

const std::vector<MapCase>& Cases() {
  static const std::vector<MapCase> cases = {
      {"hash: hit", kHash},
      {"hash: miss", kHash, 4, 0, MapOperation::kLookup, true},
      {"hash: hit, key of 40 bytes", kHash, 40},
      {"hash: update existing", kHash, 4, 0, MapOperation::kUpdate},
      {"hash: insert and delete", kHash, 4, 64, MapOperation::kInsertAndDelete,
       true},
      {"per-CPU hash: hit", kPerCpuHash},
      {"per-CPU hash: update existing", kPerCpuHash, 4, 0,
       MapOperation::kUpdate},
      {"LRU: hit", kLruHash, 4, 1024},
      {"LRU: update existing", kLruHash, 4, 1024, MapOperation::kUpdate},
      {"LRU: insert, evict", kLruHash, 4, 0, MapOperation::kUpdate, false,
       true},
      {"per-CPU LRU: hit", kLruPerCpuHash, 4, 1024},
      {"per-CPU LRU: insert, evict", kLruPerCpuHash, 4, 0,
       MapOperation::kUpdate, false, true},
  };
  return cases;
}

/// A program in one kernel, with a state of its own.
class Runner {
 public:
  Runner(Kernel& kernel, const MapCase& map_case, uint32_t entries, int64_t map,
         uint32_t first_key)
      : kernel_(kernel) {
    const int64_t state = Require(
        "an array", kernel.CreateMap(kArray, 4, sizeof(MapProgramState), 1));
    const MapProgramState start = {first_key, 0};
    Require("the state",
            kernel.Elem(linux_abi::kMapUpdateElem, state,
                        kernel.Put(uint32_t{0}), kernel.Put(start)));
    const int64_t program = Require(
        "the program",
        kernel.Call(linux_abi::kProgLoad,
                    kernel.Program(
                        1, MapProgram(map_case, entries, static_cast<int>(map),
                                      static_cast<int>(state)))));
    linux_abi::ProgTestRunAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.data_size_in = 64;
    attr.data_in = kernel.Put(nullptr, 64);
    attr.repeat = kRunsOfBatch;
    attr_ = attr;
    attr_at_ = kernel.Put(attr);
    fds_ = {state, program};
  }
  ~Runner() {
    for (const int64_t fd : fds_) {
      kernel_.Close(fd);
    }
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// One batch; nanoseconds of one round.
  double Run() { return RunAt(attr_at_); }

  /// The same on another CPU of ours, by a process with memory of its own.
  double RunOnOurs() {
    HostUserMemory memory(4096);
    linux_abi::ProgTestRunAttr attr = attr_;
    attr.data_in = memory.Put(nullptr, attr.data_size_in);
    return RunAt(memory.Put(&attr, sizeof(attr)));
  }

 private:
  double RunAt(uint64_t attr) {
    const double begin = Now();
    Require("BPF_PROG_TEST_RUN",
            kernel_.Bpf(linux_abi::kProgTestRun, attr, sizeof(attr_)));
    return (Now() - begin) / (kRunsOfBatch * kRoundsOfRun);
  }

  Kernel& kernel_;
  std::vector<int64_t> fds_;
  linux_abi::ProgTestRunAttr attr_;
  uint64_t attr_at_;
};

/// The map of a case with its keys 0 ... entries - 1.
int64_t MakeMap(Kernel& kernel, const MapCase& map_case, uint32_t entries,
                uint32_t cpus) {
  const int64_t map =
      Require("a map", kernel.CreateMap(map_case.type, map_case.key_size, 8,
                                        entries + map_case.spare_entries));
  const bool per_cpu =
      map_case.type == kPerCpuHash || map_case.type == kLruPerCpuHash;
  const size_t value_size = per_cpu ? 8 * cpus : 8;
  constexpr uint32_t kPiece = 1024;
  const uint64_t keys = kernel.Put(nullptr, kPiece * map_case.key_size);
  linux_abi::MapBatchAttr attr{};
  attr.map_fd = static_cast<uint32_t>(map);
  attr.keys = keys;
  attr.values = kernel.Put(nullptr, kPiece * value_size);
  const uint64_t at = kernel.Put(attr);
  for (uint32_t key = 0; key < entries; key += kPiece) {
    auto* bytes = static_cast<uint8_t*>(kernel.At(keys));
    for (uint32_t i = 0; i < kPiece; ++i) {
      const uint32_t number = key + i;
      std::memcpy(bytes + size_t{i} * map_case.key_size, &number,
                  sizeof(number));
    }
    attr.count = std::min(kPiece, entries - key);
    std::memcpy(kernel.At(at), &attr, sizeof(attr));
    Require("BPF_MAP_UPDATE_BATCH",
            kernel.Bpf(linux_abi::kMapUpdateBatch, at, sizeof(attr)));
  }
  return map;
}

/// One case in one kernel.
class Bench {
 public:
  Bench(Kernel& kernel, const MapCase& map_case, uint32_t entries,
        uint32_t cpus)
      : kernel_(kernel), map_(MakeMap(kernel, map_case, entries, cpus)) {
    for (uint32_t i = 0; i < 2; ++i) {
      runners_.push_back(std::make_unique<Runner>(kernel, map_case, entries,
                                                  map_, (i + 1) << 29));
    }
  }
  ~Bench() {
    runners_.clear();
    kernel_.Close(map_);
  }

  void RunAlone() { alone_ = std::min(alone_, runners_[0]->Run()); }

  /// Both programs at once; the time of the slower one counts, of passes in
  /// which both ran at the same time. Other work on the machine leaves few.
  void RunTogether(bool ours) {
    for (int tries = 0; tries < 20; ++tries) {
      double times[2];
      const double shared = AtOnce(
          ours, [&] { times[0] = runners_[0]->Run(); },
          [&] {
            times[1] = ours ? runners_[1]->RunOnOurs() : runners_[1]->Run();
          });
      if (shared >= kTogether) {
        together_ = std::min(together_, std::max(times[0], times[1]));
        return;
      }
    }
  }

  double alone() const { return alone_; }
  double together() const { return together_; }

 private:
  Kernel& kernel_;
  const int64_t map_;
  std::vector<std::unique_ptr<Runner>> runners_;
  double alone_ = 1e9;
  double together_ = 1e9;
};

/// Costs of one case, less those of making keys.
struct Costs {
  double ours;
  double ours_together;
  std::optional<double> host;
  std::optional<double> host_together;
};

class Harness {
 public:
  explicit Harness(unsigned passes)
      : passes_(passes), ours_(linux_calls::OurKernel()) {
    host_ = linux_calls::HostKernel(reason_);
  }

  const std::string& reason() const { return reason_; }
  bool has_host() const { return host_ != nullptr; }
  Kernel& host() { return *host_; }

  Costs Measure(const MapCase& map_case, uint32_t entries, bool together) {
    MapCase nothing = map_case;
    nothing.operation = MapOperation::kNothing;
    const Costs empty = MeasureRaw(nothing, std::min(entries, 1024u), false);
    Costs costs = MeasureRaw(map_case, entries, together);
    costs.ours -= empty.ours;
    costs.ours_together -= empty.ours;
    if (costs.host.has_value()) {
      *costs.host -= *empty.host;
      *costs.host_together -= *empty.host;
    }
    return costs;
  }

 private:
  Costs MeasureRaw(const MapCase& map_case, uint32_t entries, bool together) {
    Bench ours(*ours_, map_case, entries, kOurCpus);
    std::unique_ptr<Bench> host;
    if (host_ != nullptr) {
      host = std::make_unique<Bench>(
          *host_, map_case, entries,
          static_cast<uint32_t>(std::thread::hardware_concurrency()));
    }
    for (unsigned pass = 0; pass < passes_; ++pass) {
      ours.RunAlone();
      if (host != nullptr) {
        host->RunAlone();
      }
      if (together) {
        ours.RunTogether(true);
        if (host != nullptr) {
          host->RunTogether(false);
        }
      }
    }
    Costs costs = {ours.alone(), ours.together(), {}, {}};
    if (host != nullptr) {
      costs.host = host->alone();
      costs.host_together = host->together();
    }
    return costs;
  }

 public:
  static constexpr uint32_t kOurCpus = 4;

 private:
  const unsigned passes_;
  std::unique_ptr<Kernel> ours_;
  std::unique_ptr<Kernel> host_;
  std::string reason_;
};

void PrintPair(double ours, std::optional<double> host) {
  if (host.has_value()) {
    std::printf(" %6.1f / %6.1f |", ours, *host);
  } else {
    std::printf(" %6.1f /    -   |", ours);
  }
}

void PrintTable(Harness& harness, const std::vector<uint32_t>& sizes) {
  std::printf("Nanoseconds of one operation, ours / Linux's:\n\n| %-30s |", "");
  for (const uint32_t size : sizes) {
    std::printf(" %8u keys   |", size);
  }
  std::printf(" 2 CPUs, %7u |\n|%s|", sizes[1 % sizes.size()],
              std::string(32, '-').c_str());
  for (size_t i = 0; i <= sizes.size(); ++i) {
    std::printf("----------------:|");
  }
  std::printf("\n");
  for (const MapCase& map_case : Cases()) {
    std::printf("| %-30s |", map_case.name.c_str());
    Costs with_two{};
    for (size_t i = 0; i < sizes.size(); ++i) {
      const bool together = i == 1 % sizes.size();
      const Costs costs = harness.Measure(map_case, sizes[i], together);
      PrintPair(costs.ours, costs.host);
      if (together) {
        with_two = costs;
      }
    }
    PrintPair(with_two.ours_together, with_two.host_together);
    std::printf("\n");
    std::fflush(stdout);
  }
  if (!harness.has_host()) {
    std::printf("\nNO LINUX to compare with: %s\n", harness.reason().c_str());
  }
}

/// How long a hash of `entries` takes to be made, and bytes for each; 0 where
/// that is not known.
struct Making {
  double milliseconds = 0;
  double bytes = 0;
};

Making MakeOurs(uint32_t entries) {
  MapSpec spec;
  spec.type = MapType::kHash;
  spec.key_size = 4;
  spec.value_size = 8;
  spec.max_entries = entries;
  const double begin = Now();
  const Result<Ref<Map>> map = CreateCountedMap(spec, PortAllocator());
  if (!map.ok()) {
    return {};
  }
  return {(Now() - begin) / 1e6,
          static_cast<double>((*map)->memory_bytes()) / entries};
}

Making MakeLinuxs(Kernel& host, uint32_t entries) {
  const double begin = Now();
  const int64_t map = host.CreateMap(kHash, 4, 8, entries);
  Making making = {(Now() - begin) / 1e6, 0};
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(map));
  for (std::string word; info >> word;) {
    if (word == "memlock:" && info >> making.bytes) {
      making.bytes /= entries;
    }
  }
  host.Close(map);
  return making;
}

/// What more entries and a second CPU cost.
void PrintGrowth(Harness& harness) {
  const std::vector<MapCase> cases = {
      {"hit", kHash},
      {"update existing", kHash, 4, 0, MapOperation::kUpdate},
      {"insert and delete", kHash, 4, 64, MapOperation::kInsertAndDelete, true},
  };
  std::printf(
      "A hash of u32 keys and u64 values, ours / Linux's; nanoseconds of one\n"
      "operation on one CPU, and on each of two at once:\n\n"
      "| %-8s | %-17s | %-15s | %-17s | %-15s | %-15s | %-11s |\n",
      "entries", "made in ms", "bytes each", "operation", "1 CPU", "2 CPUs",
      "growth");
  std::printf(
      "|---------:|------------------:|----------------:|:---"
      "---------------|----------------:|----------------:|"
      "------------:|\n");
  for (const uint32_t entries : {1u << 10, 1u << 16, 1u << 20, 1u << 24}) {
    Making ours;
    Making host;
    for (int i = 0; i < 3; ++i) {
      const Making now = MakeOurs(entries);
      ours = i == 0 || now.milliseconds < ours.milliseconds ? now : ours;
      if (harness.has_host()) {
        const Making other = MakeLinuxs(harness.host(), entries);
        host = i == 0 || other.milliseconds < host.milliseconds ? other : host;
      }
    }
    for (const MapCase& map_case : cases) {
      const Costs costs = harness.Measure(map_case, entries, true);
      const double alone = costs.host.value_or(0);
      const double together = costs.host_together.value_or(0);
      std::printf(
          "| %8u | %7.2f / %7.2f | %6.1f / %6.1f | %-17s | %6.1f / %6.1f |"
          " %6.1f / %6.1f | %4.2f / %4.2f |\n",
          entries, ours.milliseconds, host.milliseconds, ours.bytes, host.bytes,
          map_case.name.c_str(), costs.ours, alone, costs.ours_together,
          together, costs.ours_together / costs.ours,
          alone == 0 ? 0 : together / alone);
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace ebpf::benchmarks

/// --growth: how costs grow with entries and CPUs, up to 16 million entries.
/// --quick: few passes, no large maps.
int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  ebpf::SetHostCpuCount(ebpf::benchmarks::Harness::kOurCpus);
  if (ebpf::InitSystem(ebpf::HostMachineOps()) != ebpf::Status::kOk) {
    std::fprintf(stderr, "our kernel does not start\n");
    return 1;
  }
  ebpf::benchmarks::Harness harness(quick ? 10 : 60);
  if (argc > 1 && std::strcmp(argv[1], "--growth") == 0) {
    ebpf::benchmarks::PrintGrowth(harness);
    return 0;
  }
  std::vector<uint32_t> sizes = {1 << 10, 1 << 16};
  if (!quick) {
    sizes.push_back(1 << 20);
  }
  ebpf::benchmarks::PrintTable(harness, sizes);
  return 0;
}
