// SPDX-License-Identifier: MIT
//
// BPF_PROG_TEST_RUN for programs that see a packet as struct __sk_buff: it came
// in over Ethernet, by the loopback device. Programs for traffic control see it
// from its Ethernet header on, others from behind that.
#include "core/program_types/packet.h"
#include "core/syscall/test_run.h"

namespace ebpf {
namespace {

using linux_abi::ProgTestRunAttr;

/// The longest packet, and the longest that programs make of one: Linux's with
/// pages of 4 KiB.
constexpr uint32_t kMaxInBytes = 3712;
constexpr uint32_t kMaxBytes = 16064;
constexpr uint32_t kMinBytes = kEthernetBytes;
/// A program can put so much in front of a packet, and in front of that the
/// Ethernet header is put back.
constexpr uint32_t kHeadRoom = kMaxBytes + kEthernetBytes;

constexpr uint32_t kLoopback = 1;
constexpr uint32_t kMaxGsoSegments = 0xffff;
/// GSO_LEGACY_MAX_SIZE.
constexpr uint32_t kMaxWireBytes = 65536;
/// TCP_CLOSE: a socket that never was anything else.
constexpr uint32_t kStateClosed = 7;

/// The fields of the context that a client may set; all others are zero.
struct Range {
  uint32_t begin;
  uint32_t end;
};
constexpr Range kSettable[] = {
    {skb_field::kMark, skb_field::kMark + 4},
    {skb_field::kPriority, skb_field::kInterface + 4},
    {skb_field::kControl, skb_field::kHash},
    {skb_field::kTimestamp, skb_field::kSocket},
    {skb_field::kGsoSize, skb_field::kGsoSize + 4},
    {skb_field::kHardwareTimestamp, SkbContext::kFieldBytes},
};

bool SeesEthernet(ProgramTypeId type) {
  return type == ProgramTypeId::kSchedCls || type == ProgramTypeId::kSchedAct;
}

/// A packet, its context and its socket.
class SkbRun : public NonCopyable {
 public:
  explicit SkbRun(const TestRun& run)
      : run_(run), room_(*run.call.system.allocator) {}

  Status CopyIn();
  Status Run();

 private:
  Status CheckContext() const;
  void SetFields();
  Status SetAddresses();
  Status CopyOut(const TestRunResult& result);

