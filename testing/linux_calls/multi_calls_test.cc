// SPDX-License-Identifier: MIT
//
// LINK_CREATE of programs for kernel functions compared with Linux: which
// programs may be attached as what. A host without fprobe (as ours is) says
// EOPNOTSUPP to all that it would look at more closely.
#include <cstring>
#include <string>
#include <vector>

#include "core/linux_abi/bpf_objects.h"
#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

constexpr uint32_t kPerfEvent = 41;
constexpr uint32_t kMulti = 42;
constexpr uint32_t kSession = 56;

bool IsForFunctions(uint32_t type) {
  return type == kMulti || type == kSession;
}

/// Whether a program that was loaded for one is looked at as the other.
bool IsLookedAt(uint32_t loaded_for, uint32_t attach_type) {
  return IsForFunctions(attach_type) &&
         (loaded_for == attach_type || !IsForFunctions(loaded_for));
}

struct Wanted {
  const char* name;
  linux_abi::KprobesToLink functions;
};

TEST(MultiCallsTest, ProgramsAreAttachedAsWhatTheyWereLoadedFor) {
  Compare([](Kernel& kernel, Record& record) {
    const uint64_t words = kernel.Put(std::vector<uint64_t>(4, 1).data(), 32);
    const Wanted kWanted[] = {
        {"nothing", {}},
        {"addresses", {0, 1, 0, words, 0}},
        {"both", {0, 1, words, words, 0}},
        {"too many", {0, (1u << 20) + 1, 0, words, 0}},
        {"flags", {2, 1, 0, words, 0}},
    };
    for (const uint32_t loaded_for : {0u, kMulti, kSession}) {
      const std::string program_name = std::to_string(loaded_for);
      linux_abi::ProgLoadAttr load = kernel.Program(kKprobe, Returning(0));
      load.expected_attach_type = loaded_for;
      const int64_t program =
          record.Fd("program for " + program_name,
                    kernel.Call(linux_abi::kProgLoad, load));
      for (const uint32_t attach_type :
           {0u, 7u, kPerfEvent, kMulti, 48u, kSession, 57u, 1000u}) {
        for (const Wanted& wanted : kWanted) {
          linux_abi::LinkCreateAttr attr{};
          attr.prog_fd = static_cast<uint32_t>(program);
          attr.target_fd = 500;
          attr.attach_type = attach_type;
          memcpy(attr.details, &wanted.functions, sizeof(wanted.functions));
          const std::string excuse = IsLookedAt(loaded_for, attach_type)
                                         ? "the host has no fprobe"
                                         : "";
          record.Fd("link " + program_name + " as " +
                        std::to_string(attach_type) + " to " + wanted.name,
                    kernel.Call(linux_abi::kLinkCreate, attr), excuse);
        }
      }
      kernel.Close(program);
    }
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
