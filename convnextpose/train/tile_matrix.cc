#include "convnextpose/train/tile_matrix.h"

#include <cpuid.h>
#include <immintrin.h>

#include <algorithm>

#include "convnextpose/base/check.h"
#include "convnextpose/engine/kernels/amx_tiles.h"
#include "convnextpose/engine/kernels/tile_pointwise_amx.h"

#if !defined(__clang__)
// g++ 12 says so of its own intrinsics, whose undefined operands are meant to be.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

// Every function that uses the instructions says so itself: compiling the file for them would let
// the linker take its copies of inline functions for all the program.
#define CNP_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512bf16")))
#define CNP_AMX_INLINE CNP_AMX __attribute__((always_inline)) inline

namespace cnp::train {
namespace {

using engine::kTileRowBytes;
using engine::TilesInUse;

constexpr int kLanes = 16;
constexpr std::ptrdiff_t kTile = 512;  // Values.

// 32 x 32 sums as [half of columns][row][column].
struct alignas(64) Sums {
  float values[2][kTileStep][kLanes];
};

// Where a left factor's tiles lie, in values.
struct LeftTiles {
  const HalfBits* first;
  std::ptrdiff_t next_in_depth;
  std::ptrdiff_t second;  // 16 rows on.
  std::ptrdiff_t row_bytes;
};

// The tile registers: sums 0 to 3, left 4 and 5, right 6 and 7 (g++ makes text of the numbers).
CNP_AMX_INLINE void Multiply(const LeftTiles& left, const HalfBits* right, std::ptrdiff_t second,
                             int depth_tiles, Sums& sums) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  const HalfBits* a = left.first;
  const HalfBits* b = right;
  for (int t = 0; t < depth_tiles; ++t) {
    _tile_loadd(4, a, left.row_bytes);
    _tile_loadd(6, b, kTileRowBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + second, kTileRowBytes);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, a + left.second, left.row_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
    a += left.next_in_depth;
    b += kTile;
  }
  _tile_stored(0, sums.values[0][0], kTileRowBytes);
  _tile_stored(1, sums.values[1][0], kTileRowBytes);
  _tile_stored(2, sums.values[0][kLanes], kTileRowBytes);
  _tile_stored(3, sums.values[1][kLanes], kTileRowBytes);
  asm volatile("" ::: "memory");
}

// `store(row, column, sums)` for each 32 x 32 of the product.
template <class Store>
CNP_AMX_INLINE void Products(const TileProduct& product, const Store& store) {
  const TilesInUse tiles;
  Sums sums;
  const std::ptrdiff_t second = product.right.depth_tiles * kTile;
  for (int column = 0; column < product.columns; column += kTileStep) {
    const HalfBits* const right = product.right.tiles + column / kLanes * second;
    for (int row = 0; row < product.rows; row += kTileStep) {
      const LeftTiles left = {product.left.data + row * product.left.stride, kTileStep,
                              kLanes * product.left.stride, product.left.stride * 2};
      Multiply(left, right, second, product.right.depth_tiles, sums);
      store(row, column, sums);
    }
  }
}

CNP_AMX_INLINE __mmask16 Mask(int lanes) {
  return lanes >= kLanes ? 0xFFFF : static_cast<__mmask16>((1U << std::max(0, lanes)) - 1);
}
CNP_AMX_INLINE __m256i Round(__m512 x) { return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)); }
// Two rows of values, each pair side by side.
CNP_AMX_INLINE __m512i Pair(__m256i low, __m256i high) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(low),
                         _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
}
CNP_AMX_INLINE __m512 Widen(__m256i half) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

// 16 x 16 pairs.
CNP_AMX_INLINE void Transpose(__m512i* r) {
  __m512i t[16];
  for (std::ptrdiff_t i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (std::ptrdiff_t i = 0; i < 4; ++i) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  for (std::ptrdiff_t i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0xDD);
    t[8 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0xDD);
  }
  for (std::ptrdiff_t i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0x88);
    r[4 + i] = _mm512_shuffle_i32x4(t[4 + i], t[12 + i], 0x88);
    r[8 + i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0xDD);
    r[12 + i] = _mm512_shuffle_i32x4(t[4 + i], t[12 + i], 0xDD);
  }
}

