// SPDX-License-Identifier: MIT
//
// The commands on objects compared with Linux: ids, information, links, bound
// maps, statistics. Pins are not: the host would need a file system of its own.
#include <functional>
#include <string>
#include <vector>

#include "core/linux_abi/bpf_objects.h"
#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::ObjectInfoAttr;
using linux_abi::ProgramInfo;

constexpr uint32_t kPerfEvent = 41;  // BPF_PERF_EVENT
constexpr uint32_t kArray = linux_abi::kMapTypeArray;

/// A map, a program that uses it, and a link of another to a probe.
struct Objects {
  Objects(Kernel& k, Record& record) : kernel(k) {
    map = record.Fd("map", kernel.CreateMap(kArray, 4, 8, 1));
    program = record.Fd(
        "program",
        kernel.Call(linux_abi::kProgLoad,
                    kernel.Program(kSocketFilter,
                                   {LoadLow(1, isa::kPseudoMapFd,
                                            static_cast<int32_t>(map)),
                                    LoadHigh(0), MovImm(0, 0), Exit()})));
    probe_program = record.Fd(
        "probe's program", kernel.Call(linux_abi::kProgLoad,
                                       kernel.Program(kKprobe, Returning(1))));
    event = record.Fd("event", kernel.PerfEventOpen(kernel.Put(kernel.Probe()),
                                                    -1, 0, -1, 8));
    link = record.Fd("link", Link(probe_program, event));
  }
  ~Objects() {
    for (const int64_t fd : {link, event, probe_program, program, map}) {
      kernel.Close(fd);
    }
  }
  int64_t Link(int64_t prog_fd, int64_t target_fd,
               uint32_t attach_type = kPerfEvent, uint32_t flags = 0) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(prog_fd);
    attr.target_fd = static_cast<uint32_t>(target_fd);
    attr.attach_type = attach_type;
    attr.flags = flags;
    return kernel.Call(linux_abi::kLinkCreate, attr);
  }

  Kernel& kernel;
  int64_t map, program, probe_program, event, link;
};

/// A descriptor, and how steps call it: its number may differ.
struct Named {
  const char* name;
  int64_t fd;
};

/// The words of an attribute that both know: the host's is longer.
constexpr uint32_t kWords = linux_abi::kBpfAttrSize / 4;

/// The call with `words` as its attribute, of each size, and with each word
/// spoilt. Not of none: descriptor 0 is open here, and not for ours.
void Vary(Kernel& kernel, Record& record, const std::string& name,
          uint32_t command, std::vector<uint32_t> words,
          uint32_t first_size = 4,
          const std::function<std::string(uint32_t)>& excuse = {}) {
  words.resize(kWords);
  const auto call = [&](const std::string& step, uint32_t size,
                        const std::string& why) {
    const uint64_t at = kernel.Put(words.data(), 4 * words.size());
    const int64_t fd = record.Fd(step, kernel.Bpf(command, at, size), why);
    if (fd > 2) {
      kernel.Close(fd);
    }
  };
  for (uint32_t size = first_size; size <= 4 * kWords; size += 4) {
    call(name + " size " + std::to_string(size), size, "");
  }
  for (uint32_t i = 0; i < kWords; ++i) {
    const uint32_t before = words[i];
    for (const uint32_t value : {0xffffffffu, 0x40000000u}) {
      words[i] = value;
      call(name + " word " + std::to_string(i) + " = " + std::to_string(value),
           4 * kWords, excuse ? excuse(i) : "");
    }
    words[i] = before;
  }
}

