#include "apps/cli/outputs.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "convnextpose/base/file.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/viz/overlay.h"
#include "convnextpose/viz/view3d.h"

namespace cnp::cli {
namespace {

using pipeline::Person;
using pipeline::PictureResult;

// The drawings take arrays by joint; a Person has joints with fields.
struct Drawable {
  std::vector<pose::Vec2> image_px;
  std::vector<pose::Vec3> camera_mm;
  std::vector<double> confidence;

  explicit Drawable(const Person& person) {
    for (const pipeline::Joint& joint : person.joints) {
      image_px.push_back(joint.image_px);
      camera_mm.push_back(joint.camera_mm);
      confidence.push_back(joint.confidence);
    }
  }
};

std::string CameraNote(const PictureResult& result) {
  return fmt::format("focal length {:.0f} px {}", result.camera.focal_px[0],
                     result.camera.assumed ? "assumed" : "given");
}

std::string DepthNote(const Person& person) {
  return person.root_depth_source == pipeline::DepthSource::kGiven ? "root depth given"
                                                                   : "root depth from bone lengths";
}

std::string Assumptions(const PictureResult& result, const std::string& precision) {
  std::string note = CameraNote(result);
  if (!result.people.empty()) note += ", " + DepthNote(result.people.front());
  return note + ", " + precision;
}

}  // namespace

Status WriteOutputs(const std::filesystem::path& folder, const std::string& stem,
                    const std::string& json, const image::Image& picture,
                    const PictureResult& result, const pose::JointSet& set,
                    const std::string& precision) {
  std::vector<Drawable> drawables;
  drawables.reserve(result.people.size());
  std::vector<viz::Person> people;
  for (const Person& person : result.people) {
    const Drawable& d = drawables.emplace_back(person);
    people.push_back(
        {.box = person.box,
         .network_box = person.network_box,
         .image_px = d.image_px,
         .camera_mm = d.camera_mm,
         .confidence = d.confidence,
         .label = fmt::format("person {}  {:.2f}", people.size() + 1, person.confidence())});
  }
  const auto path = [&](const char* suffix) { return folder / (stem + suffix); };
  CNP_RETURN_IF_ERROR(WriteFileAtomically(path(".json"), json + "\n"));
  image::Image overlay = picture;
  viz::DrawOverlay(set, people, overlay);
  CNP_RETURN_IF_ERROR(WriteFileAtomically(path(".overlay.png"), image::EncodePng(overlay)));
  const image::Image view =
      viz::DrawView3d(set, people, {.title = stem, .note = Assumptions(result, precision)});
  return WriteFileAtomically(path(".3d.png"), image::EncodePng(view));
}

std::string JointTable(const PictureResult& result, const pose::JointSet& set,
                       const std::string& precision) {
  std::string text;
  for (std::size_t n = 0; n < result.people.size(); ++n) {
    const Person& person = result.people[n];
    text += fmt::format("person {}: confidence {:.2f}, root {:.2f} m away ({}, {}, {})\n", n + 1,
                        person.confidence(), person.root_depth_mm / 1000, DepthNote(person),
                        CameraNote(result), precision);
    text += fmt::format("  {:<12}{:>16}   {:>24}   {:>24}  {:>5}\n", "joint", "picture px",
                        "from root mm", "camera mm", "conf");
    for (std::size_t j = 0; j < person.joints.size(); ++j) {
      const pipeline::Joint& joint = person.joints[j];
      text += fmt::format(
          "  {:<12}{:>8.1f}{:>8.1f}   {:>8.0f}{:>8.0f}{:>8.0f}   {:>8.0f}{:>8.0f}{:>8.0f}  "
          "{:>5.2f}\n",
          set.joints[j], joint.image_px[0], joint.image_px[1], joint.root_relative_mm[0],
          joint.root_relative_mm[1], joint.root_relative_mm[2], joint.camera_mm[0],
          joint.camera_mm[1], joint.camera_mm[2], joint.confidence);
    }
  }
  return text.empty() ? Summary(result) + "\n" : text;
}

std::string Summary(const PictureResult& result) {
  if (result.people.empty()) return "no person: " + result.note;
  const double confidence =
      std::accumulate(result.people.begin(), result.people.end(), 0.0,
                      [](double sum, const Person& p) { return sum + p.confidence(); }) /
      static_cast<double>(result.people.size());
  return fmt::format("{} {}, confidence {:.2f}", result.people.size(),
                     result.people.size() == 1 ? "person" : "people", confidence);
}

}  // namespace cnp::cli
