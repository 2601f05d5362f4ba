// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/syscall_events.h's implementation.
#include "core/tracepoints/events/syscall_events.h"

#include "core/base/construct.h"
#include "core/base/memory.h"
#include "core/base/thread_annotations.h"
#include "core/platform/task.h"
#include "core/sync/mutex.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/consumer_lists.h"
#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/events/syscall_table.h"
#include "core/tracepoints/trace_instance.h"

namespace ebpf {
namespace {

/// Above all numbers.
constexpr size_t kNumberEnd = 512;

/// The second list is empty.
using Consumers = ConsumerLists<RecordConsumer, RecordConsumer, &record_nobody>;

constinit Mutex mutex;

/// What a record of either kind begins with.
struct Head {
  EventHeader header;
  int32_t number;
  uint32_t padding;
};
static_assert(offsetof(Head, number) == kSyscallNumberOffset &&
              sizeof(Head) == kSyscallArgumentsOffset);

struct Family;

class SyscallEvent final : public TraceEvent {
 public:
  SyscallEvent(Family& family, const SyscallInfo& info, bool is_exit)
      : family_(family), info_(info), is_exit_(is_exit) {}
  ~SyscallEvent() = default;

  StringView system() const override { return "syscalls"; }
  StringView name() const override {
    return is_exit_ ? info_.exit_name : info_.enter_name;
  }
  Span<const EventField> fields() const override {
    return is_exit_ ? SyscallExitFields() : info_.enter_fields;
  }
  StringView print_format() const override {
    return is_exit_ ? SyscallExitFormat() : info_.enter_format;
  }
  bool PutOwnText(TextWriter& writer, ConstBytes record) const override;
  Status AddConsumer(RecordConsumer& consumer) override;
  void RemoveConsumer(RecordConsumer& consumer) override;
  void Hold() override;
  void Release() override;

  /// `values`: the arguments, or the result. In a read section. Context: any.
  void Tell(int32_t number, const uint64_t* values, const EventPlace& place);

 private:
  Family& family_;
  const SyscallInfo& info_;
  const bool is_exit_;
  Atomic<Consumers*> consumers_{nullptr};
};

/// Gets each call where any event of its kind is wanted.
class Dispatcher final : public ArgumentsConsumer {
 public:
  constexpr explicit Dispatcher(bool is_exit) : is_exit_(is_exit) {}

  void Fired(const uint64_t* arguments, const EventPlace& place) override;

  /// For one event more that is wanted, or less.
  Status Join() EBPF_REQUIRES(mutex);
  void Leave() EBPF_REQUIRES(mutex);

 private:
  const bool is_exit_;
  uint32_t users_ EBPF_GUARDED_BY(mutex) = 0;
};

/// All events and who finds them.
struct Family {
  /// One user less; the last one frees it. Context: task.
  void Put();

