// SPDX-License-Identifier: MIT
#include "testing/guest/wx/wx.h"

#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/ledger/ledger.h"
#include "testing/guest/wx/walk.h"

namespace guest::wx {
namespace {

/// A physical page of ours, and the first addresses where it can be written
/// and executed. Ordered by address.
struct Frame {
  uintptr_t phys;
  bool writable;
  bool executable;
  uintptr_t written_at;
  uintptr_t executed_at;
};

constexpr size_t kMaxFrames = 6144;
constinit Frame frames[kMaxFrames] = {};
constinit size_t frame_count = 0;

/// Index of the first frame at or above `phys`.
size_t LowerBound(uintptr_t phys) {
  size_t low = 0;
  size_t high = frame_count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (frames[middle].phys < phys) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void AddFrame(uintptr_t phys) {
  const size_t place = LowerBound(phys);
  if (place < frame_count && frames[place].phys == phys) {
    return;  // pieces share pages
  }
  if (frame_count == kMaxFrames) {
    Panic("more pages of executable memory than there is room for");
  }
  for (size_t i = frame_count; i > place; --i) {
    frames[i] = frames[i - 1];
  }
  frames[place] = {phys, false, false, 0, 0};
  ++frame_count;
}

void AddPiece(void* /*argument*/, uintptr_t begin, size_t size) {
  for (uintptr_t at = begin & ~(kPageSize - 1); at < begin + size;
       at += kPageSize) {
    machine::Mapping mapping;
    if (machine::Query(at, &mapping)) {
      AddFrame(mapping.phys);
    }
  }
}

struct Tour {
  size_t leaves = 0;
  bool known = false;
};

void LookAt(void* argument, const Leaf& leaf) {
  ++static_cast<Tour*>(argument)->leaves;
  for (size_t i = LowerBound(leaf.phys);
       i < frame_count && frames[i].phys - leaf.phys < leaf.size; ++i) {
    Frame& frame = frames[i];
    const uintptr_t virt = leaf.virt + (frame.phys - leaf.phys);
    if (leaf.writable && !frame.writable) {
      frame.writable = true;
      frame.written_at = virt;
    }
    if (leaf.executable && !frame.executable) {
      frame.executable = true;
      frame.executed_at = virt;
    }
  }
}

void WalkHere(void* argument) {
  auto& tour = *static_cast<Tour*>(argument);
  tour.known = ForEachLeaf(LookAt, &tour);
}

}  // namespace

Findings Look() {
  frame_count = 0;
  ledger::ForEachExec(AddPiece, nullptr);
  Findings findings = {.known = true};
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    Tour tour;
    Thread* thread = Spawn("walker", cpu, WalkHere, &tour);
    if (thread == nullptr) {
      Panic("no memory for a thread");
    }
    Join(thread);
    findings.known = findings.known && tour.known;
    findings.leaves += tour.leaves;
  }
  findings.pages = frame_count;
  for (size_t i = 0; i < frame_count; ++i) {
    const Frame& frame = frames[i];
    findings.executable += frame.executable ? 1 : 0;
    if (frame.writable && frame.executable && findings.violations++ == 0) {
      findings.written_at = frame.written_at;
      findings.executed_at = frame.executed_at;
    }
  }
  return findings;
}

void Print(const Findings& findings) {
  Line() << "w^x: " << findings.leaves << " leaves on " << OnlineCpus()
         << " CPUs, " << findings.pages << " pages of executable memory, "
         << findings.violations << " can be written somewhere";
  if (findings.violations != 0) {
    (((Line() << "  the first: written at ").Hex(findings.written_at))
     << ", executed at ")
        .Hex(findings.executed_at);
  }
}

}  // namespace guest::wx
