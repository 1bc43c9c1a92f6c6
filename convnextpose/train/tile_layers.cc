#include "convnextpose/train/tile_layers.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "convnextpose/engine/kernels/depthwise.h"
#include "convnextpose/train/depthwise_gradient.h"
#include "convnextpose/train/tile_matrix.h"

namespace cnp::train {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using torch::autograd::Variable;

constexpr int kBlockRows = 128;  // Whose hidden values stay in the second cache.

Tensor Floats(at::IntArrayRef shape) { return torch::empty(shape, torch::kFloat); }
Tensor Halves(at::IntArrayRef shape) { return torch::empty(shape, torch::kBFloat16); }

HalfBits* Bits(const Tensor& halves) {
  return reinterpret_cast<HalfBits*>(halves.data_ptr<at::BFloat16>());
}
/// Of a contiguous matrix.
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
void ForBlocks(int rows, const std::function<void(int row, int count)>& body) {
  ForEach((rows + kBlockRows - 1) / kBlockRows, [&](int block) {
    body(block * kBlockRows, std::min(kBlockRows, rows - block * kBlockRows));
  });
}

/// Batch of pictures' sizes.
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
Factor Place(const Tensor& memory, int depth) {
  return {memory, {Bits(memory), TilePadded(depth) / kTileStep}};
}
Factor EmptyFactor(int depth, int columns) {
  return Place(Halves({std::int64_t{TilePadded(depth)} * TilePadded(columns)}), depth);
}
/// Of weight [out, in], its columns times `scale` (or as they are): x [., in] * its transpose ...
Factor Forwards(const Tensor& weight, const Tensor& scale = {}) {
  const int out = static_cast<int>(weight.size(0));
  const int in = static_cast<int>(weight.size(1));
  Factor factor = EmptyFactor(in, out);
  PackRightOfTransposed(Rows(weight), out, in, scale.defined() ? scale.data_ptr<float>() : nullptr,
                        factor.tiles);
  return factor;
}
/// ... and gradients [., out] * weight.
Factor Backwards(const Tensor& weight, const Tensor& scale = {}) {
  const int out = static_cast<int>(weight.size(0));
  const int in = static_cast<int>(weight.size(1));
  Factor factor = EmptyFactor(out, in);
  PackRight(Rows(weight), out, in, scale.defined() ? scale.data_ptr<float>() : nullptr,
            factor.tiles);
  return factor;
}
Factor RightOf(const Tensor& rows, int columns) {
  const int depth = static_cast<int>(rows.size(0));
  Factor factor = EmptyFactor(depth, columns);
  ForBlocks(depth, [&](int row, int count) {
    PackRight(RowMatrix<const HalfBits>(HalfRows(rows)).From(row), count, columns,
              factor.tiles.From(row));
  });
  return factor;
}
Factor LeftOf(const Tensor& rows, int columns) {
  const int depth = static_cast<int>(rows.size(0));
  Factor factor = EmptyFactor(depth, columns);
  ForBlocks(depth, [&](int row, int count) {
    PackLeftOfTransposed(HalfRows(rows).From(row), count, columns, factor.tiles.From(row));
  });
  return factor;
}
/// [rows, columns].
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

/// Rows up to whole tiles; what is padding is zero.
Tensor HalfRowsOf(int rows, int columns) {
  Tensor all = Halves({TilePadded(rows), TilePadded(columns)});
  if (TilePadded(columns) != columns) return all.zero_();
  all.narrow(0, rows, TilePadded(rows) - rows).zero_();
  return all;
}

/// Channel statistics of values [pixels, padded channels], a picture after the other.
struct Statistics {
  Tensor mean, scale;  ///< [padded channels]; scale: 1 / deviation.
};
Statistics Measure(const Size& size, const RowMatrix<const float>& values, const BatchNorm& norm) {
  const int padded = engine::PaddedChannels(size.channels);
  const auto of_pictures = [&](const std::function<void(RowMatrix<const float>, float*)>& add) {
    const Tensor sums = torch::zeros({size.pictures, padded}, torch::kFloat);
    ForEach(size.pictures, [&](int i) {
      add(values.From(std::ptrdiff_t{i} * size.area()),
          sums.data_ptr<float>() + std::ptrdiff_t{i} * padded);
    });
    return sums.sum(0, false, torch::kDouble) / size.pixels();
  };
  const Tensor mean = of_pictures([&](RowMatrix<const float> rows, float* sums) {
                        AddColumns(rows, size.area(), size.channels, sums);
                      }).to(torch::kFloat);
  const Tensor variance = of_pictures([&](RowMatrix<const float> rows, float* sums) {
    AddSquares(rows, size.area(), size.channels, mean.data_ptr<float>(), sums);
  });
  const double unbiased = size.pixels() / std::max(1.0, size.pixels() - 1.0);
  // variable_data: all statistics are one tensor's parts, and LibTorch's own BatchNorm keeps some
  // for backwards, where it would find that another part was changed.
  const auto update = [&](const Tensor& running, const Tensor& now) {
    running.variable_data()
        .mul_(1 - norm.momentum)
        .add_(now.narrow(0, 0, size.channels).to(running.scalar_type()), norm.momentum);
  };
  update(norm.mean, mean);
  update(norm.variance, variance * unbiased);
  return {mean, (variance + norm.epsilon).rsqrt().to(torch::kFloat)};
}

/// A BatchNorm's factors for the columns of a product's weights: once for each pixel of a patch.
struct NormColumns {
  NormColumns(const Tensor& norm_gamma, const Tensor& norm_beta, const Tensor& rows)
      : gamma(norm_gamma.repeat({rows.size(1) / norm_gamma.size(0)})),
        beta(norm_beta.repeat({rows.size(1) / norm_beta.size(0)})) {}
  Tensor gamma, beta;
};
/// Bias and what beta adds to it, [padded out].
Tensor FoldedBias(const Tensor& bias, const Tensor& rows, const NormColumns& norm) {
  Tensor shift = Floats({rows.size(0)});
  FoldShift(Rows(rows), norm.beta.data_ptr<float>(), static_cast<int>(rows.size(0)),
            static_cast<int>(rows.size(1)), shift.data_ptr<float>());
  return PaddedBias(bias + shift);
}
/// Gradients of weight rows, gamma, beta, and what NormaliseRowGradient takes.
struct UnfoldedGradients {
  UnfoldedGradients(const Tensor& rows, const NormColumns& norm, const Tensor& folded_gradient,
                    const Tensor& bias_gradient, const Tensor& norm_gamma, int pixels)
      : weight(torch::empty_like(rows)) {
    const std::int64_t channels = norm_gamma.size(0);
    const Tensor sums = torch::zeros({2, rows.size(1)}, torch::kFloat);
    UnfoldGradients(Rows(rows), {norm.gamma.data_ptr<float>(), norm.beta.data_ptr<float>()},
                    Rows(folded_gradient), bias_gradient.data_ptr<float>(),
                    static_cast<int>(rows.size(0)), static_cast<int>(rows.size(1)),
                    {Rows(weight), Rows(sums).data, Rows(sums).From(1).data});
    gamma = sums[0].view({-1, channels}).sum(0);
    beta = sums[1].view({-1, channels}).sum(0);
    mean_gradient = (norm_gamma * beta / pixels).contiguous();
    mean_product = (norm_gamma * gamma / pixels).contiguous();
  }
  Tensor weight, gamma, beta;
  Tensor mean_gradient, mean_product;
};
NormGradient GradientOf(const Tensor& scale, const UnfoldedGradients& gradients) {
  return {scale.data_ptr<float>(), gradients.mean_gradient.data_ptr<float>(),
          gradients.mean_product.data_ptr<float>()};
}

/// One picture with a border of zeros, channels padded.
class Bordered {
 public:
  Bordered(const Size& size, int kernel)
      : size_(size),
        border_(kernel / 2),
        stride_(engine::PaddedChannels(size.channels)),
        row_((size.width + 2 * border_) * stride_),
        values_(static_cast<std::size_t>(row_) * (size.height + 2 * border_)) {}

