// SPDX-License-Identifier: MIT
//
// testing/benchmarks/peer_kbpf.h's implementation.
#include "testing/benchmarks/peer_kbpf.h"

#include <dlfcn.h>

namespace ebpf::benchmarks {

KbpfPeer::KbpfPeer(const std::string& library) {
  void* const handle =
      library.empty() ? nullptr : dlopen(library.c_str(), RTLD_NOW);
  if (handle == nullptr) {
    return;
  }
  const auto make =
      reinterpret_cast<void* (*)()>(dlsym(handle, "kbpf_peer_new"));
  cost_ = reinterpret_cast<double (*)(void*, const char*)>(
      dlsym(handle, "kbpf_peer_cost"));
  if (make != nullptr && cost_ != nullptr) {
    peer_ = make();
  }
}

double KbpfPeer::Cost(const std::string& name) const {
  return peer_ == nullptr ? 0 : cost_(peer_, name.c_str());
}

}  // namespace ebpf::benchmarks
