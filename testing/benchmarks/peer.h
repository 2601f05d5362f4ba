// SPDX-License-Identifier: MIT
//
// Who runs a kernel: one column of the table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "testing/benchmarks/kernel_list.h"

namespace ebpf::benchmarks {

/// One kernel, ready to run, with memory and maps of its own.
class Runner {
 public:
  virtual ~Runner() = default;

  /// Runs it `count` times; the nanoseconds that took.
  virtual uint64_t Run(uint64_t count) = 0;

  /// What the last run gave, and the kernel's memory.
  virtual uint64_t result() const = 0;
  virtual const uint8_t* memory() const = 0;

  /// Bytes of machine code; 0: not known.
  virtual size_t code_size() const { return 0; }
  /// Instructions of the program as the engine got it; 0: not known.
  virtual size_t insn_count() const { return 0; }
};

/// Names of peers that are compared with each other.
inline constexpr const char* kOurJit = "our JIT";
inline constexpr const char* kLinuxJit = "Linux JIT";

class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string name() const = 0;

  /// Empty, or why this peer is not there at all.
  virtual std::string absence() const { return ""; }

  /// Null: it cannot run this kernel, and `why` says the reason.
  virtual std::unique_ptr<Runner> Load(const Kernel& kernel,
                                       std::string& why) = 0;

  /// Nanoseconds that one call of Runner::Run costs besides the runs: batches
  /// are made so large that it does not matter.
  virtual uint64_t batch_overhead_ns() const { return 100; }
};

/// clang -O2; helpers are core's, called directly.
std::unique_ptr<Peer> MakeNativePeer();

enum class OurEngine : uint8_t {
  kJit,              // verified by core's bpf(2)
  kJitWithoutFacts,  // the same instructions as they come out of the object
  kInterpreter,      // verified
};
std::unique_ptr<Peer> MakeOurPeer(OurEngine engine);

/// The host's kernel, by BPF_PROG_TEST_RUN.
std::unique_ptr<Peer> MakeLinuxPeer();

/// crates.io's rbpf, from the shared library at `path`.
enum class RbpfEngine : uint8_t { kJit, kInterpreter };
std::unique_ptr<Peer> MakeRbpfPeer(RbpfEngine engine, const std::string& path);

/// Nanoseconds of the monotonic clock.
uint64_t Now();

}  // namespace ebpf::benchmarks
