// SPDX-License-Identifier: MIT
//
// One program on many functions, by patterns of their names, by names and by
// addresses.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/memory.h"
#include "core/loader/object.h"
#include "core/loader/test_objects.h"
#include "core/syscall/system.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_symbols.h"
#include "testing/host_port/host_text.h"
#include "testing/programs/functions.h"

namespace ebpf::loader {
namespace {

const char kFunctions[] = "testing/programs/functions.x86_64.bpf.o";
constexpr size_t kCount = 12;  // many_0 ... many_11

// lea rax, [rdi + rsi]; ret
constexpr uint8_t kAdd[] = {0x48, 0x8d, 0x04, 0x37, 0xc3};
// hlt; ret: may not be probed
constexpr uint8_t kHalt[] = {0xf4, 0xc3};

using Call = uint64_t(uint64_t, uint64_t);

class AttachManyTest : public testing::Test {
 protected:
  AttachManyTest()
      : caller_(Origin::kKernel),
        halt_("many_halt", kHalt),
        log_(buffer_, sizeof(buffer_)),
        object_(caller_.client(), PortAllocator(), log_, KernelHere()) {
    for (size_t i = 0; i < kCount; ++i) {
      const std::string name = "many_" + std::to_string(i);
      texts_.push_back(std::make_unique<HostText>(name.c_str(), kAdd));
    }
    bytes_ = ReadObject(kFunctions);
    EXPECT_EQ(object_.Open(ToBytes(bytes_)), Status::kOk) << log();
    EXPECT_EQ(object_.Load(), Status::kOk) << log();
  }
  ~AttachManyTest() override {
    object_.Close();
    for (const auto& text : texts_) {
      EXPECT_TRUE(EqualBytes(text->bytes(), kAdd));
    }
    caller_.client().fds().CloseAll();
  }

  static Kernel KernelHere() {
    Kernel kernel;
    kernel.btf = &RunningSystem()->kernel_types->btf();
    return kernel;
  }
  std::string log() const { return {log_.text().data(), log_.text().size()}; }
  size_t IndexOf(const char* program) const {
    size_t index = 0;
    while (index < object_.program_count() &&
           object_.file().programs()[index].name != StringView(program)) {
      ++index;
    }
    return index;
  }
  uint64_t AddressOf(size_t index) const { return texts_[index]->address(); }
  void CallAll() {
    for (size_t i = 0; i < kCount; ++i) {
      EXPECT_EQ(texts_[i]->As<Call>()(i, 100), 100 + i);
    }
  }
  function_calls Calls(size_t index) {
    const uint64_t key = AddressOf(index);
    function_calls calls{};
    (void)caller_.Elem(linux_abi::kMapLookupElem, *object_.MapFd("functions"),
                       reinterpret_cast<uint64_t>(&key),
                       reinterpret_cast<uint64_t>(&calls));
    return calls;
  }

