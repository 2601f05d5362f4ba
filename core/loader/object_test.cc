// SPDX-License-Identifier: MIT
//
// The whole path: objects that clang made, loaded through bpf(2), on functions
// with real breakpoints.
#include "core/loader/object.h"

#include <string>
#include <thread>

#include "core/base/memory.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/loader/test_objects.h"
#include "core/platform/cpu.h"
#include "core/syscall/trace_pipe.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_text.h"
#include "testing/programs/count.h"
#include "testing/programs/events.h"

namespace ebpf::loader {
namespace {

const char kCount[] = "testing/programs/count.x86_64.bpf.o";
const char kEvents[] = "testing/programs/events.x86_64.bpf.o";
const char kIterators[] = "testing/programs/iterators.x86_64.bpf.o";
const char kPrint[] = "testing/programs/print.x86_64.bpf.o";
const char kNoNullCheck[] = "testing/programs/no_null_check.x86_64.bpf.o";
const char kReturns[] = "testing/programs/returns.x86_64.bpf.o";
const char kShapes[] = "core/loader/shapes.x86_64.bpf.o";

// push rbp; mov rbp, rsp; mov rax, rdx; pop rbp; ret: returns its third
// argument, as a read(2) that is given all it asks for.
constexpr uint8_t kCode[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                             0x89, 0xd0, 0x5d, 0xc3};
using Call = uint64_t(uint64_t, const void*, uint64_t);

class ObjectTest : public testing::Test {
 protected:
  ObjectTest()
      : text_("kernel_function", kCode),
        call_(text_.As<Call>()),
        caller_(Origin::kKernel),
        log_(buffer_, sizeof(buffer_)) {}
  ~ObjectTest() override { caller_.client().fds().CloseAll(); }

  std::string log() const { return {log_.text().data(), log_.text().size()}; }
  Status OpenAndLoad(Object& object, const char* path, uint32_t level = 0) {
    bytes_ = ReadObject(path);
    EXPECT_FALSE(bytes_.empty()) << path;
    const Status status = object.Open(ToBytes(bytes_));
    if (!IsOk(status)) {
      return status;
    }
    log_.Clear();
    return object.Load(level);
  }
  template <typename Value, typename Key>
  Value Lookup(Object& object, const char* map, Key key) {
    std::vector<uint8_t> bytes(4096);  // the map's values may be larger
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, *object.MapFd(map),
                           reinterpret_cast<uint64_t>(&key),
                           reinterpret_cast<uint64_t>(bytes.data())),
              0)
        << map;
    return LoadUnaligned<Value>(bytes.data());
  }
  bool TextIsUntouched() const {
    return EqualBytes(text_.bytes(), ConstBytes(kCode));
  }

  TestSystem system_;
  HostText text_;
  Call* call_;
  TestCaller caller_;
  std::vector<uint8_t> bytes_;
  char buffer_[1 << 16];
  TextWriter log_;
};

TEST_F(ObjectTest, CountsByArgumentBySizeAndByCpu) {
  Object object(caller_.client(), PortAllocator(), log_);
  ASSERT_EQ(OpenAndLoad(object, kCount), Status::kOk) << log();
  ASSERT_EQ(object.program_count(), 1u);
  EXPECT_GT(object.program(0).insn_count, 20u);
  const Result<int> link = object.Attach(0, "kernel_function");
  ASSERT_TRUE(link.ok()) << log();

  EXPECT_EQ(call_(3, nullptr, 100), 100u);
  EXPECT_EQ(call_(3, nullptr, 120), 120u);
  EXPECT_EQ(call_(4, nullptr, 5000), 5000u);
  std::thread([this] {
    HostCpu cpu(2);
    EXPECT_EQ(call_(4, nullptr, 1), 1u);
  }).join();

  EXPECT_EQ(Lookup<uint64_t>(object, "hits", uint64_t{3}), 2u);
  EXPECT_EQ(Lookup<uint64_t>(object, "hits", uint64_t{4}), 2u);
  EXPECT_EQ(Lookup<uint64_t>(object, "sizes", uint32_t{6}), 2u);   // 64..127
  EXPECT_EQ(Lookup<uint64_t>(object, "sizes", uint32_t{12}), 1u);  // ..8191
  EXPECT_EQ(Lookup<uint64_t>(object, "sizes", uint32_t{0}), 1u);
  struct PerCpu {
    call_count of[kMaxHostCpus];
  };
  const PerCpu calls = Lookup<PerCpu>(object, "calls", uint32_t{0});
  EXPECT_EQ(calls.of[ebpf_port_cpu_id()].hits, 3u);
  EXPECT_EQ(calls.of[ebpf_port_cpu_id()].sum_of_sizes, 5220u);
  EXPECT_EQ(calls.of[2].hits, 1u);

  EXPECT_EQ(object.Detach(*link), Status::kOk);
  EXPECT_TRUE(TextIsUntouched());
  call_(3, nullptr, 100);
  EXPECT_EQ(Lookup<uint64_t>(object, "hits", uint64_t{3}), 2u);
}

