// SPDX-License-Identifier: MIT
//
// Throws, when compiled with exceptions.
void Work(int value);

int Try(int value) {
  if (value < 0) {
    throw 1;
  }
  Work(value);
  return value;
}
