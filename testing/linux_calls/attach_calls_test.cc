// SPDX-License-Identifier: MIT
//
// BPF_PROG_ATTACH, _DETACH and _QUERY and links to groups of tasks compared
// with Linux. Where the host has no cgroup2 mounted, or lets nobody make a
// group, they are not compared.
#include <cstdio>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::ProgAttachAttr;
using linux_abi::ProgQueryAttr;

constexpr uint32_t kDeviceProgram = 15;
constexpr uint32_t kDevice = 6;
constexpr uint32_t kMulti = linux_abi::kAttachAllowMulti;
constexpr uint32_t kOverride = linux_abi::kAttachAllowOverride;
constexpr uint32_t kReplace = linux_abi::kAttachReplace;
constexpr uint32_t kFirstUnknownType = 57;  // of 6.12

/// A kernel with groups 1, 12 and 2, and programs for them.
struct Groups {
  Groups(Kernel& k, Record& r) : kernel(k), record(r) {
    for (int i = 0; i < 3; ++i) {
      programs[i] = record.Fd("program", Load(kDeviceProgram, kDevice, i & 1));
    }
    socket_filter = record.Fd("filter", Load(kSocketFilter, 0, 0));
    group = kernel.Cgroup(1);
    below = kernel.Cgroup(12);
    other = kernel.Cgroup(2);
  }
  ~Groups() {
    for (const int64_t fd : programs) {
      kernel.Close(fd);
    }
    kernel.Close(socket_filter);
  }

  int64_t Load(uint32_t type, uint32_t attach_type, int32_t result) {
    linux_abi::ProgLoadAttr attr = kernel.Program(type, Returning(result));
    attr.expected_attach_type = attach_type;
    return kernel.Call(linux_abi::kProgLoad, attr);
  }
  int64_t Attach(const std::string& step, int64_t to, int64_t program,
                 uint32_t flags = 0, int64_t replaced = 0,
                 const std::string& excuse = "") {
    ProgAttachAttr attr{};
    attr.target_fd = static_cast<uint32_t>(to);
    attr.attach_bpf_fd = static_cast<uint32_t>(program);
    attr.attach_type = kDevice;
    attr.attach_flags = flags;
    attr.replace_bpf_fd = static_cast<uint32_t>(replaced);
    return record.Value("attach " + step,
                        kernel.Call(linux_abi::kProgAttach, attr), excuse);
  }
  void Detach(const std::string& step, int64_t from, int64_t program) {
    ProgAttachAttr attr{};
    attr.target_fd = static_cast<uint32_t>(from);
    attr.attach_bpf_fd = static_cast<uint32_t>(program);
    attr.attach_type = kDevice;
    record.Value("detach " + step, kernel.Call(linux_abi::kProgDetach, attr));
  }
  /// Which of the programs are there, in order, and all that is told.
  void Query(const std::string& step, int64_t of, uint32_t query_flags = 0,
             uint32_t room = 8, bool wants_flags = false) {
    const std::string name = "query " + step;
    ProgQueryAttr attr{};
    attr.target_fd = static_cast<uint32_t>(of);
    attr.attach_type = kDevice;
    attr.query_flags = query_flags;
    attr.attach_flags = 0x55;
    attr.prog_ids = kernel.Put(std::vector<uint32_t>(16, 0).data(), 64);
    attr.prog_cnt = room;
    attr.prog_attach_flags =
        wants_flags ? kernel.Put(std::vector<uint32_t>(16, 77).data(), 64) : 0;
    const uint64_t at = kernel.Put(attr);
    record.Value(name, kernel.Bpf(linux_abi::kProgQuery, at, sizeof(attr)));
    const auto told = kernel.Get<ProgQueryAttr>(at);
    record.Value(name + ": flags", told.attach_flags);
    record.Value(name + ": count", told.prog_cnt);
    for (uint32_t i = 0; i < 8; ++i) {
      record.Value(name + ": program " + std::to_string(i),
                   IndexOf(kernel.Get<uint32_t>(attr.prog_ids + 4 * i)));
      if (wants_flags) {
        record.Value(name + ": its flags",
                     kernel.Get<uint32_t>(attr.prog_attach_flags + 4 * i));
      }
    }
  }
  int64_t IndexOf(uint32_t id) {
    for (int i = 0; id != 0 && i < 3; ++i) {
      const uint64_t info = kernel.Put(nullptr, 256);
      const uint64_t attr = kernel.Put(linux_abi::ObjectInfoAttr{
          static_cast<uint32_t>(programs[i]), 232, info});
      kernel.Bpf(linux_abi::kObjGetInfoByFd, attr, 16);
      if (kernel.Get<linux_abi::ProgramInfo>(info).id == id) {
        return i;
      }
    }
    return id == 0 ? -1 : -2;
  }
  int64_t Link(const std::string& step, int64_t to, int64_t program,
               uint32_t flags = 0) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.target_fd = static_cast<uint32_t>(to);
    attr.attach_type = kDevice;
    attr.flags = flags;
    return record.Fd("link " + step, kernel.Call(linux_abi::kLinkCreate, attr));
  }

  Kernel& kernel;
  Record& record;
  int64_t programs[3];
  int64_t socket_filter;
  int64_t group, below, other;
};

