// SPDX-License-Identifier: MIT
//
// helpers.def and helper_extras.def as a table.
#include "core/helpers/prototype.h"

#include "core/base/string_view.h"
#include "core/helpers/functions.h"
#include "core/platform/features.h"
#include "core/program_types/type_sets.h"

namespace ebpf {
namespace {

// The words of the columns, each kind in a namespace of its own.
namespace flag_words {
constexpr uint64_t None = 0;
constexpr uint64_t Gpl = 1 << 0;
constexpr uint64_t Acquires = 1 << 1;
constexpr uint64_t Releases = 1 << 2;
constexpr uint64_t TakesPackets = 1 << 3;
constexpr uint64_t MovesPacket = 1 << 4;
constexpr uint64_t MaySleep = 1 << 5;
constexpr uint64_t FastCall = 1 << 6;
}  // namespace flag_words

// Kinds of maps by Linux's numbers (enum bpf_map_type): the kinds that one
// helper works on, out of what Linux says for the kind and for the helper.
namespace map_words {
constexpr uint64_t Kind(unsigned number) { return uint64_t{1} << number; }

constexpr uint64_t None = 0;
constexpr uint64_t Programs = Kind(3);
constexpr uint64_t PerfEvents = Kind(4);
constexpr uint64_t Stacks = Kind(7);
constexpr uint64_t Cgroups = Kind(8);
constexpr uint64_t MapsOfMaps = Kind(12) | Kind(13);
constexpr uint64_t DevMaps = Kind(14) | Kind(25);
constexpr uint64_t SockMap = Kind(15);
constexpr uint64_t CpuMap = Kind(16);
constexpr uint64_t XskMap = Kind(17);
constexpr uint64_t SockHash = Kind(18);
constexpr uint64_t CgroupStorages = Kind(19) | Kind(21);
constexpr uint64_t SkStorage = Kind(24);
constexpr uint64_t Ring = Kind(27);
constexpr uint64_t InodeStorage = Kind(28);
constexpr uint64_t TaskStorage = Kind(29);
constexpr uint64_t UserRing = Kind(31);
constexpr uint64_t CgroupStorage = Kind(32);

constexpr uint64_t PerCpuKeyed = Kind(5) | Kind(6) | Kind(10);
/// Those whose elements can be walked.
constexpr uint64_t Walked = Kind(1) | Kind(2) | Kind(9) | PerCpuKeyed;
/// Those whose helpers are not limited; a trie, struct_ops, an arena, too.
constexpr uint64_t Keyed = Walked | Kind(11) | Kind(26) | Kind(33);
constexpr uint64_t Lookup =
    Keyed | MapsOfMaps | DevMaps | SockMap | XskMap | SockHash;
constexpr uint64_t Update = Keyed | SockMap | SockHash;
constexpr uint64_t Delete = Keyed | SockMap | SockHash;
constexpr uint64_t Pops = Kind(22) | Kind(23);
constexpr uint64_t Pushes = Pops | Kind(30);
constexpr uint64_t Redirects = DevMaps | CpuMap | XskMap;
constexpr uint64_t ReuseportSockets = Kind(20) | SockMap | SockHash;
constexpr uint64_t Timers = Kind(1) | Kind(2) | Kind(9);
}  // namespace map_words

struct ArgList {
  ArgKind kinds[5];
};

namespace arg_words {
constexpr ArgKind None = ArgKind::kNone;
constexpr ArgKind Anything = ArgKind::kAnything;
constexpr ArgKind Context = ArgKind::kContext;
constexpr ArgKind ContextOrNull = ArgKind::kContextOrNull;
constexpr ArgKind Map = ArgKind::kMap;
constexpr ArgKind MapKey = ArgKind::kMapKey;
constexpr ArgKind MapValue = ArgKind::kMapValue;
constexpr ArgKind MapValueOrNull = ArgKind::kMapValueOrNull;
constexpr ArgKind UninitMapValue = ArgKind::kUninitMapValue;
constexpr ArgKind Mem = ArgKind::kMem;
constexpr ArgKind MemOrNull = ArgKind::kMemOrNull;
constexpr ArgKind UninitMem = ArgKind::kUninitMem;
constexpr ArgKind WriteMem = ArgKind::kWriteMem;
constexpr ArgKind FixedMem = ArgKind::kFixedMem;
constexpr ArgKind FixedWriteMem = ArgKind::kFixedWriteMem;
constexpr ArgKind FixedUninitMem = ArgKind::kFixedUninitMem;
constexpr ArgKind Size = ArgKind::kSize;
constexpr ArgKind SizeOrZero = ArgKind::kSizeOrZero;
constexpr ArgKind AllocSize = ArgKind::kAllocSize;
constexpr ArgKind Callback = ArgKind::kCallback;
constexpr ArgKind StackOrNull = ArgKind::kStackOrNull;
constexpr ArgKind RingRecord = ArgKind::kRingRecord;
constexpr ArgKind ConstString = ArgKind::kConstString;
constexpr ArgKind SpinLock = ArgKind::kSpinLock;
constexpr ArgKind Timer = ArgKind::kTimer;
constexpr ArgKind KptrSlot = ArgKind::kKptrSlot;
constexpr ArgKind SocketOrNull = ArgKind::kSocketOrNull;
constexpr ArgKind SockCommon = ArgKind::kSockCommon;
constexpr ArgKind TypedSockCommon = ArgKind::kTypedSockCommon;
constexpr ArgKind TypedSockCommonOrNull = ArgKind::kTypedSockCommonOrNull;
constexpr ArgKind Typed = ArgKind::kTyped;
constexpr ArgKind TypedOrNull = ArgKind::kTypedOrNull;
constexpr ArgKind PerCpuTyped = ArgKind::kPerCpuTyped;
constexpr ArgKind Dynptr = ArgKind::kDynptr;
constexpr ArgKind UninitDynptr = ArgKind::kUninitDynptr;
constexpr ArgKind UninitRingDynptr = ArgKind::kUninitRingDynptr;
constexpr ArgKind RingDynptr = ArgKind::kRingDynptr;

constexpr ArgList Args(ArgKind a1 = None, ArgKind a2 = None, ArgKind a3 = None,
                       ArgKind a4 = None, ArgKind a5 = None) {
  return {{a1, a2, a3, a4, a5}};
}
}  // namespace arg_words

#define EBPF_ARGUMENTS(list)                                \
  ([]() constexpr -> ArgList {                              \
    using namespace arg_words; /*NOLINT: a table's words */ \
    return Args list;                                       \
  }())

constexpr HelperPrototype Row(uint32_t id, const char* name,
                              HelperFunction function, ReturnKind result,
                              const ArgList& args, ProgramTypeSet types,
                              uint64_t flags, uint64_t map_types) {
  HelperPrototype row = {};
  row.id = id;
  row.name = name;
  row.function = function;
  row.result = result;
  for (int i = 0; i < 5; ++i) {
    row.args[i] = args.kinds[i];
  }
  row.types = types;
  row.map_types = map_types;
  row.gpl_only = (flags & flag_words::Gpl) != 0;
  row.acquires = (flags & flag_words::Acquires) != 0;
  row.releases = (flags & flag_words::Releases) != 0;
  row.released_argument = row.releases ? 1 : 0;
  row.takes_packets = (flags & flag_words::TakesPackets) != 0;
  row.moves_packet = (flags & flag_words::MovesPacket) != 0;
  row.may_sleep = (flags & flag_words::MaySleep) != 0;
  row.fast_call = (flags & flag_words::FastCall) != 0;
  return row;
}

/// helper_extras.def names helpers; their ids.
enum HelperId : uint32_t {
#define EBPF_HELPER(id, name, ...) kId_##name = (id),
#define EBPF_HELPER_KNOWN(id, name, ...) kId_##name = (id),
#include "core/helpers/helpers.def"
#undef EBPF_HELPER_KNOWN
#undef EBPF_HELPER
};

constexpr uint32_t kHelperCount = 0
#define EBPF_HELPER(...) +1
#define EBPF_HELPER_KNOWN(...) +1
#include "core/helpers/helpers.def"
#undef EBPF_HELPER_KNOWN
#undef EBPF_HELPER
    ;

// The tables of helper_extras.def, one by one.
#define EBPF_HELPER_SIZE(name, argument, bytes)
#define EBPF_HELPER_ARGUMENT_TYPE(name, argument, type)
#define EBPF_HELPER_RESULT_TYPE(name, type)
#define EBPF_HELPER_RELEASED(name, argument)
#define EBPF_HELPER_WRITES(name, argument)
#define EBPF_HELPER_NEEDS(name, feature)
#define EBPF_HELPER_ATTACH(name, types, attach)
#define EBPF_HELPER_VARIANT(name, types, arguments, license)

struct AttachRule {
  uint32_t id;
  ProgramTypeSet types;
  AttachTypeSet attach_types;
};
#undef EBPF_HELPER_ATTACH
#define EBPF_HELPER_ATTACH(name, types, attach) \
  {kId_##name, EBPF_WORDS(type_words, types), EBPF_WORDS(attach_words, attach)},
constexpr AttachRule kAttachRules[] = {
#include "core/helpers/helper_extras.def"
};
#undef EBPF_HELPER_ATTACH
#define EBPF_HELPER_ATTACH(name, types, attach)

enum class License : uint8_t { kSame, kAny };

struct Variant {
  uint32_t id;
  ProgramTypeSet types;
  ArgList args;
  License license;
};
#undef EBPF_HELPER_VARIANT
#define EBPF_HELPER_VARIANT(name, types, arguments, license)             \
  {kId_##name, EBPF_WORDS(type_words, types), EBPF_ARGUMENTS(arguments), \
   License::k##license},
constexpr Variant kVariantRows[] = {
#include "core/helpers/helper_extras.def"
};
#undef EBPF_HELPER_VARIANT
#define EBPF_HELPER_VARIANT(name, types, arguments, license)
constexpr uint32_t kVariantCount =
    sizeof(kVariantRows) / sizeof(kVariantRows[0]);

constexpr bool IsFixed(ArgKind kind) {
  return kind == ArgKind::kFixedMem || kind == ArgKind::kFixedWriteMem ||
         kind == ArgKind::kFixedUninitMem;
}

constexpr bool IsTyped(ArgKind kind) {
  return kind == ArgKind::kTyped || kind == ArgKind::kTypedOrNull;
}

/// Puts what helper_extras.def says of `row`'s helper into it.
constexpr void Complete(HelperPrototype& row) {
#undef EBPF_HELPER_SIZE
#define EBPF_HELPER_SIZE(name, argument, bytes)                    \
  if (row.id == kId_##name && IsFixed(row.args[(argument) - 1])) { \
    row.fixed_sizes[(argument) - 1] = (bytes);                     \
  }
#undef EBPF_HELPER_ARGUMENT_TYPE
#define EBPF_HELPER_ARGUMENT_TYPE(name, argument, type)            \
  if (row.id == kId_##name && IsTyped(row.args[(argument) - 1])) { \
    row.arg_types[(argument) - 1] = (type);                        \
  }
#undef EBPF_HELPER_RESULT_TYPE
#define EBPF_HELPER_RESULT_TYPE(name, type) \
  if (row.id == kId_##name) {               \
    row.result_type = (type);               \
  }
#undef EBPF_HELPER_WRITES
#define EBPF_HELPER_WRITES(name, argument)                              \
  if (row.id == kId_##name) {                                           \
    row.also_written =                                                  \
        static_cast<uint8_t>(row.also_written | 1 << ((argument) - 1)); \
  }
#undef EBPF_HELPER_NEEDS
#define EBPF_HELPER_NEEDS(name, feature)     \
  if (row.id == kId_##name) {                \
    row.port_features = EBPF_PORT_##feature; \
  }
#undef EBPF_HELPER_RELEASED
#define EBPF_HELPER_RELEASED(name, argument) \
  if (row.id == kId_##name) {                \
    row.released_argument = (argument);      \
  }
#include "core/helpers/helper_extras.def"
}

#undef EBPF_HELPER_SIZE
#undef EBPF_HELPER_ARGUMENT_TYPE
#undef EBPF_HELPER_RESULT_TYPE
#undef EBPF_HELPER_RELEASED
#undef EBPF_HELPER_WRITES
#undef EBPF_HELPER_NEEDS
#undef EBPF_HELPER_ATTACH
#undef EBPF_HELPER_VARIANT

struct Table {
  HelperPrototype helpers[kHelperCount];
  HelperPrototype variants[kVariantCount];
};

constexpr Table Build() {
  Table table = {{
#define EBPF_HELPER(id, name, function, result, arguments, types, flags, maps) \
  Row(id, #name, helpers::function, ReturnKind::k##result,                     \
      EBPF_ARGUMENTS(arguments), EBPF_WORDS(type_words, types),                \
      EBPF_WORDS(flag_words, flags), EBPF_WORDS(map_words, maps)),
#define EBPF_HELPER_KNOWN(id, name, result, arguments, types, flags, maps)  \
  Row(id, #name, nullptr, ReturnKind::k##result, EBPF_ARGUMENTS(arguments), \
      EBPF_WORDS(type_words, types), EBPF_WORDS(flag_words, flags),         \
      EBPF_WORDS(map_words, maps)),
#include "core/helpers/helpers.def"
#undef EBPF_HELPER_KNOWN
#undef EBPF_HELPER
                 },
                 {}};
  for (uint32_t i = 0; i < kVariantCount; ++i) {
    const Variant& variant = kVariantRows[i];
    HelperPrototype& row = table.helpers[variant.id - 1];
    row.types |= variant.types;
    table.variants[i] = row;
    for (int argument = 0; argument < 5; ++argument) {
      table.variants[i].args[argument] = variant.args.kinds[argument];
    }
    if (variant.license == License::kAny) {
      table.variants[i].gpl_only = false;
    }
    Complete(table.variants[i]);
  }
  for (HelperPrototype& row : table.helpers) {
    Complete(row);
  }
  return table;
}

constexpr Table kTable = Build();

/// The ids count from 1 without a gap, so an id is a place in the table.
constexpr bool InOrder() {
  for (uint32_t i = 0; i < kHelperCount; ++i) {
    if (kTable.helpers[i].id != i + 1) {
      return false;
    }
  }
  return true;
}
static_assert(InOrder());

}  // namespace

const HelperPrototype* FindHelper(uint32_t id) {
  return id == 0 || id > kHelperCount ? nullptr : &kTable.helpers[id - 1];
}

const HelperPrototype* FindHelperFor(uint32_t id, ProgramTypeId type) {
  for (uint32_t i = 0; i < kVariantCount; ++i) {
    if (kVariantRows[i].id == id && Contains(kVariantRows[i].types, type)) {
      return &kTable.variants[i];
    }
  }
  return FindHelper(id);
}

bool HelperExists(const HelperPrototype& helper) {
  return helper.function != nullptr &&
         (helper.port_features & ~ebpf_port_features()) == 0;
}

bool WritesArgument(const HelperPrototype& helper, unsigned index) {
  switch (helper.args[index]) {
    case ArgKind::kUninitMapValue:
    case ArgKind::kUninitMem:
    case ArgKind::kWriteMem:
    case ArgKind::kFixedWriteMem:
    case ArgKind::kFixedUninitMem:
      return true;
    default:
      return (helper.also_written >> index & 1) != 0;
  }
}

bool HelperAllowed(const HelperPrototype& helper, ProgramTypeId type) {
  return Contains(helper.types, type);
}

bool HelperAllowed(const HelperPrototype& helper, ProgramTypeId type,
                   uint32_t attach_type) {
  for (const AttachRule& rule : kAttachRules) {
    if (rule.id == helper.id && Contains(rule.types, type) &&
        !Contains(rule.attach_types, attach_type)) {
      return false;
    }
  }
  return HelperAllowed(helper, type);
}

bool HelperTakesMap(const HelperPrototype& helper, uint32_t map_type) {
  return map_type < 64 && (helper.map_types >> map_type & 1) != 0;
}

bool HelperTakesMap(const HelperPrototype& helper, uint32_t map_type,
                    ProgramTypeId type, uint32_t attach_type) {
  using namespace type_words;  // NOLINT: the words of type_sets.h
  constexpr uint64_t kSockets = map_words::SockMap | map_words::SockHash;
  const bool changes =
      helper.id == kId_map_update_elem || helper.id == kId_map_delete_elem;
  if (changes && Contains(kSockets, map_type)) {
    const bool walks =
        Contains(Tracing, type) &&
        attach_type == static_cast<uint32_t>(AttachType::kTraceIter);
    const bool removes =
        Contains(SockOps, type) && helper.id == kId_map_delete_elem;
    return walks || removes ||
           Contains(SocketFilter | Sched | Xdp | SkReuseport | FlowDissector |
                        type_words::SkLookup,
                    type);
  }
  return HelperTakesMap(helper, map_type);
}

}  // namespace ebpf
