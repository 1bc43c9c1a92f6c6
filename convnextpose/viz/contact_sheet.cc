#include "convnextpose/viz/contact_sheet.h"

#include <algorithm>
#include <cstring>

#include "convnextpose/base/check.h"
#include "convnextpose/viz/canvas.h"

namespace cnp::viz {
namespace {

constexpr int kGap = 14;
constexpr int kTitle = 40;
constexpr int kTitleText = 13;
constexpr int kCaption = 24;
constexpr int kCaptionText = 9;

int WidthOf(const SheetColumn& column) {
  int width = 1;
  for (const SheetCell& cell : column.cells) width = std::max(width, cell.picture.width);
  return width;
}
int HeightOf(const SheetColumn& column) {
  int height = kTitle;
  for (const SheetCell& cell : column.cells) height += cell.picture.height + kCaption;
  return height;
}

void Paste(const image::Image& picture, int left, int top, cv::Mat sheet) {
  for (int y = 0; y < picture.height; ++y) {
    std::memcpy(sheet.ptr(top + y, left), picture.view().rgb + y * picture.view().stride,
                static_cast<std::size_t>(picture.width) * 3);
  }
}

}  // namespace

image::Image DrawContactSheet(std::span<const SheetColumn> columns) {
  CNP_CHECK(!columns.empty(), "a sheet of nothing");
  image::Image sheet = {.width = kGap, .height = 0, .rgb = {}};
  for (const SheetColumn& column : columns) {
    sheet.width += WidthOf(column) + kGap;
    sheet.height = std::max(sheet.height, HeightOf(column));
  }
  sheet.rgb.assign(static_cast<std::size_t>(sheet.width) * sheet.height * 3, 255);
  const cv::Mat pixels(sheet.height, sheet.width, CV_8UC3, sheet.rgb.data());
  Canvas canvas(pixels);
  int left = kGap;
  for (const SheetColumn& column : columns) {
    const double x = left;
    canvas.Text(column.title, {x, kTitle - 12.0}, kTitleText, kInk, Align::kLeft, true);
    int top = kTitle;
    for (const SheetCell& cell : column.cells) {
      Paste(cell.picture, left, top, pixels);
      top += cell.picture.height + kCaption;
      canvas.Text(cell.caption, {x, top - 9.0}, kCaptionText, kInk);
    }
    left += WidthOf(column) + kGap;
  }
  return sheet;
}

}  // namespace cnp::viz
