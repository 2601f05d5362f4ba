// SPDX-License-Identifier: MIT
//
// The `ebpf` command: what its arguments are. README.md beside this tells what
// each of its commands does.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <memory>

#include "tools/cli/bench.h"
#include "tools/cli/disasm.h"
#include "tools/cli/exec.h"

namespace ebpf::cli {
namespace {

void AddExec(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "exec", "Run one program, unverified, and print r0 in hexadecimal");
  auto options = std::make_shared<ExecOptions>();
  command.add_option("memory", options->memory,
                     "What r1 points to, in hexadecimal; r2 is its length");
  command
      .add_option("--engine", options->engine, "Who runs it (jit: this CPU's)")
      ->check(CLI::IsMember({"interpreter", "jit"}))
      ->capture_default_str();
  CLI::Option* program =
      command.add_option("--program", options->program,
                         "The instructions, in hexadecimal; without this they "
                         "are on standard input");
  command
      .add_option("--elf", options->elf,
                  "An object file; without a name it is on standard input, in "
                  "hexadecimal")
      ->expected(0, 1)
      ->excludes(program);
  command.add_option("--name", options->name,
                     "Which program of the object, by name or number");
  command
      .add_option("--timeout", options->seconds,
                  "Seconds after which the program is ended")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command.callback([options] { fmt::print("{:x}\n", Exec(*options)); });
}

void AddDisasm(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "disasm", "Show an object's programs: source, eBPF, machine code");
  auto options = std::make_shared<DisasmOptions>();
  command.add_option("file", options->file, "The object")->required();
  command.add_option("--program", options->program,
                     "Only this one, by name or number");
  command
      .add_option("--jit", options->machine,
                  "The CPU whose machine code is shown; without this, this "
                  "machine's")
      ->check(CLI::IsMember({"x86_64", "aarch64", "riscv64"}));
  command.add_flag("--json", options->json, "As JSON");
  command.add_flag("--unverified", options->unverified,
                   "The object's own instructions, compiled without what the "
                   "verifier knows and rewrites");
  command.callback([options] { fmt::print("{}", Disasm(*options)); });
}

void AddBench(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "bench",
      "Measure an object's programs on each engine, with a context "
      "of zeros");
  auto options = std::make_shared<BenchOptions>();
  command.add_option("file", options->file, "The object")->required();
  command.add_option("--program", options->program,
                     "Only this one, by name or number");
  command
      .add_option("--passes", options->passes,
                  "How often each is measured; the fastest counts")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command.add_flag("--json", options->json, "As JSON");
  command.callback([options] { fmt::print("{}", Bench(*options)); });
}

int Main(int argc, char** argv) {
  CLI::App app("Runs, shows and measures eBPF programs.", "ebpf");
  app.require_subcommand(1);
  AddExec(app);
  AddDisasm(app);
  AddBench(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : 1;
  } catch (const std::exception& failure) {
    std::fflush(stdout);
    fmt::print(stderr, "ebpf: {}\n", failure.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace ebpf::cli

int main(int argc, char** argv) { return ebpf::cli::Main(argc, argv); }
