// SPDX-License-Identifier: MIT
//
// Every engine that this CPU has against the oracle. EBPF_SWEEP_DENSITY=n takes
// every n-th body only; 1, which is everything, is the default.
#include "testing/conformance/sweep.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "gtest/gtest.h"
#include "testing/conformance/contexts.h"
#include "testing/conformance/engines.h"

namespace ebpf::conformance {
namespace {

unsigned Density() {
  const char* text = std::getenv("EBPF_SWEEP_DENSITY");
  return text == nullptr ? 1 : static_cast<unsigned>(std::atoi(text));
}

class SweepTest : public testing::TestWithParam<Variant> {
 protected:
  /// Runs what `sweep` gives; it is to be all right, and at least `cases`
  /// where everything is taken.
  template <typename Sweep>
  void Check(uint64_t cases, const Sweep& sweep) {
    const auto start = std::chrono::steady_clock::now();
    VariantEngine engine(GetParam());
    Batch batch(engine.engine(), GetParam().knowledge);
    sweep([&](Body body) { batch.Add(std::move(body)); });
    batch.Finish();
    const Tally& tally = batch.tally();
    const std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    std::printf("%s: %llu cases, %llu bodies, %llu instructions, %.1f s\n",
                GetParam().name.c_str(),
                static_cast<unsigned long long>(tally.cases),
                static_cast<unsigned long long>(tally.bodies),
                static_cast<unsigned long long>(tally.insns), seconds.count());
    EXPECT_EQ(tally.mismatches, 0u);
    EXPECT_GE(tally.cases, cases / Density());
  }

  RunningCore core_;
};

INSTANTIATE_TEST_SUITE_P(Engines, SweepTest, testing::ValuesIn(Variants()),
                         [](const testing::TestParamInfo<Variant>& info) {
                           return info.param.name;
                         });

TEST_P(SweepTest, ArithmeticIsAsTheRfcHasIt) {
  Check(700000,
        [](const Sink& sink) { SweepAlu({.density = Density()}, sink); });
}

TEST_P(SweepTest, JumpsAreAsTheRfcHasThem) {
  Check(400000,
        [](const Sink& sink) { SweepJumps({.density = Density()}, sink); });
}

TEST_P(SweepTest, ConstantsAreAsTheRfcHasThem) {
  Check(9000,
        [](const Sink& sink) { SweepConstants({.density = Density()}, sink); });
}

TEST_P(SweepTest, LoadsAndStoresAreAsTheRfcHasThem) {
  Check(100000,
        [](const Sink& sink) { SweepMemory({.density = Density()}, sink); });
}

TEST_P(SweepTest, AtomicOperationsAreAsTheRfcHasThem) {
  Check(200000,
        [](const Sink& sink) { SweepAtomics({.density = Density()}, sink); });
}

TEST_P(SweepTest, ArithmeticIsTheSameAmongOtherInstructions) {
  // Whole rounds only, one at the least.
  const unsigned rounds = std::max(1u, 10 / Density());
  Check(uint64_t{19000} * rounds * Density(),
        [&](const Sink& sink) { SweepContexts(11, rounds, sink); });
}

TEST_P(SweepTest, IdiomsMeanWhatTheyAreMadeOf) {
  Check(300000,
        [](const Sink& sink) { SweepIdioms(12, 2000 / Density(), sink); });
}

TEST_P(SweepTest, ShortSequencesAreTheSumOfTheirParts) {
  Check(300000,
        [](const Sink& sink) { SweepSequences(13, 20000 / Density(), sink); });
}

}  // namespace
}  // namespace ebpf::conformance
