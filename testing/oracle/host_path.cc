// SPDX-License-Identifier: MIT
//
// Reads the host's log, whose form is Linux's.
#include "testing/oracle/host_path.h"

#include <cctype>
#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>

namespace ebpf::oracle {
namespace {

constexpr unsigned kRegisters = 10;  // r10 never changes

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }

bool StartsWith(const std::string& text, const char* start) {
  return text.rfind(start, 0) == 0;
}

/// "12: (bf) r9 = r1 ; R1=..." -> 12, "r9 = r1".
bool ParseStep(const std::string& line, HostStep& step) {
  const size_t colon = line.find(": (");
  if (line.empty() || !IsDigit(line[0]) || colon == std::string::npos ||
      line.find_first_not_of("0123456789") != colon) {
    return false;
  }
  step.index = static_cast<uint32_t>(std::strtoul(line.c_str(), nullptr, 10));
  const size_t text = line.find(") ", colon);
  if (text == std::string::npos) {
    return false;
  }
  step.text = line.substr(text + 2, line.find(';') - text - 2);
  step.text.erase(step.text.find_last_not_of(' ') + 1);
  step.calls_function = StartsWith(step.text, "call pc");
  step.line = line;
  return true;
}

/// Which frame a line's registers are of, if it has any.
std::optional<unsigned> FrameOf(const std::string& line) {
  const size_t frame = line.rfind("frame");
  if (frame != std::string::npos && frame + 6 < line.size() &&
      IsDigit(line[frame + 5]) && line[frame + 6] == ':') {
    return static_cast<unsigned>(line[frame + 5] - '0');
  }
  const size_t reg = line.find(" R");
  if (reg != std::string::npos && reg + 2 < line.size() &&
      IsDigit(line[reg + 2])) {
    return 0;
  }
  return std::nullopt;
}

/// What of one frame is asked for.
struct Wanted {
  bool regs[kRegisters] = {};
  std::set<int> slots;

  bool empty() const {
    for (bool reg : regs) {
      if (reg) {
        return false;
      }
    }
    return slots.empty();
  }
};

/// Calls `use` for each register that `text` names, r10 left out.
template <typename Use>
void EachRegister(const std::string& text, Use use) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    const bool starts =
        i == 0 || !std::isalnum(static_cast<unsigned char>(text[i - 1]));
    const bool is_one = i + 2 >= text.size() || !IsDigit(text[i + 2]);
    if (starts && is_one && (text[i] == 'r' || text[i] == 'w') &&
        IsDigit(text[i + 1])) {
      use(static_cast<unsigned>(text[i + 1] - '0'));
    }
  }
}

void WantAll(const std::string& text, Wanted& wanted) {
  EachRegister(text, [&](unsigned reg) { wanted.regs[reg] = true; });
}

/// "*(u32 *)(r10 -12)" -> 2, the slot of eight bytes; 0: another place.
int SlotIn(const std::string& text) {
  const size_t begin = text.find("(r10 -");
  return begin == std::string::npos ? 0 : (std::atoi(&text[begin + 6]) + 7) / 8;
}

/// A comparison, without where it goes.
std::string Compared(const std::string& text) {
  return text.substr(0, text.find(" goto "));
}

/// Goes back along a path with the things that are asked for.
class Slice {
 public:
  Slice(const std::vector<HostStep>& path, size_t last) {
    frame_ = path[last].frame;
    const std::string& text = path[last].text;
    const bool overwrites = text.size() > 2 && StartsWith(&text[2], " = ");
    WantAll(overwrites ? text.substr(2) : Compared(text), wanted());
    for (unsigned reg = 1; reg <= 5 && StartsWith(text, "call "); ++reg) {
      wanted().regs[reg] = true;
    }
    if (text == "exit") {
      wanted().regs[0] = true;
    }
    if (const int slot = SlotIn(text); slot != 0) {
      wanted().slots.insert(slot);
    }
    lines_.push_back(path[last].line);
    for (size_t i = last; i > 0 && !AllEmpty(); --i) {
      Back(path[i - 1]);
    }
  }

  std::vector<std::string> TakeLines() { return std::move(lines_); }

 private:
  Wanted& wanted() {
    if (frames_.size() <= frame_) {
      frames_.resize(frame_ + 1);
    }
    return frames_[frame_];
  }

  bool AllEmpty() const {
    for (const Wanted& frame : frames_) {
      if (!frame.empty()) {
        return false;
      }
    }
    return true;
  }

