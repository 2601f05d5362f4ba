// SPDX-License-Identifier: MIT
//
// Which paths are still to be walked, and which need not be: the states that
// were seen where paths meet.
#pragma once

#include "core/verifier/compare.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// BPF_COMPLEXITY_LIMIT_JMP_SEQ.
inline constexpr uint32_t kMaxPending = 8192;
/// Bytes of saved states. Beyond the first, no more states are kept for
/// pruning; beyond the second, the program is too complex.
inline constexpr size_t kMaxExploredBytes = 32 << 20;
inline constexpr size_t kMaxSavedBytes = 48 << 20;

/// A state that was seen at an instruction where paths meet.
struct ExploredState {
  ExploredState* next;    // of the same instruction, older
  ExploredState* parent;  // the last one before it on its path
  SavedState* saved;      // null once it is only somebody's parent
  uint32_t branches;      // paths from here that are not walked to the end
  uint32_t begins;        // the LoopState::loop that begins here, or 0
  uint32_t index;         // of the instruction
  uint32_t path_length;   // then, of the record's path
  uint32_t misses;
  uint32_t hits;
};

/// The side of a conditional jump that is not walked yet.
struct PendingBranch {
  PendingBranch* below;
  SavedState* saved;  // before the jump
  ExploredState* parent;
  uint32_t index;  // of the jump
  size_t log_position;
  uint32_t path_length;  // of the record's path
};

/// Keeps the state before the jump at `v.index`, for its taken side.
Status KeepForLater(Verification& v);

/// Ends a path; goes on with the newest branch that was kept, if any.
bool NextPath(Verification& v);

/// At an instruction where paths meet: `seen` if a state that was walked from
/// to all ends covers this one, or one that is walked from in a loop that ends
/// by itself. Refuses an endless loop. kNoMemory.
Status CheckSeen(Verification& v, bool& seen);

/// Gives all memory back.
void FreeExploration(Verification& v);

}  // namespace ebpf::verifier
