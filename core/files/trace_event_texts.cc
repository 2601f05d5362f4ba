// SPDX-License-Identifier: MIT
//
// The files of events: which there are, which are on, and which of their
// records are wanted.
#include "core/base/ascii.h"
#include "core/files/trace_texts.h"
#include "core/memory/vector.h"
#include "core/tracepoints/event_format.h"
#include "core/tracepoints/own_events.h"
#include "core/tracepoints/trace_instance.h"

namespace ebpf {
namespace {

constexpr StringView kSystemFilter =
    "### global filter ###\n"
    "# Use this to set filters for multiple events.\n"
    "# Only events with the given fields will be affected.\n"
    "# If no events are modified, an error message will be displayed here\n";

/// Goes over the events that can be switched, of one system, of one name, or
/// of all.
class Events {
 public:
  Events(StringView system, StringView name) : system_(system), name_(name) {}

  /// The next one, or nothing.
  TraceEventRef Next() {
    for (;;) {
      TraceEventRef event = TraceEvents::Next(last_);
      if (!event) {
        return event;
      }
      last_ = event->id();
      if (IsSwitchable(*event) &&
          (system_.empty() || event->system() == system_) &&
          (name_.empty() || event->name() == name_)) {
        return event;
      }
    }
  }

 private:
  const StringView system_;
  const StringView name_;
  uint32_t last_ = 0;
};

Result<TraceInstance*> Trace() {
  TraceInstance* trace = GlobalTrace();
  return trace == nullptr ? Result<TraceInstance*>(Status::kNoDevice)
                          : Result<TraceInstance*>(trace);
}

/// "system:event", of all or of those that are on.
class EventListWalk final : public TextWalk {
 public:
  EventListWalk(bool only_on, Allocator& allocator)
      : only_on_(only_on), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    TraceInstance* trace = GlobalTrace();
    TraceEventRef event = events_.Next();
    while (event && only_on_ && (trace == nullptr || !trace->IsOn(*event))) {
      event = events_.Next();
    }
    if (!event) {
      return false;
    }
    line.Put(event->system()).Put(":").Put(event->name()).Put("\n");
    return true;
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  const bool only_on_;
  Allocator& allocator_;
  Events events_{"", ""};
};

Result<TextWalk*> BeginList(bool only_on, Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<EventListWalk>(only_on, allocator));
  return walk;
}

/// Switches all of `events`: every one, or none is other than before. How many
/// there are, or why not.
Result<size_t> SwitchAll(TraceInstance& trace, Events events, bool on,
                         Allocator& allocator) {
  Vector<uint16_t> changed(allocator);
  size_t count = 0;
  Status status = Status::kOk;
  for (TraceEventRef event = events.Next(); event; event = events.Next()) {
    ++count;
    if (trace.IsOn(*event) == on) {
      continue;
    }
    status = on ? changed.Reserve(changed.size() + 1) : Status::kOk;
    if (IsOk(status)) {
      status = trace.Switch(*event, on);
    }
    if (!IsOk(status)) {
      break;
    }
    if (on) {
      (void)changed.PushBack(event->id());  // there is room
    }
  }
  for (size_t i = 0; !IsOk(status) && i < changed.size(); ++i) {
    if (const TraceEventRef event = TraceEvents::FindById(changed[i])) {
      (void)trace.Switch(*event, false);  // cannot fail
    }
  }
  return IsOk(status) ? Result<size_t>(count) : Result<size_t>(status);
}

/// One word of set_event's: "system:event", "system:", "event", ...
Status SwitchNamed(StringView word, Allocator& allocator) {
  TraceInstance* trace = EBPF_TRY(Trace());
  const bool on = word.empty() || word[0] != '!';
  if (!on) {
    word = word.Substring(1);
  }
  EBPF_TRY(trace->Expand());
  const auto name_or_all = [](StringView name) {
    return name == "*" ? StringView() : name;
  };
  const size_t colon = word.Find(':');
  size_t count;
  if (colon != word.size()) {
    count = EBPF_TRY(SwitchAll(*trace,
                               Events(name_or_all(word.First(colon)),
                                      name_or_all(word.Substring(colon + 1))),
                               on, allocator));
  } else if (word.empty()) {
    return Status::kInvalid;  // "!": no name, which no event has
  } else {
    count = EBPF_TRY(SwitchAll(*trace, Events(word, ""), on, allocator));
    count += EBPF_TRY(SwitchAll(*trace, Events("", word), on, allocator));
  }
  return count == 0 ? Status::kInvalid : Status::kOk;
}

void PutEnable(TextWriter& text, const TextPlace& place) {
  bool is_any_on = false;
  bool is_any_off = false;
  TraceInstance* trace = GlobalTrace();
  Events events(place.System(), place.Event());
  for (TraceEventRef event = events.Next(); event; event = events.Next()) {
    (trace != nullptr && trace->IsOn(*event) ? is_any_on : is_any_off) = true;
  }
  if (!is_any_on && !is_any_off && !place.Event().empty()) {
    return;  // it is gone
  }
  text.Put(!is_any_on   ? (is_any_off ? "0\n" : "?\n")
           : is_any_off ? "X\n"
                        : "1\n");
}

TraceEventRef EventAt(const TextPlace& place) {
  return TraceEvents::Find(place.System(), place.Event());
}

void PutEventFormat(TextWriter& text, const TextPlace& place) {
  if (const TraceEventRef event = EventAt(place)) {
    PutFormat(text, *event);
  }
}

void PutEventFilter(TextWriter& text, const TextPlace& place) {
  TraceInstance* trace = GlobalTrace();
  const TraceEventRef event = EventAt(place);
  if (trace != nullptr && event) {
    trace->PutFilter(text, *event);
  }
}

/// Sets the filter where it fits; the other events show why it does not.
Status SetSystemFilter(TraceInstance& trace, const TextPlace& place,
                       StringView filter) {
  Events events(place.System(), "");
  for (TraceEventRef event = events.Next(); event; event = events.Next()) {
    if (filter == "0") {
      trace.RemoveFilter(*event);
      continue;
    }
    EBPF_TRY(trace.SetFilter(*event, filter, true));
  }
  return Status::kOk;
}

/// As Linux: less than a page is looked at.
bool IsFilterTooLong(StringView text) { return text.size() >= kMaxTextWrite; }

Result<size_t> AsLinux(Status status, size_t size) {
  if (IsOk(status)) {
    return size;
  }
  return status == Status::kTooBig ? Status::kInvalid : status;
}

}  // namespace

