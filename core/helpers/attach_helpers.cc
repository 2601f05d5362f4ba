// SPDX-License-Identifier: MIT
//
// Helpers that tell what the running program is attached to.
#include "core/helpers/functions.h"
#include "core/program/run_context.h"

namespace ebpf::helpers {

/// u64 bpf_get_func_ip(context): the function at whose entry the probe stands,
/// 0 where it stands inside of one.
uint64_t GetFuncIp(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  const RunContext* run = CurrentRun();
  return run == nullptr ? 0 : run->origin->function;
}

/// u64 bpf_get_attach_cookie(context)
uint64_t GetAttachCookie(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  const RunContext* run = CurrentRun();
  return run == nullptr ? 0 : run->origin->cookie;
}

}  // namespace ebpf::helpers
