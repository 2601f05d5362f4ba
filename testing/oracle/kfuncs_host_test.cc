// SPDX-License-Identifier: MIT
//
// core/helpers/kfuncs.def beside the host's kernel: which types may call which
// function, which must sleep for it, what some of them return.
#include <cstdio>
#include <fstream>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/btf/btf.h"
#include "core/helpers/kfuncs.h"
#include "core/program_types/program_type.h"
#include "gtest/gtest.h"
#include "testing/oracle/host_load.h"
#include "testing/oracle/host_types.h"

namespace ebpf::oracle {
namespace {

constexpr uint8_t kKernelCall = 2;  // src of a call of a kernel function

isa::Insn CallKernel(uint32_t id) {
  isa::Insn insn = CallHelper(id);
  insn.src = kKernelCall;
  return insn;
}

HostLoad Plain(uint32_t type, uint32_t attach) {
  HostLoad load;
  load.type = type;
  load.attach_type = attach;
  load.flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
  load.log_level = 2;
  return load;
}

bool Loads(const HostLoad& load) {
  return LoadOnHost(load, {Mov(0, 0), Exit()}).error == 0 ||
         LoadOnHost(load, {Mov(0, 1), Exit()}).error == 0;
}

/// One load per type that this host loads.
std::vector<HostLoad> Targets() {
  std::vector<HostLoad> all;
  for (uint32_t type = 1; type <= 32; ++type) {
    bool found = false;
    for (uint32_t attach = 0; attach < 57 && !found; ++attach) {
      found = AcceptsAttachType(*FindProgramType(type), attach) &&
              Loads(Plain(type, attach));
      if (found) {
        all.push_back(Plain(type, attach));
      }
    }
  }
  HostLoad load = Plain(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER);
  load.attach_btf_id = HostTypeId("bpf_iter_task", BTF_KIND_FUNC);
  all.push_back(load);
  load = Plain(BPF_PROG_TYPE_STRUCT_OPS, 6);  // ssthresh
  load.attach_btf_id = HostTypeId("tcp_congestion_ops", BTF_KIND_STRUCT);
  all.push_back(load);
  return all;
}

class KfuncsHostTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = WhyNoHost();
    if (!reason.empty()) {
      std::printf("NOT COMPARED WITH THE HOST'S KERNEL: %s\n", reason.c_str());
      GTEST_SKIP() << reason;
    }
    std::ifstream file("testing/oracle/younger_kfuncs.txt");
    ASSERT_TRUE(file.good());
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string name;
      if (words >> name && name[0] != '#') {
        for (std::string type; words >> type;) {
          younger_[name].insert(type);
        }
      }
    }
  }

  bool Excused(const char* name, const char* type) const {
    const auto has = [&](const std::string& key) {
      const auto found = younger_.find(key);
      return found != younger_.end() && found->second.count(type) == 1;
    };
    return has(name) || has("*");
  }

  std::map<std::string, std::set<std::string>> younger_;
};

bool Has(const HostLoadResult& host, const char* text) {
  return host.log.find(text) != std::string::npos;
}

class KfuncTypesHostTest : public KfuncsHostTest {
 protected:
  void Compare(const KfuncInfo& row, const HostLoad& load,
               const HostLoadResult& host) const {
    const bool theirs = !Has(host, "is not allowed");
    const bool ours =
        KfuncAllowed(row, static_cast<ProgramTypeId>(load.type)) &&
        ((row.flags & kKfuncIteratorsOnly) == 0 ||
         load.attach_type == BPF_TRACE_ITER);
    const char* type = FindProgramType(load.type)->name;
    if (ours != theirs) {
      EXPECT_TRUE(!ours && Excused(row.name, type))
          << row.name << " " << type << " we say " << ours;
    } else if (ours && load.type != BPF_PROG_TYPE_SYSCALL) {
      EXPECT_EQ((row.flags & kKfuncSleepable) != 0,
                Has(host, "must be sleepable"))
          << row.name;
    }
  }
};

