// SPDX-License-Identifier: MIT
//
// The files of a trace that are a number or a word, and what is written to
// them.
#include "core/files/trace_texts.h"
#include "core/tracepoints/trace_instance.h"

namespace ebpf {
namespace {

constexpr StringView kReadme =
    "Traces: what the kernel's events tell, in the order of time.\n\n"
    "  available_events      the events; `format` of each says what is in it\n"
    "  set_event             those that are recorded; one a write, \"!\" "
    "before\n"
    "                        it to stop: system:event, system:, event\n"
    "  events/*/enable       the same, by 1 and 0\n"
    "  events/*/*/filter     which records: pid == 1 && comm ~ \"a*\"; 0: all\n"
    "  trace                 what is there; opening it to write clears it\n"
    "  trace_pipe            the same, and what is read is gone\n"
    "  trace_marker          what is written here is a line of the trace\n"
    "  tracing_on            0: nothing is recorded\n"
    "  trace_options         how lines look; options/* by 1 and 0\n"
    "  buffer_size_kb        of each CPU; per_cpu/*/buffer_size_kb of one\n"
    "  saved_cmdlines        names of tasks, as many as saved_cmdlines_size\n"
    "  error_log             what was refused, and why\n";

constexpr StringView kHeaderEvent =
    "# compressed entry header\n"
    "\ttype_len    :    5 bits\n"
    "\ttime_delta  :   27 bits\n"
    "\tarray       :   32 bits\n"
    "\n"
    "\tpadding     : type == 29\n"
    "\ttime_extend : type == 30\n"
    "\ttime_stamp : type == 31\n"
    "\tdata max type_len  == 28\n";

constexpr StringView kHeaderPage =
    "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
    "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
    "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
    "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n";

class NothingWalk final : public TextWalk {
 public:
  explicit NothingWalk(Allocator& allocator) : allocator_(allocator) {}

  bool Next(TextWriter& /*line*/) override { return false; }
  void Delete() override { allocator_.Delete(this); }

 private:
  Allocator& allocator_;
};

/// The words of trace_options and of options/*.
bool FindOption(StringView name, TraceOption* option) {
  for (uint32_t i = 0; i < static_cast<uint32_t>(TraceOption::kCount); ++i) {
    *option = static_cast<TraceOption>(i);
    if (TraceInstance::NameOf(*option) == name) {
      return true;
    }
  }
  return false;
}

Result<TraceInstance*> Trace() {
  TraceInstance* trace = GlobalTrace();
  return trace == nullptr ? Result<TraceInstance*>(Status::kNoDevice)
                          : Result<TraceInstance*>(trace);
}

void PutSwitch(TextWriter& text, bool on) { text.Put(on ? "1\n" : "0\n"); }

}  // namespace

Result<TextWalk*> BeginTraceReadme(const TextViewer& viewer,
                                   Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) { text.Put(kReadme); }, viewer,
      allocator);
}

Result<TextWalk*> BeginHeaderEvent(const TextViewer& viewer,
                                   Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) { text.Put(kHeaderEvent); },
      viewer, allocator);
}

Result<TextWalk*> BeginHeaderPage(const TextViewer& viewer,
                                  Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) { text.Put(kHeaderPage); }, viewer,
      allocator);
}

Result<TextWalk*> BeginNothing(const TextViewer& /*viewer*/,
                               Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<NothingWalk>(allocator));
  return walk;
}

Result<size_t> WriteNothing(const TextPlace& /*place*/, StringView text,
                            Allocator& /*allocator*/) {
  return text.size();
}

/// There is one, which records events.
Result<TextWalk*> BeginTracer(const TextViewer& viewer, Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) { text.Put("nop\n"); }, viewer,
      allocator);
}

Result<size_t> WriteTracer(const TextPlace& /*place*/, StringView text,
                           Allocator& /*allocator*/) {
  return StripText(text) == "nop" ? Result<size_t>(text.size())
                                  : Result<size_t>(Status::kInvalid);
}

