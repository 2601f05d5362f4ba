// SPDX-License-Identifier: MIT
//
// Who wants what is passed, and telling them.
//
// What is on the way of a program is one function, without a call but to the
// port and to the program: on a machine that is emulated, calls are what costs.
#include "core/tracepoints/tracepoint.h"

#include "core/base/construct.h"
#include "core/base/static_storage.h"
#include "core/base/thread_annotations.h"
#include "core/memory/per_cpu.h"
#include "core/memory/this_context.h"
#include "core/memory/this_cpu.h"
#include "core/program/guarded_run.h"
#include "core/sync/mutex.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/consumer_lists.h"
#include "core/tracepoints/filter.h"
#include "core/tracepoints/trace_writer.h"

// The linker's.
extern "C" {
[[gnu::visibility(
    "hidden")]] extern ebpf::Tracepoint* __start_ebpf_tracepoints[];  // NOLINT
[[gnu::visibility(
    "hidden")]] extern ebpf::Tracepoint* __stop_ebpf_tracepoints[];  // NOLINT
}

namespace ebpf {

namespace {

/// In the place of a consumer that went.
struct Nobody final : ArgumentsConsumer, RecordConsumer {
  void Fired(const uint64_t* /*arguments*/,
             const EventPlace& /*place*/) override {}
  void* Reserve(size_t /*size*/, const EventPlace& /*place*/) override {
    return nullptr;
  }
  void Commit(void* /*record*/, size_t /*size*/,
              const EventPlace& /*place*/) override {}
};
constinit Nobody nobody;

/// Those of arguments, and then those of records.
using TracepointConsumers =
    ConsumerLists<ArgumentsConsumer, RecordConsumer, &nobody>;

/// What is in Tracepoint::consumers: nobody; where all that there is is one
/// program, its ArgumentsConsumer; or the TracepointConsumers, which says
/// besides whether one who wants records is all that there is, and whether they
/// have text.
class Told {
 public:
  constexpr Told() = default;
  explicit Told(uintptr_t word) : word_(word) {}
  explicit Told(const ArgumentsConsumer& program)
      : word_(reinterpret_cast<uintptr_t>(&program) | kIsProgram) {}
  Told(const TracepointConsumers& many, bool has_text)
      : word_(reinterpret_cast<uintptr_t>(&many) |
              (many.is_one_second() ? kIsRecord : 0) |
              (has_text ? kHasText : 0)) {}

  uintptr_t word() const { return word_; }
  bool is_nobody() const { return word_ == 0; }
  bool is_program() const { return (word_ & kIsProgram) != 0; }
  /// Precondition: it is one.
  ArgumentsConsumer* program() const {
    return reinterpret_cast<ArgumentsConsumer*>(word_ - kIsProgram);
  }
  /// One consumer of records, and nobody else.
  bool is_record() const { return (word_ & kIsRecord) != 0; }
  /// The same, and records have no text.
  bool is_plain_record() const {
    return (word_ & (kIsRecord | kHasText)) == kIsRecord;
  }
  /// Precondition: it is one.
  TracepointConsumers::Seconds* records() const {
    auto* const many = reinterpret_cast<TracepointConsumers*>(word_ & ~kFlags);
    // Behind the end of the others.
    return TracepointConsumers::BehindFirsts(many->firsts());
  }
  /// Or null.
  TracepointConsumers* many() const {
    return is_program()
               ? nullptr
               : reinterpret_cast<TracepointConsumers*>(word_ & ~kFlags);
  }

 private:
  static constexpr uintptr_t kIsProgram = 1;
  static constexpr uintptr_t kIsRecord = 2;
  static constexpr uintptr_t kHasText = 4;
  static constexpr uintptr_t kFlags = kIsRecord | kHasText;
  static_assert(alignof(TracepointConsumers) > kFlags);

