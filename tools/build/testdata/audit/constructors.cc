// SPDX-License-Identifier: MIT
//
// An object whose constructor somebody would have to run.
int Compute(int value);
int answer = Compute(42);
