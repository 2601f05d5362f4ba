// SPDX-License-Identifier: MIT
//
// What single helpers and operations on maps cost in a compiled program, here
// and in the host's kernel, beside what they may cost: testing/programs/
// map_costs.bpf.c and helper_costs.bpf.c, by BPF_PROG_TEST_RUN of each.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/object.h"
#include "core/sync/read_section.h"
#include "core/syscall/system.h"
#include "testing/benchmarks/peer_kbpf.h"
#include "testing/caller/test_caller.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_trap.h"
#include "testing/oracle/host_object.h"

namespace ebpf::benchmarks {
namespace {

constexpr size_t kPage = 4096;
constexpr int kBatches = 60;
constexpr int kFills = 128;  // as in map_costs.bpf.c

/// A program, and what of it is shown.
struct Row {
  const char* program;
  /// The program that does all the same but for the operation; null: it shows
  /// by itself what a loop costs.
  const char* without;
  double goal = 0;  // the most that it is to cost; 0: none
  double rounds = 10000;
};

// As in map_costs.bpf.c.
constexpr Row kMapRows[] = {
    {"straight", nullptr, 0, 5000},
    {"array_lookup", "straight", 0.35, 5000},
    {"per_cpu_array_lookup", "straight", 0.35, 5000},
    {"looped", nullptr},
    {"array_of_maps_lookup", "looped"},
    {"hash_of_maps_lookup", "looped"},
    {"hash_hit", "looped", 12},
    {"hash_miss", "looped", 9},
    {"hash_hit_40", "looped", 20},
    {"hash_update", "looped", 40},
    {"hash_insert_delete", "looped", 90},
    {"lru_hit", "looped", 14},
    {"lru_update", "looped", 60},
    {"lru_evict", "looped", 110},
    {"lpm_ipv4_lookup", "looped", 40},
    {"lpm_ipv6_lookup", "looped", 40},
    {"queue_push_pop", "looped", 25},
    {"stack_push_pop", "looped", 25},
    {"bloom_peek", "looped"},
    {"no_tail_call", nullptr, 0, 33},
    {"tail_call", "no_tail_call", 0, 33},
};
// As in helper_costs.bpf.c.
constexpr Row kHelperRows[] = {
    {"loop", nullptr, 2},        {"spin_lock_pair", nullptr, 20},
    {"ring_record", "loop", 18}, {"ring_output", "loop"},
    {"ring_dynptr", "loop"},     {"probe_read_8", "loop", 8},
    {"strtol", "loop"},          {"snprintf", "loop"},
    {"ktime", "loop"},           {"prandom", "loop"},
    {"strncmp", "loop"},
};

/// The reader has seen all: pages of a ring as user space maps them.
void Drain(void* consumer_page, const void* producer_page) {
  std::memcpy(consumer_page, producer_page, sizeof(uint64_t));
}

class HostSide {
 public:
  explicit HostSide(const std::vector<uint8_t>& bytes) : object_(bytes) {
    if (!object_.error().empty()) {
      std::printf("the host's kernel: %s\n", object_.error().c_str());
      return;
    }
    const int ring = object_.MapFd("ring");
    if (ring < 0) {
      return;
    }
    consumer_ =
        mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
    producer_ = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, ring, kPage);
  }
  bool ok() const { return object_.error().empty(); }

  /// What the last run returned.
  uint32_t result() const { return result_; }

  /// Nanoseconds of one run of `program`; 0: there is none.
  double Run(const std::string& program) {
    const auto& names = object_.programs();
    const auto at = std::find(names.begin(), names.end(), program);
    if (at == names.end()) {
      return 0;
    }
    if (consumer_ != nullptr) {
      Drain(consumer_, producer_);
    }
    uint32_t duration = 0;
    const auto index = static_cast<size_t>(at - names.begin());
    return object_.Run(index, result_, duration) ? duration : 0;
  }

 private:
  oracle::HostObject object_;
  uint32_t result_ = 0;
  void* consumer_ = nullptr;
  void* producer_ = nullptr;
};

class OurSide {
 public:
  explicit OurSide(const std::vector<uint8_t>& bytes)
      : bytes_(bytes),
        caller_(Origin::kKernel),
        log_(text_, sizeof(text_)),
        object_(caller_.client(), PortAllocator(), log_) {
    Status status = object_.Open(ConstBytes(bytes_.data(), bytes_.size()));
    status = IsOk(status) ? object_.Load() : status;
    if (!IsOk(status)) {
      std::printf("here: %d, %.*s\n", static_cast<int>(status),
                  static_cast<int>(log_.text().size()), log_.text().data());
      return;
    }
    loaded_ = true;
    const Result<int> ring = object_.MapFd("ring");
    if (ring.ok()) {
      const Result<Ref<File>> file = caller_.client().fds().Get(*ring);
      pages_ = (*file)->AsMap()->map().Pages(0, 2 * kPage, false)->address;
    }
    attr_at_ = caller_.Put(linux_abi::ProgTestRunAttr());
    packet_ = caller_.Put(nullptr, 64);
  }
  ~OurSide() {
    object_.Close();
    caller_.client().fds().CloseAll();
  }
  bool ok() const { return loaded_; }
  uint32_t result() const { return result_; }

