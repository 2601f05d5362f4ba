// SPDX-License-Identifier: MIT
//
// core/perf/traced_event.h's implementation.
#include "core/perf/traced_event.h"

#include "core/base/memory.h"
#include "core/linux_abi/perf_event.h"
#include "core/machine/function_entry.h"
#include "core/perf/tracepoint_event.h"
#include "core/platform/cpu.h"
#include "core/platform/frame_walk.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/tracepoint.h"

namespace ebpf {
namespace {

constinit Mutex all_mutex;
constinit TracedEvent* all EBPF_GUARDED_BY(all_mutex) = nullptr;

/// What follows `place`, or is first. Pairs with the releases of Append.
template <typename T>
T* Load(const Atomic<T*>& place) {
  return place.Load(kAcquire);
}

template <typename T>
void Append(Atomic<T*>& first, T& object) {
  Atomic<T*>* last = &first;
  while (T* const next = last->Load(kRelaxed)) {
    last = &next->next;
  }
  object.next.Store(nullptr, kRelaxed);
  last->Store(&object, kRelease);  // and what the object is
}

/// Who is at the object still finds what follows, until a grace period ends.
template <typename T>
void Unlink(Atomic<T*>& first, T& object) {
  Atomic<T*>* link = &first;
  while (link->Load(kRelaxed) != &object) {
    link = &link->Load(kRelaxed)->next;
  }
  link->Store(object.next.Load(kRelaxed), kRelease);
}

/// As Linux makes them up at a tracepoint: of the place, its pc and its frame.
/// Null: nobody knows. The caller was told of a tracepoint's record.
const machine::PtRegs* DescribePlace(uint64_t frame, SampleMemory& memory) {
  uint64_t pc;
  uint64_t caller;
  if (!ReadFrameWord(frame, machine::kStackFrames.return_address, pc) ||
      !ReadFrameWord(frame, machine::kStackFrames.caller_frame, caller)) {
    return nullptr;
  }
  // Zeros from the beginning, but for what is written each time.
  auto& regs = *reinterpret_cast<machine::PtRegs*>(memory.registers);
  machine::DescribeCaller(regs, pc, caller);
  return &regs;
}

/// Of what a record tells.
class Registers final : public RegisterSource {
 public:
  Registers(SampleMemory& memory, const EventPlace& place)
      : memory_(memory), regs_(place.regs), frame_(place.frame) {}
  ~Registers() = default;

  const machine::PtRegs* Find() override {
    if (frame_ != 0) {
      regs_ = DescribePlace(frame_, memory_);
      frame_ = 0;
    }
    return regs_;
  }

