// SPDX-License-Identifier: MIT
//
// The words that tables use for sets of program types and of attach types.
#pragma once

#include <stdint.h>

#include "core/program_types/program_type.h"

namespace ebpf {

/// A set of program types: bit n for type n.
using ProgramTypeSet = uint64_t;
/// A set of attach types: bit n for type n.
using AttachTypeSet = uint64_t;

constexpr bool Contains(uint64_t set, uint32_t number) {
  return number < 64 && (set >> number & 1) != 0;
}
constexpr bool Contains(ProgramTypeSet set, ProgramTypeId type) {
  return Contains(set, static_cast<uint32_t>(type));
}

namespace type_words {

#define EBPF_PROGRAM_TYPE(number, name, text, packets, attach, privilege) \
  constexpr ProgramTypeSet name = ProgramTypeSet{1} << (number);
#include "core/program_types/program_types.def"
#undef EBPF_PROGRAM_TYPE

// In Linux, most types ask one function for the helpers that all may call. Not
// these: infrared decoders have a list of theirs; extensions are what they
// extend.
constexpr ProgramTypeSet Base = ((uint64_t{1} << 33) - 2) & ~(LircMode2 | Ext);
constexpr ProgramTypeSet Lwt = LwtIn | LwtOut | LwtXmit | LwtSeg6local;
constexpr ProgramTypeSet Sched = SchedCls | SchedAct;
/// Given a packet in a struct sk_buff, as test runs make one.
constexpr ProgramTypeSet PacketInSkBuff =
    SocketFilter | Sched | CgroupSkb | Lwt;
/// The kernel's struct sk_buff is behind the context: those, and parsers of
/// streams, whose packets only sockets make.
constexpr ProgramTypeSet OnSkBuff = PacketInSkBuff | SkSkb;
/// The context has struct __sk_buff's fields: those, and dissectors, which see
/// a packet that may be in no sk_buff.
constexpr ProgramTypeSet SkBuffFields = OnSkBuff | FlowDissector;
/// By BTF and trampolines, and what asks them in the end.
constexpr ProgramTypeSet Traced = Tracing | Lsm | Syscall;
constexpr ProgramTypeSet AnyTracing = Kprobe | Tracepoint | PerfEvent |
                                      RawTracepoint | RawTracepointWritable |
                                      Traced;
/// Around sockets and packets of the network.
constexpr ProgramTypeSet Network = SocketFilter | Sched | Xdp | CgroupSkb |
                                   Lwt | SockOps | SkSkb | SkMsg |
                                   CgroupSockAddr | FlowDissector | SkLookup;
/// Who may have a look at the kinds of sockets that BTF knows.
constexpr ProgramTypeSet SockTypes = Network | Traced;
/// In a control group, with a task of their own that is running.
constexpr ProgramTypeSet CgroupTask =
    CgroupSock | CgroupSockAddr | CgroupDevice | CgroupSysctl | CgroupSockopt;

}  // namespace type_words

namespace attach_words {

#define EBPF_ATTACH_TYPE(number, name) \
  constexpr AttachTypeSet name = AttachTypeSet{1} << (number);
#include "core/program_types/attach_types.def"
#undef EBPF_ATTACH_TYPE

constexpr AttachTypeSet Any = ~AttachTypeSet{0};
constexpr AttachTypeSet Unspecified = 1;
constexpr AttachTypeSet SocketLife =
    CgroupInetSockCreate | CgroupInetSockRelease;
constexpr AttachTypeSet PostBind = CgroupInet4PostBind | CgroupInet6PostBind;
constexpr AttachTypeSet SkReuseport =
    SkReuseportSelect | SkReuseportSelectOrMigrate;
constexpr AttachTypeSet Ip4Addresses =
    CgroupInet4Bind | CgroupInet4Connect | CgroupInet4Getpeername |
    CgroupInet4Getsockname | CgroupUdp4Sendmsg | CgroupUdp4Recvmsg;
constexpr AttachTypeSet Ip6Addresses =
    CgroupInet6Bind | CgroupInet6Connect | CgroupInet6Getpeername |
    CgroupInet6Getsockname | CgroupUdp6Sendmsg | CgroupUdp6Recvmsg;
constexpr AttachTypeSet UnixAddresses =
    CgroupUnixConnect | CgroupUnixSendmsg | CgroupUnixRecvmsg |
    CgroupUnixGetpeername | CgroupUnixGetsockname;
constexpr AttachTypeSet SocketAddresses =
    Ip4Addresses | Ip6Addresses | UnixAddresses;
/// What was received from, or is asked for: it cannot be forbidden.
constexpr AttachTypeSet AddressesTold =
    CgroupUdp4Recvmsg | CgroupUdp6Recvmsg | CgroupUnixRecvmsg |
    CgroupInet4Getpeername | CgroupInet6Getpeername | CgroupUnixGetpeername |
    CgroupInet4Getsockname | CgroupInet6Getsockname | CgroupUnixGetsockname;

/// In a control group where the call can be made to fail.
constexpr AttachTypeSet CanRefuse =
    ~(CgroupInetIngress | CgroupInetEgress | CgroupSockOps | AddressesTold);
constexpr AttachTypeSet Trampolines = TraceFentry | TraceFexit | ModifyReturn;

}  // namespace attach_words

/// The value of a table's column, whose words are looked up in `words`.
#define EBPF_WORDS(words, column)     \
  ([]() constexpr -> uint64_t {       \
    using namespace words; /*NOLINT*/ \
    return (column);                  \
  }())

}  // namespace ebpf