  TestSystem system_;
  TestCaller caller_;
  std::vector<std::unique_ptr<HostText>> texts_;
  HostText halt_;
  std::vector<uint8_t> bytes_;
  char buffer_[1 << 14];
  TextWriter log_;
  Object object_;
};

TEST_F(AttachManyTest, ASectionsPatternFindsAllThatCanBeProbed) {
  ClearHostLog();
  const Result<int> entries = object_.AttachMany(IndexOf("on_entry"));
  ASSERT_TRUE(entries.ok()) << log();
  const Result<int> returns = object_.AttachMany(IndexOf("on_return"));
  ASSERT_TRUE(returns.ok()) << log();
  EXPECT_EQ(HostLog(), "") << "what cannot be probed is left out silently";
  CallAll();
  CallAll();
  for (size_t i = 0; i < kCount; ++i) {
    const function_calls calls = Calls(i);
    EXPECT_EQ(calls.entries, 2u) << i;
    EXPECT_EQ(calls.returns, 2u) << i;
    EXPECT_EQ(calls.returned, 100 + i);
    EXPECT_EQ(calls.cookie, 0u);
  }
  EXPECT_EQ(object_.Detach(*entries), Status::kOk);
  CallAll();
  EXPECT_EQ(Calls(3).entries, 2u);
  EXPECT_EQ(Calls(3).returns, 3u);
}

TEST_F(AttachManyTest, ASessionRunsAtBothEndsOfWhatItsPatternIsOf) {
  ASSERT_TRUE(object_.Attach(IndexOf("on_both"), "").ok()) << log();
  CallAll();
  for (size_t i = 0; i < kCount; ++i) {
    const function_calls calls = Calls(i);
    const uint64_t expected = i < 10 ? 1 : 0;  // many_?
    EXPECT_EQ(calls.entries, expected) << i;
    EXPECT_EQ(calls.returns, expected) << i;
    EXPECT_EQ(calls.argument, i < 10 ? i : 0) << i;
  }
}

TEST_F(AttachManyTest, APatternLeavesOutWhatCannotBeFollowed) {
  SetHostFollowable(AddressOf(3), false);
  const Result<int> at_returns = object_.Attach(IndexOf("on_return"), "");
  ASSERT_TRUE(at_returns.ok()) << log();
  CallAll();
  EXPECT_EQ(Calls(3).returns, 0u);
  EXPECT_EQ(Calls(4).returns, 1u);
  EXPECT_EQ(object_.Detach(*at_returns), Status::kOk);

  ASSERT_TRUE(object_.Attach(IndexOf("on_entry"), "").ok()) << log();
  ASSERT_TRUE(object_.Attach(IndexOf("on_both"), "").ok()) << log();
  CallAll();
  EXPECT_EQ(Calls(3).entries, 1u);  // of on_entry
  EXPECT_EQ(Calls(4).entries, 2u);
  SetHostFollowable(AddressOf(3), true);
}

TEST_F(AttachManyTest, AnotherPatternMayBeGiven) {
  ASSERT_TRUE(object_.Attach(IndexOf("on_entry"), "*any_1*").ok()) << log();
  CallAll();
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(Calls(i).entries, i == 1 || i >= 10 ? 1u : 0u) << i;
  }
}

TEST_F(AttachManyTest, NamesAndAddressesHaveCookies) {
  const char* const names[] = {"many_7", "many_2"};
  const uint64_t cookies[] = {70, 20};
  ASSERT_TRUE(
      object_
          .AttachMany(IndexOf("on_entry"), {.names = names, .cookies = cookies})
          .ok())
      << log();
  const uint64_t addresses[] = {AddressOf(9), AddressOf(4)};
  const uint64_t others[] = {90, 40};
  ASSERT_TRUE(object_
                  .AttachMany(IndexOf("on_return"),
                              {.addresses = addresses, .cookies = others})
                  .ok())
      << log();
  CallAll();
  for (const size_t i : {2, 4, 7, 9}) {
    EXPECT_EQ(Calls(i).cookie, 10 * i);
    EXPECT_EQ(Calls(i).entries + Calls(i).returns, 1u);
  }
  EXPECT_EQ(Calls(3).entries, 0u);
}

TEST_F(AttachManyTest, AFunctionWithTwoNamesIsHitOnce) {
  AddHostSymbol("many_alias", AddressOf(5), sizeof(kAdd));
  ASSERT_TRUE(object_.AttachMany(IndexOf("on_entry")).ok()) << log();
  CallAll();
  EXPECT_EQ(Calls(5).entries, 1u);
}

TEST_F(AttachManyTest, SaysWhatIsWrong) {
  const size_t entry = IndexOf("on_entry");
  log_.Clear();
  EXPECT_EQ(object_.Attach(entry, "nobody_*").status(), Status::kNotFound);
  EXPECT_EQ(log(), "kprobes 'nobody_*': errno 2\n");
  const uint64_t addresses[] = {AddressOf(0)};
  const char* const names[] = {"many_1"};
  const char* const unknown[] = {"many_1", "nobody"};
  const uint64_t cookies[] = {1, 2};
  const Status invalid = Status::kInvalid;
  EXPECT_EQ(object_.Attach(entry, "many_*", 4).status(), invalid);
  EXPECT_EQ(object_.AttachMany(1000).status(), invalid);
  EXPECT_EQ(object_.AttachMany(entry, {.names = names, .addresses = addresses})
                .status(),
            invalid);
  EXPECT_EQ(
      object_.AttachMany(entry, {.pattern = "many_*", .names = names}).status(),
      invalid);
  EXPECT_EQ(
      object_.AttachMany(entry, {.names = names, .cookies = cookies}).status(),
      invalid);
  EXPECT_EQ(object_.AttachMany(entry, {.cookies = cookies}).status(), invalid);
  EXPECT_EQ(object_.AttachMany(entry, {.names = unknown}).status(),
            Status::kNoSuchTask);
  EXPECT_EQ(object_.Attach(entry, "many_halt").status(), Status::kNotFound);
}

TEST_F(AttachManyTest, SystemCallsByLinuxsNamesAreNoFunctionsHere) {
  const std::string name = "kprobe.multi/many_*";
  const std::string other = "ksyscall/open_by_ha";
  // Also where its types name it.
  auto at = bytes_.begin();
  while ((at = std::search(at, bytes_.end(), name.begin(), name.end())) !=
         bytes_.end()) {
    at = std::copy(other.begin(), other.end(), at);
  }
  Object object(caller_.client(), PortAllocator(), log_, KernelHere());
  ASSERT_EQ(object.Open(ToBytes(bytes_)), Status::kOk) << log();
  ASSERT_EQ(object.Load(), Status::kOk) << log();
  log_.Clear();
  EXPECT_EQ(object.Attach(IndexOf("on_entry"), "").status(),
            Status::kNotSupported);
  EXPECT_EQ(log(),
            "program 'on_entry': section 'ksyscall/open_by_ha' is for nothing "
            "that can be attached so\n");
  object.Close();
}

TEST_F(AttachManyTest, EachAllocationMayFail) {
  const size_t entry = IndexOf("on_entry");
  // What stays: the table of attachments, and the client's of descriptors.
  ASSERT_EQ(object_.Detach(*object_.AttachMany(entry)), Status::kOk);
  const uint64_t bytes = PortAllocatedBytes();
  bool failed = true;
  uint64_t n = 0;
  uint64_t refused = 0;
  while (failed) {
    FailNthAllocation(++n);
    const Result<int> link = object_.AttachMany(entry);
    failed = AllocationFailed();
    FailNthAllocation(0);
    // Without memory for a detour the breakpoint does.
    if (link.ok()) {
      EXPECT_EQ(object_.Detach(*link), Status::kOk);
    } else {
      EXPECT_TRUE(failed);
      EXPECT_EQ(link.status(), Status::kNoMemory);
      ++refused;
    }
    EXPECT_EQ(PortAllocatedBytes(), bytes);
  }
  EXPECT_GT(n, 2 * kCount);
  EXPECT_GT(refused, kCount);
}

/// Another kernel, which says yes to all.
struct Elsewhere {
  static inline linux_abi::KprobesToLink asked;
  static inline std::string name;
  static inline int next_fd;

