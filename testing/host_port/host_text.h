// SPDX-License-Identifier: MIT
//
// The host port's executable memory: pages that are mapped twice, once to be
// executed and once to be written, as a kernel with an alias mapping has them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/types.h"
#include "core/platform/text.h"

namespace ebpf {

/// "Kernel text" of a test: functions given as machine code, under a name that
/// the symbol table knows while it lives. May be probed.
class HostText : public NonCopyable {
 public:
  HostText(const char* name, ConstBytes code);
  ~HostText();

  uint64_t address() const { return address_; }
  /// What is there now, breakpoints and all.
  ConstBytes bytes() const {
    return ConstBytes(reinterpret_cast<const uint8_t*>(address_), size_);
  }
  template <typename Function>
  Function* As() const {
    return reinterpret_cast<Function*>(address_);
  }

 private:
  uint64_t address_;
  size_t size_;
  size_t mapped_size_;
};

/// What ebpf_port_preemption returns; at first EBPF_PREEMPTION_NONE: threads
/// are CPUs, of which each knows where a signal interrupted it.
void SetHostPreemption(ebpf_preemption preemption);

/// What ebpf_port_trap_stub returns; at first both of ebpf_trap_stub's, which
/// is what signals can do.
void SetHostTrapStub(uint32_t flags);

/// What ebpf_port_may_follow says of the function at `function` from now on;
/// true at first.
void SetHostFollowable(uint64_t function, bool may);

/// What ebpf_port_may_override says of the function at `function` from now on;
/// at first no of every one.
void SetHostOverridable(uint64_t function, bool may);

/// What ebpf_port_may_detour returns for kernel text; at first no: most tests
/// count breakpoints. (HostTraps runs detours, though slowly.)
void SetHostDetours(bool may);

/// ebpf_port_text_write fails with -EIO at its `n`-th call from now on, once;
/// 0: never.
void FailNthTextWrite(uint64_t n);

/// The same, and each one after it too.
void FailTextWritesFrom(uint64_t n);

/// Bytes that ebpf_port_exec_alloc gave and has not got back.
uint64_t HostExecBytes();

/// Memory of `size` bytes (whole pages), right behind and before pages that
/// fault.
class HostGuardedMemory : public NonCopyable {
 public:
  explicit HostGuardedMemory(size_t size);
  ~HostGuardedMemory();

  uint8_t* data() { return data_; }
  size_t size() const { return size_; }

 private:
  uint8_t* data_;
  size_t size_;
};

}  // namespace ebpf
