// SPDX-License-Identifier: MIT
//
// BPF_MAP_LOOKUP_BATCH, _LOOKUP_AND_DELETE_BATCH, _UPDATE_BATCH, _DELETE_BATCH.
//
// Once they have begun they write back to `count` how many elements they got
// through, whatever they answer.
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/sync/read_section.h"
#include "core/syscall/map_access.h"
#include "core/syscall/map_objects.h"

namespace ebpf {
namespace {

using linux_abi::MapBatchAttr;

/// One batch: the map, and the arrays on the client's side.
class Batch {
 public:
  Batch(const Call& call, const MapBatchAttr& attr, const OpenMap& map)
      : call_(call),
        attr_(attr),
        open_map_(map),
        map_(*map),
        allocator_(*call.system.allocator),
        key_size_(map->spec().key_size),
        value_size_(map->user_value_size()) {}

  Status LookUpByKey();
  Status LookUpByGroup(bool take);
  Status Update();
  Status Delete();

 private:
  static constexpr uint32_t kPieceBytes = 64 << 10;

  CallerPtr At(uint64_t array, size_t size) const {
    return call_.client.Pointer(array).Plus(uint64_t{done_} * size);
  }
  Status CopyKeyIn(Bytes key) const {
    return call_.client.CopyIn(key.data(), At(attr_.keys, key_size_),
                               key.size());
  }
  Status CopyValueIn(Bytes value) const {
    return call_.client.CopyIn(value.data(), At(attr_.values, value_size_),
                               value.size());
  }
  Status CopyOut(ConstBytes keys, ConstBytes values) const {
    EBPF_TRY(call_.client.CopyOut(At(attr_.keys, key_size_), keys.data(),
                                  keys.size()));
    return call_.client.CopyOut(At(attr_.values, value_size_), values.data(),
                                values.size());
  }
  Status CopyCursorOut(const void* cursor, size_t size) const {
    return call_.client.CopyOut(call_.client.Pointer(attr_.out_batch), cursor,
                                size);
  }
  Status WriteCount() const {
    return WriteBack(call_, offsetof(MapBatchAttr, count), done_);
  }
  Status Walk(Bytes key, Bytes value, bool has_key);
  Status CopyGroups(uint32_t& cursor, bool take);
  Status CopyPiece(uint32_t& cursor, uint32_t capacity, bool take);
  Status UpdateAll(Bytes key, Bytes value);

