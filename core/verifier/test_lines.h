// SPDX-License-Identifier: MIT
//
// Source lines for tests: a BTF with texts, and line_info into it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/btf/test_builder.h"
#include "core/verifier/verifier.h"

namespace ebpf::verifier {

class TestLines {
 public:
  explicit TestLines(const std::string& file) : file_(builder_.Name(file)) {}

  /// From `insn` on: line `number`, which reads `text`.
  void Add(uint32_t insn, uint32_t number, const std::string& text) {
    lines_.push_back({insn, file_, builder_.Name(text), number << 10 | 3});
  }

  /// Gives them to a verification; `this` outlives it.
  void PutInto(Options& options) {
    blob_ = builder_.Blob();
    index_.resize(1);
    const ConstBytes bytes(blob_.data(), blob_.size());
    btf_.clear();
    btf_.push_back(
        *btf::Btf::Open(bytes, Span<uint32_t>(index_.data(), index_.size())));
    options.btf = &btf_[0];
    options.lines = Span<const LineInfo>(lines_.data(), lines_.size());
  }

 private:
  btf::Builder builder_;
  uint32_t file_;
  std::vector<LineInfo> lines_;
  std::vector<uint8_t> blob_;
  std::vector<uint32_t> index_;
  std::deque<btf::Btf> btf_;
};

}  // namespace ebpf::verifier
