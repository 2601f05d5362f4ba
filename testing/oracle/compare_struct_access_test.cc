// SPDX-License-Identifier: MIT
//
// Loads from a kernel's structs before two judges: the host kernel's verifier
// and core/btf's walk through the host's own BTF. Each offset of a struct, with
// each size: both must take it or refuse it with the same words, and say of
// what was loaded that it is a number or a pointer to the same struct.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/struct_access.h"
#include "gtest/gtest.h"
#include "testing/oracle/host_load.h"
#include "testing/oracle/host_types.h"

namespace ebpf::oracle {
namespace {

constexpr uint32_t kTracing = 26;
constexpr uint32_t kTraceRawTp = 23;

HostLoadResult JudgeOnHost(const std::vector<isa::Insn>& code,
                           uint32_t tracepoint) {
  HostLoad load;
  load.type = kTracing;
  load.attach_type = kTraceRawTp;
  load.attach_btf_id = tracepoint;
  load.log_level = 2;
  return LoadOnHost(load, code);
}

/// r6 = the tracepoint's argument; r0 = *(size *)(r6 + offset); return 0.
std::vector<isa::Insn> Program(int argument, uint32_t offset, uint32_t size) {
  return {Load(8, 6, 1, static_cast<int16_t>(8 * argument)),
          Load(size, 0, 6, static_cast<int16_t>(offset)), Mov(0, 0), Exit()};
}

/// What the host's log says of r0 after instruction 1: "scalar", "mem", or the
/// name of the struct that it points to, with its flags.
std::string HostResult(const std::string& log) {
  const size_t line = log.find("\n1: (");
  size_t at = log.find("; R0", line);
  at = log.find('=', at);
  const size_t end = log.find('(', at);
  const size_t space = log.find_first_of(" \n", at);
  return at == std::string::npos
             ? ""
             : log.substr(at + 1, std::min(end, space) - at - 1);
}

/// The line of a refusal that says why.
std::string HostReason(const std::string& log) {
  const size_t end = log.find("\nprocessed ");
  const size_t begin = log.rfind('\n', end - 1);
  return end == std::string::npos ? log : log.substr(begin + 1, end - begin);
}

class CompareStructAccessTest : public testing::Test {
 protected:
  void SetUp() override {
    object_ = ReadHostTypes();
    if (object_.get() == nullptr) {
      GTEST_SKIP() << "NO ORACLE: no /sys/kernel/btf/vmlinux";
    }
    const std::string reason = WhyNoHost();
    if (!reason.empty()) {
      GTEST_SKIP() << "NO ORACLE: " << reason;
    }
  }

  const btf::Btf& btf() const { return object_->btf(); }

  uint32_t Tracepoint(const std::string& name) const {
    return btf()
        .Find(btf::Kind::kTypedef, ("btf_trace_" + name).c_str())
        .ValueOr(0);
  }

  std::string OurResult(const btf::Access& access) const {
    if (access.kind == btf::AccessKind::kScalar) {
      return "scalar";
    }
    if (access.kind == btf::AccessKind::kOpaquePointer) {
      return "mem";
    }
    const StringView name = *btf().Name(btf().TypeAt(access.type)->name);
    std::string flags;
    flags += access.tags.user ? "user " : "";
    flags += access.tags.per_cpu ? "percpu " : "";
    flags += access.through_union ? "untrusted " : "";
    return flags + std::string(name.data(), name.size());
  }

  /// The host's in our words. What it trusts depends on more than the load
  /// (RCU, allow lists); a pointer out of a union is never trusted.
  static std::string Normalized(std::string host, bool through_union) {
    if (host.find("ptr_") == std::string::npos) {
      return host == "scalar" ? host : "mem";
    }
    const auto drop = [&](const std::string& word) {
      const size_t at = host.find(word);
      if (at != std::string::npos && at < host.find("ptr_")) {
        host.erase(at, word.size());
        return true;
      }
      return false;
    };
    std::string flags;
    flags += drop("user_") ? "user " : "";
    flags += drop("percpu_") ? "percpu " : "";
    flags += drop("untrusted_") && through_union ? "untrusted " : "";
    drop("trusted_");
    drop("rcu_");
    host = host.substr(4);  // "ptr_"
    return flags + (host.rfind("or_null_", 0) == 0 ? host.substr(8) : host);
  }

  void CompareAll(const std::string& tracepoint, int argument,
                  const std::string& name) {
    const uint32_t id = Tracepoint(tracepoint);
    if (id == 0) {
      GTEST_SKIP() << "the host has no tracepoint " << tracepoint;
    }
    const btf::TypeId type = *btf().Find(btf::Kind::kStruct, name.c_str());
    const uint32_t end = *btf().SizeOf(type) + 16;
    int accepted = 0;
    int pointers = 0;
    int refused = 0;
    for (uint32_t offset = 0; offset < end; ++offset) {
      for (const uint32_t size : {1u, 2u, 4u, 8u}) {
        char buffer[512];
        TextWriter log(buffer, sizeof(buffer));
        const Result<btf::Access> ours =
            btf::AccessStruct(btf(), type, offset, size, false, &log);
        const HostLoadResult host =
            JudgeOnHost(Program(argument, offset, size), id);
        ASSERT_EQ(host.error == 0, ours.ok())
            << name << " " << offset << " " << size << "\n"
            << host.log << std::string(buffer, log.text().size());
        if (!ours.ok()) {
          ++refused;
          EXPECT_EQ(static_cast<int>(ours.status()), host.error);
          EXPECT_EQ(std::string(buffer, log.text().size()),
                    HostReason(host.log));
          continue;
        }
        ++accepted;
        pointers += ours->kind == btf::AccessKind::kPointer;
        ASSERT_EQ(OurResult(*ours),
                  Normalized(HostResult(host.log), ours->through_union))
            << name << " " << offset << " " << size << "\n"
            << host.log;
      }
    }
    printf("%s: %d loads accepted, %d of them pointers, %d refused\n",
           name.c_str(), accepted, pointers, refused);
    EXPECT_GT(pointers, 3);
    EXPECT_GT(refused, 100);
  }

  Ref<btf::BtfObject> object_;
};

TEST_F(CompareStructAccessTest, LoadsFromTasksAreJudgedAlike) {
  CompareAll("sched_switch", 1, "task_struct");
}

TEST_F(CompareStructAccessTest, LoadsFromPacketsAreJudgedAlike) {
  CompareAll("kfree_skb", 0, "sk_buff");
}

TEST_F(CompareStructAccessTest, LoadsFromRequestQueuesAreJudgedAlike) {
  CompareAll("block_plug", 0, "request_queue");
}

}  // namespace
}  // namespace ebpf::oracle
