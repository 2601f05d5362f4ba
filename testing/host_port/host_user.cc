// SPDX-License-Identifier: MIT
//
// core/platform/user.h for a process that is made up.
#include "testing/host_port/host_user.h"

#include <atomic>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/platform/nofault.h"
#include "core/platform/user.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

thread_local HostUserMemory* t_user_memory = nullptr;
thread_local uint64_t t_copies = 0;
std::atomic<uint64_t> g_capabilities{~uint64_t{0}};

void* FindUser(uint64_t address, size_t size) {
  HostUserMemory* memory = t_user_memory;
  if (memory == nullptr || address < HostUserMemory::kBase) {
    return nullptr;
  }
  const uint64_t offset = address - HostUserMemory::kBase;
  if (offset > memory->size() || size > memory->size() - offset) {
    return nullptr;
  }
  return memory->data() + offset;
}

}  // namespace

HostUserMemory::HostUserMemory(size_t size)
    : data_(static_cast<uint8_t*>(calloc(1, size))),
      size_(size),
      previous_(t_user_memory) {
  if (data_ == nullptr) {
    Panic("HostUserMemory: no memory");
  }
  t_user_memory = this;
}

HostUserMemory::~HostUserMemory() {
  t_user_memory = previous_;
  free(data_);
}

uint64_t HostUserMemory::Put(const void* from, size_t size) {
  const size_t at = (used_ + 7) / 8 * 8;
  if (at > size_ || size > size_ - at) {
    Panic("HostUserMemory: full");
  }
  if (from != nullptr) {
    memcpy(data_ + at, from, size);
  }
  used_ = at + size;
  return kBase + at;
}

uint64_t HostUserCopies() { return t_copies; }

void SetHostCapabilities(uint64_t mask) { g_capabilities = mask; }

}  // namespace ebpf

extern "C" {

bool ebpf_port_copy_from_user(void* to, uint64_t from, size_t size) {
  ebpf::host::RequireTaskContext("ebpf_port_copy_from_user");
  ++ebpf::t_copies;
  const void* memory = ebpf::FindUser(from, size);
  if (memory == nullptr) {
    return false;
  }
  memcpy(to, memory, size);
  return true;
}

bool ebpf_port_copy_to_user(uint64_t to, const void* from, size_t size) {
  ebpf::host::RequireTaskContext("ebpf_port_copy_to_user");
  void* memory = ebpf::FindUser(to, size);
  if (memory == nullptr) {
    return false;
  }
  memcpy(memory, from, size);
  return true;
}

bool ebpf_port_read_user_nofault(void* to, uint64_t from, size_t size) {
  const void* memory = ebpf::FindUser(from, size);
  if (memory == nullptr) {
    return false;
  }
  memcpy(to, memory, size);
  return true;
}

bool ebpf_port_write_user_nofault(uint64_t to, const void* from, size_t size) {
  void* memory = ebpf::FindUser(to, size);
  if (memory == nullptr) {
    return false;
  }
  memcpy(memory, from, size);
  return true;
}

bool ebpf_port_capable(int capability) {
  return capability >= 0 && capability < 64 &&
         (ebpf::g_capabilities >> capability & 1) != 0;
}

}  // extern "C"
