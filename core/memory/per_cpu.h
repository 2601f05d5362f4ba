// SPDX-License-Identifier: MIT
//
// One T for each CPU number below ebpf_port_cpu_count().
#pragma once

#include "core/memory/allocator.h"
#include "core/platform/cpu.h"

namespace ebpf {

inline constexpr size_t kCacheLine = 64;

/// Each T stands on cache lines of its own. T starts as its zeroed bytes and is
/// never destroyed.
template <typename T>
class PerCpu : public NonCopyable {
 public:
  constexpr PerCpu() = default;
  ~PerCpu() { Free(); }

  /// kNoMemory. Context: task.
  Status Allocate(Allocator& allocator) {
    const size_t size =
        EBPF_TRY(CheckedMul<size_t>(kStride, ebpf_port_cpu_count()));
    void* memory = allocator.Allocate(size, kCacheLine);
    if (memory == nullptr) {
      return Status::kNoMemory;
    }
    allocator_ = &allocator;
    memory_ = static_cast<uint8_t*>(memory);
    return Status::kOk;
  }
  void Free() {
    if (memory_ != nullptr) {
      allocator_->Free(memory_, kStride * ebpf_port_cpu_count(), kCacheLine);
      memory_ = nullptr;
    }
  }
  /// Bytes from one to the next.
  static constexpr size_t stride() { return kStride; }
  bool allocated() const { return memory_ != nullptr; }

  /// Precondition: allocated(), cpu < ebpf_port_cpu_count(). Context: any.
  T& Of(uint32_t cpu) const {
    return *reinterpret_cast<T*>(memory_ + kStride * cpu);
  }
  /// The running CPU's; the caller has preemption off.
  T& Mine() const { return Of(ebpf_port_cpu_id()); }

 private:
  static constexpr size_t kStride =
      (sizeof(T) + kCacheLine - 1) / kCacheLine * kCacheLine;

  Allocator* allocator_ = nullptr;
  uint8_t* memory_ = nullptr;
};

}  // namespace ebpf
