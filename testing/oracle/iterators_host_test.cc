// SPDX-License-Identifier: MIT
//
// One object with iterators in the host's kernel and here: what a reader gets
// is the same text by the same reads, and what a client may not do has the same
// errno.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "core/linux_abi/bpf_objects.h"
#include "core/loader/object.h"
#include "core/syscall/file_calls.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/oracle/host_types.h"

namespace ebpf::oracle {
namespace {

using linux_abi::IteratorLinkInfo;

constexpr char kObject[] = "testing/programs/iterators.x86_64.bpf.o";
constexpr uint32_t kTraceIter = 28;

int64_t Errno(int64_t result) { return result < 0 ? -errno : result; }

int64_t HostBpf(uint32_t command, const void* attr, uint32_t size) {
  return Errno(syscall(SYS_bpf, command, attr, size));
}
int64_t HostClose(int fd) { return Errno(close(fd)); }

/// A kernel, called with pointers of this process.
class Side {
 public:
  virtual ~Side() = default;
  virtual int64_t Bpf(uint32_t command, const void* attr, uint32_t size) = 0;
  virtual int64_t Read(int64_t fd, void* to, size_t size) = 0;
  virtual int64_t Close(int64_t fd) = 0;
  /// Of /proc/self/fdinfo, the lines that are of the object.
  virtual std::string FdInfo(int64_t fd) = 0;
  virtual Client& client() = 0;
  virtual loader::Kernel kernel() = 0;

  template <typename Attr>
  int64_t Call(uint32_t command, const Attr& attr) {
    return Bpf(command, &attr, sizeof(attr));
  }
};

class Ours final : public Side {
 public:
  Ours() : caller_(Origin::kKernel) {}

  int64_t Bpf(uint32_t command, const void* attr, uint32_t size) override {
    return ebpf::Bpf(client(), command,
                     client().Pointer(reinterpret_cast<uint64_t>(attr)), size);
  }
  int64_t Read(int64_t fd, void* to, size_t size) override {
    return ebpf::Read(client(), static_cast<int32_t>(fd),
                      client().Pointer(reinterpret_cast<uint64_t>(to)), size);
  }
  int64_t Close(int64_t fd) override { return caller_.CloseFd(fd); }
  std::string FdInfo(int64_t fd) override {
    char text[1024];
    const int64_t size = DescribeFd(client(), static_cast<int32_t>(fd), text);
    return size < 0 ? std::string() : std::string(text, text + size);
  }
  Client& client() override { return caller_.client(); }
  loader::Kernel kernel() override {
    loader::Kernel kernel;
    kernel.btf = RunningSystem()->kernel.btf;
    return kernel;
  }

 private:
  TestCaller caller_;
};

class Host final : public Side {
 public:
  Host() : types_(ReadHostTypes()), nobody_(Origin::kKernel) {}

  int64_t Bpf(uint32_t command, const void* attr, uint32_t size) override {
    return HostBpf(command, attr, size);
  }
  int64_t Read(int64_t fd, void* to, size_t size) override {
    return Errno(read(static_cast<int>(fd), to, size));
  }
  int64_t Close(int64_t fd) override { return HostClose(static_cast<int>(fd)); }
  std::string FdInfo(int64_t fd) override {
    std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd));
    std::string line, text;
    for (int i = 0; std::getline(file, line); ++i) {
      text += i < 4 ? "" : line + "\n";  // pos, flags, mnt_id, ino
    }
    return text;
  }
  Client& client() override { return nobody_.client(); }
  loader::Kernel kernel() override {
    loader::Kernel kernel;
    kernel.btf = types_ ? &types_->btf() : nullptr;
    kernel.bpf = HostBpf;
    kernel.close = HostClose;
    return kernel;
  }
  bool has_types() const { return static_cast<bool>(types_); }

 private:
  const Ref<btf::BtfObject> types_;
  TestCaller nobody_;
};

