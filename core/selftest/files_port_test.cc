// SPDX-License-Identifier: MIT
//
// The contract of core/platform/files.h: what numbers stand for, and whose the
// references are.
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"
#include "core/platform/errors.h"
#include "core/platform/files.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

/// Kernels of less than that are asked for more descriptors than they have.
constexpr size_t kMostNumbers = 2048;
constinit int numbers[kMostNumbers] = {};

/// A file of ours, and the reference that is the case's until it is installed.
class TestFile : public NonCopyable {
 public:
  explicit TestFile(Environment& environment)
      : environment_(environment), descriptors_(environment.descriptors()) {
    file_ = descriptors_ == nullptr ? nullptr : descriptors_->NewFile();
    if (file_ == nullptr) {
      environment.Skipped("no files of core's, or no way to close a number");
    }
    is_ours_ = file_ != nullptr;
  }
  ~TestFile() {
    if (is_ours_) {
      descriptors_->Put(file_);
    }
  }

  bool ok() const { return file_ != nullptr; }
  ebpf_file* get() const { return file_; }
  Descriptors& descriptors() const { return *descriptors_; }

  /// Its number, with the reference; negative: there is none, and it is said.
  int Install() {
    const int fd = ebpf_port_fd_install(file_);
    is_ours_ = fd < 0;
    if (fd == kMinusNotSupported) {
      environment_.Skipped("each client has numbers of its own");
    } else {
      PORT_EXPECT(environment_, fd >= 0);
    }
    return fd;
  }

  /// Whether `fd` stands for it, with a reference for who asks.
  bool IsAt(int fd) const {
    const uint32_t before = descriptors_->References(file_);
    ebpf_file* const found = ebpf_port_fd_get(fd);
    const bool kept = descriptors_->References(file_) == before + 1;
    if (found == file_ && kept) {
      descriptors_->Put(found);
    }
    return found == file_ && kept;
  }

 private:
  Environment& environment_;
  Descriptors* const descriptors_;
  ebpf_file* file_;
  bool is_ours_;
};

/// Whether `fd` stands for nothing of ours.
bool IsNothing(Environment& environment, int fd) {
  ebpf_file* const found = ebpf_port_fd_get(fd);
  if (found != nullptr) {
    environment.descriptors()->Put(found);
  }
  return found == nullptr;
}

/// Waits for the end of all but `count` files: a kernel may leave it to a task.
bool AreLeft(Environment& environment, uint32_t count) {
  constexpr int kPatience = 200;  // moments
  const Descriptors& descriptors = *environment.descriptors();
  for (int i = 0; i < kPatience && descriptors.Left() > count; ++i) {
    environment.Yield();
  }
  return descriptors.Left() == count;
}

void ANumberStandsForItsFile(Environment& environment) {
  TestFile file(environment);
  const int fd = file.ok() ? file.Install() : -1;
  if (fd < 0) {
    return;
  }
  // The kernel's file object has the one that was the caller's.
  PORT_EXPECT(environment, file.descriptors().References(file.get()) == 1);
  PORT_EXPECT(environment, file.IsAt(fd));
  PORT_EXPECT(environment, file.IsAt(fd));
  PORT_EXPECT(environment, file.descriptors().References(file.get()) == 1);
  PORT_EXPECT(environment, file.descriptors().Close(fd) == 0);
  (void)AreLeft(environment, 0);
}

void EachFileHasANumberOfItsOwn(Environment& environment) {
  TestFile one(environment);
  TestFile other(environment);
  const int first = one.ok() && other.ok() ? one.Install() : -1;
  const int second = first < 0 ? -1 : other.Install();
  if (second >= 0) {
    PORT_EXPECT(environment, first != second);
    PORT_EXPECT(environment, one.IsAt(first));
    PORT_EXPECT(environment, other.IsAt(second));
    (void)other.descriptors().Close(second);
  }
  if (first >= 0) {
    (void)one.descriptors().Close(first);
    (void)AreLeft(environment, 0);
  }
}