CNP_AMX_INLINE void StoreTile(const __m512i* rows, HalfBits* tile) {
  for (std::ptrdiff_t i = 0; i < 16; ++i) _mm512_store_si512(tile + i * kTileStep, rows[i]);
}

// 16 weights of a row, rounded; zeros where there are none.
struct Weights {
  RowMatrix<const float> values;
  int rows, columns;
  const float* scale;
};
CNP_AMX_INLINE __m256i LoadRounded(const Weights& weights, std::ptrdiff_t row, int column) {
  if (row >= weights.rows) return _mm256_setzero_si256();
  const __mmask16 mask = Mask(weights.columns - column);
  __m512 x =
      _mm512_maskz_loadu_ps(mask, weights.values.data + row * weights.values.stride + column);
  if (weights.scale != nullptr) {
    x = _mm512_mul_ps(x, _mm512_maskz_loadu_ps(mask, weights.scale + column));
  }
  return Round(x);
}

CNP_AMX void PackRightFloat(const Weights& weights, TileFactor<HalfBits> right) {
  for (int column = 0; column < TilePadded(weights.columns); column += kLanes) {
    HalfBits* tile = right.tiles + std::ptrdiff_t{column / kLanes} * right.depth_tiles * kTile;
    for (int k = 0; k < TilePadded(weights.rows); k += kTileStep, tile += kTile) {
      for (std::ptrdiff_t i = 0; i < 16; ++i) {
        const __m512i pair = Pair(LoadRounded(weights, k + 2 * i, column),
                                  LoadRounded(weights, k + 2 * i + 1, column));
        _mm512_store_si512(tile + i * kTileStep, pair);
      }
    }
  }
}

CNP_AMX void PackTransposedFloat(const Weights& weights, TileFactor<HalfBits> right) {
  for (int row = 0; row < TilePadded(weights.rows); row += kLanes) {
    HalfBits* tile = right.tiles + std::ptrdiff_t{row / kLanes} * right.depth_tiles * kTile;
    for (int k = 0; k < TilePadded(weights.columns); k += kTileStep, tile += kTile) {
      __m512i r[16];
      for (std::ptrdiff_t i = 0; i < 16; ++i) {
        r[i] = _mm512_inserti64x4(_mm512_castsi256_si512(LoadRounded(weights, row + i, k)),
                                  LoadRounded(weights, row + i, k + kLanes), 1);
      }
      Transpose(r);
      StoreTile(r, tile);
    }
  }
}

// The tile of rows k to k + 32 and 16 columns: pairs of rows.
CNP_AMX_INLINE void LoadPairs(const RowMatrix<const HalfBits>& rows, int k, int column,
                              __m512i* pairs) {
  const HalfBits* from = rows.data + k * rows.stride + column;
  for (std::ptrdiff_t i = 0; i < 16; ++i, from += 2 * rows.stride) {
    pairs[i] = Pair(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)),
                    _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + rows.stride)));
  }
}

template <bool kTranspose>
CNP_AMX void PackHalf(RowMatrix<const HalfBits> rows, int depth, int columns,
                      TileFactor<HalfBits> factor) {
  for (int k = 0; k < TilePadded(depth); k += kTileStep) {
    for (int column = 0; column < TilePadded(columns); column += kLanes) {
      __m512i pairs[16];
      LoadPairs(rows, k, column, pairs);
      if constexpr (kTranspose) Transpose(pairs);
      StoreTile(pairs,
                factor.tiles +
                    (std::ptrdiff_t{column / kLanes} * factor.depth_tiles + k / kTileStep) * kTile);
    }
  }
}

CNP_AMX_INLINE __m512 Bias(const float* bias, int column) {
  return bias == nullptr ? _mm512_setzero_ps() : _mm512_loadu_ps(bias + column);
}
// NaN stays NaN.
CNP_AMX_INLINE __m512 Relu(__m512 x) { return _mm512_max_ps(_mm512_setzero_ps(), x); }

