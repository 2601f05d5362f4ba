// SPDX-License-Identifier: MIT
//
// Threads of one process do anything that can be done with events, at once and
// with the same descriptors: trace files, perf events and their buffers,
// programs, probes with names; in their signals events happen. Nothing panics,
// nothing races (under TSan), and afterwards nothing is on and nothing is left.
// EBPF_SURFACE_STORM_SECONDS says for how long, EBPF_SURFACE_STORM_SEED what.
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/ring/perf_layout.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/caller/trace_files.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_signal_timer.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

struct Stormed {
  static constexpr char kSystem[] = "surface";
  static constexpr char kName[] = "stormed";
  struct Record {
    EventHeader header;
    uint64_t number;
    uint32_t text;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("u64", number), EBPF_FIELD("__data_loc char[]", text)};
  static constexpr char kPrintFormat[] =
      "\"%llu %s\", REC->number, __get_str(text)";
  static size_t TextSize(uint64_t, const char* text) {
    return RecordText::RoomFor(text);
  }
  static void Fill(Record& record, RecordText& texts, uint64_t number,
                   const char* text) {
    record.number = number;
    record.text = texts.Put(text);
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Stormed);

struct Brief {
  static constexpr char kSystem[] = "surface";
  static constexpr char kName[] = "brief";
  struct Record {
    EventHeader header;
    uint32_t number;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u32", number)};
  static constexpr char kPrintFormat[] = "\"%u\", REC->number";
  static void Fill(Record& record, uint32_t number) { record.number = number; }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Brief);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};
constexpr uint32_t kThreads = 3;
/// TSan delays signals: into a breakpoint's handler, too, and what they say was
/// interrupted is where the thread was when they came. So a slot may be taken
/// away from who is about to go there.
#if __has_feature(thread_sanitizer)
constexpr bool kHitsProbes = false;
#else
constexpr bool kHitsProbes = true;
#endif
constexpr uint32_t kKprobeProgram = 2;
constexpr uint32_t kTracepointProgram = 5;
constexpr uint32_t kPerfEventProgram = 7;
constexpr uint32_t kRawTracepointProgram = 17;
constexpr uint64_t kPage = 4096;

uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  return text == nullptr ? otherwise : strtoull(text, nullptr, 10);
}

thread_local volatile bool t_is_cpu = false;
std::atomic<uint64_t> signals{0};

void OnSignal(int /*signal*/) {
  if (!t_is_cpu) {
    return;
  }
  const HostTrap trap;
  EBPF_TRACE(Stormed, 7, "in a signal");
  EBPF_TRACE(Brief, 7);
  signals.fetch_add(1, std::memory_order_relaxed);
}

/// What the threads share: descriptors of one process.
class World {
 public:
  static constexpr size_t kSlots = 48;

  World() : text_("surface_add", kAdd), caller_(Origin::kKernel) {
    for (std::atomic<int64_t>& slot : slots_) {
      slot = -1;
    }
  }
  ~World() { caller_.client().fds().CloseAll(); }

  Client& client() { return caller_.client(); }
  std::atomic<int64_t>& slot(uint64_t number) {
    return slots_[number % kSlots];
  }
  uint64_t Add() { return text_.As<uint64_t(uint64_t, uint64_t)>()(40, 2); }
  ConstBytes text() const { return text_.bytes(); }

 private:
  HostText text_;
  TestCaller caller_;
  std::array<std::atomic<int64_t>, kSlots> slots_;
};

/// One thread, and what it does.
class Actor {
 public:
  Actor(World& world, uint64_t seed) : world_(world), random_(seed | 1) {}

  void Step();
  uint64_t steps = 0;
  uint64_t succeeded = 0;

