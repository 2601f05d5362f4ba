// SPDX-License-Identifier: MIT
//
// Without the host port: the kernel and what of the machine no process may
// touch are the test's. Physical memory is a file, of which each address space
// of the test's maps pages; reads of CR3 and CR4 and INVLPG trap and are
// carried out here, the last by mapping what the page's entry says by then. So
// a translation that was not flushed stays what it was.
#include "arch/x86_64/machine/read_only_text.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

#include "arch/x86_64/page_tables.h"
#include "core/base/types.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/exec.h"
#include "core/platform/log.h"
#include "core/platform/memory.h"
#include "core/platform/text.h"
#include "core/platform/text_test_util.h"
#include "core/platform/time.h"
#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

using P = PageTables;

constexpr size_t kPage = P::kPageSize;
constexpr size_t kFrames = 512;
constexpr size_t kKernelPages = 256;
constexpr size_t kTextPages = 4;
constexpr uint64_t kSecond = 1'000'000'000;

[[noreturn]] void Die(const char* what) {
  fprintf(stderr, "%s\n", what);
  abort();
}

void* Reserve(size_t pages) {
  void* const memory = mmap(nullptr, pages * kPage, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED ? memory : (Die("no addresses"), nullptr);
}

/// Memory, tables of four levels, and the kernel's and the window's addresses.
class Machine : public NonCopyable {
 public:
  Machine() {
    if (ftruncate(file_, kFrames * kPage) != 0) {
      Die("no memory");
    }
    MapFile(direct_map(), 0, kFrames, PROT_READ | PROT_WRITE);
    for (size_t page = 0; page < TextWindow::kPages; ++page) {
      window_entries_.push_back(&Entry(window() + page * kPage));
    }
  }

  uintptr_t direct_map() const { return AddressOf(memory_); }
  uintptr_t window() const { return AddressOf(window_); }
  uintptr_t kernel() const { return AddressOf(kernel_); }
  uint64_t root() const { return kRoot * kPage; }
  /// Above which there are none.
  uintptr_t EndOfTables() const {
    constexpr uintptr_t kTable = uintptr_t{1} << 21;
    const uintptr_t last = std::max(window() + TextWindow::kPages * kPage,
                                    kernel() + kKernelPages * kPage) -
                           1;
    return (last & ~(kTable - 1)) + kTable;
  }

  /// Maps a page of the kernel's, to a frame of its own at first.
  void MapKernel(size_t page, int access) {
    const uintptr_t at = kernel() + page * kPage;
    uint64_t& entry = Entry(at);
    if (frames_.count(page) == 0) {
      frames_[page] = next_frame_++;
    }
    entry = frames_[page] * kPage | P::kPresent;
    MapFile(at, frames_[page] * kPage, 1, access);
  }
  void UnmapKernel(size_t page) {
    const uintptr_t at = kernel() + page * kPage;
    Entry(at) = 0;
    Unmap(at);
  }
  uint64_t& KernelEntry(size_t page) { return Entry(kernel() + page * kPage); }
  uint8_t* FrameOf(size_t page) {
    return reinterpret_cast<uint8_t*>(direct_map() + frames_[page] * kPage);
  }

  /// INVLPG.
  void Flush(uintptr_t at) {
    const size_t page = (at - window()) / kPage;
    if (at < window() || page >= TextWindow::kPages) {
      Die("a translation was flushed that is not the window's");
    }
    constexpr uint64_t kFlags =
        P::kPresent | P::kWritable | P::kAccessed | P::kDirty | P::kNoExecute;
    const uint64_t entry = *window_entries_[page];
    if ((entry & P::kPresent) == 0) {
      mapped_.erase(page);
      Unmap(window() + page * kPage);
      return;
    }
    EXPECT_EQ(entry & ~P::kAddress, kFlags);
    mapped_.insert(page);
    most_mapped_ = std::max(most_mapped_, mapped_.size());
    MapFile(window() + page * kPage, entry & P::kAddress, 1,
            PROT_READ | PROT_WRITE);
  }

  /// Whether nothing can be written through the window, now or later.
  bool IsWindowClosed() const {
    for (const uint64_t* entry : window_entries_) {
      if (*entry != 0) {
        return false;
      }
    }
    return mapped_.empty();
  }
  /// How many pages it had since the last time.
  size_t TakeMostMapped() { return std::exchange(most_mapped_, 0); }

 private:
  static constexpr size_t kRoot = 1;

  static uintptr_t AddressOf(const void* memory) {
    return reinterpret_cast<uintptr_t>(memory);
  }
  void MapFile(uintptr_t at, uint64_t offset, size_t pages, int access) {
    if (mmap(reinterpret_cast<void*>(at), pages * kPage, access,
             MAP_SHARED | MAP_FIXED, file_,
             static_cast<off_t>(offset)) == MAP_FAILED) {
      Die("mmap");
    }
  }
  static void Unmap(uintptr_t at) {
    mmap(reinterpret_cast<void*>(at), kPage, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  }
  /// The entry of a page, with the tables above it.
  uint64_t& Entry(uintptr_t at) {
    uint64_t table = root();
    for (int level = 3;; --level) {
      uint64_t& entry = reinterpret_cast<uint64_t*>(
          direct_map() + table)[at >> (12 + 9 * level) & 511];
      if (level == 0) {
        return entry;
      }
      if (entry == 0) {
        entry = next_frame_++ * kPage | P::kPresent | P::kWritable;
      }
      table = entry & P::kAddress;
    }
  }

  const int file_ = memfd_create("memory", 0);
  void* const memory_ = Reserve(kFrames);
  void* const window_ = Reserve(TextWindow::kPages);
  void* const kernel_ = Reserve(kKernelPages);
  size_t next_frame_ = kRoot + 1;
  std::map<size_t, size_t> frames_;  // of each page of the kernel's
  std::vector<uint64_t*> window_entries_;
  std::set<size_t> mapped_;
  size_t most_mapped_ = 0;
};

Machine& TheMachine() {
  static Machine machine;
  return machine;
}

uint64_t cr4 = 0;

/// The general registers by their numbers in instructions.
constexpr int kRegisters[] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

/// Carries out what no process may.
void OnFault(int /*signal*/, siginfo_t* /*info*/, void* context) {
  auto* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* insn = reinterpret_cast<const uint8_t*>(registers[REG_RIP]);
  unsigned rex = 0;
  if ((*insn & 0xf0) == 0x40) {
    rex = *insn++;
  }
  const unsigned modrm = insn[2];
  const unsigned rm = (modrm & 7) | (rex & 1) << 3;
  const unsigned reg = modrm >> 3 & 7;
  if (insn[0] == 0x0f && insn[1] == 0x20 && (reg == 3 || reg == 4)) {
    registers[kRegisters[rm]] =
        static_cast<greg_t>(reg == 3 ? TheMachine().root() : cr4);
    registers[REG_RIP] = reinterpret_cast<greg_t>(insn + 3);
  } else if (insn[0] == 0x0f && insn[1] == 0x01 && reg == 7 && modrm < 0x80) {
    // (register), perhaps by a SIB byte or with a displacement of 0.
    const unsigned length = 3u + ((modrm & 7) == 4) + (modrm >> 6 == 1);
    TheMachine().Flush(static_cast<uintptr_t>(registers[kRegisters[rm]]));
    registers[REG_RIP] = reinterpret_cast<greg_t>(insn + length);
  } else {
    Die("a fault that is not the machine's");
  }
}

// The kernel.

constexpr uint32_t kCpus = 2;
thread_local uint32_t this_cpu = 0;
thread_local uintptr_t masked = 0;
std::atomic<uint64_t> now{1};
std::atomic<uint64_t> step{0};
std::atomic<bool> is_other_online{false};
std::atomic<int> interrupts_sent{0};
std::atomic<bool> is_interrupted{false};
bool may_stop = true;
int times_asked = 0;

size_t next_page = kTextPages;
bool has_pages = true;
/// How often protection can be changed yet.
int protections = 1 << 30;
std::map<size_t, size_t> given;     // pages that are taken: first, count
std::map<size_t, int> page_access;  // of each of them

size_t PageOf(const void* pages) {
  return (reinterpret_cast<uintptr_t>(pages) - TheMachine().kernel()) / kPage;
}

void* AllocPages(size_t count) {
  EXPECT_EQ(count & (count - 1), 0u);
  EXPECT_EQ(masked, 0u);
  if (!has_pages || next_page + count > kKernelPages) {
    return nullptr;
  }
  const size_t first = next_page;
  next_page += count;
  for (size_t page = first; page < first + count; ++page) {
    page_access[page] = PROT_READ | PROT_WRITE | PROT_EXEC;
    TheMachine().MapKernel(page, page_access[page]);
  }
  given[first] = count;
  return reinterpret_cast<void*>(TheMachine().kernel() + first * kPage);
}

void FreePages(void* pages, size_t count) {
  const size_t first = PageOf(pages);
  EXPECT_EQ(given[first], count);
  given.erase(first);
  for (size_t page = first; page < first + count; ++page) {
    EXPECT_NE(page_access[page] & PROT_WRITE, 0) << "the next one will fault";
    TheMachine().UnmapKernel(page);
  }
}

int ProtectPages(void* pages, size_t count, bool write, bool execute) {
  EXPECT_EQ(masked, 0u);
  if (protections-- <= 0) {
    return kMinusNoMemory;
  }
  for (size_t page = PageOf(pages); page < PageOf(pages) + count; ++page) {
    page_access[page] =
        PROT_READ | (write ? PROT_WRITE : 0) | (execute ? PROT_EXEC : 0);
    TheMachine().MapKernel(page, page_access[page]);
  }
  return 0;
}

bool IsText(uintptr_t address, size_t size) {
  const uintptr_t begin = TheMachine().kernel();
  return address >= begin && address - begin < kTextPages * kPage &&
         size <= kTextPages * kPage - (address - begin);
}

}  // namespace

constinit const TextKernel text_kernel = {
    .is_text = &IsText,
    .may_stop =
        [] {
          ++times_asked;
          return may_stop;
        },
    .is_online = [](uint32_t cpu) { return cpu == 0 || is_other_online; },
    .interrupt =
        [](uint32_t cpu) {
          EXPECT_EQ(cpu, 1u);
          ++interrupts_sent;
          is_interrupted = true;
        },
    .pages_alloc = &AllocPages,
    .pages_free = &FreePages,
    .pages_protect = &ProtectPages,
    .pages_are_executable = true};

}  // namespace ebpf::x86_64

