// SPDX-License-Identifier: MIT
//
// A histogram with power-of-two buckets, drawn as bpftrace draws it.
#pragma once

#include "core/base/span.h"
#include "testing/demo/report.h"

namespace demo {

/// Prints from the first to the last bucket that is not empty: bucket i counts
/// values of [2^i, 2^(i+1)), and bucket 0 also 0.
void PrintHistogram(Report& report, ebpf::Span<const uint64_t> buckets);

}  // namespace demo
