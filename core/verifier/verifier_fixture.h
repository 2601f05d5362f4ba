// SPDX-License-Identifier: MIT
//
// The verifier as tests call it: with maps of each kind, and the log as text.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/sync/read_section.h"
#include "core/verifier/program_builder.h"
#include "core/verifier/test_maps.h"
#include "core/verifier/verifier.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/oracle/host_verifier.h"

namespace ebpf::verifier {

/// pt_regs of x86-64.
inline constexpr uint32_t kContextSize = 168;

struct Verdict {
  Status status;
  std::string log;
  Stats stats;
  std::vector<InsnFacts> facts;
};

/// What a case is, besides what our verifier says of it.
enum class OnLinux {
  kSame,       // Linux says the same, and if it refuses with the same text
  kOtherText,  // Linux refuses, too, for a reason that it words differently
  kAccepts,    // Linux accepts: README.md tells why we do not
  kRefuses,    // Linux refuses: it knows less of the program than we do
};

/// Judges programs. Where the environment has EBPF_ORACLE=1 each one goes to
/// the host's kernel as well, which must say what the case claims.
class VerifierTest : public ::testing::Test {
 protected:
  VerifierTest() {
    SetHostCpuCount(2);
    EXPECT_TRUE(InitReadSections());
    maps_ = std::make_unique<TestMaps>();
    options_.type = FindProgramType(2);
    options_.context_size = kContextSize;
    options_.gpl_compatible = true;
    const char* oracle = std::getenv("EBPF_ORACLE");
    if (oracle != nullptr && *oracle == '1') {
      host_ = std::make_unique<oracle::HostVerifier>(maps_->span());
    }
  }
  void SetUp() override {
    if (host_ != nullptr && !host_->usable()) {
      GTEST_SKIP() << "no bpf(2) here: " << host_->reason();
    }
  }
  ~VerifierTest() override {
    maps_.reset();
    ExitReadSections();
  }

  Verdict Judge(const Code& code, uint32_t level = kLogPath) {
    std::vector<char> buffer(1 << 20);
    Log log(level, buffer.data(), buffer.size());
    Verdict verdict{};
    verdict.facts.resize(code.size());
    FailingAllocator allocator;
    verdict.status =
        Verify(isa::ConstInsns(code.data(), code.size()), maps_->span(),
               options_, allocator, log,
               Span<InsnFacts>(verdict.facts.data(), verdict.facts.size()),
               verdict.stats);
    EXPECT_EQ(allocator.outstanding_blocks(), 0u);
    const StringView text = log.writer().text();
    verdict.log = std::string(text.data(), text.size());
    return verdict;
  }

  void Accepts(const Code& code, OnLinux on_linux = OnLinux::kSame) {
    const Verdict verdict = Judge(code);
    EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
    if (host_ != nullptr) {
      const auto host = JudgeOnHost(code);
      EXPECT_EQ(host.error == 0, on_linux == OnLinux::kSame)
          << "host: " << host.log;
    }
  }
  void Accepts(std::initializer_list<Part> parts,
               OnLinux on_linux = OnLinux::kSame) {
    Accepts(Join(parts), on_linux);
  }

  /// Refused with this errno, and with `text` as a line of the log.
  void Rejects(const Code& code, Status status, const std::string& text,
               OnLinux on_linux = OnLinux::kSame) {
    const Verdict verdict = Judge(code);
    EXPECT_EQ(static_cast<int>(verdict.status), static_cast<int>(status))
        << verdict.log;
    EXPECT_TRUE(HasLine(verdict.log, text)) << "expected: " << text << "\n"
                                            << verdict.log;
    if (host_ == nullptr) {
      return;
    }
    const auto host = JudgeOnHost(code);
    EXPECT_EQ(host.error != 0, on_linux != OnLinux::kAccepts) << "accepted";
    if (on_linux == OnLinux::kSame) {
      EXPECT_EQ(host.error, static_cast<int>(status));
      EXPECT_TRUE(HasLine(host.log, text))
          << "expected: " << text << "\nhost: " << host.log;
    }
  }
  void Rejects(std::initializer_list<Part> parts, Status status,
               const std::string& text, OnLinux on_linux = OnLinux::kSame) {
    Rejects(Join(parts), status, text, on_linux);
  }

  static bool HasLine(const std::string& log, const std::string& line) {
    return ("\n" + log).find("\n" + line + "\n") != std::string::npos;
  }

  oracle::HostVerdict JudgeOnHost(const Code& code) {
    constexpr uint32_t kStrictAlignment = 1;  // BPF_F_STRICT_ALIGNMENT
    return host_->Judge(code, static_cast<uint32_t>(options_.type->id),
                        options_.gpl_compatible, 1, options_.attach_type,
                        options_.strict_alignment ? kStrictAlignment : 0);
  }

  /// From here on programs are of this type (Linux's number) and for this
  /// attach type.
  void SetType(uint32_t type, uint32_t attach_type = 0) {
    options_.type = FindProgramType(type);
    options_.attach_type = attach_type;
    options_.profile = Profile::kLinux;
  }

  std::unique_ptr<TestMaps> maps_;
  Options options_;
  std::unique_ptr<oracle::HostVerifier> host_;
};

}  // namespace ebpf::verifier
