// SPDX-License-Identifier: MIT
//
// Start of the CPUs: descriptor tables, the memory that QEMU says there is,
// and the other CPUs.
#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/x86_64/boot_arguments.h"
#include "testing/guest/x86_64/internal.h"
#include "testing/guest/x86_64/registers.h"
#include "testing/guest/x86_64/trap_gates.h"

extern "C" {
extern const char guest_image_end[];
extern const char ap_trampoline[];
extern const char ap_trampoline_end[];
extern uint64_t ap_page_table;
extern uint64_t ap_stack_top;
}

namespace guest {
namespace x86_64 {
namespace {

constexpr uint64_t kTrampoline = 0x8000;
constexpr uint64_t kMaxRam = 1u << 30;  // what boot.S maps

struct [[gnu::packed]] TaskState {
  uint32_t reserved0;
  uint64_t rsp[3];
  uint64_t reserved1;
  uint64_t ist[7];
  uint64_t reserved2;
  uint16_t reserved3;
  uint16_t io_map;
};
static_assert(sizeof(TaskState) == 104);

struct IdtEntry {
  uint16_t offset_low;
  uint16_t selector;
  uint8_t ist;
  uint8_t attributes;
  uint16_t offset_middle;
  uint32_t offset_high;
  uint32_t zero;
};
static_assert(sizeof(IdtEntry) == 16);

struct [[gnu::packed]] TablePointer {
  uint16_t limit;
  const void* base;
};

constinit uint64_t gdt[3 + 2 * kMaxCpus] = {
    0,
    0x00af'9a00'0000'ffff,  // 64-bit code
    0x00cf'9200'0000'ffff,  // data
};
constinit TaskState task_states[kMaxCpus] = {};
constinit IdtEntry idt[256] = {};
alignas(16) constinit uint8_t double_fault_stacks[kMaxCpus][4096] = {};

constinit machine::RamRange free_ram = {};
constinit uint32_t cpu_count = 1;
constinit const char* boot_arguments = "";
constinit void (*ap_entry)(uint32_t cpu) = nullptr;
constinit uint32_t ap_cpu = 0;
constinit ebpf::Atomic<uint32_t> started_cpus{1};

void FillTaskDescriptor(uint32_t cpu) {
  auto base = reinterpret_cast<uint64_t>(&task_states[cpu]);
  constexpr uint64_t kAvailable64BitTask = 0x89;
  gdt[3 + 2 * cpu] = (sizeof(TaskState) - 1) | (base & 0xff'ffff) << 16 |
                     kAvailable64BitTask << 40 | (base >> 24 & 0xff) << 56;
  gdt[4 + 2 * cpu] = base >> 32;
  task_states[cpu].ist[0] = reinterpret_cast<uint64_t>(
      double_fault_stacks[cpu] + sizeof double_fault_stacks[cpu]);
  task_states[cpu].io_map = sizeof(TaskState);
}

void FillIdt() {
  for (size_t i = 0; i < 256; ++i) {
    const Gate gate = GateOf(static_cast<uint8_t>(i));
    const uint64_t entry =
        gate.entry != 0
            ? gate.entry
            : reinterpret_cast<uint64_t>(machine::guest_trap_entry + 16 * i);
    constexpr uint8_t kPresent = 0x80;
    idt[i] = {
        .offset_low = static_cast<uint16_t>(entry),
        .selector = kCodeSelector,
        .ist = gate.ist,
        .attributes = static_cast<uint8_t>(kPresent | gate.privilege << 5 |
                                           static_cast<uint8_t>(gate.type)),
        .offset_middle = static_cast<uint16_t>(entry >> 16),
        .offset_high = static_cast<uint32_t>(entry >> 32),
        .zero = 0,
    };
  }
}

// [xen/pvh: struct hvm_start_info, struct hvm_memmap_table_entry]
struct StartInfo {
  uint32_t magic;
  uint32_t version;
  uint32_t flags;
  uint32_t module_count;
  uint64_t modules;
  uint64_t command_line;
  uint64_t rsdp;
  uint64_t memory_map;
  uint32_t memory_map_count;
  uint32_t reserved;
};
struct MemoryMapEntry {
  uint64_t address;
  uint64_t size;
  uint32_t type;
  uint32_t reserved;
};

/// The end of the RAM that holds the image.
uint64_t RamEnd(const StartInfo& info, uint64_t image_end) {
  constexpr uint32_t kMagic = 0x336e'c578;
  constexpr uint32_t kRam = 1;
  if (info.magic != kMagic || info.version == 0) {
    Panic("no PVH start information");
  }
  auto* map = PhysicalPointer<const MemoryMapEntry>(info.memory_map);
  for (uint32_t i = 0; i < info.memory_map_count; ++i) {
    const uint64_t end = map[i].address + map[i].size;
    if (map[i].type == kRam && map[i].address < image_end && image_end < end) {
      return ebpf::AlignDown(ebpf::Min(end, kMaxRam), uint64_t{kPageSize});
    }
  }
  Panic("the image is in no RAM");
}

/// QEMU's own answer. [qemu/fw_cfg: FW_CFG_NB_CPUS]
uint32_t ReadCpuCount() {
  Out16(0x510, 5);
  const uint32_t low = In8(0x511);
  const uint32_t high = In8(0x511);
  return ebpf::Min(low | high << 8, kMaxCpus);
}

}  // namespace

const char* BootArguments() { return boot_arguments; }

void InitCpu(uint32_t cpu) {
  FillTaskDescriptor(cpu);
  const TablePointer gdt_pointer{sizeof gdt - 1, gdt};
  const TablePointer idt_pointer{sizeof idt - 1, idt};
  const auto task = static_cast<uint16_t>(kFirstTaskSelector + 16 * cpu);
  asm volatile(
      "lgdt %0\n"
      "pushq %2\n"
      "leaq 1f(%%rip), %%rax\n"
      "pushq %%rax\n"
      "lretq\n"
      "1:\n"
      "movw %3, %%ds\n"
      "movw %3, %%es\n"
      "movw %3, %%ss\n"
      "ltr %4\n"
      "lidt %1\n"
      :
      : "m"(gdt_pointer), "m"(idt_pointer), "i"(kCodeSelector),
        "r"(kDataSelector), "r"(task)
      : "rax", "memory");
}

}  // namespace x86_64

namespace machine {

using namespace x86_64;

const char kName[] = "x86_64";

RamRange FreeRam() { return free_ram; }

uint32_t CpuCount() { return cpu_count; }

uint32_t CpuId() {
  uint16_t task;
  asm volatile("str %0" : "=r"(task));
  return CpuOfTask(task);
}

void SetThisCpu(void* /*this_cpu*/) {}

uintptr_t DirectMapBase() { return kKernelBase; }

bool StartCpu(uint32_t cpu, void* stack_top, void (*entry)(uint32_t cpu)) {
  ap_page_table = PageTable();
  ap_stack_top = reinterpret_cast<uint64_t>(stack_top);
  ap_entry = entry;
  ap_cpu = cpu;
  // The trampoline is linked below 4 GiB, where only boot.S has a mapping.
  auto* code =
      PhysicalPointer<uint8_t>(reinterpret_cast<uint64_t>(ap_trampoline));
  ebpf::CopyBytes(PhysicalPointer<uint8_t>(kTrampoline), code,
                  static_cast<size_t>(ap_trampoline_end - ap_trampoline));
  SendStartup(cpu, kTrampoline);
  for (int i = 0; i < 1000; ++i) {
    // Pairs with the release in X86StartAp.
    if (started_cpus.Load(ebpf::kAcquire) & 1u << cpu) {
      return true;
    }
    WaitMicroseconds(1000);
  }
  return false;
}

}  // namespace machine

extern "C" [[noreturn, gnu::used]] void X86Start(uint64_t start_info) {
  x86_64::FillIdt();
  x86_64::InitCpu(0);
  const auto image_end =
      reinterpret_cast<uint64_t>(guest_image_end) - x86_64::kKernelBase;
  auto* info = x86_64::PhysicalPointer<const x86_64::StartInfo>(start_info);
  const uint64_t ram_end = x86_64::RamEnd(*info, image_end);
  uint64_t free_begin = ebpf::AlignUp(image_end, uint64_t{kPageSize});
  x86_64::InitPaging(ram_end, &free_begin);
  if (info->command_line != 0) {
    // QEMU has it below 1 MiB, which nobody overwrites.
    x86_64::boot_arguments =
        x86_64::PhysicalPointer<const char>(info->command_line);
  }
  x86_64::free_ram = {x86_64::kKernelBase + free_begin,
                      x86_64::kKernelBase + ram_end};
  x86_64::cpu_count = x86_64::ReadCpuCount();
  x86_64::InitApic();
  GuestMain();
}

extern "C" [[noreturn, gnu::used]] void X86StartAp() {
  const uint32_t cpu = x86_64::ap_cpu;
  auto* entry = x86_64::ap_entry;
  x86_64::InitCpu(cpu);
  x86_64::EnableApic();
  // Pairs with the acquire in StartCpu: the variables may be reused.
  x86_64::started_cpus.FetchOr(1u << cpu, ebpf::kRelease);
  entry(cpu);
  Panic("a CPU came back from its entry");
}

}  // namespace guest
