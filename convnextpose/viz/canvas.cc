#include "convnextpose/viz/canvas.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace cnp::viz {
namespace {

using pose::Vec2;

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kCapitalHeight = 21;  // Of that font at scale 1, in pixels.
constexpr int kFractionBits = 4;       // OpenCV's fixed-point coordinates.
constexpr double kFarthestPx = 1e6;    // Keeps them within an int.

bool Drawable(const Vec2& p) {
  return std::abs(p[0]) < kFarthestPx && std::abs(p[1]) < kFarthestPx;  // Also false for NaN.
}

cv::Point Fixed(const Vec2& p, double unit) {
  const double scale = unit * (1 << kFractionBits);
  return {static_cast<int>(std::lround(p[0] * scale)), static_cast<int>(std::lround(p[1] * scale))};
}

}  // namespace

int Canvas::Thickness(double width) const {
  return std::max(1, static_cast<int>(std::lround(width * unit_)));
}

double Canvas::FontScale(double height) const { return height * unit_ / kCapitalHeight; }

void Canvas::Line(const Vec2& a, const Vec2& b, const Color& color, double width) {
  if (!Drawable(a) || !Drawable(b)) return;
  cv::line(pixels_, Fixed(a, unit_), Fixed(b, unit_), color, Thickness(width), cv::LINE_AA,
           kFractionBits);
}

void Canvas::Disc(const Vec2& center, double radius, const Color& color) {
  if (!Drawable(center)) return;
  const int fixed_radius = static_cast<int>(std::lround(radius * unit_ * (1 << kFractionBits)));
  cv::circle(pixels_, Fixed(center, unit_), fixed_radius, color, cv::FILLED, cv::LINE_AA,
             kFractionBits);
}

void Canvas::Ring(const Vec2& center, double radius, const Color& color, double width) {
  if (!Drawable(center)) return;
  const int fixed_radius = static_cast<int>(std::lround(radius * unit_ * (1 << kFractionBits)));
  cv::circle(pixels_, Fixed(center, unit_), fixed_radius, color, Thickness(width), cv::LINE_AA,
             kFractionBits);
}

void Canvas::Frame(const Vec2& low, const Vec2& high, const Color& color, double width) {
  const Vec2 right = {high[0], low[1]};
  const Vec2 left = {low[0], high[1]};
  Line(low, right, color, width);
  Line(right, high, color, width);
  Line(high, left, color, width);
  Line(left, low, color, width);
}

void Canvas::Fill(const Vec2& low, const Vec2& high, const Color& color) {
  if (!Drawable(low) || !Drawable(high)) return;
  cv::rectangle(pixels_, Fixed(low, unit_), Fixed(high, unit_), color, cv::FILLED, cv::LINE_8,
                kFractionBits);
}

void Canvas::Text(const std::string& text, const Vec2& at, double height, const Color& color,
                  Align align, bool bold) {
  if (!Drawable(at)) return;
  const double shift = align == Align::kLeft ? 0 : align == Align::kCenter ? 0.5 : 1;
  const Vec2 start = {at[0] - shift * TextWidth(text, height), at[1]};
  const int thickness = Thickness(height * (bold ? 0.16 : 0.1));
  cv::putText(pixels_, text,
              {static_cast<int>(std::lround(start[0] * unit_)),
               static_cast<int>(std::lround(start[1] * unit_))},
              kFont, FontScale(height), color, thickness, cv::LINE_AA);
}

double Canvas::TextWidth(const std::string& text, double height) const {
  int baseline = 0;
  return cv::getTextSize(text, kFont, FontScale(height), 1, &baseline).width / unit_;
}

FineCanvas::FineCanvas(int width, int height)
    : large_(height * kOversampling, width * kOversampling, CV_8UC3, kPaper) {}

image::Image FineCanvas::Finished() const {
  image::Image image{large_.cols / kOversampling, large_.rows / kOversampling, {}};
  image.rgb.resize(std::size_t{3} * image.width * image.height);
  cv::Mat small(image.height, image.width, CV_8UC3, image.rgb.data());
  cv::resize(large_, small, small.size(), 0, 0, cv::INTER_AREA);
  return image;
}

}  // namespace cnp::viz
