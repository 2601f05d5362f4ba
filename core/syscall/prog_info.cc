// SPDX-License-Identifier: MIT
//
// BPF_OBJ_GET_INFO_BY_FD of a program: what it is made of, as it was loaded and
// as it runs.
#include "core/memory/buffer.h"
#include "core/program/xlated.h"
#include "core/syscall/object_info.h"

namespace ebpf {
namespace {

using linux_abi::FunctionInfo;
using linux_abi::LineInfo;
using linux_abi::ProgramInfo;

/// One request on its way through the fields, in Linux's order.
class Filling {
 public:
  Filling(const InfoRequest& request, const Program& program, ProgramInfo& info)
      : request_(request), program_(program), info_(info) {}

  /// What everybody may know who has a descriptor.
  Status Describe();
  /// What shows the kernel's memory.
  Status Dump();
  /// In its place, for who has no CAP_BPF.
  void HideDumps();

 private:
  const ProgramParts& parts() const { return program_.parts(); }
  uint32_t function_count() const {
    return Max<uint32_t>(1, static_cast<uint32_t>(parts().functions.size()));
  }
  uint32_t StartOf(uint32_t function) const {
    return parts().functions.empty() ? 0 : parts().functions[function].start;
  }
  /// Where the code of an instruction begins; of the first, what leads to it
  /// too.
  uint64_t AddressOf(uint32_t insn) const {
    return code_.address + (insn == 0 ? 0 : code_.offsets[insn]);
  }

  Status PutMapIds();
  Status CheckRecordSizes();
  Status PutXlated();
  Status PutCode();
  Status PutSymbols();
  Status PutLines();
  Status PutTags();

