// SPDX-License-Identifier: MIT
//
// core/helpers/helpers.def beside the host's kernel: who may call what, with
// which license, on which maps, and with what.
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/program_types/program_type.h"
#include "core/program_types/type_sets.h"
#include "gtest/gtest.h"
#include "testing/oracle/host_load.h"

namespace ebpf::oracle {
namespace {

constexpr uint32_t kHelpers = 211;

/// A program that the host can load, and what it is for.
struct Target {
  std::string name;
  HostLoad load;
};

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

/// Every type and attach type that this host loads.
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

/// younger_helpers.txt: "name" or "-name" to types.
std::map<std::string, std::set<std::string>> Younger() {
  std::map<std::string, std::set<std::string>> younger;
  std::ifstream file("testing/oracle/younger_helpers.txt");
  EXPECT_TRUE(file.good());
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    if (!(words >> name) || name[0] == '#') {
      continue;
    }
    for (std::string type; words >> type;) {
      younger[name].insert(type);
    }
  }
  return younger;
}

class HelpersHostTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = WhyNoHost();
    if (!reason.empty()) {
      std::printf("NOT COMPARED WITH THE HOST'S KERNEL: %s\n", reason.c_str());
      GTEST_SKIP() << reason;
    }
  }

  bool Excused(const std::string& name, const std::string& type) {
    const auto found = younger_.find(name);
    if (found == younger_.end() ||
        (found->second.count("all") == 0 && found->second.count(type) == 0)) {
      return false;
    }
    used_.insert(name);
    return true;
  }

  const std::map<std::string, std::set<std::string>> younger_ = Younger();
  std::set<std::string> used_;
};

bool Has(const HostLoadResult& host, const char* text) {
  return host.log.find(text) != std::string::npos;
}

TEST_F(HelpersHostTest, EachTypeMayCallWhatItMayOnTheHost) {
  unsigned compared = 0;
  for (Target target : Targets()) {
    const auto type = static_cast<ProgramTypeId>(target.load.type);
    for (uint32_t id = 1; id <= kHelpers; ++id) {
      const HelperPrototype& helper = *FindHelperFor(id, type);
      target.load.log_level = 1;
      const HostLoadResult host =
          LoadOnHost(target.load, {CallHelper(id), Exit()});
      const bool theirs =
          !Has(host, "cannot use helper") && !Has(host, "unknown func");
      const bool ours = HelperAllowed(
          helper, type, EffectiveAttachType(type, target.load.attach_type));
      ++compared;
      if (ours == theirs) {
        continue;
      }
      const std::string key = (ours ? "-" : "") + std::string(helper.name);
      EXPECT_TRUE(Excused(key, FindProgramType(target.load.type)->name))
          << target.name << " " << helper.name << ": we say " << ours;
    }
  }
  for (const auto& [name, types] : younger_) {
    EXPECT_EQ(used_.count(name), 1u) << "excuses nothing: " << name;
  }
  std::printf("%u pairs of a program and a helper compared\n", compared);
  EXPECT_GT(compared, 10000u);
}

TEST_F(HelpersHostTest, GplOnlyHelpersAreTheHosts) {
  std::set<uint32_t> seen;
  for (Target target : Targets()) {
    target.load.gpl_compatible = false;
    target.load.log_level = 1;
    const auto type = static_cast<ProgramTypeId>(target.load.type);
    for (uint32_t id = 1; id <= kHelpers; ++id) {
      const HelperPrototype& helper = *FindHelperFor(id, type);
      const HostLoadResult host =
          LoadOnHost(target.load, {CallHelper(id), Exit()});
      if (type == ProgramTypeId::kStructOps || Has(host, "cannot use helper") ||
          Has(host, "unknown func")) {
        continue;
      }
      seen.insert(id);
      EXPECT_EQ(helper.gpl_only, Has(host, "GPL-restricted"))
          << target.name << " " << helper.name;
    }
  }
  std::printf("not compared, no loadable program has them:");
  for (uint32_t id = 1; id <= kHelpers; ++id) {
    if (seen.count(id) == 0) {
      std::printf(" %s", FindHelper(id)->name);
    }
  }
  std::printf("\n");
  EXPECT_GT(seen.size(), 190u);
}