 private:
  SampleMemory& memory_;
  const machine::PtRegs* regs_;
  uint64_t frame_;  // 0: `regs_` is what is known
};

}  // namespace

Result<TracedEvent*> TracedEvent::Make(TraceEventRef event,
                                       Allocator& allocator) {
  TracedEvent* const made =
      EBPF_TRY(allocator.New<TracedEvent>(Move(event), allocator));
  const Result<Span<Counters>> lists = allocator.NewArray<Counters>(
      kTaskLists + 2 * size_t{ebpf_port_cpu_count()});
  if (!lists.ok()) {
    allocator.Delete(made);
    return lists.status();
  }
  made->counters_ = *lists;
  return made;
}

Result<TracedEvent*> TracedEvent::Get(uint64_t id, Allocator& allocator) {
  TraceEventRef event;
  if (id <= UINT16_MAX) {
    event = TraceEvents::FindById(static_cast<uint32_t>(id));
  }
  if (!event) {
    return Status::kInvalid;
  }
  const MutexGuard guard(all_mutex);
  for (TracedEvent* traced = all; traced != nullptr; traced = traced->next_) {
    if (traced->event_.get() == event.get()) {
      ++traced->users_;
      return traced;
    }
  }
  TraceEvent& used = *event;
  if (!TraceEvents::Use(used)) {
    return Status::kInvalid;  // it is going
  }
  const Result<TracedEvent*> made = Make(Move(event), allocator);
  if (!made.ok()) {
    TraceEvents::Unuse(used);
    return made.status();
  }
  TracedEvent* const traced = *made;
  traced->next_ = all;
  all = traced;
  return traced;
}

void TracedEvent::Put() {
  {
    const MutexGuard guard(all_mutex);
    if (--users_ != 0) {
      return;
    }
    TracedEvent** link = &all;
    while (*link != this) {
      link = &(*link)->next_;
    }
    *link = next_;
  }
  TraceEvents::Unuse(*event_);
  allocator_.Delete(this);
}

uint32_t TracedEvent::fields_end() const {
  uint32_t end = sizeof(EventHeader);
  for (const EventField& field : event_->fields()) {
    end = Max(end, uint32_t{field.offset} + field.size);
  }
  return end;
}

Status TracedEvent::AddUse() {
  if (uses_ == 0) {
    EBPF_TRY(event_->AddConsumer(*this));
  }
  ++uses_;
  return Status::kOk;
}

/// Afterwards nobody is at what was unlinked.
void TracedEvent::RemoveUse() {
  if (--uses_ == 0) {
    event_->RemoveConsumer(*this);
  }
  WaitForReaders();
}

Status TracedEvent::AddProgram(TracedProgram& place) {
  const MutexGuard guard(mutex_);
  uint32_t count = 0;
  for (const TracedProgram* other = Load(programs_); other != nullptr;
       other = Load(other->next)) {
    ++count;
    if (other->program == place.program) {
      return Status::kExists;
    }
  }
  if (count >= linux_abi::kMaxTracePrograms) {
    return Status::kTooBig;
  }
  EBPF_TRY(AddUse());
  Append(programs_, place);
  FindAlone();
  return Status::kOk;
}

void TracedEvent::RemoveProgram(TracedProgram& place) {
  const MutexGuard guard(mutex_);
  Unlink(programs_, place);
  FindAlone();
  RemoveUse();
}

uint32_t TracedEvent::ListPrograms(Span<uint32_t> ids) const {
  const MutexGuard guard(mutex_);
  uint32_t count = 0;
  for (const TracedProgram* place = Load(programs_); place != nullptr;
       place = Load(place->next)) {
    if (count < ids.size()) {
      ids[count] = place->program->id();
    }
    ++count;
  }
  return count;
}

TracedEvent::Counters& TracedEvent::ListOf(
    const TracepointEvent& counter) const {
  const EventScope& whose = counter.whose();
  return whose.pid >= 0 ? OfTask(whose.pid)
                        : OfCpu(static_cast<uint32_t>(whose.cpu));
}

void TracedEvent::FindAlone() {
  const bool has_programs = Load(programs_) != nullptr;
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    TracepointEvent* const first = Load(OfCpu(cpu));
    const bool is_alone =
        !has_programs && first != nullptr && Load(first->next) == nullptr;
    // Pairs with the acquire in Tell.
    AloneOn(cpu).Store(is_alone ? first : nullptr, kRelease);
  }
}

Status TracedEvent::AddCounter(TracepointEvent& counter) {
  const MutexGuard guard(mutex_);
  EBPF_TRY(AddUse());
  Append(ListOf(counter), counter);
  FindAlone();
  task_counters_.FetchAdd(counter.whose().pid >= 0, kRelaxed);
  return Status::kOk;
}

void TracedEvent::RemoveCounter(TracepointEvent& counter) {
  const MutexGuard guard(mutex_);
  task_counters_.FetchSub(counter.whose().pid >= 0, kRelaxed);
  Unlink(ListOf(counter), counter);
  FindAlone();
  RemoveUse();
}

inline bool TracedEvent::IsWanted(uint32_t cpu) const {
  if (Load(programs_) != nullptr && !is_probe_) {
    return true;
  }
  // Whose it is that runs nobody asks before there is a record.
  if (task_counters_.Load(kRelaxed) != 0) {
    return true;
  }
  for (const TracepointEvent* counter = Load(OfCpu(cpu)); counter != nullptr;
       counter = Load(counter->next)) {
    if (counter->IsInterested()) {
      return true;
    }
  }
  return false;
}

void* TracedEvent::Reserve(size_t size, const EventPlace& place) {
  if (!IsWanted(place.cpu)) {
    return nullptr;
  }
  SampleMemory* const memory = size <= SampleMemory::kRecordSize
                                   ? SampleMemory::Enter(place.cpu)
                                   : nullptr;
  if (memory == nullptr) {
    missed_.FetchAdd(1, kRelaxed);
    return nullptr;
  }
  return memory->record;
}

/// Whether it goes on: as in Linux, the results' lowest bits are what counts,
/// of all programs.
inline bool TracedEvent::RunOnRecord(SampleMemory& memory,
                                     RegisterSource& registers) const {
  const TracedProgram* place = Load(programs_);
  if (place == nullptr || is_probe_) {
    return true;
  }
  void* const record = memory.record;
  const auto header = LoadUnaligned<EventHeader>(record);
  StoreUnaligned(record, TraceContext{&registers});
  uint64_t result = 1;
  for (; place != nullptr; place = Load(place->next)) {
    result &= place->program->RunUnlessNested(record, place->origin);
  }
  StoreUnaligned(record, header);
  return result != 0;
}

