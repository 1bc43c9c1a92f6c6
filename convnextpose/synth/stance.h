// A pose in the words of anatomy: angles of the joints, in degrees.
#pragma once

#include <cstdint>

#include "convnextpose/synth/body.h"

namespace cnp::synth {

struct Leg {
  double flex = 0;    ///< Thigh forward.
  double spread = 0;  ///< Thigh outward.
  double twist = 0;   ///< Toes outward.
  double knee = 0;
  double ankle = 0;  ///< Toes down.
};

/// Where the upper arm points, seen from the chest.
struct Arm {
  double raise = -80;  ///< -90 hangs, 0 is level, 90 is overhead.
  double ahead = 10;   ///< 0 to the side, 90 forward.
  double twist = 0;
  double elbow = 15;
  double wrist = 0;  ///< Palm towards the forearm's inside.
};

struct Stance {
  double pitch = 0;  ///< Of the pelvis: forward, to the left, to the left about the vertical.
  double roll = 0;
  double yaw = 0;
  double bend = 0;  ///< Of the spine, against the pelvis, as above.
  double side = 0;
  double turn = 0;
  double nod = 0;  ///< Of the head, against the chest.
  double tilt = 0;
  double look = 0;
  Leg left_leg;
  Leg right_leg;
  Arm left_arm;
  Arm right_arm;
  bool flat_feet = false;  ///< The ankles follow, so that the soles are level.
};

/// Of one of the families (standing, sitting, lying, exercising ...). A pure function of the seed.
/// Within the limits of human joints.
Stance MakeStance(std::uint64_t seed);

/// Rotations for a body with the avatars' bone names; the root is where it was.
BodyPose ToPose(const Stance& stance, const Body& body);

}  // namespace cnp::synth
