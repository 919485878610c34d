#include "amx_emulator.h"

#if defined(__x86_64__)

#include <signal.h>
#include <ucontext.h>

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "base/cpu.h"

namespace clip4j::test {
namespace {

// What LDTILECFG reads and STTILECFG writes.
struct Configuration {
  uint8_t palette, start_row, reserved[14];
  uint16_t line_bytes[16];
  uint8_t lines[16];
};
static_assert(sizeof(Configuration) == 64);

constexpr int kTiles = 8;
constexpr int kLines = 16;
constexpr int kLineBytes = 64;

thread_local Configuration configuration;
thread_local uint8_t tiles[kTiles][kLines][kLineBytes];

// What the CPU would end the process for.
void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "AMX: %s\n", what);
  std::abort();
}

void configure(const Configuration& wanted) {
  const uint8_t zeros[sizeof(Configuration)] = {};
  require(wanted.palette <= 1, "no such palette");
  require(std::memcmp(wanted.reserved, zeros, sizeof(wanted.reserved)) == 0, "reserved bytes are not 0");
  for (int tile = 0; tile < 16; ++tile) {
    const int lines = wanted.lines[tile], bytes = wanted.line_bytes[tile];
    require(tile < kTiles || (lines == 0 && bytes == 0), "a tile that does not exist is configured");
    require(lines <= kLines && bytes <= kLineBytes, "a tile is too large");
    require((lines == 0) == (bytes == 0), "a tile has lines or bytes, not both");
  }
  configuration = wanted;
  std::memset(tiles, 0, sizeof(tiles));
}

void require_configured(int tile) {
  require(configuration.palette == 1, "tiles are not configured");
  require(tile < kTiles && configuration.lines[tile] > 0, "a tile that is not configured is used");
}

void load(int tile, const uint8_t* from, int64_t stride) {
  require_configured(tile);
  std::memset(tiles[tile], 0, sizeof(tiles[tile]));
  for (int line = 0; line < configuration.lines[tile]; ++line)
    std::memcpy(tiles[tile][line], from + line * stride, configuration.line_bytes[tile]);
}

void store(int tile, uint8_t* to, int64_t stride) {
  require_configured(tile);
  for (int line = 0; line < configuration.lines[tile]; ++line)
    std::memcpy(to + line * stride, tiles[tile][line], configuration.line_bytes[tile]);
}

void require_factors(int sums, int a, int b) {
  for (const int tile : {sums, a, b}) {
    require_configured(tile);
    require(configuration.line_bytes[tile] % 4 == 0, "a line is not whole dwords");
  }
  require(sums != a && sums != b && a != b, "a tile is used twice");
  require(configuration.lines[sums] == configuration.lines[a],
          "the first factor has not as many lines as the sums");
  require(configuration.line_bytes[sums] == configuration.line_bytes[b],
          "the second factor is not as wide as the sums");
  require(configuration.line_bytes[a] / 4 == configuration.lines[b], "the factors do not fit together");
}

// TDPBSUD and TDPBUSD, by the types of their factors' bytes.
template <typename A, typename B>
void multiply_bytes(int sums, int a, int b) {
  require_factors(sums, a, b);
  const int columns = configuration.line_bytes[sums] / 4;
  for (int m = 0; m < configuration.lines[sums]; ++m) {
    uint32_t line[kLineBytes / 4] = {};
    std::memcpy(line, tiles[sums][m], static_cast<size_t>(columns) * 4);
    for (int k = 0; k < configuration.lines[b]; ++k) {
      for (int n = 0; n < columns; ++n) {
        for (int i = 0; i < 4; ++i) {
          const int product = static_cast<A>(tiles[a][m][4 * k + i]) * static_cast<B>(tiles[b][k][4 * n + i]);
          line[n] += static_cast<uint32_t>(product);
        }
      }
    }
    std::memcpy(tiles[sums][m], line, sizeof(line));  // zeros after the last column
  }
}

float flushed(float value) { return std::abs(value) < FLT_MIN ? std::copysign(0.0F, value) : value; }

float from_bf16(const uint8_t* half) {
  const uint32_t bits = static_cast<uint32_t>(half[0] | half[1] << 8) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return flushed(value);
}

// TDPBF16PS: products of even and of odd places are summed up apart. Denormals count as zeros.
void multiply_bf16(int sums, int a, int b) {
  require_factors(sums, a, b);
  const int columns = configuration.line_bytes[sums] / 4;
  for (int m = 0; m < configuration.lines[sums]; ++m) {
    float line[kLineBytes / 4] = {};
    std::memcpy(line, tiles[sums][m], static_cast<size_t>(columns) * 4);
    for (int n = 0; n < columns; ++n) {
      float parts[2] = {};
      for (int k = 0; k < configuration.lines[b]; ++k) {
        for (int i = 0; i < 2; ++i) {
          parts[i] = flushed(std::fma(from_bf16(&tiles[a][m][4 * k + 2 * i]),
                                      from_bf16(&tiles[b][k][4 * n + 2 * i]), parts[i]));
        }
      }
      line[n] = flushed(flushed(line[n]) + flushed(parts[0] + parts[1]));
    }
    std::memcpy(tiles[sums][m], line, sizeof(line));
  }
}

