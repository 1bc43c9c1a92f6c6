#include "convnextpose/train/tile_tensors.h"

#include <utility>

namespace cnp::train::tiles {
namespace {

HalfBits* Bits(const Tensor& halves) {
  return reinterpret_cast<HalfBits*>(halves.data_ptr<at::BFloat16>());
}
const float* DataOf(const Tensor& floats) {
  return floats.defined() ? floats.data_ptr<float>() : nullptr;
}

/// Of a weight [out, in].
std::pair<int, int> SidesOf(const Tensor& weight) {
  return {static_cast<int>(weight.size(0)), static_cast<int>(weight.size(1))};
}

template <class Pack>
Factor PackRows(const Tensor& rows, int columns, const Pack& pack) {
  const int depth = static_cast<int>(rows.size(0));
  Factor factor = EmptyFactor(depth, columns);
  ForBlocks(depth, [&](int row, int count) {
    pack(RowMatrix<const HalfBits>(HalfRows(rows)).From(row), count, columns,
         factor.tiles.From(row));
  });
  return factor;
}

}  // namespace

Tensor Floats(at::IntArrayRef shape) { return torch::empty(shape, torch::kFloat); }
Tensor Halves(at::IntArrayRef shape) { return torch::empty(shape, torch::kBFloat16); }

RowMatrix<float> Rows(const Tensor& floats) { return {floats.data_ptr<float>(), floats.size(1)}; }
RowMatrix<HalfBits> HalfRows(const Tensor& halves) { return {Bits(halves), halves.size(1)}; }

Tensor ChannelsLast(const Tensor& x) { return x.contiguous(torch::MemoryFormat::ChannelsLast); }
Tensor EmptyPictures(std::int64_t pictures, std::int64_t channels, std::int64_t height,
                     std::int64_t width) {
  return torch::empty({pictures, channels, height, width}, torch::kFloat,
                      torch::MemoryFormat::ChannelsLast);
}

void ForEach(std::int64_t count, const std::function<void(int)>& body) {
  at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) body(static_cast<int>(i));
  });
}
void ForRanges(int count, const std::function<void(int first, int end)>& body) {
  at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t end) {
    body(static_cast<int>(first), static_cast<int>(end));
  });
}
int BlocksOf(int rows) { return (rows + kBlockRows - 1) / kBlockRows; }
void ForBlocks(int rows, const std::function<void(int row, int count)>& body) {
  ForEach(BlocksOf(rows), [&](int block) {
    body(block * kBlockRows, std::min(kBlockRows, rows - block * kBlockRows));
  });
}

Factor Place(const Tensor& memory, int depth) {
  return {memory, {Bits(memory), TilePadded(depth) / kTileStep}};
}
Factor EmptyFactor(int depth, int columns) {
  return Place(Halves({std::int64_t{TilePadded(depth)} * TilePadded(columns)}), depth);
}
Factor Forwards(const Tensor& weight, const Tensor& scale) {
  const auto [out, in] = SidesOf(weight);
  Factor factor = EmptyFactor(in, out);
  PackRightOfTransposed(Rows(weight), out, in, DataOf(scale), factor.tiles);
  return factor;
}

Factor Backwards(const Tensor& weight, const Tensor& scale) {
  const auto [out, in] = SidesOf(weight);
  Factor factor = EmptyFactor(out, in);
  PackRight(Rows(weight), out, in, DataOf(scale), factor.tiles);
  return factor;
}

Factor RightOf(const Tensor& rows, int columns) {
  return PackRows(rows, columns, [](const auto& from, int depth, int width, const auto& to) {
    PackRight(from, depth, width, to);
  });
}

Factor LeftOf(const Tensor& rows, int columns) {
  return PackRows(rows, columns, PackLeftOfTransposed);
}

void Multiply(const Tensor& left, const Factor& right, int rows, int columns, const Tensor& bias,
              const FloatRows& to) {
  ForBlocks(rows, [&](int row, int count) {
    FloatRows block = to;
    block.out = to.out.From(row);
    ProductToFloat({.left = HalfRows(left).From(row),
                    .right = right.tiles,
                    .rows = count,
                    .columns = columns,
                    .bias = DataOf(bias)},
                   block);
  });
}

Tensor Product(const Factor& left, const Factor& right, int rows, int columns) {
  Tensor out = Floats({rows, columns});
  const int strips = TilePadded(rows) / kTileStep;
  ForEach(strips, [&](int strip) {
    TileFactorsProduct(left.tiles, right.tiles, strip * kTileStep, (strip + 1) * kTileStep, rows,
                       columns, Rows(out));
  });
  return out;
}
Tensor PaddedBias(const Tensor& bias) {
  return at::constant_pad_nd(bias, {0, TilePadded(static_cast<int>(bias.size(0))) - bias.size(0)});
}

Tensor HalfRowsOf(int rows, int columns) {
  Tensor all = Halves({TilePadded(rows), TilePadded(columns)});
  if (TilePadded(columns) != columns) return all.zero_();
  all.narrow(0, rows, TilePadded(rows) - rows).zero_();
  return all;
}

RoundedRows Round(const Tensor& pictures, const Tensor& kept, const Tensor& scale) {
  const Size size(pictures);
  const Tensor sums = torch::zeros({size.pictures, size.channels}, torch::kFloat);
  RoundedRows rounded = {HalfRowsOf(size.pixels(), size.channels), {}};
  ForEach(size.pictures, [&](int i) {
    const std::ptrdiff_t row = std::ptrdiff_t{i} * size.area();
    const auto at = [&](const Tensor& x) { return x.data_ptr<float>() + row * size.channels; };
    RoundRows({at(pictures), size.channels}, kept.defined() ? at(kept) : nullptr,
              scale.defined() ? scale.data_ptr<float>()[i] : 1.0F, size.area(), size.channels,
              HalfRows(rounded.rows).From(row),
              sums.data_ptr<float>() + std::ptrdiff_t{i} * size.channels);
  });
  rounded.sum = sums.sum(0);
  return rounded;
}

}  // namespace cnp::train::tiles
