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
constinit EventProbe* first EBPF_GUARDED_BY(mutex) = nullptr;  // the oldest
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

/// The event of that name, which is there already; or null.
ProbeEvent* EventOf(const ProbeDefinition& made) EBPF_REQUIRES(mutex) {
  for (EventProbe* probe = first; probe != nullptr;
       probe = probe->next_of_all) {
    ProbeEvent& event = probe->event();
    if (event.name() == made.event() && event.system() == made.group()) {
      return &event;
    }
  }
  return nullptr;
}

/// Why `made` cannot be one more probe of `event`; kNone: it can.
ProbeError WhyNot(const ProbeDefinition& made, const ProbeEvent& event)
    EBPF_REQUIRES(mutex) {
  if (event.definition().is_return() != made.is_return()) {
    return {ProbeErrorKind::kOtherProbeType, 0};
  }
  const size_t field = made.FirstOtherField(event.definition());
  if (field != ProbeDefinition::kMaxArguments) {
    return {ProbeErrorKind::kOtherFields, made.ArgumentAt(field)};
  }
  for (const EventProbe* probe = first; probe != nullptr;
       probe = probe->next_of_all) {
    if (&probe->event() == &event && made.IsSameProbe(probe->definition())) {
      return {ProbeErrorKind::kSameProbe, 0};
    }
  }
  return {};
}

/// Makes `probe` known, by an event of its own or by one that is there.
Status Add(EventProbe& probe, ProbeError& error) EBPF_REQUIRES(mutex) {
  if (ProbeEvent* const event = EventOf(probe.definition())) {
    error = WhyNot(probe.definition(), *event);
    return error.kind != ProbeErrorKind::kNone ? Status::kExists
                                               : event->AddProbe(probe);
  }
  ProbeEvent* const event = EBPF_TRY(ProbeEvent::Create(probe, *memory));
  const Status status = TraceEvents::Add(*event);
  if (!IsOk(status)) {
    if (status == Status::kExists) {
      error = {ProbeErrorKind::kEventExists, 0};
    }
    event->Undo();
  }
  return status;
}

Status Make(StringView line) EBPF_REQUIRES(mutex) {
  if (names == nullptr) {
    return Status::kNotSupported;
  }
  ProbeError error;
  const Result<EventProbe*> made =
      EventProbe::Create(line, *names, error, *memory);
  Status status = made.status();
  if (made.ok()) {
    status = Add(**made, error);
  }
  if (!IsOk(status)) {
    Log(line, error);
    if (made.ok()) {
      (*made)->Delete();
    }
    return status;
  }
  EventProbe** link = &first;
  while (*link != nullptr) {
    link = &(*link)->next_of_all;
  }
  (*made)->number = ++last_number;
  *link = *made;
  return Status::kOk;
}

/// Nobody uses it, or finds it any more.
void Delete(ProbeEvent& event) {
  event.WaitForHolders();
  if (TraceInstance* const trace = GlobalTrace()) {
    trace->Forget(event);
  }
  event.Delete();
}

/// Takes the first of the list at `link` out, and its event where it is that
/// one's last. kBusy: somebody uses it.
Status RemoveAt(EventProbe** link) EBPF_REQUIRES(mutex) {
  EventProbe& probe = **link;
  ProbeEvent& event = probe.event();
  if (event.HasOthers()) {
    *link = probe.next_of_all;
    event.RemoveProbe(probe);
    return Status::kOk;
  }
  EBPF_TRY(TraceEvents::RemoveUnlessUsed(event));
  *link = probe.next_of_all;
  Delete(event);
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
  for (EventProbe** link = &first; *link != nullptr;) {
    const ProbeDefinition& one = (*link)->definition();
    if ((event.empty() || one.event() == event) &&
        (!has_group || one.group() == group) && one.BeginsWith(line)) {
      EBPF_TRY(RemoveAt(link));
      found = true;
    } else {
      link = &(*link)->next_of_all;
    }
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
EventProbe* Next(uint64_t* place) EBPF_REQUIRES(mutex) {
  EventProbe* probe = first;
  while (probe != nullptr && probe->number <= *place) {
    probe = probe->next_of_all;
  }
  if (probe != nullptr) {
    *place = probe->number;
  }
  return probe;
}

/// Nobody finds their events any more.
void DeleteAll() EBPF_REQUIRES(mutex) {
  while (first != nullptr) {
    ProbeEvent& event = first->event();
    for (EventProbe** link = &first; *link != nullptr;) {
      if (&(*link)->event() == &event) {
        *link = (*link)->next_of_all;
      } else {
        link = &(*link)->next_of_all;
      }
    }
    Delete(event);
  }
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
  for (EventProbe* probe = first; probe != nullptr;
       probe = probe->next_of_all) {
    TraceEvents::Remove(probe->event());  // again, where it has several
  }
  DeleteAll();
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
  EBPF_TRY(TraceEvents::RemoveProbesUnlessUsed());
  DeleteAll();
  return Status::kOk;
}

bool ProbeEvents::Put(TextWriter& writer, uint64_t* place) {
  const MutexGuard guard(mutex);
  const EventProbe* const probe = Next(place);
  if (probe == nullptr) {
    return false;
  }
  probe->definition().Put(writer);
  writer.Put("\n");
  return true;
}

bool ProbeEvents::PutProfile(TextWriter& writer, uint64_t* place) {
  const MutexGuard guard(mutex);
  const EventProbe* const probe = Next(place);
  if (probe == nullptr) {
    return false;
  }
  const StringView name = probe->definition().event();
  constexpr size_t kNameWidth = 44;
  constexpr size_t kWidth = 15;
  writer.Put("  ").Put(name);
  for (size_t i = name.size(); i < kNameWidth; ++i) {
    writer.Put(' ');
  }
  const uint64_t counts[] = {probe->hits(), probe->missed()};
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
