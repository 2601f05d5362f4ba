// SPDX-License-Identifier: MIT
//
// BPF_PROG_LOAD: copy in, resolve maps, verify, make the program. Checks come
// in Linux's order, so that a client that gets several things wrong hears of
// the same one first.
#include "core/base/memory.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/memory/buffer.h"
#include "core/program/program.h"
#include "core/program/program_tag.h"
#include "core/syscall/commands.h"
#include "core/syscall/program_maps.h"
#include "core/verifier/fixup.h"
#include "core/verifier/verifier.h"

namespace ebpf {
namespace {

using linux_abi::ProgLoadAttr;

/// What of a log is kept here; a client may ask for up to a gigabyte.
constexpr uint32_t kMaxLogSize = 4u << 20;
/// With less memory than for this there is no log.
constexpr uint32_t kMinLogSize = 4096;
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

/// Beside CAP_BPF.
bool MayLoad(const Client& client, const ProgramType& type) {
  return ((type.privilege & kPrivilegeNetAdmin) == 0 ||
          client.Capable(linux_abi::kCapNetAdmin)) &&
         ((type.privilege & kPrivilegePerfmon) == 0 ||
          client.Capable(linux_abi::kCapPerfmon));
}

/// What the attribute says without a look at what it points to.
Status CheckAttr(const Client& client, const ProgLoadAttr& attr) {
  if ((attr.prog_flags & ~kKnownFlags) != 0) {
    return Status::kInvalid;
  }
  // As with Linux's kernel.unprivileged_bpf_disabled = 2, its default.
  if (!client.Capable(linux_abi::kCapBpf)) {
    return Status::kNotPermitted;
  }
  if (attr.insn_cnt == 0 || attr.insn_cnt > verifier::kMaxProgramInsns) {
    return Status::kTooBig;
  }
  // Tracing programs read kernel memory, others see the network's packets.
  const ProgramType* type = FindProgramType(attr.prog_type);
  if (type != nullptr && !MayLoad(client, *type)) {
    return Status::kNotPermitted;
  }
  // What needs objects that do not exist here yet.
  if (attr.prog_ifindex != 0 || attr.expected_attach_type != 0 ||
      attr.attach_btf_id != 0 || attr.attach_prog_fd != 0 ||
      attr.core_relo_cnt != 0 || attr.fd_array_cnt != 0) {
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

/// The client's buffer may be far larger than its log will be: where the kernel
/// has no memory for all of it, less will do.
Status AllocateLog(uint32_t size, Buffer<char>& buffer) {
  size = Min(size, kMaxLogSize);
  Status status = buffer.Allocate(size);
  while (status == Status::kNoMemory && size / 2 >= kMinLogSize) {
    size /= 2;
    status = buffer.Allocate(size);
  }
  return status;
}

/// Hands the log to the client: text, a zero, and how much there would have
/// been. kNoSpace where it was cut.
Status CopyLogOut(const Call& call, const ProgLoadAttr& attr,
                  const verifier::Log& log) {
  const TextWriter& writer = log.writer();
  const bool has_text = log.enabled() && writer.wanted() != 0;
  Status status = Status::kOk;
  if (has_text && attr.log_buf != 0) {
    const StringView text = writer.text();
    const CallerPtr to = call.client.Pointer(attr.log_buf);
    EBPF_TRY(call.client.CopyOut(to, text.data(), text.size()));
    EBPF_TRY(call.client.CopyOut(to.Plus(text.size()), "", 1));
    status = writer.truncated() ? Status::kNoSpace : Status::kOk;
  }
  constexpr uint32_t kTrueSizeEnd =
      offsetof(ProgLoadAttr, log_true_size) + sizeof(attr.log_true_size);
  if (call.attr_size >= kTrueSizeEnd) {
    const auto true_size =
        static_cast<uint32_t>(has_text ? writer.wanted() + 1 : 0);
    EBPF_TRY(call.client.CopyOut(
        call.attr.Plus(offsetof(ProgLoadAttr, log_true_size)), &true_size,
        sizeof(true_size)));
  }
  return status;
}

/// A program on its way from the client's memory to a descriptor.
class Loading : public NonCopyable {
 public:
  Loading(const Call& call, const ProgLoadAttr& attr)
      : call_(call),
        attr_(attr),
        allocator_(*call.system.allocator),
        insns_(allocator_),
        maps_(allocator_) {}

  /// Instructions and license, and what the attribute says of them.
  Status CopyIn();

  /// The program, verified; what is wrong with it is in `log`.
  Result<Ref<Program>> Verify(verifier::Log& log);

 private:
  Result<Ref<Program>> Make(verifier::FixedProgram& fixed);

  const Call& call_;
  const ProgLoadAttr& attr_;
  Allocator& allocator_;
  ProgramParts parts_;
  Buffer<isa::Insn> insns_;
  ProgramMaps maps_;
};

Status Loading::CopyIn() {
  const Client& client = call_.client;
  EBPF_TRY(insns_.Allocate(attr_.insn_cnt));
  EBPF_TRY(client.CopyIn(insns_.span().data(), client.Pointer(attr_.insns),
                         insns_.span().size() * sizeof(isa::Insn)));
  ComputeTag(insns_.span(), parts_.tag);
  char license[128] = {};
  const Result<size_t> length =
      client.CopyStringIn(Span<char>(license).First(sizeof(license) - 1),
                          client.Pointer(attr_.license));
  if (!length.ok() && length.status() != Status::kTooBig) {
    return length.status();  // a longer one is cut
  }
  parts_.gpl_compatible = IsGplCompatible(license);
  parts_.type = FindProgramType(attr_.prog_type);
  if (parts_.type == nullptr || !IsObjectName(attr_.prog_name)) {
    return Status::kInvalid;
  }
  const StringView name =
      StringView::FromField(attr_.prog_name, sizeof(attr_.prog_name));
  CopyBytes(parts_.name, name.data(), name.size());
  return Status::kOk;
}

Result<Ref<Program>> Loading::Verify(verifier::Log& log) {
  if (attr_.func_info_cnt != 0 || attr_.line_info_cnt != 0) {
    return NotBtf(call_.client.fds(), attr_.prog_btf_fd);
  }
  EBPF_TRY(maps_.Resolve(call_.client, call_.client.fds(),
                         call_.client.Pointer(attr_.fd_array), insns_.span(),
                         log));
  Buffer<InsnFacts> facts(allocator_);
  EBPF_TRY(facts.Allocate(attr_.insn_cnt));
  verifier::Options options;
  options.type = parts_.type;
  options.context_size = call_.system.machine->pt_regs_size;
  options.gpl_compatible = parts_.gpl_compatible;
  options.allow_uninitialized_stack =
      call_.client.Capable(linux_abi::kCapPerfmon);
  options.strict_alignment =
      (attr_.prog_flags & linux_abi::kProgStrictAlignment) != 0;
  verifier::Stats stats;
  verifier::Findings findings(allocator_);
  EBPF_TRY(verifier::Verify(insns_.span(), maps_.maps(), options, allocator_,
                            log, facts.span(), stats, &findings));
  verifier::FixedProgram fixed(allocator_);
  EBPF_TRY(
      verifier::Fixup({insns_.span(), maps_.maps(), facts.span(), findings},
                      allocator_, log, fixed));
  return Make(fixed);
}

Result<Ref<Program>> Loading::Make(verifier::FixedProgram& fixed) {
  maps_.Bind(fixed.insns.span());
  parts_.insns = fixed.insns.span();
  parts_.facts = fixed.facts.span();
  parts_.functions = fixed.functions.span();
  parts_.original_indices = fixed.original_indices.span();
  parts_.direct_calls = fixed.direct_calls.span();
  parts_.maps = EBPF_TRY(maps_.Take());
  Result<Ref<Program>> program =
      Program::Create(parts_, call_.system.engine(), allocator_);
  if (!program.ok()) {
    for (Map* map : parts_.maps) {
      map->Release();
    }
    allocator_.DeleteArray(parts_.maps);
    return program.status();
  }
  (void)fixed.insns.Take();
  (void)fixed.facts.Take();
  (void)fixed.functions.Take();
  (void)fixed.original_indices.Take();
  (void)fixed.direct_calls.Take();
  return program;
}

}  // namespace

Result<int> ProgLoad(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<ProgLoadAttr>(raw));
  EBPF_TRY(CheckAttr(call.client, attr));
  Loading loading(call, attr);
  EBPF_TRY(loading.CopyIn());
  if (!IsValidLog(attr)) {
    return Status::kInvalid;
  }
  Buffer<char> log_buffer(*call.system.allocator);
  // The last byte of the client's buffer is for the zero.
  EBPF_TRY(AllocateLog(Max(attr.log_size, uint32_t{1}) - 1, log_buffer));
  verifier::Log log(attr.log_level, log_buffer.span().data(),
                    log_buffer.span().size());

  Result<Ref<Program>> program = loading.Verify(log);
  // As in Linux a log that does not fit wins over the verdict: clients grow it
  // and try again.
  EBPF_TRY(CopyLogOut(call, attr, log));
  EBPF_TRY(program.status());
  Ref<File> file =
      EBPF_TRY(ProgramFile::Create(*Move(program), *call.system.allocator));
  return call.client.fds().Install(Move(file));
}

}  // namespace ebpf