// ---- arguments

constexpr int16_t kKey = -64;  // on the stack
constexpr int16_t kValue = -128;
constexpr int16_t kMemory = -192;

/// What an argument is given instead of what fits.
enum class Change { kNothing, kNull, kZeroSize, kReadOnly, kPacket, kOne };

class Caller {
 public:
  Caller() {
    for (uint32_t kind = 0; kind < 34; ++kind) {
      maps_[kind] = Make(kind);
    }
    read_only_ = MakeHostMap(BPF_MAP_TYPE_ARRAY, 4, 64, 1, BPF_F_RDONLY_PROG);
    bpf_attr attr = {};
    attr.map_fd = static_cast<uint32_t>(read_only_);
    EXPECT_EQ(syscall(SYS_bpf, BPF_MAP_FREEZE, &attr, sizeof(attr)), 0);
  }
  ~Caller() {
    for (const auto& [kind, fd] : maps_) {
      if (fd >= 0) {
        close(fd);
      }
    }
    close(read_only_);
  }

  int map(uint32_t kind) const { return maps_.at(kind); }

  /// A program of `target`'s type that calls `helper` with what fits, except
  /// for argument `changed`. False: this test cannot make such an argument.
  bool Build(const Target& target, const HelperPrototype& helper, int changed,
             Change change, std::vector<isa::Insn>& code) {
    code = {MovReg(6, 1), Mov(0, 0)};
    for (int16_t at = -256; at < 0; at = static_cast<int16_t>(at + 8)) {
      code.push_back(Store(8, 10, at, 0));
    }
    if (!Prepare(target, helper, changed, change, code)) {
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

 private:
  static int Make(uint32_t kind) {
    const uint32_t page = 4096;
    switch (kind) {
      case BPF_MAP_TYPE_RINGBUF:
      case BPF_MAP_TYPE_USER_RINGBUF:
        return MakeHostMap(kind, 0, 0, page);
      case BPF_MAP_TYPE_QUEUE:
      case BPF_MAP_TYPE_STACK:
      case BPF_MAP_TYPE_BLOOM_FILTER:
        return MakeHostMap(kind, 0, 8, 4);
      case BPF_MAP_TYPE_STACK_TRACE:
        return MakeHostMap(kind, 4, 64, 4);
      case BPF_MAP_TYPE_CGROUP_STORAGE:
      case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
        return MakeHostMap(kind, 8, 8, 0);
      case BPF_MAP_TYPE_LPM_TRIE:
        return MakeHostMap(kind, 8, 8, 4, BPF_F_NO_PREALLOC);
      case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
        return MakeHostMap(kind, 4, 8, 4);
      case BPF_MAP_TYPE_DEVMAP:
      case BPF_MAP_TYPE_DEVMAP_HASH:
      case BPF_MAP_TYPE_CPUMAP:
      case BPF_MAP_TYPE_XSKMAP:
      case BPF_MAP_TYPE_SOCKMAP:
      case BPF_MAP_TYPE_SOCKHASH:
      case BPF_MAP_TYPE_CGROUP_ARRAY:
      case BPF_MAP_TYPE_PROG_ARRAY:
      case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
        return MakeHostMap(kind, 4, 4, 4);
      default:
        return MakeHostMap(kind, 4, 8, 4);
    }
  }

  /// Puts what arguments need into r7 (a socket, a task or a packet).
  static bool Prepare(const Target& target, const HelperPrototype& helper,
                      int changed, Change change,
                      std::vector<isa::Insn>& code) {
    bool socket = false;
    bool task = false;
    for (int i = 0; i < 5; ++i) {
      const ArgKind kind = helper.args[i];
      socket |= kind == ArgKind::kTypedSockCommon ||
                kind == ArgKind::kSockCommon ||
                kind == ArgKind::kTypedSockCommonOrNull;
      const char* type = helper.arg_types[i];
      if (kind == ArgKind::kTyped || kind == ArgKind::kTypedOrNull) {
        if (type == nullptr || type != std::string("task_struct")) {
          return false;
        }
        task = true;
      }
    }
    const bool packet = changed >= 0 && change == Change::kPacket;
    if (packet && (socket || task)) {
      return false;
    }
    if (packet) {
      return PreparePacket(target, code);
    }
    if (socket) {
      return PrepareSocket(target, code);
    }
    if (task) {
      code.push_back(CallHelper(BPF_FUNC_get_current_task_btf));
      code.push_back(MovReg(7, 0));
    }
    return true;
  }

  static int FieldOf(const Target& target, ContextValue value, uint32_t& size) {
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

  static void AppendNullCheck(std::vector<isa::Insn>& code, uint8_t reg) {
    code.push_back(JumpNotEqual(reg, 0, 2));
    code.push_back(Mov(0, 1));
    code.push_back(Exit());
  }

  static bool PrepareSocket(const Target& target,
                            std::vector<isa::Insn>& code) {
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
  static bool PreparePacket(const Target& target,
                            std::vector<isa::Insn>& code) {
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

  bool Memory(Change change, uint8_t reg, int16_t at,
              std::vector<isa::Insn>& code) const {
    if (change == Change::kReadOnly) {
      AppendMapValue(code, reg, read_only_, 0);
    } else if (change == Change::kPacket) {
      code.push_back(MovReg(reg, 7));
    } else {
      code.push_back(MovReg(reg, 10));
      code.push_back(AddImm(reg, at));
    }
    return true;
  }

  bool MapArgument(const HelperPrototype& helper, uint8_t reg,
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
  bool Argument(const HelperPrototype& helper, int index, Change change,
                std::vector<isa::Insn>& code, Change before) {
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
        return Memory(change, reg, kKey, code);
      case ArgKind::kMapValue:
      case ArgKind::kUninitMapValue:
        return Memory(change, reg, kValue, code);
      case ArgKind::kMem:
      case ArgKind::kMemOrNull:
      case ArgKind::kUninitMem:
      case ArgKind::kWriteMem:
      case ArgKind::kFixedMem:
      case ArgKind::kFixedWriteMem:
      case ArgKind::kFixedUninitMem:
        return Memory(change, reg, kMemory, code);
      case ArgKind::kSize:
      case ArgKind::kSizeOrZero:
        code.push_back(Mov(
            reg,
            change == Change::kZeroSize || before == Change::kNull ? 0 : 8));
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
        code.push_back(MovReg(reg, 7));
        return true;
      default:
        return false;
    }
  }

  std::map<uint32_t, int> maps_;
  int read_only_ = -1;
};

/// How the host logs a result of this kind.
const char* LogName(ReturnKind kind) {
  switch (kind) {
    case ReturnKind::kInteger:
      return "R0=scalar(";
    case ReturnKind::kMapValue:
      return "R0=map_value(";
    case ReturnKind::kMapValueOrNull:
      return "R0=map_value_or_null(";
    case ReturnKind::kSocketOrNull:
      return "R0=sock_or_null(";
    case ReturnKind::kSockCommonOrNull:
      return "R0=sock_common_or_null(";
    case ReturnKind::kTcpSockOrNull:
      return "R0=tcp_sock_or_null(";
    case ReturnKind::kTypedOrNull:
      return "R0=ptr_or_null_";
    case ReturnKind::kTrustedTyped:
      return "R0=trusted_ptr_";
    default:
      return "";
  }
}

struct Call {
  Target target;
  const HelperPrototype* helper;
};

/// Each helper once for each of its prototypes, in a program that can call it.
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

/// Helpers that the host refuses here for a reason that is not an argument's.
bool Elsewhere(const HostLoadResult& host) {
  return Has(host, "cannot use helper") || Has(host, "unknown func") ||
         Has(host, "might sleep") || Has(host, "not supported");
}

/// References that the call begins are let go by ending the program badly: the
/// host's complaint about that is as good as acceptance.
bool Accepted(const HostLoadResult& host) {
  return host.error == 0 || Has(host, "Unreleased reference") ||
         Has(host, "At program exit the register R0") ||
         Has(host, "must be referenced when passed to release function");
}

std::string LastLines(const std::string& log) {
  return log.size() > 600 ? log.substr(log.size() - 600) : log;
}

class ArgumentsHostTest : public HelpersHostTest {
 protected:
  HostLoadResult Run(const Call& call, int changed, Change change,
                     uint32_t level = 1) {
    std::vector<isa::Insn> code;
    if (!caller_.Build(call.target, *call.helper, changed, change, code)) {
      return {-1, ""};
    }
    code.push_back(Mov(0, 1));
    code.push_back(Exit());
    HostLoad load = call.target.load;
    load.log_level = level;
    return LoadOnHost(load, code);
  }

  /// Whether the host takes `change` for argument `index`; ours says `ours`.
  void Expect(const Call& call, int index, Change change, bool ours,
              const char* what) {
    const HostLoadResult host = Run(call, index, change);
    if (host.error < 0) {
      return;
    }
    ++compared_;
    EXPECT_EQ(ours, Accepted(host))
        << call.target.name << " " << call.helper->name << " argument "
        << index + 1 << " " << what << "\n"
        << LastLines(host.log);
  }

  Caller caller_;
  unsigned compared_ = 0;
};

bool MayBeNull(ArgKind kind) {
  switch (kind) {
    case ArgKind::kContextOrNull:
    case ArgKind::kMapValueOrNull:
    case ArgKind::kMemOrNull:
    case ArgKind::kStackOrNull:
    case ArgKind::kSocketOrNull:
    case ArgKind::kTypedSockCommonOrNull:
    case ArgKind::kTypedOrNull:
      return true;
    default:
      return false;
  }
}

bool IsNumber(ArgKind kind) {
  return kind == ArgKind::kNone || kind == ArgKind::kAnything ||
         kind == ArgKind::kSize || kind == ArgKind::kSizeOrZero ||
         kind == ArgKind::kAllocSize;
}

bool IsMemory(ArgKind kind) {
  switch (kind) {
    case ArgKind::kMapKey:
    case ArgKind::kMapValue:
    case ArgKind::kUninitMapValue:
    case ArgKind::kMem:
    case ArgKind::kMemOrNull:
    case ArgKind::kUninitMem:
    case ArgKind::kWriteMem:
    case ArgKind::kFixedMem:
    case ArgKind::kFixedWriteMem:
    case ArgKind::kFixedUninitMem:
      return true;
    default:
      return false;
  }
}

TEST_F(ArgumentsHostTest, ArgumentsAreWhatTheHostTakes) {
  for (const Call& call : Calls()) {
    const HelperPrototype& helper = *call.helper;
    const HostLoadResult plain = Run(call, -1, Change::kNothing, 2);
    if (Elsewhere(plain)) {
      continue;
    }
    EXPECT_TRUE(Accepted(plain))
        << call.target.name << " " << helper.name << "\n"
        << LastLines(plain.log);
    // These two do not come back: one leaves, one has nothing to release.
    EXPECT_TRUE(helper.id == BPF_FUNC_tail_call ||
                helper.id == BPF_FUNC_sk_release ||
                Has(plain, LogName(helper.result)))
        << helper.name << "\n"
        << LastLines(plain.log);
    const auto* type = FindProgramType(call.target.load.type);
    for (int i = 0; i < 5; ++i) {
      const ArgKind kind = helper.args[i];
      if (!IsNumber(kind)) {
        Expect(call, i, Change::kNull, MayBeNull(kind), "null");
        Expect(call, i, Change::kOne, false, "one");
      }
      if (kind == ArgKind::kSize || kind == ArgKind::kSizeOrZero) {
        Expect(call, i, Change::kZeroSize, kind == ArgKind::kSizeOrZero,
               "size 0");
      }
      if (IsMemory(kind)) {
        Expect(call, i, Change::kReadOnly,
               !WritesArgument(helper, static_cast<unsigned>(i)), "read-only");
        const auto may = type->may_access_packet;
        Expect(call, i, Change::kPacket,
               helper.takes_packets && may != nullptr &&
                   may(WritesArgument(helper, static_cast<unsigned>(i)),
                       call.target.load.attach_type),
               "packet");
      }
    }
  }
  std::printf("%u changed arguments compared\n", compared_);
  EXPECT_GT(compared_, 500u);
}

TEST_F(ArgumentsHostTest, KindsOfMapsAreTheHosts) {
  unsigned compared = 0;
  for (const Call& call : Calls()) {
    const HelperPrototype& helper = *call.helper;
    int at = -1;
    for (int i = 0; i < 5; ++i) {
      at = helper.args[i] == ArgKind::kMap ? i : at;
    }
    for (uint32_t kind = 1; kind < 34 && at >= 0; ++kind) {
      if (caller_.map(kind) < 0) {
        continue;
      }
      std::vector<isa::Insn> code;
      ASSERT_TRUE(
          caller_.Build(call.target, helper, -1, Change::kNothing, code));
      code.pop_back();
      AppendMap(code, static_cast<uint8_t>(at + 1), caller_.map(kind));
      code.push_back(CallHelper(helper.id));
      code.push_back(Mov(0, 1));
      code.push_back(Exit());
      HostLoad load = call.target.load;
      load.log_level = 1;
      const HostLoadResult host = LoadOnHost(load, code);
      if (Elsewhere(host)) {
        continue;
      }
      ++compared;
      // A kind may also fail for its sizes or rights before it is asked about.
      const bool refused = Has(host, "cannot pass map_type") ||
                           Has(host, "cannot update sockmap") ||
                           Has(host, "expected prog array map");
      const bool takes = HelperTakesMap(
          helper, kind, static_cast<ProgramTypeId>(call.target.load.type),
          call.target.load.attach_type);
      EXPECT_FALSE(takes ? refused : Accepted(host))
          << call.target.name << " " << helper.name << " kind " << kind << "\n"
          << LastLines(host.log);
    }
  }
  std::printf("%u pairs of a helper and a kind of map compared\n", compared);
  EXPECT_GT(compared, 500u);
}

TEST_F(ArgumentsHostTest, HelpersMovePacketsWhereTheHostsDo) {
  unsigned compared = 0;
  for (const Call& call : Calls()) {
    const HelperPrototype& helper = *call.helper;
    // A program that looks into its packet after the call.
    std::vector<isa::Insn> code;
    if (!caller_.Build(call.target, helper, 7, Change::kPacket, code)) {
      continue;
    }
    code.push_back(Load(4, 0, 7, 0));
    code.push_back(Mov(0, 1));
    code.push_back(Exit());
    HostLoad load = call.target.load;
    load.log_level = 1;
    const HostLoadResult host = LoadOnHost(load, code);
    if (Elsewhere(host)) {
      continue;
    }
    ++compared;
    EXPECT_EQ(helper.moves_packet, !Accepted(host))
        << call.target.name << " " << helper.name << "\n"
        << LastLines(host.log);
  }
  std::printf("%u helpers compared\n", compared);
  EXPECT_GT(compared, 60u);
}

}  // namespace
}  // namespace ebpf::oracle
