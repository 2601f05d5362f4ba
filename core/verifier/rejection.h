// SPDX-License-Identifier: MIT
//
// Why a program was refused, kept until the block for people is written.
#pragma once

#include <stdint.h>

#include "core/verifier/messages.h"
#include "core/verifier/path_history.h"

namespace ebpf::verifier {

/// A message that was written, with its arguments as text.
struct Rejection {
  static constexpr uint32_t kMaxArgs = 8;
  static constexpr size_t kMaxText = 112;

  Message message;
  uint32_t arg_count;
  char text[kMaxArgs][kMaxText];
  int64_t value[kMaxArgs];  // of those that are numbers, else 0

  void Set(Message what, Span<const MessageArg> args);
  /// The message again, with a newline.
  void WriteTo(TextWriter& writer) const;
  /// The number of the first argument that stands right behind `prefix`, or -1:
  /// "R" finds registers.
  int64_t ArgBehind(const char* prefix) const;
  StringView arg(uint32_t number) const {
    return StringView::FromField(text[number], kMaxText);
  }
};

/// What a verification with a log remembers of itself.
struct Record {
  PathHistory path;
  /// Some messages take two: the case, and the register.
  Rejection first;
  Rejection last;
  uint32_t rejections = 0;

  void Note(Message message, Span<const MessageArg> args) {
    last.Set(message, args);
    if (rejections++ == 0) {
      first = last;
    }
  }
};

}  // namespace ebpf::verifier
