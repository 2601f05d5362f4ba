// SPDX-License-Identifier: MIT
//
// What readers of iterators get, in the host's kernel and here: the same text
// by the same reads.
#include <cstring>
#include <string>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/oracle/iterator_comparison.h"

namespace ebpf::oracle {
namespace {

using IteratorsHostTest = IteratorComparison;

TEST_F(IteratorsHostTest, MapsProgramsAndLinksAreListed) {
  Compare([](LoadedIterators& it, auto note) {
    note("maps", LinesWith(it.Dump("dump_maps"), "it_"));
    note("end", LinesWith(it.Dump("dump_maps"), "end of"));
    note("programs", LinesWith(it.Dump("dump_programs"), "dump_"));
    note("others", LinesWith(it.Dump("dump_programs"), "sleepable_"));
    const int64_t link = it.Link("count_maps");
    note("links", LinesWith(it.Dump("dump_links"), "count_maps"));
    it.side().Close(link);
    note("no link", LinesWith(it.Dump("dump_links"), "count_maps"));
    note("a silent one", it.Dump("count_maps"));
    note("by a function of the kernel", it.Dump("count_by_kernel"));
  });
}

TEST_F(IteratorsHostTest, ElementsOfEachKindOfMap) {
  CompareElements([](LoadedIterators& it, auto note) {
    note("empty", it.Dump("dump_elements", "it_hash"));
    it.FillMaps();
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
  CompareElements([](LoadedIterators& it, auto note) {
    it.FillMaps();
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
  CompareElements([](LoadedIterators& it, auto note) {
    it.FillMaps();
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
  CompareElements([](LoadedIterators& it, auto note) {
    it.FillMaps();
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
  CompareElements([](LoadedIterators& it, auto note) {
    const uint64_t value = 5;
    EXPECT_EQ(it.Update("it_hash", 7, &value), 0);
    const int64_t file = it.OpenNew("dump_elements", "it_hash");
    note("first", it.Reads(file, {1}));
    EXPECT_EQ(it.Delete("it_hash", 7), 0);
    note("the rest", it.ReadAll(file));
    EXPECT_EQ(it.Update("it_hash", 8, &value), 0);
    note("behind the end", it.ReadAll(file));
    it.side().Close(file);
  });
}

TEST_F(IteratorsHostTest, MapsThatComeMeanwhile) {
  Compare([](LoadedIterators& it, auto note) {
    const int64_t file = it.OpenNew("dump_maps");
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
  CompareElements([](LoadedIterators& it, auto note) {
    it.FillMaps();
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

TEST_F(IteratorsHostTest, OpenFilesKeepTheirProgram) {
  Compare([](LoadedIterators& it, auto note) {
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
