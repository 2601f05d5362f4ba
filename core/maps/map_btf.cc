// SPDX-License-Identifier: MIT
//
// core/maps/map_btf.h's implementation.
#include "core/maps/map_btf.h"

namespace ebpf {

Result<Ref<MapBtf>> MapBtf::Create(Ref<btf::BtfObject> btf, btf::TypeId key,
                                   btf::TypeId value, Span<MapField> fields,
                                   Allocator& allocator) {
  MapBtf* types =
      EBPF_TRY(allocator.New<MapBtf>(Move(btf), key, value, fields, allocator));
  return Ref<MapBtf>::Adopt(types);
}

void MapBtf::Destroy() {
  allocator_.DeleteArray(fields_);
  allocator_.Delete(this);
}

}  // namespace ebpf
