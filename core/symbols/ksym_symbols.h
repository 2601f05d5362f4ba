// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h over the tables of the crate `ksym`, whole: a port
// links it and says where these are.
#pragma once

#include "core/symbols/ksym_tables.h"

namespace ebpf {

/// The port's: the kernel's tables, empty where there are none. Context: any.
KsymTables PortKsymTables();

}  // namespace ebpf
