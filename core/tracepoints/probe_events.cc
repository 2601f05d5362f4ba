// SPDX-License-Identifier: MIT
//
// core/tracepoints/probe_events.h's implementation.
#include "core/tracepoints/probe_events.h"

#include "core/base/thread_annotations.h"
#include "core/base/words.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/probe_event.h"
#include "core/tracepoints/trace_errors.h"
#include "core/tracepoints/trace_instance.h"

namespace ebpf {
namespace {

constinit Mutex mutex;
constinit const machine::RegisterNames* names EBPF_GUARDED_BY(mutex) = nullptr;
constinit Allocator* memory EBPF_GUARDED_BY(mutex) = nullptr;
constinit ProbeEvent* first EBPF_GUARDED_BY(mutex) = nullptr;  // the oldest
constinit uint64_t last_number EBPF_GUARDED_BY(mutex) = 0;

/// Shows `line` with one blank between its words.
void Log(StringView line, const ProbeError& error) {
  if (error.kind == ProbeErrorKind::kNone) {
    return;
  }
  char command[kMaxTraceErrorText];
  TextWriter writer(command, sizeof(command));
  (void)PutWords(writer, line);
  AddTraceError("trace_kprobe", writer.text(), ProbeErrorText(error.kind),
                error.position);
}

/// Why there cannot be one more event of that name.
ProbeError WhyNot(const ProbeDefinition& made) EBPF_REQUIRES(mutex) {
  for (const ProbeEvent* event = first; event != nullptr; event = event->next) {
    const ProbeDefinition& other = event->definition();
    if (!(other.event() == made.event()) || !(other.group() == made.group())) {
      continue;
    }
    if (other.is_return() != made.is_return()) {
      return {ProbeErrorKind::kOtherProbeType, 0};
    }
    const size_t field = made.FirstOtherField(other);
    if (field != ProbeDefinition::kMaxArguments) {
      return {ProbeErrorKind::kOtherFields, made.ArgumentAt(field)};
    }
    if (made.IsSameProbe(other)) {
      return {ProbeErrorKind::kSameProbe, 0};
    }
    // Linux would add it to the event: here one event is one probe.
  }
  return {ProbeErrorKind::kEventExists, 0};
}

/// Nobody holds it, or finds it any more.
void Delete(ProbeEvent& event) {
  if (TraceInstance* const trace = GlobalTrace()) {
    trace->Forget(event);
  }
  event.Delete();
}

Status Make(StringView line) EBPF_REQUIRES(mutex) {
  if (names == nullptr) {
    return Status::kNotSupported;
  }
  ProbeError error;
  Result<ProbeEvent*> made = ProbeEvent::Create(line, *names, error, *memory);
  Status status = made.status();
  if (made.ok()) {
    status = TraceEvents::Add(**made);
    if (status == Status::kExists) {
      error = WhyNot((*made)->definition());
    }
  }
  if (!IsOk(status)) {
    Log(line, error);
    if (made.ok()) {
      (*made)->Delete();
    }
    return status;
  }
  ProbeEvent** link = &first;
  while (*link != nullptr) {
    link = &(*link)->next;
  }
  (*made)->number = ++last_number;
  *link = *made;
  return Status::kOk;
}

/// "-:GROUP/EVENT"; "-:EVENT": whatever its group; "-:GROUP/": all of that.
/// What follows is as far as it goes what kprobe_events shows, or nothing goes.
Status Remove(StringView line) EBPF_REQUIRES(mutex) {
  const StringView head = TakeWord(line);
  if (!head.StartsWith("-:") || head.size() == 2) {
    return Status::kInvalid;
  }
  StringView event = head.Substring(2);
  StringView group;
  const size_t slash = event.Find('/');  // Linux takes no '.' for it here
  const bool has_group = slash != event.size();
  if (has_group) {
    group = event.First(slash);
    event = event.Substring(slash + 1);
  }
  bool found = false;
  for (ProbeEvent** link = &first; *link != nullptr;) {
    ProbeEvent* const one = *link;
    if (!(event.empty() || one->name() == event) ||
        (has_group && !(one->system() == group)) ||
        !one->definition().BeginsWith(line)) {
      link = &one->next;
      continue;
    }
    EBPF_TRY(TraceEvents::RemoveUnlessHeld(*one));
    *link = one->next;
    Delete(*one);
    found = true;
  }
  return found ? Status::kOk : Status::kNotFound;
}

Status Do(StringView line) EBPF_REQUIRES(mutex) {
  line = Trim(line.First(line.Find('#')));
  if (line.empty()) {
    return Status::kOk;
  }
  return line[0] == '-' ? Remove(line) : Make(line);
}

/// The oldest behind `*place`, which becomes its number; or null.
ProbeEvent* Next(uint64_t* place) EBPF_REQUIRES(mutex) {
  ProbeEvent* event = first;
  while (event != nullptr && event->number <= *place) {
    event = event->next;
  }
  if (event != nullptr) {
    *place = event->number;
  }
  return event;
}

}  // namespace

void ProbeEvents::Init(const machine::RegisterNames* registers,
                       Allocator& allocator) {
  const MutexGuard guard(mutex);
  names = registers;
  memory = &allocator;
}

void ProbeEvents::Exit() {
  const MutexGuard guard(mutex);
  while (first != nullptr) {
    ProbeEvent* const event = first;
    first = event->next;
    TraceEvents::Remove(*event);
    event->Delete();
  }
  names = nullptr;
}

Status ProbeEvents::Write(StringView text) {
  const MutexGuard guard(mutex);
  while (!text.empty()) {
    const size_t end = text.Find('\n');
    if (end > ProbeDefinition::kMaxLineSize) {
      return Status::kInvalid;
    }
    EBPF_TRY(Do(text.First(end)));
    text = text.Substring(Min(end + 1, text.size()));
  }
  return Status::kOk;
}

Status ProbeEvents::Clear() {
  const MutexGuard guard(mutex);
  for (ProbeEvent* event = first; event != nullptr; event = event->next) {
    if (event->is_held()) {
      return Status::kBusy;
    }
  }
  while (first != nullptr) {
    ProbeEvent* const event = first;
    EBPF_TRY(TraceEvents::RemoveUnlessHeld(*event));
    first = event->next;
    Delete(*event);
  }
  return Status::kOk;
}

bool ProbeEvents::Put(TextWriter& writer, uint64_t* place) {
  const MutexGuard guard(mutex);
  const ProbeEvent* const event = Next(place);
  if (event == nullptr) {
    return false;
  }
  event->definition().Put(writer);
  writer.Put("\n");
  return true;
}

bool ProbeEvents::PutProfile(TextWriter& writer, uint64_t* place) {
  const MutexGuard guard(mutex);
  const ProbeEvent* const event = Next(place);
  if (event == nullptr) {
    return false;
  }
  constexpr size_t kNameWidth = 44;
  constexpr size_t kWidth = 15;
  writer.Put("  ").Put(event->name());
  for (size_t i = event->name().size(); i < kNameWidth; ++i) {
    writer.Put(' ');
  }
  const uint64_t counts[] = {event->hits(), event->missed()};
  for (const uint64_t count : counts) {
    char digits[20];
    TextWriter number(digits, sizeof(digits));
    number.PutUnsigned(count);
    writer.Put(' ');
    for (size_t i = number.text().size(); i < kWidth; ++i) {
      writer.Put(' ');
    }
    writer.Put(number.text());
  }
  writer.Put("\n");
  return true;
}

}  // namespace ebpf