TEST_F(ObjectTest, SendsARecordForEachCallThroughTheRing) {
  Object object(caller_.client(), PortAllocator(), log_);
  ASSERT_EQ(OpenAndLoad(object, kEvents), Status::kOk) << log();
  ASSERT_TRUE(object.Attach(0, "kernel_function").ok()) << log();
  SetHostTask(7, 5, "opener");

  const char path[] = "/etc/motd";
  call_(reinterpret_cast<uint64_t>(path), reinterpret_cast<const void*>(0x42),
        0);
  call_(0x10, nullptr, 0);  // nothing there to be read

  const int ring = *object.MapFd("events");
  open_event event{};
  const auto read = [&] {
    return Read(caller_.client(), ring,
                caller_.client().Pointer(reinterpret_cast<uint64_t>(&event)),
                sizeof(event));
  };
  ASSERT_EQ(read(), static_cast<int64_t>(sizeof(event)));
  EXPECT_STREQ(event.path, path);
  EXPECT_EQ(event.path_size, static_cast<int>(sizeof(path)));
  EXPECT_STREQ(event.comm, "opener");
  EXPECT_EQ(event.pid, 7u);
  EXPECT_EQ(event.cpu, ebpf_port_cpu_id());
  EXPECT_EQ(event.flags, 0x42u);
  ASSERT_EQ(read(), static_cast<int64_t>(sizeof(event)));
  EXPECT_EQ(event.path_size, -14);
  EXPECT_EQ(read(), Minus(Status::kTryAgain));
  EXPECT_EQ(Lookup<uint64_t>(object, ".bss", uint32_t{0}), 0u);  // dropped
  SetHostTask(1, 1, "host");
}

TEST_F(ObjectTest, PrintsLinesIntoTheTrace) {
  Object object(caller_.client(), PortAllocator(), log_);
  ASSERT_EQ(OpenAndLoad(object, kPrint), Status::kOk) << log();
  ASSERT_TRUE(object.Attach(0, "kernel_function").ok()) << log();

  call_(9, nullptr, 77);

  char text[4096];
  const std::string line(text, ReadTracePipe(Span<char>(text)));
  EXPECT_NE(line.find("write fd=9 size=77\n"), std::string::npos) << line;
}

TEST_F(ObjectTest, ARejectedProgramLeavesTheVerifiersLog) {
  Object object(caller_.client(), PortAllocator(), log_);

  EXPECT_EQ(OpenAndLoad(object, kNoNullCheck), Status::kAccess);

  EXPECT_NE(log().find("R0 invalid mem access 'map_value_or_null'"),
            std::string::npos)
      << log();
  EXPECT_NE(log().find("processed"), std::string::npos);
  EXPECT_NE(log().find("program 'no_null_check': refused, errno 13"),
            std::string::npos)
      << log();
  EXPECT_EQ(object.program(0).status, Status::kAccess);
  EXPECT_EQ(object.program(0).fd, 0);
  EXPECT_EQ(object.Attach(0, "kernel_function").status(), Status::kInvalid);
}

TEST_F(ObjectTest, ALogLevelShowsAlsoWhatIsTaken) {
  Object object(caller_.client(), PortAllocator(), log_);

  ASSERT_EQ(OpenAndLoad(object, kPrint, 2), Status::kOk) << log();

  EXPECT_NE(log().find("0: R1=ctx() R10=fp0"), std::string::npos) << log();
  EXPECT_NE(log().find("processed"), std::string::npos);
}

