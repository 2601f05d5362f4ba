// SPDX-License-Identifier: MIT
//
// Map::settled() says that user space does not write any more; the flag keeps
// programs from it, and the map from being mapped for writing.
#include "core/verifier/frozen_value.h"

#include "core/linux_abi/bpf.h"

namespace ebpf::verifier {

bool ReadFrozenValue(const RegState& reg, const Access& access,
                     uint64_t& number) {
  // Of a map in a map of maps only what it is like is known.
  if (reg.type != RegType::kMapValue || reg.origin != 0 ||
      !reg.value.IsConstant()) {
    return false;
  }
  Map& map = const_cast<Map&>(*reg.map);  // only to be read
  if ((map.spec().flags & linux_abi::kMapReadOnlyProg) == 0 || !map.settled()) {
    return false;
  }
  const Result<Bytes> value = map.DirectValue();
  if (!value.ok()) {
    return false;
  }
  const int64_t offset = int64_t{reg.offset} + access.offset +
                         static_cast<int64_t>(reg.value.bits.value);
  if (offset < 0 ||
      !value->Contains(static_cast<uint64_t>(offset), access.size)) {
    return false;
  }
  // Programs run on little-endian machines, and load as they do.
  number = 0;
  for (uint32_t i = 0; i < access.size; ++i) {
    const uint64_t byte = (*value)[static_cast<size_t>(offset) + i];
    number |= byte << (8 * i);
  }
  return true;
}

}  // namespace ebpf::verifier
