// SPDX-License-Identifier: MIT
//
// The table of texts, and finding them by their paths.
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/files/text_walk.h"
#include "core/files/trace_texts.h"
#include "core/platform/cpu.h"
#include "core/tracepoints/own_events.h"
#include "core/tracepoints/trace_instance.h"

namespace ebpf {
namespace {

constexpr StringView kTracing = "/sys/kernel/tracing";
constexpr StringView kTracingAlias = "/sys/kernel/debug/tracing";

/// A directory's texts stand together, and its directories, too.
constexpr TextKind kTexts[] = {
    {"/proc/kallsyms", 0444, false, BeginKallsyms},
    {"/sys/bus/event_source/devices/kprobe/type", 0444, false, BeginKprobeType},
    {"/sys/bus/event_source/devices/kprobe/format/retprobe", 0444, false,
     BeginKprobeReturnBit},
    {"/sys/kernel/debug/kprobes/list", 0400, false, BeginKprobeList},
    {"/sys/kernel/debug/kprobes/blacklist", 0400, false, BeginKprobeBlacklist},
    {"/sys/kernel/tracing/available_filter_functions", 0440, false,
     BeginFilterFunctions},
    {"/sys/kernel/tracing/available_filter_functions_addrs", 0440, true,
     BeginFilterFunctionAddresses},
    {"/sys/kernel/tracing/kprobe_profile", 0440, false, BeginKprobeProfile},
#define TEXT(name, mode, begin, write, truncate) \
  {"/sys/kernel/tracing/" name, mode, false, begin, write, truncate},
#include "core/files/trace_texts.def"
#undef TEXT
};

/// The parts of a path, one after the other; empty ones are none.
class Parts {
 public:
  explicit Parts(StringView path) : rest_(path) {}

  /// False: that was all.
  bool Next(StringView* part) {
    while (!rest_.empty() && rest_[0] == '/') {
      rest_ = rest_.Substring(1);
    }
    *part = rest_.First(rest_.Find('/'));
    rest_ = rest_.Substring(part->size());
    return !part->empty();
  }

