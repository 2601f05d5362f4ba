// SPDX-License-Identifier: MIT
//
// What this port asks of Alien: C functions that the kernel's Rust glue
// exports, each one a line or two over a function that the kernel has. What is
// the kernel's own service as it stands, console and tasks and so on, the glue
// exports under the contract's names (core/platform). README.md tells which of
// its functions; hooks.h has what the kernel calls of ours.
//
// "Locks" means: takes a lock of ksync, which is not reentrant. Such a function
// is never called from a probe, since the probe may sit under that lock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- The trap frame -------------------------------------------------------

/// KTrapFrame (kernel/src/trap/context.rs), as kernel_v.asm builds it on the
/// interrupted stack. x[0] and x[2] are not written: they hold what was there.
/// The interrupted sp is the frame's end, and the way out of the trap sets sp
/// to it whatever x[2] says.
struct alien_ktrap_frame {
  uintptr_t x[32];
  uintptr_t sstatus;
  uintptr_t sepc;
};

/// TrapFrame (the same file): what a process had when it was interrupted.
struct alien_trap_frame {
  uintptr_t x[32];
  uintptr_t sepc;
  uintptr_t kernel[4];  // k_satp, k_sp, trap_handler, hart_id
  uintptr_t sstatus;
  uintptr_t fg[2];
};

// --- Memory ---------------------------------------------------------------

/// The global allocator, with Layout{size, align}. Not zeroed. **Panics when
/// there is no memory**: it never returns null. Locks. Context: task.
void* alien_alloc(size_t size, size_t align);
void alien_dealloc(void* memory, size_t size, size_t align);

/// mem::alloc_kernel_free_region: a range of addresses above RAM, a multiple
/// of 4096 bytes, that nothing else will use. There is no way to give it back.
/// Locks. Context: task.
uintptr_t alien_alloc_kernel_free_region(size_t size);

/// page_table's MappingFlags.
enum alien_mapping_flags {
  ALIEN_MAP_VALID = 1 << 0,
  ALIEN_MAP_READ = 1 << 1,
  ALIEN_MAP_WRITE = 1 << 2,
  ALIEN_MAP_EXECUTE = 1 << 3,
  ALIEN_MAP_USER = 1 << 4,
  ALIEN_MAP_ACCESSED = 1 << 6,
  ALIEN_MAP_DIRTY = 1 << 7,
  ALIEN_MAP_COPY_ON_WRITE = 1 << 8,
};

/// On kernel_space().lock(): map_region(va, pa, size, flags, false). False if
/// a page is mapped already. Locks. **Flushes nothing.**
bool alien_map_region(uintptr_t va, uintptr_t pa, size_t size, uint32_t flags);

/// unmap_region(va, size). False if it was not mapped. Locks. Flushes nothing.
bool alien_unmap_region(uintptr_t va, size_t size);

// The kernel's text, from the linker script.
extern const char stext[];
extern const char etext[];
/// The page in the text that switches between user and kernel page tables.
extern const char strampoline[];

// --- CPU ------------------------------------------------------------------

/// The time register's ticks per second: the device tree's timebase-frequency.
/// (CLOCK_FREQ is not QEMU's.) Context: any.
uint64_t alien_timer_frequency(void);

// --- Tasks ----------------------------------------------------------------

/// task::ktread_create(function, name); `function` must not return. Locks.
/// Context: task.
bool alien_kthread_create(void (*function)(void), const char* name);

/// task::do_suspend: lets the other tasks run. Context: task.
void alien_do_suspend(void);

// --- The current task's memory --------------------------------------------

/// address_space.lock().query(va): false if nothing is known of the page, else
/// its flags, and its physical address if ALIEN_MAP_VALID. Locks.
/// Context: task.
bool alien_user_query(uintptr_t va, uintptr_t* pa, uint32_t* flags);

/// do_load_page_fault, or do_store_page_fault if `store` (only for a page with
/// ALIEN_MAP_COPY_ON_WRITE): brings in the page of `va`. Locks. Context: task.
bool alien_user_page_fault(uintptr_t va, bool store);

// --- Symbols --------------------------------------------------------------

/// ksym's tables, by address: ksyms_address, ksyms_names_index, ksyms_names,
/// and *the value at* ksyms_num. A name ends with a zero.
struct alien_ksyms_table {
  const uint64_t* address;
  const uint64_t* name_index;
  const char* names;
  uint64_t count;
};
/// Null before the second link has filled them. Context: any.
const struct alien_ksyms_table* alien_ksyms(void);

#ifdef __cplusplus
}  // extern "C"
#endif
