// SPDX-License-Identifier: MIT
//
// BPF_PROG_TEST_RUN here and in the host's kernel: the same random programs,
// packets, contexts and attributes must give the same errno, result, packet and
// context.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/oracle/host_load.h"

namespace ebpf {
namespace {

using isa::Insn;
using linux_abi::ProgLoadAttr;
using linux_abi::ProgTestRunAttr;
using oracle::Load;
using oracle::Mov;
using oracle::MovReg;
using oracle::Store;
using oracle::StoreImm;
using Code = std::vector<Insn>;
using Bytes = std::vector<uint8_t>;

int64_t HostBpf(uint32_t command, void* attr, uint32_t size) {
  const long result = syscall(SYS_bpf, command, attr, size);
  return result < 0 ? -errno : result;
}

Insn Make(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
          int32_t imm) {
  Insn insn{};
  insn.opcode = opcode;
  insn.dst = dst & 15;
  insn.src = src & 15;
  insn.offset = offset;
  insn.imm = imm;
  return insn;
}

/// Runs a program in both kernels.
class Pair {
 public:
  explicit Pair(TestCaller& caller) : caller_(caller) {}
  ~Pair() {
    if (host_ >= 0) {
      close(static_cast<int>(host_));
    }
    if (own_ >= 0) {
      caller_.CloseFd(own_);
    }
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void Load(uint32_t type, const Code& code, uint32_t flags = 0) {
    static const char kLicense[] = "GPL";
    ProgLoadAttr attr{};
    attr.prog_type = type;
    attr.insn_cnt = static_cast<uint32_t>(code.size());
    attr.insns = reinterpret_cast<uint64_t>(code.data());
    attr.license = reinterpret_cast<uint64_t>(kLicense);
    attr.prog_flags = flags;
    if (host_ >= 0) {
      close(static_cast<int>(host_));
    }
    own_ = caller_.Call(linux_abi::kProgLoad, attr);
    host_ = HostBpf(linux_abi::kProgLoad, &attr, sizeof(attr));
  }
  int64_t own() const { return own_; }
  int64_t host() const { return host_; }

 private:
  TestCaller& caller_;
  int64_t own_ = -1;
  int64_t host_ = -1;
};

/// What a run gives: the attribute's written fields and both buffers.
struct Given {
  int64_t error = 0;
  ProgTestRunAttr attr{};
  Bytes data;
  Bytes context;

