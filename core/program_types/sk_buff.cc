// SPDX-License-Identifier: MIT
//
// The types that see a packet as struct __sk_buff: socket_filter, sched_cls,
// sched_act, cgroup_skb, lwt_*, sk_skb, flow_dissector. One table, a column for
// each kind of them.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

/// A word of sk_buff.def.
struct Cell {
  FieldAccess reads;
  FieldAccess writes;
  bool capable_only = false;
};

namespace cells {
constexpr Cell No = {FieldAccess::kNone, FieldAccess::kNone};
constexpr Cell Part = {FieldAccess::kPart, FieldAccess::kNone};
constexpr Cell PartW = {FieldAccess::kPart, FieldAccess::kWhole};
constexpr Cell Whole = {FieldAccess::kWhole, FieldAccess::kNone};
constexpr Cell WholeW = {FieldAccess::kWhole, FieldAccess::kWhole};
constexpr Cell WholeC = {FieldAccess::kWhole, FieldAccess::kNone, true};
constexpr Cell WholeWC = {FieldAccess::kWhole, FieldAccess::kWhole, true};
constexpr Cell Cb = {FieldAccess::kPart, FieldAccess::kPart};
constexpr Cell WideCb = {FieldAccess::kPartOrWide, FieldAccess::kPartOrWide};
constexpr Cell WideCbR = {FieldAccess::kPartOrWide, FieldAccess::kNone};
}  // namespace cells

/// A row of sk_buff.def.
struct Row {
  uint16_t offset;
  uint16_t size;
  ContextValue value;
  Cell filter, cgroup, lwt, sched, sk_skb, dissector;
};

constexpr Row kRows[] = {
#define EBPF_SKB_FIELD(field, offset, size, gives, filter, cgroup, lwt, sched, \
                       sk_skb, dissector)                                      \
  {offset,        size,          ContextValue::k##gives,                       \
   cells::filter, cells::cgroup, cells::lwt,                                   \
   cells::sched,  cells::sk_skb, cells::dissector},
#include "core/program_types/fields/sk_buff.def"
#undef EBPF_SKB_FIELD
};

constexpr size_t kRowCount = sizeof(kRows) / sizeof(kRows[0]);

/// The table of the types that `kCell` is about.
template <Cell Row::* kCell>
struct Column {
  constexpr Column() {
    for (size_t i = 0; i < kRowCount; ++i) {
      const Row& row = kRows[i];
      const Cell& cell = row.*kCell;
      fields[i] = {row.offset, row.size,          cell.reads,       cell.writes,
                   row.value,  attach_words::Any, cell.capable_only};
    }
  }

  ContextField fields[kRowCount] = {};
};

template <Cell Row::* kCell>
ContextAnswer Access(const ContextQuery& query) {
  static constexpr Column<kCell> kColumn;
  return AccessFields(kColumn.fields, query);
}

}  // namespace

ContextAnswer SocketFilterAccess(const ContextQuery& query) {
  return Access<&Row::filter>(query);
}

ContextAnswer CgroupSkbAccess(const ContextQuery& query) {
  return Access<&Row::cgroup>(query);
}

ContextAnswer LwtInAccess(const ContextQuery& query) {
  return Access<&Row::lwt>(query);
}

ContextAnswer LwtOutAccess(const ContextQuery& query) {
  return Access<&Row::lwt>(query);
}

ContextAnswer LwtXmitAccess(const ContextQuery& query) {
  return Access<&Row::lwt>(query);
}

ContextAnswer LwtSeg6localAccess(const ContextQuery& query) {
  return Access<&Row::lwt>(query);
}

ContextAnswer SchedClsAccess(const ContextQuery& query) {
  return Access<&Row::sched>(query);
}

ContextAnswer SchedActAccess(const ContextQuery& query) {
  return Access<&Row::sched>(query);
}

ContextAnswer SkSkbAccess(const ContextQuery& query) {
  return Access<&Row::sk_skb>(query);
}

ContextAnswer FlowDissectorAccess(const ContextQuery& query) {
  return Access<&Row::dissector>(query);
}

}  // namespace ebpf
