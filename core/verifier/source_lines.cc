// SPDX-License-Identifier: MIT
//
// A record of line_info holds from its instruction on until the next one's.
#include "core/verifier/source_lines.h"

#include "core/base/ascii.h"
namespace ebpf::verifier {
namespace {

/// Of line_column: the line is what stands above the column.
constexpr unsigned kColumnBits = 10;

/// The string at `name`: source lines may be longer than names.
StringView TextAt(const btf::Btf& btf, btf::NameOffset name) {
  if (name < btf.first_name()) {
    const Result<StringView> text = btf.Name(name);
    return text.ok() ? *text : StringView();
  }
  const ConstBytes strings = btf.strings();
  const size_t at = name - btf.first_name();
  if (at >= strings.size()) {
    return StringView();
  }
  return StringView::FromField(
      reinterpret_cast<const char*>(strings.data()) + at, strings.size() - at);
}

StringView WithoutFolders(StringView path) {
  size_t start = path.size();
  while (start > 0 && path[start - 1] != '/') {
    --start;
  }
  return path.Substring(start);
}

}  // namespace

const LineInfo* FindLine(const Options& options, uint32_t index) {
  size_t low = 0;
  size_t high = options.lines.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (options.lines[middle].insn_offset <= index) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? nullptr : &options.lines[low - 1];
}

SourceLine ReadLine(const Options& options, const LineInfo& line) {
  SourceLine read;
  read.number = line.line_column >> kColumnBits;
  if (options.btf == nullptr) {
    return read;
  }
  read.text = TextAt(*options.btf, line.line_offset);
  while (!read.text.empty() && IsSpace(read.text[0])) {
    read.text = read.text.Substring(1);
  }
  read.file = WithoutFolders(TextAt(*options.btf, line.file_name_offset));
  return read;
}

bool IsSameLine(const LineInfo& a, const LineInfo& b) {
  return a.line_column >> kColumnBits == b.line_column >> kColumnBits &&
         a.file_name_offset == b.file_name_offset;
}

}  // namespace ebpf::verifier