  void Back(const HostStep& step) {
    if (step.frame > frame_) {
      // The exit of what was called.
      const bool result = wanted().regs[0];
      for (unsigned reg = 0; reg <= 5; ++reg) {
        wanted().regs[reg] = false;
      }
      frame_ = step.frame;
      wanted() = Wanted();
      wanted().regs[0] = result;
    } else if (step.frame < frame_) {
      const Wanted callee = wanted();
      wanted() = Wanted();
      frame_ = step.frame;
      for (unsigned reg = 1; reg <= 5 && step.calls_function; ++reg) {
        wanted().regs[reg] = callee.regs[reg];
      }
      return;
    }
    Through(step);
  }

  void Through(const HostStep& step) {
    const std::string& text = step.text;
    if (StartsWith(text, "if ")) {
      bool asked = false;
      EachRegister(Compared(text),
                   [&](unsigned reg) { asked = asked || wanted().regs[reg]; });
      if (asked) {
        lines_.push_back(step.line);
      }
    } else if (StartsWith(text, "call ")) {
      if (wanted().regs[0]) {
        lines_.push_back(step.line);
      }
      for (unsigned reg = 0; reg <= 5; ++reg) {
        wanted().regs[reg] = false;
      }
    } else if (StartsWith(text, "*(")) {
      Store(step);
    } else if ((text[0] == 'r' || text[0] == 'w') && text.size() > 2 &&
               IsDigit(text[1])) {
      Write(step);
    }
  }

  void Store(const HostStep& step) {
    const size_t equals = step.text.find(" = ");
    const std::string to = step.text.substr(0, equals);
    const auto slot = wanted().slots.find(SlotIn(to));
    if (slot != wanted().slots.end()) {
      if (StartsWith(to, "*(u64 ")) {
        wanted().slots.erase(slot);
      }
      lines_.push_back(step.line);
      WantAll(step.text.substr(equals), wanted());
    }
  }

  void Write(const HostStep& step) {
    const auto reg = static_cast<unsigned>(step.text[1] - '0');
    if (reg >= kRegisters || !wanted().regs[reg] || step.text[2] != ' ') {
      return;
    }
    lines_.push_back(step.line);
    const std::string from = step.text.substr(step.text.find("= "));
    const bool is_copy = StartsWith(step.text.substr(2), " = ");
    // A negation and a swap are of what was there.
    wanted().regs[reg] = !is_copy;
    if (from.find('*') == std::string::npos) {
      WantAll(from, wanted());
    } else if (const int slot = SlotIn(from); slot != 0) {
      wanted().slots.insert(slot);
    }
  }

  unsigned frame_ = 0;
  std::vector<Wanted> frames_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<HostStep> ParsePath(const std::string& log) {
  std::istringstream lines(log);
  std::string line;
  std::vector<HostStep> path;
  unsigned frame = 0;
  while (std::getline(lines, line) && !StartsWith(line, "processed ")) {
    HostStep step;
    if (ParseStep(line, step)) {
      step.frame = frame;
      path.push_back(step);
    }
    frame = FrameOf(line).value_or(frame);
  }
  return path;
}

std::vector<std::string> LastWords(const std::string& log) {
  std::istringstream lines(log);
  std::string line;
  std::vector<std::string> words;
  while (std::getline(lines, line) && !StartsWith(line, "processed ")) {
    HostStep step;
    if (ParseStep(line, step)) {
      words.clear();
    } else if (!line.empty()) {
      words.push_back(line);
    }
  }
  return words;
}

Parting FindParting(const std::vector<HostStep>& path,
                    const std::vector<InsnFacts>& facts) {
  for (size_t i = 0; i < path.size(); ++i) {
    const uint32_t index = path[i].index;
    if (index >= facts.size() || i + 1 == path.size()) {
      break;
    }
    const uint32_t next = path[i + 1].index;
    const bool jumped = next != index + 1;
    if ((facts[index].never_jumps && jumped) ||
        (facts[index].always_jumps && !jumped) ||
        (next < facts.size() && facts[next].never_reached)) {
      return {i, true};
    }
  }
  return {path.empty() ? 0 : path.size() - 1, false};
}

std::vector<std::string> LinesBehind(const std::vector<HostStep>& path,
                                     size_t last) {
  return path.empty() ? std::vector<std::string>()
                      : Slice(path, last).TakeLines();
}

}  // namespace ebpf::oracle
