// One's own labels: joints by name, in any order, in the picture or in space.
#include "convnextpose/datasets/coco_json.h"

#include <gmock/gmock.h>

#include "convnextpose/datasets/coco.h"
#include "convnextpose/datasets/muco.h"
#include "convnextpose/datasets/mupots.h"
#include "convnextpose/datasets/test_folder.h"

namespace cnp::datasets {
namespace {

using test::Json;
using ::testing::HasSubstr;

class CocoJsonTest : public test::TestFolder {
 protected:
  // Joint j of the set lies at (10 + j, 20 + 2 j), 3 m away; the file names the joints backwards.
  explicit CocoJsonTest(const char* set = "mpii") : set_(*pose::FindJointSet(set).value()) {
    Json names = Json::array();
    for (int j = set_.size() - 1; j >= 0; --j) {
      names.push_back(set_.joints[static_cast<std::size_t>(j)]);
      keypoints_.insert(keypoints_.end(), {10 + j, 20 + 2 * j, j == 3 ? 0 : 2});
      points_.push_back({j, -j, 3000 + j});
    }
    file_ = {{"images", {{{"id", 1}, {"file_name", "a.jpg"}, {"width", 100}, {"height", 80}}}},
             {"annotations", {{{"id", 2}, {"image_id", 1}, {"bbox", {10, 10, 50, 60}}}}},
             {"categories", {{{"id", 1}, {"keypoints", names}}}}};
  }
  Json& annotation() { return file_["annotations"][0]; }
  [[nodiscard]] Dataset Parse() const {
    const std::string text = file_.dump();
    auto dataset = ParseCocoJson(test::Bytes(text), "own.json", {});
    EXPECT_TRUE(dataset.ok()) << dataset.error().message;
    return std::move(dataset).value();
  }
  [[nodiscard]] std::string ParseError() const {
    const std::string text = file_.dump();
    const auto dataset = ParseCocoJson(test::Bytes(text), "own.json", {});
    return dataset.ok() ? "" : dataset.error().message;
  }

  const pose::JointSet& set_;
  Json file_;
  Json keypoints_ = Json::array();
  Json points_ = Json::array();
};

TEST_F(CocoJsonTest, JointsComeInTheSetsOrder) {
  annotation()["keypoints"] = keypoints_;
  const Dataset dataset = Parse();
  EXPECT_EQ(dataset.joints->name, "mpii");
  ASSERT_EQ(dataset.samples.size(), 1U);
  const Sample& sample = dataset.samples[0];
  for (std::size_t j = 0; j < 16; ++j) {
    const auto n = static_cast<double>(j);
    EXPECT_EQ(sample.image_px[j], (pose::Vec2{10 + n, 20 + 2 * n}));
    EXPECT_EQ(sample.visible[j], j == 3 ? 0 : 1);
  }
  EXPECT_TRUE(sample.camera_mm.empty());
  EXPECT_TRUE(sample.camera.assumed);
}

TEST_F(CocoJsonTest, JointsInSpaceAreProjected) {
  annotation()["keypoints_cam"] = points_;
  file_["images"][0]["camera"] = {{"f", {1000, 1200}}, {"c", {50, 40}}};
  const Dataset dataset = Parse();
  ASSERT_EQ(dataset.samples.size(), 1U);
  const Sample& sample = dataset.samples[0];
  EXPECT_FALSE(sample.camera.assumed);
  EXPECT_EQ(sample.root_depth_mm, 3006);  // MPII's pelvis is joint 6.
  EXPECT_NEAR(sample.image_px[9][0], 9.0 / 3009 * 1000 + 50, 1e-9);
  EXPECT_NEAR(sample.image_px[9][1], -9.0 / 3009 * 1200 + 40, 1e-9);
}

TEST_F(CocoJsonTest, JointsInSpaceAloneNeedACamera) {
  annotation()["keypoints_cam"] = points_;
  const Dataset dataset = Parse();
  ASSERT_EQ(dataset.left_out.count, 1U);
  EXPECT_THAT(dataset.left_out.named[0].what, HasSubstr("no camera {f, c}"));
  EXPECT_EQ(dataset.left_out.named[0].where, "own.json, annotation 2");
}

TEST_F(CocoJsonTest, WithoutNamesTheNumberTells) {
  file_.erase("categories");
  annotation()["keypoints"] = keypoints_;
  EXPECT_EQ(Parse().joints->name, "mpii");
  annotation()["keypoints"] = std::vector<int>(std::size_t{3} * 17, 1);
  EXPECT_THAT(ParseError(), HasSubstr("17 joints are of no known set; name them"));
}

TEST_F(CocoJsonTest, UnknownJointsAreAnError) {
  file_["categories"][0]["keypoints"][4] = "Tail";
  EXPECT_THAT(ParseError(), HasSubstr("own.json: its 16 joints are of no known set"));
}

TEST_F(CocoJsonTest, PeopleWhoCannotBeUsedAreLeftOut) {
  annotation()["keypoints"] = {1, 2, 3};
  EXPECT_THAT(Parse().left_out.named.at(0).what, HasSubstr("not 16 times x, y, visibility"));
  annotation()["keypoints"] = keypoints_;
  annotation()["keypoints"][4] = 1e12;
  EXPECT_THAT(Parse().left_out.named.at(0).what, HasSubstr("not a list of numbers"));
  annotation()["keypoints"] = keypoints_;
  annotation()["keypoints_cam"] = points_;
  for (Json& point : annotation()["keypoints_cam"]) point[2] = -1;
  EXPECT_THAT(Parse().left_out.named.at(0).what, HasSubstr("not in front of the camera"));
}

TEST_F(CocoJsonTest, NobodyLabelledIsSkippedByRule) {
  annotation()["keypoints"] = std::vector<int>(std::size_t{3} * 16, 0);
  const Dataset dataset = Parse();
  EXPECT_EQ(dataset.samples.size(), 0U);
  EXPECT_EQ(dataset.by_rule, 1U);
  EXPECT_EQ(dataset.left_out.count, 0U);
}

TEST_F(CocoJsonTest, IsFoundAsAFileOrInAFolder) {
  annotation()["keypoints"] = keypoints_;
  Write("annotations/mine.json", file_);
  Write("images/a.jpg", std::string("picture"));
  for (const auto& dir : {folder_, folder_ / "annotations/mine.json"}) {
    const auto dataset = ReadCocoJson(dir, {});
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    EXPECT_EQ(dataset->samples.size(), 1U);
    EXPECT_EQ(dataset->images, folder_ / "images");
  }
  Write("annotations/other.json", file_);
  const auto two = ReadCocoJson(folder_, {});
  ASSERT_FALSE(two.ok());
  EXPECT_THAT(two.error().message, HasSubstr("more than one"));
  Write("annotations/train.json", file_);
  EXPECT_TRUE(ReadCocoJson(folder_, {.split = Split::kTrain}).ok());
}

TEST(OtherReadersTest, SaysWhichSplitsThereAre) {
  EXPECT_THAT(ReadMuco("/", {.split = Split::kTest}).error().message, HasSubstr("to train on"));
  EXPECT_THAT(ReadMupots("/", {.split = Split::kTrain}).error().message, HasSubstr("to test on"));
}

}  // namespace
}  // namespace cnp::datasets
