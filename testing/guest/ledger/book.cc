// SPDX-License-Identifier: MIT
#include "testing/guest/ledger/book.h"

#include "core/base/noprobe.h"

namespace guest::ledger {

/// The lines of a part: all, or the first and the last.
class Book::Lines {
 public:
  EBPF_NOPROBE_INLINE explicit Lines(const Part& part)
      : at_(part.phys & ~(kLine - 1)),
        last_((part.phys + part.size - 1) & ~(kLine - 1)),
        step_(part.sampled && at_ != last_ ? last_ - at_ : kLine) {}
  EBPF_NOPROBE_INLINE bool done() const { return at_ > last_; }
  EBPF_NOPROBE_INLINE void Next() { at_ += step_; }
  EBPF_NOPROBE_INLINE uintptr_t phys() const { return at_; }
  EBPF_NOPROBE_INLINE size_t index() const { return at_ % kPageSize / kLine; }

 private:
  uintptr_t at_;
  const uintptr_t last_;
  const uintptr_t step_;
};

EBPF_NOPROBE uint32_t Book::HashOf(uintptr_t phys, const Cpus& cpus) {
  auto* words =
      reinterpret_cast<const volatile uint64_t*>(cpus.direct_map + phys);
  uint64_t hash = 0x9e37'79b9'7f4a'7c15;
  for (size_t i = 0; i < kLine / sizeof(uint64_t); ++i) {
    hash = (hash ^ words[i]) * 0xff51'afd7'ed55'8ccd;
    hash ^= hash >> 33;
  }
  return static_cast<uint32_t>(hash) | 1;
}

// The table of pages: linear probing, where nothing is ever left behind a
// removed one.

EBPF_NOPROBE size_t Book::HomeOf(uintptr_t page_phys) {
  return (page_phys / kPageSize * 0x9e37'79b1 >> 12) % kSlots;
}

/// Where the page is, or the free slot where it would be.
EBPF_NOPROBE size_t Book::SlotOf(uintptr_t page_phys) const {
  size_t slot = HomeOf(page_phys);
  while (slots_[slot] != 0 && pages_[slots_[slot] - 1].phys != page_phys) {
    slot = (slot + 1) % kSlots;
  }
  return slot;
}

EBPF_NOPROBE Book::Page* Book::Find(uintptr_t phys) {
  const uint16_t index = slots_[SlotOf(phys & ~(kPageSize - 1))];
  return index != 0 ? &pages_[index - 1] : nullptr;
}

EBPF_NOPROBE const Book::Page* Book::Find(uintptr_t phys) const {
  const uint16_t index = slots_[SlotOf(phys & ~(kPageSize - 1))];
  return index != 0 ? &pages_[index - 1] : nullptr;
}

EBPF_NOPROBE Book::Page* Book::FindOrAdd(uintptr_t phys) {
  const uintptr_t page_phys = phys & ~(kPageSize - 1);
  const size_t slot = SlotOf(page_phys);
  if (slots_[slot] == 0) {
    uint16_t index = first_free_;
    if (index != 0) {
      first_free_ = pages_[index - 1].next_free;
    } else if (fresh_ < kMaxPages) {
      index = ++fresh_;
    } else {
      overflowed_ = true;
      return nullptr;
    }
    slots_[slot] = index;
    pages_[index - 1].phys = page_phys;
  }
  return &pages_[slots_[slot] - 1];
}

EBPF_NOPROBE void Book::RemovePage(uintptr_t page_phys) {
  size_t hole = SlotOf(page_phys);
  const uint16_t index = slots_[hole];
  pages_[index - 1].next_free = first_free_;
  first_free_ = index;
  for (size_t at = (hole + 1) % kSlots; slots_[at] != 0;
       at = (at + 1) % kSlots) {
    // Those that would not be found behind the hole move into it.
    const size_t home = HomeOf(pages_[slots_[at] - 1].phys);
    if ((at - home) % kSlots >= (at - hole) % kSlots) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole] = 0;
}

EBPF_NOPROBE bool Book::IsBlank(const Page& page) {
  for (const CodeLine& line : page.lines) {
    uint32_t any = line.cleaned | line.cached;
    for (uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
      any |= line.fetched[cpu];
    }
    if (any != 0) {
      return false;
    }
  }
  return true;
}

// What is missing.

EBPF_NOPROBE bool Book::LacksStep(const CodeLine& line, uint32_t now,
                                  uint32_t cpu, Step* step) {
  if (!kCoherentCaches && line.cleaned != now) {
    *step = Step::kClean;
  } else if (!kCoherentCaches && line.cached != now) {
    *step = Step::kInvalidate;
  } else if (line.fetched[cpu] != now) {
    *step = Step::kSync;
  } else {
    return false;
  }
  return true;
}

EBPF_NOPROBE bool Book::LacksOn(const Part& part, uint32_t cpu,
                                const Cpus& cpus, Violation* found) const {
  const Page* page = Find(part.phys);
  if (page == nullptr) {
    found->step = Step::kWrite;
    found->cpu = cpu;
    found->address = part.phys;
    return !overflowed_;
  }
  for (Lines lines(part); !lines.done(); lines.Next()) {
    if (LacksStep(page->lines[lines.index()], HashOf(lines.phys(), cpus), cpu,
                  &found->step)) {
      found->cpu = cpu;
      found->address = lines.phys();
      return true;
    }
  }
  return false;
}

EBPF_NOPROBE bool Book::Lacks(const Part& part, const Cpus& cpus,
                              Violation* found) const {
  return LacksOn(part, cpus.self, cpus, found);
}

EBPF_NOPROBE bool Book::IsSettled(const Entry& entry, const Cpus& cpus) const {
  Violation ignored;
  for (uint32_t cpu = 0; cpu < cpus.count; ++cpu) {
    if (LacksOn(entry.part, cpu, cpus, &ignored)) {
      return false;
    }
  }
  return true;
}

// Writes.

EBPF_NOPROBE void Book::Drop(Entry& entry) {
  entry.part.size = 0;
  entry.written = false;
  while (entries_end_ != 0 && entries_[entries_end_ - 1].part.size == 0) {
    --entries_end_;
  }
}

EBPF_NOPROBE void Book::Begin(const Part& part) {
  size_t free = 0;
  while (free < kMaxEntries && entries_[free].part.size != 0) {
    ++free;
  }
  if (free == kMaxEntries || FindOrAdd(part.phys) == nullptr) {
    overflowed_ = true;
    return;
  }
  entries_[free].part.phys = part.phys;
  entries_[free].part.size = part.size;
  entries_[free].part.sampled = part.sampled;
  entries_[free].written = false;
  entries_end_ = free < entries_end_ ? entries_end_ : free + 1;
}

EBPF_NOPROBE bool Book::End(const Part& part, bool written, const Cpus& cpus,
                            Violation* found) {
  for (size_t i = 0; i < entries_end_; ++i) {
    Entry& entry = entries_[i];
    if (entry.written || entry.part.phys != part.phys ||
        entry.part.size != part.size) {
      continue;
    }
    const bool wrong = written && LacksOn(entry.part, cpus.self, cpus, found);
    if (!written || wrong || IsSettled(entry, cpus)) {
      Drop(entry);
    } else {
      entry.written = true;
    }
    return wrong;
  }
  return false;
}

// Steps.

EBPF_NOPROBE void Book::Clean(const Part& part, const Cpus& cpus) {
  Page* page = Find(part.phys);
  for (Lines lines(part); page != nullptr && !lines.done(); lines.Next()) {
    page->lines[lines.index()].cleaned = HashOf(lines.phys(), cpus);
  }
}

EBPF_NOPROBE void Book::Invalidate(const Part& part) {
  Page* page = Find(part.phys);
  for (Lines lines(part); page != nullptr && !lines.done(); lines.Next()) {
    // At once fetched again, from what has been cleaned by now.
    CodeLine& line = page->lines[lines.index()];
    line.cached = line.cleaned;
  }
}

EBPF_NOPROBE void Book::Synchronise(const Cpus& cpus) {
  for (size_t i = 0; i < entries_end_; ++i) {
    Entry& entry = entries_[i];
    Page* page = entry.part.size != 0 ? Find(entry.part.phys) : nullptr;
    if (page == nullptr) {
      continue;
    }
    for (Lines lines(entry.part); !lines.done(); lines.Next()) {
      CodeLine& line = page->lines[lines.index()];
      line.fetched[cpus.self] =
          kCoherentCaches ? HashOf(lines.phys(), cpus) : line.cached;
    }
    if (entry.written && IsSettled(entry, cpus)) {
      Drop(entry);
    }
  }
}

EBPF_NOPROBE bool Book::Tick(const Cpus& cpus, Violation* found) {
  for (size_t i = 0; i < entries_end_; ++i) {
    Entry& entry = entries_[i];
    if (entry.written && LacksOn(entry.part, cpus.self, cpus, found)) {
      Drop(entry);
      return true;
    }
  }
  return false;
}

// Memory that comes and goes.

EBPF_NOPROBE void Book::Forget(const Part& part) {
  for (size_t i = 0; i < entries_end_; ++i) {
    const Part& written = entries_[i].part;
    if (written.size != 0 && written.phys < part.phys + part.size &&
        part.phys < written.phys + written.size) {
      Drop(entries_[i]);
    }
  }
  Page* page = Find(part.phys);
  if (page == nullptr) {
    return;
  }
  const Part whole = {part.phys, part.size, false};
  for (Lines lines(whole); !lines.done(); lines.Next()) {
    CodeLine& line = page->lines[lines.index()];
    line.cleaned = 0;
    line.cached = 0;
    for (uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
      line.fetched[cpu] = 0;
    }
  }
  if (IsBlank(*page)) {
    RemovePage(page->phys);
  }
}

EBPF_NOPROBE bool Book::AddExec(uintptr_t begin, size_t size) {
  for (ExecPiece& piece : exec) {
    if (piece.size == 0) {
      piece.begin = begin;
      piece.size = size;
      return true;
    }
  }
  return false;
}

EBPF_NOPROBE void Book::RemoveExec(uintptr_t begin) {
  for (ExecPiece& piece : exec) {
    if (piece.size != 0 && piece.begin == begin) {
      piece.size = 0;
      return;
    }
  }
}

size_t Book::OpenEntries() const {
  size_t count = 0;
  for (size_t i = 0; i < entries_end_; ++i) {
    count += entries_[i].part.size != 0 ? 1 : 0;
  }
  return count;
}

size_t Book::ExecBytes() const {
  size_t bytes = 0;
  for (const ExecPiece& piece : exec) {
    bytes += piece.size;
  }
  return bytes;
}

}  // namespace guest::ledger
