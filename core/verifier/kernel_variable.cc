// SPDX-License-Identifier: MIT
//
// A struct is an object of the kernel, anything else is memory to read; what
// stands in the section of per-CPU variables has an address for each CPU.
#include "core/verifier/kernel_variable.h"

#include "core/platform/symbols.h"
#include "core/platform/variables.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

using btf::Kind;

constexpr const char* kPerCpuSection = ".data..percpu";

/// The variable or function that `insn` names; kInvalid.
Result<btf::Type> Named(const Verification& v, const isa::DecodedInsn& insn) {
  if (insn.imm <= 0) {
    return Status::kInvalid;
  }
  return v.options.kernel_btf->TypeAt(static_cast<btf::TypeId>(insn.imm));
}

bool IsPerCpu(const btf::Btf& btf, btf::TypeId variable) {
  const Result<btf::TypeId> id = btf.Find(Kind::kDataSection, kPerCpuSection);
  const Result<btf::Type> section =
      id.ok() ? btf.TypeAt(*id) : Result<btf::Type>(id.status());
  for (uint32_t i = 0; section.ok() && i < section->member_count; ++i) {
    if (btf::Btf::VariableAt(*section, i).type == variable) {
      return true;
    }
  }
  return false;
}

}  // namespace

Status CheckKernelVariable(Verification& v, const isa::DecodedInsn& insn) {
  if (v.options.kernel_btf == nullptr) {
    return v.Reject(Message::kNoKernelBtf);
  }
  const Result<btf::Type> type = Named(v, insn);
  if (!type.ok() || insn.next_imm != 0) {
    return v.Reject(Message::kVariableInvalid, insn.imm);
  }
  if (type->kind != Kind::kVariable && type->kind != Kind::kFunction) {
    return v.Reject(Message::kVariableKind, insn.imm);
  }
  const btf::Btf& btf = *v.options.kernel_btf;
  if (type->kind == Kind::kVariable &&
      !IsPerCpu(btf, static_cast<btf::TypeId>(insn.imm)) &&
      !btf.SizeOf(type->size_or_type).ok()) {
    const StringView name = EBPF_TRY(btf.Name(type->name));
    return v.Reject(Message::kVariableSize, name.data(),
                    -static_cast<int>(Status::kInvalid));
  }
  if (v.options.profile == Profile::kPort &&
      !KernelVariableAddress(btf, insn).ok()) {
    const StringView name = EBPF_TRY(btf.Name(type->name));
    return v.Reject(Message::kVariableAddress, name.data());
  }
  return Status::kOk;
}

Result<uint64_t> KernelVariableAddress(const btf::Btf& btf,
                                       const isa::DecodedInsn& insn) {
  const btf::Type type =
      EBPF_TRY(btf.TypeAt(static_cast<btf::TypeId>(insn.imm)));
  const StringView name = EBPF_TRY(btf.Name(type.name));
  if (type.kind == Kind::kVariable) {
    uintptr_t address;
    if (ebpf_port_variable(name.data(), name.size(), &address)) {
      return uint64_t{address};
    }
    return Status::kNotFound;
  }
  ebpf_symbol symbol;
  if (ebpf_port_symbol_by_name(name.data(), name.size(), &symbol)) {
    return uint64_t{symbol.address};
  }
  return Status::kNotFound;
}

RegState KernelVariable(const Verification& v, const isa::DecodedInsn& insn) {
  const btf::Btf& btf = *v.options.kernel_btf;
  RegState memory = RegState::Pointer(RegType::kMemory);
  memory.flags = kRegReadOnly;
  const Result<btf::Type> named = Named(v, insn);
  if (!named.ok() || named->kind != Kind::kVariable) {
    return memory;  // a function: no byte of it is read
  }
  const Result<btf::TypeId> id = btf.SkipModifiers(named->size_or_type);
  const Result<btf::Type> type =
      id.ok() ? btf.TypeAt(*id) : Result<btf::Type>(id.status());
  if (!type.ok()) {
    return memory;
  }
  if (IsPerCpu(btf, static_cast<btf::TypeId>(insn.imm))) {
    return TypedPointer(&btf, *id, kRegPerCpu);
  }
  if (btf::IsComposite(type->kind)) {
    return TypedPointer(&btf, *id, 0);
  }
  memory.memory_size = btf.SizeOf(*id).ValueOr(0);
  return memory;
}

}  // namespace ebpf::verifier
