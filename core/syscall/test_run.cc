// SPDX-License-Identifier: MIT
//
// core/syscall/test_run.h's implementation.
#include "core/syscall/test_run.h"

#include <stddef.h>

#include "core/base/bits.h"
#include "core/isa/decode.h"
#include "core/platform/task.h"
#include "core/platform/time.h"

namespace ebpf {
namespace {

using linux_abi::ProgTestRunAttr;

/// Linux runs on until a signal comes; not every port can tell of one.
constexpr uint64_t kMaxTestNs = 10'000'000'000;
constexpr uint32_t kRunsBetweenLooks = 64;

/// Bytes to a buffer of `room` bytes: 0 says that the client knows the size.
/// kNoSpace where they do not fit, and then also in the place of kFault, as in
/// Linux; `is_written` tells whether there was no fault.
Status CopyBytesOut(const TestRun& run, ConstBytes bytes, uint64_t to,
                    uint32_t room, size_t size_offset, bool& is_written) {
  const bool fits = room == 0 || bytes.size() <= room;
  const size_t size = fits ? bytes.size() : room;
  const Client& client = run.call.client;
  Status status = Status::kOk;
  if (to != 0) {
    status = client.CopyOut(client.Pointer(to), bytes.data(), size);
  }
  if (IsOk(status)) {
    status =
        WriteBack(run.call, size_offset, static_cast<uint32_t>(bytes.size()));
  }
  is_written = IsOk(status);
  return fits ? status : Status::kNoSpace;
}

}  // namespace

Result<TestRunResult> RunRepeatedly(const TestRun& run, void* context,
                                    void (*prepare)(void*), void* argument) {
  const uint32_t repeat = Max(run.attr.repeat, uint32_t{1});
  TestRunResult result;
  uint64_t spent = 0;  // in rounds that have ended
  uint64_t start = ebpf_port_time_ns();
  for (uint32_t i = 0; i < repeat; ++i) {
    if (prepare != nullptr) {
      prepare(argument);
    }
    result.retval = static_cast<uint32_t>(run.program.Run(context));
    if (i % kRunsBetweenLooks == kRunsBetweenLooks - 1 && i + 1 != repeat) {
      spent += ebpf_port_time_ns() - start;
      if (ebpf_port_task_pause() || spent > kMaxTestNs) {
        return Status::kInterrupted;
      }
      start = ebpf_port_time_ns();
    }
  }
  const uint64_t each = (spent + ebpf_port_time_ns() - start) / repeat;
  result.duration_ns = static_cast<uint32_t>(Min(each, uint64_t{UINT32_MAX}));
  return TestRunResult(result);
}

Status CopyContextIn(const TestRun& run, Bytes known) {
  FillBytes(known.data(), 0, known.size());
  if (run.attr.ctx_in == 0) {
    return Status::kOk;
  }
  const Client& client = run.call.client;
  return CopyAttrIn(client, client.Pointer(run.attr.ctx_in),
                    run.attr.ctx_size_in, known);
}

uint32_t ContextBytes(const Program& program) {
  const isa::ConstInsns insns = program.insns();
  const Span<const InsnFacts> facts = program.facts();
  uint32_t bytes = 0;
  for (uint32_t i = 0; i < facts.size(); ++i) {
    isa::DecodedInsn insn;
    if (facts[i].pointer == PointerKind::kContext &&
        isa::DecodeFixed(insns, i, insn) == isa::DecodeError::kNone) {
      bytes = Max(bytes,
                  static_cast<uint32_t>(insn.offset) + insn.info().width / 8u);
    }
  }
  return bytes;
}

Status CopyRetvalOut(const TestRun& run, uint32_t retval) {
  return WriteBack(run.call, offsetof(ProgTestRunAttr, retval), retval);
}

Status FinishTestRun(const TestRun& run, ConstBytes data,
                     const TestRunResult& result, size_t fragment_bytes) {
  const ProgTestRunAttr& attr = run.attr;
  // Linux copies fragments into what the linear part leaves.
  if (attr.data_out != 0 && attr.data_size_out != 0 &&
      attr.data_size_out < Min(data.size(), fragment_bytes)) {
    return Status::kNoSpace;
  }
  bool is_written = false;
  const Status status =
      CopyBytesOut(run, data, attr.data_out, attr.data_size_out,
                   offsetof(ProgTestRunAttr, data_size_out), is_written);
  if (!is_written) {
    return status;
  }
  EBPF_TRY(
      WriteBack(run.call, offsetof(ProgTestRunAttr, retval), result.retval));
  EBPF_TRY(WriteBack(run.call, offsetof(ProgTestRunAttr, duration),
                     result.duration_ns));
  return status;
}

Status CopyContextOut(const TestRun& run, ConstBytes context) {
  const ProgTestRunAttr& attr = run.attr;
  if (attr.ctx_out == 0) {
    return Status::kOk;
  }
  bool is_written = false;
  return CopyBytesOut(run, context, attr.ctx_out, attr.ctx_size_out,
                      offsetof(ProgTestRunAttr, ctx_size_out), is_written);
}

}  // namespace ebpf
