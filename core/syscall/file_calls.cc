// SPDX-License-Identifier: MIT
//
// core/syscall/file_calls.h's implementation.
#include "core/syscall/file_calls.h"

#include "core/base/text_writer.h"

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

Result<size_t> ReadFile(Client& client, int32_t fd, CallerPtr to,
                        uint64_t size) {
  Ref<File> file = EBPF_TRY(client.fds().Get(fd));
  return file->Read(client, to, size);
}

Result<size_t> WriteFile(Client& client, int32_t fd, CallerPtr from,
                         uint64_t size) {
  Ref<File> file = EBPF_TRY(client.fds().Get(fd));
  return file->Write(client, from, size);
}

Result<uint32_t> PollFile(Client& client, int32_t fd) {
  Ref<File> file = EBPF_TRY(client.fds().Get(fd));
  return file->Poll();
}

Status WakeFileReaders(Client& client, int32_t fd, void* port_file) {
  Ref<File> file = EBPF_TRY(client.fds().Get(fd));
  return file->WakeReaders(port_file);
}

Result<size_t> DescribeFile(Client& client, int32_t fd, Span<char> to) {
  Ref<File> file = EBPF_TRY(client.fds().Get(fd));
  TextWriter text(to.data(), to.size());
  file->Describe(text);
  return text.wanted();
}

Status NameFile(Client& client, int32_t fd, const char** name) {
  Ref<File> file = EBPF_TRY(client.fds().Get(fd));
  *name = file->name();
  return Status::kOk;
}

Status IoctlFile(Client& client, int32_t fd, uint32_t command,
                 uint64_t argument) {
  Ref<File> file = EBPF_TRY(client.fds().Get(fd));
  return file->Ioctl(client, command, argument);
}

Status MmapFile(Client& client, int32_t fd, uint64_t offset, uint64_t size,
                uint32_t protection, MapPages* pages) {
  Ref<File> file = EBPF_TRY(client.fds().Get(fd));
  *pages = EBPF_TRY(file->Mmap(client, offset, size, protection));
  return Status::kOk;
}

}  // namespace

int64_t Close(Client& client, int32_t fd) {
  return ReturnValue(client.fds().Close(fd));
}

int64_t Dup(Client& client, int32_t fd) {
  return ReturnValue(DupFile(client, fd));
}

int64_t Read(Client& client, int32_t fd, CallerPtr to, uint64_t size) {
  return ReturnValue(ReadFile(client, fd, to, size));
}

int64_t Write(Client& client, int32_t fd, CallerPtr from, uint64_t size) {
  return ReturnValue(WriteFile(client, fd, from, size));
}

int64_t Poll(Client& client, int32_t fd) {
  return ReturnValue(PollFile(client, fd));
}

int64_t WakeFdReaders(Client& client, int32_t fd, void* file) {
  return ReturnValue(WakeFileReaders(client, fd, file));
}

int64_t DescribeFd(Client& client, int32_t fd, Span<char> to) {
  return ReturnValue(DescribeFile(client, fd, to));
}

int64_t NameFd(Client& client, int32_t fd, const char** name) {
  return ReturnValue(NameFile(client, fd, name));
}

int64_t Ioctl(Client& client, int32_t fd, uint32_t command, uint64_t argument) {
  return ReturnValue(IoctlFile(client, fd, command, argument));
}

int64_t Mmap(Client& client, int32_t fd, uint64_t offset, uint64_t size,
             uint32_t protection, MapPages* pages) {
  return ReturnValue(MmapFile(client, fd, offset, size, protection, pages));
}

}  // namespace ebpf
