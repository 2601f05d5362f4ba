// SPDX-License-Identifier: MIT
#include "core/syscall/attr.h"

#include <vector>

#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

constexpr uint32_t kSizeNobodyTakes = linux_abi::kMaxAttrSize + 1;

class AttrTest : public SyscallTest {};

INSTANTIATE_TEST_SUITE_P(, AttrTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(AttrTest, AShorterAttributeIsFilledUpWithZeros) {
  std::vector<uint8_t> given(64, 0xab);
  const uint64_t at = caller_.Put(given.data(), given.size());
  for (uint32_t size = 0; size <= given.size(); ++size) {
    uint8_t known[64];
    memset(known, 0x11, sizeof(known));

    ASSERT_EQ(CopyAttrIn(caller_.client(), caller_.client().Pointer(at), size,
                         Bytes(known)),
              Status::kOk);

    for (uint32_t i = 0; i < sizeof(known); ++i) {
      ASSERT_EQ(known[i], i < size ? 0xab : 0) << size << " " << i;
    }
  }
}

TEST_P(AttrTest, ALongerAttributeMustEndInZeros) {
  std::vector<uint8_t> given(linux_abi::kMaxAttrSize, 0);
  given[0] = 0xab;
  const uint64_t at = caller_.Put(given.data(), given.size());
  uint8_t known[64];
  for (uint32_t size = sizeof(known); size <= linux_abi::kMaxAttrSize; ++size) {
    ASSERT_EQ(CopyAttrIn(caller_.client(), caller_.client().Pointer(at), size,
                         Bytes(known)),
              Status::kOk)
        << size;
  }
  EXPECT_EQ(known[0], 0xab);
  EXPECT_EQ(CopyAttrIn(caller_.client(), caller_.client().Pointer(at),
                       kSizeNobodyTakes, Bytes(known)),
            Status::kTooBig);
}

TEST_P(AttrTest, EveryByteOfTheTailCounts) {
  constexpr uint32_t kSize = 300;
  std::vector<uint8_t> given(kSize, 0);
  const uint64_t at = caller_.Put(given.data(), given.size());
  uint8_t known[64];
  for (uint32_t i = 0; i < kSize; ++i) {
    static_cast<uint8_t*>(caller_.At(at))[i] = 1;

    EXPECT_EQ(CopyAttrIn(caller_.client(), caller_.client().Pointer(at), kSize,
                         Bytes(known)),
              i < sizeof(known) ? Status::kOk : Status::kTooBig)
        << i;

    static_cast<uint8_t*>(caller_.At(at))[i] = 0;
  }
}

TEST_P(AttrTest, AnAttributeThatIsNotThereFaults) {
  uint8_t known[64];
  const CallerPtr null = caller_.client().Pointer(0);
  EXPECT_EQ(CopyAttrIn(caller_.client(), null, 64, Bytes(known)),
            Status::kFault);
  EXPECT_EQ(CopyAttrIn(caller_.client(), null, 128, Bytes(known)),
            Status::kFault);
  EXPECT_EQ(CopyAttrIn(caller_.client(), null, kSizeNobodyTakes, Bytes(known)),
            Status::kTooBig);
}

// Each command, with each size from 0 to beyond the largest: the same answer as
// for the attribute that a client of today gives, cut or filled up with zeros.
struct Command {
  uint32_t number;
  uint32_t size;  // of its own attribute
};
constexpr Command kCommands[] = {
    {linux_abi::kMapCreate, sizeof(linux_abi::MapCreateAttr)},
    {linux_abi::kMapLookupElem, 32},
    {linux_abi::kMapUpdateElem, 32},
    {linux_abi::kMapDeleteElem, 16},
    {linux_abi::kMapGetNextKey, 24},
    {linux_abi::kProgLoad, sizeof(linux_abi::ProgLoadAttr)},
};

TEST_P(AttrTest, EachCommandTakesEachSizeWithAZeroTail) {
  const std::vector<uint8_t> zeros(linux_abi::kMaxAttrSize + 64, 0);
  const uint64_t at = caller_.Put(zeros.data(), zeros.size());
  for (const Command& command : kCommands) {
    const int64_t answer = caller_.BpfAt(command.number, at, 0);
    ASSERT_LT(answer, 0);
    ASSERT_NE(answer, Minus(Status::kFault));
    for (uint32_t size = 1; size <= linux_abi::kMaxAttrSize + 64; ++size) {
      // log_true_size is written where the attribute reaches so far.
      ASSERT_EQ(
          caller_.BpfAt(command.number, at, size),
          size <= linux_abi::kMaxAttrSize ? answer : Minus(Status::kTooBig))
          << command.number << " " << size;
    }
  }
}

TEST_P(AttrTest, EachCommandRefusesBytesBehindItsOwn) {
  constexpr uint32_t kSize = 256;
  const uint64_t at = caller_.Put(nullptr, kSize);
  for (const Command& command : kCommands) {
    for (uint32_t i = command.size; i < kSize; ++i) {
      static_cast<uint8_t*>(caller_.At(at))[i] = 1;
      // Inside of what some command has it is EINVAL, behind all of them E2BIG.
      EXPECT_EQ(caller_.BpfAt(command.number, at, kSize),
                Minus(i < linux_abi::kBpfAttrSize ? Status::kInvalid
                                                  : Status::kTooBig))
          << command.number << " " << i;
      static_cast<uint8_t*>(caller_.At(at))[i] = 0;
    }
  }
}

TEST_P(AttrTest, UnknownCommandsAreInvalidNotMissing) {
  const uint64_t at = caller_.Put(nullptr, 128);
  for (uint32_t command :
       {6u, 18u, 36u, 37u, 100u, 0x10000u, 0x80000000u, 0xffffffffu}) {
    EXPECT_EQ(caller_.BpfAt(command, at, 128), Minus(Status::kInvalid))
        << command;
  }
}

TEST_P(AttrTest, TheAttributesPointerIsLookedAtBeforeTheCommand) {
  EXPECT_EQ(caller_.BpfAt(linux_abi::kMapCreate, 0, 72), Minus(Status::kFault));
  EXPECT_EQ(caller_.BpfAt(12345, 0, 72), Minus(Status::kFault));
  EXPECT_EQ(caller_.BpfAt(12345, 0, kSizeNobodyTakes), Minus(Status::kTooBig));
}

TEST(ObjectNameTest, LettersDigitsUnderscoresAndDotsUpToAZero) {
  const auto is_name = [](const char* text) {
    char name[linux_abi::kObjectNameSize] = {};
    memcpy(name, text, std::min(strlen(text), sizeof(name)));
    return IsObjectName(name);
  };
  EXPECT_TRUE(is_name(""));
  EXPECT_TRUE(is_name("a"));
  EXPECT_TRUE(is_name(".rodata"));
  EXPECT_TRUE(is_name("Az09_.Az09_.Az0"));
  EXPECT_FALSE(is_name("Az09_.Az09_.Az09"));  // no room for the zero
  for (const char* bad : {"a b", "a-b", "a/b", "a\n", "\x7f", "a\xe9"}) {
    EXPECT_FALSE(is_name(bad)) << bad;
  }
}

TEST(ObjectNameTest, WhatIsBehindTheZeroDoesNotCount) {
  const char name[linux_abi::kObjectNameSize] = {'a', '\0', '-', '\xff'};
  EXPECT_TRUE(IsObjectName(name));
}

TEST(NoSystemTest, BeforeTheSubsystemRunsThereAreNoSystemCalls) {
  TestCaller caller(Origin::kKernel);
  EXPECT_EQ(caller.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1),
            Minus(Status::kNotImplemented));
  EXPECT_EQ(caller.OpenEvent(caller.Kprobe("f")),
            Minus(Status::kNotImplemented));
}

}  // namespace
}  // namespace ebpf
