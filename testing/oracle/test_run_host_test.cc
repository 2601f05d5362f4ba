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
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/oracle/host_load.h"
#include "testing/oracle/packet_programs.h"

namespace ebpf::oracle {
namespace {

using linux_abi::ProgLoadAttr;
using linux_abi::ProgTestRunAttr;

int64_t HostBpf(uint32_t command, void* attr, uint32_t size) {
  const long result = syscall(SYS_bpf, command, attr, size);
  return result < 0 ? -errno : result;
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
    if (const std::string why = WhyNoHost(); !why.empty()) {
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
  for (const isa::Insn& insn : code) {
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
    PacketPrograms generator(seed);
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
  const Code third = {Load(8, 0, 1, 8), Exit()};
  const Code writing = {StoreImm(4, 1, 4, 99), Load(4, 0, 1, 8), Exit()};
  // flow_keys->thoff = 20; the packet's size.
  const Code dissecting = {Load(8, 2, 1, 144),
                           StoreImm(2, 2, 2, 20),
                           StoreImm(4, 2, 16, 7),
                           Load(4, 3, 1, 76),
                           Load(4, 0, 1, 80),
                           ebpf::Insn(0x1f, 0, 3, 0, 0),
                           Exit()};
  const Code far = {Load(8, 2, 1, 144), StoreImm(2, 2, 0, 1),
                    StoreImm(2, 2, 2, 5000), Mov(0, 0), Exit()};
  return {
      {"raw tracepoint", kRawTracepointType, 0, third, WithContext(context)},
      {"raw tracepoint, no context",
       kRawTracepointType,
       0,
       {Mov(0, 3), Exit()},
       Wanted()},
      {"syscall", kSyscallType, kSleepable, writing, WithContext(context)},
      {"syscall, no context",
       kSyscallType,
       kSleepable,
       {Mov(0, 3), Exit()},
       Wanted()},
      {"flow dissector", kFlowDissectorType, 0, dissecting, WithPacket(64)},
      {"flow dissector, far", kFlowDissectorType, 0, far, WithPacket(64)},
      {"sched_cls", kSchedClsType, 0, {Mov(0, -1), Exit()}, WithPacket(64)},
      {"socket_filter",
       kSocketFilterType,
       0,
       {Mov(0, -1), Exit()},
       WithPacket(64)},
      {"xdp", kXdpType, 0, {Mov(0, 2), Exit()}, WithPacket(64)},
      {"lwt_in", kLwtInType, 0, {Mov(0, 2), Exit()}, WithPacket(64)},
      {"kprobe", 2, 0, {Mov(0, 2), Exit()}, WithPacket(64)},
      {"tracepoint", 5, 0, {Mov(0, 2), Exit()}, WithPacket(64)},
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
}  // namespace ebpf::oracle
