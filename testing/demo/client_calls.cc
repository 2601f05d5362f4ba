// SPDX-License-Identifier: MIT
//
// testing/demo/client_calls.h's implementation.
#include "testing/demo/client_calls.h"

#include "core/linux_abi/bpf.h"

namespace demo {
namespace {

int64_t ElemCall(ebpf_client* client, uint32_t command, int fd, const void* key,
                 void* value) {
  ebpf::linux_abi::MapElemAttr attr = {};
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.key = reinterpret_cast<uint64_t>(key);
  attr.value = reinterpret_cast<uint64_t>(value);
  return ebpf_bpf(client, command, reinterpret_cast<uint64_t>(&attr),
                  sizeof(attr));
}

}  // namespace

int64_t LookupElem(ebpf_client* client, int fd, const void* key, void* value) {
  return ElemCall(client, ebpf::linux_abi::kMapLookupElem, fd, key, value);
}

int64_t NextKey(ebpf_client* client, int fd, const void* key, void* next) {
  return ElemCall(client, ebpf::linux_abi::kMapGetNextKey, fd, key, next);
}

}  // namespace demo
