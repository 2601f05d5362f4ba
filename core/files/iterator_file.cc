// SPDX-License-Identifier: MIT
//
// core/files/iterator_file.h's implementation.
#include "core/files/iterator_file.h"

#include "core/files/client.h"
#include "core/objects/kernel_view.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

/// Sessions that there were. Nothing is ordered by it.
constinit Atomic<uint64_t> sessions{0};

/// As struct bpf_iter__<target>.
struct Context {
  kernel_view::IteratorMeta* meta;
  IteratorArguments arguments;
};

}  // namespace

IteratorFile::IteratorFile(Ref<Program> program, ObjectWalk& walk,
                           Allocator& allocator)
    : allocator_(allocator),
      program_(Move(program)),
      walk_(walk),
      session_id_(sessions.FetchAdd(1, kRelaxed) + 1) {}

IteratorFile::~IteratorFile() {
  walk_.Delete();
  if (output_ != nullptr) {
    allocator_.Delete(output_);
  }
}

Result<Ref<File>> IteratorFile::Create(const IteratorLink& link,
                                       Allocator& allocator) {
  ObjectWalk* walk = EBPF_TRY(link.Begin());
  Result<IteratorFile*> file =
      allocator.New<IteratorFile>(link.program(), *walk, allocator);
  if (!file.ok()) {
    walk->Delete();
    return file.status();
  }
  return Ref<File>::Adopt(*file);
}

Result<size_t> IteratorFile::Read(Client& client, CallerPtr to, size_t size) {
  MutexGuard guard(mutex_);
  if (output_ == nullptr) {
    output_ = EBPF_TRY(allocator_.New<Output>());
  }
  SeqBuffer& text = output_->text;
  if (read_ == text.text().size()) {
    text.Truncate(0);
    read_ = 0;
    EBPF_TRY(Fill(size));
  }
  const size_t count = Min(size, text.text().size() - read_);
  EBPF_TRY(client.CopyOut(to, text.text().data() + read_, count));
  read_ += count;
  return count;
}

Status IteratorFile::Fill(size_t wanted) {
  const Result<bool> at_end = FillByObjects(wanted);
  // Between two reads nothing is held.
  walk_.Leave();
  EBPF_TRY(StatusOf(at_end));
  return *at_end && !ended_ ? FillAtEnd() : Status::kOk;
}

Result<bool> IteratorFile::FillByObjects(size_t wanted) {
  SeqBuffer& text = output_->text;
  for (uint32_t count = 1; walk_.Find(); ++count) {
    const size_t before = text.text().size();
    const Shown shown = Show(/*has_object=*/true);
    if (shown != Shown::kYes) {
      text.Truncate(before);
    }
    if (shown == Shown::kAgain || shown == Shown::kTooBig) {
      const Status status =
          shown == Shown::kAgain ? Status::kTryAgain : Status::kTooBig;
      return before == 0 ? Result<bool>(status) : Result<bool>(false);
    }
    walk_.Advance();
    if (!walk_.Find()) {
      return true;
    }
    // The next one has the number of one that is gone.
    number_ += shown == Shown::kYes ? 1 : 0;
    if (text.text().size() >= wanted) {
      return false;
    }
    if (count == kMaxSilentObjects) {
      return text.text().empty() ? Result<bool>(Status::kTryAgain)
                                 : Result<bool>(false);
    }
  }
  return true;
}

Status IteratorFile::FillAtEnd() {
  SeqBuffer& text = output_->text;
  const size_t before = text.text().size();
  if (Show(/*has_object=*/false) != Shown::kTooBig) {
    ended_ = true;
    return Status::kOk;
  }
  text.Truncate(before);
  return before == 0 ? Status::kTooBig : Status::kOk;
}

IteratorFile::Shown IteratorFile::Show(bool has_object) {
  kernel_view::IteratorMeta meta = {output_->text.argument(), session_id_,
                                    number_};
  Context context = {&meta, {}};
  uint64_t result;
  {
    // A value stays as long as the program looks at it.
    const ReadSection reading;
    if (!has_object) {
      walk_.ShowEnd(context.arguments);
    } else if (!walk_.Show(context.arguments)) {
      return Shown::kIsGone;
    }
    result = program_->Run(&context);
  }
  if (has_object && result != 0) {
    return Shown::kAgain;
  }
  return output_->text.overflowed() ? Shown::kTooBig : Shown::kYes;
}

}  // namespace ebpf
