#include "convnextpose/synth/stance.h"

#include <algorithm>
#include <array>
#include <utility>

#include "convnextpose/synth/random.h"

namespace cnp::synth {
namespace {

constexpr std::uint64_t kPurpose = 0x905E;

// --- Arms ---

Arm Hanging(Random& random) {
  return {random.Uniform(-88, -60), random.Uniform(-20, 60), random.Uniform(-40, 30),
          random.Uniform(3, 50), random.Uniform(-15, 20)};
}

Arm OnHip(Random& random) {
  return {random.Uniform(-60, -38), random.Uniform(-25, 10), random.Uniform(-75, -45),
          random.Uniform(75, 110), random.Uniform(-30, 20)};
}

Arm Reaching(Random& random) {
  return {random.Uniform(-45, 55), random.Uniform(30, 115), random.Uniform(-70, 40),
          random.Uniform(0, 60), random.Uniform(-40, 30)};
}

Arm Overhead(Random& random) {
  return {random.Uniform(50, 88), random.Uniform(0, 100), random.Uniform(-60, 40),
          random.Uniform(0, 70), random.Uniform(-30, 30)};
}

Arm Sideways(Random& random) {
  return {random.Uniform(-35, 40), random.Uniform(-15, 30), random.Uniform(-80, 30),
          random.Uniform(0, 90), random.Uniform(-30, 30)};
}

Arm Folded(Random& random) {
  return {random.Uniform(-75, -30), random.Uniform(30, 90), random.Uniform(-60, 10),
          random.Uniform(80, 140), random.Uniform(-30, 30)};
}

// Straight before the chest: all fours, planks.
Arm Propped(Random& random) {
  return {random.Uniform(-12, 10), random.Uniform(78, 95), random.Uniform(-90, -40),
          random.Uniform(0, 15), -random.Uniform(50, 80)};
}

Arm AnyArm(Random& random) {
  constexpr std::array kinds = {Hanging,  Hanging,  Hanging,  OnHip, Reaching,
                                Reaching, Overhead, Sideways, Folded};
  return kinds[random.Pick(kinds.size())](random);
}

void SetArms(Stance& stance, Random& random, Arm (*kind)(Random&)) {
  stance.left_arm = kind(random);
  stance.right_arm = random.Chance(0.5) ? stance.left_arm : kind(random);
}

void SetAnyArms(Stance& stance, Random& random) {
  stance.left_arm = AnyArm(random);
  stance.right_arm = random.Chance(0.4) ? stance.left_arm : AnyArm(random);
}

// --- Families ---

Stance Standing(Random& random) {
  Stance stance;
  stance.flat_feet = true;
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    *leg = {random.Uniform(-6, 10), random.Uniform(0, 14), random.Uniform(-5, 25),
            random.Uniform(0, 14)};
  }
  stance.pitch = random.Uniform(-3, 8);
  stance.bend = random.Uniform(-10, 15);
  stance.turn = random.Normal(0, 12);
  SetAnyArms(stance, random);
  return stance;
}

Stance Walking(Random& random) {
  Stance stance;
  const bool runs = random.Chance(0.35);
  const double step = runs ? random.Uniform(25, 60) : random.Uniform(10, 30);
  stance.left_leg = {step, 1, 4, runs ? random.Uniform(20, 100) : random.Uniform(0, 30), -5};
  stance.right_leg = {-0.7 * step, 1, 4, runs ? random.Uniform(10, 90) : random.Uniform(5, 50), 15};
  const double swing = random.Uniform(0, step);
  const double elbow = runs ? random.Uniform(60, 110) : random.Uniform(5, 45);
  stance.left_arm = {-78 + 0.3 * swing, -90, 0, elbow, 0};  // Back, with the leg in front.
  stance.right_arm = {-80 + swing, 80, 0, elbow, 0};
  stance.left_arm.ahead = -45;
  stance.pitch = random.Uniform(0, runs ? 18 : 6);
  stance.turn = random.Uniform(0, 15);
  return stance;
}

Stance Squatting(Random& random) {
  Stance stance;
  stance.flat_feet = true;
  const double depth = random.Uniform(35, 115);
  const double spread = random.Uniform(5, 35);
  stance.left_leg = {depth, spread, spread, depth * random.Uniform(0.95, 1.15)};
  stance.right_leg = stance.left_leg;
  stance.pitch = depth * random.Uniform(0.15, 0.4);
  stance.bend = random.Uniform(-5, 25);
  stance.nod = -random.Uniform(0, 30);
  SetAnyArms(stance, random);
  return stance;
}

Stance Lunging(Random& random) {
  Stance stance;
  const double depth = random.Uniform(35, 95);
  stance.left_leg = {depth, random.Uniform(-3, 10), 5, depth * random.Uniform(0.9, 1.1), 0};
  stance.right_leg = {-random.Uniform(5, 28), random.Uniform(0, 8), 5, random.Uniform(5, 85), -15};
  stance.pitch = random.Uniform(-3, 18);
  stance.turn = random.Normal(0, 15);
  SetAnyArms(stance, random);
  return stance;
}

Stance SideLunging(Random& random) {
  Stance stance;
  stance.flat_feet = true;
  const double depth = random.Uniform(30, 95);
  stance.left_leg = {depth, random.Uniform(20, 40), 30, depth * 1.1};
  stance.right_leg = {random.Uniform(0, 15), random.Uniform(30, 52), 5, random.Uniform(0, 8)};
  stance.pitch = random.Uniform(5, 35);
  SetAnyArms(stance, random);
  return stance;
}

Stance Sitting(Random& random) {
  Stance stance;
  const bool floor = random.Chance(0.4);
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    *leg = {random.Uniform(75, 105), random.Uniform(0, 30), random.Uniform(-10, 30),
            floor ? random.Uniform(0, 135) : random.Uniform(60, 115), random.Uniform(-10, 20)};
  }
  if (floor && random.Chance(0.4)) {  // Cross-legged.
    stance.left_leg = stance.right_leg = {100, 38, 40, 130, 20};
  }
  stance.pitch = random.Uniform(-20, 12);
  stance.bend = random.Uniform(-5, 40);
  SetAnyArms(stance, random);
  return stance;
}

