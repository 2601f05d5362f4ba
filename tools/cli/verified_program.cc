// SPDX-License-Identifier: MIT
//
// tools/cli/verified_program.h's implementation.
#include "tools/cli/verified_program.h"

#include <fmt/format.h>
#include <string_view>

#include "core/files/file.h"
#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "tools/cli/failure.h"
#include "tools/cli/object_client.h"
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

Ref<File> FileOf(ObjectClient& object, int fd) {
  return *object.client().fds().Get(fd);
}

}  // namespace

VerifiedObject LoadVerified(const std::vector<uint8_t>& bytes,
                            const std::optional<std::string>& only) {
  ObjectClient client{loader::Kernel()};
  loader::Object& object = client.object();
  Status status = client.Open(bytes);
  Require(status, fmt::format("the object cannot be read: {}",
                              LastLines(client.LoaderLog())));
  std::optional<size_t> wanted;
  if (only.has_value()) {
    wanted = FindProgram(object.file(), only);
  }
  status = object.Load();
  VerifiedObject result;
  for (size_t i = 0; i < object.program_count(); ++i) {
    // Loading ends at the first program that is refused.
    if (object.program(i).fd == 0 && (!wanted.has_value() || *wanted == i)) {
      throw Failure(std::string(LastLines(client.LoaderLog())));
    }
    if (!wanted.has_value() || *wanted == i) {
      result.programs.push_back(
          {std::string(ToStd(object.file().programs()[i].name)),
           FileOf(client, object.program(i).fd)->AsProgram()->program()});
    }
  }
  Require(result.programs.empty() ? status : Status::kOk, "not loaded");
  for (const loader::MapDefinition& map : object.file().maps()) {
    const Ref<File> file = FileOf(client, *object.MapFd(map.name));
    result.maps.emplace(std::string(ToStd(map.name)),
                        Ref<Map>::Share(file->AsMap()->map()));
  }
  return result;
}

}  // namespace ebpf::cli
