// SPDX-License-Identifier: MIT
//
// Linux's events net:*, of packets on their way through a device's driver.
#pragma once

#include <stdint.h>

#include "core/tracepoints/trace.h"

namespace ebpf {

/// What those share that have a packet of `len` bytes of device `name`. `skb`
/// is the kernel's own packet, of whatever type.
struct NetPacketKind {
  static constexpr char kSystem[] = "net";
  static constexpr uint32_t kShownArguments = 1;
  struct Record {
    EventHeader header;
    const void* skbaddr;
    uint32_t len;
    uint32_t name;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("void *", skbaddr), EBPF_FIELD("unsigned int", len),
      EBPF_FIELD("__data_loc char[]", name)};
  static constexpr char kPrintFormat[] =
      "\"dev=%s skbaddr=%p len=%u\", __get_str(name), REC->skbaddr, REC->len";
  static size_t TextSize(const void* /*skb*/, uint32_t /*len*/,
                         const char* name) {
    return RecordText::RoomFor(name);
  }
  static void Fill(Record& record, RecordText& text, const void* skb,
                   uint32_t len, const char* name) {
    record.skbaddr = skb;
    record.len = len;
    record.name = text.Put(name);
  }
};

/// A packet came, and goes up the stack.
struct NetifReceiveSkb : NetPacketKind {
  static constexpr char kName[] = "netif_receive_skb";
  static Tracepoint tracepoint;
};
/// A packet came, and waits.
struct NetifRx : NetPacketKind {
  static constexpr char kName[] = "netif_rx";
  static Tracepoint tracepoint;
};
/// A packet shall be sent.
struct NetDevQueue : NetPacketKind {
  static constexpr char kName[] = "net_dev_queue";
  static Tracepoint tracepoint;
};

/// The driver took it, or did not: `rc`. `device` is the kernel's own.
struct NetDevXmit {
  static constexpr char kSystem[] = "net";
  static constexpr char kName[] = "net_dev_xmit";
  static constexpr uint32_t kShownArguments = 4;
  struct Record {
    EventHeader header;
    const void* skbaddr;
    uint32_t len;
    int32_t rc;
    uint32_t name;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("void *", skbaddr), EBPF_FIELD("unsigned int", len),
      EBPF_FIELD("int", rc), EBPF_FIELD("__data_loc char[]", name)};
  static constexpr char kPrintFormat[] =
      "\"dev=%s skbaddr=%p len=%u rc=%d\", __get_str(name), REC->skbaddr, "
      "REC->len, REC->rc";
  static size_t TextSize(const void* /*skb*/, int32_t /*rc*/,
                         const void* /*device*/, uint32_t /*len*/,
                         const char* name) {
    return RecordText::RoomFor(name);
  }
  static void Fill(Record& record, RecordText& text, const void* skb,
                   int32_t rc, const void* /*device*/, uint32_t len,
                   const char* name) {
    record.skbaddr = skb;
    record.len = len;
    record.rc = rc;
    record.name = text.Put(name);
  }
  static Tracepoint tracepoint;
};

}  // namespace ebpf
