#include "convnextpose/train/tile_norm.h"

#include <algorithm>

#include "convnextpose/base/aligned.h"
#include "convnextpose/engine/kernels/depthwise.h"
#include "convnextpose/train/depthwise_gradient.h"

namespace cnp::train::tiles {
namespace {

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

}  // namespace

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

NormColumns::NormColumns(const Tensor& norm_gamma, const Tensor& norm_beta, const Tensor& rows)
    : gamma(norm_gamma.repeat({rows.size(1) / norm_gamma.size(0)})),
      beta(norm_beta.repeat({rows.size(1) / norm_beta.size(0)})) {}

Tensor FoldedBias(const Tensor& bias, const Tensor& rows, const NormColumns& norm) {
  Tensor shift = Floats({rows.size(0)});
  FoldShift(Rows(rows), norm.beta.data_ptr<float>(), static_cast<int>(rows.size(0)),
            static_cast<int>(rows.size(1)), shift.data_ptr<float>());
  return PaddedBias(bias + shift);
}
UnfoldedGradients::UnfoldedGradients(const Tensor& rows, const NormColumns& norm,
                                     const Tensor& folded_gradient, const Tensor& bias_gradient,
                                     const Tensor& norm_gamma, int pixels)
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

NormGradient UnfoldedGradients::OfValues(const Tensor& scale) const {
  return {scale.data_ptr<float>(), mean_gradient.data_ptr<float>(), mean_product.data_ptr<float>()};
}

Normal DepthwiseNorm(const Tensor& x, const Convolution& depthwise, const BatchNorm& norm) {
  const Size size(x);
  const int padded = engine::PaddedChannels(size.channels);
  const engine::PackedDepthwise packed = Pack(depthwise.weight, depthwise.bias);
  const Tensor values = Floats({size.pixels(), padded});
  const std::ptrdiff_t picture = std::ptrdiff_t{size.area()} * size.channels;
  ForRanges(size.pictures, [&](int first, int end) {
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
  ForRanges(groups, [&](int first_group, int end_group) {
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

}  // namespace cnp::train::tiles
