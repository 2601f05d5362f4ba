// SPDX-License-Identifier: MIT
//
// What a kernel can link: the audit has nothing to say.
#include <stddef.h>
#include <stdint.h>

#define NOPROBE __attribute__((section("ebpf_noprobe"), noinline))

extern "C" void kernel_gives_log(const char* text);
extern "C" void kernel_gives_stop();

struct Shape {
  virtual uint64_t Area() const { return 0; }
};
struct Square final : Shape {
  uint64_t Area() const override { return side * side; }
  uint64_t side = 2;
};

static constinit uint64_t total = 0;
static constinit Square square;

NOPROBE static uint64_t AddTo(uint64_t value) { return total += value; }

NOPROBE uint64_t Enter(uint64_t value) {
  uint64_t sum = AddTo(value);
  if (sum > 100) {
    kernel_gives_stop();
  }
  return sum + 1;
}

uint64_t Describe(const Shape& shape, uint64_t kind) {
  switch (kind) {
    case 0:
      kernel_gives_log("zero");
      return shape.Area();
    case 1:
      return square.Area() * 3;
    case 2:
      return Enter(kind);
    case 3:
      return total ^ 0x5555;
    case 4:
      return total / 7;
    default:
      return 0;
  }
}
