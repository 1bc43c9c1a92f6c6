#include "convnextpose/synth/motion.h"

#include "convnextpose/base/check.h"
#include "convnextpose/base/file.h"
#include "convnextpose/synth/bvh.h"
#include "convnextpose/synth/skeleton.h"

namespace cnp::synth {

Result<Motion> ReadBvh(const std::filesystem::path& path) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  const auto bytes = file.bytes();
  CNP_ASSIGN(Motion motion,
             ParseBvh({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string()));
  motion.name = path.stem().string();
  return motion;
}

BodyPose PoseAt(const Motion& motion, int frame, const Body& body, const Proportions& proportions) {
  CNP_CHECK(frame >= 0 && frame < motion.frames, "a frame that the motion does not have");
  BodyPose pose = RestPose(body);
  const float leg_m = LegLength(body, proportions);
  const bool known = leg_m > 0 && motion.leg_length_m > 0;
  pose.root_m = motion.root_m[frame] * (known ? leg_m / motion.leg_length_m : proportions.size);
  const std::size_t bones = motion.bones.size();
  for (std::size_t i = 0; i < bones; ++i) {
    const int bone = FindBone(body, motion.bones[i]);
    if (bone >= 0) pose.rotations[bone] = motion.rotations[frame * bones + i];
  }
  return pose;
}

}  // namespace cnp::synth
