// SPDX-License-Identifier: MIT
//
// testing/guest/kernel/injectable.h's implementation.
#include "testing/guest/kernel/injectable.h"

#include "core/base/atomic.h"

namespace guest {
namespace {

constinit ebpf::Atomic<long> reserved{0};

}  // namespace

bool IsErrorInjectable(uintptr_t function) {
  return function == reinterpret_cast<uintptr_t>(&guest_reserve);
}

}  // namespace guest

[[gnu::noinline]] long guest_reserve(long count) {
  return guest::reserved.FetchAdd(count, ebpf::kRelaxed) + count;
}

[[gnu::noinline]] long guest_unreserve(long count) {
  return guest::reserved.FetchSub(count, ebpf::kRelaxed) - count;
}
