// Products of bfloat16 matrices with sums in single precision on the tile units of x86 processors
// (AMX), and what has to be done to their rows before and after. Knows no LibTorch.
//
// Rows, columns and depths of matrices are padded with zeros to kTileStep. The left factor of a
// product lies row by row, or cut into tiles; the right one is always cut into tiles of 32 (depth)
// x 16 values, in which two values that follow each other in depth stand side by side.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cnp::train {

inline constexpr int kTileStep = 32;
constexpr int TilePadded(int n) { return (n + kTileStep - 1) / kTileStep * kTileStep; }

using HalfBits = std::uint16_t;  ///< A bfloat16's.

/// Asks the processor and the system, which gives room for tiles to a process that asks for it.
/// Nothing below may be called elsewhere.
bool TileMatrixAvailable();

/// Row by row; `stride` values from row to row.
template <typename T>
struct RowMatrix {
  T* data = nullptr;
  std::ptrdiff_t stride = 0;
  [[nodiscard]] RowMatrix From(std::ptrdiff_t row) const { return {data + row * stride, stride}; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator RowMatrix<const T>() const { return {data, stride}; }
};

/// Tiles of 512 values, all those of 16 columns (rows of a left factor) one after another.
template <typename T>
struct TileFactor {
  T* tiles = nullptr;
  int depth_tiles = 0;  ///< Of 32.
  /// Beginning with the depth'th of depth.
  [[nodiscard]] TileFactor From(std::ptrdiff_t depth) const {
    return {tiles + depth / kTileStep * 512, depth_tiles};
  }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator TileFactor<const T>() const { return {tiles, depth_tiles}; }
};

// Packing. All write zeros where padding is.

/// Weights [rows, columns], each column times `scale` (null: 1), as a right factor of depth `rows`
/// ...
void PackRight(RowMatrix<const float> weights, int rows, int columns, const float* scale,
               TileFactor<HalfBits> right);
/// ... and their transpose, of depth `columns`.
void PackRightOfTransposed(RowMatrix<const float> weights, int rows, int columns,
                           const float* scale, TileFactor<HalfBits> right);
/// Of padded rows: a right factor, and the transpose as a left factor [columns, depth].
void PackRight(RowMatrix<const HalfBits> rows, int depth, int columns, TileFactor<HalfBits> right);
void PackLeftOfTransposed(RowMatrix<const HalfBits> rows, int depth, int columns,
                          TileFactor<HalfBits> left);

// Products of `rows` rows of `left`, which is padded, with `right`. `columns` are those that count.
// Results that are not floats have room for padding as well.

struct TileProduct {
  RowMatrix<const HalfBits> left;
  TileFactor<const HalfBits> right;
  int rows = 0;
  int columns = 0;
  const float* bias = nullptr;  ///< [padded columns]; null: none.
};

/// What the product does with its sums when they are rows of floats.
struct FloatRows {
  RowMatrix<float> out;
  bool relu = false;
  const float* residual = nullptr;  ///< As out; null: none.
  const float* scale = nullptr;     ///< Of each picture, before the residual is added; null: 1.
  int first_row = 0;                ///< Of all pictures' rows, the product's first.
  int picture_rows = 1;
};
void ProductToFloat(const TileProduct& product, const FloatRows& to);
void ProductToHalf(const TileProduct& product, RowMatrix<HalfBits> out);
/// ReLU of the product, as rows and as the right factor of another product (its depth: rows).
void ProductToHidden(const TileProduct& product, RowMatrix<HalfBits> out,
                     TileFactor<HalfBits> right);
/// The product where `hidden` (as ProductToHidden left it) is above 0, else 0: as rows, and its
/// transpose as a left factor (its depth: rows). Adds each column's sum to `sums`.
void ProductBehindRelu(const TileProduct& product, TileFactor<const HalfBits> hidden,
                       RowMatrix<HalfBits> out, TileFactor<HalfBits> left, float* sums);

/// out [rows, columns] = left * right, of rows first_row to end_row of out (multiples of 32).
void TileFactorsProduct(TileFactor<const HalfBits> left, TileFactor<const HalfBits> right,
                        int first_row, int end_row, int rows, int columns, RowMatrix<float> out);

// Rows of floats, `channels` of them.

/// sums[c] += values[., c].
void AddColumns(RowMatrix<const float> values, int rows, int channels, float* sums);
void AddColumns(RowMatrix<const HalfBits> values, int rows, int channels, float* sums);
/// sums[c] += (values[., c] - mean[c])^2.
void AddSquares(RowMatrix<const float> values, int rows, int channels, const float* mean,
                float* sums);

/// A row of pixels beside the rows of a matrix that holds patches of `patch` x `patch` of them:
/// pixel x's channels begin at patches + x / patch * stride + x % patch * channels.
template <typename T>
struct PatchRow {
  T* data = nullptr;
  std::ptrdiff_t stride = 0;
  int patch = 1;
};

/// (x - mean) * scale, rounded.
void NormaliseRow(const float* x, std::ptrdiff_t x_stride, int pixels, int channels,
                  const float* mean, const float* scale, PatchRow<HalfBits> to);
/// What reaches x: scale * (gradient - mean_gradient - normal * mean_product).
struct NormGradient {
  const float* scale;
  const float* mean_gradient;
  const float* mean_product;
};
void NormaliseRowGradient(PatchRow<const float> gradient, PatchRow<const HalfBits> normal,
                          const NormGradient& norm, int pixels, int channels, float* to,
                          std::ptrdiff_t to_stride);

/// out = values + added (null: 0; as out).
void AddRows(RowMatrix<const float> values, const float* added, int rows, int channels,
             RowMatrix<float> out);

// A BatchNorm before a product, y = weights (gamma x + beta), all of `columns` numbers.

/// sums[row] = sum of weights * beta: what beta adds to y.
void FoldShift(RowMatrix<const float> weights, const float* beta, int rows, int columns,
               float* sums);
struct NormBefore {
  const float* gamma;
  const float* beta;
};
struct NormBeforeGradients {
  RowMatrix<float> weights;
  float* gamma;  ///< Added to.
  float* beta;   ///< Added to.
};
/// `folded`: the gradient of gamma * weights; `bias`: of what is added to y, [rows].
void UnfoldGradients(RowMatrix<const float> weights, const NormBefore& norm,
                     RowMatrix<const float> folded, const float* bias, int rows, int columns,
                     const NormBeforeGradients& to);

/// Gradient rows times `scale`, where `kept` (null: everywhere) is above 0; adds columns to `sums`.
void RoundRows(RowMatrix<const float> values, const float* kept, float scale, int rows,
               int channels, RowMatrix<HalfBits> out, float* sums);

}  // namespace cnp::train
