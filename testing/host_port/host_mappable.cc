// SPDX-License-Identifier: MIT
//
// core/platform/mappable.h on the host port's heap, which tells its blocks from
// others. A file of its own: kernels of tests have pages of their own.
#include "core/platform/mappable.h"
#include "testing/host_port/host_blocks.h"

namespace {

constexpr size_t kPageSize = 4096;

}  // namespace

extern "C" {

void* ebpf_port_mappable_alloc(size_t size) {
  return ebpf::host::GiveBlock("ebpf_port_mappable_alloc",
                               {size, kPageSize, true});
}

void ebpf_port_mappable_free(void* memory, size_t size) {
  ebpf::host::TakeBlock("ebpf_port_mappable_free", memory,
                        {size, kPageSize, true});
}

}  // extern "C"
