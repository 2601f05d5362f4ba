// SPDX-License-Identifier: MIT
//
// The demo's lines: what a person reads, and what a test judges.
#pragma once

#include "core/base/text_writer.h"
#include "testing/demo/environment.h"

namespace demo {

/// Collects the outcome of checks and prints lines through the environment.
class Report {
 public:
  explicit Report(const Environment& environment) : environment_(environment) {}

  const Environment& environment() const { return environment_; }
  bool passed() const { return passed_; }

  /// Prints `[TEST] OK name` or `[TEST] FAIL name reason`; returns `ok`.
  bool Check(ebpf::StringView name, bool ok, ebpf::StringView reason);

  /// Checks that two counts are equal; a failure tells both.
  bool CheckEqual(ebpf::StringView name, uint64_t actual, uint64_t expected);

  /// Prints a text of several lines, each with `prefix` before it.
  void PrintLines(ebpf::StringView prefix, ebpf::StringView text);

  void Print(ebpf::StringView line) { environment_.print_line(line); }

 private:
  const Environment& environment_;
  bool passed_ = true;
};

/// A line that is built up and printed at the end of its life.
class Line {
 public:
  explicit Line(Report& report) : report_(report), text_(buffer_, kSize) {}
  ~Line() { report_.Print(text_.text()); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Line& operator<<(ebpf::StringView text) {
    text_.Put(text);
    return *this;
  }
  Line& operator<<(uint64_t value) {
    text_.PutUnsigned(value);
    return *this;
  }
  /// `value` right-aligned in `width` columns.
  Line& Padded(uint64_t value, unsigned width);
  /// `text` left-aligned in `width` columns.
  Line& Padded(ebpf::StringView text, unsigned width);

 private:
  static constexpr size_t kSize = 200;

  Report& report_;
  char buffer_[kSize];
  ebpf::TextWriter text_;
};

}  // namespace demo
