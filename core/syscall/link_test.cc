// SPDX-License-Identifier: MIT
#include "core/objects/link.h"

#include <atomic>
#include <thread>

#include "core/base/memory.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/cpu.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

using linux_abi::LinkCreateAttr;
using linux_abi::LinkInfo;

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};
constexpr uint32_t kPerfEvent = 41;  // BPF_PERF_EVENT

class LinkTest : public SyscallTest {
 protected:
  LinkTest() : text_("add", kAdd), add_(text_.As<Function>()) {}
  ~LinkTest() override { caller_.client().fds().CloseAll(); }

  int64_t Link(int64_t program, int64_t target, uint64_t cookie = 0,
               uint32_t attach_type = kPerfEvent, uint32_t flags = 0) {
    LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.target_fd = static_cast<uint32_t>(target);
    attr.attach_type = attach_type;
    attr.flags = flags;
    attr.details[0] = cookie;
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }
  int64_t Update(int64_t link, int64_t program, uint32_t flags = 0,
                 int64_t old = 0) {
    return caller_.Call(
        linux_abi::kLinkUpdate,
        linux_abi::LinkUpdateAttr{static_cast<uint32_t>(link),
                                  static_cast<uint32_t>(program), flags,
                                  static_cast<uint32_t>(old)});
  }
  int64_t Detach(int64_t link) {
    return caller_.Call(linux_abi::kLinkDetach,
                        linux_abi::LinkDetachAttr{static_cast<uint32_t>(link)});
  }
  int64_t Info(int64_t fd, LinkInfo& info) {
    const uint64_t at = caller_.Put(info);
    const int64_t result = caller_.Call(
        linux_abi::kObjGetInfoByFd,
        linux_abi::ObjectInfoAttr{static_cast<uint32_t>(fd), sizeof(info), at});
    info = caller_.Get<LinkInfo>(at);
    return result;
  }
  int64_t EnabledEvent() {
    linux_abi::PerfEventAttr attr = caller_.Kprobe("add");
    attr.flags = 0;
    return caller_.OpenEvent(attr);
  }
  Ref<Program> ProgramOf(int64_t fd) {
    return (*caller_.client().fds().Get(fd))->AsProgram()->program();
  }
  bool TextIsUntouched() const {
    return EqualBytes(text_.bytes(), ConstBytes(kAdd));
  }

  HostText text_;
  Function* add_;
};

INSTANTIATE_TEST_SUITE_P(, LinkTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(LinkTest, AProgramRunsWhileItsLinkIsOpen) {
  const int64_t event = EnabledEvent();
  const int64_t fd = caller_.Load(kKprobe, Returning(1));
  Ref<Program> program = ProgramOf(fd);
  add_(1, 2);
  const int64_t link = Link(fd, event);
  ASSERT_GE(link, 0);
  EXPECT_EQ(caller_.CloseFd(fd), 0);
  EXPECT_EQ(program->Stats().runs, 0u);
  add_(1, 2);
  add_(1, 2);
  EXPECT_EQ(program->Stats().runs, 2u);

  EXPECT_EQ(caller_.CloseFd(link), 0);
  add_(1, 2);
  EXPECT_EQ(program->Stats().runs, 2u);
  EXPECT_FALSE(TextIsUntouched()) << "the event is still enabled";
}

TEST_P(LinkTest, ALinkKeepsItsEvent) {
  const int64_t event = EnabledEvent();
  const int64_t fd = caller_.Load(kKprobe, Returning(1));
  const int64_t link = Link(fd, event);
  caller_.CloseFd(event);
  add_(1, 2);
  EXPECT_EQ(ProgramOf(fd)->Stats().runs, 1u);
  caller_.CloseFd(link);
  EXPECT_TRUE(TextIsUntouched());
}

TEST_P(LinkTest, AnEventHasOneProgramAtATime) {
  const int64_t event = EnabledEvent();
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  const int64_t link = Link(program, event);
  EXPECT_EQ(Link(program, event), Minus(Status::kExists));
  EXPECT_EQ(Ioctl(caller_.client(), static_cast<int32_t>(event),
                  linux_abi::kPerfIocSetBpf, static_cast<uint64_t>(program)),
            Minus(Status::kExists));
  // The one that was refused has not taken away the first.
  add_(1, 2);
  EXPECT_EQ(ProgramOf(program)->Stats().runs, 1u);
  caller_.CloseFd(link);
  const int64_t again = Link(program, event);
  EXPECT_GE(again, 0);
}

// r0 = bpf_get_attach_cookie(ctx); what it returns decides what is counted
TEST_P(LinkTest, AProgramSeesTheCookieOfItsLink) {
  const int64_t event = EnabledEvent();
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const int64_t program = caller_.Load(
      kKprobe, {CallHelper(174),
                LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map)),
                LoadHigh(0), Insn(0x7b, 1, 0, 0, 0), MovImm(0, 0), Exit()});
  ASSERT_GE(program, 0);
  const auto seen = [&] {
    add_(1, 2);
    const uint64_t value = caller_.Put(uint64_t{0});
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                           caller_.Put(uint32_t{0}), value),
              0);
    return caller_.Get<uint64_t>(value);
  };
  const uint64_t cookie = 0x1234567887654321;
  const int64_t link = Link(program, event, cookie);
  ASSERT_GE(link, 0);
  EXPECT_EQ(seen(), cookie);
  EXPECT_EQ(Link(program, event, 5), Minus(Status::kExists));
  EXPECT_EQ(seen(), cookie);
  caller_.CloseFd(link);
  ASSERT_GE(Link(program, event, 5), 0);
  EXPECT_EQ(seen(), 5u);
}

