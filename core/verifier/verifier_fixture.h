// SPDX-License-Identifier: MIT
//
// The verifier as tests call it: with maps of each kind, and the log as text.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"
#include "core/sync/read_section.h"
#include "core/verifier/program_builder.h"
#include "core/verifier/verifier.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/oracle/host_verifier.h"

namespace ebpf::verifier {

/// Indices of the fixture's maps.
enum TestMap : int {
  kArray,      // 16 bytes under a 4-byte key
  kHash,       // 48 bytes under an 8-byte key
  kRing,       // 4096 bytes
  kReadOnly,   // kArray, with BPF_F_RDONLY_PROG
  kWriteOnly,  // kArray, with BPF_F_WRONLY_PROG
  kPerCpu,     // 8 bytes under a 4-byte key
  kMapCount
};

// Linux's numbers of helpers.
enum Helper : int {
  kMapLookup = 1,
  kMapUpdate = 2,
  kMapDelete = 3,
  kKtime = 5,
  kTracePrintk = 6,
  kRandom = 7,
  kCpuId = 8,
  kTailCall = 12,
  kComm = 16,
  kProbeRead = 113,
  kProbeReadStr = 115,
  kRingOutput = 130,
  kRingReserve = 131,
  kRingSubmit = 132,
  kRingDiscard = 133,
  kRingQuery = 134,
};

/// pt_regs of x86-64.
inline constexpr uint32_t kContextSize = 168;

struct Verdict {
  Status status;
  std::string log;
  Stats stats;
  std::vector<InsnFacts> facts;
};

/// The maps above, in the order of TestMap.
class TestMaps {
 public:
  TestMaps() {
    Add(MapType::kArray, 4, 16, 1, 0);
    Add(MapType::kHash, 8, 48, 16, 0);
    Add(MapType::kRingBuffer, 0, 0, 4096, 0);
    Add(MapType::kArray, 4, 16, 1, linux_abi::kMapReadOnlyProg);
    Add(MapType::kArray, 4, 16, 1, linux_abi::kMapWriteOnlyProg);
    Add(MapType::kPerCpuArray, 4, 8, 4, 0);
    for (Ref<Map>& map : refs_) {
      pointers_.push_back(map.get());
    }
  }

  Span<Map* const> span() const {
    return Span<Map* const>(pointers_.data(), pointers_.size());
  }

 private:
  void Add(MapType type, uint32_t key_size, uint32_t value_size,
           uint32_t max_entries, uint32_t flags) {
    MapSpec spec;
    spec.type = type;
    spec.key_size = key_size;
    spec.value_size = value_size;
    spec.max_entries = max_entries;
    spec.flags = flags;
    Result<Ref<Map>> map = CreateMap(spec, PortAllocator());
    EXPECT_TRUE(map.ok()) << "errno " << static_cast<int>(map.status());
    if (map.ok()) {
      refs_.push_back(*map);
    }
  }

  std::vector<Ref<Map>> refs_;
  std::vector<Map*> pointers_;
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
      EXPECT_TRUE(host_->usable()) << host_->reason();
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
    return host_->Judge(code, static_cast<uint32_t>(options_.type->id),
                        options_.gpl_compatible);
  }

  std::unique_ptr<TestMaps> maps_;
  Options options_;
  std::unique_ptr<oracle::HostVerifier> host_;
};

// Pieces of programs.

/// r0 = 0; exit
inline Code Return0() { return {MovImm(R0, 0), Exit()}; }

/// r0 = bpf_map_lookup_elem(map, &key), the key zero on the stack.
inline Code Lookup(int map) {
  return Join({StoreImm(kDW, R10, -8, 0), MovReg(R2, R10), AluImm(kAdd, R2, -8),
               LoadMap(R1, map), Call(kMapLookup)});
}
/// The same, and the end of the program if there is none.
inline Code LookupOrExit(int map) {
  return Join({Lookup(map), JumpImm(kJne, R0, 0, 1), Exit()});
}
/// r0 = bpf_ringbuf_reserve(ring, size, 0)
inline Code Reserve(int size) {
  return Join({LoadMap(R1, kRing), MovImm(R2, size), MovImm(R3, 0),
               Call(kRingReserve)});
}
/// bpf_ringbuf_submit or discard of the record in `reg`, flags 0.
inline Code Release(Reg reg, int helper = kRingSubmit) {
  return Join({MovReg(R1, reg), MovImm(R2, 0), Call(helper)});
}

}  // namespace ebpf::verifier
