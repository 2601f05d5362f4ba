// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/device_tree_writer.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace hermit {
namespace {

using ebpf::ConstBytes;
using ebpf::StringView;

constexpr uint32_t kMagic = 0xd00dfeed;
constexpr uint32_t kVersion = 17;
constexpr uint32_t kCompatibleVersion = 16;
constexpr size_t kHeaderSize = 40;
/// An empty list of what is reserved: its end.
constexpr size_t kReservedSize = 16;
constexpr size_t kStructure = kHeaderSize + kReservedSize;

constexpr uint32_t kBeginNode = 1;
constexpr uint32_t kEndNode = 2;
constexpr uint32_t kProperty = 3;
constexpr uint32_t kEnd = 9;

}  // namespace

DeviceTreeWriter::DeviceTreeWriter(ebpf::Bytes memory)
    : memory_(memory), at_(kStructure) {
  ebpf::FillBytes(memory.data(), 0, memory.size());
}

void DeviceTreeWriter::SetWord(size_t offset, uint32_t word) {
  fits_ = fits_ && memory_.Contains(offset, sizeof(word));
  if (fits_) {
    ebpf::StoreUnaligned(memory_.data() + offset, ebpf::BigEndian(word));
  }
}

void DeviceTreeWriter::PutWord(uint32_t word) {
  SetWord(at_, word);
  at_ += sizeof(word);
}

void DeviceTreeWriter::PutBytes(ConstBytes bytes) {
  fits_ = fits_ && memory_.Contains(at_, bytes.size());
  if (fits_) {
    ebpf::CopyBytes(memory_.data() + at_, bytes.data(), bytes.size());
  }
  at_ = ebpf::AlignUp<size_t>(at_ + bytes.size(), 4);
}

void DeviceTreeWriter::BeginNode(StringView name) {
  PutWord(kBeginNode);
  // The zero behind it is there, and so is what fills the word.
  const size_t begin = at_;
  PutBytes(
      ConstBytes(reinterpret_cast<const uint8_t*>(name.data()), name.size()));
  at_ = ebpf::AlignUp<size_t>(begin + name.size() + 1, 4);
}

void DeviceTreeWriter::EndNode() { PutWord(kEndNode); }

void DeviceTreeWriter::Property(StringView name, ConstBytes value) {
  PutWord(kProperty);
  PutWord(static_cast<uint32_t>(value.size()));
  PutWord(static_cast<uint32_t>(names_size_));
  fits_ = fits_ && name.size() + 1 <= sizeof(names_) - names_size_;
  if (fits_) {
    ebpf::CopyBytes(names_ + names_size_, name.data(), name.size());
    names_size_ += name.size() + 1;
  }
  PutBytes(value);
}

void DeviceTreeWriter::Text(StringView name, StringView text) {
  uint8_t value[64] = {};
  const size_t size = ebpf::Min(text.size(), sizeof(value) - 1);
  ebpf::CopyBytes(value, text.data(), size);
  fits_ = fits_ && size == text.size();
  Property(name, ConstBytes(value, size + 1));
}

void DeviceTreeWriter::Cell(StringView name, uint32_t cell) {
  const uint32_t word = ebpf::BigEndian(cell);
  Property(name, ConstBytes(reinterpret_cast<const uint8_t*>(&word), 4));
}

void DeviceTreeWriter::Range(StringView name, uint64_t begin, uint64_t size) {
  const uint64_t words[] = {ebpf::BigEndian(begin), ebpf::BigEndian(size)};
  Property(name,
           ConstBytes(reinterpret_cast<const uint8_t*>(words), sizeof(words)));
}

size_t DeviceTreeWriter::Finish() {
  PutWord(kEnd);
  const size_t names = at_;
  PutBytes(ConstBytes(names_, names_size_));
  const uint32_t header[] = {
      kMagic,
      static_cast<uint32_t>(at_),
      kStructure,
      static_cast<uint32_t>(names),
      kHeaderSize,  // of what is reserved
      kVersion,
      kCompatibleVersion,
      0,  // the CPU
      static_cast<uint32_t>(names_size_),
      static_cast<uint32_t>(names - kStructure),
  };
  static_assert(sizeof(header) == kHeaderSize);
  for (size_t i = 0; i < sizeof(header) / sizeof(*header); ++i) {
    SetWord(i * sizeof(*header), header[i]);
  }
  return fits_ && at_ <= memory_.size() ? at_ : 0;
}

}  // namespace hermit
