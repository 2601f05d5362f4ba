// SPDX-License-Identifier: MIT
//
// Helpers on dynptrs of memory and of ring buffers' records.
#include "core/base/memory.h"
#include "core/helpers/dynptr.h"
#include "core/helpers/functions.h"
#include "core/helpers/packet_dynptr.h"
#include "core/helpers/result.h"
#include "core/maps/ring_buffer_map.h"

namespace ebpf::helpers {
namespace {

/// The bytes that a helper may use; kInvalid where there are none, or for
/// flags, which memory and records have not. Packets have some for stores,
/// which change nothing here.
Result<Bytes> PieceOf(const Dynptr& dynptr, uint64_t offset, uint64_t size,
                      uint64_t flags) {
  if (dynptr.is_null() || flags != 0) {
    return Status::kInvalid;
  }
  const auto at = static_cast<uint32_t>(offset);
  const auto bytes = static_cast<uint32_t>(size);
  return IsPacket(dynptr) ? PieceOfPacket(dynptr, at, bytes)
                          : dynptr.Piece(at, bytes);
}

void Finish(uint64_t argument, uint64_t flags, bool discard) {
  Dynptr& dynptr = Dynptr::Of(argument);
  if (!dynptr.is_null()) {
    RingBuffer::Commit(static_cast<uint8_t*>(dynptr.object()), flags, discard);
    dynptr.SetNull();
  }
}

}  // namespace

/// long bpf_dynptr_from_mem(data, size, flags, dynptr): -E2BIG, -EINVAL
/// (flags), and the dynptr is null then.
uint64_t DynptrFromMem(uint64_t data, uint64_t size, uint64_t flags,
                       uint64_t dynptr, uint64_t) {
  Dynptr& made = Dynptr::Of(dynptr);
  const Status status =
      made.Set(DynptrKind::kLocal, reinterpret_cast<void*>(data),
               static_cast<uint32_t>(size), /*read_only=*/false);
  if (IsOk(status) && flags != 0) {
    made.SetNull();
    return AsResult(Status::kInvalid);
  }
  return AsResult(status);
}

/// long bpf_ringbuf_reserve_dynptr(ringbuf, size, flags, dynptr): -EINVAL
/// (flags, or no room), -E2BIG. The dynptr must be given back all the same.
uint64_t RingbufReserveDynptr(uint64_t ring, uint64_t size, uint64_t flags,
                              uint64_t dynptr, uint64_t) {
  Dynptr& made = Dynptr::Of(dynptr);
  made.SetNull();
  const auto bytes = static_cast<uint32_t>(size);
  if (flags != 0 || bytes > kMaxDynptrSize) {
    return AsResult(flags != 0 ? Status::kInvalid : Status::kTooBig);
  }
  const Result<uint8_t*> record =
      RingBufferMap::From(*reinterpret_cast<Map*>(ring))->ring().Reserve(bytes);
  if (!record.ok()) {
    return AsResult(Status::kInvalid);
  }
  return AsResult(made.Set(DynptrKind::kRing, *record, bytes, false));
}

/// void bpf_ringbuf_submit_dynptr(dynptr, flags)
uint64_t RingbufSubmitDynptr(uint64_t dynptr, uint64_t flags, uint64_t,
                             uint64_t, uint64_t) {
  Finish(dynptr, flags, /*discard=*/false);
  return 0;
}

/// void bpf_ringbuf_discard_dynptr(dynptr, flags)
uint64_t RingbufDiscardDynptr(uint64_t dynptr, uint64_t flags, uint64_t,
                              uint64_t, uint64_t) {
  Finish(dynptr, flags, /*discard=*/true);
  return 0;
}

/// long bpf_dynptr_read(dst, size, src, offset, flags): -EINVAL, -E2BIG.
uint64_t DynptrRead(uint64_t dst, uint64_t size, uint64_t src, uint64_t offset,
                    uint64_t flags) {
  const Result<Bytes> piece = PieceOf(Dynptr::Of(src), offset, size, flags);
  if (!piece.ok()) {
    return AsResult(piece.status());
  }
  // They may overlap: both can be in one map's value.
  __builtin_memmove(reinterpret_cast<void*>(dst), piece->data(), piece->size());
  return 0;
}

/// long bpf_dynptr_write(dst, offset, src, size, flags): -EINVAL, -E2BIG.
uint64_t DynptrWrite(uint64_t dst, uint64_t offset, uint64_t src, uint64_t size,
                     uint64_t flags) {
  const Dynptr& dynptr = Dynptr::Of(dst);
  // BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH.
  const uint64_t known = dynptr.kind() == DynptrKind::kPacket ? 3 : 0;
  const Result<Bytes> piece = PieceOf(dynptr, offset, size, flags & ~known);
  if (!piece.ok() || dynptr.read_only()) {
    return AsResult(piece.ok() ? Status::kInvalid : piece.status());
  }
  __builtin_memmove(piece->data(), reinterpret_cast<const void*>(src),
                    piece->size());
  return 0;
}

/// void* bpf_dynptr_data(dynptr, offset, size): null where it cannot be.
uint64_t DynptrData(uint64_t ptr, uint64_t offset, uint64_t size, uint64_t,
                    uint64_t) {
  const Dynptr& dynptr = Dynptr::Of(ptr);
  const Result<Bytes> piece = PieceOf(dynptr, offset, size, 0);
  return piece.ok() && !dynptr.read_only() && !IsPacket(dynptr)
             ? reinterpret_cast<uint64_t>(piece->data())
             : 0;
}

}  // namespace ebpf::helpers
