// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/elf_image.h"

#include <stddef.h>

#include "core/base/memory.h"
#include "testing/hermit/loader/boot_info.h"

namespace hermit {
namespace {

using ebpf::Bytes;
using ebpf::ConstBytes;

// [elf: chapters 1 and 2, ELF-64 object file format]
struct FileHeader {
  uint8_t ident[16];
  uint16_t type;
  uint16_t machine;
  uint32_t version;
  uint64_t entry;
  uint64_t segment_offset;
  uint64_t section_offset;
  uint32_t flags;
  uint16_t header_size;
  uint16_t segment_entry_size;
  uint16_t segment_count;
  uint16_t section_entry_size;
  uint16_t section_count;
  uint16_t section_names;
};
static_assert(sizeof(FileHeader) == 64);

struct Segment {
  uint32_t type;
  uint32_t flags;
  uint64_t offset;
  uint64_t address;
  uint64_t physical_address;
  uint64_t file_size;
  uint64_t memory_size;
  uint64_t align;
};
static_assert(sizeof(Segment) == 56);

struct DynamicEntry {
  uint64_t tag;
  uint64_t value;
};

struct Relocation {
  uint64_t offset;
  uint64_t info;
  int64_t addend;
};
static_assert(sizeof(Relocation) == 24);

struct NoteHeader {
  uint32_t name_size;
  uint32_t data_size;
  uint32_t type;
};

constexpr uint8_t kIdent[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};  // 64, little
constexpr uint16_t kTypeDyn = 3;

enum SegmentType : uint32_t {
  kLoad = 1,
  kDynamic = 2,
  kInterpreter = 3,
  kNote = 4,
  kTls = 7,
};

enum DynamicTag : uint64_t {
  kEnd = 0,
  kNeeded = 1,
  kRela = 7,
  kRelaSize = 8,
  kRelaEntrySize = 9,
  kRel = 17,
  kPltRelocations = 23,
  kRelr = 36,
};

class Loader {
 public:
  Loader(ConstBytes file, ElfMachine machine, Bytes memory, uint64_t base,
         LoadedImage* image)
      : file_(file),
        machine_(machine),
        memory_(memory),
        base_(base),
        image_(image) {}

  const char* Load() {
    if (const char* why = ReadHeader()) {
      return why;
    }
    *image_ = LoadedImage();
    // Segments first: the others lie inside them.
    if (const char* why = ForEachSegment(&Loader::PlaceSegment)) {
      return why;
    }
    if (header_.entry >= image_->size) {
      return "the entry point is outside of the image";
    }
    image_->entry = base_ + header_.entry;
    if (const char* why = ForEachSegment(&Loader::ReadSegment)) {
      return why;
    }
    if (!entry_version_seen_) {
      return "no note tells Hermit's entry version: not a Hermit image";
    }
    return nullptr;
  }

 private:
  const char* ReadHeader() {
    if (file_.size() < sizeof(FileHeader)) {
      return "the file is shorter than an ELF header";
    }
    header_ = ebpf::LoadUnaligned<FileHeader>(file_.data());
    if (!EqualBytes(ConstBytes(header_.ident, sizeof(kIdent)), kIdent)) {
      return "not a 64-bit little-endian ELF file";
    }
    if (header_.machine != machine_.machine) {
      return "an ELF file for another CPU";
    }
    if (header_.type != kTypeDyn) {
      return "not position-independent";
    }
    if (header_.segment_entry_size != sizeof(Segment) ||
        !file_.Contains(header_.segment_offset,
                        uint64_t{header_.segment_count} * sizeof(Segment))) {
      return "the table of segments is not in the file";
    }
    return nullptr;
  }

  const char* ForEachSegment(const char* (Loader::*visit)(const Segment&)) {
    for (unsigned i = 0; i < header_.segment_count; ++i) {
      const Segment segment = ebpf::LoadUnaligned<Segment>(
          file_.data() + header_.segment_offset + i * sizeof(Segment));
      if (const char* why = (this->*visit)(segment)) {
        return why;
      }
    }
    return nullptr;
  }

  const char* PlaceSegment(const Segment& segment) {
    if (segment.type != kLoad) {
      return nullptr;
    }
    if (segment.file_size > segment.memory_size ||
        !file_.Contains(segment.offset, segment.file_size)) {
      return "a segment's content is not in the file";
    }
    if (!memory_.Contains(segment.address, segment.memory_size)) {
      return "the image does not fit into memory";
    }
    uint8_t* to = memory_.data() + segment.address;
    ebpf::CopyBytes(to, file_.data() + segment.offset, segment.file_size);
    ebpf::FillBytes(to + segment.file_size, 0,
                    segment.memory_size - segment.file_size);
    image_->size =
        ebpf::Max(image_->size, segment.address + segment.memory_size);
    return nullptr;
  }

