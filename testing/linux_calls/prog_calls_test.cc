// SPDX-License-Identifier: MIT
//
// BPF_PROG_LOAD compared with Linux, answer by answer: all but the verdicts on
// programs, which core/verifier compares.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::ProgLoadAttr;

void Load(Kernel& kernel, Record& record, const std::string& step,
          const ProgLoadAttr& attr, const std::string& excuse = "") {
  const int64_t fd =
      record.Fd(step, kernel.Call(linux_abi::kProgLoad, attr), excuse);
  if (fd >= 0) {
    kernel.Close(fd);
  }
}

/// "r0 = 0; exit" of type socket_filter.
ProgLoadAttr Plain(Kernel& kernel) {
  return kernel.Program(kSocketFilter, Returning(0));
}

/// Uses a register that was never written.
std::vector<isa::Insn> Rejected() { return {MovReg(0, 3), Exit()}; }

TEST(ProgCallsTest, EveryTypeNumber) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t type : {0u, 1u, 2u, 33u, 34u, 1000u, 0xffffffffu}) {
      ProgLoadAttr attr = kernel.Program(type, Returning(0));
      Load(kernel, record, "type " + std::to_string(type), attr);
    }
  });
}

TEST(ProgCallsTest, InstructionCounts) {
  Compare([](Kernel& kernel, Record& record) {
    ProgLoadAttr attr = Plain(kernel);
    for (uint32_t count :
         {0u, 1u, 2u, 3u, 1000001u, 0x7fffffffu, 0xffffffffu, 0x20000000u}) {
      attr.insn_cnt = count;
      // Three: what is behind the two is zeros or nothing.
      if (count != 3) {
        Load(kernel, record, "insn_cnt " + std::to_string(count), attr);
      }
    }
    std::vector<isa::Insn> large(999999, MovImm(0, 0));
    large.push_back(Exit());
    attr = kernel.Program(kSocketFilter, large);
    attr.insn_cnt = 1000000;
    attr.insns = 0;
    Load(kernel, record, "a million that are not there", attr);
  });
}

TEST(ProgCallsTest, PointersThatAreWrong) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint64_t bad : {uint64_t{0}, kNowhere, UINT64_MAX - 8}) {
      ProgLoadAttr attr = Plain(kernel);
      attr.insns = bad;
      Load(kernel, record, "insns", attr);
      attr = Plain(kernel);
      attr.license = bad;
      Load(kernel, record, "license", attr);
      attr = Plain(kernel);
      attr.log_level = 1;
      attr.log_size = 4096;
      attr.log_buf = bad;
      Load(kernel, record, "log_buf", attr);
      attr.insns = kernel.Put(Rejected());
      Load(kernel, record, "log_buf of a rejected program", attr);
    }
  });
}

TEST(ProgCallsTest, OrderOfErrors) {
  Compare([](Kernel& kernel, Record& record) {
    ProgLoadAttr attr = Plain(kernel);
    attr.prog_type = 1000;
    Load(kernel, record, "type", attr);
    attr.insns = kNowhere;
    Load(kernel, record, "type, insns", attr);
    attr.insn_cnt = 0;
    Load(kernel, record, "type, insns, insn_cnt", attr);
    attr.prog_flags = 1u << 30;
    Load(kernel, record, "type, insns, insn_cnt, flags", attr);
    attr = Plain(kernel);
    attr.prog_name[0] = '*';
    Load(kernel, record, "name", attr);
    attr.license = 0;
    Load(kernel, record, "name, license", attr);
    attr = kernel.Program(kSocketFilter, Rejected());
    attr.log_level = 100;
    Load(kernel, record, "log level, program", attr);
    attr.prog_type = 1000;
    Load(kernel, record, "log level, program, type", attr);
  });
}

TEST(ProgCallsTest, Flags) {
  Compare([](Kernel& kernel, Record& record) {
    for (uint32_t bit = 0; bit < 32; ++bit) {
      ProgLoadAttr attr = Plain(kernel);
      attr.prog_flags = 1u << bit;
      std::string excuse;
      if (bit >= 4 && bit <= 7) {
        excuse = "sleepable, XDP's and TEST_REG_INVARIANTS are not here yet";
      }
      Load(kernel, record, "flag " + std::to_string(bit), attr, excuse);
    }
  });
}

TEST(ProgCallsTest, Names) {
  Compare([](Kernel& kernel, Record& record) {
    for (const char* name : {"", "a", "A_z.9", "a-b", "a b", "123456789012345",
                             "1234567890123456"}) {
      ProgLoadAttr attr = Plain(kernel);
      memcpy(attr.prog_name, name,
             std::min(strlen(name), sizeof(attr.prog_name)));
      Load(kernel, record, std::string("name '") + name + "'", attr);
    }
  });
}

