// SPDX-License-Identifier: MIT
//
// Values of all types that the host's kernel has, as text: the host's
// bpf_snprintf_btf and ours, with the host's BTF and the same bytes.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <random>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "core/helpers/value_text.h"
#include "gtest/gtest.h"
#include "testing/oracle/host_load.h"
#include "testing/oracle/host_map.h"
#include "testing/oracle/host_types.h"

namespace ebpf::oracle {
namespace {

using btf::Kind;

// The value of the array that the program works on.
constexpr uint32_t kValueBytes = 1 << 18;
constexpr uint32_t kOutAt = 1 << 17;
constexpr uint32_t kOutBytes = 1 << 17;
constexpr uint32_t kDataAt = 4096;

struct Request {
  uint32_t type;
  uint32_t at;
  uint32_t room;
  uint32_t unused;
  uint64_t flags;
  int64_t result;
};

isa::Insn Alu(uint8_t op, uint8_t dst, int32_t value) {
  isa::Insn insn = Mov(dst, value);
  insn.opcode = static_cast<uint8_t>(BPF_ALU64 | op | BPF_K);
  return insn;
}
isa::Insn AddReg(uint8_t dst, uint8_t src) {
  isa::Insn insn = MovReg(dst, src);
  insn.opcode = BPF_ALU64 | BPF_ADD | BPF_X;
  return insn;
}

/// bpf_snprintf_btf as the request in the map says.
std::vector<isa::Insn> ShowCode(int map) {
  std::vector<isa::Insn> code;
  AppendMapValue(code, 6, map, 0);
  code.push_back(Load(4, 7, 6, offsetof(Request, at)));
  code.push_back(Alu(BPF_AND, 7, kValueBytes - 1));
  code.push_back(AddReg(7, 6));
  code.push_back(Store(8, 10, -16, 7));
  code.push_back(Load(4, 1, 6, offsetof(Request, type)));
  code.push_back(Store(4, 10, -8, 1));
  code.push_back(StoreImm(4, 10, -4, 0));
  code.push_back(Load(4, 2, 6, offsetof(Request, room)));
  code.push_back(Alu(BPF_AND, 2, kOutBytes - 1));
  code.push_back(JumpNotEqual(2, 0, 1));
  code.push_back(Mov(2, 1));
  code.push_back(Load(8, 5, 6, offsetof(Request, flags)));
  code.push_back(Mov(4, sizeof(btf_ptr)));
  code.push_back(MovReg(3, 10));
  code.push_back(AddImm(3, -16));
  code.push_back(MovReg(1, 6));
  code.push_back(AddImm(1, kOutAt));
  code.push_back(CallHelper(BPF_FUNC_snprintf_btf));
  code.push_back(Store(8, 6, offsetof(Request, result), 0));
  code.push_back(Mov(0, 0));
  code.push_back(Exit());
  return code;
}

struct Text {
  int64_t result;
  std::string text;
};

/// The host's bpf_snprintf_btf.
class Host {
 public:
  Host()
      : map_(BPF_MAP_TYPE_ARRAY, 4, kValueBytes, 1, BPF_F_MMAPABLE),
        pages_(map_.MapPages(kValueBytes)),
        program_(ShowCode(map_.fd())) {}

  bool ok() const { return pages_ != nullptr && program_.error() == 0; }
  /// What values are made in; memory ends behind it.
  uint8_t* data() { return pages_ + kDataAt; }
  static constexpr uint32_t kDataBytes = kOutAt - kDataAt;
  uint8_t* end() { return pages_ + kValueBytes; }

  Text Show(uint32_t type, const uint8_t* at, uint64_t flags, uint32_t room) {
    auto& request = *reinterpret_cast<Request*>(pages_);
    request = {type, static_cast<uint32_t>(at - pages_), room, 0, flags, 0};
    std::memset(pages_ + kOutAt, 0, room);
    EXPECT_EQ(program_.Run(1), 0);
    const char* text = reinterpret_cast<const char*>(pages_) + kOutAt;
    return {request.result, std::string(text, strnlen(text, room))};
  }