std::vector<uint8_t> ReadObject() {
  std::ifstream in(kObject, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The object in a kernel, and what a client does with it.
class Loaded {
 public:
  explicit Loaded(Side& side)
      : side_(side),
        bytes_(ReadObject()),
        text_(1 << 16),
        log_(text_.data(), text_.size()),
        object_(side.client(), PortAllocator(), log_, side.kernel()) {
    Status status = object_.Open(ConstBytes(bytes_.data(), bytes_.size()));
    status = IsOk(status) ? object_.Load() : status;
    if (!IsOk(status)) {
      ADD_FAILURE() << std::string(log_.text().data(), log_.text().size());
    }
  }

  Side& side() { return side_; }

  uint32_t Program(const char* name) const {
    for (size_t i = 0; i < object_.program_count(); ++i) {
      if (object_.file().programs()[i].name == name) {
        return static_cast<uint32_t>(object_.program(i).fd);
      }
    }
    ADD_FAILURE() << name;
    return 0;
  }
  uint32_t Map(const char* name) const {
    return static_cast<uint32_t>(*object_.MapFd(name));
  }

  int64_t Update(const char* map, uint32_t key, const void* value) {
    linux_abi::MapElemAttr attr{};
    attr.map_fd = Map(map);
    attr.key = reinterpret_cast<uint64_t>(&key);
    attr.value = reinterpret_cast<uint64_t>(value);
    return side_.Call(linux_abi::kMapUpdateElem, attr);
  }
  int64_t Delete(const char* map, uint32_t key) {
    linux_abi::MapElemAttr attr{};
    attr.map_fd = Map(map);
    attr.key = reinterpret_cast<uint64_t>(&key);
    return side_.Call(linux_abi::kMapDeleteElem, attr);
  }
  uint64_t Lookup(const char* map, uint32_t key, size_t word = 0) {
    uint64_t value[64] = {};
    linux_abi::MapElemAttr attr{};
    attr.map_fd = Map(map);
    attr.key = reinterpret_cast<uint64_t>(&key);
    attr.value = reinterpret_cast<uint64_t>(value);
    return side_.Call(linux_abi::kMapLookupElem, attr) == 0 ? value[word]
                                                            : ~uint64_t{0};
  }
  /// As in iterators.bpf.c.
  void Request(uint32_t again_at, uint32_t bytes, uint32_t silent = 0,
               uint32_t write = 0) {
    const uint32_t request[] = {again_at, bytes, silent, write};
    EXPECT_EQ(Update("it_request", 0, request), 0);
  }
  void ClearSeen() {
    const uint64_t seen[4] = {};
    EXPECT_EQ(Update("it_seen", 0, seen), 0);
  }
  std::string Seen() {
    return std::to_string(Lookup("it_seen", 0, 0)) + " objects, " +
           std::to_string(Lookup("it_seen", 0, 1)) + " ends, number " +
           std::to_string(Lookup("it_seen", 0, 3));
  }

  int64_t Link(const char* program, const char* map = nullptr) {
    return map == nullptr ? LinkWith(Program(program), nullptr, 0)
                          : LinkTo(program, Map(map));
  }
  int64_t LinkTo(const char* program, uint32_t map_fd) {
    const IteratorLinkInfo info = {map_fd, {}};
    return LinkWith(Program(program), &info, sizeof(info));
  }
  int64_t LinkWith(uint32_t program, const void* info, uint32_t size,
                   uint32_t target_fd = 0, uint32_t flags = 0,
                   uint32_t attach_type = kTraceIter) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = program;
    attr.target_fd = target_fd;
    attr.attach_type = attach_type;
    attr.flags = flags;
    attr.details[0] = reinterpret_cast<uint64_t>(info);
    attr.details[1] = size;
    return side_.Call(linux_abi::kLinkCreate, attr);
  }
  int64_t Open(int64_t link, uint32_t flags = 0) {
    return side_.Call(
        linux_abi::kIterCreate,
        linux_abi::IterCreateAttr{static_cast<uint32_t>(link), flags});
  }
  /// A file of a new link, which only the file keeps.
  int64_t OpenNew(const char* program, const char* map = nullptr) {
    const int64_t link = Link(program, map);
    EXPECT_GE(link, 0) << program;
    const int64_t file = Open(link);
    EXPECT_GE(file, 0) << program;
    EXPECT_EQ(side_.Close(link), 0);
    return file;
  }

  /// All that is left, in reads of `size`.
  std::string ReadAll(int64_t fd, size_t size = 4096) {
    std::string all;
    std::vector<char> buffer(size);
    int64_t count;
    while ((count = side_.Read(fd, buffer.data(), size)) > 0) {
      all.append(buffer.data(), static_cast<size_t>(count));
    }
    return count < 0 ? "error " + std::to_string(count) : all;
  }
  /// What reads of these sizes give.
  std::string Reads(int64_t fd, const std::vector<size_t>& sizes) {
    std::string all;
    for (const size_t size : sizes) {
      std::vector<char> buffer(size + 1);
      const int64_t count = side_.Read(fd, buffer.data(), size);
      all += std::to_string(count) + " '" +
             std::string(buffer.data(),
                         count < 0 ? 0 : static_cast<size_t>(count)) +
             "' ";
    }
    return all;
  }
  std::string Dump(const char* program, const char* map = nullptr,
                   size_t size = 4096) {
    const int64_t file = OpenNew(program, map);
    const std::string text = ReadAll(file, size);
    EXPECT_EQ(side_.Close(file), 0);
    return text;
  }

 private:
  Side& side_;
  const std::vector<uint8_t> bytes_;
  std::vector<char> text_;
  TextWriter log_;
  loader::Object object_;
};

/// The lines that contain `part`, sorted; numbers of objects made equal.
std::string LinesWith(const std::string& text, const std::string& part) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.find(part) != std::string::npos) {
      lines.push_back(line.substr(0, line.find(" id ")));
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) {
    all += line + "\n";
  }
  return all;
}

