// SPDX-License-Identifier: MIT
//
// kprobe_events, dynamic_events and kprobe_profile: probes that have names.
// (Linux: Documentation/trace/kprobetrace.rst.)
#include "core/files/trace_texts.h"
#include "core/tracepoints/probe_events.h"

namespace ebpf {
namespace {

class ProbeEventWalk final : public TextWalk {
 public:
  using PutLine = bool(TextWriter& line, uint64_t* place);

  ProbeEventWalk(PutLine* put, Allocator& allocator)
      : put_(put), allocator_(allocator) {}

  bool Next(TextWriter& line) override { return put_(line, &place_); }
  void Delete() override { allocator_.Delete(this); }

 private:
  PutLine* const put_;
  Allocator& allocator_;
  uint64_t place_ = 0;
};

}  // namespace

Result<TextWalk*> BeginProbeEvents(const TextViewer& /*viewer*/,
                                   Allocator& allocator) {
  TextWalk* walk =
      EBPF_TRY(allocator.New<ProbeEventWalk>(&ProbeEvents::Put, allocator));
  return walk;
}

Result<TextWalk*> BeginKprobeProfile(const TextViewer& /*viewer*/,
                                     Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(
      allocator.New<ProbeEventWalk>(&ProbeEvents::PutProfile, allocator));
  return walk;
}

/// Whole lines.
Result<size_t> WriteProbeEvents(const TextPlace& /*place*/, StringView text,
                                Allocator& /*allocator*/) {
  if (text.size() == kMaxTextWrite) {
    // The last line may be cut: it is the first of what is written next.
    while (!text.empty() && text[text.size() - 1] != '\n') {
      text = text.First(text.size() - 1);
    }
    if (text.empty()) {
      return Status::kInvalid;
    }
  }
  EBPF_TRY(ProbeEvents::Write(text));
  return text.size();
}

Status ClearProbeEvents(const TextPlace& /*place*/) {
  return ProbeEvents::Clear();
}

}  // namespace ebpf