 private:
  HostMap map_;
  uint8_t* const pages_;
  HostProgram program_;
};

Text ShowHere(const btf::Btf& btf, uint32_t type, const uint8_t* at,
              uint64_t flags, uint32_t room) {
  std::vector<char> text(room);
  TextWriter writer(text.data(), room - 1);
  const Status status = PutValue(writer, btf, type,
                                 reinterpret_cast<uint64_t>(at), flags, {1, 2});
  const int64_t result = IsOk(status) ? static_cast<int64_t>(writer.wanted())
                                      : -static_cast<int64_t>(status);
  return {result, std::string(writer.text().data(), writer.text().size())};
}

/// Hashes of addresses are the kernel's own: all are one here.
std::string WithoutHashes(std::string text) {
  const std::string digits = "0123456789abcdef";
  for (size_t at = 0; (at = text.find("0x00000000", at)) != std::string::npos;
       ++at) {
    const size_t end = text.find_first_not_of(digits, at + 2);
    if (Min(end, text.size()) == at + 18 &&
        text.compare(at + 10, 8, "00000000") != 0) {
      text.replace(at + 10, 8, "********");
    }
  }
  return text;
}

/// Values of these make the host's kernel read through a null pointer (6.18),
/// variables among them; it is not to be asked.
bool MayBeAsked(const btf::Btf& btf, uint32_t id) {
  const Result<btf::TypeId> bare = btf.SkipModifiers(id);
  if (!bare.ok() || *bare == 0) {
    return false;
  }
  const Kind kind = btf.TypeAt(*bare)->kind;
  return kind != Kind::kVariable;
}

class Values {
 public:
  explicit Values(uint32_t seed) : random_(seed) {}

  /// Bytes of a kind that differs from call to call.
  void Fill(uint8_t* to, size_t size) {
    const uint32_t kind = random_() % 6;
    for (size_t i = 0; i < size; ++i) {
      to[i] = kind == 0   ? static_cast<uint8_t>(random_())
              : kind == 1 ? 0
              : kind == 2 ? static_cast<uint8_t>(random_() % 16 == 0)
              : kind == 3
                  ? static_cast<uint8_t>("ab \x01\xff\xa0"[random_() % 6])
              : kind == 4
                  ? static_cast<uint8_t>(i % 8 == 0 ? random_() % 4 : 0)
                  : static_cast<uint8_t>(random_() % 97 == 0 ? random_() : 0);
    }
  }

  uint32_t operator()() { return random_(); }

 private:
  std::mt19937 random_;
};

/// Of arrays of pointers Linux (6.18) shows the first element in place of all:
/// they are made the same.
void RepeatPointers(const btf::Btf& btf, uint32_t id, uint8_t* at) {
  const btf::Type type = *btf.Resolve(id);
  if (type.kind == Kind::kArray) {
    const btf::Array array = btf::Btf::ArrayOf(type);
    const uint32_t size = *btf.SizeOf(array.element);
    const bool pointers = btf.Resolve(array.element)->kind == Kind::kPointer;
    for (uint32_t i = 0; i < array.count; ++i) {
      if (pointers) {
        std::memcpy(at + i * size, at, size);
      } else {
        RepeatPointers(btf, array.element, at + i * size);
      }
    }
  }
  for (uint32_t i = 0; btf::IsComposite(type.kind) && i < type.member_count;
       ++i) {
    const btf::Member member = btf::Btf::MemberAt(type, i);
    RepeatPointers(btf, member.type, at + member.bit_offset / 8);
  }
}

/// Texts are long: where they part.
std::string Parting(const std::string& a, const std::string& b) {
  size_t at = 0;
  while (at < a.size() && at < b.size() && a[at] == b[at]) {
    ++at;
  }
  const size_t from = at < 60 ? 0 : at - 60;
  return a.substr(from, 120) + "\ninstead of\n" + b.substr(from, 120);
}

std::string Describe(const btf::Btf& btf, uint32_t id, uint64_t flags) {
  const btf::Type type = *btf.TypeAt(id);
  const StringView name = *btf.Name(type.name);
  return std::to_string(id) + " (" + btf::KindName(type.kind) + " " +
         std::string(name.data(), name.size()) + "), flags " +
         std::to_string(flags);
}

class ValueTextHostTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!WhyNoHost().empty()) {
      GTEST_SKIP() << "NO ORACLE: " << WhyNoHost();
    }
    types_ = ReadHostTypes();
    if (types_.get() == nullptr) {
      GTEST_SKIP() << "NO ORACLE: no /sys/kernel/btf/vmlinux";
    }
    ASSERT_TRUE(host_.ok());
  }
  void TearDown() override {
    printf(
        "%u values, %llu characters are the same; %u end in a fault, "
        "%u others where Linux forgets it\n",
        compared_, static_cast<unsigned long long>(characters_), faults_,
        forgotten_);
  }

  /// The same bytes are at both places.
  void Compare(uint32_t id, const uint8_t* here, const uint8_t* there,
               uint64_t flags, uint32_t room) {
    const btf::Btf& btf = types_->btf();
    Text wanted = host_.Show(id, there, flags, room);
    Text found = ShowHere(btf, id, here, flags, room);
    if (found.result == -EFAULT && wanted.result >= 0) {
      // Linux forgets a fault when it can read something else after it.
      ++forgotten_;
      return;
    }
    EXPECT_EQ(found.result, wanted.result) << Describe(btf, id, flags);
    if (wanted.result == -EFAULT) {
      ++faults_;  // how far it comes is not said
      return;
    }
    if ((flags & kTextRawPointers) == 0) {
      if (wanted.result >= room) {
        return;  // a hash may be cut
      }
      found.text = WithoutHashes(found.text);
      wanted.text = WithoutHashes(wanted.text);
    }
    EXPECT_TRUE(found.text == wanted.text)
        << Describe(btf, id, flags) << ": " << Parting(found.text, wanted.text);
    ++compared_;
    characters_ += wanted.text.size();
  }

  Host host_;
  Ref<btf::BtfObject> types_;
  uint32_t compared_ = 0;
  uint32_t faults_ = 0;
  uint32_t forgotten_ = 0;
  uint64_t characters_ = 0;
};