/// A step and what came of it.
using Steps = std::vector<std::string>;

class IteratorsHostTest : public ::testing::Test {
 protected:
  /// Runs `scenario` in both kernels and compares what it notes.
  template <typename Scenario>
  void Compare(Scenario scenario) {
    Host host;
    if (geteuid() != 0 || !host.has_types() ||
        HostBpf(0, nullptr, 0) == -EPERM) {
      GTEST_SKIP() << "NO ORACLE: no bpf(2) or no types of the host's kernel";
    }
    Ours ours;
    const Steps wanted = Run(host, scenario);
    const Steps found = Run(ours, scenario);
    ASSERT_EQ(found.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(found[i], wanted[i]) << "step " << i;
    }
    ours.client().fds().CloseAll();
    if (getenv("EBPF_SHOW_STEPS") != nullptr) {
      for (const std::string& step : wanted) {
        printf("%s\n", step.c_str());
      }
    }
    printf("%zu steps\n", wanted.size());
  }

  template <typename Scenario>
  static Steps Run(Side& side, Scenario scenario) {
    Steps steps;
    Loaded loaded(side);
    if (!::testing::Test::HasFailure()) {
      scenario(loaded, [&](const std::string& name, const auto& answer) {
        std::ostringstream step;
        step << name << ": " << answer;
        steps.push_back(step.str());
      });
    }
    return steps;
  }

  TestSystem system_;
};

TEST_F(IteratorsHostTest, MapsProgramsAndLinksAreListed) {
  Compare([](Loaded& it, auto note) {
    note("maps", LinesWith(it.Dump("dump_maps"), "it_"));
    note("end", LinesWith(it.Dump("dump_maps"), "end of"));
    note("programs", LinesWith(it.Dump("dump_programs"), "dump_"));
    note("others", LinesWith(it.Dump("dump_programs"), "sleepable_"));
    const int64_t link = it.Link("dump_elements", "it_array");
    note("links", LinesWith(it.Dump("dump_links"), "dump_elements"));
    it.side().Close(link);
    note("no link", LinesWith(it.Dump("dump_links"), "dump_elements"));
    note("a silent one", it.Dump("count_maps"));
    note("by a function of the kernel", it.Dump("count_by_kernel"));
  });
}

/// Fills the maps: hashes with five elements, arrays.
void FillMaps(Loaded& it) {
  for (uint32_t i = 0; i < 5; ++i) {
    const uint64_t value = 100 + i;
    // One for each CPU, of which there are never so many.
    uint32_t values[512];
    for (uint32_t cpu = 0; cpu < 256; ++cpu) {
      values[2 * cpu] = 1000 * (i + 1) + cpu;
      values[2 * cpu + 1] = 0;
    }
    EXPECT_EQ(it.Update("it_hash", i, &value), 0);
    EXPECT_EQ(it.Update("it_lru", i, &value), 0);
    EXPECT_EQ(it.Update("it_array", i, &value), 0);
    EXPECT_EQ(it.Update("it_cpu_hash", i, values), 0);
    EXPECT_EQ(it.Update("it_cpu_lru", i, values), 0);
    if (i < 3) {
      EXPECT_EQ(it.Update("it_cpu_array", i, values), 0);
    }
  }
}

