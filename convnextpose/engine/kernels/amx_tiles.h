// The tile registers of x86 processors with AMX, all eight of full size. Only for files that ask
// the processor first (TilePointwiseAvailable), and for Linux, as they are.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace cnp::engine {

inline constexpr int kTileRowBytes = 64;
inline constexpr int kTileRows = 16;

/// What LDTILECFG reads (Intel SDM, palette 1).
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
constexpr TileConfig FullTiles() {
  TileConfig config;
  for (int t = 0; t < 8; ++t) {
    config.row_bytes[t] = kTileRowBytes;
    config.rows[t] = kTileRows;
  }
  return config;
}
inline constexpr TileConfig kFullTiles = FullTiles();

/// While it lives the thread's tile registers are in use; a process switch saves no more than it
/// must between.
class TilesInUse {
 public:
  __attribute__((target("amx-tile"))) TilesInUse() {
    // What earlier code stores must not sink below: the tile loads do not tell the compiler what
    // they read.
    asm volatile("" ::: "memory");
    _tile_loadconfig(&kFullTiles);
  }
  __attribute__((target("amx-tile"))) ~TilesInUse() { _tile_release(); }
  TilesInUse(const TilesInUse&) = delete;
  TilesInUse& operator=(const TilesInUse&) = delete;
};

}  // namespace cnp::engine