using ebpf::x86_64::masked;

extern "C" {

void ebpf_port_panic(const char* what) { ebpf::x86_64::Die(what); }
uint32_t ebpf_port_cpu_id() { return ebpf::x86_64::this_cpu; }
uint32_t ebpf_port_cpu_count() { return ebpf::x86_64::kCpus; }
uintptr_t ebpf_port_irq_save() { return masked++; }
void ebpf_port_irq_restore(uintptr_t state) { masked = state; }
void ebpf_port_relax() { std::this_thread::yield(); }
uint64_t ebpf_port_time_ns() { return ebpf::x86_64::now += ebpf::x86_64::step; }
void* ebpf_port_alloc(size_t size, size_t /*align*/) { return calloc(1, size); }
void ebpf_port_free(void* memory, size_t /*size*/, size_t /*align*/) {
  free(memory);
}

}  // extern "C"

namespace ebpf::x86_64 {
namespace {

/// The CPU beside this one, which looks for interrupts all the time.
class OtherCpu : public NonCopyable {
 public:
  OtherCpu() {
    is_other_online = true;
    thread_ = std::thread([this] {
      this_cpu = 1;
      while (!ends_) {
        ++steps_;
        if (is_interrupted.exchange(false)) {
          JoinRendezvous();
        }
        std::this_thread::yield();
      }
    });
  }
  ~OtherCpu() {
    ends_ = true;
    thread_.join();
    is_other_online = false;
    is_interrupted = false;
  }
  uint64_t steps() const { return steps_; }

