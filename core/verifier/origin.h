// SPDX-License-Identifier: MIT
//
// Where a value came from, found by going the path back.
#pragma once

#include "core/verifier/path_history.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Something that happened on the path.
struct PathEvent {
  enum Kind : uint8_t {
    kSet,       // `reg` got a new value
    kCopied,    // `reg` got that of another register
    kLoaded,    // `reg` got what was stored on the stack before
    kStored,    // a register, then `reg`, went to the stack
    kChanged,   // arithmetic on `reg`
    kLost,      // a call left nothing in `reg`
    kArgument,  // `reg` is what the function was called with
    kTaken,     // a conditional jump that jumped
    kNotTaken,  // or did not
    kCalled,    // a function was called, and the path is in it
    kNoted,     // what the message names
  };

  uint32_t index;     // of the instruction
  uint32_t distance;  // how many instructions back
  uint8_t reg;
  Kind kind;
};

/// The steps of a path that explain something: not many, the oldest first once
/// sorted.
class PathEvents {
 public:
  static constexpr uint32_t kMax = 10;

  uint32_t count() const { return count_; }
  const PathEvent& operator[](uint32_t number) const { return list_[number]; }

  bool full() const { return count_ == kMax; }
  /// Unless it is there already, a jump perhaps from another round of a loop;
  /// or there is no room.
  void Add(const PathEvent& event);
  bool Has(const PathEvent& event) const;
  void SortOldestFirst();

 private:
  PathEvent list_[kMax];
  uint32_t count_ = 0;
};

/// Adds to `events` how register `reg` of the current function came to hold
/// what it holds at `v.index`. Where a pointer was moved by a register,
/// `moved_by` asks for that register's origin instead.
void FindOrigin(const Verification& v, const PathHistory& path, unsigned reg,
                bool moved_by, PathEvents& events);

/// Adds the last conditional jumps, and the calls that are not over, as far as
/// there is room; `more` is how many there were besides, on the part of the
/// path that is known.
void FindBranches(const Verification& v, const PathHistory& path,
                  PathEvents& events, uint32_t& more);

}  // namespace ebpf::verifier
