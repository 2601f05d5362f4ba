// SPDX-License-Identifier: MIT
//
// Compiled programs in the real Hermit: they run; which are not compiled.
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
using ebpf::Status;
using guest::jit::NewCode;

GUEST_TEST(Jit, CompilesPrograms) {
  GUEST_EXPECT(ebpf::StringView(ebpf::RunningSystem()->engine().name()) ==
               "jit");
  Result<Ref<Program>> program = guest::jit::Load(
      NewCode() << guest::jit::MovImm(0, 42) << guest::jit::Exit());
  GUEST_ASSERT(program.ok());
  GUEST_EXPECT_EQ((*program)->Run(nullptr), 42);
}

// Where each address has to be asked for (page tables say what is a device)
// they are not compiled, for compiled code does not ask.
GUEST_TEST(Jit, LoadsOfWhatMayNotBeThereAreCompiledWhereARangeSaysWhatIs) {
  // r0 = 5; r0 = *r1 (may fault); r0 += 1000
  auto& code = NewCode();
  code << guest::jit::MovImm(0, 5);
  code.Probed() << guest::jit::Load64(0, 1, 0);
  code << guest::jit::Make(0x07, 0, 0, 0, 1000) << guest::jit::Exit();
  Result<Ref<Program>> program = guest::jit::Load(code);
  ebpf_address_range ranges[EBPF_MAX_NOFAULT_RANGES];
  if (ebpf_port_nofault_ranges(&ranges) == 0) {
    GUEST_EXPECT_EQ(static_cast<int>(program.status()),
                    static_cast<int>(Status::kNotSupported));
    return;
  }
  GUEST_ASSERT(program.ok());
  const uint64_t word = 42;
  // NOLINTNEXTLINE: a context that is only passed on.
  GUEST_EXPECT_EQ((*program)->Run(const_cast<uint64_t*>(&word)), 1042);
  GUEST_EXPECT_EQ((*program)->Run(nullptr), 1000);
  constexpr uintptr_t kNowhere = uintptr_t{1} << 35;  // a fault
  GUEST_EXPECT_EQ((*program)->Run(reinterpret_cast<void*>(kNowhere)), 1000);
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
