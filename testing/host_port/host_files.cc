// SPDX-License-Identifier: MIT
//
// testing/host_port/host_files.h's implementation.
#include "testing/host_port/host_files.h"

#include <array>
#include <mutex>
#include <utility>
#include <vector>

#include "core/capi/ebpf.h"
#include "core/platform/errors.h"
#include "core/platform/files.h"

namespace ebpf {
namespace {

constexpr int kFirst = 5;

struct Descriptor {
  bool is_open = false;
  bool is_copy = false;
  ebpf_file* file = nullptr;  // null: not ours
};

struct Table {
  std::mutex mutex;
  std::array<Descriptor, kMostHostFds> of = {};
  size_t limit = kMostHostFds;
  HostFileMistake mistake = HostFileMistake::kNone;
  // For mistakes: the file that was installed last, and references that nobody
  // would ever give back.
  ebpf_file* last = nullptr;
  std::vector<ebpf_file*> owed;

  Descriptor* Find(int fd) {
    const auto at = static_cast<size_t>(fd);
    return fd >= 0 && at < of.size() && of[at].is_open ? &of[at] : nullptr;
  }
  int Open(const Descriptor& descriptor) {
    for (size_t fd = kFirst; fd < limit; ++fd) {
      if (!of[fd].is_open) {
        of[fd] = descriptor;
        return static_cast<int>(fd);
      }
    }
    return kMinusTooManyFiles;
  }
};

Table& TheTable() {
  static auto* const table = new Table;
  return *table;
}

}  // namespace

void SetHostFileMistake(HostFileMistake mistake) {
  Table& table = TheTable();
  std::vector<ebpf_file*> owed;
  {
    const std::lock_guard<std::mutex> lock(table.mutex);
    table.mistake = mistake;
    table.last = nullptr;
    table.of = {};
    owed = std::exchange(table.owed, {});
  }
  for (ebpf_file* const file : owed) {
    ebpf_file_put(file);
  }
}

void SetHostFdLimit(size_t limit) {
  const std::lock_guard<std::mutex> lock(TheTable().mutex);
  TheTable().limit = limit;
}

int HostClose(int fd) {
  Table& table = TheTable();
  ebpf_file* file = nullptr;
  {
    const std::lock_guard<std::mutex> lock(table.mutex);
    Descriptor* const descriptor = table.Find(fd);
    if (descriptor == nullptr) {
      return kMinusBadFd;
    }
    file = descriptor->file;
    *descriptor = {};
    if (table.mistake == HostFileMistake::kCloseKeepsTheNumber &&
        file != nullptr) {
      descriptor->file = file;  // found, though not open
    }
    if (file != nullptr &&
        (descriptor->file != nullptr ||
         table.mistake == HostFileMistake::kCloseKeepsTheFile)) {
      table.owed.push_back(std::exchange(file, nullptr));
    }
  }
  if (file != nullptr) {
    ebpf_file_put(file);
  }
  return 0;
}

int HostDuplicate(int fd) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const Descriptor* const descriptor = table.Find(fd);
  if (descriptor == nullptr) {
    return kMinusBadFd;
  }
  Descriptor copy = *descriptor;
  copy.is_copy = true;
  const int number = table.Open(copy);
  if (number >= 0 && copy.file != nullptr &&
      table.mistake != HostFileMistake::kCopiesKeepNothing) {
    ebpf_file_keep(copy.file);
  }
  return number;
}

int HostOpenOwn() {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  return table.Open({.is_open = true});
}

ebpf_file* HostFileAt(int fd) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const Descriptor* const descriptor = table.Find(fd);
  return descriptor == nullptr ? nullptr : descriptor->file;
}

}  // namespace ebpf

using ebpf::Descriptor;
using ebpf::HostFileMistake;

extern "C" {

int ebpf_port_fd_install(ebpf_file* file) {
  ebpf::Table& table = ebpf::TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  Descriptor* const first = table.Find(ebpf::kFirst);
  if (table.mistake == HostFileMistake::kOneNumberForAll && first != nullptr) {
    table.owed.push_back(file);
    return ebpf::kFirst;
  }
  const int fd = table.Open({.is_open = true, .file = file});
  if (fd < 0) {
    if (table.mistake == HostFileMistake::kFullTableTakesTheReference) {
      ebpf_file_put(file);
    }
    return fd;
  }
  table.last = file;
  if (table.mistake == HostFileMistake::kInstallKeepsOneMore) {
    ebpf_file_keep(file);
    table.owed.push_back(file);
  }
  return fd;
}

ebpf_file* ebpf_port_fd_get(int fd) {
  ebpf::Table& table = ebpf::TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const Descriptor* const descriptor = table.Find(fd);
  ebpf_file* file = nullptr;
  if (descriptor != nullptr) {
    file = descriptor->file;
    if (descriptor->is_copy &&
        table.mistake == HostFileMistake::kCopiesAreUnknown) {
      file = nullptr;
    }
    if (file == nullptr && table.mistake == HostFileMistake::kAnyFileIsOurs) {
      file = table.last;
    }
  } else if (table.mistake == HostFileMistake::kAnyNumberIsOurs && fd < 0) {
    file = table.last;
  } else if (table.mistake == HostFileMistake::kCloseKeepsTheNumber &&
             fd >= 0 && static_cast<size_t>(fd) < table.of.size()) {
    file = table.of[static_cast<size_t>(fd)].file;
  }
  if (file != nullptr && table.mistake != HostFileMistake::kGetKeepsNothing) {
    ebpf_file_keep(file);
  }
  return file;
}

}  // extern "C"
