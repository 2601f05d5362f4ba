// SPDX-License-Identifier: MIT
#include "core/tracepoints/events/syscall_functions.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using Words = std::array<uint64_t, kSyscallArguments>;
using Call = uint64_t(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                      uint64_t);

// push rbp; mov rbp, rsp; mov rax, rdi; pop rbp; ret
constexpr uint8_t kGiveBack[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                                 0x89, 0xf8, 0x5d, 0xc3};
// ud2: what cannot be probed
constexpr uint8_t kUndefined[] = {0x0f, 0x0b, 0x0f, 0x0b};

struct Told {
  uint64_t id;
  Words arguments;  // of an exit: the result
};
bool operator==(const Told& a, const Told& b) {
  return a.id == b.id && a.arguments == b.arguments;
}
void PrintTo(const Told& told, std::ostream* out) {
  *out << told.id << std::hex;
  for (const uint64_t word : told.arguments) {
    *out << " " << word;
  }
}

class Listener final : public ArgumentsConsumer {
 public:
  explicit Listener(bool is_exit)
      : tracepoint_(is_exit ? RawSyscallsSysExit::tracepoint
                            : RawSyscallsSysEnter::tracepoint),
        is_exit_(is_exit) {}

  Status Begin() { return AddArgumentsConsumer(tracepoint_, *this); }
  void End() { RemoveArgumentsConsumer(tracepoint_, *this); }

  void Fired(const uint64_t* arguments, const EventPlace& /*place*/) override {
    EXPECT_NE(arguments[0], 0u);  // the registers of who calls
    Told one = {arguments[is_exit_ ? 2 : 1], {}};
    if (is_exit_) {
      one.arguments[0] = arguments[1];
    } else {
      memcpy(one.arguments.data(), reinterpret_cast<void*>(arguments[2]),
             sizeof(one.arguments));
    }
    told.push_back(one);
  }

  std::vector<Told> told;

 private:
  Tracepoint& tracepoint_;
  const bool is_exit_;
};

/// Some functions, called as in Hermit.
class SyscallFunctionsTest : public TracepointFixture {
 protected:
  SyscallFunctionsTest() {
    EXPECT_EQ(InitProbes(ThisMachine(), PortAllocator()), Status::kOk);
    for (const char* const name :
         {"sys_write", "sys_open", "sys_rmdir", "sys_yield", "sys_lstat",
          "sys_lseek", "sys_spawn", "write"}) {
      texts_.push_back(std::make_unique<HostText>(name, ConstBytes(kGiveBack)));
      names_.emplace_back(name);
    }
  }
  ~SyscallFunctionsTest() override {
    ExitSyscallFunctions();
    ExitProbes();
  }

  static Result<size_t> Init(SyscallNumbers numbers,
                             Allocator& allocator = PortAllocator()) {
    return InitSyscallFunctions(ThisMachine().registers, allocator, numbers,
                                "sys_");
  }

  uint64_t DoCall(const std::string& name, const Words& a) {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == name) {
        return texts_[i]->As<Call>()(a[0], a[1], a[2], a[3], a[4], a[5]);
      }
    }
    ADD_FAILURE() << name;
    return 0;
  }
  /// Whether any text is not what it was.
  bool IsProbed() const {
    for (const auto& text : texts_) {
      if (memcmp(text->bytes().data(), kGiveBack, sizeof(kGiveBack)) != 0) {
        return true;
      }
    }
    return false;
  }

  HostTraps traps_;
  std::vector<std::unique_ptr<HostText>> texts_;
  std::vector<std::string> names_;
};

TEST_F(SyscallFunctionsTest, CallsAreToldByTheirNumbers) {
  const Result<size_t> found = Init(SyscallNumbers::kX86_64);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, 6u);  // sys_spawn is none of Linux's
  EXPECT_EQ(Init(SyscallNumbers::kX86_64).status(), Status::kExists);
  EXPECT_FALSE(IsProbed());

  Listener entries(/*is_exit=*/false);
  Listener exits(/*is_exit=*/true);
  ASSERT_EQ(entries.Begin(), Status::kOk);
  ASSERT_EQ(exits.Begin(), Status::kOk);
  EXPECT_TRUE(IsProbed());
  const Words words = {0x1'0000'0002, 0x2'0000'0003, 0x3'0000'0004, 5, 6, 7};
  for (const std::string& name : names_) {
    EXPECT_EQ(DoCall(name, words), words[0]);
  }
  entries.End();
  exits.End();
  EXPECT_FALSE(IsProbed());
  EXPECT_EQ(DoCall("sys_write", words), words[0]);

  const uint64_t fd = 2;  // an unsigned int
  EXPECT_EQ(entries.told, (std::vector<Told>{
                              {1, {fd, words[1], words[2], 5, 6, 7}},
                              {2, {words[0], 3, 4, 5, 6, 7}},
                              {84, words},
                              {24, {}},
                              {6, {words[0], words[1]}},
                              {8, {fd, words[1], 4, 5, 6, 7}},
                          }));
  std::vector<Told> results;
  for (const Told& one : entries.told) {
    results.push_back({one.id, {words[0]}});
  }
  EXPECT_EQ(exits.told, results);
}

TEST_F(SyscallFunctionsTest, WhatHasNoNumberIsWhatALibraryMakesOfIt) {
  ASSERT_EQ(*Init(SyscallNumbers::kGeneric), 6u);
  Listener entries(/*is_exit=*/false);
  ASSERT_EQ(entries.Begin(), Status::kOk);
  const Words words = {0x1'0000'0002, 0x2'0000'0003, 0x3'0000'0004, 5, 6, 7};
  for (const char* const name : {"sys_open", "sys_rmdir", "sys_lstat"}) {
    DoCall(name, words);
  }
  entries.End();
  const uint64_t cwd = 0xffff'ff9c;
  EXPECT_EQ(entries.told, (std::vector<Told>{
                              {56, {cwd, words[0], 3, 4}},
                              {35, {cwd, words[0], 0x200}},
                              {79, {cwd, words[0], words[1], 0x100}},
                          }));
}

