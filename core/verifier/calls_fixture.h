// SPDX-License-Identifier: MIT
//
// The verifier with all of Linux's helpers, and with maps whose values have
// special fields by BTF.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/test_builder.h"
#include "core/maps/described_map.h"
#include "core/maps/map_btf.h"
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {

// Linux's numbers of helpers.
enum MoreHelpers : int {
  kRedirectMap = 51,
  kLocalStorage = 81,
  kSkLookup = 84,
  kSkRelease = 86,
  kSpinLock = 93,
  kSpinUnlock = 94,
  kSkFullsock = 95,
  kStrtol = 105,
  kDPathHelper = 147,
  kCopyFromUser = 148,
  kPerCpuPtr = 153,
  kThisCpuPtr = 154,
  kSnprintfHelper = 165,
  kTimerInit = 169,
  kTimerCallback = 170,
  kTimerStart = 171,
  kFindVmaHelper = 180,
  kKptrXchgHelper = 194,
  kDynptrMem = 197,
  kRingDynptr = 198,
  kRingSubmitDynptr = 199,
  kRingDiscardDynptr = 200,
  kDynptrRead = 201,
  kDynptrWriteHelper = 202,
  kDynptrData = 203,
  kUserRingDrainHelper = 209,
};

// The places of fields in values of `values_`.
inline constexpr int kLockAt = 0;
inline constexpr int kNumberAt = 4;
inline constexpr int kTimerAt = 8;
inline constexpr int kTaskAt = 24;       // __kptr
inline constexpr int kUntrustedAt = 32;  // __kptr_untrusted
inline constexpr int kTailAt = 40;
inline constexpr uint32_t kValueBytes = 48;

/// Judges programs of type sched_cls by Linux's profile. Before the host only
/// where `on_host_` says so, and not with the maps that are added here: the
/// host's have no BTF, and its BTF is another.
class CallsTest : public VerifierTest {
 protected:
  CallsTest() {
    options_.profile = Profile::kLinux;
    options_.type = FindProgramType(3);  // sched_cls
    kernel_ = Finish(KernelTypes());
    types_ = Finish(ProgramTypes());
    options_.kernel_btf = &kernel_->btf();
    values_ = maps_->Append(WithFields(Make(MapType::kHash, 8, kValueBytes)));
    Ref<Map> inner = WithFields(Make(MapType::kArray, 4, kValueBytes));
    outer_ = maps_->Append(Describe(12, 4, 4, inner));  // array of maps
    user_ring_ = maps_->Append(Describe(31, 0, 0));
    sockets_ = maps_->Append(Describe(15, 4, 4));
    storage_ = maps_->Append(Describe(19, 16, 8));  // cgroup storage
    text_ = maps_->Append(ReadOnlyText());
  }
  ~CallsTest() override {
    // Before the read sections end.
    maps_.reset();
    types_ = Ref<btf::BtfObject>();
    kernel_ = Ref<btf::BtfObject>();
  }

  void Accepts(const Code& code, OnLinux on_linux = OnLinux::kSame) {
    WithHost(code, [&] { VerifierTest::Accepts(code, on_linux); });
  }
  void Accepts(std::initializer_list<Part> parts,
               OnLinux on_linux = OnLinux::kSame) {
    Accepts(Join(parts), on_linux);
  }
  void Rejects(const Code& code, Status status, const std::string& text,
               OnLinux on_linux = OnLinux::kSame) {
    WithHost(code,
             [&] { VerifierTest::Rejects(code, status, text, on_linux); });
  }
  void Rejects(std::initializer_list<Part> parts, Status status,
               const std::string& text, OnLinux on_linux = OnLinux::kSame) {
    Rejects(Join(parts), status, text, on_linux);
  }

  /// A map with one value that begins with "%d %s" and a zero, and ends without
  /// one.
  Ref<Map> ReadOnlyText() {
    MapSpec spec;
    spec.type = MapType::kArray;
    spec.key_size = 4;
    spec.value_size = 8;
    spec.max_entries = 1;
    spec.flags = linux_abi::kMapReadOnlyProg;
    Result<Ref<Map>> map = CreateMap(spec, PortAllocator());
    const Result<Bytes> value = (*map)->DirectValue();
    const char text[] = {'%', 'd', ' ', '%', 's', '\0', 'x', 'y'};
    for (size_t i = 0; i < sizeof(text); ++i) {
      (*value)[i] = static_cast<uint8_t>(text[i]);
    }
    return *map;
  }

  Ref<Map> Make(MapType type, uint32_t key, uint32_t value) {
    MapSpec spec;
    spec.type = type;
    spec.key_size = key;
    spec.value_size = value;
    spec.max_entries = 4;
    return Checked(CreateMap(spec, PortAllocator()));
  }
  Ref<Map> Describe(uint32_t type, uint32_t key, uint32_t value,
                    Ref<Map> inner = Ref<Map>()) {
    MapSpec spec;
    spec.type = static_cast<MapType>(type);
    spec.key_size = key;
    spec.value_size = value;
    const bool storage = type == 19;
    spec.max_entries = storage ? 0 : 4096;
    spec.inner = inner.get();
    Result<Ref<Map>> made = CreateMap(spec, PortAllocator());
    if (!made.ok()) {  // a kind that is not here
      made = DescribedMap::Create(spec, PortAllocator());
    }
    return Checked(Move(made));
  }

  /// r0 = lookup of the key 0 in that map, or the end.
  static Code LookupIn(int map) {
    return Join({StoreImm(kDW, R10, -8, 0), MovReg(R2, R10),
                 AluImm(kAdd, R2, -8), LoadMap(R1, map), Call(kMapLookup),
                 JumpImm(kJne, R0, 0, 1), Exit()});
  }

  bool on_host_ = false;
  int values_ = 0;
  int outer_ = 0;
  int user_ring_ = 0;
  int sockets_ = 0;
  int storage_ = 0;
  int text_ = 0;

 private:
  using Words = std::vector<uint32_t>;

  /// Whether the host has all maps that `code` names.
  static bool HostHasMaps(const Code& code) {
    for (const isa::Insn& insn : code) {
      const bool names_map =
          insn.opcode == 0x18 &&
          (insn.src == isa::kPseudoMapFd || insn.src == isa::kPseudoMapValue);
      if (names_map && insn.imm >= kMapCount) {
        return false;
      }
    }
    return true;
  }

  /// Calls `f` with the host if that can judge `code`.
  template <typename F>
  void WithHost(const Code& code, F f) {
    std::unique_ptr<oracle::HostVerifier> host = std::move(host_);
    const bool asked =
        on_host_ && options_.profile == Profile::kLinux && HostHasMaps(code);
    if (asked) {
      host_ = std::move(host);
    }
    f();
    if (!asked) {
      host_ = std::move(host);
    }
  }

  static Ref<Map> Checked(Result<Ref<Map>> map) {
    if (!map.ok()) {
      std::abort();  // a test's own mistake
    }
    return *map;
  }

  Ref<btf::BtfObject> Finish(const btf::Builder& builder) {
    const std::vector<uint8_t> bytes = builder.Blob();
    Result<Ref<btf::BtfObject>> made = btf::BtfObject::Create(
        ConstBytes(bytes.data(), bytes.size()), PortAllocator());
    if (!made.ok()) {
      std::abort();
    }
    return *made;
  }

  static uint32_t Struct(btf::Builder& to, const char* name, uint32_t size,
                         const Words& members) {
    return to.Add(btf::Kind::kStruct, to.Name(name), size, members,
                  static_cast<uint32_t>(members.size() / 3));
  }

  static btf::Builder KernelTypes() {
    btf::Builder k;
    const uint32_t word =
        k.Add(btf::Kind::kInt, k.Name("u64"), 8, {1u << 24 | 64});
    const uint32_t task = Struct(k, "task_struct", 8, {k.Name("pid"), word, 0});
    Struct(k, "vm_area_struct", 8, {k.Name("vm_start"), word, 0});
    Struct(k, "sock_common", 8, {k.Name("skc_hash"), word, 0});
    const uint32_t ops =
        Struct(k, "bpf_map_ops", 8, {k.Name("alloc"), word, 0});
    const uint32_t ops_pointer = k.Add(btf::Kind::kPointer, 0, ops);
    const uint32_t map = Struct(
        k, "bpf_map", 16,
        {k.Name("ops"), ops_pointer, 0, k.Name("max_entries"), word, 64});
    Struct(k, "bpf_array", 24,
           {k.Name("map"), map, 0, k.Name("elem_size"), word, 128});
    const uint32_t pointer = k.Add(btf::Kind::kPointer, 0, task);
    static_cast<void>(pointer);
    return k;
  }

  static btf::Builder ProgramTypes() {
    btf::Builder p;
    const uint32_t word =
        p.Add(btf::Kind::kInt, p.Name("u64"), 8, {1u << 24 | 64});
    const uint32_t half =
        p.Add(btf::Kind::kInt, p.Name("u32"), 4, {1u << 24 | 32});
    const uint32_t lock =
        Struct(p, "bpf_spin_lock", 4, {p.Name("val"), half, 0});
    const uint32_t timer =
        Struct(p, "bpf_timer", 16,
               {p.Name("opaque"), word, 0, p.Name("opaque2"), word, 64});
    const uint32_t task = Struct(p, "task_struct", 8, {p.Name("pid"), word, 0});
    const uint32_t kptr =
        p.Add(btf::Kind::kPointer, 0,
              p.Add(btf::Kind::kTypeTag, p.Name("kptr"), task));
    const uint32_t untrusted =
        p.Add(btf::Kind::kPointer, 0,
              p.Add(btf::Kind::kTypeTag, p.Name("kptr_untrusted"), task));
    Struct(p, "value", kValueBytes,
           {p.Name("lock"), lock, kLockAt * 8, p.Name("number"), half,
            kNumberAt * 8, p.Name("timer"), timer, kTimerAt * 8, p.Name("task"),
            kptr, kTaskAt * 8, p.Name("other"), untrusted, kUntrustedAt * 8,
            p.Name("tail"), word, kTailAt * 8});
    return p;
  }

  /// Gives `map` the type "value" for its values.
  Ref<Map> WithFields(Ref<Map> map) {
    const btf::Btf& btf = types_->btf();
    const Result<btf::TypeId> value = btf.Find(btf::Kind::kStruct, "value");
    Result<Span<MapField>> fields =
        PortAllocator().NewArray<MapField>(kMaxFields);
    const Result<uint32_t> count = FindFields(
        FieldQuery{&btf, *value, kValueKinds, kValueBytes, &kernel_->btf()},
        *fields);
    EXPECT_TRUE(count.ok());
    Result<Span<MapField>> found = PortAllocator().NewArray<MapField>(*count);
    for (uint32_t i = 0; i < *count; ++i) {
      (*found)[i] = (*fields)[i];
    }
    PortAllocator().DeleteArray(*fields);
    map->SetTypes(*MapBtf::Create(types_, 0, *value, *found, PortAllocator()));
    return map;
  }

  Ref<btf::BtfObject> kernel_;
  Ref<btf::BtfObject> types_;
};

}  // namespace ebpf::verifier
