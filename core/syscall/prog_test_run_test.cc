// SPDX-License-Identifier: MIT
#include <atomic>
#include <thread>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

using linux_abi::ProgTestRunAttr;
using Data = std::vector<uint8_t>;

constexpr uint32_t kSchedCls = 3;
constexpr uint32_t kXdp = 6;
constexpr uint32_t kRawTracepoint = 17;
constexpr uint32_t kFlowDissector = 22;
constexpr uint32_t kSyscall = 31;
constexpr uint32_t kSkbBytes = 192;
constexpr uint32_t kMark = 8;

isa::Insn Load32(uint8_t dst, uint8_t src, int16_t offset) {
  return Insn(0x61, dst, src, offset, 0);
}
isa::Insn Store32(uint8_t dst, int16_t offset, int32_t value) {
  return Insn(0x62, dst, 0, offset, value);
}

class ProgTestRunTest : public SyscallTest {
 protected:
  /// The attribute with this packet, room for it and more, and for a context.
  ProgTestRunAttr Attr(int64_t fd, const Data& packet) {
    ProgTestRunAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(fd);
    attr.data_size_in = static_cast<uint32_t>(packet.size());
    attr.data_in = caller_.Put(packet.data(), packet.size());
    attr.data_size_out = kRoom;
    attr.data_out = caller_.Put(nullptr, kRoom);
    attr.repeat = 1;
    return attr;
  }
  int64_t Run(ProgTestRunAttr& attr) {
    const uint64_t at = caller_.Put(attr);
    const int64_t result =
        caller_.BpfAt(linux_abi::kProgTestRun, at, sizeof(attr));
    attr = caller_.Get<ProgTestRunAttr>(at);
    return result;
  }
  Data Out(const ProgTestRunAttr& attr) {
    const auto* data = static_cast<const uint8_t*>(caller_.At(attr.data_out));
    return Data(data, data + attr.data_size_out);
  }
  /// What `code` returns for `packet`.
  uint32_t Retval(uint32_t type, const Code& code, const Data& packet) {
    const int64_t fd = caller_.Load(type, code);
    EXPECT_GE(fd, 0);
    ProgTestRunAttr attr = Attr(fd, packet);
    EXPECT_EQ(Run(attr), 0);
    EXPECT_EQ(caller_.CloseFd(fd), 0);
    return attr.retval;
  }
  int64_t LoadSleepable(const Code& code) {
    linux_abi::ProgLoadAttr attr = caller_.Program(kSyscall, code);
    attr.prog_flags = linux_abi::kProgSleepable;
    return caller_.Call(linux_abi::kProgLoad, attr);
  }

  static constexpr uint32_t kRoom = 512;
};

