// SPDX-License-Identifier: MIT
//
// What a process without rights, or with some, gets: compared with Linux, whose
// kernel.unprivileged_bpf_disabled is not 0 and perf_event_paranoid 2 or more.
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

constexpr uint64_t kBpf = uint64_t{1} << linux_abi::kCapBpf;
constexpr uint64_t kPerfmon = uint64_t{1} << linux_abi::kCapPerfmon;
constexpr uint64_t kAdmin = uint64_t{1} << linux_abi::kCapSysAdmin;

int Setting(const char* name) {
  int value = -1;
  std::ifstream(std::string("/proc/sys/kernel/") + name) >> value;
  return value;
}

class RightsCallsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Setting("unprivileged_bpf_disabled") < 1 ||
        Setting("perf_event_paranoid") < 2) {
      fprintf(stderr, "NOT COMPARED WITH LINUX: its sysctls allow more\n");
      GTEST_SKIP() << "not compared with Linux: its sysctls allow more";
    }
  }
};

/// Makes one of everything; what was made is closed again.
void MakeAll(Kernel& kernel, Record& record, const std::string& name) {
  const auto make = [&](const std::string& step, int64_t fd,
                        const std::string& excuse = "") {
    record.Fd(name + step, fd, excuse);
    if (fd >= 0) {
      kernel.Close(fd);
    }
  };
  make("array", kernel.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1));
  make("hash", kernel.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1));
  make("ring", kernel.CreateMap(linux_abi::kMapTypeRingBuffer, 0, 0, 4096));
  make("malformed map", kernel.CreateMap(linux_abi::kMapTypeHash, 0, 8, 1),
       "who may not make one is not told what is wrong with it");
  for (uint32_t type : {kSocketFilter, kKprobe}) {
    make("program of type " + std::to_string(type),
         kernel.Call(linux_abi::kProgLoad, kernel.Program(type, Returning(0))));
  }
  make("event", kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, 8),
       "of uprobes, the host's, Linux asks CAP_SYS_ADMIN since 6.16");
  make("unknown command", kernel.Bpf(1000, kernel.Put(uint64_t{0}), 8));
}

TEST_F(RightsCallsTest, WhatMayBeMade) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint64_t rights :
         {uint64_t{0}, kBpf, kPerfmon, kBpf | kPerfmon, kAdmin}) {
      kernel.SetRights(rights);
      MakeAll(kernel, record, "rights " + std::to_string(rights) + " ");
      kernel.SetRights(~uint64_t{0});
    }
  });
}

TEST_F(RightsCallsTest, WhatMayBeUsedThatOthersMade) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t map = kernel.CreateMap(linux_abi::kMapTypeHash, 4, 8, 2);
    const int64_t program = kernel.Call(linux_abi::kProgLoad,
                                        kernel.Program(kKprobe, Returning(0)));
    const int64_t event =
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, 8);
    const uint64_t key = kernel.Put(uint64_t{1});
    const uint64_t value = kernel.Put(uint64_t{2});
    kernel.SetRights(0);
    record.Value("update", kernel.Elem(2, map, key, value));
    record.Value("lookup", kernel.Elem(1, map, key, value));
    record.Value("next", kernel.Elem(4, map, 0, value));
    record.Value("delete", kernel.Elem(3, map, key, 0));
    record.Value("set program", kernel.Ioctl(event, linux_abi::kPerfIocSetBpf,
                                             static_cast<uint64_t>(program)));
    record.Value("enable", kernel.Ioctl(event, linux_abi::kPerfIocEnable, 0));
    record.Value("read", kernel.Read(event, value, 8));
    kernel.SetRights(~uint64_t{0});
    kernel.Close(event);
    kernel.Close(program);
    kernel.Close(map);
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
