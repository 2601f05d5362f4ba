// SPDX-License-Identifier: MIT
//
// BPF_BTF_LOAD.
#include "core/btf/btf_object.h"
#include "core/btf/validate.h"
#include "core/files/btf_file.h"
#include "core/linux_abi/bpf.h"
#include "core/memory/buffer.h"
#include "core/syscall/client_log.h"
#include "core/syscall/commands.h"

namespace ebpf {
namespace {

Result<Ref<btf::BtfObject>> Parse(const Call& call,
                                  const linux_abi::BtfLoadAttr& attr,
                                  verifier::Log& log) {
  Allocator& allocator = *call.system.allocator;
  Buffer<uint8_t> bytes(allocator);
  EBPF_TRY(bytes.Allocate(attr.btf_size));
  EBPF_TRY(call.client.CopyIn(bytes.span().data(),
                              call.client.Pointer(attr.btf), attr.btf_size));
  const ConstBytes blob(bytes.span().data(), bytes.span().size());
  if (log.enabled() && !log.wants(verifier::kLogFixed)) {
    log.writer().Roll();
  }
  EBPF_TRY(
      btf::Validate(blob, allocator, log.enabled() ? &log.writer() : nullptr));
  return btf::BtfObject::Create(blob, allocator);
}

}  // namespace

Result<int> BtfLoad(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::BtfLoadAttr>(raw));
  // Tokens, which stand for rights that somebody else has, do not exist here.
  if (attr.btf_flags != 0) {
    return Status::kInvalid;
  }
  if (!call.client.Capable(linux_abi::kCapBpf)) {
    return Status::kNotPermitted;
  }
  if (attr.btf_size > btf::kMaxBlobSize) {
    return Status::kTooBig;
  }
  const LogRequest request = {
      attr.btf_log_level, attr.btf_log_size, attr.btf_log_buf,
      offsetof(linux_abi::BtfLoadAttr, btf_log_true_size)};
  if (!ClientLog::IsValid(request)) {
    return Status::kInvalid;
  }
  ClientLog log(request, *call.system.allocator);
  EBPF_TRY(log.Allocate());
  Result<Ref<btf::BtfObject>> btf = Parse(call, attr, log.log());
  // As in Linux a log that does not fit wins over the verdict.
  EBPF_TRY(log.CopyOut(call));
  EBPF_TRY(btf.status());
  btf::BtfIds().Add(**btf);
  Ref<File> file =
      EBPF_TRY(BtfFile::Create(Move(*btf), *call.system.allocator));
  return call.client.fds().Install(Move(file));
}

}  // namespace ebpf
