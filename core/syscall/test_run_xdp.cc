// SPDX-License-Identifier: MIT
//
// BPF_PROG_TEST_RUN for programs of type xdp: a packet as a driver has it. What
// does not fit behind its first page's room are fragments, which programs
// reach by helpers.
#include "core/program_types/packet.h"
#include "core/syscall/test_run.h"

namespace ebpf {
namespace {

using linux_abi::ProgTestRunAttr;

constexpr uint32_t kMinBytes = kEthernetBytes;
/// Linux's with pages of 4 KiB: XDP_PACKET_HEADROOM, what is left of a page
/// without struct skb_shared_info, and 17 pages of fragments.
constexpr uint32_t kHeadRoom = 256;
constexpr uint32_t kMaxLinearBytes = 3520;
constexpr uint32_t kMaxInBytes = kMaxLinearBytes + 17 * 4096;
constexpr uint32_t kLoopback = 1;
/// With BPF_F_TEST_XDP_LIVE_FRAMES: TEST_XDP_MAX_BATCH, and what is left of a
/// page for a frame that somebody keeps.
constexpr uint32_t kMaxBatch = 256;
constexpr uint32_t kMaxLiveBytes = 3408;

// Of struct xdp_md, as a client has it.
constexpr uint32_t kData = 0;
constexpr uint32_t kDataEnd = 4;
constexpr uint32_t kDataMeta = 8;
constexpr uint32_t kEgressInterface = 20;

class XdpRun : public NonCopyable {
 public:
  explicit XdpRun(const TestRun& run)
      : run_(run), room_(*run.call.system.allocator) {}

  Status CopyIn();
  Status Run();

 private:
  Status CheckContext();
  Status CopyPacketOut(const TestRunResult& result);
  bool HasContext() const {
    return run_.attr.ctx_in != 0 || run_.attr.ctx_out != 0;
  }
  uint32_t Field(uint32_t offset) const {
    return LoadUnaligned<uint32_t>(client_fields_ + offset);
  }

  const TestRun& run_;
  Buffer<uint8_t> room_;
  uint8_t client_fields_[XdpContext::kFieldBytes];
  uint32_t meta_bytes_ = 0;
  uint32_t linear_bytes_ = 0;
  XdpContext xdp_ = {};
};

Status XdpRun::CheckContext() {
  const uint32_t size = run_.attr.data_size_in;
  if (!HasContext()) {
    linear_bytes_ = Min(size, kMaxLinearBytes);
    return Status::kOk;
  }
  meta_bytes_ = Field(kData);
  const uint32_t end = Field(kDataEnd);
  if (Field(kDataMeta) != 0 || end > size || meta_bytes_ > end ||
      meta_bytes_ % 4 != 0 || meta_bytes_ > kMaxMetaBytes ||
      size - meta_bytes_ < kMinBytes || Field(kEgressInterface) != 0) {
    return Status::kInvalid;
  }
  // What is in front of the data is of the head room.
  linear_bytes_ = Min(end, kMaxLinearBytes + meta_bytes_);
  const uint32_t interface = Field(xdp_field::kIngressInterface);
  if (interface == 0) {
    return Field(xdp_field::kReceiveQueue) == 0 ? Status::kOk
                                                : Status::kInvalid;
  }
  if (interface != kLoopback) {
    return Status::kNoDevice;
  }
  return Field(xdp_field::kReceiveQueue) == 0 ? Status::kOk : Status::kInvalid;
}

Status XdpRun::CopyIn() {
  const ProgTestRunAttr& attr = run_.attr;
  const auto attached =
      static_cast<AttachType>(run_.program.parts().attach_type);
  const bool lives = attr.flags == linux_abi::kTestRunLiveFrames;
  if (lives && attr.batch_size > kMaxBatch) {
    return Status::kTooBig;
  }
  // As in Linux nobody looks at `cpu`.
  if (!lives && (attr.flags != 0 || attr.batch_size != 0)) {
    return Status::kInvalid;
  }
  if (attached == AttachType::kXdpDevmap ||
      attached == AttachType::kXdpCpumap) {
    return Status::kInvalid;
  }
  EBPF_TRY(CopyContextIn(run_, Bytes(client_fields_)));
  if (attr.data_size_in < kMinBytes) {
    return Status::kInvalid;
  }
  EBPF_TRY(CheckContext());
  const uint32_t size = attr.data_size_in;
  if (lives &&
      (size > kMaxLiveBytes || (attr.ctx_in != 0 && attr.data_out != 0))) {
    return Status::kInvalid;
  }
  if (size > kMaxInBytes) {
    return Status::kNoMemory;
  }
  // All fragments but the last one are whole, and that may grow to be so.
  const uint32_t frags =
      AlignUp(size - linear_bytes_, kXdpFragmentBytes) + kMaxMetaBytes;
  EBPF_TRY(room_.Allocate(kHeadRoom + kMaxLinearBytes + frags));
  uint8_t* const packet = room_.span().data() + kHeadRoom - meta_bytes_;
  const Client& client = run_.call.client;
  EBPF_TRY(client.CopyIn(packet, client.Pointer(attr.data_in), size));
  if (lives) {
    return Status::kNotSupported;  // no device that such frames could go to
  }
  xdp_.packet = {packet + meta_bytes_, packet + linear_bytes_, packet};
  xdp_.frags_end = packet + size;
  xdp_.room = {room_.span().data(),
               room_.span().data() + kHeadRoom + kMaxLinearBytes};
  SetField(xdp_, xdp_field::kIngressInterface, kLoopback);
  return Status::kOk;
}

/// As Linux, which takes what does not fit from the first piece, and gives
/// nothing where not even the fragments fit.
Status XdpRun::CopyPacketOut(const TestRunResult& result) {
  const PacketPointers& packet = xdp_.packet;
  const auto size = static_cast<uint32_t>(xdp_.frags_end - packet.meta);
  const auto frags = static_cast<uint32_t>(xdp_.frags_end - packet.end);
  const uint32_t room = run_.attr.data_size_out;
  if (room >= frags && room != 0 && room < size && frags != 0) {
    memmove(packet.meta + (room - frags), packet.end, frags);
  }
  return FinishTestRun(run_, ConstBytes(packet.meta, size), result, frags);
}

Status XdpRun::Run() {
  const TestRunResult result = EBPF_TRY(RunRepeatedly(run_, &xdp_));
  const PacketPointers& packet = xdp_.packet;
  StoreUnaligned(client_fields_ + kData,
                 static_cast<uint32_t>(packet.data - packet.meta));
  StoreUnaligned(client_fields_ + kDataEnd,
                 static_cast<uint32_t>(packet.end - packet.meta));
  EBPF_TRY(CopyPacketOut(result));
  return CopyContextOut(run_, ConstBytes(client_fields_));
}

}  // namespace

Status TestRunXdp(const TestRun& run) {
  Allocator& allocator = *run.call.system.allocator;
  XdpRun* xdp = EBPF_TRY(allocator.New<XdpRun>(run));
  Status status = xdp->CopyIn();
  if (IsOk(status)) {
    status = xdp->Run();
  }
  allocator.Delete(xdp);
  return status;
}

}  // namespace ebpf