  void Load(const float* picture) {
    for (int y = 0; y < size_.height; ++y) {
      AddRows({picture + std::ptrdiff_t{y} * size_.width * size_.channels, size_.channels}, nullptr,
              size_.width, size_.channels, {Inner(y), stride_});
    }
  }
  [[nodiscard]] float* Inner(int y) {
    return values_.data() + (y + border_) * row_ + border_ * stride_;
  }
  [[nodiscard]] engine::ConstPixels view() const {
    return {values_.data(), static_cast<int>(row_ / stride_), row_, stride_};
  }
  [[nodiscard]] PaddedPicture outer() const { return {values_.data(), row_}; }
  [[nodiscard]] PaddedPicture inner() { return {Inner(0), row_}; }
  [[nodiscard]] std::ptrdiff_t stride() const { return stride_; }

 private:
  Size size_;
  std::ptrdiff_t border_, stride_, row_;
  AlignedVector<float> values_;
};

engine::PackedDepthwise Pack(const Tensor& weight, const Tensor& bias) {
  const Tensor values = weight.contiguous();
  const auto channels = static_cast<int>(weight.size(0));
  return engine::PackDepthwise({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())},
                               {bias.data_ptr<float>(), static_cast<std::size_t>(channels)},
                               channels, static_cast<int>(weight.size(2)));
}