  const Call& call_;
  const MapBatchAttr& attr_;
  const OpenMap& open_map_;
  Map& map_;
  Allocator& allocator_;
  const size_t key_size_;
  const size_t value_size_;
  uint32_t done_ = 0;
};

/// Elements after `key`, which becomes the last one's.
Status Batch::Walk(Bytes key, Bytes value, bool has_key) {
  Buffer<uint8_t> next(allocator_);
  EBPF_TRY(next.Allocate(key_size_));
  while (done_ < attr_.count) {
    {
      ReadSection reading;
      EBPF_TRY(
          map_.NextKey(has_key ? ConstBytes(key) : ConstBytes(), next.span()));
    }
    const Status copied =
        CopyElementOut(map_, next.span(), value, attr_.elem_flags);
    if (copied != Status::kNotFound) {  // else it went away meanwhile
      EBPF_TRY(copied);
      EBPF_TRY(CopyOut(next.span(), value));
      ++done_;
    }
    CopyBytes(key.data(), next.span().data(), key.size());
    has_key = true;
  }
  return Status::kOk;
}

Status Batch::LookUpByKey() {
  EBPF_TRY(WriteCount());
  Buffer<uint8_t> key(allocator_);
  EBPF_TRY(key.Allocate(key_size_));
  Buffer<uint8_t> value(allocator_);
  EBPF_TRY(value.Allocate(value_size_));
  if (attr_.in_batch != 0) {
    EBPF_TRY(call_.client.CopyIn(
        key.span().data(), call_.client.Pointer(attr_.in_batch), key_size_));
  }
  const Status status = Walk(key.span(), value.span(), attr_.in_batch != 0);
  if (status == Status::kFault) {
    return status;
  }
  EBPF_TRY(WriteCount());
  if (done_ != 0) {
    EBPF_TRY(CopyCursorOut(key.span().data(), key_size_));
  }
  return status;
}

Status Batch::CopyPiece(uint32_t& cursor, uint32_t capacity, bool take) {
  Buffer<uint8_t> keys(allocator_);
  const size_t keys_size = EBPF_TRY(CheckedMul<size_t>(capacity, key_size_));
  const size_t values_size =
      EBPF_TRY(CheckedMul<size_t>(capacity, value_size_));
  EBPF_TRY(keys.Allocate(keys_size));
  Buffer<uint8_t> values(allocator_);
  EBPF_TRY(values.Allocate(values_size));
  MapBatch piece = {keys.span(), values.span(), capacity, 0};
  Status status = Status::kOk;
  if (take && HoldsObjects(map_.spec().type)) {
    status = map_.CopyBatch(cursor, piece, take);  // may wait for readers
  } else {
    ReadSection reading;
    status = map_.CopyBatch(cursor, piece, take);
  }
  EBPF_TRY(CopyOut(keys.span().First(piece.count * key_size_),
                   values.span().First(piece.count * value_size_)));
  done_ += piece.count;
  return status;
}

/// As many groups as the client has room for, in pieces: the client's count may
/// be more than there is memory for.
Status Batch::CopyGroups(uint32_t& cursor, bool take) {
  const auto usual =
      static_cast<uint32_t>(kPieceBytes / (key_size_ + value_size_) + 1);
  uint32_t capacity = usual;
  while (done_ < attr_.count) {
    const uint32_t room = attr_.count - done_;
    const Status status = CopyPiece(cursor, Min(capacity, room), take);
    if (status == Status::kNoSpace) {
      if (capacity >= room) {
        return done_ == 0 ? status : Status::kOk;
      }
      capacity = capacity > room / 2 ? room : capacity * 2;  // a large group
      continue;
    }
    EBPF_TRY(status);
    capacity = usual;
  }
  return Status::kOk;
}

Status Batch::LookUpByGroup(bool take) {
  EBPF_TRY(WriteCount());
  uint32_t cursor = 0;
  if (attr_.in_batch != 0) {
    EBPF_TRY(call_.client.CopyIn(&cursor, call_.client.Pointer(attr_.in_batch),
                                 sizeof(cursor)));
  }
  const uint32_t start = cursor;
  const Status status = CopyGroups(cursor, take);
  if (status == Status::kFault) {
    return status;
  }
  if (status == Status::kNotFound && cursor == start) {
    return status;  // it stood behind the last group
  }
  EBPF_TRY(CopyCursorOut(&cursor, sizeof(cursor)));
  EBPF_TRY(WriteCount());
  return status;
}

Status Batch::UpdateAll(Bytes key, Bytes value) {
  for (; done_ < attr_.count; ++done_) {
    EBPF_TRY(CopyKeyIn(key));
    EBPF_TRY(CopyValueIn(value));
    EBPF_TRY(UpdateElement(call_, open_map_, key, value, attr_.elem_flags));
  }
  return Status::kOk;
}

Status Batch::Update() {
  Buffer<uint8_t> key(allocator_);
  EBPF_TRY(key.Allocate(key_size_));
  Buffer<uint8_t> value(allocator_);
  EBPF_TRY(value.Allocate(value_size_));
  const Status status = UpdateAll(key.span(), value.span());
  EBPF_TRY(WriteCount());
  return status;
}

Status Batch::Delete() {
  Buffer<uint8_t> key(allocator_);
  EBPF_TRY(key.Allocate(key_size_));
  Status status = Status::kOk;
  for (; done_ < attr_.count; ++done_) {
    status = CopyKeyIn(key.span());
    if (IsOk(status)) {
      status = DeleteElement(map_, key.span());
    }
    if (!IsOk(status)) {
      break;
    }
  }
  EBPF_TRY(WriteCount());
  return status;
}

/// What all four have in common: opens the map, and lets `run` go through it
/// if its kind has at least such batches.
template <typename Run>
Result<int> RunBatch(const Call& call, const RawAttr& raw, MapAccess access,
                     Batches least, const Run& run) {
  const auto attr = EBPF_TRY(AttrOf<MapBatchAttr>(raw));
  const OpenMap map = EBPF_TRY(OpenMapOf(call, attr.map_fd, access));
  if (map->batches() < least) {
    return Status::kNotSupportedLinux;
  }
  EBPF_TRY(CheckLockOnly(*map, attr.elem_flags));
  const bool by_group = map->batches() == Batches::kByGroup;
  if (by_group && access != MapAccess::kWrite && attr.flags != 0) {
    return Status::kInvalid;
  }
  if (attr.count == 0) {
    return 0;
  }
  Batch batch(call, attr, map);
  EBPF_TRY(run(batch, by_group));
  return 0;
}

}  // namespace

Result<int> MapLookupBatch(const Call& call, const RawAttr& raw) {
  return RunBatch(call, raw, MapAccess::kRead, Batches::kFixed,
                  [](Batch& batch, bool by_group) {
                    return by_group ? batch.LookUpByGroup(false)
                                    : batch.LookUpByKey();
                  });
}

Result<int> MapLookupAndDeleteBatch(const Call& call, const RawAttr& raw) {
  return RunBatch(call, raw, MapAccess::kReadWrite, Batches::kByGroup,
                  [](Batch& batch, bool) { return batch.LookUpByGroup(true); });
}

Result<int> MapUpdateBatch(const Call& call, const RawAttr& raw) {
  return RunBatch(call, raw, MapAccess::kWrite, Batches::kFixed,
                  [](Batch& batch, bool) { return batch.Update(); });
}

Result<int> MapDeleteBatch(const Call& call, const RawAttr& raw) {
  return RunBatch(call, raw, MapAccess::kWrite, Batches::kByKey,
                  [](Batch& batch, bool) { return batch.Delete(); });
}

}  // namespace ebpf
