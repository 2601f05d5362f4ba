// SPDX-License-Identifier: MIT
//
// Probes inside of how a map on demand gets its elements: their programs put
// keys into the map that is being refilled, and take them out. Nothing hangs,
// nothing is refused for another reason than that there is no element, and
// nothing is left in the end.
#include <random>

#include "testing/caller/probed_programs.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"

namespace ebpf {
namespace {

constexpr uint32_t kKeys = 4096;
constexpr uint32_t kPerCpuHash = 5;

constexpr Target kTargets[] = {
    {"_ZN4ebpf12ElementCache4TakeEv", 0, 0},
    {"_ZN4ebpf12ElementCache4GiveEPv", 0, 0},
    {"_ZN4ebpf12ElementCache10TakeAsTaskEv", 0, 0},
    {"_ZN4ebpf12ElementCache7EvenOutEv", 0, 0},
    {"ebpf_port_defer", 0, 0},
    {"ebpf_port_alloc", 0, 0},
    {"ebpf_port_free", 0, 0},
};

class ProbesOnDemandTest : public ProbedProgramsTest,
                           public testing::WithParamInterface<uint32_t> {
 protected:
  ProbesOnDemandTest()
      : map_(caller_.CreateMap(GetParam(), 4, 8, kKeys,
                               linux_abi::kMapNoPrealloc)) {
    for (const Target& target : kTargets) {
      Plant(target, 0, PutAndRemove());
    }
  }
  ~ProbesOnDemandTest() override {
    DisableAll();
    probes_.clear();
    caller_.client().fds().CloseAll();
    RunHostDeferred();
  }

  Code PutAndRemove() const {
    Code code;
    for (int i = 0; i < 2; ++i) {
      Append(code, Update(map_, kKeys - 1));
      Append(code, CountResult({Status::kBusy, Status::kNoMemory}));
    }
    Append(code, {CallHelper(helper_id::get_prandom_u32),
                  Insn(0x57, 0, 0, 0, kKeys - 1), Insn(0x63, 10, 0, -4, 0)});
    Append(code, Low(1, map_));
    Append(code, {MovReg(2, 10), Insn(0x07, 2, 0, 0, -4),
                  CallHelper(helper_id::map_delete_elem)});
    Append(code, CountResult({Status::kBusy, Status::kNotFound}));
    return code;
  }

  const int64_t map_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, ProbesOnDemandTest,
                         testing::Values(linux_abi::kMapTypeHash, kPerCpuHash),
                         [](const auto& info) {
                           return info.param == kPerCpuHash ? "PerCpuHash"
                                                            : "Hash";
                         });

TEST_P(ProbesOnDemandTest, ProgramsUseTheMapThatTheyInterruptTheRefillOf) {
  const Watchdog watchdog(std::chrono::seconds(240));
  EnableAll();
  std::mt19937 random(3);
  uint64_t values[64] = {};
  uint64_t wrong = 0;
  for (uint32_t i = 0; i < 6000; ++i) {
    const uint32_t key = random() % kKeys;
    linux_abi::MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(map_);
    attr.key = reinterpret_cast<uint64_t>(&key);
    attr.value = reinterpret_cast<uint64_t>(values);
    wrong += Call(linux_abi::kMapUpdateElem, attr) == 0 ? 0 : 1;
    // In waves, so that many go at once.
    if (i / 1000 % 2 == 1) {
      for (int more = 0; more < 3; ++more) {
        const int64_t status = DeleteByCall(map_, random() % kKeys);
        wrong += status == 0 || status == Minus(Status::kNotFound) ? 0 : 1;
      }
    }
    if (i % 50 == 0) {
      RunHostDeferred();
    }
  }
  DisableAll();
  EXPECT_EQ(wrong, 0u);
  uint64_t runs = 0;
  uint64_t refused = 0;
  for (const auto& probe : probes_) {
    const Counts counts = Sum(probe->counted);
    EXPECT_GT(counts.runs, 0u) << probe->target->symbol;
    EXPECT_EQ(counts.wrong, 0u) << probe->target->symbol;
    runs += counts.runs;
    refused += counts.refused;
  }
  printf("%llu runs, %llu operations of theirs refused\n",
         static_cast<unsigned long long>(runs),
         static_cast<unsigned long long>(refused));
  EXPECT_LT(refused, runs * 2) << "most are served";
}

}  // namespace
}  // namespace ebpf
