// SPDX-License-Identifier: MIT
//
// testing/demo/histogram.h's implementation.
#include "testing/demo/histogram.h"

namespace demo {
namespace {

constexpr unsigned kBarWidth = 52;

/// "[512, 1K)", bpftrace's notation.
void PutBound(ebpf::TextWriter& text, unsigned power) {
  static constexpr char kUnits[] = {'\0', 'K', 'M', 'G', 'T', 'P', 'E'};
  text.PutUnsigned(uint64_t{1} << (power % 10));
  if (power >= 10) {
    text.Put(kUnits[power / 10]);
  }
}

void PutRange(ebpf::TextWriter& text, unsigned bucket) {
  text.Put('[');
  if (bucket == 0) {
    text.Put("0, 2)");
    return;
  }
  PutBound(text, bucket);
  text.Put(", ");
  PutBound(text, bucket + 1);
  text.Put(')');
}

}  // namespace

void PrintHistogram(Report& report, ebpf::Span<const uint64_t> buckets) {
  size_t first = buckets.size();
  size_t last = 0;
  uint64_t most = 1;
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i] != 0) {
      first = ebpf::Min(first, i);
      last = i;
      most = ebpf::Max(most, buckets[i]);
    }
  }
  for (size_t i = first; i < buckets.size() && i <= last; ++i) {
    char range[24];
    ebpf::TextWriter text(range, sizeof(range));
    PutRange(text, static_cast<unsigned>(i));
    char bar[kBarWidth + 1];
    const auto length = static_cast<size_t>(buckets[i] * kBarWidth / most);
    for (size_t at = 0; at < kBarWidth; ++at) {
      bar[at] = at < length ? '@' : ' ';
    }
    Line line(report);
    line.Padded(text.text(), 16).Padded(buckets[i], 8);
    line << " |" << ebpf::StringView(bar, kBarWidth) << "|";
  }
}

}  // namespace demo
