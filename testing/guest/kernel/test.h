// SPDX-License-Identifier: MIT
//
// Tests inside the guest kernel, and the lines that the runner reads.
//
//   GUEST_TEST(Memory, GivesZeroedBytes) {
//     GUEST_ASSERT(p != nullptr);
//     GUEST_EXPECT_EQ(p[0], 0u);
//   }
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"

namespace guest {

struct TestCase {
  const char* name;  // "Suite.Name"
  void (*run)();
};

/// Runs all cases of the image in the order of linking, on this thread, and
/// prints one line for each. False if one failed, or there is none.
bool RunAllTests();

/// For runners of other cases: what stands between the two is a case, and the
/// functions below are about it. EndTest() prints its line; false if it failed.
void BeginTest(const char* name);
bool EndTest();

/// Runs the case `name` alone and prints nothing. False if there is none; else
/// `*failure` is why it failed, empty if it did not, until another case runs.
bool RunTest(ebpf::StringView name, ebpf::StringView* failure);

/// Fails the case that runs, with the first reason that is given.
void FailTest(const char* file, int line, ebpf::StringView what);
/// As above, with two values.
void FailTestEqual(const char* file, int line, const char* what, uint64_t a,
                   uint64_t b);
/// Says that the case cannot run here, and why.
void SkipTest(ebpf::StringView why);

}  // namespace guest

/// A case; the linker script keeps the section and marks its ends.
#define GUEST_TEST(suite, name)                                              \
  static void suite##_##name();                                              \
  [[gnu::section("guest_tests"),                                             \
    gnu::used]] static constexpr ::guest::TestCase suite##_##name##_case = { \
      #suite "." #name, suite##_##name};                                     \
  static void suite##_##name()

#define GUEST_EXPECT(condition)                          \
  do {                                                   \
    if (!(condition)) {                                  \
      ::guest::FailTest(__FILE__, __LINE__, #condition); \
    }                                                    \
  } while (false)

#define GUEST_EXPECT_EQ(a, b)                                           \
  do {                                                                  \
    const uint64_t guest_a = static_cast<uint64_t>(a);                  \
    const uint64_t guest_b = static_cast<uint64_t>(b);                  \
    if (guest_a != guest_b) {                                           \
      ::guest::FailTestEqual(__FILE__, __LINE__, #a " == " #b, guest_a, \
                             guest_b);                                  \
    }                                                                   \
  } while (false)

/// Leaves the function where the condition does not hold.
#define GUEST_ASSERT(condition)                          \
  do {                                                   \
    if (!(condition)) {                                  \
      ::guest::FailTest(__FILE__, __LINE__, #condition); \
      return;                                            \
    }                                                    \
  } while (false)
