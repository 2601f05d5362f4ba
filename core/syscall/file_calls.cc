// SPDX-License-Identifier: MIT
//
// core/syscall/file_calls.h's implementation.
#include "core/syscall/file_calls.h"

#include "core/base/text_writer.h"
#include "core/linux_abi/perf_event.h"

namespace ebpf {
namespace {

int64_t ReturnValue(Status status) { return -static_cast<int64_t>(status); }

template <typename T>
int64_t ReturnValue(const Result<T>& result) {
  return result.ok() ? static_cast<int64_t>(*result)
                     : -static_cast<int64_t>(result.status());
}

Result<int> DupFile(Client& client, int32_t fd) {
  return client.fds().Install(EBPF_TRY(client.fds().Get(fd)));
}

/// Calls `function` of the file behind `fd`.
template <typename F>
int64_t WithFile(Client& client, int32_t fd, F function) {
  const Result<Ref<File>> file = client.fds().Get(fd);
  return file.ok() ? function(**file) : ReturnValue(file.status());
}

}  // namespace

int64_t Close(Client& client, int32_t fd) {
  return ReturnValue(client.fds().Close(fd));
}

int64_t Dup(Client& client, int32_t fd) {
  return ReturnValue(DupFile(client, fd));
}

int64_t Read(Client& client, File& file, CallerPtr to, uint64_t size) {
  return ReturnValue(file.Read(client, to, size));
}

int64_t Read(Client& client, int32_t fd, CallerPtr to, uint64_t size) {
  return WithFile(client, fd,
                  [&](File& file) { return Read(client, file, to, size); });
}

int64_t Write(Client& client, File& file, CallerPtr from, uint64_t size) {
  return ReturnValue(file.Write(client, from, size));
}

int64_t Write(Client& client, int32_t fd, CallerPtr from, uint64_t size) {
  return WithFile(client, fd,
                  [&](File& file) { return Write(client, file, from, size); });
}

int64_t Poll(Client& client, int32_t fd) {
  return WithFile(client, fd, [](File& file) { return int64_t{file.Poll()}; });
}

int64_t WakeReaders(File& file, void* port_file) {
  return ReturnValue(file.WakeReaders(port_file));
}

int64_t WakeFdReaders(Client& client, int32_t fd, void* port_file) {
  return WithFile(client, fd,
                  [&](File& file) { return WakeReaders(file, port_file); });
}

int64_t Describe(const File& file, Span<char> to) {
  TextWriter text(to.data(), to.size());
  file.Describe(text);
  return static_cast<int64_t>(text.wanted());
}

int64_t DescribeFd(Client& client, int32_t fd, Span<char> to) {
  return WithFile(client, fd, [&](File& file) { return Describe(file, to); });
}

int64_t NameFd(Client& client, int32_t fd, const char** name) {
  return WithFile(client, fd, [&](File& file) {
    *name = file.name();
    return int64_t{0};
  });
}

int64_t Ioctl(Client& client, File& file, uint32_t command, uint64_t argument) {
  return ReturnValue(file.Ioctl(client, command, argument));
}

int64_t Ioctl(Client& client, int32_t fd, uint32_t command, uint64_t argument) {
  return WithFile(client, fd, [&](File& file) {
    return Ioctl(client, file, command, argument);
  });
}

int64_t Mmap(Client& client, File& file, uint64_t offset, uint64_t size,
             uint32_t protection, MapPages* pages) {
  if ((protection & linux_abi::kProtExecute) != 0) {
    return ReturnValue(Status::kNotPermitted);  // as Linux, whatever file it is
  }
  Result<MapPages> found = file.Mmap(client, offset, size, protection);
  if (found.ok()) {
    *pages = *found;
  }
  return ReturnValue(found.status());
}

int64_t Mmap(Client& client, int32_t fd, uint64_t offset, uint64_t size,
             uint32_t protection, MapPages* pages) {
  return WithFile(client, fd, [&](File& file) {
    return Mmap(client, file, offset, size, protection, pages);
  });
}

}  // namespace ebpf
