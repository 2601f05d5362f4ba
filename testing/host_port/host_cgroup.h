// SPDX-License-Identifier: MIT
//
// The host port's cgroups: numbers, of which n / 10 is n's parent (so 12 is
// under 1), and kHostCgroupFd + n a descriptor of n.
#pragma once

namespace ebpf {

inline constexpr int kHostCgroupFd = 5000;

/// In which one this thread's task is; at first 0, which has no descriptor.
void SetHostCgroup(int number);

/// The port's pointer to one.
void* HostCgroup(int number);

/// Groups that core has and has not given back.
int HostCgroupsHeld();

}  // namespace ebpf
