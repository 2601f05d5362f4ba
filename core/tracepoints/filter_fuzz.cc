// SPDX-License-Identifier: MIT
//
// libFuzzer over filters: whatever is written to the file, it is refused or
// evaluated in bounds, each step leads to a later one, and what steps say is
// what the terms say.
//
// The first line is the filter, the rest a record.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/tracepoints/filter_test_util.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  const std::string text = input.substr(0, end);
  const std::string record =
      end == std::string::npos ? "" : input.substr(end + 1);
  ebpf::FilterError error;
  const ebpf::OwnedFilter filter = ebpf::MakeFilter(text, &error);
  if (filter == nullptr) {
    if (error.position > text.size() ||
        (error.kind == ebpf::FilterErrorKind::kNone &&
         text.size() <= ebpf::EventFilter::kMaxTextSize)) {
      abort();
    }
    return 0;
  }
  const ebpf::Span<const ebpf::FilterTerm> terms = filter->terms();
  for (size_t i = 0; i < terms.size(); ++i) {
    for (const uint16_t exit : terms[i].exits) {
      if (exit < ebpf::EventFilter::kReject &&
          (exit <= i || exit >= terms.size())) {
        abort();
      }
    }
  }
  const ebpf::Span<const ebpf::FilterStep> steps = filter->steps();
  for (size_t i = 0; i < steps.size(); ++i) {
    for (const int32_t exit : steps[i].exits) {
      if (exit == ebpf::FilterStep::kAccept ||
          exit == ebpf::FilterStep::kReject) {
        continue;
      }
      const auto distance = static_cast<size_t>(exit < 0 ? -exit : exit);
      const size_t to = i + distance / sizeof(ebpf::FilterStep);
      if (distance % sizeof(ebpf::FilterStep) != 0 || to <= i ||
          to >= steps.size() || terms[steps[to].term].is_tested != (exit > 0)) {
        abort();
      }
    }
  }
  const ebpf::RecordMemory memory(ebpf::ConstBytes(
      reinterpret_cast<const uint8_t*>(record.data()), record.size()));
  const ebpf::FilterEnvironment environment = {.cpu = 1, .comm = "swapper"};
  if (filter->Matches(memory.bytes(), environment) !=
      filter->MatchesTerms(memory.bytes(), &environment)) {
    abort();
  }
  return 0;
}
