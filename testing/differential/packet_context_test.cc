// SPDX-License-Identifier: MIT
//
// Programs on a packet, verified, fixed up and run in each engine of this CPU
// with a context as core lays it out (core/program_types/context_layout.h).
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/base/assert.h"
#include "core/memory/allocator.h"
#include "core/program/program.h"
#include "core/program_types/context_layout.h"
#include "core/verifier/findings.h"
#include "core/verifier/fixup.h"
#include "core/verifier/program_builder.h"
#include "core/verifier/verifier.h"
#include "gtest/gtest.h"
#include "testing/conformance/engines.h"

namespace ebpf::differential {
namespace {

using namespace verifier;  // NOLINT: the program builder's words

constexpr uint32_t kSchedCls = 3;
constexpr uint32_t kXdp = 6;

template <typename T>
Span<T> CopyOf(Span<T> from) {
  Result<Span<T>> array = PortAllocator().NewArray<T>(from.size());
  EBPF_ASSERT(array.ok());
  std::copy(from.begin(), from.end(), array->begin());
  return *array;
}

Ref<Program> Make(uint32_t type, const Code& code, Engine& engine) {
  Allocator& allocator = PortAllocator();
  const isa::ConstInsns insns(code.data(), code.size());
  std::vector<InsnFacts> facts(code.size());
  std::vector<char> text(1 << 16);
  Log log(kLogPath, text.data(), text.size());
  Options options;
  options.type = FindProgramType(type);
  options.gpl_compatible = true;
  Stats stats;
  Findings findings(allocator);
  FixedProgram fixed(allocator);
  const Span<InsnFacts> facts_span(facts.data(), facts.size());
  const Status verdict =
      Verify(insns, {}, options, allocator, log, facts_span, stats, &findings);
  EXPECT_EQ(verdict, Status::kOk) << text.data();
  const Status status = Fixup({insns, {}, facts_span, findings, options.type},
                              allocator, log, fixed);
  EXPECT_EQ(status, Status::kOk);
  ProgramParts parts;
  parts.type = options.type;
  parts.insns = CopyOf(fixed.insns.span());
  parts.facts = CopyOf(fixed.facts.span());
  parts.functions = CopyOf(fixed.functions.span());
  parts.direct_calls = CopyOf(fixed.direct_calls.span());
  Result<Ref<Program>> program = Program::Create(parts, engine, allocator);
  EBPF_ASSERT(program.ok());
  return static_cast<Ref<Program>&&>(*program);
}

/// Runs `code` with `context` in each engine; all must agree.
uint64_t RunInAll(uint32_t type, const Code& code, const void* context,
                  size_t size) {
  const conformance::RunningCore core;
  uint64_t result = 0;
  bool first = true;
  for (const conformance::Variant& variant : conformance::Variants()) {
    conformance::VariantEngine engine(variant);
    std::vector<uint64_t> copy((size + 7) / 8);
    std::memcpy(copy.data(), context, size);
    const Ref<Program> program = Make(type, code, engine.engine());
    const uint64_t now = program->Run(copy.data());
    EXPECT_TRUE(first || now == result)
        << variant.name << ": " << now << ", the others: " << result;
    result = now;
    first = false;
  }
  return result;
}

struct Packet {
  explicit Packet(size_t size) : bytes(size) {
    std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  }
  PacketPointers pointers(size_t meta) {
    return {bytes.data() + meta, bytes.data() + bytes.size(), bytes.data()};
  }
  std::vector<uint8_t> bytes;
};

/// The sum of the packet's first `count` bytes, or 0x1000 if it is shorter.
Code SumOf(int count, int data, int end) {
  Code code = {Load(kW, R2, R1, data),
               Load(kW, R3, R1, end),
               MovReg(R4, R2),
               AluImm(kAdd, R4, count),
               JumpReg(kJle, R4, R3, 2),
               MovImm(R0, 0x1000),
               Exit(),
               MovImm(R0, 0)};
  for (int i = 0; i < count; ++i) {
    code.push_back(Load(kB, R5, R2, i));
    code.push_back(AluReg(kAdd, R0, R5));
  }
  code.push_back(Exit());
  return code;
}

TEST(PacketContextTest, XdpProgramsReadTheirPacket) {
  for (const size_t size : {0u, 7u, 8u, 9u}) {
    Packet packet(size);
    XdpContext context{};
    context.packet = packet.pointers(0);
    EXPECT_EQ(RunInAll(kXdp, SumOf(8, 0, 4), &context, sizeof(context)),
              size < 8 ? 0x1000u : 36u);
  }
}

TEST(PacketContextTest, WhatPrecedesThePacketIsReadUpToIt) {
  Packet packet(16);
  for (const size_t meta : {0u, 3u, 4u, 8u}) {
    XdpContext context{};
    context.packet = packet.pointers(meta);
    EXPECT_EQ(RunInAll(kXdp, SumOf(4, 8, 0), &context, sizeof(context)),
              meta < 4 ? 0x1000u : 10u);
  }
}

TEST(PacketContextTest, SkbProgramsReadPacketsAndFields) {
  Packet packet(20);
  SkbContext context{};
  context.packet = packet.pointers(0);
  EXPECT_EQ(RunInAll(kSchedCls, SumOf(4, 76, 80), &context, sizeof(context)),
            10u);
  const uint32_t mark = 0x8899aabb;
  std::memcpy(context.fields + 8, &mark, sizeof(mark));
  const auto loaded = [&](const isa::Insn& load) {
    return RunInAll(kSchedCls, {load, Exit()}, &context, sizeof(context));
  };
  EXPECT_EQ(loaded(Load(kW, R0, R1, 8)), mark);
  EXPECT_EQ(loaded(Load(kH, R0, R1, 10)), 0x8899u);
  EXPECT_EQ(loaded(Load(kB, R0, R1, 9)), 0xaau);
  EXPECT_EQ(loaded(LoadSigned(kW, R0, R1, 8)), 0xffffffff8899aabbu);
  EXPECT_EQ(loaded(LoadSigned(kB, R0, R1, 11)), 0xffffffffffffff88u);
}

TEST(PacketContextTest, FieldsAreWrittenWhereTheyAre) {
  Packet packet(1);
  SkbContext context{};
  context.packet = packet.pointers(0);
  EXPECT_EQ(
      RunInAll(kSchedCls,
               {LoadImm64(R2, 0x1122334455667788)[0],
                LoadImm64(R2, 0x1122334455667788)[1], Store(kDW, R1, 48, R2),
                StoreImm(kW, R1, 8, 5), Load(kW, R0, R1, 52),
                Load(kW, R3, R1, 8), AluReg(kAdd, R0, R3), Exit()},
               &context, sizeof(context)),
      0x11223344u + 5);
}

TEST(PacketContextTest, PacketsAreWritten) {
  Packet packet(8);
  XdpContext context{};
  context.packet = packet.pointers(0);
  const Code code = {Load(kW, R2, R1, 0),
                     Load(kW, R3, R1, 4),
                     MovReg(R4, R2),
                     AluImm(kAdd, R4, 8),
                     JumpReg(kJgt, R4, R3, 1),
                     StoreImm(kH, R2, 6, 0x0102),
                     MovImm(R0, 2),
                     Exit()};
  EXPECT_EQ(RunInAll(kXdp, code, &context, sizeof(context)), 2u);
  EXPECT_EQ(packet.bytes[5], 6);
  EXPECT_EQ(packet.bytes[6], 2);
  EXPECT_EQ(packet.bytes[7], 1);
}

TEST(PacketContextTest, ASocketThatThereIsNotIsNull) {
  Packet packet(1);
  SkbContext context{};
  context.packet = packet.pointers(0);
  EXPECT_EQ(RunInAll(kSchedCls,
                     {Load(kDW, R2, R1, 168), MovImm(R0, 1),
                      JumpImm(kJeq, R2, 0, 1), Load(kW, R0, R2, 4), Exit()},
                     &context, sizeof(context)),
            1u);
}

}  // namespace
}  // namespace ebpf::differential
