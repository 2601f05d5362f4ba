// SPDX-License-Identifier: MIT
//
// How much of Alien's 8 KiB of kernel stack it takes to load, to attach, and to
// be hit, interrupts included: each on a thread of its own, whose stack was
// filled before with what is not there any more afterwards.
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/clients/subject.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/alien/stack_check.h"
#include "testing/programs/latency.h"
#include "testing/programs/latency_object.h"

namespace guest {
namespace {

/// What has to be left for what a kernel runs below its callers.
constexpr size_t kMustStay = 1640;  // a fifth
constexpr uint32_t kCalls = 2000;

/// How many bytes of its stack a thread takes for `work`.
size_t BytesFor(const char* what, void (*work)(void* argument),
                void* argument = nullptr) {
  struct Run {
    void (*work)(void* argument);
    void* argument;
    size_t used;
  } run = {work, argument, 0};
  Thread* thread = Spawn(
      what, 0,
      [](void* of) {
        Run& mine = *static_cast<Run*>(of);
        mine.work(mine.argument);
        mine.used = alien::StackUsed(CurrentThread());
      },
      &run);
  if (thread == nullptr) {
    Panic("no memory for a thread");
  }
  Join(thread);
  Line() << "  " << what << ": " << uint64_t{run.used} << " of "
         << uint64_t{personality::kStackSize} << " bytes of stack";
  GUEST_EXPECT(run.used != 0);
  GUEST_EXPECT(run.used + kMustStay <= personality::kStackSize);
  return run.used;
}

void CallSubject(void*) {
  for (uint32_t i = 0; i < kCalls; ++i) {
    if (client_subject(i, 1, 2, 3, "") != static_cast<long>(i) + 6) {
      Panic("client_subject was disturbed");
    }
    SafePoint();
  }
}

constinit LoadedObject* object = nullptr;

void Load(void*) {
  object = *ebpf::PortAllocator().New<LoadedObject>(latency_object());
}

void Attach(void*) {
  constexpr size_t kEntry = 0;
  constexpr size_t kReturn = 1;
  GUEST_EXPECT(object->object().Attach(kReturn, "client_subject").ok());
  GUEST_EXPECT(object->object().Attach(kEntry, "client_subject").ok());
}

void Close(void*) { ebpf::PortAllocator().Delete(object); }

GUEST_TEST(Stacks, Start) { GUEST_EXPECT_EQ(-StartEbpf(), 0); }

GUEST_TEST(Stacks, EightKiBAreEnough) {
  const size_t idle = BytesFor("calls without a probe", CallSubject);
  BytesFor("loading an object", Load);
  GUEST_ASSERT(object->loaded());
  BytesFor("attaching kretprobe and kprobe", Attach);
  const size_t hit = BytesFor("calls with programs at both ends", CallSubject);
  GUEST_EXPECT(hit > idle);
  const auto totals = object->Variables<latency_totals>();
  GUEST_EXPECT_EQ(totals.entered, kCalls);
  GUEST_EXPECT_EQ(totals.returned, kCalls);
  BytesFor("detaching and closing", Close);
}

}  // namespace
}  // namespace guest