 private:
  StringView rest_;
};

bool IsBlank(StringView part) { return part[0] == '{'; }

bool CopyName(char (&to)[TextPlace::kMaxName], StringView name) {
  if (name.size() > sizeof(to)) {
    return false;
  }
  FillBytes(to, 0, sizeof(to));
  CopyBytes(to, name.data(), name.size());
  return true;
}

bool HasSystem(StringView system) {
  for (TraceEventRef event = TraceEvents::Next(0); event;
       event = TraceEvents::Next(event->id())) {
    if (event->system() == system) {
      return true;
    }
  }
  return false;
}

/// "cpu" and a number without zeros before it.
bool ReadCpu(StringView name, uint32_t* cpu) {
  char text[16];
  for (uint32_t i = 0; i < ebpf_port_cpu_count(); ++i) {
    TextWriter writer(text, sizeof(text));
    writer.Put("cpu").PutUnsigned(i);
    if (writer.text() == name) {
      *cpu = i;
      return true;
    }
  }
  return false;
}

/// Whether `name` may stand in `blank`'s place; then it does in `place`.
bool Fill(StringView blank, StringView name, TextPlace* place) {
  if (blank == "{system}") {
    return HasSystem(name) && CopyName(place->system, name);
  }
  if (blank == "{event}") {
    return TraceEvents::Find(place->System(), name) &&
           CopyName(place->event, name);
  }
  if (blank == "{cpu}") {
    return ReadCpu(name, &place->cpu);
  }
  for (uint32_t i = 0; i < static_cast<uint32_t>(TraceOption::kCount); ++i) {
    if (TraceInstance::NameOf(static_cast<TraceOption>(i)) == name) {
      place->option = i;
      return true;
    }
  }
  return false;
}

/// Events that cannot be switched have no files for it.
bool Exists(const TextKind& kind, const TextPlace& place) {
  if (place.System() != FtracePrint::kSystem) {
    return true;
  }
  const StringView path = kind.path;
  return !path.EndsWith("/enable") && !path.EndsWith("/filter");
}

enum class Match : uint8_t {
  kNone,
  kText,       // the path is the kind's
  kDirectory,  // the kind's begins with it, and `next` comes then
  kBelow,      // it begins with the kind's
};

/// Where `path` is below the alias, leaves what follows that, and of `its_path`
/// what follows the directory itself; false: it is not in there.
bool CutAlias(StringView* its_path, StringView* path) {
  if (path->StartsWith(kTracingAlias) &&
      (path->size() == kTracingAlias.size() ||
       (*path)[kTracingAlias.size()] == '/')) {
    if (!its_path->StartsWith(kTracing)) {
      return false;
    }
    *path = path->Substring(kTracingAlias.size());
    *its_path = its_path->Substring(kTracing.size());
  }
  return true;
}

Match Compare(const TextKind& kind, StringView path, TextPlace* place,
              StringView* next) {
  StringView its_path = kind.path;
  if (!CutAlias(&its_path, &path)) {
    return Match::kNone;
  }
  *place = TextPlace();
  place->kind = &kind;
  Parts wanted(path);
  Parts its(its_path);
  StringView part;
  while (its.Next(next)) {
    if (!wanted.Next(&part)) {
      return Exists(kind, *place) ? Match::kDirectory : Match::kNone;
    }
    if (IsBlank(*next) ? !Fill(*next, part, place) : *next != part) {
      return Match::kNone;
    }
  }
  if (!Exists(kind, *place)) {
    return Match::kNone;
  }
  return wanted.Next(&part) ? Match::kBelow : Match::kText;
}

/// Directories that are not everybody's, as Linux makes them where nobody has
/// mounted them otherwise: events' names are seen by root.
constexpr struct {
  const char* path;
  uint32_t mode;
} kDirectories[] = {
    {"/sys/kernel/debug", 0700},
    {"/sys/kernel/tracing", 0700},
    {"/sys/kernel/tracing/options", 0750},
    {"/sys/kernel/tracing/per_cpu", 0750},
    {"/sys/kernel/tracing/per_cpu/{cpu}", 0750},
};

/// Whether `pattern` is of `name` in `path`, or of that itself where the name
/// is empty.
bool IsPathOf(StringView pattern, StringView path, StringView name) {
  if (!CutAlias(&pattern, &path)) {
    return false;
  }
  Parts its(pattern);
  Parts wanted(path);
  StringView part;
  StringView one;
  while (its.Next(&part)) {
    if (!wanted.Next(&one)) {
      one = Exchange(name, StringView());
    }
    if (one.empty() || (!IsBlank(part) && part != one)) {
      return false;
    }
  }
  return !wanted.Next(&one) && name.empty();
}

uint32_t ModeOf(StringView path, StringView name = StringView()) {
  for (const auto& directory : kDirectories) {
    if (IsPathOf(directory.path, path, name)) {
      return directory.mode;
    }
  }
  return 0755;
}

bool HasBlanks(const TextKind& kind) {
  const StringView path = kind.path;
  return path.Find('{') != path.size();
}

/// Whether number `index` of the systems begins with this event.
bool IsFirstOfSystem(const TraceEvent& event) {
  for (TraceEventRef other = TraceEvents::Next(0);
       other && other->id() < event.id();
       other = TraceEvents::Next(other->id())) {
    if (other->system() == event.system()) {
      return false;
    }
  }
  return true;
}

/// Writes name `*index` of those that may stand in `blank`'s place; false:
/// there are fewer, and `*index` is less by their number.
bool NameInBlank(StringView blank, const TextPlace& place, size_t* index,
                 TextWriter& name) {
  if (blank == "{cpu}" || blank == "{option}") {
    const size_t count = blank == "{cpu}"
                             ? ebpf_port_cpu_count()
                             : static_cast<size_t>(TraceOption::kCount);
    if (*index >= count) {
      *index -= count;
      return false;
    }
    if (blank == "{cpu}") {
      name.Put("cpu").PutUnsigned(*index);
    } else {
      name.Put(TraceInstance::NameOf(static_cast<TraceOption>(*index)));
    }
    return true;
  }
  for (TraceEventRef event = TraceEvents::Next(0); event;
       event = TraceEvents::Next(event->id())) {
    const bool counts = blank == "{system}" ? IsFirstOfSystem(*event)
                                            : event->system() == place.System();
    if (counts && (*index)-- == 0) {
      name.Put(blank == "{system}" ? event->system() : event->name());
      return true;
    }
  }
  return false;
}

}  // namespace

uint32_t TextDirectoryMode(StringView path) { return ModeOf(path); }

const TextKind* TextAt(size_t index) {
  for (const TextKind& kind : kTexts) {
    if (!HasBlanks(kind) && index-- == 0) {
      return &kind;
    }
  }
  return nullptr;
}

Status FindText(StringView path, TextPlace* place) {
  if (!path.StartsWith("/")) {
    return Status::kNotFound;
  }
  Status status = Status::kNotFound;
  for (const TextKind& kind : kTexts) {
    StringView next;
    switch (Compare(kind, path, place, &next)) {
      case Match::kText:
        return Status::kOk;
      case Match::kDirectory:
        status = Status::kIsDirectory;
        break;
      case Match::kBelow:
        status = Status::kNotDirectory;
        break;
      case Match::kNone:
        break;
    }
  }
  return status;
}

Status ReadTextDirectory(StringView path, size_t index, TextEntry* entry) {
  if (!path.StartsWith("/")) {
    return Status::kNotFound;
  }
  StringView last;  // the name before: one directory has several texts
  TextPlace place;
  for (const TextKind& kind : kTexts) {
    StringView next;
    const Match match = Compare(kind, path, &place, &next);
    if (match == Match::kText) {
      return Status::kNotDirectory;
    }
    if (match != Match::kDirectory || next == last) {
      continue;
    }
    last = next;
    *entry = {};
    TextWriter name(entry->name, sizeof(entry->name) - 1);
    if (IsBlank(next) ? !NameInBlank(next, place, &index, name)
                      : index-- != 0) {
      continue;
    }
    if (!IsBlank(next)) {
      name.Put(next);
    }
    entry->is_directory = !StringView(kind.path).EndsWith(next);
    entry->mode = entry->is_directory ? ModeOf(path, entry->name) : kind.mode;
    return Status::kOk;
  }
  return Status::kNotFound;
}

}  // namespace ebpf