 private:
  std::atomic<bool> ends_{false};
  std::atomic<uint64_t> steps_{0};
  std::thread thread_;
};

/// One machine in a process: the window is taken by the first test that needs
/// it.
class ReadOnlyTextTest : public testing::Test {
 protected:
  ReadOnlyTextTest() {
    struct sigaction action = {};
    action.sa_sigaction = &OnFault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    for (size_t page = 0; page < kTextPages; ++page) {
      TheMachine().MapKernel(page, PROT_READ | PROT_EXEC);
      memset(TheMachine().FrameOf(page), 0x90, kPage);
    }
    now = 1;
    step = 0;
    interrupts_sent = 0;
    times_asked = 0;
    may_stop = true;
    has_pages = true;
    protections = 1 << 30;
    TheMachine().TakeMostMapped();
  }
  ~ReadOnlyTextTest() override {
    EXPECT_EQ(masked, 0u);
    EXPECT_TRUE(TheMachine().IsWindowClosed());
    EXPECT_TRUE(given.empty());
    given.clear();
  }

  static void Prepare() {
    static const bool prepared =
        PrepareReadOnlyText(TheMachine().window(), TheMachine().direct_map());
    ASSERT_TRUE(prepared);
  }
  static uintptr_t Text(size_t offset) {
    return TheMachine().kernel() + offset;
  }
  static uint8_t* Alloc(size_t size) {
    constexpr uint64_t kReach = uint64_t{1} << 31;
    return static_cast<uint8_t*>(ebpf_port_exec_alloc(size, Text(0), kReach));
  }
};

TEST_F(ReadOnlyTextTest, NothingIsWrittenBeforeThereIsAWindow) {
  // None at all, one without tables, one whose last page has none, and a CPU
  // that has more levels of them.
  const uintptr_t direct_map = TheMachine().direct_map();
  constexpr uintptr_t kElsewhere = 0x1000'0000;
  EXPECT_FALSE(PrepareReadOnlyText(0, direct_map));
  EXPECT_FALSE(PrepareReadOnlyText(kElsewhere, direct_map));
  EXPECT_FALSE(
      PrepareReadOnlyText(TheMachine().EndOfTables() - 2 * kPage, direct_map));
  cr4 = 1u << 12;
  EXPECT_FALSE(PrepareReadOnlyText(TheMachine().window(), direct_map));
  cr4 = 0;

  EXPECT_EQ(WriteStopped(Text(0), {0xcc}), kMinusBusy);
  uint8_t* const memory = Alloc(64);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(ebpf_port_exec_write(memory, "x", 1), kMinusNotSupported);
  EXPECT_EQ(memory[0], 0xcc);
  ebpf_port_exec_free(memory, 64);
}

TEST_F(ReadOnlyTextTest, TextIsWrittenWhereverItIsInItsPages) {
  Prepare();
  for (const size_t size : {size_t{1}, size_t{5}, TextWindow::kMostInsns}) {
    for (const size_t at :
         {size_t{0}, size_t{100}, kPage - size, kPage - size + 1, kPage - 1,
          kPage, kTextPages * kPage - size}) {
      const std::vector<uint8_t> bytes = Numbers(size);
      EXPECT_EQ(WriteStopped(Text(at), bytes), 0);
      EXPECT_EQ(BytesAt(Text(at), size), bytes) << at;
      EXPECT_EQ(TheMachine().TakeMostMapped(),
                at % kPage + size > kPage ? 2u : 1u);
      EXPECT_TRUE(TheMachine().IsWindowClosed());
      // And nothing beside it.
      if (at != 0) {
        EXPECT_EQ(*reinterpret_cast<uint8_t*>(Text(at - 1)), 0x90);
      }
      if (at + size != kTextPages * kPage) {
        EXPECT_EQ(*reinterpret_cast<uint8_t*>(Text(at + size)), 0x90);
      }
      WriteStopped(Text(at), std::vector<uint8_t>(size, 0x90));
      TheMachine().TakeMostMapped();
    }
  }
}

TEST_F(ReadOnlyTextTest, RefusesWhatIsNotTextOrNotTheMoment) {
  Prepare();
  const std::vector<uint8_t> bytes = Numbers(TextWindow::kMostInsns + 1);
  EXPECT_EQ(ebpf_port_text_write(Text(0), bytes.data(), 1), kMinusBusy);
  EXPECT_EQ(WriteStopped(Text(0), bytes), kMinusInvalid);
  EXPECT_EQ(WriteStopped(Text(0), {}), kMinusInvalid);
  EXPECT_EQ(WriteStopped(Text(0) - 1, {1, 2}), kMinusFault);
  EXPECT_EQ(WriteStopped(Text(kTextPages * kPage - 1), {1, 2}), kMinusFault);
  EXPECT_EQ(WriteStopped(0, {1}), kMinusFault);
  EXPECT_EQ(WriteStopped(UINTPTR_MAX, {1, 2}), kMinusFault);
  EXPECT_EQ(BytesAt(Text(0), kTextPages * kPage),
            std::vector<uint8_t>(kTextPages * kPage, 0x90));
  EXPECT_EQ(TheMachine().TakeMostMapped(), 0u);
}

TEST_F(ReadOnlyTextTest, TextThatIsNotMappedIsNotWrittenInPart) {
  Prepare();
  const uint64_t entry = TheMachine().KernelEntry(1);
  TheMachine().KernelEntry(1) = 0;
  EXPECT_EQ(WriteStopped(Text(kPage - 1), {1, 2}), kMinusFault);
  EXPECT_EQ(*reinterpret_cast<uint8_t*>(Text(kPage - 1)), 0x90);
  EXPECT_TRUE(TheMachine().IsWindowClosed());
  TheMachine().KernelEntry(1) = entry;
}

TEST_F(ReadOnlyTextTest, SaysSoWhereOtherBytesAreReadBack) {
  Prepare();
  const uint64_t entry = TheMachine().KernelEntry(1);
  TheMachine().KernelEntry(1) = TheMachine().KernelEntry(2);
  EXPECT_EQ(WriteStopped(Text(kPage), {1, 2}), kMinusIo);
  TheMachine().KernelEntry(1) = entry;
}

TEST_F(ReadOnlyTextTest, TheOtherCpuStandsWhileTheMachineIsStopped) {
  OtherCpu other;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Stopped([&] {
                EXPECT_NE(masked, 0u);
                const uint64_t before = other.steps();
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                EXPECT_EQ(other.steps(), before);
                return i;
              }),
              i);
  }
  EXPECT_EQ(interrupts_sent, 5);
  // And it is not the one that may write.
  Stopped([] {
    EXPECT_EQ(ebpf_port_text_write(Text(0), "", 0), kMinusInvalid);
    std::thread([] {
      this_cpu = 1;
      EXPECT_EQ(ebpf_port_text_write(Text(0), "x", 1), kMinusBusy);
    }).join();
    return 0;
  });
}

