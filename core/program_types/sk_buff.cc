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

constexpr ContextField Field(uint16_t offset, uint16_t size, ContextValue value,
                             const Cell& cell) {
  return {offset,           size,  cell.reads,
          cell.writes,      value, attach_words::Any,
          cell.capable_only};
}

#define EBPF_SKB_FIELD(field, offset, size, gives, filter, cgroup, lwt, sched, \
                       sk_skb, dissector)                                      \
  Field(offset, size, ContextValue::k##gives, cells::filter),
constexpr ContextField kFilterFields[] = {
#include "core/program_types/fields/sk_buff.def"
};
#undef EBPF_SKB_FIELD

#define EBPF_SKB_FIELD(field, offset, size, gives, filter, cgroup, lwt, sched, \
                       sk_skb, dissector)                                      \
  Field(offset, size, ContextValue::k##gives, cells::cgroup),
constexpr ContextField kCgroupFields[] = {
#include "core/program_types/fields/sk_buff.def"
};
#undef EBPF_SKB_FIELD

#define EBPF_SKB_FIELD(field, offset, size, gives, filter, cgroup, lwt, sched, \
                       sk_skb, dissector)                                      \
  Field(offset, size, ContextValue::k##gives, cells::lwt),
constexpr ContextField kLwtFields[] = {
#include "core/program_types/fields/sk_buff.def"
};
#undef EBPF_SKB_FIELD

#define EBPF_SKB_FIELD(field, offset, size, gives, filter, cgroup, lwt, sched, \
                       sk_skb, dissector)                                      \
  Field(offset, size, ContextValue::k##gives, cells::sched),
constexpr ContextField kSchedFields[] = {
#include "core/program_types/fields/sk_buff.def"
};
#undef EBPF_SKB_FIELD

#define EBPF_SKB_FIELD(field, offset, size, gives, filter, cgroup, lwt, sched, \
                       sk_skb, dissector)                                      \
  Field(offset, size, ContextValue::k##gives, cells::sk_skb),
constexpr ContextField kSkSkbFields[] = {
#include "core/program_types/fields/sk_buff.def"
};
#undef EBPF_SKB_FIELD

#define EBPF_SKB_FIELD(field, offset, size, gives, filter, cgroup, lwt, sched, \
                       sk_skb, dissector)                                      \
  Field(offset, size, ContextValue::k##gives, cells::dissector),
constexpr ContextField kDissectorFields[] = {
#include "core/program_types/fields/sk_buff.def"
};
#undef EBPF_SKB_FIELD

}  // namespace

ContextAnswer SocketFilterAccess(const ContextQuery& query) {
  return AccessFields(kFilterFields, query);
}

ContextAnswer CgroupSkbAccess(const ContextQuery& query) {
  return AccessFields(kCgroupFields, query);
}

ContextAnswer LwtInAccess(const ContextQuery& query) {
  return AccessFields(kLwtFields, query);
}

ContextAnswer LwtOutAccess(const ContextQuery& query) {
  return AccessFields(kLwtFields, query);
}

ContextAnswer LwtXmitAccess(const ContextQuery& query) {
  return AccessFields(kLwtFields, query);
}

ContextAnswer LwtSeg6localAccess(const ContextQuery& query) {
  return AccessFields(kLwtFields, query);
}

ContextAnswer SchedClsAccess(const ContextQuery& query) {
  return AccessFields(kSchedFields, query);
}

ContextAnswer SchedActAccess(const ContextQuery& query) {
  return AccessFields(kSchedFields, query);
}

ContextAnswer SkSkbAccess(const ContextQuery& query) {
  return AccessFields(kSkSkbFields, query);
}

ContextAnswer FlowDissectorAccess(const ContextQuery& query) {
  return AccessFields(kDissectorFields, query);
}

}  // namespace ebpf
