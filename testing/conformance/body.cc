// SPDX-License-Identifier: MIT
//
// The values that bodies are run with.
#include "testing/conformance/body.h"

#include <algorithm>

namespace ebpf::conformance {
namespace {

template <typename T>
std::vector<T> Unique(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<uint64_t> MakeOperands() {
  std::vector<uint64_t> values = {0x5555555555555555,
                                  0xaaaaaaaaaaaaaaaa,
                                  0x0123456789abcdef,
                                  0xfedcba9876543210,
                                  0x00000000ffff0000,
                                  0xffffffff00000000,
                                  0x8000000080000000,
                                  0x7fffffff00000000,
                                  0x00ff00ff00ff00ff,
                                  0x1ffffffff,
                                  0x100000001,
                                  0x8000000000000001,
                                  0xffffffff7fffffff,
                                  3,
                                  5,
                                  7,
                                  10,
                                  100,
                                  1000,
                                  0xfffffffffffffffd,
                                  0x100000002};
  for (const unsigned bit :
       {0, 1, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 31, 32, 63}) {
    const uint64_t power = uint64_t{1} << bit;
    values.insert(values.end(), {power - 1, power, 0 - power, ~power});
  }
  return Unique(values);
}

std::vector<int32_t> MakeImmediates() {
  std::vector<int32_t> values;
  for (const uint64_t operand : BoundaryOperands()) {
    values.push_back(static_cast<int32_t>(operand));
  }
  // What AArch64's logical and 12-bit immediates take, and what they do not.
  for (const uint32_t value :
       {0x0f0f0f0fu, 0xff00ff00u, 0x3ffcu, 0xffffc000u, 0xfff000u, 0xfff001u,
        0xffffffu, 0x1000000u, 0xfffu, 0xffeu, 0x55u, 0x80000001u, 0x7f000u,
        0x12345678u, 0xffff0000u, 0x80008000u, 0xfffff7ffu, 0xfffff800u}) {
    values.push_back(static_cast<int32_t>(value));
    values.push_back(static_cast<int32_t>(0 - value));
  }
  return Unique(values);
}

std::vector<int16_t> MakeOffsets() {
  std::vector<int16_t> values = {3, 5, 24, 100, 0x7ff9, -3, -24, -100, 12345};
  for (const int power : {1, 2, 4, 8, 16, 32, 64, 128, 256, 504, 512, 1024,
                          2048, 4096, 8192, 16384, 32760}) {
    for (const int value : {power - 1, power, -power, -power - 1}) {
      values.push_back(static_cast<int16_t>(value));
    }
  }
  values.push_back(INT16_MIN);
  values.push_back(INT16_MAX);
  return Unique(values);
}

}  // namespace

const std::vector<uint64_t>& BoundaryOperands() {
  static const auto& values = *new std::vector<uint64_t>(MakeOperands());
  return values;
}

const std::vector<int32_t>& BoundaryImmediates() {
  static const auto& values = *new std::vector<int32_t>(MakeImmediates());
  return values;
}

const std::vector<int16_t>& BoundaryOffsets() {
  static const auto& values = *new std::vector<int16_t>(MakeOffsets());
  return values;
}

uint64_t Random::Value() {
  switch (Below(4)) {
    case 0:
      return Of(BoundaryOperands());
    case 1:
      return Of(BoundaryOperands()) + Below(5) - 2;
    case 2:
      return Next() >> Below(64);
    default:
      return Next();
  }
}

unsigned Random::Register(uint16_t& taken) {
  for (;;) {
    const auto reg = static_cast<unsigned>(Below(kRegs));
    if ((taken >> reg & 1) == 0) {
      taken = static_cast<uint16_t>(taken | 1u << reg);
      return reg;
    }
  }
}

Input Random::AnyInput() {
  Input input;
  for (uint64_t& reg : input.regs) {
    reg = Value();
  }
  for (uint64_t& word : input.mem) {
    word = Value();
  }
  for (uint64_t& word : input.stack) {
    word = Value();
  }
  return input;
}

}  // namespace ebpf::conformance