INSTANTIATE_TEST_SUITE_P(, ProgTestRunTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

Data Numbered(size_t size) {
  Data data(size);
  for (size_t i = 0; i < size; ++i) {
    data[i] = static_cast<uint8_t>(i);
  }
  return data;
}

TEST_P(ProgTestRunTest, AProgramReturnsAndThePacketComesBack) {
  const Data packet = Numbered(64);
  ProgTestRunAttr attr = Attr(caller_.Load(kSchedCls, Returning(7)), packet);
  ASSERT_EQ(Run(attr), 0);
  EXPECT_EQ(attr.retval, 7u);
  EXPECT_EQ(attr.data_size_out, 64u);
  EXPECT_EQ(Out(attr), packet);
}

TEST_P(ProgTestRunTest, OthersThanTrafficControlSeeThePacketBehindEthernet) {
  const Code length = {Load32(0, 1, 0), Exit()};
  EXPECT_EQ(Retval(kSchedCls, length, Numbered(64)), 64u);
  EXPECT_EQ(Retval(kSocketFilter, length, Numbered(64)), 50u);
}

TEST_P(ProgTestRunTest, PacketsAreLoadedFromInTheNetworksOrder) {
  const Code load = {MovReg(6, 1), Insn(0x20, 0, 0, 0, 16), Exit()};
  EXPECT_EQ(Retval(kSchedCls, load, Numbered(64)), 0x10111213u);
  // Behind the end the program returns 0 at once.
  const Code far = {MovReg(6, 1), Insn(0x30, 0, 0, 0, 64), MovImm(0, 5),
                    Exit()};
  EXPECT_EQ(Retval(kSchedCls, far, Numbered(64)), 0u);
  EXPECT_EQ(Retval(kSchedCls, far, Numbered(65)), 5u);
}

TEST_P(ProgTestRunTest, PacketsAreWrittenThroughTheirPointers) {
  const Code code = {Load32(2, 1, 76),
                     Load32(3, 1, 80),
                     MovReg(4, 2),
                     Insn(0x07, 4, 0, 0, 4),  // r4 += 4
                     MovImm(0, 1),
                     Insn(0x2d, 4, 3, 1, 0),  // if r4 > r3 goto +1
                     Insn(0x72, 2, 0, 3, 0x5a),
                     Exit()};
  ProgTestRunAttr attr = Attr(caller_.Load(kSchedCls, code), Numbered(20));
  ASSERT_EQ(Run(attr), 0);
  EXPECT_EQ(Out(attr)[3], 0x5a);
}

TEST_P(ProgTestRunTest, TheContextGoesInAndComesOut) {
  const Code code = {Load32(2, 1, kMark), Insn(0x07, 2, 0, 0, 1),
                     Insn(0x63, 1, 2, kMark, 0), MovReg(0, 2), Exit()};
  ProgTestRunAttr attr = Attr(caller_.Load(kSchedCls, code), Numbered(64));
  Data context(kSkbBytes);
  context[kMark] = 41;
  attr.ctx_in = caller_.Put(context.data(), context.size());
  attr.ctx_size_in = kSkbBytes;
  attr.ctx_out = caller_.Put(nullptr, kSkbBytes);
  attr.ctx_size_out = kSkbBytes;
  ASSERT_EQ(Run(attr), 0);
  EXPECT_EQ(attr.retval, 42u);
  EXPECT_EQ(caller_.Get<uint32_t>(attr.ctx_out + kMark), 42u);
  context[0] = 1;  // len is not the client's to say
  attr.ctx_in = caller_.Put(context.data(), context.size());
  EXPECT_EQ(Run(attr), Minus(Status::kInvalid));
}

TEST_P(ProgTestRunTest, RepeatedRunsGoOnWithWhatTheLastOneLeft) {
  const Code code = {Load32(2, 1, kMark), Insn(0x07, 2, 0, 0, 1),
                     Insn(0x63, 1, 2, kMark, 0), MovReg(0, 2), Exit()};
  ProgTestRunAttr attr = Attr(caller_.Load(kSchedCls, code), Numbered(64));
  attr.repeat = 10;
  ASSERT_EQ(Run(attr), 0);
  EXPECT_EQ(attr.retval, 10u);
}

TEST_P(ProgTestRunTest, ABufferThatIsTooSmallGetsWhatFits) {
  ProgTestRunAttr attr =
      Attr(caller_.Load(kSchedCls, Returning(0)), Numbered(64));
  attr.data_size_out = 16;
  EXPECT_EQ(Run(attr), Minus(Status::kNoSpace));
  EXPECT_EQ(attr.data_size_out, 64u);
  attr.data_size_out = 17;
  const Data got = Out(attr);
  EXPECT_EQ(Data(got.begin(), got.begin() + 16), Numbered(16));
  EXPECT_EQ(got[16], 0);
}

TEST_P(ProgTestRunTest, XdpMovesThePacketsEnds) {
  const Code code = {MovImm(2, -4), CallHelper(helper_id::xdp_adjust_head),
                     MovImm(0, 2), Exit()};
  ProgTestRunAttr attr = Attr(caller_.Load(kXdp, code), Numbered(64));
  ASSERT_EQ(Run(attr), 0);
  EXPECT_EQ(attr.data_size_out, 68u);
  EXPECT_EQ(Out(attr)[4], 0);
  EXPECT_EQ(Out(attr)[67], 63);
}

TEST_P(ProgTestRunTest, RawTracepointsGetTheirArguments) {
  const Code code = {Insn(0x79, 0, 1, 8, 0), Exit()};
  const int64_t fd = caller_.Load(kRawTracepoint, code);
  ASSERT_GE(fd, 0);
  const uint64_t arguments[] = {1, 77};
  ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(fd);
  attr.ctx_in = caller_.Put(arguments);
  attr.ctx_size_in = sizeof(arguments);
  ASSERT_EQ(Run(attr), 0);
  EXPECT_EQ(attr.retval, 77u);
  attr.ctx_size_in = 8;  // less than it reads
  EXPECT_EQ(Run(attr), Minus(Status::kInvalid));
  attr.ctx_size_in = sizeof(arguments);
  attr.flags = linux_abi::kTestRunOnCpu;
  attr.cpu = 4096;
  EXPECT_EQ(Run(attr), Minus(Status::kNoSuchDevice));
}

TEST_P(ProgTestRunTest, RawTracepointProgramsRunOnTheCpuThatIsNamed) {
  const int64_t fd = caller_.Load(
      kRawTracepoint, {CallHelper(helper_id::get_smp_processor_id), Exit()});
  ASSERT_GE(fd, 0);
  ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(fd);
  attr.flags = linux_abi::kTestRunOnCpu;
  attr.cpu = 2;
  EXPECT_EQ(Run(attr), Minus(Status::kNoSuchDevice));  // it does not run
  std::atomic<bool> is_there{false};
  std::atomic<bool> stop{false};
  std::thread other([&] {
    const HostCpu cpu(2);
    is_there = true;
    while (!stop) {
      ebpf_port_relax();
    }
  });
  while (!is_there) {
    ebpf_port_relax();
  }
  for (const uint32_t cpu : {2u, 0u, 2u}) {
    attr.cpu = cpu;
    EXPECT_EQ(Run(attr), 0);
    EXPECT_EQ(attr.retval, cpu);
  }
  stop = true;
  other.join();
  attr.cpu = 2;
  SetHostTextSupport(false);
  EXPECT_EQ(Run(attr), Minus(Status::kNotSupported));
  SetHostTextSupport(true);
}

TEST_P(ProgTestRunTest, ASignalEndsRepeatedRuns) {
  ProgTestRunAttr attr =
      Attr(caller_.Load(kSocketFilter, Returning(7)), Numbered(64));
  HostTaskDetails& task = ThisHostTask();
  task.pauses = 0;
  task.stop_at_pause = 3;
  attr.repeat = 64;  // too few to look
  EXPECT_EQ(Run(attr), 0);
  EXPECT_EQ(task.pauses, 0u);
  attr.repeat = 1'000'000'000;
  EXPECT_EQ(Run(attr), Minus(Status::kInterrupted));
  EXPECT_EQ(task.pauses, 3u);
  task.stop_at_pause = 0;
  task.pauses = 0;
  attr.repeat = 6401;
  EXPECT_EQ(Run(attr), 0);
  EXPECT_EQ(task.pauses, 100u);
}

TEST_P(ProgTestRunTest, LiveFramesHaveNoDeviceToGoTo) {
  ProgTestRunAttr attr = Attr(caller_.Load(kXdp, Returning(1)), Numbered(64));
  attr.data_out = 0;
  attr.data_size_out = 0;
  attr.flags = linux_abi::kTestRunLiveFrames;
  EXPECT_EQ(Run(attr), Minus(Status::kNotSupported));
  attr.batch_size = 256;
  EXPECT_EQ(Run(attr), Minus(Status::kNotSupported));
  attr.batch_size = 257;
  EXPECT_EQ(Run(attr), Minus(Status::kTooBig));
  attr.flags = 0;
  EXPECT_EQ(Run(attr), Minus(Status::kInvalid));
}

TEST_P(ProgTestRunTest, FlowDissectorsFillTheirKeys) {
  const Code code = {Insn(0x79, 2, 1, 144, 0), Insn(0x6a, 2, 0, 2, 20),
                     MovImm(0, 0), Exit()};
  ProgTestRunAttr attr = Attr(caller_.Load(kFlowDissector, code), Numbered(64));
  ASSERT_EQ(Run(attr), 0);
  ASSERT_EQ(attr.data_size_out, 56u);
  EXPECT_EQ(Out(attr)[0], 14);
  EXPECT_EQ(Out(attr)[2], 20);
}

TEST_P(ProgTestRunTest, SyscallProgramsWriteTheirContext) {
  const Code code = {Store32(1, 4, 99), Load32(0, 1, 0), Exit()};
  const int64_t fd = LoadSleepable(code);
  ASSERT_GE(fd, 0);
  const uint32_t context[] = {3, 0};
  ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(fd);
  attr.ctx_in = caller_.Put(context);
  attr.ctx_size_in = sizeof(context);
  ASSERT_EQ(Run(attr), 0);
  EXPECT_EQ(attr.retval, 3u);
  EXPECT_EQ(caller_.Get<uint32_t>(attr.ctx_in + 4), 99u);
}

TEST_P(ProgTestRunTest, SyscallProgramsMakeMapsForTheirClient) {
  // The attribute lies on the program's stack.
  constexpr int16_t kAt = -80;
  Code code = {MovImm(0, 0)};
  for (int16_t at = kAt; at < 0; at = static_cast<int16_t>(at + 8)) {
    code.push_back(Insn(0x7a, 10, 0, at, 0));
  }
  code.insert(
      code.end(),
      {Store32(10, kAt, linux_abi::kMapTypeArray), Store32(10, kAt + 4, 4),
       Store32(10, kAt + 8, 8), Store32(10, kAt + 12, 1), MovReg(2, 10),
       Insn(0x07, 2, 0, 0, kAt), MovImm(1, linux_abi::kMapCreate),
       MovImm(3, 80), CallHelper(helper_id::sys_bpf), Exit()});
  const int64_t fd = LoadSleepable(code);
  ASSERT_GE(fd, 0);
  ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(fd);
  ASSERT_EQ(Run(attr), 0);
  ASSERT_GT(static_cast<int32_t>(attr.retval), fd);
  Result<Ref<File>> made =
      caller_.client().fds().Get(static_cast<int32_t>(attr.retval));
  ASSERT_TRUE(made.ok());
  EXPECT_NE((*made)->AsMap(), nullptr);
}

TEST_P(ProgTestRunTest, SyscallProgramsCloseWhatTheirClientHas) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const int64_t fd = LoadSleepable({MovImm(1, static_cast<int32_t>(map)),
                                    CallHelper(helper_id::sys_close), Exit()});
  ASSERT_GE(fd, 0);
  ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(fd);
  ASSERT_EQ(Run(attr), 0);
  EXPECT_EQ(attr.retval, 0u);
  EXPECT_EQ(caller_.CloseFd(map), Minus(Status::kBadFd));
}

