// SPDX-License-Identifier: MIT
#include "core/syscall/text_calls.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/files/text_walk.h"
#include "core/platform/symbol_name.h"
#include "core/probes/kprobe.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/caller/trace_files.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_user.h"

namespace ebpf {
namespace {

const char kKallsyms[] = "/proc/kallsyms";
const char kList[] = "/sys/kernel/debug/kprobes/list";
const char kBlacklist[] = "/sys/kernel/debug/kprobes/blacklist";
const char kProfile[] = "/sys/kernel/tracing/kprobe_profile";
const char kFilter[] = "/sys/kernel/tracing/available_filter_functions";
const char kFilterAddresses[] =
    "/sys/kernel/tracing/available_filter_functions_addrs";

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = text.find('\n', at);
    EXPECT_NE(end, std::string::npos) << "a line without an end";
    if (end == std::string::npos) {
      break;
    }
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string Hex(uint64_t address) {
  char text[17];
  snprintf(text, sizeof(text), "%016llx",
           static_cast<unsigned long long>(address));
  return text;
}

class TextCallsTest : public SyscallTest {
 protected:
  TextCallsTest() : text_("text_calls_add", kAdd) {}
  ~TextCallsTest() override {
    caller_.client().fds().CloseAll();
    ThisHostTask().uid = 0;
  }

  int64_t Open(const std::string& path) {
    return OpenText(caller_.client(),
                    caller_.client().Pointer(caller_.Put(path.c_str())), 0);
  }
  /// At most `size` bytes more of a descriptor.
  std::string ReadSome(int64_t fd, size_t size) {
    if (to_size_ < size) {
      to_ = caller_.Put(nullptr, size);
      to_size_ = size;
    }
    const int64_t count = Read(caller_.client(), static_cast<int32_t>(fd),
                               caller_.client().Pointer(to_), size);
    EXPECT_GE(count, 0);
    return count < 0 ? ""
                     : std::string(static_cast<char*>(caller_.At(to_)),
                                   static_cast<size_t>(count));
  }
  std::string ReadAll(const std::string& path, size_t step = 65536) {
    const int64_t fd = Open(path);
    EXPECT_GE(fd, 0) << path;
    std::string all;
    std::string some;
    do {
      some = ReadSome(fd, step);
      all += some;
    } while (!some.empty());
    EXPECT_EQ(caller_.CloseFd(fd), 0);
    return all;
  }
  std::vector<std::string> Lines(const std::string& path) {
    return LinesOf(ReadAll(path));
  }
  static uint32_t IndexOf(const std::string& path) {
    uint32_t index = 0;
    while (TextAt(index) != nullptr && TextAt(index)->path != path) {
      ++index;
    }
    return index;
  }
  int64_t ReadAt(const std::string& path, uint64_t offset, size_t size,
                 std::string* text) {
    const uint64_t to = caller_.Put(nullptr, size);
    const int64_t count = ReadText(caller_.client(), IndexOf(path), offset,
                                   caller_.client().Pointer(to), size);
    if (count >= 0) {
      text->assign(static_cast<char*>(caller_.At(to)),
                   static_cast<size_t>(count));
    }
    return count;
  }
  /// Addresses are zeros for whom this takes away.
  void DropRights() {
    SetHostCapabilities(0);
    caller_.client().DropCapabilities();
  }
  uint64_t Call() { return text_.As<uint64_t(uint64_t, uint64_t)>()(1, 2); }

