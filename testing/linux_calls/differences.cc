// SPDX-License-Identifier: MIT
//
// testing/linux_calls/differences.h's table: one row for each class.
#include "testing/linux_calls/differences.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace ebpf::linux_calls {
namespace {

struct Class {
  const char* name;
  const char* reason;
  bool (*applies)(const Difference& difference);
};

bool Mentions(const Difference& difference, const char* text) {
  return difference.about.find(text) != std::string::npos;
}

uint32_t NumberBehind(const Difference& difference, const char* word) {
  const size_t at = difference.about.rfind(word);
  return at == std::string::npos
             ? 0
             : static_cast<uint32_t>(std::strtoul(
                   difference.about.c_str() + at + strlen(word), nullptr, 10));
}

const Class kClasses[] = {
    {"younger attribute",
     "6.18's union bpf_attr is larger than 6.12's: where that would be bytes "
     "that nobody knows (E2BIG) another error comes first, or they are not "
     "this command's",
     [](const Difference& d) {
       return d.ours == -E2BIG && NumberBehind(d, " size ") > 152;
     }},
    {"node -1 of per-CPU maps",
     "BPF_F_NUMA_NODE with NUMA_NO_NODE, which Linux takes for per-CPU maps as "
     "if the flag were not there; any other node it refuses, as ours does all",
     [](const Difference& d) {
       return d.command == "MAP_CREATE" && d.ours == -EINVAL && d.host == 0 &&
              (Mentions(d, "type 5 ") || Mentions(d, "type 6 ") ||
               Mentions(d, "type 10 ")) &&
              (NumberBehind(d, " flags ") & 4) != 0;
     }},
    {"live frames",
     "BPF_F_TEST_XDP_LIVE_FRAMES sends packets through a device: there is none",
     [](const Difference& d) {
       return d.command == "PROG_TEST_RUN" && d.ours == -EOPNOTSUPP &&
              NumberBehind(d, " flags ") == 2;
     }},
    {"checksums of whole packets",
     "BPF_F_TEST_SKB_CHECKSUM_COMPLETE: packets of test runs have none here",
     [](const Difference& d) {
       return d.command == "PROG_TEST_RUN" && d.ours == -EINVAL &&
              NumberBehind(d, " flags ") == 4;
     }},
    {"maps while programs wait",
     "sleepable programs may use maps here whose values stay while they wait",
     [](const Difference& d) {
       return d.command == "PROG_LOAD" && d.ours == -EINVAL && d.host == 0 &&
              (NumberBehind(d, " prog flags ") & 16) != 0 &&
              Mentions(d, " looks into ");
     }},
    {"kinds that are not here",
     "devices, sockets, local storage, arenas and struct_ops come later: "
     "EINVAL",
     [](const Difference& d) {
       return d.command == "MAP_CREATE" && d.ours == -EINVAL &&
              (Mentions(d, "type 14 ") || Mentions(d, "type 15 ") ||
               Mentions(d, "type 19 ") || Mentions(d, "type 25 ") ||
               Mentions(d, "type 26 "));
     }},
};

}  // namespace

std::string TextOf(const Difference& difference) {
  const auto answer = [](int64_t number) {
    return number < 0
               ? std::string(strerrorname_np(static_cast<int>(-number))
                                 ? strerrorname_np(static_cast<int>(-number))
                                 : std::to_string(number).c_str())
               : std::to_string(number);
  };
  return difference.command + " " + difference.about + ": ours " +
         answer(difference.ours) + ", the host's " + answer(difference.host);
}

const char* ExcuseFor(const Difference& difference) {
  for (const Class& one : kClasses) {
    if (one.applies(difference)) {
      return one.name;
    }
  }
  return nullptr;
}

const char* ReasonOf(const std::string& excuse) {
  for (const Class& one : kClasses) {
    if (excuse == one.name) {
      return one.reason;
    }
  }
  return "";
}

}  // namespace ebpf::linux_calls
