// SPDX-License-Identifier: MIT
//
// Stands around ebpf_port_log when an image is linked (--wrap).
#include "testing/guest/jit/log_capture.h"

#include "core/base/memory.h"
#include "core/base/types.h"

namespace guest::jit {
namespace {

constinit char last_line[256] = {};
constinit size_t last_size = 0;

}  // namespace

ebpf::StringView LastLine() { return ebpf::StringView(last_line, last_size); }

extern "C" {

void __real_ebpf_port_log(const char* text, size_t size);

void __wrap_ebpf_port_log(const char* text, size_t size) {
  last_size = ebpf::Min(size, sizeof last_line);
  ebpf::CopyBytes(last_line, text, last_size);
  __real_ebpf_port_log(text, size);
}

}  // extern "C"

}  // namespace guest::jit
