// SPDX-License-Identifier: MIT
//
// CO-RE before two judges: libbpf, as this machine has it, and core/btf. A
// program's relocations are done for kernels whose types are spoilt at random;
// each must come to the same value, the same poison, or no value at all.
//
// Needs a Linux that lets libbpf load programs; skips loudly elsewhere.
#include <dlfcn.h>
#if __has_include(<bpf/libbpf.h>)
#include <bpf/libbpf.h>
#else
#define EBPF_NO_LIBBPF
#endif
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <regex>
#include <string>
#include <unistd.h>
#include <vector>

#include "core/btf/btf_ext.h"
#include "core/btf/btf_object.h"
#include "core/btf/core_relo.h"
#include "core/btf/validate.h"
#include "gtest/gtest.h"
#include "testing/core_relo/relocate_object.h"

#ifdef EBPF_NO_LIBBPF

TEST(CompareLibbpfTest, RelocationsComeToTheSame) {
  GTEST_SKIP() << "NO ORACLE: libbpf-dev is not installed";
}

#else

namespace ebpf::testing_core_relo {
namespace {

using Blob = std::vector<uint8_t>;

ConstBytes View(const Blob& bytes) {
  return ConstBytes(bytes.data(), bytes.size());
}

Blob Read(const std::string& name) {
  std::ifstream in("core/btf/testdata/" + name + ".x86_64.bpf.o",
                   std::ios::binary);
  return Blob((std::istreambuf_iterator<char>(in)), {});
}

/// libbpf, found at run time: the tree links nothing of it.
struct Libbpf {
  decltype(&libbpf_set_print) set_print = nullptr;
  decltype(&bpf_object__open_mem) open_mem = nullptr;
  decltype(&bpf_object__load) load = nullptr;
  decltype(&bpf_object__close) close = nullptr;

  bool Open() {
    void* library = dlopen("libbpf.so.1", RTLD_NOW);
    return library != nullptr && Find(library, "libbpf_set_print", set_print) &&
           Find(library, "bpf_object__open_mem", open_mem) &&
           Find(library, "bpf_object__load", load) &&
           Find(library, "bpf_object__close", close);
  }

