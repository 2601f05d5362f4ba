// SPDX-License-Identifier: MIT
//
// libFuzzer over what `ebpf probes` does with a kernel's ELF file: whatever is
// in it, reading it and asking of each instruction ends and stays inside.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tools/cli/failure.h"
#include "tools/cli/kernel_image.h"
#include "tools/cli/probe_survey.h"
#include "tools/cli/test_image.h"

namespace {

using ebpf::cli::AddressRange;
using ebpf::cli::KernelFunction;
using ebpf::cli::KernelImage;
using ebpf::cli::SurveyedFunction;
using ebpf::cli::SurveyedInsn;
using ebpf::cli::TestImage;

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// What a fuzzer's bytes say, as long as there are any.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }
  uint32_t Next() {
    const uint32_t value = empty() ? 0 : *data_;
    data_ += empty() ? 0 : 1;
    size_ -= empty() ? 0 : 1;
    return value;
  }
  uint32_t Next16() { return Next() | Next() << 8; }
  std::vector<uint8_t> Take(size_t count) {
    std::vector<uint8_t> taken(data_, data_ + std::min(count, size_));
    data_ += taken.size();
    size_ -= taken.size();
    return taken;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

/// A file that is nearly right, with code that may be anything.
std::string MakeFile(Bytes& bytes) {
  constexpr uint16_t kMachines[] = {EM_X86_64, EM_AARCH64, EM_RISCV};
  const char* const kNames[] = {
      "f", "g", "__start_ebpf_noprobe", "__stop_ebpf_noprobe", "$d", "$x",
      "i", "j"};
  TestImage image;
  image.machine = kMachines[bytes.Next() % 3];
  for (uint32_t count = bytes.Next() % 12; count != 0; --count) {
    const char* const name = kNames[bytes.Next() % 8];
    const bool is_function = name[1] == '\0';
    image.symbols.push_back(
        {name, bytes.Next(), bytes.Next(),
         static_cast<uint8_t>(is_function ? STT_FUNC : STT_NOTYPE),
         static_cast<uint16_t>(1 + bytes.Next() % 2)});
  }
  const size_t patches = bytes.Next() % 4;
  const uint32_t places[4][2] = {{bytes.Next16(), bytes.Next()},
                                 {bytes.Next16(), bytes.Next()},
                                 {bytes.Next16(), bytes.Next()},
                                 {bytes.Next16(), bytes.Next()}};
  image.more = bytes.Take(bytes.Next());
  image.text = bytes.Take(4096);
  std::string file = image.Build();
  for (size_t i = 0; i < patches; ++i) {
    file[places[i][0] % file.size()] = static_cast<char>(places[i][1]);
  }
  return file;
}

void CheckSurvey(const KernelFunction& function,
                 const SurveyedFunction& survey) {
  uint64_t end = 0;
  for (const SurveyedInsn& insn : survey.insns) {
    Require(insn.offset >= end && insn.size != 0);
    Require(insn.how.empty() != insn.why.empty());
    Require(!insn.is_ours || insn.how.empty());
    end = uint64_t{insn.offset} + insn.size;
    Require(end <= function.code.size());
  }
}

void Use(const std::string& file) {
  const KernelImage image = ebpf::cli::ReadKernelImage(file, "kernel");
  for (const std::vector<AddressRange>* ranges :
       {&image.unprobeable, &image.data}) {
    for (size_t i = 0; i < ranges->size(); ++i) {
      const AddressRange& range = (*ranges)[i];
      Require(range.begin < range.end);
      Require(i == 0 || (*ranges)[i - 1].end <= range.begin);
      Require(ebpf::cli::FindRange(*ranges, range.begin) == &range);
      Require(ebpf::cli::FindRange(*ranges, range.end - 1) == &range);
    }
  }
  for (const KernelFunction& function : image.functions) {
    for (const bool relocates : {true, false}) {
      CheckSurvey(function, ebpf::cli::Survey(
                                image, function,
                                {ebpf::machine::kTrapStubSetsSp, relocates}));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    if (size != 0 && data[0] == ELFMAG[0]) {
      Use(std::string(reinterpret_cast<const char*>(data), size));
    } else {
      Bytes bytes(data, size);
      Use(MakeFile(bytes));
    }
  } catch (const ebpf::cli::Failure&) {
  }
  return 0;
}
