// SPDX-License-Identifier: MIT
//
// tools/cli/kernel_image.h's implementation. [gABI: "ELF Header", "Sections",
// "Symbol Table"]
#include "tools/cli/kernel_image.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

#include "arch/aarch64/machine_ops.h"
#include "arch/aarch64/probed_insn.h"
#include "arch/riscv64/detour.h"
#include "arch/riscv64/machine_ops.h"
#include "arch/riscv64/probed_insn.h"
#include "arch/x86_64/detour.h"
#include "arch/x86_64/machine_ops.h"
#include "arch/x86_64/probed_insn.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

Result<uint8_t> X86EntryWindow(ConstBytes code, uint64_t function) {
  return x86_64::Detour::FindWindow(code, function, 0);
}

Result<uint8_t> RiscVEntryWindow(ConstBytes code, uint64_t function) {
  const Result<machine::DetourWindow> window =
      riscv64::Detour::FindNear(code, function, 0);
  return window.ok() ? Result<uint8_t>(window->size) : window.status();
}

struct Cpu {
  uint16_t elf_machine;
  const machine::MachineOps* ops;
  Result<uint8_t> (*insn_size)(ConstBytes code);
  Result<uint8_t> (*entry_window)(ConstBytes code, uint64_t function);
};
const Cpu kCpus[] = {
    {EM_X86_64, &x86_64::kMachineOps, x86_64::ProbedInsn::Size, X86EntryWindow},
    {EM_AARCH64, &aarch64::kMachineOps, aarch64::ProbedInsn::Size, nullptr},
    {EM_RISCV, &riscv64::kMachineOps, riscv64::ProbedInsn::Size,
     RiscVEntryWindow},
};

class ElfImage {
 public:
  ElfImage(const std::string& file, const std::string& name)
      : file_(file), name_(name) {
    ReadHeader();
    ReadSections();
  }

  KernelImage Read() {
    ReadSymbols();
    image_.machine = cpu_->ops;
    image_.insn_size = cpu_->insn_size;
    image_.entry_window = cpu_->entry_window;
    AddFunctions();
    AddUnprobeable();
    AddData();
    if (image_.functions.empty()) {
      Fail("there is no function in it");
    }
    return std::move(image_);
  }

 private:
  struct Section {
    Elf64_Shdr header;
    std::string name;
    bool IsText() const {
      return header.sh_type == SHT_PROGBITS &&
             (header.sh_flags & SHF_EXECINSTR) != 0;
    }
    uint64_t end() const { return header.sh_addr + header.sh_size; }
  };
  struct TextSymbol {
    std::string name;
    uint64_t address;
    uint64_t size;
    size_t section;
    bool is_function;
  };

  [[noreturn]] void Fail(std::string_view why) const {
    throw Failure(fmt::format("{}: {}", name_, why));
  }

  template <typename T>
  T Load(uint64_t at) const {
    T value;
    if (at > file_.size() || sizeof(value) > file_.size() - at) {
      Fail("the ELF file is malformed or cut off");
    }
    std::memcpy(&value, file_.data() + at, sizeof(value));
    return value;
  }

  /// A string of a string table.
  std::string Name(const Elf64_Shdr& table, uint64_t at) {
    const uint64_t begin = table.sh_offset + at;
    if (table.sh_type != SHT_STRTAB || at >= table.sh_size ||
        begin >= file_.size()) {
      Fail("the ELF file is malformed or cut off");
    }
    const uint64_t room = std::min(table.sh_size - at, file_.size() - begin);
    const char* text = file_.data() + begin;
    const size_t size = strnlen(text, room);
    // Names may share their bytes, but no linker lets them share so many.
    name_bytes_ += size;
    if (size > kMaxName || name_bytes_ > kMaxName + 4 * file_.size()) {
      Fail("the ELF file is malformed: its names are longer than the file");
    }
    return std::string(text, size);
  }

