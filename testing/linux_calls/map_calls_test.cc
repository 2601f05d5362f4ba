// SPDX-License-Identifier: MIT
//
// BPF_MAP_* compared with Linux, answer by answer.
#include <string>

#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::MapCreateAttr;

constexpr uint32_t kHash = linux_abi::kMapTypeHash;
constexpr uint32_t kArray = linux_abi::kMapTypeArray;
constexpr uint32_t kPerCpuArray = linux_abi::kMapTypePerCpuArray;
constexpr uint32_t kRing = linux_abi::kMapTypeRingBuffer;
constexpr uint32_t kProgArray = linux_abi::kMapTypeProgArray;

void Create(Kernel& kernel, Record& record, const std::string& step,
            const MapCreateAttr& attr, const std::string& excuse = "") {
  const int64_t fd =
      record.Fd(step, kernel.Call(linux_abi::kMapCreate, attr), excuse);
  if (fd >= 0) {
    kernel.Close(fd);
  }
}

MapCreateAttr Spec(uint32_t type, uint32_t key_size, uint32_t value_size,
                   uint32_t max_entries, uint32_t flags) {
  MapCreateAttr attr{};
  attr.map_type = type;
  attr.key_size = key_size;
  attr.value_size = value_size;
  attr.max_entries = max_entries;
  attr.map_flags = flags;
  return attr;
}

std::string NameOf(const MapCreateAttr& attr) {
  return "type " + std::to_string(attr.map_type) + " key " +
         std::to_string(attr.key_size) + " value " +
         std::to_string(attr.value_size) + " entries " +
         std::to_string(attr.max_entries) + " flags " +
         std::to_string(attr.map_flags);
}

constexpr uint32_t kKinds[] = {kHash, kArray, kPerCpuArray, kRing};

TEST(MapCallsTest, SizesOfEachKind) {
  constexpr uint64_t kLarge = 1 << 22;  // more memory than a test should take
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t type : {kHash, kArray, kPerCpuArray, kRing, kProgArray}) {
      for (uint32_t key : {0u, 1u, 3u, 4u, 5u, 8u, 512u, 513u, 1u << 16}) {
        for (uint32_t value : {0u, 1u, 7u, 8u, 100u, 32768u, 32769u, 40000u,
                               0x7fffffffu, 0x80000000u, 0xffffffffu}) {
          for (uint32_t entries :
               {0u, 1u, 3u, 100u, 4095u, 4096u, 4097u, 8192u, 0xffffffffu}) {
            const bool is_ring = type == kRing;
            const uint64_t bytes = is_ring ? entries
                                           : (uint64_t{key} + value + 64) *
                                                 (entries + uint64_t{1});
            if (bytes <= kLarge || key == 0 || value == 0 || entries == 0) {
              const MapCreateAttr attr = Spec(type, key, value, entries, 0);
              Create(kernel, record, NameOf(attr), attr);
            }
          }
        }
      }
    }
  });
}

TEST(MapCallsTest, FlagsOfEachKind) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t type : {kHash, kArray, kPerCpuArray, kRing, kProgArray}) {
      const bool is_ring = type == kRing;
      const uint32_t value_size = type == kProgArray ? 4 : 8;
      for (uint32_t bit = 0; bit < 32; ++bit) {
        for (uint32_t other : {0u, 1u << 3, 1u << 4, 1u << 7, 1u << 8}) {
          const MapCreateAttr attr =
              Spec(type, is_ring ? 0 : 4, is_ring ? 0 : value_size, 4096,
                   (1u << bit) | other);
          std::string excuse;
          if (bit == 6) {
            excuse = "BPF_F_ZERO_SEED";
          }
          Create(kernel, record, NameOf(attr), attr, excuse);
        }
      }
    }
  });
}

TEST(MapCallsTest, EveryTypeNumber) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t type : {0u, 34u, 35u, 100u, 0x7fffffffu, 0xffffffffu}) {
      const MapCreateAttr attr = Spec(type, 4, 8, 1, 0);
      Create(kernel, record, NameOf(attr), attr);
    }
  });
}

