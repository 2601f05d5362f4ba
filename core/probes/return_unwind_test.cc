// SPDX-License-Identifier: MIT
//
// Unwinders go through followed calls: an exception reaches its catch, and a
// backtrace shows the callers.
#include <cxxabi.h>
#include <dlfcn.h>
#include <functional>
#include <unwind.h>
#include <vector>

#include "core/machine/return_stubs.h"
#include "core/probes/return_test_util.h"
#include "testing/host_port/host_stack.h"

namespace ebpf {
namespace {

using Body = std::function<void()>;

}  // namespace

// Functions with names, to be probed by them.
extern "C" {
[[gnu::noinline]] uint64_t ebpf_unwind_test_inner(const Body& body,
                                                  uint64_t depth);
[[gnu::noinline]] uint64_t ebpf_unwind_test_outer(const Body& body,
                                                  uint64_t depth);

uint64_t ebpf_unwind_test_inner(const Body& body, uint64_t depth) {
  uint64_t result = 0;
  if (depth == 0) {
    body();
  } else {
    result = ebpf_unwind_test_inner(body, depth - 1);
  }
  asm volatile("" : "+r"(result));  // a call, not a loop
  return result + 1;
}

uint64_t ebpf_unwind_test_outer(const Body& body, uint64_t depth) {
  return ebpf_unwind_test_inner(body, depth) + 1;
}
}

namespace {

/// Counts its ends: what a cleanup does on the way of an exception.
struct Cleanup {
  explicit Cleanup(int* count) : count_(count) {}
  ~Cleanup() { ++*count_; }
  int* count_;
};

[[gnu::noinline]] int Catch(uint64_t depth, int* cleanups) {
  try {
    Cleanup cleanup(cleanups);
    ebpf_unwind_test_outer([] { throw 42; }, depth);
  } catch (int thrown) {
    return thrown;
  }
  return 0;
}

std::vector<uint64_t> Backtrace() {
  std::vector<uint64_t> addresses;
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void* to) {
        auto* all = static_cast<std::vector<uint64_t>*>(to);
        all->push_back(_Unwind_GetIP(context));
        return all->size() < 100 ? _URC_NO_REASON : _URC_END_OF_STACK;
      },
      &addresses);
  return addresses;
}

class ReturnUnwindTest : public ReturnHookTest {
 protected:
  ReturnUnwindTest()
      : inner_hook_(inner_),
        outer_hook_(outer_),
        inner_probe_(Follow("ebpf_unwind_test_inner", inner_hook_)),
        outer_probe_(Follow("ebpf_unwind_test_outer", outer_hook_)) {}
  ~ReturnUnwindTest() override {
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    ReturnHook::ForgetCalls(here - 65536, here + 65536);
    End(inner_probe_, inner_hook_);
    End(outer_probe_, outer_hook_);
  }

  Watcher inner_;
  Watcher outer_;
  ReturnHook inner_hook_;
  ReturnHook outer_hook_;
  Ref<Kprobe> inner_probe_;
  Ref<Kprobe> outer_probe_;
};

TEST_F(ReturnUnwindTest, AnExceptionReachesItsCatch) {
  int cleanups = 0;
  for (const uint64_t depth : {0, 1, 10}) {
    EXPECT_EQ(Catch(depth, &cleanups), 42);
  }
  EXPECT_EQ(cleanups, 3);
  EXPECT_EQ(inner_.entered, 14u);
  EXPECT_EQ(outer_.entered, 3u);
  EXPECT_EQ(inner_.returned + outer_.returned, 0u);
  // And functions return as ever.
  EXPECT_EQ(ebpf_unwind_test_outer([] {}, 3), 5u);
  EXPECT_EQ(inner_.returned, 4u);
  EXPECT_EQ(outer_.returned, 1u);
}

TEST_F(ReturnUnwindTest, AnExceptionGoesThroughFunctionsThatManyFollow) {
  Watcher others[2];
  ReturnHook hooks[] = {ReturnHook(others[0]), ReturnHook(others[1])};
  Ref<Kprobe> probes[] = {Follow("ebpf_unwind_test_inner", hooks[0]),
                          Follow("ebpf_unwind_test_outer", hooks[1])};
  int cleanups = 0;
  EXPECT_EQ(Catch(3, &cleanups), 42);
  EXPECT_EQ(cleanups, 1);
  EXPECT_EQ(others[0].entered, 4u);
  EXPECT_EQ(others[1].entered, 1u);
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  ReturnHook::ForgetCalls(here - 65536, here + 65536);
  for (size_t i = 0; i < 2; ++i) {
    End(probes[i], hooks[i]);
  }
}

TEST_F(ReturnUnwindTest, ExceptionsDoNotUseUpTheInstances) {
  const HostStack stack;
  int cleanups = 0;
  constexpr int kTimes = machine::kReturnStubCount + 100;
  for (int i = 0; i < kTimes; ++i) {
    EXPECT_EQ(Catch(1, &cleanups), 42);
  }
  EXPECT_EQ(cleanups, kTimes);
  EXPECT_EQ(inner_hook_.missed() + outer_hook_.missed(), 0u);
}

TEST_F(ReturnUnwindTest, ABacktraceShowsTheCallers) {
  std::vector<uint64_t> plain;
  std::vector<uint64_t> followed;
  const auto run = [](std::vector<uint64_t>* to) {
    ebpf_unwind_test_outer([to] { *to = Backtrace(); }, 3);
  };
  inner_probe_->Disable();
  outer_probe_->Disable();
  // The same call, so the same addresses.
  for (int i = 0; i < 2; ++i) {
    run(i == 0 ? &plain : &followed);
    ASSERT_EQ(inner_probe_->Enable(), Status::kOk);
    ASSERT_EQ(outer_probe_->Enable(), Status::kOk);
  }
  const auto stubs = reinterpret_cast<uint64_t>(ebpf_return_stubs);
  const uint64_t size = machine::kReturnStubCount * machine::kReturnStubSize;
  std::vector<uint64_t> without_stubs;
  for (const uint64_t address : followed) {
    if (address - stubs >= size) {
      without_stubs.push_back(address);
    }
  }
  // A frame for each stub.
  EXPECT_EQ(followed.size(), plain.size() + inner_.entered + outer_.entered);
  EXPECT_GE(inner_.entered, 1u);
  EXPECT_EQ(without_stubs, plain);
}

}  // namespace
}  // namespace ebpf
