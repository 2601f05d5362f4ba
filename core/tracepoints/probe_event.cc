// SPDX-License-Identifier: MIT
//
// core/tracepoints/probe_event.h's implementation.
#include "core/tracepoints/probe_event.h"

#include "core/base/memory.h"
#include "core/machine/function_entry.h"
#include "core/platform/cpu.h"
#include "core/probes/function_entry.h"
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

}  // namespace

Result<ProbeEvent*> ProbeEvent::Create(StringView line,
                                       const machine::RegisterNames& registers,
                                       ProbeError& error,
                                       Allocator& allocator) {
  ProbeEvent* event = EBPF_TRY(allocator.New<ProbeEvent>(registers, allocator));
  const Status status = event->Init(line, error);
  if (!IsOk(status)) {
    event->Delete();
    return status;
  }
  return event;
}

Status ProbeEvent::Init(StringView line, ProbeError& error) {
  EBPF_TRY(definition_.Parse(line, registers_, error));
  EBPF_TRY(MakeFields());
  EBPF_TRY(MakePrintFormat());
  if (definition_.is_return()) {
    EBPF_TRY(ReturnHook::Prepare());
  }
  KprobeConsumer& consumer =
      definition_.is_return() ? static_cast<KprobeConsumer&>(hook_) : *this;
  probe_ = EBPF_TRY(AttachKprobe(definition_.symbol(), definition_.address(),
                                 definition_.offset(), consumer));
  return Status::kOk;
}

void ProbeEvent::Delete() {
  if (probe_) {
    probe_->Detach();  // from here on Hit runs nowhere
    hook_.Cancel();    // nor Returned
  }
  FreeConsumers(consumers_.Load(kRelaxed));
  allocator_.DeleteArray(print_format_);
  allocator_.DeleteArray(type_names_);
  allocator_.DeleteArray(fields_);
  allocator_.Delete(this);
}

ProbePlace ProbeEvent::probe_place() const {
  ProbePlace place;
  place.symbol = definition_.symbol();
  place.offset = definition_.offset();
  place.address = probe_->address();
  place.function = FunctionEnteredAt(place.address);
  place.is_return = definition_.is_return();
  place.missed = missed();
  return place;
}

