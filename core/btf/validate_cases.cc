// SPDX-License-Identifier: MIT
//
// core/btf/validate_cases.h's table.
#include "core/btf/validate_cases.h"

#include <functional>
#include <utility>

#include "core/btf/test_builder.h"

namespace ebpf::btf {
namespace {

constexpr uint32_t kNone = 0xffffffff;
constexpr uint32_t kBeyondIds = 0x100000;  // BTF_MAX_TYPE + 1
constexpr uint32_t kSigned = 1u << 24;

/// A builder whose type 1 is an int and whose type 2 is a 16-byte struct.
struct Scene : Builder {
  Scene() {
    number = Add(Kind::kInt, Name("int"), 4, {kSigned | 32});
    record = Add(Kind::kStruct, Name("record"), 16,
                 {Name("a"), number, 0, Name("b"), number, 32}, 2);
  }
  uint32_t Function(uint32_t linkage = 1) {
    const uint32_t proto =
        Add(Kind::kFunctionProto, 0, number, {Name("x"), number}, 1);
    return Add(Kind::kFunction, Name("function"), proto, {}, linkage);
  }
  uint32_t Variable(uint32_t type) {
    return Add(Kind::kVariable, Name("variable"), type, {1});
  }
  uint32_t number;
  uint32_t record;
};

class Table {
 public:
  using Make = std::function<void(Scene&)>;

  void Accept(const std::string& name, const Make& make) {
    Reject(name, "", make, Status::kOk);
  }
  void Reject(const std::string& name, const std::string& message,
              const Make& make, Status status = Status::kInvalid) {
    Scene scene;
    make(scene);
    cases_.push_back({name, scene.Blob(), status, message});
  }
  /// Of a good blob `word` of the header is `value`.
  void Header(const std::string& name, size_t word, uint32_t value,
              const std::string& message, Status status = Status::kInvalid) {
    std::vector<uint8_t> blob = Scene().Blob();
    memcpy(blob.data() + 4 * word, &value, 4);
    Bytes(name, std::move(blob), message, status);
  }
  void Bytes(const std::string& name, std::vector<uint8_t> blob,
             const std::string& message, Status status = Status::kInvalid) {
    cases_.push_back({name, std::move(blob), status, message});
  }
  std::vector<ValidateCase> Take() { return std::move(cases_); }

