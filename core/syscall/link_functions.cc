// SPDX-License-Identifier: MIT
//
// core/syscall/link_functions.h's implementation.
#include "core/syscall/link_functions.h"

#include "core/base/memory.h"
#include "core/objects/kprobe_multi_link.h"
#include "core/platform/symbol_name.h"
#include "core/program_types/program_type.h"

namespace ebpf {
namespace {

using linux_abi::KprobesToLink;

constexpr uint32_t kMaxFunctions = 1u << 20;  // Linux's MAX_KPROBE_MULTI_CNT

bool IsSession(uint32_t attach_type) {
  return attach_type == static_cast<uint32_t>(AttachType::kTraceKprobeSession);
}

Status CheckRequest(const linux_abi::LinkCreateAttr& attr,
                    const KprobesToLink& functions, const Program& program) {
  if (!IsForFunctions(attr.attach_type) ||
      program.parts().attach_type != attr.attach_type || attr.flags != 0 ||
      (functions.flags & ~linux_abi::kKprobesReturn) != 0 ||
      (functions.symbols == 0) == (functions.addresses == 0) ||
      functions.count == 0) {
    return Status::kInvalid;
  }
  return functions.count > kMaxFunctions ? Status::kTooBig : Status::kOk;
}

/// Copies a table of the client's, one word for each function.
Status CopyWordsIn(const Client& client, uint64_t from, uint32_t count,
                   Buffer<uint64_t>& words) {
  EBPF_TRY(words.Allocate(count));
  return client.CopyIn(words.span().data(), client.Pointer(from),
                       count * sizeof(uint64_t));
}

/// Puts the functions' addresses in the place of pointers to their names.
Status FindByName(const Client& client, Span<uint64_t> words,
                  Allocator& allocator) {
  Buffer<char> name(allocator);
  EBPF_TRY(name.Allocate(kMaxSymbolName));
  for (uint64_t& word : words) {
    const size_t size =
        EBPF_TRY(client.CopyStringIn(name.span(), client.Pointer(word)));
    const Result<ebpf_symbol> symbol =
        FindFunction(StringView(name.span().data(), size));
    if (!symbol.ok()) {
      return symbol.status() == Status::kNotFound ? Status::kNoSuchTask
                                                  : symbol.status();
    }
    word = symbol->address;
  }
  return Status::kOk;
}

KprobesKind KindOf(uint32_t attach_type, const KprobesToLink& functions) {
  const bool returns = functions.flags == linux_abi::kKprobesReturn;
  if (IsSession(attach_type)) {
    return returns ? KprobesKind::kSessionReturns : KprobesKind::kSession;
  }
  return returns ? KprobesKind::kReturns : KprobesKind::kEntries;
}

}  // namespace

bool IsForFunctions(uint32_t attach_type) {
  return attach_type == static_cast<uint32_t>(AttachType::kTraceKprobeMulti) ||
         IsSession(attach_type);
}

Result<Ref<Link>> LinkToFunctions(const Call& call,
                                  const linux_abi::LinkCreateAttr& attr,
                                  Ref<Program> program) {
  KprobesToLink functions;
  static_assert(sizeof(functions) <= sizeof(attr.details));
  CopyBytes(&functions, attr.details, sizeof(functions));
  EBPF_TRY(CheckRequest(attr, functions, *program));
  Allocator& allocator = *call.system.allocator;
  Buffer<uint64_t> cookies(allocator);
  if (functions.cookies != 0) {
    EBPF_TRY(
        CopyWordsIn(call.client, functions.cookies, functions.count, cookies));
  }
  Buffer<uint64_t> addresses(allocator);
  EBPF_TRY(CopyWordsIn(
      call.client,
      functions.symbols != 0 ? functions.symbols : functions.addresses,
      functions.count, addresses));
  if (functions.symbols != 0) {
    EBPF_TRY(FindByName(call.client, addresses.span(), allocator));
  }
  return KprobeMultiLink::Create(Move(program),
                                 KindOf(attr.attach_type, functions), addresses,
                                 cookies, allocator);
}

}  // namespace ebpf