TEST_F(ReadOnlyTextTest, ACpuThatDoesNotComeInASecondMakesItBusy) {
  is_other_online = true;
  step = kSecond / 100;
  int result = 7;
  const auto function = [](void*) {
    ADD_FAILURE() << "it runs";
    return 1;
  };
  EXPECT_EQ(ebpf_port_stop_machine(function, nullptr, &result), kMinusBusy);
  EXPECT_GE(now, kSecond);
  // The clock's numbers end meanwhile.
  now = UINT64_MAX - kSecond / 2;
  EXPECT_EQ(ebpf_port_stop_machine(function, nullptr, &result), kMinusBusy);
  EXPECT_GE(now, kSecond / 2);
  EXPECT_LT(now, kSecond);
  is_other_online = false;
  may_stop = false;
  EXPECT_EQ(ebpf_port_stop_machine(function, nullptr, &result), kMinusBusy);
  EXPECT_EQ(result, 7);
}

TEST_F(ReadOnlyTextTest, PatienceDoesNotEndWithTheClocksNumbers) {
  now = UINT64_MAX - 100;
  step = 1000;
  const OtherCpu other;
  EXPECT_EQ(Stopped([] { return 3; }), 3);
}

TEST_F(ReadOnlyTextTest, WhoWaitsForItsTurnMayFindItsClockBehind) {
  // A task of this CPU has the machine; the other came from a CPU whose clock
  // is ahead.
  std::atomic<bool> is_inside{false};
  std::thread first([&] {
    Stopped([&] {
      is_inside = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return 0;
    });
  });
  while (!is_inside) {
    std::this_thread::yield();
  }
  now = kSecond;
  step = UINT64_MAX;  // -1
  EXPECT_EQ(Stopped([] { return 3; }), 3);
  first.join();
}