TEST_F(IteratorsHostTest, ElementsOfEachKindOfMap) {
  Compare([](Loaded& it, auto note) {
    note("empty", it.Dump("dump_elements", "it_hash"));
    FillMaps(it);
    for (const char* map : {"it_hash", "it_lru", "it_array"}) {
      note(map, LinesWith(it.Dump("dump_elements", map), ""));
      note(map, LinesWith(it.Dump("dump_elements", map, 1), ""));
    }
    for (const char* map : {"it_cpu_hash", "it_cpu_lru", "it_cpu_array"}) {
      note(map, LinesWith(it.Dump("dump_cpu_elements", map), ""));
      note(map, it.Lookup(map, 1));
    }
    it.Request(0, 0, 0, 1 + 4711);
    note("writes", LinesWith(it.Dump("dump_elements", "it_hash"), ""));
    note("written", LinesWith(it.Dump("dump_elements", "it_hash"), ""));
    note("value", it.Lookup("it_hash", 3));
    it.Dump("dump_elements", "it_array");
    note("value", it.Lookup("it_array", 3));
  });
}

TEST_F(IteratorsHostTest, ReadsOfAnySize) {
  Compare([](Loaded& it, auto note) {
    FillMaps(it);
    const auto reads = [&](const std::vector<size_t>& sizes) {
      it.ClearSeen();
      const int64_t file = it.OpenNew("dump_elements", "it_array");
      std::string all;
      for (const size_t size : sizes) {
        all += it.Reads(file, {size}) + "(" + it.Seen() + ") ";
      }
      it.side().Close(file);
      note("reads", all);
    };
    reads({4096, 4096, 4096});
    reads({0, 0, 4096, 0, 4096});
    reads({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4096, 1});
    reads({7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7});
    reads({8, 8, 8, 100, 8, 8});
    reads({16, 16, 16, 16, 16, 16});
    reads({40, 40, 40});
    it.Request(0, 0, /*silent=*/1);
    reads({16, 16});
  });
}

TEST_F(IteratorsHostTest, ObjectsForWhichThereIsNoRoomComeAgain) {
  Compare([](Loaded& it, auto note) {
    FillMaps(it);
    // Words of 64 bytes around the 32768 of the buffer: lines have 7 bytes.
    for (const uint32_t words : {100u, 255u, 256u, 300u, 500u, 511u, 512u}) {
      it.Request(0, words);
      it.ClearSeen();
      const int64_t file = it.OpenNew("dump_elements", "it_array");
      std::vector<char> buffer(1 << 17);
      std::string all;
      for (int i = 0; i < 9; ++i) {
        all += std::to_string(it.side().Read(file, buffer.data(), 1 << 17));
        all += " (" + it.Seen() + ") ";
      }
      it.side().Close(file);
      note(std::to_string(words), all);
    }
  });
}

TEST_F(IteratorsHostTest, AnObjectThatIsAskedForAgain) {
  Compare([](Loaded& it, auto note) {
    FillMaps(it);
    for (uint32_t again = 1; again <= 6; ++again) {
      it.Request(again, 0);
      it.ClearSeen();
      const int64_t file = it.OpenNew("dump_elements", "it_array");
      note("again", it.Reads(file, {4096, 4096, 4096, 4096}));
      note("seen", it.Seen());
      it.side().Close(file);
    }
  });
}

