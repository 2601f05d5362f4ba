// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_instance.h's implementation.
#include "core/tracepoints/trace_instance.h"

#include "core/base/memory.h"
#include "core/helpers/trace_log.h"
#include "core/memory/vector.h"
#include "core/platform/cpu.h"
#include "core/platform/task.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/event_format.h"
#include "core/tracepoints/own_events.h"
#include "core/tracepoints/trace_errors.h"

namespace ebpf {
namespace {

constinit Atomic<TraceInstance*> global_trace{nullptr};

constexpr const char* kOptionNames[] = {
#define OPTION(name, text, is_on) text,
#include "core/tracepoints/trace_options.def"
#undef OPTION
};

constexpr uint32_t DefaultOptions() {
  uint32_t options = 0;
#define OPTION(name, text, is_on) \
  options |= (is_on ? 1u : 0u) << static_cast<unsigned>(TraceOption::name);
#include "core/tracepoints/trace_options.def"
#undef OPTION
  return options;
}

/// Lines of programs are records of an event.
class ProgramLines final : public TraceLines {
 public:
  constexpr ProgramLines() = default;

  void Add(StringView text) override {
    const uint64_t words[] = {trace::ToWord(text.data()), text.size()};
    ebpf_tracepoint_fire(&BpfTracePrintk::tracepoint, words);
  }
};
constinit ProgramLines program_lines;

}  // namespace

/// An event that this trace wants something of: its records, or to know which.
/// What is told by tracepoints the writer takes, and what follows is asked by
/// others.
class TraceInstance::Event final : public RecordConsumer {
 public:
  Event(TraceInstance& instance, TraceEvent& event)
      : RecordConsumer(instance.writer_), instance_(instance), event_(event) {}
  ~Event() = default;

  void* Reserve(size_t size, const EventPlace& place) override {
    return instance_.writer_.Reserve(size, place.cpu);
  }
  void Commit(void* record, size_t size, const EventPlace& place) override {
    const EventFilter* const wanted = filter();
    if (wanted == nullptr || wanted->Matches(ConstBytes(
                                 static_cast<const uint8_t*>(record), size))) {
      instance_.writer_.Commit(record, place.cpu);
    } else {
      TraceWriter::Discard(record);
    }
  }

  TraceEvent& event() const { return event_; }

  using RecordConsumer::ExchangeFilter;

  Event* next = nullptr;
  bool is_on = false;
  bool was_on = false;
  // What is shown in place of a filter.
  Span<char> error_text;
  FilterError error;