 private:
  template <typename F>
  static bool Find(void* library, const char* name, F& function) {
    function = reinterpret_cast<F>(dlsym(library, name));
    return function != nullptr;
  }
};

Libbpf libbpf;
std::string libbpf_log;

int Print(libbpf_print_level /*level*/, const char* format, va_list arguments) {
  char line[2048];
  vsnprintf(line, sizeof(line), format, arguments);
  libbpf_log += line;
  return 0;
}

/// One line for each relocation, by its number in its section: "3 24", the new
/// value; "3 poison"; "3 error", the last one then. "unusable" if libbpf does
/// not take the kernel's BTF.
using Results = std::vector<std::string>;

Results ParseLibbpf() {
  static const std::regex line_of(
      "relo #(\\d+): (patched insn|substituting|failed to relocate: |failed to "
      "patch insn #\\d+: )([^\n]*)");
  static const std::regex change("(-?\\d+) -> (-?\\d+)");
  Results results;
  for (std::sregex_iterator at(libbpf_log.begin(), libbpf_log.end(), line_of);
       at != std::sregex_iterator(); ++at) {
    const std::string number = (*at)[1];
    const std::string what = (*at)[2];
    const std::string rest = (*at)[3];
    std::string result = number + " poison";
    if (what.rfind("failed", 0) == 0) {
      const int error = atoi(rest.c_str());
      // Sizes beyond 2 GiB are negative numbers to it.
      if (error != -EINVAL && error != -E2BIG) {
        return {"unusable"};
      }
      result = number + " error";
      // What was patched before its size turned out wrong does not count.
      if (!results.empty() && what.find("patch") != std::string::npos &&
          results.back().rfind(number + " ", 0) == 0) {
        results.pop_back();
      }
    } else if (what == "patched insn") {
      std::smatch match;
      EXPECT_TRUE(std::regex_search(rest, match, change)) << rest;
      const std::string value = match[2];
      result = number + " " +
               std::to_string(
                   static_cast<uint32_t>(strtoull(value.c_str(), nullptr, 10)));
      if (rest.find("mem_sz") != std::string::npos) {
        // The line of a changed size follows that of the offset.
        continue;
      }
    }
    // Both halves of a poisoned wide constant have a line.
    if (results.empty() || results.back() != result || what != "substituting") {
      results.push_back(result);
    }
  }
  return results;
}

Results ByLibbpf(const Blob& object, const Blob& kernel) {
  const std::string path =
      std::string(testing::TempDir()) + "kernel" + std::to_string(getpid());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(kernel.data()),
             static_cast<std::streamsize>(kernel.size()));
  libbpf_log.clear();
  bpf_object_open_opts options{};
  options.sz = sizeof(options);
  options.btf_custom_path = path.c_str();
  bpf_object* opened = libbpf.open_mem(object.data(), object.size(), &options);
  if (opened != nullptr) {
    // Loading may fail: relocations come before programs.
    libbpf.load(opened);
    libbpf.close(opened);
  }
  unlink(path.c_str());
  return ParseLibbpf();
}

/// Does one relocation and says how it went.
std::string Relocate(btf::CoreRelocator& relocator, ConstBytes record,
                     Bytes code) {
  btf::CoreRelocation relocation;
  memcpy(&relocation, record.data(), sizeof(relocation));
  const Result<btf::CoreResult> result = relocator.Resolve(relocation);
  if (!result.ok() ||
      !IsOk(btf::PatchInsn(*result, code, relocation.insn_offset, nullptr))) {
    return "error";
  }
  constexpr uint8_t kCall = 0x85;
  if (code[relocation.insn_offset] == kCall) {
    return "poison";
  }
  return std::to_string(static_cast<uint32_t>(result->new_value));
}

Results ByUs(const Blob& object, const Blob& kernel) {
  const Blob types = SectionOf(object, ".BTF");
  const Blob records = SectionOf(object, ".BTF.ext");
  const Ref<btf::BtfObject> local =
      *btf::BtfObject::Create(View(types), PortAllocator());
  const Ref<btf::BtfObject> target =
      *btf::BtfObject::Create(View(kernel), PortAllocator());
  const btf::BtfExt ext = *btf::BtfExt::Open(View(records));
  const auto relocator = std::make_unique<btf::CoreRelocator>(
      local->btf(), target->btf(), nullptr);
  Results results;
  size_t at = 0;
  for (;;) {
    const Result<btf::ExtSection> section =
        ext.NextSection(btf::ExtTable::kRelocations, at);
    if (!section.ok()) {
      return results;
    }
    const StringView name = *local->btf().Name(section->name);
    Blob code = SectionOf(object, std::string(name.data(), name.size()));
    for (uint32_t i = 0; i < section->record_count; ++i) {
      const std::string result = Relocate(*relocator, section->RecordAt(i),
                                          Bytes(code.data(), code.size()));
      results.push_back(std::to_string(i) + " " + result);
      if (result == "error") {
        return results;
      }
    }
  }
}

size_t SameAtBegin(const Results& a, const Results& b) {
  size_t count = 0;
  while (count < a.size() && count < b.size() && a[count] == b[count]) {
    ++count;
  }
  return count;
}

/// Whether types have sizes that no compiler gives them: libbpf reckons with
/// negative numbers then.
bool HasAbsurdSize(const Blob& blob) {
  constexpr uint32_t kLargestInt = 16;
  constexpr uint32_t kLarge = 1 << 30;
  const Ref<btf::BtfObject> object =
      *btf::BtfObject::Create(View(blob), PortAllocator());
  for (btf::TypeId id = 1; id < object->btf().type_count(); ++id) {
    const btf::Type type = *object->btf().TypeAt(id);
    const uint32_t most = type.kind == btf::Kind::kInt ? kLargestInt : kLarge;
    const Result<uint32_t> size = object->btf().SizeOf(id);
    if ((size.ok() && *size > most) || size.status() == Status::kOverflow) {
      return true;
    }
  }
  return false;
}

/// Changes some words of the types so that they are still a BTF.
class Spoiler {
 public:
  Blob Spoil(const Blob& good) {
    for (;;) {
      Blob blob = good;
      for (uint32_t n = 1 + Below(3); n > 0; --n) {
        SpoilWord(blob);
      }
      if (IsOk(btf::Validate(View(blob), PortAllocator(), nullptr)) &&
          !HasAbsurdSize(blob)) {
        return blob;
      }
    }
  }

