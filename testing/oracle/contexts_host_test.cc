// SPDX-License-Identifier: MIT
//
// core/program_types beside the host's kernel: for each type, attach type,
// place and size of an access, the table's answer is the kernel's verdict.
#include <cerrno>
#include <cstdio>
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/btf.h>
#include <linux/capability.h>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "core/program_types/program_type.h"
#include "core/program_types/sock_pointers.h"
#include "core/program_types/type_sets.h"
#include "gtest/gtest.h"
#include "testing/oracle/host_load.h"

namespace ebpf::oracle {
namespace {

constexpr uint32_t kTypeCount = 32;
constexpr uint32_t kPtRegs = sizeof(bpf_perf_event_data) - 16;
constexpr uint32_t kAttachTypes = 57;

std::string Name(uint32_t type) { return FindProgramType(type)->name; }

/// A load that differs from others of its type in nothing but the code.
HostLoad Plain(uint32_t type, uint32_t attach) {
  HostLoad load;
  load.type = type;
  load.attach_type = attach;
  load.flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
  return load;
}

/// What ends a program of this type well.
void AppendEnd(std::vector<isa::Insn>& code, uint32_t type, uint32_t attach) {
  const ReturnRange range = FindProgramType(type)->returns(attach);
  code.push_back(Mov(0, range.checked ? range.min : 0));
  code.push_back(Exit());
}

int LoadTrivial(uint32_t type, uint32_t attach) {
  std::vector<isa::Insn> code;
  AppendEnd(code, type, attach);
  return LoadOnHost(Plain(type, attach), code).error;
}

/// Those that the host has, that this process may load, and that need no BTF.
std::vector<uint32_t> TypesOfTheHost() {
  std::vector<uint32_t> types;
  for (uint32_t type = 1; type <= kTypeCount; ++type) {
    bool loads = false;
    for (uint32_t attach = 0; attach < kAttachTypes && !loads; ++attach) {
      loads = LoadTrivial(type, attach) == 0;
    }
    if (loads) {
      types.push_back(type);
    } else {
      std::printf("not compared, the host does not load it plainly: %s\n",
                  Name(type).c_str());
    }
  }
  return types;
}

/// The attach types that make a difference to `type`.
std::vector<uint32_t> AttachTypesOf(uint32_t type) {
  const ProgramType& row = *FindProgramType(type);
  std::vector<uint32_t> attach_types;
  for (uint32_t attach = 0; attach < kAttachTypes; ++attach) {
    const bool any = row.attach_types == attach_words::Any;
    const bool xdp = type == BPF_PROG_TYPE_XDP &&
                     (attach == BPF_XDP_DEVMAP || attach == BPF_XDP_CPUMAP);
    const bool kprobe = type == BPF_PROG_TYPE_KPROBE && attach == 56;
    if (any ? attach == 0 || xdp || kprobe : AcceptsAttachType(row, attach)) {
      attach_types.push_back(attach);
    }
  }
  return attach_types;
}

const char* LogName(const ContextAnswer& answer) {
  switch (answer.value) {
    case ContextValue::kPacket:
      return "pkt(";
    case ContextValue::kPacketMeta:
      return "pkt_meta(";
    case ContextValue::kPacketEnd:
      return "pkt_end(";
    case ContextValue::kFlowKeys:
      return "flow_keys(";
    case ContextValue::kSocket:
      return "sock(";
    case ContextValue::kSocketOrNull:
      return "sock_or_null(";
    case ContextValue::kSockCommonOrNull:
      return "sock_common_or_null(";
    case ContextValue::kBuffer:
      return "tp_buffer(";
    case ContextValue::kTrustedTyped:
      return answer.field_offset == 0 ? "trusted_ptr_nf_hook_state("
                                      : "trusted_ptr_sk_buff(";
    default:
      return "scalar(";
  }
}

class ContextsHostTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = WhyNoHost();
    if (!reason.empty()) {
      std::printf("NOT COMPARED WITH THE HOST'S KERNEL: %s\n", reason.c_str());
      GTEST_SKIP() << reason;
    }
  }
};

