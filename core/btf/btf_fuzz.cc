// SPDX-License-Identifier: MIT
//
// libFuzzer over the BTF reader: whatever the blob says, asking everything of
// it ends and stays inside, and what Open has checked holds.
//
// The first byte says how the rest is meant: as a whole blob, or as types and
// strings to which a fitting header is made, since a random header rarely fits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "core/base/memory.h"
#include "core/btf/btf.h"

namespace {

using ebpf::ConstBytes;
using ebpf::Result;
using ebpf::Span;
using ebpf::StringView;
using ebpf::btf::Btf;
using ebpf::btf::Kind;
using ebpf::btf::Type;
using ebpf::btf::TypeId;

volatile uint64_t sink;

void Expect(bool condition) {
  if (!condition) {
    std::abort();
  }
}

/// A header, `types`, an empty name, the rest and a last zero.
std::vector<uint8_t> WithHeader(const uint8_t* data, size_t size) {
  if (size < 2) {
    return {};
  }
  const size_t wanted = size_t{data[0]} * 4;
  data += 1;
  size -= 1;
  const auto type_size = static_cast<uint32_t>(wanted < size ? wanted : size);
  const auto string_size = static_cast<uint32_t>(size - type_size + 2);
  const uint32_t header[] = {0x0001eb9f, 24,        0,
                             type_size,  type_size, string_size};
  std::vector<uint8_t> blob(sizeof(header));
  memcpy(blob.data(), header, sizeof(header));
  blob.insert(blob.end(), data, data + type_size);
  blob.push_back(0);
  blob.insert(blob.end(), data + type_size, data + size);
  blob.push_back(0);
  return blob;
}

void UseName(const Btf& btf, ebpf::btf::NameOffset offset) {
  const Result<StringView> name = btf.Name(offset);
  // Only its length can be wrong, not its place.
  Expect(name.ok() || name.status() == ebpf::Status::kInvalid);
  if (name.ok()) {
    for (char c : *name) {
      sink = sink + static_cast<uint8_t>(c);
    }
  }
}

void UseType(const Btf& btf, TypeId id) {
  const Result<Type> type = btf.TypeAt(id);
  Expect(type.ok());
  UseName(btf, type->name);
  (void)btf.SizeOf(id);
  const Result<TypeId> plain = btf.SkipModifiers(id);
  Expect(!plain.ok() || *plain < btf.type_count());
  if (type->kind == Kind::kArray) {
    Expect(Btf::ArrayOf(*type).element < btf.type_count());
  }
  for (uint32_t i = 0; i < type->member_count; ++i) {
    if (type->kind == Kind::kStruct || type->kind == Kind::kUnion) {
      const ebpf::btf::Member member = Btf::MemberAt(*type, i);
      Expect(member.type < btf.type_count());
      UseName(btf, member.name);
    }
    if (type->kind == Kind::kDataSection) {
      Expect(Btf::VariableAt(*type, i).type < btf.type_count());
    }
  }
}

void Ask(ConstBytes bytes) {
  const Result<uint32_t> count = Btf::CountTypes(bytes);
  if (!count.ok()) {
    return;
  }
  std::vector<uint32_t> index(*count);
  const Result<Btf> btf =
      Btf::Open(bytes, Span<uint32_t>(index.data(), index.size()));
  if (!btf.ok()) {
    return;
  }
  Expect(btf->type_count() == *count);
  for (TypeId id = 0; id < btf->type_count(); ++id) {
    UseType(*btf, id);
  }
  Expect(!btf->TypeAt(btf->type_count()).ok());
  const Result<TypeId> found = btf->Find(Kind::kDataSection, ".maps");
  if (found.ok()) {
    Expect(*btf->Name(btf->TypeAt(*found)->name) == StringView(".maps"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  std::vector<uint8_t> blob;
  if ((data[0] & 1) != 0) {
    blob = WithHeader(data + 1, size - 1);
  } else {
    blob.assign(data + 1, data + size);
  }
  // In a block of exactly its size, so that ASan sees a byte too many.
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[blob.size()]);
  ebpf::CopyBytes(exact.get(), blob.data(), blob.size());
  Ask(ConstBytes(exact.get(), blob.size()));
  return 0;
}