  static int64_t Bpf(uint32_t command, const void* attr, uint32_t /*size*/) {
    if (command == linux_abi::kLinkCreate) {
      const auto& link = *static_cast<const linux_abi::LinkCreateAttr*>(attr);
      memcpy(&asked, link.details, sizeof(asked));
      const auto* names = reinterpret_cast<const char* const*>(asked.symbols);
      name = names == nullptr ? "" : names[0];
    }
    return ++next_fd;
  }
  static int64_t Close(int /*fd*/) { return 0; }
};

TEST_F(AttachManyTest, AddressesHereAreNoneOfAnotherKernel) {
  Kernel elsewhere = KernelHere();
  elsewhere.bpf = Elsewhere::Bpf;
  elsewhere.close = Elsewhere::Close;
  Elsewhere::next_fd = 100;
  Object object(caller_.client(), PortAllocator(), log_, elsewhere);
  ASSERT_EQ(object.Open(ToBytes(bytes_)), Status::kOk);
  ASSERT_EQ(object.Load(), Status::kOk) << log();
  const size_t index = IndexOf("on_entry");
  EXPECT_EQ(object.AttachMany(index).status(), Status::kNotSupported);
  FunctionsToAttach one;
  one.pattern = "many_3";
  ASSERT_TRUE(object.AttachMany(index, one).ok()) << log();
  EXPECT_EQ(Elsewhere::name, "many_3");
  EXPECT_EQ(Elsewhere::asked.count, 1u);
  EXPECT_EQ(Elsewhere::asked.addresses, 0u);
  object.Close();
}

}  // namespace
}  // namespace ebpf::loader
