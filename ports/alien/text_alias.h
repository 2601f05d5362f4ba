// SPDX-License-Identifier: MIT
//
// Writing what no mapping can write.
#pragma once

namespace ebpf::alien {

/// Takes the addresses through which text is written; false if there is no
/// memory, and text cannot be written then. Context: task, once.
bool PrepareTextAlias();

}  // namespace ebpf::alien