TEST(ObjectCallsTest, Ids) {
  Compare([](Kernel& kernel, Record& record) {
    Objects objects(kernel, record);
    for (const uint32_t command :
         {linux_abi::kProgGetNextId, linux_abi::kMapGetNextId,
          linux_abi::kLinkGetNextId}) {
      Vary(kernel, record, "next id by " + std::to_string(command), command,
           {});
    }
    for (const uint32_t command :
         {linux_abi::kProgGetFdById, linux_abi::kMapGetFdById,
          linux_abi::kLinkGetFdById, linux_abi::kBtfGetFdById}) {
      // Since 6.17 rights may come by a token.
      const bool is_btf = command == linux_abi::kBtfGetFdById;
      Vary(kernel, record, "descriptor by " + std::to_string(command), command,
           {0x7ffffffd}, 4, [&](uint32_t word) -> std::string {
             return is_btf && word >= 1 && word <= 3 ? "6.17's token" : "";
           });
    }
    for (const uint32_t flags : {4u, 8u, 16u, 24u, 32u}) {
      record.Fd("map by id, flags " + std::to_string(flags),
                kernel.Call(linux_abi::kMapGetFdById,
                            linux_abi::FdByIdAttr{0x7ffffffd, 0, flags}));
    }
  });
}

TEST(ObjectCallsTest, SizesOfInformation) {
  Compare([](Kernel& kernel, Record& record) {
    Objects objects(kernel, record);
    for (const auto& [name, fd] :
         {Named{"map", objects.map}, Named{"program", objects.program},
          Named{"link", objects.link}, Named{"event", objects.event},
          Named{"none", -1}, Named{"500", 500}}) {
      const bool is_map = fd == objects.map;
      for (uint32_t size :
           {0u,   1u,   4u,   8u,    16u,   17u,   40u,        60u,
            64u,  72u,  80u,  88u,   92u,   104u,  108u,       200u,
            228u, 232u, 236u, 4096u, 4097u, 8192u, 0xffffffffu}) {
        // Since 6.18 a map has a hash.
        const std::string excuse =
            is_map && size > 88 && size <= 4096 ? "6.18's map_info" : "";
        const std::string step = "information of " +
                                 std::to_string(fd < 0 ? -1 : fd) + " size " +
                                 std::to_string(size);
        for (const bool has_tail : {false, true}) {
          const uint64_t to = kernel.Put(nullptr, 8192);
          if (has_tail && size > 4 && size <= 4096 && size > 232) {
            static_cast<char*>(kernel.At(to))[size - 1] = 1;
          }
          const uint64_t at =
              kernel.Put(ObjectInfoAttr{static_cast<uint32_t>(fd), size, to});
          record.Value(step, kernel.Bpf(linux_abi::kObjGetInfoByFd, at, 16));
          record.Value(step + ": the size",
                       kernel.Get<ObjectInfoAttr>(at).info_size, excuse);
        }
        for (const uint64_t nowhere : {uint64_t{0}, kNowhere}) {
          record.Value(step + " nowhere",
                       kernel.Call(linux_abi::kObjGetInfoByFd,
                                   ObjectInfoAttr{static_cast<uint32_t>(fd),
                                                  size, nowhere}));
        }
      }
      Vary(kernel, record, std::string("information of ") + name,
           linux_abi::kObjGetInfoByFd, {static_cast<uint32_t>(fd), 0, 0, 0});
    }
  });
}

/// What programs of two instructions have the same everywhere.
void RecordCounts(Record& record, const std::string& step,
                  const ProgramInfo& info) {
  record.Value(step + ": type", info.type);
  record.Value(step + ": xlated", info.xlated_size);
  record.Value(step + ": maps", info.map_count);
  record.Value(step + ": gpl", info.gpl_compatible);
  record.Value(step + ": symbols", info.jited_symbol_count);
  record.Value(step + ": lengths", info.jited_length_count);
  record.Value(step + ": functions", info.function_info_count);
  record.Value(step + ": function size", info.function_info_size);
  record.Value(step + ": lines", info.line_info_count);
  record.Value(step + ": line size", info.line_info_size);
  record.Value(step + ": jited lines", info.jited_line_info_count);
  record.Value(step + ": jited line size", info.jited_line_info_size);
  record.Value(step + ": tags", info.tag_count);
  record.Value(step + ": run time", static_cast<int64_t>(info.run_time_ns));
  record.Value(step + ": runs", static_cast<int64_t>(info.run_count));
  record.Value(step + ": insns", info.verified_insns);
}

