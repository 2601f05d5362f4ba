// SPDX-License-Identifier: MIT
//
// core/tracepoints/probe_event.h's implementation.
#include "core/tracepoints/probe_event.h"

#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/trace.h"

namespace ebpf {
namespace {

/// The fields before the arguments: where it was hit; or which function
/// returned, and where to.
constexpr EventField kEntryFields[] = {
    {"unsigned long", "__probe_ip", 8, 8},
};
constexpr EventField kReturnFields[] = {
    {"unsigned long", "__probe_func", 8, 8},
    {"unsigned long", "__probe_ret_ip", 16, 8},
};

Span<const EventField> FirstFields(bool is_return) {
  return is_return ? Span<const EventField>(kReturnFields)
                   : Span<const EventField>(kEntryFields);
}

FieldKind KindOf(const FetchArgument& argument) {
  if (argument.array != 0) {
    return FieldKind::kBytes;
  }
  return argument.is_text() ? FieldKind::kDynamicText : FieldKind::kInteger;
}

/// As Linux names an array's type; behind the field's name where it is C's.
StringView TypeOf(const FetchArgument& argument, Span<char> buffer) {
  if (argument.array == 0) {
    return argument.type->field;
  }
  if (argument.is_text()) {
    TextWriter writer(buffer.data(), buffer.size());
    writer.Put(argument.type->field).Put("[");
    writer.PutUnsigned(argument.array).Put("]");
    return writer.text();
  }
  switch (argument.type->size) {
    case 1:
      return argument.type->is_signed ? "s8[]" : "u8[]";
    case 2:
      return argument.type->is_signed ? "s16[]" : "u16[]";
    case 4:
      return argument.type->is_signed ? "s32[]" : "u32[]";
    default:
      return argument.type->is_signed ? "s64[]" : "u64[]";
  }
}

/// "%u", or "{%u,%u}".
void PutConversions(TextWriter& writer, const FetchArgument& argument) {
  writer.Put(argument.array != 0 ? "{" : "");
  for (size_t i = 0; i < argument.count(); ++i) {
    writer.Put(i != 0 ? "," : "").Put(argument.type->print);
  }
  writer.Put(argument.array != 0 ? "}" : "");
}

/// ", REC->name", ", __get_str(name[1])".
void PutOperands(TextWriter& writer, const FetchArgument& argument) {
  for (size_t i = 0; i < argument.count(); ++i) {
    writer.Put(argument.is_text() ? ", __get_str(" : ", REC->");
    writer.Put(argument.name);
    if (argument.array != 0) {
      writer.Put("[").PutUnsigned(i).Put("]");
    }
    writer.Put(argument.is_text() ? ")" : "");
  }
}

void PutPrintFormat(TextWriter& writer, const ProbeDefinition& of) {
  const bool is_return = of.is_return();
  writer.Put(is_return ? "\"(%lx <- %lx)" : "\"(%lx)");
  for (const FetchArgument& argument : of.arguments()) {
    writer.Put(" ").Put(argument.name).Put("=");
    PutConversions(writer, argument);
  }
  writer.Put(is_return ? "\", REC->__probe_func, REC->__probe_ret_ip"
                       : "\", REC->__probe_ip");
  for (const FetchArgument& argument : of.arguments()) {
    PutOperands(writer, argument);
  }
}

/// Of a record with its texts now.
size_t RecordSize(const ProbeHit& hit) {
  size_t size = hit.definition.record_size();
  if (hit.definition.has_text()) {
    for (const FetchArgument& argument : hit.definition.arguments()) {
      size += FetchedTextSize(argument, hit.source, kMaxEventRecord - size);
      size = Min(size, kMaxEventRecord);
    }
  }
  return size;
}

void MakeRecord(const ProbeHit& hit, uint16_t id, uint32_t cpu, void* record,
                size_t size) {
  // Hits switch nothing off that the port counts.
  *static_cast<EventHeader*>(record) = MakeEventHeader(id, cpu, 0);
  CopyBytes(
      static_cast<uint8_t*>(record) + sizeof(EventHeader), hit.places,
      hit.definition.is_return() ? sizeof(hit.places) : sizeof(hit.places[0]));
  RecordText text(record, hit.definition.record_size(), size);
  for (const FetchArgument& argument : hit.definition.arguments()) {
    Fetch(argument, hit.source, record, text);
  }
  text.Finish();
}

}  // namespace

Result<ProbeEvent*> ProbeEvent::Create(EventProbe& first,
                                       Allocator& allocator) {
  ProbeEvent* event = EBPF_TRY(allocator.New<ProbeEvent>(allocator));
  const Status status = event->Init(first);
  if (!IsOk(status)) {
    event->Delete();
    return status;
  }
  return event;
}

Status ProbeEvent::Init(EventProbe& first) {
  EBPF_TRY(MakeFields(first.definition()));
  EBPF_TRY(MakePrintFormat(first.definition()));
  definition_ = first.LendDefinition();
  first.SetEvent(*this);
  const MutexGuard guard(mutex_);
  probes_ = &first;
  return Status::kOk;
}

void ProbeEvent::Undo() {
  {
    const MutexGuard guard(mutex_);
    probes_->TakeBackDefinition();
    probes_ = nullptr;
  }
  definition_ = nullptr;
  Delete();
}

void ProbeEvent::WaitForHolders() const {
  // Who has only found it does not keep it for long, and waits for nobody who
  // removes events. Pairs with the release in Release.
  while (holds_.Load(kAcquire) != 0) {
    ebpf_port_relax();
  }
}

void ProbeEvent::Delete() {
  {
    const MutexGuard guard(mutex_);
    while (EventProbe* const probe = probes_) {
      probes_ = probe->next;
      probe->Delete();
    }
  }
  allocator_.DeleteArray(print_format_);
  allocator_.DeleteArray(type_names_);
  allocator_.DeleteArray(fields_);
  if (definition_ != nullptr) {
    allocator_.Delete(definition_);
  }
  allocator_.Delete(this);
}

Status ProbeEvent::AddProbe(EventProbe& probe) {
  const MutexGuard guard(mutex_);
  if (allows_override_) {
    if (!probe.may_override()) {
      return Status::kInvalid;
    }
    probe.AllowOverride();
  }
  probe.SetEvent(*this);
  if (users_ != 0) {
    EBPF_TRY(probe.Enable());
  }
  EventProbe** link = &probes_;
  while (*link != nullptr) {
    link = &(*link)->next;
  }
  *link = &probe;
  return Status::kOk;
}

void ProbeEvent::RemoveProbe(EventProbe& probe) {
  const MutexGuard guard(mutex_);
  EventProbe** link = &probes_;
  while (*link != &probe) {
    link = &(*link)->next;
  }
  *link = probe.next;
  probe.Delete();
}

bool ProbeEvent::HasOthers() const {
  const MutexGuard guard(mutex_);
  return probes_->next != nullptr;
}

void ProbeEvent::DescribePlace(ProbePlace& place) const {
  const MutexGuard guard(mutex_);
  probes_->DescribePlace(place);
  for (const EventProbe* probe = probes_; probe != nullptr;
       probe = probe->next) {
    place.missed += probe->missed();
  }
}

Status ProbeEvent::AllowOverride() {
  const MutexGuard guard(mutex_);
  for (const EventProbe* probe = probes_; probe != nullptr;
       probe = probe->next) {
    if (!probe->may_override()) {
      return Status::kInvalid;
    }
  }
  for (EventProbe* probe = probes_; probe != nullptr; probe = probe->next) {
    probe->AllowOverride();
  }
  allows_override_ = true;
  return Status::kOk;
}

Status ProbeEvent::MakeFields(const ProbeDefinition& of) {
  const Span<const EventField> first = FirstFields(of.is_return());
  const Span<const FetchArgument> arguments = of.arguments();
  fields_ = EBPF_TRY(
      allocator_.NewArray<EventField>(first.size() + arguments.size()));
  type_names_ = EBPF_TRY(allocator_.NewArray<TypeName>(arguments.size()));
  size_t count = 0;
  for (const EventField& field : first) {
    fields_[count++] = field;
  }
  for (const FetchArgument& argument : arguments) {
    char(&name)[24] = type_names_[count - first.size()].text;
    EventField& field = fields_[count++];
    field.type = TypeOf(argument, name);
    field.name = argument.name;
    field.offset = argument.offset;
    field.size = static_cast<uint16_t>(argument.type->size * argument.count());
    field.is_signed = argument.type->is_signed;
    field.kind = KindOf(argument);
  }
  return Status::kOk;
}

Status ProbeEvent::MakePrintFormat(const ProbeDefinition& of) {
  TextWriter measure;
  PutPrintFormat(measure, of);
  print_format_ = EBPF_TRY(allocator_.NewArray<char>(measure.wanted()));
  TextWriter writer(print_format_.data(), print_format_.size());
  PutPrintFormat(writer, of);
  return Status::kOk;
}

Status ProbeEvent::EnableProbes() {
  for (EventProbe* probe = probes_; probe != nullptr; probe = probe->next) {
    const Status status = probe->Enable();
    if (!IsOk(status)) {
      DisableProbes(probe);
      return status;
    }
  }
  return Status::kOk;
}

void ProbeEvent::DisableProbes(const EventProbe* end) {
  for (EventProbe* probe = probes_; probe != end; probe = probe->next) {
    probe->Disable();
  }
}

Status ProbeEvent::AddConsumer(RecordConsumer& consumer) {
  if (!TraceEvents::Use(*this)) {
    return Status::kNoDevice;
  }
  const Status status = Add(consumer);
  if (!IsOk(status)) {
    TraceEvents::Unuse(*this);
  }
  return status;
}

Status ProbeEvent::Add(RecordConsumer& consumer) {
  const MutexGuard guard(mutex_);
  Consumers* const old = consumers_.Load(kRelaxed);
  RecordConsumer* const one = &consumer;
  const bool runs_programs = consumer.RunsPrograms();
  Consumers* const made = Consumers::WithMore(
      old, {&one, !runs_programs}, {&one, runs_programs}, allocator_);
  if (made == nullptr) {
    return Status::kNoMemory;
  }
  // Releases what is in it: pairs with the acquire in Tell.
  consumers_.Store(made, kRelease);
  const Status status = users_ == 0 ? EnableProbes() : Status::kOk;
  if (!IsOk(status)) {
    consumers_.Store(old, kRelease);
  } else {
    ++users_;
  }
  WaitForReaders();
  if (Consumers* const gone = IsOk(status) ? old : made) {
    gone->Free(allocator_);
  }
  return status;
}

void ProbeEvent::RemoveConsumer(RecordConsumer& consumer) {
  Remove(consumer);
  TraceEvents::Unuse(*this);
}

void ProbeEvent::Remove(const RecordConsumer& consumer) {
  const MutexGuard guard(mutex_);
  Consumers* const consumers = consumers_.Load(kRelaxed);
  if (consumers->TakeFirstOut(consumer) || consumers->TakeSecondOut(consumer)) {
    --users_;
  }
  const bool was_last = users_ == 0;
  if (was_last) {
    DisableProbes(nullptr);
    consumers_.Store(nullptr, kRelaxed);
  }
  WaitForReaders();
  if (was_last) {
    consumers->Free(allocator_);
  }
}

inline void ProbeEvent::TellOne(RecordConsumer& one, const ProbeHit& hit,
                                const EventPlace& place, size_t& size) {
  if (size == 0) {
    size = RecordSize(hit);
  }
  if (void* const record = one.Reserve(size, place)) {
    MakeRecord(hit, id(), place.cpu, record, size);
    one.Commit(record, size, place);
  }
}

void ProbeEvent::Tell(const ProbeHit& hit) {
  // Pairs with the release in AddConsumer.
  Consumers* const consumers = consumers_.Load(kAcquire);
  if (consumers == nullptr) {
    return;
  }
  const EventPlace place = {ebpf_port_cpu_id(), &hit.regs};
  size_t size = 0;  // nobody asked yet
  auto* all = consumers->firsts();
  for (; RecordConsumer* const one = all->Load(kRelaxed); ++all) {
    TellOne(*one, hit, place, size);
  }
  auto* programs = Consumers::BehindFirsts(all);
  for (; RecordConsumer* const one = programs->Load(kRelaxed); ++programs) {
    if (one->RunPrograms(hit.regs, hit.place)) {
      TellOne(*one, hit, place, size);
    }
  }
}

}  // namespace ebpf
