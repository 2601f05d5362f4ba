// SPDX-License-Identifier: MIT
//
// Which text of the real kernel takes no probe on AArch64.
#include "core/platform/cpu.h"
#include "core/platform/may_probe.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"

// Functions of the kernel that its own code names.
extern "C" {
void do_sync();
void do_irq();
extern const uint8_t vector_table[];
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

GUEST_TEST(Text, MayBeProbedButForTheKernelsExceptionCode) {
  GUEST_ASSERT(PortIsUp());
  ebpf_symbol stub = {};
  GUEST_ASSERT(Find("el1_sp0_irq", &stub));
  GUEST_EXPECT(ebpf::MayProbe(AddressOf(&sys_getpid), 4));
  GUEST_EXPECT(ebpf::MayProbe(AddressOf(&do_irq), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&do_sync), 4));
  GUEST_EXPECT(!ebpf::MayProbe(stub.address, 4));
  GUEST_EXPECT(!ebpf::MayProbe(stub.address + stub.size - 12, 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(vector_table), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_cpu_id), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_irq_save), 4));
  GUEST_ASSERT(Find("ebpf_taken_fault", &stub));
  GUEST_EXPECT(!ebpf::MayProbe(stub.address, 4));
  GUEST_ASSERT(Find("ebpf_taken_vectors", &stub));
  GUEST_EXPECT(!ebpf::MayProbe(stub.address + 2048, 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(ebpf_hermit_symbols), 4));
  GUEST_EXPECT(!ebpf::MayProbe(0, 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&sys_getpid), 0));
}

}  // namespace
}  // namespace hermit
