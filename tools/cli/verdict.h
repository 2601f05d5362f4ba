// SPDX-License-Identifier: MIT
//
// What `ebpf verify` tells of one program, as text and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ebpf::cli {

/// What the log's last line says.
struct LoggedStats {
  uint64_t insns_processed = 0;
  uint64_t total_states = 0;
  uint64_t peak_states = 0;
};

struct Verdict {
  std::string file;
  std::string program;
  std::string section;
  std::string type;
  /// 0: accepted.
  int error = 0;
  /// False: no kernel has seen it, since it could not be linked.
  bool linked = true;
  std::string log;
  LoggedStats stats;
  uint64_t peak_memory_bytes = 0;
  uint64_t time_ns = 0;
  /// What the host's kernel says, where it was asked: its errno, and its log.
  std::optional<int> linux_error;
  std::string linux_log;
};

/// Reads "processed N insns (limit ...) ... total_states N peak_states N ..."
/// wherever it stands in `log`; zeros where it does not.
LoggedStats ReadStats(std::string_view log);

/// One line.
std::string ToJson(const Verdict& verdict);

/// Some lines; of the log all where `whole_log`, else the end.
std::string ToText(const Verdict& verdict, bool whole_log);

}  // namespace ebpf::cli
