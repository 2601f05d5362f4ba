// SPDX-License-Identifier: MIT
//
// The ledger over its book: what is written, taken over, run.
//
// Nothing here calls what may be probed while it holds the lock: a program on
// such a probe would come back for the lock.
#include "testing/guest/ledger/ledger.h"

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/ledger/book.h"
#include "testing/guest/ledger/events.h"

namespace guest::ledger {
namespace {

constinit Book book;
constinit ebpf::Atomic<uint32_t> locked{0};
constinit void (*report)(const Violation&) = nullptr;

/// Not the kernel's lock, which may be probed.
class Guard {
 public:
  EBPF_NOPROBE_INLINE Guard() : irqs_(machine::IrqSave()) {
    uint32_t expected = 0;
    while (!locked.CompareExchange(expected, 1, ebpf::kAcquire)) {
      expected = 0;
    }
  }
  EBPF_NOPROBE_INLINE ~Guard() {
    locked.Store(0, ebpf::kRelease);
    machine::IrqRestore(irqs_);
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  const uintptr_t irqs_;
};

constexpr const char* kStepNames[] = {"write", "clean", "invalidation",
                                      "synchronisation"};

void Say(const Violation& violation) {
  if (report != nullptr) {
    report(violation);
    return;
  }
  (Line() << "ledger: code on cpu " << violation.cpu << " without "
          << kStepNames[static_cast<size_t>(violation.step)] << " at physical ")
      .Hex(violation.address);
  Panic("ledger: old code may run");
}

/// What the functions below know before they take the lock.
struct Here {
  Cpus cpus = {machine::CpuId(), OnlineCpus(), machine::DirectMapBase()};
};

/// Calls `visit` with each page's part of [address, address + size), by its
/// physical address and its distance from `address`. Not under the lock.
template <typename Visit>
void ForEachPart(uintptr_t address, size_t size, Visit visit) {
  for (size_t done = 0; done < size;) {
    const uintptr_t at = address + done;
    const size_t room = kPageSize - at % kPageSize;
    const size_t part = size - done < room ? size - done : room;
    machine::Mapping mapping;
    if (machine::Query(at, &mapping)) {
      visit(
          Part{mapping.phys, static_cast<uint32_t>(part), size > kFullyKnown});
    }
    done += part;
  }
}

EBPF_NOPROBE void LockedBegin(const Part& part) {
  Guard guard;
  book.Begin(part);
}

EBPF_NOPROBE bool LockedEnd(const Part& part, bool written, const Cpus& cpus,
                            Violation* found) {
  Guard guard;
  return book.End(part, written, cpus, found);
}

EBPF_NOPROBE void LockedClean(const Part& part, const Cpus& cpus) {
  Guard guard;
  book.Clean(part, cpus);
}

EBPF_NOPROBE void LockedInvalidate(const Part& part) {
  Guard guard;
  book.Invalidate(part);
}

EBPF_NOPROBE void LockedSynchronise(const Cpus& cpus) {
  Guard guard;
  book.Synchronise(cpus);
}

EBPF_NOPROBE bool LockedTick(const Cpus& cpus, Violation* found) {
  Guard guard;
  return book.Tick(cpus, found);
}

EBPF_NOPROBE bool LockedLacks(const Part& part, const Cpus& cpus,
                              Violation* found) {
  Guard guard;
  return book.Lacks(part, cpus, found);
}

EBPF_NOPROBE void LockedForget(const Part& part) {
  Guard guard;
  book.Forget(part);
}

EBPF_NOPROBE bool LockedAddExec(uintptr_t begin, size_t size) {
  Guard guard;
  return book.AddExec(begin, size);
}

EBPF_NOPROBE void LockedRemoveExec(uintptr_t begin) {
  Guard guard;
  book.RemoveExec(begin);
}

}  // namespace

void BeginWrite(uintptr_t to, size_t size) {
  ForEachPart(to, size, [](const Part& part) { LockedBegin(part); });
}

void EndWrite(uintptr_t to, const void* bytes, size_t size, bool written) {
  const Here here;
  Violation found = {Step::kWrite, here.cpus.self, to};
  bool wrong = false;
  const auto* wanted = static_cast<const uint8_t*>(bytes);
  for (size_t i = 0; written && !wrong && i < size; ++i) {
    wrong = reinterpret_cast<const volatile uint8_t*>(to)[i] != wanted[i];
  }
  ForEachPart(to, size, [&](const Part& part) {
    const bool good = written && !wrong;
    wrong = LockedEnd(part, good, here.cpus, &found) || wrong;
  });
  if (wrong) {
    Say(found);
  }
}

void Cleaned(uintptr_t address, size_t size) {
  const Here here;
  ForEachPart(address, size,
              [&](const Part& part) { LockedClean(part, here.cpus); });
}

void Invalidated(uintptr_t address, size_t size) {
  ForEachPart(address, size, [](const Part& part) { LockedInvalidate(part); });
}

void Synchronised() {
  const Here here;
  LockedSynchronise(here.cpus);
}

void Tick() {
  const Here here;
  Violation found = {};
  if (LockedTick(here.cpus, &found)) {
    Say(found);
  }
}

void Allocated(uintptr_t begin, size_t size) {
  // A pool fills what is freed with breakpoints: that, too, is not its next
  // user's code.
  ForEachPart(begin, size, [](const Part& part) { LockedForget(part); });
  if (!LockedAddExec(begin, size)) {
    Panic("ledger: more pieces of executable memory than there is room for");
  }
}

void Freed(uintptr_t begin, size_t size) {
  ForEachPart(begin, size, [](const Part& part) { LockedForget(part); });
  LockedRemoveExec(begin);
}

bool CheckRun(uintptr_t address, size_t size) {
  const Here here;
  Violation found = {};
  bool lacks = false;
  ForEachPart(address, size, [&](const Part& part) {
    lacks = lacks || LockedLacks(part, here.cpus, &found);
  });
  if (lacks) {
    Say(found);
  }
  return !lacks;
}

void SetReport(void (*function)(const Violation& violation)) {
  report = function;
}

size_t OpenEntries() { return book.OpenEntries(); }
size_t ExecBytes() { return book.ExecBytes(); }

void ForEachExec(void (*visit)(void* argument, uintptr_t begin, size_t size),
                 void* argument) {
  for (const ExecPiece& piece : book.exec) {
    if (piece.size != 0) {
      visit(argument, piece.begin, piece.size);
    }
  }
}

bool HasStep(Step step) {
  return !kCoherentCaches || step == Step::kWrite || step == Step::kSync;
}

}  // namespace guest::ledger
