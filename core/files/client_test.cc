// SPDX-License-Identifier: MIT
#include "core/files/client.h"

#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#include "core/linux_abi/bpf.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_user.h"

namespace ebpf {
namespace {

uint64_t AddressOf(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

class ClientTest : public testing::Test {
 protected:
  ClientTest() : user_memory_(4096) {
    user_ = *Client::Create(Origin::kUser, allocator_);
    kernel_ = *Client::Create(Origin::kKernel, allocator_);
  }
  ~ClientTest() override {
    user_->Delete();
    kernel_->Delete();
    SetHostCapabilities(~uint64_t{0});
  }

  FailingAllocator allocator_;
  HostUserMemory user_memory_;
  Client* user_;
  Client* kernel_;
};

TEST_F(ClientTest, AUserReadsAndWritesItsOwnMemory) {
  const uint64_t at = user_memory_.Put("hello", 5);
  char text[5] = {};

  EXPECT_EQ(user_->CopyIn(text, user_->Pointer(at), 5), Status::kOk);
  EXPECT_EQ(memcmp(text, "hello", 5), 0);
  EXPECT_EQ(user_->CopyOut(user_->Pointer(at), "HELL", 4), Status::kOk);
  EXPECT_EQ(memcmp(user_memory_.At(at), "HELLo", 5), 0);
}

TEST_F(ClientTest, AUserCannotNameKernelMemory) {
  uint64_t secret = 0x1234;
  uint64_t copy = 0;

  // Its pointers are user addresses, whatever the number.
  const CallerPtr pointer = user_->Pointer(AddressOf(&secret));
  EXPECT_EQ(pointer.origin, Origin::kUser);
  EXPECT_EQ(user_->CopyIn(&copy, pointer, sizeof(copy)), Status::kFault);
  EXPECT_EQ(user_->CopyOut(pointer, &copy, sizeof(copy)), Status::kFault);
  // And if somebody mixed origins up, it would still not get there.
  const CallerPtr forged = {AddressOf(&secret), Origin::kKernel};
  EXPECT_EQ(user_->CopyIn(&copy, forged, sizeof(copy)), Status::kFault);
  EXPECT_EQ(user_->CopyOut(forged, &copy, sizeof(copy)), Status::kFault);
  char text[8];
  EXPECT_EQ(user_->CopyStringIn(Span<char>(text), forged).status(),
            Status::kFault);
  EXPECT_EQ(secret, 0x1234u);
}

TEST_F(ClientTest, TheKernelReadsAndWritesItsOwnMemory) {
  uint64_t value = 7;
  uint64_t copy = 0;

  EXPECT_EQ(kernel_->CopyIn(&copy, kernel_->Pointer(AddressOf(&value)), 8),
            Status::kOk);
  EXPECT_EQ(copy, 7u);
  copy = 9;
  EXPECT_EQ(kernel_->CopyOut(kernel_->Pointer(AddressOf(&value)), &copy, 8),
            Status::kOk);
  EXPECT_EQ(value, 9u);
}

TEST_F(ClientTest, NullFaultsUnlessNothingIsCopied) {
  uint8_t byte = 0;
  for (Client* client : {user_, kernel_}) {
    EXPECT_EQ(client->CopyIn(&byte, client->Pointer(0), 1), Status::kFault);
    EXPECT_EQ(client->CopyOut(client->Pointer(0), &byte, 1), Status::kFault);
    EXPECT_EQ(client->CopyIn(&byte, client->Pointer(0), 0), Status::kOk);
    EXPECT_EQ(client->CopyOut(client->Pointer(0), &byte, 0), Status::kOk);
  }
}

TEST_F(ClientTest, MemoryThatEndsInTheMiddleFaults) {
  uint8_t bytes[16] = {};
  const uint64_t end = HostUserMemory::kBase + user_memory_.size();

  EXPECT_EQ(user_->CopyIn(bytes, user_->Pointer(end - 8), 8), Status::kOk);
  EXPECT_EQ(user_->CopyIn(bytes, user_->Pointer(end - 8), 9), Status::kFault);
  EXPECT_EQ(user_->CopyOut(user_->Pointer(end - 8), bytes, 9), Status::kFault);
  EXPECT_EQ(user_->CopyIn(bytes, user_->Pointer(UINT64_MAX - 4), 16),
            Status::kFault);
}

TEST_F(ClientTest, AStringMayEndRightBeforeWhatCannotBeRead) {
  const uint64_t at = HostUserMemory::kBase + user_memory_.size() - 4;
  memcpy(user_memory_.At(at), "abc", 4);
  char text[128];

  Result<size_t> length =
      user_->CopyStringIn(Span<char>(text), user_->Pointer(at));

  ASSERT_TRUE(length.ok());
  EXPECT_EQ(*length, 3u);
  EXPECT_STREQ(text, "abc");
}

TEST_F(ClientTest, AKernelStringMayEndRightBeforeAPageThatIsNotThere) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  auto* pages =
      static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(pages + page, page, PROT_NONE), 0);
  memcpy(pages + page - 3, "ab", 3);
  char text[512];

