// SPDX-License-Identifier: MIT
//
// The length decoder: one table per opcode map says what follows the opcode,
// one letter per opcode. [intel/vol2: Opcode Map, Instruction Format]
//
//   .  nothing               x  no such instruction in 64-bit mode
//   m  ModRM                 p  a prefix or an escape, handled before
//   b  8-bit immediate       z  16 or 32 bits (with prefix 66: 16)
//   B  ModRM and b           Z  ModRM and z
//   w  16-bit immediate      v  as z, 64 bits with REX.W
//   e  16 and 8 bits         o  address as wide as addresses are
//   j  8-bit branch          J  32-bit branch
//   r  ModRM, its mod field ignored (control and debug registers)
//   g  ModRM; operands by its reg field (groups 3)
//   E  8-bit twice or none (SSE4a), by prefix
#include "arch/x86_64/insn_decoder.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::x86_64 {
namespace {

constexpr char kOneByteMap[] =
    "mmmmbzxxmmmmbzxp"  // 00
    "mmmmbzxxmmmmbzxx"  // 10
    "mmmmbzpxmmmmbzpx"  // 20
    "mmmmbzpxmmmmbzpx"  // 30
    "pppppppppppppppp"  // 40: REX
    "................"  // 50
    "xxpmppppzZbB...."  // 60
    "jjjjjjjjjjjjjjjj"  // 70
    "BZxBmmmmmmmmmmmm"  // 80
    "..........x....."  // 90
    "oooo....bz......"  // a0
    "bbbbbbbbvvvvvvvv"  // b0
    "BBw.ppBZe.w..bx."  // c0
    "mmmmxxx.mmmmmmmm"  // d0
    "jjjjbbbbJJxj...."  // e0
    "p.pp..gg......mm"  // f0
    ;
constexpr char k0fMap[] =
    "mmmmx.....x.xm.B"  // 00
    "mmmmmmmmmmmmmmmm"  // 10
    "rrrrxxxxmmmmmmmm"  // 20
    "......x.pxpxxxxx"  // 30
    "mmmmmmmmmmmmmmmm"  // 40
    "mmmmmmmmmmmmmmmm"  // 50
    "mmmmmmmmmmmmmmmm"  // 60
    "BBBBmmm.Emxxmmmm"  // 70
    "JJJJJJJJJJJJJJJJ"  // 80
    "mmmmmmmmmmmmmmmm"  // 90
    "...mBmxx...mBmmm"  // a0
    "mmmmmmmmmmBmmmmm"  // b0
    "mmBmBBBm........"  // c0
    "mmmmmmmmmmmmmmmm"  // d0
    "mmmmmmmmmmmmmmmm"  // e0
    "mmmmmmmmmmmmmmmm"  // f0
    ;
constexpr char k0f38Map[] =
    "mmmmmmmmmmmmxxxx"  // 00
    "mxxxmmxmxxxxmmmx"  // 10
    "mmmmmmxxmmmmxxxx"  // 20
    "mmmmmmxmmmmmmmmm"  // 30
    "mmxxxxxxxxxxxxxx"  // 40
    "xxxxxxxxxxxxxxxx"  // 50
    "xxxxxxxxxxxxxxxx"  // 60
    "xxxxxxxxxxxxxxxx"  // 70
    "mmmxxxxxxxxxxxxx"  // 80
    "xxxxxxxxxxxxxxxx"  // 90
    "xxxxxxxxxxxxxxxx"  // a0
    "xxxxxxxxxxxxxxxx"  // b0
    "xxxxxxxxmmmmmmxm"  // c0
    "xxxxxxxxmxxmmmmm"  // d0
    "xxxxxxxxxxxxxxxx"  // e0
    "mmxxxmmxmmmmmxxx"  // f0
    ;
constexpr char k0f3aMap[] =
    "xxxxxxxxBBBBBBBB"  // 00
    "xxxxBBBBxxxxxxxx"  // 10
    "BBBxxxxxxxxxxxxx"  // 20
    "xxxxxxxxxxxxxxxx"  // 30
    "BBBxBxxxxxxxxxxx"  // 40
    "xxxxxxxxxxxxxxxx"  // 50
    "BBBBxxxxxxxxxxxx"  // 60
    "xxxxxxxxxxxxxxxx"  // 70
    "xxxxxxxxxxxxxxxx"  // 80
    "xxxxxxxxxxxxxxxx"  // 90
    "xxxxxxxxxxxxxxxx"  // a0
    "xxxxxxxxxxxxxxxx"  // b0
    "xxxxxxxxxxxxBxBB"  // c0
    "xxxxxxxxxxxxxxxB"  // d0
    "xxxxxxxxxxxxxxxx"  // e0
    "BxxxxxxxxxxxxxxB"  // f0
    ;
static_assert(sizeof(kOneByteMap) == 257 && sizeof(k0fMap) == 257);
static_assert(sizeof(k0f38Map) == 257 && sizeof(k0f3aMap) == 257);

/// Reads the bytes of one instruction, in order. A byte that is not there is
/// read as 0 and makes the whole bad.
class Reader {
 public:
  explicit Reader(ConstBytes code)
      : code_(code.First(Min<size_t>(code.size(), DecodedInsn::kMaxSize))) {}