TEST_F(IteratorsHostTest, ElementsThatComeAndGoMeanwhile) {
  Compare([](Loaded& it, auto note) {
    const uint64_t value = 5;
    EXPECT_EQ(it.Update("it_hash", 7, &value), 0);
    int64_t file = it.OpenNew("dump_elements", "it_hash");
    note("first", it.Reads(file, {1}));
    EXPECT_EQ(it.Delete("it_hash", 7), 0);
    note("the rest", it.ReadAll(file));
    EXPECT_EQ(it.Update("it_hash", 8, &value), 0);
    note("behind the end", it.ReadAll(file));
    it.side().Close(file);

    file = it.OpenNew("dump_maps");
    it.ReadAll(file);
    linux_abi::MapCreateAttr attr{};
    attr.map_type = linux_abi::kMapTypeArray;
    attr.key_size = 4;
    attr.value_size = 4;
    attr.max_entries = 1;
    memcpy(attr.map_name, "it_late", 8);
    const int64_t late = it.side().Call(linux_abi::kMapCreate, attr);
    note("a map behind the end", LinesWith(it.ReadAll(file), "it_late"));
    it.side().Close(late);
    it.side().Close(file);
  });
}

TEST_F(IteratorsHostTest, FilesOutliveTheirLinksAndHaveTheirOwnPlace) {
  Compare([](Loaded& it, auto note) {
    FillMaps(it);
    const int64_t link = it.Link("dump_elements", "it_array");
    const int64_t one = it.Open(link);
    const int64_t two = it.Open(link);
    note("one", it.Reads(one, {7}));
    note("two", it.Reads(two, {14}));
    note("one", it.Reads(one, {7}));
    const uint64_t session = it.Lookup("it_seen", 0, 2);
    it.side().Close(link);
    note("one", it.ReadAll(one));
    note("two", it.ReadAll(two));
    note("sessions", it.Lookup("it_seen", 0, 2) - session);
    it.side().Close(one);
    it.side().Close(two);
  });
}

TEST_F(IteratorsHostTest, WhatLinksAndFilesSayOfThemselves) {
  Compare([](Loaded& it, auto note) {
    for (const char* map : {static_cast<const char*>(nullptr), "it_hash"}) {
      const int64_t link =
          it.Link(map == nullptr ? "dump_links" : "dump_elements", map);
      std::string text = it.side().FdInfo(link);
      for (const char* key : {"link_id", "prog_id", "prog_tag", "map_id"}) {
        const size_t at = text.find(key);
        if (at != std::string::npos) {
          text.erase(at + strlen(key), text.find('\n', at) - at - strlen(key));
        }
      }
      note("fdinfo", text);
      for (const uint32_t room : {0u, 1u, 4u, 8u, 9u, 13u, 14u, 64u}) {
        char name[64] = "...............................................";
        linux_abi::LinkInfo info{};
        info.iterator.target_name_size = room;
        info.iterator.target_name =
            room != 0 ? reinterpret_cast<uint64_t>(name) : 0;
        note("info",
             it.side().Call(linux_abi::kObjGetInfoByFd,
                            linux_abi::ObjectInfoAttr{
                                static_cast<uint32_t>(link), sizeof(info),
                                reinterpret_cast<uint64_t>(&info)}));
        note("type", info.type);
        note("name", name);
        note("size", info.iterator.target_name_size);
        note("has a map", info.iterator.map_id != 0);
      }
      const int64_t file = it.Open(link);
      note("fdinfo of a file", it.side().FdInfo(file));
      it.side().Close(file);
      it.side().Close(link);
    }
  });
}

