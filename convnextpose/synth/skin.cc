#include <array>

#include "convnextpose/base/check.h"
#include "convnextpose/synth/body.h"
#include "convnextpose/synth/skeleton.h"

namespace cnp::synth {
namespace {

// Columns: three axes and the origin for points, three axes for normals; a fourth, unused row
// makes a column one vector register.
using Blend = Eigen::Matrix<float, 4, 7>;

Blend ToBlend(const PosedBone& bone) {
  Blend blend = Blend::Zero();
  const Eigen::Matrix3f linear = bone.rotation * bone.scale;
  blend.topLeftCorner<3, 3>() = linear;
  blend.col(3).head<3>() = bone.origin - linear * bone.bind;
  blend.topRightCorner<3, 3>() = bone.rotation * bone.scale.inverse();
  return blend;
}

Eigen::Vector3f PosedJoint(const Body& body, const std::vector<PosedBone>& bones,
                           const std::vector<JointTerm>& terms) {
  Eigen::Vector3f joint = Eigen::Vector3f::Zero();
  for (const JointTerm& term : terms) {
    const Eigen::Matrix3f bind = body.bones[term.bone].inverse_bind.linear().transpose();
    const PosedBone& bone = bones[term.bone];
    joint += term.weight * bone.ToWorld(bone.bind + bind * term.offset);
  }
  return joint;
}

Eigen::Vector3f Unit(const Eigen::Vector3f& v) {
  const float square = v.squaredNorm();
  return square > 1e-20F ? Eigen::Vector3f(v / std::sqrt(square)) : Eigen::Vector3f::UnitY();
}

}  // namespace

void Skin(const Body& body, const Proportions& proportions, const BodyPose& pose, PosedBody& out) {
  const std::size_t count = body.positions.size();
  CNP_CHECK(body.normals.size() == count && body.holds.size() == count, "vertices in parts");
  std::vector<PosedBone> bones;
  PoseBones(body, proportions, pose, bones);
  std::vector<Blend> blends;
  blends.reserve(bones.size());
  for (const PosedBone& bone : bones) blends.push_back(ToBlend(bone));

  out.positions.resize(count);
  out.normals.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Hold& hold = body.holds[i];
    Blend blend = hold.weight[0] * blends[hold.bone[0]];
    for (int k = 1; k < 4; ++k) {
      if (hold.weight[k] != 0) blend += hold.weight[k] * blends[hold.bone[k]];
    }
    const Eigen::Vector3f& p = body.positions[i];
    const Eigen::Vector3f& n = body.normals[i];
    const Eigen::Vector4f position =
        p.x() * blend.col(0) + p.y() * blend.col(1) + p.z() * blend.col(2) + blend.col(3);
    const Eigen::Vector4f normal =
        n.x() * blend.col(4) + n.y() * blend.col(5) + n.z() * blend.col(6);
    out.positions[i] = position.head<3>();
    out.normals[i] = Unit(normal.head<3>());
  }
  out.joints.clear();
  for (const auto& terms : body.joints) out.joints.push_back(PosedJoint(body, bones, terms));
}

}  // namespace cnp::synth
