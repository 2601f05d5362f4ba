// SPDX-License-Identifier: MIT
//
// core/platform/deferred_work.h's implementation.
#include "core/platform/deferred_work.h"

#include "core/platform/defer.h"

namespace ebpf {

constinit WorkQueue deferred_work;

}  // namespace ebpf

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  return ebpf::deferred_work.Push(work);
}