/// Compares where the host has groups.
void CompareGroups(const std::function<void(Groups&)>& scenario) {
  std::string reason;
  if (const auto host = HostKernel(reason);
      host != nullptr && host->Cgroup(1) < 0) {
    fprintf(stderr, "NOT COMPARED WITH LINUX: it has no group to attach to\n");
    GTEST_SKIP();
  }
  Compare([&scenario](Kernel& kernel, Record& record) {
    Groups groups(kernel, record);
    scenario(groups);
  });
}

TEST(AttachCallsTest, OneProgramOnAWay) {
  CompareGroups([](Groups& g) {
    g.Query("of none", g.group);
    g.Attach("first", g.group, g.programs[0]);
    g.Query("of one", g.group, 0, 8, true);
    g.Attach("below", g.below, g.programs[1]);
    g.Attach("below, many", g.below, g.programs[1], kMulti);
    g.Attach("below, override", g.below, g.programs[1], kOverride);
    g.Attach("with other flags", g.group, g.programs[1], kMulti);
    g.Attach("in its place", g.group, g.programs[1]);
    g.Attach("itself", g.group, g.programs[1]);
    g.Query("of the second", g.group);
    g.Query("below, effective", g.below, 1);
    g.Attach("beside", g.other, g.programs[0]);
    g.Detach("another", g.group, g.programs[0]);
    g.Detach("again", g.group, g.programs[1]);
    g.Attach("below now", g.below, g.programs[1]);
    g.Attach("above", g.group, g.programs[1]);
    g.Query("below, effective, both", g.below, 1);
    g.Detach("by no descriptor", g.below, -1);
    g.Detach("by a filter", g.group, g.socket_filter);
  });
}

TEST(AttachCallsTest, ProgramsThatMayBeOverridden) {
  CompareGroups([](Groups& g) {
    g.Attach("above", g.group, g.programs[0], kOverride);
    g.Attach("below", g.below, g.programs[1], kOverride);
    g.Query("below", g.below, 0, 8, true);
    g.Query("below, effective", g.below, 1);
    g.Attach("another below", g.below, g.programs[2], kOverride);
    g.Attach("without flags", g.below, g.programs[2]);
    g.Attach("both", g.below, g.programs[2], kOverride | kMulti);
    g.Query("below, effective, again", g.below, 1);
    g.Detach("below", g.below, g.programs[2]);
    g.Attach("below, many", g.below, g.programs[1], kMulti);
    g.Attach("below, many more", g.below, g.programs[2], kMulti);
    g.Query("below, mixed", g.below, 1);
  });
}

TEST(AttachCallsTest, ManyPrograms) {
  CompareGroups([](Groups& g) {
    for (int i = 0; i < 3; ++i) {
      g.Attach("one of many", g.group, g.programs[i], kMulti);
      g.Attach("twice", g.group, g.programs[i], kMulti);
    }
    g.Attach("below", g.below, g.programs[1], kMulti);
    g.Attach("below, override", g.below, g.programs[0], kOverride);
    g.Query("all", g.group, 0, 8, true);
    for (const uint32_t room : {0u, 1u, 2u, 3u}) {
      g.Query("room for " + std::to_string(room), g.group, 0, room);
      g.Query("room for " + std::to_string(room) + ", effective", g.below, 1,
              room);
    }
    g.Query("effective with flags", g.below, 1, 8, true);
    g.Detach("the middle one", g.group, g.programs[1]);
    g.Query("of two", g.group);
    g.Attach("at the end", g.group, g.programs[1], kMulti);
    g.Query("in another order", g.group);
    g.Detach("none", g.group, -1);
    g.Detach("a filter", g.group, g.socket_filter);
    g.Detach("what is not there", g.below, g.programs[2]);
  });
}

