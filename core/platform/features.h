// SPDX-License-Identifier: MIT
//
// What a port has of the services that only some helpers and attachments need:
// those are refused where it has not, as Linux does what it does not have.
// Tier T1.
#pragma once

#include <stdint.h>

extern "C" {

/// Bits of ebpf_port_features().
enum ebpf_port_feature {
  /// ebpf_port_read_user_nofault, ebpf_port_write_user_nofault (nofault.h).
  EBPF_PORT_USER_NOFAULT = 1,
  /// ebpf_port_send_signal (task.h).
  EBPF_PORT_SIGNALS = 2,
  /// ebpf_port_timer_start, ebpf_port_timer_stop (timer.h); and
  /// ebpf_port_defer,
  /// by which programs go that nothing but a timer kept.
  EBPF_PORT_TIMERS = 4,
  /// ebpf_port_time_tai_ns (time.h).
  EBPF_PORT_TAI_CLOCK = 8,
  /// ebpf_port_task_view (task.h).
  EBPF_PORT_TASK_VIEW = 16,
  /// ebpf_port_stack_walk (stack.h).
  EBPF_PORT_STACKS = 32,
  /// The kernel asks ebpf_cgroup_device_allowed (core/capi/ebpf.h) before a
  /// task opens or makes a device, and names groups (cgroup.h): programs can be
  /// attached to them.
  EBPF_PORT_CGROUP_DEVICES = 64,
  /// ebpf_port_variable, ebpf_port_per_cpu_address (variables.h).
  EBPF_PORT_VARIABLES = 128,
  /// ebpf_port_may_override (text.h).
  EBPF_PORT_OVERRIDE = 256,
};

/// A sum of ebpf_port_feature, the same each time. Default: 0. Absent: helpers
/// and attachments of optional services are refused at the load. Context: any.
uint32_t ebpf_port_features(void);

}  // extern "C"