TEST_F(SyscallFunctionsTest, ResultsOf32BitsAreNegativeInAll) {
  ASSERT_TRUE(Init(SyscallNumbers::kX86_64).ok());
  Listener exits(/*is_exit=*/true);
  ASSERT_EQ(exits.Begin(), Status::kOk);
  for (const uint64_t result :
       {uint64_t{0xffff'ffff}, uint64_t{0xffff'f001}, uint64_t{0xffff'f000},
        ~uint64_t{1}, uint64_t{0x7fff'ffff}, uint64_t{0x1'ffff'ffff}}) {
    DoCall("sys_write", {result});
  }
  exits.End();
  EXPECT_EQ(exits.told, (std::vector<Told>{{1, {~uint64_t{0}}},
                                           {1, {~uint64_t{4094}}},
                                           {1, {0xffff'f000}},
                                           {1, {~uint64_t{1}}},
                                           {1, {0x7fff'ffff}},
                                           {1, {0x1'ffff'ffff}}}));
}

TEST_F(SyscallFunctionsTest, WhoWantsThemAlreadyIsTold) {
  Listener entries(/*is_exit=*/false);
  ASSERT_EQ(entries.Begin(), Status::kOk);
  DoCall("sys_write", {1});
  EXPECT_EQ(entries.told.size(), 0u);
  ASSERT_TRUE(Init(SyscallNumbers::kX86_64).ok());
  DoCall("sys_write", {1});
  EXPECT_EQ(entries.told.size(), 1u);
  ExitSyscallFunctions();
  EXPECT_FALSE(IsProbed());
  DoCall("sys_write", {1});
  EXPECT_EQ(entries.told.size(), 1u);
  ExitSyscallFunctions();
  entries.End();
}

TEST_F(SyscallFunctionsTest, WhatCannotBeIsSaid) {
  EXPECT_EQ(InitSyscallFunctions(nullptr, PortAllocator(),
                                 SyscallNumbers::kX86_64, "sys_")
                .status(),
            Status::kNotSupported);
  EXPECT_EQ(InitSyscallFunctions(ThisMachine().registers, PortAllocator(),
                                 SyscallNumbers::kX86_64, "call_")
                .status(),
            Status::kNotFound);
  EXPECT_EQ(InitSyscallFunctions(ThisMachine().registers, PortAllocator(),
                                 SyscallNumbers::kX86_64,
                                 "a_prefix_that_is_longer_than_the_names_of_"
                                 "functions_are_in_any_kernel_")
                .status(),
            Status::kNotFound);
  const HostText undefined("odd_read", ConstBytes(kUndefined));
  const HostText written("odd_write", ConstBytes(kGiveBack));
  EXPECT_EQ(*InitSyscallFunctions(ThisMachine().registers, PortAllocator(),
                                  SyscallNumbers::kX86_64, "odd_"),
            1u);
}

TEST_F(SyscallFunctionsTest, WhoWantsThemGetsTheErrorOfTheProbes) {
  ASSERT_TRUE(Init(SyscallNumbers::kX86_64).ok());
  for (const bool is_exit : {false, true}) {
    Listener listener(is_exit);
    // The tracepoint's own places come first.
    uint64_t n = 1;
    for (Status status = Status::kIo; status == Status::kIo; ++n) {
      ASSERT_LT(n, 100u);
      FailNthTextWrite(n);
      status = listener.Begin();
      if (IsOk(status)) {
        FailNthTextWrite(0);
        listener.End();
        break;
      }
      EXPECT_FALSE(IsProbed());
      DoCall("sys_write", {1});
      EXPECT_EQ(listener.told.size(), 0u);
    }
    EXPECT_GT(n, 2u);
  }
}

TEST_F(SyscallFunctionsTest, WhereTheProbesGetNoMemoryThereAreNone) {
  ASSERT_TRUE(Init(SyscallNumbers::kX86_64).ok());
  for (const bool is_exit : {false, true}) {
    Listener listener(is_exit);
    for (uint64_t n = 1;; ++n) {
      FailNthAllocation(n);
      const Status status = listener.Begin();
      const bool failed = AllocationFailed();
      FailNthAllocation(0);
      EXPECT_EQ(IsProbed(), IsOk(status));
      if (!IsOk(status)) {
        EXPECT_EQ(status, Status::kNoMemory);
      }
      listener.End();
      if (!failed) {
        EXPECT_GT(n, 3u);
        break;
      }
    }
  }
}

TEST_F(SyscallFunctionsTest, NothingIsLeftWhereMemoryEnds) {
  KeepASlotPage();
  ASSERT_EQ(ReturnHook::Prepare(), Status::kOk);
  for (const bool is_exit : {false, true}) {
    ForEachFailingAllocation(
        is_exit ? "exits" : "entries", [&](FailingAllocator& allocator) {
          const Result<size_t> found = Init(SyscallNumbers::kX86_64, allocator);
          if (!found.ok()) {
            EXPECT_EQ(found.status(), Status::kNoMemory);
            return;
          }
          Listener listener(is_exit);
          const Status status = listener.Begin();
          DoCall("sys_write", {1});
          EXPECT_EQ(listener.told.size(), IsOk(status) ? 1u : 0u);
          EXPECT_EQ(IsProbed(), IsOk(status));
          listener.End();
          EXPECT_FALSE(IsProbed());
          ExitSyscallFunctions();
        });
  }
}

}  // namespace
}  // namespace ebpf
