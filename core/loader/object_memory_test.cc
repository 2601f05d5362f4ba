// SPDX-License-Identifier: MIT
//
// Each allocation of a load fails in turn, on programs of all kinds: ENOMEM,
// and nothing is left of it.
#include <string>
#include <vector>

#include "core/loader/object.h"
#include "core/loader/test_kernel.h"
#include "core/syscall/system.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf::loader {
namespace {

class ObjectMemoryTest : public testing::TestWithParam<verifier::Profile> {
 protected:
  ObjectMemoryTest() : log_(buffer_, sizeof(buffer_)) {
    KernelView view;
    view.profile = GetParam();
    view.btf = &kernel_.btf();
    EXPECT_EQ(InitSystem(HostMachineOps(), {}, view), Status::kOk);
    client_ = *Client::Create(Origin::kKernel, PortAllocator());
  }
  ~ObjectMemoryTest() override {
    client_->Delete();
    ExitSystem();
  }

  Kernel kernel() const {
    Kernel kernel = kernel_.kernel();
    kernel.only_judges = GetParam() == verifier::Profile::kLinux;
    return kernel;
  }

  /// Loads program `index` while its 1st, 2nd, ... allocation fails; how many
  /// it has. Its verdict stays what it is with memory.
  uint64_t FailEach(Object& object, size_t index) {
    LoadRequest request;
    request.log_level = 2;
    request.log = Span<char>(verifier_log_, sizeof(verifier_log_));
    const Status verdict = object.LoadProgram(index, request);
    object.Unload(index);
    for (uint64_t n = 1;; ++n) {
      const uint64_t bytes = PortAllocatedBytes();
      const uint64_t exec_bytes = HostExecBytes();
      FailNthAllocation(n);
      const Status status = object.LoadProgram(index, request);
      const bool failed = AllocationFailed();
      FailNthAllocation(0);
      object.Unload(index);
      const std::string name = ToString(object.file().programs()[index].name);
      EXPECT_EQ(PortAllocatedBytes(), bytes) << name << ", n = " << n;
      EXPECT_EQ(HostExecBytes(), exec_bytes) << name << ", n = " << n;
      if (!failed) {
        EXPECT_EQ(status, verdict) << name;
        return n - 1;
      }
      // A log may do with less memory, and a compiler leave it to the
      // interpreter.
      EXPECT_TRUE(status == Status::kNoMemory || status == verdict ||
                  status == Status::kNoSpace)
          << name << ", n = " << n << ": " << static_cast<int>(status);
    }
  }

  struct Outcome {
    Status status;
    bool failed;  // an allocation
  };
  /// Opens `bytes` and goes on with `rest` while the `n`th allocation fails (0:
  /// none); nothing is left of it.
  template <typename Rest>
  Outcome FailOne(const std::vector<uint8_t>& bytes, uint64_t n, Rest rest) {
    const uint64_t before = PortAllocatedBytes();
    Outcome outcome;
    {
      Object object(*client_, PortAllocator(), log_, kernel());
      FailNthAllocation(n);
      outcome.status = object.Open(ToBytes(bytes));
      if (IsOk(outcome.status)) {
        outcome.status = rest(object);
      }
      outcome.failed = AllocationFailed();
      FailNthAllocation(0);
    }
    EXPECT_EQ(PortAllocatedBytes(), before) << "n = " << n;
    return outcome;
  }