/// As Linux on a kprobe's event: programs find registers, before there is a
/// record; and one that makes the function return keeps the hit from perf.
bool TracedEvent::RunPrograms(machine::PtRegs& regs, const HitPlace& place) {
  const uint64_t pc = machine::PcIn(regs);
  uint64_t result = 1;
  for (const TracedProgram* one = Load(programs_); one != nullptr;
       one = Load(one->next)) {
    RunOrigin origin = one->origin;
    origin.function = place.function;
    origin.is_return = place.is_return;
    result &= one->program->RunUnlessNested(&regs, origin);
  }
  return result != 0 && machine::PcIn(regs) == pc;
}

/// Of the task that has made the record.
[[gnu::noinline]] void TracedEvent::RecordForTask(const EventPlace& place,
                                                  ConstBytes record,
                                                  RegisterSource& registers,
                                                  SampleMemory& memory) const {
  const int32_t pid = reinterpret_cast<const EventHeader*>(record.data())->pid;
  for (TracepointEvent* counter = Load(OfTask(pid)); counter != nullptr;
       counter = Load(counter->next)) {
    const EventScope& whose = counter->whose();
    if (whose.IsOf(pid) && whose.IsOn(place.cpu)) {
      counter->Record(record, place, registers, memory);
    }
  }
}

/// Of the task that runs, where `record` is not in memory for that.
[[gnu::noinline]] void TracedEvent::TellTask(const uint64_t* record,
                                             size_t size,
                                             const EventPlace& place) {
  const int32_t pid = reinterpret_cast<const EventHeader*>(record)->pid;
  const TracepointEvent* counter = Load(OfTask(pid));
  while (counter != nullptr &&
         !(counter->whose().IsOf(pid) && counter->whose().IsOn(place.cpu))) {
    counter = Load(counter->next);
  }
  if (counter == nullptr) {
    return;
  }
  SampleMemory* const memory = SampleMemory::Enter(place.cpu);
  if (memory == nullptr) {
    missed_.FetchAdd(1, kRelaxed);
    return;
  }
  CopyBytes(memory->record, record, size);
  Registers registers(*memory, place);
  RecordForTask(place, ConstBytes(memory->record, size), registers, *memory);
  memory->Leave();
}

/// What most events come to is done here, without a call but to the port and to
/// who fills the record: one event of this CPU that samples all of its records.
void TracedEvent::Tell(const Tracepoint& tracepoint, const uint64_t* arguments,
                       size_t size, CpuContext where, uint64_t frame) {
  const uint32_t cpu = where.cpu;
  // Pairs with the release in FindAlone.
  TracepointEvent* const alone = AloneOn(cpu).Load(kAcquire);
  PerfRing* const ring = alone == nullptr ? nullptr : alone->easy_ring();
  // Larger ones are made where there is room for any.
  uint64_t record[16];
  if (__builtin_expect(ring != nullptr, 1) &&
      __builtin_expect(size <= sizeof(record), 1)) {
    const EventHeader header = MakeEventHeader(tracepoint.id, where.context);
    __builtin_memcpy(record, &header, sizeof(header));
    tracepoint.info->fill(record, size, arguments);
    if (__builtin_expect(alone->TakeEasySample(*ring, record, size, cpu), 1)) {
      if (__builtin_expect(task_counters_.Load(kRelaxed) != 0, 0)) {
        TellTask(record, size, {cpu, nullptr, frame});
      }
      return;
    }
  }
  TellInSteps(tracepoint, arguments, size, where, frame);
}

void TracedEvent::Commit(void* record, size_t size, const EventPlace& place) {
  // It is the first thing there.
  auto& memory = *static_cast<SampleMemory*>(record);
  Registers registers(memory, place);
  if (RunOnRecord(memory, registers)) {
    const ConstBytes bytes(memory.record, size);
    for (TracepointEvent* counter = Load(OfCpu(place.cpu)); counter != nullptr;
         counter = Load(counter->next)) {
      counter->Record(bytes, place, registers, memory);
    }
    if (task_counters_.Load(kRelaxed) != 0) {
      RecordForTask(place, bytes, registers, memory);
    }
  }
  memory.Leave();
}

}  // namespace ebpf
