// SPDX-License-Identifier: MIT
//
// Probes as Linux's clients write them: sections with names of functions,
// libbpf's macros, a kprobe and a kretprobe in one object, overridden returns.
#include <map>
#include <thread>

#include "core/base/memory.h"
#include "core/loader/object.h"
#include "core/loader/test_objects.h"
#include "core/platform/symbols.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_text.h"
#include "testing/programs/clients.h"
#include "testing/programs/latency.h"

namespace ebpf::loader {
namespace {

const char kClients[] = "testing/programs/clients.x86_64.bpf.o";
const char kLatency[] = "testing/programs/latency.x86_64.bpf.o";
const char kMany[] = "testing/programs/many.x86_64.bpf.o";
const char kOverride[] = "testing/programs/override.x86_64.bpf.o";

// Four long no-operations; movsxd rax, esi; add rax, rdi; ret
constexpr uint8_t kSubject[] = {0x0f, 0x1f, 0x40, 0x00, 0x0f, 0x1f, 0x40, 0x00,
                                0x0f, 0x1f, 0x40, 0x00, 0x0f, 0x1f, 0x40, 0x00,
                                0x48, 0x63, 0xc6, 0x48, 0x01, 0xf8, 0xc3};
// lea rax, [rdi + 1]; ret
constexpr uint8_t kOther[] = {0x48, 0x8d, 0x47, 0x01, 0xc3};

using Subject = long(long, int, unsigned short, unsigned char, const char*);
using Other = long(long);

class ClientProbesTest : public testing::Test {
 protected:
  ClientProbesTest()
      : subject_text_("client_subject", kSubject),
        other_text_("guest_reserve", kOther),
        subject_(subject_text_.As<Subject>()),
        other_(other_text_.As<Other>()),
        caller_(Origin::kKernel),
        log_(buffer_, sizeof(buffer_)),
        object_(caller_.client(), PortAllocator(), log_) {
    SetHostTask(7, 5, "client");
  }
  ~ClientProbesTest() override {
    object_.Close();
    caller_.client().fds().CloseAll();
    SetHostOverridable(other_text_.address(), false);
  }

  std::string log() const { return {log_.text().data(), log_.text().size()}; }
  void Load(const char* path) {
    bytes_ = ReadObject(path);
    ASSERT_FALSE(bytes_.empty()) << path;
    ASSERT_EQ(object_.Open(ToBytes(bytes_)), Status::kOk) << log();
    ASSERT_EQ(object_.Load(), Status::kOk) << log();
  }
  size_t IndexOf(StringView name) const {
    for (size_t i = 0; i < object_.program_count(); ++i) {
      if (object_.file().programs()[i].name == name) {
        return i;
      }
    }
    return SIZE_MAX;
  }
  Status Attach(StringView name, StringView function = "") {
    return object_.Attach(IndexOf(name), function).status();
  }
  template <typename Value, typename Key>
  int64_t Lookup(const char* map, const Key& key, Value& value) {
    return caller_.Elem(linux_abi::kMapLookupElem, *object_.MapFd(map),
                        reinterpret_cast<uint64_t>(&key),
                        reinterpret_cast<uint64_t>(&value));
  }
  template <typename Value>
  Value Variables() {
    Value value{};
    EXPECT_EQ(Lookup(".bss", uint32_t{0}, value), 0);
    return value;
  }
  /// Calls that the histogram of the function has.
  uint64_t CallsIn(uint64_t function) {
    uint64_t sum = 0;
    for (uint64_t slot = 0; slot < LATENCY_SLOTS; ++slot) {
      uint64_t calls = 0;
      if (Lookup("latency", latency_key{function, slot}, calls) == 0) {
        sum += calls;
      }
    }
    return sum;
  }