  HostText text_;
  uint64_t to_ = 0;
  size_t to_size_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, TextCallsTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(TextCallsTest, FunctionsThatCanBeProbedAreListed) {
  constexpr uint8_t kHalt[] = {0xf4, 0xc3};
  HostText halt("text_calls_halt", kHalt);
  const std::vector<std::string> names = Lines(kFilter);
  const std::vector<std::string> lines = Lines(kFilterAddresses);
  ASSERT_EQ(names.size(), lines.size());
  EXPECT_GT(names.size(), 1000u);
  std::set<std::string> listed;
  for (size_t i = 0; i < names.size(); ++i) {
    ASSERT_EQ(lines[i].substr(16), " " + names[i]);
    listed.insert(lines[i]);
  }
  EXPECT_EQ(listed.count(Hex(text_.address()) + " text_calls_add"), 1u);
  EXPECT_EQ(listed.count(Hex(halt.address()) + " text_calls_halt"), 0u);
  for (const char* name : {"ebpf_on_breakpoint", "ebpf_port_cpu_id"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 0) << name;
  }
}

TEST_P(TextCallsTest, KallsymsHasEachFunctionInOrderAndWhatPrograms) {
  const int64_t program = caller_.Load(kKprobe, {MovImm(0, 0), Exit()});
  ASSERT_GE(program, 0);

  const std::vector<std::string> lines = Lines(kKallsyms);

  std::multiset<std::string> functions;
  uint64_t last = 0;
  size_t programs = 0;
  const std::regex function("([0-9a-f]{16}) T ([^ \t]+)");
  const std::regex image(
      "[0-9a-f]{16} t bpf_prog_[0-9a-f]{16}[^\t]*\t\\[bpf\\]");
  for (const std::string& line : lines) {
    std::smatch match;
    if (std::regex_match(line, match, function)) {
      EXPECT_EQ(programs, 0u) << "programs come last";
      const uint64_t address = std::stoull(match[1], nullptr, 16);
      EXPECT_GE(address, last);
      last = address;
      functions.insert(line);
    } else {
      EXPECT_TRUE(std::regex_match(line, image)) << line;
      ++programs;
    }
  }
  EXPECT_EQ(programs, 1u);
  size_t expected = 0;
  uint64_t position = 0;
  ebpf_symbol symbol;
  while (ebpf_port_symbol_next(&position, &symbol)) {
    std::string name(ebpf_port_symbol_name(&symbol, nullptr, 0), '#');
    ebpf_port_symbol_name(&symbol, name.data(), name.size());
    name.resize(std::min<size_t>(name.size(), 511));
    EXPECT_EQ(functions.count(Hex(symbol.address) + " T " + name), 1u) << name;
    ++expected;
  }
  EXPECT_EQ(functions.size(), expected);
}

TEST_P(TextCallsTest, KallsymsHasEachOfManyProgramsOnce) {
  constexpr size_t kPrograms = 200;
  for (size_t i = 0; i < kPrograms; ++i) {
    ASSERT_GE(caller_.Load(kKprobe, {MovImm(0, 0), Exit()}), 0);
  }
  std::set<uint64_t> programs;
  uint64_t last = 0;
  for (const std::string& line : Lines(kKallsyms)) {
    if (line.ends_with("\t[bpf]")) {
      const uint64_t address = std::stoull(line.substr(0, 16), nullptr, 16);
      EXPECT_GT(address, last);
      last = address;
      programs.insert(address);
    }
  }
  EXPECT_EQ(programs.size(), kPrograms);
}

TEST_P(TextCallsTest, EveryStepAndOffsetGivesTheSameText) {
  // A table of functions of a size that can be read byte by byte.
  const std::string all = ReadAll(kBlacklist);
  ASSERT_GT(all.size(), 100u);
  for (size_t step : {size_t{1}, size_t{7}, size_t{64}, size_t{4096}}) {
    EXPECT_EQ(ReadAll(kBlacklist, step), all) << step;
  }
  for (uint64_t offset : {size_t{0}, size_t{1}, size_t{63}, all.size() - 1,
                          all.size(), all.size() + 1}) {
    std::string some;
    EXPECT_GE(ReadAt(kBlacklist, offset, 64, &some), 0);
    EXPECT_EQ(some, offset < all.size() ? all.substr(offset, 64) : "");
  }
}

TEST_P(TextCallsTest, TheListHasAnEntryForEachKprobe) {
  EXPECT_EQ(ReadAll(kList), "");
  const int64_t first = caller_.OpenEvent(caller_.Kprobe("text_calls_add", 1));
  const int64_t second = caller_.OpenEvent(caller_.Kprobe("text_calls_add"));
  ASSERT_GE(first, 0);
  ASSERT_GE(second, 0);
  ASSERT_EQ(caller_.IoctlFd(first, linux_abi::kPerfIocEnable), 0);

  const std::vector<std::string> expected = {
      Hex(text_.address()) + "  k  text_calls_add+0x0    [DISABLED]",
      Hex(text_.address() + 1) + "  k  text_calls_add+0x1    "};
  EXPECT_EQ(Lines(kList), expected);

  caller_.CloseFd(second);
  EXPECT_EQ(Lines(kList).size(), 1u);
  caller_.CloseFd(first);
  EXPECT_EQ(ReadAll(kList), "");
}

/// Each pass asks each consumer that is still to come once, at most.
TEST_P(TextCallsTest, TextsOfManyProbesAreMadeInFewPasses) {
  struct Asked final : KprobeConsumer {
    void Hit(machine::PtRegs& /*regs*/) override {}
    ConsumerInfo Info() const override {
      ++times;
      return {};
    }
    mutable size_t times = 0;
  } asked;
  constexpr size_t kProbes = 1500;
  std::vector<Ref<Kprobe>> probes;
  for (size_t i = 0; i < kProbes; ++i) {
    Result<Ref<Kprobe>> probe = AttachKprobe("text_calls_add", 0, 0, asked);
    ASSERT_TRUE(probe.ok());
    probes.push_back(Move(*probe));
  }
  EXPECT_EQ(Lines(kList).size(), kProbes);
  EXPECT_LE(asked.times, 4 * kProbes);
  EXPECT_EQ(Lines(kProfile).size(), 0u) << "these have no names";
}

TEST_P(TextCallsTest, AnEventOnReturnsIsAKretprobe) {
  linux_abi::PerfEventAttr attr = caller_.Kprobe("text_calls_add");
  attr.config = 1;  // retprobe
  attr.flags = 0;
  ASSERT_GE(caller_.OpenEvent(attr), 0);
  for (int i = 0; i < 3; ++i) {
    Call();
  }
  EXPECT_EQ(Lines(kList),
            std::vector<std::string>{Hex(text_.address()) +
                                     "  r  text_calls_add+0x0    "});
}

/// Of those that kprobe_events made, and while they are switched on.
TEST_P(TextCallsTest, TheProfileCountsHitsOfNamedProbes) {
  TraceFiles files(caller_);
  const int64_t counted =
      caller_.OpenEvent(caller_.Kprobe("text_calls_add", 1));
  ASSERT_GE(counted, 0);
  ASSERT_EQ(caller_.IoctlFd(counted, linux_abi::kPerfIocEnable), 0);
  const std::string lines =
      "p:a text_calls_add\nr text_calls_add $retval\np:g/off text_calls_add\n";
  ASSERT_EQ(files.Write1("kprobe_events", lines),
            static_cast<int64_t>(lines.size()));
  const char* const kOn[] = {"events/kprobes/a/enable",
                             "events/kprobes/r_text_calls_add_0/enable"};
  Call();
  for (const char* file : kOn) {
    ASSERT_EQ(files.Write1(file, "1"), 1) << file;
  }
  for (int i = 0; i < 12; ++i) {
    Call();
  }
  const std::vector<std::string> expected = {
      "  a                                                         12"
      "               0",
      "  r_text_calls_add_0                                        12"
      "               0",
      "  off                                                        0"
      "               0"};
  EXPECT_EQ(Lines(kProfile), expected);
  EXPECT_EQ(files.Write1("kprobe_events", ""), Minus(Status::kBusy));
  for (const char* file : kOn) {
    ASSERT_EQ(files.Write1(file, "0"), 1) << file;
  }
  EXPECT_EQ(files.Write1("kprobe_events", ""), 0);
  EXPECT_EQ(Lines(kProfile).size(), 0u);
}

TEST_P(TextCallsTest, NamedProbesAreWrittenShownAndRefusedAsByLinux) {
  TraceFiles files(caller_);
  const auto append = [&](const char* file, const std::string& line) {
    return files.Write1(file, line,
                        linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend);
  };
  EXPECT_EQ(append("kprobe_events", "p:a text_calls_add x=%di\n"), 25);
  EXPECT_EQ(append("dynamic_events", "r4:g/b text_calls_add\n"), 22);
  for (const char* file : {"kprobe_events", "dynamic_events"}) {
    EXPECT_EQ(files.ReadAll(file),
              "p:kprobes/a text_calls_add x=%di\nr4:g/b text_calls_add\n");
    EXPECT_EQ(files.ReadAll(file, 3), files.ReadAll(file));
  }
  EXPECT_EQ(files.ReadAll("events/kprobes/a/enable"), "0\n");
  ASSERT_EQ(files.Write1("error_log", "\n"), 1);
  EXPECT_EQ(append("kprobe_events", "p:c text_calls_add  x=%rdi\n"),
            Minus(Status::kInvalid));
  const std::string log = files.ReadAll("error_log");
  EXPECT_EQ(log.substr(log.find("] ") + 2),
            "trace_kprobe: error: Invalid register name\n"
            "  Command: p:c text_calls_add x=%rdi\n"
            "                                ^\n");
  EXPECT_EQ(append("dynamic_events", "-:a\n"), 4);
  EXPECT_EQ(files.ReadAll("events/kprobes/a/enable"),
            "!" + std::to_string(ENOENT));
  EXPECT_EQ(append("kprobe_events", "-:g/\n"), 5);
  EXPECT_EQ(files.ReadAll("kprobe_events"), "");
}

TEST_P(TextCallsTest, TheBlacklistHasWhatIsOnABreakpointsWay) {
  const std::vector<std::string> lines = Lines(kBlacklist);
  const std::regex form("0x([0-9a-f]{16})-0x([0-9a-f]{16})\t(.+)");
  std::set<std::string> names;
  for (const std::string& line : lines) {
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, form)) << line;
    const uint64_t begin = std::stoull(match[1], nullptr, 16);
    const uint64_t end = std::stoull(match[2], nullptr, 16);
    EXPECT_LT(begin, end);
    // It is true, at both of its ends and in the middle.
    struct Nothing final : KprobeConsumer {
      void Hit(machine::PtRegs& /*regs*/) override {}
    } nothing;
    for (uint64_t at : {begin, (begin + end) / 2, end - 1}) {
      EXPECT_FALSE(AttachKprobe("", at, 0, nothing).ok()) << line;
    }
    names.insert(match[3]);
  }
  EXPECT_EQ(names.count("ebpf_port_cpu_id"), 1u);
  EXPECT_EQ(names.count("_ZN4ebpf12OnBreakpointERNS_7machine6PtRegsE"), 1u);
  EXPECT_EQ(names.count("text_calls_add"), 0u);
}

/// `line` with its addresses, of 16 digits, as zeros.
std::string WithoutAddresses(const std::string& line) {
  return std::regex_replace(line, std::regex("(^|0x)[0-9a-f]{16}\\b"),
                            "$010000000000000000");
}

TEST_P(TextCallsTest, AddressesAreZeroForWhomTheyAreSecret) {
  const int64_t program = caller_.Load(kKprobe, {MovImm(0, 0), Exit()});
  ASSERT_GE(program, 0);
  ASSERT_GE(caller_.Attach(program, "text_calls_add"), 0);
  const std::string named = "p:a text_calls_add";
  ASSERT_EQ(TraceFiles(caller_).Write1("kprobe_events", named),
            static_cast<int64_t>(named.size()));
  for (const char* path : {kKallsyms, kList, kBlacklist, kProfile, kFilter}) {
    std::vector<std::string> expected = Lines(path);
    ASSERT_FALSE(expected.empty()) << path;
    const bool has_addresses = path != kProfile && path != kFilter;
    for (std::string& line : expected) {
      const std::string without = WithoutAddresses(line);
      EXPECT_EQ(without != line, has_addresses) << line;
      line = without;
    }
    if (GetParam() == Origin::kKernel) {
      continue;  // may see all
    }
    // An administrator is not excepted.
    SetHostCapabilities(~(uint64_t{1} << linux_abi::kCapSyslog));
    EXPECT_EQ(Lines(path), expected) << path;
    SetHostCapabilities(uint64_t{1} << linux_abi::kCapSyslog);
    EXPECT_EQ(Lines(path).size(), expected.size());
    EXPECT_EQ(Lines(path) == expected, !has_addresses) << path;
    SetHostCapabilities(~uint64_t{0});
  }
}

/// libbpf takes addresses from there, and would attach to zeros.
TEST_P(TextCallsTest, AListOfAddressesIsNotOpenedByWhoDoesNotSeeThem) {
  EXPECT_GE(Open(kFilterAddresses), 0);
  if (GetParam() == Origin::kUser) {
    SetHostCapabilities(~(uint64_t{1} << linux_abi::kCapSyslog));
    EXPECT_EQ(Open(kFilterAddresses), Minus(Status::kAccess));
    EXPECT_GE(Open(kFilter), 0);
    SetHostCapabilities(uint64_t{1} << linux_abi::kCapSyslog);
    EXPECT_GE(Open(kFilterAddresses), 0);
    SetHostCapabilities(~uint64_t{0});
  }
  caller_.client().DropCapabilities();
  EXPECT_EQ(Open(kFilterAddresses), Minus(Status::kAccess));
  std::string text;
  EXPECT_EQ(ReadAt(kFilterAddresses, 0, 1, &text), Minus(Status::kAccess));
}

TEST_P(TextCallsTest, WhoOpensItDecidesWhatIsSeen) {
  const int64_t fd = Open(kKallsyms);
  DropRights();
  const std::string line = ReadSome(fd, 40);
  EXPECT_NE(line.substr(0, 17), "0000000000000000 ");
}

TEST_P(TextCallsTest, OnlyRootReadsAboutProbes) {
  DropRights();
  EXPECT_GE(Open(kList), 0);
  ThisHostTask().uid = 1000;
  for (const char* path :
       {kList, kBlacklist, kProfile, kFilter, kFilterAddresses}) {
    EXPECT_EQ(Open(path), Minus(Status::kAccess)) << path;
    std::string text;
    EXPECT_EQ(ReadAt(path, 0, 1, &text), Minus(Status::kAccess)) << path;
  }
  EXPECT_GE(Open(kKallsyms), 0);
}

/// Else libbpf takes them for absent, and looks for `kprobe_events`.
TEST_P(TextCallsTest, ClientsFindHowEventsOnKprobesAreOpened) {
  const std::string device = "/sys/bus/event_source/devices/kprobe/";
  ThisHostTask().uid = 1000;
  const std::string type = ReadAll(device + "type");
  EXPECT_EQ(ReadAll(device + "format/retprobe", 3), "config:0\n");
  ThisHostTask().uid = 0;
  linux_abi::PerfEventAttr attr = caller_.Kprobe("text_calls_add");
  attr.type = static_cast<uint32_t>(std::stoul(type));
  EXPECT_EQ(type, std::to_string(attr.type) + "\n");
  attr.config = uint64_t{1} << 0;
  attr.flags = 0;
  ASSERT_GE(caller_.OpenEvent(attr), 0);
  EXPECT_EQ(Lines(kList),
            std::vector<std::string>{Hex(text_.address()) +
                                     "  r  text_calls_add+0x0    "});
}

TEST_P(TextCallsTest, WhoIsNotRootReadsWithTheRightToReadAll) {
  if (GetParam() == Origin::kKernel) {
    return;  // may read all
  }
  ThisHostTask().uid = 1000;
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapSysAdmin);
  EXPECT_EQ(Open(kList), Minus(Status::kAccess)) << "capabilities(7)";
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapDacOverride);
  EXPECT_GE(Open(kList), 0);
  SetHostCapabilities(~uint64_t{0});
}

