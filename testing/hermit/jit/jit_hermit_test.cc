// SPDX-License-Identifier: MIT
//
// Compiled programs in the real Hermit: they run; which are not compiled.
#include "core/base/string_view.h"
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

// Here each address has to be asked for (page tables say what is a device),
// which compiled code does not do.
GUEST_TEST(Jit, LoadsOfWhatMayNotBeThereAreNotCompiled) {
  // r0 = 5; r0 = *r1 (may fault); r0 += 1000
  auto& code = NewCode();
  code << guest::jit::MovImm(0, 5);
  code.Probed() << guest::jit::Load64(0, 1, 0);
  code << guest::jit::Make(0x07, 0, 0, 0, 1000) << guest::jit::Exit();
  Result<Ref<Program>> program = guest::jit::Load(code);
  GUEST_EXPECT_EQ(static_cast<int>(program.status()),
                  static_cast<int>(Status::kNotSupported));
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