TEST(MapCallsTest, FieldsThatTheKindsDoNotHave) {
  Compare([](Kernel& kernel, Record& record) {
    const MapCreateAttr plain = Spec(kArray, 4, 8, 1, 0);
    MapCreateAttr attr = plain;
    attr.inner_map_fd = 1000;
    Create(kernel, record, "inner_map_fd", attr);
    attr = plain;
    attr.numa_node = 77;
    Create(kernel, record, "numa_node without its flag", attr);
    attr.map_flags = linux_abi::kMapNumaNode;
    Create(kernel, record, "numa_node that is not there", attr);
    attr.numa_node = 0;
    Create(kernel, record, "numa_node 0", attr);
    attr = plain;
    attr.map_ifindex = 12345;
    Create(kernel, record, "map_ifindex", attr);
    attr = plain;
    attr.btf_fd = 1000;
    Create(kernel, record, "btf_fd alone", attr);
    attr.btf_key_type_id = 1;
    Create(kernel, record, "btf_key_type_id without value", attr);
    attr.btf_value_type_id = 1;
    Create(kernel, record, "btf_fd that is not open", attr);
    attr.btf_fd = static_cast<uint32_t>(kernel.CreateMap(kArray, 4, 4, 1));
    Create(kernel, record, "btf_fd that is a map", attr);
    kernel.Close(attr.btf_fd);
    attr = plain;
    attr.btf_vmlinux_value_type_id = 1;
    Create(kernel, record, "btf_vmlinux_value_type_id", attr);
    attr = plain;
    attr.map_extra = 1;
    Create(kernel, record, "map_extra", attr);
    attr = plain;
    attr.value_type_btf_obj_fd = 1000;
    Create(kernel, record, "value_type_btf_obj_fd without its flag", attr);
    attr = plain;
    attr.map_token_fd = 1000;
    Create(kernel, record, "map_token_fd without its flag", attr);
  });
}

TEST(MapCallsTest, Names) {
  Compare([](Kernel& kernel, Record& record) {
    for (int c = 1; c < 256; ++c) {
      MapCreateAttr attr = Spec(kArray, 4, 8, 1, 0);
      attr.map_name[0] = 'a';
      attr.map_name[1] = static_cast<char>(c);
      Create(kernel, record, "name with character " + std::to_string(c), attr,
             c >= 0x80 ? "Linux takes Latin-1's letters; a log is ASCII" : "");
    }
    MapCreateAttr attr = Spec(kArray, 4, 8, 1, 0);
    memset(attr.map_name, 'a', sizeof(attr.map_name));
    Create(kernel, record, "name without an end", attr);
    attr.map_name[15] = 0;
    Create(kernel, record, "name of 15", attr);
    attr.map_name[3] = 0;
    attr.map_name[4] = '*';
    Create(kernel, record, "name with something behind its end", attr);
  });
}

const char* CommandName(uint32_t command) {
  static const char* const kNames[] = {"create", "lookup", "update", "delete",
                                       "next"};
  return kNames[command];
}

/// Each command on the map with good and bad keys, values and flags.
void TryElems(Kernel& kernel, Record& record, const std::string& map,
              int64_t fd) {
  const uint64_t key = kernel.Put(uint64_t{0});
  const uint64_t other_key = kernel.Put(uint64_t{1});
  const uint64_t far_key = kernel.Put(uint64_t{0x12345678});
  const uint64_t value = kernel.Put(nullptr, 4096);
  struct Address {
    const char* name;
    uint64_t at;
  };
  const Address keys[] = {{"key 0", key},
                          {"key 1", other_key},
                          {"far key", far_key},
                          {"null key", 0},
                          {"bad key", kNowhere}};
  const Address values[] = {
      {"value", value}, {"null value", 0}, {"bad value", kNowhere}};
  for (uint32_t command : {1u, 2u, 4u, 3u}) {
    if (command == 4) {
      // Of two keys in a hash nobody knows the order.
      record.Value(map + " delete", kernel.Elem(3, fd, other_key, 0));
    }
    for (const Address& k : keys) {
      for (const Address& v : values) {
        for (uint64_t flags :
             {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{4},
              uint64_t{5}, uint64_t{64}, uint64_t{1} << 32,
              uint64_t{1} << 63}) {
          record.Value(map + " " + CommandName(command) + " " + k.name + " " +
                           v.name + " flags " + std::to_string(flags),
                       kernel.Elem(command, fd, k.at, v.at, flags));
        }
      }
    }
  }
}

void TryElemsOfRing(Kernel& kernel, Record& record, int64_t fd) {
  const uint64_t memory = kernel.Put(nullptr, 64);
  for (uint32_t command : {1u, 2u, 3u, 4u}) {
    for (uint64_t key : {uint64_t{0}, memory}) {
      for (uint64_t value : {uint64_t{0}, memory}) {
        record.Value(std::string("ring ") + CommandName(command) +
                         (key != 0 ? " key" : "") +
                         (value != 0 ? " value" : ""),
                     kernel.Elem(command, fd, key, value));
      }
    }
  }
}

TEST(MapCallsTest, ElementsOfEachKind) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t type : kKinds) {
      const bool is_ring = type == kRing;
      const int64_t fd = kernel.CreateMap(type, is_ring ? 0 : 4,
                                          is_ring ? 0 : 8, is_ring ? 4096 : 2);
      record.Fd("create", fd);
      if (!is_ring) {
        TryElems(kernel, record, "type " + std::to_string(type), fd);
      } else {
        TryElemsOfRing(kernel, record, fd);
      }
      kernel.Close(fd);
    }
  });
}

