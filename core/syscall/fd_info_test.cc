// SPDX-License-Identifier: MIT
//
// The lines are those of the host's Linux for the same objects; libbpf, Aya and
// cilium/ebpf look for these keys.
#include <string>

#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/files/stats_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/link.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

class FdInfoTest : public SyscallTest {
 protected:
  std::string Info(int64_t fd) {
    char text[1000];
    const int64_t size =
        DescribeFd(caller_.client(), static_cast<int32_t>(fd), text);
    EXPECT_GE(size, 0);
    return std::string(text, static_cast<size_t>(size));
  }
  std::string Name(int64_t fd) {
    const char* name = nullptr;
    EXPECT_EQ(NameFd(caller_.client(), static_cast<int32_t>(fd), &name), 0);
    return name;
  }
  Map& MapOf(int64_t fd) {
    return (*caller_.client().fds().Get(fd))->AsMap()->map();
  }
};

INSTANTIATE_TEST_SUITE_P(, FdInfoTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(FdInfoTest, OfAMap) {
  const int64_t fd =
      caller_.CreateMap(linux_abi::kMapTypeHash, 4, 8, 10,
                        linux_abi::kMapNoPrealloc | linux_abi::kMapReadOnly);
  const std::string before =
      "map_type:\t1\nkey_size:\t4\nvalue_size:\t8\nmax_entries:\t10\n"
      "map_flags:\t0x1\nmap_extra:\t0x0\nmemlock:\t" +
      std::to_string(MapOf(fd).memory_bytes()) + "\nmap_id:\t" +
      std::to_string(MapOf(fd).id()) + "\nfrozen:\t";
  EXPECT_EQ(Info(fd), before + "0\n");
  EXPECT_EQ(Name(fd), "anon_inode:bpf-map");
  MapOf(fd).Freeze();
  EXPECT_EQ(Info(fd), before + "1\n");
}

TEST_P(FdInfoTest, OfAProgram) {
  const int64_t fd = caller_.Load(kKprobe, Returning(0));
  const Ref<Program> program =
      (*caller_.client().fds().Get(fd))->AsProgram()->program();
  EXPECT_EQ(Info(fd),
            "prog_type:\t2\nprog_jited:\t1\nprog_tag:\t"
            "a04f5eef06a7f555\nmemlock:\t" +
                std::to_string(program->memory_bytes()) + "\nprog_id:\t" +
                std::to_string(program->id()) +
                "\nrun_time_ns:\t0\nrun_cnt:\t0\n"
                "recursion_misses:\t0\nverified_insns:\t2\n");
  EXPECT_EQ(Name(fd), "anon_inode:bpf-prog");
  EXPECT_GT(program->memory_bytes(), sizeof(Program));
}

TEST_P(FdInfoTest, OfTypesAndStatistics) {
  const int64_t btf = LoadBtf(caller_, ProgramTypes());
  const uint32_t id =
      *btf::BtfIds().FirstId(RunningSystem()->kernel_types->id() + 1);
  EXPECT_EQ(Info(btf), "btf_id:\t" + std::to_string(id) + "\n");
  const int64_t stats =
      caller_.Call(linux_abi::kEnableStats, linux_abi::EnableStatsAttr{0});
  EXPECT_EQ(Info(stats), "");
  EXPECT_EQ(Name(stats), "anon_inode:bpf-stats");
}

TEST_P(FdInfoTest, OfALink) {
  // nop; ret
  constexpr uint8_t kNothing[] = {0x90, 0xc3};
  HostText text("nothing", kNothing);
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  linux_abi::LinkCreateAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(program);
  attr.target_fd =
      static_cast<uint32_t>(caller_.OpenEvent(caller_.Kprobe("nothing", 1)));
  attr.attach_type = 41;  // BPF_PERF_EVENT
  attr.details[0] = 4660;
  const int64_t fd = caller_.Call(linux_abi::kLinkCreate, attr);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(Info(fd), "link_type:\tperf\nlink_id:\t" +
                          std::to_string(*LinkIds().FirstId(1)) +
                          "\nprog_tag:\ta04f5eef06a7f555\nprog_id:\t" +
                          std::to_string(*ProgramIds().FirstId(1)) +
                          "\nname:\tnothing\noffset:\t0x1\nmissed:\t0\n"
                          "event_type:\tkprobe\ncookie:\t4660\n");
  EXPECT_EQ(Name(fd), "anon_inode:bpf_link");
  caller_.client().fds().CloseAll();  // before the text goes
}

/// Linux's KSYM_NAME_LEN and more; and as uprobes' links there, a link to
/// returns says so.
TEST_P(FdInfoTest, OfALinkToReturnsOfAFunctionWithALongName) {
  constexpr uint8_t kNothing[] = {0x90, 0xc3};
  const std::string name(600, 'n');
  HostText text(name.c_str(), kNothing);
  linux_abi::PerfEventAttr event = caller_.Kprobe("");
  event.config = linux_abi::kPerfKprobeReturn;
  event.config1 = 0;
  event.config2 = text.address();
  linux_abi::LinkCreateAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(caller_.Load(kKprobe, Returning(0)));
  attr.target_fd = static_cast<uint32_t>(caller_.OpenEvent(event));
  attr.attach_type = 41;  // BPF_PERF_EVENT
  const int64_t fd = caller_.Call(linux_abi::kLinkCreate, attr);
  ASSERT_GE(fd, 0);
  const std::string info = Info(fd);
  EXPECT_NE(info.find("\nname:\t" + std::string(512, 'n') +
                      "\noffset:\t0x0\nmissed:\t0\n"
                      "event_type:\tkretprobe\ncookie:\t0\n"),
            std::string::npos)
      << info;
  caller_.client().fds().CloseAll();  // before the text goes
}

TEST_P(FdInfoTest, AsMuchAsFits) {
  const int64_t fd = LoadBtf(caller_, ProgramTypes());
  char text[4] = {'x', 'x', 'x', 'x'};
  const int64_t size = DescribeFd(caller_.client(), static_cast<int32_t>(fd),
                                  Span<char>(text, 3));
  EXPECT_GT(size, 4);
  EXPECT_EQ(std::string(text, 4), "btfx");
  EXPECT_EQ(DescribeFd(caller_.client(), 77, Span<char>(text, 3)),
            Minus(Status::kBadFd));
  const char* name = nullptr;
  EXPECT_EQ(NameFd(caller_.client(), 77, &name), Minus(Status::kBadFd));
}

// What a map reports is what it takes from the port, to the byte.
TEST_P(FdInfoTest, AMapsMemoryIsCounted) {
  struct Kind {
    uint32_t type, key_size, value_size, entries;
  };
  for (const Kind& kind : {Kind{linux_abi::kMapTypeHash, 4, 8, 1000},
                           Kind{linux_abi::kMapTypeArray, 4, 8, 1000},
                           Kind{linux_abi::kMapTypePerCpuArray, 4, 8, 100},
                           Kind{linux_abi::kMapTypeProgArray, 4, 4, 100},
                           Kind{linux_abi::kMapTypeRingBuffer, 0, 0, 8192}}) {
    const uint64_t before = PortAllocatedBytes();
    const int64_t fd = caller_.CreateMap(kind.type, kind.key_size,
                                         kind.value_size, kind.entries);
    ASSERT_GE(fd, 0);
    const uint64_t taken = PortAllocatedBytes() - before;
    const uint64_t counted = MapOf(fd).memory_bytes();
    EXPECT_EQ(taken, counted + sizeof(MapFile) + sizeof(CountedAllocator));
    EXPECT_GE(counted, uint64_t{kind.entries} * kind.value_size);
    caller_.CloseFd(fd);
    EXPECT_EQ(PortAllocatedBytes(), before);
  }
}

}  // namespace
}  // namespace ebpf
