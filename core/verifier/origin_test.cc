// SPDX-License-Identifier: MIT
#include "core/verifier/origin.h"

#include "gtest/gtest.h"

// What is found of whole programs is tested in diagnosis_test.cc.
namespace ebpf::verifier {
namespace {

TEST(PathEventsTest, AreSortedOldestFirst) {
  PathEvents events;
  events.Add({5, 1, 0, PathEvent::kSet});
  events.Add({1, 9, 0, PathEvent::kCopied});
  events.Add({3, 4, 0, PathEvent::kTaken});
  events.SortOldestFirst();
  ASSERT_EQ(events.count(), 3u);
  EXPECT_EQ(events[0].index, 1u);
  EXPECT_EQ(events[1].index, 3u);
  EXPECT_EQ(events[2].index, 5u);
}

TEST(PathEventsTest, OnePlaceOfThePathIsOneStep) {
  PathEvents events;
  events.Add({5, 1, 0, PathEvent::kSet});
  events.Add({5, 1, 2, PathEvent::kTaken});
  EXPECT_EQ(events.count(), 1u);
}

TEST(PathEventsTest, AJumpIsShownOnceForAllRounds) {
  PathEvents events;
  events.Add({5, 1, 0, PathEvent::kTaken});
  events.Add({5, 3, 0, PathEvent::kTaken});
  EXPECT_EQ(events.count(), 1u);
  events.Add({5, 9, 0, PathEvent::kNotTaken});
  EXPECT_EQ(events.count(), 2u);
}

TEST(PathEventsTest, AreNotMoreThanTen) {
  PathEvents events;
  for (uint32_t i = 0; i < 50; ++i) {
    events.Add({i, i + 1, 0, PathEvent::kChanged});
  }
  EXPECT_EQ(events.count(), PathEvents::kMax);
  EXPECT_TRUE(events.full());
}

}  // namespace
}  // namespace ebpf::verifier
