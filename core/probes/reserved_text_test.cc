// SPDX-License-Identifier: MIT
//
// Text that somebody else patches, here made up.
#include "core/probes/reserved_text.h"

#include "core/probes/kprobe_test_util.h"
#include "core/probes/probe_list.h"

namespace ebpf {
namespace {

constexpr uint8_t kJump = 0xe9;
constexpr uint8_t kInt3 = 0xcc;
/// push, mov and lea of kAdd: what the jump of a detour at its entry covers.
constexpr uint64_t kAddWindow = 8;

/// What is patched, and where that leads to: offsets in the function.
uint64_t patched, target, function;

class ReservedTextTest : public KprobeTest {
 protected:
  ReservedTextTest() {
    function = text_.address();
    patched = target = UINT64_MAX / 2;
    SetReservedText(&kReserved);
  }
  ~ReservedTextTest() override { SetReservedText(nullptr); }

  /// The first byte, with a probe at the function's entry.
  uint8_t WithProbe() {
    const Ref<Kprobe> probe = Attach("add", 0, counter_);
    EXPECT_EQ(probe->Enable(), Status::kOk);
    EXPECT_EQ(text_.As<Function>()(6, 7), 13u);
    return text_.bytes()[0];
  }

  static bool Has(uint64_t offset, uint64_t address, uint64_t size) {
    const uint64_t at = function + offset;
    return address <= at && at < address + size;
  }
  static constexpr ReservedText kReserved = {
      [](uint64_t address, uint64_t size) {
        return Has(patched, address, size);
      },
      [](uint64_t address, uint64_t size) {
        return Has(target, address, size);
      }};

  // Before the text, which then lies where jumps reach slots.
  struct Detours {
    Detours() { SetHostDetours(true); }
    ~Detours() { SetHostDetours(false); }
  } detours_;
  HostText text_{"add", kAdd};
  Counter counter_;
};

TEST_F(ReservedTextTest, NoProbeStandsThereAndTheNeighboursMay) {
  patched = kAddMove;
  const auto status_at = [&](uint64_t offset) {
    return AttachKprobe("add", 0, offset, counter_).status();
  };
  EXPECT_EQ(status_at(kAddMove), Status::kInvalid);
  EXPECT_EQ(status_at(0), Status::kOk);
  EXPECT_EQ(status_at(kAddLea), Status::kOk);
  EXPECT_EQ(CheckKprobe(function + kAddMove), Status::kInvalid);
  EXPECT_FALSE(MayProbeStandOn(function + kAddMove, 1));
  EXPECT_TRUE(MayProbeStandOn(function, 1));
}

TEST_F(ReservedTextTest, AProbeWhoseJumpWouldCoverItStaysABreakpoint) {
  EXPECT_EQ(WithProbe(), kJump);
  patched = kAddLea;
  EXPECT_EQ(WithProbe(), kInt3);
  patched = kAddWindow - 1;
  EXPECT_EQ(WithProbe(), kInt3);
  patched = kAddWindow;
  EXPECT_EQ(WithProbe(), kJump);
}

TEST_F(ReservedTextTest, NorDoesAJumpCoverWhereItLeadsTo) {
  target = kAddMove;
  EXPECT_EQ(WithProbe(), kInt3);
  target = kAddWindow - 1;
  EXPECT_EQ(WithProbe(), kInt3);
  target = kAddWindow;
  EXPECT_EQ(WithProbe(), kJump);
  target = 0;  // the probed instruction itself
  EXPECT_EQ(WithProbe(), kJump);
}

// As RISC-V's, which need a register that is dead behind them.
TEST_F(ReservedTextTest, AFarJumpStandsInNoFunctionThatIsPatchedAnywhere) {
  machine::MachineOps ops = HostMachineOps();
  ops.find_far_window = ops.find_window;
  ops.far_reach = ops.relocate_reach;
  ops.find_window = [](ConstBytes, uint64_t, size_t) {
    return Result<machine::DetourWindow>(Status::kInvalid);
  };
  EXPECT_TRUE(ExitProbes());
  ASSERT_EQ(InitProbes(ops, allocator_), Status::kOk);
  EXPECT_EQ(WithProbe(), kJump);
  patched = kAddWindow;
  EXPECT_EQ(WithProbe(), kInt3);
  patched = sizeof(kAdd);  // behind the function
  EXPECT_EQ(WithProbe(), kJump);
  EXPECT_TRUE(ExitProbes());
  ASSERT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
}

}  // namespace
}  // namespace ebpf