/// One access of `type`'s context on both sides.
void Compare(uint32_t type, const ContextQuery& query) {
  const ContextAnswer answer = FindProgramType(type)->access(query);
  std::vector<isa::Insn> code;
  const auto offset = static_cast<int16_t>(query.offset);
  if (query.write) {
    code = {Mov(2, 0), Store(query.size, 1, offset, 2)};
  } else {
    code = {Load(query.size, 0, 1, offset)};
  }
  AppendEnd(code, type, query.attach_type);
  HostLoad load = Plain(type, query.attach_type);
  const bool allowed = answer.value != ContextValue::kRefused;
  load.log_level = allowed && !query.write ? 2 : 0;
  const HostLoadResult host = LoadOnHost(load, code);
  EXPECT_EQ(allowed, host.error == 0)
      << Name(type) << " attach " << query.attach_type << " offset "
      << query.offset << " size " << query.size << " write " << query.write
      << " errno " << host.error;
  if (allowed && !query.write && host.error == 0) {
    EXPECT_NE(host.log.find(std::string("=") + LogName(answer)),
              std::string::npos)
        << Name(type) << " offset " << query.offset << " " << LogName(answer)
        << "\n"
        << host.log;
  }
}

TEST_F(ContextsHostTest, EachAccessIsTheHosts) {
  unsigned compared = 0;
  for (const uint32_t type : TypesOfTheHost()) {
    for (const uint32_t attach : AttachTypesOf(type)) {
      for (uint32_t offset = 0; offset < 244; ++offset) {
        for (const uint32_t size : {1u, 2u, 4u, 8u}) {
          for (const bool write : {false, true}) {
            ContextQuery query = {offset, size, write, attach};
            query.context_size = kPtRegs;
            Compare(type, query);
            ++compared;
          }
        }
      }
      if (HasFailure()) {
        break;
      }
    }
  }
  std::printf("%u accesses compared\n", compared);
  EXPECT_GT(compared, 50000u);
}

TEST_F(ContextsHostTest, LongContextsEndWhereTheHostsDo) {
  for (const uint32_t type : {BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_SYSCALL,
                              BPF_PROG_TYPE_KPROBE}) {
    for (uint32_t offset = 8170; offset < 8210; ++offset) {
      for (const uint32_t size : {1u, 2u, 4u, 8u}) {
        ContextQuery query = {offset, size, false, 0};
        query.context_size = kPtRegs;
        Compare(type, query);
      }
    }
  }
}

TEST_F(ContextsHostTest, AttachTypesAreTakenWhereTheHostTakesThem) {
  for (const uint32_t type : TypesOfTheHost()) {
    const auto id = static_cast<ProgramTypeId>(type);
    for (uint32_t attach = 0; attach < 80; ++attach) {
      const uint32_t effective = EffectiveAttachType(id, attach);
      const bool ours = AcceptsAttachType(*FindProgramType(type), effective);
      std::vector<isa::Insn> code;
      AppendEnd(code, type, effective);
      EXPECT_EQ(ours, LoadOnHost(Plain(type, attach), code).error == 0)
          << Name(type) << " " << attach;
    }
  }
}

void CompareReturns(const HostLoad& load, const ReturnRange& range) {
  for (const int32_t value :
       {INT32_MIN, -4096, -4095, -2, -1, 0, 1, 2, 3, 4, 5, 100, INT32_MAX}) {
    const bool ours =
        !range.checked || (range.min <= value && value <= range.max);
    EXPECT_EQ(ours, LoadOnHost(load, {Mov(0, value), Exit()}).error == 0)
        << Name(load.type) << " attach " << load.attach_type << " returns "
        << value;
  }
}

