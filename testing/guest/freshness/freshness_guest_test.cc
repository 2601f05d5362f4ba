// SPDX-License-Identifier: MIT
//
// Whether a CPU can execute text that another CPU has replaced. CPU 0 changes a
// number in a function and then publishes it; CPU 1 calls the function all the
// time and must never get an older number.
#include "core/base/atomic.h"
#include "core/probes/text_patch.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/freshness/fresh_code.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"

namespace guest::freshness {
namespace {

constexpr uint32_t kPatches = 20'000;
constexpr uint32_t kMinStale = 100;
/// How long plain writes go on until so many were stale.
constexpr uint64_t kPatience = 60'000'000'000;  // ns

/// CPU 1, calling.
class Caller {
 public:
  bool Start() {
    thread_ = Spawn("caller", 1, Run, this);
    return thread_ != nullptr;
  }
  void Stop() {
    stop_.Store(true, ebpf::kRelaxed);
    Join(thread_);
  }
  /// The text is `number`'s already. Returns when CPU 1 has called a few times,
  /// at least once from its beginning.
  void Publish(uint32_t number) {
    published_.Store(number, ebpf::kRelease);
    const uint64_t until = checks() + 3;
    while (checks() < until) {
      machine::Relax();
    }
  }
  uint64_t checks() const { return checks_.Load(ebpf::kRelaxed); }
  uint64_t stale() const { return stale_.Load(ebpf::kRelaxed); }

 private:
  static void Run(void* self) { static_cast<Caller*>(self)->Call(); }
  void Call() {
    while (!stop_.Load(ebpf::kRelaxed)) {
      // Pairs with the release in Publish: the text is older than the number.
      const uint32_t published = published_.Load(ebpf::kAcquire);
      if (guest_fresh_code() < published) {
        stale_.FetchAdd(1, ebpf::kRelaxed);
      }
      checks_.FetchAdd(1, ebpf::kRelaxed);
    }
  }

  Thread* thread_ = nullptr;
  ebpf::Atomic<bool> stop_{false};
  ebpf::Atomic<uint32_t> published_{0};
  ebpf::Atomic<uint64_t> checks_{0};
  ebpf::Atomic<uint64_t> stale_{0};
};

uintptr_t CodeAddress() {
  return reinterpret_cast<uintptr_t>(&guest_fresh_code);
}

bool PatchByTransaction(uint32_t number) {
  const Word old_word = WordFor(number - 1);
  const Word word = WordFor(number);
  const ebpf::TextPatch patch = {
      .address = CodeAddress() + word.offset,
      .expected = reinterpret_cast<const uint8_t*>(&old_word.bits),
      .bytes = reinterpret_cast<const uint8_t*>(&word.bits),
      .size = sizeof word.bits};
  return IsOk(ebpf::ApplyTextPatches({&patch, 1}));
}

/// The page of the code, mapped once more to be written.
uintptr_t MapAlias() {
  // Above all RAM that an image gets.
  const uintptr_t alias = machine::DirectMapBase() + (uintptr_t{1} << 33);
  machine::Mapping mapping = {};
  if (!machine::Query(CodeAddress(), &mapping) ||
      !machine::Map(alias, mapping.phys & ~(kPageSize - 1), kPageSize,
                    machine::kWrite)) {
    return 0;
  }
  return alias + CodeAddress() % kPageSize;
}

/// What a careless port would do: the store and this CPU's caches.
void PatchPlainly(uintptr_t alias, uint32_t number) {
  const Word word = WordFor(number);
  void* const place = reinterpret_cast<void*>(alias + word.offset);
  *static_cast<volatile uint32_t*>(place) = word.bits;
  machine::FlushCode(place, sizeof word.bits);
  machine::SyncInstructions();
}

GUEST_TEST(Freshness, NoCpuExecutesOldTextAfterATransaction) {
  GUEST_ASSERT(OnlineCpus() >= 2);
  GUEST_ASSERT(StartEbpf() == 0);
  Caller caller;
  GUEST_ASSERT(caller.Start());
  uint32_t patches = 0;
  while (patches < kPatches && PatchByTransaction(patches + 1)) {
    ++patches;
    GUEST_EXPECT_EQ(guest_fresh_code(), patches);
    caller.Publish(patches);
  }
  caller.Stop();
  Line() << "by transaction: " << patches << " patches, " << caller.checks()
         << " checks, " << caller.stale() << " stale";
  GUEST_EXPECT_EQ(patches, kPatches);
  GUEST_EXPECT(caller.checks() >= 3 * kPatches);
  GUEST_EXPECT_EQ(caller.stale(), 0);
}

// That the test above could fail. How many patches it takes is chance: a CPU
// may go on with old text for long, or find what was written at once.
GUEST_TEST(Freshness, ACpuExecutesOldTextAfterAPlainWrite) {
  const uintptr_t alias = MapAlias();
  GUEST_ASSERT(alias != 0);
  Caller caller;
  GUEST_ASSERT(caller.Start());
  const uint32_t first = guest_fresh_code();
  uint32_t patches = 0;
  const uint64_t end = machine::Nanoseconds() + kPatience;
  while (caller.stale() < kMinStale && machine::Nanoseconds() < end) {
    ++patches;
    PatchPlainly(alias, first + patches);
    caller.Publish(first + patches);
  }
  caller.Stop();
  Line() << "by plain writes: " << patches << " patches, " << caller.checks()
         << " checks, " << caller.stale() << " stale";
  GUEST_EXPECT(caller.stale() >= kMinStale);
}

}  // namespace
}  // namespace guest::freshness
