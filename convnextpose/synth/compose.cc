#include "convnextpose/synth/compose.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "convnextpose/synth/camera.h"
#include "convnextpose/synth/people.h"
#include "convnextpose/synth/props.h"

namespace cnp::synth {
namespace {

using Eigen::Vector2f;
using Eigen::Vector3f;

// What is drawn of one purpose moves nothing of another.
enum Purpose : std::uint64_t { kPerson, kCamera, kOthers, kObjects, kScenery, kLight, kFinish };

float Float(double value) { return static_cast<float>(value); }

template <typename T>
const T& PickOf(const std::vector<T>& list, Random& random) {
  return list[static_cast<std::size_t>(random.Pick(static_cast<int>(list.size())))];
}

// The person and a camera that sees enough of it; the last try counts in any case.
Shot AddSubject(const SceneOptions& options, const Stock& stock, std::uint64_t seed,
                SceneParts& parts) {
  constexpr std::uint64_t kTries = 20;
  Actor actor = MakeActor(stock, Vector2f::Zero(), Random(seed, kPerson));
  Shot shot;
  SceneOptions framing = options;
  for (std::uint64_t i = 0; i < kTries; ++i) {
    if (i + 1 == kTries) framing.cut = 0;
    shot = MakeShot(framing, actor.mesh.positions, Random(seed + Scramble(i), kCamera));
    if (Observe(options, shot, actor.mesh.positions, actor.joints, parts.subject)) break;
  }
  parts.camera_from_world = shot.camera_from_world;
  parts.meshes.push_back(std::move(actor.mesh));
  return shot;
}

// Places about the subject, which is at the origin; some between it and the camera or right behind.
Vector2f PlaceOfOther(const Vector3f& eye, bool overlapping, Random& random) {
  const double around = random.Uniform(0, 2 * std::numbers::pi);
  if (!overlapping) {
    const double away = random.Uniform(0.9, 4.5);
    return {Float(away * std::cos(around)), Float(away * std::sin(around))};
  }
  const Vector2f to_camera = Vector2f(eye.x(), eye.z()).normalized();
  const Vector2f side(-to_camera.y(), to_camera.x());
  const double along = random.Chance(0.7) ? random.Uniform(-1.5, -0.5) : random.Uniform(0.4, 0.7);
  const double aside = random.Uniform(0.25, 0.6) * (random.Chance(0.5) ? 1 : -1);
  return Float(along) * to_camera + Float(aside) * side;
}

void AddOthers(const SceneOptions& options, const Stock& stock, Random random, SceneParts& parts) {
  if (!random.Chance(options.others)) return;
  const Vector3f eye = parts.camera_from_world.inverse().translation();
  const int count = random.Chance(0.6) ? 1 : 2;
  for (int i = 0; i < count; ++i) {
    const Vector2f place = PlaceOfOther(eye, random.Chance(0.2), random);
    // Nobody stands in the camera.
    if ((place - Vector2f(eye.x(), eye.z())).norm() < 0.7F) continue;
    parts.meshes.push_back(MakeActor(stock, place, Random(random.Next())).mesh);
  }
}

// Between the camera and some corner of the person's surface, or about the person.
void AddObjects(const SceneOptions& options, const Stock& stock, Random random, SceneParts& parts) {
  if (!random.Chance(options.objects)) return;
  const Vector3f eye = parts.camera_from_world.inverse().translation();
  const int count = 1 + random.Pick(3);
  for (int i = 0; i < count; ++i) {
    const Vector3f& target = PickOf(parts.meshes[0].positions, random);
    const bool in_front = random.Chance(0.6);
    const double share = in_front ? random.Uniform(0.5, 0.93) : random.Uniform(1.05, 1.5);
    const Vector3f middle = eye + Float(share) * (target - eye) +
                            Vector3f(Float(random.Normal(0, 0.15)), Float(random.Normal(0, 0.1)),
                                     Float(random.Normal(0, 0.15)));
    // Small enough to hide a limb rather than the person.
    const double size = share * random.LogUniform(0.1, 0.45) * (in_front ? 1 : 2);
    const Texture& pattern = PickOf(stock.patterns, random)->Get();
    parts.meshes.push_back(MakeThing(Random(random.Next()), middle, Float(size), pattern));
  }
}

// A part of the photograph that covers the picture, rolled with the camera as often as not.
Backdrop Photograph(const SceneOptions& options, const Texture& texture, double roll,
                    Random& random) {
  const double width = texture.levels[0].width;
  const double height = texture.levels[0].height;
  // Texels a pixel of the picture: at most what just covers it.
  const double scale =
      std::min(width / options.width, height / options.height) * random.Uniform(0.45, 1);
  const double angle = random.Chance(0.5) ? roll : 0;
  const double mirror = random.Chance(0.5) ? -1 : 1;
  Eigen::Matrix2d turn = Eigen::Rotation2Dd(-angle).toRotationMatrix() * scale;
  turn.row(0) *= mirror;
  const Eigen::Vector2d room((width - scale * options.width) / 2,
                             (height - scale * options.height) / 2);
  const Eigen::Vector2d middle(width / 2 + random.Uniform(-1, 1) * room.x(),
                               height / 2 + random.Uniform(-1, 1) * room.y());
  Eigen::Matrix<double, 2, 3> map;
  map.leftCols<2>() = turn;
  map.col(2) = middle - turn * Eigen::Vector2d(options.width / 2.0, options.height / 2.0);
  map.row(0) /= width;
  map.row(1) /= height;
  Backdrop backdrop;
  backdrop.texture = &texture;
  backdrop.from_picture = map.cast<float>();
  backdrop.shadows = random.Chance(0.5);
  return backdrop;
}

Backdrop Panorama(const Texture& texture, Random& random) {
  Backdrop backdrop;
  backdrop.texture = &texture;
  backdrop.panorama = true;
  backdrop.taken_at_m = Float(random.Uniform(1.2, 2.2));
  backdrop.reach_m = Float(random.LogUniform(5, 25));
  return backdrop;
}

void AddScenery(const SceneOptions& options, const Stock& stock, double roll, std::uint64_t seed,
                SceneParts& parts) {
  Random random(seed, kScenery);
  const auto panoramas = static_cast<double>(stock.panoramas.size());
  const auto photographs = static_cast<double>(stock.photographs.size());
  const bool around = random.Chance(panoramas / (panoramas + photographs));
  const Scenery& scenery = PickOf(around ? stock.panoramas : stock.photographs, random)->Get();
  parts.backdrop = around ? Panorama(scenery.texture, random)
                          : Photograph(options, scenery.texture, roll, random);
  parts.light = MakeLight(*scenery.background, Random(seed, kLight));
}

void CastLight(SceneParts& parts) {
  constexpr float kReach = 2.2F;
  parts.sun.Reset(parts.light.to_sun, kReach);
  parts.sky.Reset();
  for (Mesh& mesh : parts.meshes) {
    LightMesh(parts.light, mesh);
    parts.sky.Add(mesh.positions);
    for (const MeshPart& part : mesh.parts) parts.sun.Add(mesh.positions, part.indices);
  }
  parts.sky.Finish();
}

}  // namespace

std::unique_ptr<SceneParts> ComposeParts(const SceneOptions& options,
                                         const std::shared_ptr<const Stock>& stock,
                                         std::uint64_t seed) {
  auto parts = std::make_unique<SceneParts>();
  parts->stock = stock;
  const Shot shot = AddSubject(options, *stock, seed, *parts);
  AddOthers(options, *stock, Random(seed, kOthers), *parts);
  AddObjects(options, *stock, Random(seed, kObjects), *parts);
  AddScenery(options, *stock, shot.roll, seed, *parts);
  CastLight(*parts);
  parts->finish = MakeFinish(Random(seed, kFinish));
  return parts;
}

}  // namespace cnp::synth
