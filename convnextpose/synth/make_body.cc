#include <algorithm>
#include <cmath>

#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/person.h"
#include "convnextpose/synth/person_paint.h"

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

Surface::Kind KindOf(int material) {
  if (material == kSkin || material == kFace) return Surface::Kind::kSkin;
  return material == kHair ? Surface::Kind::kHair : Surface::Kind::kCloth;
}

// The four that pull most.
Hold ToHold(Pulls pulls) {
  std::sort(pulls.begin(), pulls.end());
  Pulls merged;
  for (const auto& [bone, weight] : pulls) {
    if (!merged.empty() && merged.back().first == bone) {
      merged.back().second += weight;
    } else {
      merged.emplace_back(bone, weight);
    }
  }
  std::stable_sort(merged.begin(), merged.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  merged.resize(std::min<std::size_t>(merged.size(), 4));
  float sum = 0;
  for (const auto& [bone, weight] : merged) sum += weight;
  Hold hold;
  for (std::size_t k = 0; k < merged.size(); ++k) {
    hold.bone[k] = static_cast<std::uint8_t>(merged[k].first);
    hold.weight[k] = merged[k].second / sum;
  }
  return hold;
}

int OtherSide(int bone) {
  const bool left =
      (bone >= kLeftShoulder && bone <= kLeftHand) || (bone >= kLeftUpLeg && bone <= kLeftToeBase);
  return left ? bone + kRight : bone;
}

class Assembly {
 public:
  Assembly(const Look& look, Body& body) : look_(look), body_(body) {
    for (const auto kind : {Surface::Kind::kSkin, Surface::Kind::kCloth, Surface::Kind::kHair}) {
      Surface surface;
      surface.kind = kind;
      body_.surfaces.push_back(surface);
    }
  }

  void Add(const Part& part) {
    const LoftMesh mesh = BuildLoft(part.loft);
    AddSide(part, mesh, /*right=*/false);
    if (part.both_sides) AddSide(part, mesh, /*right=*/true);
  }

 private:
  void AddSide(const Part& part, const LoftMesh& mesh, bool right) {
    const auto first = static_cast<std::uint32_t>(body_.positions.size());
    for (std::size_t i = 0; i < mesh.positions.size(); ++i) {
      Pulls pulls = part.pulls(mesh.positions[i]);
      Vector3f position = Place(look_.build, mesh.positions[i]);
      if (right) {
        position.x() = -position.x();
        for (auto& [bone, weight] : pulls) bone = OtherSide(bone);
      }
      body_.positions.push_back(position);
      body_.texture_coordinates.push_back(TexturePlace(part.region, mesh.places[i]));
      body_.holds.push_back(ToHold(std::move(pulls)));
    }
    std::vector<std::uint32_t> indices = mesh.indices;
    for (std::size_t i = 0; right && i < indices.size(); i += 3) {
      std::swap(indices[i + 1], indices[i + 2]);
    }
    AddNormals(mesh, indices, first);
    for (std::size_t i = 0; i < indices.size(); ++i) {
      Of(KindOf(mesh.materials[i / 3])).push_back(first + indices[i]);
    }
  }

  // Faces count by their area.
  void AddNormals(const LoftMesh& mesh, const std::vector<std::uint32_t>& indices,
                  std::uint32_t first) {
    std::vector<Vector3f> sums(mesh.positions.size(), Vector3f::Zero());
    for (std::size_t i = 0; i < indices.size(); i += 3) {
      const Vector3f& a = body_.positions[first + indices[i]];
      const Vector3f& b = body_.positions[first + indices[i + 1]];
      const Vector3f& c = body_.positions[first + indices[i + 2]];
      const Vector3f normal = (b - a).cross(c - a);
      for (int k = 0; k < 3; ++k) sums[mesh.welded[indices[i + k]]] += normal;
    }
    for (const std::uint32_t vertex : mesh.welded) {
      const float length = sums[vertex].norm();
      body_.normals.push_back(length > 0 ? Vector3f(sums[vertex] / length) : Vector3f::UnitY());
    }
  }

  std::vector<std::uint32_t>& Of(Surface::Kind kind) {
    return std::find_if(body_.surfaces.begin(), body_.surfaces.end(),
                        [&](const Surface& surface) { return surface.kind == kind; })
        ->indices;
  }

  const Look& look_;
  Body& body_;
};

// A point of the unscaled build that goes with a bone.
JointTerm Term(const Build& build, int bone, const Vector3f& point, float weight = 1) {
  return {bone, weight, Place(build, point) - Place(build, BoneOrigin(bone))};
}

JointTerm Term(int bone, float weight = 1) { return {bone, weight, Vector3f::Zero()}; }

// Where Human3.6M has its joints: hips at 0.54 of the height and 0.074 of it to either side, nose
// behind the mouth, head inside the skull at the forehead.
std::vector<std::vector<JointTerm>> MakeJoints(const Build& build) {
  const JointTerm left_hip = Term(build, kHips, {0.129F, 0.945F, 0.01F});
  const JointTerm right_hip = Term(build, kHips, {-0.129F, 0.945F, 0.01F});
  const auto half = [](JointTerm term) {
    term.weight /= 2;
    return term;
  };
  const std::vector<JointTerm> left_shoulder = {Term(kLeftArm, 0.85F), Term(kLeftShoulder, 0.15F)};
  const std::vector<JointTerm> right_shoulder = {Term(kRightArm, 0.85F),
                                                 Term(kRightShoulder, 0.15F)};
  std::vector<JointTerm> thorax;
  for (const auto& terms : {left_shoulder, right_shoulder}) {
    for (const JointTerm& term : terms) thorax.push_back(half(term));
  }
  return {{half(right_hip), half(left_hip)},
          {right_hip},
          {Term(kRightLeg)},
          {Term(kRightFoot)},
          {left_hip},
          {Term(kLeftLeg)},
          {Term(kLeftFoot)},
          {Term(build, kSpine1, {0, 1.165F, 0.005F})},
          {Term(kNeck, 0.5F), Term(kLeftShoulder, 0.25F), Term(kRightShoulder, 0.25F)},
          {Term(build, kHead, {0, 1.565F, 0.078F})},
          {Term(build, kHead, {0, 1.651F, 0.013F})},
          left_shoulder,
          {Term(kLeftForeArm)},
          {Term(kLeftHand)},
          right_shoulder,
          {Term(kRightForeArm)},
          {Term(kRightHand)},
          thorax};
}

}  // namespace

Body MakeBody(std::uint64_t seed) {
  const Look look = MakeLook(seed);
  Body body;
  body.name = "made_" + std::to_string(seed);
  body.bones = MakeBones(look.build);
  body.joints = MakeJoints(look.build);
  const std::vector<Part> parts = MakeParts(look);
  Assembly assembly(look, body);
  for (const Part& part : parts) assembly.Add(part);
  const auto texture = std::make_shared<const image::Image>(PaintPerson(look, parts));
  std::erase_if(body.surfaces, [](const Surface& surface) { return surface.indices.empty(); });
  for (Surface& surface : body.surfaces) surface.texture = texture;
  return body;
}

}  // namespace cnp::synth
