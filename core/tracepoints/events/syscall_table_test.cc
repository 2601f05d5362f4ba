// SPDX-License-Identifier: MIT
//
// The numbers of syscalls.def beside those of Linux's header for AArch64,
// RISC-V and others, which is installed on every machine. It comes first, and
// what is made of it before anything includes this machine's own numbers.
#include <asm-generic/unistd.h>

namespace ebpf {
namespace {

struct Numbers {
  const char* call;
  int ours;
  const char* theirs;  // the name of a macro where the header has none
};

// A macro's value as text.
#define AS_TEXT(text) #text
#define VALUE(macro) AS_TEXT(macro)
#define NUMBERS(call, generic) {#call, generic, VALUE(__NR_##call)},
#define EBPF_SYSCALL0(call, x86, generic) NUMBERS(call, generic)
#define EBPF_SYSCALL1(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL2(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL3(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL4(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL5(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL6(call, x86, generic, ...) NUMBERS(call, generic)

constexpr Numbers kNumbers[] = {
#include "core/tracepoints/events/syscalls.def"
};

}  // namespace
}  // namespace ebpf

#include <cstdlib>
#include <string_view>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(SyscallTableTest, GenericNumbersAreThoseOfLinuxsHeader) {
  int compared = 0;
  for (const Numbers& one : kNumbers) {
    // It goes to what the table calls fadvise64_64 there.
    if (std::string_view(one.theirs).starts_with("__NR") ||
        std::string_view(one.call) == "fadvise64") {
      continue;
    }
    EXPECT_EQ(one.ours, std::atoi(one.theirs)) << one.call;
    ++compared;
  }
  EXPECT_GT(compared, 270);
}

}  // namespace
}  // namespace ebpf
