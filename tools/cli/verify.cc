// SPDX-License-Identifier: MIT
//
// tools/cli/verify.h's implementation.
#include "tools/cli/verify.h"

#include <fmt/format.h>
#include <set>
#include <unistd.h>
#include <vector>

#include "testing/host_port/host_memory.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"
#include "tools/cli/kernel_types.h"
#include "tools/cli/object_client.h"
#include "tools/cli/object_program.h"
#include "tools/cli/progress.h"
#include "tools/cli/to_std.h"
#include "tools/cli/verdict.h"

namespace ebpf::cli {
namespace {

constexpr uint32_t kLogPath = 1;   // BPF_LOG_LEVEL1
constexpr uint32_t kLogStats = 4;  // BPF_LOG_STATS

/// The verifier's logs: of the statistics alone, and of all that was asked for.
constexpr size_t kStatsSize = size_t{4} << 10;
constexpr size_t kLogSize = size_t{16} << 20;

/// The CPU whose registers programs of a port see.
const machine::MachineOps* MachineOf(const std::string& profile) {
  return profile == "dragonos" ? FindMachine("x86_64")
         : profile == "alien"  ? FindMachine("riscv64")
                               : nullptr;
}

/// A process that loads an object into the profile's kernel.
class Session {
 public:
  explicit Session(const VerifyOptions& options)
      : options_(options),
        types_(TypesOf(options)),
        core_types_(options.core_btf.has_value()
                        ? ReadKernelTypes(*options.core_btf)
                        : Ref<btf::BtfObject>()),
        runtime_(MachineOf(options.profile), ViewOf(options, types_)),
        object_(KernelOf(options, types_, core_types_)),
        verifier_log_(kLogSize) {}

  /// Failure: with the loader's log.
  void Open(const std::vector<uint8_t>& bytes);

  const loader::ObjectFile& file() const { return object_.file(); }
  Verdict Judge(size_t index);

 private:
  static Ref<btf::BtfObject> TypesOf(const VerifyOptions& options) {
    if (options.btf.has_value()) {
      return ReadKernelTypes(*options.btf);
    }
    return options.profile == "linux" && access(kHostBtf, R_OK) == 0
               ? ReadKernelTypes(kHostBtf)
               : Ref<btf::BtfObject>();
  }
  static KernelView ViewOf(const VerifyOptions& options,
                           const Ref<btf::BtfObject>& types) {
    KernelView view;
    view.profile = options.profile == "linux" ? verifier::Profile::kLinux
                                              : verifier::Profile::kPort;
    view.btf = types ? &types->btf() : nullptr;
    view.allows_unprivileged = options.unprivileged;
    return view;
  }
  static loader::Kernel KernelOf(const VerifyOptions& options,
                                 const Ref<btf::BtfObject>& types,
                                 const Ref<btf::BtfObject>& core_types) {
    loader::Kernel kernel;
    kernel.btf = types ? &types->btf() : nullptr;
    kernel.core_btf = core_types ? &core_types->btf() : nullptr;
    kernel.only_judges = options.profile == "linux";
    kernel.find_symbol = kernel.only_judges ? FindHostSymbol : nullptr;
    return kernel;
  }

  /// Loads it once with that log; the time that took, and the memory.
  Status Load(size_t index, uint32_t log_level, size_t log_size,
              Verdict& verdict);

