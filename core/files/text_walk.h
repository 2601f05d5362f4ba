// SPDX-License-Identifier: MIT
//
// The texts that people and tools read of the subsystem, under Linux's paths:
// a new one is a walk and a line in text_walk.cc's table.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// What who opened a text may see.
struct TextViewer {
  bool sees_addresses = false;  // else they are zero, as by kptr_restrict
};

/// Gives a text line by line, whatever comes and goes meanwhile. Between two
/// lines it has no lock and no reference to what it tells of, only memory: what
/// a line says may be as old as the memory is (probes: kProbesAtOnce lines).
/// Context: task; one call at a time.
class TextWalk {
 public:
  /// Appends the next line with its end; false: there is none any more.
  virtual bool Next(TextWriter& line) = 0;

  /// Ends the walk, and frees it.
  virtual void Delete() = 0;

 protected:
  ~TextWalk() = default;
};

/// A text, before anybody reads it.
struct TextKind {
  const char* path;  // in Linux
  uint32_t mode;     // of the file, which is root's: 0400, 0440, 0444
  /// Without addresses it would mislead: kAccess for who may not see them.
  bool is_of_addresses;
  /// kNoMemory.
  Result<TextWalk*> (*begin)(const TextViewer& viewer, Allocator& allocator);
};

/// Longer lines are cut: a function's name is at most kMaxSymbolName.
inline constexpr size_t kMaxTextLine = 768;

/// Number `index`, from 0 on; null behind the last.
const TextKind* TextAt(size_t index);

/// Null: there is none.
const TextKind* FindText(StringView path);

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