Stance Kneeling(Random& random) {
  Stance stance;
  const double sits = random.Uniform(0, 55);
  stance.left_leg = {sits, random.Uniform(0, 15), 0, 90 + sits, 45};
  stance.right_leg = stance.left_leg;
  if (random.Chance(0.5)) stance.left_leg = {random.Uniform(75, 100), 5, 5, 95, 0};
  stance.pitch = random.Uniform(-5, 20);
  stance.bend = random.Uniform(-10, 30);
  SetAnyArms(stance, random);
  return stance;
}

Stance AllFours(Random& random) {
  Stance stance;
  stance.pitch = random.Uniform(78, 92);
  stance.left_leg = {random.Uniform(75, 95), random.Uniform(0, 8), 0, 88, 45};
  stance.right_leg = stance.left_leg;
  stance.bend = random.Uniform(-25, 30);
  stance.nod = random.Uniform(-40, 20);
  SetArms(stance, random, Propped);
  if (random.Chance(0.4))
    stance.left_leg = {random.Uniform(-20, 10), 0, 0, random.Uniform(0, 30), 10};
  if (random.Chance(0.3)) stance.right_arm = {random.Uniform(50, 85), 85, -60, 5, 0};
  return stance;
}

Stance Plank(Random& random) {
  Stance stance;
  stance.pitch = random.Uniform(65, 85);
  stance.left_leg = {random.Uniform(-8, 15), random.Uniform(0, 10), 0, random.Uniform(0, 8), -20};
  stance.right_leg = stance.left_leg;
  SetArms(stance, random, Propped);
  if (random.Chance(0.5)) {  // Down, elbows out or along the body.
    stance.left_arm.raise = stance.right_arm.raise = random.Uniform(-70, -10);
    stance.left_arm.ahead = stance.right_arm.ahead = random.Uniform(-10, 50);
    stance.left_arm.elbow = stance.right_arm.elbow = random.Uniform(50, 110);
  }
  if (random.Chance(0.3))
    stance.right_leg = {random.Uniform(60, 115), 5, 0, random.Uniform(60, 130), -20};
  stance.nod = random.Uniform(-35, 10);
  return stance;
}

Stance Prone(Random& random) {
  Stance stance;
  stance.pitch = 90;
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    *leg = {random.Uniform(-22, 5), random.Uniform(0, 25), random.Uniform(-10, 30),
            random.Chance(0.3) ? random.Uniform(0, 110) : random.Uniform(0, 15), 40};
  }
  stance.bend = -random.Uniform(0, 35);
  stance.look = random.Uniform(-70, 70);
  SetAnyArms(stance, random);
  return stance;
}

