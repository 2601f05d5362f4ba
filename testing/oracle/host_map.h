// SPDX-License-Identifier: MIT
//
// Maps in the host's kernel and programs that run there: what our maps are held
// against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/isa/insn.h"

namespace ebpf::oracle {

/// A map of the host's. Calls give 0 or the errno.
class HostMap {
 public:
  HostMap(uint32_t type, uint32_t key_size, uint32_t value_size,
          uint32_t max_entries, uint32_t flags = 0);
  ~HostMap();
  HostMap(const HostMap&) = delete;
  HostMap& operator=(const HostMap&) = delete;

  /// Why it was not made, or 0.
  int error() const { return error_; }
  int fd() const { return fd_; }
  /// What BPF_OBJ_GET_INFO_BY_FD says.
  uint32_t max_entries() const;

  int Lookup(const void* key, void* value) const;
  int Update(const void* key, const void* value, uint64_t flags) const;
  int Delete(const void* key) const;
  int TakeOut(const void* key, void* value) const;
  /// `key` may be null.
  int NextKey(const void* key, void* next) const;
  /// BPF_MAP_LOOKUP_BATCH, or with `take` _LOOKUP_AND_DELETE_BATCH. `in` may be
  /// null; `count` goes in and out.
  int LookUpBatch(const uint32_t* in, uint32_t* out, void* keys, void* values,
                  uint32_t& count, bool take) const;

  /// The pages of an array with BPF_F_MMAPABLE.
  uint8_t* MapPages(size_t size);

 private:
  int fd_ = -1;
  int error_ = 0;
  void* pages_ = nullptr;
  size_t pages_size_ = 0;
};

/// A program in the host's kernel, of type socket filter.
class HostProgram {
 public:
  explicit HostProgram(const std::vector<isa::Insn>& code);
  ~HostProgram();
  HostProgram(const HostProgram&) = delete;
  HostProgram& operator=(const HostProgram&) = delete;

  int error() const { return error_; }
  /// Runs it `count` times with BPF_PROG_TEST_RUN; 0 or the errno.
  int Run(uint32_t count) const;

 private:
  int fd_ = -1;
  int error_ = 0;
};

/// How many CPUs per-CPU maps have values for.
uint32_t HostPossibleCpus();

}  // namespace ebpf::oracle
