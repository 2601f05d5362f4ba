// SPDX-License-Identifier: MIT
//
// A function in place of noprobe_default.cc's, and elsewhere.
int Default(int value);

int Default(int value) { return value + 1; }
