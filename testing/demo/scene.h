// SPDX-License-Identifier: MIT
//
// What the demo's scenes share: loading an object, attaching its programs, the
// workload and its truth.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/capi/ebpf.h"
#include "core/files/client.h"
#include "core/loader/object.h"
#include "core/platform/cpu.h"
#include "testing/demo/report.h"

namespace demo {

inline constexpr uint32_t kMaxCpus = 8;

inline uint32_t CpuCount() {
  return ebpf::Min(ebpf_port_cpu_count(), kMaxCpus);
}

/// Calls of a function on each CPU.
struct Calls {
  uint64_t of_cpu[kMaxCpus];
  uint64_t Sum() const {
    uint64_t sum = 0;
    for (uint64_t calls : of_cpu) {
      sum += calls;
    }
    return sum;
  }
};

/// A client, and the buffer of the loader's log. Context of all: task.
class Scene {
 public:
  Scene(Report& report, ebpf_client* client, char* log, size_t log_size)
      : report_(report),
        environment_(report.environment()),
        client_(client),
        log_(log, log_size) {}

  ebpf::Client& client() { return *reinterpret_cast<ebpf::Client*>(client_); }
  ebpf::TextWriter& log() { return log_; }
  Report& report() { return report_; }

  const char* Symbol(Function function) const {
    return environment_.symbols[static_cast<unsigned>(function)];
  }
  Calls CallsOf(Function function) const;

  /// Loads the object, or says why it cannot be.
  bool Load(ebpf::loader::Object& object, ebpf::StringView name,
            ebpf::ConstBytes bytes);
  /// Attaches the object's program `index` there: a link. Negative where it
  /// cannot be, which is said.
  int Attach(ebpf::loader::Object& object, ebpf::StringView name,
             Function function, size_t index = 0);
  /// One round of the workload from its beginning to its end.
  void RunWorkload();
  /// The rest of a round.
  void FinishWorkload();

 protected:
  Report& report_;
  const Environment& environment_;
  ebpf_client* client_;
  ebpf::TextWriter log_;
};

}  // namespace demo