Stance Supine(Random& random) {
  Stance stance;
  stance.pitch = -90 + random.Uniform(-12, 5);
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    const double flex = random.Chance(0.5) ? random.Uniform(0, 10) : random.Uniform(20, 110);
    *leg = {flex, random.Uniform(0, 25), random.Uniform(-5, 35),
            flex > 15 ? random.Uniform(0, 120) : random.Uniform(0, 10), 20};
  }
  if (random.Chance(0.5)) stance.right_leg = stance.left_leg;
  stance.bend = random.Chance(0.4) ? random.Uniform(10, 55) : random.Uniform(-10, 5);
  stance.nod = random.Uniform(0, 25);
  SetAnyArms(stance, random);
  return stance;
}

Stance OnSide(Random& random) {
  Stance stance;
  stance.roll = random.Chance(0.5) ? 90 : -90;
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    *leg = {random.Uniform(-10, 80), random.Uniform(-5, 30), 0, random.Uniform(0, 100), 15};
  }
  stance.side = random.Uniform(-20, 20);
  stance.bend = random.Uniform(-10, 35);
  SetAnyArms(stance, random);
  return stance;
}

Stance Bending(Random& random) {
  Stance stance;
  stance.flat_feet = true;
  const double depth = random.Uniform(25, 95);
  stance.pitch = depth;
  stance.left_leg = {depth + random.Uniform(0, 10), random.Uniform(0, 25), 8,
                     random.Uniform(0, 45)};
  stance.left_leg.flex += stance.left_leg.knee / 2;
  stance.right_leg = stance.left_leg;
  stance.bend = random.Uniform(-5, 50);
  stance.turn = random.Normal(0, 20);
  SetAnyArms(stance, random);
  if (random.Chance(0.5)) {
    SetArms(stance, random, Reaching);
  }
  return stance;
}

Stance JumpingJack(Random& random) {
  Stance stance;
  const double phase = random.Unit();
  stance.left_leg = {random.Uniform(-3, 8), 30 * phase, 8, random.Uniform(0, 15), 15};
  stance.right_leg = stance.left_leg;
  stance.left_arm = {-85 + 165 * phase, random.Uniform(0, 15), -30, random.Uniform(0, 25), 0};
  stance.right_arm = stance.left_arm;
  return stance;
}

// Standing on one leg; the other one is anywhere.
Stance OneLegged(Random& random) {
  Stance stance = Standing(random);
  stance.flat_feet = false;
  switch (random.Pick(4)) {
    case 0:  // Tree.
      stance.left_leg = {40, 38, 35, 125, 25};
      SetArms(stance, random, Overhead);
      break;
    case 1:  // Warrior III: trunk and leg level.
      stance.pitch = random.Uniform(50, 85);
      stance.right_leg.flex = stance.pitch;
      stance.left_leg = {random.Uniform(-20, 0), 0, 0, random.Uniform(0, 20), 30};
      break;
    case 2:  // A kick, or a knee drawn up.
      stance.left_leg = {random.Uniform(40, 115), random.Uniform(0, 30), 0, random.Uniform(0, 130),
                         20};
      break;
    default:  // The foot held behind.
      stance.left_leg = {random.Uniform(-25, 0), 0, 0, random.Uniform(90, 145), 30};
  }
  return stance;
}

Stance DownwardDog(Random& random) {
  Stance stance;
  stance.pitch = random.Uniform(115, 145);
  stance.left_leg = {random.Uniform(75, 110), random.Uniform(0, 10), 0, random.Uniform(0, 25), -20};
  stance.right_leg = stance.left_leg;
  stance.left_arm = {random.Uniform(60, 85), 85, -60, random.Uniform(0, 10), -40};
  stance.right_arm = stance.left_arm;
  if (random.Chance(0.25)) stance.left_leg = {-15, 0, 0, random.Uniform(0, 60), 30};
  return stance;
}

Stance Bridge(Random& random) {
  Stance stance;
  stance.pitch = -90 - random.Uniform(15, 40);
  stance.left_leg = {-random.Uniform(0, 20), random.Uniform(0, 12), 0, random.Uniform(70, 110), 0};
  stance.right_leg = stance.left_leg;
  stance.bend = -random.Uniform(0, 20);
  stance.nod = random.Uniform(10, 45);
  SetArms(stance, random, Hanging);
  return stance;
}