/// The pictures that a thread takes, with what it works in.
void ForPictures(int pictures, const std::function<void(int first, int end)>& body) {
  at::parallel_for(0, pictures, 1, [&](std::int64_t first, std::int64_t end) {
    body(static_cast<int>(first), static_cast<int>(end));
  });
}

/// Normalised values, rounded, and what their gradient needs.
struct Normal {
  Tensor rows;   ///< [padded pixels, padded channels]
  Tensor scale;  ///< 1 / deviation.
};

Normal DepthwiseNorm(const Tensor& x, const Convolution& depthwise, const BatchNorm& norm) {
  const Size size(x);
  const int padded = engine::PaddedChannels(size.channels);
  const engine::PackedDepthwise packed = Pack(depthwise.weight, depthwise.bias);
  const Tensor values = Floats({size.pixels(), padded});
  const std::ptrdiff_t picture = std::ptrdiff_t{size.area()} * size.channels;
  ForPictures(size.pictures, [&](int first, int end) {
    Bordered bordered(size, packed.kernel);
    for (int i = first; i < end; ++i) {
      bordered.Load(x.data_ptr<float>() + i * picture);
      float* const out = Rows(values).From(std::ptrdiff_t{i} * size.area()).data;
      engine::Depthwise(packed, bordered.view(), size.height,
                        {out, size.width, std::ptrdiff_t{size.width} * padded, padded});
    }
  });
  const Statistics statistics = Measure(size, Rows(values), norm);
  Normal normal = {HalfRowsOf(size.pixels(), size.channels), statistics.scale};
  ForEach(size.pictures, [&](int i) {
    const std::ptrdiff_t row = std::ptrdiff_t{i} * size.area();
    const RowMatrix<HalfBits> to = HalfRows(normal.rows).From(row);
    NormaliseRow(Rows(values).From(row).data, padded, size.area(), size.channels,
                 statistics.mean.data_ptr<float>(), statistics.scale.data_ptr<float>(),
                 {to.data, to.stride});
  });
  return normal;
}