void ItGoesWithItsLastNumber(Environment& environment) {
  TestFile file(environment);
  const int fd = file.ok() ? file.Install() : -1;
  if (fd < 0) {
    return;
  }
  const int copy = file.descriptors().Duplicate(fd);
  if (copy < 0) {
    environment.Skipped("the kernel gives no number twice");
    (void)file.descriptors().Close(fd);
    (void)AreLeft(environment, 0);
    return;
  }
  PORT_EXPECT(environment, copy != fd);
  PORT_EXPECT(environment, file.IsAt(copy));
  PORT_EXPECT(environment, file.descriptors().Close(fd) == 0);
  environment.Yield();
  PORT_ASSERT(environment, file.descriptors().Left() == 1);
  PORT_EXPECT(environment, file.IsAt(copy));
  PORT_EXPECT(environment, file.descriptors().Close(copy) == 0);
  PORT_EXPECT(environment, AreLeft(environment, 0));
}

void WhoKeepsItHasItBehindItsClose(Environment& environment) {
  TestFile file(environment);
  const int fd = file.ok() ? file.Install() : -1;
  if (fd < 0) {
    return;
  }
  ebpf_file* const kept = ebpf_port_fd_get(fd);
  PORT_EXPECT(environment, kept == file.get());
  PORT_EXPECT(environment, file.descriptors().Close(fd) == 0);
  environment.Yield();
  PORT_ASSERT(environment, kept != nullptr && file.descriptors().Left() == 1);
  file.descriptors().Put(kept);
  PORT_EXPECT(environment, AreLeft(environment, 0));
}

void ANumberThatIsNotOpenIsNothing(Environment& environment) {
  TestFile file(environment);
  const int fd = file.ok() ? file.Install() : -1;
  if (fd < 0) {
    return;
  }
  PORT_EXPECT(environment, IsNothing(environment, -1));
  PORT_EXPECT(environment, IsNothing(environment, INT32_MIN));
  PORT_EXPECT(environment, IsNothing(environment, INT32_MAX));
  PORT_EXPECT(environment, file.descriptors().Close(fd) == 0);
  PORT_EXPECT(environment, IsNothing(environment, fd));
  (void)AreLeft(environment, 0);
}

void AFileOfTheKernelsOwnIsNothing(Environment& environment) {
  TestFile file(environment);  // one that might be taken for it
  const int fd = file.ok() ? file.Install() : -1;
  if (fd < 0) {
    return;
  }
  const int own = file.descriptors().OpenKernels();
  if (own >= 0) {
    PORT_EXPECT(environment, IsNothing(environment, own));
    (void)file.descriptors().Close(own);
  } else {
    environment.Skipped("the kernel opens no file of its own");
  }
  (void)file.descriptors().Close(fd);
  (void)AreLeft(environment, 0);
}

void AFullTableTakesNoReference(Environment& environment) {
  TestFile file(environment);
  if (!file.ok()) {
    return;
  }
  Descriptors& descriptors = file.descriptors();
  size_t count = 0;
  int error = 0;
  for (; count < kMostNumbers; ++count) {
    descriptors.Keep(file.get());
    const int fd = ebpf_port_fd_install(file.get());
    if (fd < 0) {
      error = fd;
      break;
    }
    numbers[count] = fd;
  }
  const uint32_t references = descriptors.References(file.get());
  if (error == 0) {
    environment.Skipped("the table has no end");
  } else if (error == kMinusNotSupported) {
    environment.Skipped("each client has numbers of its own");
    descriptors.Put(file.get());
  } else {
    // Of each number, of what got none, and the case's.
    PORT_EXPECT(environment, references == count + 2);
    if (references >= count + 2) {
      descriptors.Put(file.get());
    }
  }
  while (count > 0) {
    (void)descriptors.Close(numbers[--count]);
  }
  PORT_EXPECT(environment, AreLeft(environment, 1));
}

constexpr Case kCases[] = {
    {"Files.ANumberStandsForItsFile", ANumberStandsForItsFile},
    {"Files.EachFileHasANumberOfItsOwn", EachFileHasANumberOfItsOwn},
    {"Files.ItGoesWithItsLastNumber", ItGoesWithItsLastNumber},
    {"Files.WhoKeepsItHasItBehindItsClose", WhoKeepsItHasItBehindItsClose},
    {"Files.ANumberThatIsNotOpenIsNothing", ANumberThatIsNotOpenIsNothing},
    {"Files.AFileOfTheKernelsOwnIsNothing", AFileOfTheKernelsOwnIsNothing},
    {"Files.AFullTableTakesNoReference", AFullTableTakesNoReference},
};

}  // namespace

Span<const Case> FilesCases() { return kCases; }

}  // namespace ebpf::selftest
