// SPDX-License-Identifier: MIT
//
// The contract of core/platform/stack.h.
#include "core/platform/features.h"
#include "core/platform/stack.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constexpr size_t kDepth = 16;

struct Walked {
  uint64_t addresses[kDepth + 1] = {};
  size_t count = 0;
  size_t capacity = kDepth;
  /// Where the two functions below return to.
  uint64_t outer = 0;
  uint64_t inner = 0;
};

uint64_t ToAddress(void* returned_to) {
  return reinterpret_cast<uintptr_t>(returned_to);
}

[[gnu::noinline]] void Inner(Walked& walked) {
  walked.inner = ToAddress(__builtin_return_address(0));
  walked.count =
      ebpf_port_stack_walk(nullptr, false, walked.addresses, walked.capacity);
  asm volatile("");  // no tail call
}

[[gnu::noinline]] void Outer(Walked& walked) {
  walked.outer = ToAddress(__builtin_return_address(0));
  Inner(walked);
  asm volatile("");  // no tail call
}

bool HasStacks(Environment& environment) {
  if ((ebpf_port_features() & EBPF_PORT_STACKS) == 0) {
    environment.Skipped("no stacks");
    return false;
  }
  return true;
}

void CallersComeFromTheInnermostOn(Environment& environment) {
  if (!HasStacks(environment)) {
    return;
  }
  Walked walked;
  Outer(walked);
  size_t inner = 0;
  while (inner < walked.count && walked.addresses[inner] != walked.inner) {
    ++inner;
  }
  PORT_ASSERT(environment, inner + 1 < walked.count);
  PORT_EXPECT(environment, walked.addresses[inner + 1] == walked.outer);
}

void NoMoreIsWrittenThanThereIsRoomFor(Environment& environment) {
  if (!HasStacks(environment)) {
    return;
  }
  for (size_t capacity = 0; capacity <= 2; ++capacity) {
    Walked walked;
    walked.capacity = capacity;
    Outer(walked);
    PORT_EXPECT(environment, walked.count == capacity);
    PORT_EXPECT(environment, walked.addresses[capacity] == 0);
  }
}

constexpr Case kCases[] = {
    {"Stack.CallersComeFromTheInnermostOn", CallersComeFromTheInnermostOn},
    {"Stack.NoMoreIsWrittenThanThereIsRoomFor",
     NoMoreIsWrittenThanThereIsRoomFor},
};

}  // namespace

Span<const Case> StackCases() { return kCases; }

}  // namespace ebpf::selftest
