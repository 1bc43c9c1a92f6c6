// How activations lie in memory: [row, pixel, channel], channels innermost and padded.
#pragma once

#include <cstddef>

namespace cnp::engine {

/// Channels are padded with zeros to a multiple of this (floats): one AVX-512 register, and a whole
/// number of registers of every narrower instruction set. No kernel needs a channel remainder.
inline constexpr int kChannelBlock = 16;

constexpr int PaddedChannels(int channels) {
  return (channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock;
}

/// A view of pixels in rows of `width`; strides in floats. Does not own.
template <typename T>
struct PixelView {
  T* data = nullptr;
  int width = 0;
  std::ptrdiff_t row_stride = 0;
  std::ptrdiff_t pixel_stride = 0;

  /// First channel of the pixel in (row, column).
  [[nodiscard]] T* At(int row, int column) const {
    return data + row * row_stride + column * pixel_stride;
  }
  /// First channel of the n-th pixel, counted row by row.
  [[nodiscard]] T* At(int pixel) const { return At(pixel / width, pixel % width); }

  /// The same view, beginning `rows` further down.
  [[nodiscard]] PixelView From(int row) const {
    return {data + row * row_stride, width, row_stride, pixel_stride};
  }
  operator PixelView<const T>() const {  // NOLINT(google-explicit-constructor)
    return {data, width, row_stride, pixel_stride};
  }
};
/// Walks a view's pixels row by row; counting is cheaper than At(pixel)'s division.
template <typename T>
class PixelCursor {
 public:
  explicit PixelCursor(const PixelView<T>& view)
      : at_(view.data),
        pixel_stride_(view.pixel_stride),
        row_end_(view.row_stride - view.width * view.pixel_stride),
        width_(view.width) {}
  /// The pixel that it stands on, before it goes on to the next.
  T* Next() {
    T* const pixel = at_;
    at_ += pixel_stride_;
    if (++column_ == width_) {
      at_ += row_end_;
      column_ = 0;
    }
    return pixel;
  }

 private:
  T* at_;
  std::ptrdiff_t pixel_stride_;
  std::ptrdiff_t row_end_;
  int width_;
  int column_ = 0;
};

using Pixels = PixelView<float>;
using ConstPixels = PixelView<const float>;

}  // namespace cnp::engine