TEST_P(TextCallsTest, RefusesWhatIsNoTextAsLinuxDoes) {
  EXPECT_EQ(Open(""), Minus(Status::kNotFound));
  EXPECT_EQ(Open("/proc"), Minus(Status::kIsDirectory));
  EXPECT_EQ(Open("proc/kallsyms"), Minus(Status::kNotFound));
  EXPECT_EQ(Open("/proc/kallsymsx"), Minus(Status::kNotFound));
  EXPECT_EQ(Open(std::string(5000, '/')), Minus(Status::kNameTooLong));
  Client& client = caller_.client();
  if (GetParam() == Origin::kUser) {
    EXPECT_EQ(OpenText(client, client.Pointer(0), 0), Minus(Status::kFault));
    EXPECT_EQ(ReadText(client, 0, 0, client.Pointer(8), 10),
              Minus(Status::kFault));
    const int64_t fd = Open(kKallsyms);
    EXPECT_EQ(Read(client, static_cast<int32_t>(fd), client.Pointer(8), 10),
              Minus(Status::kFault));
    EXPECT_EQ(ReadSome(fd, 30), ReadAll(kKallsyms).substr(0, 30))
        << "a fault loses nothing";
  }
  const uint64_t to = caller_.Put(nullptr, 16);
  EXPECT_EQ(ReadText(client, 99, 0, client.Pointer(to), 16),
            Minus(Status::kNotFound));
  EXPECT_EQ(ReadText(client, UINT32_MAX, 0, client.Pointer(to), 16),
            Minus(Status::kNotFound));
  EXPECT_EQ(ReadText(client, 0, uint64_t{1} << 63, client.Pointer(to), 16),
            Minus(Status::kInvalid));
  EXPECT_EQ(ReadText(client, 0, INT64_MAX, client.Pointer(to), 16), 0);
  EXPECT_EQ(ReadText(client, 0, 0, client.Pointer(to), 0), 0);
}

