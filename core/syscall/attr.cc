// SPDX-License-Identifier: MIT
//
// core/syscall/attr.h's implementation.
#include "core/syscall/attr.h"

#include "core/linux_abi/perf_event.h"

namespace ebpf {

Status CopyAttrIn(const Client& client, CallerPtr from, uint32_t size,
                  Bytes known) {
  if (size > linux_abi::kMaxAttrSize) {
    return Status::kTooBig;
  }
  if (from.is_null() && size != 0) {
    return Status::kFault;  // before an offset makes it look like an address
  }
  for (uint32_t at = static_cast<uint32_t>(known.size()); at < size;) {
    uint8_t tail[64];
    const uint32_t count = Min<uint32_t>(sizeof(tail), size - at);
    EBPF_TRY(client.CopyIn(tail, from.Plus(at), count));
    if (!AllZero(ConstBytes(tail).First(count))) {
      return Status::kTooBig;
    }
    at += count;
  }
  FillBytes(known.data(), 0, known.size());
  return client.CopyIn(known.data(), from, Min<size_t>(size, known.size()));
}

Status CopyNameOut(const Client& client, CallerPtr to, uint32_t room,
                   StringView name) {
  const size_t count = Min<size_t>(room - 1, name.size());
  const char end = '\0';
  EBPF_TRY(client.CopyOut(to, name.data(), count));
  EBPF_TRY(client.CopyOut(to.Plus(count), &end, sizeof(end)));
  return count < name.size() ? Status::kNoSpace : Status::kOk;
}

namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '.';
}

}  // namespace

bool IsObjectName(const char (&name)[linux_abi::kObjectNameSize]) {
  const StringView text = StringView::FromField(name, sizeof(name));
  if (text.size() == sizeof(name)) {
    return false;
  }
  for (char c : text) {
    if (!IsNameCharacter(c)) {
      return false;
    }
  }
  return true;
}

}  // namespace ebpf