TEST(AttachCallsTest, ProgramsInThePlaceOfOthers) {
  CompareGroups([](Groups& g) {
    g.Attach("a", g.group, g.programs[0], kMulti);
    g.Attach("b", g.group, g.programs[1], kMulti);
    g.Attach("c for a", g.group, g.programs[2], kMulti | kReplace,
             g.programs[0]);
    g.Query("c, b", g.group);
    g.Attach("a for a", g.group, g.programs[0], kMulti | kReplace,
             g.programs[0]);
    g.Attach("b for c", g.group, g.programs[1], kMulti | kReplace,
             g.programs[2]);
    g.Attach("b for b", g.group, g.programs[1], kMulti | kReplace,
             g.programs[1]);
    g.Attach("for a filter", g.group, g.programs[0], kMulti | kReplace,
             g.socket_filter);
    g.Attach("for none", g.group, g.programs[0], kMulti | kReplace, -1);
    g.Attach("replace alone", g.group, g.programs[0], kReplace, g.programs[1]);
    g.Attach("replace and override", g.group, g.programs[0],
             kReplace | kOverride, g.programs[1]);
    g.Attach("named without the flag", g.group, g.programs[0], kMulti,
             g.programs[1]);
    g.Query("in the end", g.group);
  });
}

TEST(AttachCallsTest, AsManyAsThereMayBe) {
  CompareGroups([](Groups& g) {
    std::vector<int64_t> fds;
    for (int i = 0; i < 66; ++i) {
      fds.push_back(g.Load(kDeviceProgram, kDevice, 1));
      g.Attach("number " + std::to_string(i), g.group, fds.back(), kMulti);
    }
    g.Attach("one for another", g.group, fds[65], kMulti | kReplace, fds[0]);
    for (const int64_t fd : fds) {
      g.kernel.Close(fd);
    }
  });
}

TEST(AttachCallsTest, LinksToGroups) {
  CompareGroups([](Groups& g) {
    const int64_t first = g.Link("first", g.group, g.programs[0]);
    const int64_t second = g.Link("the same", g.group, g.programs[0]);
    g.Attach("beside links", g.group, g.programs[0], kMulti);
    g.Attach("in a link's place", g.group, g.programs[1], kMulti | kReplace,
             g.programs[1]);
    g.Query("with links", g.group, 0, 8, true);
    g.Attach("alone", g.group, g.programs[1]);
    g.Link("with flags", g.group, g.programs[1], 1);
    g.Link("of a filter", g.group, g.socket_filter);
    g.Link("to nothing", -1, g.programs[1]);
    g.Link("to a program", g.programs[1], g.programs[1]);
    for (const auto& [name, program, flags, old] :
         {std::tuple<const char*, int64_t, uint32_t, int64_t>{
              "wrong old", g.programs[1], 4, g.programs[2]},
          {"right old", g.programs[1], 4, g.programs[0]},
          {"a filter", g.socket_filter, 0, 0},
          {"none", -1, 0, 0},
          {"another", g.programs[2], 0, 0}}) {
      g.record.Value(std::string("update: ") + name,
                     g.kernel.Call(linux_abi::kLinkUpdate,
                                   linux_abi::LinkUpdateAttr{
                                       static_cast<uint32_t>(first),
                                       static_cast<uint32_t>(program), flags,
                                       static_cast<uint32_t>(old)}));
    }
    g.Query("updated", g.group);
    for (int i = 0; i < 2; ++i) {
      g.record.Value("detach a link",
                     g.kernel.Call(linux_abi::kLinkDetach,
                                   linux_abi::LinkDetachAttr{
                                       static_cast<uint32_t>(first)}));
    }
    g.record.Value(
        "update what is detached",
        g.kernel.Call(linux_abi::kLinkUpdate,
                      linux_abi::LinkUpdateAttr{
                          static_cast<uint32_t>(first),
                          static_cast<uint32_t>(g.programs[0]), 0, 0}));
    g.Query("one link left", g.group);
    g.kernel.Close(second);
    g.kernel.Close(first);
    g.Query("no link", g.group);
    g.Detach("the last", g.group, g.programs[0]);
    g.Attach("alone now", g.group, g.programs[1]);
    g.Link("beside one alone", g.group, g.programs[0]);
    g.Link("below one alone", g.below, g.programs[0]);
  });
}

