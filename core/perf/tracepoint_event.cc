// SPDX-License-Identifier: MIT
//
// core/perf/tracepoint_event.h's implementation.
#include "core/perf/tracepoint_event.h"

#include "core/linux_abi/bpf_objects.h"
#include "core/memory/vector.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/event_format.h"

namespace ebpf {

Result<Ref<TracepointEvent>> TracepointEvent::Create(
    const linux_abi::PerfEventAttr& attr, EventScope scope,
    Allocator& allocator) {
  TracepointEvent* made =
      EBPF_TRY(allocator.New<TracepointEvent>(attr, scope, allocator));
  Ref<TracepointEvent> event = Ref<TracepointEvent>::Adopt(made);
  EBPF_TRY(event->Prepare());
  event->traced_ = EBPF_TRY(TracedEvent::Get(attr.config, allocator));
  return event;
}

void TracepointEvent::Destroy() {
  if (traced_ != nullptr) {
    Disable();
    ClearProgram();
    traced_->Put();
  }
  WaitForReaders();  // programs that found it in an array
  if (EventFilter* filter = filter_.Load(kRelaxed)) {
    filter->Destroy();
  }
  End();
  allocator().Delete(this);
}

Status TracepointEvent::SetProgram(Ref<Program> program, uint64_t cookie) {
  const ProgramParts& parts = program->parts();
  const bool is_probe = traced_->event().is_probe();
  if (program->type().id !=
          (is_probe ? ProgramTypeId::kKprobe : ProgramTypeId::kTracepoint) ||
      parts.sleepable) {
    return Status::kInvalid;
  }
  if (parts.overrides_return) {
    EBPF_TRY(traced_->event().AllowOverride());
  }
  if (!is_probe && parts.context_bytes > traced_->fields_end()) {
    return Status::kAccess;
  }
  const MutexGuard guard(mutex_);
  if (program_.program != nullptr) {
    return Status::kExists;
  }
  program_.program = program.get();
  program_.origin = RunOrigin();
  program_.origin.cookie = cookie;
  const Status status = traced_->AddProgram(program_);
  if (!IsOk(status)) {
    program_.program = nullptr;
    return status;
  }
  (void)program.Leak();  // it is program_'s now
  return Status::kOk;
}

void TracepointEvent::ClearProgram() {
  const MutexGuard guard(mutex_);
  if (program_.program == nullptr) {
    return;
  }
  traced_->RemoveProgram(program_);
  program_.program->Release();
  program_.program = nullptr;
}

Ref<Program> TracepointEvent::program() const {
  const MutexGuard guard(mutex_);
  Program* const program = program_.program;
  return program == nullptr ? Ref<Program>() : Ref<Program>::Share(*program);
}

Result<uint32_t> TracepointEvent::ListPrograms(Span<uint32_t> ids) const {
  return traced_->ListPrograms(ids);
}

EventDescription TracepointEvent::Describe() const {
  EventDescription about;
  const TraceEvent& event = traced_->event();
  about.missed = traced_->missed();
  if (event.is_probe()) {
    ProbePlace place;
    event.DescribePlace(place);
    about.type = place.is_return ? linux_abi::kPerfEventKretprobe
                                 : linux_abi::kPerfEventKprobe;
    about.SetName(StringView(place.symbol, place.symbol_size));
    about.offset = static_cast<uint32_t>(place.offset);
    about.address = place.address;
    about.missed += place.missed;
  } else {
    about.type = linux_abi::kPerfEventTracepoint;
    about.SetName(event.name());
  }
  const MutexGuard guard(mutex_);
  about.cookie = program_.origin.cookie;
  return about;
}

Status TracepointEvent::SetFilter(StringView text) {
  const MutexGuard guard(mutex_);
  if (filter_.Load(kRelaxed) != nullptr) {
    return Status::kExists;
  }
  Vector<EventField> fields(allocator());
  EBPF_TRY(fields.Append(CommonEventFields()));
  EBPF_TRY(fields.Append(traced_->event().fields()));
  FilterError error;
  EventFilter* filter =
      EBPF_TRY(EventFilter::Create(text, fields.span(), allocator(), &error));
  filter_.Store(filter, kRelease);  // pairs with the acquire in Record
  ForbidEasy();
  return Status::kOk;
}

}  // namespace ebpf