CNP_AMX void ToFloat(const TileProduct& product, const FloatRows& to) {
  Products(product, [&](int row, int column, const Sums& sums) CNP_AMX {
    for (int half = 0; half < 2; ++half, column += kLanes) {
      const __mmask16 mask = Mask(product.columns - column);
      if (mask == 0) return;
      const __m512 bias = Bias(product.bias, column);
      for (int i = 0; i < std::min(kTileStep, product.rows - row); ++i) {
        __m512 x = _mm512_add_ps(_mm512_load_ps(sums.values[half][i]), bias);
        if (to.relu) x = Relu(x);
        const std::ptrdiff_t at = (row + i) * to.out.stride + column;
        if (to.scale != nullptr) {
          x = _mm512_mul_ps(x,
                            _mm512_set1_ps(to.scale[(to.first_row + row + i) / to.picture_rows]));
        }
        if (to.residual != nullptr) {
          x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask, to.residual + at));
        }
        _mm512_mask_storeu_ps(to.out.data + at, mask, x);
      }
    }
  });
}

CNP_AMX void ToHalf(const TileProduct& product, RowMatrix<HalfBits> out) {
  Products(product, [&](int row, int column, const Sums& sums) CNP_AMX {
    for (int half = 0; half < 2; ++half, column += kLanes) {
      const __mmask16 mask = Mask(product.columns - column);
      if (mask == 0) return;
      const __m512 bias = Bias(product.bias, column);
      for (int i = 0; i < kTileStep; ++i) {
        const __m256i x = Round(_mm512_add_ps(_mm512_load_ps(sums.values[half][i]), bias));
        _mm256_mask_storeu_epi16(out.data + (row + i) * out.stride + column, mask, x);
      }
    }
  });
}

CNP_AMX void ToHidden(const TileProduct& product, RowMatrix<HalfBits> out,
                      TileFactor<HalfBits> right) {
  Products(product, [&](int row, int column, const Sums& sums) CNP_AMX {
    for (int half = 0; half < 2; ++half, column += kLanes) {
      const __m512 bias = Bias(product.bias, column);
      HalfBits* const tile =
          right.tiles +
          (std::ptrdiff_t{column / kLanes} * right.depth_tiles + row / kTileStep) * kTile;
      HalfBits* to = out.data + row * out.stride + column;
      for (std::ptrdiff_t i = 0; i < 16; ++i, to += 2 * out.stride) {
        const auto value = [&](std::ptrdiff_t r) CNP_AMX {
          return Round(Relu(_mm512_add_ps(_mm512_load_ps(sums.values[half][r]), bias)));
        };
        const __m256i low = value(2 * i);
        const __m256i high = value(2 * i + 1);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), low);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + out.stride), high);
        _mm512_store_si512(tile + i * kTileStep, Pair(low, high));
      }
    }
  });
}

CNP_AMX void BehindRelu(const TileProduct& product, TileFactor<const HalfBits> hidden,
                        RowMatrix<HalfBits> out, TileFactor<HalfBits> left, float* all_sums) {
  Products(product, [&](int row, int column, const Sums& sums) CNP_AMX {
    for (int half = 0; half < 2; ++half, column += kLanes) {
      const std::ptrdiff_t at =
          (std::ptrdiff_t{column / kLanes} * left.depth_tiles + row / kTileStep) * kTile;
      const HalfBits* const tile = hidden.tiles + at;
      HalfBits* to = out.data + row * out.stride + column;
      __m512 sum = _mm512_loadu_ps(all_sums + column);
      __m512i pairs[16];
      for (std::ptrdiff_t i = 0; i < 16; ++i, to += 2 * out.stride) {
        const __m512i kept = _mm512_load_si512(tile + i * kTileStep);
        const __m512 low =
            _mm512_maskz_mov_ps(_mm512_test_epi32_mask(kept, _mm512_set1_epi32(0xFFFF)),
                                _mm512_load_ps(sums.values[half][2 * i]));
        const __m512 high = _mm512_maskz_mov_ps(
            _mm512_test_epi32_mask(kept, _mm512_set1_epi32(static_cast<int>(0xFFFF0000))),
            _mm512_load_ps(sums.values[half][2 * i + 1]));
        sum = _mm512_add_ps(sum, _mm512_add_ps(low, high));
        const __m256i low_half = Round(low);
        const __m256i high_half = Round(high);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), low_half);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + out.stride), high_half);
        pairs[i] = Pair(low_half, high_half);
      }
      _mm512_storeu_ps(all_sums + column, sum);
      Transpose(pairs);
      StoreTile(pairs, left.tiles + at);
    }
  });
}