 private:
  uint64_t Random() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_ * 0x2545'f491'4f6c'dd1d >> 11;
  }
  uint64_t Below(uint64_t end) { return Random() % end; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <size_t kCount>
  const char* Any(const char* const (&words)[kCount]) {
    return words[Below(kCount)];
  }

  CallerPtr At(const void* memory) {
    return world_.client().Pointer(reinterpret_cast<uint64_t>(memory));
  }
  int32_t AnyFd() { return static_cast<int32_t>(world_.slot(Random()).load()); }
  void Count(int64_t result) { succeeded += result >= 0 ? 1 : 0; }
  /// Keeps a descriptor; what stood in its place is closed.
  void Keep(int64_t fd) {
    Count(fd);
    if (fd < 0) {
      return;
    }
    const int64_t old = world_.slot(Random()).exchange(fd);
    if (old >= 0) {
      (void)Close(world_.client(), static_cast<int32_t>(old));
    }
  }

  void PassEvents();
  void OpenPerfEvent();
  void LoadProgram();
  void OpenRawTracepoint();
  void Control();
  void MapAndSpoil();
  std::string AnyFile(bool for_writing);
  std::string AnyText();
  void WriteOnce(const std::string& file, const std::string& text,
                 uint32_t flags);
  void Set();
  void NameProbes();
  void ListDirectory();

  World& world_;
  uint64_t random_;
  Ref<File> mapped_file_;
  MapPages mapped_{};
};

void Actor::PassEvents() {
  const uint64_t count = Below(40);
  for (uint64_t i = 0; i < count; ++i) {
    EBPF_TRACE(Stormed, i, i % 3 == 0 ? "a longer text than the others" : "b");
    EBPF_TRACE(Brief, static_cast<uint32_t>(i));
    if (kHitsProbes && world_.Add() != 42) {
      abort();
    }
  }
}

void Actor::OpenPerfEvent() {
  linux_abi::PerfEventAttr attr{};
  attr.size = sizeof(attr);
  attr.type = linux_abi::kPerfTypeTracepoint;
  attr.config = OneIn(2)   ? Stormed::tracepoint.id
                : OneIn(2) ? Brief::tracepoint.id
                           : Below(40);
  if (OneIn(4)) {
    attr.type = linux_abi::kPerfTypeSoftware;
    attr.config = OneIn(2) ? linux_abi::kPerfBpfOutput : linux_abi::kPerfDummy;
  } else if (OneIn(8)) {
    attr.type = linux_abi::kPerfTypeKprobe;
    attr.config = Below(2);
    attr.config1 = reinterpret_cast<uint64_t>("surface_add");
  }
  attr.sample_type =
      Below(linux_abi::kPerfSampleRaw * 2) &
      ~uint64_t{linux_abi::kPerfSampleCallchain | (1 << 9 | 1 << 13)};
  attr.sample_type |= linux_abi::kPerfSampleRaw;
  attr.sample_period = Below(5);
  attr.read_format = Below(32);
  attr.wakeup_events = static_cast<uint32_t>(Below(3));
  attr.flags = Below(2) | (OneIn(5) ? linux_abi::kPerfFrequency : 0) |
               (OneIn(3) ? linux_abi::kPerfSampleIdAll : 0) |
               (OneIn(5) ? linux_abi::kPerfWatermark : 0);
  const bool is_task = OneIn(3);
  Keep(PerfEventOpen(
      world_.client(), At(&attr), is_task ? 0 : -1,
      is_task ? -1 : static_cast<int32_t>(Below(kThreads + 1)),
      OneIn(4) ? AnyFd() : -1,
      linux_abi::kPerfFlagFdNoGroup |
          (OneIn(2) ? uint64_t{linux_abi::kPerfFlagFdOutput} : 0)));
}

void Actor::LoadProgram() {
  const std::vector<isa::Insn> insns = {
      MovImm(0, static_cast<int32_t>(Below(2))), Exit()};
  constexpr uint32_t kTypes[] = {kKprobeProgram, kTracepointProgram,
                                 kPerfEventProgram, kRawTracepointProgram};
  linux_abi::ProgLoadAttr attr{};
  attr.prog_type = kTypes[Below(4)];
  attr.insn_cnt = static_cast<uint32_t>(insns.size());
  attr.insns = reinterpret_cast<uint64_t>(insns.data());
  attr.license = reinterpret_cast<uint64_t>("GPL");
  Keep(Bpf(world_.client(), linux_abi::kProgLoad, At(&attr), sizeof(attr)));
}

