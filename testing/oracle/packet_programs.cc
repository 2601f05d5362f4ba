// SPDX-License-Identifier: MIT
//
// testing/oracle/packet_programs.h's implementation.
#include "testing/oracle/packet_programs.h"

#include <cstring>

#include "core/helpers/prototype.h"
#include "testing/caller/insns.h"
#include "testing/oracle/host_load.h"

namespace ebpf::oracle {

/// r7 = r7 * 31 + r0
void PacketPrograms::Accumulate() {
  Put({ebpf::Insn(0x27, 7, 0, 0, 31), ebpf::Insn(0x0f, 7, 0, 0, 0)});
}

void PacketPrograms::Call(uint32_t helper,
                          const std::array<int32_t, 4>& arguments) {
  Put({MovReg(1, 6)});
  for (uint8_t i = 0; i < 4; ++i) {
    Put({Mov(static_cast<uint8_t>(i + 2), arguments[i])});
  }
  Put({CallHelper(helper)});
  Accumulate();
}

/// ... whose second argument is 8 bytes of the stack.
void PacketPrograms::CallWithBuffer(uint32_t helper, int32_t offset,
                                    int32_t size, int32_t last) {
  Put({StoreImm(8, 10, -8, 0x11223344), MovReg(1, 6), Mov(2, offset),
       MovReg(3, 10), AddImm(3, -8), Mov(4, size), Mov(5, last),
       CallHelper(helper)});
  Accumulate();
  Put({Load(4, 0, 10, -8)});
  Accumulate();
}

Bytes PacketPrograms::Packet() {
  static constexpr uint32_t kSizes[] = {
      13, 14,  15, 20, 33,   34,   35,   53,   54,   64,   64, 64, 64,
      64, 100, 60, 74, 1500, 3519, 3520, 3521, 3712, 3713, 96, 128};
  static constexpr uint16_t kProtocols[] = {0x0008, 0x0008, 0x0008, 0xdd86,
                                            0xdd86, 0x0608, 0x0081, 0xa888,
                                            0x0500, 0x0000, 0xffff};
  Bytes packet(Pick(kSizes));
  for (uint8_t& byte : packet) {
    byte = static_cast<uint8_t>(Below(256));
  }
  if (OneIn(2)) {
    memset(packet.data(), 0, 6);
  }
  if (packet.size() >= 14) {
    const uint16_t protocol = Pick(kProtocols);
    memcpy(packet.data() + 12, &protocol, 2);
  }
  if (packet.size() > 18 && OneIn(3)) {
    const uint16_t protocol = Pick(kProtocols);  // behind a tag
    memcpy(packet.data() + 16, &protocol, 2);
  }
  return packet;
}

void PacketPrograms::Field(uint32_t type) {
  static constexpr int16_t kSkb[] = {
      0,  4,  8,  12, 16, 20,  24,  28,  32,  36,  40,  44,  48, 52,
      64, 84, 88, 92, 96, 100, 112, 116, 132, 136, 160, 164, 176};
  static constexpr int16_t kXdp[] = {12, 16};
  static constexpr int16_t kStores[] = {8, 32, 48, 52, 56, 60, 64, 44};
  static constexpr uint32_t kSizes[] = {4, 4, 4, 1, 2};
  if (type == kXdpType) {
    Put({Load(4, 0, 6, Pick(kXdp))});
  } else if (OneIn(3)) {
    Put({Mov(2, static_cast<int32_t>(Below(100000))),
         Store(4, 6, Pick(kStores), 2), Mov(0, 0)});
  } else {
    const uint32_t size = Pick(kSizes);
    const int16_t inside =
        size == 4 ? 0 : static_cast<int16_t>(Below(4 / size) * size);
    Put({Load(size, 0, 6, static_cast<int16_t>(Pick(kSkb) + inside))});
  }
  Accumulate();
}

/// Where the packet is long enough, reads or writes a byte, and reads how long
/// it is.
void PacketPrograms::Direct(uint32_t type) {
  const int16_t data = type == kXdpType ? 0 : 76;
  const int16_t end = type == kXdpType ? 4 : 80;
  const int32_t offset = static_cast<int32_t>(Below(70));
  Put({Load(4, 2, 6, data), Load(4, 3, 6, end), MovReg(4, 2),
       AddImm(4, offset + 1), Mov(0, 77),
       ebpf::Insn(0x2d, 4, 3, 1, 0)});  // if r4 > r3 goto +1
  if (OneIn(3)) {
    Put({StoreImm(1, 2, static_cast<int16_t>(offset), 0x5a)});
  } else {
    Put({Load(1, 0, 2, static_cast<int16_t>(offset))});
  }
  Accumulate();
  Put({Load(4, 2, 6, data), Load(4, 0, 6, end), ebpf::Insn(0x1f, 0, 2, 0, 0)});
  Accumulate();
}

void PacketPrograms::Helper(uint32_t type) {
  using namespace helper_id;  // NOLINT: the numbers of helpers
  static constexpr int32_t kSmall[] = {0, 1, 2, 4, 8, 14, 20, -4, -14, -20, 40};
  static constexpr int32_t kSizes[] = {1, 2, 4, 8};
  static constexpr int32_t kFlags[] = {0, 0, 0, 1, 2, 3, 4, 0x10, 0x20, 0x62};
  if (type == kXdpType) {
    static constexpr int32_t kDeltas[] = {0,   4,   -4,   14,   -14, 50,  -50,
                                          100, 200, -216, -217, 3,   -32, -252};
    switch (Below(6)) {
      case 0:
        return Call(xdp_adjust_head, {Pick(kDeltas), 0, 0, 0});
      case 1:
        return Call(xdp_adjust_tail, {Pick(kDeltas), 0, 0, 0});
      case 2:
        return Call(xdp_adjust_meta, {Pick(kDeltas), 0, 0, 0});
      case 3:
        return CallWithBuffer(xdp_load_bytes, Offset(), Pick(kSizes), 0);
      case 4:
        return CallWithBuffer(xdp_store_bytes, Offset(), Pick(kSizes), 0);
      default:
        return Call(xdp_get_buff_len, {0, 0, 0, 0});
    }
  }
  static constexpr int32_t kProtocols[] = {0x0008, 0xdd86, 0x0608, 0x0081};
  switch (Below(21)) {
    case 0:
    case 1:
      return CallWithBuffer(skb_load_bytes, Offset(), Pick(kSizes), 0);
    case 2:
      return CallWithBuffer(skb_load_bytes_relative, Offset(), Pick(kSizes),
                            static_cast<int32_t>(Below(3)));
    case 3:
      return CallWithBuffer(skb_store_bytes, Offset(), Pick(kSizes),
                            Pick(kFlags));
    case 4:
      return Call(l3_csum_replace, {Offset(), static_cast<int32_t>(Below(3)),
                                    77, static_cast<int32_t>(Below(6))});
    case 5:
      return Call(l4_csum_replace,
                  {Offset(), static_cast<int32_t>(Below(3)), 7777,
                   static_cast<int32_t>(Below(6)) | Pick(kFlags)});
    case 6:
      return Call(skb_pull_data, {Offset(), 0, 0, 0});
    case 7:
      return Call(skb_change_head, {Pick(kSmall), OneIn(8) ? 1 : 0, 0, 0});
    case 8:
      return Call(skb_change_tail, {Offset(), OneIn(8) ? 1 : 0, 0, 0});
    case 9:
      return Call(skb_change_type, {static_cast<int32_t>(Below(5)), 0, 0, 0});
    case 10:
      return Call(skb_vlan_push, {Pick(kProtocols),
                                  static_cast<int32_t>(Below(0x2000)), 0, 0});
    case 11:
      return Call(skb_vlan_pop, {0, 0, 0, 0});
    case 12:
      return Call(skb_change_proto, {Pick(kProtocols), OneIn(8) ? 1 : 0, 0, 0});
    case 13:
      return Call(skb_adjust_room,
                  {Pick(kSmall), static_cast<int32_t>(Below(3)), 0, 0});
    case 14:
      return Call(csum_level, {static_cast<int32_t>(Below(5)), 0, 0, 0});
    case 15:
    case 16:
      return Call(skb_ecn_set_ce, {0, 0, 0, 0});
    case 17: {
      Call(skb_set_tstamp, {static_cast<int32_t>(Below(3)),
                            static_cast<int32_t>(Below(4)), 0, 0});
      return Accumulate();
    }
    case 18:
      return Call(type == kSchedClsType ? skb_cgroup_classid : get_socket_uid,
                  {0, 0, 0, 0});
    case 19:
      Put({Mov(1, 1), Mov(2, Pick(kFlags)), CallHelper(redirect)});
      return Accumulate();
    default:
      return Call(OneIn(2) ? csum_update : set_hash, {5, 0, 0, 0});
  }
}

void PacketPrograms::Step(uint32_t type) {
  switch (Below(6)) {
    case 0:
      return Field(type);
    case 1:
      return Direct(type);
    case 2: {
      static constexpr uint8_t kOpcodes[] = {0x30, 0x28, 0x20};
      static constexpr int32_t kBases[] = {0, 0, 0, -0x100000, -0x200000};
      const int32_t at = Pick(kBases) + Offset();
      if (OneIn(2)) {
        Put({ebpf::Insn(Pick(kOpcodes), 0, 0, 0, at)});
      } else {
        Put({Mov(3, at),
             ebpf::Insn(static_cast<uint8_t>(Pick(kOpcodes) + 0x20), 0, 3, 0,
                        static_cast<int32_t>(Below(5)) - 2)});
      }
      return Accumulate();
    }
    default:
      return Helper(type);
  }
}

Code PacketPrograms::Program(uint32_t type, uint32_t size) {
  size_ = size;
  code_.clear();
  Put({MovReg(6, 1), Mov(7, 0)});
  for (uint32_t steps = 1 + Below(3); steps != 0; --steps) {
    Step(type);
  }
  Put({MovReg(0, 7)});
  if (type == kCgroupSkbType) {
    Put({ebpf::Insn(0x57, 0, 0, 0, 1)});
  }
  Put({Exit()});
  return code_;
}

Wanted PacketPrograms::Attributes(uint32_t type) {
  Wanted wanted;
  wanted.data_in = Packet();
  linux_abi::ProgTestRunAttr& attr = wanted.attr;
  attr.data_size_in = static_cast<uint32_t>(wanted.data_in.size());
  static constexpr uint32_t kRoom[] = {0, 32, 64, 4096, 4096, 4096, 20000};
  attr.data_size_out = Pick(kRoom);
  attr.repeat = OneIn(3) ? Below(4) : 1;
  const uint32_t context_size = type == kXdpType ? 24 : 192;
  if (OneIn(2)) {
    static constexpr int32_t kMore[] = {0, 0, 0, 8, -8};
    wanted.context_in.assign(
        static_cast<size_t>(static_cast<int32_t>(context_size) + Pick(kMore)),
        0);
    const auto set = [&](uint32_t offset, uint32_t value) {
      if (offset + 4 <= wanted.context_in.size()) {
        memcpy(wanted.context_in.data() + offset, &value, 4);
      }
    };
    if (type == kXdpType) {
      static constexpr uint32_t kMeta[] = {0, 0, 0, 4, 8, 3, 32, 64};
      static constexpr uint32_t kLess[] = {0, 0, 0, 1, 20};
      set(0, Pick(kMeta));
      set(4, attr.data_size_in - Pick(kLess));
      set(OneIn(4) ? 12u : 24u, 1);
    } else {
      static constexpr uint32_t kSettable[] = {8,   32,  36,  48,  52,
                                               152, 160, 164, 176, 184};
      for (uint32_t n = Below(4); n != 0; --n) {
        set(OneIn(12) ? Below(48) * 4 : Pick(kSettable),
            OneIn(4) ? 70000 : Below(2000));
      }
    }
    attr.ctx_size_in = static_cast<uint32_t>(wanted.context_in.size());
  }
  if (OneIn(2)) {
    static constexpr int32_t kMore[] = {0, 0, 8, -8};
    attr.ctx_size_out =
        static_cast<uint32_t>(static_cast<int32_t>(context_size) + Pick(kMore));
  }
  if (OneIn(40)) {
    attr.flags = 1u << Below(4);
  }
  if (OneIn(40)) {
    attr.cpu = Below(3);
  }
  if (OneIn(40)) {
    attr.batch_size = Below(2);
  }
  return wanted;
}

}  // namespace ebpf::oracle
