// SPDX-License-Identifier: MIT
#include "testing/guest/personalities/alien/stack_check.h"

#include <stdint.h>

#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/thread.h"

extern "C" {
extern const char guest_boot_stack[];
extern const char guest_boot_stack_top[];
}

namespace guest::alien {
namespace {

constexpr uint64_t kUntouched = 0x5afe'57ac'5afe'57ac;
/// The lowest words, where the guest kernel has a canary of its own.
constexpr size_t kBottomWords = 16;
/// Words above those that nobody may touch: a function that passes over them
/// without a store would need a frame of this size.
constexpr size_t kGuardEnd = kBottomWords + 32;
/// The top, where PrepareThread() has put the thread's first frame.
constexpr size_t kTopWords = 64;

uint64_t* WordsOf(const Thread* thread) {
  return static_cast<uint64_t*>(thread->stack);
}

}  // namespace

void WatchStack(Thread* thread) {
  if (thread->stack == nullptr) {
    return;  // the boot stack: Alien's has 64 KiB
  }
  const size_t words = personality::kStackSize / sizeof(uint64_t);
  for (size_t i = kBottomWords; i < words - kTopWords; ++i) {
    WordsOf(thread)[i] = kUntouched;
  }
}

void CheckStackAtTrap(const alien_ktrap_frame* frame) {
  const auto address = reinterpret_cast<uintptr_t>(frame);
  if (address >= reinterpret_cast<uintptr_t>(guest_boot_stack) &&
      address < reinterpret_cast<uintptr_t>(guest_boot_stack_top)) {
    return;
  }
  // Stacks are aligned to their size. The thread's own record is not asked: an
  // overrun may have hit it.
  const auto* stack = reinterpret_cast<const uint64_t*>(
      address & ~(personality::kStackSize - 1));
  for (size_t i = kBottomWords; i < kGuardEnd; ++i) {
    if (stack[i] != kUntouched) {
      Panic("the 8 KiB of a kernel stack were not enough");
    }
  }
}

size_t StackUsed(const Thread* thread) {
  if (thread->stack == nullptr) {
    return 0;
  }
  size_t untouched = kBottomWords;
  while (WordsOf(thread)[untouched] == kUntouched) {
    ++untouched;
  }
  return personality::kStackSize - untouched * sizeof(uint64_t);
}

}  // namespace guest::alien
