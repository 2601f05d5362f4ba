// SPDX-License-Identifier: MIT
//
// Many small functions, one after the other, for tests of many probes.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/probes/kprobe_test_util.h"
#include "testing/host_port/host_symbols.h"

namespace ebpf {

/// `count` functions of two arguments, the even ones of which add (their first
/// instruction is emulated), the odd ones multiply (it is stepped).
class ManyFunctions {
 public:
  static constexpr size_t kSize = 16;

  explicit ManyFunctions(size_t count) : original_(count * kSize, 0xcc) {
    for (size_t i = 0; i < count; ++i) {
      const ConstBytes code = i % 2 == 0 ? ConstBytes(kAdd) : kMultiply;
      memcpy(original_.data() + i * kSize, code.data(), code.size());
    }
    text_ = std::make_unique<HostText>(
        "many", ConstBytes(original_.data(), original_.size()));
    for (size_t i = 0; i < count; ++i) {
      addresses_.push_back(text_->address() + i * kSize);
      const std::string name = "many_" + std::to_string(i);
      AddHostSymbol(name.c_str(), addresses_[i],
                    i % 2 == 0 ? sizeof(kAdd) : sizeof(kMultiply));
    }
  }
  ~ManyFunctions() {
    for (const uint64_t address : addresses_) {
      RemoveHostSymbol(address);
    }
  }

  size_t size() const { return addresses_.size(); }
  Span<const uint64_t> addresses() const {
    return Span<const uint64_t>(addresses_.data(), addresses_.size());
  }
  /// Whether there is no breakpoint.
  bool IsOriginal() const {
    return EqualBytes(text_->bytes(),
                      ConstBytes(original_.data(), original_.size()));
  }
  /// Calls it, and says whether it did what it should.
  bool Call(size_t index, uint64_t a, uint64_t b) const {
    auto* function = reinterpret_cast<Function*>(addresses_[index]);
    return function(a, b) == (index % 2 == 0 ? a + b : a * b);
  }
  /// How many of all did.
  size_t CallAll() const {
    size_t right = 0;
    for (size_t i = 0; i < size(); ++i) {
      right += Call(i, i + 3, 7) ? 1 : 0;
    }
    return right;
  }

 private:
  std::vector<uint8_t> original_;
  std::vector<uint64_t> addresses_;
  std::unique_ptr<HostText> text_;
};

/// A span of what a vector of Refs holds.
inline Span<Ref<Kprobe>> SpanOf(std::vector<Ref<Kprobe>>& probes) {
  return Span<Ref<Kprobe>>(probes.data(), probes.size());
}

}  // namespace ebpf
