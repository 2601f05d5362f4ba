// SPDX-License-Identifier: MIT
//
// Nothing of ours that is executed can be written; and the walk that says so
// finds what is planted.
#include "core/platform/exec.h"
#include "core/platform/text.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/ledger/ledger.h"
#include "testing/guest/wx/wx.h"

namespace guest {
namespace {

constexpr uintptr_t kPlanted = uintptr_t{1} << 37;  // nobody's
constexpr size_t kLarge = size_t{400} << 10;

/// Executable memory with something in it.
class Image {
 public:
  explicit Image(size_t size) : size_(size) {
    static constinit bool started = false;
    started = started || StartEbpf() == 0;
    GUEST_EXPECT(started);
    memory_ = ebpf_port_exec_alloc(
        size, reinterpret_cast<uintptr_t>(&StartEbpf), UINT64_MAX);
    GUEST_EXPECT(memory_ != nullptr);
    if (memory_ != nullptr) {
      GUEST_EXPECT_EQ(ebpf_port_exec_write(memory_, kBytes, sizeof kBytes), 0);
    }
  }
  ~Image() {
    if (memory_ != nullptr) {
      ebpf_port_exec_free(memory_, size_);
    }
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  uintptr_t page() const {
    return reinterpret_cast<uintptr_t>(memory_) & ~(kPageSize - 1);
  }

 private:
  static constexpr uint8_t kBytes[64] = {1, 2, 3};

  const size_t size_;
  void* memory_ = nullptr;
};

wx::Findings LookAndPrint() {
  const wx::Findings findings = wx::Look();
  wx::Print(findings);
  GUEST_EXPECT(findings.known);
  GUEST_EXPECT(findings.leaves > 50);
  GUEST_EXPECT(findings.pages != 0);
  GUEST_EXPECT_EQ(findings.executable, findings.pages);
  return findings;
}

GUEST_TEST(WriteXorExecute, HoldsForImagesAndSlots) {
  Image first(100);
  Image second(3 * kPageSize);
  Image third(64);
  GUEST_EXPECT_EQ(LookAndPrint().violations, 0);
}

GUEST_TEST(WriteXorExecute, FindsAPlantedAlias) {
  Image image(2 * kPageSize);
  machine::Mapping mapping;
  GUEST_ASSERT(machine::Query(image.page(), &mapping));
  GUEST_ASSERT(
      machine::Map(kPlanted, mapping.phys, kPageSize, machine::kWrite));
  const wx::Findings findings = LookAndPrint();
  GUEST_EXPECT_EQ(findings.violations, 1);
  GUEST_EXPECT_EQ(findings.written_at, kPlanted);
  GUEST_EXPECT_EQ(findings.executed_at, image.page());
  machine::Unmap(kPlanted, kPageSize);
  GUEST_EXPECT_EQ(LookAndPrint().violations, 0);
}

GUEST_TEST(WriteXorExecute, FindsAPlantedLargeLeaf) {
  constexpr size_t kLeaf = size_t{2} << 20;
  Image image(kPageSize);
  machine::Mapping mapping;
  GUEST_ASSERT(machine::Query(image.page(), &mapping));
  const uintptr_t phys = mapping.phys & ~(kLeaf - 1);
  GUEST_ASSERT(machine::Map(kPlanted, phys, kLeaf, machine::kWrite, kLeaf));
  const wx::Findings findings = LookAndPrint();
  GUEST_EXPECT(findings.violations != 0);
  GUEST_EXPECT(findings.written_at - kPlanted < kLeaf);
  machine::Unmap(kPlanted, kLeaf);
  GUEST_EXPECT_EQ(LookAndPrint().violations, 0);
}

GUEST_TEST(WriteXorExecute, FindsAMappingThatDoesBoth) {
  Image image(kPageSize);
  machine::Mapping mapping;
  GUEST_ASSERT(machine::Query(image.page(), &mapping));
  GUEST_ASSERT(machine::Map(image.page(), mapping.phys, kPageSize,
                            machine::kWrite | machine::kExecute));
  const wx::Findings findings = LookAndPrint();
  GUEST_EXPECT_EQ(findings.violations, 1);
  GUEST_EXPECT_EQ(findings.written_at, findings.executed_at);
  GUEST_ASSERT(
      machine::Map(image.page(), mapping.phys, kPageSize, machine::kExecute));
  GUEST_EXPECT_EQ(LookAndPrint().violations, 0);
}

/// Most of what a pool inside of the text has.
GUEST_TEST(WriteXorExecute, HoldsForLargeImages) {
  Image image(kLarge);
  GUEST_EXPECT_EQ(LookAndPrint().violations, 0);
}

GUEST_TEST(WriteXorExecute, LeavesNothingBehind) {
  const size_t before = ledger::ExecBytes();
  {
    Image image(kLarge);
    GUEST_EXPECT_EQ(ledger::ExecBytes(), before + kLarge);
  }
  GUEST_EXPECT_EQ(ledger::ExecBytes(), before);
}

}  // namespace
}  // namespace guest
