// SPDX-License-Identifier: MIT
//
// testing/demo/folded_stacks.h's implementation.
#include "testing/demo/folded_stacks.h"

#include "core/base/memory.h"
#include "core/platform/symbol_name.h"
#include "core/platform/symbols.h"

namespace demo {
namespace {

constexpr uint64_t kBarWidth = 40;

/// Where the function begins in which `address` lies; 0 if that is not known.
uint64_t FunctionOf(uint64_t address) {
  ebpf_symbol symbol;
  return ebpf_port_symbol_by_address(static_cast<uintptr_t>(address), &symbol)
             ? symbol.address
             : 0;
}

}  // namespace

bool FoldedStacks::Add(ebpf::Span<const uint64_t> addresses, uint64_t count) {
  Path path = {};
  size_t depth = 0;
  while (depth < addresses.size() && addresses[depth] != 0) {
    ++depth;
  }
  for (size_t i = depth; i-- > 0;) {
    // A call may be its function's last instruction.
    const uint64_t function = FunctionOf(addresses[i] - (i == 0 ? 0 : 1));
    if ((path.depth != 0 || function == root_) && path.depth < kMostDepth) {
      path.functions[path.depth++] = function;
    }
  }
  path.count = count;
  if (path.depth == 0) {
    return false;
  }
  size_t at = 0;
  while (at < count_ && IsBefore(paths_[at], path)) {
    ++at;
  }
  if (at < count_ && !IsBefore(path, paths_[at])) {
    paths_[at].count += count;
    return true;
  }
  if (count_ == kMostPaths) {
    return false;
  }
  for (size_t i = count_++; i > at; --i) {
    paths_[i] = paths_[i - 1];
  }
  paths_[at] = path;
  return true;
}

bool FoldedStacks::IsBefore(const Path& path, const Path& other) {
  const size_t both = ebpf::Min(path.depth, other.depth);
  for (size_t i = 0; i < both; ++i) {
    if (path.functions[i] != other.functions[i]) {
      return path.functions[i] < other.functions[i];
    }
  }
  return path.depth < other.depth;
}

uint64_t FoldedStacks::CountOf(uint64_t function) const {
  uint64_t sum = 0;
  for (size_t i = 0; i < count_; ++i) {
    for (size_t depth = 0; depth < paths_[i].depth; ++depth) {
      if (paths_[i].functions[depth] == function) {
        sum += paths_[i].count;
        break;
      }
    }
  }
  return sum;
}

void FoldedStacks::Draw(Report& report, uint64_t total) const {
  for (size_t i = 0; i < count_; ++i) {
    const Path& path = paths_[i];
    // What it has in common with the path before is drawn already.
    size_t depth = 0;
    while (i > 0 && depth < path.depth && depth < paths_[i - 1].depth &&
           path.functions[depth] == paths_[i - 1].functions[depth]) {
      ++depth;
    }
    for (; depth < path.depth; ++depth) {
      DrawLine(report, path, depth, SamplesOf(i, depth), total);
    }
  }
}

/// How often the first `depth` + 1 functions of path `index` were seen: in it
/// and in those behind it that begin so.
uint64_t FoldedStacks::SamplesOf(size_t index, size_t depth) const {
  uint64_t samples = 0;
  for (size_t i = index; i < count_; ++i) {
    for (size_t at = 0; at <= depth; ++at) {
      if (at >= paths_[i].depth ||
          paths_[i].functions[at] != paths_[index].functions[at]) {
        return samples;
      }
    }
    samples += paths_[i].count;
  }
  return samples;
}

void FoldedStacks::DrawLine(Report& report, const Path& path, size_t depth,
                            uint64_t samples, uint64_t total) {
  char bar[kBarWidth];
  const uint64_t length = (samples * kBarWidth + total / 2) / total;
  for (uint64_t i = 0; i < kBarWidth; ++i) {
    bar[i] = i < length ? '@' : ' ';
  }
  Line line(report);
  line << "  ";
  line.Padded(samples * 100 / total, 3) << " % |";
  line << ebpf::StringView(bar, sizeof(bar)) << "| ";
  for (size_t i = 0; i < depth; ++i) {
    line << "  ";
  }
  ebpf_symbol symbol;
  static char name[ebpf::kMaxSymbolName];
  line << (ebpf_port_symbol_by_address(
               static_cast<uintptr_t>(path.functions[depth]), &symbol)
               ? ebpf::ReadSymbolName(symbol, name)
               : ebpf::StringView("?"));
}

}  // namespace demo
