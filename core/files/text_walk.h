// SPDX-License-Identifier: MIT
//
// The texts that people and tools read and write of the subsystem, under
// Linux's paths: a new one is a walk, perhaps a function that takes what is
// written, and a line in text_tree.cc's table.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/maps/notifier.h"
#include "core/memory/allocator.h"

namespace ebpf {

struct TextPlace;

/// What who opened a text may see, and which it is.
struct TextViewer {
  bool sees_addresses = false;  // else they are zero, as by kptr_restrict
  /// Outlives the walk.
  const TextPlace* place = nullptr;
};

/// Gives a text line by line, whatever comes and goes meanwhile. Between two
/// lines it has no lock and no reference to what it tells of, only memory: what
/// a line says may be as old as the memory is (probes: kProbesAtOnce lines).
/// Context: task; one call at a time.
class TextWalk {
 public:
  /// Appends the next line with its end, or a part of one of kMaxTextLine; and
  /// false: there is none any more. True and nothing: what it tells of is gone.
  virtual bool Next(TextWriter& line) = 0;

  /// Where lines may come after Next has said that there are none: who tells
  /// when; IsReadable says whether. Who reads is told to try again then. Null:
  /// none will come.
  virtual Notifier* notifier() { return nullptr; }
  virtual bool IsReadable() { return true; }

  /// Ends the walk, and frees it.
  virtual void Delete() = 0;

 protected:
  ~TextWalk() = default;
};

/// A text, before anybody opens it. Context of its functions: task.
struct TextKind {
  /// Linux's, where "{system}", "{event}", "{cpu}" and "{option}" stand for any
  /// name of such a thing.
  const char* path;
  uint32_t mode;  // of the file, which is root's: 0400, 0440, 0444, 0640
  /// Without addresses it would mislead: kAccess for who may not see them.
  bool is_of_addresses;
  /// kNoMemory, kBusy: it has a reader. Null: it cannot be read.
  Result<TextWalk*> (*begin)(const TextViewer& viewer, Allocator& allocator);
  /// Takes what was written at once, of which there are at most kMaxTextWrite
  /// characters; how many of them it took. Null: it cannot be written.
  Result<size_t> (*write)(const TextPlace& place, StringView text,
                          Allocator& allocator) = nullptr;
  /// It was opened to be written from its beginning.
  Status (*truncate)(const TextPlace& place) = nullptr;
};

/// What the names in a path say, where its kind has blanks.
struct TextPlace {
  static constexpr size_t kMaxName = 64;

  StringView System() const { return StringView::FromField(system, kMaxName); }
  StringView Event() const { return StringView::FromField(event, kMaxName); }

  const TextKind* kind = nullptr;
  char system[kMaxName] = {};
  char event[kMaxName] = {};
  uint32_t cpu = UINT32_MAX;  // kAllCpus
  uint32_t option = 0;        // a TraceOption
};

/// Longer lines are cut: a function's name is at most kMaxSymbolName, and a
/// trace's line kMaxTraceTextLine.
inline constexpr size_t kMaxTextLine = 4096;
/// Of what is written at once, more is not looked at, as in Linux (a page).
inline constexpr size_t kMaxTextWrite = 4096;

/// Number `index` of the texts whose paths have no blanks, from 0 on; null
/// behind the last.
const TextKind* TextAt(size_t index);

/// kNotFound; kIsDirectory; kNotDirectory: a part of the path is a text. Texts
/// below /sys/kernel/tracing are below /sys/kernel/debug/tracing, too. Context:
/// task.
Status FindText(StringView path, TextPlace* place);

/// What is in a directory.
struct TextEntry {
  char name[256];
  bool is_directory;
  uint32_t mode;  // its permissions
};
/// Of the directory `path`, root's: 0755 but for those of debugfs and tracefs,
/// which are Linux's. Context: task.
uint32_t TextDirectoryMode(StringView path);
/// Entry `index` of the directory `path`, in no certain order. kNotFound: there
/// are no more, or no such directory; kNotDirectory. Context: task.
Status ReadTextDirectory(StringView path, size_t index, TextEntry* entry);

// The walks. kNoMemory.
Result<TextWalk*> BeginKallsyms(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginKprobeList(const TextViewer& viewer,
                                  Allocator& allocator);
Result<TextWalk*> BeginKprobeBlacklist(const TextViewer& viewer,
                                       Allocator& allocator);
Result<TextWalk*> BeginKprobeProfile(const TextViewer& viewer,
                                     Allocator& allocator);
Result<TextWalk*> BeginFilterFunctions(const TextViewer& viewer,
                                       Allocator& allocator);
Result<TextWalk*> BeginFilterFunctionAddresses(const TextViewer& viewer,
                                               Allocator& allocator);
Result<TextWalk*> BeginKprobeType(const TextViewer& viewer,
                                  Allocator& allocator);
Result<TextWalk*> BeginKprobeReturnBit(const TextViewer& viewer,
                                       Allocator& allocator);

}  // namespace ebpf
