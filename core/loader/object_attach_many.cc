// SPDX-License-Identifier: MIT
//
// Attaching one program to many functions (core/loader/object.h).
#include "core/base/glob.h"
#include "core/base/memory.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/loader/client_calls.h"
#include "core/loader/object.h"
#include "core/platform/symbol_name.h"
#include "core/probes/function_entry.h"
#include "core/probes/kprobe.h"

namespace ebpf::loader {
namespace {

/// The addresses of the functions that match and can be probed, and followed to
/// their returns where that is asked for: what Linux's
/// available_filter_functions is to a process. Each once, whatever names it
/// has. kNotFound.
Status FindFunctions(StringView pattern, bool at_return,
                     Vector<uint64_t>& addresses, Allocator& allocator) {
  Buffer<char> buffer(allocator);
  EBPF_TRY(buffer.Allocate(kMaxSymbolName));
  uint64_t position = 0;
  ebpf_symbol symbol;
  while (ebpf_port_symbol_next(&position, &symbol)) {
    const bool known =
        !addresses.empty() && addresses.end()[-1] == symbol.address;
    if (!known &&
        MatchesWildcards(ReadSymbolName(symbol, buffer.span()), pattern) &&
        IsOk(CheckKprobe(symbol.address)) &&
        (!at_return || MayFollowAt(symbol.address))) {
      EBPF_TRY(addresses.PushBack(symbol.address));
    }
  }
  return addresses.empty() ? Status::kNotFound : Status::kOk;
}

bool FollowsReturns(const ProgramSection& section) {
  return section.at_return ||
         section.attach_type ==
             static_cast<uint32_t>(AttachType::kTraceKprobeSession);
}

/// A name for another kernel than this one, whose functions' addresses are
/// other ones. kNotSupported: nobody here knows what matches there.
Status NameElsewhere(StringView pattern, Buffer<char>& name) {
  if (HasWildcards(pattern)) {
    return Status::kNotSupported;
  }
  EBPF_TRY(name.Allocate(pattern.size() + 1));
  CopyBytes(name.span().data(), pattern.data(), pattern.size());
  name[pattern.size()] = '\0';
  return Status::kOk;
}

}  // namespace

Result<int> Object::LinkMany(size_t index, const FunctionsToAttach& functions) {
  const ProgramSection& section = file_.programs()[index].section;
  const size_t count = functions.names.size() + functions.addresses.size();
  const bool both = !functions.names.empty() && !functions.addresses.empty();
  if (both || (!functions.pattern.empty() && count != 0) ||
      count > UINT32_MAX ||
      (!functions.cookies.empty() && functions.cookies.size() != count)) {
    return Status::kInvalid;
  }
  Vector<uint64_t> found(allocator_);
  Buffer<char> name(allocator_);
  uint64_t name_at = 0;
  linux_abi::KprobesToLink request{};
  request.flags = section.at_return ? linux_abi::kKprobesReturn : 0;
  request.count = static_cast<uint32_t>(count);
  request.cookies = AddressOf(functions.cookies.data());
  request.symbols = AddressOf(functions.names.data());
  request.addresses = AddressOf(functions.addresses.data());
  if (count == 0) {
    const StringView pattern =
        functions.pattern.empty() ? section.function : functions.pattern;
    if (pattern.empty()) {
      return Status::kInvalid;
    }
    if (kernel_.bpf != nullptr) {
      EBPF_TRY(NameElsewhere(pattern, name));
      name_at = AddressOf(name.span().data());
      request.count = 1;
      request.symbols = AddressOf(&name_at);
    } else {
      EBPF_TRY(
          FindFunctions(pattern, FollowsReturns(section), found, allocator_));
      request.count = static_cast<uint32_t>(found.size());
      request.addresses = AddressOf(found.begin());
    }
  }
  linux_abi::LinkCreateAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(programs_[index].fd);
  attr.attach_type = section.attach_type;
  CopyBytes(attr.details, &request, sizeof(request));
  return CallBpf(client_, kernel_, linux_abi::kLinkCreate, attr);
}

Result<int> Object::AttachMany(size_t index,
                               const FunctionsToAttach& functions) {
  if (index >= program_count() || programs_[index].fd <= 0) {
    return Status::kInvalid;
  }
  const ProgramSection& section = file_.programs()[index].section;
  if (section.target != SectionTarget::kKprobes) {
    return RefuseSection(index);
  }
  int* const link = EBPF_TRY(FreeLink());
  const Result<int> made = LinkMany(index, functions);
  if (!made.ok()) {
    log_.Put(section.at_return ? "kretprobes '" : "kprobes '");
    log_.Put(functions.pattern.empty() ? section.function : functions.pattern);
    log_.Put("': errno ");
    log_.PutUnsigned(static_cast<uint64_t>(made.status())).Put("\n");
    return made.status();
  }
  *link = *made;
  return int{*made};
}

}  // namespace ebpf::loader