  HostTraps traps_;
  TestKernel kernel_;
  Client* client_ = nullptr;
  char buffer_[1 << 14];
  char verifier_log_[1 << 16];
  TextWriter log_;
};

INSTANTIATE_TEST_SUITE_P(, ObjectMemoryTest,
                         testing::Values(verifier::Profile::kLinux,
                                         verifier::Profile::kPort),
                         [](const auto& info) {
                           return info.param == verifier::Profile::kLinux
                                      ? "Judged"
                                      : "Run";
                         });

TEST_P(ObjectMemoryTest, EachAllocationOfFiftyProgramsMayFail) {
  size_t programs = 0;
  uint64_t allocations = 0;
  std::vector<const char*> paths = {"core/loader/kinds.x86_64.bpf.o",
                                    "core/loader/shapes.x86_64.bpf.o"};
  if (GetParam() == verifier::Profile::kLinux) {
    paths.push_back(kClientObject);  // has maps in maps
  }
  for (const char* path : paths) {
    const std::vector<uint8_t> bytes = ReadObject(path);
    Object object(*client_, PortAllocator(), log_, kernel());
    ASSERT_EQ(object.Open(ToBytes(bytes)), Status::kOk)
        << ToString(log_.text());
    ASSERT_EQ(object.CreateMaps(), Status::kOk) << ToString(log_.text());
    for (size_t i = 0; i < object.program_count(); ++i) {
      ++programs;
      allocations += FailEach(object, i);
    }
  }
  EXPECT_GE(programs, 50u);
  printf("%zu programs, %llu allocations failed\n", programs,
         static_cast<unsigned long long>(allocations));
}

TEST_P(ObjectMemoryTest, EachAllocationOfBtfAndMapsMayFail) {
  const std::vector<uint8_t> bytes = ReadObject(kClientObject);
  if (GetParam() == verifier::Profile::kPort) {
    GTEST_SKIP() << "has maps in maps";
  }
  for (uint64_t n = 1;; ++n) {
    const auto [status, failed] =
        FailOne(bytes, n, [](Object& object) { return object.CreateMaps(); });
    EXPECT_EQ(status, failed ? Status::kNoMemory : Status::kOk) << "n = " << n;
    if (!failed) {
      break;
    }
  }
}

TEST_P(ObjectMemoryTest, EachAllocationOfAWholeLoadMayFail) {
  if (GetParam() == verifier::Profile::kPort) {
    GTEST_SKIP() << "has maps in maps";
  }
  for (const char* path : {kClientObject, "core/loader/kinds.x86_64.bpf.o",
                           "core/loader/shapes.x86_64.bpf.o"}) {
    SCOPED_TRACE(path);
    const std::vector<uint8_t> bytes = ReadObject(path);
    Status verdict = Status::kOk;
    for (uint64_t n = 0;; ++n) {  // 0: none fails
      const auto [status, failed] =
          FailOne(bytes, n, [](Object& object) { return object.Load(1); });
      verdict = n == 0 ? status : verdict;
      // A log may do with less memory.
      EXPECT_TRUE(status == verdict || status == Status::kNoMemory)
          << "n = " << n << ": " << static_cast<int>(status);
      if (n != 0 && !failed) {
        break;
      }
    }
  }
}

TEST_P(ObjectMemoryTest, EachAllocationOfTheFirstRelocationMayFail) {
  if (GetParam() == verifier::Profile::kPort) {
    GTEST_SKIP() << "has maps in maps";
  }
  const std::vector<uint8_t> bytes = ReadObject(kClientObject);
  for (uint64_t n = 1;; ++n) {
    Object object(*client_, PortAllocator(), log_, kernel());
    ASSERT_EQ(object.Open(ToBytes(bytes)), Status::kOk);
    ASSERT_EQ(object.CreateMaps(), Status::kOk);
    size_t index = 0;
    while (object.file().programs()[index].name != "relocates") {
      ++index;
    }
    FailNthAllocation(n);
    const Status status = object.LoadProgram(index, LoadRequest());
    const bool failed = AllocationFailed();
    FailNthAllocation(0);
    EXPECT_EQ(status == Status::kNoMemory, failed) << "n = " << n;
    if (!failed) {
      break;
    }
  }
}

/// Another kernel, which refuses everything.
int64_t Refuse(uint32_t /*command*/, const void* /*attr*/, uint32_t /*size*/) {
  return -static_cast<int64_t>(Status::kInvalid);
}
int64_t CloseNothing(int /*fd*/) { return 0; }

TEST_P(ObjectMemoryTest, MemoryForAReasonMayFail) {
  const std::vector<uint8_t> bytes = ReadObject(kClientObject);
  Kernel refusing = kernel();
  refusing.bpf = Refuse;
  refusing.close = CloseNothing;
  for (uint64_t n = 1;; ++n) {
    Object object(*client_, PortAllocator(), log_, refusing);
    ASSERT_EQ(object.Open(ToBytes(bytes)), Status::kOk);
    FailNthAllocation(n);
    const Status status = object.CreateMaps();
    const bool failed = AllocationFailed();
    FailNthAllocation(0);
    EXPECT_EQ(status, failed ? Status::kNoMemory : Status::kInvalid) << n;
    if (!failed) {
      break;
    }
  }
}

}  // namespace
}  // namespace ebpf::loader
