// SPDX-License-Identifier: MIT
//
// Those who want what tracepoints tell come and go while every CPU passes the
// places with interrupts on. One of each kind stays all the time: what it was
// told and what it missed must be, together, what the passing code has counted.
#include "core/base/static_storage.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/balance.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/storm/cycles.h"
#include "testing/guest/trace_storm/watcher.h"

namespace guest::trace_storm {
namespace {

using storm::kCycles;

/// How long a cycle waits for a hit on each CPU.
constexpr uint64_t kPatience = 1'000'000'000;  // ns
/// How often it is tried to change the text while a CPU does not come.
constexpr uint32_t kMaxBusy = 20;

constexpr uint32_t kKinds = 5;
enum Kind : uint32_t { kRecords, kProgram, kRaw, kSamples, kKey };

/// One of each kind at a place.
class Watchers {
 public:
  Watchers(Place place, ebpf_client* client)
      : records_(place),
        program_(place, false),
        raw_(place, true),
        samples_(place, client),
        key_(place) {}

  Watcher& of(uint32_t kind) {
    Watcher* const all[kKinds] = {&records_, &program_, &raw_, &samples_,
                                  &key_};
    return *all[kind];
  }

 private:
  RecordWatcher records_;
  ProgramWatcher program_;
  ProgramWatcher raw_;
  SampleWatcher samples_;
  KeyWatcher key_;
};

/// Again while the text could not be changed: a CPU of the guest may not come
/// to a rendezvous for a second, where the host lets it wait.
bool AttachInTime(Watcher& watcher, uint32_t* busy) {
  ebpf::Status status = watcher.Attach();
  for (uint32_t i = 0; status == ebpf::Status::kBusy && i < kMaxBusy; ++i) {
    ++*busy;
    status = watcher.Attach();
  }
  if (!IsOk(status)) {
    Line() << watcher.name() << ": error "
           << static_cast<uint64_t>(static_cast<int>(status));
  }
  return IsOk(status);
}

/// All that watch, and what they may count.
class Scene {
 public:
  explicit Scene(ebpf_client* client)
      : staying_(Place::kShared, client),
        guests_(Place::kShared, client),
        alone_(Place::kAlone, client) {}

  void Run(uint32_t kind);
  /// Each kind has come and gone.
  bool ComeAndGo();

 private:
  /// What a watcher of those that come and go had counted when it came.
  struct Visit {
    explicit Visit(Watcher& watcher) : who(watcher), sum(watcher.Sum()) {
      for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
        before[cpu] = watcher.Hits(cpu);
        passes += PassesOf(watcher.place(), cpu);
      }
    }
    bool IsEverywhere() { return who.OnEveryCpu(before); }
    bool IsMoreThanPassed() {
      uint64_t now = 0;
      for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
        now += PassesOf(who.place(), cpu);
      }
      // Counted before, and told of then.
      return who.Sum() - sum > now - passes + CallsInBetween(kPassersPerCpu);
    }

    Watcher& who;
    uint64_t sum;
    uint64_t before[kMaxCpus] = {};
    uint64_t passes = 0;
  };

  bool Cycle(Watcher& alone, Watcher& guest);
  bool AttachStaying();
  void DrainStaying() { staying_.of(kSamples).Drain(); }
  void CheckStaying();
  void Report(const char* name, uint32_t count, uint64_t elapsed);

  Watchers staying_;
  Watchers guests_;
  Watchers alone_;
  uint64_t passes_before_[kMaxCpus] = {};
  uint32_t with_hits_ = 0;
  uint32_t late_ = 0;   // with hits after the end
  uint32_t wrong_ = 0;  // with more hits than passes
  uint32_t busy_ = 0;   // attachments that had to be tried again
};

bool Scene::Cycle(Watcher& alone, Watcher& guest) {
  Visit first(alone);
  Visit second(guest);
  if (!AttachInTime(alone, &busy_) || !AttachInTime(guest, &busy_)) {
    return false;
  }
  const uint64_t end = machine::Nanoseconds() + kPatience;
  bool everywhere = false;
  while (!everywhere && machine::Nanoseconds() < end) {
    YieldOrWait();
    DrainStaying();
    everywhere = first.IsEverywhere() && second.IsEverywhere();
  }
  with_hits_ += everywhere ? 1 : 0;
  guest.Detach();
  alone.Detach();
  const uint64_t hits = alone.Sum();
  const uint64_t hits_of_guest = guest.Sum();
  Yield();
  late_ += alone.Sum() - hits > alone.Late() ? 1 : 0;
  late_ += guest.Sum() - hits_of_guest > guest.Late() ? 1 : 0;
  wrong_ += first.IsMoreThanPassed() || second.IsMoreThanPassed() ? 1 : 0;
  DrainStaying();
  return true;
}

