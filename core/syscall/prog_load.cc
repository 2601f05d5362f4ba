// SPDX-License-Identifier: MIT
//
// BPF_PROG_LOAD: copy in, resolve maps, verify, make the program. Checks come
// in Linux's order, so that a client that gets several things wrong hears of
// the same one first.
#include "core/base/memory.h"
#include "core/files/judged_program_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/memory/buffer.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/program/program.h"
#include "core/program/program_tag.h"
#include "core/syscall/attach_point.h"
#include "core/syscall/client_log.h"
#include "core/syscall/commands.h"
#include "core/syscall/program_btf.h"
#include "core/syscall/program_maps.h"
#include "core/tracepoints/trace_instance.h"
#include "core/verifier/fixup.h"
#include "core/verifier/verifier.h"

namespace ebpf {
namespace {

using linux_abi::ProgLoadAttr;

constexpr uint32_t kKnownFlags =
    linux_abi::kProgStrictAlignment | linux_abi::kProgAnyAlignment |
    linux_abi::kProgTestRandomHigh32 | linux_abi::kProgTestStateFrequency |
    linux_abi::kProgSleepable | linux_abi::kProgXdpHasFrags |
    linux_abi::kProgXdpDeviceBound | linux_abi::kProgTestRegInvariants;

/// BPF_MAXINSNS: what whoever has no CAP_BPF may load.
constexpr uint32_t kMaxUnprivilegedInsns = 4096;

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

/// Beside CAP_BPF: tracing programs read kernel memory, others see the
/// network's packets.
bool MayLoad(const Client& client, const ProgramType& type) {
  return ((type.privilege & kPrivilegeNetAdmin) == 0 ||
          client.Capable(linux_abi::kCapNetAdmin)) &&
         ((type.privilege & kPrivilegePerfmon) == 0 ||
          client.Capable(linux_abi::kCapPerfmon));
}

Status CheckRights(const Call& call, const ProgLoadAttr& attr) {
  const Client& client = call.client;
  const bool is_privileged = client.Capable(linux_abi::kCapBpf);
  // As with Linux's kernel.unprivileged_bpf_disabled = 2, its default.
  if (!is_privileged && !call.system.kernel.allows_unprivileged) {
    return Status::kNotPermitted;
  }
  if (attr.insn_cnt == 0 ||
      attr.insn_cnt > (is_privileged ? verifier::kMaxProgramInsns
                                     : kMaxUnprivilegedInsns)) {
    return Status::kTooBig;
  }
  const ProgramType* type = FindProgramType(attr.prog_type);
  if (type == nullptr) {
    return is_privileged ? Status::kOk : Status::kNotPermitted;
  }
  const bool is_for_anybody = (type->privilege & kPrivilegeAnybody) != 0;
  return (is_privileged || is_for_anybody) && MayLoad(client, *type)
             ? Status::kOk
             : Status::kNotPermitted;
}

/// What the attribute says without a look at what it points to.
Status CheckAttr(const Call& call, const ProgLoadAttr& attr) {
  if ((attr.prog_flags & ~kKnownFlags) != 0) {
    return Status::kInvalid;
  }
  EBPF_TRY(CheckRights(call, attr));
  // What needs objects that do not exist here yet. Without its flag, which is
  // not known here, nobody looks at prog_token_fd.
  if (attr.prog_ifindex != 0 || attr.fd_array_cnt != 0) {
    return Status::kInvalid;
  }
  return Status::kOk;
}

LogRequest LogOf(const ProgLoadAttr& attr) {
  return {attr.log_level, attr.log_size, attr.log_buf,
          offsetof(ProgLoadAttr, log_true_size)};
}

/// Whether it calls bpf_trace_printk, or bpf_trace_vprintk.
bool Prints(isa::ConstInsns insns) {
  constexpr int32_t kTracePrintk = 6;
  constexpr int32_t kTraceVprintk = 177;
  for (const isa::Insn& insn : insns) {
    if (insn.opcode == isa::kCallOpcode && insn.src == isa::kCallHelper &&
        (insn.imm == kTracePrintk || insn.imm == kTraceVprintk)) {
      return true;
    }
  }
  return false;
}

/// A program on its way from the client's memory to a descriptor. Large: it is
/// allocated, and what comes before and after the verification has frames of
/// its own, since a kernel's stack may have 8 KiB and the verifier needs it.
class Loading : public NonCopyable {
 public:
  Loading(const Call& call, const RawAttr& raw)
      : call_(call),
        attr_(LoadUnaligned<ProgLoadAttr>(raw.bytes)),
        allocator_(*call.system.allocator),
        log_(LogOf(attr_), allocator_),
        insns_(allocator_),
        maps_(allocator_),
        btf_(call, attr_),
        facts_(allocator_),
        findings_(allocator_),
        fixed_(allocator_),
        function_info_(allocator_),
        line_info_(allocator_) {}
  ~Loading();

