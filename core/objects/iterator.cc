// SPDX-License-Identifier: MIT
//
// The targets of iterators, by the name of their function.
#include "core/objects/iterator.h"

namespace ebpf {
namespace {

constexpr const char* kPrefix = "bpf_iter_";

constexpr IteratorTarget kTargets[] = {
    {"bpf_map", false, false, WalkMaps},
    {"bpf_map_elem", true, false, WalkElements},
    {"bpf_prog", false, false, WalkPrograms},
    {"bpf_link", false, false, WalkLinks},
};

}  // namespace

const IteratorTarget* FindIteratorTarget(const Program& program,
                                         const btf::Btf& kernel) {
  const Result<btf::Type> type =
      kernel.TypeAt(program.parts().origin.attach_btf_id);
  if (!type.ok() || type->kind != btf::Kind::kFunction) {
    return nullptr;
  }
  const StringView name = kernel.Name(type->name).ValueOr(StringView());
  if (!name.StartsWith(kPrefix)) {
    return nullptr;
  }
  const StringView target = name.Substring(StringView(kPrefix).size());
  for (const IteratorTarget& known : kTargets) {
    if (target == known.name) {
      return &known;
    }
  }
  return nullptr;
}

}  // namespace ebpf
