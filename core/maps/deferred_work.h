// SPDX-License-Identifier: MIT
//
// Something that a task shall do soon, asked for from any context.
#pragma once

#include "core/base/atomic.h"
#include "core/base/types.h"
#include "core/memory/keeper.h"
#include "core/platform/defer.h"

namespace ebpf {

/// One function call that ebpf_port_defer makes in task context. Requests that
/// come before it starts become one call; one that comes later makes another.
class DeferredWork : private ebpf_deferred, public NonCopyable {
 public:
  using Function = void (*)(void* argument);

  /// A pending call holds a reference of `keep_alive`, which the work is part
  /// of; null where the work outlives all calls anyway.
  DeferredWork(Function function, void* argument, Keeper keep_alive)
      : ebpf_deferred{nullptr, &Run},
        function_(function),
        argument_(argument),
        keep_alive_(keep_alive) {}

  /// Makes sure that a call begins after this. False where the port cannot
  /// (core/platform/defer.h): there will be none. The caller holds a reference
  /// of the keeper's object, or runs in a program that does. Context: any.
  bool Request();

 private:
  static void Run(ebpf_deferred* self);

  const Function function_;
  void* const argument_;
  const Keeper keep_alive_;
  Atomic<uint32_t> pending_{0};  // a word: not every CPU exchanges bytes
};

}  // namespace ebpf