TEST(MapCallsTest, ElementsOfWhatMayNotBeReadOrWritten) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t type : {kHash, kArray, kPerCpuArray}) {
      for (uint32_t flags :
           {linux_abi::kMapReadOnly, linux_abi::kMapWriteOnly,
            linux_abi::kMapReadOnlyProg, linux_abi::kMapWriteOnlyProg}) {
        const int64_t fd = kernel.CreateMap(type, 4, 8, 2, flags);
        record.Fd("create", fd);
        TryElems(kernel, record,
                 "type " + std::to_string(type) + " map flags " +
                     std::to_string(flags),
                 fd);
        kernel.Close(fd);
      }
    }
  });
}

TEST(MapCallsTest, DescriptorsThatAreNoMaps) {
  Compare([](Kernel& kernel, Record& record) {
    linux_abi::ProgLoadAttr program =
        kernel.Program(kSocketFilter, Returning(0));
    const int64_t prog_fd = kernel.Call(linux_abi::kProgLoad, program);
    const int64_t event_fd =
        kernel.PerfEventOpen(kernel.Put(kernel.Probe()), -1, 0, -1, 8);
    record.Fd("program", prog_fd);
    record.Fd("event", event_fd);
    const uint64_t at = kernel.Put(nullptr, 64);
    for (uint32_t command : {1u, 2u, 3u, 4u}) {
      const uint64_t value = command == 3 ? 0 : at;
      for (int64_t fd :
           {int64_t{-1}, int64_t{500}, int64_t{1} << 31, int64_t{0x7fffffff}}) {
        record.Value(
            CommandName(command) + std::string(" of fd ") + std::to_string(fd),
            kernel.Elem(command, fd, at, value));
      }
      record.Value(CommandName(command) + std::string(" of a program"),
                   kernel.Elem(command, prog_fd, at, value));
      record.Value(CommandName(command) + std::string(" of an event"),
                   kernel.Elem(command, event_fd, at, value));
    }
    kernel.Close(prog_fd);
    kernel.Close(event_fd);
  });
}

// What is said of a program's descriptor in an array, and of others.
TEST(MapCallsTest, AnArrayOfPrograms) {
  Compare([](Kernel& kernel, Record& record) {
    const auto load = [&](uint32_t type) {
      const int64_t fd =
          kernel.Call(linux_abi::kProgLoad, kernel.Program(type, Returning(0)));
      record.Fd("program", fd);
      return fd;
    };
    const int64_t filter = load(kSocketFilter);
    const int64_t other_filter = load(kSocketFilter);
    const int64_t probe = load(kKprobe);
    const int64_t array = kernel.CreateMap(kArray, 4, 4, 2);
    const uint64_t keys[] = {kernel.Put(uint32_t{0}), kernel.Put(uint32_t{1}),
                             kernel.Put(uint32_t{2}), kNowhere};
    const uint64_t to = kernel.Put(uint64_t{0});
    for (uint32_t flags : {0u, uint32_t{linux_abi::kMapReadOnly},
                           uint32_t{linux_abi::kMapWriteOnly}}) {
      const int64_t fd = kernel.CreateMap(kProgArray, 4, 4, 2, flags);
      record.Fd("create", fd);
      for (int64_t value : {filter, probe, other_filter, array, int64_t{-1},
                            int64_t{1000}, filter}) {
        for (uint64_t update_flags : {0u, 1u, 2u, 3u, 4u, 8u}) {
          for (uint64_t key : keys) {
            const std::string step = " map flags " + std::to_string(flags) +
                                     " value " + std::to_string(value) +
                                     " flags " + std::to_string(update_flags) +
                                     " key at " +
                                     std::to_string(key == kNowhere);
            record.Value(
                "update" + step,
                kernel.Elem(2, fd, key, kernel.Put(static_cast<int32_t>(value)),
                            update_flags));
            record.Value("lookup" + step,
                         kernel.Elem(1, fd, key, to, update_flags));
            record.Value("next" + step, kernel.Elem(4, fd, key, to));
          }
        }
        record.Value("delete", kernel.Elem(3, fd, keys[0], 0));
        record.Value("delete again", kernel.Elem(3, fd, keys[0], 0));
        record.Value("delete behind the end", kernel.Elem(3, fd, keys[2], 0));
      }
      kernel.Close(fd);
    }
    for (int64_t fd : {filter, other_filter, probe, array}) {
      kernel.Close(fd);
    }
  });
}

