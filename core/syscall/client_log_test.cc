// SPDX-License-Identifier: MIT
#include "core/syscall/client_log.h"

#include <string>

#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

class ClientLogTest : public SyscallTest {
 protected:
  static constexpr uint32_t kTrueSizeAt = 8;

  /// Writes `text` to a log of `size` bytes; what CopyOut says.
  Status Copy(const char* text, uint32_t size, uint32_t attr_size = 12) {
    const uint64_t attr = caller_.Put(nullptr, 12);
    const uint64_t buffer = caller_.Put(nullptr, size);
    ClientLog log({1, size, buffer, kTrueSizeAt}, PortAllocator());
    EXPECT_EQ(log.Allocate(), Status::kOk);
    log.log().writer().Put(text);
    const Call call = {*RunningSystem(), caller_.client(),
                       caller_.client().Pointer(attr), attr_size};
    const Status status = log.CopyOut(call);
    text_ = static_cast<const char*>(caller_.At(buffer));
    true_size_ = caller_.Get<uint32_t>(attr + kTrueSizeAt);
    return status;
  }

  std::string text_;
  uint32_t true_size_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, ClientLogTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ClientLogTest, TextComesWithAZeroAndItsSize) {
  EXPECT_EQ(Copy("reason", 7), Status::kOk);
  EXPECT_EQ(text_, "reason");
  EXPECT_EQ(true_size_, 7u);
}

TEST_P(ClientLogTest, TextThatDoesNotFitIsCutAndSaysSo) {
  EXPECT_EQ(Copy("reason", 6), Status::kNoSpace);
  EXPECT_EQ(text_.size(), 5u);
  EXPECT_EQ(true_size_, 7u);
}

TEST_P(ClientLogTest, OlderClientsAreNotToldTheSize) {
  EXPECT_EQ(Copy("reason", 7, 11), Status::kOk);
  EXPECT_EQ(true_size_, 0u);
}

TEST_P(ClientLogTest, WithoutTextNothingIsWritten) {
  EXPECT_EQ(Copy("", 7), Status::kOk);
  EXPECT_EQ(true_size_, 0u);
}

/// What Linux 6.18 does: the attribute is the program's, the log its runner's.
TEST_P(ClientLogTest, AProgramsLogIsItsRunnersMemory) {
  Client* const program =
      *Client::CreateForProgram(caller_.client(), PortAllocator());
  uint32_t attr[3] = {};
  const auto copy = [&](uint64_t buffer) {
    ClientLog log({1, 7, buffer, kTrueSizeAt}, PortAllocator());
    EXPECT_EQ(log.Allocate(), Status::kOk);
    log.log().writer().Put("reason");
    return log.CopyOut(Call{*RunningSystem(), *program,
                            program->Pointer(reinterpret_cast<uint64_t>(attr)),
                            sizeof(attr)});
  };
  const uint64_t buffer = caller_.Put(nullptr, 7);
  EXPECT_EQ(copy(buffer), Status::kOk);
  EXPECT_STREQ(static_cast<const char*>(caller_.At(buffer)), "reason");
  EXPECT_EQ(attr[2], 7u);

  char secret[8] = "secret";
  const bool is_kernel = GetParam() == Origin::kKernel;
  EXPECT_EQ(copy(reinterpret_cast<uint64_t>(secret)),
            is_kernel ? Status::kOk : Status::kFault);
  EXPECT_STREQ(secret, is_kernel ? "reason" : "secret");
  program->Delete();
}

TEST(ClientLogRequestTest, BufferSizeAndLevelGoTogether) {
  const auto is_valid = [](uint32_t level, uint32_t size, uint64_t buffer) {
    return ClientLog::IsValid({level, size, buffer, 0});
  };
  EXPECT_TRUE(is_valid(0, 0, 0));
  EXPECT_TRUE(is_valid(1, 0, 0));
  EXPECT_TRUE(is_valid(15, 1, 0x1000));
  EXPECT_TRUE(is_valid(1, UINT32_MAX >> 2, 0x1000));
  EXPECT_FALSE(is_valid(1, 1, 0));
  EXPECT_FALSE(is_valid(1, 0, 0x1000));
  EXPECT_FALSE(is_valid(0, 1, 0x1000));
  EXPECT_FALSE(is_valid(16, 1, 0x1000));
  EXPECT_FALSE(is_valid(1, (UINT32_MAX >> 2) + 1, 0x1000));
}

}  // namespace
}  // namespace ebpf
