// SPDX-License-Identifier: MIT
//
// testing/demo/demo.h's implementation: one scene for each program.
#include "testing/demo/demo.h"

#include "core/base/memory.h"
#include "core/capi/ebpf.h"
#include "core/files/client.h"
#include "core/loader/object.h"
#include "core/platform/cpu.h"
#include "testing/demo/client_calls.h"
#include "testing/demo/histogram.h"
#include "testing/demo/latency.h"
#include "testing/demo/profile.h"
#include "testing/demo/report.h"
#include "testing/demo/scene.h"
#include "testing/programs/count.h"
#include "testing/programs/count_object.h"
#include "testing/programs/events.h"
#include "testing/programs/events_object.h"
#include "testing/programs/latency_object.h"
#include "testing/programs/no_null_check_object.h"
#include "testing/programs/print_object.h"

namespace demo {
namespace {

using ebpf::ConstBytes;
using ebpf::StringView;
using ebpf::loader::Object;

constexpr size_t kLogSize = 48 * 1024;
constexpr unsigned kShownEvents = 12;

bool HasLine(StringView text, StringView line) {
  while (!text.empty()) {
    const size_t end = text.Find('\n');
    if (text.First(end) == line) {
      return true;
    }
    text = text.Substring(end < text.size() ? end + 1 : end);
  }
  return false;
}

/// The scenes, one for each program.
class Demo : public Scene {
 public:
  using Scene::Scene;

  void ProbeOnce();
  void ShowEvents();
  void ShowCounts();
  void ShowPrints();
  void ShowRejection();