TEST_F(KfuncTypesHostTest, TypesAndSleepAreTheHosts) {
  unsigned compared = 0;
  std::printf("not in the host:");
  const std::vector<HostLoad> targets = Targets();
  ASSERT_GT(targets.size(), 25u);
  for (uint32_t i = 0; i < kLinuxKfuncs.count; ++i) {
    const KfuncInfo& row = kLinuxKfuncs.rows[i];
    const uint32_t id = HostTypeId(row.name, BTF_KIND_FUNC);
    if (id == 0) {
      std::printf(" %s", row.name);
      continue;
    }
    // The rules behind these are no sets of types.
    if ((row.flags & (kKfuncDeviceBound | kKfuncSessionOnly)) != 0) {
      continue;
    }
    std::vector<HostLoadResult> results;
    unsigned allowed = 0;
    for (const HostLoad& load : targets) {
      results.push_back(LoadOnHost(load, {CallKernel(id), Mov(0, 0), Exit()}));
      allowed += Has(results.back(), "is not allowed") ? 0 : 1;
    }
    if (allowed == 0) {
      std::printf(" %s", row.name);  // there, but not for programs
      continue;
    }
    for (size_t k = 0; k < targets.size(); ++k) {
      Compare(row, targets[k], results[k]);
      ++compared;
    }
  }
  std::printf("\n%u pairs of a type and a function compared\n", compared);
  EXPECT_GT(compared, 3000u);
}

TEST_F(KfuncsHostTest, ResultsOfThoseThatTakeNumbersAreTheHosts) {
  unsigned compared = 0;
  for (const char* name :
       {"bpf_task_from_pid", "bpf_cgroup_from_id", "bpf_cpumask_create",
        "bpf_lookup_user_key", "bpf_lookup_system_key", "bpf_rcu_read_lock",
        "bpf_preempt_disable"}) {
    const uint32_t id = HostTypeId(name, BTF_KIND_FUNC);
    if (id == 0) {
      continue;
    }
    const HostLoadResult host =
        LoadOnHost(Plain(BPF_PROG_TYPE_SYSCALL, 0),
                   {Mov(1, 0), Mov(2, 0), CallKernel(id), Mov(0, 0), Exit()});
    const uint32_t flags = FindKfunc(name)->flags;
    ++compared;
    EXPECT_EQ((flags & kKfuncRetNull) != 0, Has(host, "R0=ptr_or_null_"))
        << name << "\n"
        << host.log;
    EXPECT_EQ((flags & kKfuncAcquire) != 0, Has(host, "Unreleased reference"))
        << name << "\n"
        << host.log;
  }
  EXPECT_GT(compared, 3u);
}

TEST_F(KfuncsHostTest, ReleaseAsksForAReferenceAsTheHostDoes) {
  // The running task is trusted, but no reference.
  unsigned compared = 0;
  for (const char* name : {"bpf_task_release", "bpf_task_acquire"}) {
    const uint32_t id = HostTypeId(name, BTF_KIND_FUNC);
    if (id == 0) {
      continue;
    }
    HostLoad load = Plain(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER);
    load.attach_btf_id = HostTypeId("bpf_iter_task", BTF_KIND_FUNC);
    const HostLoadResult host =
        LoadOnHost(load, {CallHelper(BPF_FUNC_get_current_task_btf),
                          MovReg(1, 0), CallKernel(id), Mov(0, 0), Exit()});
    ++compared;
    EXPECT_EQ((FindKfunc(name)->flags & kKfuncRelease) != 0,
              Has(host, "expects refcounted"))
        << host.log;
  }
  EXPECT_EQ(compared, 2u);
}

/// The struct that the first parameter of function `id` points to, or 0.
uint32_t FirstStruct(const btf::Btf& btf, uint32_t id) {
  const auto function = btf.TypeAt(id);
  const auto prototype = btf.TypeAt(function->size_or_type);
  if (prototype->member_count == 0) {
    return 0;
  }
  const auto pointer = btf.SkipModifiers(btf::Btf::ParamAt(*prototype, 0).type);
  const auto type = btf.TypeAt(*pointer);
  if (!type.ok() || type->kind != btf::Kind::kPointer) {
    return 0;
  }
  const auto target = btf.SkipModifiers(type->size_or_type);
  const auto pointed = btf.TypeAt(*target);
  const bool is_struct = pointed.ok() && pointed->kind == btf::Kind::kStruct;
  return is_struct ? *target : 0;
}

