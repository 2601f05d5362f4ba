// SPDX-License-Identifier: MIT
//
// Runs of programs that may wait: those of type syscall, which a task runs on
// its own behalf.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/static_storage.h"
#include "core/base/string_view.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"

namespace ebpf {

/// What such a program asks its kernel for, by helpers; -errno or what they
/// return. Called outside of read sections, with preemption on. Context: task.
class TaskServices {
 public:
  /// bpf(2) with the descriptors and rights of the program's client; the
  /// attribute and what it points to are the kernel's memory.
  virtual int64_t Bpf(uint32_t command, void* attr, uint32_t size) = 0;
  virtual int64_t Close(int fd) = 0;
  /// The id of a type of the kernel's.
  virtual int64_t FindType(StringView name, uint32_t kind) = 0;

 protected:
  ~TaskServices() = default;
};

/// The memory of one such run. Between Enter and Leave it is a run as others
/// are: preemption is off, and it is in a read section. A helper that waits
/// leaves before and enters after, perhaps on another CPU; what the program
/// holds meanwhile stays, since it may only use maps whose elements do
/// (verifier/map_use.cc). Large: allocated. Context of all: task.
class TaskRun : public NonCopyable {
 public:
  explicit TaskRun(TaskServices& services) : services_(services) {}

  TaskServices& services() { return services_; }
  RunContext& context() { return context_; }

  /// False: this CPU is inside of a program.
  [[nodiscard]] bool Enter();
  void Leave();

  /// The one that called the helper; null: not a run of this kind. Context:
  /// any, preemption off.
  static TaskRun* Current();

 private:
  TaskServices& services_;
  StaticStorage<ReadSection> reading_;
  RunContext context_ = {};
};

}  // namespace ebpf
