// SPDX-License-Identifier: MIT
#include "core/verifier/kfunc_args.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class KfuncArgsTest : public TypedTest {
 protected:
  KfuncArgsTest() { AttachTo(26, AttachType::kTraceRawTp, task_newtask_); }
};

TEST_F(KfuncArgsTest, NumbersAreNumbers) {
  Rejects(Join({MovReg(R1, R10), CallKernel(from_pid_), Return0()}),
          Status::kInvalid, "R1 is not a scalar");
  Rejects(Join({CallKernel(iter_new_), Return0()}), Status::kInvalid,
          "arg#0 expected pointer to an iterator on stack");
}

TEST_F(KfuncArgsTest, ArgumentsWereWritten) {
  Rejects(Join({MovReg(R1, R10), AluImm(kAdd, R1, -8), CallKernel(iter_new_),
                Return0()}),
          Status::kAccess, "R2 !read_ok");
}

TEST_F(KfuncArgsTest, MemoryMayBeAUnionOfNumbers) {
  // As conntrack's bpf_sock_tuple, which bpf_skb_ct_lookup() is given.
  TypeWriter k;
  const uint32_t integer = k.Int("int", 4);
  const uint32_t ipv4 = k.Struct("ipv4", {{"saddr", integer}});
  const uint32_t tuple =
      k.Struct("bpf_sock_tuple", {{"either", k.Union("", ipv4)}});
  const uint32_t context = k.Pointer(k.Struct("__sk_buff", {{"n", integer}}));
  const uint32_t options = k.Pointer(k.Struct("bpf_ct_opts", {{"n", integer}}));
  const uint32_t connection = k.Pointer(k.Struct("nf_conn", {{"n", integer}}));
  const uint32_t lookup =
      k.Function("bpf_skb_ct_lookup",
                 k.Prototype(connection, {{"skb_ctx", context},
                                          {"bpf_tuple", k.Pointer(tuple)},
                                          {"tuple__sz", integer},
                                          {"opts", options},
                                          {"opts__sz", integer}}));
  SetKernel(k);
  options_.type = FindProgramType(3);  // sched_cls
  Rejects(
      Join({StoreImm(kDW, R10, -8, 0), MovReg(R2, R10), AluImm(kAdd, R2, -8),
            MovImm(R3, 8), MovReg(R4, R10), AluImm(kAdd, R4, -8), MovImm(R5, 8),
            CallKernel(lookup), Return0()}),
      Status::kInvalid, "Unreleased reference id=2 alloc_insn=7");
}

TEST_F(KfuncArgsTest, MemoryIsNoObject) {
  Rejects(Join({StoreImm(kDW, R10, -8, 0), MovReg(R1, R10),
                AluImm(kAdd, R1, -8), CallKernel(acquire_), Return0()}),
          Status::kInvalid,
          "arg#0 pointer type STRUCT task_struct must point to scalar, or "
          "struct with scalar");
}

TEST_F(KfuncArgsTest, AnObjectIsOfTheTypeThatIsAskedFor) {
  AttachTo(29, AttachType::kLsmMac, file_open_);
  Rejects(Join({Load(kDW, R1, R1, 0), CallKernel(acquire_), Return0()}),
          Status::kInvalid,
          "kernel function bpf_task_acquire args#0 expected pointer to STRUCT "
          "task_struct but R1 has a pointer to STRUCT file");
}

TEST_F(KfuncArgsTest, AnObjectIsPassedFromItsStart) {
  Rejects(Join({Load(kDW, R1, R1, 0), CallKernel(acquire_),
                JumpImm(kJeq, R0, 0, 3), MovReg(R1, R0), AluImm(kAdd, R1, 8),
                CallKernel(release_), Return0()}),
          Status::kInvalid,
          "R1 must have zero offset when passed to release func or trusted arg "
          "to kfunc");
}

TEST_F(KfuncArgsTest, WhatStandsForAnObjectIsPassedFromItsStart) {
  TypeWriter k;
  const uint32_t word = k.Int("unsigned long", 8);
  const uint32_t dynptr = k.Struct("bpf_dynptr", {{"n", word}, {"m", word}});
  const uint32_t seen = k.Struct("__sk_buff", {{"n", word}});
  const uint32_t skb = k.Struct("sk_buff", {{"n", word}, {"m", word}});
  const uint32_t from_skb = k.Function(
      "bpf_dynptr_from_skb",
      k.Prototype(k.Int("int", 4), {{"s", k.Pointer(seen)},
                                    {"flags", word},
                                    {"ptr__uninit", k.Pointer(dynptr)}}));
  const uint32_t netif_rx =
      k.Typedef("btf_trace_netif_rx",
                k.Pointer(k.Prototype(
                    0, {{"__data", k.Pointer(0)}, {"skb", k.Pointer(skb)}})));
  SetKernel(k);
  AttachTo(26, AttachType::kTraceRawTp, netif_rx);
  const auto at = [&](int32_t offset) {
    return Join({Load(kDW, R1, R1, 0), AluImm(kAdd, R1, offset), MovImm(R2, 0),
                 MovReg(R3, R10), AluImm(kAdd, R3, -16), CallKernel(from_skb),
                 Return0()});
  };
  Accepts(at(0));
  Rejects(at(-8), Status::kAccess,
          "negative offset trusted_ptr_ ptr R1 off=-8 disallowed");
  // Linux 6.18 takes that.
  Rejects(at(8), Status::kInvalid,
          "kernel function bpf_dynptr_from_skb args#0 expected pointer to "
          "STRUCT __sk_buff but R1 has a pointer to STRUCT sk_buff");
}

TEST_F(KfuncArgsTest, WhatIsFollowedFromAnObjectIsNotTrusted) {
  options_.sleepable = false;
  Rejects(Join({Load(kDW, R1, R1, 0), Load(kDW, R1, R1, 16),
                CallKernel(acquire_), Return0()}),
          Status::kInvalid, "R1 must be a rcu pointer");
}

}  // namespace
}  // namespace ebpf::verifier