TEST(ObjectCallsTest, EveryFieldOfInformationOnAProgram) {
  Compare([](Kernel& kernel, Record& record) {
    Objects objects(kernel, record);
    const auto get = [&](const std::string& step, const ProgramInfo& info) {
      const uint64_t to = kernel.Put(info);
      const int64_t result = record.Value(
          step,
          kernel.Call(linux_abi::kObjGetInfoByFd,
                      ObjectInfoAttr{static_cast<uint32_t>(objects.program),
                                     sizeof(info), to}));
      RecordCounts(record, step,
                   result == 0 ? kernel.Get<ProgramInfo>(to) : ProgramInfo{});
    };
    get("plain", ProgramInfo{});
    for (uint32_t word = 0; word < sizeof(ProgramInfo) / 4; ++word) {
      for (const uint32_t value : {1u, 8u, 9u, 16u, 1000u, 0xffffffffu}) {
        uint32_t words[sizeof(ProgramInfo) / 4] = {};
        words[word] = value;
        ProgramInfo info;
        memcpy(&info, words, sizeof(info));
        get("word " + std::to_string(word) + " = " + std::to_string(value),
            info);
      }
    }
    // Rooms of each size, with and without a place.
    for (const uint64_t place : {kernel.Put(nullptr, 4096), kNowhere}) {
      for (const uint32_t room : {0u, 1u, 2u, 7u, 16u, 31u, 32u, 33u, 64u}) {
        const std::string step =
            std::string(place == kNowhere ? "nowhere " : "room ") +
            std::to_string(room);
        ProgramInfo info{};
        info.xlated_size = room;
        info.xlated_insns = place;
        get(step + " xlated", info);
        info = ProgramInfo{};
        info.map_count = room;
        info.map_ids = place;
        get(step + " maps", info);
        info = ProgramInfo{};
        info.jited_symbol_count = room;
        info.jited_symbols = place;
        get(step + " symbols", info);
        info = ProgramInfo{};
        info.jited_length_count = room;
        info.jited_lengths = place;
        get(step + " lengths", info);
        info = ProgramInfo{};
        info.tag_count = room;
        info.tags = place;
        get(step + " tags", info);
        info = ProgramInfo{};
        info.function_info_count = room;
        info.function_info_size = 8;
        info.function_info = place;
        get(step + " functions", info);
      }
    }
  });
}

TEST(ObjectCallsTest, BoundMaps) {
  Compare([](Kernel& kernel, Record& record) {
    Objects objects(kernel, record);
    const std::vector<Named> fds = {
        {"map", objects.map},   {"program", objects.program},
        {"link", objects.link}, {"event", objects.event},
        {"none", -1},           {"500", 500}};
    for (const auto& [program_name, program] : fds) {
      for (const auto& [map_name, map] : fds) {
        for (const uint32_t flags : {0u, 1u}) {
          record.Value(std::string("bind ") + program_name + " " + map_name,
                       kernel.Call(linux_abi::kProgBindMap,
                                   linux_abi::BindMapAttr{
                                       static_cast<uint32_t>(program),
                                       static_cast<uint32_t>(map), flags}));
        }
      }
    }
    Vary(kernel, record, "bind", linux_abi::kProgBindMap,
         {static_cast<uint32_t>(objects.program),
          static_cast<uint32_t>(objects.map)},
         8);
  });
}

TEST(ObjectCallsTest, Statistics) {
  Compare([](Kernel& kernel, Record& record) {
    Vary(kernel, record, "statistics", linux_abi::kEnableStats, {});
    for (const uint32_t type : {0u, 1u, 2u}) {
      record.Fd("type " + std::to_string(type),
                kernel.Call(linux_abi::kEnableStats, type));
    }
  });
}