 private:
  void DrainEvents(int ring, uint64_t& events, uint64_t& wrong);
  void PrintEvent(const open_event& event);
  void DrainTrace(uint64_t& lines);
  Calls ReadCalls(int fd);
  uint64_t PrintHits(int fd);
};

/// What all probes share is made with the first ones, and stays: their
/// instances, a page of slots. So does what the first program that prints
/// switches on.
void Demo::ProbeOnce() {
  Object object(client(), ebpf::PortAllocator(), log_);
  bool ok = IsOk(object.Open(latency_object())) && IsOk(object.Load());
  for (unsigned function = 0; function < kFunctionCount; ++function) {
    for (size_t program = 0; program < 2; ++program) {
      ok = ok && object.Attach(program, environment_.symbols[function]).ok();
    }
  }
  report_.Check("functions_can_be_probed", ok, "no");
  Object printing(client(), ebpf::PortAllocator(), log_);
  report_.Check("a_program_may_print",
                IsOk(printing.Open(print_object())) && IsOk(printing.Load()),
                "it was refused");
}

void Demo::PrintEvent(const open_event& event) {
  Line line(report_);
  line << "  ";
  line.Padded(event.time_ns / 1'000'000'000, 4) << ".";
  const uint64_t micros = event.time_ns / 1000 % 1'000'000;
  for (uint64_t digit = 100'000; digit > 1 && micros < digit; digit /= 10) {
    line << "0";
  }
  line << micros << "  cpu ";
  line << uint64_t{event.cpu} << "  pid ";
  line.Padded(event.pid, 3) << "  ";
  line.Padded(StringView::FromField(event.comm, sizeof(event.comm)), 16);
  line << " open(\"" << StringView::FromField(event.path, sizeof(event.path))
       << "\", " << uint64_t{event.flags} << ")";
}

void Demo::DrainEvents(int ring, uint64_t& events, uint64_t& wrong) {
  while (ebpf_poll(client_, ring) > 0) {
    open_event event;
    const int64_t size = ebpf_read(
        client_, ring, reinterpret_cast<uint64_t>(&event), sizeof(event));
    if (size < 0) {
      return;
    }
    const StringView path =
        StringView::FromField(event.path, sizeof(event.path));
    if (size != sizeof(event) || event.cpu >= CpuCount() ||
        event.path_size != static_cast<int>(path.size() + 1) ||
        !path.StartsWith("/") || event.comm[0] == '\0') {
      ++wrong;
    }
    if (++events <= kShownEvents) {
      PrintEvent(event);
    }
  }
}

void Demo::ShowEvents() {
  report_.Print("--- events.bpf.c: a record per call through the ring buffer");
  Object object(client(), ebpf::PortAllocator(), log_);
  if (!Load(object, "events", events_object())) {
    return;
  }
  const int link = Attach(object, "events_attach", Function::kOpen);
  if (link < 0) {
    return;
  }
  const int ring = *object.MapFd("events");
  const Calls before = CallsOf(Function::kOpen);
  uint64_t events = 0;
  uint64_t wrong = 0;
  environment_.start_workload();
  while (environment_.workload_running()) {
    DrainEvents(ring, events, wrong);
    environment_.yield();
  }
  DrainEvents(ring, events, wrong);
  const Calls after = CallsOf(Function::kOpen);

  // `dropped` is all of .bss.
  const uint32_t zero = 0;
  uint64_t dropped = 0;
  report_.CheckEqual("events_read_dropped",
                     static_cast<uint64_t>(-LookupElem(
                         client_, *object.MapFd(".bss"), &zero, &dropped)),
                     0);
  Line(report_) << "  ... " << events << " events in all, " << dropped
                << " dropped";
  report_.Check("events_seen", events > 0, "no event came");
  report_.CheckEqual("events_all_delivered", events + dropped,
                     after.Sum() - before.Sum());
  report_.CheckEqual("events_well_formed", wrong, 0);

  report_.Check("events_detach", IsOk(object.Detach(link)), "failed");
  RunWorkload();
  uint64_t late = 0;
  DrainEvents(ring, late, wrong);
  report_.CheckEqual("events_silent_after_detach", late, 0);
}

Calls Demo::ReadCalls(int fd) {
  const uint32_t zero = 0;
  call_count of_cpu[kMaxCpus] = {};
  Calls calls = {};
  if (ebpf_port_cpu_count() <= kMaxCpus) {
    (void)LookupElem(client_, fd, &zero, of_cpu);  // a failure leaves zeros
  }
  for (uint32_t cpu = 0; cpu < CpuCount(); ++cpu) {
    calls.of_cpu[cpu] = of_cpu[cpu].hits;
  }
  return calls;
}

uint64_t Demo::PrintHits(int fd) {
  uint64_t sum = 0;
  uint64_t key = 0;
  const uint64_t* last = nullptr;
  uint64_t next;
  while (NextKey(client_, fd, last, &next) == 0) {
    key = next;
    last = &key;
    uint64_t hits = 0;
    if (LookupElem(client_, fd, &key, &hits) == 0) {
      Line(report_) << "  fd " << key << ": " << hits << " hits";
      sum += hits;
    }
  }
  return sum;
}

void Demo::ShowCounts() {
  report_.Print("--- count.bpf.c: hits by argument, and a histogram of sizes");
  Object object(client(), ebpf::PortAllocator(), log_);
  if (!Load(object, "count", count_object())) {
    return;
  }
  const Calls before = CallsOf(Function::kRead);
  const int link = Attach(object, "count_attach", Function::kRead);
  if (link < 0) {
    return;
  }
  RunWorkload();
  const Calls after = CallsOf(Function::kRead);
  const int calls_fd = *object.MapFd("calls");
  const Calls counted = ReadCalls(calls_fd);
  uint64_t cpus_hit = 0;
  for (uint32_t cpu = 0; cpu < CpuCount(); ++cpu) {
    Line(report_) << "  cpu " << uint64_t{cpu} << ": " << counted.of_cpu[cpu]
                  << " hits";
    report_.CheckEqual("count_equals_the_truth_on_a_cpu", counted.of_cpu[cpu],
                       after.of_cpu[cpu] - before.of_cpu[cpu]);
    cpus_hit += counted.of_cpu[cpu] != 0 ? 1 : 0;
  }
  report_.CheckEqual("count_on_every_cpu", cpus_hit, CpuCount());
  report_.CheckEqual("count_by_argument_adds_up",
                     PrintHits(*object.MapFd("hits")), counted.Sum());

  uint64_t buckets[COUNT_SLOTS];
  uint64_t in_buckets = 0;
  for (uint32_t slot = 0; slot < COUNT_SLOTS; ++slot) {
    buckets[slot] = 0;
    (void)LookupElem(client_, *object.MapFd("sizes"), &slot, &buckets[slot]);
    in_buckets += buckets[slot];
  }
  Line(report_) << "@size of " << Symbol(Function::kRead) << ":";
  PrintHistogram(report_, ebpf::Span<const uint64_t>(buckets, COUNT_SLOTS));
  report_.CheckEqual("count_histogram_adds_up", in_buckets, counted.Sum());

  report_.Check("count_detach", IsOk(object.Detach(link)), "failed");
  RunWorkload();
  const Calls called_again = CallsOf(Function::kRead);
  report_.Check("count_workload_ran_again", called_again.Sum() > after.Sum(),
                "no calls");
  report_.CheckEqual("count_silent_after_detach", ReadCalls(calls_fd).Sum(),
                     counted.Sum());
}

void Demo::DrainTrace(uint64_t& lines) {
  char text[EBPF_TRACE_LINE_MAX];
  while (const size_t size = ebpf_trace_read(text, sizeof(text))) {
    StringView rest(text, size);  // whole lines
    while (!rest.empty()) {
      const size_t end = rest.Find('\n');
      if (++lines <= kShownEvents) {
        Line(report_) << "  " << rest.First(end);
      }
      rest = rest.Substring(end < rest.size() ? end + 1 : end);
    }
  }
}

void Demo::ShowPrints() {
  report_.Print("--- print.bpf.c: bpf_trace_printk");
  Object object(client(), ebpf::PortAllocator(), log_);
  if (!Load(object, "print", print_object())) {
    return;
  }
  const Calls before = CallsOf(Function::kWrite);
  const int link = Attach(object, "print_attach", Function::kWrite);
  if (link < 0) {
    return;
  }
  uint64_t lines = 0;
  environment_.start_workload();
  while (environment_.workload_running()) {
    DrainTrace(lines);
    environment_.yield();
  }
  report_.Check("print_detach", IsOk(object.Detach(link)), "failed");
  DrainTrace(lines);
  const uint64_t calls = CallsOf(Function::kWrite).Sum() - before.Sum();
  Line(report_) << "  ... " << lines << " lines of " << calls << " calls";
  report_.Check("print_lines_seen", lines > 0, "no line came");
}

void Demo::ShowRejection() {
  report_.Print("--- no_null_check.bpf.c: what a wrong program gets");
  Object object(client(), ebpf::PortAllocator(), log_);
  log_.Clear();
  if (!report_.Check("reject_object_opens",
                     IsOk(object.Open(no_null_check_object())), "failed")) {
    return;
  }
  log_.Clear();
  const ebpf::Status status = object.Load();
  report_.PrintLines("  ", log_.text());
  report_.CheckEqual("reject_with_eacces", static_cast<uint64_t>(status),
                     static_cast<uint64_t>(ebpf::Status::kAccess));
  report_.Check("reject_says_why",
                HasLine(log_.text(),
                        "Verification failed: Memory Safety: Missing null "
                        "check"),
                "the log has no block for people");
}

/// A client, and room for the loader's log, while one lives.
class Caller {
 public:
  Caller()
      : client_(ebpf_client_create(EBPF_ORIGIN_KERNEL)),
        log_(ebpf::PortAllocator().NewArray<char>(kLogSize)) {}
  ~Caller() {
    if (log_.ok()) {
      ebpf::PortAllocator().DeleteArray(*log_);
    }
    if (client_ != nullptr) {
      ebpf_client_delete(client_);
    }
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  bool ok() const { return client_ != nullptr && log_.ok(); }
  ebpf_client* client() const { return client_; }
  char* log() const { return (*log_).data(); }

 private:
  ebpf_client* client_;
  ebpf::Result<ebpf::Span<char>> log_;
};

}  // namespace

bool Run(const Environment& environment) {
  Report report(environment);
  Line(report) << "=== " << environment.kernel << " on " << environment.cpu
               << ", " << uint64_t{CpuCount()} << " CPU"
               << (CpuCount() == 1 ? "" : "s");
  {
    const Caller caller;
    if (report.Check("client_created", caller.ok(), "no memory")) {
      Demo(report, caller.client(), caller.log(), kLogSize).ProbeOnce();
    }
  }
  const uint64_t memory = environment.memory_in_use();
  {
    const Caller caller;
    if (report.Check("client_created_again", caller.ok(), "no memory")) {
      Demo demo(report, caller.client(), caller.log(), kLogSize);
      demo.ShowEvents();
      demo.ShowCounts();
      ShowLatency(demo);
      ShowProfile(demo);
      demo.ShowPrints();
      demo.ShowRejection();
    }
  }
  report.CheckEqual("memory_balance", environment.memory_in_use(), memory);
  return report.passed();
}

}  // namespace demo
