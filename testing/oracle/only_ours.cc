// SPDX-License-Identifier: MIT
//
// Reads only_ours.txt and applies it.
#include "testing/oracle/only_ours.h"

#include <algorithm>
#include <regex.h>
#include <sstream>

namespace ebpf::oracle {
namespace {

/// A compiled POSIX expression.
class Pattern {
 public:
  explicit Pattern(const std::string& text)
      : valid_(regcomp(&regex_, text.c_str(), REG_EXTENDED | REG_NOSUB) == 0) {}
  ~Pattern() {
    if (valid_) {
      regfree(&regex_);
    }
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool valid() const { return valid_; }
  bool IsIn(const std::vector<std::string>& lines) const {
    return valid_ &&
           std::any_of(
               lines.begin(), lines.end(), [&](const std::string& line) {
                 return regexec(&regex_, line.c_str(), 0, nullptr, 0) == 0;
               });
  }

 private:
  regex_t regex_ = {};
  const bool valid_;
};

bool IsPlace(const std::string& where) {
  return where == "behind" || where == "path" || where == "words" ||
         where == "parts";
}

/// What the rules are asked of.
struct Refusal {
  std::vector<std::string> behind;
  std::vector<std::string> path;
  std::vector<std::string> words;
  std::vector<std::string> parts;

  const std::vector<std::string>& at(const std::string& where) const {
    return where == "behind"  ? behind
           : where == "path"  ? path
           : where == "words" ? words
                              : parts;
  }
};

bool Has(const Refusal& refusal, const OnlyOursClass& one) {
  return std::all_of(
      one.rules.begin(), one.rules.end(), [&](const OnlyOursRule& rule) {
        return Pattern(rule.pattern).IsIn(refusal.at(rule.where));
      });
}

/// One indented line of the class `one`. False: it is wrong.
bool AddLine(const std::string& text, OnlyOursClass& one) {
  const size_t colon = text.find(": ");
  if (text[0] != '?') {
    one.argument += one.argument.empty() ? text : " " + text;
    return true;
  }
  if (colon == std::string::npos || colon < 2) {
    return false;
  }
  OnlyOursRule rule{text.substr(2, colon - 2), text.substr(colon + 2)};
  const bool fits = IsPlace(rule.where) && Pattern(rule.pattern).valid();
  one.rules.push_back(rule);
  return fits;
}

}  // namespace

std::vector<OnlyOursClass> ParseOnlyOurs(const std::string& text,
                                         std::string& error) {
  std::vector<OnlyOursClass> classes;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    const size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos || line[0] == '#') {
      continue;
    }
    if (begin == 0) {
      classes.push_back({line, {}, ""});
    } else if (classes.empty() ||
               !AddLine(line.substr(begin), classes.back())) {
      error = error.empty() ? line : error;
    }
  }
  for (const OnlyOursClass& one : classes) {
    if (error.empty() && (one.rules.empty() || one.argument.empty())) {
      error = one.name + " lacks a rule or an argument";
    }
  }
  return classes;
}

OnlyOursReason Classify(const std::vector<OnlyOursClass>& classes,
                        const std::string& log,
                        const std::vector<InsnFacts>& facts) {
  const std::vector<HostStep> path = ParsePath(log);
  const Parting parting = FindParting(path, facts);
  Refusal refusal;
  refusal.behind = LinesBehind(path, parting.step);
  if (!parting.found && !refusal.behind.empty()) {
    refusal.behind.erase(refusal.behind.begin());  // what is refused itself
  }
  for (const HostStep& step : path) {
    refusal.path.push_back(step.line);
  }
  refusal.words = LastWords(log);
  refusal.parts = {parting.found ? "yes" : "no"};
  OnlyOursReason reason;
  reason.instruction = path.empty() ? 0 : path[parting.step].index;
  for (const OnlyOursClass& one : classes) {
    if (Has(refusal, one)) {
      reason.of = &one;
      break;
    }
  }
  return reason;
}

}  // namespace ebpf::oracle