TEST(ObjectCallsTest, Links) {
  Compare([](Kernel& kernel, Record& record) {
    Objects objects(kernel, record);
    const int64_t event = record.Fd(
        "another event",
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, 8));
    const std::vector<Named> fds = {{"map", objects.map},
                                    {"filter", objects.program},
                                    {"probe", objects.probe_program},
                                    {"link", objects.link},
                                    {"event", objects.event},
                                    {"other event", event},
                                    {"none", -1},
                                    {"500", 500}};
    for (const auto& [name, program] : fds) {
      for (const auto& [target_name, target] : fds) {
        // Attach type 0 is a cgroup's; what a filter of packets says to one
        // that is not there is Linux's business.
        for (const uint32_t type : {0u, 7u, kPerfEvent, 100u, 0xffffffffu}) {
          for (const uint32_t flags : {0u, 1u}) {
            const int64_t link = record.Fd(
                std::string("link ") + name + " to " + target_name + " by " +
                    std::to_string(type) + " flags " + std::to_string(flags),
                objects.Link(program, target, type, flags));
            if (link >= 0) {
              kernel.Close(link);
            }
          }
        }
      }
      record.Value(std::string("detach ") + name,
                   kernel.Call(linux_abi::kLinkDetach,
                               linux_abi::LinkDetachAttr{
                                   static_cast<uint32_t>(program)}));
      for (const auto& [other_name, other] : fds) {
        for (const uint32_t flags : {0u, 1u, 4u, 5u}) {
          for (const auto& [old_name, old] :
               {Named{"0", 0}, Named{"probe", objects.probe_program},
                Named{"none", -1}, Named{"map", objects.map}}) {
            if (old == 0 && (flags & 4) != 0) {
              continue;  // descriptor 0 is open here, and not for ours
            }
            record.Value(std::string("update ") + name + " " + other_name +
                             " flags " + std::to_string(flags) + " old " +
                             old_name,
                         kernel.Call(linux_abi::kLinkUpdate,
                                     linux_abi::LinkUpdateAttr{
                                         static_cast<uint32_t>(program),
                                         static_cast<uint32_t>(other), flags,
                                         static_cast<uint32_t>(old)}));
          }
        }
      }
    }
    Vary(kernel, record, "link", linux_abi::kLinkCreate,
         {static_cast<uint32_t>(objects.probe_program),
          static_cast<uint32_t>(event), kPerfEvent});
    Vary(kernel, record, "update", linux_abi::kLinkUpdate,
         {static_cast<uint32_t>(objects.link),
          static_cast<uint32_t>(objects.probe_program)},
         8);
    Vary(kernel, record, "detach", linux_abi::kLinkDetach,
         {static_cast<uint32_t>(objects.link)});
    kernel.Close(event);
  });
}

TEST(ObjectCallsTest, RawTracepoints) {
  Compare([](Kernel& kernel, Record& record) {
    Objects objects(kernel, record);
    const int64_t raw = record.Fd(
        "program",
        kernel.Call(linux_abi::kProgLoad, kernel.Program(17, Returning(0))));
    const uint64_t name = kernel.Put("no_such_tracepoint");
    for (const int64_t fd : {raw, objects.program, objects.map, objects.event,
                             int64_t{-1}, int64_t{500}}) {
      for (const uint64_t at : {name, uint64_t{0}, kNowhere}) {
        record.Fd("open",
                  kernel.Call(linux_abi::kRawTracepointOpen,
                              linux_abi::RawTracepointAttr{
                                  at, static_cast<uint32_t>(fd), 0, 0}));
      }
    }
    Vary(kernel, record, "raw tracepoint", linux_abi::kRawTracepointOpen,
         {static_cast<uint32_t>(name), static_cast<uint32_t>(name >> 32),
          static_cast<uint32_t>(raw)},
         12);
    kernel.Close(raw);
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