  const InfoRequest& request_;
  const Program& program_;
  ProgramInfo& info_;
  MachineCode code_;
};

Status Filling::Describe() {
  info_.type = static_cast<uint32_t>(parts().type->id);
  info_.id = program_.id();
  info_.load_time = parts().origin.load_time_ns;
  info_.created_by_uid = parts().origin.user_id;
  // A bit field in Linux: its neighbours stay what the client wrote.
  info_.gpl_compatible =
      (info_.gpl_compatible & ~1u) | (parts().gpl_compatible ? 1 : 0);
  CopyBytes(info_.tag, parts().tag, sizeof(info_.tag));
  CopyBytes(info_.name, parts().name, sizeof(info_.name));
  EBPF_TRY(PutMapIds());
  EBPF_TRY(CheckRecordSizes());
  const ProgramStats stats = program_.Stats();
  info_.run_time_ns = stats.run_time_ns;
  info_.run_count = stats.timed_runs;
  info_.recursion_misses = stats.missed;
  info_.verified_insns = parts().origin.verified_insns;
  info_.attach_btf_obj_id = parts().origin.attach_btf_id != 0 &&
                                    request_.system().kernel_types != nullptr
                                ? request_.system().kernel_types->id()
                                : 0;
  info_.attach_btf_id = parts().origin.attach_btf_id;
  info_.btf_id = parts().types == nullptr ? 0 : parts().types->id();
  info_.ifindex = 0;
  info_.netns_dev = 0;
  info_.netns_ino = 0;
  return Status::kOk;
}

Status Filling::PutMapIds() {
  const uint32_t room = Exchange(info_.map_count, 0u);
  const CallerPtr to = request_.client().Pointer(info_.map_ids);
  while (const Map* map = program_.MapAt(info_.map_count)) {
    const uint32_t id = map->id();
    if (info_.map_count < room) {
      EBPF_TRY(request_.client().CopyOut(to.Plus(info_.map_count * sizeof(id)),
                                         &id, sizeof(id)));
    }
    ++info_.map_count;
  }
  return Status::kOk;
}

/// Records have one size; who asks for none need not know it.
Status Filling::CheckRecordSizes() {
  const auto check = [](uint32_t count, uint32_t& size, uint32_t right) {
    if ((count != 0 || size != 0) && size != right) {
      return Status::kInvalid;
    }
    size = right;
    return Status::kOk;
  };
  EBPF_TRY(check(info_.function_info_count, info_.function_info_size,
                 sizeof(FunctionInfo)));
  EBPF_TRY(
      check(info_.line_info_count, info_.line_info_size, sizeof(LineInfo)));
  return check(info_.jited_line_info_count, info_.jited_line_info_size,
               sizeof(uint64_t));
}

void Filling::HideDumps() {
  info_.jited_size = 0;
  info_.xlated_size = 0;
  info_.jited_symbol_count = 0;
  info_.jited_length_count = 0;
  info_.function_info_count = 0;
  info_.line_info_count = 0;
  info_.jited_line_info_count = 0;
}

Status Filling::Dump() {
  code_ = program_.code();
  EBPF_TRY(PutXlated());
  EBPF_TRY(PutCode());
  EBPF_TRY(PutSymbols());
  EBPF_TRY(PutLines());
  return PutTags();
}

Status Filling::PutXlated() {
  const auto count = static_cast<uint32_t>(program_.insns().size());
  const uint32_t size = count * static_cast<uint32_t>(sizeof(isa::Insn));
  const uint32_t room = Min(Exchange(info_.xlated_size, size), size);
  const CallerPtr to = request_.client().Pointer(info_.xlated_insns);
  constexpr uint32_t kChunk = 32;
  for (uint32_t at = 0; at < room; at += kChunk * sizeof(isa::Insn)) {
    isa::Insn insns[kChunk];
    const auto first = static_cast<uint32_t>(at / sizeof(isa::Insn));
    for (uint32_t i = 0; i < Min(kChunk, count - first); ++i) {
      insns[i] = XlatedInsn(program_, first + i);
    }
    EBPF_TRY(request_.client().CopyOut(to.Plus(at), insns,
                                       Min<size_t>(sizeof(insns), room - at)));
  }
  return Status::kOk;
}

Status Filling::PutCode() {
  const auto size = static_cast<uint32_t>(code_.size);
  const uint32_t room = Min(Exchange(info_.jited_size, size), size);
  return request_.client().CopyOut(request_.client().Pointer(info_.jited_insns),
                                   reinterpret_cast<const void*>(code_.address),
                                   room);
}

Status Filling::PutSymbols() {
  const uint32_t count = code_.size == 0 ? 0 : function_count();
  Buffer<uint64_t> symbols(request_.allocator());
  Buffer<uint32_t> lengths(request_.allocator());
  EBPF_TRY(symbols.Allocate(count));
  EBPF_TRY(lengths.Allocate(count));
  for (uint32_t i = 0; i < count; ++i) {
    symbols[i] = AddressOf(StartOf(i));
    const uint64_t end =
        i + 1 < count ? AddressOf(StartOf(i + 1)) : code_.address + code_.size;
    lengths[i] = static_cast<uint32_t>(end - symbols[i]);
  }
  EBPF_TRY(CopyTableOut(request_.client(), info_.jited_symbols,
                        info_.jited_symbol_count,
                        Span<const uint64_t>(symbols.span().data(), count)));
  return CopyTableOut(request_.client(), info_.jited_lengths,
                      info_.jited_length_count,
                      Span<const uint32_t>(lengths.span().data(), count));
}

Status Filling::PutLines() {
  const Span<FunctionInfo> functions = parts().function_info;
  const Span<LineInfo> lines = parts().line_info;
  EBPF_TRY(CopyTableOut(
      request_.client(), info_.function_info, info_.function_info_count,
      Span<const FunctionInfo>(functions.data(), functions.size())));
  EBPF_TRY(CopyTableOut(request_.client(), info_.line_info,
                        info_.line_info_count,
                        Span<const LineInfo>(lines.data(), lines.size())));
  const size_t count = code_.size == 0 ? 0 : lines.size();
  Buffer<uint64_t> addresses(request_.allocator());
  EBPF_TRY(addresses.Allocate(count));
  for (size_t i = 0; i < count; ++i) {
    addresses[i] = AddressOf(lines[i].insn_offset);
  }
  return CopyTableOut(request_.client(), info_.jited_line_info,
                      info_.jited_line_info_count,
                      Span<const uint64_t>(addresses.span().data(), count));
}

Status Filling::PutTags() {
  const uint32_t count = function_count();
  const uint32_t room = Min(Exchange(info_.tag_count, count), count);
  const CallerPtr to = request_.client().Pointer(info_.tags);
  for (uint32_t i = 0; i < room; ++i) {
    uint8_t tag[kTagSize];
    if (count == 1) {
      CopyBytes(tag, parts().tag, kTagSize);
    } else {
      ComputeFunctionTag(program_, i, tag);
    }
    EBPF_TRY(request_.client().CopyOut(to.Plus(i * kTagSize), tag, kTagSize));
  }
  return Status::kOk;
}

}  // namespace

Status GetProgramInfo(InfoRequest& request, const Program& program) {
  ProgramInfo info;
  EBPF_TRY(request.CheckTail(offsetof(ProgramInfo, padding), sizeof(info)));
  EBPF_TRY(request.CopyIn(info));
  Filling filling(request, program, info);
  EBPF_TRY(filling.Describe());
  if (request.client().Capable(linux_abi::kCapBpf)) {
    EBPF_TRY(filling.Dump());
  } else {
    filling.HideDumps();
  }
  return request.CopyOut(info);
}

}  // namespace ebpf