TEST_F(ReadOnlyTextTest, ExecutableMemoryIsNeverWritableWhereItIs) {
  Prepare();
  const OtherCpu other;
  constexpr size_t kSize = 150'000;
  uint8_t* const memory = Alloc(kSize);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % kPage, 0u);
  for (size_t at = 0; at < kSize; ++at) {
    ASSERT_EQ(memory[at], 0xcc);
  }
  for (const auto& [page, access] : page_access) {
    if (page >= PageOf(memory)) {
      EXPECT_EQ(access, PROT_READ | PROT_EXEC) << page;
    }
  }
  // At an odd place, in three pieces.
  constexpr size_t kAt = 1001;
  const std::vector<uint8_t> bytes = Numbers(kSize - kAt);
  interrupts_sent = 0;
  EXPECT_EQ(ebpf_port_exec_write(memory + kAt, bytes.data(), bytes.size()), 0);
  EXPECT_EQ(memory[kAt - 1], 0xcc);
  EXPECT_EQ(BytesAt(reinterpret_cast<uintptr_t>(memory) + kAt, bytes.size()),
            bytes);
  EXPECT_EQ(interrupts_sent, 3);
  EXPECT_EQ(TheMachine().TakeMostMapped(), TextWindow::kPages);
  EXPECT_TRUE(TheMachine().IsWindowClosed());

  const uint8_t code[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
  ASSERT_EQ(ebpf_port_exec_write(memory, code, sizeof(code)), 0);
  EXPECT_EQ(reinterpret_cast<int (*)()>(memory)(), 42);
  EXPECT_EQ(WriteStopped(reinterpret_cast<uintptr_t>(memory) + 1, {43}), 0);
  EXPECT_EQ(reinterpret_cast<int (*)()>(memory)(), 43);
  ebpf_port_exec_free(memory, kSize);
}

