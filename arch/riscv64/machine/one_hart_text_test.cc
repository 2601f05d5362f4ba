// SPDX-License-Identifier: MIT
//
// Without the host port, under qemu-user: the kernel is the test, and of the
// machine only what no process may touch: sstatus, reads and writes of which
// trap and are carried out here. The pool and the text are pages of a file,
// which is how they are written while they are read-only.
#include "arch/riscv64/machine/one_hart_text.h"

#include <functional>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

#include "arch/riscv64/machine/nofault.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/exec.h"
#include "core/platform/log.h"
#include "core/platform/text.h"
#include "core/platform/text_pool.h"
#include "core/platform/text_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kTextSize = 3 * kPage;
constexpr size_t kMostInsns = 64;

[[noreturn]] void Die(const char* what) {
  fprintf(stderr, "%s\n", what);
  abort();
}

// The machine.

constexpr uint64_t kSie = 1 << 1;
uint64_t sstatus = kSie;
int times_masked = 0;
/// How often this hart's fetches were made fresh.
int syncs = 0;

bool IsMasked() { return (sstatus & kSie) == 0; }

/// CSRRW, CSRRS, CSRRC and those with an immediate, of sstatus. [riscv/unpriv:
/// Zicsr]
bool CarryOut(uint32_t insn, mcontext_t& context) {
  constexpr uint32_t kSystem = 0x73;
  constexpr uint32_t kSstatus = 0x100;
  const unsigned rd = insn >> 7 & 31;
  const unsigned rs1 = insn >> 15 & 31;
  const unsigned kind = insn >> 12 & 7;
  if ((insn & 0x7f) != kSystem || insn >> 20 != kSstatus || (kind & 3) == 0) {
    return false;
  }
  const uint64_t value = kind >= 4 ? rs1 : rs1 == 0 ? 0 : context.__gregs[rs1];
  const uint64_t before = sstatus;
  switch (kind & 3) {
    case 1:
      sstatus = value;
      break;
    case 2:
      sstatus |= value;
      break;
    default:
      sstatus &= ~value;
  }
  if ((before & kSie) != 0 && IsMasked()) {
    ++times_masked;
  }
  if (rd != 0) {
    context.__gregs[rd] = before;
  }
  context.__gregs[0] += 4;
  return true;
}

void OnFault(int signal, siginfo_t* /*info*/, void* of) {
  mcontext_t& context = static_cast<ucontext_t*>(of)->uc_mcontext;
  uint64_t pc = context.__gregs[0];
  if (signal == SIGSEGV && NofaultFixup(pc)) {
    context.__gregs[0] = pc;
    return;
  }
  uint32_t insn = 0;
  if (signal == SIGILL) {
    memcpy(&insn, reinterpret_cast<const void*>(pc), sizeof(insn));
  }
  if (!CarryOut(insn, context)) {
    Die("a fault that is not the machine's");
  }
}

// The kernel.

int file = -1;
uint8_t* text = nullptr;
uintptr_t alias = 0;
size_t mapped = 0;       // pages of it
size_t most_mapped = 0;  // since a test began
int maps = 0;
int maps_left = 1 << 30;  // then there is no memory for tables
bool is_alias_writable = true;
int may_stop = 0;

void* MapFile(void* at, size_t size, size_t offset, int access) {
  void* const memory =
      mmap(at, size, access, MAP_SHARED | (at != nullptr ? MAP_FIXED : 0), file,
           static_cast<off_t>(offset));
  return memory != MAP_FAILED ? memory : (Die("mmap"), nullptr);
}

