// SPDX-License-Identifier: MIT
#include "core/maps/ring_reader.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "core/maps/ring_buffer_map.h"

namespace ebpf {
namespace {

class RingReaderTest : public MapTest {
 protected:
  RingReaderTest() : map_(Make(Spec(MapType::kRingBuffer, 0, 0, 4096))) {}

  void Output(const char* text) {
    ASSERT_EQ(
        RingBufferMap::From(*map_)->ring().Output(BytesOf(StringView(text)), 0),
        Status::kOk);
  }

  const Ref<Map> map_;
};

TEST_F(RingReaderTest, ReadsOneRecordAtATime) {
  Output("first");
  Output("");
  std::vector<uint8_t> to(16);
  EXPECT_EQ(*ReadRingRecord(*map_, Out(to)), 5u);
  EXPECT_EQ(memcmp(to.data(), "first", 5), 0);
  const Result<size_t> empty = ReadRingRecord(*map_, Out(to));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(*empty, 0u);
  EXPECT_EQ(ReadRingRecord(*map_, Out(to)).status(), Status::kTryAgain);
}

TEST_F(RingReaderTest, ReadsAllWholeRecordsThatFitInTheRingsOwnForm) {
  Output("one");
  Output("eight...");
  Output("left behind");
  std::vector<uint8_t> to(16 + 16 + 20, 0xee);

  const Result<size_t> size = ReadRingRecords(*map_, Out(to));

  ASSERT_TRUE(size.ok());
  EXPECT_EQ(*size, 32u);
  const uint8_t wanted[] = {3, 0, 0,   0,   0,   0,   0,   0,   'o', 'n', 'e',
                            0, 0, 0,   0,   0,   8,   0,   0,   0,   0,   0,
                            0, 0, 'e', 'i', 'g', 'h', 't', '.', '.', '.'};
  EXPECT_EQ(memcmp(to.data(), wanted, 32), 0);
  EXPECT_EQ(*ReadRingRecord(*map_, Out(to)), 11u);
}

TEST_F(RingReaderTest, TellsWhenThereIsNothingOrTooLittleRoom) {
  std::vector<uint8_t> to(100);
  EXPECT_EQ(ReadRingRecords(*map_, Out(to)).status(), Status::kTryAgain);
  Output("eighteen bytes ...");
  for (size_t room : {0, 7, 8, 25, 31}) {
    EXPECT_EQ(ReadRingRecords(*map_, Out(to).First(room)).status(),
              Status::kNoSpace)
        << room;
  }
  EXPECT_EQ(*ReadRingRecords(*map_, Out(to).First(32)), 32u);
}

TEST_F(RingReaderTest, SkipsWhatWasDiscarded) {
  RingBuffer& ring = RingBufferMap::From(*map_)->ring();
  Output("a");
  RingBuffer::Commit(*ring.Reserve(64), 0, /*discard=*/true);
  Output("b");
  std::vector<uint8_t> to(100);
  EXPECT_EQ(*ReadRingRecords(*map_, Out(to)), 32u);
  EXPECT_EQ(to[8], 'a');
  EXPECT_EQ(to[24], 'b');
}

}  // namespace
}  // namespace ebpf
