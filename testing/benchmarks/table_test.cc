// SPDX-License-Identifier: MIT
//
// The kernels on every peer that is there: what is measured must be right.
#include "testing/benchmarks/table.h"

#include <cstring>
#include <set>

#include "gtest/gtest.h"
#include "testing/benchmarks/insn_count.h"
#include "testing/benchmarks/kernel_list.h"
#include "testing/benchmarks/peer.h"
#include "tools/cli/engines.h"

namespace ebpf::benchmarks {
namespace {

class PeerTest : public testing::Test {
 protected:
  /// Runs all kernels on `peer` and on native code, in step.
  void ExpectNativeResults(std::unique_ptr<Peer> peer) {
    if (!peer->absence().empty()) {
      GTEST_SKIP() << peer->name() << ": " << peer->absence();
    }
    const std::unique_ptr<Peer> native = MakeNativePeer();
    for (const Kernel& kernel : Kernels()) {
      std::string why;
      const auto expected = native->Load(kernel, why);
      const auto runner = peer->Load(kernel, why);
      ASSERT_NE(runner, nullptr) << kernel.name << ": " << why;
      for (const uint64_t count : {1, 5, 94}) {
        expected->Run(count);
        runner->Run(count);
        EXPECT_EQ(runner->result(), expected->result()) << kernel.name;
        EXPECT_EQ(DigestMemory(runner->memory()),
                  DigestMemory(expected->memory()))
            << kernel.name;
      }
    }
  }

  const cli::Runtime runtime_;
};

TEST_F(PeerTest, InterpreterComputesWhatNativeCodeDoes) {
  ExpectNativeResults(MakeOurPeer(OurEngine::kInterpreter));
}

TEST_F(PeerTest, CompilerComputesWhatNativeCodeDoes) {
  ExpectNativeResults(MakeOurPeer(OurEngine::kJit));
}

TEST_F(PeerTest, CompilerWithoutFactsComputesWhatNativeCodeDoes) {
  ExpectNativeResults(MakeOurPeer(OurEngine::kJitWithoutFacts));
}

TEST_F(PeerTest, LinuxComputesWhatNativeCodeDoes) {
  ExpectNativeResults(MakeLinuxPeer());
}

TEST_F(PeerTest, SaysWhyRbpfIsNotThere) {
  EXPECT_NE(MakeRbpfPeer(RbpfEngine::kJit, "")->absence(), "");
  EXPECT_NE(MakeRbpfPeer(RbpfEngine::kJit, "no/such/library")->absence(), "");
}

TEST_F(PeerTest, CountsTheInstructionsOfARun) {
  for (const Kernel& kernel : Kernels()) {
    const double insns = CountInsns(kernel);
    if (kernel.group == Group::kEmpty) {
      EXPECT_EQ(insns, 6);
    } else if (std::strcmp(kernel.name, "fib") == 0) {
      EXPECT_NEAR(insns, 12000, 20);
    } else {
      EXPECT_GT(insns, 20) << kernel.name;
    }
  }
}

TEST(KernelListTest, HasFifteenKernelsThatComputeAndFiveThatTrace) {
  unsigned computing = 0;
  unsigned tracing = 0;
  std::set<std::string> names;
  for (const Kernel& kernel : Kernels()) {
    names.insert(kernel.name);
    computing +=
        kernel.group == Group::kCompute || kernel.group == Group::kCalls;
    tracing += kernel.group == Group::kTracing;
    EXPECT_EQ(kernel.raw_object.empty(), kernel.group == Group::kTracing);
  }
  EXPECT_EQ(computing, 15u);
  EXPECT_EQ(tracing, 5u);
  EXPECT_EQ(names.size(), Kernels().size());
}

TEST(KernelListTest, DigestDependsOnEachByteThatAKernelMayWrite) {
  std::vector<uint8_t> memory(kMemorySize + sizeof(uint64_t));
  FillMemory(memory.data());
  const uint64_t before = DigestMemory(memory.data());
  for (size_t i = 0; i < 12288; i += 97) {
    memory[i] ^= 1;
    EXPECT_NE(DigestMemory(memory.data()), before) << i;
    memory[i] ^= 1;
  }
  EXPECT_EQ(DigestMemory(memory.data()), before);
}

TEST(TableTest, NoticesAWrongResult) {
  const cli::Runtime runtime;
  /// Native code, but one of its results is one too many.
  class WrongRunner final : public Runner {
   public:
    explicit WrongRunner(std::unique_ptr<Runner> right)
        : right_(std::move(right)) {}
    uint64_t Run(uint64_t count) override { return right_->Run(count); }
    uint64_t result() const override { return right_->result() + 1; }
    const uint8_t* memory() const override { return right_->memory(); }

   private:
    std::unique_ptr<Runner> right_;
  };
  class WrongPeer final : public Peer {
   public:
    std::string name() const override { return "wrong"; }
    std::unique_ptr<Runner> Load(const Kernel& kernel,
                                 std::string& why) override {
      return std::make_unique<WrongRunner>(MakeNativePeer()->Load(kernel, why));
    }
  };
  std::vector<std::unique_ptr<Peer>> peers;
  peers.push_back(MakeNativePeer());
  EXPECT_TRUE(Table(std::move(peers), {"fib"}).results_equal());
  peers.clear();
  peers.push_back(MakeNativePeer());
  peers.push_back(std::make_unique<WrongPeer>());
  EXPECT_FALSE(Table(std::move(peers), {"fib"}).results_equal());
}

}  // namespace
}  // namespace ebpf::benchmarks