struct DepthwiseGradients {
  Tensor x, weight;
};
/// `gradient` [., padded channels]: of the normalised values. `added` (undefined: none): what
/// reaches x beside.
DepthwiseGradients DepthwiseNormGradient(const Tensor& x, const Tensor& weight,
                                         const Normal& normal, const Tensor& gradient,
                                         const NormGradient& norm, const Tensor& added) {
  const Size size(x);
  const int padded = engine::PaddedChannels(size.channels);
  const engine::PackedDepthwise packed =
      Pack(weight.flip({2, 3}), torch::zeros({size.channels}, torch::kFloat));
  const DepthwiseShape shape = {size.height, size.width, size.channels, packed.kernel};
  const std::ptrdiff_t picture = std::ptrdiff_t{size.area()} * size.channels;
  Tensor out = EmptyPictures(size.pictures, size.channels, size.height, size.width);
  // In groups, that the sums do not depend on the threads.
  constexpr int kGroup = 4;
  const int groups = (size.pictures + kGroup - 1) / kGroup;
  const Tensor sums = torch::zeros({groups, packed.kernel, packed.kernel, padded}, torch::kFloat);
  ForPictures(groups, [&](int first_group, int end_group) {
    const int first = first_group * kGroup;
    const int end = std::min(size.pictures, end_group * kGroup);
    Bordered input(size, packed.kernel);
    Bordered slope(size, packed.kernel);
    AlignedVector<float> found(static_cast<std::size_t>(size.area()) * padded);
    for (int i = first; i < end; ++i) {
      input.Load(x.data_ptr<float>() + i * picture);
      for (int y = 0; y < size.height; ++y) {
        const std::ptrdiff_t row = std::ptrdiff_t{i} * size.area() + y * size.width;
        const RowMatrix<HalfBits> rows = HalfRows(normal.rows).From(row);
        NormaliseRowGradient({Rows(gradient).From(row).data, gradient.size(1)},
                             {rows.data, rows.stride}, norm, size.width, size.channels,
                             slope.Inner(y), padded);
      }
      engine::Depthwise(packed, slope.view(), size.height,
                        {found.data(), size.width, std::ptrdiff_t{size.width} * padded, padded});
      AddRows({found.data(), padded},
              added.defined() ? added.data_ptr<float>() + i * picture : nullptr, size.area(),
              size.channels, {out.data_ptr<float>() + i * picture, size.channels});
      AddDepthwiseGradient(
          shape, input.outer(), slope.inner(),
          sums.data_ptr<float>() + i / kGroup * static_cast<std::ptrdiff_t>(DepthwiseSums(shape)));
    }
  });
  return {out, sums.sum(0).narrow(2, 0, size.channels).permute({2, 0, 1}).unsqueeze(1)};
}

/// Rounded rows of pictures' gradients, and the sum of their columns.
struct RoundedRows {
  Tensor rows, sum;
};
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

/// What a Function takes that needs no gradient; an undefined tensor may not be an argument.
struct Constants {
  BatchNorm norm;
  Tensor scale;
};

Tensor Matrix(const Tensor& pointwise) { return pointwise.view({pointwise.size(0), -1}); }

