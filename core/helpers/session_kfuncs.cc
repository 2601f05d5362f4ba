// SPDX-License-Identifier: MIT
//
// What a program that is attached to both ends of functions asks about the call
// that it runs for (BPF_TRACE_KPROBE_SESSION).
#include "core/helpers/kfunc_functions.h"
#include "core/program/run_context.h"

namespace ebpf::helpers {

/// bool bpf_session_is_return(void)
uint64_t SessionIsReturn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  const RunContext* run = CurrentRun();
  return run != nullptr && run->origin->is_return ? 1 : 0;
}

/// __u64 *bpf_session_cookie(void): the word that both runs of a call share. A
/// program may be run for no call (a timer's function): it then has one for
/// itself.
uint64_t SessionCookie(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  RunContext* run = CurrentRun();
  uint64_t* const session = run->origin->session;
  return reinterpret_cast<uint64_t>(session != nullptr ? session
                                                       : &run->own_session);
}

}  // namespace ebpf::helpers
