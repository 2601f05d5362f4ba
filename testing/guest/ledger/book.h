// SPDX-License-Identifier: MIT
//
// What memory, the instruction caches and each CPU have of each line of code.
//
// Lines are known by their physical addresses, since code is written by one
// mapping and run by another. Nothing here is locked, calls out, or may be
// probed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "testing/guest/kernel/machine.h"
#include "testing/guest/ledger/ledger.h"

namespace guest::ledger {

/// Of arch: whether data and instruction caches agree by themselves.
extern const bool kCoherentCaches;

/// Writes beyond this are in the book with two lines of each page.
inline constexpr size_t kFullyKnown = size_t{64} << 10;

/// A part of a page.
struct Part {
  uintptr_t phys;
  uint32_t size;
  bool sampled;  // its first and its last line only
};

struct Cpus {
  uint32_t self;
  uint32_t count;
  uintptr_t direct_map;  // where physical address 0 is mapped
};

struct ExecPiece {
  uintptr_t begin = 0;
  size_t size = 0;  // 0: free
};

class Book {
 public:
  static constexpr size_t kMaxExec = 512;

  /// Somebody writes `part`. Without room it stays out of the book.
  void Begin(const Part& part);
  /// It has been written, or has not. True if steps are missing that are the
  /// same for all CPUs, or for this one; it is out of the book then.
  bool End(const Part& part, bool written, const Cpus& cpus, Violation* found);

  void Clean(const Part& part, const Cpus& cpus);
  void Invalidate(const Part& part);
  void Synchronise(const Cpus& cpus);

  /// This CPU has left every rendezvous. True if it should have synchronised.
  bool Tick(const Cpus& cpus, Violation* found);

  /// Whether this CPU may run old code there.
  bool Lacks(const Part& part, const Cpus& cpus, Violation* found) const;

  /// The memory will be other things.
  void Forget(const Part& part);

  bool AddExec(uintptr_t begin, size_t size);
  void RemoveExec(uintptr_t begin);

  size_t OpenEntries() const;
  size_t ExecBytes() const;

  ExecPiece exec[kMaxExec] = {};

 private:
  static constexpr size_t kLine = 64;
  static constexpr size_t kLinesPerPage = kPageSize / kLine;
  static constexpr uint16_t kMaxPages = 1536;
  static constexpr size_t kSlots = 4096;
  static constexpr size_t kMaxEntries = 1536;

  /// Hashes of contents; 0 is nothing that memory ever has.
  struct CodeLine {
    uint32_t cleaned = 0;
    uint32_t cached = 0;
    uint32_t fetched[kMaxCpus] = {};
  };

  struct Page {
    uintptr_t phys = 0;
    uint16_t next_free = 0;
    CodeLine lines[kLinesPerPage] = {};
  };

  /// What is being written, or has been and not all CPUs have synchronised
  /// since.
  struct Entry {
    Part part = {};  // size 0: free
    bool written = false;
  };

  class Lines;

  static uint32_t HashOf(uintptr_t phys, const Cpus& cpus);
  static size_t HomeOf(uintptr_t page_phys);
  size_t SlotOf(uintptr_t page_phys) const;
  Page* Find(uintptr_t phys);
  const Page* Find(uintptr_t phys) const;
  Page* FindOrAdd(uintptr_t phys);
  void RemovePage(uintptr_t page_phys);
  static bool IsBlank(const Page& page);
  static bool LacksStep(const CodeLine& line, uint32_t now, uint32_t cpu,
                        Step* step);
  bool LacksOn(const Part& part, uint32_t cpu, const Cpus& cpus,
               Violation* found) const;
  bool IsSettled(const Entry& entry, const Cpus& cpus) const;
  void Drop(Entry& entry);

  Page pages_[kMaxPages] = {};
  uint16_t slots_[kSlots] = {};  // a page's index + 1
  uint16_t first_free_ = 0;      // index + 1, of those given back
  uint16_t fresh_ = 0;           // from here on none was used
  bool overflowed_ = false;
  Entry entries_[kMaxEntries] = {};
  size_t entries_end_ = 0;  // behind the last that is not free
};

}  // namespace guest::ledger
