// SPDX-License-Identifier: MIT
//
// testing/benchmarks/table.h's implementation.
#include "testing/benchmarks/table.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "testing/benchmarks/insn_count.h"

namespace ebpf::benchmarks {
namespace {

/// Runs whose results are compared; kernels of kTracing depend on their number.
constexpr uint64_t kComparedRuns = 200;
/// What a batch should take, besides a peer's overhead.
constexpr uint64_t kBatchNs = 300'000;
/// Rings have room for as many events (kernels/record.c).
constexpr uint64_t kMaxBatch = 50'000;

constexpr size_t kNative = 0;

bool IsCompute(Group group) { return group == Group::kCompute; }
constexpr double kCallsInCalls = 1000;  // kernels/calls.c

}  // namespace

Table::Table(std::vector<std::unique_ptr<Peer>> peers,
             const std::vector<std::string>& only)
    : peers_(std::move(peers)) {
  for (const Kernel& kernel : Kernels()) {
    if (!only.empty() && kernel.group != Group::kEmpty &&
        std::find(only.begin(), only.end(), kernel.name) == only.end()) {
      continue;
    }
    Row row = {&kernel, CountInsns(kernel), {}};
    for (const auto& peer : peers_) {
      Cell cell;
      if (peer->absence().empty()) {
        cell.runner = peer->Load(kernel, cell.why_not);
      } else {
        cell.why_not = peer->absence();
      }
      row.cells.push_back(std::move(cell));
    }
    Compare(row);
    rows_.push_back(std::move(row));
  }
}

void Table::Compare(Row& row) {
  for (Cell& cell : row.cells) {
    if (cell.runner != nullptr) {
      cell.runner->Run(kComparedRuns);
    }
  }
  const Runner& native = *row.cells[kNative].runner;
  for (size_t i = 0; i < peers_.size(); ++i) {
    const Runner* runner = row.cells[i].runner.get();
    if (runner == nullptr) {
      continue;
    }
    if (runner->result() != native.result() ||
        DigestMemory(runner->memory()) != DigestMemory(native.memory())) {
      fmt::print("WRONG: {} on {} gives {:#x}, native code {:#x}{}\n",
                 row.kernel->name, peers_[i]->name(), runner->result(),
                 native.result(),
                 runner->result() == native.result() ? ", other memory" : "");
      results_equal_ = false;
    }
  }
}

void Table::Calibrate(Cell& cell, const Peer& peer) {
  const uint64_t wanted = std::max(kBatchNs, 100 * peer.batch_overhead_ns());
  uint64_t batch = 16;
  for (;;) {
    // The fastest of some: one that was interrupted would say nothing.
    uint64_t ns = std::max<uint64_t>(cell.runner->Run(batch), 1);
    for (int i = 0; i < 4; ++i) {
      ns = std::clamp<uint64_t>(cell.runner->Run(batch), 1, ns);
    }
    if (ns >= wanted / 2 || batch == kMaxBatch) {
      cell.batch = std::clamp<uint64_t>(batch * wanted / ns, 1, kMaxBatch);
      return;
    }
    batch = std::min(batch * 4, kMaxBatch);
  }
}

void Table::Measure(unsigned passes) {
  for (Row& row : rows_) {
    for (size_t i = 0; i < peers_.size(); ++i) {
      if (row.cells[i].runner != nullptr) {
        Calibrate(row.cells[i], *peers_[i]);
        row.cells[i].ns = INFINITY;
      }
    }
  }
  for (unsigned pass = 0; pass < passes; ++pass) {
    for (Row& row : rows_) {
      for (Cell& cell : row.cells) {
        if (cell.runner == nullptr) {
          continue;
        }
        const auto ns = static_cast<double>(cell.runner->Run(cell.batch));
        cell.ns = std::min(cell.ns, ns / static_cast<double>(cell.batch));
      }
    }
  }
}

std::optional<double> Table::NsOf(const Row& row, size_t peer) const {
  const Row& empty = rows_.front();
  if (row.cells[peer].runner == nullptr ||
      empty.cells[peer].runner == nullptr) {
    return std::nullopt;
  }
  // A run cannot take less than nothing; what a clock sees can.
  return std::max(row.cells[peer].ns - empty.cells[peer].ns, 0.01);
}

std::optional<double> Table::RatioOf(const Row& row, size_t peer) const {
  const std::optional<double> ns = NsOf(row, peer);
  const std::optional<double> native = NsOf(row, kNative);
  return ns.has_value() && native.has_value()
             ? std::optional<double>(*ns / *native)
             : std::nullopt;
}

template <typename Takes>
std::optional<double> Table::Geomean(size_t peer, Takes takes) const {
  double sum = 0;
  unsigned count = 0;
  for (const Row& row : rows_) {
    const std::optional<double> ratio = RatioOf(row, peer);
    if (takes(row.kernel->group) && ratio.has_value()) {
      sum += std::log(*ratio);
      ++count;
    }
  }
  return count == 0 ? std::nullopt
                    : std::optional<double>(std::exp(sum / count));
}

void Table::PrintRow(const Row& row) const {
  const bool is_empty = row.kernel->group == Group::kEmpty;
  fmt::print("| {:<10} | {:>6.0f} | {:>9.1f} |", row.kernel->name, row.insns,
             is_empty ? row.cells[kNative].ns : *NsOf(row, kNative));
  for (size_t i = kNative + 1; i < peers_.size(); ++i) {
    const std::optional<double> ratio = RatioOf(row, i);
    if (!ratio.has_value()) {
      fmt::print(" {:>12} |", "-");
    } else if (is_empty) {
      fmt::print(" {:>9.1f} ns |", row.cells[i].ns);
    } else {
      fmt::print(" {:>12.2f} |", *ratio);
    }
  }
  fmt::print("\n");
}

void Table::PrintMeans() const {
  struct Line {
    const char* name;
    bool (*takes)(Group group);
  };
  const Line lines[] = {
      {"all 15",
       [](Group g) { return g == Group::kCompute || g == Group::kCalls; }},
      {"no calls", IsCompute},
      {"tracing 5", [](Group g) { return g == Group::kTracing; }},
  };
  for (const Line& line : lines) {
    fmt::print("| {:<10} | {:>6} | {:>9} |", line.name, "", "geomean");
    for (size_t i = kNative + 1; i < peers_.size(); ++i) {
      const std::optional<double> mean = Geomean(i, line.takes);
      fmt::print(" {:>12} |",
                 mean.has_value() ? fmt::format("{:.3f}", *mean) : "-");
    }
    fmt::print("\n");
  }
}

void Table::PrintGoals() const {
  for (size_t i = 0; i < peers_.size(); ++i) {
    if (peers_[i]->name() != kOurJit) {
      continue;
    }
    const Row* worst = nullptr;
    for (const Row& row : rows_) {
      if (RatioOf(row, i).has_value() && row.kernel->group != Group::kEmpty &&
          (worst == nullptr || *RatioOf(row, i) > *RatioOf(*worst, i))) {
        worst = &row;
      }
    }
    if (worst != nullptr) {
      fmt::print("\nThe worst kernel of {}: {}, {:.2f}.\n", kOurJit,
                 worst->kernel->name, *RatioOf(*worst, i));
    }
    for (size_t j = 0; j < peers_.size(); ++j) {
      const auto ours = Geomean(i, IsCompute);
      const auto theirs = Geomean(j, IsCompute);
      if (peers_[j]->name() == kLinuxJit && ours.has_value() &&
          theirs.has_value()) {
        fmt::print("{} beside {}, no calls: {:.1f} % less time.\n", kOurJit,
                   kLinuxJit, 100 * (1 - *ours / *theirs));
      }
    }
  }
}

void Table::PrintCode() const {
  fmt::print("\nBytes of machine code per instruction of the object:\n");
  for (size_t i = kNative + 1; i < peers_.size(); ++i) {
    size_t bytes = 0;
    size_t insns = 0;
    for (const Row& row : rows_) {
      const Runner* runner = row.cells[i].runner.get();
      if (runner != nullptr && runner->code_size() != 0) {
        bytes += runner->code_size();
        insns += runner->insn_count();
      }
    }
    if (insns != 0) {
      fmt::print("  {:<12} {:.2f} ({} bytes, {} instructions)\n",
                 peers_[i]->name(),
                 static_cast<double>(bytes) / static_cast<double>(insns), bytes,
                 insns);
    }
  }
}

void Table::PrintAbsences() const {
  for (size_t i = 0; i < peers_.size(); ++i) {
    if (!peers_[i]->absence().empty()) {
      fmt::print("{} is absent: {}\n", peers_[i]->name(), peers_[i]->absence());
      continue;
    }
    std::map<std::string, std::string> kernels_of;  // by reason
    for (const Row& row : rows_) {
      if (row.cells[i].runner == nullptr) {
        kernels_of[row.cells[i].why_not] +=
            fmt::format(" {}", row.kernel->name);
      }
    }
    for (const auto& [why, kernels] : kernels_of) {
      fmt::print("{} does not run{}: {}\n", peers_[i]->name(), kernels, why);
    }
  }
}

void Table::PrintInsns() const {
  fmt::print(
      "\nNanoseconds per instruction of the object, geomean; per call "
      "and return of `calls`:\n");
  for (size_t i = 0; i < peers_.size(); ++i) {
    double sum = 0;
    unsigned count = 0;
    double per_call = 0;
    for (const Row& row : rows_) {
      const std::optional<double> ns = NsOf(row, i);
      if (!ns.has_value()) {
        continue;
      }
      if (row.kernel->group == Group::kCompute) {
        sum += std::log(*ns / row.insns);
        ++count;
      } else if (row.kernel->group == Group::kCalls) {
        per_call = *ns / kCallsInCalls;
      }
    }
    if (count != 0) {
      fmt::print("  {:<12} {:.3f}   {:.2f}\n", peers_[i]->name(),
                 std::exp(sum / count), per_call);
    }
  }
}

void Table::Print() const {
  fmt::print("| {:<10} | {:>6} | {:>9} |", "kernel", "insns", "native ns");
  for (size_t i = kNative + 1; i < peers_.size(); ++i) {
    fmt::print(" {:>12} |", peers_[i]->name());
  }
  fmt::print("\n|{:-<12}|{:->7}:|{:->10}:|", "", "", "");
  for (size_t i = kNative + 1; i < peers_.size(); ++i) {
    fmt::print("{:->13}:|", "");
  }
  fmt::print("\n");
  for (const Row& row : rows_) {
    PrintRow(row);
  }
  PrintMeans();
  fmt::print(
      "\nTimes native code (`empty`: ns per run, subtracted elsewhere).\n");
  PrintAbsences();
  PrintGoals();
  PrintInsns();
  PrintCode();
}

}  // namespace ebpf::benchmarks
