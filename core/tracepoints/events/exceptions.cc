// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/exceptions.h's tracepoints.
#include "core/tracepoints/events/exceptions.h"

namespace ebpf {

EBPF_TRACEPOINT(PageFaultUser);
EBPF_TRACEPOINT(PageFaultKernel);

}  // namespace ebpf
