// SPDX-License-Identifier: MIT
//
// A few types, as a kernel's BTF would have them, for tests that show values.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/btf/btf.h"
#include "core/btf/test_builder.h"

namespace ebpf {

/// The types by their ids; see the constructor for what they are.
class ValueTypes {
 public:
  ValueTypes() {
    using btf::Kind;
    integer = Int("int", 4, 1 << 24 | 32);
    wide = Int("unsigned long", 8, 64);
    character = Int("char", 1, 8);
    huge = Int("__int128", 16, 1 << 24 | 128);
    real = b_.Add(Kind::kFloat, b_.Name("double"), 8);
    color = b_.Add(Kind::kEnum, b_.Name("color"), 4,
                   {b_.Name("RED"), 0, b_.Name("BLUE"), 7}, 2);
    text = Array(character, 4);
    pair = b_.Add(Kind::kStruct, b_.Name("pair"), 8,
                  {b_.Name("a"), integer, 0, b_.Name("b"), integer, 32}, 2);
    pair_t = b_.Add(Kind::kTypedef, b_.Name("pair_t"), pair);
    pairs = Array(pair, 2);
    pointer = b_.Add(Kind::kPointer, 0, pair);
    to_pointer = b_.Add(Kind::kPointer, 0, pointer);
    to_void = b_.Add(Kind::kPointer, 0, 0);
    pointers = Array(pointer, 2);
    constant = b_.Add(Kind::kConst, 0, integer);
    either = b_.Add(Kind::kUnion, 0, 4,
                    {b_.Name("i"), integer, 0, b_.Name("c"), color, 0}, 2);
    bits = b_.AddFlagged(Kind::kStruct, b_.Name("bits"), 4,
                         {b_.Name("low"), integer, 3 << 24, b_.Name("high"),
                          integer, 9 << 24 | 3},
                         2);
    // struct outer { pair_t p; union { int i; enum color c; }; char t[4];
    //                struct pair *ptr; struct pair ps[2]; };
    outer =
        b_.Add(Kind::kStruct, b_.Name("outer"), 40,
               {b_.Name("p"), pair_t, 0, 0, either, 64, b_.Name("t"), text, 96,
                b_.Name("ptr"), pointer, 128, b_.Name("ps"), pairs, 192},
               5);
    forward = b_.Add(Kind::kForward, b_.Name("later"), 0);
    section = b_.Add(Kind::kDataSection, b_.Name(".data"), 0);
    // A struct in a struct in a struct..., deeper than anybody shows.
    deep = pair;
    for (int i = 0; i < 40; ++i) {
      deep = b_.Add(Kind::kStruct, b_.Name("deep"), 8, {b_.Name("in"), deep, 0},
                    1);
    }
    vast = Array(integer, 1 << 21);
    blob_ = b_.Blob();
    const ConstBytes bytes(blob_.data(), blob_.size());
    index_.resize(*btf::Btf::CountTypes(bytes));
    btf_ = *btf::Btf::Open(bytes, {index_.data(), index_.size()});
  }

  const btf::Btf& btf() const { return *btf_; }

  uint32_t integer, wide, character, huge, real, color, text, pair, pair_t,
      pairs, pointer, to_pointer, to_void, pointers, constant, either, bits,
      outer, forward, section, deep, vast;

 private:
  uint32_t Int(const char* name, uint32_t size, uint32_t encoding) {
    return b_.Add(btf::Kind::kInt, b_.Name(name), size, {encoding});
  }
  uint32_t Array(uint32_t element, uint32_t count) {
    return b_.Add(btf::Kind::kArray, 0, 0, {element, integer, count});
  }

  btf::Builder b_;
  std::vector<uint8_t> blob_;
  std::vector<uint32_t> index_;
  std::optional<btf::Btf> btf_;
};

}  // namespace ebpf