/// A pointer to a struct of type `id`, not trusted, in r1; zeros in r2 to r5.
std::vector<isa::Insn> Untrusted(uint32_t id) {
  static const uint32_t cast = HostTypeId("bpf_rdonly_cast", BTF_KIND_FUNC);
  std::vector<isa::Insn> code;
  code.push_back(Mov(1, 0));
  AppendMap(code, 2, static_cast<int>(id));
  code[1].src = 0;  // a number, no map
  code.push_back(CallKernel(cast));
  code.push_back(MovReg(1, 0));
  for (uint8_t reg = 2; reg <= 5; ++reg) {
    code.push_back(Mov(reg, 0));
  }
  return code;
}

/// Some hosts later than 6.12 take trusted pointers only where a function says
/// nothing of its arguments: whether this is one, by such a function.
bool AsksForTrustByDefault(const std::vector<HostLoad>& targets,
                           const btf::Btf& types) {
  const uint32_t id = HostTypeId("bpf_sock_addr_set_sun_path", BTF_KIND_FUNC);
  const uint32_t pointed = id == 0 ? 0 : FirstStruct(types, id);
  for (const HostLoad& load : targets) {
    if (pointed == 0) {
      break;
    }
    std::vector<isa::Insn> code = Untrusted(pointed);
    code.push_back(CallKernel(id));
    code.push_back(Mov(0, 0));
    code.push_back(Exit());
    if (Has(LoadOnHost(load, code), "must be referenced or trusted")) {
      return true;
    }
  }
  return false;
}

// Of the flags, what a pointer must be is what verdicts hang on most.
TEST_F(KfuncsHostTest, UntrustedPointersAreTakenWhereTheHostTakesThem) {
  const Ref<btf::BtfObject> types = ReadHostTypes();
  const std::vector<HostLoad> targets = Targets();
  const bool trusted_by_default =
      types.get() != nullptr && AsksForTrustByDefault(targets, types->btf());
  unsigned compared = 0;
  for (uint32_t i = 0; i < kLinuxKfuncs.count; ++i) {
    const KfuncInfo& row = kLinuxKfuncs.rows[i];
    const uint32_t id = HostTypeId(row.name, BTF_KIND_FUNC);
    const uint32_t pointed =
        id == 0 || types.get() == nullptr ? 0 : FirstStruct(types->btf(), id);
    if (pointed == 0) {
      continue;
    }
    for (const HostLoad& load : targets) {
      std::vector<isa::Insn> code = Untrusted(pointed);
      code.push_back(CallKernel(id));
      code.push_back(Mov(0, 0));
      code.push_back(Exit());
      const HostLoadResult host = LoadOnHost(load, code);
      // Where the first argument is an iterator, a context and the like, or the
      // call itself is not for this type, its trust is not asked for.
      if (Has(host, "is not allowed") || Has(host, "must be sleepable") ||
          Has(host, "arg#0 expected") || Has(host, "arg#0 doesn't point") ||
          Has(host, "device-bound") || Has(host, "is only allowed in")) {
        continue;
      }
      ++compared;
      const uint32_t trusted = kKfuncTrustedArgs | kKfuncRelease;
      const bool by_default = trusted_by_default && !(row.flags & kKfuncRcu);
      EXPECT_EQ((row.flags & trusted) != 0 || by_default,
                Has(host, "must be referenced or trusted"))
          << row.name << "\n"
          << host.log;
      EXPECT_EQ((row.flags & kKfuncRcu) != 0 && (row.flags & trusted) == 0,
                Has(host, "must be a rcu pointer"))
          << row.name << "\n"
          << host.log;
      break;
    }
  }
  std::printf("%u functions compared\n", compared);
  EXPECT_GT(compared, 40u);
}

}  // namespace
}  // namespace ebpf::oracle
