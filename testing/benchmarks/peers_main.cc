// SPDX-License-Identifier: MIT
//
// The peer table. testing/benchmarks/peers.sh builds and runs this;
// README.md tells how to read it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "testing/benchmarks/compile_cost.h"
#include "testing/benchmarks/peer.h"
#include "testing/benchmarks/table.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"

namespace ebpf::benchmarks {
namespace {

struct Options {
  bool quick = false;
  bool no_compile_cost = false;
  std::string rbpf;
  std::vector<std::string> kernels;
};

std::vector<std::unique_ptr<Peer>> MakePeers(const Options& options) {
  std::vector<std::unique_ptr<Peer>> peers;
  peers.push_back(MakeNativePeer());
  peers.push_back(MakeOurPeer(OurEngine::kJit));
  peers.push_back(MakeOurPeer(OurEngine::kJitWithoutFacts));
  peers.push_back(MakeLinuxPeer());
  peers.push_back(MakeRbpfPeer(RbpfEngine::kJit, options.rbpf));
  peers.push_back(MakeOurPeer(OurEngine::kInterpreter));
  peers.push_back(MakeRbpfPeer(RbpfEngine::kInterpreter, options.rbpf));
  return peers;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Prints the peer table.", "peers");
  app.add_flag("--quick", options.quick, "Few passes: for a first look");
  app.add_flag("--no-compile-cost", options.no_compile_cost,
               "Without the figures of compiling");
  app.add_option("--rbpf", options.rbpf, "The library of rbpf/");
  app.add_option("kernels", options.kernels, "Only these (and empty)");
  CLI11_PARSE(app, argc, argv);

  const cli::Runtime runtime;
  bool right = true;
  try {
    Table table(MakePeers(options), options.kernels);
    table.Measure(options.quick ? 8 : 60);
    table.Print();
    right = table.results_equal();
    if (!options.no_compile_cost) {
      PrintCompileCost(options.quick);
    }
  } catch (const cli::Failure& failure) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", failure.what());
    right = false;
  }
  return right ? 0 : 1;
}

}  // namespace
}  // namespace ebpf::benchmarks

int main(int argc, char** argv) { return ebpf::benchmarks::Main(argc, argv); }