void Actor::OpenRawTracepoint() {
  const char* name = OneIn(2) ? "stormed" : "brief";
  const linux_abi::RawTracepointAttr attr{reinterpret_cast<uint64_t>(name),
                                          static_cast<uint32_t>(AnyFd()), 0,
                                          Random()};
  Keep(Bpf(world_.client(), linux_abi::kRawTracepointOpen, At(&attr),
           sizeof(attr)));
}

void Actor::Control() {
  struct {
    linux_abi::PerfQueryBpf query;
    uint32_t ids[4];
  } query{{4, 0}, {}};
  uint64_t word = Below(100);
  constexpr char kFilter[] = "common_pid > 3 && common_cpu < 9 || number == 2";
  uint32_t command = 0;
  uint64_t argument = 0;
  switch (Below(11)) {
    case 0:
      command = linux_abi::kPerfIocEnable;
      break;
    case 1:
      command = linux_abi::kPerfIocDisable;
      break;
    case 2:
      command = linux_abi::kPerfIocReset;
      break;
    case 3:
      command = linux_abi::kPerfIocRefresh;
      argument = Below(5);
      break;
    case 4:
      command = linux_abi::kPerfIocPeriod;
      argument = reinterpret_cast<uint64_t>(&word);
      break;
    case 5:
      command = linux_abi::kPerfIocSetOutput;
      argument = OneIn(4) ? ~uint64_t{0} : static_cast<uint64_t>(AnyFd());
      break;
    case 6:
      command = linux_abi::kPerfIocSetFilter;
      argument = reinterpret_cast<uint64_t>(kFilter);
      break;
    case 7:
      command = linux_abi::kPerfIocId;
      argument = reinterpret_cast<uint64_t>(&word);
      break;
    case 8:
      command = linux_abi::kPerfIocSetBpf;
      argument = static_cast<uint64_t>(AnyFd());
      break;
    case 9:
      command = linux_abi::kPerfIocPauseOutput;
      argument = Below(2);
      break;
    default:
      command = linux_abi::kPerfIocQueryBpf;
      argument = reinterpret_cast<uint64_t>(&query);
      break;
  }
  Count(Ioctl(world_.client(), AnyFd(), command, argument));
}

/// User space has all of the buffer, as long as it is mapped, and writes what
/// it likes.
void Actor::MapAndSpoil() {
  if (mapped_file_ && OneIn(4)) {
    mapped_file_ = Ref<File>();
    mapped_ = {};
  }
  if (!mapped_file_) {
    Result<Ref<File>> file = world_.client().fds().Get(AnyFd());
    if (!file.ok()) {
      return;
    }
    const uint64_t pages = (uint64_t{1} << Below(4)) + 1;
    const Result<MapPages> made = (*file)->Mmap(
        world_.client(), 0, pages * kPage,
        linux_abi::kProtRead | (OneIn(4) ? 0 : linux_abi::kProtWrite));
    if (!made.ok()) {
      return;
    }
    ++succeeded;
    mapped_ = *made;
    mapped_file_ = Move(*file);
  }
  if (mapped_.size < 2 * kPage) {
    return;
  }
  // Of what the kernel writes, too, only the tail is not racy for TSan.
  auto* const tail = reinterpret_cast<uint64_t*>(
      mapped_.address + offsetof(ring::PerfPage, data_tail));
  auto* const head = reinterpret_cast<uint64_t*>(
      mapped_.address + offsetof(ring::PerfPage, data_head));
  const uint64_t now = __atomic_load_n(head, __ATOMIC_ACQUIRE);
  const uint64_t hostile[] = {now,      now - 1, now + 1,         0,
                              Random(), now / 2, now + (1 << 12), ~uint64_t{0}};
  __atomic_store_n(tail, hostile[Below(8)], __ATOMIC_RELEASE);
  if (OneIn(8)) {
    __atomic_store_n(head, Random(), __ATOMIC_RELAXED);
    for (size_t at : {offsetof(ring::PerfPage, data_offset),
                      offsetof(ring::PerfPage, data_size)}) {
      __atomic_store_n(reinterpret_cast<uint64_t*>(mapped_.address + at),
                       Random(), __ATOMIC_RELAXED);
    }
  }
}