TEST_F(ObjectTest, ALongLogHidesNoVerdict) {
  Object object(caller_.client(), PortAllocator(), log_);

  // Its states fill more than the loader asks for at first.
  EXPECT_EQ(OpenAndLoad(object, kCount, 2), Status::kOk);

  EXPECT_GT(log_.wanted(), 100'000u);
  EXPECT_LT(log_.wanted(), 300'000u);
}

TEST_F(ObjectTest, GlobalDataIsThereBeforeAnyProgramRuns) {
  Object object(caller_.client(), PortAllocator(), log_);
  bytes_ = ReadObject(kShapes);
  ASSERT_EQ(object.Open(ToBytes(bytes_)), Status::kOk) << log();
  (void)object.Load();  // bpf_loop does not exist yet

  struct Data {
    uint64_t first;
    uint32_t second;
  } __attribute__((packed));
  const Data data = Lookup<Data>(object, ".data", uint32_t{0});
  EXPECT_EQ(data.first, 0x1122334455667788u);
  EXPECT_EQ(data.second, 2u);
  EXPECT_EQ(Lookup<uint32_t>(object, ".rodata", uint32_t{0}), 41u);
  EXPECT_EQ(Lookup<uint32_t>(object, ".data.custom", uint32_t{0}), 99u);
  // SEC("kprobe/one") with subprograms is the first of the three.
  EXPECT_GT(object.program(0).fd, 0) << log();
}

TEST_F(ObjectTest, AnIteratorIsReadAsText) {
  Kernel kernel;
  kernel.btf = RunningSystem()->kernel.btf;
  Object object(caller_.client(), PortAllocator(), log_, kernel);
  ASSERT_EQ(OpenAndLoad(object, kIterators), Status::kOk) << log();
  const auto index_of = [&](const char* name) {
    size_t i = 0;
    while (!(object.file().programs()[i].name == name)) {
      ++i;
    }
    return i;
  };
  const size_t elements = index_of("dump_elements");
  const int map = *object.MapFd("it_array");
  const Result<int> link = object.AttachIterator(elements, map);
  ASSERT_TRUE(link.ok()) << log();
  const int64_t file =
      caller_.Call(linux_abi::kIterCreate,
                   linux_abi::IterCreateAttr{static_cast<uint32_t>(*link), 0});
  ASSERT_GE(file, 0);
  char text[256] = {};
  Client& client = caller_.client();
  EXPECT_EQ(
      Read(client, static_cast<int32_t>(file),
           client.Pointer(reinterpret_cast<uint64_t>(text)), sizeof(text) - 1),
      49);
  EXPECT_STREQ(text, "0: 0\n1: 0\n2: 0\n3: 0\n4: 0\nend of it_array, type 2\n");

  EXPECT_EQ(object.AttachIterator(elements).status(), Status::kBadFd);
  EXPECT_EQ(log(), "iterator 'bpf_map_elem': errno 9\n");
  EXPECT_EQ(object.AttachIterator(1000).status(), Status::kInvalid);
  log_.Clear();
  EXPECT_EQ(object.Attach(elements, "kernel_function").status(),
            Status::kNotSupported);
  EXPECT_EQ(log(),
            "program 'dump_elements': section 'iter/bpf_map_elem' is for "
            "nothing that can be attached so\n");
  EXPECT_EQ(object.Detach(*link), Status::kOk);
  EXPECT_EQ(object.Detach(*link), Status::kBadFd);
  EXPECT_TRUE(object.AttachIterator(index_of("dump_maps")).ok()) << log();
}

TEST_F(ObjectTest, FollowsCallsToTheirReturns) {
  Object object(caller_.client(), PortAllocator(), log_);
  ASSERT_EQ(OpenAndLoad(object, kReturns), Status::kOk) << log();
  ASSERT_EQ(object.program_count(), 2u);
  const size_t follow = object.file().programs()[0].name == "follow" ? 0 : 1;
  const Result<int> link = object.Attach(follow, "");
  ASSERT_TRUE(link.ok()) << log();
  for (uint64_t i = 1; i <= 10; ++i) {
    EXPECT_EQ(call_(3, nullptr, i * i), i * i);
  }
  struct {
    uint64_t returned;
    uint64_t sum;
    uint64_t function;
  } seen = {};
  const uint32_t zero = 0;
  ASSERT_EQ(caller_.Elem(linux_abi::kMapLookupElem, *object.MapFd(".bss"),
                         reinterpret_cast<uint64_t>(&zero),
                         reinterpret_cast<uint64_t>(&seen)),
            0);
  EXPECT_EQ(seen.returned, 10u);
  EXPECT_EQ(seen.sum, 385u);
  EXPECT_EQ(seen.function, text_.address());

  log_.Clear();
  EXPECT_EQ(object.Attach(1 - follow, "").status(), Status::kInvalid);
  EXPECT_NE(log().find("kretprobe 'kernel_function': errno 22"),
            std::string::npos)
      << log();
  EXPECT_EQ(object.Detach(*link), Status::kOk);
  EXPECT_TRUE(TextIsUntouched());
  EXPECT_EQ(call_(3, nullptr, 5), 5u);
}

TEST_F(ObjectTest, AttachingSaysWhatIsWrong) {
  Object object(caller_.client(), PortAllocator(), log_);
  ASSERT_EQ(OpenAndLoad(object, kCount), Status::kOk) << log();
  log_.Clear();
  EXPECT_EQ(object.Attach(0, "no_such_function").status(), Status::kNotFound);
  EXPECT_NE(log().find("kprobe 'no_such_function': errno 2"), std::string::npos)
      << log();
  EXPECT_EQ(object.Attach(0, "kernel_function", 2).status(),
            Status::kBadSequence);
  EXPECT_EQ(object.Attach(0, "").status(), Status::kInvalid);
  EXPECT_EQ(object.Attach(1, "kernel_function").status(), Status::kInvalid);
  const std::string longer(600, 'x');
  EXPECT_EQ(object.Attach(0, longer.c_str()).status(), Status::kTooBig);
  EXPECT_TRUE(TextIsUntouched());
}

TEST_F(ObjectTest, AttachesAndDetachesAnyNumberOfTimes) {
  Object object(caller_.client(), PortAllocator(), log_);
  ASSERT_EQ(OpenAndLoad(object, kCount), Status::kOk) << log();
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    const Result<int> link = object.Attach(0, "kernel_function");
    ASSERT_TRUE(link.ok());
    call_(1, nullptr, 1);
    EXPECT_EQ(object.Detach(*link), Status::kOk);
    EXPECT_EQ(object.Detach(*link), Status::kBadFd);
    EXPECT_TRUE(TextIsUntouched());
    bytes = i == 0 ? PortAllocatedBytes() : bytes;
    EXPECT_EQ(PortAllocatedBytes(), bytes) << i;
  }
  EXPECT_EQ(Lookup<uint64_t>(object, "hits", uint64_t{1}), 100u);
}

TEST_F(ObjectTest, TwoAttachmentsOfOneProgramBothCount) {
  Object object(caller_.client(), PortAllocator(), log_);
  ASSERT_EQ(OpenAndLoad(object, kCount), Status::kOk) << log();
  ASSERT_TRUE(object.Attach(0, "kernel_function").ok());
  ASSERT_TRUE(object.Attach(0, "kernel_function", 1).ok());

  call_(1, nullptr, 1);

  EXPECT_EQ(Lookup<uint64_t>(object, "hits", uint64_t{1}), 2u);
}

TEST_F(ObjectTest, ClosingEndsEverything) {
  const uint64_t bytes = PortAllocatedBytes();
  {
    Object object(caller_.client(), PortAllocator(), log_);
    ASSERT_EQ(OpenAndLoad(object, kCount), Status::kOk) << log();
    ASSERT_TRUE(object.Attach(0, "kernel_function").ok());
    object.Close();
    EXPECT_TRUE(TextIsUntouched());
    EXPECT_EQ(object.MapFd("hits").status(), Status::kNotFound);
    EXPECT_EQ(object.Attach(0, "kernel_function").status(), Status::kInvalid);
    // What is closed can be loaded again.
    EXPECT_EQ(object.Load(), Status::kOk);
  }
  EXPECT_EQ(PortAllocatedBytes(), bytes);
  EXPECT_EQ(caller_.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1), 3);
}