TEST_F(ReadOnlyTextTest, WritesOnlyExecutableMemoryOfItsOwn) {
  Prepare();
  uint8_t* const memory = Alloc(kPage);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(ebpf_port_exec_write(memory, "x", 0), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(memory - 1, "xy", 2), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(memory + kPage - 1, "xy", 2), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(memory, "x", SIZE_MAX), kMinusFault);
  EXPECT_EQ(ebpf_port_exec_write(reinterpret_cast<void*>(Text(0)), "x", 1),
            kMinusFault);
  EXPECT_EQ(memory[0], 0xcc);
  ebpf_port_exec_free(memory, kPage);
  EXPECT_EQ(ebpf_port_exec_write(memory, "x", 1), kMinusFault);
  EXPECT_EQ(WriteStopped(reinterpret_cast<uintptr_t>(memory), {1}),
            kMinusFault);
}

TEST_F(ReadOnlyTextTest, AMachineThatDoesNotStopIsTriedSomeTimes) {
  Prepare();
  uint8_t* const memory = Alloc(64);
  ASSERT_NE(memory, nullptr);
  may_stop = false;
  times_asked = 0;
  EXPECT_EQ(ebpf_port_exec_write(memory, "x", 1), kMinusBusy);
  EXPECT_EQ(times_asked, 5);
  EXPECT_EQ(memory[0], 0xcc);
  ebpf_port_exec_free(memory, 64);
}

TEST_F(ReadOnlyTextTest, GivesBackPagesThatItCannotUse) {
  has_pages = false;
  EXPECT_EQ(Alloc(64), nullptr);
  has_pages = true;
  EXPECT_EQ(Alloc(0), nullptr);
  EXPECT_EQ(ebpf_port_exec_alloc(64, 0, kPage), nullptr) << "too far away";
  EXPECT_TRUE(given.empty());
  ebpf_port_exec_free(nullptr, 64);
}

TEST_F(ReadOnlyTextTest, PagesThatCannotBeWrittenAreNotGivenBack) {
  // They stay as they came; what they are after a failure nobody knows.
  protections = 0;
  EXPECT_EQ(Alloc(64), nullptr);
  EXPECT_EQ(given.size(), 1u);
  given.clear();
  // They stay executable, and nobody's.
  protections = 1;
  uint8_t* const memory = Alloc(64);
  ASSERT_NE(memory, nullptr);
  ebpf_port_exec_free(memory, 64);
  EXPECT_EQ(given.size(), 1u);
  given.clear();
  EXPECT_EQ(Stopped([&] {
              return ebpf_port_text_write(reinterpret_cast<uintptr_t>(memory),
                                          "x", 1);
            }),
            kMinusFault);
}

TEST_F(ReadOnlyTextTest, MemoryOfOthersIsNotTakenBack) {
  EXPECT_DEATH(ebpf_port_exec_free(reinterpret_cast<void*>(Text(0)), 64),
               "not ours");
}

}  // namespace
}  // namespace ebpf::x86_64
