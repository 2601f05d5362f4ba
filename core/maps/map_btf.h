// SPDX-License-Identifier: MIT
//
// What a map's creator said of its keys and values by BTF.
#pragma once

#include "core/btf/btf_object.h"
#include "core/maps/map_fields.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"

namespace ebpf {

/// Never changes. Context: any, but for Create and the last Ref (task).
class MapBtf : public RefCounted<MapBtf> {
 public:
  /// `key` (or 0) and `value` are types of `btf`; `fields`, from `allocator`,
  /// are the special ones of a value, and belong to what is made. kNoMemory.
  static Result<Ref<MapBtf>> Create(Ref<btf::BtfObject> btf, btf::TypeId key,
                                    btf::TypeId value, Span<MapField> fields,
                                    Allocator& allocator);

  const btf::BtfObject& object() const { return *btf_; }
  const btf::Btf& btf() const { return btf_->btf(); }
  btf::TypeId key() const { return key_; }
  btf::TypeId value() const { return value_; }
  MapFields fields() const { return MapFields(fields_.data(), fields_.size()); }

 private:
  friend class RefCounted<MapBtf>;
  friend class Allocator;

  MapBtf(Ref<btf::BtfObject> btf, btf::TypeId key, btf::TypeId value,
         Span<MapField> fields, Allocator& allocator)
      : btf_(Move(btf)),
        key_(key),
        value_(value),
        fields_(fields),
        allocator_(allocator) {}
  ~MapBtf() = default;
  void Destroy();

  const Ref<btf::BtfObject> btf_;
  const btf::TypeId key_;
  const btf::TypeId value_;
  const Span<MapField> fields_;
  Allocator& allocator_;
};

}  // namespace ebpf
