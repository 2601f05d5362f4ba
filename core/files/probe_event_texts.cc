// SPDX-License-Identifier: MIT
//
// kprobe_events and dynamic_events: probes that have names. (Linux:
// Documentation/trace/kprobetrace.rst.)
#include "core/files/trace_texts.h"
#include "core/tracepoints/probe_events.h"

namespace ebpf {
namespace {

class ProbeEventWalk final : public TextWalk {
 public:
  explicit ProbeEventWalk(Allocator& allocator) : allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    return ProbeEvents::Put(line, index_++);
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  Allocator& allocator_;
  size_t index_ = 0;
};

}  // namespace

Result<TextWalk*> BeginProbeEvents(const TextViewer& /*viewer*/,
                                   Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<ProbeEventWalk>(allocator));
  return walk;
}

Result<size_t> WriteProbeEvents(const TextPlace& /*place*/, StringView text,
                                Allocator& /*allocator*/) {
  EBPF_TRY(ProbeEvents::Write(text));
  return text.size();
}

Status ClearProbeEvents(const TextPlace& /*place*/) {
  return ProbeEvents::Clear();
}

}  // namespace ebpf
