// SPDX-License-Identifier: MIT
//
// Values are compared with the host's by
// testing/oracle/helper_programs_test.cc; here is what a checksum is for.
#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <random>

#include "core/helpers/helper_test_util.h"

namespace ebpf {
namespace {

/// The Internet checksum, not inverted. [RFC 1071]
uint32_t Checksum(const uint8_t* bytes, size_t size) {
  uint32_t sum = 0;
  for (size_t i = 0; i < size; i += 2) {
    uint16_t word;
    memcpy(&word, bytes + i, 2);
    sum += word;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

TEST(ChecksumHelpersTest, TheDifferenceLeadsFromOneSumToTheOther) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    uint8_t before[64];
    uint8_t after[64];
    const size_t size = random() % 17 * 4;
    for (size_t k = 0; k < size; ++k) {
      before[k] = static_cast<uint8_t>(random());
      after[k] = static_cast<uint8_t>(random());
    }
    const uint64_t result = Call(BPF_FUNC_csum_diff, Address(before), size,
                                 Address(after), size, Checksum(before, size));
    // 0 and 0xffff are one number.
    EXPECT_EQ(result % 0xffff, Checksum(after, size) % 0xffff);
    EXPECT_LE(result, 0xffffu);
  }
}

TEST(ChecksumHelpersTest, WantsWholeWords) {
  const uint8_t bytes[8] = {};
  for (uint64_t size : {1, 2, 3, 5, 7}) {
    EXPECT_EQ(Call(BPF_FUNC_csum_diff, Address(bytes), size, 0, 0, 0),
              Negative(EINVAL));
    EXPECT_EQ(Call(BPF_FUNC_csum_diff, 0, 0, Address(bytes), size, 0),
              Negative(EINVAL));
  }
}

}  // namespace
}  // namespace ebpf