  void ReadHeader() {
    if (file_.size() < sizeof(Elf64_Ehdr) || file_.compare(0, 4, ELFMAG) != 0) {
      Fail("it is no ELF file");
    }
    if (file_[EI_CLASS] != ELFCLASS64 || file_[EI_DATA] != ELFDATA2LSB) {
      Fail("it is not a 64-bit little-endian ELF file");
    }
    header_ = Load<Elf64_Ehdr>(0);
    for (const Cpu& cpu : kCpus) {
      if (cpu.elf_machine == header_.e_machine) {
        cpu_ = &cpu;
      }
    }
    if (cpu_ == nullptr) {
      Fail(
          fmt::format("its CPU (ELF machine {}) is none of x86-64, AArch64, "
                      "RISC-V",
                      header_.e_machine));
    }
    if (header_.e_type != ET_EXEC && header_.e_type != ET_DYN) {
      Fail("it is not linked: addresses are not known yet");
    }
    if (header_.e_shentsize != sizeof(Elf64_Shdr)) {
      Fail("it has no section headers");
    }
  }

  void ReadSections() {
    for (size_t i = 0; i < header_.e_shnum; ++i) {
      sections_.push_back(
          {Load<Elf64_Shdr>(header_.e_shoff + i * sizeof(Elf64_Shdr)), {}});
    }
    if (header_.e_shstrndx >= sections_.size()) {
      Fail("it has no section headers");
    }
    for (Section& section : sections_) {
      section.name =
          Name(sections_[header_.e_shstrndx].header, section.header.sh_name);
    }
  }

  void ReadSymbols() {
    bool any_table = false;
    for (const Section& table : sections_) {
      if (table.header.sh_type != SHT_SYMTAB) {
        continue;
      }
      if (any_table) {
        Fail("the ELF file is malformed: it has two symbol tables");
      }
      any_table = true;
      if (table.header.sh_link >= sections_.size()) {
        Fail("the ELF file is malformed or cut off");
      }
      const Elf64_Shdr& names = sections_[table.header.sh_link].header;
      const uint64_t count = table.header.sh_size / sizeof(Elf64_Sym);
      for (uint64_t i = 1; i < count; ++i) {
        AddSymbol(
            Load<Elf64_Sym>(table.header.sh_offset + i * sizeof(Elf64_Sym)),
            names);
      }
    }
    if (!any_table) {
      Fail("it has no symbols: it was stripped");
    }
  }

  void AddSymbol(const Elf64_Sym& symbol, const Elf64_Shdr& names) {
    if (symbol.st_shndx >= sections_.size() || symbol.st_name == 0 ||
        !sections_[symbol.st_shndx].IsText()) {
      return;
    }
    const bool is_function = ELF64_ST_TYPE(symbol.st_info) == STT_FUNC;
    if (is_function || ELF64_ST_TYPE(symbol.st_info) == STT_NOTYPE) {
      symbols_.push_back({Name(names, symbol.st_name), symbol.st_value,
                          symbol.st_size, symbol.st_shndx, is_function});
    }
  }

  /// As tools/ksym: of no size, up to the next function; never beyond it.
  void AddFunctions() {
    std::map<uint64_t, std::vector<const TextSymbol*>> by_address;
    for (const TextSymbol& symbol : symbols_) {
      if (symbol.is_function) {
        by_address[symbol.address].push_back(&symbol);
      }
    }
    for (auto at = by_address.begin(); at != by_address.end(); ++at) {
      const Section& section = sections_[at->second.front()->section];
      uint64_t end = section.end();
      if (const auto next = std::next(at); next != by_address.end()) {
        end = std::min(end, next->first);
      }
      if (at->first < section.header.sh_addr || at->first >= end) {
        continue;
      }
      KernelFunction function = {{}, at->first, {}, section.name};
      uint64_t size = 0;
      for (const TextSymbol* symbol : at->second) {
        function.names.push_back(symbol->name);
        size = std::max(size, symbol->size);
      }
      std::sort(function.names.begin(), function.names.end());
      size = std::min(size == 0 ? end - at->first : size, end - at->first);
      function.code = Code(section, at->first, size);
      image_.functions.push_back(std::move(function));
    }
  }

