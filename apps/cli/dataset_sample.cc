// `convnextpose dataset sample`: a small set in Human3.6M's layout, of people who do not exist.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/cli/dataset.h"
#include "apps/cli/human36m_files.h"
#include "apps/cli/progress.h"
#include "apps/cli/sample_errors.h"
#include "apps/cli/sample_people.h"
#include "convnextpose/base/file.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/viz/overlay.h"

namespace cnp::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  convnextpose dataset sample --out /tmp/sample
      three subjects, three actions, four cameras; 216 pictures of stick figures
  convnextpose dataset check /tmp/sample
  convnextpose eval --weights xs.pth --data /tmp/sample
predictions/ holds files with known errors (truth, offset, rotated, scaled, mirrored), and in
expected.json what an evaluation must say of each.
Exit code: 0 written, 1 not, 2 wrong usage.)";

constexpr std::array<int, 3> kSubjects = {1, 9, 11};
constexpr std::array<int, 3> kActions = {2, 9, 14};
// For training (every 5th) and for testing (every 64th), and one for neither.
constexpr std::array<int, 6> kFrames = {0, 5, 10, 64, 66, 128};
constexpr int kTestEvery = 64;

struct SampleOptions {
  std::string out;
  std::uint64_t seed = 1;
};

// One picture, with its truth.
struct Taken {
  Human36mPicture picture;
  std::array<pose::Vec2, kSampleJoints> image_px{};
  SamplePrediction truth;
};

pose::Vec3 Relative(const pose::Vec3& point, const pose::Vec3& root) {
  return {point[0] - root[0], point[1] - root[1], point[2] - root[2]};
}

Taken Take(const SamplePose& world, const Human36mCamera& camera) {
  Taken taken;
  std::array<pose::Vec3, kSampleJoints> points{};
  for (std::size_t j = 0; j < world.size(); ++j) points[j] = ToCamera(camera, world[j]);
  for (std::size_t i = 0; i < 3; ++i) points[17][i] = (points[11][i] + points[14][i]) / 2;
  for (std::size_t j = 0; j < kSampleJoints; ++j) {
    taken.image_px[j] = pose::Project(camera.lens, points[j]);
    taken.truth.joints_mm[j] = Relative(points[j], points[0]);
  }
  taken.truth.root_mm = points[0];
  taken.picture.box = pose::BoxAroundJoints(taken.image_px).value();
  return taken;
}

std::string FileName(const Human36mPicture& picture) {
  const std::string take = fmt::format("s_{:02}_act_{:02}_subact_01_ca_{:02}", picture.subject,
                                       picture.action, picture.camera);
  return fmt::format("{0}/{0}_{1:06}.jpg", take, picture.frame + 1);
}

image::Image Draw(const Taken& taken) {
  image::Image picture{.width = kSampleWidth, .height = kSampleHeight};
  picture.rgb.assign(std::size_t{3} * kSampleWidth * kSampleHeight, 214);
  const viz::Person person{.image_px = taken.image_px};
  viz::DrawOverlay(pose::Human36m(), std::span(&person, 1), picture);
  return picture;
}

class Sample {
 public:
  explicit Sample(const SampleOptions& options) : options_(options), root_(options.out) {}

  Status Write() {
    CNP_RETURN_IF_ERROR(MakeFolder(root_ / "annotations"));
    CNP_RETURN_IF_ERROR(MakeFolder(root_ / "predictions"));
    for (const int subject : kSubjects) CNP_RETURN_IF_ERROR(WriteSubject(subject));
    CNP_RETURN_IF_ERROR(WritePictures());
    return WritePredictions();
  }

  [[nodiscard]] std::size_t pictures() const { return all_.size(); }