TEST_P(TextCallsTest, AReadThatFaultsInTheMiddleGivesWhatItCopied) {
  if (GetParam() != Origin::kUser) {
    return;
  }
  Client& client = caller_.client();
  const std::string all = ReadAll(kBlacklist);
  constexpr uint64_t kMemorySize = 16 << 20;  // of the process
  constexpr size_t kRoom = 100;
  ASSERT_GT(all.size(), kRoom);
  const int64_t fd = Open(kBlacklist);
  const int64_t count = Read(
      client, static_cast<int32_t>(fd),
      client.Pointer(HostUserMemory::kBase + kMemorySize - kRoom), all.size());
  EXPECT_GT(count, 0);
  EXPECT_LE(count, static_cast<int64_t>(kRoom));
  EXPECT_EQ(ReadSome(fd, all.size()), all.substr(static_cast<size_t>(count)));
}

TEST_P(TextCallsTest, EveryAllocationMayFail) {
  for (const char* path :
       {kKallsyms, kList, kBlacklist, kProfile, kFilter, kFilterAddresses}) {
    const uint64_t at = caller_.Put(path);
    FailEachAllocation(
        path, caller_,
        [&] {
          return OpenText(caller_.client(), caller_.client().Pointer(at), 0);
        },
        [&](int64_t fd) { EXPECT_EQ(caller_.CloseFd(fd), 0); });
  }
}

