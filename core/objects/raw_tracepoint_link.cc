// SPDX-License-Identifier: MIT
//
// core/objects/raw_tracepoint_link.h's implementation.
#include "core/objects/raw_tracepoint_link.h"

namespace ebpf {

Result<Ref<Link>> RawTracepointLink::Create(Tracepoint& tracepoint,
                                            Ref<Program> program,
                                            uint64_t cookie,
                                            Allocator& allocator) {
  const ProgramParts& parts = program->parts();
  const TracepointInfo& info = *tracepoint.info;
  if (parts.context_bytes > info.argument_count * sizeof(uint64_t) ||
      parts.element_value_bytes > info.writable_size) {
    return Status::kInvalid;
  }
  RawTracepointLink* link = EBPF_TRY(allocator.New<RawTracepointLink>(
      tracepoint, Move(program), cookie, allocator));
  Ref<Link> ref = Ref<Link>::Adopt(link);
  EBPF_TRY(AddArgumentsConsumer(tracepoint, *link));
  link->attached_ = true;
  return ref;
}

void RawTracepointLink::Destroy() {
  LeaveTable();
  if (attached_) {
    RemoveArgumentsConsumer(tracepoint_, *this);
  }
  allocator_.Delete(this);
}

StringView TracepointOf(const Program& program, const btf::Btf& kernel) {
  constexpr StringView kPrefix = "btf_trace_";
  const Result<btf::Type> type =
      kernel.TypeAt(program.parts().origin.attach_btf_id);
  if (!type.ok() || type->kind != btf::Kind::kTypedef) {
    return StringView();
  }
  const StringView name = kernel.Name(type->name).ValueOr(StringView());
  return name.StartsWith(kPrefix) ? name.Substring(kPrefix.size())
                                  : StringView();
}

}  // namespace ebpf
