// SPDX-License-Identifier: MIT
//
// core/syscall/program_btf.h's implementation.
#include "core/syscall/program_btf.h"

#include "core/base/memory.h"
#include "core/btf/core_relo.h"
#include "core/files/btf_file.h"

namespace ebpf {
namespace {

/// Longer records (of a newer client) no kernel takes.
constexpr uint32_t kMaxRecordSize = 252;

/// A table of records in the client's memory.
struct Table {
  const char* name;       // as Linux calls it in the log
  const char* size_name;  // its record size; null: Linux says nothing
  uint64_t address;
  uint32_t count;
  uint32_t record_size;
};

/// The first bytes of record `index`; those behind must be zero.
template <typename Record>
Result<Record> CopyRecordIn(const Client& client, const Table& table,
                            uint32_t index, verifier::Log& log) {
  const CallerPtr at =
      client.Pointer(table.address).Plus(uint64_t{table.record_size} * index);
  uint8_t bytes[kMaxRecordSize];
  EBPF_TRY(client.CopyIn(bytes, at, table.record_size));
  const ConstBytes rest =
      ConstBytes(bytes).First(table.record_size).Subspan(sizeof(Record));
  if (!AllZero(rest)) {
    log.writer().Put("nonzero tailing record in ").Put(table.name).Put("\n");
    return Status::kTooBig;
  }
  return LoadUnaligned<Record>(bytes);
}

Status CheckTable(const Table& table, uint32_t min_size, verifier::Log& log) {
  if (table.record_size < min_size || table.record_size > kMaxRecordSize ||
      table.record_size % sizeof(uint32_t) != 0) {
    if (table.size_name != nullptr) {
      log.writer().Put("invalid ").Put(table.size_name).Put(" ");
      log.writer().PutUnsigned(table.record_size).Put("\n");
    }
    return Status::kInvalid;
  }
  return Status::kOk;
}

template <typename Record>
Status CopyTableIn(const Client& client, const Table& table,
                   Buffer<Record>& records, uint32_t max_count,
                   verifier::Log& log) {
  EBPF_TRY(CheckTable(table, sizeof(Record), log));
  // More than there are instructions are wrong anyway: the verifier says how.
  const uint32_t count = Min(table.count, max_count);
  EBPF_TRY(records.Allocate(count));
  for (uint32_t i = 0; i < count; ++i) {
    records[i] = EBPF_TRY(CopyRecordIn<Record>(client, table, i, log));
  }
  return Status::kOk;
}

/// Calls `visit` with each of `lines` of which something is left, and where
/// that begins; how many. What comes from one place stays together, so that
/// both rise; but inlined code may come from before.
template <typename Visit>
size_t ForEachLine(Span<const uint32_t> original,
                   Span<const verifier::LineInfo> lines, Visit visit) {
  size_t count = 0;
  size_t next = 0;  // the first line that was not passed
  for (uint32_t i = 0; i < original.size(); ++i) {
    const size_t before = next;
    while (next < lines.size() && lines[next].insn_offset <= original[i]) {
      ++next;
    }
    if (next != before) {
      visit(i, lines[next - 1]);
      ++count;
    }
  }
  return count;
}

}  // namespace

Status ProgramBtf::CopyIn(verifier::Log& log) {
  // As Linux: without functions and lines nobody looks at the rest.
  if (attr_.func_info_cnt == 0 && attr_.line_info_cnt == 0) {
    return Status::kOk;
  }
  Ref<File> file =
      EBPF_TRY(call_.client.fds().Get(static_cast<int32_t>(attr_.prog_btf_fd)));
  if (file->AsBtf() == nullptr) {
    return Status::kInvalid;
  }
  btf_ = file->AsBtf()->btf();
  if (btf_.get() == call_.system.kernel_types) {
    return Status::kAccess;
  }
  if (attr_.func_info_cnt != 0) {
    // One more than there can be: the verifier counts them.
    EBPF_TRY(CopyTableIn(call_.client,
                         {"func_info", "func info rec size", attr_.func_info,
                          attr_.func_info_cnt, attr_.func_info_rec_size},
                         functions_, attr_.insn_cnt + 1, log));
  }
  if (attr_.line_info_cnt != 0) {
    EBPF_TRY(CopyTableIn(call_.client,
                         {"line_info", nullptr, attr_.line_info,
                          attr_.line_info_cnt, attr_.line_info_rec_size},
                         lines_, attr_.insn_cnt + 1, log));
  }
  return Status::kOk;
}

void ProgramBtf::Describe(verifier::Options& options) const {
  options.btf = btf_ ? &btf_->btf() : nullptr;
  options.functions = Span<const verifier::FunctionInfo>(
      functions_.span().data(), functions_.span().size());
  options.lines = Span<const verifier::LineInfo>(lines_.span().data(),
                                                 lines_.span().size());
}

Status ProgramBtf::Adjust(Span<const uint32_t> original,
                          Span<const ProgramFunction> functions,
                          Buffer<verifier::FunctionInfo>& function_info,
                          Buffer<verifier::LineInfo>& line_info) const {
  size_t count = 0;
  const auto record_of = [&](const ProgramFunction& function) {
    const verifier::FunctionInfo* found = nullptr;
    for (const verifier::FunctionInfo& record : functions_.span()) {
      if (record.insn_offset == original[function.start]) {
        found = &record;
      }
    }
    return found;
  };
  for (const ProgramFunction& function : functions) {
    count += record_of(function) != nullptr;
  }
  EBPF_TRY(function_info.Allocate(count));
  count = 0;
  for (const ProgramFunction& function : functions) {
    if (const verifier::FunctionInfo* record = record_of(function)) {
      function_info[count++] = {function.start, record->type_id};
    }
  }
  count = ForEachLine(original, lines_.span(), [](uint32_t, auto&) {});
  EBPF_TRY(line_info.Allocate(count));
  count = 0;
  ForEachLine(original, lines_.span(),
              [&](uint32_t index, const verifier::LineInfo& line) {
                line_info[count] = line;
                line_info[count++].insn_offset = index;
              });
  return Status::kOk;
}

Status ProgramBtf::Relocate(isa::Insns insns, verifier::Log& log) const {
  if (attr_.core_relo_cnt == 0 || !btf_) {
    return Status::kOk;
  }
  const Table table = {"core_relo", nullptr, attr_.core_relos,
                       attr_.core_relo_cnt, attr_.core_relo_rec_size};
  EBPF_TRY(CheckTable(table, sizeof(btf::CoreRelocation), log));
  if (call_.system.kernel.btf == nullptr ||
      attr_.core_relo_cnt > INT32_MAX / sizeof(btf::CoreRelocation)) {
    return Status::kInvalid;
  }
  Allocator& allocator = *call_.system.allocator;
  btf::CoreRelocator* relocator = EBPF_TRY(allocator.New<btf::CoreRelocator>(
      btf_->btf(), *call_.system.kernel.btf,
      log.enabled() ? &log.writer() : nullptr));
  const Bytes code(reinterpret_cast<uint8_t*>(insns.data()),
                   insns.size() * sizeof(isa::Insn));
  Status status = Status::kOk;
  for (uint32_t i = 0; IsOk(status) && i < table.count; ++i) {
    Result<btf::CoreRelocation> record =
        CopyRecordIn<btf::CoreRelocation>(call_.client, table, i, log);
    status = record.status();
    if (!IsOk(status)) {
      break;
    }
    if (record->insn_offset % sizeof(isa::Insn) != 0 ||
        record->insn_offset >= code.size()) {
      log.writer().Put("Invalid core_relo[").PutUnsigned(i);
      log.writer().Put("].insn_off:").PutUnsigned(record->insn_offset);
      log.writer().Put(" prog->len:").PutUnsigned(insns.size()).Put("\n");
      status = Status::kInvalid;
    } else {
      status = relocator->Apply(*record, code);
    }
  }
  allocator.Delete(relocator);
  return status;
}

}  // namespace ebpf
