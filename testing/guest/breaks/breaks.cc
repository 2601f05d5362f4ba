// SPDX-License-Identifier: MIT
#include "testing/guest/breaks/breaks.h"

#include "core/base/text_writer.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"

namespace guest {
namespace {

using ebpf::StringView;

constinit StringView broken;

void SetBroken(const Break& it, bool on) {
  broken = on ? StringView(it.name) : StringView();
  if (it.set != nullptr) {
    it.set(on);
  }
}

/// Runs the case that must find it; why it failed. False: there is none.
bool RunBroken(const Break& it, StringView* failure) {
  SetBroken(it, true);
  const bool found = RunTest(it.test, failure);
  SetBroken(it, false);
  return found;
}

bool IsFound(const Break& it) {
  char name[80] = {};
  ebpf::TextWriter(name, sizeof name - 1).Put("Break.").Put(it.name);
  StringView failure;
  const bool ran = RunBroken(it, &failure);
  Line() << it.name << ": " << it.test << ": " << failure;
  const bool found = ran && failure.Contains(it.words);
  BeginTest(name);
  if (!found) {
    FailTest(__FILE__, __LINE__, ran ? "not found" : "no such case");
  }
  return EndTest();
}

bool AllAreFound(ebpf::Span<const Break> breaks) {
  bool all_found = true;
  for (const Break& it : breaks) {
    all_found = (it.words == nullptr || IsFound(it)) && all_found;
  }
  return all_found;
}

const Break* Find(ebpf::Span<const Break> breaks, StringView name) {
  for (const Break& it : breaks) {
    if (name == StringView(it.name)) {
      return &it;
    }
  }
  return nullptr;
}

}  // namespace

bool IsBroken(StringView name) { return broken == name; }

bool RunTestsOrBreaks(ebpf::Span<const Break> breaks,
                      ebpf::Span<const Break> more, StringView argument) {
  if (argument == StringView("breaks")) {
    const bool found = AllAreFound(breaks);
    return AllAreFound(more) && found;
  }
  const Break* it = Find(breaks, argument);
  it = it != nullptr ? it : Find(more, argument);
  if (it == nullptr) {
    return RunAllTests();
  }
  StringView failure;
  const bool ran = RunBroken(*it, &failure);
  Line() << it->name << ": " << (ran ? "still alive " : "no such case")
         << failure;
  return true;
}

bool RunTestsOrBreaks(ebpf::Span<const Break> breaks, StringView argument) {
  return RunTestsOrBreaks(breaks, {}, argument);
}

}  // namespace guest