TEST_F(ContextsHostTest, ReturnRangesAreTheHosts) {
  for (const uint32_t type : TypesOfTheHost()) {
    for (const uint32_t attach : AttachTypesOf(type)) {
      CompareReturns(Plain(type, attach),
                     FindProgramType(type)->returns(attach));
    }
  }
  // By BTF.
  HostLoad raw = Plain(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP);
  raw.attach_btf_id = HostTypeId("btf_trace_sched_switch", BTF_KIND_TYPEDEF);
  HostLoad iter = Plain(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER);
  iter.attach_btf_id = HostTypeId("bpf_iter_task", BTF_KIND_FUNC);
  for (const HostLoad& load : {raw, iter}) {
    if (load.attach_btf_id == 0) {
      std::printf("not compared: the host has no BTF for it\n");
      continue;
    }
    CompareReturns(load, FindProgramType(load.type)->returns(load.attach_type));
  }
}

TEST_F(ContextsHostTest, PacketLoadsAreForTheHostsTypes) {
  isa::Insn load = {};
  load.opcode = BPF_LD | BPF_ABS | BPF_B;
  for (const uint32_t type : TypesOfTheHost()) {
    const uint32_t attach = AttachTypesOf(type).front();
    std::vector<isa::Insn> code = {MovReg(6, 1), load};
    AppendEnd(code, type, attach);
    EXPECT_EQ(FindProgramType(type)->has_packet,
              LoadOnHost(Plain(type, attach), code).error == 0)
        << Name(type);
  }
}

/// Where the context has a value of this kind, or -1.
int FieldOf(uint32_t type, uint32_t attach, ContextValue value,
            uint32_t& size) {
  for (uint32_t offset = 0; offset < 256; ++offset) {
    for (const uint32_t bytes : {4u, 8u}) {
      ContextQuery query = {offset, bytes, false, attach};
      query.context_size = kPtRegs;
      if (FindProgramType(type)->access(query).value == value) {
        size = bytes;
        return static_cast<int>(offset);
      }
    }
  }
  return -1;
}

TEST_F(ContextsHostTest, PacketsAreReadAndWrittenByTheHostsTypes) {
  unsigned compared = 0;
  for (const uint32_t type : TypesOfTheHost()) {
    const uint32_t attach = AttachTypesOf(type).front();
    uint32_t size = 0;
    const int data = FieldOf(type, attach, ContextValue::kPacket, size);
    const int end = FieldOf(type, attach, ContextValue::kPacketEnd, size);
    const auto may = FindProgramType(type)->may_access_packet;
    for (const bool write : {false, true}) {
      if (data < 0 || end < 0) {
        continue;
      }
      isa::Insn greater = {};
      greater.opcode = BPF_JMP | BPF_JGT | BPF_X;
      greater.dst = 4;
      greater.src = 3;
      greater.offset = 1;
      std::vector<isa::Insn> code = {
          Load(size, 2, 1, static_cast<int16_t>(data)),
          Load(size, 3, 1, static_cast<int16_t>(end)),
          MovReg(4, 2),
          AddImm(4, 4),
          greater,
          write ? StoreImm(4, 2, 0, 0) : Load(4, 0, 2, 0)};
      AppendEnd(code, type, attach);
      // Whoever is given the pointers may read through them.
      const bool ours = !write || (may != nullptr && may(true, attach));
      EXPECT_EQ(ours, LoadOnHost(Plain(type, attach), code).error == 0)
          << Name(type) << " write " << write;
      ++compared;
    }
  }
  EXPECT_GT(compared, 20u);
}

struct Pointer {
  const char* name;
  ContextAnswer (*access)(const ContextQuery& query);
  uint32_t type;
  uint32_t size;                // of the struct
  std::vector<isa::Insn> code;  // puts the pointer into r6
};

/// if dst == 0: return 0.
void AppendNullCheck(std::vector<isa::Insn>& code, uint8_t dst) {
  code.push_back(JumpNotEqual(dst, 0, 2));
  code.push_back(Mov(0, 0));
  code.push_back(Exit());
}

std::vector<isa::Insn> SocketOf(uint32_t helper) {
  std::vector<isa::Insn> code = {Load(8, 1, 1, offsetof(__sk_buff, sk))};
  AppendNullCheck(code, 1);
  if (helper == 0) {
    code.push_back(MovReg(6, 1));
    return code;
  }
  code.push_back(CallHelper(helper));
  AppendNullCheck(code, 0);
  code.push_back(MovReg(6, 0));
  return code;
}