TEST(ProgCallsTest, Licenses) {
  // ktime_get_ns may be called by all, bpf_probe_read_kernel (113) by those
  // under the GPL only.
  Compare([](Kernel& kernel, Record& record) {
    const std::vector<isa::Insn> insns = {
        MovReg(1, 10), Insn(0x07, 1, 0, 0, -8), MovImm(2, 8),
        MovImm(3, 0),  CallHelper(113),         MovImm(0, 0),
        Exit()};
    const std::string longest(127, 'x');
    const std::string longer(300, 'x');
    for (const std::string& license :
         {std::string("GPL"), std::string("GPL v2"),
          std::string("GPL and additional rights"), std::string("Dual BSD/GPL"),
          std::string("Dual MIT/GPL"), std::string("Dual MPL/GPL"),
          std::string("MIT"), std::string(""), std::string("gpl"),
          std::string("GPL "), std::string("Proprietary"), longest, longer}) {
      ProgLoadAttr attr = kernel.Program(kKprobe, insns);
      attr.license = kernel.Put(license.c_str());
      Load(kernel, record, "license '" + license + "'", attr);
      attr = Plain(kernel);
      attr.license = kernel.Put(license.c_str());
      Load(kernel, record, "plain, license '" + license + "'", attr);
    }
  });
}

TEST(ProgCallsTest, FieldsForWhatIsNotHereYet) {
  Compare([](Kernel& kernel, Record& record) {
    ProgLoadAttr attr = Plain(kernel);
    attr.kern_version = 12345;
    Load(kernel, record, "kern_version", attr);
    attr = Plain(kernel);
    attr.prog_btf_fd = 1000;
    Load(kernel, record, "prog_btf_fd alone", attr);
    attr.func_info_cnt = 1;
    attr.func_info_rec_size = 8;
    attr.func_info = kernel.Put(uint64_t{0});
    Load(kernel, record, "func_info with a bad prog_btf_fd", attr);
    const int64_t map = kernel.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1);
    attr.prog_btf_fd = static_cast<uint32_t>(map);
    Load(kernel, record, "func_info with a map for BTF", attr);
    attr = Plain(kernel);
    attr.line_info_cnt = 1;
    attr.line_info_rec_size = 16;
    attr.line_info = kernel.Put(nullptr, 16);
    attr.prog_btf_fd = 1000;
    Load(kernel, record, "line_info with a bad prog_btf_fd", attr);
    attr = Plain(kernel);
    attr.prog_ifindex = 1;
    Load(kernel, record, "prog_ifindex", attr);
    attr = Plain(kernel);
    attr.attach_btf_id = 1;
    Load(kernel, record, "attach_btf_id", attr);
    attr = Plain(kernel);
    attr.attach_prog_fd = 1000;
    Load(kernel, record, "attach_prog_fd", attr);
    attr = Plain(kernel);
    attr.expected_attach_type = 42;
    Load(kernel, record, "expected_attach_type", attr,
         "Linux looks at it at the attach; there is none of these here");
    attr = Plain(kernel);
    attr.core_relo_cnt = 1;
    Load(kernel, record, "core_relo_cnt without BTF", attr,
         "relocations are not applied, so they are not taken");
    attr = Plain(kernel);
    attr.prog_token_fd = 1000;
    Load(kernel, record, "prog_token_fd without its flag", attr);
    kernel.Close(map);
  });
}

TEST(ProgCallsTest, LogAttributes) {
  Compare([](Kernel& kernel, Record& record) {
    constexpr uint32_t kSize = 1 << 16;
    const uint64_t buffer = kernel.Put(nullptr, kSize);
    for (bool rejected : {false, true}) {
      for (uint32_t level : {0u, 1u, 2u, 4u, 7u, 8u, 9u, 16u, 0x80000000u}) {
        for (uint32_t size : {0u, 1u, 2u, 127u, kSize, UINT32_MAX >> 2,
                              (UINT32_MAX >> 2) + 1, UINT32_MAX}) {
          for (uint64_t at : {uint64_t{0}, buffer}) {
            ProgLoadAttr attr = kernel.Program(
                kSocketFilter, rejected ? Rejected() : Returning(0));
            attr.log_level = level;
            attr.log_size = size;
            attr.log_buf = at;
            std::string excuse;
            if (size == 127) {
              excuse = "the log's length is not Linux's to the byte";
            }
            Load(kernel, record,
                 std::string(rejected ? "rejected" : "accepted") + " level " +
                     std::to_string(level) + " size " + std::to_string(size) +
                     (at != 0 ? " buffer" : " null"),
                 attr, excuse);
          }
        }
      }
    }
  });
}

