// SPDX-License-Identifier: MIT
//
// The text or bytes that an iterator's program writes for who reads its file:
// what a program sees as a struct seq_file.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/memory.h"
#include "core/base/span.h"
#include "core/base/status.h"

namespace ebpf {

/// Memory of the iterator's, filled from its begin. What does not fit is not
/// written at all, and whoever runs the program sees that it has to be asked
/// again with more room. Context: any; one program at a time.
class SeqBuffer {
 public:
  explicit SeqBuffer(Span<char> memory) : memory_(memory) {}

  /// The buffer behind a helper's argument of type struct seq_file.
  static SeqBuffer& Of(uint64_t argument) {
    return *reinterpret_cast<SeqBuffer*>(argument);
  }
  uint64_t argument() const { return reinterpret_cast<uint64_t>(this); }

  Span<const char> text() const {
    return Span<const char>(memory_.data(), size_);
  }
  /// Something did not fit since the last Truncate.
  bool overflowed() const { return overflowed_; }

  /// Goes back to the first `size` bytes, what a program wrote that had to be
  /// given up.
  void Truncate(size_t size) {
    size_ = Min(size, size_);
    overflowed_ = false;
  }

  /// kOverflow, and nothing is appended from here on. As in Linux the last byte
  /// of the memory stays free.
  Status Append(ConstBytes bytes) {
    if (overflowed_ || bytes.size() >= memory_.size() - size_) {
      overflowed_ = true;
      return Status::kOverflow;
    }
    CopyBytes(memory_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    return Status::kOk;
  }

  /// Room for text that is formatted in place, and its length then; the zero at
  /// its end is no part of it. As Append.
  Span<char> room() const {
    return Span<char>(memory_.data() + size_,
                      overflowed_ ? 0 : memory_.size() - size_);
  }
  Status Claim(size_t length) {
    if (overflowed_ || length >= memory_.size() - size_) {
      overflowed_ = true;
      return Status::kOverflow;
    }
    size_ += length;
    return Status::kOk;
  }

 private:
  friend struct SeqFileLayout;

  // Programs see these as a struct seq_file's buf, size and count.
  const Span<char> memory_;
  size_t size_ = 0;
  bool overflowed_ = false;
};

}  // namespace ebpf
