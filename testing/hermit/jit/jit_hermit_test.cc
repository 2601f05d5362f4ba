// SPDX-License-Identifier: MIT
//
// Compiled programs in the real Hermit: they run, and loads of memory that is
// not there give 0.
#include "core/base/string_view.h"
#include "core/platform/nofault.h"
#include "core/syscall/system.h"
#include "ports/hermit/init.h"
#include "testing/guest/jit/code.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"

namespace hermit {
namespace {

using ebpf::Program;
using ebpf::Ref;
using ebpf::Result;
using guest::jit::NewCode;

GUEST_TEST(Jit, CompilesPrograms) {
  GUEST_EXPECT(ebpf::StringView(ebpf::RunningSystem()->engine().name()) ==
               "jit");
  Result<Ref<Program>> program = guest::jit::Load(
      NewCode() << guest::jit::MovImm(0, 42) << guest::jit::Exit());
  GUEST_ASSERT(program.ok());
  GUEST_EXPECT_EQ((*program)->Run(nullptr), 42);
}

/// An address that is not mapped: behind this task's stack.
uintptr_t Hole() {
  constexpr uintptr_t kPageSize = 4096;
  uint8_t byte = 0;
  uintptr_t page = reinterpret_cast<uintptr_t>(&byte) & ~(kPageSize - 1);
  do {
    page += kPageSize;
  } while (ebpf_port_read_nofault(&byte, page, 1));
  return page;
}

GUEST_TEST(Jit, ALoadOfWhatIsNotThereGivesZeroAndGoesOn) {
  // r0 = 5; r0 = *r1 (may fault); r0 += 1000
  auto& code = NewCode();
  code << guest::jit::MovImm(0, 5);
  code.Probed() << guest::jit::Load64(0, 1, 0);
  code << guest::jit::Make(0x07, 0, 0, 0, 1000) << guest::jit::Exit();
  Result<Ref<Program>> program = guest::jit::Load(code);
  GUEST_ASSERT(program.ok());
  uint64_t there = 7;
  const uintptr_t hole = Hole();
  for (int i = 0; i < 100; ++i) {
    GUEST_EXPECT_EQ((*program)->Run(&there), 1007);
    GUEST_EXPECT_EQ((*program)->Run(reinterpret_cast<void*>(hole)), 1000);
    GUEST_EXPECT_EQ((*program)->Run(reinterpret_cast<void*>(hole - 4)), 1000);
    GUEST_EXPECT_EQ(
        (*program)->Run(reinterpret_cast<void*>(uintptr_t{1} << 62)), 1000);
  }
}

}  // namespace

bool RunApplication() {
  const int error = ebpf_hermit_init();
  if (error != 0) {
    guest::Line() << "[TEST] FAIL ebpf_hermit_init returns " << error;
    return false;
  }
  return guest::RunAllTests();
}

}  // namespace hermit
