// SPDX-License-Identifier: MIT
//
// What the verifier found out of a program as a whole, for fixup.
#pragma once

#include <stdint.h>

#include "core/memory/buffer.h"
#include "core/verifier/call_graph.h"

namespace ebpf::verifier {

/// A function of the program as it was verified.
struct FoundFunction {
  uint32_t start;
  uint32_t stack_bytes;  // a multiple of 8
  bool has_may_goto;
};

/// Of a call of a helper: the number of the map, or the first instruction of
/// the function, that it is called with on all paths.
class CallNote {
 public:
  static constexpr CallNote Of(uint32_t what) { return CallNote(what + 1); }
  /// One that is not known when the program is loaded.
  static constexpr CallNote Several() {
    CallNote note;
    note.word_ = kSeveral;
    return note;
  }
  constexpr CallNote() = default;

  constexpr bool known() const { return word_ != 0 && word_ != kSeveral; }
  /// Precondition: known().
  constexpr uint32_t what() const { return word_ - 1; }

  /// On another path it is `other`.
  constexpr void Meet(CallNote other) {
    word_ = word_ == 0 || word_ == other.word_ ? other.word_ : kSeveral;
  }

 private:
  static constexpr uint32_t kSeveral = ~uint32_t{0};

  explicit constexpr CallNote(uint32_t word) : word_(word) {}

  uint32_t word_ = 0;
};

/// All of it is empty until a program was accepted.
struct Findings {
  explicit Findings(Allocator& allocator)
      : functions(allocator), calls(allocator), graph(allocator) {}

  Buffer<FoundFunction> functions;  // by start
  Buffer<CallNote> calls;           // one for each instruction
  /// One: who calls whom, callbacks included, at most.
  Buffer<CallGraph> graph;
};

}  // namespace ebpf::verifier
