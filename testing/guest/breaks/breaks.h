// SPDX-License-Identifier: MIT
//
// A port that is wrong on purpose: the tests of a port's image, each beside the
// mistakes that it must find. The linker puts a breaks.cc around the port
// (--wrap); which mistake is made, the image's boot argument says.
#pragma once

#include "core/base/span.h"
#include "core/base/string_view.h"

namespace guest {

struct Break {
  /// Of testing/BREAKS.md.
  const char* name;
  /// The case that must find it.
  const char* test;
  /// What its failure must say, somewhere. Null: the guest dies of it, which
  /// takes a boot of its own.
  const char* words;
  /// Makes the mistake, or mends it again, if it is not made by asking
  /// IsBroken.
  void (*set)(bool broken) = nullptr;
};

/// Whether the port is to make that mistake now. Context: any.
bool IsBroken(ebpf::StringView name);

/// With the `argument` "breaks" those that kill nobody, each in turn: a case
/// `Break.name`, which fails if the case that must find it does not. With the
/// name of one the case that it kills. Otherwise all cases of the image.
bool RunTestsOrBreaks(ebpf::Span<const Break> breaks,
                      ebpf::StringView argument);
/// The same with `more` of them.
bool RunTestsOrBreaks(ebpf::Span<const Break> breaks,
                      ebpf::Span<const Break> more, ebpf::StringView argument);

}  // namespace guest
