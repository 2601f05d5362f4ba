// SPDX-License-Identifier: MIT
//
// What the test says on the kernel's log.
#pragma once

#include "core/base/text_writer.h"
#include "core/base/types.h"
#include "core/platform/log.h"

namespace ebpf::selftest {

/// A line, written at its end: whole, whoever else writes. Context: task.
class Line : public NonCopyable {
 public:
  Line() { writer_.Put("ebpf: selftest: "); }
  ~Line() {
    const size_t size = writer_.text().size();
    text_[size] = '\n';
    ebpf_port_log(text_, size + 1);
  }
  TextWriter& writer() { return writer_; }

 private:
  char text_[240];
  TextWriter writer_{text_, sizeof(text_) - 1};
};

}  // namespace ebpf::selftest