TEST_P(LinkTest, ALinkToReturnsTellsSo) {
  linux_abi::PerfEventAttr attr = caller_.Kprobe("add");
  attr.config = linux_abi::kPerfKprobeReturn;
  const int64_t event = caller_.OpenEvent(attr);
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  const int64_t fd = Link(program, event, 78);
  LinkInfo info{};
  ASSERT_EQ(Info(fd, info), 0);
  EXPECT_EQ(info.type, linux_abi::kLinkPerfEvent);
  EXPECT_EQ(info.perf_event_type, linux_abi::kPerfEventKretprobe);
  EXPECT_EQ(info.probe.address,
            reinterpret_cast<uint64_t>(text_.bytes().data()));
  EXPECT_EQ(info.probe.cookie, 78u);
  EXPECT_EQ(info.probe.missed, 0u);
}

TEST_P(LinkTest, ALinkTellsWhatItIs) {
  const int64_t event = caller_.OpenEvent(caller_.Kprobe("add", 1));
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  const int64_t fd = Link(program, event, 77);
  LinkInfo info{};
  info.probe.name_size = 10;
  info.probe.name = caller_.Put(nullptr, 10);
  ASSERT_EQ(Info(fd, info), 0);
  EXPECT_EQ(info.type, linux_abi::kLinkPerfEvent);
  EXPECT_EQ(info.id, LinkIds().FirstId(1).ValueOr(0));
  EXPECT_EQ(info.prog_id, ProgramOf(program)->id());
  EXPECT_EQ(info.perf_event_type, linux_abi::kPerfEventKprobe);
  EXPECT_STREQ(static_cast<char*>(caller_.At(info.probe.name)), "add");
  EXPECT_EQ(info.probe.name_size, 4u);
  EXPECT_EQ(info.probe.offset, 1u);
  EXPECT_EQ(info.probe.address,
            reinterpret_cast<uint64_t>(text_.bytes().data()) + 1);
  EXPECT_EQ(info.probe.cookie, 77u);

  info.probe.name_size = 3;
  EXPECT_EQ(Info(fd, info), Minus(Status::kNoSpace));
  EXPECT_STREQ(static_cast<char*>(caller_.At(info.probe.name)), "ad");
  info.probe.name_size = 0;
  EXPECT_EQ(Info(fd, info), Minus(Status::kInvalid));
  info.probe.name_size = 3;
  info.probe.name = 0;
  EXPECT_EQ(Info(fd, info), Minus(Status::kInvalid));
}

TEST_P(LinkTest, ALinkIsFoundById) {
  const auto next = [&](uint32_t start) {
    const uint64_t at = caller_.Put(linux_abi::NextIdAttr{start, 0});
    const int64_t result = caller_.BpfAt(linux_abi::kLinkGetNextId, at, 8);
    return result < 0 ? result : caller_.Get<linux_abi::NextIdAttr>(at).next_id;
  };
  EXPECT_EQ(next(0), Minus(Status::kNotFound));
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  const int64_t link = Link(program, EnabledEvent());
  const int64_t id = next(0);
  ASSERT_GT(id, 0);
  EXPECT_EQ(next(static_cast<uint32_t>(id)), Minus(Status::kNotFound));
  const linux_abi::FdByIdAttr by_id = {static_cast<uint32_t>(id), 0, 0};
  const int64_t found = caller_.Call(linux_abi::kLinkGetFdById, by_id);
  ASSERT_GE(found, 0);
  caller_.CloseFd(link);
  add_(1, 2);
  EXPECT_EQ(ProgramOf(program)->Stats().runs, 1u);
  EXPECT_STREQ((*caller_.client().fds().Get(found))->name(),
               "anon_inode:bpf-link");
  caller_.CloseFd(found);
  EXPECT_EQ(caller_.Call(linux_abi::kLinkGetFdById, by_id),
            Minus(Status::kNotFound));
  add_(1, 2);
  EXPECT_EQ(next(0), Minus(Status::kNotFound));
}

