// SPDX-License-Identifier: MIT
//
// Somebody who makes system calls in tests: the kernel itself, or a process
// with memory of its own.
#pragma once

#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <vector>

#include "core/files/client.h"
#include "core/isa/insn.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/memory/allocator.h"
#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"
#include "core/syscall/perf_event_open.h"
#include "testing/host_port/host_user.h"

namespace ebpf {

/// A client, and the memory that its pointers point to. What Put gave is right
/// in size, so that ASan sees a byte too many where the kernel is the caller.
class TestCaller {
 public:
  explicit TestCaller(Origin origin) : origin_(origin) {
    if (origin == Origin::kUser) {
      user_memory_ = std::make_unique<HostUserMemory>(16 << 20);
    }
    client_ = *Client::Create(origin, PortAllocator());
  }
  ~TestCaller() { client_->Delete(); }

  Client& client() { return *client_; }

  /// A copy of `size` bytes in the caller's memory (zeros where `from` is
  /// null); its address.
  uint64_t Put(const void* from, size_t size) {
    if (origin_ == Origin::kUser) {
      return user_memory_->Put(from, size);
    }
    kernel_memory_.emplace_back(new uint8_t[size]());
    if (from != nullptr) {
      memcpy(kernel_memory_.back().get(), from, size);
    }
    return reinterpret_cast<uint64_t>(kernel_memory_.back().get());
  }
  template <typename T>
  uint64_t Put(const T& value) {
    return Put(&value, sizeof(value));
  }
  uint64_t Put(const char* text) { return Put(text, strlen(text) + 1); }
  uint64_t Put(const std::vector<isa::Insn>& insns) {
    return Put(insns.data(), insns.size() * sizeof(isa::Insn));
  }

  /// What Put gave is no more: for long tests with the kernel as the caller.
  void ForgetMemory() { kernel_memory_.clear(); }

  /// The bytes behind an address that Put gave.
  void* At(uint64_t address) {
    return origin_ == Origin::kUser ? user_memory_->At(address)
                                    : reinterpret_cast<void*>(address);
  }
  template <typename T>
  T Get(uint64_t address) {
    T value;
    memcpy(&value, At(address), sizeof(value));
    return value;
  }

  /// bpf(2) with the attribute that stands at `at`.
  int64_t BpfAt(uint32_t command, uint64_t at, uint32_t size) {
    return Bpf(*client_, command, client_->Pointer(at), size);
  }
  template <typename Attr>
  int64_t Call(uint32_t command, const Attr& attr) {
    return BpfAt(command, Put(attr), sizeof(attr));
  }

  int64_t CreateMap(uint32_t type, uint32_t key_size, uint32_t value_size,
                    uint32_t max_entries, uint32_t flags = 0) {
    linux_abi::MapCreateAttr attr{};
    attr.map_type = type;
    attr.key_size = key_size;
    attr.value_size = value_size;
    attr.max_entries = max_entries;
    attr.map_flags = flags;
    return Call(linux_abi::kMapCreate, attr);
  }
  int64_t Elem(uint32_t command, int64_t fd, uint64_t key, uint64_t value,
               uint64_t flags = 0) {
    linux_abi::MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(fd);
    attr.key = key;
    attr.value = value;
    attr.flags = flags;
    return Call(command, attr);
  }

  /// PROG_LOAD's attribute for these instructions, with a GPL license.
  linux_abi::ProgLoadAttr Program(uint32_t type,
                                  const std::vector<isa::Insn>& insns) {
    linux_abi::ProgLoadAttr attr{};
    attr.prog_type = type;
    attr.insn_cnt = static_cast<uint32_t>(insns.size());
    attr.insns = Put(insns);
    attr.license = Put("GPL");
    return attr;
  }
  int64_t Load(uint32_t type, const std::vector<isa::Insn>& insns) {
    return Call(linux_abi::kProgLoad, Program(type, insns));
  }

  int64_t OpenEvent(const linux_abi::PerfEventAttr& attr, int32_t pid = -1,
                    int32_t cpu = 0, int32_t group_fd = -1,
                    uint64_t flags = linux_abi::kPerfFlagFdCloexec) {
    return PerfEventOpen(*client_, client_->Pointer(Put(attr)), pid, cpu,
                         group_fd, flags);
  }
  /// A disabled kprobe's attribute.
  linux_abi::PerfEventAttr Kprobe(const char* function, uint64_t offset = 0) {
    linux_abi::PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeKprobe;
    attr.size = sizeof(attr);
    attr.config1 = Put(function);
    attr.config2 = offset;
    attr.flags = linux_abi::kPerfDisabled;
    return attr;
  }

  int64_t IoctlFd(int64_t fd, uint32_t command, uint64_t argument = 0) {
    return Ioctl(*client_, static_cast<int32_t>(fd), command, argument);
  }
  /// An enabled event that runs `program` at `offset` in `function`, or a
  /// negative errno.
  int64_t Attach(int64_t program, const char* function, uint64_t offset = 0) {
    const int64_t event = OpenEvent(Kprobe(function, offset));
    if (event < 0) {
      return event;
    }
    int64_t result = IoctlFd(event, linux_abi::kPerfIocSetBpf,
                             static_cast<uint64_t>(program));
    if (result == 0) {
      result = IoctlFd(event, linux_abi::kPerfIocEnable);
    }
    if (result < 0) {
      CloseFd(event);
      return result;
    }
    return event;
  }

  int64_t CloseFd(int64_t fd) {
    return Close(*client_, static_cast<int32_t>(fd));
  }

 private:
  const Origin origin_;
  std::unique_ptr<HostUserMemory> user_memory_;
  std::list<std::unique_ptr<uint8_t[]>> kernel_memory_;
  Client* client_;
};

/// A negative errno.
inline int64_t Minus(Status status) { return -static_cast<int64_t>(status); }

}  // namespace ebpf
