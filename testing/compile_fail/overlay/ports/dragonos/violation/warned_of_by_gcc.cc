// SPDX-License-Identifier: MIT
namespace ebpf {

// GCC sees that nobody can have set `last`; clang says so under another flag.
int Last(const int* values, int count) {
  int last;
  for (int i = 0; i < count; ++i) {
    last = values[i];
  }
  return last;
}

}  // namespace ebpf
