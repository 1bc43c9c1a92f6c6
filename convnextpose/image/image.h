// A picture in memory, 8 bits a channel, RGB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cnp::image {

/// Someone else's pixels, not owned: rows of RGB triples, `stride` bytes from row to row.
struct ImageView {
  const std::uint8_t* rgb = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;
  /// Where the first pixel lies in the picture, of which these may be a part (region.h). Crop
  /// heeds it; all else takes whole pictures.
  int left = 0;
  int top = 0;
};

struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  // [height, width, 3]

  [[nodiscard]] ImageView view() const {
    return {rgb.data(), width, height, static_cast<std::ptrdiff_t>(width) * 3};
  }
};

}  // namespace cnp::image