Stance Handstand(Random& random) {
  Stance stance;
  stance.pitch = 180 + random.Normal(0, 12);
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    *leg = {random.Uniform(-25, 30), random.Uniform(0, 40), 0, random.Uniform(0, 40), 35};
  }
  stance.left_arm = stance.right_arm = {85, 80, -60, random.Uniform(0, 15), -60};
  stance.nod = -random.Uniform(0, 35);
  return stance;
}

// Anything that joints allow.
Stance Free(Random& random) {
  Stance stance;
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    *leg = {random.Uniform(-25, 110), random.Uniform(-10, 45), random.Uniform(-25, 35),
            random.Uniform(0, 130), random.Uniform(-20, 40)};
  }
  stance.pitch = random.Normal(0, 35);
  stance.roll = random.Normal(0, 20);
  stance.bend = random.Normal(10, 20);
  stance.side = random.Normal(0, 15);
  stance.turn = random.Normal(0, 20);
  SetAnyArms(stance, random);
  return stance;
}

struct Family {
  Stance (*make)(Random&);
  double share;
};

constexpr std::array kFamilies = {
    Family{Standing, 3},      Family{Walking, 2},     Family{Squatting, 1.5},
    Family{Lunging, 1.5},     Family{SideLunging, 1}, Family{Sitting, 1.5},
    Family{Kneeling, 1},      Family{AllFours, 1},    Family{Plank, 1.2},
    Family{Prone, 0.8},       Family{Supine, 1},      Family{OnSide, 0.7},
    Family{Bending, 1.2},     Family{OneLegged, 1},   Family{JumpingJack, 0.8},
    Family{DownwardDog, 0.6}, Family{Bridge, 0.5},    Family{Handstand, 0.3},
    Family{Free, 1.5}};

Stance OfAnyFamily(Random& random) {
  double sum = 0;
  for (const Family& family : kFamilies) sum += family.share;
  double at = random.Uniform(0, sum);
  for (const Family& family : kFamilies) {
    at -= family.share;
    if (at < 0) return family.make(random);
  }
  return Standing(random);
}

// --- Noise and limits ---

struct Limit {
  double low, high;
};

/// f(angle, how much it may tremble, its limits) for all but the pelvis.
template <typename F>
void ForEachAngle(Stance& stance, const F& f) {
  f(stance.bend, 1, Limit{-35, 70});
  f(stance.side, 0.7, Limit{-35, 35});
  f(stance.turn, 1, Limit{-45, 45});
  f(stance.nod, 1.5, Limit{-50, 45});
  f(stance.tilt, 1, Limit{-30, 30});
  f(stance.look, 2.5, Limit{-70, 70});
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    f(leg->flex, 1, Limit{-30, 125});
    f(leg->spread, 0.7, Limit{-20, 55});
    f(leg->twist, 1, Limit{-35, 45});
    f(leg->knee, 1, Limit{0, 150});
    f(leg->ankle, 1, Limit{-30, 50});
  }
  for (Arm* arm : {&stance.left_arm, &stance.right_arm}) {
    f(arm->raise, 1.5, Limit{-90, 89});
    f(arm->ahead, 1.5, Limit{-50, 130});
    f(arm->twist, 2, Limit{-90, 70});
    f(arm->elbow, 1.5, Limit{0, 145});
    f(arm->wrist, 2, Limit{-75, 75});
  }
}

// The pelvis' pitch, thigh and shank turn the foot; the ankle turns it back.
void LevelFeet(Stance& stance) {
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) {
    leg->ankle = leg->flex - leg->knee - stance.pitch;
  }
}

}  // namespace

Stance MakeStance(std::uint64_t seed) {
  Random random(seed, kPurpose);
  Stance stance = OfAnyFamily(random);
  if (random.Chance(0.5)) {
    std::swap(stance.left_leg, stance.right_leg);
    std::swap(stance.left_arm, stance.right_arm);
  }
  const double noise = random.Uniform(0, 7);
  ForEachAngle(stance, [&](double& angle, double share, const Limit& limit) {
    angle = std::clamp(angle + random.Normal(0, noise * share), limit.low, limit.high);
  });
  if (stance.flat_feet) LevelFeet(stance);
  ForEachAngle(stance, [&](double& angle, double, const Limit& limit) {
    angle = std::clamp(angle, limit.low, limit.high);
  });
  return stance;
}

}  // namespace cnp::synth
