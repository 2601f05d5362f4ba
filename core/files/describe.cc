// SPDX-License-Identifier: MIT
//
// What Linux's fdinfo says of maps, programs, types and links, for tools that
// read it: libbpf, Aya, cilium/ebpf, bpftool.
#include "core/files/describe.h"

#include "core/files/btf_file.h"
#include "core/files/link_file.h"
#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/cgroup_link.h"
#include "core/objects/iterator_link.h"
#include "core/objects/kprobe_multi_link.h"
#include "core/objects/raw_tracepoint_link.h"
#include "core/platform/symbol_name.h"

namespace ebpf {

using fdinfo::PutBytes;
using fdinfo::PutHex;
using fdinfo::PutNumber;
using fdinfo::PutText;

namespace {

/// As Linux 6.17 has it: a line for each function.
void PutKprobes(TextWriter& text, const KprobeMultiLink& link) {
  PutNumber(text, "kprobe_cnt", link.functions().size());
  PutNumber(text, "missed", link.missed());
  text.Put("cookie\t func\n");
  for (size_t i = 0; i < link.functions().size(); ++i) {
    text.PutUnsigned(link.cookies().empty() ? 0 : link.cookies()[i]);
    text.Put("\t ");
    ebpf_symbol symbol;
    if (ebpf_port_symbol_by_address(link.functions()[i], &symbol)) {
      char name[kMaxSymbolName - 1];
      text.Put(ReadSymbolName(symbol, name));
      text.Put("+0x0/0x").PutHex(symbol.size).Put("\n");
    } else {
      text.Put("0x").PutHex(link.functions()[i]).Put("\n");
    }
  }
}

void PutPerfEvent(TextWriter& text, const EventDescription& about) {
  switch (about.type) {
    case linux_abi::kPerfEventTracepoint:
      PutText(text, "tp_name", about.name_view());
      PutText(text, "event_type", "tracepoint");
      break;
    case linux_abi::kPerfEventOther:
      PutNumber(text, "type", about.event_type);
      PutNumber(text, "config", about.event_config);
      PutText(text, "event_type", "event");
      break;
    default:
      PutText(text, "name", about.name_view());
      PutHex(text, "offset", about.offset);
      PutNumber(text, "missed", about.missed);
      PutText(text, "event_type",
              about.type == linux_abi::kPerfEventKretprobe ? "kretprobe"
                                                           : "kprobe");
      break;
  }
  PutNumber(text, "cookie", about.cookie);
}

}  // namespace

void MapFile::Describe(TextWriter& text) const {
  const MapSpec& spec = map_->spec();
  PutNumber(text, "map_type", static_cast<uint32_t>(spec.type));
  PutNumber(text, "key_size", spec.key_size);
  PutNumber(text, "value_size", spec.value_size);
  PutNumber(text, "max_entries", spec.max_entries);
  PutHex(text, "map_flags",
         spec.flags & ~(linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly));
  PutHex(text, "map_extra", spec.extra);
  PutNumber(text, "memlock", map_->memory_bytes());
  PutNumber(text, "map_id", map_->id());
  PutNumber(text, "frozen", map_->frozen());
}

void ProgramFile::Describe(TextWriter& text) const {
  const ProgramParts& parts = program_->parts();
  const ProgramStats stats = program_->Stats();
  PutNumber(text, "prog_type", static_cast<uint32_t>(parts.type->id));
  PutNumber(text, "prog_jited", program_->code().size != 0);
  PutBytes(text, "prog_tag", ConstBytes(parts.tag));
  PutNumber(text, "memlock", program_->memory_bytes());
  PutNumber(text, "prog_id", program_->id());
  PutNumber(text, "run_time_ns", stats.run_time_ns);
  PutNumber(text, "run_cnt", stats.timed_runs);
  PutNumber(text, "recursion_misses", stats.missed);
  PutNumber(text, "verified_insns", parts.origin.verified_insns);
}

void BtfFile::Describe(TextWriter& text) const {
  PutNumber(text, "btf_id", btf_->id());
}

void LinkFile::Describe(TextWriter& text) const {
  const Ref<Program> program = link_->program();
  PutText(text, "link_type", link_->type_name());
  PutNumber(text, "link_id", link_->id());
  PutBytes(text, "prog_tag", ConstBytes(program->parts().tag));
  PutNumber(text, "prog_id", program->id());
  if (const IteratorLink* iterator = link_->AsIterator()) {
    PutText(text, "target_name", iterator->target().name);
    if (iterator->map()) {
      PutNumber(text, "map_id", iterator->map()->id());
    }
  }
  if (const KprobeMultiLink* kprobes = link_->AsKprobeMulti()) {
    PutKprobes(text, *kprobes);
  }
  if (const RawTracepointLink* raw = link_->AsRawTracepoint()) {
    PutText(text, "tp_name", raw->name());
    PutNumber(text, "cookie", raw->cookie());
  }
  if (const CgroupLink* cgroup = link_->AsCgroup()) {
    PutNumber(text, "cgroup_id", cgroup->cgroup_id());
    PutNumber(text, "attach_type",
              static_cast<uint32_t>(cgroup->attach_type()));
  }
  if (link_->type() != linux_abi::kLinkPerfEvent) {
    return;
  }
  const EventDescription about = link_->Describe();
  PutPerfEvent(text, about);
}

}  // namespace ebpf
