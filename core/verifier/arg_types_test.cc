// SPDX-License-Identifier: MIT
#include "core/verifier/arg_types.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

constexpr uint32_t kHelpers = 211;

TEST(ArgTypesOfHelpersTest, ReleasedArgumentsAreSome) {
  for (uint32_t id = 1; id <= kHelpers; ++id) {
    const HelperPrototype& helper = *FindHelper(id);
    const unsigned released = ReleasedArgument(helper);
    EXPECT_EQ(released < kMaxArguments, helper.releases) << helper.name;
    if (helper.releases) {
      EXPECT_NE(helper.args[released], ArgKind::kNone) << helper.name;
    }
  }
}

TEST(ArgTypesOfHelpersTest, SizesFollowTheirMemory) {
  for (uint32_t id = 1; id <= kHelpers; ++id) {
    const HelperPrototype& helper = *FindHelper(id);
    for (unsigned i = 0; i < kMaxArguments; ++i) {
      const ArgKind kind = helper.args[i];
      const bool sized = kind == ArgKind::kMem || kind == ArgKind::kMemOrNull ||
                         kind == ArgKind::kUninitMem ||
                         kind == ArgKind::kWriteMem;
      if (!sized) {
        continue;
      }
      ASSERT_LT(i + 1, kMaxArguments) << helper.name;
      EXPECT_TRUE(helper.args[i + 1] == ArgKind::kSize ||
                  helper.args[i + 1] == ArgKind::kSizeOrZero)
          << helper.name;
    }
  }
}

TEST(ArgTypesOfHelpersTest, SizesOfFixedMemoryAreKnown) {
  for (uint32_t id = 1; id <= kHelpers; ++id) {
    const HelperPrototype& helper = *FindHelper(id);
    for (unsigned i = 0; i < kMaxArguments; ++i) {
      const ArgKind kind = helper.args[i];
      if (kind == ArgKind::kFixedMem || kind == ArgKind::kFixedWriteMem ||
          kind == ArgKind::kFixedUninitMem) {
        EXPECT_GT(helper.fixed_sizes[i], 0u) << helper.name;
      }
    }
  }
}

class ArgTypesTest : public CallsTest {
 protected:
  ArgTypesTest() { on_host_ = true; }
};

TEST_F(ArgTypesTest, RefusalsListWhatIsTaken) {
  Rejects({MovImm(R1, 1), MovImm(R2, 0), Call(kMapLookup), Return0()},
          Status::kAccess, "R1 type=scalar expected=map_ptr");
  Rejects({LoadMap(R1, kArray), MovImm(R2, 1), Call(kMapLookup), Return0()},
          Status::kAccess,
          "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, "
          "mem, ringbuf_mem, buf, trusted_ptr_");
  Rejects({MovReg(R1, R10), Call(kThisCpuPtr), Return0()}, Status::kAccess,
          "R1 type=fp expected=percpu_ptr_, percpu_rcu_ptr_, "
          "percpu_trusted_ptr_");
  Rejects({MovReg(R1, R10), Call(kSpinLock), Return0()}, Status::kAccess,
          "R1 type=fp expected=map_value, ptr_");
  Rejects({MovImm(R1, 0), Call(kSkFullsock), Return0()}, Status::kAccess,
          "R1 type=scalar expected=sock_common, sock, tcp_sock, xdp_sock");
}

TEST_F(ArgTypesTest, FixedMemoryIsAlignedAndThere) {
  const auto number = [](int offset) {
    return Join({StoreImm(kDW, R10, -8, '1'), MovReg(R1, R10),
                 AluImm(kAdd, R1, -8), MovImm(R2, 4), MovImm(R3, 0),
                 MovReg(R4, R10), AluImm(kAdd, R4, offset), Call(kStrtol),
                 Return0()});
  };
  Accepts(number(-16));
  Rejects(number(-20), Status::kAccess,
          "misaligned stack access off 0+-20+0 size 8");
  Rejects(number(-4), Status::kInvalid,
          "invalid indirect access to stack R4 off=-4 size=8",
          OnLinux::kOtherText);  // 6.18: "invalid write to stack"
}

TEST_F(ArgTypesTest, OutputsAreWrittenEvenIfPrototypesDoNotSay) {
  Map& text = *maps_->span()[static_cast<size_t>(text_)];
  text.Freeze();
  // bpf_snprintf into a map that is read-only for programs.
  Rejects({LoadMapValue(R1, text_), MovImm(R2, 4), LoadMapValue(R3, text_, 5),
           MovImm(R4, 0), MovImm(R5, 0), Call(kSnprintfHelper), Return0()},
          Status::kAccess,
          "write into map forbidden, value_size=8 off=0 size=4");
}

}  // namespace
}  // namespace ebpf::verifier
