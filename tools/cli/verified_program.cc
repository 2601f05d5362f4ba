// SPDX-License-Identifier: MIT
//
// tools/cli/verified_program.h's implementation.
#include "tools/cli/verified_program.h"

#include <fmt/format.h>
#include <string_view>

#include "core/files/client.h"
#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/loader/object.h"
#include "core/memory/allocator.h"
#include "tools/cli/failure.h"
#include "tools/cli/object_program.h"
#include "tools/cli/to_std.h"

namespace ebpf::cli {
namespace {

constexpr size_t kShownLogLines = 20;

std::string_view LastLines(std::string_view text) {
  while (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  size_t begin = text.size();
  for (size_t i = 0; i < kShownLogLines && begin != 0; ++i) {
    const size_t before = text.rfind('\n', begin - 1);
    begin = before == std::string_view::npos ? 0 : before;
  }
  return text.substr(begin == 0 ? 0 : begin + 1);
}

/// A client for the length of a load.
class LoadingClient {
 public:
  LoadingClient() {
    Result<Client*> client = Client::Create(Origin::kKernel, PortAllocator());
    Require(client.status(), "no client");
    client_ = *client;
  }
  ~LoadingClient() { client_->Delete(); }
  LoadingClient(const LoadingClient&) = delete;
  LoadingClient& operator=(const LoadingClient&) = delete;

  Client& operator*() const { return *client_; }
  Ref<File> FileOf(int fd) const { return *client_->fds().Get(fd); }

 private:
  Client* client_;
};

}  // namespace

VerifiedObject LoadVerified(const std::vector<uint8_t>& bytes,
                            const std::optional<std::string>& only) {
  std::vector<char> text(size_t{1} << 19);
  TextWriter log(text.data(), text.size());
  const LoadingClient client;
  loader::Object object(*client, PortAllocator(), log);
  Status status = object.Open(ConstBytes(bytes.data(), bytes.size()));
  Require(status, fmt::format("the object cannot be read: {}",
                              LastLines(ToStd(log.text()))));
  std::optional<size_t> wanted;
  if (only.has_value()) {
    wanted = FindProgram(object.file(), only);
  }
  status = object.Load();
  VerifiedObject result;
  for (size_t i = 0; i < object.program_count(); ++i) {
    // Loading ends at the first program that is refused.
    if (object.program(i).fd == 0 && (!wanted.has_value() || *wanted == i)) {
      throw Failure(std::string(LastLines(ToStd(log.text()))));
    }
    if (!wanted.has_value() || *wanted == i) {
      result.programs.push_back(
          {std::string(ToStd(object.file().programs()[i].name)),
           client.FileOf(object.program(i).fd)->AsProgram()->program()});
    }
  }
  Require(result.programs.empty() ? status : Status::kOk, "not loaded");
  for (const loader::MapDefinition& map : object.file().maps()) {
    const Ref<File> file = client.FileOf(*object.MapFd(map.name));
    result.maps.emplace(std::string(ToStd(map.name)),
                        Ref<Map>::Share(file->AsMap()->map()));
  }
  return result;
}

}  // namespace ebpf::cli
