// SPDX-License-Identifier: MIT
//
// Links and files of iterators in the host's kernel and here: what they say of
// themselves is the same, and what a client may not do has the same errno.
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/oracle/iterator_comparison.h"

namespace ebpf::oracle {
namespace {

using IteratorLinksHostTest = IteratorComparison;
using linux_abi::IteratorLinkInfo;

/// What a new link of `program` says of itself, and a file of it.
template <typename Note>
void SayAll(LoadedIterators& it, Note note, const char* program,
            const char* map) {
  const int64_t link = it.Link(program, map);
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
    note("info", it.side().Call(linux_abi::kObjGetInfoByFd,
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

TEST_F(IteratorLinksHostTest, WhatLinksAndFilesSayOfThemselves) {
  Compare([](LoadedIterators& it, auto note) {
    SayAll(it, note, "dump_links", nullptr);
  });
}

TEST_F(IteratorLinksHostTest, WhatLinksOfMapsSayOfThemselves) {
  CompareElements([](LoadedIterators& it, auto note) {
    SayAll(it, note, "dump_elements", "it_hash");
  });
}

/// Tries to make a link, and notes the errno.
template <typename Note>
void TryLink(LoadedIterators& it, Note note, const std::string& name,
             uint32_t program, const void* info, uint32_t size,
             uint32_t target_fd = 0, uint32_t flags = 0,
             uint32_t attach = kTraceIter) {
  const int64_t fd = it.LinkWith(program, info, size, target_fd, flags, attach);
  note(name, fd < 0 ? fd : 0);
  if (fd >= 0) {
    it.side().Close(fd);
  }
}

TEST_F(IteratorLinksHostTest, ErrnosOfMakingLinks) {
  Compare([](LoadedIterators& it, auto note) {
    const uint32_t maps = it.Program("dump_maps");
    const IteratorLinkInfo hash = {it.Map("it_hash"), {}};
    const auto link = [&](const char* name, uint32_t program, auto... more) {
      TryLink(it, note, name, program, more...);
    };
    link("plain", maps, nullptr, 0);
    link("target", maps, nullptr, 0, 1);
    link("flags", maps, nullptr, 0, 0, 1);
    link("a size without an address", maps, nullptr, 16);
    link("an address without a size", maps, &hash, 0);
    link("a map for who needs none", maps, &hash, sizeof(hash));
    const std::vector<uint32_t> page(2048);
    link("a page", maps, page.data(), 4096);
    link("a page and more", maps, page.data(), 4097);
    link("other type", maps, nullptr, 0, 0, 0, 24);
    link("no such type", maps, nullptr, 0, 0, 0, 1000);
    link("no program", 400, nullptr, 0);
    link("a map as program", it.Map("it_hash"), nullptr, 0);
    link("one that sleeps", it.Program("sleepable_maps"), nullptr, 0);
  });
}

TEST_F(IteratorLinksHostTest, ErrnosOfMakingLinksOfMaps) {
  CompareElements([](LoadedIterators& it, auto note) {
    const auto link = [&](const std::string& name, const char* program,
                          const void* info, uint32_t size) {
      TryLink(it, note, name, it.Program(program), info, size);
    };
    const IteratorLinkInfo hash = {it.Map("it_hash"), {}};
    const uint32_t longer[8] = {it.Map("it_hash")};
    link("longer", "dump_elements", longer, sizeof(longer));
    const uint32_t more[8] = {it.Map("it_hash"), 0, 0, 0, 1};
    link("more", "dump_elements", more, sizeof(more));
    link("short", "dump_elements", &hash, 4);
    link("shorter", "dump_elements", &hash, 1);
    for (const std::string program :
         {"dump_elements", "dump_cpu_elements", "read_long_key",
          "sleepable_maps", "sleepable_elements"}) {
      link(program + " without a map", program.c_str(), nullptr, 0);
      for (const char* map : {"it_hash", "it_lru", "it_array", "it_cpu_hash",
                              "it_cpu_lru", "it_cpu_array", "it_queue"}) {
        const IteratorLinkInfo info = {it.Map(map), {}};
        link(program + " on " + map, program.c_str(), &info, sizeof(info));
      }
      const IteratorLinkInfo closed = {400, {}};
      link(program + " on a closed one", program.c_str(), &closed,
           sizeof(closed));
      const IteratorLinkInfo wrong = {it.Program("dump_maps"), {}};
      link(program + " on a program", program.c_str(), &wrong, sizeof(wrong));
    }
  });
}

TEST_F(IteratorLinksHostTest, MapsThatArePartlyOutOfReach) {
  CompareElements([](LoadedIterators& it, auto note) {
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

/// Programs of iterators have none.
template <typename Note>
void TestRun(LoadedIterators& it, Note note) {
  linux_abi::ProgTestRunAttr run{};
  run.prog_fd = it.Program("dump_maps");
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
}

TEST_F(IteratorLinksHostTest, ErrnosOfOpeningAndUpdating) {
  Compare([](LoadedIterators& it, auto note) {
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
    TestRun(it, note);
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
void Vary(LoadedIterators& it, Note note, const char* name, uint32_t command,
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

TEST_F(IteratorLinksHostTest, AttributesOfAnySizeAndContents) {
  Compare([](LoadedIterators& it, auto note) {
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

}  // namespace
}  // namespace ebpf::oracle