 private:
  uint32_t Below(size_t limit) {
    return static_cast<uint32_t>(random_() % limit);
  }
  void SpoilWord(Blob& blob) {
    constexpr size_t kHeaderSize = 24;
    uint32_t size = 0;
    memcpy(&size, blob.data() + 12, 4);
    uint8_t* word = blob.data() + kHeaderSize + 4 * Below(size / 4);
    uint8_t* other = blob.data() + kHeaderSize + 4 * Below(size / 4);
    uint32_t value = 0;
    uint32_t other_value = 0;
    memcpy(&value, word, 4);
    memcpy(&other_value, other, 4);
    switch (Below(5)) {
      case 0:
        value += Below(5) - 2;
        break;
      case 1:
        value = Below(40);
        break;
      case 2:
        memcpy(other, &value, 4);
        value = other_value;
        break;
      case 3:
        value += (Below(9) - 4) * 8;
        break;
      default:
        value ^= 1u << 31;  // kind_flag
        break;
    }
    memcpy(word, &value, 4);
  }

  std::mt19937 random_{1};
};

TEST(CompareLibbpfTest, RelocationsComeToTheSame) {
  if (!libbpf.Open()) {
    GTEST_SKIP() << "NO ORACLE: " << dlerror();
  }
  libbpf.set_print(Print);
  const Blob program = Read("program");
  const Blob kernel = SectionOf(Read("kernel"), ".BTF");
  const Results first = ByLibbpf(program, kernel);
  if (first.empty()) {
    GTEST_SKIP() << "NO ORACLE: libbpf cannot load here: " << libbpf_log;
  }
  ASSERT_EQ(first, ByUs(program, kernel)) << libbpf_log;
  const char* wanted = getenv("EBPF_RANDOM_BTFS");
  const int rounds = wanted == nullptr ? 1000 : atoi(wanted);
  Spoiler spoiler;
  int compared = 0;
  size_t poisoned = 0;
  for (int i = 0; i < rounds; ++i) {
    const Blob spoilt = spoiler.Spoil(kernel);
    const Results theirs = ByLibbpf(program, spoilt);
    if (theirs.empty() || theirs.front() == "unusable") {
      continue;
    }
    const Results ours = ByUs(program, spoilt);
    const size_t same = SameAtBegin(theirs, ours);
    ASSERT_TRUE(same == theirs.size() && same == ours.size())
        << "round " << i << ", from " << same << " on: libbpf "
        << (same < theirs.size() ? theirs[same] : "nothing") << ", we "
        << (same < ours.size() ? ours[same] : "nothing") << "\n"
        << libbpf_log;
    ++compared;
    for (const std::string& result : theirs) {
      poisoned += result.find("poison") != std::string::npos;
    }
  }
  printf("%d of %d kernels compared, %zu instructions poisoned\n", compared,
         rounds, poisoned);
  EXPECT_GT(compared, rounds / 2);
}

}  // namespace
}  // namespace ebpf::testing_core_relo

#endif  // EBPF_NO_LIBBPF
