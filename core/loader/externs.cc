// SPDX-License-Identifier: MIT
//
// core/loader/externs.h's implementation.
#include "core/loader/externs.h"

#include "core/loader/kconfig.h"

namespace ebpf::loader {
namespace {

/// A function or a typed variable by its name in the kernel's BTF.
Result<btf::TypeId> FindInKernel(const Kernel& kernel, btf::Kind kind,
                                 StringView name) {
  if (kernel.btf == nullptr) {
    return Status::kNotFound;
  }
  return kernel.btf->Find(kind, btf::EssentialName(name));
}

Result<Extern> FindFunction(const Kernel& kernel, StringView name) {
  return Extern{Extern::Kind::kFunction,
                EBPF_TRY(FindInKernel(kernel, btf::Kind::kFunction, name)), 0};
}

Result<Extern> FindVariable(const Kernel& kernel, StringView name,
                            bool is_typed) {
  if (is_typed) {
    return Extern{Extern::Kind::kVariable,
                  EBPF_TRY(FindInKernel(kernel, btf::Kind::kVariable, name)),
                  0};
  }
  if (kernel.find_symbol == nullptr) {
    return Status::kNotFound;
  }
  return Extern{Extern::Kind::kAddress, 0,
                EBPF_TRY(kernel.find_symbol(btf::EssentialName(name)))};
}

Result<Extern> FindByType(const ObjectFile& object, StringView name,
                          const Kernel& kernel) {
  const btf::Btf& btf = *object.btf();
  if (btf.Find(btf::Kind::kFunction, name).ok()) {
    return FindFunction(kernel, name);
  }
  const Result<btf::TypeId> id = btf.Find(btf::Kind::kVariable, name);
  if (!id.ok()) {
    return Status::kInvalid;
  }
  const Result<uint32_t> option = KconfigOffset(btf, *id);
  if (option.ok()) {
    return Extern{Extern::Kind::kKconfig, 0, *option};
  }
  const btf::Type variable = EBPF_TRY(btf.TypeAt(*id));
  const btf::Type type = EBPF_TRY(btf.Resolve(variable.size_or_type));
  return FindVariable(kernel, name, type.kind != btf::Kind::kVoid);
}

}  // namespace

Result<Extern> FindExtern(const ObjectFile& object, const elf::Symbol& symbol,
                          const Kernel& kernel, TextWriter& log) {
  const StringView name = object.elf().NameOf(symbol).ValueOr("");
  Result<Extern> found = Status::kInvalid;
  if (object.btf() != nullptr) {
    found = FindByType(object, name, kernel);
  }
  if (found.ok()) {
    return found;
  }
  if (found.status() == Status::kNotFound && symbol.bind == elf::kBindWeak) {
    return Extern{Extern::Kind::kMissing, 0, 0};
  }
  log.Put("extern '").Put(name);
  log.Put(found.status() != Status::kNotFound ? "': its type is not known\n"
          : kernel.btf == nullptr
              ? "': the kernel's BTF is needed, and not there\n"
              : "': the kernel has none\n");
  return found.status();
}

}  // namespace ebpf::loader