  const TestRun& run_;
  Buffer<uint8_t> room_;
  uint8_t client_fields_[SkbContext::kFieldBytes];
  SkbContext skb_ = {};
  SocketView socket_ = {};
};

Status SkbRun::CopyIn() {
  const ProgTestRunAttr& attr = run_.attr;
  const uint32_t size = attr.data_size_in;
  // Of flags Linux has BPF_F_TEST_SKB_CHECKSUM_COMPLETE: no packet here has a
  // checksum of its whole.
  if (attr.flags != 0 || attr.cpu != 0 || attr.batch_size != 0 ||
      size < kMinBytes || size > kMaxInBytes) {
    return Status::kInvalid;
  }
  EBPF_TRY(room_.Allocate(kHeadRoom + kMaxBytes));
  uint8_t* const packet = room_.span().data() + kHeadRoom;
  const Client& client = run_.call.client;
  EBPF_TRY(client.CopyIn(packet, client.Pointer(attr.data_in), size));
  EBPF_TRY(CopyContextIn(run_, Bytes(client_fields_)));
  skb_.room = {room_.span().data() + kEthernetBytes,
               room_.span().data() + room_.span().size()};
  skb_.mac_header = packet;
  skb_.network_header = packet + kEthernetBytes;
  const bool sees_ethernet = SeesEthernet(run_.program.type().id);
  PlacePacket(skb_, sees_ethernet ? skb_.mac_header : skb_.network_header,
              packet + size);
  // In Linux's order: what else is wrong is not looked at.
  if (LoadUnaligned<uint32_t>(client_fields_ + skb_field::kInterface) >
      kLoopback) {
    return Status::kNoDevice;
  }
  SetFields();
  EBPF_TRY(SetAddresses());
  return CheckContext();
}

Status SkbRun::CheckContext() const {
  uint32_t zeros_from = 0;
  for (const Range& range : kSettable) {
    if (!AllZero(ConstBytes(client_fields_)
                     .Subspan(zeros_from, range.begin - zeros_from))) {
      return Status::kInvalid;
    }
    zeros_from = range.end;
  }
  const auto field = [&](uint32_t offset) {
    return LoadUnaligned<uint32_t>(client_fields_ + offset);
  };
  const uint32_t wire = field(skb_field::kWireLength);
  const bool is_wire_bad =
      wire != 0 && (wire < PacketSize(skb_.packet) || wire > kMaxWireBytes);
  return is_wire_bad || field(skb_field::kGsoSegments) > kMaxGsoSegments
             ? Status::kInvalid
             : Status::kOk;
}

/// What came with the packet, by its Ethernet header.
void SkbRun::SetFields() {
  constexpr uint32_t kMulticast = 2;  // PACKET_MULTICAST
  constexpr uint32_t kOtherHost = 3;
  constexpr uint32_t kAddressBytes = 6;
  // Ethernet's own length of the frame, in place of a protocol.
  constexpr uint16_t kFirstProtocol = 0x0600;
  constexpr uint16_t kLengthFrame = BigEndian(uint16_t{4});  // ETH_P_802_2
  constexpr uint16_t kRawFrame = BigEndian(uint16_t{1});     // ETH_P_802_3
  for (const Range& range : kSettable) {
    CopyBytes(skb_.fields + range.begin, client_fields_ + range.begin,
              range.end - range.begin);
  }
  SetField(skb_, skb_field::kGsoSize,
           GetField<uint32_t>(skb_, skb_field::kGsoSize) & 0xffff);
  const uint8_t* const ethernet = skb_.mac_header;
  auto protocol = LoadUnaligned<uint16_t>(ethernet + 2 * kAddressBytes);
  if (BigEndian(protocol) < kFirstProtocol) {
    const uint8_t* const payload = skb_.network_header;
    const bool is_raw = skb_.packet.end - payload >= 2 && payload[0] == 0xff &&
                        payload[1] == 0xff;
    protocol = is_raw ? kRawFrame : kLengthFrame;
  }
  SetField(skb_, skb_field::kProtocol, uint32_t{protocol});
  const bool is_for_us = AllZero(ConstBytes(ethernet, kAddressBytes));
  SetField(skb_, skb_field::kPacketType,
           (ethernet[0] & 1) != 0 ? kMulticast
           : is_for_us            ? 0
                                  : kOtherHost);
  SetField(skb_, skb_field::kInterface, kLoopback);
  // Linux looks at it only where there is a context.
  const bool has_context = run_.attr.ctx_in != 0 || run_.attr.ctx_out != 0;
  if (has_context && GetField<uint32_t>(skb_, skb_field::kWireLength) == 0) {
    SetField(skb_, skb_field::kWireLength, PacketSize(skb_.packet));
  }
  socket_.state = kStateClosed;
  socket_.receive_queue = -1;
  SetField(skb_, skb_field::kSocket, reinterpret_cast<uint64_t>(&socket_));
}

/// The socket's, which are the packet's own.
Status SkbRun::SetAddresses() {
  constexpr uint32_t kIp4Addresses = 12;
  constexpr uint32_t kIp6Addresses = 8;
  const uint8_t* const header = skb_.network_header;
  const auto left = static_cast<uint32_t>(skb_.packet.end - header);
  const uint16_t protocol = ProtocolOf(skb_);
  if (protocol == kProtocolIp4) {
    if (left < kIp4Bytes) {
      return Status::kInvalid;
    }
    socket_.family = kFamilyIp4;
    socket_.source_ip4 = LoadUnaligned<uint32_t>(header + kIp4Addresses);
    socket_.destination_ip4 =
        LoadUnaligned<uint32_t>(header + kIp4Addresses + 4);
  } else if (protocol == kProtocolIp6) {
    if (left < kIp6Bytes) {
      return Status::kInvalid;
    }
    socket_.family = kFamilyIp6;
    CopyBytes(socket_.source_ip6, header + kIp6Addresses, 16);
    CopyBytes(socket_.destination_ip6, header + kIp6Addresses + 16, 16);
  }
  SetField(skb_, skb_field::kFamily, socket_.family);
  SetField(skb_, skb_field::kRemoteIp4, socket_.destination_ip4);
  SetField(skb_, skb_field::kLocalIp4, socket_.source_ip4);
  CopyBytes(skb_.fields + skb_field::kRemoteIp6, socket_.destination_ip6, 16);
  CopyBytes(skb_.fields + skb_field::kLocalIp6, socket_.source_ip6, 16);
  return Status::kOk;
}

Status SkbRun::Run() {
  const TestRunResult result = EBPF_TRY(RunRepeatedly(run_, &skb_));
  return CopyOut(result);
}

Status SkbRun::CopyOut(const TestRunResult& result) {
  uint8_t* data = skb_.packet.data;
  if (!SeesEthernet(run_.program.type().id)) {
    data -= kEthernetBytes;  // room_ has them in front of skb_.room
    FillBytes(data, 0, kEthernetBytes);
  }
  uint8_t fields[SkbContext::kFieldBytes] = {};
  for (const Range& range : kSettable) {
    CopyBytes(fields + range.begin, skb_.fields + range.begin,
              range.end - range.begin);
  }
  // Linux leaves what the client gave.
  CopyBytes(fields + skb_field::kGsoSize, client_fields_ + skb_field::kGsoSize,
            sizeof(uint32_t));
  EBPF_TRY(FinishTestRun(
      run_, ConstBytes(data, static_cast<size_t>(skb_.packet.end - data)),
      result));
  return CopyContextOut(run_, ConstBytes(fields));
}

}  // namespace

Status TestRunSkb(const TestRun& run) {
  // Not on the kernel's stack, which may be small.
  Allocator& allocator = *run.call.system.allocator;
  SkbRun* skb = EBPF_TRY(allocator.New<SkbRun>(run));
  Status status = skb->CopyIn();
  if (IsOk(status)) {
    status = skb->Run();
  }
  allocator.Delete(skb);
  return status;
}

}  // namespace ebpf