TEST_F(ContextsHostTest, WhatPointersToSocketsShowIsTheHosts) {
  const int xsk = MakeHostMap(BPF_MAP_TYPE_XSKMAP, 4, 4, 4);
  std::vector<isa::Insn> xdp = {StoreImm(4, 10, -4, 0), MovReg(2, 10),
                                AddImm(2, -4)};
  AppendMap(xdp, 1, xsk);
  xdp.push_back(CallHelper(BPF_FUNC_map_lookup_elem));
  AppendNullCheck(xdp, 0);
  xdp.push_back(MovReg(6, 0));
  const Pointer pointers[] = {
      {"sock_common", SockCommonAccess, BPF_PROG_TYPE_SCHED_CLS, 80,
       SocketOf(0)},
      {"sock", SockAccess, BPF_PROG_TYPE_SCHED_CLS, 80,
       SocketOf(BPF_FUNC_sk_fullsock)},
      {"tcp_sock", TcpSockAccess, BPF_PROG_TYPE_SCHED_CLS, 112,
       SocketOf(BPF_FUNC_tcp_sock)},
      {"xdp_sock", XdpSockAccess, BPF_PROG_TYPE_XDP, 4, xdp},
      {"flow_keys",
       FlowKeysAccess,
       BPF_PROG_TYPE_FLOW_DISSECTOR,
       56,
       {Load(8, 6, 1, offsetof(__sk_buff, flow_keys))}}};
  for (const Pointer& pointer : pointers) {
    for (uint32_t offset = 0; offset < pointer.size + 12; ++offset) {
      for (const uint32_t size : {1u, 2u, 4u, 8u}) {
        for (const bool write : {false, true}) {
          std::vector<isa::Insn> code = pointer.code;
          const auto at = static_cast<int16_t>(offset);
          code.push_back(Mov(2, 0));
          code.push_back(write ? Store(size, 6, at, 2) : Load(size, 0, 6, at));
          code.push_back(Mov(0, 0));
          code.push_back(Exit());
          const bool ours = pointer.access({offset, size, write}).value !=
                            ContextValue::kRefused;
          EXPECT_EQ(ours, LoadOnHost(Plain(pointer.type, 0), code).error == 0)
              << pointer.name << " offset " << offset << " size " << size
              << " write " << write;
        }
      }
    }
  }
  close(xsk);
}

/// Whether a process with these capabilities only may load `type`.
bool LoadsWith(uint32_t type, uint64_t capabilities) {
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    for (int i = 0; i < 2; ++i) {
      data[i].effective = static_cast<uint32_t>(capabilities >> (32 * i));
      data[i].permitted = data[i].effective;
    }
    if (syscall(SYS_capset, &header, data) != 0) {
      _exit(3);
    }
    _exit(LoadTrivial(type, AttachTypesOf(type).front()) == EPERM ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_NE(WEXITSTATUS(status), 3);
  return WEXITSTATUS(status) == 0;
}

TEST_F(ContextsHostTest, PrivilegesAreTheHosts) {
  constexpr uint64_t kBpf = uint64_t{1} << CAP_BPF;
  constexpr uint64_t kNet = uint64_t{1} << CAP_NET_ADMIN;
  constexpr uint64_t kPerfmon = uint64_t{1} << CAP_PERFMON;
  for (const uint32_t type : TypesOfTheHost()) {
    const uint8_t needs = FindProgramType(type)->privilege;
    const bool net = (needs & kPrivilegeNetAdmin) != 0;
    const bool perfmon = (needs & kPrivilegePerfmon) != 0;
    EXPECT_EQ(LoadsWith(type, kBpf), !net && !perfmon) << Name(type);
    EXPECT_EQ(LoadsWith(type, kBpf | kNet), !perfmon) << Name(type);
    EXPECT_EQ(LoadsWith(type, kBpf | kPerfmon), !net) << Name(type);
  }
}

}  // namespace
}  // namespace ebpf::oracle
