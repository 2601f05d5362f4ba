// SPDX-License-Identifier: MIT
//
// BPF_PROG_TEST_RUN for programs that find out what flow a packet belongs to.
#include <stddef.h>

#include "core/program_types/packet.h"
#include "core/syscall/test_run.h"

namespace ebpf {
namespace {

constexpr uint32_t kMinBytes = kEthernetBytes;
constexpr uint32_t kMaxBytes = 4096;

/// struct bpf_flow_keys.
struct FlowKeys {
  uint16_t network_offset;
  uint16_t transport_offset;
  uint8_t other[6];
  uint16_t protocol;
  uint8_t addresses[36];
  uint32_t flags;
  uint32_t flow_label;
};
static_assert(offsetof(FlowKeys, protocol) == 10);
static_assert(offsetof(FlowKeys, flags) == 48);
static_assert(sizeof(FlowKeys) == 56);

struct Packet {
  const uint8_t* bytes;
  uint32_t flags;
  FlowKeys keys;
};

void BeforeRun(void* argument) {
  auto& packet = *static_cast<Packet*>(argument);
  packet.keys = {};
  packet.keys.network_offset = kEthernetBytes;
  packet.keys.transport_offset = kEthernetBytes;
  packet.keys.protocol =
      LoadUnaligned<uint16_t>(packet.bytes + kEthernetBytes - 2);
  packet.keys.flags = packet.flags;
}

/// The offsets that a program found lie in the packet.
void Clamp(FlowKeys& keys, uint32_t size) {
  keys.network_offset = static_cast<uint16_t>(
      Min(Max(uint32_t{keys.network_offset}, kEthernetBytes), size));
  keys.transport_offset = static_cast<uint16_t>(
      Min(Max(keys.transport_offset, keys.network_offset), uint16_t(size)));
}

Status Run(const TestRun& run, Bytes packet, SkbContext& skb) {
  const linux_abi::ProgTestRunAttr& attr = run.attr;
  const Client& client = run.call.client;
  EBPF_TRY(client.CopyIn(packet.data(), client.Pointer(attr.data_in),
                         packet.size()));
  FlowKeys asked = {};
  EBPF_TRY(CopyContextIn(run, BytesOf(asked)));
  const uint32_t flags = asked.flags;
  asked.flags = 0;
  if (!AllZero(BytesOf(asked))) {
    return Status::kInvalid;
  }
  PlacePacket(skb, packet.data(), packet.data() + packet.size());
  skb.room = {packet.data(), skb.packet.end};
  skb.mac_header = packet.data();
  skb.network_header = packet.data() + kEthernetBytes;
  Packet seen = {packet.data(), flags, {}};
  SetField(skb, skb_field::kFlowKeys, reinterpret_cast<uint64_t>(&seen.keys));
  const TestRunResult result =
      EBPF_TRY(RunRepeatedly(run, &skb, BeforeRun, &seen));
  Clamp(seen.keys, static_cast<uint32_t>(packet.size()));
  EBPF_TRY(FinishTestRun(run, BytesOf(seen.keys), result));
  FlowKeys context = {};
  context.flags = flags;
  return CopyContextOut(run, BytesOf(context));
}

}  // namespace

Status TestRunFlowDissector(const TestRun& run) {
  const linux_abi::ProgTestRunAttr& attr = run.attr;
  const uint32_t size = attr.data_size_in;
  if (attr.flags != 0 || attr.cpu != 0 || attr.batch_size != 0 ||
      size < kMinBytes || size > kMaxBytes) {
    return Status::kInvalid;
  }
  Allocator& allocator = *run.call.system.allocator;
  Buffer<uint8_t> packet(allocator);
  Buffer<SkbContext> skb(allocator);
  EBPF_TRY(packet.Allocate(size));
  EBPF_TRY(skb.Allocate(1));
  return Run(run, packet.span(), skb[0]);
}

}  // namespace ebpf