/// Types for which the target is a map of sockets, or a network namespace.
bool WantsOwnDescriptor(uint32_t type) {
  return type == 4 || type == 5 || type == 7 || type == 17 || type == 36 ||
         type == 38;
}

/// Types whose target is the number of a device.
bool WantsDevice(uint32_t type) {
  return type == 46 || type == 47 || type == 54 || type == 55;
}

/// Why the host's answer on a target need not be ours, or nothing.
std::string TargetExcuse(uint32_t type, bool is_group) {
  return is_group && WantsOwnDescriptor(type)
             ? "a group's descriptor is the port's"
         : type >= kFirstUnknownType && type < 60 ? "younger than 6.12"
                                                  : "";
}

/// Attaches, detaches and queries on one target.
void TryType(Groups& g, uint32_t type, uint32_t flags, const std::string& to,
             uint32_t fd) {
  const std::string with_flags = " flags " + std::to_string(flags);
  const std::string excuse =
      TargetExcuse(type, fd == static_cast<uint32_t>(g.group));
  const bool orders = flags >= 8 && flags <= 64 && type != 46 && type != 47;
  const std::string order_excuse =
      excuse.empty() && orders ? "6.17 orders programs of groups" : excuse;
  for (const auto& [what, program] :
       {std::pair<const char*, int64_t>{"device", g.programs[0]},
        {"filter", g.socket_filter},
        {"nothing", -1}}) {
    const std::string step =
        std::to_string(type) + " of " + what + " to " + to + with_flags;
    ProgAttachAttr attr{};
    attr.target_fd = fd;
    attr.attach_bpf_fd = static_cast<uint32_t>(program);
    attr.attach_type = type;
    attr.attach_flags = flags;
    g.record.Value("attach " + step,
                   g.kernel.Call(linux_abi::kProgAttach, attr), order_excuse);
    g.record.Value("detach " + step,
                   g.kernel.Call(linux_abi::kProgDetach, attr), order_excuse);
  }
  ProgQueryAttr query{};
  query.target_fd = fd;
  query.attach_type = type;
  query.query_flags = flags;
  g.record.Value("query " + std::to_string(type) + " of " + to + with_flags,
                 g.kernel.Call(linux_abi::kProgQuery, query), excuse);
}

TEST(AttachCallsTest, EveryTypeOfAttachment) {
  CompareGroups([](Groups& g) {
    // A number that no device has, and no descriptor.
    constexpr uint32_t kNobody = 0x7ffffffe;
    const int64_t map = g.kernel.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1);
    for (uint32_t type = 0; type < kFirstUnknownType + 8; ++type) {
      for (const uint32_t flags :
           {0u, 1u, 2u, 4u, 8u, 16u, 32u, 64u, 1u << 31}) {
        for (const auto& [to, fd] :
             {std::pair<const char*, int64_t>{"group", g.group},
              {"nobody", kNobody},
              {"map", map}}) {
          // A descriptor may be the number of a device that is there.
          if (!WantsDevice(type) || fd == kNobody) {
            TryType(g, type, flags, to, static_cast<uint32_t>(fd));
          }
        }
      }
    }
    g.kernel.Close(map);
  });
}

/// Types of attachment whose programs are here and whose hooks are not: what
/// succeeds there is refused here.
std::string HookExcuse(int64_t host_may_attach) {
  return host_may_attach != 0 ? "nobody would call it here" : "";
}

