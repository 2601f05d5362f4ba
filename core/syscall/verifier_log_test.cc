// SPDX-License-Identifier: MIT
//
// The verifier's log as an ABI: what clients look for in it, and where.
#include "core/linux_abi/bpf.h"
#include "core/verifier/log.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::ProgLoadAttr;

constexpr uint32_t kLogSize = 1 << 16;
/// What libbpf and cilium/ebpf put where a CO-RE relocation failed.
constexpr int32_t kPoisonedCall = 195896080;
constexpr int32_t kPoisonedImmediate = 0xbad2310;

class VerifierLogTest : public SyscallTest {
 protected:
  struct Loaded {
    int64_t result;
    std::string log;
    uint32_t true_size;
  };

  Loaded Load(const std::vector<isa::Insn>& insns, uint32_t level,
              uint32_t size = kLogSize, uint32_t type = kSocketFilter) {
    ProgLoadAttr attr = caller_.Program(type, insns);
    attr.log_level = level;
    if (size != 0) {
      attr.log_size = size;
      attr.log_buf = caller_.Put(nullptr, size);
    }
    const uint64_t at = caller_.Put(attr);
    const int64_t result =
        caller_.BpfAt(linux_abi::kProgLoad, at, sizeof(attr));
    const std::string log =
        size != 0 ? static_cast<const char*>(caller_.At(attr.log_buf)) : "";
    return {result, log, caller_.Get<ProgLoadAttr>(at).log_true_size};
  }

  static std::vector<std::string> LinesOf(const std::string& log) {
    std::vector<std::string> lines;
    for (size_t at = 0; at < log.size();) {
      const size_t end = log.find('\n', at);
      lines.push_back(log.substr(at, end - at));
      at = end == std::string::npos ? log.size() : end + 1;
    }
    return lines;
  }

  /// A refused program whose log has about a thousand bytes.
  static std::vector<isa::Insn> Rejected() {
    std::vector<isa::Insn> insns;
    for (int32_t i = 0; i < 7; ++i) {
      insns.push_back(MovImm(0, i));
    }
    insns.push_back(MovReg(0, 3));
    insns.push_back(Exit());
    return insns;
  }
};

INSTANTIATE_TEST_SUITE_P(, VerifierLogTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

// bpftrace, veristat and cilium/ebpf.
TEST_P(VerifierLogTest, TheLastLineCountsWhatWasProcessed) {
  for (const auto& insns : {Returning(0), Rejected()}) {
    for (uint32_t level : {1u, 2u, 3u, 4u, 7u}) {
      const Loaded loaded = Load(insns, level);
      const std::vector<std::string> lines = LinesOf(loaded.log);
      ASSERT_FALSE(lines.empty());
      unsigned counts[6];
      ASSERT_EQ(sscanf(lines.back().c_str(),
                       "processed %u insns (limit %u) max_states_per_insn %u "
                       "total_states %u peak_states %u mark_read %u",
                       &counts[0], &counts[1], &counts[2], &counts[3],
                       &counts[4], &counts[5]),
                6)
          << loaded.log;
      EXPECT_EQ(counts[1], 1000000u);
      EXPECT_EQ(loaded.log.back(), '\n');
    }
  }
}

// veristat reads both.
TEST_P(VerifierLogTest, StatisticsHaveTheirLines) {
  const std::vector<std::string> lines = LinesOf(Load(Returning(0), 4).log);
  ASSERT_EQ(lines.size(), 3u);
  unsigned number;
  EXPECT_EQ(sscanf(lines[0].c_str(), "verification time %u usec", &number), 1);
  EXPECT_EQ(sscanf(lines[1].c_str(), "stack depth %u", &number), 1);
}

// libbpf looks at the last ten lines, and at the instruction before the cause.
TEST_P(VerifierLogTest, LibbpfFindsAFailedRelocation) {
  const std::vector<std::string> lines =
      LinesOf(Load({MovImm(1, 0), CallHelper(kPoisonedCall), Exit()}, 1).log);
  const size_t first = lines.size() - std::min<size_t>(lines.size(), 10);
  size_t found = 0;
  for (size_t i = lines.size(); i-- > first && found == 0;) {
    found = lines[i] == "invalid func unknown#195896080" ? i : 0;
  }
  ASSERT_NE(found, 0u);
  int insn = -1;
  EXPECT_EQ(sscanf(lines[found - 1].c_str(), "%d: (%*d) call unknown#195896080",
                   &insn),
            1)
      << lines[found - 1];
  EXPECT_EQ(insn, 1);
}

// cilium/ebpf looks at the last 256 bytes.
TEST_P(VerifierLogTest, CiliumFindsAFailedRelocation) {
  const auto tail = [](const std::string& log) {
    return log.substr(log.size() - std::min<size_t>(log.size(), 256));
  };
  EXPECT_NE(tail(Load({CallHelper(kPoisonedCall), Exit()}, 1).log)
                .find("invalid func unknown#195896080\n"),
            std::string::npos);
  EXPECT_NE(tail(Load({LoadLow(10, 0, kPoisonedImmediate), LoadHigh(0),
                       MovImm(0, 0), Exit()},
                      1)
                     .log)
                .find("(18) r10 = 0xbad2310\n"),
            std::string::npos);
}

// Its errors show the line before the last one, if nothing else is known.
TEST_P(VerifierLogTest, TheCauseStandsBeforeTheLastLine) {
  const Loaded loaded = Load(Rejected(), 1);
  const std::vector<std::string> lines = LinesOf(loaded.log);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines[lines.size() - 2], "R3 !read_ok");
  // And before the block for people, as in Linux 7.3.
  EXPECT_NE(loaded.log.find("7: (bf) r0 = r3\nR3 !read_ok\n\n"
                            "Verification failed: "),
            std::string::npos)
      << loaded.log;
}

