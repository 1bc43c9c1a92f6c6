// The part of a picture that a crop needs, decoded without the rest where that is possible: of a
// frame of Human3.6M a network sees about a quarter.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"
#include "convnextpose/pose/box.h"

namespace cnp::image {

/// A rectangle of a picture; its pixels are those of the whole picture, to the bit.
struct Region {
  Image pixels;
  int left = 0;  ///< Of its first pixel, in the picture.
  int top = 0;

  [[nodiscard]] ImageView view() const {
    ImageView view = pixels.view();
    view.left = left;
    view.top = top;
    return view;
  }
};

/// What Crop (crop.h) needs in order to cut `network_box` from the picture: given the region's view
/// it returns the same bits as given the whole. Upright baseline JPEGs are decoded in part, all
/// others whole. Precondition: pose::CheckNetworkBox(network_box). Errors: those of Decode; damage
/// beyond the region may go unseen. Thread-safe.
Result<Region> DecodeRegion(std::span<const std::byte> file, const std::string& name,
                            const pose::Box& network_box);

/// DecodeRegion for a file on disk; the error names the path.
Result<Region> LoadRegion(const std::filesystem::path& path, const pose::Box& network_box);

}  // namespace cnp::image
