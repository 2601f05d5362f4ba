// SPDX-License-Identifier: MIT
#include "testing/oracle/host_types.h"

#include <fstream>
#include <iterator>
#include <vector>

#include "core/memory/allocator.h"

namespace ebpf::oracle {

Ref<btf::BtfObject> ReadHostTypes() {
  std::ifstream file("/sys/kernel/btf/vmlinux", std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  return btf::BtfObject::Create(
             ConstBytes(reinterpret_cast<const uint8_t*>(bytes.data()),
                        bytes.size()),
             PortAllocator())
      .ValueOr(Ref<btf::BtfObject>());
}

}  // namespace ebpf::oracle
