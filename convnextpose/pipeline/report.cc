#include "convnextpose/pipeline/report.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace cnp::pipeline {
namespace {

using Json = nlohmann::ordered_json;

// Four decimals: a ten-thousandth of a cell, pixel or millimetre, and lines of readable length.
double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

template <typename Numbers>
Json List(const Numbers& numbers) {
  Json list = Json::array();
  for (const double number : numbers) list.push_back(Rounded(number));
  return list;
}

Json ToJson(const pose::Box& box) { return List(std::array{box.x, box.y, box.w, box.h}); }

Json ToJson(const pose::JointSet& set) {
  Json bones = Json::array();
  for (const pose::Bone& bone : set.bones) bones.push_back({bone.parent, bone.child});
  return {{"name", set.name}, {"joints", set.joints}, {"bones", bones}};
}

Json ToJson(const Person& person, const pose::JointSet& set) {
  Json joints = Json::array();
  for (std::size_t i = 0; i < person.joints.size(); ++i) {
    const Joint& joint = person.joints[i];
    joints.push_back({{"name", set.joints[i]},
                      {"heatmap", List(joint.heatmap)},
                      {"image_px", List(joint.image_px)},
                      {"root_relative_mm", List(joint.root_relative_mm)},
                      {"camera_mm", List(joint.camera_mm)},
                      {"confidence", Rounded(joint.confidence)},
                      {"sigma_mm", List(joint.sigma_mm)}});
  }
  return {{"box_px", person.box ? ToJson(*person.box) : Json(nullptr)},
          {"network_box_px", ToJson(person.network_box)},
          {"root_depth_mm", Rounded(person.root_depth_mm)},
          {"root_depth_source", ToString(person.root_depth_source)},
          {"confidence", Rounded(person.confidence())},
          {"joints", joints}};
}

}  // namespace

std::string ToJson(const PictureResult& result, const std::string& file, const ModelInfo& model,
                   const pose::JointSet& set) {
  Json people = Json::array();
  for (const Person& person : result.people) people.push_back(ToJson(person, set));
  Json json = {
      {"schema", "convnextpose/1"},
      {"image", {{"file", file}, {"width", result.width}, {"height", result.height}}},
      {"model", {{"variant", model.variant}, {"weights", model.weights}, {"sha256", model.sha256}}},
      {"engine", {{"isa", model.isa}, {"precision", model.precision}}},
      {"camera",
       {{"focal_px", List(result.camera.focal_px)},
        {"center_px", List(result.camera.center_px)},
        {"assumed", result.camera.assumed}}},
      {"units",
       {{"heatmap", "cells: x, y, depth bin"},
        {"image_px", "pixels: x right, y down, pixel centres at integers"},
        {"root_relative_mm", "millimetres from the root joint, axes as camera_mm"},
        {"camera_mm", "millimetres: x right, y down, z forward, origin at the camera"},
        {"confidence", "0..1"},
        {"sigma_mm", "millimetres, standard deviation of the heatmap per axis"}}},
      {"joint_set", ToJson(set)},
      {"people", people}};
  if (!result.note.empty()) json["note"] = result.note;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cnp::pipeline
