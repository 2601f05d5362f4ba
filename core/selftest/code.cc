// SPDX-License-Identifier: MIT
//
// Writing of text by a rendezvous, for the tests.
#include "core/selftest/code.h"

#include "core/platform/errors.h"
#include "core/platform/text.h"

namespace ebpf::selftest {
namespace {

/// A CPU that does not come in time may be one whose host is busy.
constexpr int kMaxTries = 20;

}  // namespace

int WriteText(void* argument) {
  auto* write = static_cast<const TextWrite*>(argument);
  return ebpf_port_text_write(write->to, write->bytes, write->size);
}

int StopAndWrite(const TextWrite& write) {
  TextWrite copy = write;
  int result = 0;
  int status = kMinusBusy;
  for (int tries = 0; tries < kMaxTries && status == kMinusBusy; ++tries) {
    status = ebpf_port_stop_machine(WriteText, &copy, &result);
  }
  return status != 0 ? status : result;
}

}  // namespace ebpf::selftest