  /// Nanoseconds of one run of `program`; 0: there is none.
  double Run(const std::string& program) {
    size_t index = 0;
    while (index < object_.program_count() && NameOf(index) != program) {
      ++index;
    }
    if (index == object_.program_count()) {
      return 0;
    }
    if (pages_ != nullptr) {
      Drain(pages_, pages_ + kPage);
    }
    linux_abi::ProgTestRunAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(object_.program(index).fd);
    attr.data_in = packet_;
    attr.data_size_in = 64;
    std::memcpy(caller_.At(attr_at_), &attr, sizeof(attr));
    if (caller_.BpfAt(linux_abi::kProgTestRun, attr_at_, sizeof(attr)) != 0) {
      return 0;
    }
    const auto run = caller_.Get<linux_abi::ProgTestRunAttr>(attr_at_);
    result_ = run.retval;
    return run.duration;
  }

 private:
  std::string NameOf(size_t index) const {
    const StringView name = object_.file().programs()[index].name;
    return {name.data(), name.size()};
  }

  const std::vector<uint8_t>& bytes_;
  TestCaller caller_;
  char text_[1 << 16];
  TextWriter log_;
  loader::Object object_;
  bool loaded_ = false;
  uint32_t result_ = 0;
  uint8_t* pages_ = nullptr;
  uint64_t attr_at_ = 0;
  uint64_t packet_ = 0;
};

void PrintCost(double cost) {
  if (cost > 0) {
    std::printf(" %10.2f", cost);
  } else {
    std::printf(" %10s", "-");
  }
}

/// Nanoseconds of one operation: ours, Linux's, kbpf-basic's.
using Costs = std::array<double, 3>;

/// Prints the rows of an object: of each the fastest of many batches, which
/// take turns. False: it does not load.
bool Measure(const std::string& path, std::span<const Row> rows,
             const KbpfPeer& kbpf) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<uint8_t> bytes(std::istreambuf_iterator<char>(in), {});
  OurSide ours(bytes);
  HostSide host(bytes);
  if (!ours.ok()) {
    return false;
  }
  for (int i = 0; i < kFills; ++i) {
    (void)ours.Run("fill");
    RunHostDeferred();  // makes elements for the next run
    if (host.ok()) {
      (void)host.Run("fill");
    }
  }
  std::map<std::string, Costs> costs;
  for (const Row& row : rows) {
    Costs& best = costs[row.program];
    best.fill(1e9);
    for (int batch = 0; batch < kBatches; ++batch) {
      const Costs now = {ours.Run(row.program) / row.rounds,
                         host.ok() ? host.Run(row.program) / row.rounds : 0,
                         kbpf.Cost(row.program)};
      for (size_t i = 0; i < now.size(); ++i) {
        best[i] = std::min(best[i], now[i]);
      }
    }
    Costs shown = best;
    if (row.without != nullptr) {
      const Costs& without = costs[row.without];
      for (size_t i = 0; i < 2; ++i) {
        shown[i] = std::max(0.01, shown[i] - without[i]);
      }
    }
    std::printf("%-22s", row.program);
    PrintCost(row.goal);
    PrintCost(shown[0]);
    PrintCost(host.ok() ? shown[1] : 0);
    PrintCost(shown[2]);
    if (host.ok() && ours.result() != host.result()) {
      std::printf("  WRONG: %u here, %u there", ours.result(), host.result());
    }
    std::printf("%s\n",
                row.goal > 0 && shown[0] > row.goal ? "  above its goal" : "");
    std::fflush(stdout);
  }
  return true;
}

/// helpers_bench [LIBRARY OF kbpf [OBJECTS' FOLDER]]
int Main(int argc, char** argv) {
  const std::string folder = argc > 2 ? argv[2] : "testing/programs";
  const KbpfPeer kbpf(argc > 1 ? argv[1] : "");
  const HostTraps traps;
  if (!IsOk(InitSystem(HostMachineOps()))) {
    return 1;
  }
  std::printf("%-22s %10s %10s %10s %10s\n", "ns each", "goal", "our JIT",
              "Linux JIT", "kbpf-basic");
  const bool done =
      Measure(folder + "/map_costs.x86_64.bpf.o", kMapRows, kbpf) &&
      Measure(folder + "/helper_costs.x86_64.bpf.o", kHelperRows, kbpf);
  ExitSystem();
  return done ? 0 : 1;
}

}  // namespace
}  // namespace ebpf::benchmarks

int main(int argc, char** argv) { return ebpf::benchmarks::Main(argc, argv); }