TEST_F(IteratorsHostTest, ErrnosOfMakingLinks) {
  Compare([](Loaded& it, auto note) {
    const uint32_t maps = it.Program("dump_maps");
    const IteratorLinkInfo hash = {it.Map("it_hash"), {}};
    const auto link = [&](const std::string& name, uint32_t program,
                          const void* info, uint32_t size,
                          uint32_t target_fd = 0, uint32_t flags = 0,
                          uint32_t attach = kTraceIter) {
      const int64_t fd =
          it.LinkWith(program, info, size, target_fd, flags, attach);
      note(name, fd < 0 ? fd : 0);
      if (fd >= 0) {
        it.side().Close(fd);
      }
    };
    link("plain", maps, nullptr, 0);
    link("target", maps, nullptr, 0, 1);
    link("flags", maps, nullptr, 0, 0, 1);
    link("a size without an address", maps, nullptr, 16);
    link("an address without a size", maps, &hash, 0);
    link("a map for who needs none", maps, &hash, sizeof(hash));
    const uint32_t longer[8] = {it.Map("it_hash")};
    link("longer", it.Program("dump_elements"), longer, sizeof(longer));
    const uint32_t more[8] = {it.Map("it_hash"), 0, 0, 0, 1};
    link("more", it.Program("dump_elements"), more, sizeof(more));
    link("short", it.Program("dump_elements"), &hash, 4);
    link("shorter", it.Program("dump_elements"), &hash, 1);
    const std::vector<uint32_t> page(2048);
    link("a page", maps, page.data(), 4096);
    link("a page and more", maps, page.data(), 4097);
    link("other type", maps, nullptr, 0, 0, 0, 24);
    link("no such type", maps, nullptr, 0, 0, 0, 1000);
    link("no program", 400, nullptr, 0);
    link("a map as program", it.Map("it_hash"), nullptr, 0);
    for (const char* program :
         {"dump_elements", "dump_cpu_elements", "read_long_key",
          "sleepable_maps", "sleepable_elements"}) {
      link(std::string(program) + " without a map", it.Program(program),
           nullptr, 0);
      for (const char* map : {"it_hash", "it_lru", "it_array", "it_cpu_hash",
                              "it_cpu_lru", "it_cpu_array", "it_queue"}) {
        const IteratorLinkInfo info = {it.Map(map), {}};
        link(std::string(program) + " on " + map, it.Program(program), &info,
             sizeof(info));
      }
      const IteratorLinkInfo closed = {400, {}};
      link(std::string(program) + " on a closed one", it.Program(program),
           &closed, sizeof(closed));
      const IteratorLinkInfo wrong = {it.Program("dump_maps"), {}};
      link(std::string(program) + " on a program", it.Program(program), &wrong,
           sizeof(wrong));
    }
  });
}

TEST_F(IteratorsHostTest, MapsThatArePartlyOutOfReach) {
  Compare([](Loaded& it, auto note) {
    for (const uint32_t type : {1u, 2u, 5u}) {
      for (const uint32_t flags : {0u, 8u, 16u, 128u, 256u}) {
        linux_abi::MapCreateAttr attr{};
        attr.map_type = type;
        attr.key_size = 4;
        attr.value_size = 8;
        attr.max_entries = 2;
        attr.map_flags = flags;
        const int64_t map = it.side().Call(linux_abi::kMapCreate, attr);
        ASSERT_GE(map, 0);
        it.Request(0, 0, 0, 9);
        for (const char* program :
             {"read_elements", "dump_elements", "read_keys"}) {
          const int64_t link = it.LinkTo(program, static_cast<uint32_t>(map));
          std::ostringstream name;
          name << program << ", map type " << type << ", flags " << flags;
          note(name.str(), link < 0 ? link : 0);
          for (int i = 0; link >= 0 && i < 2; ++i) {
            const int64_t file = it.Open(link);
            // Linux lets programs write here what is not for them to write
            // (BPF_F_RDONLY_PROG); here they write a copy.
            if (flags != 128) {
              note("text", it.ReadAll(file));
            }
            it.side().Close(file);
          }
          it.side().Close(link);
        }
        it.side().Close(map);
      }
    }
  });
}

