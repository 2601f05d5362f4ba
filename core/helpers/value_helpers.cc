// SPDX-License-Identifier: MIT
//
// Helpers that write values of the kernel's types as text.
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/kernel_btf.h"
#include "core/helpers/result.h"
#include "core/helpers/seq_buffer.h"
#include "core/helpers/trace_log.h"
#include "core/helpers/value_text.h"

namespace ebpf {
namespace {

constinit const btf::Btf* kernel_btf = nullptr;

/// Linux's struct btf_ptr; its flags mean nothing yet.
struct TypedValue {
  uint64_t address;
  uint32_t type;
  uint32_t flags;
};

/// What both helpers are told to write, checked: kInvalid; kNotFound: there is
/// no such type.
Result<TypedValue> Take(uint64_t value, uint64_t value_size, uint64_t flags) {
  if (static_cast<uint32_t>(value_size) != sizeof(TypedValue) ||
      (flags & ~kTextFlags) != 0 || kernel_btf == nullptr ||
      GlobalTraceLog() == nullptr) {
    return Status::kInvalid;
  }
  const auto typed =
      LoadUnaligned<TypedValue>(reinterpret_cast<const void*>(value));
  if (typed.type == 0) {
    return Status::kInvalid;
  }
  if (typed.type >= kernel_btf->type_count()) {
    return Status::kNotFound;
  }
  return typed;
}

Status Put(TextWriter& to, const TypedValue& value, uint64_t flags) {
  return PutValue(to, *kernel_btf, value.type, value.address, flags,
                  GlobalTraceLog()->key());
}

}  // namespace

void SetKernelBtf(const btf::Btf* btf) { kernel_btf = btf; }

const btf::Btf* KernelBtf() { return kernel_btf; }

namespace helpers {

/// long bpf_snprintf_btf(str, str_size, ptr, btf_ptr_size, flags): the length
/// that all of the text has, its zero not included. -EINVAL: unknown flags, no
/// type, no types here. -ENOENT: no such type. -EFAULT; -E2BIG.
uint64_t SnprintfBtf(uint64_t str, uint64_t str_size, uint64_t ptr,
                     uint64_t btf_ptr_size, uint64_t flags) {
  const Result<TypedValue> value = Take(ptr, btf_ptr_size, flags);
  if (!value.ok()) {
    return AsResult(value.status());
  }
  // The verifier has seen that there is room for the zero.
  auto* const text = reinterpret_cast<char*>(str);
  TextWriter writer(text, static_cast<uint32_t>(str_size) - 1);
  const Status written = Put(writer, *value, flags);
  text[writer.text().size()] = '\0';
  return IsOk(written) ? writer.wanted() : AsResult(written);
}

/// long bpf_seq_printf_btf(seq, ptr, ptr_size, flags): as above, but 0; also
/// where it does not fit, which whoever runs the program sees.
uint64_t SeqPrintfBtf(uint64_t seq, uint64_t ptr, uint64_t ptr_size,
                      uint64_t flags, uint64_t) {
  const Result<TypedValue> value = Take(ptr, ptr_size, flags);
  if (!value.ok()) {
    return AsResult(value.status());
  }
  SeqBuffer& buffer = SeqBuffer::Of(seq);
  const Span<char> room = buffer.room();
  TextWriter writer(room.data(), room.size());
  const Status written = Put(writer, *value, flags);
  (void)buffer.Claim(writer.wanted());
  return AsResult(written);
}

}  // namespace helpers
}  // namespace ebpf
