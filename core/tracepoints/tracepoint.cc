// SPDX-License-Identifier: MIT
//
// Who wants what is passed, and telling them.
//
// A tracepoint's consumers are an array that is replaced when one comes, and
// freed when nobody can be in it any more. One that goes is taken out of the
// array where it stands, which needs no memory and so cannot fail.
#include "core/tracepoints/tracepoint.h"

#include "core/base/construct.h"
#include "core/base/static_storage.h"
#include "core/base/thread_annotations.h"
#include "core/memory/per_cpu.h"
#include "core/platform/task.h"
#include "core/sync/mutex.h"
#include "core/sync/read_section.h"

// The linker's.
extern "C" {
[[gnu::visibility(
    "hidden")]] extern ebpf::Tracepoint* __start_ebpf_tracepoints[];  // NOLINT
[[gnu::visibility(
    "hidden")]] extern ebpf::Tracepoint* __stop_ebpf_tracepoints[];  // NOLINT
}

namespace ebpf {

/// Either array may have places that are null.
struct TracepointConsumers {
  using Raw = Atomic<ArgumentsConsumer*>;
  using Record = Atomic<RecordConsumer*>;

  static constexpr size_t SizeOf(size_t count) {
    return sizeof(TracepointConsumers) + count * sizeof(Raw);
  }
  Raw* raws() { return reinterpret_cast<Raw*>(this + 1); }
  Record* records() { return reinterpret_cast<Record*>(raws() + raw_count); }
  size_t count() const { return raw_count + record_count; }

  uint32_t raw_count;
  uint32_t record_count;
};
static_assert(sizeof(TracepointConsumers::Raw) ==
              sizeof(TracepointConsumers::Record));

namespace {

// With none of the kernel's there is the section, still.
[[gnu::used, gnu::retain,
  gnu::section("ebpf_tracepoints")]] Tracepoint* no_tracepoint = nullptr;

/// A task, an interrupt, a trap and an NMI, each in a tracepoint; what is
/// inside of even more of them is not told.
constexpr uint32_t kMaxDepth = 4;

struct TracepointCpu {
  /// Open while any tracepoint is.
  CpuSection section;
  /// Tracepoints that are. What interrupts a change leaves it as it was.
  Atomic<uint32_t> depth;
};

constinit StaticStorage<PerCpu<TracepointCpu>> cpus;
constinit Mutex mutex;
constinit Allocator* memory EBPF_GUARDED_BY(mutex) = nullptr;

Span<Tracepoint*> DeclaredTracepoints() {
  return Span<Tracepoint*>(
      __start_ebpf_tracepoints,
      static_cast<size_t>(__stop_ebpf_tracepoints - __start_ebpf_tracepoints));
}

/// A tracepoint to those who want its records.
class TracepointEvent final : public TraceEvent {
 public:
  explicit TracepointEvent(Tracepoint& tracepoint) : tracepoint_(tracepoint) {}
  ~TracepointEvent() = default;

  StringView system() const override { return info().system; }
  StringView name() const override { return info().name; }
  Span<const EventField> fields() const override { return info().fields; }
  StringView print_format() const override { return info().print_format; }
  Status AddConsumer(RecordConsumer& consumer) override;
  void RemoveConsumer(RecordConsumer& consumer) override;

  Tracepoint& tracepoint() const { return tracepoint_; }

 private:
  const TracepointInfo& info() const { return *tracepoint_.info; }

