// SPDX-License-Identifier: MIT
//
// The loader: an eBPF object's bytes become maps, programs and attached probes,
// through bpf(2) and perf_event_open(2) alone, as libbpf does it.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/files/client.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/object_file.h"
#include "core/memory/buffer.h"

namespace ebpf::loader {

/// How loading a program went, for who shows it.
struct ProgramResult {
  int fd = 0;  // 0: not loaded
  Status status = Status::kOk;
  uint32_t insn_count = 0;
};

/// One object and what was made of it in a client of origin kernel. `file` and
/// the log's buffer outlive it. Context of all: task.
class Object : public NonCopyable {
 public:
  /// The descriptors that Load and Attach make are the client's; Close closes
  /// them. `log` gets what is wrong, and the verifier's log of a refused
  /// program.
  Object(Client& client, Allocator& allocator, TextWriter& log)
      : client_(client),
        allocator_(allocator),
        log_(log),
        file_(allocator),
        map_fds_(allocator),
        programs_(allocator),
        links_(allocator) {}
  ~Object() { Close(); }

  /// Reads the object: ObjectFile::Read's errors. Once, before the rest.
  Status Open(ConstBytes file);

  /// Makes the maps, fills global data, loads every program with the verifier's
  /// log at `log_level` (0: only when it is refused). The first failure is the
  /// result; what was made until then stays until Close, and another Load goes
  /// on from there.
  Status Load(uint32_t log_level = 0);

  /// Attaches program `index` to `function` + `offset`; where `function` is
  /// empty, to what its SEC("kprobe/...") names. A perf event's descriptor.
  Result<int> Attach(size_t index, StringView function, uint64_t offset = 0);

  /// Ends one attachment.
  Status Detach(int link);

  /// Closes all descriptors that this object made.
  void Close();

  const ObjectFile& file() const { return file_; }
  size_t program_count() const { return file_.programs().size(); }
  const ProgramResult& program(size_t index) const { return programs_[index]; }

  /// The map's descriptor, or kNotFound.
  Result<int> MapFd(StringView name) const;

 private:
  Status CreateMap(const MapDefinition& definition, int& fd);
  Status FillMap(const MapDefinition& definition, int fd);
  Status LoadProgram(const ProgramDefinition& definition, uint32_t log_level,
                     ProgramResult& result);
  Result<int> LoadWithLog(linux_abi::ProgLoadAttr& attr, uint32_t log_level);
  Result<int> OpenEvent(StringView function, uint64_t offset);
  /// A place for one more attachment. kNoMemory.
  Result<int*> FreeLink();

  Client& client_;
  Allocator& allocator_;
  TextWriter& log_;
  ObjectFile file_;
  Buffer<int> map_fds_;  // one for each of file_.maps(), 0: not made
  Buffer<ProgramResult> programs_;
  Vector<int> links_;  // descriptors of attachments; 0: free
};

}  // namespace ebpf::loader
