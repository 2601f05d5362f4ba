// SPDX-License-Identifier: MIT
//
// The `ebpf` command: what its arguments are. README.md beside this tells what
// each of its commands does.
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <memory>
#include <set>
#include <string>

#include "tools/cli/bench.h"
#include "tools/cli/disasm.h"
#include "tools/cli/exec.h"
#include "tools/cli/probes.h"
#include "tools/cli/run.h"
#include "tools/cli/verify.h"

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

/// `status` becomes the command's exit status.
void AddFlags(CLI::App& command, uint32_t& flags) {
  command.add_option_function<std::string>(
      "--flags",
      [&flags](const std::string& text) {
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, flags, 16);
        if (stop != end || error != std::errc()) {
          throw CLI::ValidationError("--flags", "not hexadecimal: " + text);
        }
      },
      "BPF_F_* flags of the load, in hexadecimal");
}

void AddVerify(CLI::App& app, int& status) {
  CLI::App& command = *app.add_subcommand(
      "verify",
      "Say of each program of an object whether it is accepted, and why not; "
      "exit status 0: all are, 1: one is not, 2: cannot be read or linked");
  auto options = std::make_shared<VerifyOptions>();
  command.add_option("file", options->file, "The object")->required();
  command
      .add_option("--program", options->programs,
                  "Only this one, by name or number; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--log-level", options->log_level,
                  "The verifier's log as bpf(2) has it: 1, 2, 4 added up; 0: "
                  "of refused programs only")
      ->check(CLI::Range(0, 15))
      ->capture_default_str();
  AddFlags(command, options->flags);
  command.add_flag("--unprivileged", options->unprivileged,
                   "As for a client without any capability");
  command
      .add_option("--profile", options->profile,
                  "What programs may use: all that Linux has, or what a port "
                  "has")
      ->check(CLI::IsMember(
          std::set<std::string>(std::begin(kProfiles), std::end(kProfiles))))
      ->capture_default_str();
  command.add_option("--btf", options->btf,
                     "The kernel's types, as /sys/kernel/btf or in an ELF "
                     "file; without this the host's for profile linux");
  command.add_option("--core-btf", options->core_btf,
                     "The types that CO-RE relocates for, where others");
  command.add_flag("--json", options->json, "A JSON object per line");
  command.add_flag("--compare-linux", options->compare_linux,
                   "Also load into the host's kernel (needs its rights)");
  command.callback([options, &status] {
    status = 2;  // of a Failure
    status = Verify(*options, [](std::string_view text) {
      fmt::print("{}", text);
      std::fflush(stdout);
    });
  });
}

void AddRun(CLI::App& app, int& exit_status) {
  CLI::App& command = *app.add_subcommand(
      "run", "Load an object's programs by bpf(2), and test-run each");
  auto options = std::make_shared<RunOptions>();
  command.add_option("file", options->file, "The object")->required();
  command
      .add_option("--program", options->programs,
                  "Only this one, by name or number; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--engine", options->engine, "Who runs it (jit: this CPU's)")
      ->check(CLI::IsMember({"interpreter", "jit"}))
      ->capture_default_str();
  command.add_option("--data", options->data,
                     "The packet, in hexadecimal; without this 64 zeros");
  command
      .add_option("--value", options->values,
                  "NAME=HEX, the first value of an array; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--repeat", options->repeat, "How often each runs")
      ->capture_default_str();
  AddFlags(command, options->flags);
  command.add_option("--btf", options->btf,
                     "The kernel's types, as /sys/kernel/btf or in an ELF "
                     "file");
  command.add_option("--core-btf", options->core_btf,
                     "The types that CO-RE relocates for, where they are "
                     "others");
  command.add_flag("--json", options->json, "An object for each program");
  command.add_flag("--compare-linux", options->compare_linux,
                   "Also in the host's kernel");
  command.callback([options, &exit_status] {
    exit_status = 2;
    exit_status = Run(*options, [](std::string_view text) {
      fmt::print("{}", text);
      std::fflush(stdout);
    });
  });
}

void AddProbes(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "probes",
      "Say where in a kernel image a kprobe can stand, and where not, why");
  auto options = std::make_shared<ProbesOptions>();
  command
      .add_option("file", options->file,
                  "The kernel: a linked ELF file with symbols")
      ->required();
  command.add_option("--function", options->function,
                     "Only functions of this name, each instruction; * and ? "
                     "stand for others");
  command
      .add_option("--stub", options->stub,
                  "What the port's trap can do: set sp, leave a gap below it")
      ->check(CLI::IsMember({"sp+gap", "sp", "none"}))
      ->capture_default_str();
  command.add_flag("--steps", options->steps,
                   "The port cannot tell where interrupted code goes on: no "
                   "slots that jump back");
  command.add_flag("--json", options->json, "As JSON");
  command.callback([options] { fmt::print("{}", Probes(*options)); });
}

int Main(int argc, char** argv) {
  CLI::App app("Runs, shows and measures eBPF programs.", "ebpf");
  app.require_subcommand(1);
  AddExec(app);
  AddDisasm(app);
  AddBench(app);
  AddProbes(app);
  int exit_status = 0;
  AddVerify(app, exit_status);
  AddRun(app, exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    const bool is_judged =
        app.got_subcommand("verify") || app.got_subcommand("run");
    return status == 0 ? 0 : is_judged ? 2 : 1;
  } catch (const std::exception& failure) {
    std::fflush(stdout);
    fmt::print(stderr, "ebpf: {}\n", failure.what());
    return exit_status == 0 ? 1 : exit_status;
  }
  return exit_status;
}

}  // namespace
}  // namespace ebpf::cli

int main(int argc, char** argv) { return ebpf::cli::Main(argc, argv); }
