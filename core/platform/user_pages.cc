// SPDX-License-Identifier: MIT
//
// core/platform/user_pages.h's implementation.
#include "core/platform/user_pages.h"

#include "core/base/memory.h"
#include "core/base/types.h"
#include "core/platform/user.h"

namespace {

using ebpf::user_pages;

constexpr size_t kPageSize = 4096;

template <typename Copy>
bool ForEachPiece(uint64_t user, size_t size, bool write, Copy copy) {
  if (size > user_pages.end || user > user_pages.end - size) {
    return false;
  }
  for (size_t done = 0; done < size;) {
    const uintptr_t at = user + done;
    const size_t piece = ebpf::Min(size - done, kPageSize - at % kPageSize);
    const uintptr_t address = user_pages.find(at, write);
    if (address == 0) {
      return false;
    }
    copy(reinterpret_cast<uint8_t*>(address), done, piece);
    done += piece;
  }
  return true;
}

}  // namespace

extern "C" {

bool ebpf_port_copy_from_user(void* to, uint64_t from, size_t size) {
  return ForEachPiece(
      from, size, false, [to](uint8_t* page, size_t done, size_t piece) {
        ebpf::CopyBytes(static_cast<uint8_t*>(to) + done, page, piece);
      });
}

bool ebpf_port_copy_to_user(uint64_t to, const void* from, size_t size) {
  return ForEachPiece(
      to, size, true, [from](uint8_t* page, size_t done, size_t piece) {
        ebpf::CopyBytes(page, static_cast<const uint8_t*>(from) + done, piece);
      });
}

}  // extern "C"