TEST(ProgCallsTest, LogTrueSizeIsEnoughAndOneLessIsNot) {
  Compare([](Kernel& kernel, Record& record) {
    constexpr uint32_t kSize = 1 << 16;
    for (bool rejected : {false, true}) {
      // Not the statistics: a time's length is not always the same.
      for (uint32_t level : {1u, 2u, 8u | 1u}) {
        ProgLoadAttr attr =
            kernel.Program(kSocketFilter, rejected ? Rejected() : Returning(0));
        attr.log_level = level;
        attr.log_size = kSize;
        attr.log_buf = kernel.Put(nullptr, kSize);
        const uint64_t at = kernel.Put(attr);
        const std::string step = std::string(rejected ? "rejected" : "taken") +
                                 " level " + std::to_string(level);
        record.Fd(step, kernel.Bpf(linux_abi::kProgLoad, at, sizeof(attr)));
        const uint32_t true_size = kernel.Get<ProgLoadAttr>(at).log_true_size;
        const std::string text =
            static_cast<const char*>(kernel.At(attr.log_buf));
        record.Value(step + ": true size is the text's and its zero",
                     true_size == text.size() + 1);
        attr.log_size = true_size;
        Load(kernel, record, step + ", exact", attr);
        attr.log_size = true_size - 1;
        Load(kernel, record, step + ", one less", attr);
        attr.log_size = true_size / 2;
        Load(kernel, record, step + ", half", attr);
        const std::string half =
            static_cast<const char*>(kernel.At(attr.log_buf));
        record.Value(step + ", half is the end",
                     half == text.substr(true_size - attr.log_size));
        record.Value(step + ", half is the beginning",
                     half == text.substr(0, attr.log_size - 1));
        // An older client's attribute has no room for it.
        attr.log_true_size = 0;
        attr.log_size = kSize;
        const uint64_t old = kernel.Put(attr);
        record.Fd(step + ", older",
                  kernel.Bpf(linux_abi::kProgLoad, old,
                             offsetof(ProgLoadAttr, log_true_size)));
        record.Value(step + ", older: nothing written",
                     kernel.Get<ProgLoadAttr>(old).log_true_size);
      }
    }
    ProgLoadAttr attr = Plain(kernel);
    attr.log_true_size = 0;
    const uint64_t at = kernel.Put(attr);
    record.Fd("no log", kernel.Bpf(linux_abi::kProgLoad, at, sizeof(attr)));
    record.Value("no log: true size",
                 kernel.Get<ProgLoadAttr>(at).log_true_size);
  });
}

/// Loads "dst = what `pseudo` and `imm` say; r0 = 0; exit".
void LoadReference(Kernel& kernel, Record& record, const std::string& step,
                   uint8_t pseudo, int64_t imm, int32_t next = 0,
                   uint64_t fd_array = 0, const std::string& excuse = "") {
  ProgLoadAttr attr = kernel.Program(
      kSocketFilter, {LoadLow(1, pseudo, static_cast<int32_t>(imm)),
                      LoadHigh(next), MovImm(0, 0), Exit()});
  attr.fd_array = fd_array;
  Load(kernel, record, step, attr, excuse);
}

TEST(ProgCallsTest, MapsByDescriptor) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t map = kernel.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
    const int64_t two = kernel.CreateMap(linux_abi::kMapTypeArray, 4, 8, 2);
    const int64_t hash = kernel.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1);
    const int64_t prog = kernel.Call(linux_abi::kProgLoad, Plain(kernel));
    record.Fd("map", map);
    for (uint8_t pseudo : {isa::kPseudoMapFd, isa::kPseudoMapValue}) {
      const std::string name = "pseudo " + std::to_string(pseudo) + " ";
      LoadReference(kernel, record, name + "array", pseudo, map);
      LoadReference(kernel, record, name + "hash", pseudo, hash);
      LoadReference(kernel, record, name + "array of two", pseudo, two, 0, 0,
                    pseudo == isa::kPseudoMapValue
                        ? "Linux lets its internal ENOTSUPP out"
                        : "");
      LoadReference(kernel, record, name + "array, offset 7", pseudo, map, 7);
      LoadReference(kernel, record, name + "array, offset 8", pseudo, map, 8);
      LoadReference(kernel, record, name + "array, offset -1", pseudo, map, -1);
      LoadReference(kernel, record, name + "program", pseudo, prog);
      LoadReference(kernel, record, name + "fd 500", pseudo, 500);
      LoadReference(kernel, record, name + "fd -1", pseudo, -1);
    }
    kernel.Close(map);
    kernel.Close(two);
    kernel.Close(hash);
    kernel.Close(prog);
  });
}

