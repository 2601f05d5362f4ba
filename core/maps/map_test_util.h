// SPDX-License-Identifier: MIT
//
// Short ways to make maps and bytes in this folder's tests.
#pragma once

#include <cstdlib>
#include <cstring>
#include <functional>
#include <stdint.h>
#include <string>
#include <thread>
#include <vector>

#include "core/base/span.h"
#include "core/maps/map.h"
#include "core/maps/map_spec.h"
#include "core/memory/allocator.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {

inline constexpr uint32_t kCpus = 8;

/// kCpus CPUs, and read sections for the length of a test.
class MapTest : public ::testing::Test {
 protected:
  MapTest() {
    SetHostCpuCount(kCpus);
    EXPECT_TRUE(InitReadSections());
  }
  ~MapTest() override { ExitReadSections(); }
};

/// Checks that nothing allocated is left after a test, once what was deferred
/// is done; what it holds itself must go before.
class LeavesNothingTest : public MapTest {
 protected:
  LeavesNothingTest() {
    RunHostDeferred();  // what other tests left to do
    blocks_ = HostAllocatedBlocks();
  }
  ~LeavesNothingTest() override {
    RunHostDeferred();
    EXPECT_EQ(HostAllocatedBlocks(), blocks_);
  }

 private:
  uint64_t blocks_;
};

/// The allocator of a kernel in which a probe runs a program at each call.
class ProbedAllocator final : public Allocator {
 public:
  void* Allocate(size_t size, size_t align) override {
    Hit();
    return PortAllocator().Allocate(size, align);
  }
  void Free(void* memory, size_t size, size_t align) override {
    Hit();
    PortAllocator().Free(memory, size, align);
  }

  std::function<void()> program;  // null: none is attached

 private:
  void Hit() {
    if (program) {
      const HostTrap trap;
      program();
    }
  }
};

/// Calls `work` with 0, 1, ... `count` - 1 at once, each on a CPU of its own
/// from 1 on.
inline void RunOnCpus(uint32_t count,
                      const std::function<void(uint32_t)>& work) {
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < count; ++i) {
    threads.emplace_back([&work, i] {
      const HostCpu cpu(i + 1);
      work(i);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

/// The values of all CPUs, as the system call moves them.
struct AllValues {
  uint64_t of[kCpus];
};

inline MapSpec Spec(MapType type, uint32_t key_size, uint32_t value_size,
                    uint32_t max_entries, uint32_t flags = 0) {
  MapSpec spec;
  spec.type = type;
  spec.key_size = key_size;
  spec.value_size = value_size;
  spec.max_entries = max_entries;
  spec.flags = flags;
  return spec;
}

/// The map, or a failed test and a null Ref.
inline Ref<Map> Make(const MapSpec& spec,
                     Allocator& allocator = PortAllocator()) {
  Result<Ref<Map>> map = CreateMap(spec, allocator);
  EXPECT_TRUE(map.ok()) << "errno " << static_cast<int>(map.status());
  return map.ok() ? *map : Ref<Map>();
}

inline Status StatusOfMaking(const MapSpec& spec) {
  return CreateMap(spec, PortAllocator()).status();
}

/// How many random operations a comparison with a model takes: `usual`, or what
/// EBPF_MODEL_OPERATIONS says.
inline uint64_t ModelOperations(uint64_t usual = 1'000'000) {
  const char* number = getenv("EBPF_MODEL_OPERATIONS");
  return number == nullptr ? usual : strtoull(number, nullptr, 10);
}

/// The bytes of a value of any type, for a call.
template <typename T>
ConstBytes In(const T& value) {
  return ConstBytes(reinterpret_cast<const uint8_t*>(&value), sizeof(T));
}
template <typename T>
Bytes Out(T& value) {
  return Bytes(reinterpret_cast<uint8_t*>(&value), sizeof(T));
}
inline ConstBytes In(const std::vector<uint8_t>& bytes) {
  return ConstBytes(bytes.data(), bytes.size());
}
inline Bytes Out(std::vector<uint8_t>& bytes) {
  return Bytes(bytes.data(), bytes.size());
}

/// What a program reads through the pointer that a lookup gave.
template <typename T>
T ValueAs(const Result<Bytes>& found) {
  EXPECT_TRUE(found.ok());
  T value{};
  if (found.ok()) {
    EXPECT_EQ(found->size(), sizeof(T));
    std::memcpy(&value, found->data(), sizeof(T));
  }
  return value;
}

}  // namespace ebpf
