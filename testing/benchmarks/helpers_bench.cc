// SPDX-License-Identifier: MIT
//
// What single helpers cost in a compiled program, here and in the host's
// kernel: testing/programs/helper_costs.bpf.c, by BPF_PROG_TEST_RUN of each.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/object.h"
#include "core/sync/read_section.h"
#include "core/syscall/system.h"
#include "testing/caller/test_caller.h"
#include "testing/host_port/host_trap.h"
#include "testing/oracle/host_object.h"

namespace ebpf::benchmarks {
namespace {

constexpr double kRounds = 10000;  // as in helper_costs.bpf.c
constexpr size_t kPage = 4096;
constexpr int kBatches = 60;

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
    consumer_ =
        mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
    producer_ = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, ring, kPage);
  }
  bool ok() const { return object_.error().empty(); }

  /// Nanoseconds of one round.
  double Run(size_t index) {
    Drain(consumer_, producer_);
    uint32_t result;
    uint32_t duration = 0;
    return object_.Run(index, result, duration) ? duration / kRounds : 0;
  }

 private:
  oracle::HostObject object_;
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
      std::printf("here: %.*s\n", static_cast<int>(log_.text().size()),
                  log_.text().data());
      return;
    }
    const Result<Ref<File>> file =
        caller_.client().fds().Get(*object_.MapFd("ring"));
    pages_ = (*file)->AsMap()->map().Pages(0, 2 * kPage, false)->address;
    attr_at_ = caller_.Put(linux_abi::ProgTestRunAttr());
    packet_ = caller_.Put(nullptr, 64);
  }
  ~OurSide() {
    object_.Close();
    caller_.client().fds().CloseAll();
  }
  size_t count() const {
    return pages_ == nullptr ? 0 : object_.program_count();
  }
  std::string name(size_t index) const {
    const StringView name = object_.file().programs()[index].name;
    return {name.data(), name.size()};
  }

  double Run(size_t index) {
    Drain(pages_, pages_ + kPage);
    linux_abi::ProgTestRunAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(object_.program(index).fd);
    attr.data_in = packet_;
    attr.data_size_in = 64;
    std::memcpy(caller_.At(attr_at_), &attr, sizeof(attr));
    if (caller_.BpfAt(linux_abi::kProgTestRun, attr_at_, sizeof(attr)) != 0) {
      return 0;
    }
    return caller_.Get<linux_abi::ProgTestRunAttr>(attr_at_).duration / kRounds;
  }

 private:
  const std::vector<uint8_t>& bytes_;
  TestCaller caller_;
  char text_[1 << 16];
  TextWriter log_;
  loader::Object object_;
  uint8_t* pages_ = nullptr;
  uint64_t attr_at_ = 0;
  uint64_t packet_ = 0;
};

/// The fastest of many batches, which take turns.
int Measure(const std::vector<uint8_t>& bytes) {
  OurSide ours(bytes);
  HostSide host(bytes);
  std::printf("%-16s %10s %10s\n", "ns each", "our JIT", "Linux JIT");
  double our_loop = 0;
  double host_loop = 0;
  for (size_t i = 0; i < ours.count(); ++i) {
    double best = 1e9;
    double best_host = 1e9;
    for (int batch = 0; batch < kBatches; ++batch) {
      best = std::min(best, ours.Run(i));
      best_host = host.ok() ? std::min(best_host, host.Run(i)) : 0;
    }
    // All others but that with locks are in a loop by bpf_loop.
    const std::string name = ours.name(i);
    if (name == "loop") {
      our_loop = best;
      host_loop = best_host;
    } else if (name != "spin_lock_pair") {
      best -= our_loop;
      best_host -= host_loop;
    }
    std::printf("%-16s %10.2f %10.2f\n", name.c_str(), best, best_host);
  }
  return ours.count() == 0 ? 1 : 0;
}

int Main(int argc, char** argv) {
  std::ifstream in(
      argc > 1 ? argv[1] : "testing/programs/helper_costs.x86_64.bpf.o",
      std::ios::binary);
  const std::vector<uint8_t> bytes(std::istreambuf_iterator<char>(in), {});
  const HostTraps traps;
  if (!IsOk(InitSystem(HostMachineOps()))) {
    return 1;
  }
  const int result = Measure(bytes);
  ExitSystem();
  return result;
}

}  // namespace
}  // namespace ebpf::benchmarks

int main(int argc, char** argv) { return ebpf::benchmarks::Main(argc, argv); }