TEST_P(LinkTest, LinksToEventsAreNeitherUpdatedNorDetached) {
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const int64_t link = Link(program, EnabledEvent());
  const int64_t invalid = Minus(Status::kInvalid);
  const int64_t bad_fd = Minus(Status::kBadFd);
  EXPECT_EQ(Detach(link), Minus(Status::kNotSupported));
  EXPECT_EQ(Detach(program), invalid);
  EXPECT_EQ(Detach(-1), bad_fd);
  EXPECT_EQ(Update(link, program), invalid);
  EXPECT_EQ(Update(link, program, 4, program), invalid);
  EXPECT_EQ(Update(-1, program), bad_fd);
  EXPECT_EQ(Update(link, -1), bad_fd);
  EXPECT_EQ(Update(link, map), invalid);
  EXPECT_EQ(Update(map, program), invalid);
  EXPECT_EQ(Update(link, program, 1), invalid);
  EXPECT_EQ(Update(link, program, 0, 5), invalid);
  EXPECT_EQ(Update(link, program, 4, -1), bad_fd);
  EXPECT_EQ(Update(-1, -1, 16), invalid);
}

// libbpf asks whether links to events exist by a target of -1.
TEST_P(LinkTest, WhatCannotBeLinkedIsSaidAsLinuxDoes) {
  const int64_t event = EnabledEvent();
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  const int64_t tracepoint = caller_.Load(5, Returning(1));
  const int64_t filter = caller_.Load(kSocketFilter, Returning(1));
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const int64_t invalid = Minus(Status::kInvalid);
  const int64_t bad_fd = Minus(Status::kBadFd);
  EXPECT_EQ(Link(tracepoint, -1), bad_fd);
  EXPECT_EQ(Link(program, -1), bad_fd);
  EXPECT_EQ(Link(-1, event), bad_fd);
  EXPECT_EQ(Link(map, event), invalid);
  EXPECT_EQ(Link(program, map), bad_fd);
  EXPECT_EQ(Link(program, program), bad_fd);
  EXPECT_EQ(Link(tracepoint, event), invalid);
  EXPECT_EQ(Link(program, event, 0, kPerfEvent, 1), invalid);
  for (const uint32_t type : {0u, 7u, 42u, 48u, 56u, 100u}) {
    EXPECT_EQ(Link(program, event, 0, type), invalid) << type;
  }
  EXPECT_EQ(Link(filter, event), invalid);
  EXPECT_EQ(Link(filter, -1), invalid);
  LinkCreateAttr attr{};
  attr.padding = 1;
  EXPECT_EQ(caller_.Call(linux_abi::kLinkCreate, attr), invalid);
}

TEST_P(LinkTest, EachAllocationMayFail) {
  const int64_t event = EnabledEvent();
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  FailEachAllocation(
      "link a program to an event", caller_,
      [&] { return Link(program, event); },
      [&](int64_t link) { caller_.CloseFd(link); });
}

// Whoever clears a program must not free it under a hit on another CPU.
TEST_P(LinkTest, LinksComeAndGoUnderHits) {
  const int64_t event = EnabledEvent();
  std::atomic<bool> done{false};
  std::thread hitter([&] {
    HostCpu cpu(1);
    while (!done) {
      ASSERT_EQ(add_(1, 2), 3u);
    }
  });
  uint64_t runs = 0;
  for (int i = 0; i < 200; ++i) {
    const int64_t program = caller_.Load(kKprobe, Returning(1));
    Ref<Program> kept = ProgramOf(program);
    const int64_t link = Link(program, event, static_cast<uint64_t>(i));
    ASSERT_GE(link, 0);
    caller_.CloseFd(program);
    for (int wait = 0; wait < 100 && kept->Stats().runs == 0; ++wait) {
      std::this_thread::yield();
    }
    caller_.CloseFd(link);
    const uint64_t at_close = kept->Stats().runs;
    runs += at_close;
    EXPECT_EQ(kept->ref_count(), 1u);
    std::this_thread::yield();
    EXPECT_EQ(kept->Stats().runs, at_close);
  }
  done = true;
  hitter.join();
  EXPECT_GT(runs, 0u);
}

}  // namespace
}  // namespace ebpf