std::string Actor::AnyFile(bool for_writing) {
  static constexpr const char* kRead[] = {"README",
                                          "available_events",
                                          "buffer_total_size_kb",
                                          "saved_cmdlines",
                                          "trace_pipe",
                                          "per_cpu/cpu1/trace_pipe",
                                          "per_cpu/cpu2/trace_pipe_raw",
                                          "per_cpu/cpu2/trace",
                                          "per_cpu/cpu1/stats",
                                          "per_cpu/cpu0/stats",
                                          "events/surface/stormed/format",
                                          "events/surface/brief/id",
                                          "kprobe_profile",
                                          "printk_formats",
                                          "events/header_page"};
  static constexpr const char* kBoth[] = {"buffer_size_kb",
                                          "per_cpu/cpu1/buffer_size_kb",
                                          "dynamic_events",
                                          "kprobe_events",
                                          "error_log",
                                          "saved_cmdlines_size",
                                          "set_event",
                                          "trace",
                                          "trace_clock",
                                          "trace_options",
                                          "tracing_on",
                                          "options/overwrite",
                                          "options/record-cmd",
                                          "options/markers",
                                          "events/enable",
                                          "events/surface/enable",
                                          "events/surface/filter",
                                          "events/surface/stormed/enable",
                                          "events/surface/stormed/filter",
                                          "events/surface/brief/enable",
                                          "events/surface/brief/filter",
                                          "events/s/probe0/enable",
                                          "events/s/probe1/filter",
                                          "events/s/probe1/enable",
                                          "events/s/enable",
                                          "trace_marker"};
  return for_writing || OneIn(2) ? Any(kBoth) : Any(kRead);
}

std::string Actor::AnyText() {
  static constexpr const char* kTexts[] = {
      "0",
      "1",
      "1\n",
      "0\n",
      "20",
      "64",
      "12\n",
      "local",
      "mono",
      "nop",
      "surface:stormed",
      "!surface:stormed",
      "surface:",
      "!surface:",
      "s:",
      "!s:",
      "*:*",
      "!*:*",
      "number == 3",
      "number > 1 || common_pid != 7",
      "COMM ~ \"st*\" && CPU != 1",
      "number ==",
      "text ~ \"*longer*\"",
      "overwrite",
      "nooverwrite",
      "nomarkers",
      "markers",
      "norecord-cmd",
      "record-cmd",
      "p:s/probe0 surface_add x=%di\n",
      "p:s/probe1 surface_add+1 y=%si:u8 c=$comm\n",
      "r:s/probe1 surface_add z=$retval\n",
      "-:s/probe0\n",
      "-:s/\n",
      "p:s/probe0 nowhere\n",
      "some mark\n",
      "256",
      "999999999999"};
  return Any(kTexts);
}

void Actor::WriteOnce(const std::string& file, const std::string& text,
                      uint32_t flags) {
  const std::string path = TraceFiles::PathOf(file);
  const int64_t fd = OpenText(world_.client(), At(path.c_str()), flags);
  if (fd < 0) {
    return;
  }
  Count(Write(world_.client(), static_cast<int32_t>(fd), At(text.data()),
              text.size()));
  (void)Close(world_.client(), static_cast<int32_t>(fd));
}

void Actor::Set() {
  // A hundred megabytes are not what this is about.
  const std::string file = AnyFile(true);
  std::string text = AnyText();
  // Nor how long it takes to switch all events.
  if ((file == "events/enable" || text.find("*:*") != std::string::npos) &&
      !OneIn(20)) {
    text = "surface:";
  }
  if (file.find("size") != std::string::npos) {
    text = std::to_string(1 + Below(OneIn(20) ? 2000 : 100));
  }
  WriteOnce(file, text,
            linux_abi::kOpenWriteOnly |
                (OneIn(4) ? linux_abi::kOpenTruncate : linux_abi::kOpenAppend));
}

void Actor::NameProbes() {
  WriteOnce("kprobe_events", AnyText(),
            linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend);
}

