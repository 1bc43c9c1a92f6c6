#include "apps/cli/human36m_files.h"

#include <fmt/core.h>

#include <utility>

#include "convnextpose/base/file.h"
#include "convnextpose/datasets/human36m.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::ordered_json;

// At the end, without the look for the same name that makes many names slow.
void Append(int name, Json value, Json& object) {
  object.get_ref<Json::object_t&>().push_back({std::to_string(name), std::move(value)});
}

Json ImageJson(const Human36mPicture& picture) {
  const auto& actions = datasets::Human36mActions();
  return {{"id", picture.id},
          {"file_name", picture.file},
          {"width", picture.width},
          {"height", picture.height},
          {"subject", picture.subject},
          {"action_name", actions.at(static_cast<std::size_t>(picture.action))},
          {"action_idx", picture.action},
          {"subaction_idx", picture.subaction},
          {"cam_idx", picture.camera},
          {"frame_idx", picture.frame}};
}

Json AnnotationJson(const Human36mPicture& picture) {
  const pose::Box& box = picture.box;
  return {{"id", picture.id},
          {"image_id", picture.id},
          {"bbox", {box.x, box.y, box.w, box.h}},
          {"keypoints_vis", std::vector<bool>(17, true)}};
}

}  // namespace

void Human36mFiles::AddCamera(int index, const Human36mCamera& camera) { cameras_[index] = camera; }

void Human36mFiles::AddPose(int action, int subaction, int frame, const Pose& world_mm) {
  poses_[action][subaction][frame] = world_mm;
}

void Human36mFiles::AddPicture(const Human36mPicture& picture) { pictures_.push_back(picture); }

Json Human36mFiles::Cameras() const {
  Json all = Json::object();
  for (const auto& [index, camera] : cameras_) {
    Append(index,
           {{"R", camera.rotation},
            {"t", camera.translation_mm},
            {"f", camera.lens.focal_px},
            {"c", camera.lens.center_px}},
           all);
  }
  return all;
}

Json Human36mFiles::Poses() const {
  Json all = Json::object();
  for (const auto& [action, subactions] : poses_) {
    Json of_action = Json::object();
    for (const auto& [subaction, frames] : subactions) {
      Json of_subaction = Json::object();
      for (const auto& [frame, pose] : frames) Append(frame, pose, of_subaction);
      Append(subaction, std::move(of_subaction), of_action);
    }
    Append(action, std::move(of_action), all);
  }
  return all;
}

Json Human36mFiles::Pictures() const {
  Json images = Json::array();
  Json annotations = Json::array();
  for (const Human36mPicture& picture : pictures_) {
    images.push_back(ImageJson(picture));
    annotations.push_back(AnnotationJson(picture));
  }
  return {{"images", std::move(images)}, {"annotations", std::move(annotations)}};
}

Status Human36mFiles::Write(const std::filesystem::path& root, int subject) const {
  const auto write = [&](const char* what, const Json& json) {
    const std::string name = fmt::format("Human36M_subject{}_{}.json", subject, what);
    return WriteFileAtomically(root / "annotations" / name, json.dump() + "\n");
  };
  CNP_RETURN_IF_ERROR(write("camera", Cameras()));
  CNP_RETURN_IF_ERROR(write("joint_3d", Poses()));
  return write("data", Pictures());
}

}  // namespace cnp::cli
