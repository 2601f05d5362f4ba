// SPDX-License-Identifier: MIT
//
// One set of types in two layouts, for core_relo_test.cc: as a program was
// compiled (PROGRAM) and as its kernel has them (KERNEL).
#pragma once

#ifdef PROGRAM
#define PRESERVE __attribute__((preserve_access_index))
#else
#define PRESERVE
#endif

struct inner {
  int x;
  int y;
} PRESERVE;

enum color { kRed = 1, kGreen = 2, kBlue = 3 };

#ifdef PROGRAM

struct record {
  int moved;               // 0, kernel: 24
  unsigned int wider;      // 4, kernel: 8 bytes at 8
  struct inner nested;     // 8, kernel: 16
  int list[4];             // 16, kernel: 8 of them at 32
  void* pointer;           // 32, kernel: 64
  int in_anonymous;        // 40, kernel: 72, in a union in a struct
  unsigned int flags : 3;  // 44.0, kernel: 80.5, 7 bits
  int signed_flags : 4;    // 44.3, kernel: 81.4, 9 bits
  int missing;             // 48
  signed char small;       // 52, kernel: 84, unsigned short
  enum color color;        // 56, kernel: 88
  int from_list;           // 60, kernel: another kind of type
} PRESERVE;

struct flexible {
  int count;
  struct inner items[];
} PRESERVE;

struct only_here {
  int x;
} PRESERVE;

struct shape {
  int x;
} PRESERVE;

enum answer { kYes = 1, kNo = 2, kMaybe = 3 };

typedef int (*callback)(int, struct inner*);

#else

struct record {
  long before;
  unsigned long wider;
  struct inner nested;
  int moved;
  int more;
  int list[8];
  void* pointer;
  struct {
    union {
      int in_anonymous;
      float other;
    };
  };
  int after;
  unsigned int unused : 5;
  unsigned int flags : 7;
  int signed_flags : 9;
  unsigned short small;
  enum color color;
  struct inner from_list;
};

struct flexible {
  long count;
  struct inner items[];
};

struct shape {
  int x;
  int y;
};

enum answer { kNo = 20, kYes = 0x7fffffff };

typedef int (*callback)(int, struct inner*);

#endif
