// SPDX-License-Identifier: MIT
//
// What programs return.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Where the program itself exits: whether r0 (or what it throws, in r1) is
/// what its type may return.
Status CheckReturnValue(Verification& v, unsigned number = 0);

/// Whether that may depend on the number in r0.
bool ReturnValueMatters(const Verification& v);

/// A number's bounds as Linux words them for results: " smin=2 smax=3".
class BoundsText {
 public:
  explicit BoundsText(const ScalarValue& value);
  operator const char*() const { return text_; }  // NOLINT

 private:
  char text_[64];
};

}  // namespace ebpf::verifier
