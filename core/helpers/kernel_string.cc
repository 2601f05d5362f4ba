// SPDX-License-Identifier: MIT
//
// core/helpers/kernel_string.h's implementation.
#include "core/helpers/kernel_string.h"

#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/platform/nofault.h"

namespace ebpf {
namespace {

/// Reads go in blocks of this alignment and size: a block is in one page, so if
/// its first byte can be read, so can all of it.
constexpr uint64_t kBlock = 64;

/// What is behind the string's zero in `to` stays as it is: programs make keys
/// of buffers that they have cleared.
template <typename Read>
Result<size_t> ReadString(Span<char> to, uint64_t from, const Read& read) {
  char block[kBlock];
  size_t done = 0;
  while (done < to.size()) {
    const uint64_t at = from + done;
    const size_t size = static_cast<size_t>(
        Min<uint64_t>(kBlock - at % kBlock, to.size() - done));
    if (!read(block, at, size)) {
      return Status::kFault;
    }
    const size_t length = StringView(block, size).Find('\0');
    CopyBytes(to.data() + done, block, Min(length + 1, size));
    if (length < size) {
      return done + length + 1;
    }
    done += size;
  }
  if (done != 0) {
    to[done - 1] = '\0';
  }
  return done;
}

}  // namespace

Result<size_t> ReadKernelString(Span<char> to, uint64_t from) {
  return ReadString(to, from, [](char* block, uint64_t at, size_t size) {
    return ebpf_port_read_nofault(block, static_cast<uintptr_t>(at), size);
  });
}

Result<size_t> ReadUserString(Span<char> to, uint64_t from) {
  return ReadString(to, from, [](char* block, uint64_t at, size_t size) {
    return ebpf_port_read_user_nofault(block, at, size);
  });
}

}  // namespace ebpf
