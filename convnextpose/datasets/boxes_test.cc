#include "convnextpose/datasets/boxes.h"

#include <gmock/gmock.h>

#include "convnextpose/datasets/test_folder.h"

namespace cnp::datasets {
namespace {

using ::testing::HasSubstr;

Dataset People(std::initializer_list<std::pair<int, int>> image_and_annotation) {
  Dataset dataset{.name = "test"};
  for (const auto& [image, annotation] : image_and_annotation) {
    dataset.samples.push_back({.image_id = image, .annotation_id = annotation});
  }
  return dataset;
}

Boxes Parse(const std::string& text) {
  auto boxes = ParseBoxes(test::Bytes(text), "boxes.json");
  EXPECT_TRUE(boxes.ok()) << boxes.error().message;
  return std::move(boxes).value();
}

TEST(BoxesTest, GiveSamplesTheirNetworkBoxAndRoot) {
  const Boxes boxes =
      Parse(R"([{"image_id": 5, "bbox": [-1.5, 2, 30, 30], "root_cam": [1, 2, 3000.5]},
                                {"image_id": 4, "bbox": [0, 0, 9, 9], "root_cam": [0, 0, 1]}])");
  Dataset dataset = People({{4, 40}, {5, 50}, {6, 60}});
  ApplyBoxes(boxes, dataset);
  ASSERT_EQ(dataset.samples.size(), 2U);
  EXPECT_EQ(dataset.samples[1].annotation_id, 50);
  EXPECT_EQ(dataset.samples[1].network_box, (pose::Box{-1.5, 2, 30, 30}));
  EXPECT_EQ(dataset.samples[1].root_depth_mm, 3000.5);
  ASSERT_EQ(dataset.left_out.count, 1U);
  EXPECT_THAT(dataset.left_out.named[0].where, HasSubstr("annotation 60"));
  EXPECT_THAT(dataset.left_out.named[0].what, HasSubstr("no entry in boxes.json"));
}

TEST(BoxesTest, OfSeveralPeopleInAPictureEachHasItsOwn) {
  const Boxes boxes =
      Parse(R"([{"image_id": 1, "ann_id": 20, "bbox": [0, 0, 2, 2], "root_cam": [0, 0, 2000]},
                {"image_id": 1, "ann_id": 10, "bbox": [0, 0, 1, 1], "root_cam": [0, 0, 1000]}])");
  Dataset dataset = People({{1, 10}, {1, 20}, {1, 30}});
  ApplyBoxes(boxes, dataset);
  ASSERT_EQ(dataset.samples.size(), 2U);
  EXPECT_EQ(dataset.samples[0].root_depth_mm, 1000);
  EXPECT_EQ(dataset.samples[1].root_depth_mm, 2000);
  EXPECT_EQ(dataset.left_out.count, 1U);
}

TEST(BoxesTest, EntriesThatCannotBeUsedAreTold) {
  const Boxes boxes = Parse(R"([7, {}, {"image_id": 1, "bbox": [0, 0, 1], "root_cam": [0, 0, 1]},
      {"image_id": 1, "bbox": [0, 0, 1, 0], "root_cam": [0, 0, 1]},
      {"image_id": 1, "bbox": [0, 0, 1, 1], "root_cam": [0, 0, -1]},
      {"image_id": 1, "bbox": [0, 0, 1, 1], "root_cam": [0, NaN, 1]},
      {"image_id": 2, "bbox": [0, 0, 1, 1], "root_cam": [0, 0, 1]},
      {"image_id": 2, "bbox": [0, 0, 3, 3], "root_cam": [0, 0, 1]}])");
  EXPECT_EQ(boxes.known.size(), 1U);
  EXPECT_EQ(boxes.known[0].network_box.w, 1);
  EXPECT_EQ(boxes.left_out.count, 7U);
  EXPECT_EQ(boxes.left_out.named[2].where, "boxes.json, entry 2");
  Dataset dataset = People({});
  ApplyBoxes(boxes, dataset);
  EXPECT_EQ(dataset.left_out.count, 7U);
}

TEST(BoxesTest, WhatIsNoListIsAnError) {
  for (const char* text : {"{}", "", "[1,", "[{\"image_id\":1}", "null"}) {
    const auto boxes = ParseBoxes(test::Bytes(text), "boxes.json");
    ASSERT_FALSE(boxes.ok()) << text;
    EXPECT_THAT(boxes.error().message, HasSubstr("boxes.json"));
  }
}

TEST(BoxesTest, ReadsThePublishedFiles) {
  const std::filesystem::path folder = CNP_SHARED "/bbox_root";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  for (const auto& [name, count, ann] :
       {std::tuple{"human36m_protocol2.json", 8695U, false}, {"coco_val2017.json", 6352U, true}}) {
    const auto boxes = ReadBoxes(folder / name);
    ASSERT_TRUE(boxes.ok()) << boxes.error().message;
    EXPECT_EQ(boxes->known.size(), count);
    EXPECT_EQ(boxes->left_out.count, 0U);
    EXPECT_EQ(boxes->known[0].annotation_id >= 0, ann);
  }
}

}  // namespace
}  // namespace cnp::datasets
