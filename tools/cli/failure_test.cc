// SPDX-License-Identifier: MIT
#include "tools/cli/failure.h"

#include "gtest/gtest.h"

namespace ebpf::cli {
namespace {

TEST(FailureTest, HasWordsForEachStatus) {
  EXPECT_EQ(StatusText(Status::kNoMemory), "Cannot allocate memory");
  EXPECT_EQ(StatusText(Status::kNotSupportedLinux), "not supported");
}

TEST(FailureTest, RequireThrowsUnlessAllIsWell) {
  EXPECT_NO_THROW(Require(Status::kOk, "the map"));
  try {
    Require(Status::kInvalid, "the map");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_STREQ(failure.what(), "the map: Invalid argument");
  }
}

}  // namespace
}  // namespace ebpf::cli
