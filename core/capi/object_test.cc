// SPDX-License-Identifier: MIT
//
// An object as a kernel, or an application in one, has it through the C face.
#include <memory>
#include <string>

#include "core/capi/ebpf_object.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/test_objects.h"
#include "core/memory/allocator.h"
#include "core/syscall/system.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

// nop; ret
constexpr uint8_t kNothing[] = {0x90, 0xc3};

class ObjectTest : public testing::Test {
 protected:
  ObjectTest()
      : bytes_(loader::ReadObject("core/capi/object.x86_64.bpf.o")),
        blocks_(HostAllocatedBlocks()) {
    EXPECT_EQ(InitSystem(HostMachineOps()), Status::kOk);
    client_ = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  }
  ~ObjectTest() override {
    ebpf_client_delete(client_);
    RunHostDeferred();
    ExitSystem();
    EXPECT_EQ(HostAllocatedBlocks(), blocks_);
    EXPECT_EQ(second_->bytes()[0], kNothing[0]);
  }

  int Open(ebpf_object** object) {
    const ebpf_object_log log = {log_, sizeof(log_), 0};
    return ebpf_object_open(client_, bytes_.data(), bytes_.size(), &log,
                            object);
  }
  ebpf_object* Loaded() {
    ebpf_object* object = nullptr;
    EXPECT_EQ(Open(&object), 0) << log_;
    EXPECT_EQ(ebpf_object_load(object), 0) << log_;
    return object;
  }
  uint64_t Runs(ebpf_object* object, uint32_t index) {
    uint64_t value = 0;
    linux_abi::MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(ebpf_object_map(object, "runs"));
    attr.key = reinterpret_cast<uint64_t>(&index);
    attr.value = reinterpret_cast<uint64_t>(&value);
    EXPECT_EQ(ebpf_bpf(client_, linux_abi::kMapLookupElem,
                       reinterpret_cast<uint64_t>(&attr), sizeof(attr)),
              0);
    return value;
  }
  void CallBoth() {
    first_->As<void()>()();
    second_->As<void()>()();
  }

  std::vector<uint8_t> bytes_;
  const uint64_t blocks_;
  HostTraps traps_;
  std::unique_ptr<HostText> first_ =
      std::make_unique<HostText>("capi_object_first", kNothing);
  std::unique_ptr<HostText> second_ =
      std::make_unique<HostText>("capi_object_second", kNothing);
  ebpf_client* client_ = nullptr;
  char log_[4096] = "untouched";
};

TEST_F(ObjectTest, IsLoadedAttachedAndGone) {
  ebpf_object* const object = Loaded();
  EXPECT_STREQ(log_, "");
  EXPECT_GT(ebpf_object_program(object, "at_any"), 0);
  EXPECT_EQ(ebpf_object_program(object, "on_demand"), -ENOENT);
  EXPECT_EQ(ebpf_object_program(object, "none"), -ENOENT);
  EXPECT_EQ(ebpf_object_map(object, "none"), -ENOENT);

  // What says to what: not "at_any", and not what is loaded on demand.
  EXPECT_EQ(ebpf_object_attach_all(object), 2);
  CallBoth();
  EXPECT_EQ(Runs(object, 0), 1u);
  EXPECT_EQ(Runs(object, 1), 1u);
  EXPECT_EQ(Runs(object, 2), 0u);

  const int64_t any =
      ebpf_object_attach(object, "at_any", "capi_object_second", 1);
  EXPECT_GT(any, 0) << log_;
  CallBoth();
  EXPECT_EQ(Runs(object, 2), 1u);
  EXPECT_EQ(ebpf_object_detach(object, any), 0);
  EXPECT_EQ(ebpf_object_detach(object, any), -EBADF);
  CallBoth();
  EXPECT_EQ(Runs(object, 1), 3u);
  EXPECT_EQ(Runs(object, 2), 1u);

  ebpf_object_close(object);
  EXPECT_EQ(first_->bytes()[0], kNothing[0]);
}

TEST_F(ObjectTest, SaysInWordsWhatCannotBeAttached) {
  ebpf_object* const object = Loaded();
  EXPECT_EQ(ebpf_object_attach(object, "at_any", nullptr, 0), -EINVAL);
  EXPECT_EQ(ebpf_object_attach(object, "none", nullptr, 0), -ENOENT);
  EXPECT_EQ(ebpf_object_attach(object, "at_any", "no_function", 0), -ENOENT);
  EXPECT_STREQ(log_, "kprobe 'no_function': errno 2\n");
  ebpf_object_close(object);
}

TEST_F(ObjectTest, AttachesAllOrNone) {
  ebpf_object* const object = Loaded();
  second_.reset();
  EXPECT_EQ(ebpf_object_attach_all(object), -ENOENT);
  EXPECT_STREQ(log_, "kretprobe 'capi_object_second': errno 2\n");
  EXPECT_EQ(first_->bytes()[0], kNothing[0]) << "the first one was ended";
  second_ = std::make_unique<HostText>("capi_object_second", kNothing);
  EXPECT_EQ(ebpf_object_attach_all(object), 2);
  ebpf_object_close(object);
}

TEST_F(ObjectTest, NeedsNoLog) {
  ebpf_object* object = nullptr;
  ASSERT_EQ(
      ebpf_object_open(client_, bytes_.data(), bytes_.size(), nullptr, &object),
      0);
  EXPECT_EQ(ebpf_object_load(object), 0);
  EXPECT_EQ(ebpf_object_attach(object, "at_any", "no_function", 0), -ENOENT);
  ebpf_object_close(object);
  EXPECT_STREQ(log_, "untouched");
}

TEST_F(ObjectTest, BadFilesAndProcessesAreRefused) {
  ebpf_object* object = nullptr;
  bytes_.resize(bytes_.size() / 2);
  EXPECT_EQ(Open(&object), -ENOEXEC);
  EXPECT_NE(std::string(log_), "");
  bytes_.clear();
  EXPECT_EQ(Open(&object), -ENOEXEC);
  ebpf_client* const process = ebpf_client_create(EBPF_ORIGIN_USER);
  EXPECT_EQ(ebpf_object_open(process, bytes_.data(), 0, nullptr, &object),
            -EINVAL);
  ebpf_client_delete(process);
  EXPECT_EQ(object, nullptr);
}

TEST_F(ObjectTest, EachFailedAllocationLeavesNothing) {
  // What the first attachment makes and leaves for the next.
  ebpf_object* const first = Loaded();
  EXPECT_EQ(ebpf_object_attach_all(first), 2);
  ebpf_object_close(first);
  RunHostDeferred();
  uint64_t n = 0;
  for (bool failed = true; failed;) {
    const uint64_t bytes = PortAllocatedBytes();
    FailNthAllocation(++n);
    ebpf_object* object = nullptr;
    int64_t result = Open(&object);
    if (result == 0) {
      result = ebpf_object_load(object);
      if (result == 0) {
        result = ebpf_object_attach_all(object);
      }
      failed = AllocationFailed();
      FailNthAllocation(0);
      ebpf_object_close(object);
    } else {
      failed = AllocationFailed();
      FailNthAllocation(0);
      EXPECT_EQ(object, nullptr);
    }
    // Some are for what can be done without: a tag, a detour.
    if (result != 2 || !failed) {
      EXPECT_EQ(result, failed ? -ENOMEM : 2) << "n = " << n;
    }
    RunHostDeferred();
    EXPECT_EQ(PortAllocatedBytes(), bytes) << "n = " << n;
  }
  EXPECT_GT(n, 20u);
}

}  // namespace
}  // namespace ebpf
