// SPDX-License-Identifier: MIT
//
// BPF_PROG_LOAD: copy in, resolve maps, verify, make the program.
#include "core/base/memory.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/memory/buffer.h"
#include "core/program/program.h"
#include "core/syscall/commands.h"
#include "core/syscall/program_maps.h"
#include "core/verifier/verifier.h"

namespace ebpf {
namespace {

using linux_abi::ProgLoadAttr;

/// What of a log is kept here; a client may ask for up to a gigabyte.
constexpr uint32_t kMaxLogSize = 4u << 20;
constexpr uint32_t kKnownFlags =
    linux_abi::kProgStrictAlignment | linux_abi::kProgAnyAlignment |
    linux_abi::kProgTestRandomHigh32 | linux_abi::kProgTestStateFrequency;

/// The licenses that Linux takes as GPL-compatible (include/linux/license.h's
/// documented list of MODULE_LICENSE idents).
bool IsGplCompatible(StringView license) {
  static constexpr const char* kNames[] = {
      "GPL",          "GPL v2",       "GPL and additional rights",
      "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};
  for (const char* name : kNames) {
    if (license == name) {
      return true;
    }
  }
  return false;
}

Status CheckAttr(const Client& client, const ProgLoadAttr& attr) {
  if ((attr.prog_flags & ~kKnownFlags) != 0 || !IsObjectName(attr.prog_name)) {
    return Status::kInvalid;
  }
  if (attr.insn_cnt == 0 || attr.insn_cnt > verifier::kMaxProgramInsns) {
    return Status::kTooBig;
  }
  const ProgramType* type = FindProgramType(attr.prog_type);
  if (type == nullptr) {
    return Status::kInvalid;
  }
  // Tracing programs read kernel memory.
  if (type->id == ProgramTypeId::kKprobe &&
      !client.Capable(linux_abi::kCapPerfmon)) {
    return Status::kNotPermitted;
  }
  // What needs objects that do not exist here yet: BTF (descriptors of it are
  // none of ours), devices, tokens.
  if (attr.prog_btf_fd != 0 || attr.func_info_cnt != 0 ||
      attr.line_info_cnt != 0) {
    return Status::kBadFd;
  }
  if (attr.prog_ifindex != 0 || attr.expected_attach_type != 0 ||
      attr.attach_btf_id != 0 || attr.attach_prog_fd != 0 ||
      attr.core_relo_cnt != 0 || attr.prog_token_fd != 0 ||
      attr.fd_array_cnt != 0) {
    return Status::kInvalid;
  }
  return Status::kOk;
}

/// A log is all there or not at all, with a known level.
bool IsValidLog(const ProgLoadAttr& attr) {
  const bool has_buffer = attr.log_buf != 0;
  if (has_buffer != (attr.log_size != 0)) {
    return false;
  }
  if (has_buffer && attr.log_level == 0) {
    return false;
  }
  return (attr.log_level & ~verifier::kLogMask) == 0 &&
         attr.log_size <= UINT32_MAX >> 2;
}

/// Hands the log to the client: text, a zero, and how much there would have
/// been. kNoSpace where it was cut.
Status CopyLogOut(const Call& call, const ProgLoadAttr& attr,
                  const verifier::Log& log) {
  if (!log.enabled()) {
    return Status::kOk;
  }
  constexpr uint32_t kTrueSizeEnd =
      offsetof(ProgLoadAttr, log_true_size) + sizeof(attr.log_true_size);
  const auto true_size = static_cast<uint32_t>(log.writer().wanted() + 1);
  if (call.attr_size >= kTrueSizeEnd) {
    EBPF_TRY(call.client.CopyOut(
        call.attr.Plus(offsetof(ProgLoadAttr, log_true_size)), &true_size,
        sizeof(true_size)));
  }
  if (attr.log_buf == 0) {
    return Status::kOk;  // the client asked for the size alone
  }
  const StringView text = log.writer().text();
  const CallerPtr to = call.client.Pointer(attr.log_buf);
  EBPF_TRY(call.client.CopyOut(to, text.data(), text.size()));
  EBPF_TRY(call.client.CopyOut(to.Plus(text.size()), "", 1));
  return log.writer().truncated() ? Status::kNoSpace : Status::kOk;
}

/// The program, verified; what went wrong is in `log`.
Result<Ref<Program>> Load(const Call& call, const ProgLoadAttr& attr,
                          verifier::Log& log) {
  Allocator& allocator = *call.system.allocator;
  char license[128];
  EBPF_TRY(call.client.CopyStringIn(Span<char>(license),
                                    call.client.Pointer(attr.license)));
  Buffer<isa::Insn> insns(allocator);
  EBPF_TRY(insns.Allocate(attr.insn_cnt));
  EBPF_TRY(call.client.CopyIn(insns.span().data(),
                              call.client.Pointer(attr.insns),
                              insns.span().size() * sizeof(isa::Insn)));
  ProgramMaps maps(allocator);
  EBPF_TRY(maps.Resolve(call.client, call.client.fds(),
                        call.client.Pointer(attr.fd_array), insns.span(), log));

  ProgramParts parts;
  parts.type = FindProgramType(attr.prog_type);
  parts.gpl_compatible = IsGplCompatible(license);
  CopyBytes(parts.name, attr.prog_name, sizeof(parts.name));
  Buffer<InsnFacts> facts(allocator);
  EBPF_TRY(facts.Allocate(attr.insn_cnt));
  const verifier::Options options = {
      .type = parts.type,
      .context_size = call.system.machine->pt_regs_size,
      .gpl_compatible = parts.gpl_compatible,
  };
  verifier::Stats stats;
  EBPF_TRY(verifier::Verify(insns.span(), maps.maps(), options, allocator, log,
                            facts.span(), stats));
  maps.Bind(insns.span());

  parts.insns = insns.span();
  parts.facts = facts.span();
  parts.maps = EBPF_TRY(maps.Take());
  Result<Ref<Program>> program =
      Program::Create(parts, *call.system.engine, allocator);
  if (!program.ok()) {
    for (Map* map : parts.maps) {
      map->Release();
    }
    allocator.DeleteArray(parts.maps);
    return program.status();
  }
  (void)insns.Take();
  (void)facts.Take();
  return program;
}

}  // namespace

Result<int> ProgLoad(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<ProgLoadAttr>(raw));
  EBPF_TRY(CheckAttr(call.client, attr));
  if (!IsValidLog(attr)) {
    return Status::kInvalid;
  }
  Buffer<char> log_buffer(*call.system.allocator);
  // The last byte of the client's buffer is for the zero.
  const uint32_t log_size =
      attr.log_size == 0 ? 0 : Min(attr.log_size - 1, kMaxLogSize);
  EBPF_TRY(log_buffer.Allocate(log_size));
  verifier::Log log(attr.log_level, log_buffer.span().data(), log_size);

  Result<Ref<Program>> program = Load(call, attr, log);
  // As in Linux a log that does not fit wins over the verdict: clients grow it
  // and try again.
  EBPF_TRY(CopyLogOut(call, attr, log));
  EBPF_TRY(program.status());
  Ref<File> file =
      EBPF_TRY(ProgramFile::Create(*Move(program), *call.system.allocator));
  return call.client.fds().Install(Move(file));
}

}  // namespace ebpf
