// SPDX-License-Identifier: MIT
#include "core/base/status.h"

#include <cerrno>
#include <memory>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

// ENOTSUPP, 524, is not in user space's headers.
static_assert(static_cast<int>(Status::kNotPermitted) == EPERM);
static_assert(static_cast<int>(Status::kNotFound) == ENOENT);
static_assert(static_cast<int>(Status::kInterrupted) == EINTR);
static_assert(static_cast<int>(Status::kIo) == EIO);
static_assert(static_cast<int>(Status::kNoSuchDevice) == ENXIO);
static_assert(static_cast<int>(Status::kTooBig) == E2BIG);
static_assert(static_cast<int>(Status::kBadExec) == ENOEXEC);
static_assert(static_cast<int>(Status::kBadFd) == EBADF);
static_assert(static_cast<int>(Status::kTryAgain) == EAGAIN);
static_assert(static_cast<int>(Status::kNoMemory) == ENOMEM);
static_assert(static_cast<int>(Status::kAccess) == EACCES);
static_assert(static_cast<int>(Status::kFault) == EFAULT);
static_assert(static_cast<int>(Status::kBusy) == EBUSY);
static_assert(static_cast<int>(Status::kExists) == EEXIST);
static_assert(static_cast<int>(Status::kNoDevice) == ENODEV);
static_assert(static_cast<int>(Status::kInvalid) == EINVAL);
static_assert(static_cast<int>(Status::kTooManyFiles) == EMFILE);
static_assert(static_cast<int>(Status::kNotTty) == ENOTTY);
static_assert(static_cast<int>(Status::kFileTooBig) == EFBIG);
static_assert(static_cast<int>(Status::kNoSpace) == ENOSPC);
static_assert(static_cast<int>(Status::kOutOfRange) == ERANGE);
static_assert(static_cast<int>(Status::kDeadlock) == EDEADLK);
static_assert(static_cast<int>(Status::kNotImplemented) == ENOSYS);
static_assert(static_cast<int>(Status::kBadMessage) == EBADMSG);
static_assert(static_cast<int>(Status::kOverflow) == EOVERFLOW);
static_assert(static_cast<int>(Status::kBadSequence) == EILSEQ);
static_assert(static_cast<int>(Status::kNotSupported) == EOPNOTSUPP);

Result<int> Half(int value) {
  if (value % 2 != 0) {
    return Status::kInvalid;
  }
  return value / 2;
}

Status CheckEven(int value) {
  EBPF_TRY(Half(value));
  return Status::kOk;
}

Result<int> Quarter(int value) {
  EBPF_TRY(CheckEven(value));
  const int half = EBPF_TRY(Half(value));
  return EBPF_TRY(Half(half));
}

TEST(StatusTest, TryGivesTheValueOrReturnsTheStatus) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(13).status(), Status::kInvalid);
  EXPECT_EQ(Quarter(14).status(), Status::kInvalid);
  EXPECT_EQ(CheckEven(2), Status::kOk);
  EXPECT_EQ(CheckEven(3), Status::kInvalid);
}

TEST(ResultTest, HoldsAValueOrAStatus) {
  const Result<int> good = 5;
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.status(), Status::kOk);
  EXPECT_EQ(*good, 5);
  const Result<int> bad = Status::kNoMemory;
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.status(), Status::kNoMemory);
  EXPECT_EQ(Result<int>(Status::kBusy).ValueOr(9), 9);
  EXPECT_EQ(Result<int>(4).ValueOr(9), 4);
}

TEST(ResultTest, MovesAndDestroysItsValueOnce) {
  const auto counted = std::make_shared<int>(1);
  {
    Result<std::shared_ptr<int>> result = counted;
    EXPECT_EQ(counted.use_count(), 2);
    Result<std::shared_ptr<int>> moved = Move(result);
    EXPECT_EQ(counted.use_count(), 2);
    const std::shared_ptr<int> taken = *Move(moved);
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace ebpf
