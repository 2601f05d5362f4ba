// SPDX-License-Identifier: MIT
//
// core/helpers/dynptr.h's implementation.
#include "core/helpers/dynptr.h"

namespace ebpf {

Status Dynptr::Set(DynptrKind kind, void* data, uint64_t size, bool read_only) {
  SetNull();
  if (size > kMaxDynptrSize) {
    return Status::kTooBig;
  }
  data_ = static_cast<uint8_t*>(data);
  end_ = static_cast<uint32_t>(size);
  kind_ = kind;
  read_only_ = read_only;
  return Status::kOk;
}

Status Dynptr::Adjust(uint32_t from, uint32_t to) {
  if (is_null() || from > to) {
    return Status::kInvalid;
  }
  if (to > size()) {
    return Status::kOutOfRange;
  }
  end_ = begin_ + to;
  begin_ += from;
  return Status::kOk;
}

Result<Bytes> Dynptr::Piece(uint64_t offset, uint64_t bytes) const {
  if (bytes > size() || offset > size() - bytes) {
    return Status::kTooBig;
  }
  return Bytes(data_ + begin_ + offset, static_cast<size_t>(bytes));
}

}  // namespace ebpf
