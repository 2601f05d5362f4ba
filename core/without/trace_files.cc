// SPDX-License-Identifier: MIT
//
// In place of the texts of core/files: no path is one's.
#include "core/files/text_file.h"
#include "core/files/text_walk.h"

namespace ebpf {

const TextKind* TextAt(size_t /*index*/) { return nullptr; }

Status FindText(StringView /*path*/, TextPlace* /*place*/) {
  return Status::kNotFound;
}

Status ReadTextDirectory(StringView /*path*/, size_t /*index*/,
                         TextEntry* /*entry*/) {
  return Status::kNotFound;
}

uint32_t TextDirectoryMode(StringView /*path*/) { return 0755; }

Result<Ref<TextFile>> TextFile::Create(const TextPlace& /*place*/,
                                       Access /*access*/,
                                       const Client& /*client*/,
                                       Allocator& /*allocator*/) {
  return Status::kNotFound;
}

// Of no file that there is.
Result<size_t> TextFile::Read(Client& /*client*/, CallerPtr /*to*/,
                              size_t /*size*/) {
  return Status::kInvalid;
}

Result<size_t> TextFile::Write(Client& /*client*/, CallerPtr /*from*/,
                               size_t /*size*/) {
  return Status::kInvalid;
}

uint32_t TextFile::Poll() { return 0; }

Status TextFile::WakeReaders(void* /*file*/) { return Status::kInvalid; }

void TextFile::Skip(uint64_t /*count*/) {}

TextFile::~TextFile() = default;

}  // namespace ebpf
