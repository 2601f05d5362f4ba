// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/timer.h's tracepoints.
#include "core/tracepoints/events/timer.h"

namespace ebpf {

EBPF_TRACEPOINT(TimerInit);
EBPF_TRACEPOINT(TimerStart);
EBPF_TRACEPOINT(TimerExpireEntry);
EBPF_TRACEPOINT(TimerExpireExit);
EBPF_TRACEPOINT(TimerCancel);
EBPF_TRACEPOINT(HrtimerExpireEntry);
EBPF_TRACEPOINT(HrtimerExpireExit);
EBPF_TRACEPOINT(HrtimerCancel);

}  // namespace ebpf
