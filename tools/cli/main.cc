// SPDX-License-Identifier: MIT
//
// The `ebpf` command: what its arguments are. README.md beside this tells what
// each of its commands does.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fmt/format.h>

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

int Main(int argc, char** argv) {
  CLI::App app("Runs, shows and measures eBPF programs.", "ebpf");
  app.require_subcommand(1);
  AddExec(app);
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