TEST(AttachCallsTest, ProgramsWhoseHooksAreNotHere) {
  CompareGroups([](Groups& g) {
    for (const auto& [type, attach_type] : {std::pair<uint32_t, uint32_t>{8, 0},
                                            {8, 1},
                                            {9, 2},
                                            {9, 12},
                                            {13, 3},
                                            {18, 8},
                                            {18, 11},
                                            {18, 19},
                                            {23, 18},
                                            {25, 21},
                                            {9, 34},
                                            {18, 29},
                                            {30, 36},
                                            {14, 4},
                                            {16, 7},
                                            {22, 17}}) {
      const int64_t program = g.Load(type, attach_type, 1);
      for (const auto& [to, fd] :
           {std::pair<const char*, int64_t>{"group", g.group},
            {"nobody", 0x7ffffffe}}) {
        const std::string step =
            std::to_string(attach_type) + " to " + std::string(to);
        const bool attaches = fd == g.group && type != 30 && type != 22;
        ProgAttachAttr attr{};
        attr.target_fd = static_cast<uint32_t>(fd);
        attr.attach_bpf_fd = static_cast<uint32_t>(program);
        attr.attach_type = attach_type;
        g.record.Value("attach " + step,
                       g.kernel.Call(linux_abi::kProgAttach, attr),
                       HookExcuse(attaches));
        g.record.Value("detach " + step,
                       g.kernel.Call(linux_abi::kProgDetach, attr),
                       HookExcuse(attaches));
      }
      // Loaded for something else.
      ProgAttachAttr attr{};
      attr.target_fd = static_cast<uint32_t>(g.group);
      attr.attach_bpf_fd = static_cast<uint32_t>(program);
      attr.attach_type = 20;
      g.record.Value("attach as 20",
                     g.kernel.Call(linux_abi::kProgAttach, attr));
      g.kernel.Close(program);
    }
  });
}

TEST(AttachCallsTest, SizesAndRights) {
  CompareGroups([](Groups& g) {
    for (uint32_t size = 8; size <= 152; size += 4) {
      std::vector<uint32_t> words(38);
      words[0] = static_cast<uint32_t>(g.group);
      words[1] = static_cast<uint32_t>(g.programs[0]);
      words[2] = kDevice;
      const uint64_t at = g.kernel.Put(words.data(), 152);
      g.record.Value("attach, size " + std::to_string(size),
                     g.kernel.Bpf(linux_abi::kProgAttach, at, size));
      g.record.Value("detach, size " + std::to_string(size),
                     g.kernel.Bpf(linux_abi::kProgDetach, at, size));
      words[1] = kDevice;
      words[2] = 0;
      g.record.Value("query, size " + std::to_string(size),
                     g.kernel.Bpf(linux_abi::kProgQuery,
                                  g.kernel.Put(words.data(), 152), size));
    }
    for (uint32_t word = 0; word < 38; ++word) {
      std::vector<uint32_t> words(38);
      words[0] = static_cast<uint32_t>(g.group);
      words[1] = static_cast<uint32_t>(g.programs[0]);
      words[2] = kDevice;
      words[word] = 0x40000000;
      const std::string name = ", word " + std::to_string(word);
      const uint64_t at = g.kernel.Put(words.data(), 152);
      const char* const orders =
          word >= 5 && word <= 7 ? "6.17 orders programs of groups" : "";
      g.record.Value("attach" + name,
                     g.kernel.Bpf(linux_abi::kProgAttach, at, 152), orders);
      g.record.Value("detach" + name,
                     g.kernel.Bpf(linux_abi::kProgDetach, at, 152), orders);
      words.assign(38, 0);
      words[0] = static_cast<uint32_t>(g.group);
      words[1] = kDevice;
      words[word] = 0x40000000;
      g.record.Value("query" + name,
                     g.kernel.Bpf(linux_abi::kProgQuery,
                                  g.kernel.Put(words.data(), 152), 152));
    }
    constexpr uint64_t kNetAdmin = uint64_t{1} << 12;
    constexpr uint64_t kBpf = uint64_t{1} << 39;
    for (const uint64_t rights : {uint64_t{0}, kNetAdmin, kBpf}) {
      g.kernel.SetRights(rights);
      const std::string step = "rights " + std::to_string(rights);
      g.Attach(step, g.group, g.programs[0]);
      g.Query(step, g.group);
      g.Query(step + ", unknown flag", g.group, 2);
      g.Detach(step, g.group, g.programs[0]);
      g.Attach(step + ", bad flag", g.group, g.programs[0], 1u << 30);
      const int64_t link = g.Link(step, g.group, g.programs[0]);
      if (link > 0) {
        g.kernel.Close(link);
      }
      g.kernel.SetRights(~uint64_t{0});
    }
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
