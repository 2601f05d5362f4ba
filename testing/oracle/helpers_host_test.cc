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
#include "testing/oracle/host_calls.h"
#include "testing/oracle/host_load.h"

namespace ebpf::oracle {
namespace {

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
    if (RefusedElsewhere(plain)) {
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
        Expect(call, i, Change::kNull, TakesNull(kind), "null");
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
      if (RefusedElsewhere(host)) {
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
    if (RefusedElsewhere(host)) {
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
