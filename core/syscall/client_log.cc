// SPDX-License-Identifier: MIT
//
// core/syscall/client_log.h's implementation.
#include "core/syscall/client_log.h"

namespace ebpf {
namespace {

/// What of a log is kept here; a client may ask for up to a gigabyte.
constexpr uint32_t kMaxLogSize = 16u << 20;
/// With less memory than for this there is no log.
constexpr uint32_t kMinLogSize = 4096;

}  // namespace

bool ClientLog::IsValid(const LogRequest& request) {
  const bool has_buffer = request.buffer != 0;
  if (has_buffer != (request.size != 0)) {
    return false;
  }
  if (has_buffer && request.level == 0) {
    return false;
  }
  return (request.level & ~verifier::kLogMask) == 0 &&
         request.size <= UINT32_MAX >> 2;
}

Status ClientLog::Allocate() {
  // The last byte of the client's buffer is for the zero.
  uint32_t size = Min(Max(request_.size, uint32_t{1}) - 1, kMaxLogSize);
  Status status = buffer_.Allocate(size);
  while (status == Status::kNoMemory && size / 2 >= kMinLogSize) {
    size /= 2;
    status = buffer_.Allocate(size);
  }
  EBPF_TRY(status);
  log_ = verifier::Log(request_.level, buffer_.span().data(),
                       buffer_.span().size());
  return Status::kOk;
}

Status ClientLog::CopyOut(const Call& call) const {
  const TextWriter& writer = log_.writer();
  const bool has_text = log_.enabled() && writer.wanted() != 0;
  Status status = Status::kOk;
  if (has_text && request_.buffer != 0) {
    const StringView text = writer.text();
    const CallerPtr to = call.client.RunnersPointer(request_.buffer);
    EBPF_TRY(call.client.CopyOut(to, text.data(), text.size()));
    EBPF_TRY(call.client.CopyOut(to.Plus(text.size()), "", 1));
    status = writer.truncated() ? Status::kNoSpace : Status::kOk;
  }
  const auto true_size =
      static_cast<uint32_t>(has_text ? writer.wanted() + 1 : 0);
  if (call.attr_size >= request_.true_size_offset + sizeof(true_size)) {
    EBPF_TRY(WriteBack(call, request_.true_size_offset, true_size));
  }
  return status;
}

}  // namespace ebpf
