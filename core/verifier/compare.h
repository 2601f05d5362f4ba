// SPDX-License-Identifier: MIT
//
// Whether what is known here is covered by what was known before.
#pragma once

#include "core/verifier/saved_state.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Numbers of registers (RegState::id, references) have no meaning across
/// states: what matters is which registers share one.
class IdMap {
 public:
  void Clear() {
    count_ = 0;
    fresh_ = 0;
  }
  /// Whether `old_id` may stand for `new_id`, what it names being `more` more
  /// then: as it did before, if it did. False when there are too many.
  bool Match(uint32_t old_id, uint32_t new_id, int64_t more = 0);
  /// An id that no register has.
  uint32_t Fresh() { return ~fresh_++; }

 private:
  static constexpr uint32_t kMax = 128;

  uint32_t fresh_ = 0;

  uint32_t count_ = 0;
  struct Pair {
    uint32_t old_id;
    uint32_t new_id;
    int64_t more;
  } pairs_[kMax];
};

enum class Comparing : uint8_t {
  kCovers,  // each machine that is possible now was possible then
  kSame,    // the same machines are
};

/// Compares the state `old`, kept here before, with `now`. `ids` is scratch
/// memory.
bool Matches(const SavedState& old, const State& now, Comparing comparing,
             IdMap& ids);

}  // namespace ebpf::verifier
