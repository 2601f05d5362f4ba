// SPDX-License-Identifier: MIT
//
// The loader: an eBPF object's bytes become maps, programs and attached probes,
// through bpf(2) and perf_event_open(2) alone, as libbpf does it.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/files/client.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/kernel.h"
#include "core/loader/object_file.h"
#include "core/loader/program_info.h"
#include "core/memory/buffer.h"

namespace ebpf::loader {

/// What LoadProgram is asked for besides the program, and what it tells.
struct LoadRequest {
  /// The verifier's, 0 for none; its log goes to `log` as one text with a zero
  /// at the end.
  uint32_t log_level = 0;
  Span<char> log;
  /// BPF_F_* besides those that the section's name stands for.
  uint32_t flags = 0;
};

/// How loading a program went, for who shows it.
struct ProgramResult {
  int fd = 0;  // 0: not loaded
  Status status = Status::kOk;
  uint32_t insn_count = 0;
  /// How long the kernel took.
  uint64_t load_ns = 0;
  /// False: it could not even be linked, so that no kernel has seen it.
  bool was_linked = false;
};

/// Which functions a program of SEC("kprobe.multi/...") and the like is
/// attached to: one of the three. Where there is none the section's name says.
struct FunctionsToAttach {
  /// All whose names match (core/base/glob.h) and that can be probed.
  StringView pattern = StringView();
  Span<const char* const> names = {};
  Span<const uint64_t> addresses = {};
  /// One for each of `names` or `addresses`, for bpf_get_attach_cookie; or
  /// none.
  Span<const uint64_t> cookies = {};
};

/// One object and what was made of it in a client of origin kernel. `file` and
/// the log's buffer outlive it. Context of all: task.
class Object : public NonCopyable {
 public:
  /// The descriptors that Load and Attach make are the client's; Close closes
  /// them. `log` gets what is wrong, and the verifier's log of a refused
  /// program. `kernel` is what the client sees of its kernel.
  Object(Client& client, Allocator& allocator, TextWriter& log,
         const Kernel& kernel = Kernel())
      : client_(client),
        allocator_(allocator),
        log_(log),
        kernel_(kernel),
        file_(allocator),
        fields_(file_, kernel.CoreTypes(), allocator, log),
        map_fds_(allocator),
        programs_(allocator),
        links_(allocator) {}
  ~Object() { Close(); }

  /// Reads the object: ObjectFile::Read's errors. Once, before the rest.
  Status Open(ConstBytes file);

  /// Makes the maps, fills global data, loads every program (but those that are
  /// only loaded on demand) with the verifier's log at `log_level` (0: only
  /// when it is refused). The first failure is the result; what was made until
  /// then stays until Close, and another Load goes on from there.
  Status Load(uint32_t log_level = 0);

  // Load's two steps, for who wants only some programs.

  /// Loads the BTF, makes the maps and fills global data.
  Status CreateMaps();

  /// Loads program `index` once CreateMaps has succeeded; does nothing if it is
  /// loaded. program(index) then tells the same: kNoSpace where the request's
  /// log has no room for all of it.
  Status LoadProgram(size_t index, const LoadRequest& request);

  /// Puts what the static initialisers of arrays of programs name into them;
  /// loads it where it is not loaded. After CreateMaps.
  Status FillProgramArrays();

  /// Ends a loaded program, so that it may be loaded again.
  void Unload(size_t index);

  /// Attaches program `index` to `target`; where that is empty, to what its
  /// SEC("...") names. Of "kprobe" and "kretprobe" it is a function, and an
  /// offset in it, of "tracepoint" or "tp" a system, "/" and a tracepoint: a
  /// perf event's descriptor. Of "raw_tracepoint", "raw_tp" and theirs with
  /// ".w" it is a tracepoint, of "tp_btf" what the program was loaded for: a
  /// link. Of "kprobe.multi" and the like, AttachMany by that pattern.
  Result<int> Attach(size_t index, StringView target, uint64_t offset = 0);

  /// Attaches each loaded program whose section says all that Attach needs: how
  /// many. The first failure is the result, and then none of them is attached.
  Result<uint32_t> AttachAll();

  /// Attaches program `index`, of SEC("kprobe.multi/..."), "kretprobe.multi" or
  /// "kprobe.session": a link. kNotFound where no function matches;
  /// kNotSupported: a pattern for another kernel (Kernel::bpf); kInvalid.
  Result<int> AttachMany(size_t index, const FunctionsToAttach& functions = {});

  /// Attaches program `index`, of SEC("iter/..."): a link, of which
  /// BPF_ITER_CREATE makes files. `map_fd` is the map that the target asks for,
  /// or 0.
  Result<int> AttachIterator(size_t index, int map_fd = 0);

  /// Ends one attachment.
  Status Detach(int link);

  /// Closes all descriptors that this object made.
  void Close();

  const ObjectFile& file() const { return file_; }
  size_t program_count() const { return file_.programs().size(); }
  const ProgramResult& program(size_t index) const { return programs_[index]; }

  /// The program whose function has that name, or kNotFound.
  Result<size_t> FindProgram(StringView name) const;

  /// The map's descriptor, or kNotFound.
  Result<int> MapFd(StringView name) const;

 private:
  struct Loading;

  Status LoadBtf();
  Result<int> CreateMap(const MapDefinition& definition);
  /// A map by itself, or the pattern of those in another one.
  Result<int> MakeMap(const MapShape& shape, StringView name, int inner_fd);
  Status FillMap(const MapDefinition& definition, int fd);
  /// The static initialisers of map number `outer`.
  Status SetInitialMaps(size_t outer);
  Status SetInitialPrograms(size_t outer);
  template <typename Visit>
  Status ForEachInitialValue(const MapDefinition& map, Visit visit);
  Status SetInitialValue(size_t outer, uint32_t slot, int fd);
  /// All of a load but the system call.
  [[gnu::noinline]] Status Prepare(size_t index, const LoadRequest& request,
                                   Loading& loading);
  /// Program `index` is loaded, with the log as Load has it.
  Status LoadOrLog(size_t index, uint32_t log_level);
  Status LoadWithLog(size_t index, uint32_t log_level);
  Result<int> AttachTo(size_t index, StringView target, uint64_t offset);
  /// Events that are disabled.
  Result<int> OpenKprobe(StringView function, uint64_t offset, bool returns);
  Result<int> OpenTracepoint(StringView target);
  /// Has the event run the program, or closes it.
  Result<int> RunAt(Result<int> event, size_t index);
  Result<int> OpenRawTracepoint(size_t index, StringView name);
  Result<int> LinkMany(size_t index, const FunctionsToAttach& functions);
  /// kNotSupported, with a line in the log.
  Status RefuseSection(size_t index);
  /// A place for one more attachment. kNoMemory.
  Result<int*> FreeLink();

  Client& client_;
  Allocator& allocator_;
  TextWriter& log_;
  const Kernel kernel_;
  ObjectFile file_;
  FieldRelocator fields_;
  int btf_fd_ = 0;       // 0: none
  Buffer<int> map_fds_;  // one for each of file_.maps(), 0: not made
  Buffer<ProgramResult> programs_;
  Vector<int> links_;  // descriptors of attachments; 0: free
};

}  // namespace ebpf::loader