Result<TextWalk*> BeginCmdlinesSize(const TextViewer& viewer,
                                    Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) {
        if (TraceInstance* trace = GlobalTrace()) {
          text.PutUnsigned(trace->cmdlines_size()).Put("\n");
        }
      },
      viewer, allocator);
}

Result<size_t> WriteCmdlinesSize(const TextPlace& /*place*/, StringView text,
                                 Allocator& /*allocator*/) {
  const uint64_t size = EBPF_TRY(ReadTextNumber(text));
  TraceInstance* trace = EBPF_TRY(Trace());
  EBPF_TRY(trace->ResizeCmdlines(size));
  return text.size();
}

/// Linux's names for the clock that there is.
Result<TextWalk*> BeginTraceClock(const TextViewer& viewer,
                                  Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) {
        const TraceInstance* trace = GlobalTrace();
        text.Put(trace != nullptr && trace->is_clock_mono() ? "local [mono]\n"
                                                            : "[local] mono\n");
      },
      viewer, allocator);
}

Result<size_t> WriteTraceClock(const TextPlace& /*place*/, StringView text,
                               Allocator& /*allocator*/) {
  const StringView name = StripText(text);
  if (name != "local" && name != "mono") {
    return Status::kInvalid;
  }
  TraceInstance* trace = EBPF_TRY(Trace());
  trace->SetClockMono(name == "mono");
  return text.size();
}

Result<TextWalk*> BeginTracingOn(const TextViewer& viewer,
                                 Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) {
        TraceInstance* trace = GlobalTrace();
        PutSwitch(text, trace != nullptr && trace->buffer().is_recording());
      },
      viewer, allocator);
}

Result<size_t> WriteTracingOn(const TextPlace& /*place*/, StringView text,
                              Allocator& /*allocator*/) {
  const uint64_t on = EBPF_TRY(ReadTextNumber(text));
  TraceInstance* trace = EBPF_TRY(Trace());
  trace->buffer().SetRecording(on != 0);
  return text.size();
}

Result<size_t> WriteTraceMarker(const TextPlace& /*place*/, StringView text,
                                Allocator& /*allocator*/) {
  TraceInstance* trace = EBPF_TRY(Trace());
  return trace->Mark(text);
}

Result<TextWalk*> BeginTraceOptions(const TextViewer& viewer,
                                    Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) {
        const TraceInstance* trace = GlobalTrace();
        for (uint32_t i = 0; i < static_cast<uint32_t>(TraceOption::kCount);
             ++i) {
          const auto option = static_cast<TraceOption>(i);
          const bool on = trace != nullptr && trace->has(option);
          text.Put(on ? "" : "no").Put(TraceInstance::NameOf(option)).Put("\n");
        }
      },
      viewer, allocator);
}

Result<size_t> WriteTraceOptions(const TextPlace& /*place*/, StringView text,
                                 Allocator& /*allocator*/) {
  constexpr size_t kMaxSize = 63;  // Linux's
  if (text.size() > kMaxSize) {
    return Status::kInvalid;
  }
  StringView name = StripText(text);
  const bool on = !name.StartsWith("no");
  if (!on) {
    name = name.Substring(2);
  }
  TraceOption option;
  if (!FindOption(name, &option)) {
    return Status::kInvalid;
  }
  TraceInstance* trace = EBPF_TRY(Trace());
  trace->SetOption(option, on);
  return text.size();
}

Result<TextWalk*> BeginOption(const TextViewer& viewer, Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace& place) {
        const TraceInstance* trace = GlobalTrace();
        PutSwitch(text, trace != nullptr &&
                            trace->has(static_cast<TraceOption>(place.option)));
      },
      viewer, allocator);
}

Result<size_t> WriteOption(const TextPlace& place, StringView text,
                           Allocator& /*allocator*/) {
  const uint64_t on = EBPF_TRY(ReadTextNumber(text));
  if (on > 1) {
    return Status::kInvalid;
  }
  TraceInstance* trace = EBPF_TRY(Trace());
  trace->SetOption(static_cast<TraceOption>(place.option), on != 0);
  return text.size();
}

}  // namespace ebpf
