// SPDX-License-Identifier: MIT
//
// What DragonOS adds to its handlers for the port: that they interrupt kernel
// code, and when they do not any more.
#pragma once

#include <stddef.h>

#include "core/base/atomic.h"
#include "ports/dragonos/kernel.h"

namespace guest::dragonos {

/// What a kernel tells: all; or not where it switches tasks away, a lie that
/// costs; or nothing at all, as before anybody added a line to it.
enum class Tells { kAll, kNotWhomItPreempts, kNothing };
inline constinit ebpf::Atomic<Tells> tells{Tells::kAll};

/// First in a handler, interrupts off.
class Interruption {
 public:
  explicit Interruption(const dragonos_trap_frame* frame) {
    is_told_ = tells.Load(ebpf::kRelaxed) != Tells::kNothing;
    number_ = is_told_ ? ebpf_dragonos_interrupted(frame) : 0;
  }
  ~Interruption() { End(); }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// The task may be switched away now.
  void MayBePreempted() {
    if (tells.Load(ebpf::kRelaxed) == Tells::kNotWhomItPreempts) {
      End();
    }
  }

 private:
  void End() {
    if (is_told_) {
      is_told_ = false;
      ebpf_dragonos_resume(number_);
    }
  }

  bool is_told_ = false;
  size_t number_ = 0;
};

}  // namespace guest::dragonos
