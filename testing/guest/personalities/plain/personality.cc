// SPDX-License-Identifier: MIT
//
// A kernel with nothing odd: text read-execute and constants read-only by
// pages, the rest of RAM not executable, CPUs that interrupt each other.
#include "testing/guest/kernel/personality.h"

#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/personalities/plain/rendezvous.h"
#include "testing/guest/personalities/plain/traps.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_text_end[];
extern const char guest_rodata_begin[];
extern const char guest_rodata_end[];
}

namespace guest::plain {
namespace {

// Set once, by the port.
constinit void (*tick_hook)() = nullptr;

}  // namespace

void SetTickHook(void (*hook)()) { tick_hook = hook; }

}  // namespace guest::plain

namespace guest::personality {
namespace {

void Protect(uintptr_t begin, uintptr_t end, uint32_t protection) {
  if (!machine::Map(begin, begin, end - begin, protection)) {
    Panic("no memory for page tables");
  }
}

uintptr_t AddressOf(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

}  // namespace

constinit const char kName[] = "plain";
constinit const size_t kStackSize = 0x4000;
constinit const bool kHasTaskNames = true;
constinit const bool kCanPreempt = true;

void ProtectImage() {
  // The CPU folder maps the image by pages up to the next 2 MiB.
  constexpr uintptr_t kBlock = uintptr_t{2} << 20;
  const uintptr_t end = (machine::FreeRam().begin + kBlock - 1) & ~(kBlock - 1);
  Protect(AddressOf(guest_rodata_end), end, machine::kWrite);
  Protect(AddressOf(guest_rodata_begin), AddressOf(guest_rodata_end),
          machine::kReadOnly);
  Protect(AddressOf(guest_text_begin), AddressOf(guest_text_end),
          machine::kExecute);
}

void StartedCpu(uint32_t /*cpu*/) {}

void StartedThread(Thread* /*thread*/) {}

void OnIpi(uint32_t cpu, uintptr_t /*pc*/, uintptr_t /*sp*/) {
  plain::JoinRendezvous(cpu);
}

void OnTick(uint32_t /*cpu*/) {
  if (plain::tick_hook != nullptr) {
    plain::tick_hook();
  }
}

}  // namespace guest::personality
