// SPDX-License-Identifier: MIT
//
// Values in words, for people who do not know the verifier's own form.
#pragma once

#include "core/base/text_writer.h"
#include "core/verifier/frame_state.h"

namespace ebpf::verifier {

/// "a number from 0 to 255", "either null or a pointer to the value of map
/// \"hits\" (8 bytes)".
void Describe(TextWriter& writer, const RegState& reg);

}  // namespace ebpf::verifier
