#include "convnextpose/viz/contact_sheet.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace cnp::viz {
namespace {

using Rgb = std::array<std::uint8_t, 3>;

image::Image Plain(int width, int height, const Rgb& color) {
  image::Image picture = {.width = width, .height = height, .rgb = {}};
  for (int i = 0; i < width * height; ++i) {
    picture.rgb.insert(picture.rgb.end(), color.begin(), color.end());
  }
  return picture;
}

int Count(const image::Image& picture, const Rgb& color) {
  int count = 0;
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) {
    count += Rgb{picture.rgb[i], picture.rgb[i + 1], picture.rgb[i + 2]} == color ? 1 : 0;
  }
  return count;
}

TEST(ContactSheetTest, ShowsEveryPictureWhole) {
  constexpr Rgb kRed = {255, 0, 0};
  constexpr Rgb kGreen = {0, 255, 0};
  constexpr Rgb kBlue = {0, 0, 255};
  const std::vector<SheetColumn> columns = {
      {"one", {{Plain(90, 30, kRed), "12.3"}, {Plain(60, 30, kGreen), ""}}},
      {"two", {{Plain(40, 50, kBlue), "4"}}},
      {"none", {}}};
  const image::Image sheet = DrawContactSheet(columns);
  EXPECT_EQ(sheet.rgb.size(), static_cast<std::size_t>(sheet.width) * sheet.height * 3);
  EXPECT_EQ(Count(sheet, kRed), 90 * 30);
  EXPECT_EQ(Count(sheet, kGreen), 60 * 30);
  EXPECT_EQ(Count(sheet, kBlue), 40 * 50);
  EXPECT_GT(Count(sheet, {24, 24, 28}), 20) << "titles and captions";
}

}  // namespace
}  // namespace cnp::viz
