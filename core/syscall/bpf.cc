// SPDX-License-Identifier: MIT
//
// core/syscall/bpf.h's implementation.
#include "core/syscall/bpf.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/element_cache.h"
#include "core/syscall/commands.h"

namespace ebpf {
namespace {

Result<int> Dispatch(const Call& call, uint32_t command, const RawAttr& raw) {
  switch (command) {
#define EBPF_COMMAND(number, Name) \
  case linux_abi::number:          \
    return Name(call, raw);
#include "core/syscall/commands.def"
#undef EBPF_COMMAND
    default:
      return Status::kInvalid;  // never ENOSYS: clients probe for commands
  }
}

Result<int> CheckedBpf(Client& client, uint32_t command, CallerPtr attr,
                       uint32_t size) {
  const System* system = RunningSystem();
  if (system == nullptr) {
    return Status::kNotImplemented;
  }
  ServeElementCaches();
  RawAttr raw;
  EBPF_TRY(CopyAttrIn(client, attr, size, Bytes(raw.bytes)));
  return Dispatch(Call{*system, client, attr, size}, command, raw);
}

}  // namespace

int64_t Bpf(Client& client, uint32_t command, CallerPtr attr, uint32_t size) {
  const Result<int> result = CheckedBpf(client, command, attr, size);
  return result.ok() ? *result : -static_cast<int64_t>(result.status());
}

}  // namespace ebpf
