#include "convnextpose/viz/overlay.h"

#include <algorithm>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/viz/skeleton.h"

namespace cnp::viz {
namespace {

using pose::Box;
using pose::Vec2;

const Color kBoxColor = {255, 255, 255};

// In pixels: the longer side of the box around the joints, else of a given box.
double SizeOf(const Person& person) {
  const auto around = pose::BoxAroundJoints(person.image_px);
  const Box box = around.ok() ? *around : person.box.value_or(person.network_box.value_or(Box{}));
  return std::max(box.w, box.h);
}

// A light line with a dark one inside it: to be seen on snow as well as at night.
void DrawPersonBox(const Box& box, double width, Canvas& canvas) {
  const double inset = width;
  canvas.Frame({box.x + inset, box.y + inset}, {box.x + box.w - inset, box.y + box.h - inset}, kInk,
               width);
  canvas.Frame({box.x, box.y}, {box.x + box.w, box.y + box.h}, kBoxColor, width);
}

// Only the corners: the network's box is larger than the person's and would cross its neighbours.
void DrawNetworkBox(const Box& box, double width, Canvas& canvas) {
  const double arm = 0.08 * std::min(box.w, box.h);
  for (const double right : {0.0, 1.0}) {
    for (const double bottom : {0.0, 1.0}) {
      const Vec2 corner = {box.x + right * box.w, box.y + bottom * box.h};
      const Vec2 across = {corner[0] + (1 - 2 * right) * arm, corner[1]};
      const Vec2 along = {corner[0], corner[1] + (1 - 2 * bottom) * arm};
      for (const Vec2& end : {across, along}) canvas.Line(corner, end, kInk, width + 2);
      for (const Vec2& end : {across, along}) canvas.Line(corner, end, kBoxColor, width);
    }
  }
}

// A dark tag above the box's left corner, moved into the picture.
void DrawLabel(const std::string& label, const Box& box, double text_height,
               const image::Image& picture, Canvas& canvas) {
  if (label.empty()) return;
  const double pad = text_height * 0.5;
  const double width = canvas.TextWidth(label, text_height) + 2 * pad;
  const double height = text_height + 2 * pad;
  const double left = std::clamp(box.x, 0.0, std::max(0.0, picture.width - width));
  const double top = std::clamp(box.y - height, 0.0, std::max(0.0, picture.height - height));
  canvas.Fill({left, top}, {left + width, top + height}, kInk);
  canvas.Text(label, {left + pad, top + pad + text_height}, text_height, kPaper);
}

}  // namespace

void DrawOverlay(const pose::JointSet& set, std::span<const Person> people, image::Image& picture) {
  CNP_CHECK(picture.width > 0 && picture.height > 0, "a picture without pixels");
  CNP_CHECK(picture.rgb.size() == std::size_t{3} * picture.width * picture.height, "its size");
  Canvas canvas(cv::Mat(picture.height, picture.width, CV_8UC3, picture.rgb.data()));
  const double longer = std::max(picture.width, picture.height);
  const double hairline = std::max(1.0, longer / 1000);
  for (const Person& person : people) {
    if (person.network_box) DrawNetworkBox(*person.network_box, hairline, canvas);
    if (person.box) DrawPersonBox(*person.box, hairline, canvas);
  }
  for (const Person& person : people) {
    std::vector<double> distance;
    for (const pose::Vec3& joint : person.camera_mm) distance.push_back(joint[2]);
    const double bone_width =
        std::clamp(SizeOf(person) / 90, hairline * 2, std::max(longer / 60, hairline * 2));
    DrawSkeleton(set, person.image_px, distance, person.confidence, bone_width, canvas);
  }
  for (const Person& person : people) {
    const auto& box = person.box ? person.box : person.network_box;
    if (box) DrawLabel(person.label, *box, std::max(8.0, longer / 90), picture, canvas);
  }
}

}  // namespace cnp::viz
