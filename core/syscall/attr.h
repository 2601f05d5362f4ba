// SPDX-License-Identifier: MIT
//
// Copying in an attribute whose size the client chose.
#pragma once

#include "core/base/memory.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/files/client.h"
#include "core/linux_abi/bpf.h"

namespace ebpf {

/// The bytes of bpf(2)'s attribute, zero where the client gave none.
struct RawAttr {
  alignas(8) uint8_t bytes[linux_abi::kBpfAttrSize];
};

/// Linux's rule for growing structures: a client of an older kernel gives
/// fewer bytes than `known`, the rest is zero; one of a newer kernel gives
/// more, and what is behind must be zero (kTooBig). kFault; kTooBig beyond a
/// page.
Status CopyAttrIn(const Client& client, CallerPtr from, uint32_t size,
                  Bytes known);

/// The attribute of one command, of which all bytes behind Attr must be zero
/// (kInvalid).
template <TriviallyCopyable Attr>
Result<Attr> AttrOf(const RawAttr& raw) {
  static_assert(sizeof(Attr) <= sizeof(raw.bytes));
  if (!AllZero(ConstBytes(raw.bytes).Subspan(sizeof(Attr)))) {
    return Status::kInvalid;
  }
  return LoadUnaligned<Attr>(raw.bytes);
}

/// Copies `name` to a buffer of `room` bytes, at least one, with a zero at its
/// end. kNoSpace where it was cut; kFault.
Status CopyNameOut(const Client& client, CallerPtr to, uint32_t room,
                   StringView name);

/// Whether the 16 bytes begin with a name as Linux takes it: letters, digits,
/// '_' and '.' up to a zero. What is behind that does not count.
bool IsObjectName(const char (&name)[linux_abi::kObjectNameSize]);

}  // namespace ebpf
