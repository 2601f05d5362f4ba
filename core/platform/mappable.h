// SPDX-License-Identifier: MIT
//
// Memory that processes may map: perf buffers, rings, arrays of
// BPF_F_MMAPABLE. Tier T2.
#pragma once

#include <stddef.h>

extern "C" {

/// `size` zeroed bytes in whole pages of 4096, in one piece, that mappings of a
/// file of ours (`ebpf_file_mmap`, core/capi/ebpf.h) may show to processes;
/// null if there are none. Its first byte stands at the file's offset 0, and
/// processes get no more of it than that function says: what is behind may be
/// the kernel's own. `size` is a multiple of 4096, not 0. Default:
/// ebpf_port_alloc(size, 4096). Absent: the kernel maps any memory of its own
/// for processes, or none. Context: task.
[[nodiscard]] void* ebpf_port_mappable_alloc(size_t size);

/// Gives back what ebpf_port_mappable_alloc returned for the same `size`. No
/// process has it mapped: who maps it keeps the file. Default: ebpf_port_free.
/// Absent: as above. Context: task.
void ebpf_port_mappable_free(void* memory, size_t size);

}  // extern "C"
