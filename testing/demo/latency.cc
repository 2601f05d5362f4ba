// SPDX-License-Identifier: MIT
//
// testing/demo/latency.h's implementation.
#include "testing/demo/latency.h"

#include "core/memory/allocator.h"
#include "core/platform/symbols.h"
#include "testing/demo/client_calls.h"
#include "testing/demo/histogram.h"
#include "testing/programs/latency.h"
#include "testing/programs/latency_object.h"

namespace demo {
namespace {

using ebpf::loader::Object;

constexpr Function kFunctions[] = {Function::kOpen, Function::kRead,
                                   Function::kWrite};

// The order of latency.bpf.c's programs.
constexpr size_t kEntry = 0;
constexpr size_t kReturn = 1;

class Latency {
 public:
  explicit Latency(Scene& scene)
      : scene_(scene),
        report_(scene.report()),
        object_(scene.client(), ebpf::PortAllocator(), scene.log()) {}

  void Show();

 private:
  bool Attach();
  /// Prints a function's histogram; how many calls are in it.
  uint64_t PrintHistogramOf(Function function);
  latency_totals Totals();
  int64_t Lookup(ebpf::StringView map, const void* key, void* value);

  Scene& scene_;
  Report& report_;
  Object object_;
};

int64_t Latency::Lookup(ebpf::StringView map, const void* key, void* value) {
  return LookupElem(reinterpret_cast<ebpf_client*>(&scene_.client()),
                    *object_.MapFd(map), key, value);
}

bool Latency::Attach() {
  for (const Function function : kFunctions) {
    // First the return: no call may begin that is not seen to end.
    if (scene_.Attach(object_, "latency_attach_return", function, kReturn) <
            0 ||
        scene_.Attach(object_, "latency_attach_entry", function, kEntry) < 0) {
      return false;
    }
  }
  return true;
}

uint64_t Latency::PrintHistogramOf(Function function) {
  const ebpf::StringView name = scene_.Symbol(function);
  ebpf_symbol symbol;
  if (!report_.Check(
          "latency_function_known",
          ebpf_port_symbol_by_name(name.data(), name.size(), &symbol),
          "no such symbol")) {
    return 0;
  }
  uint64_t slots[LATENCY_SLOTS] = {};
  uint64_t calls = 0;
  for (uint64_t slot = 0; slot < LATENCY_SLOTS; ++slot) {
    const latency_key key = {symbol.address, slot};
    if (Lookup("latency", &key, &slots[slot]) == 0) {
      calls += slots[slot];
    }
  }
  Line(report_) << "@ns[" << name << "]:";
  PrintHistogram(report_, slots);
  return calls;
}

latency_totals Latency::Totals() {
  latency_totals totals = {};
  const uint32_t zero = 0;
  report_.CheckEqual("latency_totals_read",
                     static_cast<uint64_t>(-Lookup(".bss", &zero, &totals)), 0);
  return totals;
}

void Latency::Show() {
  if (!scene_.Load(object_, "latency", latency_object()) || !Attach()) {
    return;
  }
  uint64_t before[kFunctionCount];
  for (const Function function : kFunctions) {
    before[static_cast<unsigned>(function)] = scene_.CallsOf(function).Sum();
  }
  scene_.RunWorkload();
  uint64_t all_calls = 0;
  for (const Function function : kFunctions) {
    const uint64_t calls = scene_.CallsOf(function).Sum() -
                           before[static_cast<unsigned>(function)];
    report_.CheckEqual("latency_of_each_call", PrintHistogramOf(function),
                       calls);
    all_calls += calls;
  }
  const latency_totals totals = Totals();
  report_.CheckEqual("latency_entries", totals.entered, all_calls);
  report_.CheckEqual("latency_returns", totals.returned, all_calls);
  report_.CheckEqual("latency_unmatched", totals.unmatched + totals.lost, 0);
  object_.Close();
  scene_.RunWorkload();
}

}  // namespace

void ShowLatency(Scene& scene) {
  scene.report().Print(
      "--- latency.bpf.c: kprobe and kretprobe, a histogram for each function");
  Latency(scene).Show();
}

}  // namespace demo
