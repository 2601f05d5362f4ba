// SPDX-License-Identifier: MIT
#include "core/ring/ring_layout.h"

#include "gtest/gtest.h"

namespace ebpf::ring {
namespace {

constexpr uint64_t kData = 4096;

TEST(RingLayoutTest, RecordsAreTheirPayloadAHeaderAndPaddingToEight) {
  EXPECT_EQ(RecordBytes(0), 8u);
  EXPECT_EQ(RecordBytes(1), 16u);
  EXPECT_EQ(RecordBytes(8), 16u);
  EXPECT_EQ(RecordBytes(9), 24u);
  EXPECT_EQ(RecordBytes(kMaxPayload), (uint64_t{1} << 30) + 8);
}

TEST(RingLayoutTest, TheTwoBitsAreNotPartOfTheLength) {
  EXPECT_EQ(PayloadOf(0xc0000010), 0x10u);
  EXPECT_EQ(BytesOfLength(0x80000010), 24u);
}

TEST(RingLayoutTest, ARecordThatFitsBeforeTheEndStandsThere) {
  const Placement exact = Place(3 * kData - 64, 64, kData);
  EXPECT_EQ(exact.padding, 0u);
  EXPECT_EQ(exact.start, 3 * kData - 64);
  EXPECT_EQ(exact.end, 3 * kData);
}

TEST(RingLayoutTest, ARecordThatWouldWrapStartsAtTheBeginning) {
  const Placement place = Place(3 * kData - 56, 64, kData);
  EXPECT_EQ(place.padding, 56u);
  EXPECT_EQ(place.start, 3 * kData);
  EXPECT_EQ(place.end, 3 * kData + 64);
}

TEST(RingLayoutTest, TheLastEightBytesStayFree) {
  EXPECT_TRUE(Fits(kData - 8, 0, kData));
  EXPECT_FALSE(Fits(kData, 0, kData));
}

TEST(RingLayoutTest, AHostileConsumerPositionNeverMakesRoomBehindIt) {
  EXPECT_FALSE(Fits(100, 108, kData));  // ahead of the producer
  EXPECT_FALSE(Fits(100, ~uint64_t{0} - 5000, kData));
  EXPECT_FALSE(Fits(2 * kData, 0, kData));  // too far behind
}

TEST(RingLayoutTest, PositionsMayPassTheEndOfTheirWord) {
  const uint64_t near_end = ~uint64_t{0} - 7;  // a multiple of 8
  const Placement place = Place(near_end, 16, kData);
  EXPECT_EQ(place.padding, 8u);
  EXPECT_EQ(place.end, 16u);
  EXPECT_TRUE(Fits(place.end, near_end, kData));
}

TEST(RingLayoutTest, APositionIsJudgedBeforeAnythingIsRead) {
  EXPECT_EQ(JudgePosition(64, 64, kData), Found::kNothing);
  EXPECT_EQ(JudgePosition(0, 64, kData), Found::kRecord);
  EXPECT_EQ(JudgePosition(72, 64, kData), Found::kDamaged);
  EXPECT_EQ(JudgePosition(4, 64, kData), Found::kDamaged);
  EXPECT_EQ(JudgePosition(0, kData + 8, kData), Found::kDamaged);
}

TEST(RingLayoutTest, ALengthIsJudgedAgainstProducerAndEnd) {
  EXPECT_EQ(JudgeRecord(8, 0, 64, kData), Found::kRecord);
  EXPECT_EQ(JudgeRecord(linux_abi::kRingBusyBit | 8, 0, 64, kData),
            Found::kNothing);
  EXPECT_EQ(JudgeRecord(linux_abi::kRingDiscardBit | 8, 0, 64, kData),
            Found::kDiscarded);
  EXPECT_EQ(JudgeRecord(57, 0, 64, kData), Found::kDamaged);
  EXPECT_EQ(JudgeRecord(56, 0, 64, kData), Found::kRecord);
  EXPECT_EQ(JudgeRecord(64, kData - 64, kData + 512, kData), Found::kDamaged);
  EXPECT_EQ(JudgeRecord(0x3fffffff, 0, 64, kData), Found::kDamaged);
}

TEST(RingLayoutTest, LibbpfsTwoMappingsAreWindows) {
  const Window consumer = WindowOf(0, kPageSize, kData);
  EXPECT_TRUE(consumer.valid);
  EXPECT_EQ(consumer.mirrored, 0u);
  const Window rest = WindowOf(kPageSize, kPageSize + 2 * kData, kData);
  EXPECT_TRUE(rest.valid);
  EXPECT_EQ(rest.size, kPageSize + kData);
  EXPECT_EQ(rest.mirrored, kData);
}

TEST(RingLayoutTest, WindowsPastTheMirrorOrThroughItAreRefused) {
  EXPECT_FALSE(WindowOf(0, 0, kData).valid);
  EXPECT_FALSE(WindowOf(100, kPageSize, kData).valid);
  EXPECT_FALSE(WindowOf(0, 100, kData).valid);
  EXPECT_FALSE(WindowOf(kPageSize, 2 * kPageSize + 2 * kData, kData).valid);
  EXPECT_FALSE(WindowOf(kPageSize, 2 * kPageSize + 2 * kData, 2 * kData).valid);
  EXPECT_FALSE(WindowOf(~uint64_t{0} << 12, kPageSize, kData).valid);
  EXPECT_FALSE(WindowOf(0, ~uint64_t{0} << 12, kData).valid);
  EXPECT_TRUE(WindowOf(0, 2 * kPageSize + 2 * kData, kData).valid);
}

}  // namespace
}  // namespace ebpf::ring
