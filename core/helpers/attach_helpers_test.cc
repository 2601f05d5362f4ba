// SPDX-License-Identifier: MIT
//
// That a kprobe tells them is tested in core/syscall/attach_info_test.cc.
#include <linux/bpf.h>

#include "core/helpers/helper_test_util.h"
#include "core/program/run_context.h"

namespace ebpf {
namespace {

TEST(AttachHelpersTest, TellWhatTheInnermostRunIsAttachedTo) {
  ASSERT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  RunContext* outer = BeginRun();
  const RunOrigin origin = {7, 0x1000};
  outer->origin = &origin;
  EXPECT_EQ(Call(BPF_FUNC_get_attach_cookie), 7u);
  EXPECT_EQ(Call(BPF_FUNC_get_func_ip), 0x1000u);
  RunContext* inner = BeginRun();
  EXPECT_EQ(Call(BPF_FUNC_get_attach_cookie), 0u);
  EXPECT_EQ(Call(BPF_FUNC_get_func_ip), 0u);
  EndRun(inner);
  EXPECT_EQ(Call(BPF_FUNC_get_attach_cookie), 7u);
  EndRun(outer);
  ExitRunContexts();
}

}  // namespace
}  // namespace ebpf
