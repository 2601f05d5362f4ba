// SPDX-License-Identifier: MIT
#include "core/files/pin_store.h"

#include <atomic>
#include <string>
#include <thread>

#include "core/btf/test_builder.h"
#include "core/files/btf_file.h"
#include "core/memory/allocator.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

/// A file of any kind: the store does not care.
Ref<File> AnyFile() {
  btf::Builder b;
  b.Add(btf::Kind::kInt, b.Name("int"), 4, {32});
  const std::vector<uint8_t> blob = b.Blob();
  return *BtfFile::Create(
      *btf::BtfObject::Create(ConstBytes(blob.data(), blob.size()),
                              PortAllocator()),
      PortAllocator());
}

constexpr PinUser kRootUser = {0, false};
constexpr PinUser kSomebody = {1000, false};
constexpr PinUser kOther = {1001, false};
constexpr PinUser kMayAll = {1002, true};

class PinStoreTest : public testing::Test {
 protected:
  ~PinStoreTest() override {
    store_.Clear();
    EXPECT_EQ(PortAllocatedBytes(), bytes_);
  }
  Status Pin(const char* path, const PinUser& user) {
    return store_.Pin(path, user, AnyFile(), PortAllocator());
  }
  Status MakeDirectory(const char* path, const PinUser& user) {
    return store_.MakeDirectory(path, user, PortAllocator());
  }

  const uint64_t bytes_ = PortAllocatedBytes();
  PinStore store_;
};

TEST_F(PinStoreTest, TheRootIsForUserZero) {
  EXPECT_EQ(Pin("/sys/fs/bpf/a", kSomebody), Status::kAccess);
  EXPECT_EQ(MakeDirectory("/sys/fs/bpf/a", kSomebody), Status::kAccess);
  EXPECT_EQ(Pin("/sys/fs/bpf/a", kRootUser), Status::kOk);
  EXPECT_EQ(Pin("/sys/fs/bpf/b", kMayAll), Status::kOk);
}

TEST_F(PinStoreTest, ObjectsAreForWhoPinnedThem) {
  ASSERT_EQ(Pin("/sys/fs/bpf/a", kRootUser), Status::kOk);
  EXPECT_TRUE(store_.Get("/sys/fs/bpf/a", kRootUser).ok());
  EXPECT_TRUE(store_.Get("/sys/fs/bpf/a", kMayAll).ok());
  EXPECT_EQ(store_.Get("/sys/fs/bpf/a", kSomebody).status(), Status::kAccess);
  EXPECT_EQ(store_.Unlink("/sys/fs/bpf/a", kSomebody), Status::kAccess);
}

TEST_F(PinStoreTest, ADirectoryIsForWhoMadeIt) {
  ASSERT_EQ(MakeDirectory("/sys/fs/bpf/d", kMayAll), Status::kOk);
  EXPECT_EQ(Pin("/sys/fs/bpf/d/a", kSomebody), Status::kAccess);
  const PinUser maker = {1002, false};
  EXPECT_EQ(Pin("/sys/fs/bpf/d/a", maker), Status::kOk);
  EXPECT_EQ(store_.Get("/sys/fs/bpf/d/a", kOther).status(), Status::kAccess);
  EXPECT_EQ(store_.Unlink("/sys/fs/bpf/d/a", kOther), Status::kAccess);
  EXPECT_EQ(store_.RemoveDirectory("/sys/fs/bpf/d", maker), Status::kAccess);
  EXPECT_EQ(store_.Unlink("/sys/fs/bpf/d/a", maker), Status::kOk);
  EXPECT_EQ(store_.RemoveDirectory("/sys/fs/bpf/d", kRootUser), Status::kOk);
}

TEST_F(PinStoreTest, WhatIsGotIsKeptThoughTheNameGoes) {
  ASSERT_EQ(Pin("/sys/fs/bpf/a", kRootUser), Status::kOk);
  Ref<File> file = *store_.Get("/sys/fs/bpf/a", kRootUser);
  ASSERT_EQ(store_.Unlink("/sys/fs/bpf/a", kRootUser), Status::kOk);
  EXPECT_EQ(file->ref_count(), 1u);
}

TEST_F(PinStoreTest, ADeepTreeIsForgotten) {
  std::string path = "/sys/fs/bpf";
  for (int i = 0; i < 1000; ++i) {
    path += "/d";
    ASSERT_EQ(MakeDirectory(path.c_str(), kRootUser), Status::kOk);
  }
  store_.Clear();
  PinEntry entry;
  EXPECT_EQ(store_.Read("/sys/fs/bpf", 0, entry), Status::kNotFound);
}

TEST_F(PinStoreTest, ManyPinAndUnlinkTheSameNames) {
  SetHostCpuCount(4);
  std::atomic<int> pinned{0};
  const auto work = [&](uint32_t cpu) {
    HostCpu self(cpu);
    for (int i = 0; i < 2000; ++i) {
      const std::string path = "/sys/fs/bpf/" + std::to_string(i % 7);
      pinned += IsOk(Pin(path.c_str(), kRootUser));
      Result<Ref<File>> file = store_.Get(path.c_str(), kRootUser);
      if (file.ok()) {
        EXPECT_NE((*file)->AsBtf(), nullptr);
      }
      pinned -= IsOk(store_.Unlink(path.c_str(), kRootUser));
    }
  };
  std::thread other(work, 1);
  std::thread third(work, 2);
  other.join();
  third.join();
  int left = 0;
  PinEntry entry;
  while (IsOk(store_.Read("/sys/fs/bpf", static_cast<uint32_t>(left), entry))) {
    ++left;
  }
  EXPECT_EQ(left, pinned);
}

}  // namespace
}  // namespace ebpf