TEST(ProgCallsTest, MapsByIndex) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t map = kernel.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
    const int64_t prog = kernel.Call(linux_abi::kProgLoad, Plain(kernel));
    const int32_t fds[4] = {static_cast<int32_t>(map), 500, -1,
                            static_cast<int32_t>(prog)};
    const uint64_t array = kernel.Put(fds);
    for (uint8_t pseudo : {isa::kPseudoMapIdx, isa::kPseudoMapIdxValue}) {
      const std::string name = "pseudo " + std::to_string(pseudo) + " ";
      for (int32_t i = 0; i < 4; ++i) {
        LoadReference(kernel, record, name + std::to_string(i), pseudo, i, 0,
                      array);
      }
      // A negative index is what lies before the array, for Linux.
      LoadReference(kernel, record, name + "far index", pseudo, 0x7fffffff, 0,
                    array);
      LoadReference(kernel, record, name + "no array", pseudo, 0);
      LoadReference(kernel, record, name + "bad array", pseudo, 0, 0, kNowhere);
    }
    kernel.Close(map);
    kernel.Close(prog);
  });
}

TEST(ProgCallsTest, MoreMapsThanAProgramMayHave) {
  Compare([](Kernel& kernel, Record& record) {
    std::vector<int64_t> maps;
    std::vector<isa::Insn> insns;
    for (int i = 0; i < 65; ++i) {
      maps.push_back(kernel.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1));
      insns.push_back(
          LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(maps.back())));
      insns.push_back(LoadHigh(0));
      if (i >= 62) {
        std::vector<isa::Insn> program = insns;
        program.push_back(MovImm(0, 0));
        program.push_back(Exit());
        Load(kernel, record, std::to_string(i + 1) + " maps",
             kernel.Program(kSocketFilter, program));
      }
    }
    for (int64_t map : maps) {
      kernel.Close(map);
    }
  });
}

TEST(ProgCallsTest, WrongPrograms) {
  Compare([](Kernel& kernel, Record& record) {
    const auto map = static_cast<int32_t>(
        kernel.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1));
    struct {
      const char* what;
      std::vector<isa::Insn> insns;
    } const cases[] = {
        {"an unknown opcode", {Insn(0xff, 0, 0, 0, 0), Exit()}},
        {"an endless loop", {MovImm(0, 0), Insn(0x15, 0, 0, -1, 0), Exit()}},
        {"a loop that is too long",
         {MovImm(0, 0), Insn(0x07, 0, 0, 0, 1), Insn(0xa5, 0, 0, -2, 2000000),
          MovImm(0, 0), Exit()}},
        {"a write below the stack",
         {Insn(0x7a, 10, 0, -520, 0), MovImm(0, 0), Exit()}},
        {"too much stack",
         {Insn(0x85, 0, 1, 0, 1), Exit(), Insn(0x7a, 10, 0, -512, 0),
          Insn(0x85, 0, 1, 0, 1), Exit(), Insn(0x7a, 10, 0, -512, 0),
          MovImm(0, 0), Exit()}},
        {"a map access out of range",
         {LoadLow(1, isa::kPseudoMapValue, map), LoadHigh(0),
          Insn(0x79, 0, 1, 4, 0), Exit()}},
        {"a jump out of the program",
         {MovImm(0, 0), Insn(0x05, 0, 0, 5, 0), Exit()}},
        {"unreachable code", {MovImm(0, 0), Exit(), MovImm(0, 1), Exit()}},
        {"an unknown helper", {CallHelper(12345), MovImm(0, 0), Exit()}},
        {"no exit", {MovImm(0, 0)}},
    };
    for (const auto& c : cases) {
      Load(kernel, record, c.what, kernel.Program(kSocketFilter, c.insns));
    }
    kernel.Close(map);
  });
}

TEST(ProgCallsTest, DescriptorCalls) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t fd = kernel.Call(linux_abi::kProgLoad, Plain(kernel));
    record.Fd("load", fd);
    record.Value("read", kernel.Read(fd, kernel.Put(nullptr, 64), 64));
    record.Value("poll", kernel.Poll(fd));
    record.Value("ioctl", kernel.Ioctl(fd, linux_abi::kPerfIocEnable, 0));
    record.Value("mmap", kernel.Mmap(fd, 0, 4096, 1));
    record.Value("close", kernel.Close(fd));
    record.Value("close again", kernel.Close(fd));
    record.Value("read of a closed one",
                 kernel.Read(fd, kernel.Put(nullptr, 64), 64));
    record.Value("ioctl on a closed one", kernel.Ioctl(fd, 1, 0));
    record.Value("mmap of a closed one", kernel.Mmap(fd, 0, 4096, 1));
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
