// SPDX-License-Identifier: MIT
//
// The contract of core/platform/user.h, as far as every port has it: without a
// process of its own to call from, a test sees only what must be refused.
#include "core/platform/user.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constinit uint8_t kernel_byte = 7;

void NeverTouchesKernelMemory(Environment& environment) {
  const auto kernel = reinterpret_cast<uintptr_t>(&kernel_byte);
  uint8_t byte = 1;
  PORT_EXPECT(environment, !ebpf_port_copy_from_user(&byte, kernel, 1));
  byte = 9;
  PORT_EXPECT(environment, !ebpf_port_copy_to_user(kernel, &byte, 1));
  PORT_EXPECT(environment, kernel_byte == 7);
}

void RefusesAddressesThatAreNone(Environment& environment) {
  uint8_t bytes[16] = {};
  constexpr uint64_t kAddresses[] = {0, uint64_t{1} << 62, UINT64_MAX - 7};
  for (uint64_t address : kAddresses) {
    PORT_EXPECT(environment,
                !ebpf_port_copy_from_user(bytes, address, sizeof bytes));
    PORT_EXPECT(environment,
                !ebpf_port_copy_to_user(address, bytes, sizeof bytes));
  }
}

constexpr Case kCases[] = {
    {"User.NeverTouchesKernelMemory", NeverTouchesKernelMemory, kMayKill},
    {"User.RefusesAddressesThatAreNone", RefusesAddressesThatAreNone, kMayKill},
};

}  // namespace

Span<const Case> UserCases() { return kCases; }

}  // namespace ebpf::selftest
