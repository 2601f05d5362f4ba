// SPDX-License-Identifier: MIT
//
// A kernel without executable memory: programs are interpreted, and it says so.
#include "core/capi/ebpf.h"
#include "core/syscall/system.h"
#include "testing/guest/jit/log_capture.h"
#include "testing/guest/jit/program.h"
#include "testing/guest/kernel/test.h"

namespace guest {
namespace {

using ebpf::StringView;

GUEST_TEST(Fallback, InterpretsAndSaysSo) {
  GUEST_ASSERT(jit::Start());
  GUEST_EXPECT(jit::LastLine() ==
               "ebpf: programs are interpreted: no executable memory\n");
  GUEST_EXPECT(StringView(ebpf::RunningSystem()->engine().name()) ==
               "interpreter");
  auto program = jit::Load(jit::NewCode() << jit::MovImm(0, 42) << jit::Exit());
  GUEST_ASSERT(program.ok());
  GUEST_EXPECT_EQ((*program)->Run(nullptr), 42);
}

GUEST_TEST(Fallback, CannotBeTalkedIntoCompiling) {
  GUEST_ASSERT(jit::Start());
  GUEST_EXPECT_EQ(-ebpf_set_jit(true, false), 95);
  GUEST_EXPECT(StringView(ebpf::RunningSystem()->engine().name()) ==
               "interpreter");
  GUEST_EXPECT_EQ(ebpf_set_jit(false, false), 0);
}

}  // namespace
}  // namespace guest