class BlockFunction : public torch::autograd::Function<BlockFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& input,
                        const Tensor& depthwise_weight, const Tensor& depthwise_bias,
                        const Tensor& gamma, const Tensor& beta, const Tensor& expand_weight,
                        const Tensor& expand_bias, const Tensor& shrink_weight,
                        const Tensor& shrink_bias, const Constants& constants) {
    const Tensor x = ChannelsLast(input);
    const Tensor& scale = constants.scale;
    const Size size(x);
    const Normal normal = DepthwiseNorm(x, {depthwise_weight, depthwise_bias}, constants.norm);
    const int hidden = static_cast<int>(expand_weight.size(0));
    const NormColumns columns(gamma, beta, Matrix(expand_weight));
    const Factor expand = Forwards(Matrix(expand_weight), columns.gamma);
    const Factor shrink = Forwards(Matrix(shrink_weight));
    const Tensor first_bias = FoldedBias(expand_bias, Matrix(expand_weight), columns);
    const Tensor second_bias = PaddedBias(shrink_bias);
    const Factor kept = EmptyFactor(size.pixels(), hidden);
    Tensor out = EmptyPictures(size.pictures, size.channels, size.height, size.width);
    ForBlocks(size.pixels(), [&](int row, int count) {
      const Tensor rows = Halves({TilePadded(count), TilePadded(hidden)});
      ProductToHidden({.left = HalfRows(normal.rows).From(row),
                       .right = expand.tiles,
                       .rows = count,
                       .columns = hidden,
                       .bias = first_bias.data_ptr<float>()},
                      HalfRows(rows), kept.tiles.From(row));
      const std::ptrdiff_t at = std::ptrdiff_t{row} * size.channels;
      ProductToFloat({.left = HalfRows(rows),
                      .right = shrink.tiles,
                      .rows = count,
                      .columns = size.channels,
                      .bias = second_bias.data_ptr<float>()},
                     {.out = {out.data_ptr<float>() + at, size.channels},
                      .residual = x.data_ptr<float>() + at,
                      .scale = scale.defined() ? scale.data_ptr<float>() : nullptr,
                      .first_row = row,
                      .picture_rows = size.area()});
    });
    context->save_for_backward({x, depthwise_weight, gamma, beta, expand_weight, shrink_weight,
                                scale, normal.rows, normal.scale, kept.memory});
    return out;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor& depthwise_weight = saved[1];
    const Tensor& gamma = saved[2];
    const Tensor expand_weight = Matrix(saved[4]);
    const Tensor shrink_weight = Matrix(saved[5]);
    const Normal normal = {saved[7], saved[8]};
    const Size size(x);
    const int hidden = static_cast<int>(expand_weight.size(0));
    const Factor kept = Place(saved[9], size.pixels());
    const Tensor gradient = ChannelsLast(gradients[0]);
    const RoundedRows rounded = Round(gradient, {}, saved[6]);
    const NormColumns columns(gamma, saved[3], expand_weight);
    const Factor to_hidden = Backwards(shrink_weight);
    const Factor to_normal = Backwards(expand_weight, columns.gamma);
    const Factor hidden_left = EmptyFactor(size.pixels(), hidden);
    const int blocks = (size.pixels() + kBlockRows - 1) / kBlockRows;
    const Tensor sums = torch::zeros({blocks, TilePadded(hidden)}, torch::kFloat);
    const Tensor normal_gradient = Floats({size.pixels(), engine::PaddedChannels(size.channels)});
    ForBlocks(size.pixels(), [&](int row, int count) {
      const Tensor rows = Halves({TilePadded(count), TilePadded(hidden)});
      ProductBehindRelu({.left = HalfRows(rounded.rows).From(row),
                         .right = to_hidden.tiles,
                         .rows = count,
                         .columns = hidden},
                        kept.tiles.From(row), HalfRows(rows), hidden_left.tiles.From(row),
                        Rows(sums).From(row / kBlockRows).data);
      ProductToFloat({.left = HalfRows(rows),
                      .right = to_normal.tiles,
                      .rows = count,
                      .columns = size.channels},
                     {.out = Rows(normal_gradient).From(row)});
    });
    const Tensor expand_bias_gradient = sums.sum(0).narrow(0, 0, hidden);
    const Tensor folded_gradient =
        Product(hidden_left, RightOf(normal.rows, size.channels), hidden, size.channels);
    const Tensor shrink_gradient =
        Product(LeftOf(rounded.rows, size.channels), kept, size.channels, hidden);
    const UnfoldedGradients unfolded(expand_weight, columns, folded_gradient, expand_bias_gradient,
                                     gamma, size.pixels());
    const DepthwiseGradients depthwise = DepthwiseNormGradient(
        x, depthwise_weight, normal, normal_gradient, GradientOf(normal.scale, unfolded), gradient);
    return {depthwise.x,
            depthwise.weight,
            torch::zeros_like(gamma),  // BatchNorm takes the mean away.
            unfolded.gamma,
            unfolded.beta,
            unfolded.weight.view_as(saved[4]),
            expand_bias_gradient,
            shrink_gradient.view_as(saved[5]),
            rounded.sum,
            Variable()};
  }
};

