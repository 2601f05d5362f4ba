// SPDX-License-Identifier: MIT
#include "core/tracepoints/probe_event.h"

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "core/tracepoints/event_format.h"
#include "core/tracepoints/print_format.h"
#include "core/tracepoints/probe_event_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

/// Keeps the text of each record.
class Printed final : public RecordConsumer {
 public:
  void* Reserve(size_t size, const EventPlace& place) override {
    EXPECT_NE(place.regs, nullptr);
    memory_.assign((size + 7) / 8, 0xa5a5'a5a5'a5a5'a5a5);
    return memory_.data();
  }
  void Commit(void* record, size_t size, const EventPlace& /*place*/) override {
    last.assign(static_cast<const char*>(record), size);
    ++count;
  }

  std::string Text(const TraceEvent& event) const {
    char buffer[1024];
    TextWriter writer(buffer, sizeof(buffer));
    PrintRecord(
        writer, event,
        ConstBytes(reinterpret_cast<const uint8_t*>(last.data()), last.size()));
    const StringView text = writer.text();
    return std::string(text.data(), text.size());
  }

  std::atomic<uint64_t> count{0};
  std::string last;

 private:
  std::vector<uint64_t> memory_;
};

class ProbeEventTest : public NamedProbeTest {
 protected:
  static std::string Error() {
    const std::string text = ErrorLog();
    return text.empty() ? "" : text.substr(text.find("] ") + 2);
  }
  static TraceEventRef Find(const char* name) {
    TraceEventRef event = TraceEvents::Find("kprobes", name);
    EXPECT_TRUE(event);
    return event;
  }
  /// A hit of `add(first, second)` as the event's print format tells it.
  std::string HitText(const char* name, uint64_t first, uint64_t second) {
    TraceEventRef event = Find(name);
    Printed printed;
    EXPECT_EQ(event->AddConsumer(printed), Status::kOk);
    EXPECT_EQ(text_.As<Function>()(first, second), first + second);
    event->RemoveConsumer(printed);
    EXPECT_EQ(printed.count, 1u);
    std::string text = printed.Text(*event);
    return text.substr(text.find(") ") + 2);
  }
};

TEST_F(ProbeEventTest, ARecordHasWhatItsArgumentsAskFor) {
  char text[] = "some text";
  uint32_t words[4] = {1, 0x80000000, 3, 4};
  const char* texts[2] = {"one", "two"};
  const struct {
    char* text;
    uint32_t* words;
    const char** texts;
  } object = {text, words, texts};
  const struct {
    const char* arguments;
    const char* text;
  } kCases[] = {
      {"$arg1 %si:u8 a=%si:s8 b=%si:x16", "arg1=ADDRESS arg2=254 a=-2 b=0x1fe"},
      {"a=+0(+0(%di)):string", "a=\"some text\""},
      {"a=+5(+0($arg1)):char", "a=\'t\'"},
      {"a=+0(+8(%di)):u32[3]", "a={1,2147483648,3}"},
      {"a=+4(+8(%di)):s32", "a=-2147483648"},
      {"a=+4(+8(%di)):b4@28/32 b=%si:b8@1/16", "a=8 b=255"},
      {"a=+0(+16(%di)):string[2]", "a={\"one\",\"two\"}"},
      {"a=\\-5:s64 b=\\0x10 c=\\\"abc\"", "a=-5 b=0x10 c=\"abc\""},
      {"a=+0(\\8):u64 b=+0(\\8):string c=%di", "a=0 b=\"(fault)\" c=ADDRESS"},
      {"a=$stack0:u8 b=+0($stack):u8", "a=LOW b=LOW"},
  };
  int number = 0;
  for (const auto& one : kCases) {
    const std::string name = "e" + std::to_string(number++);
    ASSERT_EQ(Write("p:" + name + " kernel_add " + one.arguments), Status::kOk)
        << one.arguments << "\n"
        << Error();
    const auto address = reinterpret_cast<uint64_t>(&object);
    std::string got = HitText(name.c_str(), address, 0x1fe);
    char hex[32];
    snprintf(hex, sizeof(hex), "0x%lx", address);
    for (size_t at; (at = got.find(hex)) != std::string::npos;) {
      got.replace(at, strlen(hex), "ADDRESS");
    }
    if (std::string(one.text).find("LOW") != std::string::npos) {
      // Whatever the return address is, both read it.
      const size_t b = got.find(" b=");
      EXPECT_EQ(got.substr(2, b - 2), got.substr(b + 3)) << got;
      continue;
    }
    EXPECT_EQ(got, one.text) << one.arguments;
  }
}

TEST_F(ProbeEventTest, AReturnTellsItsValueAndWhereFrom) {
  ASSERT_EQ(Write("r:back kernel_add $retval:u32"), Status::kOk) << Error();
  EXPECT_EQ(HitText("back", 40, 2), "arg1=42");
}

TEST_F(ProbeEventTest, AReturnTellsWhatTheFunctionWasCalledWith) {
  const char* text = "its text";
  const auto address = reinterpret_cast<uint64_t>(&text);
  ASSERT_EQ(Write("r:back kernel_add a=$arg2:s32 b=$arg2:u8 "
                  "c=+0(+0($arg1)):string d=$retval:u64 e=+0($arg1):u64[1]"),
            Status::kOk)
      << Error();
  const uint64_t minus = 0xffff'ffff'ffff'fffd;
  EXPECT_EQ(HitText("back", address, minus),
            "a=-3 b=253 c=\"its text\" d=" + std::to_string(address - 3) +
                " e={" + std::to_string(reinterpret_cast<uint64_t>(text)) +
                "}");
}

TEST_F(ProbeEventTest, ArgumentsOnTheStackAreKeptToo) {
  // mov rax, [rsp + 16]; mov qword ptr [rsp + 16], 0; ret: the eighth.
  constexpr uint8_t kEighth[] = {0x48, 0x8b, 0x44, 0x24, 0x10, 0x48, 0xc7, 0x44,
                                 0x24, 0x10, 0,    0,    0,    0,    0xc3};
  HostText eighth("kernel_eighth", kEighth);
  ASSERT_EQ(Write("r:back kernel_eighth $arg8:u64 $arg7:u64 $arg6:u64 $retval"),
            Status::kOk)
      << Error();
  Printed printed;
  TraceEventRef event = Find("back");
  ASSERT_EQ(event->AddConsumer(printed), Status::kOk);
  using Eight = uint64_t(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                         uint64_t, uint64_t, uint64_t);
  EXPECT_EQ(eighth.As<Eight>()(1, 2, 3, 4, 5, 6, 7, 8), 8u);
  event->RemoveConsumer(printed);
  const std::string text = printed.Text(*event);
  EXPECT_EQ(text.substr(text.find(") ") + 2), "arg1=8 arg2=7 arg3=6 arg4=0x8");
}

/// Each call has its own.
TEST_F(ProbeEventTest, NestedCallsKeepTheirArguments) {
  // sum(n): n == 0 ? 0 : n + sum(n - 1)
  constexpr uint8_t kSum[] = {0x31, 0xc0,                    // xor eax, eax
                              0x48, 0x85, 0xff,              // test rdi, rdi
                              0x74, 0x0e,                    // jz the end
                              0x57,                          // push rdi
                              0x48, 0xff, 0xcf,              // dec rdi
                              0xe8, 0xf0, 0xff, 0xff, 0xff,  // call sum
                              0x5f,                          // pop rdi
                              0x48, 0x01, 0xf8,              // add rax, rdi
                              0x90,                          // nop
                              0xc3};
  HostText sum("kernel_sum", kSum);
  ASSERT_EQ(Write("r:back kernel_sum n=$arg1:u64 s=$retval:u64"), Status::kOk)
      << Error();
  class Checked final : public RecordConsumer {
   public:
    void* Reserve(size_t size, const EventPlace&) override {
      return size <= sizeof(memory_) ? memory_ : nullptr;
    }
    void Commit(void*, size_t, const EventPlace&) override {
      const uint64_t n = memory_[3];  // behind the header and two places
      wrong += memory_[4] == n * (n + 1) / 2 ? 0 : 1;
      ++count;
    }
    uint64_t wrong = 0;
    uint64_t count = 0;

   private:
    uint64_t memory_[5];
  } checked;
  TraceEventRef event = Find("back");
  ASSERT_EQ(event->AddConsumer(checked), Status::kOk);
  EXPECT_EQ(sum.As<uint64_t(uint64_t)>()(100), 5050u);
  event->RemoveConsumer(checked);
  EXPECT_EQ(checked.count, 101u);
  EXPECT_EQ(checked.wrong, 0u);
}

TEST_F(ProbeEventTest, ItsFormatIsLinuxs) {
  ASSERT_EQ(Write("p:a kernel_add a=%ax:u8 f=+0(%di):string "
                  "g=+0(%di):u8[2] n=+0(%di):string[2] d=%dx:char\n"
                  "r:b kernel_add"),
            Status::kOk);
  char buffer[2048];
  TextWriter writer(buffer, sizeof(buffer));
  PutFormat(writer, *Find("a"));
  const std::string format(buffer, writer.text().size());
  EXPECT_EQ(
      format.substr(format.find("\tfield:unsigned long __probe_ip")),
      "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:u8 a;\toffset:16;\tsize:1;\tsigned:0;\n"
      "\tfield:__data_loc char[] f;\toffset:17;\tsize:4;\tsigned:1;\n"
      "\tfield:u8 g[];\toffset:21;\tsize:2;\tsigned:0;\n"
      "\tfield:__data_loc char[][2] n;\toffset:23;\tsize:8;\tsigned:1;\n"
      "\tfield:u8 d;\toffset:31;\tsize:1;\tsigned:0;\n"
      "\nprint fmt: \"(%lx) a=%u f=\\\"%s\\\" g={%u,%u} "
      "n={\\\"%s\\\",\\\"%s\\\"} d=\'%c\'\", REC->__probe_ip, REC->a, "
      "__get_str(f), REC->g[0], REC->g[1], __get_str(n[0]), __get_str(n[1]), "
      "REC->d\n");
  TextWriter other(buffer, sizeof(buffer));
  PutFormat(other, *Find("b"));
  const std::string returns(buffer, other.text().size());
  EXPECT_EQ(returns.substr(returns.find("\nprint fmt")),
            "\nprint fmt: \"(%lx <- %lx)\", REC->__probe_func, "
            "REC->__probe_ret_ip\n");
}

TEST_F(ProbeEventTest, LinesMakeAndRemoveAndSayWhatIsWrong) {
  EXPECT_EQ(
      Write("# nothing\n\n  p:a kernel_add %di # why\nr:g/b kernel_add\n"),
      Status::kOk);
  EXPECT_EQ(Shown(), "p:kprobes/a kernel_add arg1=%di\nr:g/b kernel_add\n");
  EXPECT_EQ(Write("p:a kernel_add"), Status::kExists);
  EXPECT_EQ(
      Error(),
      "trace_kprobe: error: Argument type or name is different from "
      "existing probe\n  Command: p:a kernel_add\n                          "
      "^\n");
  EXPECT_EQ(Write("-:nothing"), Status::kNotFound);
  EXPECT_EQ(Write("-"), Status::kInvalid);
  EXPECT_EQ(Write("-:x/b"), Status::kNotFound);
  EXPECT_EQ(Write("-:g/b\n-:a"), Status::kOk);
  EXPECT_EQ(Shown(), "");
  // The first line that is wrong ends it; those before it hold.
  EXPECT_EQ(Write("p:a kernel_add\np:b kernel_add %zz\np:c kernel_add"),
            Status::kInvalid);
  EXPECT_EQ(Shown(), "p:kprobes/a kernel_add\n");
}

TEST_F(ProbeEventTest, WhoUsesItKeepsIt) {
  ASSERT_EQ(Write("p:a kernel_add\np:b kernel_add"), Status::kOk);
  {
    TraceEventRef used = Find("a");
    ASSERT_TRUE(TraceEvents::Use(*used));
    EXPECT_EQ(Write("-:a"), Status::kBusy);
    EXPECT_EQ(ProbeEvents::Clear(), Status::kBusy);
    EXPECT_EQ(Shown(), "p:kprobes/a kernel_add\np:kprobes/b kernel_add\n");
    TraceEvents::Unuse(*used);
  }
  EXPECT_EQ(ProbeEvents::Clear(), Status::kOk);
  EXPECT_EQ(Shown(), "");
  EXPECT_TRUE(EqualBytes(text_.bytes(), kAdd));
}

TEST_F(ProbeEventTest, WhoHoldsItOnlyMakesTheRemovalWait) {
  ASSERT_EQ(Write("p:a kernel_add"), Status::kOk);
  TraceEventRef held = Find("a");
  std::atomic<bool> is_done{false};
  Status status = Status::kBusy;
  std::thread remover([&] {
    HostCpu cpu(1);
    status = Write("-:a");
    is_done = true;
  });
  while (TraceEvents::Find("kprobes", "a")) {
    std::this_thread::yield();
  }
  // It is going, still there, and nobody begins to use it.
  EXPECT_EQ(held->name(), "a");
  Counted counted;
  EXPECT_EQ(held->AddConsumer(counted), Status::kNoDevice);
  EXPECT_FALSE(TraceEvents::Use(*held));
  EXPECT_FALSE(is_done);
  held = TraceEventRef();
  remover.join();
  EXPECT_EQ(status, Status::kOk);
  EXPECT_TRUE(EqualBytes(text_.bytes(), kAdd));
}

TEST_F(ProbeEventTest, TheProfileCountsHitsWhileSomebodyWantsThem) {
  ASSERT_EQ(Write("p:a kernel_add"), Status::kOk);
  auto* add = text_.As<Function>();
  add(1, 2);
  Counted counted;
  TraceEventRef event = Find("a");
  ASSERT_EQ(event->AddConsumer(counted), Status::kOk);
  add(1, 2);
  add(1, 2);
  event->RemoveConsumer(counted);
  add(1, 2);
  char buffer[128];
  TextWriter writer(buffer, sizeof(buffer));
  uint64_t place = 0;
  ASSERT_TRUE(ProbeEvents::PutProfile(writer, &place));
  EXPECT_EQ(std::string(buffer, writer.text().size()),
            "  a                                                          2"
            "               0\n");
  EXPECT_EQ(counted.count, 2u);
}

TEST_F(ProbeEventTest, ConsumersComeAndGoWhileOneStays) {
  ASSERT_EQ(Write("p:a kernel_add"), Status::kOk);
  TraceEventRef event = Find("a");
  Counted stays;
  ASSERT_EQ(event->AddConsumer(stays), Status::kOk);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> calls{0};
  std::thread caller([&] {
    HostCpu cpu(1);
    auto* add = text_.As<Function>();
    while (!stop) {
      add(1, 2);
      ++calls;
    }
  });
  Counted others[3];
  for (int i = 0; i < 300 || calls == 0; ++i) {
    for (Counted& other : others) {
      ASSERT_EQ(event->AddConsumer(other), Status::kOk);
    }
    for (Counted& other : others) {
      event->RemoveConsumer(other);
    }
  }
  stop = true;
  caller.join();
  event->RemoveConsumer(stays);
  EXPECT_EQ(stays.count, calls);
  EXPECT_GT(calls, 0u);
}

TEST_F(ProbeEventTest, EveryAllocationMayFail) {
  ForEachFailingAllocation("named probe", [&](FailingAllocator& allocator) {
    ProbeEvents::Init(HostMachineOps().registers, allocator);
    Counted counted;
    Status status = Write("r:a kernel_add a=+0($arg1):string");
    if (IsOk(status)) {
      TraceEventRef event = Find("a");
      status = event->AddConsumer(counted);
      if (IsOk(status)) {
        event->RemoveConsumer(counted);
      }
    }
    EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
    EXPECT_EQ(ProbeEvents::Clear(), Status::kOk);
    EXPECT_TRUE(EqualBytes(text_.bytes(), kAdd));
  });
  ProbeEvents::Init(HostMachineOps().registers, allocator_);
}

}  // namespace
}  // namespace ebpf
