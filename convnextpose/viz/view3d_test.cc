#include "convnextpose/viz/view3d.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/viz/skeleton.h"

namespace cnp::viz {
namespace {

using pose::Vec3;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int kHeaderRows = 60;

// Where a colour stands in one of the three panels, the header with its legend left out.
struct Patch {
  int left = 1 << 20, right = -1, top = 1 << 20, bottom = -1;
  [[nodiscard]] bool empty() const { return right < 0; }
};
Patch Find(const image::Image& image, pose::Side side, int panel) {
  const Color color = ColorOf(side);
  Patch patch;
  for (int y = kHeaderRows; y < image.height; ++y) {
    for (int x = image.width * panel / 3; x < image.width * (panel + 1) / 3; ++x) {
      const std::uint8_t* pixel = &image.rgb[3 * (y * static_cast<std::size_t>(image.width) + x)];
      if (pixel[0] != color[0] || pixel[1] != color[1] || pixel[2] != color[2]) continue;
      patch = {std::min(patch.left, x), std::max(patch.right, x), std::min(patch.top, y),
               std::max(patch.bottom, y)};
    }
  }
  return patch;
}

// A left leg alone: from the hip 600 mm right, then 600 mm down and away.
std::vector<Vec3> LeftLeg() {
  std::vector<Vec3> joints(18, {kNan, kNan, kNan});
  joints[4] = {100, 200, 3000};
  joints[5] = {700, 200, 3000};
  joints[6] = {700, 800, 3600};
  return joints;
}

TEST(DrawView3d, HasTheSizeAskedFor) {
  const image::Image image = DrawView3d(pose::Human36m(), {}, {.width = 900, .height = 400});
  EXPECT_EQ(image.width, 900);
  EXPECT_EQ(image.height, 400);
  EXPECT_EQ(image.rgb.size(), 3U * 900 * 400);
  EXPECT_THROW(DrawView3d(pose::Human36m(), {}, {.width = 500}), CheckFailure);
}

TEST(DrawView3d, UsesOneScaleForAllPanelsAndAxes) {
  const std::vector<Vec3> joints = LeftLeg();
  const Person person = {.camera_mm = joints};
  const image::Image image = DrawView3d(pose::Human36m(), {&person, 1});
  const Patch front = Find(image, pose::Side::kLeft, 0);
  const int across = front.right - front.left;
  EXPECT_GT(across, 200);
  for (int panel = 0; panel < 3; ++panel) {
    const Patch patch = Find(image, pose::Side::kLeft, panel);
    EXPECT_NEAR(patch.right - patch.left, across, 2) << panel;
    EXPECT_NEAR(patch.bottom - patch.top, across, 2) << panel;
  }
}

TEST(DrawView3d, LooksFromTheFrontTheSideAndAbove) {
  // Right of the pelvis in the picture, above and nearer: the left hip's bone, put far out.
  std::vector<Vec3> joints(18, {kNan, kNan, kNan});
  joints[0] = {0, 0, 3000};
  joints[4] = {500, -500, 2500};  // left hip
  joints[1] = {-400, 0, 3000};    // right hip: only to give the pelvis another neighbour
  const Person person = {.camera_mm = joints};
  const image::Image image = DrawView3d(pose::Human36m(), {&person, 1});
  const auto middle = [&](int panel) {
    const Patch pelvis = Find(image, pose::Side::kMiddle, panel);
    return std::pair{(pelvis.left + pelvis.right) / 2, (pelvis.top + pelvis.bottom) / 2};
  };
  const Patch front = Find(image, pose::Side::kLeft, 0);
  EXPECT_GT(front.right, middle(0).first + 50);  // x grows to the right,
  EXPECT_LT(front.top, middle(0).second - 50);   // y downwards;
  const Patch beside = Find(image, pose::Side::kLeft, 1);
  EXPECT_LT(beside.left, middle(1).first - 50);  // z grows to the right,
  EXPECT_LT(beside.top, middle(1).second - 50);
  const Patch above = Find(image, pose::Side::kLeft, 2);
  EXPECT_GT(above.right, middle(2).first + 50);
  EXPECT_GT(above.bottom, middle(2).second + 50);  // z upwards.
}

TEST(DrawView3d, ShowsSeveralPeopleTheNearerInFront) {
  const std::vector<Vec3> near = LeftLeg();
  std::vector<Vec3> far(18, {kNan, kNan, kNan});
  far[1] = {100, 200, 5000};  // A right thigh behind the left one, just as long.
  far[2] = {700, 200, 5000};
  for (const bool near_first : {true, false}) {
    std::vector<Person> people = {{.camera_mm = near}, {.camera_mm = far}};
    if (!near_first) std::swap(people[0], people[1]);
    const image::Image image = DrawView3d(pose::Human36m(), people);
    EXPECT_TRUE(Find(image, pose::Side::kRight, 0).empty()) << near_first;
    EXPECT_FALSE(Find(image, pose::Side::kRight, 1).empty());
    EXPECT_FALSE(Find(image, pose::Side::kRight, 2).empty());
  }
}

TEST(DrawView3d, SurvivesNothingToShow) {
  const image::Image nobody = DrawView3d(pose::Human36m(), {});
  const std::vector<Vec3> unknown(18, {kNan, 0, 1e300});
  const std::vector<Person> people = {{}, {.camera_mm = unknown}};
  EXPECT_EQ(DrawView3d(pose::Human36m(), people).rgb, nobody.rgb);
  // It says so in the middle.
  const auto dark = [&](const image::Image& image) {
    return std::count_if(image.rgb.begin() + 3L * 1500 * 250, image.rgb.begin() + 3L * 1500 * 300,
                         [](std::uint8_t value) { return value < 150; });
  };
  EXPECT_GT(dark(nobody), 100);
}

TEST(DrawView3d, SurvivesAllJointsOnOnePointAndExtremes) {
  const std::vector<Vec3> point(18, {0, 0, 3000});
  std::vector<Vec3> extreme(18, {0, 0, 3000});
  extreme[3] = {9.9e6, -9.9e6, 9.9e6};
  const std::vector<double> unsure(18, 0.0);
  for (const std::vector<Vec3>& joints : {point, extreme}) {
    // Of joints on one point the last is on top, Thorax.
    const Person sure_person = {.camera_mm = joints};
    EXPECT_FALSE(
        Find(DrawView3d(pose::Human36m(), {&sure_person, 1}), pose::Side::kMiddle, 0).empty());
    const Person person = {.camera_mm = joints, .confidence = unsure};
    EXPECT_TRUE(Find(DrawView3d(pose::Human36m(), {&person, 1}), pose::Side::kMiddle, 0).empty());
  }
}

TEST(DrawView3d, EndsALongTitleBeforeTheLegend) {
  const image::Image brief = DrawView3d(pose::Human36m(), {}, {.title = std::string(60, 'w')});
  const image::Image full = DrawView3d(pose::Human36m(), {}, {.title = std::string(3000, 'w')});
  const auto legend = [](const image::Image& image) {
    std::vector<std::uint8_t> pixels;
    for (std::size_t y = 0; y < 48; ++y) {
      const auto row = image.rgb.begin() + static_cast<std::ptrdiff_t>(y * 4500);
      pixels.insert(pixels.end(), row + 3L * 1160, row + 3L * 1500);
    }
    return pixels;
  };
  EXPECT_EQ(legend(full), legend(brief));
  EXPECT_NE(full.rgb, brief.rgb);
}

}  // namespace
}  // namespace cnp::viz
