// SPDX-License-Identifier: MIT
//
// core_relo_case OBJECT TYPES PROGRAM: relocates the object for a kernel with
// the BTF of the object file TYPES (or the BTF blob), loads the program through
// the verifier and runs it once. For tools/core_relo_conformance.py.
//
// The object's ".bss" begins with 256 bytes of input, which come in hexadecimal
// from standard input, and 256 of output; then maybe a flag by which the
// program says that its compiler was too old. One line is printed:
//
//   output HEX      it ran
//   skip            it ran, and says that it cannot
//   relocation TEXT a relocation cannot be done
//   refused TEXT    the verifier refuses it
//
// core_relo_case OBJECT TYPES --relocated FILE: writes the relocated object,
// for a kernel that runs it.
//
// Exit 0, or 2 with a message where something cannot be read.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/interpreter/interpreter.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "testing/core_relo/relocate_object.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"
#include "tools/cli/verified_program.h"

namespace ebpf::testing_core_relo {
namespace {

constexpr size_t kPartSize = 256;
constexpr size_t kSkipAt = 2 * kPartSize;

std::vector<uint8_t> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(in)), {});
  if (bytes.empty()) {
    throw std::runtime_error(path + ": cannot be read");
  }
  return bytes;
}

std::vector<uint8_t> ReadTypes(const std::string& path) {
  std::vector<uint8_t> file = ReadFile(path);
  std::vector<uint8_t> section = SectionOf(file, ".BTF");
  return section.empty() ? file : section;
}

/// The tests' tp_btf programs do not look at their context: as raw_tp ones they
/// ask for no kernel with that tracepoint.
void MakeRawTracepoints(std::vector<uint8_t>& object) {
  const std::string from = "tp_btf/";
  const std::string to = "raw_tp/";
  auto at = object.begin();
  for (;;) {
    at = std::search(at, object.end(), from.begin(), from.end());
    if (at == object.end()) {
      break;
    }
    std::copy(to.begin(), to.end(), at);
  }
}

std::string OneLine(std::string text) {
  for (char& c : text) {
    c = c == '\n' ? ' ' : c;
  }
  return text;
}

/// The global data, by which the program is talked to.
Bytes DataOf(const cli::VerifiedObject& object) {
  for (const auto& [name, map] : object.maps) {
    if (name.ends_with(".bss")) {
      const uint32_t key = 0;
      const Result<Bytes> value = map->Lookup(BytesOf(key));
      if (value.ok() && value->size() >= kSkipAt) {
        return *value;
      }
    }
  }
  throw std::runtime_error("no .bss of that size");
}

void Run(const Program& program) {
  alignas(16) static uint8_t context[4096];
  Engine& engine = InterpreterEngine();
  const Result<void*> image = engine.Prepare(program);
  cli::Require(image.status(), "the interpreter");
  RunContext* run = BeginRun();
  run->program = &program;
  run->context = context;
  {
    const ReadSection reading;
    (void)engine.Run(program, *image, context, *run);
  }
  EndRun(run);
  engine.Release(*image);
}

std::string Case(const std::string& object, const std::string& types,
                 const std::string& program) {
  std::vector<uint8_t> relocated;
  try {
    relocated = RelocateObject(ReadFile(object), ReadTypes(types));
    MakeRawTracepoints(relocated);
  } catch (const RelocationError& error) {
    return "relocation " + OneLine(error.what());
  }
  const std::vector<uint8_t> input =
      cli::ParseHex(cli::ReadStandardInput(), "standard input");
  const cli::Runtime runtime;
  try {
    const cli::VerifiedObject loaded = cli::LoadVerified(relocated, program);
    const Bytes data = DataOf(loaded);
    std::copy_n(input.begin(), std::min(input.size(), kPartSize), data.begin());
    Run(*loaded.programs.front().program);
    if (data.size() > kSkipAt && data[kSkipAt] != 0) {
      return "skip";
    }
    std::string line = "output ";
    for (size_t i = 0; i < kPartSize; ++i) {
      char hex[3];
      snprintf(hex, sizeof(hex), "%02x", data[kPartSize + i]);
      line += hex;
    }
    return line;
  } catch (const cli::Failure& failure) {
    return "refused " + OneLine(failure.what());
  }
}

void WriteRelocated(const std::string& object, const std::string& types,
                    const std::string& to) {
  const std::vector<uint8_t> relocated =
      RelocateObject(ReadFile(object), ReadTypes(types));
  std::ofstream out(to, std::ios::binary);
  out.write(reinterpret_cast<const char*>(relocated.data()),
            static_cast<std::streamsize>(relocated.size()));
  out.close();
  if (!out) {
    throw std::runtime_error(to + ": cannot be written");
  }
}

}  // namespace
}  // namespace ebpf::testing_core_relo

int main(int argc, char** argv) {
  using namespace ebpf::testing_core_relo;
  const bool writes = argc == 5 && std::string(argv[3]) == "--relocated";
  if (argc != 4 && !writes) {
    fprintf(stderr,
            "usage: core_relo_case OBJECT TYPES PROGRAM < INPUT\n"
            "       core_relo_case OBJECT TYPES --relocated FILE\n");
    return 2;
  }
  try {
    if (writes) {
      WriteRelocated(argv[1], argv[2], argv[4]);
    } else {
      puts(Case(argv[1], argv[2], argv[3]).c_str());
    }
    return 0;
  } catch (const std::exception& error) {
    fprintf(stderr, "core_relo_case: %s\n", error.what());
    return 2;
  }
}
