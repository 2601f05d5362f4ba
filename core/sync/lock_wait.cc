// SPDX-License-Identifier: MIT
//
// core/sync/lock_wait.h's implementation: how a circle of waiters is seen.
//
// Programs run in traps, and a trap may have interrupted a holder: CPU 1 waits
// for CPU 2's lock while it holds another, which CPU 2 waits for. Nobody could
// go on before one of them gives up.
//
// Each waiter tells whose lock it waits for, anew at each try. A waiter follows
// these words from the holder of its lock; where it comes back to itself there
// may be a circle. May, because the words are of different times: so each word
// counts only after it was told twice since we came to it, which means that the
// lock was looked at after we did. Who waits for us then waits until we give
// up, since we let go of nothing while we wait; so once the last one on the way
// is sure, the next time around the one before it is, and after as many times
// around as there are CPUs on the way, all are. No lock is touched but our own.
//
// A probe inside of the wait itself can make another CPU wait for what the
// program in it holds for a moment; that may look like a circle, and costs an
// EBUSY that was not needed.
#include "core/sync/lock_wait.h"

#include "core/platform/cpu.h"

namespace ebpf {
namespace {

/// Ends what no circle explains: a CPU that stands still with a lock.
constexpr uint32_t kMaxTries = 1u << 20;

/// CPUs above have no word, and see no circle.
constexpr uint32_t kMaxCpus = 256;

/// By CPU: whose lock it waits for (a holder's number, or 0) in the lower half,
/// and how often it told in the upper one.
constinit Atomic<uint64_t> words[kMaxCpus];

constexpr uint64_t kOneMore = uint64_t{1} << 32;

/// Of a holder's number; null if it has none.
Atomic<uint64_t>* WordOf(uint32_t holder) {
  return holder - 1 < kMaxCpus ? &words[holder - 1] : nullptr;
}

}  // namespace

LockWait::LockWait(uint32_t self) : self_(self), word_(WordOf(self)) {}

// A wait that this one interrupted tells again before it counts.
LockWait::~LockWait() { Tell(0); }

void LockWait::Tell(uint32_t holder) {
  if (word_ != nullptr) {
    const uint64_t times = (word_->Load(kRelaxed) / kOneMore + 1) * kOneMore;
    // Releases what was read of the lock: pairs with the acquires below.
    word_->Store(times | holder, kRelease);
  }
}

void LockWait::StartAt(uint32_t holder) {
  first_ = holder;
  rounds_ = 0;
  steps_ = 0;
  GoTo(holder);
}

void LockWait::GoTo(uint32_t holder) {
  at_ = WordOf(holder);
  told_ = 0;
  seen_ = at_ != nullptr ? at_->Load(kAcquire) : 0;
}

bool LockWait::IsInVain(uint32_t holder) {
  Tell(holder);
  if (holder != first_) {
    StartAt(holder);
    return false;
  }
  if (at_ == nullptr) {
    return false;
  }
  const uint64_t word = at_->Load(kAcquire);
  if (word == seen_) {
    return false;
  }
  seen_ = word;
  if (++told_ < 2) {
    return false;
  }
  const auto next = static_cast<uint32_t>(word);
  if (next == 0 || ++steps_ > kMaxCpus) {
    StartAt(first_);  // it waits for nobody, or in a circle without us
    return false;
  }
  if (next != self_) {
    GoTo(next);
    return false;
  }
  if (++rounds_ >= steps_) {
    return true;
  }
  steps_ = 0;
  GoTo(first_);
  return false;
}

void WaitForLock(LockHolder& holder, uint32_t self) {
  LockWait wait(self);
  for (;;) {
    uint32_t found = holder.Load(kRelaxed);
    // Acquires: pairs with the release in SpinLock::Unlock.
    if (found == 0 && holder.CompareExchange(found, self, kAcquire)) {
      return;
    }
    (void)wait.IsInVain(found);  // for the others, who can give up
    ebpf_port_relax();
  }
}

bool TryToWaitForLock(LockHolder& holder, uint32_t self) {
  if (holder.Load(kRelaxed) == self) {
    return false;  // interrupted ourselves: waiting cannot help
  }
  LockWait wait(self);
  for (uint32_t tries = 0; tries < kMaxTries; ++tries) {
    uint32_t found = holder.Load(kRelaxed);
    // Acquires: pairs with the release in SpinLock::Unlock.
    if (found == 0 && holder.CompareExchange(found, self, kAcquire)) {
      return true;
    }
    if (wait.IsInVain(found)) {
      return false;
    }
    ebpf_port_relax();
  }
  return false;
}

}  // namespace ebpf