bool Scene::AttachStaying() {
  bool attached = true;
  for (uint32_t kind = 0; kind < kKinds; ++kind) {
    attached = attached && AttachInTime(staying_.of(kind), &busy_);
  }
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    passes_before_[cpu] = PassesOf(Place::kShared, cpu);
  }
  return attached;
}

/// The passing has ended, and nobody stays any more.
void Scene::CheckStaying() {
  uint64_t passes = 0;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    GUEST_EXPECT(PassesOf(Place::kShared, cpu) > passes_before_[cpu]);
    passes += PassesOf(Place::kShared, cpu) - passes_before_[cpu];
  }
  constexpr uint64_t kNone[kMaxCpus] = {};
  for (uint32_t kind = 0; kind < kKinds; ++kind) {
    Watcher& watcher = staying_.of(kind);
    const uint64_t hits = watcher.Sum();
    const uint64_t missed = watcher.Missed();
    Line() << "  throughout, " << watcher.name() << ": " << hits << " hits, "
           << missed << " missed, " << passes << " passes";
    GUEST_EXPECT_EQ(hits + missed, passes);
    GUEST_EXPECT(watcher.OnEveryCpu(kNone));
    GUEST_EXPECT_EQ(watcher.Wrong(), 0);
    // A buffer may be full; nothing else may miss any.
    GUEST_EXPECT(kind == kSamples || missed == 0);
  }
}

void Scene::Report(const char* name, uint32_t count, uint64_t elapsed) {
  Line() << name << ": " << count << " cycles in " << elapsed / 1'000'000
         << " ms, " << with_hits_ << " with hits on each of " << OnlineCpus()
         << " CPUs, " << busy_ << " attached again";
  GUEST_EXPECT_EQ(count, kCycles);
  GUEST_EXPECT_EQ(late_, 0);
  GUEST_EXPECT_EQ(wrong_, 0);
  GUEST_EXPECT(with_hits_ >= kCycles - kCycles / 20);
}

void Scene::Run(uint32_t kind) {
  GUEST_ASSERT(AttachStaying());
  GUEST_ASSERT(StartPassing());
  Watcher& alone = alone_.of(kind);
  Watcher& guest = guests_.of(kind);
  uint32_t count = 0;
  const uint64_t begin = machine::Nanoseconds();
  while (count < kCycles && Cycle(alone, guest)) {
    ++count;
    if (count % 1000 == 0) {
      Line() << "  " << alone.name() << ": " << count << " cycles so far";
    }
  }
  const uint64_t elapsed = machine::Nanoseconds() - begin;
  StopPassing();
  for (uint32_t i = 0; i < kKinds; ++i) {
    staying_.of(i).Detach();
  }
  Report(alone.name(), count, elapsed);
  CheckStaying();
  GUEST_EXPECT_EQ(alone.Wrong(), 0);
  GUEST_EXPECT_EQ(guest.Wrong(), 0);
  if (kind != kSamples) {
    GUEST_EXPECT_EQ(alone.Missed() + guest.Missed(), 0);
  }
}

bool Scene::ComeAndGo() {
  bool attached = true;
  for (uint32_t kind = 0; kind < kKinds && attached; ++kind) {
    attached = AttachInTime(alone_.of(kind), &busy_);
    if (attached) {
      alone_.of(kind).Detach();
    }
  }
  return attached;
}

/// Calls `body` with a scene and a client that live as long.
template <typename Body>
void WithScene(Body body) {
  static constinit ebpf::StaticStorage<Scene> storage;
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  GUEST_ASSERT(client != nullptr);
  body(storage.Construct(client));
  storage.Destroy();
  ebpf_client_delete(client);
}

void Storm(uint32_t kind) {
  WithBalance(
      [] { WithScene([](Scene& scene) { GUEST_ASSERT(scene.ComeAndGo()); }); },
      [kind] { WithScene([kind](Scene& scene) { scene.Run(kind); }); });
}

GUEST_TEST(TraceStorm, Start) { GUEST_EXPECT_EQ(-StartEbpf(), 0); }

GUEST_TEST(TraceStorm, Records) { Storm(kRecords); }

GUEST_TEST(TraceStorm, Programs) { Storm(kProgram); }

GUEST_TEST(TraceStorm, RawPrograms) { Storm(kRaw); }

GUEST_TEST(TraceStorm, Samples) { Storm(kSamples); }

GUEST_TEST(TraceStorm, Keys) { Storm(kKey); }

}  // namespace
}  // namespace guest::trace_storm