  Tracepoint& tracepoint_;
};

/// One for each declared one that has a name of its own; the others' are never
/// constructed.
constinit Span<TracepointEvent> events;

TracepointConsumers* Make(uint32_t raws, uint32_t records)
    EBPF_REQUIRES(mutex) {
  void* const made = memory->Allocate(
      TracepointConsumers::SizeOf(raws + records), alignof(void*));
  if (made == nullptr) {
    return nullptr;
  }
  auto* const consumers = static_cast<TracepointConsumers*>(made);
  consumers->raw_count = raws;
  consumers->record_count = records;
  return consumers;
}

void Free(TracepointConsumers* consumers) EBPF_REQUIRES(mutex) {
  if (consumers != nullptr) {
    memory->Free(consumers, TracepointConsumers::SizeOf(consumers->count()),
                 alignof(void*));
  }
}

template <typename T>
uint32_t CountUsed(const Atomic<T*>* places, uint32_t count) {
  uint32_t used = 0;
  for (uint32_t i = 0; i < count; ++i) {
    used += places[i].Load(kRelaxed) != nullptr;
  }
  return used;
}

template <typename T>
void CopyUsed(const Atomic<T*>* from, uint32_t count, Atomic<T*>* to) {
  for (uint32_t i = 0; i < count; ++i) {
    if (T* const consumer = from[i].Load(kRelaxed)) {
      (to++)->Store(consumer, kRelaxed);
    }
  }
}

/// Puts null in the place of the first `consumer`; whether it was there.
template <typename T>
bool TakeOut(Atomic<T*>* places, uint32_t count, const T& consumer) {
  for (uint32_t i = 0; i < count; ++i) {
    if (places[i].Load(kRelaxed) == &consumer) {
      places[i].Store(nullptr, kRelaxed);
      return true;
    }
  }
  return false;
}

/// One more of either; the other is null.
Status Add(Tracepoint& tracepoint, ArgumentsConsumer* raw,
           RecordConsumer* record) {
  const MutexGuard guard(mutex);
  if (memory == nullptr) {
    return Status::kNotFound;
  }
  TracepointConsumers* const old = tracepoint.consumers.Load(kRelaxed);
  uint32_t raws = 0;
  uint32_t records = 0;
  if (old != nullptr) {
    raws = CountUsed(old->raws(), old->raw_count);
    records = CountUsed(old->records(), old->record_count);
  }
  TracepointConsumers* const made =
      Make(raws + (raw != nullptr), records + (record != nullptr));
  if (made == nullptr) {
    return Status::kNoMemory;
  }
  if (old != nullptr) {
    CopyUsed(old->raws(), old->raw_count, made->raws());
    CopyUsed(old->records(), old->record_count, made->records());
  }
  if (raw != nullptr) {
    made->raws()[raws].Store(raw, kRelaxed);
  } else {
    made->records()[records].Store(record, kRelaxed);
  }
  // The first one's is there before the text says so. Releases what is in it:
  // pairs with the acquire in Fire.
  tracepoint.consumers.Store(made, kRelease);
  if (tracepoint.users == 0) {
    const Status status = tracepoint.key.Enable();
    if (!IsOk(status)) {
      // A place that is still switched on may have seen it.
      tracepoint.consumers.Store(old, kRelease);
      WaitForReaders();
      Free(made);
      return status;
    }
  }
  ++tracepoint.users;
  if (old != nullptr) {
    WaitForReaders();
    Free(old);
  }
  return Status::kOk;
}

void Remove(Tracepoint& tracepoint, const ArgumentsConsumer* raw,
            const RecordConsumer* record) {
  const MutexGuard guard(mutex);
  TracepointConsumers* const consumers = tracepoint.consumers.Load(kRelaxed);
  if (consumers == nullptr) {
    return;
  }
  const bool was_there =
      raw != nullptr
          ? TakeOut(consumers->raws(), consumers->raw_count, *raw)
          : TakeOut(consumers->records(), consumers->record_count, *record);
  if (!was_there) {
    return;
  }
  const bool is_last = --tracepoint.users == 0;
  if (is_last) {
    tracepoint.key.Disable();
    tracepoint.consumers.Store(nullptr, kRelaxed);
  }
  WaitForReaders();
  if (is_last) {
    Free(consumers);
  }
}

/// Makes the record and gives it away.
void Tell(const Tracepoint& tracepoint, RecordConsumer& consumer, size_t size,
          const uint64_t* arguments) {
  void* const record = consumer.Reserve(size, nullptr);
  if (record == nullptr) {
    return;
  }
  auto* const header = static_cast<EventHeader*>(record);
  uint32_t pid;
  uint32_t tgid;
  ebpf_port_task_ids(&pid, &tgid);
  header->type = tracepoint.id;
  header->flags = 0;
  header->preempt_count = 0;
  header->pid = static_cast<int32_t>(pid);
  tracepoint.info->fill(record, size, arguments);
  consumer.Commit(record, size, nullptr);
}

void TellAll(const Tracepoint& tracepoint, TracepointConsumers& consumers,
             const uint64_t* arguments) {
  const TracepointInfo& info = *tracepoint.info;
  size_t size = info.record_size;
  if (info.text_size != nullptr) {
    size = Min(size + info.text_size(arguments), kMaxEventRecord);
  }
  for (uint32_t i = 0; i < consumers.record_count; ++i) {
    RecordConsumer* const consumer = consumers.records()[i].Load(kRelaxed);
    if (consumer != nullptr) {
      Tell(tracepoint, *consumer, size, arguments);
    }
  }
}

/// The CPU's section is open.
inline void Fire(Tracepoint& tracepoint, const uint64_t* arguments,
                 uint32_t cpu) {
  // Pairs with the release in Add.
  TracepointConsumers* const consumers = tracepoint.consumers.Load(kAcquire);
  if (consumers == nullptr) {
    return;
  }
  for (uint32_t i = 0; i < consumers->raw_count; ++i) {
    ArgumentsConsumer* const consumer = consumers->raws()[i].Load(kRelaxed);
    if (consumer != nullptr) {
      consumer->Fired(arguments, cpu);
    }
  }
  if (consumers->record_count != 0) {
    TellAll(tracepoint, *consumers, arguments);
  }
}

Status TracepointEvent::AddConsumer(RecordConsumer& consumer) {
  return Add(tracepoint_, nullptr, &consumer);
}

void TracepointEvent::RemoveConsumer(RecordConsumer& consumer) {
  Remove(tracepoint_, nullptr, &consumer);
}

}  // namespace

extern "C" void ebpf_tracepoint_fire(Tracepoint* tracepoint,
                                     const uint64_t* arguments) {
  if (tracepoint->consumers.Load(kRelaxed) == nullptr) {
    return;  // the text could not be changed back, perhaps before the end
  }
  const uintptr_t preemption = ebpf_port_preempt_disable();
  const uint32_t cpu = ebpf_port_cpu_id();
  TracepointCpu& mine = cpus->Of(cpu);
  const uint32_t depth = mine.depth.Load(kRelaxed);
  if (depth == kMaxDepth) {
    tracepoint->missed.FetchAdd(1, kRelaxed);
  } else {
    // Not `depth == 0`: this may have interrupted one that was about to open
    // it, or had just closed it.
    const bool opens = !mine.section.is_open();
    if (opens) {
      mine.section.Open();
    }
    // No read-modify-write: what interrupts this leaves it as it was.
    mine.depth.Store(depth + 1, kRelaxed);
    TrapFence();
    Fire(*tracepoint, arguments, cpu);
    TrapFence();
    mine.depth.Store(depth, kRelaxed);
    if (opens) {
      mine.section.Close();
    }
  }
  ebpf_port_preempt_enable(preemption);
}

Status AddArgumentsConsumer(Tracepoint& tracepoint,
                            ArgumentsConsumer& consumer) {
  return Add(tracepoint, &consumer, nullptr);
}

void RemoveArgumentsConsumer(Tracepoint& tracepoint,
                             ArgumentsConsumer& consumer) {
  Remove(tracepoint, &consumer, nullptr);
}

Tracepoint* FindTracepoint(StringView name) {
  for (Tracepoint* tracepoint : DeclaredTracepoints()) {
    if (tracepoint != nullptr && tracepoint->id != 0 &&
        tracepoint->info->name == name) {
      return tracepoint;
    }
  }
  return nullptr;
}

Status InitTracepoints(Allocator& allocator) {
  EBPF_TRY(cpus.Construct().Allocate(allocator));
  const Span<Tracepoint*> declared = DeclaredTracepoints();
  void* const room = allocator.Allocate(
      declared.size() * sizeof(TracepointEvent), alignof(TracepointEvent));
  if (room == nullptr) {
    cpus.Destroy();
    return Status::kNoMemory;
  }
  SetCpuSections(CpuSectionOwner::kTracepoints, &cpus->Of(0).section,
                 PerCpu<TracepointCpu>::stride());
  events = Span<TracepointEvent>(static_cast<TracepointEvent*>(room),
                                 declared.size());
  for (size_t i = 0; i < declared.size(); ++i) {
    if (declared[i] == nullptr) {
      continue;
    }
    auto* const event = ConstructAt<TracepointEvent>(&events[i], *declared[i]);
    // One of a name that there is already is not there.
    if (IsOk(TraceEvents::Add(*event))) {
      declared[i]->id = event->id();
    }
  }
  const MutexGuard guard(mutex);
  memory = &allocator;
  return Status::kOk;
}

void ExitTracepoints() {
  const Span<Tracepoint*> declared = DeclaredTracepoints();
  const MutexGuard guard(mutex);
  for (size_t i = 0; i < declared.size(); ++i) {
    if (declared[i] != nullptr && declared[i]->id != 0) {
      TraceEvents::Remove(events[i]);
      declared[i]->id = 0;
    }
  }
  memory->Free(events.data(), events.size() * sizeof(TracepointEvent),
               alignof(TracepointEvent));
  events = Span<TracepointEvent>();
  memory = nullptr;
  SetCpuSections(CpuSectionOwner::kTracepoints, nullptr, 0);
  cpus.Destroy();
}

}  // namespace ebpf

// Until static_key.cc is there.
namespace ebpf {
[[gnu::weak]] Status StaticKey::Enable() {
  is_written_ = 1;
  users_.FetchAdd(1, kRelaxed);
  return Status::kOk;
}
[[gnu::weak]] void StaticKey::Disable() { users_.FetchSub(1, kRelaxed); }
}  // namespace ebpf