 private:
  TraceInstance& instance_;
  TraceEvent& event_;
};

Result<TraceInstance*> TraceInstance::Create(Allocator& allocator) {
  TraceInstance* instance = EBPF_TRY(allocator.New<TraceInstance>(allocator));
  instance->options_.Store(DefaultOptions(), kRelaxed);
  Result<TraceBuffer*> buffer = TraceBuffer::Create(kFirstPages, allocator);
  Result<SavedCmdlines*> cmdlines =
      SavedCmdlines::Create(SavedCmdlines::kDefaultSize, allocator);
  instance->buffer_ = buffer.ok() ? *buffer : nullptr;
  instance->cmdlines_ = cmdlines.ok() ? *cmdlines : nullptr;
  if (buffer.ok() && cmdlines.ok()) {
    instance->writer_.SetBuffer(**buffer);
    instance->SetWritersCmdlines();
    const Result<TraceCursor*> cursor =
        TraceCursor::CreateShared(**buffer, kAllCpus, allocator);
    if (cursor.ok()) {
      instance->cursor_ = *cursor;
      return instance;
    }
  }
  instance->Destroy();
  return Status::kNoMemory;
}

void TraceInstance::Destroy() {
  {
    const MutexGuard guard(mutex_);
    while (events_ != nullptr) {
      Event& event = *events_;
      SwitchOff(event);
      Drop(event);
    }
  }
  if (cursor_ != nullptr) {
    cursor_->Destroy();
  }
  if (buffer_ != nullptr) {
    buffer_->Destroy();
  }
  if (cmdlines_ != nullptr) {
    cmdlines_->Destroy();
  }
  Allocator& allocator = allocator_;
  allocator.Delete(this);
}

TraceInstance::Event* TraceInstance::Find(const TraceEvent& event) {
  Event* found = events_;
  while (found != nullptr && &found->event() != &event) {
    found = found->next;
  }
  return found;
}

Result<TraceInstance::Event*> TraceInstance::FindOrMake(TraceEvent& event) {
  if (Event* found = Find(event)) {
    return found;
  }
  Event* made = EBPF_TRY(allocator_.New<Event>(*this, event));
  made->next = events_;
  events_ = made;
  return made;
}

/// That a probe was on is known until it goes.
void TraceInstance::DropIfUnused(Event& event) {
  if (!event.is_on && event.filter() == nullptr &&
      event.error.kind == FilterErrorKind::kNone &&
      !(event.was_on && event.event().is_probe())) {
    Drop(event);
  }
}

/// It is not on. What it is of may have gone.
void TraceInstance::Drop(Event& event) {
  SetFilter(event, nullptr);
  Event** link = &events_;
  while (*link != &event) {
    link = &(*link)->next;
  }
  *link = event.next;
  allocator_.Delete(&event);
}

void TraceInstance::SwitchOff(Event& event) {
  if (Exchange(event.is_on, false)) {
    // Held up to the end, since from here on nobody uses it.
    event.event().RemoveConsumer(event);
    event.event().Release();
  }
}

void TraceInstance::Forget(const TraceEvent& event) {
  const MutexGuard guard(mutex_);
  if (Event* found = Find(event)) {
    if (found->was_on) {
      buffer_->Clear(kAllCpus);
    }
    Drop(*found);
  }
}

Status TraceInstance::Switch(TraceEvent& event, bool on) {
  if (!IsSwitchable(event)) {
    return Status::kInvalid;
  }
  const MutexGuard guard(mutex_);
  if (!on) {
    if (Event* found = Find(event)) {
      SwitchOff(*found);
      DropIfUnused(*found);
    }
    return Status::kOk;
  }
  Event* found = EBPF_TRY(FindOrMake(event));
  if (found->is_on) {
    return Status::kOk;
  }
  const Status status = event.AddConsumer(*found);
  if (IsOk(status)) {
    event.Hold();  // a filter alone keeps nothing
    found->is_on = true;
    found->was_on = true;
  }
  DropIfUnused(*found);
  return status;
}

bool TraceInstance::IsOn(const TraceEvent& event) {
  const MutexGuard guard(mutex_);
  const Event* found = Find(event);
  return found != nullptr && found->is_on;
}

/// Puts `filter` in the place of the filter, or of what is shown in its place.
void TraceInstance::SetFilter(Event& event, EventFilter* filter) {
  EventFilter* const old = event.ExchangeFilter(filter);
  if (old != nullptr) {
    WaitForReaders();
    old->Destroy();
  }
  allocator_.DeleteArray(event.error_text);
  event.error_text = Span<char>();
  event.error = FilterError();
}

Status TraceInstance::KeepError(Event& event, StringView text,
                                const FilterError& error) {
  const Span<char> copy = EBPF_TRY(allocator_.NewArray<char>(text.size()));
  CopyBytes(copy.data(), text.data(), text.size());
  SetFilter(event, nullptr);
  AddTraceError("event filter parse error", text, FilterErrorText(error.kind),
                error.position);
  event.error_text = copy;
  event.error = error;
  return Status::kInvalid;
}

Result<EventFilter*> TraceInstance::Compile(const TraceEvent& event,
                                            StringView text,
                                            FilterError* error) {
  Vector<EventField> fields(allocator_);
  EBPF_TRY(fields.Append(CommonEventFields()));
  EBPF_TRY(fields.Append(event.fields()));
  return EventFilter::Create(text, fields.span(), allocator_, error);
}

Status TraceInstance::SetFilter(TraceEvent& event, StringView text,
                                bool is_systems) {
  const MutexGuard guard(mutex_);
  FilterError error;
  const Result<EventFilter*> filter = Compile(event, text, &error);
  if (!filter.ok() && filter.status() != Status::kInvalid) {
    return filter.status();
  }
  const Result<Event*> its = FindOrMake(event);
  if (!its.ok()) {
    if (filter.ok()) {
      (*filter)->Destroy();
    }
    return its.status();
  }
  Status status = Status::kOk;
  if (filter.ok()) {
    SetFilter(**its, *filter);
  } else {
    if (is_systems) {
      error = {FilterErrorKind::kBadSubsystemFilter, 0};
    }
    status = KeepError(**its, text, error);
  }
  DropIfUnused(**its);
  return is_systems && status == Status::kInvalid ? Status::kOk : status;
}

void TraceInstance::RemoveFilter(const TraceEvent& event) {
  const MutexGuard guard(mutex_);
  if (Event* its = Find(event)) {
    SetFilter(*its, nullptr);
    DropIfUnused(*its);
  }
}

void TraceInstance::PutFilter(TextWriter& writer, const TraceEvent& event) {
  const MutexGuard guard(mutex_);
  const Event* its = Find(event);
  if (its == nullptr) {
    writer.Put("none\n");
  } else if (its->error.kind != FilterErrorKind::kNone) {
    WriteFilterError(writer,
                     StringView(its->error_text.data(), its->error_text.size()),
                     its->error);
    writer.Put('\n');
  } else if (const EventFilter* filter = its->filter()) {
    writer.Put(filter->text()).Put("\n");
  } else {
    writer.Put("none\n");
  }
}

size_t TraceInstance::DefaultPages() {
  return Max(kFirstPages,
             Min(kDefaultPages, kMaxDefaultPages / ebpf_port_cpu_count()));
}

Status TraceInstance::Expand() {
  const MutexGuard guard(mutex_);
  if (!is_expanded()) {
    EBPF_TRY(buffer_->Resize(kAllCpus, DefaultPages()));
    is_expanded_.Store(true, kRelaxed);
  }
  return Status::kOk;
}

Status TraceInstance::Resize(uint32_t cpu, size_t pages) {
  const MutexGuard guard(mutex_);
  EBPF_TRY(buffer_->Resize(cpu, pages));
  is_expanded_.Store(true, kRelaxed);
  return Status::kOk;
}

Result<size_t> TraceInstance::Mark(StringView text) {
  if (!has(TraceOption::kMarkers)) {
    return Status::kInvalid;
  }
  if (!buffer_->is_recording()) {
    return Status::kBadFd;
  }
  constexpr size_t kMaxText = kMaxEventRecord - sizeof(FtracePrint::Record) - 2;
  text = text.First(Min(text.size(), kMaxText));
  const bool has_end = !text.empty() && text[text.size() - 1] == '\n';
  const size_t size =
      sizeof(FtracePrint::Record) + text.size() + (has_end ? 1 : 2);
  const uintptr_t preemption = ebpf_port_preempt_disable();
  {
    const ReadSection reading;
    const uint32_t cpu = ebpf_port_cpu_id();
    if (void* room = writer_.Reserve(size, cpu)) {
      auto* record = static_cast<FtracePrint::Record*>(room);
      *record = {};
      record->header = MakeEventHeader(FtracePrint::tracepoint.id, cpu);
      auto* buf = reinterpret_cast<char*>(record + 1);
      CopyBytes(buf, text.data(), text.size());
      CopyBytes(buf + text.size(), has_end ? "" : "\n", has_end ? 1 : 2);
      writer_.Commit(room, cpu);
    }
  }
  ebpf_port_preempt_enable(preemption);
  return text.size();
}

void TraceInstance::SetOption(TraceOption option, bool on) {
  const uint32_t bit = 1u << static_cast<unsigned>(option);
  if (on) {
    options_.FetchOr(bit, kRelaxed);
  } else {
    options_.FetchAnd(~bit, kRelaxed);
  }
  if (option == TraceOption::kOverwrite) {
    buffer_->SetOverwrites(on);
  } else if (option == TraceOption::kRecordCmd) {
    const MutexGuard guard(cmdlines_mutex_);
    SetWritersCmdlines();
  }
}

void TraceInstance::SetWritersCmdlines() {
  writer_.SetCmdlines(has(TraceOption::kRecordCmd) ? cmdlines_ : nullptr);
}

void TraceInstance::SetClockMono(bool is_mono) {
  is_clock_mono_.Store(is_mono, kRelaxed);
  buffer_->Clear(kAllCpus);
}

StringView TraceInstance::NameOf(TraceOption option) {
  return kOptionNames[static_cast<size_t>(option)];
}

size_t TraceInstance::cmdlines_size() {
  const MutexGuard guard(cmdlines_mutex_);
  return cmdlines_->size();
}

Status TraceInstance::ResizeCmdlines(size_t size) {
  SavedCmdlines* made = EBPF_TRY(SavedCmdlines::Create(size, allocator_));
  const MutexGuard guard(cmdlines_mutex_);
  SavedCmdlines* old = Exchange(cmdlines_, made);
  SetWritersCmdlines();
  WaitForReaders();
  old->Destroy();
  return Status::kOk;
}

void TraceInstance::FindComm(uint32_t pid, char (&comm)[kCommSize]) {
  const MutexGuard guard(cmdlines_mutex_);
  cmdlines_->Find(pid, comm);
}

bool TraceInstance::NextComm(size_t* index, uint32_t* pid,
                             char (&comm)[kCommSize]) {
  const MutexGuard guard(cmdlines_mutex_);
  const SavedCmdlines& cmdlines = *cmdlines_;
  for (; *index < cmdlines.size(); ++*index) {
    if (cmdlines.At(*index, pid, comm)) {
      return true;
    }
  }
  return false;
}

Status InitTrace(Allocator& allocator) {
  TraceInstance* trace = EBPF_TRY(TraceInstance::Create(allocator));
  global_trace.Store(trace, kRelease);  // pairs with GlobalTrace
  SetTraceLines(&program_lines);
  return Status::kOk;
}

void ExitTrace() {
  ClearTraceErrors();
  SetTraceLines(nullptr);
  if (TraceInstance* trace = global_trace.Exchange(nullptr, kRelaxed)) {
    trace->Destroy();
  }
}

TraceInstance* GlobalTrace() { return global_trace.Load(kAcquire); }

Status SwitchOnTracePrintk() {
  TraceInstance* trace = GlobalTrace();
  const TraceEventRef event =
      TraceEvents::FindById(BpfTracePrintk::tracepoint.id);
  return trace == nullptr || !event ? Status::kOk : trace->Switch(*event, true);
}

}  // namespace ebpf