  bool good() const { return offset_ <= code_.size(); }
  uint8_t offset() const { return static_cast<uint8_t>(offset_); }

  uint8_t Peek(size_t ahead = 0) const {
    return offset_ + ahead < code_.size() ? code_[offset_ + ahead] : uint8_t{0};
  }
  uint8_t Next() {
    const uint8_t byte = Peek();
    ++offset_;
    return byte;
  }
  void Skip(unsigned count) { offset_ += count; }

 private:
  ConstBytes code_;
  size_t offset_ = 0;
};

void ReadPrefixes(Reader& reader, DecodedInsn& insn) {
  while (reader.good()) {
    const uint8_t byte = reader.Peek();
    switch (byte) {
      case 0x66:
        insn.operand_size_16 = true;
        break;
      case 0x67:
        insn.address_size_32 = true;
        break;
      case 0xf0:
        insn.lock = true;
        break;
      case 0xf2:
      case 0xf3:
        insn.repeat = byte;
        break;
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e:
      case 0x64:
      case 0x65:
        break;
      default:
        // REX counts only right before the opcode.
        if ((byte & 0xf0) != 0x40) {
          return;
        }
        insn.rex = byte;
        insn.rex_offset = reader.offset();
        reader.Skip(1);
        continue;
    }
    insn.rex = 0;
    reader.Skip(1);
    insn.rex_offset = reader.offset();
  }
}

/// VEX and EVEX take the place of these prefixes, and must not follow them.
bool HasLegacyPrefix(const DecodedInsn& insn) {
  return insn.rex != 0 || insn.operand_size_16 || insn.lock || insn.repeat != 0;
}

bool ReadVex(Reader& reader, DecodedInsn& insn) {
  insn.encoding = InsnEncoding::kVex;
  const bool short_form = reader.Next() == 0xc5;
  const uint8_t first = reader.Next();
  uint8_t last = first;
  unsigned map = 1;
  insn.rex = first & 0x80 ? 0 : 4;
  if (!short_form) {
    last = reader.Next();
    map = first & 31;
    insn.rex = static_cast<uint8_t>((~first >> 5 & 7) | (last >> 4 & 8));
  }
  insn.vvvv = ~last >> 3 & 15;
  insn.map = static_cast<OpcodeMap>(map);
  return map >= 1 && map <= 3;
}

bool ReadEvex(Reader& reader, DecodedInsn& insn) {
  insn.encoding = InsnEncoding::kEvex;
  reader.Skip(1);
  const uint8_t p0 = reader.Next();
  const uint8_t p1 = reader.Next();
  reader.Skip(1);
  const unsigned map = p0 & 7;
  insn.rex = static_cast<uint8_t>((~p0 >> 5 & 7) | (p1 >> 4 & 8));
  insn.vvvv = ~p1 >> 3 & 15;
  insn.map = static_cast<OpcodeMap>(map);
  const bool reserved_bits_right = (p0 & 8) == 0 && (p1 & 4) != 0;
  return reserved_bits_right && map >= 1 && map <= 6 && map != 4;
}

/// Whether VEX or EVEX instructions of map 0f may have this opcode. Elsewhere
/// in that map one CPU family had branches.
bool IsVectorOpcode(uint8_t opcode) {
  switch (opcode >> 4) {
    case 0x1:
      return opcode < 0x18;
    case 0x2:
      return opcode >= 0x28;
    case 0x9:
      return opcode < 0x94 || opcode == 0x98 || opcode == 0x99;
    case 0xa:
      return opcode == 0xae;
    case 0xc:
      return opcode == 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6);
    case 0x0:
    case 0x3:
    case 0x8:
    case 0xb:
      return false;
    default:
      return true;
  }
}

/// What follows the opcode of a VEX or EVEX instruction, as in the tables.
char VectorOperands(const DecodedInsn& insn) {
  if (insn.map == OpcodeMap::k0f3a) {
    return 'B';
  }
  if (insn.map != OpcodeMap::k0f) {
    return 'm';
  }
  if (!IsVectorOpcode(insn.opcode)) {
    return 'x';
  }
  switch (insn.opcode) {
    case 0x77:
      return insn.encoding == InsnEncoding::kVex ? '.' : 'x';
    case 0x70:
    case 0x71:
    case 0x72:
    case 0x73:
    case 0xc2:
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return 'B';
    default:
      return 'm';
  }
}

void ReadOpcode(Reader& reader, DecodedInsn& insn) {
  insn.opcode_offset = reader.offset();
  insn.opcode = reader.Next();
}

