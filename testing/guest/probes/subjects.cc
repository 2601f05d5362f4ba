// SPDX-License-Identifier: MIT
#include "testing/guest/probes/subjects.h"

namespace {

constexpr uint32_t kTable[16] = {3, 1, 4, 1, 5, 9, 2, 6,
                                 5, 3, 5, 8, 9, 7, 9, 3};

[[gnu::noinline]] uint64_t Mix(uint64_t value) {
  value ^= value >> 31;
  value *= 0x9e3779b97f4a7c15;
  return value ^ value >> 27;
}

[[gnu::noinline]] uint64_t Twice(uint64_t value) { return 2 * value + 1; }

}  // namespace

extern "C" {

[[gnu::noinline]] uint64_t probed_arithmetic(uint64_t a, uint64_t b) {
  const uint64_t divisor = (b & 0xffff) + 1;
  uint64_t result = a / divisor + a % divisor;
  result += static_cast<uint64_t>(static_cast<int64_t>(a) >> 7);
  result ^= (a << 13) | (b >> 51);
  result += static_cast<uint32_t>(a) * uint64_t{static_cast<uint16_t>(b)};
  return result - static_cast<uint64_t>(static_cast<int32_t>(b) / 3);
}

[[gnu::noinline]] uint64_t probed_loop(uint64_t a, uint64_t b) {
  uint64_t result = b;
  for (uint64_t i = 0; i < (a & 15) + 1; ++i) {
    result = Mix(result + i) + kTable[result & 15];
  }
  return result;
}

[[gnu::noinline]] uint64_t probed_recursion(uint64_t a, uint64_t b) {
  if ((a & 7) == 0) {
    return b;
  }
  const uint64_t below = probed_recursion(a - 1, b * 3);
  return Mix(below) + a;
}

[[gnu::noinline]] uint64_t probed_memory(uint64_t a, uint64_t b) {
  volatile uint8_t bytes[24] = {};
  volatile uint16_t halves[8] = {};
  volatile uint64_t words[4] = {};
  for (unsigned i = 0; i < 24; ++i) {
    bytes[i] = static_cast<uint8_t>(a >> (i & 7));
  }
  halves[b & 7] = static_cast<uint16_t>(a);
  words[a & 3] = b;
  uint64_t result = 0;
  for (unsigned i = 0; i < 24; ++i) {
    result = result * 31 + bytes[i] + halves[i & 7];
  }
  return result + words[1] +
         static_cast<uint64_t>(static_cast<int8_t>(bytes[a % 24]));
}

[[gnu::noinline]] uint64_t probed_branches(uint64_t a, uint64_t b) {
  uint64_t result = 0;
  switch (a % 9) {
    case 0:
      result = b + 7;
      break;
    case 1:
      result = Mix(b);
      break;
    case 2:
      result = b << 3;
      break;
    case 3:
      result = b > 100 ? b - 100 : 100 - b;
      break;
    case 4:
      result = static_cast<int64_t>(b) < 0 ? ~b : b ^ 0x55;
      break;
    case 7:
      result = Mix(a) ^ Mix(b);
      break;
    default:
      result = a == b ? 1 : 2;
      break;
  }
  return (result & 1) != 0 ? result * 5 : result + a;
}

[[gnu::noinline]] uint64_t probed_pointers(uint64_t a, uint64_t b) {
  using Function = uint64_t (*)(uint64_t);
  static constexpr Function kFunctions[] = {Mix, Twice};
  const Function volatile* functions = kFunctions;
  return functions[a & 1](b) + functions[b & 1](a);
}

}  // extern "C"
