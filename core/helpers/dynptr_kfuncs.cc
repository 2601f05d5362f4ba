// SPDX-License-Identifier: MIT
//
// Kernel functions on dynptrs, and dynptrs of packets.
#include "core/helpers/kfunc_functions.h"
#include "core/helpers/packet_dynptr.h"
#include "core/helpers/result.h"
#include "core/program/program.h"
#include "core/program/run_context.h"
#include "core/program_types/packet.h"

namespace ebpf {
namespace {

/// All bytes that the packet has now.
Bytes PacketOf(const Dynptr& dynptr) {
  if (dynptr.kind() == DynptrKind::kXdp) {
    const auto& xdp = *static_cast<const XdpContext*>(dynptr.object());
    return Bytes(xdp.packet.data,
                 static_cast<size_t>(xdp.frags_end - xdp.packet.data));
  }
  const auto& skb = *static_cast<const SkbContext*>(dynptr.object());
  return Bytes(skb.packet.data, PacketSize(skb.packet));
}

}  // namespace

Result<Bytes> PieceOfPacket(const Dynptr& dynptr, uint64_t offset,
                            uint64_t size) {
  if (size > dynptr.size() || offset > dynptr.size() - size) {
    return Status::kTooBig;
  }
  const Bytes packet = PacketOf(dynptr);
  const uint64_t at = dynptr.begin() + offset;
  if (!packet.Contains(at, size)) {
    return Status::kFault;
  }
  return packet.Subspan(at, size);
}

namespace helpers {
namespace {

/// Whether the running program may write the packet.
bool MayWritePacket() {
  const RunContext* run = CurrentRun();
  if (run == nullptr || run->program == nullptr) {
    return false;
  }
  const ProgramType& type = run->program->type();
  return type.may_access_packet != nullptr &&
         type.may_access_packet(true, run->program->parts().attach_type);
}

uint64_t FromPacket(uint64_t context, uint64_t flags, uint64_t dynptr,
                    DynptrKind kind, size_t size, bool read_only) {
  Dynptr& made = Dynptr::Of(dynptr);
  if (flags != 0) {
    made.SetNull();
    return AsResult(Status::kInvalid);
  }
  return AsResult(
      made.Set(kind, reinterpret_cast<void*>(context), size, read_only));
}

}  // namespace

/// int bpf_dynptr_from_skb(skb, flags, dynptr): -EINVAL.
uint64_t DynptrFromSkb(uint64_t context, uint64_t flags, uint64_t dynptr,
                       uint64_t, uint64_t) {
  const auto& skb = *reinterpret_cast<const SkbContext*>(context);
  return FromPacket(context, flags, dynptr, DynptrKind::kPacket,
                    PacketSize(skb.packet), !MayWritePacket());
}

/// int bpf_dynptr_from_xdp(xdp, flags, dynptr): -EINVAL.
uint64_t DynptrFromXdp(uint64_t context, uint64_t flags, uint64_t dynptr,
                       uint64_t, uint64_t) {
  const auto& xdp = *reinterpret_cast<const XdpContext*>(context);
  return FromPacket(context, flags, dynptr, DynptrKind::kXdp,
                    static_cast<size_t>(xdp.frags_end - xdp.packet.data),
                    /*read_only=*/false);
}

/// void* bpf_dynptr_slice(dynptr, offset, buffer, size): the memory itself,
/// which is in one piece, so that the buffer is not needed; null.
uint64_t DynptrSlice(uint64_t ptr, uint64_t offset, uint64_t, uint64_t size,
                     uint64_t) {
  const Dynptr& dynptr = Dynptr::Of(ptr);
  if (dynptr.is_null()) {
    return 0;
  }
  const auto at = static_cast<uint32_t>(offset);
  const auto bytes = static_cast<uint32_t>(size);
  const Result<Bytes> piece = IsPacket(dynptr)
                                  ? PieceOfPacket(dynptr, at, bytes)
                                  : dynptr.Piece(at, bytes);
  return piece.ok() ? reinterpret_cast<uint64_t>(piece->data()) : 0;
}

/// void* bpf_dynptr_slice_rdwr(dynptr, offset, buffer, size)
uint64_t DynptrSliceRdwr(uint64_t ptr, uint64_t offset, uint64_t buffer,
                         uint64_t size, uint64_t) {
  return Dynptr::Of(ptr).read_only()
             ? 0
             : DynptrSlice(ptr, offset, buffer, size, 0);
}

/// int bpf_dynptr_adjust(dynptr, start, end): -EINVAL, -ERANGE.
uint64_t DynptrAdjust(uint64_t ptr, uint64_t from, uint64_t to, uint64_t,
                      uint64_t) {
  return AsResult(Dynptr::Of(ptr).Adjust(static_cast<uint32_t>(from),
                                         static_cast<uint32_t>(to)));
}

/// bool bpf_dynptr_is_null(dynptr)
uint64_t DynptrIsNull(uint64_t ptr, uint64_t, uint64_t, uint64_t, uint64_t) {
  return Dynptr::Of(ptr).is_null() ? 1 : 0;
}

/// bool bpf_dynptr_is_rdonly(dynptr)
uint64_t DynptrIsRdonly(uint64_t ptr, uint64_t, uint64_t, uint64_t, uint64_t) {
  const Dynptr& dynptr = Dynptr::Of(ptr);
  return !dynptr.is_null() && dynptr.read_only() ? 1 : 0;
}

/// u32 bpf_dynptr_size(dynptr): -EINVAL where it is null.
uint64_t DynptrSize(uint64_t ptr, uint64_t, uint64_t, uint64_t, uint64_t) {
  const Dynptr& dynptr = Dynptr::Of(ptr);
  return dynptr.is_null() ? AsResult(Status::kInvalid)
                          : uint64_t{dynptr.size()};
}

/// int bpf_dynptr_clone(dynptr, clone): -EINVAL where it is null.
uint64_t DynptrClone(uint64_t ptr, uint64_t clone, uint64_t, uint64_t,
                     uint64_t) {
  const Dynptr& dynptr = Dynptr::Of(ptr);
  Dynptr::Of(clone) = dynptr;
  return AsResult(dynptr.is_null() ? Status::kInvalid : Status::kOk);
}

}  // namespace helpers
}  // namespace ebpf