Status ProbeEvent::MakeFields() {
  const Span<const EventField> first = FirstFields(definition_.is_return());
  const Span<const FetchArgument> arguments = definition_.arguments();
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

Status ProbeEvent::MakePrintFormat() {
  TextWriter measure;
  PutPrintFormat(measure);
  print_format_ = EBPF_TRY(allocator_.NewArray<char>(measure.wanted()));
  TextWriter writer(print_format_.data(), print_format_.size());
  PutPrintFormat(writer);
  return Status::kOk;
}

void ProbeEvent::PutPrintFormat(TextWriter& writer) const {
  const bool is_return = definition_.is_return();
  writer.Put(is_return ? "\"(%lx <- %lx)" : "\"(%lx)");
  for (const FetchArgument& argument : definition_.arguments()) {
    writer.Put(" ").Put(argument.name).Put("=");
    PutConversions(writer, argument);
  }
  writer.Put(is_return ? "\", REC->__probe_func, REC->__probe_ret_ip"
                       : "\", REC->__probe_ip");
  for (const FetchArgument& argument : definition_.arguments()) {
    PutOperands(writer, argument);
  }
}

ProbeEvent::Consumers* ProbeEvent::MakeConsumers(size_t capacity) {
  auto* const made = static_cast<Consumers*>(allocator_.Allocate(
      sizeof(uint64_t) * (1 + capacity), alignof(uint64_t)));
  if (made != nullptr) {
    made->capacity = static_cast<uint32_t>(capacity);
  }
  return made;
}

void ProbeEvent::FreeConsumers(Consumers* consumers) {
  if (consumers != nullptr) {
    allocator_.Free(consumers, sizeof(uint64_t) * (1 + consumers->capacity),
                    alignof(uint64_t));
  }
}

Status ProbeEvent::AddConsumer(RecordConsumer& consumer) {
  const MutexGuard guard(mutex_);
  Consumers* const old = consumers_.Load(kRelaxed);
  Consumers* const made = MakeConsumers(users_ + 1);
  if (made == nullptr) {
    return Status::kNoMemory;
  }
  uint32_t count = 0;
  for (uint32_t i = 0; old != nullptr && i < old->capacity; ++i) {
    if (RecordConsumer* const one = old->places()[i].Load(kRelaxed)) {
      made->places()[count++].Store(one, kRelaxed);
    }
  }
  made->places()[count].Store(&consumer, kRelaxed);
  // Releases what is in it: pairs with the acquire in Tell.
  consumers_.Store(made, kRelease);
  const Status status = users_ == 0 ? probe_->Enable() : Status::kOk;
  if (!IsOk(status)) {
    consumers_.Store(old, kRelease);
  } else {
    ++users_;
  }
  WaitForReaders();
  FreeConsumers(IsOk(status) ? old : made);
  return status;
}

void ProbeEvent::RemoveConsumer(RecordConsumer& consumer) {
  const MutexGuard guard(mutex_);
  Consumers* const consumers = consumers_.Load(kRelaxed);
  for (uint32_t i = 0; i < consumers->capacity; ++i) {
    Atomic<RecordConsumer*>& place = consumers->places()[i];
    if (place.Load(kRelaxed) == &consumer) {
      place.Store(nullptr, kRelaxed);
      --users_;
      break;
    }
  }
  const bool was_last = users_ == 0;
  if (was_last) {
    probe_->Disable();
    consumers_.Store(nullptr, kRelaxed);
  }
  WaitForReaders();
  if (was_last) {
    FreeConsumers(consumers);
  }
}

void ProbeEvent::Hit(machine::PtRegs& regs) {
  // Programs find the pc where Linux's do.
  uint64_t& pc = machine::PcIn(regs);
  const uint64_t address = pc;
  const uint64_t places[2] = {address, 0};
  pc = address + machine::kPcBehindProbe;
  Tell(regs, places);
  pc = address;
}

void ProbeEvent::Returned(machine::PtRegs& regs, const ReturnedCall& call) {
  // It may have been disabled since the call. Where another probe stood
  // already, a first hit may come before anything orders it behind Init: that
  // does the acquire, which pairs with the release in AddConsumer.
  if (consumers_.Load(kAcquire) != nullptr && probe_->enabled()) {
    const uint64_t places[2] = {call.function, call.return_address};
    Tell(regs, places);
  }
}

void ProbeEvent::Tell(const machine::PtRegs& regs,
                      const uint64_t (&places)[2]) {
  hits_.FetchAdd(1, kRelaxed);
  // Pairs with the release in AddConsumer.
  Consumers* const consumers = consumers_.Load(kAcquire);
  if (consumers == nullptr) {
    return;
  }
  size_t size = definition_.record_size();
  if (definition_.has_text()) {
    for (const FetchArgument& argument : definition_.arguments()) {
      size += FetchedTextSize(argument, registers_, regs);
    }
    size = Min(size, kMaxEventRecord);
  }
  const EventPlace place = {ebpf_port_cpu_id(), &regs};
  for (uint32_t i = 0; i < consumers->capacity; ++i) {
    if (RecordConsumer* const one = consumers->places()[i].Load(kRelaxed)) {
      TellOne(*one, place, places, size);
    }
  }
}

void ProbeEvent::TellOne(RecordConsumer& consumer, const EventPlace& place,
                         const uint64_t (&places)[2], size_t size) {
  void* const record = consumer.Reserve(size, place);
  if (record == nullptr) {
    return;
  }
  *static_cast<EventHeader*>(record) = MakeEventHeader(id());
  CopyBytes(static_cast<uint8_t*>(record) + sizeof(EventHeader), places,
            definition_.is_return() ? sizeof(places) : sizeof(places[0]));
  RecordText text(record, definition_.record_size(), size);
  for (const FetchArgument& argument : definition_.arguments()) {
    Fetch(argument, registers_, *place.regs, record, text);
  }
  text.Finish();
  consumer.Commit(record, size, place);
}

}  // namespace ebpf