  uintptr_t word_ = 0;
};

// With none of the kernel's there is the section, still.
[[gnu::used, gnu::retain,
  gnu::section("ebpf_tracepoints")]] Tracepoint* no_tracepoint = nullptr;

/// A task, an interrupt, a trap and an NMI, each in a tracepoint's consumer;
/// what is inside of even more of them is not told. (Programs see to that by
/// themselves.)
constexpr uint32_t kMaxDepth = 4;

struct TracepointCpu {
  /// Open while any tracepoint is.
  CpuSection section;
  /// Consumers other than programs that are being told. What interrupts a
  /// change leaves it as it was.
  Atomic<uint32_t> depth;
};

constinit StaticStorage<PerCpu<TracepointCpu>> cpus;
constinit Mutex mutex;
constinit Allocator* memory EBPF_GUARDED_BY(mutex) = nullptr;
constinit TracepointPlaces* all_places EBPF_GUARDED_BY(mutex) = nullptr;

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

void Free(TracepointConsumers* consumers) EBPF_REQUIRES(mutex) {
  if (consumers != nullptr) {
    consumers->Free(*memory);
  }
}

/// What `old` told and one more of either, of which the other is null: without
/// memory where a program is the first, and without anything but memory.
Result<Told> OneMore(const Tracepoint& tracepoint, Told old,
                     ArgumentsConsumer* raw, RecordConsumer* record)
    EBPF_REQUIRES(mutex) {
  if (old.is_nobody() && raw != nullptr && raw->program() != nullptr) {
    return Told(*raw);
  }
  ArgumentsConsumer* raws[2];
  size_t raw_count = 0;
  if (old.is_program()) {
    raws[raw_count++] = old.program();
  }
  if (raw != nullptr) {
    raws[raw_count++] = raw;
  }
  TracepointConsumers* const made = TracepointConsumers::WithMore(
      old.many(), {raws, raw_count}, {&record, record != nullptr}, *memory);
  if (made == nullptr) {
    return Status::kNoMemory;
  }
  return Told(*made, tracepoint.info->text_size != nullptr);
}

/// Or null.
TracepointPlaces* PlacesOf(const Tracepoint& tracepoint) EBPF_REQUIRES(mutex) {
  TracepointPlaces* places = all_places;
  while (places != nullptr && &places->tracepoint != &tracepoint) {
    places = places->next;
  }
  return places;
}

/// For its first user.
Status SwitchOn(Tracepoint& tracepoint) EBPF_REQUIRES(mutex) {
  EBPF_TRY(tracepoint.key.Enable());
  if (TracepointPlaces* const places = PlacesOf(tracepoint)) {
    const Status status = places->Open();
    if (!IsOk(status)) {
      tracepoint.key.Disable();
      return status;
    }
  }
  return Status::kOk;
}

/// Behind its last one.
void SwitchOff(Tracepoint& tracepoint) EBPF_REQUIRES(mutex) {
  if (TracepointPlaces* const places = PlacesOf(tracepoint)) {
    places->Close();
  }
  tracepoint.key.Disable();
}

FireFunction FireProgramWords;
FireFunction FireRecordWords;

/// Those are told from now on.
void SetConsumers(Tracepoint& tracepoint, Told told) EBPF_REQUIRES(mutex) {
  // Releases what is in it: pairs with the acquires of who tells.
  tracepoint.consumers.Store(told.word(), kRelease);
  FireFunction* fire = FireWords;
  if (IsUsualPort()) {
    fire = told.is_program()  ? FireProgramWords
           : told.is_record() ? FireRecordWords
                              : FireWords;
  }
  tracepoint.fire.Store(fire, kRelaxed);
}

Status Add(Tracepoint& tracepoint, ArgumentsConsumer* raw,
           RecordConsumer* record) {
  const MutexGuard guard(mutex);
  if (memory == nullptr) {
    return Status::kNotFound;
  }
  const Told old(tracepoint.consumers.Load(kRelaxed));
  const Told made = EBPF_TRY(OneMore(tracepoint, old, raw, record));
  // The first one's is there before the text says so.
  SetConsumers(tracepoint, made);
  if (tracepoint.users == 0) {
    const Status status = SwitchOn(tracepoint);
    if (!IsOk(status)) {
      // A place that is still switched on may have seen it.
      SetConsumers(tracepoint, old);
      WaitForReaders();
      Free(made.many());
      return status;
    }
  }
  ++tracepoint.users;
  if (!old.is_nobody()) {
    WaitForReaders();
    Free(old.many());
  }
  return Status::kOk;
}

void Remove(Tracepoint& tracepoint, const ArgumentsConsumer* raw,
            const RecordConsumer* record) {
  const MutexGuard guard(mutex);
  const Told told(tracepoint.consumers.Load(kRelaxed));
  TracepointConsumers* const many = told.many();
  bool was_there;
  if (many == nullptr) {
    was_there = raw != nullptr && told.is_program() && told.program() == raw;
  } else if (raw != nullptr) {
    was_there = many->TakeFirstOut(*raw);
  } else {
    was_there = many->TakeSecondOut(*record);
  }
  if (!was_there) {
    return;
  }
  const bool is_last = --tracepoint.users == 0;
  if (is_last) {
    SwitchOff(tracepoint);
    SetConsumers(tracepoint, Told());
  }
  WaitForReaders();
  if (is_last) {
    Free(many);
  }
}

/// While one lives a consumer may be told; or not, where is_deep().
class Telling : public NonCopyable {
 public:
  Telling(Tracepoint& tracepoint, TracepointCpu& cpu)
      : cpu_(cpu), depth_(cpu.depth.Load(kRelaxed)) {
    if (is_deep()) {
      tracepoint.missed.FetchAdd(1, kRelaxed);
    } else {
      // No read-modify-write: what interrupts this leaves it as it was.
      cpu_.depth.Store(depth_ + 1, kRelaxed);
      TrapFence();
    }
  }
  ~Telling() {
    TrapFence();
    cpu_.depth.Store(depth_, kRelaxed);
  }
  bool is_deep() const { return depth_ == kMaxDepth; }

