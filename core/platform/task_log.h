// SPDX-License-Identifier: MIT
//
// ebpf_port_log for kernels whose console takes locks that a probe may have
// interrupted: any context puts text there, and tasks print it.
#pragma once

#include <stddef.h>

#include "core/base/line_queue.h"
#include "core/base/string_view.h"
#include "core/base/types.h"

namespace ebpf {

/// Room for `kLines` lines. What finds none is lost, and the log says so.
template <size_t kLines>
class TaskLog : public NonCopyable {
 public:
  /// Longer lines take several places.
  static constexpr size_t kPiece = 240;

  constexpr TaskLog() = default;

  /// Context: any.
  void Put(const char* text, size_t size) {
    while (size != 0) {
      const size_t piece = Min(size, kPiece);
      queue_.Put(StringView(text, piece));
      text += piece;
      size -= piece;
    }
  }

  /// Prints what is there, unless another task does. Context: task.
  void Print(void (*print)(StringView text)) {
    queue_.Drain(print);
    if (queue_.TakeLost() != 0) {
      print("ebpf: log lines were lost\n");
    }
  }

 private:
  LineQueue<kLines, kPiece> queue_;
};

}  // namespace ebpf