  std::vector<uint8_t> Code(const Section& section, uint64_t address,
                            uint64_t size) {
    const uint64_t begin =
        section.header.sh_offset + (address - section.header.sh_addr);
    if (begin > file_.size() || size > file_.size() - begin) {
      Fail("the ELF file is malformed or cut off");
    }
    code_bytes_ += size;
    if (code_bytes_ > file_.size()) {
      Fail("the ELF file is malformed: its functions are longer than the file");
    }
    const auto* bytes = reinterpret_cast<const uint8_t*>(file_.data()) + begin;
    return {bytes, bytes + size};
  }

  void AddUnprobeable() {
    for (const Section& section : sections_) {
      if (section.IsText() && section.name == "ebpf_noprobe") {
        image_.unprobeable.push_back(
            {section.header.sh_addr, section.end(), section.name});
      }
    }
    // Where a linker script has put it inside of another section.
    uint64_t begin = 0;
    uint64_t end = 0;
    for (const TextSymbol& symbol : symbols_) {
      if (symbol.name == "__start_ebpf_noprobe") {
        begin = symbol.address;
      } else if (symbol.name == "__stop_ebpf_noprobe") {
        end = symbol.address;
      }
    }
    if (begin != 0 && begin < end) {
      image_.unprobeable.push_back({begin, end, "ebpf_noprobe"});
    }
    PutInOrder(image_.unprobeable);
  }

  /// What two ranges have is the first one's.
  static void PutInOrder(std::vector<AddressRange>& ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const AddressRange& a, const AddressRange& b) {
                return std::tie(a.begin, a.name) < std::tie(b.begin, b.name);
              });
    uint64_t end = 0;
    for (AddressRange& range : ranges) {
      range.begin = std::max(range.begin, end);
      end = std::max(end, range.end);
    }
    std::erase_if(ranges, [](const AddressRange& range) {
      return range.begin >= range.end;
    });
  }

  /// Mapping symbols: "$d" begins data, "$x" code. [arm/aaelf64, riscv/elf]
  void AddData() {
    std::map<uint64_t, bool> marks;
    for (const TextSymbol& symbol : symbols_) {
      if (!symbol.is_function && symbol.name.size() >= 2 &&
          symbol.name[0] == '$') {
        marks[symbol.address] = symbol.name[1] == 'd';
      }
    }
    for (auto at = marks.begin(); at != marks.end(); ++at) {
      const auto next = std::next(at);
      if (at->second) {
        const uint64_t end = next == marks.end() ? UINT64_MAX : next->first;
        image_.data.push_back({at->first, end, "data"});
      }
    }
  }

  static constexpr size_t kMaxName = 65535;

  const std::string& file_;
  const std::string& name_;
  size_t name_bytes_ = 0;  // copied so far
  size_t code_bytes_ = 0;
  const Cpu* cpu_ = nullptr;
  Elf64_Ehdr header_;
  std::vector<Section> sections_;
  std::vector<TextSymbol> symbols_;
  KernelImage image_;
};

}  // namespace

KernelImage ReadKernelImage(const std::string& file, const std::string& name) {
  return ElfImage(file, name).Read();
}

const AddressRange* FindRange(const std::vector<AddressRange>& ranges,
                              uint64_t address) {
  const auto behind = std::upper_bound(
      ranges.begin(), ranges.end(), address,
      [](uint64_t at, const AddressRange& range) { return at < range.begin; });
  return behind != ranges.begin() && address < std::prev(behind)->end
             ? &*std::prev(behind)
             : nullptr;
}

}  // namespace ebpf::cli