TEST_F(ValueTextHostTest, EveryTypesValuesComeOutTheSame) {
  const btf::Btf& btf = types_->btf();
  Values values(1);
  const char* wanted_rounds = getenv("EBPF_VALUE_ROUNDS");
  const int rounds = wanted_rounds == nullptr ? 1 : atoi(wanted_rounds);
  for (int round = 0; round < rounds; ++round) {
    for (uint32_t id = 1; id < btf.type_count() && !HasFailure(); ++id) {
      const Kind kind = btf.TypeAt(id)->kind;
      const uint32_t size = btf.SizeOf(id).ValueOr(8);
      const bool is_function =
          kind == Kind::kFunction || kind == Kind::kFunctionProto;
      if (!MayBeAsked(btf, id) || size > Host::kDataBytes ||
          (is_function && id % 64 != 0)) {
        continue;
      }
      values.Fill(host_.data(), size);
      RepeatPointers(btf, id, host_.data());
      const uint32_t room =
          values() % 4 == 0 ? 1 + values() % 256 : kOutBytes - 1;
      Compare(id, host_.data(), host_.data(), values() % 16, room);
    }
  }
  EXPECT_EQ(forgotten_, 0u);
  EXPECT_GT(compared_, 20000u);
}

TEST_F(ValueTextHostTest, ValuesThatEndInUnmappedMemoryEndTheSame) {
  const btf::Btf& btf = types_->btf();
  Values values(2);
  constexpr size_t kBytes = 1 << 16;
  auto* memory =
      static_cast<uint8_t*>(mmap(nullptr, 2 * kBytes, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_EQ(mprotect(memory + kBytes, kBytes, PROT_NONE), 0);
  for (uint32_t id = 1; id < btf.type_count() && !HasFailure(); ++id) {
    const uint32_t size = btf.SizeOf(id).ValueOr(0);
    if (!MayBeAsked(btf, id) || size < 2 || size > kBytes ||
        btf.TypeAt(id)->kind == Kind::kDataSection) {
      continue;
    }
    std::vector<uint8_t> bytes(size);
    values.Fill(bytes.data(), size);
    RepeatPointers(btf, id, bytes.data());
    const uint32_t mapped = 1 + values() % (size - 1);
    std::memcpy(memory + kBytes - mapped, bytes.data(), mapped);
    std::memcpy(host_.end() - mapped, bytes.data(), mapped);
    Compare(id, memory + kBytes - mapped, host_.end() - mapped,
            values() % 16 | kTextRawPointers, kOutBytes / 2);
  }
  munmap(memory, 2 * kBytes);
  EXPECT_GT(faults_, 10000u);
  EXPECT_LT(forgotten_, faults_ / 4);
}

TEST_F(ValueTextHostTest, FlagsAndTypesThatAreNoneAreRefused) {
  const uint32_t integer = HostTypeId("int", BTF_KIND_INT);
  EXPECT_EQ(host_.Show(integer, host_.data(), 16, 64).result, -EINVAL);
  EXPECT_EQ(host_.Show(0, host_.data(), 0, 64).result, -EINVAL);
  EXPECT_EQ(host_.Show(1 << 20, host_.data(), 0, 64).result, -ENOENT);
  const uint32_t section = HostTypeId(".data..percpu", BTF_KIND_DATASEC);
  Compare(section, host_.data(), host_.data(), 0, 64);
}

}  // namespace
}  // namespace ebpf::oracle
