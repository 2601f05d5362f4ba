// SPDX-License-Identifier: MIT
//
// tools/cli/run.h's implementation.
#include "tools/cli/run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "core/loader/object.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"
#include "tools/cli/kernel_types.h"
#include "tools/cli/object_client.h"
#include "tools/cli/object_program.h"
#include "tools/cli/to_std.h"

namespace ebpf::cli {
namespace {

using linux_abi::ProgTestRunAttr;

constexpr size_t kLogSize = size_t{1} << 20;
constexpr size_t kDataSize = 64;
/// What programs may make of that.
constexpr size_t kDataOutSize = 4 * kDataSize;

/// What became of one program in one kernel.
struct Outcome {
  bool linked = false;
  int load_error = 0;
  int run_error = 0;
  uint32_t retval = 0;
  uint32_t duration_ns = 0;
  std::vector<uint8_t> data;
  std::string log;

  bool ran() const { return linked && load_error == 0 && run_error == 0; }
};

/// An object in a kernel of its own: this process's or the host's.
class Session {
 public:
  Session(const RunOptions& options, const std::vector<uint8_t>& bytes,
          const loader::Kernel& kernel)
      : options_(options), object_(kernel), verifier_log_(kLogSize) {
    status_ = object_.Open(bytes);
    if (IsOk(status_)) {
      status_ = object_.object().CreateMaps();
    }
  }

  const loader::ObjectFile& file() const { return object_.file(); }
  Outcome Run(size_t index);

  Status status() const { return status_; }
  std::string LoaderLog() const { return object_.LoaderLog(); }

 private:
  void FillMaps();
  void TestRun(size_t index, Outcome& outcome);

