// A person to render: a skinned mesh on a skeleton, and where the joints of a pose lie in it.
// Units: metres. Frame: right-handed, y up; at rest a person stands on y = 0, looks along +z and
// has the left side at +x. Plain values; const ones may be shared by threads.
#pragma once

#include <Eigen/Geometry>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "convnextpose/image/image.h"

namespace cnp::synth {

/// One bone of a skeleton. Parents come before their children.
struct Bone {
  std::string name;  ///< The avatars' names: Hips, Spine, ..., LeftForeArm, RightToeBase.
  int parent = -1;   ///< -1: a root.
  /// Bone -> parent, in the bind pose.
  Eigen::Isometry3f rest = Eigen::Isometry3f::Identity();
  /// Mesh -> bone, in the bind pose.
  Eigen::Isometry3f inverse_bind = Eigen::Isometry3f::Identity();
};

/// How one vertex hangs on the skeleton: four bones, weights that sum to 1 (absent ones are 0).
struct Hold {
  std::array<std::uint8_t, 4> bone{};
  std::array<float, 4> weight{};
};

/// Triangles that share a texture.
struct Surface {
  std::vector<std::uint32_t> indices;           ///< Three a triangle.
  std::shared_ptr<const image::Image> texture;  ///< Null: `color` alone.
  std::array<float, 3> color = {1, 1, 1};       ///< sRGB 0..1, multiplies the texture.
  /// What the surface is made of, so that colours can be varied without green faces.
  enum class Kind { kSkin, kHair, kCloth, kUnknown } kind = Kind::kUnknown;
};

/// One term of a joint: weight * T(bone) * offset, T from the bone's posed frame to the world.
struct JointTerm {
  int bone = 0;
  float weight = 1;
  Eigen::Vector3f offset = Eigen::Vector3f::Zero();  ///< In the bone's frame, metres.
};

struct Body {
  std::string name;
  std::vector<Bone> bones;
  std::vector<Eigen::Vector3f> positions;
  std::vector<Eigen::Vector3f> normals;
  std::vector<Eigen::Vector2f> texture_coordinates;  ///< (0,0) is the texture's upper left.
  std::vector<Hold> holds;
  std::vector<Surface> surfaces;
  /// In the order of pose::Human36m(): a joint is the sum of its terms.
  std::vector<std::vector<JointTerm>> joints;
};

/// How one person differs from the body's build: lengths along and girths across each bone. One
/// entry a bone, 1 = as built.
struct Proportions {
  std::vector<float> length;
  std::vector<float> girth;
  float size = 1;  ///< Of everything.
};

/// A pose for a body: where the root bone is, and the rotation of every bone against its rest pose,
/// in axes that are the world's in the bind pose (so BVH's local rotations apply as they are).
struct BodyPose {
  Eigen::Vector3f root_m = Eigen::Vector3f::Zero();
  std::vector<Eigen::Quaternionf> rotations;
};

/// A body in a pose: what is rendered. World frame, metres.
struct PosedBody {
  std::vector<Eigen::Vector3f> positions;
  std::vector<Eigen::Vector3f> normals;  ///< Unit length.
  std::vector<Eigen::Vector3f> joints;   ///< In the order of pose::Human36m().
};

/// Linear-blend skinning. Preconditions: sizes agree. `out` keeps its memory between calls.
void Skin(const Body& body, const Proportions& proportions, const BodyPose& pose, PosedBody& out);

}  // namespace cnp::synth
