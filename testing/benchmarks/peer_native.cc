// SPDX-License-Identifier: MIT
//
// The kernels as clang compiles them for this CPU, and the helpers they call.
#include <cstring>
#include <ctime>

#include "core/helpers/prototype.h"
#include "core/memory/allocator.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "testing/benchmarks/object_maps.h"
#include "testing/benchmarks/peer.h"

namespace ebpf::benchmarks {
namespace {

const HelperFunction kMapLookup = FindHelper(1)->function;
const HelperFunction kMapUpdate = FindHelper(2)->function;
const HelperFunction kRingReserve = FindHelper(131)->function;
const HelperFunction kRingSubmit = FindHelper(132)->function;

class NativeRunner final : public Runner {
 public:
  explicit NativeRunner(const Kernel& kernel)
      : kernel_(kernel), memory_(kMemorySize + sizeof(uint64_t)) {
    FillMemory(memory_.data());
    if (kernel.group == Group::kTracing) {
      maps_ = MakeMaps(kernel.object);
      for (const NativeMap& native : kernel.native_maps) {
        *native.slot = &*maps_.at(native.name);
      }
    }
  }

  uint64_t Run(uint64_t count) override {
    DrainRings(maps_);
    RunContext* run = BeginRun();
    uint64_t ns;
    {
      const ReadSection reading;
      const uint64_t begin = Now();
      for (uint64_t i = 0; i < count; ++i) {
        result_ = kernel_.native(memory_.data());
      }
      ns = Now() - begin;
    }
    EndRun(run);
    return ns;
  }

  uint64_t result() const override { return result_; }
  const uint8_t* memory() const override { return memory_.data(); }

 private:
  const Kernel& kernel_;
  std::vector<uint8_t> memory_;
  ObjectMaps maps_;
  uint64_t result_ = 0;
};

class NativePeer final : public Peer {
 public:
  std::string name() const override { return "clang -O2"; }
  std::unique_ptr<Runner> Load(const Kernel& kernel,
                               std::string& /*why*/) override {
    return std::make_unique<NativeRunner>(kernel);
  }
};

}  // namespace

std::unique_ptr<Peer> MakeNativePeer() {
  return std::make_unique<NativePeer>();
}

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace ebpf::benchmarks

// What kernels/kernel.h declares.
extern "C" {

uint64_t bench_map_lookup(const void* map, const void* key) {
  return ebpf::benchmarks::kMapLookup(reinterpret_cast<uint64_t>(map),
                                      reinterpret_cast<uint64_t>(key), 0, 0, 0);
}

uint64_t bench_map_update(const void* map, const void* key, const void* value,
                          uint64_t flags) {
  return ebpf::benchmarks::kMapUpdate(
      reinterpret_cast<uint64_t>(map), reinterpret_cast<uint64_t>(key),
      reinterpret_cast<uint64_t>(value), flags, 0);
}

uint64_t bench_ring_reserve(const void* ring, uint64_t size, uint64_t flags) {
  return ebpf::benchmarks::kRingReserve(reinterpret_cast<uint64_t>(ring), size,
                                        flags, 0, 0);
}

uint64_t bench_ring_submit(void* record, uint64_t flags) {
  return ebpf::benchmarks::kRingSubmit(reinterpret_cast<uint64_t>(record),
                                       flags, 0, 0, 0);
}

}  // extern "C"