class SeparableFunction : public torch::autograd::Function<SeparableFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& input,
                        const Tensor& depthwise_weight, const Tensor& depthwise_bias,
                        const Tensor& gamma, const Tensor& beta, const Tensor& weight,
                        const Tensor& bias, const BatchNorm& norm) {
    const Tensor x = ChannelsLast(input);
    const Size size(x);
    const Normal normal = DepthwiseNorm(x, {depthwise_weight, depthwise_bias}, norm);
    const int columns = static_cast<int>(weight.size(0));
    const NormColumns norm_columns(gamma, beta, Matrix(weight));
    const Factor forwards = Forwards(Matrix(weight), norm_columns.gamma);
    const Tensor padded_bias = FoldedBias(bias, Matrix(weight), norm_columns);
    Tensor out = EmptyPictures(size.pictures, columns, size.height, size.width);
    ForBlocks(size.pixels(), [&](int row, int count) {
      ProductToFloat(
          {.left = HalfRows(normal.rows).From(row),
           .right = forwards.tiles,
           .rows = count,
           .columns = columns,
           .bias = padded_bias.data_ptr<float>()},
          {.out = {out.data_ptr<float>() + std::ptrdiff_t{row} * columns, columns}, .relu = true});
    });
    context->save_for_backward(
        {x, depthwise_weight, gamma, beta, weight, normal.rows, normal.scale, out});
    return out;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor& gamma = saved[2];
    const Tensor weight = Matrix(saved[4]);
    const Normal normal = {saved[5], saved[6]};
    const Size size(x);
    const int columns = static_cast<int>(weight.size(0));
    const RoundedRows rounded = Round(ChannelsLast(gradients[0]), saved[7], {});
    const NormColumns norm_columns(gamma, saved[3], weight);
    const Factor backwards = Backwards(weight, norm_columns.gamma);
    const Tensor normal_gradient = Floats({size.pixels(), engine::PaddedChannels(size.channels)});
    ForBlocks(size.pixels(), [&](int row, int count) {
      ProductToFloat({.left = HalfRows(rounded.rows).From(row),
                      .right = backwards.tiles,
                      .rows = count,
                      .columns = size.channels},
                     {.out = Rows(normal_gradient).From(row)});
    });
    const Tensor folded_gradient = Product(
        LeftOf(rounded.rows, columns), RightOf(normal.rows, size.channels), columns, size.channels);
    const UnfoldedGradients unfolded(weight, norm_columns, folded_gradient, rounded.sum, gamma,
                                     size.pixels());
    const DepthwiseGradients depthwise = DepthwiseNormGradient(
        x, saved[1], normal, normal_gradient, GradientOf(normal.scale, unfolded), {});
    return {depthwise.x,    depthwise.weight, torch::zeros_like(gamma),
            unfolded.gamma, unfolded.beta,    unfolded.weight.view_as(saved[4]),
            rounded.sum,    Variable()};
  }
};

/// [out, in, k, k] -> [out, k * k * in], as patches lie in memory.
Tensor PatchRows(const Tensor& weight) {
  return weight.permute({0, 2, 3, 1}).reshape({weight.size(0), -1});
}
Tensor OfPatchRows(const Tensor& rows, const Tensor& like) {
  return rows.view({like.size(0), like.size(2), like.size(3), like.size(1)}).permute({0, 3, 1, 2});
}

