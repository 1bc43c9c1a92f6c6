// Tensors as the operands of tile_matrix.h: rows of pixels, factors in tiles. Internal to the
// layers on tiles; CPU tensors of floats and bfloat16 alone. Loops take at::parallel_for's threads,
// and no sum depends on their number.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "convnextpose/train/tile_matrix.h"
#include "convnextpose/train/torch.h"

namespace cnp::train::tiles {

using torch::Tensor;

Tensor Floats(at::IntArrayRef shape);  ///< Not filled.
Tensor Halves(at::IntArrayRef shape);  ///< bfloat16, not filled.

/// Of contiguous matrices.
RowMatrix<float> Rows(const Tensor& floats);
RowMatrix<HalfBits> HalfRows(const Tensor& halves);

Tensor ChannelsLast(const Tensor& x);
/// [pictures, channels, height, width] floats, channels last, not filled.
Tensor EmptyPictures(std::int64_t pictures, std::int64_t channels, std::int64_t height,
                     std::int64_t width);

/// body(0), ..., body(count - 1).
void ForEach(std::int64_t count, const std::function<void(int)>& body);
/// The same in one call for each thread: body(first, end).
void ForRanges(int count, const std::function<void(int first, int end)>& body);
/// body(first row, rows) for blocks of kBlockRows rows, whose hidden values stay in the second
/// cache.
inline constexpr int kBlockRows = 128;
void ForBlocks(int rows, const std::function<void(int row, int count)>& body);
int BlocksOf(int rows);

/// Of a batch of pictures [B, C, H, W].
struct Size {
  explicit Size(const Tensor& x)
      : pictures(static_cast<int>(x.size(0))),
        channels(static_cast<int>(x.size(1))),
        height(static_cast<int>(x.size(2))),
        width(static_cast<int>(x.size(3))) {}
  [[nodiscard]] int area() const { return height * width; }
  [[nodiscard]] int pixels() const { return pictures * area(); }
  int pictures, channels, height, width;
};

/// A factor in tiles, and the memory it lies in.
struct Factor {
  Tensor memory;
  TileFactor<HalfBits> tiles;
};
/// Of `memory`, which EmptyFactor made for as much depth.
Factor Place(const Tensor& memory, int depth);
Factor EmptyFactor(int depth, int columns);
/// Of weight [out, in], its columns times `scale` (undefined: as they are): x [., in] * its
/// transpose, and gradients [., out] * weight.
Factor Forwards(const Tensor& weight, const Tensor& scale = {});
Factor Backwards(const Tensor& weight, const Tensor& scale = {});
/// Of HalfRowsOf rows, whose number is the depth.
Factor RightOf(const Tensor& rows, int columns);
Factor LeftOf(const Tensor& rows, int columns);  ///< Of their transpose.

/// out = `left` (HalfRowsOf `rows` rows) * right + bias, each row `columns` floats. `bias` [padded
/// columns] or undefined.
void Multiply(const Tensor& left, const Factor& right, int rows, int columns, const Tensor& bias,
              const FloatRows& to);
/// left * right: [rows, columns] floats.
Tensor Product(const Factor& left, const Factor& right, int rows, int columns);

/// Zeros up to a product's padded columns.
Tensor PaddedBias(const Tensor& bias);
/// bfloat16 rows up to whole tiles: not filled, but for the padding, which is zero.
Tensor HalfRowsOf(int rows, int columns);

/// Pictures' values as rounded rows, each picture times its `scale` [B], where `kept` (as the
/// pictures) is above 0; undefined: 1, everywhere. And the sum of the columns before rounding.
struct RoundedRows {
  Tensor rows;  ///< HalfRowsOf
  Tensor sum;   ///< [channels]
};
RoundedRows Round(const Tensor& pictures, const Tensor& kept = {}, const Tensor& scale = {});

}  // namespace cnp::train::tiles
