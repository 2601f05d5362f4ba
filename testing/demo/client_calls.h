// SPDX-License-Identifier: MIT
//
// The system calls of the demo's client, as functions: maps and records by
// descriptor, through core/capi alone.
#pragma once

#include "core/base/span.h"
#include "core/capi/ebpf.h"

namespace demo {

/// bpf(BPF_MAP_LOOKUP_ELEM). 0 or a negative errno, as all below.
int64_t LookupElem(ebpf_client* client, int fd, const void* key, void* value);

/// bpf(BPF_MAP_GET_NEXT_KEY); `key` null: the first.
int64_t NextKey(ebpf_client* client, int fd, const void* key, void* next);

}  // namespace demo