  bool operator==(const Given& other) const {
    return error == other.error && attr.retval == other.attr.retval &&
           attr.data_size_out == other.attr.data_size_out &&
           attr.ctx_size_out == other.attr.ctx_size_out && data == other.data &&
           context == other.context;
  }
};

struct Wanted {
  ProgTestRunAttr attr{};  // but for pointers
  Bytes data_in;
  Bytes context_in;
};

template <typename Call>
Given RunWith(const Wanted& wanted, int64_t fd, Call call) {
  Given given;
  given.data.assign(wanted.attr.data_size_out, 0xaa);
  given.context.assign(wanted.attr.ctx_size_out, 0xaa);
  Bytes context_in = wanted.context_in;
  given.attr = wanted.attr;
  ProgTestRunAttr& attr = given.attr;
  const auto address = [](const Bytes& bytes) {
    return bytes.empty() ? 0 : reinterpret_cast<uint64_t>(bytes.data());
  };
  attr.prog_fd = static_cast<uint32_t>(fd);
  attr.data_in = address(wanted.data_in);
  attr.data_out = address(given.data);
  attr.ctx_in = address(context_in);
  attr.ctx_out = address(given.context);
  given.error = call(&attr);
  attr.data_in = attr.data_out = attr.ctx_in = attr.ctx_out = 0;
  if (given.error < 0) {
    given.attr.retval = 0;  // not written in the same order where it fails
  }
  given.context.insert(given.context.end(), context_in.begin(),
                       context_in.end());
  return given;
}

std::string Hex(const Bytes& bytes) {
  std::string text;
  char digits[3];
  for (const uint8_t byte : bytes) {
    snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

std::string Describe(const Given& given) {
  return "errno " + std::to_string(-given.error) + " retval " +
         std::to_string(given.attr.retval) + " sizes " +
         std::to_string(given.attr.data_size_out) + " " +
         std::to_string(given.attr.ctx_size_out) + "\n  data " +
         Hex(given.data) + "\n  context " + Hex(given.context);
}

// Types of programs by Linux's numbers.
constexpr uint32_t kSocketFilterType = 1;
constexpr uint32_t kSchedClsType = 3;
constexpr uint32_t kSchedActType = 4;
constexpr uint32_t kXdpType = 6;
constexpr uint32_t kCgroupSkbType = 8;
constexpr uint32_t kLwtInType = 10;
constexpr uint32_t kLwtOutType = 11;
constexpr uint32_t kLwtXmitType = 12;
constexpr uint32_t kRawTracepointType = 17;
constexpr uint32_t kFlowDissectorType = 22;
constexpr uint32_t kSyscallType = 31;
constexpr uint32_t kSleepable = 1 << 4;

constexpr uint32_t kPacketTypes[] = {
    kSocketFilterType, kSchedClsType, kSchedActType, kXdpType,
    kCgroupSkbType,    kLwtInType,    kLwtOutType,   kLwtXmitType};

/// Random programs on packets.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  uint32_t Below(uint32_t end) {
    return std::uniform_int_distribution<uint32_t>(0, end - 1)(random_);
  }
  bool OneIn(uint32_t n) { return Below(n) == 0; }
  template <typename T, size_t kSize>
  T Pick(const T (&list)[kSize]) {
    return list[Below(kSize)];
  }

  Bytes Packet();
  Code Program(uint32_t type, uint32_t size);
  Wanted Attributes(uint32_t type);

 private:
  int32_t Offset() {
    const int32_t size = static_cast<int32_t>(size_);
    const int32_t list[] = {0,  1,     2,        12,        14,       16,   20,
                            24, 34,    size - 4, size - 2,  size - 1, size, -1,
                            50, 65535, 65536,    size - 14, size - 15};
    return Pick(list);
  }
  void Put(const Code& code) {
    code_.insert(code_.end(), code.begin(), code.end());
  }
  /// r7 = r7 * 31 + r0
  void Accumulate() { Put({Make(0x27, 7, 0, 0, 31), Make(0x0f, 7, 0, 0, 0)}); }
  void Call(uint32_t helper, const std::array<int32_t, 4>& arguments) {
    Put({MovReg(1, 6)});
    for (uint8_t i = 0; i < 4; ++i) {
      Put({Mov(static_cast<uint8_t>(i + 2), arguments[i])});
    }
    Put({oracle::CallHelper(helper)});
    Accumulate();
  }
  /// ... whose second argument is 8 bytes of the stack.
  void CallWithBuffer(uint32_t helper, int32_t offset, int32_t size,
                      int32_t last) {
    Put({StoreImm(8, 10, -8, 0x11223344), MovReg(1, 6), Mov(2, offset),
         MovReg(3, 10), oracle::AddImm(3, -8), Mov(4, size), Mov(5, last),
         oracle::CallHelper(helper)});
    Accumulate();
    Put({Load(4, 0, 10, -8)});
    Accumulate();
  }
  void Field(uint32_t type);
  void Direct(uint32_t type);
  void Helper(uint32_t type);
  void Step(uint32_t type);

  std::mt19937 random_;
  Code code_;
  uint32_t size_ = 0;
};

Bytes Generator::Packet() {
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

void Generator::Field(uint32_t type) {
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
void Generator::Direct(uint32_t type) {
  const int16_t data = type == kXdpType ? 0 : 76;
  const int16_t end = type == kXdpType ? 4 : 80;
  const int32_t offset = static_cast<int32_t>(Below(70));
  Put({Load(4, 2, 6, data), Load(4, 3, 6, end), MovReg(4, 2),
       oracle::AddImm(4, offset + 1), Mov(0, 77),
       Make(0x2d, 4, 3, 1, 0)});  // if r4 > r3 goto +1
  if (OneIn(3)) {
    Put({StoreImm(1, 2, static_cast<int16_t>(offset), 0x5a)});
  } else {
    Put({Load(1, 0, 2, static_cast<int16_t>(offset))});
  }
  Accumulate();
  Put({Load(4, 2, 6, data), Load(4, 0, 6, end), Make(0x1f, 0, 2, 0, 0)});
  Accumulate();
}

void Generator::Helper(uint32_t type) {
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
  switch (Below(17)) {
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
      Put({Mov(1, 1), Mov(2, Pick(kFlags)), oracle::CallHelper(redirect)});
      return Accumulate();
    default:
      return Call(OneIn(2) ? csum_update : set_hash, {5, 0, 0, 0});
  }
}

void Generator::Step(uint32_t type) {
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
        Put({Make(Pick(kOpcodes), 0, 0, 0, at)});
      } else {
        Put({Mov(3, at), Make(static_cast<uint8_t>(Pick(kOpcodes) + 0x20), 0, 3,
                              0, static_cast<int32_t>(Below(5)) - 2)});
      }
      return Accumulate();
    }
    default:
      return Helper(type);
  }
}

Code Generator::Program(uint32_t type, uint32_t size) {
  size_ = size;
  code_.clear();
  Put({MovReg(6, 1), Mov(7, 0)});
  for (uint32_t steps = 1 + Below(3); steps != 0; --steps) {
    Step(type);
  }
  Put({MovReg(0, 7)});
  if (type == kCgroupSkbType) {
    Put({Make(0x57, 0, 0, 0, 1)});
  }
  Put({oracle::Exit()});
  return code_;
}

Wanted Generator::Attributes(uint32_t type) {
  Wanted wanted;
  wanted.data_in = Packet();
  ProgTestRunAttr& attr = wanted.attr;
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

/// Why the two may differ here, or null.
const char* Excuse(uint32_t type, const Wanted& wanted) {
  const uint32_t flags = wanted.attr.flags;
  if (flags == linux_abi::kTestRunChecksumComplete) {
    return "no packet here has a checksum of its whole";
  }
  if (type == kXdpType && flags == linux_abi::kTestRunLiveFrames) {
    return "live frames go to devices, which are not here";
  }
  return nullptr;
}

class TestRunHostTest : public testing::Test {
 protected:
  TestRunHostTest() : caller_(Origin::kKernel) {}

  void SetUp() override {
    if (const std::string why = oracle::WhyNoHost(); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }

  /// Runs in both kernels; whether they agree. Prints if not.
  bool Agree(const Pair& pair, const Wanted& wanted, bool& ran) {
    const Given own = RunWith(wanted, pair.own(), [&](ProgTestRunAttr* attr) {
      return caller_.BpfAt(linux_abi::kProgTestRun,
                           reinterpret_cast<uint64_t>(attr), sizeof(*attr));
    });
    const Given host = RunWith(wanted, pair.host(), [](ProgTestRunAttr* attr) {
      return HostBpf(linux_abi::kProgTestRun, attr, sizeof(*attr));
    });
    ran = host.error == 0;
    Given same = own;
    same.attr.duration = host.attr.duration;
    if (same == host) {
      return true;
    }
    printf("own: %s\nhost: %s\n", Describe(own).c_str(),
           Describe(host).c_str());
    return false;
  }

  TestSystem system_;
  TestCaller caller_;
};

void Print(const Code& code) {
  for (const Insn& insn : code) {
    printf("  %02x dst %u src %u off %d imm %d\n", insn.opcode,
           unsigned{insn.dst}, unsigned{insn.src}, int{insn.offset},
           int{insn.imm});
  }
}

TEST_F(TestRunHostTest, RandomProgramsOnPacketsDoTheSame) {
  const char* const count = getenv("EBPF_ORACLE_COUNT");
  const uint32_t rounds =
      count != nullptr ? static_cast<uint32_t>(atoi(count)) : 4000;
  std::map<uint32_t, std::array<uint32_t, 3>> sums;  // by type
  uint32_t different = 0;
  for (uint32_t seed = 0; seed < rounds && different < 5; ++seed) {
    Generator generator(seed);
    const uint32_t type = generator.Pick(kPacketTypes);
    const Wanted wanted = generator.Attributes(type);
    if (Excuse(type, wanted) != nullptr) {
      continue;
    }
    Code code;
    Pair pair(caller_);
    // Most of what is refused is not allowed to the type.
    for (uint32_t tries = 0; tries < 20 && pair.own() < 0; ++tries) {
      code =
          generator.Program(type, static_cast<uint32_t>(wanted.data_in.size()));
      pair.Load(type, code);
    }
    std::array<uint32_t, 3>& sum = sums[type];
    ++sum[0];
    if (pair.own() < 0 && pair.host() < 0) {
      continue;  // the verifier's tests are others
    }
    EXPECT_EQ(pair.own() < 0, pair.host() < 0)
        << "seed " << seed << " own " << pair.own() << " host " << pair.host();
    ++sum[1];
    bool ran = false;
    if (pair.own() < 0 || pair.host() < 0 || !Agree(pair, wanted, ran)) {
      printf("seed %u type %u data_in %s context %s flags %u\n", seed, type,
             Hex(wanted.data_in).c_str(), Hex(wanted.context_in).c_str(),
             wanted.attr.flags);
      Print(code);
      ++different;
    }
    sum[2] += ran ? 1 : 0;
  }
  EXPECT_EQ(different, 0u);
  for (const auto& [type, sum] : sums) {
    printf("type %u: %u programs, %u accepted, %u ran on the host\n", type,
           sum[0], sum[1], sum[2]);
    EXPECT_GT(sum[2] * 5, sum[0]) << type;
  }
}

/// Attributes that each type takes or refuses, one change at a time.
std::vector<Wanted> Variations(const Wanted& usual) {
  std::vector<Wanted> all = {usual};
  const auto vary = [&](auto change) {
    all.push_back(usual);
    change(all.back());
  };
  for (const uint32_t size : {0u, 8u, 13u, 14u, 64u, 96u, 97u, 4096u, 4097u}) {
    vary([&](Wanted& w) {
      w.data_in.assign(size, 0);
      w.attr.data_size_in = size;
    });
    vary([&](Wanted& w) {
      w.context_in.assign(size, 0);
      w.attr.ctx_size_in = size;
    });
    vary([&](Wanted& w) { w.attr.data_size_out = size; });
    vary([&](Wanted& w) { w.attr.ctx_size_out = size; });
  }
  vary([](Wanted& w) { w.attr.repeat = 1; });
  vary([](Wanted& w) { w.attr.repeat = 0; });
  vary([](Wanted& w) { w.attr.duration = 1; });
  vary([](Wanted& w) { w.attr.batch_size = 1; });
  vary([](Wanted& w) { w.attr.padding = 1; });
  for (uint32_t bit = 0; bit < 32; ++bit) {
    vary([&](Wanted& w) { w.attr.flags = 1u << bit; });
  }
  for (const uint32_t cpu : {1u, 2000u, 0xffffffffu}) {
    vary([&](Wanted& w) { w.attr.cpu = cpu; });
  }
  return all;
}

struct OtherCase {
  const char* name;
  uint32_t type;
  uint32_t flags;
  Code code;
  Wanted usual;
};

Wanted WithContext(const Bytes& context) {
  Wanted wanted;
  wanted.context_in = context;
  wanted.attr.ctx_size_in = static_cast<uint32_t>(context.size());
  return wanted;
}

Wanted WithPacket(uint32_t size) {
  Wanted wanted;
  for (uint32_t i = 0; i < size; ++i) {
    wanted.data_in.push_back(static_cast<uint8_t>(i));
  }
  wanted.attr.data_size_in = size;
  wanted.attr.data_size_out = 64;
  return wanted;
}

std::vector<OtherCase> OtherCases() {
  const Bytes context = {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0};
  const Code third = {Load(8, 0, 1, 8), oracle::Exit()};
  const Code writing = {StoreImm(4, 1, 4, 99), Load(4, 0, 1, 8),
                        oracle::Exit()};
  // flow_keys->thoff = 20; the packet's size.
  const Code dissecting = {Load(8, 2, 1, 144),    StoreImm(2, 2, 2, 20),
                           StoreImm(4, 2, 16, 7), Load(4, 3, 1, 76),
                           Load(4, 0, 1, 80),     Make(0x1f, 0, 3, 0, 0),
                           oracle::Exit()};
  const Code far = {Load(8, 2, 1, 144), StoreImm(2, 2, 0, 1),
                    StoreImm(2, 2, 2, 5000), Mov(0, 0), oracle::Exit()};
  return {
      {"raw tracepoint", kRawTracepointType, 0, third, WithContext(context)},
      {"raw tracepoint, no context",
       kRawTracepointType,
       0,
       {Mov(0, 3), oracle::Exit()},
       Wanted()},
      {"syscall", kSyscallType, kSleepable, writing, WithContext(context)},
      {"syscall, no context",
       kSyscallType,
       kSleepable,
       {Mov(0, 3), oracle::Exit()},
       Wanted()},
      {"flow dissector", kFlowDissectorType, 0, dissecting, WithPacket(64)},
      {"flow dissector, far", kFlowDissectorType, 0, far, WithPacket(64)},
      {"sched_cls",
       kSchedClsType,
       0,
       {Mov(0, -1), oracle::Exit()},
       WithPacket(64)},
      {"socket_filter",
       kSocketFilterType,
       0,
       {Mov(0, -1), oracle::Exit()},
       WithPacket(64)},
      {"xdp", kXdpType, 0, {Mov(0, 2), oracle::Exit()}, WithPacket(64)},
      {"lwt_in", kLwtInType, 0, {Mov(0, 2), oracle::Exit()}, WithPacket(64)},
      {"kprobe", 2, 0, {Mov(0, 2), oracle::Exit()}, WithPacket(64)},
      {"tracepoint", 5, 0, {Mov(0, 2), oracle::Exit()}, WithPacket(64)},
  };
}

TEST_F(TestRunHostTest, AttributesAreTakenAsTheHostDoes) {
  uint32_t compared = 0;
  for (const OtherCase& one : OtherCases()) {
    Pair pair(caller_);
    pair.Load(one.type, one.code, one.flags);
    ASSERT_GE(pair.own(), 0) << one.name;
    ASSERT_GE(pair.host(), 0) << one.name;
    uint32_t ran_here = 0;
    size_t number = 0;
    for (const Wanted& wanted : Variations(one.usual)) {
      bool ran = false;
      if (Excuse(one.type, wanted) == nullptr) {
        EXPECT_TRUE(Agree(pair, wanted, ran)) << one.name << " " << number;
        ++compared;
      }
      ran_here += ran ? 1 : 0;
      ++number;
    }
    printf("%s: %u of %zu ran on the host\n", one.name, ran_here, number);
  }
  EXPECT_GT(compared, 500u);
}

}  // namespace
}  // namespace ebpf