/// Reads up to the opcode; what follows it, as in the tables.
char ReadUpToOpcode(Reader& reader, DecodedInsn& insn) {
  ReadPrefixes(reader, insn);
  const uint8_t byte = reader.Peek();
  if (byte == 0xc4 || byte == 0xc5 || byte == 0x62) {
    if (HasLegacyPrefix(insn) ||
        !(byte == 0x62 ? ReadEvex(reader, insn) : ReadVex(reader, insn))) {
      return 'x';
    }
    ReadOpcode(reader, insn);
    return VectorOperands(insn);
  }
  insn.map = OpcodeMap::kOneByte;
  const char* table = kOneByteMap;
  if (byte == 0x0f) {
    reader.Skip(1);
    insn.map = OpcodeMap::k0f;
    table = k0fMap;
    if (reader.Peek() == 0x38 || reader.Peek() == 0x3a) {
      insn.map = reader.Peek() == 0x38 ? OpcodeMap::k0f38 : OpcodeMap::k0f3a;
      table = reader.Peek() == 0x38 ? k0f38Map : k0f3aMap;
      reader.Skip(1);
    }
  }
  ReadOpcode(reader, insn);
  return table[insn.opcode];
}

void ReadModRm(Reader& reader, DecodedInsn& insn, bool ignore_mod) {
  insn.modrm_offset = reader.offset();
  insn.modrm = reader.Next();
  if (ignore_mod || insn.mod() == 3) {
    return;
  }
  bool base_is_displacement = insn.rm_field() == 5;
  if (insn.rm_field() == 4) {
    insn.sib = reader.Next();
    base_is_displacement = (insn.sib & 7) == 5;
  }
  if (insn.mod() == 1) {
    insn.displacement_size = 1;
  } else if (insn.mod() == 2 || base_is_displacement) {
    insn.displacement_size = 4;
  }
  if (insn.displacement_size != 0) {
    insn.displacement_offset = reader.offset();
    reader.Skip(insn.displacement_size);
  }
}

unsigned ImmediateSize(char operands, const DecodedInsn& insn) {
  const unsigned z = insn.operand_size_16 && !insn.rex_w() ? 2 : 4;
  switch (operands) {
    case 'b':
    case 'B':
    case 'j':
      return 1;
    case 'z':
    case 'Z':
      return z;
    case 'v':
      return insn.rex_w() ? 8 : z;
    case 'w':
      return 2;
    case 'e':
      return 3;
    case 'o':
      return insn.address_size_32 ? 4 : 8;
    case 'J':
      return 4;
    case 'g':
      if (insn.reg_field() > 1) {
        return 0;
      }
      return insn.opcode == 0xf6 ? 1 : z;
    case 'E':
      return insn.operand_size_16 || insn.repeat == 0xf2 ? 2 : 0;
    default:
      return 0;
  }
}

/// A few combinations that the tables cannot tell.
bool Exists(const DecodedInsn& insn) {
  if (insn.encoding != InsnEncoding::kLegacy) {
    return true;
  }
  const bool one_byte = insn.map == OpcodeMap::kOneByte;
  const unsigned reg = insn.reg_field();
  const uint8_t opcode = insn.opcode;
  if (one_byte && opcode == 0x8f) {
    return reg == 0;  // the rest is AMD's XOP
  }
  if (one_byte && (opcode == 0xfe || opcode == 0xff)) {
    return reg < (opcode == 0xfe ? 2 : 7);
  }
  if (one_byte && (opcode == 0xc6 || opcode == 0xc7)) {
    return reg == 0 || insn.modrm == 0xf8;  // xabort, xbegin
  }
  // A near branch with prefix 66 is shorter on AMD's CPUs than on Intel's, but
  // not with REX.W, as calls of __tls_get_addr have it.
  const bool near = (one_byte && (opcode == 0xe8 || opcode == 0xe9)) ||
                    (insn.map == OpcodeMap::k0f && (opcode & 0xf0) == 0x80);
  if (near && insn.operand_size_16 && !insn.rex_w()) {
    return false;
  }
  // JMPE of another architecture.
  return !(insn.map == OpcodeMap::k0f && opcode == 0xb8 && insn.repeat != 0xf3);
}

}  // namespace

Result<DecodedInsn> DecodeInsn(ConstBytes code) {
  Reader reader(code);
  DecodedInsn insn = {};
  const char operands = ReadUpToOpcode(reader, insn);
  if (operands == 'x' || operands == 'p') {
    return Status::kBadSequence;
  }
  const bool has_modrm = operands == 'm' || operands == 'B' ||
                         operands == 'Z' || operands == 'r' ||
                         operands == 'g' || operands == 'E';
  if (has_modrm) {
    ReadModRm(reader, insn, operands == 'r');
  }
  const unsigned immediate_size = ImmediateSize(operands, insn);
  if (immediate_size != 0) {
    insn.immediate_offset = reader.offset();
    insn.immediate_size = static_cast<uint8_t>(immediate_size);
    reader.Skip(immediate_size);
  }
  insn.size = reader.offset();
  if (!reader.good() || !Exists(insn)) {
    return Status::kBadSequence;
  }
  return insn;
}

int64_t LoadSigned(const uint8_t* at, unsigned size) {
  uint64_t value = 0;
  CopyBytes(&value, at, size);
  return size == 0 ? 0 : SignExtend(value, size * 8);
}

}  // namespace ebpf::x86_64
