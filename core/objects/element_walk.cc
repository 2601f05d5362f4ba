// SPDX-License-Identifier: MIT
//
// A walk through the elements of a map: keys and values as bytes. A program
// gets a copy of the key, which does not change while it looks, and the value
// itself, or a copy where it may not write it or there is one for each CPU.
#include "core/linux_abi/bpf.h"
#include "core/maps/shared_bytes.h"
#include "core/memory/buffer.h"
#include "core/objects/iterator.h"
#include "core/objects/kernel_view.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

bool HasElements(MapType type) {
  return IsPerCpu(type) || IsArray(type) || type == MapType::kHash ||
         type == MapType::kLruHash;
}

/// What must not be written: the verifier may count on what is in a map that
/// programs only read, and fields are others'.
bool IsCopied(const Map& map) {
  return IsPerCpu(map.spec().type) || !map.fields().empty() ||
         (map.spec().flags & linux_abi::kMapReadOnlyProg) != 0;
}

class ElementWalk final : public ObjectWalk {
 public:
  ElementWalk(Ref<Map> map, Allocator& allocator)
      : allocator_(allocator),
        map_(Move(map)),
        key_(allocator),
        value_(allocator) {
    map_->AcquireUser();
  }
  ~ElementWalk() { map_->ReleaseUser(this); }

  Status Prepare() {
    EBPF_TRY(key_.Allocate(map_->spec().key_size));
    return IsCopied(*map_) ? value_.Allocate(map_->user_value_size())
                           : Status::kOk;
  }

  bool Find() override {
    const ReadSection reading;
    return Element().ok();
  }

  bool Show(IteratorArguments& arguments) override {
    const Result<MapElement> element = Element();
    if (!element.ok()) {
      return false;
    }
    shared_bytes::Load(key_.span(), element->key.data());
    Bytes value = element->value;
    if (IsCopied(*map_)) {
      value = value_.span();
      if (!IsOk(map_->CopyValueOut(Key(), value))) {
        return false;
      }
    }
    ShowEnd(arguments);
    arguments.words[1] = reinterpret_cast<uint64_t>(key_.span().data());
    arguments.words[2] = reinterpret_cast<uint64_t>(value.data());
    return true;
  }

  void ShowEnd(IteratorArguments& arguments) override {
    kernel_view::Fill(*map_, view_);
    arguments.words[0] = reinterpret_cast<uint64_t>(&view_);
  }

  void Advance() override { ++place_.index; }
  void Leave() override {}
  void Delete() override { allocator_.Delete(this); }

 private:
  ConstBytes Key() const { return ConstBytes(key_.span()); }

  /// In a read section.
  Result<MapElement> Element() {
    if (!IsArray(map_->spec().type)) {
      return map_->ElementAt(place_);
    }
    if (place_.index >= map_->spec().max_entries) {
      return Status::kNotFound;
    }
    const ConstBytes key = BytesOf(place_.index);
    return MapElement{key, EBPF_TRY(map_->Lookup(key))};
  }

  Allocator& allocator_;
  const Ref<Map> map_;
  ElementPlace place_;
  Buffer<uint8_t> key_;
  Buffer<uint8_t> value_;
  kernel_view::MapView view_;
};

}  // namespace

Status CheckElementsFor(const Program& program, const Map& map) {
  const MapSpec& spec = map.spec();
  if (!HasElements(spec.type)) {
    return Status::kInvalid;
  }
  const ProgramParts& parts = program.parts();
  const size_t value_size =
      IsPerCpu(spec.type) ? map.user_value_size() : spec.value_size;
  return parts.element_key_bytes > spec.key_size ||
                 parts.element_value_bytes > value_size
             ? Status::kAccess
             : Status::kOk;
}

Result<ObjectWalk*> WalkElements(const WalkOrigin& origin,
                                 Allocator& allocator) {
  ElementWalk* walk =
      EBPF_TRY(allocator.New<ElementWalk>(origin.map, allocator));
  const Status status = walk->Prepare();
  if (!IsOk(status)) {
    walk->Delete();
    return status;
  }
  return static_cast<ObjectWalk*>(walk);
}

}  // namespace ebpf