TEST_F(IteratorsHostTest, ErrnosOfOpeningAndUpdating) {
  Compare([](Loaded& it, auto note) {
    const int64_t link = it.Link("dump_maps");
    const auto open = [&](const std::string& name, int64_t fd, uint32_t flags) {
      const int64_t file = it.Open(fd, flags);
      note(name, file < 0 ? file : 0);
      if (file >= 0) {
        it.side().Close(file);
      }
    };
    open("link", link, 0);
    open("flags", link, 1);
    open("flags of a closed one", 400, 1);
    open("closed", 400, 0);
    open("a map", it.Map("it_hash"), 0);
    open("a program", it.Program("dump_maps"), 0);
    const int64_t file = it.Open(link);
    open("a file", file, 0);
    uint32_t longer[4] = {static_cast<uint32_t>(link), 0, 1, 0};
    note("longer", it.side().Bpf(linux_abi::kIterCreate, longer, 16));

    const auto update = [&](const std::string& name, uint32_t program,
                            uint32_t flags, uint32_t old) {
      note(name,
           it.side().Call(linux_abi::kLinkUpdate,
                          linux_abi::LinkUpdateAttr{static_cast<uint32_t>(link),
                                                    program, flags, old}));
    };
    const uint32_t maps = it.Program("dump_maps");
    update("itself", maps, 0, 0);
    update("one that sleeps", it.Program("sleepable_maps"), 0, 0);
    update("another one", it.Program("count_maps"), 0, 0);
    update("expected", maps, 4, it.Program("count_maps"));
    update("not expected", maps, 4, it.Program("dump_links"));
    update("of another target", it.Program("dump_links"), 0, 0);
    update("of another target, not expected", it.Program("dump_links"), 4,
           it.Program("dump_programs"));
    note("detach", it.side().Call(
                       linux_abi::kLinkDetach,
                       linux_abi::LinkDetachAttr{static_cast<uint32_t>(link)}));
    linux_abi::ProgTestRunAttr run{};
    run.prog_fd = maps;
    note("a test run", it.side().Call(linux_abi::kProgTestRun, run));
    uint64_t words[4] = {};
    run.ctx_in = reinterpret_cast<uint64_t>(words);
    run.ctx_size_in = sizeof(words);
    note("a test run", it.side().Call(linux_abi::kProgTestRun, run));
    run.flags = 1;
    note("with flags", it.side().Call(linux_abi::kProgTestRun, run));
    run.flags = 0;
    run.cpu = 1;
    note("on a CPU", it.side().Call(linux_abi::kProgTestRun, run));
    const int64_t again =
        it.side().Call(linux_abi::kProgLoad, linux_abi::ProgLoadAttr{});
    note("nothing to load", again);
    char byte;
    note("a read of a link", it.side().Read(link, &byte, 1));
    it.side().Close(file);
    it.side().Close(link);
  });
}

/// The call with `words` as its attribute, of each size, and with each word
/// spoilt. Not of sizes that leave out descriptors: 0 is open at the host.
template <typename Note>
void Vary(Loaded& it, Note note, const char* name, uint32_t command,
          std::vector<uint32_t> words, uint32_t first_size = 4) {
  words.resize(36);  // as many as both know
  const auto call = [&](const std::string& step, uint32_t size) {
    const int64_t fd = it.side().Bpf(command, words.data(), size);
    note(name + step, fd < 0 ? fd : 0);
    if (fd > 2) {
      it.side().Close(fd);
    }
  };
  for (uint32_t size = first_size; size <= 4 * words.size(); size += 4) {
    call(" size " + std::to_string(size), size);
  }
  for (size_t i = 0; i < words.size(); ++i) {
    const uint32_t before = words[i];
    for (const uint32_t value : {0xffffffffu, 0x40000000u}) {
      words[i] = value;
      // An address that is not there is for the kernel's own calls no error.
      if (command != linux_abi::kLinkCreate || i < 4 || i > 7) {
        call(" word " + std::to_string(i) + " = " + std::to_string(value),
             static_cast<uint32_t>(4 * words.size()));
      }
    }
    words[i] = before;
  }
}

TEST_F(IteratorsHostTest, AttributesOfAnySizeAndContents) {
  Compare([](Loaded& it, auto note) {
    const int64_t link = it.Link("dump_maps");
    Vary(it, note, "create", linux_abi::kIterCreate,
         {static_cast<uint32_t>(link), 0});
    Vary(it, note, "link", linux_abi::kLinkCreate,
         {it.Program("dump_maps"), 0, kTraceIter, 0});
    Vary(it, note, "update", linux_abi::kLinkUpdate,
         {static_cast<uint32_t>(link), it.Program("count_maps"), 4,
          it.Program("dump_maps")},
         16);
    it.side().Close(link);
  });
}

TEST_F(IteratorsHostTest, OpenFilesKeepTheirProgram) {
  Compare([](Loaded& it, auto note) {
    const int64_t link = it.Link("dump_maps");
    const int64_t before = it.Open(link);
    note("update", it.side().Call(linux_abi::kLinkUpdate,
                                  linux_abi::LinkUpdateAttr{
                                      static_cast<uint32_t>(link),
                                      it.Program("count_maps"), 0, 0}));
    const int64_t after = it.Open(link);
    note("before", LinesWith(it.ReadAll(before), "it_hash"));
    note("after", it.ReadAll(after));
    it.side().Close(before);
    it.side().Close(after);
    it.side().Close(link);
  });
}

}  // namespace
}  // namespace ebpf::oracle