void Actor::ListDirectory() {
  static constexpr const char* kDirectories[] = {
      "",        "events",  "events/surface",        "events/s",
      "per_cpu", "options", "events/surface/stormed"};
  const std::string path = TraceFiles::PathOf(Any(kDirectories));
  TextEntry entry;
  Count(ReadTextDirectory(world_.client(), At(path.c_str()),
                          static_cast<uint32_t>(Below(20)), &entry));
  Count(StatText(world_.client(), At(path.c_str()), &entry));
}

void Actor::Step() {
  ++steps;
  char buffer[512];
  switch (Below(16)) {
    case 0:
      OpenPerfEvent();
      break;
    case 1:
      LoadProgram();
      break;
    case 2:
      OpenRawTracepoint();
      break;
    case 3:
    case 4:
      Control();
      break;
    case 5:
    case 6:
      MapAndSpoil();
      break;
    case 7: {
      const std::string path = TraceFiles::PathOf(AnyFile(false));
      Keep(OpenText(world_.client(), At(path.c_str()),
                    static_cast<uint32_t>(Below(3))));
      break;
    }
    case 8:
    case 9:
      Set();
      break;
    case 10: {
      const int64_t old = world_.slot(Random()).exchange(-1);
      Count(Close(world_.client(), static_cast<int32_t>(old)));
      break;
    }
    case 11:
      Count(Read(world_.client(), AnyFd(), At(buffer),
                 OneIn(2) ? sizeof(buffer) : Below(20)));
      break;
    case 12: {
      const std::string text = AnyText();
      Count(Write(world_.client(), AnyFd(), At(text.data()), text.size()));
      break;
    }
    case 13:
      OneIn(3) ? Keep(Dup(world_.client(), AnyFd()))
               : Count(Poll(world_.client(), AnyFd()));
      break;
    case 14:
      OneIn(2) ? NameProbes() : ListDirectory();
      break;
    default:
      PassEvents();
      break;
  }
}

TEST(TraceSurfaceStormTest, AnythingAtOnceLeavesNothing) {
  const TestSystem system;
  struct sigaction action{};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR2, &action, nullptr);
  const uint64_t seed = Setting("EBPF_SURFACE_STORM_SEED", 1);
  const uint64_t end = ebpf_port_time_ns() +
                       Setting("EBPF_SURFACE_STORM_SECONDS", 2) * 1'000'000'000;
  {
    World world;
    std::vector<Actor> actors;
    for (uint32_t i = 0; i < kThreads; ++i) {
      actors.emplace_back(world, seed * 7919 + i * 104729);
    }
    std::vector<std::thread> threads;
    for (uint32_t cpu = 1; cpu <= kThreads; ++cpu) {
      threads.emplace_back([&, cpu] {
        const HostCpu this_cpu(cpu);
        SetHostTask(cpu, cpu, "storm");
        t_is_cpu = true;
        {
          const HostSignalTimer ticks(SIGUSR2, 300'000 + cpu * 17'000);
          while (ebpf_port_time_ns() < end) {
            actors[cpu - 1].Step();
          }
        }
        t_is_cpu = false;
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    signal(SIGUSR2, SIG_DFL);
    uint64_t steps = 0;
    uint64_t succeeded = 0;
    for (const Actor& actor : actors) {
      steps += actor.steps;
      succeeded += actor.succeeded;
    }
    printf("seed %llu: %llu steps, %llu of them did something, %llu signals\n",
           static_cast<unsigned long long>(seed),
           static_cast<unsigned long long>(steps),
           static_cast<unsigned long long>(succeeded),
           static_cast<unsigned long long>(signals.load()));
    EXPECT_GT(succeeded, steps / 20);
    actors.clear();  // and what they mapped
    world.client().fds().CloseAll();
    TestCaller caller(Origin::kKernel);
    TraceFiles files(caller);
    EXPECT_EQ(files.Write1("events/enable", "0"), 1);
    EXPECT_EQ(files.Write1("kprobe_events", ""), 0);
    EXPECT_FALSE(Stormed::tracepoint.key.enabled());
    EXPECT_FALSE(Brief::tracepoint.key.enabled());
    EXPECT_EQ(Stormed::tracepoint.users + Brief::tracepoint.users, 0u);
    EXPECT_EQ(memcmp(world.text().data(), kAdd, sizeof(kAdd)), 0);
  }
}

}  // namespace
}  // namespace ebpf
