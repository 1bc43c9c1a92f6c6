#include "convnextpose/train/examples.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/image/warp.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/synth/random.h"
#include "convnextpose/train/target.h"

namespace cnp::train {
namespace {

// What an example's random numbers are for.
enum Purpose : std::uint64_t { kLook, kColor, kErase, kScene, kHead };

synth::Window WindowOf(const pose::Affine& map, int input) {
  return {{{{map.xx, map.xy, map.x0}, {map.yx, map.yy, map.y0}}}, input, input};
}

// The same map for an output whose rows run backwards.
pose::Affine Backwards(pose::Affine map, int input) {
  map.x0 += map.xx * (input - 1);
  map.y0 += map.yx * (input - 1);
  map.xx = -map.xx;
  map.yx = -map.yx;
  return map;
}

void CopyRowsBackwards(const image::Image& picture, std::span<std::uint8_t> out) {
  const std::size_t width = picture.width;
  for (std::size_t y = 0; y < static_cast<std::size_t>(picture.height); ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const std::uint8_t* from = picture.rgb.data() + 3 * (y * width + width - 1 - x);
      std::copy_n(from, 3, out.data() + 3 * (y * width + x));
    }
  }
}

Labels LabelsOf(const Person& person) {
  const datasets::Sample& sample = *person.sample;
  Labels labels = MatchLabels(*person.set->joints, sample.image_px, sample.visible,
                              sample.camera_mm, pose::Human36m());
  if (labels.depth_mm.empty()) {
    labels.depth_mm.assign(person.depth_mm.begin(), person.depth_mm.end());
  }
  return labels;
}

std::optional<HeadPlace> HeadOf(const Labels& labels, const pose::Affine& crop_from_picture) {
  const auto& names = pose::Human36m().joints;
  const auto find = [&](std::string_view name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  static const std::size_t kNeck = find("Neck");
  static const std::size_t kTop = find("Head");
  if (labels.labelled[kNeck] == 0 || labels.labelled[kTop] == 0) return std::nullopt;
  return HeadPlace{crop_from_picture(labels.image_px[kNeck]),
                   crop_from_picture(labels.image_px[kTop])};
}

}  // namespace

pose::Box NetworkBoxOf(const synth::Subject& subject) {
  // The box is clipped to its picture already: any picture that ends behind it clips it no more.
  const pose::Box& box = subject.box;
  const Result<pose::Box> network_box =
      pose::NetworkBox(box, static_cast<int>(std::ceil(box.x + box.w)) + 1,
                       static_cast<int>(std::ceil(box.y + box.h)) + 1);
  CNP_CHECK(network_box.ok(), "a rendered person's box: " + network_box.error().message);
  return *network_box;
}

Labels LabelsOf(const synth::Subject& subject) {
  const pose::JointSet& joints = pose::Human36m();
  const std::vector<std::uint8_t> all(joints.joints.size(), 1);
  return MatchLabels(joints, subject.image_px, all, subject.camera_mm, joints);
}

Status Examples::Make(std::int64_t number, const Cells& cells, const ExampleOut& out) {
  const std::uint64_t seed =
      synth::Scramble(seed_ + synth::Scramble(static_cast<std::uint64_t>(number) + 1));
  const Look look = DrawLook(augmentation_, synth::Random(seed, kLook));
  Labels labels;
  pose::Affine crop_from_picture;
  const Person* const person = people_.Of(number);
  if (person != nullptr) {
    const pose::Affine map = PictureFromLook(person->network_box, look, cells.input);
    CNP_RETURN_IF_ERROR(Photograph(*person, map, cells, out.picture));
    labels = LabelsOf(*person);
    crop_from_picture = pose::Inverse(map);
  } else {
    const synth::Scene scene = generator_->Compose(synth::Random(seed, kScene).Next());
    const pose::Affine map = PictureFromLook(NetworkBoxOf(scene.subject()), look, cells.input);
    Render(scene, map, look.flip, cells, out.picture);
    labels = LabelsOf(scene.subject());
    crop_from_picture = pose::Inverse(map);
  }
  SetTarget(labels, crop_from_picture, look.flip, pose::Human36m(), cells, out.target, out.weight);
  if (const std::optional<HeadPlace> head = HeadOf(labels, crop_from_picture)) {
    HideHead(augmentation_, synth::Random(seed, kHead), *head, cells.input, out.picture);
  }
  Erase(augmentation_, synth::Random(seed, kErase), cells.input, out.picture);
  Recolor(DrawColor(augmentation_, synth::Random(seed, kColor)), out.picture);
  return {};
}

Status Examples::Photograph(const Person& person, const pose::Affine& map, const Cells& cells,
                            std::span<std::uint8_t> out) {
  CNP_ASSIGN(const image::Image picture, files_.Load(person.set->images / person.sample->file));
  image::Warp(picture.view(), map, cells.input, cells.input, out);
  return {};
}

void Examples::Render(const synth::Scene& scene, const pose::Affine& map, bool flip,
                      const Cells& cells, std::span<std::uint8_t> out) const {
  // A mirrored crop is drawn as it is and turned over afterwards: the renderer knows no mirrors.
  const image::Image picture =
      generator_->Draw(scene, WindowOf(flip ? Backwards(map, cells.input) : map, cells.input));
  if (flip) {
    CopyRowsBackwards(picture, out);
  } else {
    std::copy(picture.rgb.begin(), picture.rgb.end(), out.begin());
  }
}

}  // namespace cnp::train
