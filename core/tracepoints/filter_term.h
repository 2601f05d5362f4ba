// SPDX-License-Identifier: MIT
//
// One relation of a filter, read out of its text.
#pragma once

#include "core/base/span.h"
#include "core/base/string_view.h"
#include "core/tracepoints/event_field.h"
#include "core/tracepoints/filter.h"

namespace ebpf {

/// Reads FIELD OP VALUE at `*position` of `text`, which stands behind it then.
/// When it is wrong, what is, with its place. Context: any.
FilterError ReadFilterTerm(StringView text, Span<const EventField> fields,
                           size_t* position, FilterTerm* term);

/// The first place at or behind `position` that is no space.
size_t SkipSpaces(StringView text, size_t position);

}  // namespace ebpf
