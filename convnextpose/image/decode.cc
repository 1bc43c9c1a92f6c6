#include "convnextpose/image/decode.h"

#include <climits>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "convnextpose/base/file.h"
#include "convnextpose/image/orientation.h"
#include "convnextpose/image/size.h"

namespace cnp::image {
namespace {

cv::Mat DecodeBgr(std::span<const std::byte> file) {
  static const auto previous =
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  static_cast<void>(previous);
  // OpenCV takes no pointer to const, but does not write to its input.
  auto* bytes = const_cast<std::byte*>(file.data());
  const cv::Mat input(1, static_cast<int>(file.size()), CV_8UC1, bytes);
  return cv::imdecode(input, cv::IMREAD_COLOR);
}

// From the orientation as stored to upright (EXIF 2.3, tag 0x0112).
void TurnUpright(int orientation, cv::Mat& picture) {
  if (orientation >= 5) cv::transpose(picture, picture);
  if (orientation == 2 || orientation == 6) cv::flip(picture, picture, 1);
  if (orientation == 4 || orientation == 8) cv::flip(picture, picture, 0);
  if (orientation == 3 || orientation == 7) cv::flip(picture, picture, -1);
}

std::vector<std::byte> Encode(const Image& image, const char* extension,
                              const std::vector<int>& parameters) {
  CNP_CHECK(image.width > 0 && image.height > 0, "no pixels to encode");
  CNP_CHECK(image.rgb.size() == std::size_t{3} * image.width * image.height, "size and pixels");
  auto* pixels = const_cast<std::uint8_t*>(image.rgb.data());  // Only read.
  cv::Mat bgr;
  cv::cvtColor(cv::Mat(image.height, image.width, CV_8UC3, pixels), bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> file;
  CNP_CHECK(cv::imencode(extension, bgr, file, parameters), "OpenCV cannot encode");
  std::vector<std::byte> bytes(file.size());
  std::memcpy(bytes.data(), file.data(), file.size());
  return bytes;
}

}  // namespace

Result<Image> Decode(std::span<const std::byte> file, const std::string& name) {
  const auto size = ReadSize(file);
  if (!size.ok()) return size.error().In(name);
  if (file.size() > INT_MAX) return Error{name + ": a picture file of over 2 GiB is not read"};
  const Error damaged{name + ": the " + std::string(ToString(size->format)) +
                      " data is damaged, or of a flavour that OpenCV does not read"};
  try {
    cv::Mat bgr = DecodeBgr(file);
    if (bgr.empty()) return damaged;
    if (size->format == Format::kWebp) TurnUpright(WebpOrientation(file), bgr);
    Image image{bgr.cols, bgr.rows, std::vector<std::uint8_t>(bgr.total() * 3)};
    cv::Mat rgb(image.height, image.width, CV_8UC3, image.rgb.data());
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    return image;
  } catch (const cv::Exception&) {
    return damaged;
  } catch (const std::bad_alloc&) {
    return Error{name + ": not enough memory for " + std::to_string(size->width) + " x " +
                 std::to_string(size->height) + " pixels"};
  }
}

Result<Image> Load(const std::filesystem::path& path) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  return Decode(file.bytes(), path.string());
}

std::vector<std::byte> EncodePng(const Image& image) {
  // OpenCV's own default is made for speed alone: drawings come out twice as large.
  return Encode(image, ".png", {cv::IMWRITE_PNG_COMPRESSION, 1});
}

std::vector<std::byte> EncodeJpeg(const Image& image, int quality) {
  return Encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

}  // namespace cnp::image