TEST_P(ProgTestRunTest, OtherTypesCannotBeRun) {
  ProgTestRunAttr attr =
      Attr(caller_.Load(kKprobe, Returning(0)), Numbered(64));
  EXPECT_EQ(Run(attr), Minus(Status::kNotSupportedLinux));
}

TEST_P(ProgTestRunTest, WhatIsNoProgramIsRefused) {
  ProgTestRunAttr attr = Attr(999, Numbered(64));
  EXPECT_EQ(Run(attr), Minus(Status::kBadFd));
  attr.prog_fd = static_cast<uint32_t>(
      caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1));
  EXPECT_EQ(Run(attr), Minus(Status::kInvalid));
}

TEST_P(ProgTestRunTest, PacketsAreNeitherTooShortNorTooLong) {
  const int64_t fd = caller_.Load(kSchedCls, Returning(0));
  for (const auto& [size, status] :
       std::vector<std::pair<uint32_t, Status>>{{13, Status::kInvalid},
                                                {14, Status::kOk},
                                                {3712, Status::kOk},
                                                {3713, Status::kInvalid}}) {
    ProgTestRunAttr attr = Attr(fd, Numbered(size));
    attr.data_out = 0;
    attr.data_size_out = 0;
    EXPECT_EQ(Run(attr), Minus(status)) << size;
  }
}

TEST_P(ProgTestRunTest, EachAllocationMayFail) {
  const int64_t fd = caller_.Load(kSchedCls, Returning(1));
  const int64_t xdp = caller_.Load(kXdp, Returning(2));
  const int64_t sleeping = LoadSleepable(Returning(3));
  const auto nothing = [](int64_t) {};
  for (const int64_t program : {fd, xdp}) {
    ProgTestRunAttr attr = Attr(program, Numbered(64));
    FailEachAllocation(
        "a packet's run", caller_, [&] { return Run(attr); }, nothing);
  }
  const uint32_t context[] = {3, 0};
  ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(sleeping);
  attr.ctx_in = caller_.Put(context);
  attr.ctx_size_in = sizeof(context);
  FailEachAllocation(
      "a syscall program's run", caller_, [&] { return Run(attr); }, nothing);
}

}  // namespace
}  // namespace ebpf