  /// A descriptor of the program.
  Result<int> Run();

 private:
  /// Instructions and license, and what the attribute says of them.
  [[gnu::noinline]] Status CopyIn();
  /// What the instructions refer to.
  [[gnu::noinline]] Status Resolve();
  /// A file of the program, verified; what is wrong with it is in the log.
  Result<Ref<File>> Verify();
  [[gnu::noinline]] void SetOptions();
  /// Of a verified program.
  [[gnu::noinline]] Result<Ref<File>> Finish();
  Result<Ref<File>> Make();
  [[gnu::noinline]] Status DescribeOrigin();
  [[gnu::noinline]] Status MakeObjectTypes();

  const Call& call_;
  const ProgLoadAttr attr_;
  Allocator& allocator_;
  ClientLog log_;
  ProgramParts parts_;
  Buffer<isa::Insn> insns_;
  ProgramMaps maps_;
  AttachPoint attach_point_;
  ProgramBtf btf_;
  Buffer<InsnFacts> facts_;
  verifier::Options options_;
  verifier::Stats stats_;
  verifier::Findings findings_;
  verifier::FixedProgram fixed_;
  Span<ObjectType*> object_types_;
  Buffer<verifier::FunctionInfo> function_info_;
  Buffer<verifier::LineInfo> line_info_;
};

Result<int> Loading::Run() {
  EBPF_TRY(CopyIn());
  if (!ClientLog::IsValid(LogOf(attr_))) {
    return Status::kInvalid;
  }
  EBPF_TRY(log_.Allocate());
  Result<Ref<File>> program = Verify();
  // As in Linux a log that does not fit wins over the verdict: clients grow it
  // and try again.
  EBPF_TRY(log_.CopyOut(call_));
  return call_.client.fds().Install(EBPF_TRY(Move(program)));
}

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
  attach_point_ = EBPF_TRY(FindAttachPoint(call_, attr_, *parts_.type));
  parts_.attach_type = attach_point_.type;
  return Status::kOk;
}

void Loading::SetOptions() {
  const Client& client = call_.client;
  const auto has_flag = [&](uint32_t flag) {
    return (attr_.prog_flags & flag) != 0;
  };
  verifier::Options& options = options_;
  options.type = parts_.type;
  options.attach_type = attach_point_.type;
  options.attach_target = attach_point_.target;
  options.profile = call_.system.kernel.profile;
  options.kernel_btf = call_.system.kernel.btf;
  options.kfuncs = call_.system.kernel.kfuncs;
  const machine::MachineOps& cpu = *call_.system.machine;
  options.context_size = parts_.type->id == ProgramTypeId::kPerfEvent
                             ? cpu.user_regs_size
                             : cpu.pt_regs_size;
  options.gpl_compatible = parts_.gpl_compatible;
  options.privileged = client.Capable(linux_abi::kCapBpf);
  options.allow_pointer_leaks = client.Capable(linux_abi::kCapPerfmon);
  options.allow_uninitialized_stack = options.allow_pointer_leaks;
  options.sleepable = has_flag(linux_abi::kProgSleepable);
  options.strict_alignment = has_flag(linux_abi::kProgStrictAlignment);
  options.frequent_states = has_flag(linux_abi::kProgTestStateFrequency);
  btf_.Describe(options);
}

Status Loading::Resolve() {
  EBPF_TRY(btf_.CopyIn(log_.log()));
  EBPF_TRY(btf_.Relocate(insns_.span(), log_.log()));
  return maps_.Resolve(call_.client, call_.client.fds(),
                       call_.client.Pointer(attr_.fd_array), insns_.span(),
                       log_.log());
}

Result<Ref<File>> Loading::Verify() {
  EBPF_TRY(Resolve());
  EBPF_TRY(facts_.Allocate(attr_.insn_cnt));
  SetOptions();
  EBPF_TRY(verifier::Verify(insns_.span(), maps_.maps(), options_, allocator_,
                            log_.log(), facts_.span(), stats_, &findings_));
  return Finish();
}

Result<Ref<File>> Loading::Finish() {
  if (options_.profile == verifier::Profile::kLinux) {
    return JudgedProgramFile::Create(btf_.btf(), btf_.main_type(), allocator_);
  }
  if (Prints(insns_.span())) {
    EBPF_TRY(SwitchOnTracePrintk());
  }
  EBPF_TRY(
      verifier::Fixup({insns_.span(), maps_.maps(), facts_.span(), findings_,
                       parts_.type, options_.kernel_btf, options_.kfuncs},
                      allocator_, log_.log(), fixed_));
  return Make();
}

Status Loading::DescribeOrigin() {
  EBPF_TRY(btf_.Adjust(Span<const uint32_t>(parts_.original_indices.data(),
                                            parts_.original_indices.size()),
                       Span<const ProgramFunction>(parts_.functions.data(),
                                                   parts_.functions.size()),
                       function_info_, line_info_));
  parts_.function_info = function_info_.span();
  parts_.line_info = line_info_.span();
  uint32_t group_id;
  ebpf_port_task_user(&parts_.origin.user_id, &group_id);
  parts_.origin.load_time_ns = ebpf_port_time_ns();
  parts_.origin.verified_insns = stats_.insns_processed;
  parts_.origin.attach_btf_id = attr_.attach_btf_id;
  parts_.sleepable = options_.sleepable;
  parts_.overrides_return = stats_.overrides_return;
  parts_.element_key_bytes = stats_.read_only_buffer_bytes;
  parts_.element_value_bytes = stats_.buffer_bytes;
  parts_.context_bytes = stats_.context_bytes;
  return Status::kOk;
}

Status Loading::MakeObjectTypes() {
  const Span<btf::TypeId> ids = fixed_.object_types.span();
  object_types_ = EBPF_TRY(allocator_.NewArray<ObjectType*>(ids.size()));
  for (size_t i = 0; i < ids.size(); ++i) {
    object_types_[i] = EBPF_TRY(ObjectType::Create(
        btf_.btf()->btf(), ids[i], options_.kernel_btf, allocator_));
  }
  parts_.object_types = object_types_;
  return Status::kOk;
}

Loading::~Loading() {
  for (ObjectType* type : object_types_) {
    if (type != nullptr) {
      type->Release();
    }
  }
  allocator_.DeleteArray(object_types_);
}

Result<Ref<File>> Loading::Make() {
  verifier::FixedProgram& fixed = fixed_;
  maps_.Bind(fixed.insns.span());
  parts_.insns = fixed.insns.span();
  parts_.facts = fixed.facts.span();
  parts_.functions = fixed.functions.span();
  parts_.original_indices = fixed.original_indices.span();
  parts_.direct_calls = fixed.direct_calls.span();
  EBPF_TRY(DescribeOrigin());
  EBPF_TRY(MakeObjectTypes());
  parts_.maps = EBPF_TRY(maps_.Take());
  parts_.types = Ref<btf::BtfObject>(btf_.btf()).Leak();
  Result<Ref<Program>> program =
      Program::Create(parts_, call_.system.engine(), allocator_);
  if (!program.ok()) {
    (void)Ref<btf::BtfObject>::Adopt(parts_.types);
    for (Map* map : parts_.maps) {
      map->Release();
    }
    allocator_.DeleteArray(parts_.maps);
    return program.status();
  }
  object_types_ = Span<ObjectType*>();
  (void)fixed.insns.Take();
  (void)fixed.facts.Take();
  (void)fixed.functions.Take();
  (void)fixed.original_indices.Take();
  (void)fixed.direct_calls.Take();
  (void)function_info_.Take();
  (void)line_info_.Take();
  return ProgramFile::Create(Move(*program), allocator_);
}

/// What can be said before anything is allocated.
[[gnu::noinline]] Status CheckRaw(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<ProgLoadAttr>(raw));
  return CheckAttr(call, attr);
}

}  // namespace

Result<int> ProgLoad(const Call& call, const RawAttr& raw) {
  EBPF_TRY(CheckRaw(call, raw));
  Allocator& allocator = *call.system.allocator;
  Loading* loading = EBPF_TRY(allocator.New<Loading>(call, raw));
  const Result<int> program = loading->Run();
  allocator.Delete(loading);
  return program.ok() ? Result<int>(int{*program})
                      : Result<int>(program.status());
}

}  // namespace ebpf