/// Puts the pool and some text into the file.
void MakeMemory() {
  static const bool made = [] {
    file = memfd_create("text", 0);
    auto* const pool = const_cast<uint8_t*>(ebpf_exec_pool);
    if (ftruncate(file, ExecPool::kSize + kTextSize) != 0 ||
        pwrite(file, pool, ExecPool::kSize, 0) !=
            static_cast<ssize_t>(ExecPool::kSize)) {
      Die("no memory");
    }
    MapFile(pool, ExecPool::kSize, 0, PROT_READ | PROT_EXEC);
    text = static_cast<uint8_t*>(
        MapFile(nullptr, kTextSize, ExecPool::kSize, PROT_READ | PROT_EXEC));
    alias = reinterpret_cast<uintptr_t>(mmap(
        nullptr, 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    return true;
  }();
  (void)made;
}

int Map(uintptr_t page, size_t pages, uintptr_t* at) {
  EXPECT_TRUE(IsMasked());
  EXPECT_EQ(mapped, 0u);
  EXPECT_EQ(page % kPage, 0u);
  EXPECT_TRUE(pages == 1 || pages == 2);
  if (maps_left-- <= 0) {
    return kMinusNoMemory;
  }
  const auto begin = reinterpret_cast<uintptr_t>(text);
  const size_t offset = page >= begin && page < begin + kTextSize
                            ? page - begin + ExecPool::kSize
                            : page - text_pool.begin();
  MapFile(reinterpret_cast<void*>(alias), pages * kPage, offset,
          is_alias_writable ? PROT_READ | PROT_WRITE : PROT_READ);
  ++maps;
  mapped = pages;
  most_mapped = most_mapped < pages ? pages : most_mapped;
  *at = alias;
  return 0;
}

void Unmap(size_t pages) {
  EXPECT_TRUE(IsMasked());
  EXPECT_EQ(pages, mapped);
  mapped = 0;
  mmap(reinterpret_cast<void*>(alias), pages * kPage, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

bool IsText(uintptr_t address, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(text);
  return address >= begin && address - begin < kTextSize &&
         size <= kTextSize - (address - begin);
}

}  // namespace

constinit const TextKernel text_kernel = {.is_text = &IsText,
                                          .may_stop = [] { return may_stop; },
                                          .map = &Map,
                                          .unmap = &Unmap};

}  // namespace ebpf::riscv64

extern "C" {

void ebpf_port_panic(const char* what) { ebpf::riscv64::Die(what); }

// The linker leads to the first what calls ebpf_sync_insn_stream.
void __real_ebpf_sync_insn_stream();   // NOLINT
void __wrap_ebpf_sync_insn_stream() {  // NOLINT
  ++ebpf::riscv64::syncs;
  __real_ebpf_sync_insn_stream();
}

}  // extern "C"

namespace ebpf::riscv64 {
namespace {

class OneHartTextTest : public testing::Test {
 protected:
  OneHartTextTest() {
    struct sigaction action = {};
    action.sa_sigaction = &OnFault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &action, nullptr);
    sigaction(SIGSEGV, &action, nullptr);
    MakeMemory();
    sstatus = kSie;
    maps = 0;
    most_mapped = 0;
    maps_left = 1 << 30;
    is_alias_writable = true;
    may_stop = 0;
    times_masked = 0;
    syncs = 0;
  }
  ~OneHartTextTest() override {
    EXPECT_FALSE(IsMasked());
    EXPECT_EQ(mapped, 0u);
  }

  static uintptr_t Text(size_t offset) {
    return reinterpret_cast<uintptr_t>(text) + offset;
  }
  static uint8_t* Alloc(size_t size) {
    return static_cast<uint8_t*>(
        ebpf_port_exec_alloc(size, text_pool.begin(), UINT64_MAX));
  }
};

TEST_F(OneHartTextTest, StoppingTheMachineMasksInterruptsAndPutsThemBack) {
  EXPECT_EQ(Stopped([] {
              EXPECT_TRUE(IsMasked());
              return 7;
            }),
            7);
  EXPECT_FALSE(IsMasked());
  EXPECT_GE(syncs, 1) << "text may have changed";
  // Whoever has them masked keeps them so.
  sstatus = 0;
  EXPECT_EQ(Stopped([] { return -3; }), -3);
  EXPECT_TRUE(IsMasked());
  sstatus = kSie;
}

TEST_F(OneHartTextTest, WhereTheCallerIsNotAloneNothingRuns) {
  for (const int status : {kMinusBusy, kMinusNotSupported}) {
    may_stop = status;
    int result = 7;
    const auto function = [](void*) {
      ADD_FAILURE() << "it runs";
      return 1;
    };
    EXPECT_EQ(ebpf_port_stop_machine(function, nullptr, &result), status);
    EXPECT_EQ(result, 7);
  }
  EXPECT_EQ(times_masked, 0);
}

TEST_F(OneHartTextTest, TextIsWrittenWhereverItIsInItsPages) {
  for (const size_t size : {size_t{1}, size_t{4}, kMostInsns}) {
    for (const size_t at :
         {size_t{0}, size_t{100}, kPage - size, kPage - size + 1, kPage - 1,
          kPage, kTextSize - size}) {
      const std::vector<uint8_t> bytes = Numbers(size);
      const std::vector<uint8_t> before = BytesAt(Text(0), kTextSize);
      most_mapped = 0;
      syncs = 0;
      EXPECT_EQ(WriteStopped(Text(at), bytes), 0);
      std::vector<uint8_t> expected = before;
      std::copy(bytes.begin(), bytes.end(),
                expected.begin() + static_cast<ptrdiff_t>(at));
      EXPECT_EQ(BytesAt(Text(0), kTextSize), expected) << size << " at " << at;
      EXPECT_EQ(most_mapped, at % kPage + size > kPage ? 2u : 1u);
      EXPECT_GE(syncs, 2) << "this hart runs it before it goes on";
      EXPECT_EQ(WriteStopped(Text(at), std::vector<uint8_t>(size)), 0);
    }
  }
}

TEST_F(OneHartTextTest, RefusesWhatIsNotTextOrNotTheMoment) {
  const std::vector<uint8_t> bytes = Numbers(kMostInsns + 1);
  EXPECT_EQ(ebpf_port_text_write(Text(0), bytes.data(), 1), kMinusBusy);
  EXPECT_EQ(WriteStopped(Text(0), bytes), kMinusInvalid);
  EXPECT_EQ(WriteStopped(Text(0), {}), kMinusInvalid);
  EXPECT_EQ(WriteStopped(Text(0) - 1, {1, 2}), kMinusFault);
  EXPECT_EQ(WriteStopped(Text(kTextSize - 1), {1, 2}), kMinusFault);
  EXPECT_EQ(WriteStopped(0, {1}), kMinusFault);
  EXPECT_EQ(WriteStopped(UINTPTR_MAX, {1, 2}), kMinusFault);
  EXPECT_EQ(maps, 0);
}

TEST_F(OneHartTextTest, OfThePoolOnlyWhatIsTakenIsText) {
  uint8_t* const memory = Alloc(64);
  ASSERT_NE(memory, nullptr);
  const auto at = reinterpret_cast<uintptr_t>(memory);
  EXPECT_EQ(WriteStopped(at, {1, 2}), 0);
  EXPECT_EQ(BytesAt(at, 2), (std::vector<uint8_t>{1, 2}));
  EXPECT_EQ(WriteStopped(at + 63, {1, 2}), kMinusFault);
  EXPECT_EQ(WriteStopped(text_pool.begin() - 1, {1, 2}), kMinusFault);
  EXPECT_EQ(WriteStopped(text_pool.begin() + ExecPool::kSize - 1, {1, 2}),
            kMinusFault);
  ebpf_port_exec_free(memory, 64);
  EXPECT_EQ(WriteStopped(at, {1, 2}), kMinusFault);
}

TEST_F(OneHartTextTest, WhatCannotBeMappedOrWrittenIsSaidAndUndone) {
  const std::vector<uint8_t> before = BytesAt(Text(0), kTextSize);
  maps_left = 0;
  EXPECT_EQ(WriteStopped(Text(0), {1, 2}), kMinusNoMemory);
  maps_left = 1 << 30;
  is_alias_writable = false;
  EXPECT_EQ(WriteStopped(Text(kPage - 1), {1, 2}), kMinusFault);
  EXPECT_EQ(mapped, 0u);
  EXPECT_EQ(BytesAt(Text(0), kTextSize), before);
}

TEST_F(OneHartTextTest, ExecutableMemoryIsWrittenAPageAtATime) {
  constexpr size_t kSize = 3 * kPage + 100;
  constexpr size_t kAt = 1001;
  uint8_t* const memory = Alloc(kSize);
  ASSERT_NE(memory, nullptr);
  const std::vector<uint8_t> before =
      BytesAt(reinterpret_cast<uintptr_t>(memory), kSize);
  const std::vector<uint8_t> bytes = Numbers(kSize - kAt);
  maps = 0;
  most_mapped = 0;
  times_masked = 0;
  EXPECT_EQ(ebpf_port_exec_write(memory + kAt, bytes.data(), bytes.size()), 0);
  EXPECT_EQ(BytesAt(reinterpret_cast<uintptr_t>(memory) + kAt, bytes.size()),
            bytes);
  EXPECT_EQ(BytesAt(reinterpret_cast<uintptr_t>(memory), kAt),
            std::vector<uint8_t>(before.begin(), before.begin() + kAt));
  EXPECT_EQ(most_mapped, 1u);
  EXPECT_GE(maps, 4);
  EXPECT_EQ(times_masked, maps) << "interrupts come in between";
  ebpf_port_exec_free(memory, kSize);
  EXPECT_EQ(BytesAt(reinterpret_cast<uintptr_t>(memory), kSize), before)
      << "breakpoints again";
}

TEST_F(OneHartTextTest, WhatWasWrittenRuns) {
  uint8_t* const memory = Alloc(64);
  ASSERT_NE(memory, nullptr);
  const uint32_t code[] = {0x02a00513, 0x00008067};  // li a0, 42; ret
  syncs = 0;
  ASSERT_EQ(ebpf_port_exec_write(memory, code, sizeof(code)), 0);
  EXPECT_GE(syncs, 1);
  EXPECT_EQ(reinterpret_cast<int (*)()>(memory)(), 42);
  ebpf_port_exec_free(memory, 64);
}

TEST_F(OneHartTextTest, WritesOnlyExecutableMemoryThatIsTaken) {
  uint8_t* const memory = Alloc(64);
  ASSERT_NE(memory, nullptr);
  maps = 0;
  EXPECT_EQ(ebpf_port_exec_write(memory, "x", 0), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(memory, "x", 65), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(memory, "x", SIZE_MAX), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(memory + 64, "x", 1), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(text, "x", 1), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(nullptr, "x", 1), kMinusFault);
  EXPECT_EQ(maps, 0);
  // And says how far it did not come.
  ebpf_port_exec_free(memory, 64);
  uint8_t* const pages = Alloc(2 * kPage);
  ASSERT_NE(pages, nullptr);
  const std::vector<uint8_t> bytes = Numbers(2 * kPage);
  maps_left = 1;
  EXPECT_EQ(ebpf_port_exec_write(pages, bytes.data(), bytes.size()),
            kMinusNoMemory);
  maps_left = 1 << 30;
  ebpf_port_exec_free(pages, 2 * kPage);
  EXPECT_EQ(ebpf_port_exec_write(pages, "x", 1), kMinusFault);
}

}  // namespace
}  // namespace ebpf::riscv64
