// SPDX-License-Identifier: MIT
//
// testing/core_relo/relocate_object.h's implementation.
#include "testing/core_relo/relocate_object.h"

#include <cstring>
#include <memory>
#include <optional>

#include "core/btf/btf_ext.h"
#include "core/btf/btf_object.h"
#include "core/btf/core_relo.h"
#include "core/elf/elf_reader.h"

namespace ebpf::testing_core_relo {
namespace {

/// Where .BTF.ext's header has the size of its CO-RE table.
constexpr size_t kRelocationSizeAt = 28;

std::string Text(StringView text) {
  return std::string(text.data(), text.size());
}

ConstBytes View(const std::vector<uint8_t>& bytes) {
  return ConstBytes(bytes.data(), bytes.size());
}

/// The section's place in the file.
std::optional<Bytes> FindSection(std::vector<uint8_t>& object,
                                 const std::string& name) {
  const Result<elf::ElfReader> reader = elf::ElfReader::Open(View(object));
  for (uint32_t i = 0; reader.ok() && i < reader->section_count(); ++i) {
    const Result<elf::Section> section = reader->SectionAt(i);
    if (section.ok() && Text(section->name) == name) {
      const size_t at =
          static_cast<size_t>(section->data.data() - object.data());
      return Bytes(object.data() + at, section->data.size());
    }
  }
  return std::nullopt;
}

Ref<btf::BtfObject> OpenBtf(ConstBytes bytes, const char* whose) {
  Result<Ref<btf::BtfObject>> object =
      btf::BtfObject::Create(bytes, PortAllocator());
  if (!object.ok()) {
    throw std::runtime_error(std::string(whose) + " BTF cannot be read");
  }
  return Move(*object);
}

/// Does the relocations of one section.
void RelocateSection(btf::CoreRelocator& relocator, const TextWriter& log,
                     const btf::ExtSection& records, Bytes code) {
  for (uint32_t i = 0; i < records.record_count; ++i) {
    btf::CoreRelocation relocation;
    memcpy(&relocation, records.RecordAt(i).data(), sizeof(relocation));
    if (!IsOk(relocator.Apply(relocation, code))) {
      throw RelocationError(Text(log.text()));
    }
  }
}

}  // namespace

std::vector<uint8_t> SectionOf(const std::vector<uint8_t>& object,
                               const std::string& name) {
  std::vector<uint8_t> copy = object;
  const std::optional<Bytes> section = FindSection(copy, name);
  return section.has_value()
             ? std::vector<uint8_t>(section->begin(), section->end())
             : std::vector<uint8_t>();
}

std::vector<uint8_t> RelocateObject(std::vector<uint8_t> object,
                                    const std::vector<uint8_t>& kernel) {
  const std::vector<uint8_t> types = SectionOf(object, ".BTF");
  const std::vector<uint8_t> records = SectionOf(object, ".BTF.ext");
  const Result<btf::BtfExt> ext = btf::BtfExt::Open(View(records));
  if (!ext.ok()) {
    throw std::runtime_error("the object has no .BTF.ext that can be read");
  }
  const Ref<btf::BtfObject> local = OpenBtf(View(types), "the object's");
  const Ref<btf::BtfObject> target = OpenBtf(View(kernel), "the kernel's");
  std::vector<char> text(1 << 16);
  TextWriter log(text.data(), text.size());
  const auto relocator =
      std::make_unique<btf::CoreRelocator>(local->btf(), target->btf(), &log);
  size_t at = 0;
  for (;;) {
    const Result<btf::ExtSection> section =
        ext->NextSection(btf::ExtTable::kRelocations, at);
    if (!section.ok()) {
      break;
    }
    const Result<StringView> name = local->btf().Name(section->name);
    const std::optional<Bytes> code =
        FindSection(object, name.ok() ? Text(*name) : "");
    if (!code.has_value()) {
      throw std::runtime_error("relocations of a section that is not there");
    }
    RelocateSection(*relocator, log, *section, *code);
  }
  const std::optional<Bytes> header = FindSection(object, ".BTF.ext");
  if (header->size() >= kRelocationSizeAt + 4) {
    memset(header->data() + kRelocationSizeAt, 0, 4);
  }
  return object;
}

}  // namespace ebpf::testing_core_relo
