// SPDX-License-Identifier: MIT
//
// core/platform/measured_time.h on RISC-V.
#include "core/platform/measured_time.h"

#include "core/platform/time.h"
#include "machine/counter.h"

namespace ebpf {

constinit MeasuredClock measured_time;

}  // namespace ebpf

// No call: it is asked for at each event.
extern "C" uint64_t ebpf_port_time_ns() {
  return ebpf::measured_time.Nanoseconds(ebpf::machine::ReadCounter());
}
