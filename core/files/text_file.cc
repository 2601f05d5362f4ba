// SPDX-License-Identifier: MIT
//
// core/files/text_file.h's implementation.
#include "core/files/text_file.h"

#include "core/linux_abi/bpf.h"

namespace ebpf {

Result<Ref<TextFile>> TextFile::Create(const TextKind& kind,
                                       const Client& client,
                                       Allocator& allocator) {
  TextViewer viewer;
  viewer.sees_addresses = client.Capable(linux_abi::kCapSyslog);
  TextWalk* walk = EBPF_TRY(kind.begin(viewer, allocator));
  Result<TextFile*> file = allocator.New<TextFile>(kind, *walk, allocator);
  if (!file.ok()) {
    walk->Delete();
    return file.status();
  }
  return Ref<TextFile>::Adopt(*file);
}

StringView TextFile::Rest() {
  if (read_ == size_ && !ended_) {
    TextWriter line(line_, sizeof(line_));
    ended_ = !walk_.Next(line);
    size_ = ended_ ? 0 : line.text().size();
    read_ = 0;
    if (line.truncated()) {
      line_[size_ - 1] = '\n';
    }
  }
  return StringView(line_ + read_, size_ - read_);
}

Result<size_t> TextFile::Read(Client& client, CallerPtr to, size_t size) {
  MutexGuard guard(mutex_);
  size_t done = 0;
  while (done < size) {
    const StringView rest = Rest();
    const size_t count = Min(rest.size(), size - done);
    if (count == 0) {
      break;
    }
    const Status status = client.CopyOut(to.Plus(done), rest.data(), count);
    if (!IsOk(status)) {
      return done == 0 ? Result<size_t>(status) : Result<size_t>(done);
    }
    read_ += count;
    done += count;
  }
  return done;
}

void TextFile::Skip(uint64_t count) {
  MutexGuard guard(mutex_);
  while (count != 0) {
    const size_t part =
        static_cast<size_t>(Min<uint64_t>(Rest().size(), count));
    if (part == 0) {
      break;
    }
    read_ += part;
    count -= part;
  }
}

}  // namespace ebpf