CNP_AMX void FactorsProduct(TileFactor<const HalfBits> left, TileFactor<const HalfBits> right,
                            int first_row, int end_row, int rows, int columns,
                            RowMatrix<float> out) {
  const TilesInUse tiles;
  Sums sums;
  // So deep a part of the right factor stays in the second cache.
  constexpr int kBytes = 1 << 19;
  const int part = std::max(8, kBytes / (TilePadded(columns) * kTileRowBytes));
  for (int first = 0; first < left.depth_tiles; first += part) {
    const int depth = std::min(part, left.depth_tiles - first);
    for (int row = first_row; row < end_row; row += kTileStep) {
      const LeftTiles from = {
          left.tiles + (std::ptrdiff_t{row / kLanes} * left.depth_tiles + first) * kTile, kTile,
          left.depth_tiles * kTile, kTileRowBytes};
      for (int column = 0; column < columns; column += kTileStep) {
        Multiply(
            from,
            right.tiles + (std::ptrdiff_t{column / kLanes} * right.depth_tiles + first) * kTile,
            right.depth_tiles * kTile, depth, sums);
        for (int half = 0; half < 2; ++half) {
          const int begin = column + half * kLanes;
          const __mmask16 mask = Mask(columns - begin);
          for (int i = 0; i < std::min(kTileStep, rows - row); ++i) {
            float* const to = out.data + (row + i) * out.stride + begin;
            __m512 sum = _mm512_load_ps(sums.values[half][i]);
            if (first > 0) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, to));
            _mm512_mask_storeu_ps(to, mask, sum);
          }
        }
      }
    }
  }
}

// `body(channel, mask)` for each 16 channels.
template <class Body>
CNP_AMX_INLINE void OfChannels(int channels, const Body& body) {
  for (int c = 0; c < channels; c += kLanes) body(c, Mask(channels - c));
}

CNP_AMX void Columns(RowMatrix<const float> values, int rows, int channels, float* sums) {
  OfChannels(channels, [&](int c, __mmask16 mask) CNP_AMX {
    __m512 sum = _mm512_setzero_ps();
    const float* at = values.data + c;
    for (int i = 0; i < rows; ++i, at += values.stride) {
      sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, at));
    }
    _mm512_mask_storeu_ps(sums + c, mask,
                          _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, sums + c)));
  });
}

CNP_AMX void HalfColumns(RowMatrix<const HalfBits> values, int rows, int channels, float* sums) {
  OfChannels(channels, [&](int c, __mmask16 mask) CNP_AMX {
    __m512 sum = _mm512_maskz_loadu_ps(mask, sums + c);
    const HalfBits* at = values.data + c;
    for (int i = 0; i < rows; ++i, at += values.stride) {
      sum = _mm512_add_ps(sum, Widen(_mm256_maskz_loadu_epi16(mask, at)));
    }
    _mm512_mask_storeu_ps(sums + c, mask, sum);
  });
}

CNP_AMX void Squares(RowMatrix<const float> values, int rows, int channels, const float* mean,
                     float* sums) {
  OfChannels(channels, [&](int c, __mmask16 mask) CNP_AMX {
    __m512 sum = _mm512_setzero_ps();
    const __m512 center = _mm512_maskz_loadu_ps(mask, mean + c);
    const float* at = values.data + c;
    for (int i = 0; i < rows; ++i, at += values.stride) {
      const __m512 x = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, at), center);
      sum = _mm512_fmadd_ps(x, x, sum);
    }
    _mm512_mask_storeu_ps(sums + c, mask,
                          _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, sums + c)));
  });
}

// `body(pixel's place)` along a row of pixels.
template <typename T, class Body>
CNP_AMX_INLINE void Along(const PatchRow<T>& row, int pixels, int channels, const Body& body) {
  for (int x = 0; x < pixels; x += row.patch) {
    T* at = row.data + x / row.patch * row.stride;
    for (int i = 0; i < row.patch; ++i, at += channels) body(x + i, at);
  }
}

CNP_AMX void NormaliseRowHalf(const float* x, std::ptrdiff_t x_stride, int pixels, int channels,
                              const float* mean, const float* scale, PatchRow<HalfBits> to) {
  OfChannels(channels, [&](int c, __mmask16 mask) CNP_AMX {
    const __m512 center = _mm512_maskz_loadu_ps(mask, mean + c);
    const __m512 factor = _mm512_maskz_loadu_ps(mask, scale + c);
    Along(to, pixels, channels, [&](int pixel, HalfBits* out) CNP_AMX {
      const __m512 value = _mm512_maskz_loadu_ps(mask, x + pixel * x_stride + c);
      _mm256_mask_storeu_epi16(out + c, mask,
                               Round(_mm512_mul_ps(_mm512_sub_ps(value, center), factor)));
    });
  });
}

