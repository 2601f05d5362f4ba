// SPDX-License-Identifier: MIT
//
// On an array of the test's own: kretprobes' are tested with core/probes.
#include "core/machine/return_stubs.h"

#include <cstring>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::machine {
namespace {

constexpr uint64_t kBegin = 0xffff'8000'0010'0000;

class ReturnStubsTest : public testing::Test {
 protected:
  ReturnStubsTest() : bytes_(kReturnStubCount * kReturnInstanceSize) {}
  ~ReturnStubsTest() override {
    return_stubs_begin.Store(0, kRelaxed);
    ebpf_return_instances.Store(nullptr, kRelaxed);
  }

  void Use() {
    ebpf_return_instances.Store(bytes_.data(), kRelaxed);
    return_stubs_begin.Store(kBegin, kRelaxed);
  }
  void Set(uint32_t number, uint64_t address) {
    memcpy(bytes_.data() + number * kReturnInstanceSize, &address,
           sizeof(address));
  }
  static uint64_t Stub(uint32_t number) {
    return kBegin + uint64_t{number} * kReturnStubSize;
  }

  std::vector<uint8_t> bytes_;
};

TEST_F(ReturnStubsTest, WithoutInstancesEachAddressIsReal) {
  EXPECT_EQ(RealReturnAddress(kBegin), kBegin);
  EXPECT_EQ(RealReturnAddress(0), 0u);
}

TEST_F(ReturnStubsTest, AStubStandsForItsInstancesAddress) {
  Use();
  for (const uint32_t number : {0u, 1u, kReturnStubCount - 1}) {
    Set(number, 1000 + number);
    EXPECT_EQ(RealReturnAddress(Stub(number)), 1000 + number);
  }
}

TEST_F(ReturnStubsTest, OtherAddressesAreLeftAlone) {
  Use();
  for (const uint64_t address :
       {kBegin - 1, kBegin + 1, kBegin + 5, Stub(kReturnStubCount), uint64_t{0},
        ~uint64_t{0}}) {
    EXPECT_EQ(RealReturnAddress(address), address);
  }
}

TEST_F(ReturnStubsTest, AChainEndsInTheCaller) {
  Use();
  for (uint32_t number = 1; number < kReturnStubCount; ++number) {
    Set(number, Stub(number - 1));
  }
  Set(0, 4711);
  EXPECT_EQ(RealReturnAddress(Stub(kReturnStubCount - 1)), 4711u);
}

TEST_F(ReturnStubsTest, ACircleEnds) {
  Use();
  Set(3, Stub(4));
  Set(4, Stub(3));
  EXPECT_LE(RealReturnAddress(Stub(3)), Stub(4));
}

}  // namespace
}  // namespace ebpf::machine
