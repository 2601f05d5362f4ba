// SPDX-License-Identifier: MIT
//
// The registry's side of the sites by address: a table that grows and shrinks
// while traps look into it. DESIGN.md says how.
#pragma once

#include <stdint.h>

#include "core/memory/allocator.h"
#include "core/probes/probe_site.h"

namespace ebpf {

/// Owns what probe_shared.table points to. Context of all: task, under the
/// registry's mutex.
class SiteTable : public NonCopyable {
 public:
  constexpr SiteTable() = default;

  /// An empty table for traps. kNoMemory.
  Status Init(Allocator& allocator);
  /// Frees it. No trap looks any more.
  void Exit();

  ProbeSite* Find(uint64_t address) { return current_->Find(address); }

  /// Calls `visit(ProbeSite&)` for each, in no certain order; for none before
  /// Init and after Exit.
  template <typename Visit>
  void ForEach(Visit visit) {
    if (current_ == nullptr) {
      return;
    }
    for (size_t i = 0; i < current_->bucket_count(); ++i) {
      ProbeSite* site = current_->buckets[i].Load(kRelaxed);
      for (; site != nullptr;
           site = site->next[current_->link].Load(kRelaxed)) {
        visit(*site);
      }
    }
  }

  void Add(ProbeSite& site);
  void Remove(ProbeSite& site);

  /// Whether traps find their sites quickly with `count` more.
  bool HasRoomFor(size_t count) const {
    return size_ + count <= current_->bucket_count();
  }
  /// Makes room for `count` sites more, unless there is no memory or a table
  /// that was replaced is not free yet: then all works as before, but slower.
  void MakeRoomFor(size_t count);
  /// Replaces a table that has become far too large; whether there was one.
  bool Trim();

  /// A table was replaced, and traps may be in it still.
  bool has_old() const { return old_ != nullptr; }
  /// All CPUs were outside of traps since the last replacement.
  void FreeOld();

 private:
  // For few sites, and never freed before Exit: shrinking allocates nothing.
  static constexpr uint32_t kSmallBits = 10;

  static size_t SizeOf(uint32_t bits);
  ProbeTable* Make(uint32_t bits);
  void Free(ProbeTable* table);
  void ReplaceBy(ProbeTable& table);

  Allocator* allocator_ = nullptr;
  ProbeTable* small_ = nullptr;
  ProbeTable* current_ = nullptr;
  ProbeTable* old_ = nullptr;
  size_t size_ = 0;
};

}  // namespace ebpf
