// SPDX-License-Identifier: MIT
//
// Which text of the real kernel takes no probe on RISC-V.
#include "core/platform/cpu.h"
#include "core/platform/may_probe.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"

// Functions of the kernel that its own code names.
extern "C" {
void trap_entry();
void run_user();
void trap_handler(void* frame);
void set_current_kernel_stack();
}

namespace hermit {
namespace {

template <typename F>
uintptr_t AddressOf(F* function) {
  return reinterpret_cast<uintptr_t>(function);
}

bool Find(ebpf::StringView name, ebpf_symbol* symbol) {
  return ebpf_port_symbol_by_name(name.data(), name.size(), symbol);
}

GUEST_TEST(Text, MayBeProbedButForTheKernelsTrapCode) {
  GUEST_ASSERT(PortIsUp());
  ebpf_symbol own = {};
  GUEST_EXPECT(ebpf::MayProbe(AddressOf(&sys_getpid), 4));
  GUEST_EXPECT(ebpf::MayProbe(AddressOf(&set_current_kernel_stack), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&trap_handler), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&trap_handler) + 8, 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&trap_entry), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&run_user) + 64, 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_cpu_id), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_irq_save), 4));
  GUEST_ASSERT(Find("ebpf_taken_fault", &own));
  GUEST_EXPECT(!ebpf::MayProbe(own.address, 4));
  GUEST_ASSERT(Find("ebpf_taken_vector", &own));
  GUEST_EXPECT(!ebpf::MayProbe(own.address + 64, 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(ebpf_hermit_symbols), 4));
  GUEST_EXPECT(!ebpf::MayProbe(0, 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&sys_getpid), 0));
}

}  // namespace
}  // namespace hermit