class NormedPatchesFunction : public torch::autograd::Function<NormedPatchesFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& gamma,
                        const Tensor& beta, const Tensor& weight, const Tensor& bias,
                        const BatchNorm& norm) {
    const Tensor x = ChannelsLast(input);
    const Size size(x);
    const int patch = static_cast<int>(weight.size(2));
    const int columns = static_cast<int>(weight.size(0));
    const Statistics statistics = Measure(size, {x.data_ptr<float>(), size.channels}, norm);
    Tensor out = EmptyPictures(size.pictures, columns, size.height / patch, size.width / patch);
    const Size small(out);
    const Tensor rows = HalfRowsOf(small.pixels(), patch * patch * size.channels);
    ForPatchRows(size, patch, [&](std::ptrdiff_t pixel, std::ptrdiff_t row, std::ptrdiff_t at) {
      NormaliseRow(x.data_ptr<float>() + pixel * size.channels, size.channels, size.width,
                   size.channels, statistics.mean.data_ptr<float>(),
                   statistics.scale.data_ptr<float>(),
                   {HalfRows(rows).From(row).data + at, rows.size(1), patch});
    });
    const Tensor weight_rows = PatchRows(weight);
    const NormColumns norm_columns(gamma, beta, weight_rows);
    const Factor forwards = Forwards(weight_rows, norm_columns.gamma);
    const Tensor padded_bias = FoldedBias(bias, weight_rows, norm_columns);
    ForBlocks(small.pixels(), [&](int row, int count) {
      ProductToFloat({.left = HalfRows(rows).From(row),
                      .right = forwards.tiles,
                      .rows = count,
                      .columns = columns,
                      .bias = padded_bias.data_ptr<float>()},
                     {.out = {out.data_ptr<float>() + std::ptrdiff_t{row} * columns, columns}});
    });
    context->save_for_backward({x, gamma, beta, weight, rows, statistics.scale});
    return out;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const Size size(saved[0]);
    const Tensor& gamma = saved[1];
    const Tensor weight = PatchRows(saved[3]);
    const Tensor& rows = saved[4];
    const int patch = static_cast<int>(saved[3].size(2));
    const int columns = static_cast<int>(weight.size(0));
    const int depth = static_cast<int>(weight.size(1));
    const RoundedRows rounded = Round(ChannelsLast(gradients[0]), {}, {});
    const NormColumns norm_columns(gamma, saved[2], weight);
    const Factor backwards = Backwards(weight, norm_columns.gamma);
    const int small = size.pixels() / (patch * patch);
    const Tensor normal_gradient = Floats({small, depth});
    ForBlocks(small, [&](int row, int count) {
      ProductToFloat({.left = HalfRows(rounded.rows).From(row),
                      .right = backwards.tiles,
                      .rows = count,
                      .columns = depth},
                     {.out = Rows(normal_gradient).From(row)});
    });
    const Tensor folded_gradient =
        Product(LeftOf(rounded.rows, columns), RightOf(rows, depth), columns, depth);
    const UnfoldedGradients unfolded(weight, norm_columns, folded_gradient, rounded.sum, gamma,
                                     size.pixels());
    const NormGradient norm = GradientOf(saved[5], unfolded);
    Tensor out = EmptyPictures(size.pictures, size.channels, size.height, size.width);
    ForPatchRows(size, patch, [&](std::ptrdiff_t pixel, std::ptrdiff_t row, std::ptrdiff_t at) {
      NormaliseRowGradient({Rows(normal_gradient).From(row).data + at, depth, patch},
                           {HalfRows(rows).From(row).data + at, rows.size(1), patch}, norm,
                           size.width, size.channels, out.data_ptr<float>() + pixel * size.channels,
                           size.channels);
    });
    return {out,         unfolded.gamma, unfolded.beta, OfPatchRows(unfolded.weight, saved[3]),
            rounded.sum, Variable()};
  }

 private:
  // For each row of pixels: its first pixel, the row of the first patch, the first channel there.
  static void ForPatchRows(const Size& size, int patch,
                           const std::function<void(std::ptrdiff_t pixel, std::ptrdiff_t row,
                                                    std::ptrdiff_t at)>& body) {
    ForEach(std::int64_t{size.pictures} * size.height, [&](int y) {
      body(std::ptrdiff_t{y} * size.width, std::ptrdiff_t{y / patch} * (size.width / patch),
           std::ptrdiff_t{y % patch} * patch * size.channels);
    });
  }
};

class PointwiseFunction : public torch::autograd::Function<PointwiseFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& weight,
                        const Tensor& bias) {
    const Tensor x = ChannelsLast(input);
    const Size size(x);
    const int columns = static_cast<int>(weight.size(0));
    const Tensor rows = Round(x, {}, {}).rows;
    const Factor forwards = Forwards(Matrix(weight));
    const Tensor padded_bias = PaddedBias(bias);
    const Tensor out = Halves({TilePadded(size.pixels()), columns});
    ForBlocks(size.pixels(), [&](int row, int count) {
      ProductToHalf({.left = HalfRows(rows).From(row),
                     .right = forwards.tiles,
                     .rows = count,
                     .columns = columns,
                     .bias = padded_bias.data_ptr<float>()},
                    HalfRows(out).From(row));
    });
    context->save_for_backward({x, weight, rows});
    return out.narrow(0, 0, size.pixels())
        .view({size.pictures, size.height, size.width, columns})
        .permute({0, 3, 1, 2});
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const Size size(saved[0]);
    const Tensor weight = Matrix(saved[1]);
    const int columns = static_cast<int>(weight.size(0));
    Tensor rows =
        gradients[0].to(torch::kBFloat16).permute({0, 2, 3, 1}).reshape({size.pixels(), columns});
    if (TilePadded(columns) != columns || TilePadded(size.pixels()) != size.pixels()) {
      rows = at::constant_pad_nd(
          rows, {0, TilePadded(columns) - columns, 0, TilePadded(size.pixels()) - size.pixels()});
    }
    const Factor backwards = Backwards(weight);
    Tensor out = EmptyPictures(size.pictures, size.channels, size.height, size.width);
    ForBlocks(size.pixels(), [&](int row, int count) {
      ProductToFloat(
          {.left = HalfRows(rows).From(row),
           .right = backwards.tiles,
           .rows = count,
           .columns = size.channels},
          {.out = {out.data_ptr<float>() + std::ptrdiff_t{row} * size.channels, size.channels}});
    });
    const Tensor weight_gradient =
        Product(LeftOf(rows, columns), RightOf(saved[2], size.channels), columns, size.channels);
    // Sums of parts are added, for many small numbers after a large one would be lost.
    const int blocks = (size.pixels() + kBlockRows - 1) / kBlockRows;
    const Tensor sums = torch::zeros({blocks, columns}, torch::kFloat);
    ForBlocks(size.pixels(), [&](int row, int count) {
      AddColumns(RowMatrix<const HalfBits>(HalfRows(rows)).From(row), count, columns,
                 Rows(sums).From(row / kBlockRows).data);
    });
    return {out, weight_gradient.view_as(saved[1]), sums.sum(0)};
  }
};

}  // namespace

bool TileLayersAvailable(const Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat && TileMatrixAvailable();
}

Tensor TileBlock(const Tensor& x, const Convolution& depthwise, const BatchNorm& norm,
                 const Convolution& expand, const Convolution& shrink, const Tensor& scale) {
  return BlockFunction::apply(x, depthwise.weight, depthwise.bias, norm.weight, norm.bias,
                              expand.weight, expand.bias, shrink.weight, shrink.bias,
                              Constants{norm, scale});
}

Tensor TileSeparable(const Tensor& x, const Convolution& depthwise, const BatchNorm& norm,
                     const Convolution& pointwise) {
  return SeparableFunction::apply(x, depthwise.weight, depthwise.bias, norm.weight, norm.bias,
                                  pointwise.weight, pointwise.bias, norm);
}

Tensor TileNormedPatches(const Tensor& x, const BatchNorm& norm, const Convolution& patches) {
  return NormedPatchesFunction::apply(x, norm.weight, norm.bias, patches.weight, patches.bias,
                                      norm);
}

Tensor TilePointwise(const Tensor& x, const Convolution& pointwise) {
  return PointwiseFunction::apply(x, pointwise.weight, pointwise.bias);
}

}  // namespace cnp::train