  const VerifyOptions& options_;
  const Ref<btf::BtfObject> types_;
  const Ref<btf::BtfObject> core_types_;
  const Runtime runtime_;
  ObjectClient object_;
  std::vector<char> verifier_log_;
};

void Session::Open(const std::vector<uint8_t>& bytes) {
  Status status = object_.Open(bytes);
  const auto fail = [&](std::string_view what) {
    std::string text = object_.LoaderLog();
    while (text.ends_with('\n')) {
      text.pop_back();
    }
    const size_t line = text.rfind('\n');
    throw Failure(fmt::format(
        "{}: {}: {}", options_.file, what,
        text.empty() ? StatusText(status)
                     : text.substr(line == std::string::npos ? 0 : line + 1)));
  };
  if (!IsOk(status)) {
    fail("the object cannot be read");
  }
  status = object_.object().CreateMaps();
  if (!IsOk(status)) {
    fail("its maps cannot be made");
  }
  if (options_.unprivileged) {
    // Maps, as its tests do it, are made by somebody who may.
    object_.client().DropCapabilities();
  }
}

Status Session::Load(size_t index, uint32_t log_level, size_t log_size,
                     Verdict& verdict) {
  loader::Object& object = object_.object();
  const size_t start = object_.log_position();
  verifier_log_[0] = '\0';
  loader::LoadRequest request;
  request.log_level = log_level;
  request.log = Span<char>(verifier_log_.data(), log_size);
  request.flags = options_.flags;
  ResetHostPeakBytes();
  const uint64_t before = HostPeakBytes();
  const Status status = object.LoadProgram(index, request);
  verdict.peak_memory_bytes = HostPeakBytes() - before;
  verdict.time_ns = object.program(index).load_ns;
  object.Unload(index);
  verdict.linked = object.program(index).was_linked;
  verdict.log =
      verdict.linked ? verifier_log_.data() : object_.LoaderLog(start).c_str();
  return status;
}

Verdict Session::Judge(size_t index) {
  const loader::ProgramDefinition& definition = file().programs()[index];
  Verdict verdict;
  verdict.file = options_.file;
  verdict.program = ToStd(definition.name);
  verdict.section = ToStd(definition.section_name);
  const ProgramType* type =
      FindProgramType(static_cast<uint32_t>(definition.section.type));
  verdict.type = type == nullptr ? "unknown" : type->name;
  const Progress progress(options_.file, verdict.program);
  // Time and memory are those of a load as most are, with next to no log.
  Status status = Status::kNoSpace;
  for (size_t size = kStatsSize; status == Status::kNoSpace && size <= kLogSize;
       size *= 16) {
    status = Load(index, kLogStats, size, verdict);
  }
  verdict.error = static_cast<int>(status);
  verdict.stats = ReadStats(verdict.log);
  if (!verdict.linked) {
    return verdict;
  }
  if (IsOk(status) && options_.log_level == 0) {
    verdict.log.clear();
    return verdict;
  }
  Verdict again;
  const uint32_t level =
      options_.log_level == 0 ? kLogPath : options_.log_level;
  (void)Load(index, level, kLogSize, again);
  verdict.log = again.log;
  return verdict;
}

/// The object in the host's kernel.
class HostSession {
 public:
  explicit HostSession(const std::vector<uint8_t>& bytes, uint32_t flags)
      : types_(ReadKernelTypes(kHostBtf)),
        flags_(flags),
        object_(KernelOf(types_->btf())),
        verifier_log_(kLogSize) {
    status_ = object_.Open(bytes);
    if (IsOk(status_)) {
      status_ = object_.object().CreateMaps();
    }
  }

  /// Adds what that kernel says to `verdict`.
  void Judge(size_t index, Verdict& verdict);

 private:
  static loader::Kernel KernelOf(const btf::Btf& types) {
    loader::Kernel kernel;
    kernel.btf = &types;
    kernel.only_judges = true;
    AskHost(kernel);
    return kernel;
  }

  const Ref<btf::BtfObject> types_;
  const uint32_t flags_;
  ObjectClient object_;
  std::vector<char> verifier_log_;
  Status status_ = Status::kOk;
};

void HostSession::Judge(size_t index, Verdict& verdict) {
  loader::Object& object = object_.object();
  Status status = status_;
  bool was_linked = false;
  if (IsOk(status)) {
    loader::LoadRequest request;
    request.log_level = kLogPath;
    request.log = Span<char>(verifier_log_.data(), verifier_log_.size());
    request.flags = flags_;
    verifier_log_[0] = '\0';
    status = object.LoadProgram(index, request);
    object.Unload(index);
    was_linked = object.program(index).was_linked;
  }
  verdict.linux_log =
      was_linked ? verifier_log_.data() : object_.LoaderLog().c_str();
  verdict.linux_error = static_cast<int>(status);
}

}  // namespace

int Verify(const VerifyOptions& options,
           const std::function<void(std::string_view)>& print) {
  if (options.compare_linux && options.unprivileged) {
    throw Failure(
        "--compare-linux asks as whoever runs the command: not with "
        "--unprivileged");
  }
  const std::string text = ReadFile(options.file);
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  Session session(options);
  session.Open(bytes);
  std::optional<HostSession> host;
  if (options.compare_linux) {
    host.emplace(bytes, options.flags);
  }
  std::set<size_t> only;
  for (const std::string& program : options.programs) {
    only.insert(FindProgram(session.file(), program));
  }
  int status = 0;
  for (size_t i = 0; i < session.file().programs().size(); ++i) {
    if (!only.empty() && only.count(i) == 0) {
      continue;
    }
    Verdict verdict = session.Judge(i);
    if (host.has_value()) {
      host->Judge(i, verdict);
    }
    print(options.json ? ToJson(verdict)
                       : ToText(verdict, options.log_level != 0));
    const int own = !verdict.linked ? 2 : verdict.error != 0 ? 1 : 0;
    status = own > status ? own : status;
  }
  return status;
}

}  // namespace ebpf::cli