  EXPECT_EQ(
      *kernel_->CopyStringIn(Span<char>(text),
                             kernel_->Pointer(AddressOf(pages + page - 3))),
      2u);
  munmap(pages, 2 * page);
}

TEST_F(ClientTest, AStringThatDoesNotEndInTimeIsTooBigButCopied) {
  const uint64_t at = user_memory_.Put("abcdefgh", 9);
  char text[8];

  Result<size_t> cut =
      user_->CopyStringIn(Span<char>(text), user_->Pointer(at));
  Result<size_t> fits =
      user_->CopyStringIn(Span<char>(text), user_->Pointer(at + 1));

  EXPECT_EQ(cut.status(), Status::kTooBig);
  ASSERT_TRUE(fits.ok());
  EXPECT_EQ(*fits, 7u);
  EXPECT_STREQ(text, "bcdefgh");
}

TEST_F(ClientTest, AStringThatLeavesMemoryFaults) {
  const uint64_t at = HostUserMemory::kBase + user_memory_.size() - 3;
  memcpy(user_memory_.At(at), "abc", 3);
  char text[128];

  EXPECT_EQ(user_->CopyStringIn(Span<char>(text), user_->Pointer(at)).status(),
            Status::kFault);
}

TEST_F(ClientTest, AStringIsCopiedInFewPieces) {
  const std::string name(500, 'n');
  const uint64_t at = user_memory_.Put(name.c_str(), name.size() + 1);
  char text[512];
  const uint64_t before = HostUserCopies();
  const Result<size_t> size =
      user_->CopyStringIn(Span<char>(text), user_->Pointer(at));
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(std::string(text, *size), name);
  EXPECT_LE(HostUserCopies() - before, 10u);
}

/// Wherever it ends, also where nothing is behind it any more.
TEST_F(ClientTest, AStringThatEndsWithItsMemoryIsWhole) {
  for (size_t size = 0; size < 200; ++size) {
    const std::string name(size, 'n');
    const uint64_t at = HostUserMemory::kBase + user_memory_.size() - size - 1;
    memcpy(user_memory_.At(at), name.c_str(), size + 1);
    char text[512];
    const Result<size_t> copied =
        user_->CopyStringIn(Span<char>(text), user_->Pointer(at));
    ASSERT_TRUE(copied.ok()) << size;
    EXPECT_EQ(std::string(text, *copied), name);
    const Result<size_t> cut =
        user_->CopyStringIn(Span<char>(text, size), user_->Pointer(at));
    EXPECT_EQ(cut.status(), Status::kTooBig) << size;
  }
}

TEST_F(ClientTest, RightsAreThoseOfTheProcessOrOfTheAdministrator) {
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapBpf);
  EXPECT_TRUE(user_->Capable(linux_abi::kCapBpf));
  EXPECT_FALSE(user_->Capable(linux_abi::kCapPerfmon));

  SetHostCapabilities(uint64_t{1} << linux_abi::kCapSysAdmin);
  EXPECT_TRUE(user_->Capable(linux_abi::kCapBpf));
  EXPECT_TRUE(user_->Capable(linux_abi::kCapPerfmon));

  SetHostCapabilities(0);
  EXPECT_FALSE(user_->Capable(linux_abi::kCapBpf));
  EXPECT_TRUE(kernel_->Capable(linux_abi::kCapBpf));
}

/// capabilities(7): CAP_SYS_ADMIN is not a superset of these.
TEST_F(ClientTest, AnAdministratorMayNotWhatOnlyAnotherRightAllows) {
  for (const int right : {linux_abi::kCapSyslog, linux_abi::kCapDacOverride}) {
    SetHostCapabilities(uint64_t{1} << linux_abi::kCapSysAdmin);
    EXPECT_FALSE(user_->Capable(right)) << right;
    EXPECT_TRUE(kernel_->Capable(right)) << right;
    SetHostCapabilities(uint64_t{1} << right);
    EXPECT_TRUE(user_->Capable(right)) << right;
  }
}

TEST_F(ClientTest, DescriptorsOfOneClientAreNoneOfAnother) {
  EXPECT_EQ(user_->fds().Get(3).status(), Status::kBadFd);
  EXPECT_EQ(kernel_->fds().Get(3).status(), Status::kBadFd);
}

/// Programs of type syscall give addresses that nobody checked.
TEST_F(ClientTest, AProgramsPointersMayBeWrongAndReadOnly) {
  Client* program = *Client::CreateForProgram(*user_, PortAllocator());
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  auto* pages =
      static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(pages + page, page, PROT_READ), 0);
  const auto out = [program](const char* to, size_t size) {
    const char bytes[64] = {1, 2, 3, 4, 5, 6, 7, 8};
    return program->CopyOut(program->Pointer(AddressOf(to)), bytes, size);
  };

  EXPECT_EQ(out(pages + page - 8, 8), Status::kOk);
  EXPECT_EQ(pages[page - 1], 8);
  EXPECT_EQ(out(pages + page - 8, 9), Status::kFault);
  EXPECT_EQ(out(pages + page, 1), Status::kFault);
  EXPECT_EQ(out(pages + page, 0), Status::kOk);
  EXPECT_EQ(pages[page], 0);
  EXPECT_EQ(out(nullptr, 8), Status::kFault);
  EXPECT_EQ(out(reinterpret_cast<char*>(0xdead000), 8), Status::kFault);
  munmap(pages, 2 * page);
  EXPECT_EQ(out(pages, 1), Status::kFault);
  program->Delete();
}

TEST(ClientLifeTest, EachAllocationMayFail) {
  ForEachFailingAllocation("client", [](FailingAllocator& allocator) {
    Result<Client*> client = Client::Create(Origin::kUser, allocator);
    EXPECT_EQ(client.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
    if (client.ok()) {
      (*client)->Delete();
    }
  });
}

}  // namespace
}  // namespace ebpf
