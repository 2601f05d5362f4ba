// SPDX-License-Identifier: MIT
#include "core/memory/this_cpu.h"

namespace ebpf {

constinit KnownCpus known_cpus;

uint32_t KnownCpus::Learn(uint64_t value) {
  const uint32_t number = ebpf_port_cpu_id();
  Known& known = at(value);
  // A place is one CPU's, for good.
  if (known.taken.Exchange(1, kRelaxed) == 0) {
    known.number.Store(number, kRelaxed);
    // Releases the number: pairs with the acquire in NumberOf.
    known.key.Store(KeyOf(value), kRelease);
  }
  return number;
}

}  // namespace ebpf
