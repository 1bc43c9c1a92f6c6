#include "convnextpose/image/crop.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/pose/affine.h"

namespace cnp::image {
namespace {

// The two pixels of one axis between which an output pixel lies. A pixel outside the picture has
// weight 0 (and an index inside), which is black.
struct Tap {
  std::ptrdiff_t first = 0;
  std::ptrdiff_t second = 0;
  float first_weight = 0;
  float second_weight = 0;
};

// Output pixel i lies at start + i * step of an axis of which there are `size` pixels from
// `origin`.
std::vector<Tap> Taps(double start, double step, int count, int origin, int size) {
  const auto inside = [&](double index) { return index >= origin && index < origin + size; };
  std::vector<Tap> taps(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double at = start + i * step;
    const double floor = std::floor(at);
    const auto second_weight = static_cast<float>(at - floor);
    Tap& tap = taps[static_cast<std::size_t>(i)];
    if (inside(floor)) {
      tap.first = static_cast<std::ptrdiff_t>(floor) - origin;
      tap.first_weight = 1 - second_weight;
    }
    if (inside(floor + 1)) {
      tap.second = static_cast<std::ptrdiff_t>(floor + 1) - origin;
      tap.second_weight = second_weight;
    }
  }
  return taps;
}

void ResampleRow(const std::uint8_t* row, const std::vector<Tap>& columns, float* out) {
  for (const Tap& tap : columns) {
    const std::uint8_t* first = row + tap.first;
    const std::uint8_t* second = row + tap.second;
    for (int c = 0; c < 3; ++c) {
      *out++ = static_cast<float>(first[c]) * tap.first_weight +
               static_cast<float>(second[c]) * tap.second_weight;
    }
  }
}

// Resampled source rows, each made once though neighbouring output rows share them.
class RowPair {
 public:
  RowPair(const ImageView& picture, const std::vector<Tap>& columns)
      : picture_(picture),
        columns_(columns),
        first_(columns.size() * 3),
        second_(columns.size() * 3) {}

  void MoveTo(const Tap& tap) {
    if (tap.first_weight != 0 && tap.first != first_row_) {
      if (tap.first == second_row_) {
        std::swap(first_, second_);
        std::swap(first_row_, second_row_);
      } else {
        Make(tap.first, first_, first_row_);
      }
    }
    if (tap.second_weight != 0 && tap.second != second_row_) Make(tap.second, second_, second_row_);
  }

  [[nodiscard]] const float* first() const { return first_.data(); }
  [[nodiscard]] const float* second() const { return second_.data(); }

 private:
  void Make(std::ptrdiff_t row, std::vector<float>& values, std::ptrdiff_t& values_row) {
    ResampleRow(picture_.rgb + row * picture_.stride, columns_, values.data());
    values_row = row;
  }

  const ImageView& picture_;
  const std::vector<Tap>& columns_;
  std::vector<float> first_;
  std::vector<float> second_;
  std::ptrdiff_t first_row_ = -1;
  std::ptrdiff_t second_row_ = -1;
};

// The box is not rotated, so the bilinear map separates: each source row is resampled along x, and
// an output row blends two of them. finish(y, first, first_weight, second, second_weight) does so.
template <typename Finish>
void ForEachRow(const ImageView& picture, const pose::Box& box, int width, int height, bool mirror,
                int first_row, int count, const Finish& finish) {
  CNP_CHECK(picture.rgb != nullptr && picture.width > 0 && picture.height > 0,
            "the picture has no pixels");
  CNP_CHECK(pose::CheckNetworkBox(box).ok(), "network box " + pose::ToString(box));
  const pose::Affine map = pose::PictureFromCrop(box, width, height);
  std::vector<Tap> columns = Taps(map.x0, map.xx, width, picture.left, picture.width);
  for (Tap& tap : columns) {  // Pixels to bytes.
    tap.first *= 3;
    tap.second *= 3;
  }
  if (mirror) std::reverse(columns.begin(), columns.end());
  const std::vector<Tap> rows = Taps(map.y0, map.yy, height, picture.top, picture.height);
  RowPair pair(picture, columns);
  for (int y = first_row; y < first_row + count; ++y) {
    const Tap& tap = rows[static_cast<std::size_t>(y)];
    pair.MoveTo(tap);
    finish(y, pair.first(), tap.first_weight, pair.second(), tap.second_weight);
  }
}

}  // namespace

void Crop(const ImageView& picture, const pose::Box& network_box, int input_width, int input_height,
          bool mirror, std::span<float> out) {
  CropRows(picture, network_box, input_width, input_height, mirror, 0, input_height, out);
}

void CropRows(const ImageView& picture, const pose::Box& network_box, int input_width,
              int input_height, bool mirror, int first, int count, std::span<float> out) {
  const std::size_t row_size = std::size_t{3} * input_width;
  CNP_CHECK(first >= 0 && count >= 0 && first + count <= input_height, "rows of the input");
  CNP_CHECK(out.size() == row_size * count, "the output's size");
  // (value/255 - mean) / std = value * scale + shift, with one entry a value of a row so that the
  // loop below is a plain vector loop.
  std::vector<float> scale(row_size);
  std::vector<float> shift(row_size);
  for (std::size_t i = 0; i < row_size; ++i) {
    scale[i] = 1 / (255 * kStd[i % 3]);
    shift[i] = -kMean[i % 3] / kStd[i % 3];
  }
  ForEachRow(
      picture, network_box, input_width, input_height, mirror, first, count,
      [&](int y, const float* upper, float upper_weight, const float* lower, float lower_weight) {
        float* row = out.data() + row_size * (y - first);
        for (std::size_t i = 0; i < row_size; ++i) {
          const float value = upper[i] * upper_weight + lower[i] * lower_weight;
          row[i] = value * scale[i] + shift[i];
        }
      });
}

void MirrorRows(std::span<const float> rows, int input_width, std::span<float> mirrored) {
  const std::size_t row_size = std::size_t{3} * input_width;
  CNP_CHECK(rows.size() == mirrored.size() && rows.size() % row_size == 0, "whole rows");
  for (std::size_t row = 0; row < rows.size(); row += row_size) {
    const float* from = rows.data() + row;
    float* to = mirrored.data() + row + row_size;
    for (std::size_t i = 0; i < row_size; i += 3) {
      to -= 3;
      to[0] = from[i];
      to[1] = from[i + 1];
      to[2] = from[i + 2];
    }
  }
}

void CropBytes(const ImageView& picture, const pose::Box& network_box, int input_width,
               int input_height, bool mirror, std::span<std::uint8_t> out) {
  const std::size_t row_size = std::size_t{3} * input_width;
  CNP_CHECK(out.size() == row_size * input_height, "the output's size");
  ForEachRow(
      picture, network_box, input_width, input_height, mirror, 0, input_height,
      [&](int y, const float* first, float first_weight, const float* second, float second_weight) {
        std::uint8_t* row = out.data() + row_size * y;
        for (std::size_t i = 0; i < row_size; ++i) {
          const float value = first[i] * first_weight + second[i] * second_weight;
          row[i] = static_cast<std::uint8_t>(std::lround(value));
        }
      });
}

}  // namespace cnp::image
