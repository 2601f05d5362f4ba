// SPDX-License-Identifier: MIT
//
// The runner of GUEST_TEST cases.
#include "testing/guest/kernel/test.h"

#include "core/base/text_writer.h"
#include "testing/guest/kernel/console.h"

extern "C" {
extern const guest::TestCase __start_guest_tests[];
extern const guest::TestCase __stop_guest_tests[];
}

namespace guest {
namespace {

enum class Outcome { kOk, kFailed, kSkipped };

constinit const char* current_name = nullptr;
constinit Outcome outcome = Outcome::kOk;
constinit char reason_buffer[160] = {};
constinit ebpf::TextWriter reason;

/// The writer to describe the first failure with; null if there was one.
ebpf::TextWriter* BeginFailure(const char* file, int line) {
  if (outcome == Outcome::kFailed) {
    return nullptr;
  }
  outcome = Outcome::kFailed;
  reason = ebpf::TextWriter(reason_buffer, sizeof reason_buffer);
  reason.Put(file).Put(":").PutSigned(line).Put(": ");
  return &reason;
}

}  // namespace

void BeginTest(const char* name) {
  current_name = name;
  outcome = Outcome::kOk;
}

bool EndTest() {
  switch (outcome) {
    case Outcome::kOk:
      Line() << "[TEST] OK " << current_name;
      break;
    case Outcome::kFailed:
      Line() << "[TEST] FAIL " << current_name << " " << reason.text();
      break;
    case Outcome::kSkipped:
      Line() << "[TEST] SKIP " << current_name << " " << reason.text();
      break;
  }
  return outcome != Outcome::kFailed;
}

bool RunAllTests() {
  bool all_ok = true;
  uint32_t count = 0;
  for (auto* test = __start_guest_tests; test != __stop_guest_tests; ++test) {
    BeginTest(test->name);
    test->run();
    all_ok = EndTest() && all_ok;
    ++count;
  }
  if (count == 0) {
    PrintLine("[TEST] FAIL none the image has no tests");
    return false;
  }
  return all_ok;
}

bool RunTest(ebpf::StringView name, ebpf::StringView* failure) {
  for (auto* test = __start_guest_tests; test != __stop_guest_tests; ++test) {
    if (name == ebpf::StringView(test->name)) {
      BeginTest(test->name);
      test->run();
      *failure =
          outcome == Outcome::kFailed ? reason.text() : ebpf::StringView();
      return true;
    }
  }
  return false;
}

void FailTest(const char* file, int line, ebpf::StringView what) {
  if (ebpf::TextWriter* writer = BeginFailure(file, line)) {
    writer->Put(what);
  }
}

void FailTestEqual(const char* file, int line, const char* what, uint64_t a,
                   uint64_t b) {
  if (ebpf::TextWriter* writer = BeginFailure(file, line)) {
    writer->Put(what).Put(" with 0x").PutHex(a).Put(" and 0x").PutHex(b);
  }
}

void SkipTest(ebpf::StringView why) {
  if (outcome == Outcome::kOk) {
    outcome = Outcome::kSkipped;
    reason = ebpf::TextWriter(reason_buffer, sizeof reason_buffer);
    reason.Put(why);
  }
}

}  // namespace guest
