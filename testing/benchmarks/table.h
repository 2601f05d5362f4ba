// SPDX-License-Identifier: MIT
//
// Measures every kernel on every peer, interleaved, and prints the table.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "testing/benchmarks/peer.h"

namespace ebpf::benchmarks {

class Table {
 public:
  /// Loads the kernels, or those of `only` and `empty`, on every peer that is
  /// there, and compares what each computes.
  Table(std::vector<std::unique_ptr<Peer>> peers,
        const std::vector<std::string>& only);

  /// Runs each kernel on each peer once per pass, in batches of some hundred
  /// microseconds; the fastest batch counts.
  void Measure(unsigned passes);

  /// To standard output.
  void Print() const;

  /// Whether every peer computed what native code did.
  bool results_equal() const { return results_equal_; }

 private:
  struct Cell {
    std::unique_ptr<Runner> runner;
    std::string why_not;
    uint64_t batch = 0;
    double ns = 0;  // of one run, `empty` included
  };
  struct Row {
    const Kernel* kernel;
    double insns;             // executed in a run
    std::vector<Cell> cells;  // one for each peer
  };

  void Compare(Row& row);
  void Calibrate(Cell& cell, const Peer& peer);
  /// Of a run, less what the peer's `empty` takes; nothing where not measured.
  std::optional<double> NsOf(const Row& row, size_t peer) const;
  /// Times native code's.
  std::optional<double> RatioOf(const Row& row, size_t peer) const;
  template <typename Takes>
  std::optional<double> Geomean(size_t peer, Takes takes) const;
  void PrintRow(const Row& row) const;
  void PrintMeans() const;
  void PrintGoals() const;
  void PrintInsns() const;
  void PrintCode() const;
  void PrintAbsences() const;

  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Row> rows_;
  bool results_equal_ = true;
};

}  // namespace ebpf::benchmarks