// Which programs may use an array, after which.
TEST(MapCallsTest, WhoOwnsAnArrayOfPrograms) {
  Compare([](Kernel& kernel, Record& record) {
    const auto use = [&](uint32_t type, int64_t array) {
      return kernel.Call(
          linux_abi::kProgLoad,
          kernel.Program(
              type, {LoadLow(2, isa::kPseudoMapFd, static_cast<int32_t>(array)),
                     LoadHigh(0), MovImm(0, 0), Exit()}));
    };
    const uint64_t key = kernel.Put(uint32_t{0});
    for (uint32_t first : {kSocketFilter, kKprobe}) {
      for (uint32_t second : {kSocketFilter, kKprobe}) {
        const std::string step =
            std::to_string(first) + " then " + std::to_string(second);
        const int64_t array = kernel.CreateMap(kProgArray, 4, 4, 2);
        const int64_t used = record.Fd(step + " uses", use(first, array));
        const int64_t again = record.Fd(step + " uses too", use(second, array));
        const int64_t program = kernel.Call(
            linux_abi::kProgLoad, kernel.Program(second, Returning(0)));
        record.Value(step + " stands in it",
                     kernel.Elem(2, array, key,
                                 kernel.Put(static_cast<int32_t>(program))));
        for (int64_t fd : {used, again, program, array}) {
          kernel.Close(fd);
        }
      }
    }
  });
}

TEST(MapCallsTest, AHashThatFillsUp) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t flags : {0u, uint32_t{linux_abi::kMapNoPrealloc}}) {
      const int64_t fd = kernel.CreateMap(kHash, 4, 8, 3, flags);
      const uint64_t value = kernel.Put(uint64_t{7});
      for (uint32_t i = 0; i < 5; ++i) {
        record.Value("insert " + std::to_string(i),
                     kernel.Elem(2, fd, kernel.Put(uint64_t{i}), value, 1));
      }
      const uint64_t first = kernel.Put(uint64_t{0});
      record.Value("insert again", kernel.Elem(2, fd, first, value, 1));
      record.Value("change", kernel.Elem(2, fd, first, value, 2));
      record.Value("change what is not there",
                   kernel.Elem(2, fd, kernel.Put(uint64_t{9}), value, 2));
      record.Value("delete", kernel.Elem(3, fd, first, 0));
      record.Value("delete again", kernel.Elem(3, fd, first, 0));
      record.Value("look up what is gone", kernel.Elem(1, fd, first, value));
      record.Value("insert into the gap", kernel.Elem(2, fd, first, value, 1));
      uint32_t count = 0;
      uint64_t key = 0;
      const uint64_t next = kernel.Put(uint64_t{0});
      while (kernel.Elem(4, fd, key, next) == 0 && count < 10) {
        ++count;
        key = kernel.Put(kernel.Get<uint64_t>(next));
      }
      record.Value("keys", count);
      record.Value("after the last", kernel.Elem(4, fd, key, next));
      kernel.Close(fd);
    }
  });
}

TEST(MapCallsTest, ReadPollIoctlAndMmap) {
  Compare([](Kernel& kernel, Record& record) {
    const uint64_t to = kernel.Put(nullptr, 64);
    for (uint32_t type : kKinds) {
      for (uint32_t flags :
           {0u, uint32_t{linux_abi::kMapMmapable},
            uint32_t{linux_abi::kMapReadOnly},
            uint32_t{linux_abi::kMapWriteOnly},
            linux_abi::kMapMmapable | uint32_t{linux_abi::kMapReadOnly},
            linux_abi::kMapMmapable | uint32_t{linux_abi::kMapWriteOnly},
            linux_abi::kMapMmapable | uint32_t{linux_abi::kMapReadOnlyProg}}) {
        const bool is_ring = type == kRing;
        const int64_t fd =
            kernel.CreateMap(type, is_ring ? 0 : 4, is_ring ? 0 : 8,
                             is_ring ? 4096 : 513, flags);
        const std::string name =
            "type " + std::to_string(type) + " flags " + std::to_string(flags);
        record.Fd(name, fd);
        if (fd < 0) {
          continue;
        }
        record.Value(name + " read", kernel.Read(fd, to, 64),
                     is_ring ? "a ring can be read here: README" : "");
        record.Value(name + " poll", kernel.Poll(fd));
        record.Value(name + " ioctl", kernel.Ioctl(fd, 0x2400, 0));
        for (uint64_t offset : {0u, 4096u, 8192u, 12288u}) {
          for (uint64_t size : {4096u, 8192u, 12288u, 16384u}) {
            for (uint32_t protection : {1u, 2u, 3u}) {
              record.Value(name + " mmap " + std::to_string(offset) + " " +
                               std::to_string(size) + " " +
                               std::to_string(protection),
                           kernel.Mmap(fd, offset, size, protection),
                           is_ring && offset == 12288
                               ? "a ring's second view alone is not given"
                               : "");
            }
          }
        }
        kernel.Close(fd);
      }
    }
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
