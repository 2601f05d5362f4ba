// SPDX-License-Identifier: MIT
//
// What clients.bpf.c and its reader share.
#pragma once

// What the programs saw last, and how often: all of .bss.
struct client_view {
  unsigned long long entries;
  long long first;
  int second;
  unsigned short third;
  unsigned char fourth;
  char text[12];
  unsigned long long entry_ip;
  unsigned long long entry_function;
  unsigned long long caller;
  unsigned long long entry_frame;

  unsigned long long returns;
  long long result;
  unsigned long long return_function;

  unsigned long long insides;
  unsigned long long inside_ip;
  unsigned long long inside_function;
};