 private:
  TracepointCpu& cpu_;
  const uint32_t depth_;
};

/// The same where nobody is told on that CPU, so it never is.
class FirstTelling : public NonCopyable {
 public:
  [[gnu::always_inline]] explicit FirstTelling(TracepointCpu& cpu) : cpu_(cpu) {
    cpu_.depth.Store(1, kRelaxed);
    TrapFence();
  }
  [[gnu::always_inline]] ~FirstTelling() {
    TrapFence();
    cpu_.depth.Store(0, kRelaxed);
  }

 private:
  TracepointCpu& cpu_;
};

void TellArguments(Tracepoint& tracepoint, ArgumentsConsumer& consumer,
                   const uint64_t* arguments, const EventPlace& place) {
  const Telling telling(tracepoint, cpus->Of(place.cpu));
  if (!telling.is_deep()) {
    consumer.Fired(arguments, place);
  }
}

/// The record of a trace that wants some of them.
[[gnu::always_inline]] inline void WriteWanted(TraceWriter& writer,
                                               const EventFilter& filter,
                                               const Tracepoint& tracepoint,
                                               size_t size,
                                               const uint64_t* arguments,
                                               CpuContext where) {
  const TracepointInfo& info = *tracepoint.info;
  writer.WriteWanted(
      tracepoint.id, size, where,
      [&](void* record) { info.fill(record, size, arguments); },
      [&](const uint8_t* record) {
        return filter.Matches(ConstBytes(record, size));
      });
}

[[gnu::noinline]] void TellRecords(Tracepoint& tracepoint,
                                   TracepointConsumers::Seconds* records,
                                   const uint64_t* arguments,
                                   const EventPlace& place) {
  const uint32_t cpu = place.cpu;
  const Telling telling(tracepoint, cpus->Of(cpu));
  if (telling.is_deep()) {
    return;
  }
  const TracepointInfo& info = *tracepoint.info;
  size_t size = info.record_size;
  if (info.text_size != nullptr) {
    size = Min(size + info.text_size(arguments), kMaxEventRecord);
  }
  const CpuContext where = {cpu, ThisContext(cpu, 1)};
  for (; RecordConsumer* const consumer = records->Load(kRelaxed); ++records) {
    if (TraceWriter* const writer = consumer->writer()) {
      writer->Write(tracepoint.id, size, where,
                    [&](void* record) { info.fill(record, size, arguments); });
    } else if (const EventFilter* const filter = consumer->filter()) {
      WriteWanted(*consumer->filtering_writer(), *filter, tracepoint, size,
                  arguments, where);
    } else {
      consumer->Tell(tracepoint, arguments, size, where, place.frame);
    }
  }
}

/// As TellRecords, where a trace is all that wants them: what most events come
/// to.
[[gnu::noinline]] void TellTrace(Tracepoint& tracepoint, TraceWriter& writer,
                                 const uint64_t* arguments, uint32_t cpu) {
  const Telling telling(tracepoint, cpus->Of(cpu));
  if (__builtin_expect(telling.is_deep(), 0)) {
    return;
  }
  const TracepointInfo& info = *tracepoint.info;
  const size_t size = info.record_size;
  writer.Write(tracepoint.id, size, {cpu, ThisContext(cpu, 1)},
               [&](void* record) { info.fill(record, size, arguments); });
}

/// Not part of who calls it, for which other programs keep no registers.
[[gnu::noinline]] void RunOne(const ArgumentsConsumer& consumer,
                              const uint64_t* arguments, uint32_t cpu) {
  RunUnlessActive(*consumer.program(), const_cast<uint64_t*>(arguments), cpu,
                  consumer.origin());
}

/// The CPU's section is open.
[[gnu::always_inline]] inline void TellAll(Tracepoint& tracepoint,
                                           const uint64_t* arguments,
                                           const EventPlace& place) {
  const uint32_t cpu = place.cpu;
  // Pairs with the release in SetConsumers.
  const Told told(tracepoint.consumers.Load(kAcquire));
  if (told.is_program()) {
    RunOne(*told.program(), arguments, cpu);
    return;
  }
  if (told.is_nobody()) {
    return;
  }
  TracepointConsumers::Firsts* raw = told.many()->firsts();
  for (; ArgumentsConsumer* const consumer = raw->Load(kRelaxed); ++raw) {
    if (consumer->program() != nullptr) {
      RunOne(*consumer, arguments, cpu);
    } else {
      TellArguments(tracepoint, *consumer, arguments, place);
    }
  }
  TracepointConsumers::Seconds* const records =
      TracepointConsumers::BehindFirsts(raw);
  if (const RecordConsumer* const first = records[0].Load(kRelaxed)) {
    TraceWriter* const writer = first->writer();
    if (writer != nullptr && records[1].Load(kRelaxed) == nullptr &&
        tracepoint.info->text_size == nullptr) {
      TellTrace(tracepoint, *writer, arguments, cpu);
    } else {
      TellRecords(tracepoint, records, arguments, place);
    }
  }
}

/// Preemption is off.
[[gnu::always_inline]] inline void TellMany(Tracepoint& tracepoint,
                                            const uint64_t* arguments,
                                            const EventPlace& place) {
  CpuSection& section = cpus->Of(place.cpu).section;
  const bool is_outermost = !section.is_open();
  if (is_outermost) {
    section.Open();
  }
  TellAll(tracepoint, arguments, place);
  if (is_outermost) {
    section.Close();
  }
}

/// As Fire, wherever it is and whatever the port says. `frame`: of what the
/// place called.
[[gnu::noinline]] void FireAnyhow(Tracepoint& tracepoint,
                                  const uint64_t* arguments, uint64_t frame) {
  if (Told(tracepoint.consumers.Load(kRelaxed)).is_nobody()) {
    return;  // the text could not be changed back, perhaps before the end
  }
  const StayOnCpu stay;
  TellMany(tracepoint, arguments, {ThisCpu(), nullptr, frame});
}

/// As Fire, where one consumer of records is all that there is, mostly a trace,
/// and no tracepoint is passed on this CPU.
template <typename Facts>
[[gnu::always_inline]] inline void FireRecord(Tracepoint& tracepoint,
                                              const uint64_t* arguments,
                                              uint64_t frame) {
  {
    const BasicStayOnCpu<Facts> stay;
    const uint32_t cpu = ThisCpu<Facts>();
    TracepointCpu& mine = cpus->Of(cpu);
    if (__builtin_expect(!mine.section.is_open(), 1)) {
      mine.section.Open();
      // Pairs with the release in SetConsumers.
      const Told told(tracepoint.consumers.Load(kAcquire));
      const bool is_plain = told.is_plain_record();
      if (__builtin_expect(is_plain, 1)) {
        // Nobody is told outside of the section.
        const FirstTelling telling(mine);
        const TracepointInfo& info = *tracepoint.info;
        const size_t size = info.record_size;
        const CpuContext where = {cpu, ContextOf(stay, cpu)};
        RecordConsumer& consumer = *told.records()->Load(kRelaxed);
        if (TraceWriter* const writer = consumer.writer()) {
          writer->Write(tracepoint.id, size, where, [&](void* record) {
            info.fill(record, size, arguments);
          });
        } else if (const EventFilter* const filter = consumer.filter()) {
          WriteWanted(*consumer.filtering_writer(), *filter, tracepoint, size,
                      arguments, where);
        } else {
          consumer.Tell(tracepoint, arguments, size, where, frame);
        }
      } else if (told.is_record()) {
        TellRecords(tracepoint, told.records(), arguments,
                    {cpu, nullptr, frame});
      }
      mine.section.Close();
      if (__builtin_expect(is_plain, 1) || told.is_record()) {
        return;
      }
    }
  }
  FireAnyhow(tracepoint, arguments, frame);
}

/// The same as a function of its own.
template <typename Facts>
[[gnu::noinline]] void FireRecordFrom(Tracepoint& tracepoint,
                                      const uint64_t* arguments,
                                      uint64_t frame) {
  FireRecord<Facts>(tracepoint, arguments, frame);
}

/// Where a program is all that there is, nobody wants times, and none runs on
/// this CPU, which is known, runs it; else false. Preemption is off, the port's
/// facts the usual.
[[gnu::always_inline]] inline bool TellOnlyProgram(const Tracepoint& tracepoint,
                                                   const uint64_t* arguments) {
  // Each branch costs where the CPU is emulated: so it is tried as if the CPU
  // were known, and that asked for together with the rest.
  const KnownCpus::Guess cpu = known_cpus.GuessOf(machine::ThisCpuRegister());
  RunLevels& levels = run_levels->Of(cpu.number);
  const uint64_t mark = levels.section.mark();
  if (__builtin_expect((cpu.difference | CpuSection::DepthOf(mark) |
                        RunTimes::living()) != 0,
                       0)) {
    return false;
  }
  // The program's run is its reader's section, too.
  levels.section.Enter(mark);
  // As (C2) of core/sync/read_section.h.
  ThreadFence(kSeqCst);
  // Pairs with the release in SetConsumers.
  const Told told(tracepoint.consumers.Load(kAcquire));
  if (__builtin_expect(told.is_program(), 1)) {
    const ArgumentsConsumer& consumer = *told.program();
    RunGuarded(levels, 0, cpu.number, *consumer.program(),
               const_cast<uint64_t*>(arguments), consumer.origin(), false);
  }
  levels.LeaveFirst();
  return told.is_program();
}

/// As Fire, where a program is all that there is.
[[gnu::always_inline]] inline void FireProgram(Tracepoint& tracepoint,
                                               const uint64_t* arguments,
                                               uint64_t frame) {
  {
    const BasicStayOnCpu<UsualFacts> stay;
    if (__builtin_expect(TellOnlyProgram(tracepoint, arguments), 1)) {
      return;
    }
  }
  FireAnyhow(tracepoint, arguments, frame);
}

/// Part of what the place calls. `frame`: of that.
[[gnu::always_inline]] inline void Fire(Tracepoint& tracepoint,
                                        const uint64_t* arguments,
                                        uint64_t frame) {
  const Told told(tracepoint.consumers.Load(kRelaxed));
  const bool is_usual = IsUsualPort();
  if (told.is_record()) {
    if (is_usual) {
      FireRecordFrom<UsualFacts>(tracepoint, arguments, frame);
    } else {
      FireRecordFrom<PortFacts>(tracepoint, arguments, frame);
    }
  } else if (told.is_program() && is_usual) {
    FireProgram(tracepoint, arguments, frame);
  } else {
    FireAnyhow(tracepoint, arguments, frame);
  }
}

[[gnu::always_inline]] inline uint64_t ThisFrame() {
  return reinterpret_cast<uint64_t>(__builtin_frame_address(0));
}

// The ways of places. Each is one function with all of its way's parts, and
// what it must save of its callers' registers it saves once.

EBPF_BEHIND_BRANCHES void FireProgramWords(Tracepoint* tracepoint, uint64_t a,
                                           uint64_t b, uint64_t c, uint64_t d,
                                           uint64_t e) {
  const uint64_t arguments[] = {a, b, c, d, e};
  FireProgram(*tracepoint, arguments, ThisFrame());
}

EBPF_BEHIND_BRANCHES void FireRecordWords(Tracepoint* tracepoint, uint64_t a,
                                          uint64_t b, uint64_t c, uint64_t d,
                                          uint64_t e) {
  const uint64_t arguments[] = {a, b, c, d, e};
  FireRecord<UsualFacts>(*tracepoint, arguments, ThisFrame());
}

Status TracepointEvent::AddConsumer(RecordConsumer& consumer) {
  return Add(tracepoint_, nullptr, &consumer);
}

void TracepointEvent::RemoveConsumer(RecordConsumer& consumer) {
  Remove(tracepoint_, nullptr, &consumer);
}

}  // namespace

void RecordConsumer::TellInSteps(const Tracepoint& tracepoint,
                                 const uint64_t* arguments, size_t size,
                                 CpuContext where, uint64_t frame) {
  const EventPlace place = {where.cpu, nullptr, frame};
  void* const record = Reserve(size, place);
  if (record == nullptr) {
    return;
  }
  *static_cast<EventHeader*>(record) =
      MakeEventHeader(tracepoint.id, where.context);
  tracepoint.info->fill(record, size, arguments);
  Commit(record, size, place);
}

extern "C" void ebpf_tracepoint_fire(Tracepoint* tracepoint,
                                     const uint64_t* arguments) {
  Fire(*tracepoint, arguments, ThisFrame());
}

EBPF_BEHIND_BRANCHES void FireWords(Tracepoint* tracepoint, uint64_t a,
                                    uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e) {
  const uint64_t arguments[] = {a, b, c, d, e};
  static_assert(sizeof(arguments) == kMaxFiredWords * sizeof(uint64_t));
  Fire(*tracepoint, arguments, ThisFrame());
}

Status AddArgumentsConsumer(Tracepoint& tracepoint,
                            ArgumentsConsumer& consumer) {
  return Add(tracepoint, &consumer, nullptr);
}

void RemoveArgumentsConsumer(Tracepoint& tracepoint,
                             ArgumentsConsumer& consumer) {
  Remove(tracepoint, &consumer, nullptr);
}

Status AddPlaces(TracepointPlaces& places) {
  const MutexGuard guard(mutex);
  if (PlacesOf(places.tracepoint) != nullptr) {
    return Status::kExists;
  }
  if (places.tracepoint.users != 0) {
    EBPF_TRY(places.Open());
  }
  places.next = all_places;
  all_places = &places;
  return Status::kOk;
}

void RemovePlaces(TracepointPlaces& places) {
  const MutexGuard guard(mutex);
  TracepointPlaces** link = &all_places;
  while (*link != nullptr && *link != &places) {
    link = &(*link)->next;
  }
  if (*link == nullptr) {
    return;
  }
  *link = places.next;
  if (places.tracepoint.users != 0) {
    places.Close();
  }
}

Tracepoint* FindTracepoint(StringView name) {
  for (Tracepoint* tracepoint : DeclaredTracepoints()) {
    // What is of ftrace are records that it makes itself, as in Linux.
    if (tracepoint != nullptr && tracepoint->id != 0 &&
        tracepoint->info->name == name &&
        !(tracepoint->info->system == StringView("ftrace"))) {
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
