// SPDX-License-Identifier: MIT
//
// What wakes those who poll a file, once the port has asked for that.
#pragma once

#include "core/maps/notifier.h"
#include "core/platform/wake.h"

namespace ebpf {

/// Tells the port of the file that it asked for.
class ReaderWaker final : public Listener {
 public:
  void OnReadable() override { ebpf_port_wake(file); }

  void* file = nullptr;
};

}  // namespace ebpf
