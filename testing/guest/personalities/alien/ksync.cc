// SPDX-License-Identifier: MIT
#include "testing/guest/personalities/alien/ksync.h"

#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"

namespace guest::alien {
namespace {

constinit Hart hart;

}  // namespace

constinit uint32_t probes_running = 0;

// Names as in the kernel: the port knows its unprobeable functions by them.
extern "C" [[gnu::noinline]] Hart* mycpu() {
  if (hart.borrowed) {
    Panic("ksync: already borrowed: a trap inside push_off or pop_off");
  }
  hart.borrowed = true;
  return &hart;
}

extern "C" [[gnu::noinline]] void push_off() {
  const bool were_on = machine::IrqSave() != 0;
  Hart* cpu = mycpu();
  if (cpu->depth++ == 0) {
    cpu->interrupts_were_on = were_on;
  }
  cpu->borrowed = false;
}

extern "C" [[gnu::noinline]] void pop_off() {
  if (machine::IrqsEnabled()) {
    Panic("ksync: interrupts are on under a lock");
  }
  Hart* cpu = mycpu();
  const bool enable = --cpu->depth == 0 && cpu->interrupts_were_on;
  cpu->borrowed = false;
  if (enable) {
    machine::IrqEnable();
  }
}

void Mutex::Lock() {
  push_off();
  if (probes_running != 0) {
    Panic("a probe took a lock of the kernel");
  }
  if (locked_) {
    Panic(name_);
  }
  locked_ = true;
}

void Mutex::Unlock() {
  locked_ = false;
  pop_off();
}

constinit Mutex heap_lock("the heap's lock was taken twice");
constinit Mutex kernel_space_lock("kernel_space()'s lock was taken twice");
constinit Mutex task_lock("a task's lock was taken twice");

}  // namespace guest::alien