  TestSystem system_;
  HostText subject_text_;
  HostText other_text_;
  Subject* const subject_;
  Other* const other_;
  TestCaller caller_;
  std::vector<uint8_t> bytes_;
  char buffer_[1 << 16];
  TextWriter log_;
  Object object_;
};

TEST_F(ClientProbesTest, ArgumentsAndAddressesAreThoseOfTheCall) {
  Load(kClients);
  ASSERT_EQ(Attach("on_entry"), Status::kOk) << log();
  ASSERT_EQ(Attach("inside"), Status::kOk) << log();
  EXPECT_EQ(subject_(-1000, -7, 0xfffe, 0x81, "a path"), -1007);

  const auto seen = Variables<client_view>();
  EXPECT_EQ(seen.entries, 1u);
  EXPECT_EQ(seen.first, -1000);
  EXPECT_EQ(seen.second, -7);
  EXPECT_EQ(seen.third, 0xfffe);
  EXPECT_EQ(seen.fourth, 0x81);
  EXPECT_STREQ(seen.text, "a path");
  // Behind the breakpoint, as on Linux's x86-64.
  EXPECT_EQ(seen.entry_ip, subject_text_.address() + 1);
  EXPECT_EQ(seen.entry_function, subject_text_.address());
  ebpf_symbol symbol;
  EXPECT_TRUE(ebpf_port_symbol_by_address(seen.caller, &symbol));
  EXPECT_EQ(seen.insides, 1u);
  EXPECT_EQ(seen.inside_ip, subject_text_.address() + 0x10 + 1);
  EXPECT_EQ(seen.inside_function, 0u);
}

TEST_F(ClientProbesTest, AKretprobeSeesTheResult) {
  Load(kClients);
  ASSERT_EQ(Attach("on_return"), Status::kOk) << log();
  EXPECT_EQ(subject_(-1000, -7, 0, 0, ""), -1007);
  EXPECT_EQ(subject_(1, 2, 0, 0, ""), 3);
  const auto seen = Variables<client_view>();
  EXPECT_EQ(seen.returns, 2u);
  EXPECT_EQ(seen.result, 3);
  EXPECT_EQ(seen.return_function, subject_text_.address());
}

TEST_F(ClientProbesTest, TimesOfCallsMakeAHistogramForEachFunction) {
  Load(kLatency);
  for (const char* function : {"client_subject", "guest_reserve"}) {
    ASSERT_EQ(Attach("on_return", function), Status::kOk) << log();
    ASSERT_EQ(Attach("on_entry", function), Status::kOk) << log();
  }
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 1; cpu <= 3; ++cpu) {
    cpus.emplace_back([this, cpu] {
      const HostCpu on(cpu);
      SetHostTask(100 + cpu, 100 + cpu, "caller");
      for (long i = 0; i < 1000; ++i) {
        EXPECT_EQ(subject_(i, 1, 0, 0, ""), i + 1);
        if (i % 2 == 0) {
          EXPECT_EQ(other_(i), i + 1);
        }
      }
    });
  }
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  const auto totals = Variables<latency_totals>();
  EXPECT_EQ(totals.entered, 4500u);
  EXPECT_EQ(totals.returned, 4500u);
  EXPECT_EQ(totals.unmatched, 0u);
  EXPECT_EQ(totals.lost, 0u);
  EXPECT_EQ(CallsIn(subject_text_.address()), 3000u);
  EXPECT_EQ(CallsIn(other_text_.address()), 1500u);
}

TEST_F(ClientProbesTest, APatternAttachesToEachFunctionThatFits) {
  const HostText second_text("client_second", kOther);
  auto* second = second_text.As<Other>();
  Load(kMany);
  ASSERT_EQ(Attach("on_call"), Status::kOk) << log();
  ASSERT_EQ(Attach("on_return"), Status::kOk) << log();
  for (long i = 0; i < 20; ++i) {
    EXPECT_EQ(second(i), i + 1);
    EXPECT_EQ(other_(i), i + 1);  // does not fit
  }
  EXPECT_EQ(subject_(1, 2, 0, 0, ""), 3);
  for (const char* map : {"calls", "returns"}) {
    uint64_t hits = 0;
    EXPECT_EQ(Lookup(map, second_text.address(), hits), 0);
    EXPECT_EQ(hits, 20u);
    EXPECT_EQ(Lookup(map, subject_text_.address(), hits), 0);
    EXPECT_EQ(hits, 1u);
    EXPECT_LT(Lookup(map, other_text_.address(), hits), 0);
  }
  object_.Close();
}

TEST_F(ClientProbesTest, EveryOtherCallOfAnOverriddenFunctionFails) {
  Load(kOverride);
  EXPECT_EQ(Attach("fail_every_other"), Status::kInvalid);
  SetHostOverridable(other_text_.address(), true);
  ASSERT_EQ(Attach("fail_every_other"), Status::kOk) << log();
  for (long call = 0; call < 100; ++call) {
    EXPECT_EQ(other_(call), call % 2 == 1 ? -12 - call : call + 1);
  }
  EXPECT_EQ(Variables<uint64_t>(), 100u);
}

}  // namespace
}  // namespace ebpf::loader