// libbpf_probe_bpf_helper, bpftool, Aya and cilium/ebpf probe helpers so, with
// buffers of 4096 bytes.
TEST_P(VerifierLogTest, ProbesTellHelpersThatAreThereFromOthers) {
  const auto has_none = [](const std::string& log) {
    return log.find("invalid func ") != std::string::npos ||
           log.find("unknown func ") != std::string::npos ||
           log.find("program of this type cannot use helper ") !=
               std::string::npos;
  };
  const auto probe = [&](int32_t helper, uint32_t type) {
    return Load({CallHelper(helper), Exit()}, 1, 4096, type);
  };
  constexpr int32_t kKtimeGetNs = 5;
  constexpr int32_t kMapLookup = 1;
  constexpr int32_t kOverrideReturn = 58;  // not for socket filters
  EXPECT_TRUE(has_none(probe(9999, kSocketFilter).log));
  EXPECT_TRUE(has_none(probe(kOverrideReturn, kSocketFilter).log));
  EXPECT_FALSE(has_none(probe(kKtimeGetNs, kSocketFilter).log));
  // Refused, since its arguments are wrong: but it is there.
  const Loaded lookup = probe(kMapLookup, kKprobe);
  EXPECT_EQ(lookup.result, Minus(Status::kAccess));
  EXPECT_FALSE(has_none(lookup.log)) << lookup.log;
}

// libbpf's probe of arenas.
TEST_P(VerifierLogTest, DirectValuesThatAreOutsideAreNamed) {
  const auto map = static_cast<int32_t>(
      caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1));
  const auto load = [&](int32_t offset) {
    return Load({LoadLow(1, isa::kPseudoMapValue, map), LoadHigh(offset),
                 MovImm(0, 0), Exit()},
                1)
        .log;
  };
  EXPECT_NE(load(8).find("invalid access to map value pointer"),
            std::string::npos);
  EXPECT_NE(load(1 << 30).find("direct value offset of "), std::string::npos);
}

TEST_P(VerifierLogTest, LevelZeroIsSilent) {
  const Loaded loaded = Load(Rejected(), 0, 0);
  EXPECT_EQ(loaded.result, Minus(Status::kAccess));
  EXPECT_EQ(loaded.true_size, 0u);
}

TEST_P(VerifierLogTest, LevelsThatLinuxDoesNotHaveAreInvalid) {
  for (uint32_t level : {16u, 17u, 32u, 0x80000000u}) {
    EXPECT_EQ(Load(Returning(0), level).result, Minus(Status::kInvalid));
  }
}

TEST_P(VerifierLogTest, EveryLengthKeepsTheEndOrTheBeginning) {
  const Loaded whole = Load(Rejected(), 1);
  EXPECT_EQ(whole.result, Minus(Status::kAccess));
  ASSERT_EQ(whole.true_size, whole.log.size() + 1);
  ASSERT_GE(whole.log.size(), 1000u);
  for (uint32_t level : {1u, 1u | verifier::kLogFixed}) {
    for (uint32_t size = 1; size <= whole.true_size + 3; ++size) {
      const Loaded cut = Load(Rejected(), level, size);
      const bool fits = size >= whole.true_size;
      EXPECT_EQ(cut.result, Minus(fits ? Status::kAccess : Status::kNoSpace));
      EXPECT_EQ(cut.true_size, whole.true_size);
      EXPECT_EQ(cut.log, fits         ? whole.log
                         : level == 1 ? whole.log.substr(whole.true_size - size)
                                      : whole.log.substr(0, size - 1));
    }
  }
}

// Aya and cilium/ebpf make a larger buffer and try again.
TEST_P(VerifierLogTest, AClientThatGrowsItsBufferGetsThere) {
  uint32_t size = 16;
  Loaded loaded = Load(Rejected(), 1, size);
  while (loaded.result == Minus(Status::kNoSpace)) {
    size *= 10;
    loaded = Load(Rejected(), 1, size);
  }
  EXPECT_EQ(loaded.result, Minus(Status::kAccess));
  const Loaded exact = Load(Rejected(), 1, loaded.true_size);
  EXPECT_EQ(exact.result, Minus(Status::kAccess));
  EXPECT_EQ(exact.log, loaded.log);
}

}  // namespace
}  // namespace ebpf