TEST_F(ObjectTest, EachAllocationMayFail) {
  const std::vector<uint8_t> files[] = {ReadObject(kCount),
                                        ReadObject(kEvents)};
  for (const std::vector<uint8_t>& file : files) {
    FailEachAllocation(
        "open, load and attach an object", caller_,
        [&]() -> int64_t {
          log_.Clear();
          Object object(caller_.client(), PortAllocator(), log_);
          Status status = object.Open(ToBytes(file));
          if (IsOk(status)) {
            status = object.Load();
          }
          if (IsOk(status)) {
            status = object.Attach(0, "kernel_function").status();
          }
          return Minus(status);
        },
        [](int64_t /*ok*/) {});
    EXPECT_TRUE(TextIsUntouched());
  }
}

TEST_F(ObjectTest, ALoadThatFailedGoesOnWhereItStopped) {
  Object object(caller_.client(), PortAllocator(), log_);
  bytes_ = ReadObject(kCount);
  ASSERT_EQ(object.Open(ToBytes(bytes_)), Status::kOk);
  int failures = 0;
  Status status = Status::kNoMemory;
  // The tenth is somewhere in the middle; each time some more is there.
  while (status == Status::kNoMemory && failures < 100) {
    FailNthAllocation(10);
    status = object.Load();
    failures += AllocationFailed() ? 1 : 0;
    FailNthAllocation(0);
  }
  EXPECT_GT(failures, 0);
  EXPECT_TRUE(status == Status::kOk || failures == 100) << log();
  EXPECT_EQ(object.Load(), Status::kOk) << log();
  EXPECT_TRUE(object.Attach(0, "kernel_function").ok());
}

}  // namespace
}  // namespace ebpf::loader
