// SPDX-License-Identifier: MIT
//
// A kernel that answers bpf(2), perf_event_open(2) and the calls on their
// descriptors: ours, or the host's Linux. Scenarios run against both, and each
// step must get the same answer.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"

namespace ebpf::linux_calls {

/// All calls return what the system call returns, or a negative errno. `Put`
/// gives addresses in the caller's memory.
class Kernel {
 public:
  virtual ~Kernel() = default;

  virtual uint64_t Put(const void* from, size_t size) = 0;
  virtual void* At(uint64_t address) = 0;

  virtual int64_t Bpf(uint32_t command, uint64_t attr, uint32_t size) = 0;
  virtual int64_t PerfEventOpen(uint64_t attr, int32_t pid, int32_t cpu,
                                int32_t group_fd, uint64_t flags) = 0;
  virtual int64_t Close(int64_t fd) = 0;
  virtual int64_t Read(int64_t fd, uint64_t to, uint64_t size) = 0;
  virtual int64_t Poll(int64_t fd) = 0;
  virtual int64_t Ioctl(int64_t fd, uint32_t command, uint64_t argument) = 0;
  /// Maps and unmaps again: 0 or a negative errno.
  virtual int64_t Mmap(int64_t fd, uint64_t offset, uint64_t size,
                       uint32_t protection) = 0;

  /// The capabilities (bit n: number n) that the caller has from now on, of
  /// those that it had at first.
  virtual void SetRights(uint64_t mask) = 0;

  /// The attribute of a disabled probe on a function of this process, by
  /// whatever type of event the kernel has for it.
  virtual linux_abi::PerfEventAttr Probe() = 0;

  /// The caller's id.
  virtual uint32_t Process() = 0;

  /// A descriptor of a group of tasks that nobody is in; -1 where there is none
  /// to be had. `number` / 10 is the group above it, 1 and 2 are right below
  /// the root.
  virtual int64_t Cgroup(int number) = 0;

  template <typename T>
  uint64_t Put(const T& value) {
    return Put(&value, sizeof(value));
  }
  uint64_t Put(const char* text) { return Put(text, strlen(text) + 1); }
  uint64_t Put(const std::vector<isa::Insn>& insns) {
    return Put(insns.data(), insns.size() * sizeof(isa::Insn));
  }
  template <typename T>
  T Get(uint64_t address) {
    T value;
    memcpy(&value, At(address), sizeof(value));
    return value;
  }
  template <typename Attr>
  int64_t Call(uint32_t command, const Attr& attr) {
    return Bpf(command, Put(attr), sizeof(attr));
  }

  int64_t CreateMap(uint32_t type, uint32_t key_size, uint32_t value_size,
                    uint32_t max_entries, uint32_t flags = 0);
  int64_t Elem(uint32_t command, int64_t fd, uint64_t key, uint64_t value,
               uint64_t flags = 0);
  linux_abi::ProgLoadAttr Program(uint32_t type,
                                  const std::vector<isa::Insn>& insns);
};

/// An address that no caller has memory at.
inline constexpr uint64_t kNowhere = 0x1000;

/// Ours, called by a process with memory of its own and all rights.
std::unique_ptr<Kernel> OurKernel();

/// The host's, by this process. Null where it does not answer as the Linux that
/// these tests compare with would: too old, or bpf(2) is not allowed; `reason`
/// then says so.
std::unique_ptr<Kernel> HostKernel(std::string& reason);

}  // namespace ebpf::linux_calls