TEST_P(TextCallsTest, LinesAreWholeWhileProbesComeAndGo) {
  const int64_t stays = caller_.OpenEvent(caller_.Kprobe("text_calls_add", 4));
  ASSERT_GE(stays, 0);
  std::atomic<bool> stop{false};
  std::thread other([&] {
    HostCpu cpu(1);
    struct Nothing final : KprobeConsumer {
      void Hit(machine::PtRegs& /*regs*/) override {}
    } nothing;
    while (!stop) {
      const auto first = AttachKprobe("text_calls_add", 0, 0, nothing);
      const auto second = AttachKprobe("text_calls_add", 0, 8, nothing);
      EXPECT_TRUE(first.ok() && second.ok());
      (void)(*first)->Enable();
    }
  });
  const std::regex form(
      "[0-9a-f]{16}  k  text_calls_add\\+0x[048]    (\\[DISABLED\\])?");
  for (int i = 0; i < 50; ++i) {
    size_t seen = 0;
    for (const std::string& line : LinesOf(ReadAll(kList, 33))) {
      EXPECT_TRUE(std::regex_match(line, form)) << line;
      seen += line.find("+0x4") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(seen, 1u);
  }
  stop = true;
  other.join();
}

TEST(TextCallsWithoutSystemTest, AreNotThere) {
  Client* client = *Client::Create(Origin::kKernel, PortAllocator());
  EXPECT_EQ(OpenText(*client, client->Pointer(0), 0),
            Minus(Status::kNotImplemented));
  EXPECT_EQ(ReadText(*client, 0, 0, client->Pointer(0), 0),
            Minus(Status::kNotImplemented));
  client->Delete();
}

}  // namespace
}  // namespace ebpf
