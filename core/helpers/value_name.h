// SPDX-License-Identifier: MIT
//
// What stands in front of a value in the text of core/helpers/value_text.h:
// ".member = (struct name *[])[".
#pragma once

#include "core/base/text_writer.h"
#include "core/btf/btf.h"

namespace ebpf {

/// Appends it for a value of type `type`, as its declaration has it. `member`
/// is the name of the struct's member that it is, or empty. Without `names` it
/// is just the bracket that begins a struct or an array; nothing at all where
/// arrays, pointers and typedefs of each other are more than ten. Context: any.
void PutValueName(TextWriter& to, const btf::Btf& btf, btf::TypeId type,
                  StringView member, bool names);

}  // namespace ebpf
