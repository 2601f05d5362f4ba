// SPDX-License-Identifier: MIT
//
// A function that named probes may stand on, and who counts their records.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/probes/kprobe_test_util.h"
#include "core/tracepoints/probe_events.h"
#include "core/tracepoints/trace_errors.h"
#include "core/tracepoints/trace_event.h"
#include "testing/host_port/host_text.h"

namespace ebpf {

/// Counts, and has nothing made.
class Counted final : public RecordConsumer {
 public:
  void* Reserve(size_t /*size*/, const EventPlace& /*place*/) override {
    ++count;
    return nullptr;
  }
  void Commit(void*, size_t, const EventPlace&) override {}
  std::atomic<uint64_t> count{0};
};

class NamedProbeTest : public KprobeTest {
 protected:
  NamedProbeTest() : text_("kernel_add", kAdd) {
    ProbeEvents::Init(HostMachineOps().registers, allocator_);
    ClearTraceErrors();
  }
  ~NamedProbeTest() override { ProbeEvents::Exit(); }

  Status Write(const std::string& text) {
    return ProbeEvents::Write({text.data(), text.size()});
  }
  static std::string Shown() {
    std::string all;
    char buffer[512];
    for (uint64_t place = 0;;) {
      TextWriter writer(buffer, sizeof(buffer));
      if (!ProbeEvents::Put(writer, &place)) {
        return all;
      }
      all.append(buffer, writer.text().size());
    }
  }
  /// The only error, as error_log shows it; "": there is none.
  static std::string ErrorLog() {
    char buffer[1024];
    TextWriter writer(buffer, sizeof(buffer));
    return PutTraceError(writer, 0) ? std::string(buffer, writer.text().size())
                                    : "";
  }

  HostText text_;
};

}  // namespace ebpf