Result<TextWalk*> BeginAvailableEvents(const TextViewer& /*viewer*/,
                                       Allocator& allocator) {
  return BeginList(false, allocator);
}

Result<TextWalk*> BeginSetEvent(const TextViewer& /*viewer*/,
                                Allocator& allocator) {
  return BeginList(true, allocator);
}

/// Takes the first word, and one character behind it.
Result<size_t> WriteSetEvent(const TextPlace& /*place*/, StringView text,
                             Allocator& allocator) {
  constexpr size_t kMaxWord = 126;  // Linux's EVENT_BUF_SIZE
  const auto is_between = [&](size_t at) {
    return IsSpace(text[at]) || text[at] == '\0';
  };
  size_t begin = 0;
  while (begin < text.size() && IsSpace(text[begin])) {
    ++begin;
  }
  size_t end = begin;
  while (end < text.size() && !is_between(end)) {
    ++end;
  }
  if (end - begin > kMaxWord) {
    return Status::kInvalid;
  }
  if (end != begin) {
    EBPF_TRY(SwitchNamed(text.Substring(begin).First(end - begin), allocator));
  }
  return Min(end + 1, text.size());
}

Status ClearSetEvent(const TextPlace& /*place*/) {
  TraceInstance* trace = EBPF_TRY(Trace());
  Events events("", "");
  for (TraceEventRef event = events.Next(); event; event = events.Next()) {
    EBPF_TRY(trace->Switch(*event, false));
  }
  return Status::kOk;
}

Result<TextWalk*> BeginEnable(const TextViewer& viewer, Allocator& allocator) {
  return BeginShortText(PutEnable, viewer, allocator);
}

Result<size_t> WriteEnable(const TextPlace& place, StringView text,
                           Allocator& allocator) {
  const uint64_t on = EBPF_TRY(ReadTextNumber(text));
  if (on > 1) {
    return Status::kInvalid;
  }
  TraceInstance* trace = EBPF_TRY(Trace());
  EBPF_TRY(trace->Expand());
  const size_t count = EBPF_TRY(SwitchAll(
      *trace, Events(place.System(), place.Event()), on != 0, allocator));
  // It was there when the file was opened.
  return count == 0 ? Result<size_t>(Status::kNoDevice)
                    : Result<size_t>(text.size());
}

Result<TextWalk*> BeginFilter(const TextViewer& viewer, Allocator& allocator) {
  return BeginLongText(PutEventFilter, viewer, allocator);
}

Result<size_t> WriteFilter(const TextPlace& place, StringView text,
                           Allocator& /*allocator*/) {
  if (IsFilterTooLong(text)) {
    return Status::kInvalid;
  }
  TraceInstance* trace = EBPF_TRY(Trace());
  const TraceEventRef event = EventAt(place);
  if (!event) {
    return Status::kNoDevice;
  }
  const StringView filter = StripText(text);
  if (filter == "0") {
    trace->RemoveFilter(*event);
    return text.size();
  }
  return AsLinux(trace->SetFilter(*event, filter), text.size());
}

Result<TextWalk*> BeginSystemFilter(const TextViewer& viewer,
                                    Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) { text.Put(kSystemFilter); },
      viewer, allocator);
}

Result<size_t> WriteSystemFilter(const TextPlace& place, StringView text,
                                 Allocator& /*allocator*/) {
  if (IsFilterTooLong(text)) {
    return Status::kInvalid;
  }
  TraceInstance* trace = EBPF_TRY(Trace());
  return AsLinux(SetSystemFilter(*trace, place, StripText(text)), text.size());
}

Result<TextWalk*> BeginFormat(const TextViewer& viewer, Allocator& allocator) {
  return BeginLongText(PutEventFormat, viewer, allocator);
}

Result<TextWalk*> BeginEventId(const TextViewer& viewer, Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace& place) {
        if (const TraceEventRef event = EventAt(place)) {
          text.PutUnsigned(event->id()).Put("\n");
        }
      },
      viewer, allocator);
}

}  // namespace ebpf
