// SPDX-License-Identifier: MIT
#include "testing/guest/jit/code.h"

#include "core/base/memory.h"
#include "core/memory/allocator.h"
#include "core/syscall/system.h"

namespace guest::jit {
namespace {

using ebpf::Program;
using ebpf::ProgramParts;
using ebpf::Ref;
using ebpf::Result;
using ebpf::Span;

constexpr ebpf::ProgramType kType = {};

/// Empty without memory: which the engine then refuses.
template <typename T>
Span<T> Copy(const T* from, size_t count) {
  Result<Span<T>> array = ebpf::PortAllocator().NewArray<T>(count);
  if (!array.ok()) {
    return {};
  }
  for (size_t i = 0; i < count; ++i) {
    (*array)[i] = from[i];
  }
  return *array;
}

}  // namespace

Result<Ref<Program>> Load(const Code& code, ebpf::StringView name,
                          const Uses& uses) {
  ProgramParts parts;
  parts.type = &kType;
  parts.insns = Copy(code.insns(), code.size());
  parts.facts = Copy(code.facts(), code.size());
  if (uses.map != nullptr) {
    (void)Ref<ebpf::Map>::Share(*uses.map).Leak();
    parts.maps = Copy(&uses.map, 1);
  }
  if (uses.direct_call != nullptr) {
    parts.direct_calls = Copy(&uses.direct_call, 1);
  }
  ebpf::CopyBytes(parts.name, name.data(),
                  ebpf::Min(name.size(), sizeof parts.name - 1));
  for (uint8_t i = 0; i < sizeof parts.tag; ++i) {
    parts.tag[i] = static_cast<uint8_t>(0x10 * i + i);
  }
  ebpf::Allocator& allocator = ebpf::PortAllocator();
  Result<Ref<Program>> program =
      Program::Create(parts, ebpf::RunningSystem()->engine(), allocator);
  if (!program.ok()) {
    if (uses.map != nullptr) {
      uses.map->Release();
    }
    allocator.DeleteArray(parts.insns);
    allocator.DeleteArray(parts.facts);
    allocator.DeleteArray(parts.maps);
    allocator.DeleteArray(parts.direct_calls);
  }
  return program;
}

Code& NewCode() {
  static constinit Code code;
  code.Clear();
  return code;
}

}  // namespace guest::jit
