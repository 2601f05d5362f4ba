// SPDX-License-Identifier: MIT
//
// Programs that call helpers.
#include "testing/oracle/host_calls.h"

#include <cstdio>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <set>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/program_types/program_type.h"
#include "core/program_types/type_sets.h"

namespace ebpf::oracle {
namespace {

Target Plain(uint32_t type, uint32_t attach) {
  Target target;
  target.name = FindProgramType(type)->name;
  if (attach != 0) {
    target.name += ":" + std::to_string(attach);
  }
  target.load.type = type;
  target.load.attach_type = attach;
  target.load.flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
  return target;
}

bool Loads(const Target& target) {
  for (const int32_t value : {0, 1}) {
    if (LoadOnHost(target.load, {Mov(0, value), Exit()}).error == 0) {
      return true;
    }
  }
  return false;
}

constexpr int16_t kKey = -64;  // on the stack
constexpr int16_t kValue = -128;
constexpr int16_t kMemory = -192;
constexpr int16_t kMadeDynptr = -320;
constexpr int16_t kEmptyDynptr = -352;

int FieldOf(const Target& target, ContextValue value, uint32_t& size) {
  for (uint32_t offset = 0; offset < 256; ++offset) {
    for (const uint32_t bytes : {4u, 8u}) {
      ContextQuery query = {offset, bytes, false, target.load.attach_type};
      query.context_size = 168;
      const ContextAnswer answer =
          FindProgramType(target.load.type)->access(query);
      if (answer.value == value) {
        size = bytes;
        return static_cast<int>(offset);
      }
    }
  }
  return -1;
}

void AppendNullCheck(std::vector<isa::Insn>& code, uint8_t reg) {
  code.push_back(JumpNotEqual(reg, 0, 2));
  code.push_back(Mov(0, 1));
  code.push_back(Exit());
}

bool PrepareSocket(const Target& target, std::vector<isa::Insn>& code) {
  for (const ContextValue value :
       {ContextValue::kSocket, ContextValue::kSocketOrNull,
        ContextValue::kSockCommonOrNull}) {
    uint32_t size = 0;
    const int offset = FieldOf(target, value, size);
    if (offset >= 0) {
      code.push_back(Load(size, 7, 6, static_cast<int16_t>(offset)));
      AppendNullCheck(code, 7);
      return true;
    }
  }
  return false;
}

/// r7: 64 bytes of a packet.
bool PreparePacket(const Target& target, std::vector<isa::Insn>& code) {
  uint32_t size = 0;
  const int data = FieldOf(target, ContextValue::kPacket, size);
  const int end = FieldOf(target, ContextValue::kPacketEnd, size);
  if (data < 0 || end < 0) {
    return false;
  }
  isa::Insn at_most = {};
  at_most.opcode = BPF_JMP | BPF_JLE | BPF_X;
  at_most.dst = 3;
  at_most.src = 2;
  at_most.offset = 2;
  code.push_back(Load(size, 7, 6, static_cast<int16_t>(data)));
  code.push_back(Load(size, 2, 6, static_cast<int16_t>(end)));
  code.push_back(MovReg(3, 7));
  code.push_back(AddImm(3, 64));
  code.push_back(at_most);
  code.push_back(Mov(0, 1));
  code.push_back(Exit());
  return true;
}

}  // namespace

std::vector<Target> Targets() {
  std::vector<Target> all;
  for (uint32_t type = 1; type <= 32; ++type) {
    const bool any = FindProgramType(type)->attach_types == attach_words::Any;
    for (uint32_t attach = 0; attach < 57; ++attach) {
      // Where it is not looked at, those by which some helpers ask.
      const bool asked = attach == 0 || attach == BPF_CGROUP_DEVICE ||
                         attach == BPF_CGROUP_SYSCTL ||
                         attach == BPF_CGROUP_UDP4_RECVMSG;
      const bool accepted = AcceptsAttachType(
          *FindProgramType(type),
          EffectiveAttachType(static_cast<ProgramTypeId>(type), attach));
      if (any ? asked : accepted) {
        all.push_back(Plain(type, attach));
      }
    }
  }
  all.push_back(Plain(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP));
  all.back().load.attach_btf_id =
      HostTypeId("btf_trace_sched_switch", BTF_KIND_TYPEDEF);
  all.push_back(Plain(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER));
  all.back().load.attach_btf_id = HostTypeId("bpf_iter_task", BTF_KIND_FUNC);
  all.push_back(Plain(BPF_PROG_TYPE_STRUCT_OPS, 6));  // ssthresh
  all.back().load.attach_btf_id =
      HostTypeId("tcp_congestion_ops", BTF_KIND_STRUCT);
  std::vector<Target> targets;
  std::set<uint32_t> types;
  for (const Target& target : all) {
    if (Loads(target)) {
      targets.push_back(target);
      types.insert(target.load.type);
    }
  }
  for (uint32_t type = 1; type <= 32; ++type) {
    if (types.count(type) == 0) {
      std::printf("not compared, the host does not load it: %s\n",
                  FindProgramType(type)->name);
    }
  }
  return targets;
}

HostMapSpec SpecOf(uint32_t kind) {
  switch (kind) {
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return {0, 0, 4096, 0};
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return {0, 8, 4, 0};
    case BPF_MAP_TYPE_STACK_TRACE:
      return {4, 64, 4, 0};
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return {8, 8, 0, 0};
    case BPF_MAP_TYPE_LPM_TRIE:
      return {8, 8, 4, BPF_F_NO_PREALLOC};
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
    case BPF_MAP_TYPE_CPUMAP:
    case BPF_MAP_TYPE_XSKMAP:
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      return {4, 4, 4, 0};
    default:
      return {4, 8, 4, 0};
  }
}

Caller::Caller() {
  for (uint32_t kind = 0; kind < 34; ++kind) {
    const HostMapSpec spec = SpecOf(kind);
    maps_[kind] = MakeHostMap(kind, spec.key_size, spec.value_size,
                              spec.max_entries, spec.flags);
  }
  read_only_ = MakeHostMap(BPF_MAP_TYPE_ARRAY, 4, 64, 1, BPF_F_RDONLY_PROG);
  read_write_ = MakeHostMap(BPF_MAP_TYPE_ARRAY, 4, 64, 1);
  bpf_attr attr = {};
  attr.map_fd = static_cast<uint32_t>(read_only_);
  if (syscall(SYS_bpf, BPF_MAP_FREEZE, &attr, sizeof(attr)) != 0) {
    std::printf("the host does not freeze maps\n");
  }
}

Caller::~Caller() {
  for (const auto& [kind, fd] : maps_) {
    if (fd >= 0) {
      close(fd);
    }
  }
  close(read_only_);
  close(read_write_);
}

namespace {

/// What objects the arguments of a helper are.
struct Needs {
  bool socket = false;
  bool task = false;
  bool seq_file = false;
  bool record = false;
  bool dynptr = false;
  bool ring_dynptr = false;
  bool other = false;  // what this file cannot make
};

Needs NeedsOf(const HelperPrototype& helper) {
  Needs needs;
  for (int i = 0; i < 5; ++i) {
    const std::string type =
        helper.arg_types[i] != nullptr ? helper.arg_types[i] : "";
    switch (helper.args[i]) {
      case ArgKind::kSockCommon:
      case ArgKind::kTypedSockCommon:
      case ArgKind::kTypedSockCommonOrNull:
        needs.socket = true;
        break;
      case ArgKind::kTyped:
      case ArgKind::kTypedOrNull:
        needs.task |= type == "task_struct";
        needs.seq_file |= type == "seq_file";
        needs.other |= type != "task_struct" && type != "seq_file";
        break;
      case ArgKind::kRingRecord:
        needs.record = true;
        break;
      case ArgKind::kDynptr:
        needs.dynptr = true;
        break;
      case ArgKind::kRingDynptr:
        needs.ring_dynptr = true;
        break;
      default:
        break;
    }
  }
  return needs;
}

void AppendStack(std::vector<isa::Insn>& code, uint8_t reg, int16_t at) {
  code.push_back(MovReg(reg, 10));
  code.push_back(AddImm(reg, at));
}

}  // namespace

bool Caller::Prepare(const Target& target, const HelperPrototype& helper,
                     bool packet, std::vector<isa::Insn>& code) const {
  const Needs needs = NeedsOf(helper);
  if (needs.other ||
      (packet && (needs.socket || needs.task || needs.seq_file ||
                  needs.record || needs.dynptr || needs.ring_dynptr))) {
    return false;
  }
  if (packet) {
    return PreparePacket(target, code);
  }
  if (needs.socket) {
    return PrepareSocket(target, code);
  }
  if (needs.task) {
    code.push_back(CallHelper(BPF_FUNC_get_current_task_btf));
    code.push_back(MovReg(7, 0));
  }
  if (needs.seq_file) {  // struct bpf_iter__task: meta; its first: seq
    if (target.load.attach_type != BPF_TRACE_ITER) {
      return false;
    }
    code.push_back(Load(8, 7, 6, 0));
    code.push_back(Load(8, 7, 7, 0));
  }
  if (needs.record) {
    AppendMap(code, 1, map(BPF_MAP_TYPE_RINGBUF));
    code.push_back(Mov(2, 8));
    code.push_back(Mov(3, 0));
    code.push_back(CallHelper(BPF_FUNC_ringbuf_reserve));
    AppendNullCheck(code, 0);
    code.push_back(MovReg(7, 0));
  }
  if (needs.dynptr) {
    AppendMapValue(code, 1, read_write_, 0);
    code.push_back(Mov(2, 16));
    code.push_back(Mov(3, 0));
    AppendStack(code, 4, kMadeDynptr);
    code.push_back(CallHelper(BPF_FUNC_dynptr_from_mem));
  }
  if (needs.ring_dynptr) {
    AppendMap(code, 1, map(BPF_MAP_TYPE_RINGBUF));
    code.push_back(Mov(2, 8));
    code.push_back(Mov(3, 0));
    AppendStack(code, 4, kMadeDynptr);
    code.push_back(CallHelper(BPF_FUNC_ringbuf_reserve_dynptr));
  }
  return true;
}

bool Caller::Build(const Target& target, const HelperPrototype& helper,
                   int changed, Change change,
                   std::vector<isa::Insn>& code) const {
  code = {MovReg(6, 1), Mov(0, 0)};
  for (int16_t at = -256; at < 0; at = static_cast<int16_t>(at + 8)) {
    code.push_back(Store(8, 10, at, 0));
  }
  if (!Prepare(target, helper, changed >= 0 && change == Change::kPacket,
               code)) {
    return false;
  }
  for (int i = 0; i < 5; ++i) {
    if (!Argument(
            helper, i, i == changed ? change : Change::kNothing, code,
            changed >= 0 && i == changed + 1 ? change : Change::kNothing)) {
      return false;
    }
  }
  code.push_back(CallHelper(helper.id));
  return true;
}

void Caller::Memory(Change change, uint8_t reg, int16_t at,
                    std::vector<isa::Insn>& code) const {
  if (change == Change::kReadOnly) {
    AppendMapValue(code, reg, read_only_, 0);
  } else if (change == Change::kPacket) {
    code.push_back(MovReg(reg, 7));
  } else {
    code.push_back(MovReg(reg, 10));
    code.push_back(AddImm(reg, at));
  }
}

bool Caller::MapArgument(const HelperPrototype& helper, uint8_t reg,
                         std::vector<isa::Insn>& code) const {
  for (const auto& [kind, fd] : maps_) {
    if (HelperTakesMap(helper, kind) && fd >= 0) {
      AppendMap(code, reg, fd);
      return true;
    }
  }
  return false;
}

/// Argument `index` of `helper`; `before`: what the one before was changed
/// to, if this is its size.
bool Caller::Argument(const HelperPrototype& helper, int index, Change change,
                      std::vector<isa::Insn>& code, Change before) const {
  const auto reg = static_cast<uint8_t>(index + 1);
  if (change == Change::kNull || change == Change::kOne) {
    code.push_back(Mov(reg, change == Change::kOne ? 1 : 0));
    return true;
  }
  switch (helper.args[index]) {
    case ArgKind::kNone:
      return true;
    case ArgKind::kAnything:
    case ArgKind::kStackOrNull:
    case ArgKind::kSocketOrNull:
    case ArgKind::kMapValueOrNull:
      code.push_back(Mov(reg, 0));
      return true;
    case ArgKind::kContext:
    case ArgKind::kContextOrNull:
      code.push_back(MovReg(reg, 6));
      return true;
    case ArgKind::kMap:
      return MapArgument(helper, reg, code);
    case ArgKind::kMapKey:
      Memory(change, reg, kKey, code);
      return true;
    case ArgKind::kMapValue:
    case ArgKind::kUninitMapValue:
      Memory(change, reg, kValue, code);
      return true;
    case ArgKind::kDynptr:
    case ArgKind::kRingDynptr:
      AppendStack(code, reg, kMadeDynptr);
      return true;
    case ArgKind::kUninitDynptr:
    case ArgKind::kUninitRingDynptr:
      AppendStack(code, reg, kEmptyDynptr);
      return true;
    case ArgKind::kMem:
    case ArgKind::kMemOrNull:
    case ArgKind::kUninitMem:
    case ArgKind::kWriteMem:
    case ArgKind::kFixedMem:
    case ArgKind::kFixedWriteMem:
    case ArgKind::kFixedUninitMem:
      // Linux takes no stack for this one.
      if (helper.id == BPF_FUNC_dynptr_from_mem && change == Change::kNothing) {
        AppendMapValue(code, reg, read_write_, 0);
        return true;
      }
      Memory(change, reg, kMemory, code);
      return true;
    case ArgKind::kSize:
    case ArgKind::kSizeOrZero:
      code.push_back(Mov(
          reg, change == Change::kZeroSize || before == Change::kNull ? 0 : 8));
      return true;
    case ArgKind::kAllocSize:
      code.push_back(Mov(reg, 8));
      return true;
    case ArgKind::kConstString:
      AppendMapValue(code, reg, read_only_, 0);
      return true;
    case ArgKind::kSockCommon:
    case ArgKind::kTypedSockCommon:
    case ArgKind::kTypedSockCommonOrNull:
    case ArgKind::kTyped:
    case ArgKind::kTypedOrNull:
    case ArgKind::kRingRecord:
      code.push_back(MovReg(reg, 7));
      return true;
    default:
      return false;
  }
}

std::vector<Call> Calls() {
  std::vector<Call> calls;
  std::set<const HelperPrototype*> seen;
  Caller caller;
  std::set<std::string> left;
  for (const Target& target : Targets()) {
    const auto type = static_cast<ProgramTypeId>(target.load.type);
    for (uint32_t id = 1; id <= kHelpers; ++id) {
      const HelperPrototype* helper = FindHelperFor(id, type);
      std::vector<isa::Insn> code;
      if (seen.count(helper) == 1 ||
          !HelperAllowed(*helper, type,
                         EffectiveAttachType(type, target.load.attach_type))) {
        continue;
      }
      if (!caller.Build(target, *helper, -1, Change::kNothing, code)) {
        left.insert(helper->name);
        continue;
      }
      seen.insert(helper);
      calls.push_back({target, helper});
    }
  }
  std::printf("helpers whose arguments are not compared:");
  for (uint32_t id = 1; id <= kHelpers; ++id) {
    if (seen.count(FindHelper(id)) == 0) {
      std::printf(" %s", FindHelper(id)->name);
    }
  }
  std::printf("\n");
  return calls;
}

bool Has(const HostLoadResult& host, const char* text) {
  return host.log.find(text) != std::string::npos;
}

bool RefusedElsewhere(const HostLoadResult& host) {
  return Has(host, "cannot use helper") || Has(host, "unknown func") ||
         Has(host, "might sleep") || Has(host, "not supported");
}

bool Accepted(const HostLoadResult& host) {
  return host.error == 0 || Has(host, "Unreleased reference") ||
         Has(host, "At program exit the register R0") ||
         Has(host, "must be referenced when passed to release function");
}

}  // namespace ebpf::oracle