CNP_AMX void RowGradient(PatchRow<const float> gradient, PatchRow<const HalfBits> normal,
                         const NormGradient& norm, int pixels, int channels, float* to,
                         std::ptrdiff_t to_stride) {
  OfChannels(channels, [&](int c, __mmask16 mask) CNP_AMX {
    const __m512 scale = _mm512_maskz_loadu_ps(mask, norm.scale + c);
    const __m512 mean = _mm512_maskz_loadu_ps(mask, norm.mean_gradient + c);
    const __m512 product = _mm512_maskz_loadu_ps(mask, norm.mean_product + c);
    Along(gradient, pixels, channels, [&](int pixel, const float* from) CNP_AMX {
      const HalfBits* const x = normal.data + pixel / normal.patch * normal.stride +
                                std::ptrdiff_t{pixel % normal.patch} * channels;
      const __m512 value = Widen(_mm256_maskz_loadu_epi16(mask, x + c));
      const __m512 centered = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, from + c), mean);
      _mm512_mask_storeu_ps(to + pixel * to_stride + c, mask,
                            _mm512_mul_ps(scale, _mm512_fnmadd_ps(value, product, centered)));
    });
  });
}

CNP_AMX void Shifts(RowMatrix<const float> weights, const float* beta, int rows, int columns,
                    float* sums) {
  for (int row = 0; row < rows; ++row) {
    __m512 sum = _mm512_setzero_ps();
    OfChannels(columns, [&](int c, __mmask16 mask) CNP_AMX {
      sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, weights.data + row * weights.stride + c),
                            _mm512_maskz_loadu_ps(mask, beta + c), sum);
    });
    sums[row] = _mm512_reduce_add_ps(sum);
  }
}

CNP_AMX void Unfold(RowMatrix<const float> weights, const NormBefore& norm,
                    RowMatrix<const float> folded, const float* bias, int rows, int columns,
                    const NormBeforeGradients& to) {
  for (int row = 0; row < rows; ++row) {
    const __m512 slope = _mm512_set1_ps(bias[row]);
    OfChannels(columns, [&](int c, __mmask16 mask) CNP_AMX {
      const auto load = [&](const float* from)
                            CNP_AMX { return _mm512_maskz_loadu_ps(mask, from + c); };
      const __m512 weight = load(weights.data + row * weights.stride);
      const __m512 gradient = load(folded.data + row * folded.stride);
      _mm512_mask_storeu_ps(
          to.weights.data + row * to.weights.stride + c, mask,
          _mm512_fmadd_ps(gradient, load(norm.gamma), _mm512_mul_ps(slope, load(norm.beta))));
      _mm512_mask_storeu_ps(to.gamma + c, mask, _mm512_fmadd_ps(weight, gradient, load(to.gamma)));
      _mm512_mask_storeu_ps(to.beta + c, mask, _mm512_fmadd_ps(weight, slope, load(to.beta)));
    });
  }
}

CNP_AMX void AddAll(RowMatrix<const float> values, const float* added, int rows, int channels,
                    RowMatrix<float> out) {
  for (int i = 0; i < rows; ++i) {
    OfChannels(channels, [&](int c, __mmask16 mask) CNP_AMX {
      __m512 x = _mm512_maskz_loadu_ps(mask, values.data + i * values.stride + c);
      if (added != nullptr) {
        x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask, added + i * out.stride + c));
      }
      _mm512_mask_storeu_ps(out.data + i * out.stride + c, mask, x);
    });
  }
}

CNP_AMX void RoundAll(RowMatrix<const float> values, const float* kept, float scale, int rows,
                      int channels, RowMatrix<HalfBits> out, float* sums) {
  const __m512 factor = _mm512_set1_ps(scale);
  OfChannels(channels, [&](int c, __mmask16 mask) CNP_AMX {
    __m512 sum = _mm512_maskz_loadu_ps(mask, sums + c);
    for (int i = 0; i < rows; ++i) {
      const std::ptrdiff_t at = i * values.stride + c;
      __mmask16 here = mask;
      if (kept != nullptr) {
        here = _mm512_mask_cmp_ps_mask(mask, _mm512_maskz_loadu_ps(mask, kept + at),
                                       _mm512_setzero_ps(), _CMP_GT_OQ);
      }
      const __m512 x = _mm512_mul_ps(_mm512_maskz_loadu_ps(here, values.data + at), factor);
      sum = _mm512_add_ps(sum, x);
      _mm256_mask_storeu_epi16(out.data + i * out.stride + c, mask, Round(x));
    }
    _mm512_mask_storeu_ps(sums + c, mask, sum);
  });
}

}  // namespace