 private:
  static Status MakeFolder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error) return {};
    return Error{folder.string() + ": cannot create: " + error.message()};
  }
  static Status WriteJson(const fs::path& path, const Json& json) {
    return WriteFileAtomically(path, json.dump() + "\n");
  }

  Status WriteSubject(int subject) {
    const std::vector<Human36mCamera> cameras = SampleCameras(subject, options_.seed);
    Human36mFiles files;
    for (std::size_t c = 0; c < cameras.size(); ++c) {
      files.AddCamera(static_cast<int>(c) + 1, cameras[c]);
    }
    for (const int action : kActions) {
      for (const int frame : kFrames) {
        const SamplePose world = PoseOf(subject, action, frame, options_.seed);
        files.AddPose(action, 1, frame, world);
        for (std::size_t c = 0; c < cameras.size(); ++c) {
          Taken taken = Take(world, cameras[c]);
          Human36mPicture& picture = taken.picture;
          picture.id = static_cast<std::int64_t>(all_.size()) + 1;
          picture.subject = subject;
          picture.action = action;
          picture.camera = static_cast<int>(c) + 1;
          picture.frame = frame;
          picture.width = kSampleWidth;
          picture.height = kSampleHeight;
          picture.file = FileName(picture);
          files.AddPicture(picture);
          all_.push_back(std::move(taken));
        }
      }
    }
    return files.Write(root_, subject);
  }

  Status WritePictures() {
    Progress progress("drawing", all_.size());
    for (const Taken& taken : all_) {
      const fs::path path = root_ / "images" / taken.picture.file;
      CNP_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
      CNP_RETURN_IF_ERROR(WriteFileAtomically(path, image::EncodeJpeg(Draw(taken))));
      progress.Advance();
    }
    return {};
  }

  // Of the pictures that are tested on.
  Status WritePredictions() {
    for (const SampleError& error : SampleErrors()) {
      Json list = Json::array();
      for (const Taken& taken : all_) {
        if (taken.picture.subject == 1 || taken.picture.frame % kTestEvery != 0) continue;
        const SamplePrediction prediction = error.apply(taken.truth);
        const pose::Box box =
            pose::NetworkBox(taken.picture.box, kSampleWidth, kSampleHeight).value();
        list.push_back({{"image_id", taken.picture.id},
                        {"joint_cam", prediction.joints_mm},
                        {"bbox", {box.x, box.y, box.w, box.h}},
                        {"root_cam", prediction.root_mm}});
      }
      const std::string name = std::string(error.name) + ".json";
      CNP_RETURN_IF_ERROR(WriteJson(root_ / "predictions" / name, list));
    }
    const Json expected = {{"protocol_1", Expected({11})}, {"protocol_2", Expected({9, 11})}};
    return WriteFileAtomically(root_ / "predictions" / "expected.json", expected.dump(1) + "\n");
  }

  [[nodiscard]] Json Expected(const std::vector<int>& subjects) const {
    std::vector<SamplePrediction> truths;
    for (const Taken& taken : all_) {
      const bool wanted = std::ranges::find(subjects, taken.picture.subject) != subjects.end();
      if (wanted && taken.picture.frame % kTestEvery == 0) truths.push_back(taken.truth);
    }
    Json files = Json::object();
    for (const SampleError& error : SampleErrors()) {
      const KnownErrors known = MeanErrors(error, truths);
      files[std::string(error.name) + ".json"] = {{"what", error.what},
                                                  {"metrics",
                                                   {{"mpjpe_mm", known.mpjpe_mm},
                                                    {"pa_mpjpe_rigid_mm", known.pa_mpjpe_rigid_mm},
                                                    {"pa_mpjpe_mm", known.pa_mpjpe_mm},
                                                    {"n_mpjpe_mm", known.n_mpjpe_mm},
                                                    {"mrpe_mm", known.mrpe_mm}}}};
    }
    return {{"samples", truths.size()}, {"predictions", files}};
  }

  const SampleOptions& options_;
  fs::path root_;
  std::vector<Taken> all_;
};

int Run(const SampleOptions& options) {
  Sample sample(options);
  const Status written = sample.Write();
  if (!written.ok()) return Fail(written.error());
  Print(fmt::format("{}: {} pictures of subjects 1, 9 and 11, and predictions with known errors\n",
                    options.out, sample.pictures()));
  return kSuccess;
}

}  // namespace

void AddDatasetSample(CLI::App& dataset, Command& chosen) {
  CLI::App* command =
      dataset.add_subcommand("sample", "A small set in Human3.6M's layout, to try things on");
  auto options = std::make_shared<SampleOptions>();
  command->add_option("-o,--out", options->out, "Folder to write into")->required();
  command->add_option("--seed", options->seed, "Other people")->capture_default_str();
  command->footer(kExamples);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli
