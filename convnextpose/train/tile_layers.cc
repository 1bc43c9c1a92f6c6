#include "convnextpose/train/tile_layers.h"

#include <functional>

#include "convnextpose/engine/kernels/depthwise.h"
#include "convnextpose/train/tile_norm.h"
#include "convnextpose/train/tile_tensors.h"

namespace cnp::train {
namespace {

using namespace tiles;  // NOLINT(google-build-using-namespace): of this folder.
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using torch::autograd::Variable;

/// What a Function takes that needs no gradient; an undefined tensor may not be an argument.
struct Constants {
  BatchNorm norm;
  Tensor scale;
};

/// Weights [out, in, 1, 1] as [out, in].
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
    const Tensor sums = torch::zeros({BlocksOf(size.pixels()), TilePadded(hidden)}, torch::kFloat);
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
        x, depthwise_weight, normal, normal_gradient, unfolded.OfValues(normal.scale), gradient);
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

/// Pictures' values as rows of floats.
FloatRows To(const Tensor& pictures) {
  const std::int64_t channels = pictures.size(1);
  return {.out = {pictures.data_ptr<float>(), channels}};
}

/// weight (gamma rows + beta) + bias, of `count` normalised rows.
void FoldedProduct(const Tensor& rows, int count, const Tensor& gamma, const Tensor& beta,
                   const Tensor& weight, const Tensor& bias, const FloatRows& to) {
  const NormColumns norm(gamma, beta, weight);
  Multiply(rows, Forwards(weight, norm.gamma), count, static_cast<int>(weight.size(0)),
           FoldedBias(bias, weight, norm), to);
}

struct FoldedProductGradients {
  Tensor rows;  ///< Of the normalised ones: [count, columns asked for].
  UnfoldedGradients rest;
};
/// `rounded`: of the product. `rows` and `weight` as FoldedProduct had them; `pixels`: that were
/// normalised together; `columns`: of the result's rows, at least weight's.
FoldedProductGradients FoldedProductBackwards(const RoundedRows& rounded, const Tensor& rows,
                                              int count, const Tensor& gamma, const Tensor& beta,
                                              const Tensor& weight, int pixels, int columns) {
  const int out = static_cast<int>(weight.size(0));
  const int in = static_cast<int>(weight.size(1));
  const NormColumns norm(gamma, beta, weight);
  const Tensor gradient = Floats({count, columns});
  Multiply(rounded.rows, Backwards(weight, norm.gamma), count, in, {}, {.out = Rows(gradient)});
  const Tensor folded = Product(LeftOf(rounded.rows, out), RightOf(rows, in), out, in);
  return {gradient, {weight, norm, folded, rounded.sum, gamma, pixels}};
}

class SeparableFunction : public torch::autograd::Function<SeparableFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& input,
                        const Tensor& depthwise_weight, const Tensor& depthwise_bias,
                        const Tensor& gamma, const Tensor& beta, const Tensor& weight,
                        const Tensor& bias, const BatchNorm& norm) {
    const Tensor x = ChannelsLast(input);
    const Size size(x);
    const Normal normal = DepthwiseNorm(x, {depthwise_weight, depthwise_bias}, norm);
    const Tensor out = EmptyPictures(size.pictures, weight.size(0), size.height, size.width);
    FloatRows to = To(out);
    to.relu = true;
    FoldedProduct(normal.rows, size.pixels(), gamma, beta, Matrix(weight), bias, to);
    context->save_for_backward(
        {x, depthwise_weight, gamma, beta, weight, normal.rows, normal.scale, out});
    return out;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor& gamma = saved[2];
    const Normal normal = {saved[5], saved[6]};
    const Size size(x);
    const RoundedRows rounded = Round(ChannelsLast(gradients[0]), saved[7]);
    const auto [normal_gradient, rest] = FoldedProductBackwards(
        rounded, normal.rows, size.pixels(), gamma, saved[3], Matrix(saved[4]), size.pixels(),
        engine::PaddedChannels(size.channels));
    const DepthwiseGradients depthwise = DepthwiseNormGradient(x, saved[1], normal, normal_gradient,
                                                               rest.OfValues(normal.scale), {});
    return {depthwise.x, depthwise.weight, torch::zeros_like(gamma),
            rest.gamma,  rest.beta,        rest.weight.view_as(saved[4]),
            rounded.sum, Variable()};
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
    const Statistics statistics = Measure(size, {x.data_ptr<float>(), size.channels}, norm);
    const Tensor out =
        EmptyPictures(size.pictures, weight.size(0), size.height / patch, size.width / patch);
    const int patches = Size(out).pixels();
    const Tensor rows = HalfRowsOf(patches, patch * patch * size.channels);
    ForPatchRows(size, patch, [&](std::ptrdiff_t pixel, std::ptrdiff_t row, std::ptrdiff_t at) {
      NormaliseRow(x.data_ptr<float>() + pixel * size.channels, size.channels, size.width,
                   size.channels, statistics.mean.data_ptr<float>(),
                   statistics.scale.data_ptr<float>(),
                   {HalfRows(rows).From(row).data + at, rows.size(1), patch});
    });
    FoldedProduct(rows, patches, gamma, beta, PatchRows(weight), bias, To(out));
    context->save_for_backward({x, gamma, beta, weight, rows, statistics.scale});
    return out;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const Size size(saved[0]);
    const Tensor weight = PatchRows(saved[3]);
    const Tensor& rows = saved[4];
    const int patch = static_cast<int>(saved[3].size(2));
    const int depth = static_cast<int>(weight.size(1));
    const RoundedRows rounded = Round(ChannelsLast(gradients[0]));
    const auto [normal_gradient, rest] =
        FoldedProductBackwards(rounded, rows, size.pixels() / (patch * patch), saved[1], saved[2],
                               weight, size.pixels(), depth);
    const NormGradient norm = rest.OfValues(saved[5]);
    Tensor out = EmptyPictures(size.pictures, size.channels, size.height, size.width);
    const RowMatrix<float> normal_rows = Rows(normal_gradient);
    ForPatchRows(size, patch, [&](std::ptrdiff_t pixel, std::ptrdiff_t row, std::ptrdiff_t at) {
      NormaliseRowGradient({normal_rows.From(row).data + at, depth, patch},
                           {HalfRows(rows).From(row).data + at, rows.size(1), patch}, norm,
                           size.width, size.channels, out.data_ptr<float>() + pixel * size.channels,
                           size.channels);
    });
    return {out,         rest.gamma, rest.beta, OfPatchRows(rest.weight, saved[3]),
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
    const Tensor rows = Round(x).rows;
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
    const Tensor out = EmptyPictures(size.pictures, size.channels, size.height, size.width);
    Multiply(rows, Backwards(weight), size.pixels(), size.channels, {}, To(out));
    const Tensor weight_gradient =
        Product(LeftOf(rows, columns), RightOf(saved[2], size.channels), columns, size.channels);
    // Sums of parts are added, for many small numbers after a large one would be lost.
    const Tensor sums = torch::zeros({BlocksOf(size.pixels()), columns}, torch::kFloat);
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
