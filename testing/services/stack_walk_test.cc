// SPDX-License-Identifier: MIT
//
// ebpf_port_stack_walk as arch/ has it, on each CPU, over frames of the test's
// and its own. Without the host port: reading what may not be there is the
// test's.
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "core/base/types.h"
#include "core/platform/log.h"
#include "core/platform/nofault.h"
#include "core/platform/stack.h"
#include "gtest/gtest.h"
#include "testing/services/interrupted.h"

namespace {

int reads = 0;

}  // namespace

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }

/// By a system call, which says where there is nothing.
bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  static const int file = memfd_create("nofault", 0);
  ++reads;
  const auto bytes = static_cast<ssize_t>(size);
  return pwrite(file, reinterpret_cast<const void*>(from), size, 0) == bytes &&
         pread(file, to, size, 0) == bytes;
}

}  // extern "C"

namespace ebpf {
namespace {

using Addresses = std::vector<uint64_t>;

constexpr size_t kPage = 4096;
constexpr uint64_t kPc = 0x1234;
constexpr size_t kMost = 16;
constexpr uint64_t kUntouched = 0x5a5a;

/// A page of stack between two that are not there.
class StackPage : public NonCopyable {
 public:
  StackPage()
      : memory_(mmap(nullptr, 3 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0)) {
    EXPECT_NE(memory_, MAP_FAILED);
    EXPECT_EQ(mprotect(reinterpret_cast<void*>(begin()), kPage,
                       PROT_READ | PROT_WRITE),
              0);
  }
  ~StackPage() { munmap(memory_, 3 * kPage); }

  uint64_t begin() const {
    return reinterpret_cast<uintptr_t>(memory_) + kPage;
  }
  uint64_t end() const { return begin() + kPage; }

  /// The frame pointer of the frame whose two words lie at `offset`.
  uint64_t FrameAt(size_t offset) const {
    return begin() + offset - static_cast<uint64_t>(kCallerFrame);
  }
  void Put(size_t offset, uint64_t caller, uint64_t return_address) {
    auto* const words = reinterpret_cast<uint64_t*>(begin() + offset);
    words[0] = caller;
    words[1] = return_address;
  }