  const char* ReadSegment(const Segment& segment) {
    switch (segment.type) {
      case kInterpreter:
        return "the image asks for a dynamic linker";
      case kNote:
        return ReadNotes(segment);
      case kTls:
        return ReadTls(segment);
      case kDynamic:
        return Relocate(segment);
      default:
        return nullptr;
    }
  }

  bool InImage(uint64_t address, uint64_t size) const {
    return address <= image_->size && size <= image_->size - address;
  }

  const char* ReadNotes(const Segment& segment) {
    if (!file_.Contains(segment.offset, segment.file_size)) {
      return "a note is not in the file";
    }
    ConstBytes notes = file_.Subspan(segment.offset, segment.file_size);
    while (notes.size() >= sizeof(NoteHeader)) {
      const auto note = ebpf::LoadUnaligned<NoteHeader>(notes.data());
      const uint64_t name_end =
          sizeof(note) + ((note.name_size + 3ull) & ~3ull);
      const uint64_t end = name_end + ((note.data_size + 3ull) & ~3ull);
      if (!notes.Contains(name_end, note.data_size)) {
        return "a note runs over its segment's end";
      }
      constexpr uint8_t kName[] = {'H', 'E', 'R', 'M', 'I', 'T', 0};
      if (note.type == kEntryVersionNote && note.data_size >= 1 &&
          note.name_size == sizeof(kName) &&
          EqualBytes(notes.Subspan(sizeof(note), sizeof(kName)), kName)) {
        if (notes[name_end] != kEntryVersion) {
          return "the kernel speaks another version of the entry protocol";
        }
        entry_version_seen_ = true;
      }
      notes = notes.Subspan(end < notes.size() ? end : notes.size());
    }
    return nullptr;
  }

  const char* ReadTls(const Segment& segment) {
    if (segment.file_size > segment.memory_size ||
        !InImage(segment.address, segment.file_size)) {
      return "the thread-local image is outside of the image";
    }
    image_->tls = {base_ + segment.address, segment.file_size,
                   segment.memory_size, segment.align};
    return nullptr;
  }

  const char* Relocate(const Segment& segment) {
    if (!InImage(segment.address, segment.memory_size)) {
      return "the dynamic section is outside of the image";
    }
    uint64_t table = 0;
    uint64_t table_size = 0;
    for (uint64_t at = 0; at + sizeof(DynamicEntry) <= segment.memory_size;
         at += sizeof(DynamicEntry)) {
      const auto entry = ebpf::LoadUnaligned<DynamicEntry>(
          memory_.data() + segment.address + at);
      if (entry.tag == kEnd) {
        break;
      }
      if (entry.tag == kNeeded || entry.tag == kRel ||
          entry.tag == kPltRelocations || entry.tag == kRelr) {
        return "the image needs more than relative relocations";
      }
      if (entry.tag == kRelaEntrySize && entry.value != sizeof(Relocation)) {
        return "relocations of an unknown size";
      }
      table = entry.tag == kRela ? entry.value : table;
      table_size = entry.tag == kRelaSize ? entry.value : table_size;
    }
    if (!InImage(table, table_size) || table_size % sizeof(Relocation) != 0) {
      return "the relocations are outside of the image";
    }
    return ApplyRelocations(table, table_size / sizeof(Relocation));
  }

  const char* ApplyRelocations(uint64_t table, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const auto relocation = ebpf::LoadUnaligned<Relocation>(
          memory_.data() + table + i * sizeof(Relocation));
      // The symbol is in the upper half; a relative one has none.
      if (relocation.info != machine_.relative) {
        return "a relocation that is not relative";
      }
      if (!InImage(relocation.offset, sizeof(uint64_t))) {
        return "a relocation outside of the image";
      }
      ebpf::StoreUnaligned(memory_.data() + relocation.offset,
                           base_ + static_cast<uint64_t>(relocation.addend));
    }
    image_->relocation_count += count;
    return nullptr;
  }

  const ConstBytes file_;
  const ElfMachine machine_;
  const Bytes memory_;
  const uint64_t base_;
  LoadedImage* const image_;
  FileHeader header_ = {};
  bool entry_version_seen_ = false;
};

}  // namespace

const char* LoadImage(ebpf::ConstBytes file, ElfMachine machine,
                      ebpf::Bytes memory, uint64_t base, LoadedImage* image) {
  return Loader(file, machine, memory, base, image).Load();
}

}  // namespace hermit