  const RunOptions& options_;
  ObjectClient object_;
  std::vector<char> verifier_log_;
  Status status_ = Status::kOk;
};

Outcome Session::Run(size_t index) {
  loader::Object& object = object_.object();
  Outcome outcome;
  Status status = status_;
  if (IsOk(status)) {
    loader::LoadRequest request;
    request.log_level = 1;
    request.log = Span<char>(verifier_log_.data(), verifier_log_.size());
    request.flags = options_.flags;
    status = object.LoadProgram(index, request);
    outcome.linked = object.program(index).was_linked;
  }
  outcome.load_error = static_cast<int>(status);
  outcome.log =
      outcome.linked ? std::string(verifier_log_.data()) : LoaderLog();
  if (IsOk(status)) {
    FillMaps();
    TestRun(index, outcome);
    object.Unload(index);
  }
  return outcome;
}

/// As a test's own program does it before it runs another.
void Session::FillMaps() {
  (void)object_.object()
      .FillProgramArrays();  // others' programs may be refused
  for (const std::string& value : options_.values) {
    const size_t equals = value.find('=');
    if (equals == std::string::npos) {
      throw Failure(fmt::format("--value {}: not NAME=HEX", value));
    }
    const Result<int> fd =
        object_.object().MapFd(StringView(value.data(), equals));
    const std::vector<uint8_t> bytes =
        ParseHex(std::string_view(value).substr(equals + 1), "--value");
    const uint32_t key = 0;
    linux_abi::MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(fd.ok() ? *fd : -1);
    attr.key = reinterpret_cast<uint64_t>(&key);
    attr.value = reinterpret_cast<uint64_t>(bytes.data());
    if (object_.Call(linux_abi::kMapUpdateElem, &attr, sizeof(attr)) < 0) {
      throw Failure(fmt::format("--value {}: the map does not take it", value));
    }
  }
}

void Session::TestRun(size_t index, Outcome& outcome) {
  std::vector<uint8_t> data(kDataSize);
  if (options_.data.has_value()) {
    data = ParseHex(*options_.data, "--data");
  }
  std::vector<uint8_t> out(std::max(kDataOutSize, 4 * data.size()));
  ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(object_.object().program(index).fd);
  // Programs of this type have a context that is not a packet.
  constexpr auto kSyscall = ProgramTypeId::kSyscall;
  if (file().programs()[index].section.type != kSyscall) {
    attr.data_in = reinterpret_cast<uint64_t>(data.data());
    attr.data_size_in = static_cast<uint32_t>(data.size());
    attr.data_out = reinterpret_cast<uint64_t>(out.data());
    attr.data_size_out = static_cast<uint32_t>(out.size());
    attr.repeat = options_.repeat;
  }
  const int64_t result =
      object_.Call(linux_abi::kProgTestRun, &attr, sizeof(attr));
  outcome.run_error = result < 0 ? static_cast<int>(-result) : 0;
  outcome.retval = attr.retval;
  outcome.duration_ns = attr.duration;
  out.resize(std::min<size_t>(out.size(), attr.data_size_out));
  outcome.data = out;
}

std::string ToHex(const std::vector<uint8_t>& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

/// Adds `outcome` to `json`, each name behind `prefix`.
void Add(nlohmann::ordered_json& json, const std::string& prefix,
         const Outcome& outcome) {
  json[prefix + "verdict"] = outcome.load_error == 0 ? "accept" : "reject";
  json[prefix + "errno"] = outcome.load_error;
  if (outcome.load_error == 0) {
    json[prefix + "run_errno"] = outcome.run_error;
  }
  if (outcome.ran()) {
    json[prefix + "retval"] = outcome.retval;
    json[prefix + "duration_ns"] = outcome.duration_ns;
    json[prefix + "data_out"] = ToHex(outcome.data);
  }
  json[prefix + "log"] = outcome.load_error == 0 ? "" : outcome.log;
}

std::string Describe(const Outcome& outcome) {
  if (outcome.load_error != 0) {
    return fmt::format("{} ({})", outcome.linked ? "refused" : "not linked",
                       StatusText(static_cast<Status>(outcome.load_error)));
  }
  if (outcome.run_error != 0) {
    return fmt::format("cannot be run ({})",
                       StatusText(static_cast<Status>(outcome.run_error)));
  }
  return fmt::format("returned {} ({} ns)",
                     static_cast<int32_t>(outcome.retval), outcome.duration_ns);
}

std::string ToText(const RunOptions& options,
                   const loader::ProgramDefinition& definition,
                   const Outcome& own, const std::optional<Outcome>& host) {
  const std::string_view name = ToStd(definition.name);
  const std::string_view section = ToStd(definition.section_name);
  if (options.json) {
    nlohmann::ordered_json json;
    json["file"] = options.file;
    json["program"] = name;
    json["section"] = section;
    json["engine"] = options.engine;
    json["linked"] = own.linked;
    Add(json, "", own);
    if (host.has_value()) {
      Add(json, "linux_", *host);
    }
    using Json = nlohmann::ordered_json;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  std::string text = fmt::format("{}: {} (SEC \"{}\"): {}\n", options.file,
                                 name, section, Describe(own));
  if (own.load_error != 0) {
    text += own.log;
  }
  if (host.has_value()) {
    text += fmt::format("    Linux: {}\n", Describe(*host));
  }
  return text;
}

Ref<btf::BtfObject> ReadTypes(const std::optional<std::string>& path) {
  return path.has_value() ? ReadKernelTypes(*path) : Ref<btf::BtfObject>();
}

}  // namespace

int Run(const RunOptions& options,
        const std::function<void(std::string_view)>& print) {
  const std::string text = ReadFile(options.file);
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  const Ref<btf::BtfObject> types = ReadTypes(options.btf);
  const Ref<btf::BtfObject> core_types = ReadTypes(options.core_btf);
  const Ref<btf::BtfObject> host_types =
      options.compare_linux ? ReadKernelTypes(kHostBtf) : Ref<btf::BtfObject>();
  KernelView view;
  view.btf = types ? &types->btf() : nullptr;
  const Runtime runtime(nullptr, view);
  (void)FindEngine(options.engine);
  Require(SelectEngine(options.engine == "jit", false), options.engine);
  const auto open = [&](bool on_host) {
    loader::Kernel kernel;
    kernel.btf = on_host ? &host_types->btf() : view.btf;
    kernel.core_btf = core_types ? &core_types->btf() : nullptr;
    kernel.leaves_maps_out = true;
    if (on_host) {
      AskHost(kernel);
    }
    return std::make_unique<Session>(options, bytes, kernel);
  };
  const std::unique_ptr<Session> first = open(false);
  if (!IsOk(first->status())) {
    throw Failure(fmt::format("{}: {}: {}", options.file,
                              StatusText(first->status()), first->LoaderLog()));
  }
  std::set<size_t> only;
  for (const std::string& program : options.programs) {
    only.insert(FindProgram(first->file(), program));
  }
  int status = 0;
  for (size_t i = 0; i < first->file().programs().size(); ++i) {
    if (!only.empty() && only.count(i) == 0) {
      continue;
    }
    // Each with maps of its own: what one leaves in them is not the next one's.
    const Outcome own = open(false)->Run(i);
    std::optional<Outcome> host;
    if (options.compare_linux) {
      host = open(true)->Run(i);
    }
    print(ToText(options, first->file().programs()[i], own, host));
    const bool is_linked = own.linked || own.load_error == 0;
    status = std::max(status, !is_linked ? 2 : own.ran() ? 0 : 1);
  }
  return status;
}

}  // namespace ebpf::cli
