// SPDX-License-Identifier: MIT
//
// The tags of programs, compared with what the host's kernel says of the same.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "core/program/program_tag.h"
#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/kernel.h"
#include "testing/oracle/sha256.h"

namespace ebpf::linux_calls {
namespace {

using Tag = std::vector<uint8_t>;

constexpr uint32_t kObjGetInfoByFd = 15;

/// The beginning of struct bpf_prog_info.
struct ProgInfo {
  uint32_t type;
  uint32_t id;
  uint8_t tag[kTagSize];
};
struct GetInfoAttr {
  uint32_t fd;
  uint32_t info_size;
  uint64_t info;
};

Tag OurTag(const std::vector<isa::Insn>& insns) {
  uint8_t tag[kTagSize];
  ComputeTag(isa::ConstInsns(insns.data(), insns.size()), tag);
  return Tag(tag, tag + kTagSize);
}

/// What TagHash is to SHA-1.
class YoungerHash {
 public:
  void Add(const isa::Insn& insn) {
    sha_.Add(ConstBytes(reinterpret_cast<const uint8_t*>(&insn), sizeof(insn)));
  }
  Tag Finish() {
    uint8_t digest[Sha256::kDigestSize];
    sha_.Finish(digest);
    return Tag(digest, digest + kTagSize);
  }

 private:
  Sha256 sha_;
};

/// The tag as Linux 6.18 makes it of what ours is made of.
Tag YoungerTag(const std::vector<isa::Insn>& insns) {
  YoungerHash hash;
  HashLoaded(isa::ConstInsns(insns.data(), insns.size()), hash);
  return hash.Finish();
}

Tag HostTag(Kernel& host, const std::vector<isa::Insn>& insns) {
  linux_abi::ProgLoadAttr attr = host.Program(kSocketFilter, insns);
  const int64_t fd = host.Call(linux_abi::kProgLoad, attr);
  EXPECT_GE(fd, 0);
  const uint64_t info = host.Put(ProgInfo{});
  const GetInfoAttr get = {static_cast<uint32_t>(fd), sizeof(ProgInfo), info};
  EXPECT_EQ(host.Call(kObjGetInfoByFd, get), 0);
  host.Close(fd);
  const auto answer = host.Get<ProgInfo>(info);
  return Tag(answer.tag, answer.tag + kTagSize);
}

TEST(TagTest, IsTheHosts) {
  std::string reason;
  const std::unique_ptr<Kernel> host = HostKernel(reason);
  if (host == nullptr) {
    GTEST_SKIP() << reason;
  }
  const bool is_younger = HostTag(*host, Returning(0)) != OurTag(Returning(0));
  std::printf("the host's tags are by SHA-%s\n", is_younger ? "256" : "1");
  const auto map =
      static_cast<int32_t>(host->CreateMap(linux_abi::kMapTypeArray, 4, 8, 1));
  for (int32_t length = 1; length <= 40; ++length) {
    std::vector<isa::Insn> insns = {LoadLow(1, isa::kPseudoMapFd, map),
                                    LoadHigh(0),
                                    LoadLow(2, isa::kPseudoMapValue, map),
                                    LoadHigh(4),
                                    LoadLow(3, 0, length),
                                    LoadHigh(-length)};
    for (int32_t i = 0; i < length; ++i) {
      insns.push_back(MovImm(0, i * 1234567));
    }
    insns.push_back(Exit());
    EXPECT_EQ(HostTag(*host, insns),
              is_younger ? YoungerTag(insns) : OurTag(insns))
        << length;
  }
  host->Close(map);
}

}  // namespace
}  // namespace ebpf::linux_calls
