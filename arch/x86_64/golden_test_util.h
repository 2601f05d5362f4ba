// SPDX-License-Identifier: MIT
//
// Compares what this folder encodes with what LLVM's assembler makes of the
// same text, in testdata/*.golden.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::x86_64 {

/// Texts of one test, with bytes in hex.
class Golden {
 public:
  /// testdata/`name`.golden, which testdata/make_golden.py makes of
  /// testdata/`name`.s.
  explicit Golden(const std::string& name) {
    std::ifstream file("arch/x86_64/testdata/" + name + ".golden");
    std::string line;
    while (std::getline(file, line)) {
      const size_t tab = line.find('\t');
      bytes_[line.substr(tab + 1)] = line.substr(0, tab);
    }
    // Writes the .s files anew, for make_golden.py, after cases were added.
    if (const char* folder = std::getenv("WRITE_TEXTS"); folder != nullptr) {
      texts_.open(folder + ("/" + name) + ".s");
    }
  }

  /// Whether `bytes` are what LLVM makes of `text`.
  void Expect(const std::string& text, const std::string& bytes) {
    if (texts_.is_open()) {
      if (used_.insert(text).second) {
        texts_ << text << "\n";
      }
      return;
    }
    const auto found = bytes_.find(text);
    ASSERT_NE(found, bytes_.end()) << text << " is not in the golden file";
    EXPECT_EQ(found->second, bytes) << text;
    used_.insert(text);
  }

  /// To be at least `least`, and all that the file has.
  void ExpectAllUsed(size_t least) const {
    if (!texts_.is_open()) {
      EXPECT_EQ(used_.size(), bytes_.size());
      EXPECT_GE(used_.size(), least);
    }
  }

  static std::string Hex(const std::vector<uint8_t>& bytes) {
    std::string hex;
    for (const uint8_t byte : bytes) {
      char digits[3];
      std::snprintf(digits, sizeof(digits), "%02x", byte);
      hex += digits;
    }
    return hex;
  }

 private:
  std::map<std::string, std::string> bytes_;
  std::set<std::string> used_;
  std::ofstream texts_;
};

}  // namespace ebpf::x86_64