// An instruction with a three-byte VEX prefix, as all of AMX have, and the registers before it.
class Instruction {
 public:
  Instruction(const uint8_t* at, const greg_t* registers) : at_(at), registers_(registers) {}

  // False when it is none of those that are emulated.
  bool run() {
    const bool amx = at_[0] == 0xC4 && (at_[1] & 0x1F) == 2 && (at_[2] & 0x84) == 0;  // 0F38, W0, L0
    return amx && (mod() == 3 ? run_on_registers() : run_on_memory());
  }

  int64_t size() const { return size_; }

 private:
  enum Prefix { kNone, k66, kF3, kF2 };
  Prefix prefix() const { return static_cast<Prefix>(at_[2] & 3); }
  int opcode() const { return at_[3]; }
  int mod() const { return at_[4] >> 6; }
  int reg() const { return (at_[4] >> 3 & 7) | (at_[1] & 0x80 ? 0 : 8); }
  int rm() const { return (at_[4] & 7) | (at_[1] & 0x20 ? 0 : 8); }
  int vvvv() const { return ~(at_[2] >> 3) & 15; }
  bool has_sib() const { return (at_[4] & 7) == 4; }

  bool run_on_registers() {
    size_ = 5;
    if (opcode() == 0x5E && prefix() == kF3) {
      multiply_bytes<int8_t, uint8_t>(reg(), rm(), vvvv());
    } else if (opcode() == 0x5E && prefix() == k66) {
      multiply_bytes<uint8_t, int8_t>(reg(), rm(), vvvv());
    } else if (opcode() == 0x5C && prefix() == kF3) {
      multiply_bf16(reg(), rm(), vvvv());
    } else if (opcode() == 0x49 && prefix() == kF2 && vvvv() == 0) {
      require_configured(reg());
      std::memset(tiles[reg()], 0, sizeof(tiles[0]));
    } else if (opcode() == 0x49 && prefix() == kNone && at_[4] == 0xC0 && vvvv() == 0) {
      configure({});
    } else {
      return false;
    }
    return true;
  }

  bool run_on_memory() {
    uint8_t* address = reinterpret_cast<uint8_t*>(read_address());
    if (opcode() == 0x49 && prefix() == kNone && reg() == 0) {
      Configuration wanted;
      std::memcpy(&wanted, address, sizeof(wanted));
      configure(wanted);
    } else if (opcode() == 0x49 && prefix() == k66 && reg() == 0) {
      std::memcpy(address, &configuration, sizeof(configuration));
    } else if (opcode() == 0x4B && prefix() == kF2 && has_sib()) {
      load(reg(), address, stride_);
    } else if (opcode() == 0x4B && prefix() == kF3 && has_sib()) {
      store(reg(), address, stride_);
    } else {
      return false;
    }
    return true;
  }

  // The operand's address without its index, which is the stride of tiles; and how long the instruction is.
  int64_t read_address() {
    const bool sib = has_sib();
    int base = rm();
    if (sib) {
      const int index = (at_[5] >> 3 & 7) | (at_[1] & 0x40 ? 0 : 8);
      stride_ = index == 4 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(general(index)) << (at_[5] >> 6));
      base = (at_[5] & 7) | (at_[1] & 0x20 ? 0 : 8);
    }
    const bool no_base = mod() == 0 && (base & 7) == 5;
    const uint8_t* displacement_at = at_ + 5 + sib;
    int32_t displacement = 0;
    size_ = displacement_at - at_;
    if (mod() == 1) {
      displacement = static_cast<int8_t>(*displacement_at);
      size_ += 1;
    } else if (mod() == 2 || no_base) {
      std::memcpy(&displacement, displacement_at, sizeof(displacement));
      size_ += 4;
    }
    // Without a base and SIB the displacement is from the next instruction.
    const int64_t from = !no_base ? general(base) : sib ? 0 : reinterpret_cast<int64_t>(at_) + size_;
    return from + displacement;
  }

  int64_t general(int number) const {
    static constexpr int kOrder[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                     REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return registers_[kOrder[number]];
  }

  const uint8_t* at_;
  const greg_t* registers_;
  int64_t stride_ = 0;
  int64_t size_ = 0;
};

void on_unknown_instruction(int signal, siginfo_t*, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  Instruction instruction(reinterpret_cast<const uint8_t*>(registers[REG_RIP]), registers);
  if (instruction.run()) {
    registers[REG_RIP] += instruction.size();
  } else {
    ::signal(signal, SIG_DFL);  // and again, to the end
  }
}

}  // namespace

bool runs_amx() {
  if (instruction_set() == InstructionSet::kAmx) return true;
  if (instruction_set() != InstructionSet::kAvx512Vnni || __builtin_cpu_supports("amx-tile")) return false;
  struct sigaction action = {};
  action.sa_sigaction = on_unknown_instruction;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGILL, &action, nullptr) == 0;
}

}  // namespace clip4j::test

#else

bool clip4j::test::runs_amx() { return false; }

#endif
