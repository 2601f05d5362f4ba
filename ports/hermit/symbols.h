// SPDX-License-Identifier: MIT
//
// The symbol table that the second link put into the image.
#pragma once

namespace ebpf::hermit {

/// Opens it; false if there is none or it is damaged, and no symbol is found
/// then. Context: task, once.
bool OpenSymbols();

}  // namespace ebpf::hermit