bool TileMatrixAvailable() {
  static const bool available = [] {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    constexpr unsigned kAvx512Bf16 = 1U << 5;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0 || (a & kAvx512Bf16) == 0) return false;
    return engine::AmxAvailable();
  }();
  return available;
}

void PackRight(RowMatrix<const float> weights, int rows, int columns, const float* scale,
               TileFactor<HalfBits> right) {
  PackRightFloat({weights, rows, columns, scale}, right);
}
void PackRightOfTransposed(RowMatrix<const float> weights, int rows, int columns,
                           const float* scale, TileFactor<HalfBits> right) {
  PackTransposedFloat({weights, rows, columns, scale}, right);
}
void PackRight(RowMatrix<const HalfBits> rows, int depth, int columns, TileFactor<HalfBits> right) {
  PackHalf<false>(rows, depth, columns, right);
}
void PackLeftOfTransposed(RowMatrix<const HalfBits> rows, int depth, int columns,
                          TileFactor<HalfBits> left) {
  PackHalf<true>(rows, depth, columns, left);
}
void ProductToFloat(const TileProduct& product, const FloatRows& to) { ToFloat(product, to); }
void ProductToHalf(const TileProduct& product, RowMatrix<HalfBits> out) { ToHalf(product, out); }
void ProductToHidden(const TileProduct& product, RowMatrix<HalfBits> out,
                     TileFactor<HalfBits> right) {
  ToHidden(product, out, right);
}
void ProductBehindRelu(const TileProduct& product, TileFactor<const HalfBits> hidden,
                       RowMatrix<HalfBits> out, TileFactor<HalfBits> left, float* sums) {
  BehindRelu(product, hidden, out, left, sums);
}
void TileFactorsProduct(TileFactor<const HalfBits> left, TileFactor<const HalfBits> right,
                        int first_row, int end_row, int rows, int columns, RowMatrix<float> out) {
  FactorsProduct(left, right, first_row, end_row, rows, columns, out);
}
void AddColumns(RowMatrix<const float> values, int rows, int channels, float* sums) {
  Columns(values, rows, channels, sums);
}
void AddColumns(RowMatrix<const HalfBits> values, int rows, int channels, float* sums) {
  HalfColumns(values, rows, channels, sums);
}
void AddSquares(RowMatrix<const float> values, int rows, int channels, const float* mean,
                float* sums) {
  Squares(values, rows, channels, mean, sums);
}
void NormaliseRow(const float* x, std::ptrdiff_t x_stride, int pixels, int channels,
                  const float* mean, const float* scale, PatchRow<HalfBits> to) {
  NormaliseRowHalf(x, x_stride, pixels, channels, mean, scale, to);
}
void NormaliseRowGradient(PatchRow<const float> gradient, PatchRow<const HalfBits> normal,
                          const NormGradient& norm, int pixels, int channels, float* to,
                          std::ptrdiff_t to_stride) {
  RowGradient(gradient, normal, norm, pixels, channels, to, to_stride);
}
void AddRows(RowMatrix<const float> values, const float* added, int rows, int channels,
             RowMatrix<float> out) {
  AddAll(values, added, rows, channels, out);
}
void FoldShift(RowMatrix<const float> weights, const float* beta, int rows, int columns,
               float* sums) {
  Shifts(weights, beta, rows, columns, sums);
}
void UnfoldGradients(RowMatrix<const float> weights, const NormBefore& norm,
                     RowMatrix<const float> folded, const float* bias, int rows, int columns,
                     const NormBeforeGradients& to) {
  Unfold(weights, norm, folded, bias, rows, columns, to);
}
void RoundRows(RowMatrix<const float> values, const float* kept, float scale, int rows,
               int channels, RowMatrix<HalfBits> out, float* sums) {
  RoundAll(values, kept, scale, rows, channels, out, sums);
}

}  // namespace cnp::train
