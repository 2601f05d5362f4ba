// SPDX-License-Identifier: MIT
//
// The functions that trace_texts.def names, and what they share.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/files/text_walk.h"
#include "core/memory/allocator.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

// Context of all: task.

// trace_setting_texts.cc: what is set by a number or a word.
Result<TextWalk*> BeginTraceReadme(const TextViewer& viewer,
                                   Allocator& allocator);
Result<TextWalk*> BeginTracer(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginNothing(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginCmdlinesSize(const TextViewer& viewer,
                                    Allocator& allocator);
Result<TextWalk*> BeginTraceClock(const TextViewer& viewer,
                                  Allocator& allocator);
Result<TextWalk*> BeginTraceOptions(const TextViewer& viewer,
                                    Allocator& allocator);
Result<TextWalk*> BeginTracingOn(const TextViewer& viewer,
                                 Allocator& allocator);
Result<TextWalk*> BeginOption(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginHeaderEvent(const TextViewer& viewer,
                                   Allocator& allocator);
Result<TextWalk*> BeginHeaderPage(const TextViewer& viewer,
                                  Allocator& allocator);
Result<size_t> WriteNothing(const TextPlace& place, StringView text,
                            Allocator& allocator);
Result<size_t> WriteTracer(const TextPlace& place, StringView text,
                           Allocator& allocator);
Result<size_t> WriteCmdlinesSize(const TextPlace& place, StringView text,
                                 Allocator& allocator);
Result<size_t> WriteTraceClock(const TextPlace& place, StringView text,
                               Allocator& allocator);
Result<size_t> WriteTraceMarker(const TextPlace& place, StringView text,
                                Allocator& allocator);
Result<size_t> WriteTraceOptions(const TextPlace& place, StringView text,
                                 Allocator& allocator);
Result<size_t> WriteTracingOn(const TextPlace& place, StringView text,
                              Allocator& allocator);
Result<size_t> WriteOption(const TextPlace& place, StringView text,
                           Allocator& allocator);

// trace_buffer_texts.cc: what is in the buffer, and its size.
Result<TextWalk*> BeginBufferSize(const TextViewer& viewer,
                                  Allocator& allocator);
Result<TextWalk*> BeginBufferTotal(const TextViewer& viewer,
                                   Allocator& allocator);
Result<TextWalk*> BeginStats(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginCmdlines(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginErrorLog(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginTraceText(const TextViewer& viewer,
                                 Allocator& allocator);
Result<TextWalk*> BeginTracePipe(const TextViewer& viewer,
                                 Allocator& allocator);
Result<TextWalk*> BeginTracePipeRaw(const TextViewer& viewer,
                                    Allocator& allocator);
Result<size_t> WriteBufferSize(const TextPlace& place, StringView text,
                               Allocator& allocator);
Status ClearTrace(const TextPlace& place);
Status ClearErrorLog(const TextPlace& place);

// trace_event_texts.cc: which events there are, and what is wanted of them.
Result<TextWalk*> BeginAvailableEvents(const TextViewer& viewer,
                                       Allocator& allocator);
Result<TextWalk*> BeginSetEvent(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginEnable(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginSystemFilter(const TextViewer& viewer,
                                    Allocator& allocator);
Result<TextWalk*> BeginFilter(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginFormat(const TextViewer& viewer, Allocator& allocator);
Result<TextWalk*> BeginEventId(const TextViewer& viewer, Allocator& allocator);
Result<size_t> WriteSetEvent(const TextPlace& place, StringView text,
                             Allocator& allocator);
Result<size_t> WriteEnable(const TextPlace& place, StringView text,
                           Allocator& allocator);
Result<size_t> WriteFilter(const TextPlace& place, StringView text,
                           Allocator& allocator);
Result<size_t> WriteSystemFilter(const TextPlace& place, StringView text,
                                 Allocator& allocator);
Status ClearSetEvent(const TextPlace& place);

// probe_event_texts.cc: probes that have names.
Result<TextWalk*> BeginProbeEvents(const TextViewer& viewer,
                                   Allocator& allocator);
Result<size_t> WriteProbeEvents(const TextPlace& place, StringView text,
                                Allocator& allocator);
Status ClearProbeEvents(const TextPlace& place);

/// A walk over a text that is made at once, when it is first asked for: at most
/// kMaxTextLine characters. kNoMemory.
Result<TextWalk*> BeginShortText(void (*put)(TextWriter& text,
                                             const TextPlace& place),
                                 const TextViewer& viewer,
                                 Allocator& allocator);

/// As BeginShortText, however long it is. kNoMemory.
Result<TextWalk*> BeginLongText(void (*put)(TextWriter& text,
                                            const TextPlace& place),
                                const TextViewer& viewer, Allocator& allocator);

/// The decimal number that is written, as Linux takes it: perhaps behind a
/// plus sign and before one line's end. kInvalid; kOutOfRange.
Result<uint64_t> ReadTextNumber(StringView text);

/// Without blanks at both ends, and what is behind a zero.
StringView StripText(StringView text);

}  // namespace ebpf