 private:
  void* const memory_;
};

/// What is walked over from an interrupted context on.
Addresses Walk(uint64_t frame, size_t capacity = kMost) {
  const InterruptedRegs regs = Interrupted(kPc, frame);
  Addresses addresses(kMost + 1, kUntouched);
  const size_t count =
      ebpf_port_stack_walk(&regs, false, addresses.data(), capacity);
  EXPECT_LE(count, capacity);
  for (size_t i = count; i < addresses.size(); ++i) {
    EXPECT_EQ(addresses[i], kUntouched);
  }
  addresses.resize(count);
  return addresses;
}

TEST(StackWalkTest, AnInterruptedPcComesFirstAndThenItsCallers) {
  StackPage stack;
  stack.Put(64, stack.FrameAt(128), 0x2000);
  stack.Put(128, stack.FrameAt(2048), 0x3000);
  stack.Put(2048, 0, UINT64_MAX);
  EXPECT_EQ(Walk(stack.FrameAt(64)),
            (Addresses{kPc, 0x2000, 0x3000, UINT64_MAX}));
}

TEST(StackWalkTest, FramesMayTouchEachOtherAndTheStacksEnds) {
  StackPage stack;
  for (size_t at = 0; at < 10; ++at) {
    stack.Put(16 * at, stack.FrameAt(16 * at + 16), 0x2000 + at);
  }
  stack.Put(160, stack.FrameAt(kPage - 16), 0x3000);
  stack.Put(kPage - 16, stack.FrameAt(kPage), 0x4000);
  const Addresses all = Walk(stack.FrameAt(0));
  ASSERT_EQ(all.size(), 13u);
  EXPECT_EQ(all[1], 0x2000u);
  EXPECT_EQ(all[12], 0x4000u);
}

TEST(StackWalkTest, NoMoreIsWrittenThanThereIsRoomFor) {
  StackPage stack;
  for (size_t at = 0; at < kPage; at += 16) {
    stack.Put(at, stack.FrameAt(at + 16), 0x2000 + at);
  }
  for (size_t capacity = 0; capacity <= kMost; ++capacity) {
    reads = 0;
    EXPECT_EQ(Walk(stack.FrameAt(0), capacity).size(), capacity);
    EXPECT_LE(reads, static_cast<int>(2 * capacity)) << "it went on";
  }
  EXPECT_EQ(ebpf_port_stack_walk(nullptr, false, nullptr, 0), 0u);
}

TEST(StackWalkTest, UserStacksAreNotKnown) {
  const InterruptedRegs regs = Interrupted(kPc, 0);
  uint64_t address = kUntouched;
  EXPECT_EQ(ebpf_port_stack_walk(&regs, true, &address, 1), 0u);
  EXPECT_EQ(ebpf_port_stack_walk(nullptr, true, &address, 1), 0u);
  EXPECT_EQ(address, kUntouched);
}

TEST(StackWalkTest, ACircleIsCut) {
  StackPage stack;
  stack.Put(64, stack.FrameAt(64), 0x2000);
  EXPECT_EQ(Walk(stack.FrameAt(64)), (Addresses{kPc, 0x2000}));
  stack.Put(64, stack.FrameAt(128), 0x2000);
  stack.Put(128, stack.FrameAt(64), 0x3000);
  EXPECT_EQ(Walk(stack.FrameAt(64)), (Addresses{kPc, 0x2000, 0x3000}));
}

TEST(StackWalkTest, AFrameWithoutAReturnAddressIsTheLast) {
  StackPage stack;
  stack.Put(64, stack.FrameAt(128), 0x2000);
  stack.Put(128, stack.FrameAt(256), 0);
  stack.Put(256, 0, 0x3000);
  EXPECT_EQ(Walk(stack.FrameAt(64)), (Addresses{kPc, 0x2000}));
}

TEST(StackWalkTest, WhereThereIsNoFrameThePcIsAll) {
  StackPage stack;
  stack.Put(64, 0, 0x2000);
  const uint64_t nothing[] = {0,
                              8,
                              16,
                              24,
                              stack.begin() - kPage / 2,
                              stack.end() + 16,
                              UINT64_MAX,
                              UINT64_MAX - 7,
                              UINT64_MAX - 15,
                              uint64_t{1} << 63,
                              stack.FrameAt(64) + 1,
                              stack.FrameAt(64) - 4};
  for (const uint64_t frame : nothing) {
    EXPECT_EQ(Walk(frame), Addresses{kPc}) << std::hex << frame;
    stack.Put(128, frame, 0x4000);
    EXPECT_EQ(Walk(stack.FrameAt(128)), (Addresses{kPc, 0x4000}))
        << std::hex << frame;
  }
}

TEST(StackWalkTest, HalfAFrameIsTakenAsFarAsItIsThere) {
  StackPage stack;
  // The word that is there is the first of the page, and the last.
  stack.Put(0, 0x2000, 0);
  stack.Put(kPage - 16, 0, stack.end() + 64);
  EXPECT_EQ(Walk(stack.FrameAt(0) - 8), (Addresses{kPc, 0x2000}));
  EXPECT_EQ(Walk(stack.FrameAt(kPage) - 8), Addresses{kPc});
}

struct Own {
  Addresses addresses = Addresses(8);
  uint64_t outer = 0;
  uint64_t inner = 0;
};

[[gnu::noinline]] void Inner(Own& own) {
  own.inner = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  own.addresses.resize(
      ebpf_port_stack_walk(nullptr, false, own.addresses.data(), 3));
  asm volatile("");  // no tail call
}

[[gnu::noinline]] void Outer(Own& own) {
  own.outer = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  Inner(own);
  asm volatile("");  // no tail call
}

TEST(StackWalkTest, WithoutRegistersItStartsInItsCaller) {
  Own own;
  Outer(own);
  ASSERT_EQ(own.addresses.size(), 3u);
  const auto inside = reinterpret_cast<uintptr_t>(&Inner);
  EXPECT_GT(own.addresses[0], inside);
  EXPECT_LT(own.addresses[0], inside + 512);
  EXPECT_EQ(own.addresses[1], own.inner);
  EXPECT_EQ(own.addresses[2], own.outer);
}

}  // namespace
}  // namespace ebpf