 private:
  std::vector<ValidateCase> cases_;
};

uint32_t WordOf(const std::vector<uint8_t>& blob, size_t word) {
  uint32_t value = 0;
  memcpy(&value, blob.data() + 4 * word, 4);
  return value;
}

void AddHeaderCases(Table& t) {
  const std::vector<uint8_t> good = Scene().Blob();
  const uint32_t types = WordOf(good, 3);
  const uint32_t strings = WordOf(good, 5);
  t.Bytes("a good blob", good, "", Status::kOk);
  t.Bytes("no byte of header length", {good.begin(), good.begin() + 7},
          "hdr_len not found");
  t.Bytes("shorter than its header", {good.begin(), good.begin() + 20},
          "btf_header not found");
  t.Bytes("nothing behind the header", {good.begin(), good.begin() + 24},
          "No data");
  t.Header("another magic", 0, 0x0001eb9e, "Invalid magic");
  t.Header("the other byte order", 0, 0x00019feb, "Invalid magic");
  t.Header("version 2", 0, 0x0002eb9f, "Unsupported version",
           Status::kNotSupportedLinux);
  t.Header("flags", 0, 0x0101eb9f, "Unsupported flags",
           Status::kNotSupportedLinux);
  t.Header("a header of no bytes", 1, 0, "Invalid magic");
  t.Header("a header beyond the blob", 1, 100000, "btf_header not found");
  t.Header("a longer header that is not zero", 1, 32, "Unsupported btf_header",
           Status::kTooBig);
  t.Header("types out of line", 2, 1, "Unsupported section found");
  t.Header("types beyond the end", 2, 100000, "Unsupported section found");
  t.Header("strings beyond the end", 4, 100000, "Invalid section offset");
  t.Header("too many types", 3, types + 4, "Section overlap found");
  t.Header("too few types", 3, types - 4, "Unsupported section found");
  t.Header("no types", 3, 0, "Unsupported section found");
  t.Header("strings behind a gap", 4, types + 4, "Unsupported section found");
  t.Header("strings over types", 4, types - 4, "Section overlap found");
  t.Header("too many strings", 5, strings + 1, "Total section length too long");
  t.Header("too few strings", 5, strings - 1, "Unsupported section found");
  t.Header("no strings", 5, 0, "Unsupported section found");

  std::vector<uint8_t> longer = good;
  longer.insert(longer.begin() + 24, 8, 0);
  longer[4] = 32;
  t.Bytes("a longer header of zeros", longer, "", Status::kOk);
  std::vector<uint8_t> shorter = good;
  shorter[4] = 20;
  t.Bytes("a header without strings", shorter, "Unsupported section found");
  std::vector<uint8_t> open_end = good;
  open_end.back() = 'x';
  t.Bytes("strings that do not end", open_end, "Invalid string section");
  std::vector<uint8_t> no_empty = good;
  no_empty[24 + types] = 'x';
  t.Bytes("strings that begin with a name", no_empty, "Invalid string section");
  std::vector<uint8_t> more = good;
  more.push_back(0);
  t.Bytes("a byte behind the strings", more, "Unsupported section found");
  std::vector<uint8_t> swapped(good.begin(), good.begin() + 24);
  swapped.insert(swapped.end(), good.begin() + 24 + types, good.end());
  swapped.insert(swapped.end(), good.begin() + 24, good.begin() + 24 + types);
  memcpy(swapped.data() + 8, &strings, 4);
  memset(swapped.data() + 16, 0, 4);
  t.Bytes("strings before types", swapped, "String section is not at the end");
  const std::vector<uint8_t> odd = {0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0,
                                    0,    0,    0, 0, 0,  0, 0, 0, 0,
                                    0,    0,    1, 0, 0,  0, 0};
  t.Bytes("strings alone", odd, "No type found");
  std::vector<uint8_t> cut = good;
  cut[12] -= 4;  // types
  cut[16] -= 4;  // strings
  cut.erase(cut.begin() + 24 + types - 4, cut.begin() + 24 + types);
  t.Bytes("a type that is cut off", cut, "meta_left:20 meta_needed:24");
}

void AddCommonCases(Table& t) {
  t.Reject("kind 0", "Invalid kind:0", [](Scene& s) { s.AddRaw(0, 0, 0); });
  t.Reject("kind 20", "Invalid kind:20",
           [](Scene& s) { s.AddRaw(0, 20u << 24, 0); });
  t.Reject("kind 31", "Invalid kind:31",
           [](Scene& s) { s.AddRaw(0, 31u << 24, 0); });
  t.Reject("info bits 16 to 23", "Invalid btf_info:2010000",
           [](Scene& s) { s.AddRaw(0, 2u << 24 | 1u << 16, 1); });
  t.Reject("info bits 29 and 30", "Invalid btf_info:22000000",
           [](Scene& s) { s.AddRaw(0, 0x22000000, 1); });
  t.Reject("a name beyond the strings", "Invalid name_offset:100000",
           [](Scene& s) { s.Add(Kind::kStruct, 100000, 0); });
}

void AddNameCases(Table& t) {
  const auto typedef_of = [](const std::string& name) {
    return [name](Scene& s) { s.Add(Kind::kTypedef, s.Name(name), s.number); };
  };
  const auto section_of = [](const std::string& name) {
    return [name](Scene& s) {
      const uint32_t variable = s.Variable(s.number);
      s.Add(Kind::kDataSection, s.Name(name), 4, {variable, 0, 4}, 1);
    };
  };
  t.Accept("a name of letters, digits, _ and .", typedef_of("_a.Z9"));
  t.Accept("a name that begins with a dot", typedef_of(".a"));
  t.Accept("a name of 512 characters", typedef_of(std::string(512, 'a')));
  t.Reject("a name of 513 characters", "Invalid name",
           typedef_of(std::string(513, 'a')));
  t.Reject("a name that begins with a digit", "Invalid name", typedef_of("9a"));
  t.Reject("a name with a space", "Invalid name", typedef_of("a b"));
  t.Reject("a name with a sign", "Invalid name", typedef_of("a-b"));
  t.Reject("a name with a question mark", "Invalid name", typedef_of("?a"));
  t.Accept("a name of Latin-1 letters", typedef_of("na\xefve"));
  t.Reject("a name with a Latin-1 sign", "Invalid name", typedef_of("a\xd7"));
  t.Accept("a section name with a sign", section_of(".data.a-b"));
  t.Accept("a section name with a question mark", section_of("?.data"));
  t.Accept("a section name with a space", section_of("a b"));
  t.Reject("a section name with a tab", "Invalid name", section_of("a\tb"));
  t.Reject("a section name of nothing", "Invalid name", section_of(""));
}

void AddIntCases(Table& t) {
  const auto number = [](uint32_t size, uint32_t word, uint32_t count = 0) {
    return
        [=](Scene& s) { s.Add(Kind::kInt, s.Name("i"), size, {word}, count); };
  };
  t.Accept("an unsigned int", number(4, 32));
  t.Accept("a char", number(1, 2u << 24 | 8));
  t.Accept("a bool", number(1, 4u << 24 | 8));
  t.Accept("an int of 128 bits", number(16, 128));
  t.Accept("an int of fewer bits than it has", number(4, 7));
  t.Accept("an int that begins at a bit", number(4, 3u << 16 | 7));
  t.Accept("an int of no bits", number(4, 0));
  t.Accept("an int without a name",
           [](Scene& s) { s.Add(Kind::kInt, 0, 4, {32}); });
  t.Accept("an int with a name that is none",
           [](Scene& s) { s.Add(Kind::kInt, s.Name("long int"), 4, {32}); });
  t.Reject("an int of more bits than its size", "nr_bits exceeds type_size",
           number(4, 33));
  t.Reject("an int's bits moved out", "nr_bits exceeds type_size",
           number(4, 1u << 16 | 32));
  t.Reject("an int of 129 bits", "nr_bits exceeds 128", number(32, 129));
  t.Reject("an int that is signed and bool", "Unsupported encoding",
           number(4, 5u << 24 | 32), Status::kNotSupportedLinux);
  t.Reject("an int of encoding 8", "Unsupported encoding",
           number(4, 8u << 24 | 32), Status::kNotSupportedLinux);
  t.Reject("an int with more data", "Invalid int_data:10000020",
           number(4, 1u << 28 | 32));
  t.Reject("an int with vlen", "vlen != 0", number(4, 32, 1));
  t.Reject("an int with kind_flag", "Invalid btf_info kind_flag",
           [](Scene& s) { s.AddFlagged(Kind::kInt, s.Name("i"), 4, {32}); });
}

void AddReferenceCases(Table& t) {
  const std::pair<Kind, std::string> kinds[] = {
      {Kind::kPointer, "pointer"}, {Kind::kVolatile, "volatile"},
      {Kind::kConst, "const"},     {Kind::kRestrict, "restrict"},
      {Kind::kTypedef, "typedef"}, {Kind::kTypeTag, "type tag"},
  };
  for (const auto& [kind_, word] : kinds) {
    const Kind kind = kind_;
    const bool named = kind == Kind::kTypedef || kind == Kind::kTypeTag;
    const auto to = [=](uint32_t target) {
      return [=](Scene& s) { s.Add(kind, named ? s.Name("name") : 0, target); };
    };
    t.Accept(word + " of an int", to(1));
    t.Accept(word + " of a struct", to(2));
    t.Accept(word + " of void", to(0));
    t.Reject(word + " of itself", "Loop detected", to(3), Status::kExists);
    t.Reject(word + " of nothing", "Invalid type_id", to(4));
    t.Reject(word + " of no possible type", "Invalid type_id", to(kBeyondIds));
    t.Reject(word + " with vlen", "vlen != 0", [=](Scene& s) {
      s.Add(kind, named ? s.Name("name") : 0, 1, {}, 1);
    });
    t.Reject(word + (named ? " without a name" : " with a name"),
             "Invalid name",
             [=](Scene& s) { s.Add(kind, named ? 0 : s.Name("name"), 1); });
    t.Reject(word + " of a variable", "Invalid type_id", [=](Scene& s) {
      const uint32_t variable = s.Variable(s.number);
      s.Add(kind, named ? s.Name("name") : 0, variable);
    });
    if (kind != Kind::kTypeTag) {
      // Linux 6.14 gave type tags a flag.
      t.Reject(
          word + " with kind_flag", "Invalid btf_info kind_flag",
          [=](Scene& s) { s.AddFlagged(kind, named ? s.Name("name") : 0, 1); });
    }
  }
  t.Reject("a typedef with a bad name", "Invalid name",
           [](Scene& s) { s.Add(Kind::kTypedef, s.Name("a b"), s.number); });
  t.Accept("a type tag of any text",
           [](Scene& s) { s.Add(Kind::kTypeTag, s.Name("a b"), s.number); });
  t.Reject(
      "a chain back to its begin", "Loop detected",
      [](Scene& s) {
        s.Add(Kind::kConst, 0, 4);
        s.Add(Kind::kVolatile, 0, 5);
        s.Add(Kind::kPointer, 0, 3);
      },
      Status::kExists);
  const auto chain = [](uint32_t count) {
    return [=](Scene& s) {
      for (uint32_t i = 0; i + 1 < count; ++i) {
        s.Add(Kind::kConst, 0, 4 + i);
      }
      s.Add(Kind::kConst, 0, s.number);
    };
  };
  t.Accept("32 modifiers", chain(32));
  t.Reject("33 modifiers", "Exceeded max resolving depth:32", chain(33),
           Status::kTooBig);
  t.Accept("100 modifiers, the last ones first", [](Scene& s) {
    uint32_t last = s.number;
    for (int i = 0; i < 100; ++i) {
      last = s.Add(Kind::kConst, 0, last);
    }
  });
  t.Accept("type tags before modifiers", [](Scene& s) {
    const uint32_t constant = s.Add(Kind::kConst, 0, s.number);
    const uint32_t tag = s.Add(Kind::kTypeTag, s.Name("t"), constant);
    s.Add(Kind::kPointer, 0, s.Add(Kind::kTypeTag, s.Name("u"), tag));
  });
  t.Reject("a type tag behind a modifier", "Type tags don't precede modifiers",
           [](Scene& s) {
             const uint32_t tag = s.Add(Kind::kTypeTag, s.Name("t"), s.number);
             s.Add(Kind::kPointer, 0, s.Add(Kind::kConst, 0, tag));
           });
  t.Reject("a type tag behind a typedef", "Type tags don't precede modifiers",
           [](Scene& s) {
             const uint32_t tag = s.Add(Kind::kTypeTag, s.Name("t"), s.number);
             s.Add(Kind::kTypedef, s.Name("d"), tag);
           });
  t.Accept("a pointer to a function's prototype", [](Scene& s) {
    s.Add(Kind::kPointer, 0, s.Add(Kind::kFunctionProto, 0, 0));
  });
  t.Accept("a pointer to an earlier function",
           [](Scene& s) { s.Add(Kind::kPointer, 0, s.Function()); });
  t.Reject("a pointer to a later function", "Invalid type_id", [](Scene& s) {
    s.Add(Kind::kPointer, 0, 5);
    s.Function();
  });
}

void AddForwardCases(Table& t) {
  t.Accept("a struct's forward",
           [](Scene& s) { s.Add(Kind::kForward, s.Name("f"), 0); });
  t.Accept("a union's forward",
           [](Scene& s) { s.AddFlagged(Kind::kForward, s.Name("f"), 0); });
  t.Reject("a forward without a name", "Invalid name",
           [](Scene& s) { s.Add(Kind::kForward, 0, 0); });
  t.Reject("a forward with a bad name", "Invalid name",
           [](Scene& s) { s.Add(Kind::kForward, s.Name("9"), 0); });
  t.Reject("a forward with a type", "type != 0",
           [](Scene& s) { s.Add(Kind::kForward, s.Name("f"), 1); });
  t.Reject("a forward with vlen", "vlen != 0",
           [](Scene& s) { s.Add(Kind::kForward, s.Name("f"), 0, {}, 1); });
}

void AddArrayCases(Table& t) {
  const auto array = [](uint32_t element, uint32_t index, uint32_t count) {
    return
        [=](Scene& s) { s.Add(Kind::kArray, 0, 0, {element, index, count}); };
  };
  t.Accept("an array", array(1, 1, 4));
  t.Accept("an array of structs", array(2, 1, 4));
  t.Accept("an array of none", array(1, 1, 0));
  t.Accept("an array just below 4 GiB", array(1, 1, 0x3fffffff));
  t.Reject("an array of 4 GiB", "Array size overflows U32_MAX",
           array(1, 1, 0x40000000));
  t.Reject("an array of void", "Invalid elem", array(0, 1, 4));
  t.Reject("an array by void", "Invalid index", array(1, 0, 4));
  t.Reject("an array by a struct", "Invalid index", array(1, 2, 4));
  t.Reject("an array of nothing", "Invalid elem", array(9, 1, 4));
  t.Reject("an array by nothing", "Invalid index", array(1, 9, 4));
  t.Reject("an array of no possible type", "Invalid elem",
           array(kBeyondIds, 1, 4));
  t.Reject("an array of itself", "Loop detected", array(3, 1, 4),
           Status::kExists);
  t.Reject("an array with a name", "Invalid name",
           [](Scene& s) { s.Add(Kind::kArray, s.Name("a"), 0, {1, 1, 1}); });
  t.Reject("an array with a size", "size != 0",
           [](Scene& s) { s.Add(Kind::kArray, 0, 4, {1, 1, 1}); });
  t.Reject("an array with vlen", "vlen != 0",
           [](Scene& s) { s.Add(Kind::kArray, 0, 0, {1, 1, 1}, 1); });
  t.Reject("an array with kind_flag", "Invalid btf_info kind_flag",
           [](Scene& s) { s.AddFlagged(Kind::kArray, 0, 0, {1, 1, 1}); });
  t.Reject("an array of const void", "Invalid elem", [](Scene& s) {
    s.Add(Kind::kArray, 0, 0, {s.Add(Kind::kConst, 0, 0), 1, 1});
  });
  t.Reject("an array of a forward", "Invalid elem", [](Scene& s) {
    const uint32_t forward = s.Add(Kind::kForward, s.Name("f"), 0);
    s.Add(Kind::kArray, 0, 0, {forward, 1, 1});
  });
  t.Reject("an array of ints of 7 bits", "Invalid array of int", [](Scene& s) {
    const uint32_t odd = s.Add(Kind::kInt, s.Name("i"), 4, {7});
    s.Add(Kind::kArray, 0, 0, {odd, 1, 1});
  });
  t.Reject("an array by an int of 7 bits", "Invalid index", [](Scene& s) {
    const uint32_t odd = s.Add(Kind::kInt, s.Name("i"), 4, {7});
    s.Add(Kind::kArray, 0, 0, {1, odd, 1});
  });
  t.Accept("an array of arrays by a typedef", [](Scene& s) {
    const uint32_t index = s.Add(Kind::kTypedef, s.Name("d"), s.number);
    const uint32_t inner = s.Add(Kind::kArray, 0, 0, {1, index, 3});
    s.Add(Kind::kArray, 0, 0, {inner, index, 5});
  });
  t.Reject("an array of arrays of 4 GiB", "Array size overflows U32_MAX",
           [](Scene& s) {
             const uint32_t inner = s.Add(Kind::kArray, 0, 0, {1, 1, 1 << 16});
             s.Add(Kind::kArray, 0, 0, {inner, 1, 1 << 14});
           });
}

void AddStructCases(Table& t) {
  for (const Kind kind : {Kind::kStruct, Kind::kUnion}) {
    const std::string word = kind == Kind::kStruct ? "a struct" : "a union";
    const auto with = [=](uint32_t size, uint32_t type, uint32_t offset) {
      return [=](Scene& s) {
        s.Add(kind, s.Name("s"), size, {s.Name("m"), type, offset}, 1);
      };
    };
    t.Accept(word + " with a member", with(4, 1, 0));
    t.Accept(word + " of nothing", [=](Scene& s) { s.Add(kind, 0, 0); });
    t.Accept(word + " with a member without a name",
             [=](Scene& s) { s.Add(kind, 0, 16, {0, s.record, 0}, 1); });
    t.Reject(word + " with a bad name", "Invalid name",
             [=](Scene& s) { s.Add(kind, s.Name("a b"), 0); });
    t.Reject(
        word + " with a member of a bad name", "Invalid name",
        [=](Scene& s) { s.Add(kind, 0, 4, {s.Name("a b"), s.number, 0}, 1); });
    t.Reject(word + " with a member's name beyond the strings",
             "Invalid member name_offset:99999",
             [=](Scene& s) { s.Add(kind, 0, 4, {99999, s.number, 0}, 1); });
    t.Reject(word + " with a member of void", "Invalid type_id", with(4, 0, 0));
    t.Reject(word + " with a member of no possible type", "Invalid type_id",
             with(4, kBeyondIds, 0));
    t.Reject(word + " with a member of nothing", "Invalid member",
             with(4, 77, 0));
    t.Reject(word + " too small for an int", "Member exceeds struct_size",
             with(3, 1, 0));
    t.Reject(word + " too small for a struct", "Member exceeds struct_size",
             with(15, 2, 0));
    t.Reject(word + " with itself", "Loop detected", with(4, 3, 0),
             Status::kExists);
    t.Reject(word + " with a function", "Invalid member",
             [=](Scene& s) { s.Add(kind, 0, 8, {0, s.Function(), 0}, 1); });
    t.Reject(word + " with a variable", "Invalid member", [=](Scene& s) {
      s.Add(kind, 0, 8, {0, s.Variable(s.number), 0}, 1);
    });
  }
  const auto members = [](uint32_t size, std::vector<uint32_t> list) {
    return [=](Scene& s) {
      s.Add(Kind::kStruct, 0, size, list,
            static_cast<uint32_t>(list.size() / 3));
    };
  };
  t.Accept("members over each other", members(4, {0, 1, 0, 0, 1, 0}));
  t.Accept("members that overlap in part", members(6, {0, 1, 0, 0, 1, 16}));
  t.Reject("members out of order", "Invalid member bits_offset",
           members(8, {0, 1, 32, 0, 1, 0}));
  t.Reject("a member behind the struct",
           "Member bits_offset exceeds its struct size",
           members(4, {0, 1, 64}));
  t.Accept("an array of none at the end", [](Scene& s) {
    const uint32_t none = s.Add(Kind::kArray, 0, 0, {1, 1, 0});
    s.Add(Kind::kStruct, 0, 4, {0, 1, 0, 0, none, 32}, 2);
  });
  t.Reject("an array that is too long", "Member exceeds struct_size",
           [](Scene& s) {
             const uint32_t five = s.Add(Kind::kArray, 0, 0, {1, 1, 5});
             s.Add(Kind::kStruct, 0, 16, {0, five, 0}, 1);
           });
  t.Reject("a pointer at a bit", "Member is not byte aligned", [](Scene& s) {
    s.Add(Kind::kStruct, 0, 16, {0, s.Add(Kind::kPointer, 0, 1), 1}, 1);
  });
  t.Accept("a pointer at an odd byte", [](Scene& s) {
    s.Add(Kind::kStruct, 0, 9, {0, s.Add(Kind::kPointer, 0, 1), 8}, 1);
  });
  t.Reject("a pointer at the end", "Member exceeds struct_size", [](Scene& s) {
    s.Add(Kind::kStruct, 0, 8, {0, s.Add(Kind::kPointer, 0, 1), 8}, 1);
  });
  t.Accept("an int at a bit", members(8, {0, 1, 3}));
  t.Reject("a struct at a bit", "Member is not byte aligned",
           members(20, {0, 2, 3}));
  t.Reject("a member of const void", "Invalid member", [](Scene& s) {
    s.Add(Kind::kStruct, 0, 8, {0, s.Add(Kind::kConst, 0, 0), 0}, 1);
  });
  t.Reject("a member of a forward", "Invalid member", [](Scene& s) {
    const uint32_t forward = s.Add(Kind::kForward, s.Name("f"), 0);
    s.Add(Kind::kStruct, 0, 8, {0, forward, 0}, 1);
  });
  t.Accept("a struct with a pointer to itself", [](Scene& s) {
    s.Add(Kind::kStruct, 0, 8, {0, 4, 0}, 1);
    s.Add(Kind::kPointer, 0, 3);
  });
  t.Accept("a pointer to a struct with that pointer", [](Scene& s) {
    s.Add(Kind::kPointer, 0, 4);
    s.Add(Kind::kStruct, 0, 8, {0, 3, 0}, 1);
  });
  t.Reject(
      "two structs in each other", "Loop detected",
      [](Scene& s) {
        s.Add(Kind::kStruct, 0, 8, {0, 4, 0}, 1);
        s.Add(Kind::kUnion, 0, 8, {0, 3, 0}, 1);
      },
      Status::kExists);
  t.Reject(
      "a struct in an array in itself", "Loop detected",
      [](Scene& s) {
        s.Add(Kind::kStruct, 0, 8, {0, 4, 0}, 1);
        s.Add(Kind::kArray, 0, 0, {3, 1, 1});
      },
      Status::kExists);
  const auto nested = [](uint32_t count) {
    return [=](Scene& s) {
      for (uint32_t i = 0; i < count; ++i) {
        const uint32_t inner = i + 1 == count ? s.number : 4 + i;
        s.Add(Kind::kStruct, 0, 4, {0, inner, 0}, 1);
      }
    };
  };
  t.Accept("32 structs in each other", nested(32));
  t.Reject("33 structs in each other", "Exceeded max resolving depth:32",
           nested(33), Status::kTooBig);
  t.Accept("an int that begins at a bit, in a struct", [](Scene& s) {
    const uint32_t odd = s.Add(Kind::kInt, 0, 4, {3u << 16 | 7});
    s.Add(Kind::kStruct, 0, 4, {0, odd, 8}, 1);
  });
  t.Reject("17 bytes for an int", "nr_copy_bits exceeds 128", [](Scene& s) {
    const uint32_t wide = s.Add(Kind::kInt, 0, 16, {128});
    s.Add(Kind::kStruct, 0, 32, {0, wide, 1}, 1);
  });
}

void AddBitFieldCases(Table& t) {
  const auto field = [](uint32_t size, uint32_t type, uint32_t bits,
                        uint32_t offset) {
    return [=](Scene& s) {
      s.Add(Kind::kEnum, s.Name("e"), 4, {s.Name("E"), 1}, 1);  // 3
      s.Add(Kind::kPointer, 0, 1);                              // 4
      s.Add(Kind::kInt, s.Name("odd"), 4, {7});                 // 5
      s.Add(Kind::kFloat, s.Name("float"), 4);                  // 6
      s.Add(Kind::kTypedef, s.Name("d"), 1);                    // 7
      s.AddFlagged(Kind::kStruct, 0, size, {0, type, bits << 24 | offset}, 1);
    };
  };
  t.Accept("a bit field of an int", field(4, 1, 5, 3));
  t.Accept("a bit field of a typedef", field(4, 7, 5, 3));
  t.Accept("a bit field of an enum", field(4, 3, 5, 3));
  t.Accept("a whole int beside bit fields", field(4, 1, 0, 0));
  t.Accept("a whole enum beside bit fields", field(4, 3, 0, 0));
  t.Accept("a pointer beside bit fields", field(8, 4, 0, 0));
  t.Accept("a struct beside bit fields", field(16, 2, 0, 0));
  t.Accept("a bit field that ends with its struct", field(4, 1, 29, 3));
  t.Reject("a bit field beyond its struct", "Member exceeds struct_size",
           field(4, 1, 30, 3));
  t.Reject("a bit field wider than its int", "Invalid member bitfield_size",
           field(8, 1, 33, 0));
  t.Reject("a bit field wider than an enum", "Invalid member bitfield_size",
           field(8, 3, 33, 0));
  t.Reject("an enum's bit field beyond its struct",
           "Member exceeds struct_size", field(4, 3, 30, 3));
  t.Reject("a whole int at a bit", "Invalid member offset", field(8, 1, 0, 3));
  t.Reject("a whole enum at a bit", "Member is not byte aligned",
           field(8, 3, 0, 3));
  t.Reject("a bit field of a pointer", "Invalid member bitfield_size",
           field(8, 4, 3, 0));
  t.Reject("a bit field of a struct", "Invalid member bitfield_size",
           field(16, 2, 3, 0));
  t.Reject("a bit field of a float", "Invalid member bitfield_size",
           field(16, 6, 3, 0));
  t.Reject("a bit field of an odd int", "Invalid member base type",
           field(4, 5, 3, 0));
}

void AddEnumCases(Table& t) {
  for (const Kind kind : {Kind::kEnum, Kind::kEnum64}) {
    const bool wide = kind == Kind::kEnum64;
    const std::string word = wide ? "an enum64" : "an enum";
    const auto of_size = [=](uint32_t size) {
      return [=](Scene& s) {
        std::vector<uint32_t> value = {s.Name("E"), 7};
        if (wide) {
          value.push_back(0);
        }
        s.Add(kind, s.Name("e"), size, value, 1);
      };
    };
    for (const uint32_t size : {1u, 2u, 4u, 8u}) {
      t.Accept(word + " of " + std::to_string(size), of_size(size));
    }
    for (const uint32_t size : {0u, 3u, 16u}) {
      t.Reject(word + " of " + std::to_string(size), "Unexpected size",
               of_size(size));
    }
    t.Accept(word + " of nothing", [=](Scene& s) { s.Add(kind, 0, 4); });
    t.Accept(word + " with kind_flag",
             [=](Scene& s) { s.AddFlagged(kind, 0, 4); });
    t.Reject(word + " with a bad name", "Invalid name",
             [=](Scene& s) { s.Add(kind, s.Name("1"), 4); });
    t.Reject(word + " with a value without a name", "Invalid name",
             [=](Scene& s) { s.Add(kind, 0, 4, {0, 1, 0}, 1); });
    t.Reject(word + " with a value's bad name", "Invalid name",
             [=](Scene& s) { s.Add(kind, 0, 4, {s.Name("1"), 1, 0}, 1); });
    t.Reject(word + " with a value's name beyond the strings",
             "Invalid name_offset:99999",
             [=](Scene& s) { s.Add(kind, 0, 4, {99999, 1, 0}, 1); });
  }
}

void AddFunctionCases(Table& t) {
  t.Accept("a static function", [](Scene& s) { s.Function(0); });
  t.Accept("a global function", [](Scene& s) { s.Function(1); });
  t.Reject("an extern function", "Invalid func linkage",
           [](Scene& s) { s.Function(2); });
  t.Reject("a function without a name", "Invalid name", [](Scene& s) {
    s.Add(Kind::kFunction, 0, s.Add(Kind::kFunctionProto, 0, 0));
  });
  t.Reject("a function with a bad name", "Invalid name", [](Scene& s) {
    const uint32_t proto = s.Add(Kind::kFunctionProto, 0, 0);
    s.Add(Kind::kFunction, s.Name("a b"), proto);
  });
  t.Reject("a function of an int", "Invalid type_id",
           [](Scene& s) { s.Add(Kind::kFunction, s.Name("f"), s.number); });
  t.Reject("a function of nothing", "Invalid type_id",
           [](Scene& s) { s.Add(Kind::kFunction, s.Name("f"), 99); });
  t.Reject("a function with kind_flag", "Invalid btf_info kind_flag",
           [](Scene& s) {
             const uint32_t proto = s.Add(Kind::kFunctionProto, 0, 0);
             s.AddFlagged(Kind::kFunction, s.Name("f"), proto);
           });
  t.Reject("a function whose parameter has no name", "Invalid arg#1",
           [](Scene& s) {
             const uint32_t proto =
                 s.Add(Kind::kFunctionProto, 0, 0, {0, s.number}, 1);
             s.Add(Kind::kFunction, s.Name("f"), proto);
           });
  const auto proto = [](uint32_t result, std::vector<uint32_t> parameters) {
    return [=](Scene& s) {
      s.Add(Kind::kFunctionProto, 0, result, parameters,
            static_cast<uint32_t>(parameters.size() / 2));
    };
  };
  t.Accept("a prototype of void", proto(0, {}));
  t.Accept("a prototype of \"...\"", proto(1, {0, 0}));
  t.Accept("a prototype with an int and \"...\"", proto(1, {0, 1, 0, 0}));
  t.Accept("a prototype that takes a struct", proto(2, {0, 2}));
  t.Reject("\"...\" with a name", "Invalid arg#1", [](Scene& s) {
    s.Add(Kind::kFunctionProto, 0, 0, {s.Name("x"), 0}, 1);
  });
  t.Reject("\"...\" before others", "Invalid arg#1", proto(0, {0, 0, 0, 1}));
  t.Reject("a parameter of nothing", "Invalid arg#2", proto(0, {0, 1, 0, 99}));
  t.Reject("a result of nothing", "Invalid return type", proto(99, {}));
  t.Reject("a parameter with a bad name", "Invalid arg#1", [](Scene& s) {
    s.Add(Kind::kFunctionProto, 0, 0, {s.Name("a b"), s.number}, 1);
  });
  t.Reject("a parameter's name beyond the strings", "Invalid arg#1",
           proto(0, {99999, 1}));
  t.Reject("a prototype with a name", "Invalid name",
           [](Scene& s) { s.Add(Kind::kFunctionProto, s.Name("p"), 0); });
  t.Reject("a prototype with kind_flag", "Invalid btf_info kind_flag",
           [](Scene& s) { s.AddFlagged(Kind::kFunctionProto, 0, 0); });
  t.Reject("a parameter of a forward", "Invalid arg#1", [](Scene& s) {
    const uint32_t forward = s.Add(Kind::kForward, s.Name("f"), 0);
    s.Add(Kind::kFunctionProto, 0, 0, {0, forward}, 1);
  });
  t.Reject("a result of const void", "Invalid return type", [](Scene& s) {
    s.Add(Kind::kFunctionProto, 0, s.Add(Kind::kConst, 0, 0));
  });
  t.Reject("a result of a variable", "Invalid return type", [](Scene& s) {
    s.Add(Kind::kFunctionProto, 0, s.Variable(s.number));
  });
  t.Reject(
      "a parameter that loops", "Loop detected",
      [](Scene& s) {
        s.Add(Kind::kFunctionProto, 0, 0, {0, 4}, 1);
        s.Add(Kind::kConst, 0, 4);
      },
      Status::kExists);
}

void AddVariableCases(Table& t) {
  const auto variable = [](uint32_t type, uint32_t linkage) {
    return
        [=](Scene& s) { s.Add(Kind::kVariable, s.Name("v"), type, {linkage}); };
  };
  t.Accept("a static variable", variable(1, 0));
  t.Accept("a global variable", variable(1, 1));
  t.Reject("an extern variable", "Linkage not supported", variable(1, 2));
  t.Reject("a variable of void", "Invalid type_id", variable(0, 1));
  t.Reject("a variable of nothing", "Invalid type_id", variable(99, 1));
  t.Reject("a variable of itself", "Invalid type_id", variable(3, 1));
  t.Reject("a variable with kind_flag", "Invalid btf_info kind_flag",
           [](Scene& s) {
             s.AddFlagged(Kind::kVariable, s.Name("v"), s.number, {1});
           });
  t.Reject("a variable with vlen", "vlen != 0", [](Scene& s) {
    s.Add(Kind::kVariable, s.Name("v"), s.number, {1}, 1);
  });
  t.Reject("a variable without a name", "Invalid name",
           [](Scene& s) { s.Add(Kind::kVariable, 0, s.number, {1}); });
  t.Reject("a variable of const void", "Invalid type_id", [](Scene& s) {
    const uint32_t constant = s.Add(Kind::kConst, 0, 0);
    s.Add(Kind::kVariable, s.Name("v"), constant, {1});
  });
  t.Reject("a variable of a function", "Invalid type_id", [](Scene& s) {
    s.Add(Kind::kVariable, s.Name("v"), s.Function(), {1});
  });
}

void AddSectionCases(Table& t) {
  const auto section = [](uint32_t size, std::vector<uint32_t> entries) {
    return [=](Scene& s) {
      s.Variable(s.number);  // 3
      s.Variable(s.number);  // 4
      s.Add(Kind::kDataSection, s.Name(".data"), size, entries,
            static_cast<uint32_t>(entries.size() / 3));
    };
  };
  t.Accept("a section of two variables", section(8, {3, 0, 4, 4, 4, 4}));
  t.Accept("a section of none", section(8, {}));
  t.Accept("a variable with room", section(8, {3, 0, 8}));
  t.Reject("a section of no size", "size == 0", section(0, {3, 0, 4}));
  t.Reject("variables out of order", "Invalid offset",
           section(8, {3, 4, 4, 4, 0, 4}));
  t.Reject("variables that overlap", "Invalid offset",
           section(8, {3, 0, 4, 4, 3, 4}));
  t.Reject("a variable behind its section", "Invalid offset",
           section(8, {3, 8, 4}));
  t.Reject("a variable of no bytes", "Invalid size", section(8, {3, 0, 0}));
  t.Reject("a variable larger than its section", "Invalid size",
           section(8, {3, 0, 9}));
  t.Reject("a variable beyond its section", "Invalid offset+size",
           section(8, {3, 6, 4}));
  t.Reject("a variable smaller than its type", "Invalid size",
           section(8, {3, 0, 3}));
  t.Reject("a section of void", "Invalid type_id", section(8, {0, 0, 4}));
  t.Reject("a section of ints", "Not a VAR kind member", section(8, {1, 0, 4}));
  t.Reject("a section of nothing", "Not a VAR kind member",
           section(8, {99, 0, 4}));
  t.Reject(
      "a section with kind_flag", "Invalid btf_info kind_flag",
      [](Scene& s) { s.AddFlagged(Kind::kDataSection, s.Name(".data"), 4); });
}

void AddFloatCases(Table& t) {
  for (const uint32_t size : {2u, 4u, 8u, 12u, 16u}) {
    t.Accept("a float of " + std::to_string(size),
             [=](Scene& s) { s.Add(Kind::kFloat, s.Name("f"), size); });
  }
  for (const uint32_t size : {0u, 1u, 3u, 10u, 32u}) {
    t.Reject("a float of " + std::to_string(size), "Invalid type_size",
             [=](Scene& s) { s.Add(Kind::kFloat, s.Name("f"), size); });
  }
  t.Accept("a float without a name",
           [](Scene& s) { s.Add(Kind::kFloat, 0, 4); });
  t.Reject("a float with vlen", "vlen != 0",
           [](Scene& s) { s.Add(Kind::kFloat, s.Name("f"), 4, {}, 1); });
  t.Reject("a float with kind_flag", "Invalid btf_info kind_flag",
           [](Scene& s) { s.AddFlagged(Kind::kFloat, s.Name("f"), 4); });
  const auto in_struct = [](uint32_t size, uint32_t offset) {
    return [=](Scene& s) {
      const uint32_t real = s.Add(Kind::kFloat, s.Name("f"), size);
      s.Add(Kind::kStruct, 0, 32, {0, real, offset}, 1);
    };
  };
  t.Accept("a float at its size", in_struct(4, 32));
  t.Accept("a long double at 8", in_struct(16, 64));
  t.Reject("a float at half its size", "Member is not properly aligned",
           in_struct(4, 16));
  t.Reject("a double at 4", "Member is not properly aligned", in_struct(8, 32));
  t.Reject("a float beyond its struct", "Member exceeds struct_size",
           in_struct(16, 192));
}

void AddTagCases(Table& t) {
  const auto tag = [](uint32_t type, uint32_t component) {
    return [=](Scene& s) {
      s.Function();                                  // 3 and 4
      s.Variable(s.number);                          // 5
      s.Add(Kind::kTypedef, s.Name("d"), s.number);  // 6
      s.Add(Kind::kDeclTag, s.Name("tag"), type, {component});
    };
  };
  t.Accept("a tag on a struct", tag(2, kNone));
  t.Accept("a tag on a member", tag(2, 1));
  t.Accept("a tag on a function", tag(4, kNone));
  t.Accept("a tag on a parameter", tag(4, 0));
  t.Accept("a tag on a variable", tag(5, kNone));
  t.Accept("a tag on a typedef", tag(6, kNone));
  t.Reject("a tag on no member", "Invalid component_idx", tag(2, 2));
  t.Reject("a tag on no parameter", "Invalid component_idx", tag(4, 1));
  t.Reject("a tag on a variable's part", "Invalid component_idx", tag(5, 0));
  t.Reject("a tag on a typedef's part", "Invalid component_idx", tag(6, 0));
  t.Reject("a tag on component -2", "Invalid component_idx",
           tag(2, 0xfffffffe));
  t.Reject("a tag on an int", "Invalid type_id", tag(1, kNone));
  t.Reject("a tag on a prototype", "Invalid type_id", tag(3, kNone));
  t.Reject("a tag on void", "Invalid type_id", tag(0, kNone));
  t.Reject("a tag on nothing", "Invalid type_id", tag(99, kNone));
  t.Reject("a tag on itself", "Invalid type_id", tag(7, kNone));
  t.Reject("a tag of no text", "Invalid value",
           [](Scene& s) { s.Add(Kind::kDeclTag, 0, s.record, {kNone}); });
  t.Reject("a tag with vlen", "vlen != 0", [](Scene& s) {
    s.Add(Kind::kDeclTag, s.Name("t"), s.record, {kNone}, 1);
  });
}

}  // namespace

std::vector<ValidateCase> ValidateCases() {
  Table table;
  AddHeaderCases(table);
  AddCommonCases(table);
  AddNameCases(table);
  AddIntCases(table);
  AddReferenceCases(table);
  AddForwardCases(table);
  AddArrayCases(table);
  AddStructCases(table);
  AddBitFieldCases(table);
  AddEnumCases(table);
  AddFunctionCases(table);
  AddVariableCases(table);
  AddSectionCases(table);
  AddFloatCases(table);
  AddTagCases(table);
  return table.Take();
}

}  // namespace ebpf::btf
