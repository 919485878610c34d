// Tiles of AMX: eight registers of up to 16 lines of 64 bytes. Included inside a kernel's unnamed namespace,
// so that no other file can end up with code for a CPU that it does not run on.
//
// Not the intrinsics: GCC 12's want tile numbers as digits in the source, and the one that configures says
// that it reads 8 bytes.

constexpr int32_t kTileLines = 16;
constexpr int64_t kLineBytes = 64;

// What LDTILECFG reads: how much of each tile is used.
struct alignas(64) Tiles {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t line_bytes[16] = {};
  uint8_t lines[16] = {};
};

// Tiles are released as soon as a product is done: the kernel saves 8 KiB at each switch of a thread that has
// some.
inline void configure(const Tiles& tiles) { asm volatile("ldtilecfg %0" : : "m"(tiles)); }
inline void release_tiles() { asm volatile("tilerelease"); }

template <int kTile>
[[gnu::always_inline]] inline void zero_tile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}
// Lines are `stride` bytes apart.
template <int kTile>
[[gnu::always_inline]] inline void load_tile(const void* from, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
[[gnu::always_inline]] inline void store_tile(void* to, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(kTile) : "memory");
}
