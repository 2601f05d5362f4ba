// SPDX-License-Identifier: MIT
#include "core/probes/text_patch.h"

#include <atomic>
#include <thread>

#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_text.h"

namespace ebpf {
namespace {

constexpr uint8_t kOld[] = {0x90, 0x90, 0x90, 0xc3};
constexpr uint8_t kNop[] = {0x90};
constexpr uint8_t kPause[] = {0xf3, 0x90};
constexpr uint8_t kTwoNops[] = {0x90, 0x90};

Status Apply(std::initializer_list<TextPatch> patches) {
  return ApplyTextPatches(
      Span<const TextPatch>(patches.begin(), patches.size()));
}

TEST(TextPatchTest, MakesAllChangesInOneRendezvous) {
  HostText one("one", kOld);
  HostText two("two", kOld);
  const uint64_t rendezvous = HostRendezvousCount();
  const uint64_t patches = text_patch_count.Load(kRelaxed);

  EXPECT_EQ(Apply({{one.address(), kTwoNops, kPause, 2},
                   {two.address() + 1, nullptr, kPause, 2}}),
            Status::kOk);

  constexpr uint8_t kNewOne[] = {0xf3, 0x90, 0x90, 0xc3};
  constexpr uint8_t kNewTwo[] = {0x90, 0xf3, 0x90, 0xc3};
  EXPECT_TRUE(EqualBytes(one.bytes(), kNewOne));
  EXPECT_TRUE(EqualBytes(two.bytes(), kNewTwo));
  EXPECT_EQ(HostRendezvousCount(), rendezvous + 1);
  EXPECT_EQ(text_patch_count.Load(kRelaxed), patches + 1);
  one.As<void()>()();
  two.As<void()>()();
}

TEST(TextPatchTest, ChangesNothingWhereOneExpectationIsWrong) {
  HostText one("one", kOld);
  HostText two("two", kOld);
  EXPECT_EQ(Apply({{one.address(), kTwoNops, kPause, 2},
                   {two.address(), kPause, kTwoNops, 2}}),
            Status::kIo);
  EXPECT_TRUE(EqualBytes(one.bytes(), kOld));
  EXPECT_TRUE(EqualBytes(two.bytes(), kOld));
}

TEST(TextPatchTest, UndoesWhatItDidWhenAWriteFails) {
  HostText one("one", kOld);
  HostText two("two", kOld);
  HostText three("three", kOld);
  for (uint64_t n = 1; n <= 3; ++n) {
    FailNthTextWrite(n);
    EXPECT_EQ(Apply({{one.address(), kTwoNops, kPause, 2},
                     {two.address(), kTwoNops, kPause, 2},
                     {three.address(), kTwoNops, kPause, 2}}),
              Status::kIo);
    EXPECT_TRUE(EqualBytes(one.bytes(), kOld));
    EXPECT_TRUE(EqualBytes(two.bytes(), kOld));
    EXPECT_TRUE(EqualBytes(three.bytes(), kOld));
  }
  FailNthTextWrite(0);
}

TEST(TextPatchTest, RefusesTextThatThePortCannotWrite) {
  static uint8_t data[] = {0x90};
  EXPECT_EQ(Apply({{reinterpret_cast<uint64_t>(data), kNop, kNop, 1}}),
            Status::kFault);
}

TEST(TextPatchTest, LeavesTheTextAloneWhereACpuDoesNotCome) {
  HostText text("text", kOld);
  std::atomic<int> step{0};
  std::thread thread([&] {
    HostCpu cpu(1);
    const uintptr_t irq = ebpf_port_irq_save();
    step = 1;
    while (step != 2) {
      ebpf_port_relax();
    }
    ebpf_port_irq_restore(irq);
  });
  while (step != 1) {
    ebpf_port_relax();
  }
  SetHostRendezvousTimeout(20);
  EXPECT_EQ(Apply({{text.address(), kTwoNops, kPause, 2}}), Status::kBusy);
  EXPECT_TRUE(EqualBytes(text.bytes(), kOld));
  SetHostRendezvousTimeout(10000);
  step = 2;
  thread.join();
}

TEST(TextPatchTest, SaysWhereThePortHasNoRendezvous) {
  HostText text("text", kOld);
  SetHostTextSupport(false);
  EXPECT_EQ(Apply({{text.address(), kTwoNops, kPause, 2}}),
            Status::kNotSupported);
  SetHostTextSupport(true);
  EXPECT_TRUE(EqualBytes(text.bytes(), kOld));
}

}  // namespace
}  // namespace ebpf
