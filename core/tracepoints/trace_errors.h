// SPDX-License-Identifier: MIT
//
// What was refused last, and why: Linux's `error_log`.
#pragma once

#include <stddef.h>

#include "core/base/string_view.h"
#include "core/base/text_writer.h"

namespace ebpf {

/// Commands that were refused, at most the last kMaxTraceErrors of them, each
/// with at most kMaxTraceErrorText characters. Context of all: task.
inline constexpr size_t kMaxTraceErrors = 8;
inline constexpr size_t kMaxTraceErrorText = 256;

/// `command`, given to `where` ("event filter parse error", "trace_kprobe"),
/// was refused because of `error`, at `position`.
void AddTraceError(StringView where, StringView command, StringView error,
                   size_t position);

/// Writes number `index` of those that there are, the oldest first, in Linux's
/// form; false: there is none.
bool PutTraceError(TextWriter& writer, size_t index);

void ClearTraceErrors();

}  // namespace ebpf
