// SPDX-License-Identifier: MIT
//
// What executes programs: the interpreter, and one compiler per CPU later.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/program/run_context.h"

namespace ebpf {

class Program;

/// One way to execute a verified program. Stateless; `image` is its own.
class Engine {
 public:
  virtual const char* name() const = 0;

  /// Makes what `Run` needs for `program`, once, before the first run.
  /// Null is a valid image. Context: task.
  virtual Result<void*> Prepare(const Program& program) = 0;

  /// Frees an image that nobody runs any more. Context: task.
  virtual void Release(void* image) = 0;

  /// Runs from the first instruction with r1 = context; the result is r0.
  /// The caller is in a read section with preemption off. Context: any.
  virtual uint64_t Run(const Program& program, void* image, void* context,
                       RunContext& run) const = 0;

 protected:
  ~Engine() = default;
};

}  // namespace ebpf
