// SPDX-License-Identifier: MIT
//
// Lines on the console, whole ones from any CPU and any context.
#pragma once

#include "core/base/string_view.h"
#include "core/base/text_writer.h"

namespace guest {

inline constexpr size_t kMaxLine = 240;

/// Prints `line` and a line break. Lines do not mix; one that finds the queue
/// full (128 lines, while another CPU prints) is dropped, and the output says
/// so. Context: any, traps included.
void PrintLine(ebpf::StringView line);

/// Appends to the line that PrintText() began, once per CPU; it is printed
/// when a '\n' comes or kMaxLine is reached. Context: task, one thread.
void PrintText(ebpf::StringView text);

/// Waits until every queued line is out, or prints them itself if the CPU that
/// prints does not go on. Before the machine ends. Context: any.
void FlushConsole();

/// Gets each line in place of the device, one at a time.
using ConsoleSink = void (*)(ebpf::StringView line);
/// For a test of the console; null: the device again.
void SetConsoleSink(ConsoleSink to);

/// A line under construction: `Line() << "cpu " << 1` prints at its end.
class Line {
 public:
  Line() : writer_(buffer_, sizeof buffer_) {}
  ~Line() { PrintLine(writer_.text()); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Line& operator<<(ebpf::StringView text) {
    writer_.Put(text);
    return *this;
  }
  Line& operator<<(uint64_t value) {
    writer_.PutUnsigned(value);
    return *this;
  }
  Line& operator<<(uint32_t value) { return *this << uint64_t{value}; }
  Line& operator<<(int64_t value) {
    writer_.PutSigned(value);
    return *this;
  }
  Line& operator<<(int value) { return *this << int64_t{value}; }
  Line& Hex(uint64_t value) {
    writer_.Put("0x").PutHex(value);
    return *this;
  }

 private:
  char buffer_[kMaxLine];
  ebpf::TextWriter writer_;
};

}  // namespace guest
