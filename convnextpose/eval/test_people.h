// The people of testdata/eval, as records.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "convnextpose/eval/metrics.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::eval {

inline const nlohmann::json& Golden() {
  static const nlohmann::json golden = [] {
    std::ifstream file(CNP_TESTDATA "/eval/people.json");
    return nlohmann::json::parse(file);
  }();
  return golden;
}

inline Errors3d ScoreGolden3d(const nlohmann::json& person) {
  const auto set = pose::FindJointSet(person["set"].get<std::string>());
  return Score3d(**set, person["predicted_mm"].get<std::vector<pose::Vec3>>(),
                 person["truth_mm"].get<std::vector<pose::Vec3>>(),
                 person["valid"].get<std::vector<std::uint8_t>>());
}

inline std::vector<double> ScoreGolden2d(const nlohmann::json& person) {
  const auto box = person["box"].get<std::array<double, 4>>();
  return Score2d(person["predicted_px"].get<std::vector<pose::Vec2>>(),
                 person["truth_px"].get<std::vector<pose::Vec2>>(),
                 person["visible"].get<std::vector<std::uint8_t>>(),
                 {box[0], box[1], box[2], box[3]});
}

inline std::vector<Record> GoldenRecords(const std::string& set) {
  std::vector<Record> records;
  for (const auto& person : Golden()["people"]) {
    if (person["set"] != set) continue;
    Record record;
    record.image_id = static_cast<std::int64_t>(records.size()) + 100;
    record.annotation_id = record.image_id * 2;
    record.file = "s_" + std::to_string(records.size()) + "/picture.jpg";
    record.subject = person["subject"];
    record.action = person["action"];
    record.camera = person["camera"];
    record.errors = ScoreGolden3d(person);
    record.joint_share = ScoreGolden2d(person);
    records.push_back(record);
  }
  EXPECT_EQ(records.size(), 12U);
  return records;
}

}  // namespace cnp::eval
