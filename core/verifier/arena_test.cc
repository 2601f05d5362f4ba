// SPDX-License-Identifier: MIT
#include "core/verifier/arena.h"

#include "core/maps/described_map.h"
#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

Ref<Map> MakeArena() {
  MapSpec spec;
  spec.type = static_cast<MapType>(33);
  spec.max_entries = 1;
  spec.flags = 1 << 10;  // BPF_F_MMAPABLE
  Result<Ref<Map>> made = DescribedMap::Create(spec, PortAllocator());
  return made.ok() ? *made : Ref<Map>();
}

class ArenaTest : public TypedTest {
 protected:
  Verdict JudgeWith(Map* map, const Code& code) {
    std::vector<char> buffer(1 << 16);
    Log log(kLogPath, buffer.data(), buffer.size());
    Map* const maps[] = {map};
    std::vector<InsnFacts> facts(code.size());
    FailingAllocator allocator;
    Verdict verdict{};
    verdict.status = Verify(
        isa::ConstInsns(code.data(), code.size()),
        Span<Map* const>(maps, map != nullptr ? 1 : 0), options_, allocator,
        log, Span<InsnFacts>(facts.data(), facts.size()), verdict.stats);
    const StringView text = log.writer().text();
    verdict.log = std::string(text.data(), text.size());
    return verdict;
  }
  static isa::Insn Cast(Reg dst, Reg src, int32_t spaces) {
    return Raw(0xbf, dst, src, kAddressSpaceCast, spaces);
  }
  Ref<Map> arena_ = MakeArena();
};

TEST_F(ArenaTest, WhatIsCastMayPointAnywhere) {
  const Code code =
      Join({Load(kDW, R2, R1, 0), Cast(R3, R2, 1), AluImm(kMul, R3, 12345),
            StoreImm(kDW, R3, 0, 1), Load(kB, R4, R3, 100), MovImm(R5, 1),
            Atomic(kDW, kAdd, R3, 8, R5), Cast(R6, R3, 1 << 16), Return0()});
  const Verdict verdict = JudgeWith(arena_.get(), code);
  EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
}

TEST_F(ArenaTest, WithoutACastANumberIsNoPointer) {
  const Verdict verdict =
      JudgeWith(arena_.get(),
                Join({Load(kDW, R2, R1, 0), Load(kB, R4, R2, 0), Return0()}));
  EXPECT_TRUE(HasLine(verdict.log, "R2 invalid mem access 'scalar'"))
      << verdict.log;
}

TEST_F(ArenaTest, CastsNeedAnArena) {
  const Verdict verdict =
      JudgeWith(nullptr, Join({MovImm(R2, 0), Cast(R2, R2, 1), Return0()}));
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_TRUE(HasLine(verdict.log,
                      "addr_space_cast insn can only be used in a program that "
                      "has an associated arena"))
      << verdict.log;
}

TEST_F(ArenaTest, CastsAreBetweenTwoSpaces) {
  const Verdict verdict = JudgeWith(
      arena_.get(), Join({MovImm(R2, 0), Cast(R2, R2, 2), Return0()}));
  EXPECT_TRUE(HasLine(verdict.log,
                      "addr_space_cast insn can only convert between address "
                      "space 1 and 0"))
      << verdict.log;
}

TEST_F(ArenaTest, PortsHaveNone) {
  options_.profile = Profile::kPort;
  const Verdict verdict = JudgeWith(
      arena_.get(), Join({MovImm(R2, 0), Cast(R2, R2, 1), Return0()}));
  EXPECT_TRUE(HasLine(verdict.log, "BPF_MOV uses reserved fields"))
      << verdict.log;
}

}  // namespace
}  // namespace ebpf::verifier
