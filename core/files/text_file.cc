// SPDX-License-Identifier: MIT
//
// core/files/text_file.h's implementation.
#include "core/files/text_file.h"

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/memory/buffer.h"

namespace ebpf {

Result<Ref<TextFile>> TextFile::Create(const TextPlace& place, Access access,
                                       const Client& client,
                                       Allocator& allocator) {
  TextFile* made = EBPF_TRY(allocator.New<TextFile>(place, access, allocator));
  Ref<TextFile> file = Ref<TextFile>::Adopt(made);
  if (access.reads && place.kind->begin != nullptr) {
    TextViewer viewer;
    viewer.sees_addresses = client.Capable(linux_abi::kCapSyslog);
    viewer.place = &file->place_;
    file->walk_ = EBPF_TRY(place.kind->begin(viewer, allocator));
  }
  return file;
}

TextFile::~TextFile() {
  if (walk_ != nullptr) {
    const MutexGuard guard(mutex_);
    if (wakes_) {
      walk_->notifier()->Remove(waker_);
    }
    walk_->Delete();
  }
}

StringView TextFile::Rest() {
  if (read_ == size_ && !ended_) {
    TextWriter line(line_, sizeof(line_));
    const bool is_one = walk_->Next(line);
    ended_ = !is_one && walk_->notifier() == nullptr;
    size_ = is_one ? line.text().size() : 0;
    read_ = 0;
    if (line.truncated()) {
      line_[size_ - 1] = '\n';
    }
  }
  return StringView(line_ + read_, size_ - read_);
}

Result<size_t> TextFile::Read(Client& client, CallerPtr to, size_t size) {
  if (!access_.reads) {
    return Status::kBadFd;
  }
  if (walk_ == nullptr) {
    return Status::kInvalid;
  }
  MutexGuard guard(mutex_);
  size_t done = 0;
  while (done < size) {
    const StringView rest = Rest();
    const size_t count = Min(rest.size(), size - done);
    if (count == 0) {
      if (done == 0 && !ended_) {
        return walk_->notifier() != nullptr ? Status::kTryAgain
                                            : Status::kNoDevice;
      }
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

Result<size_t> TextFile::Write(Client& client, CallerPtr from, size_t size) {
  if (!access_.writes) {
    return Status::kBadFd;
  }
  if (place_.kind->write == nullptr) {
    return Status::kInvalid;
  }
  Buffer<char> text(allocator_);
  const size_t count = Min(size, kMaxTextWrite);
  EBPF_TRY(text.Allocate(count));
  if (count != 0) {
    EBPF_TRY(client.CopyIn(text.span().data(), from, count));
  }
  return place_.kind->write(place_, StringView(text.span().data(), count),
                            allocator_);
}

uint32_t TextFile::Poll() {
  uint32_t events = linux_abi::kPollOut | linux_abi::kPollWriteNormal;
  bool is_readable = true;
  if (walk_ != nullptr && walk_->notifier() != nullptr) {
    MutexGuard guard(mutex_);
    is_readable = read_ != size_ || walk_->IsReadable();
    events = 0;  // Linux's trace_pipe cannot be written
  }
  return is_readable ? events | linux_abi::kPollIn | linux_abi::kPollReadNormal
                     : events;
}

Status TextFile::WakeReaders(void* file) {
  if (walk_ == nullptr || walk_->notifier() == nullptr) {
    return Status::kNotSupported;
  }
  const MutexGuard guard(mutex_);
  if (Exchange(wakes_, true)) {
    return Status::kBusy;
  }
  waker_.file = file;
  walk_->notifier()->Add(waker_);
  return Status::kOk;
}

void TextFile::Skip(uint64_t count) {
  MutexGuard guard(mutex_);
  while (count != 0 && walk_ != nullptr) {
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
