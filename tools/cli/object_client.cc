// SPDX-License-Identifier: MIT
//
// tools/cli/object_client.h's implementation.
#include "tools/cli/object_client.h"

#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/memory/allocator.h"
#include "core/syscall/bpf.h"
#include "tools/cli/failure.h"
#include "tools/cli/kernel_types.h"
#include "tools/cli/to_std.h"

namespace ebpf::cli {
namespace {

constexpr size_t kLogSize = size_t{1} << 20;

int64_t HostBpf(uint32_t command, const void* attr, uint32_t size) {
  const long result = syscall(SYS_bpf, command, attr, size);
  return result < 0 ? -errno : result;
}

int64_t HostClose(int fd) { return close(fd); }

}  // namespace

void AskHost(loader::Kernel& kernel) {
  kernel.find_symbol = FindHostSymbol;
  kernel.bpf = HostBpf;
  kernel.close = HostClose;
}

ObjectClient::ObjectClient(const loader::Kernel& kernel)
    : kernel_(kernel),
      log_text_(kLogSize),
      log_(log_text_.data(), log_text_.size()) {
  Result<Client*> client = Client::Create(Origin::kKernel, PortAllocator());
  Require(client.status(), "no client");
  client_ = *client;
  object_.emplace(*client_, PortAllocator(), log_, kernel_);
}

ObjectClient::~ObjectClient() {
  object_.reset();
  client_->Delete();
}

Status ObjectClient::Open(const std::vector<uint8_t>& bytes) {
  return object_->Open(ConstBytes(bytes.data(), bytes.size()));
}

int64_t ObjectClient::Call(uint32_t command, void* attr, uint32_t size) {
  return kernel_.bpf != nullptr
             ? kernel_.bpf(command, attr, size)
             : Bpf(*client_, command,
                   client_->Pointer(reinterpret_cast<uint64_t>(attr)), size);
}

std::string ObjectClient::LoaderLog(size_t position) const {
  std::string_view text = ToStd(log_.text());
  const bool is_gone = log_.truncated() || position > text.size();
  text.remove_prefix(is_gone ? 0 : position);
  return std::string(text);
}

}  // namespace ebpf::cli
