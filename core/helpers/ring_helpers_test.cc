// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/bpf.h>

#include "core/helpers/helper_test_util.h"
#include "core/maps/ring_reader.h"

namespace ebpf {
namespace {

class RingHelpersTest : public HelperTest {
 protected:
  RingHelpersTest()
      : map_(Make(MapType::kRingBuffer, 0, 0, 4096)),
        ring_(Address(map_.get())) {}

  Result<size_t> Read(uint64_t& value) {
    return ReadRingRecord(*map_, BytesOf(value));
  }

  const Ref<Map> map_;
  const uint64_t ring_;
};

TEST_F(RingHelpersTest, OutputPutsARecordOut) {
  const uint64_t value = 5;
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_output, ring_, Address(&value), 8, 0), 0u);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_output, ring_, Address(&value), 0,
                 BPF_RB_NO_WAKEUP),
            0u);
  uint64_t read = 0;
  EXPECT_EQ(*Read(read), 8u);
  EXPECT_EQ(read, 5u);
  EXPECT_EQ(*Read(read), 0u);
}

TEST_F(RingHelpersTest, OutputSaysTryAgainWithoutRoomAndInvalidForFlags) {
  static const uint8_t record[8192] = {};
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_output, ring_, Address(record), 8192, 0),
            Negative(EAGAIN));
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_output, ring_, Address(record), 4000, 0), 0u);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_output, ring_, Address(record), 100, 0),
            Negative(EAGAIN));
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_output, ring_, Address(record), 8, 4),
            Negative(EINVAL));
}

TEST_F(RingHelpersTest, ReservedRecordsAreSubmittedOrDiscarded) {
  const uint64_t first = Call(BPF_FUNC_ringbuf_reserve, ring_, 8, 0);
  const uint64_t second = Call(BPF_FUNC_ringbuf_reserve, ring_, 8, 0);
  ASSERT_NE(first, 0u);
  ASSERT_NE(second, 0u);
  EXPECT_EQ(first % 8, 0u);
  *reinterpret_cast<uint64_t*>(first) = 1;
  *reinterpret_cast<uint64_t*>(second) = 2;
  Call(BPF_FUNC_ringbuf_submit, second, 0);
  Call(BPF_FUNC_ringbuf_discard, first, 0);
  uint64_t read = 0;
  EXPECT_EQ(*Read(read), 8u);
  EXPECT_EQ(read, 2u);
  EXPECT_EQ(Read(read).status(), Status::kTryAgain);
}

TEST_F(RingHelpersTest, ReserveGivesNullForFlagsAndWithoutRoom) {
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_reserve, ring_, 8, 1), 0u);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_reserve, ring_, 4096, 0), 0u);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_reserve, ring_, ~uint64_t{0}, 0), 0u);
}

TEST_F(RingHelpersTest, QueryTellsSizeAndPositions) {
  const uint64_t value = 5;
  Call(BPF_FUNC_ringbuf_output, ring_, Address(&value), 8, 0);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_query, ring_, BPF_RB_AVAIL_DATA), 16u);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_query, ring_, BPF_RB_RING_SIZE), 4096u);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_query, ring_, BPF_RB_CONS_POS), 0u);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_query, ring_, BPF_RB_PROD_POS), 16u);
  EXPECT_EQ(Call(BPF_FUNC_ringbuf_query, ring_, 99), 0u);
}

}  // namespace
}  // namespace ebpf