  Allocator* memory;
  SyscallEvent* events;  // two for each call, that of its entry first
  size_t count;
  /// Who holds an event, and 1 until ExitSyscallEvents.
  Atomic<uint32_t> users;
  SyscallEvent* entries[kNumberEnd];  // by number; that of its exit is next
};

/// Released when it is complete; written under `mutex`.
constinit Atomic<Family*> family{nullptr};
constinit Dispatcher on_entry(/*is_exit=*/false);
constinit Dispatcher on_exit(/*is_exit=*/true);

void Dispatcher::Fired(const uint64_t* arguments, const EventPlace& place) {
  // Pairs with InitSyscallEvents' release.
  const Family* const all = family.Load(kAcquire);
  const uint64_t number = arguments[is_exit_ ? 2 : 1];
  if (all == nullptr || number >= kNumberEnd ||
      all->entries[number] == nullptr) {
    return;
  }
  SyscallEvent* const event = all->entries[number] + (is_exit_ ? 1 : 0);
  // As in Linux, samples tell of the caller.
  const EventPlace call = {
      place.cpu, reinterpret_cast<const machine::PtRegs*>(arguments[0]),
      place.frame};
  event->Tell(static_cast<int32_t>(number),
              is_exit_ ? &arguments[1]
                       : reinterpret_cast<const uint64_t*>(arguments[2]),
              call);
}

Status Dispatcher::Join() {
  if (users_ == 0) {
    EBPF_TRY(AddArgumentsConsumer(is_exit_ ? RawSyscallsSysExit::tracepoint
                                           : RawSyscallsSysEnter::tracepoint,
                                  *this));
  }
  ++users_;
  return Status::kOk;
}

void Dispatcher::Leave() {
  if (--users_ == 0) {
    RemoveArgumentsConsumer(is_exit_ ? RawSyscallsSysExit::tracepoint
                                     : RawSyscallsSysEnter::tracepoint,
                            *this);
  }
}

void SyscallEvent::Tell(int32_t number, const uint64_t* values,
                        const EventPlace& place) {
  // Pairs with AddConsumer's release.
  Consumers* const consumers = consumers_.Load(kAcquire);
  if (consumers == nullptr) {
    return;
  }
  const size_t value_size =
      sizeof(uint64_t) * (is_exit_ ? 1 : info_.argument_count);
  const size_t size = sizeof(Head) + value_size;
  auto* list = consumers->firsts();
  for (; RecordConsumer* const consumer = list->Load(kRelaxed); ++list) {
    void* const record = consumer->Reserve(size, place);
    if (record == nullptr) {
      continue;
    }
    auto* const head = static_cast<Head*>(record);
    *head = {MakeEventHeader(id(), place.cpu), number, 0};
    CopyBytes(head + 1, values, value_size);
    consumer->Commit(record, size, place);
  }
}

/// "sys_close(fd: 3)", "sys_close -> 0x0".
bool SyscallEvent::PutOwnText(TextWriter& writer, ConstBytes record) const {
  constexpr size_t kPrefixSize = sizeof("sys_enter_") - 1;
  const size_t value_count = is_exit_ ? 1 : info_.argument_count;
  if (record.size() < sizeof(Head) + value_count * sizeof(uint64_t)) {
    return false;
  }
  const auto value_at = [&record](size_t i) {
    return LoadUnaligned<uint64_t>(record.data() + sizeof(Head) +
                                   i * sizeof(uint64_t));
  };
  writer.Put("sys_").Put(info_.enter_name.Substring(kPrefixSize));
  if (is_exit_) {
    writer.Put(" -> 0x").PutHex(value_at(0));
    return true;
  }
  writer.Put("(");
  for (size_t i = 0; i < value_count; ++i) {
    const uint64_t value = value_at(i);
    // The first field is the call's number.
    writer.Put(i == 0 ? "" : ", ").Put(info_.enter_fields[i + 1].name);
    writer.Put(value < 10 ? ": " : ": 0x").PutHex(value);
  }
  writer.Put(")");
  return true;
}

Status SyscallEvent::AddConsumer(RecordConsumer& consumer) {
  const MutexGuard guard(mutex);
  Family* const all = family.Load(kRelaxed);
  if (all != &family_) {
    return Status::kNotFound;  // it was taken away
  }
  Consumers* const old = consumers_.Load(kRelaxed);
  RecordConsumer* const one = &consumer;
  Consumers* const made = Consumers::WithMore(old, {&one, 1}, {}, *all->memory);
  if (made == nullptr) {
    return Status::kNoMemory;
  }
  // Releases what is in it: pairs with the acquire in Tell.
  consumers_.Store(made, kRelease);
  const Status status = (is_exit_ ? on_exit : on_entry).Join();
  Consumers* gone = old;
  if (!IsOk(status)) {
    consumers_.Store(old, kRelease);
    gone = made;
  }
  if (gone != nullptr) {
    WaitForReaders();
    gone->Free(*all->memory);
  }
  return status;
}

void SyscallEvent::RemoveConsumer(RecordConsumer& consumer) {
  const MutexGuard guard(mutex);
  Consumers* const consumers = consumers_.Load(kRelaxed);
  if (consumers == nullptr || !consumers->TakeFirstOut(consumer)) {
    return;
  }
  const bool was_last = consumers->is_nobody();
  (is_exit_ ? on_exit : on_entry).Leave();
  if (was_last) {
    consumers_.Store(nullptr, kRelaxed);
  }
  WaitForReaders();
  if (was_last) {
    consumers->Free(*family_.memory);
  }
}

void SyscallEvent::Hold() { family_.users.FetchAdd(1, kRelaxed); }
void SyscallEvent::Release() { family_.Put(); }

int16_t NumberOf(const SyscallInfo& info, SyscallNumbers numbers) {
  return numbers == SyscallNumbers::kX86_64 ? info.x86_64 : info.generic;
}

size_t CountCalls(SyscallNumbers numbers) {
  size_t count = 0;
  for (const SyscallInfo& info : SyscallTable()) {
    count += NumberOf(info, numbers) >= 0;
  }
  return count;
}

void Family::Put() {
  // Releases what was done with the events, and acquires what others did.
  if (users.FetchSub(1, kAcqRel) != 1) {
    return;
  }
  Allocator& allocator = *memory;
  allocator.Free(events, count * sizeof(SyscallEvent), alignof(SyscallEvent));
  allocator.Free(this, sizeof(Family), alignof(Family));
}

}  // namespace

Status InitSyscallEvents(Allocator& allocator, SyscallNumbers numbers) {
  const MutexGuard guard(mutex);
  if (family.Load(kRelaxed) != nullptr) {
    return Status::kExists;
  }
  const size_t count = 2 * CountCalls(numbers);
  auto* const all =
      static_cast<Family*>(allocator.Allocate(sizeof(Family), alignof(Family)));
  if (all == nullptr) {
    return Status::kNoMemory;
  }
  auto* const events = static_cast<SyscallEvent*>(
      allocator.Allocate(count * sizeof(SyscallEvent), alignof(SyscallEvent)));
  if (events == nullptr) {
    allocator.Free(all, sizeof(Family), alignof(Family));
    return Status::kNoMemory;
  }
  FillBytes(all, 0, sizeof(*all));
  all->memory = &allocator;
  all->events = events;
  all->count = count;
  all->users.Store(1, kRelaxed);
  SyscallEvent* next = events;
  for (const SyscallInfo& info : SyscallTable()) {
    const int16_t number = NumberOf(info, numbers);
    if (number < 0) {
      continue;
    }
    all->entries[number] = next;
    for (int is_exit = 0; is_exit < 2; ++is_exit) {
      TraceEvent& event =
          *ConstructAt<SyscallEvent>(next++, *all, info, is_exit != 0);
      // There may be no ids left; or one of that name: then it is not found.
      (void)TraceEvents::Add(event);
    }
  }
  family.Store(all, kRelease);  // pairs with Dispatcher::Fired's acquire
  return Status::kOk;
}

void ExitSyscallEvents() {
  Family* const all = family.Load(kRelaxed);
  if (all == nullptr) {
    return;
  }
  TraceInstance* const trace = GlobalTrace();
  for (size_t i = 0; i < all->count; ++i) {
    SyscallEvent& event = all->events[i];
    if (event.id() == 0) {
      continue;
    }
    TraceEvents::Remove(event);
    if (trace != nullptr) {
      (void)trace->Switch(event, false);  // cannot fail
      trace->Forget(event);
    }
  }
  if (trace != nullptr) {
    // Their ids may become others', who would be taken for them.
    trace->buffer().Clear(kAllCpus);
  }
  {
    const MutexGuard guard(mutex);
    family.Store(nullptr, kRelaxed);
  }
  // A dispatcher may be telling, for a perf event that has one still.
  WaitForReaders();
  all->Put();
}

}  // namespace ebpf
