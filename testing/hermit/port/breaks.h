// SPDX-License-Identifier: MIT
//
// What ports/hermit may do wrong: here what has no name of its own in each
// CPU's tests, or is on one CPU only, a breaks.cc of each.
#pragma once

#include "core/base/span.h"
#include "testing/guest/breaks/breaks.h"

namespace hermit {

ebpf::Span<const guest::Break> CpusBreaks();

/// For Break::set: nobody's breakpoint is taken for one of ours, or goes on to
/// the kernel with another value in one of its registers.
void ClaimEveryBreakpoint(bool broken);
void TouchTheKernelsBreakpoint(bool broken);

}  // namespace hermit
