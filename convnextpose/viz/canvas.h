// Anti-aliased lines, discs and words on RGB pixels, at fractions of a pixel; what lies outside or
// is not finite is left away.
#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "convnextpose/image/image.h"
#include "convnextpose/pose/vec.h"

namespace cnp::viz {

using Color = cv::Scalar;  // R, G, B

inline const Color kInk = {24, 24, 28};
inline const Color kPaper = {255, 255, 255};

enum class Align { kLeft, kCenter, kRight };

class Canvas {
 public:
  /// Draws on `pixels` (8-bit RGB, shared). All positions and widths are multiplied by `unit`: a
  /// picture drawn twice as large and halved afterwards has finer edges and letters.
  explicit Canvas(cv::Mat pixels, double unit = 1) : pixels_(std::move(pixels)), unit_(unit) {}

  void Line(const pose::Vec2& a, const pose::Vec2& b, const Color& color, double width);
  void Disc(const pose::Vec2& center, double radius, const Color& color);
  void Ring(const pose::Vec2& center, double radius, const Color& color, double width);
  void Frame(const pose::Vec2& low, const pose::Vec2& high, const Color& color, double width);
  void Fill(const pose::Vec2& low, const pose::Vec2& high, const Color& color);

  /// `at` is the text's baseline at its left end, middle or right end; `height` that of capitals.
  void Text(const std::string& text, const pose::Vec2& at, double height, const Color& color,
            Align align = Align::kLeft, bool bold = false);
  [[nodiscard]] double TextWidth(const std::string& text, double height) const;

 private:
  [[nodiscard]] int Thickness(double width) const;
  [[nodiscard]] double FontScale(double height) const;

  cv::Mat pixels_;
  double unit_;
};

/// A new drawing, made twice as large as it will be.
class FineCanvas {
 public:
  FineCanvas(int width, int height);
  [[nodiscard]] Canvas canvas() const { return Canvas(large_, kOversampling); }
  /// The pixels, shared, of the left end: for a picture.
  [[nodiscard]] cv::Mat Left(int width) const { return large_.colRange(0, width * kOversampling); }
  [[nodiscard]] image::Image Finished() const;

 private:
  static constexpr int kOversampling = 2;
  cv::Mat large_;
};

}  // namespace cnp::viz
