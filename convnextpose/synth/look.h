// What a procedural person looks like: build, clothes, colours. Numbers only.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>

namespace cnp::synth {

using Color = Eigen::Vector3f;  ///< sRGB, 0..255.

/// Factors of a build of 1.75 m; 1 = between man and woman, grown up.
struct Build {
  bool woman = false;
  float size = 1;
  float legs = 1;
  float trunk = 1;
  float arms = 1;
  float head = 1;
  float shoulders = 1;
  float hips = 1;
  float waist = 1;
  float trunk_girth = 1;
  float leg_girth = 1;
  float arm_girth = 1;
  float belly_m = 0;
  float bust_m = 0;
};

enum class Pattern { kPlain, kAcross, kAlong, kChecks, kDots, kCamouflage, kHeather, kBlocks };

struct Cloth {
  Pattern pattern = Pattern::kPlain;
  std::array<Color, 3> colors;
  float period_m = 0.05F;
  float fold = 0.1F;  ///< How dark and light its folds are.
  std::uint64_t seed = 0;
};

enum class HairStyle { kBald, kShort, kFull, kLong, kTail, kBun };

/// Ends of garments in metres of the unscaled build: heights, and along the arm from the spine.
struct Look {
  Build build;
  Color skin;
  Color hair;
  Color eyes;
  Color lips;
  HairStyle style = HairStyle::kShort;
  bool beard = false;
  Cloth upper;
  Cloth lower;
  Cloth shoe;
  Color sole;
  Color sock;
  float upper_loose_m = 0.008F;
  float lower_loose_m = 0.008F;
  float sleeve_end = 0.3F;
  float hem = 0.93F;        ///< Where the upper garment ends; above the waist the skin shows.
  float neckline = 1.455F;  ///< Above: skin. Below the hem: no upper garment at all.
  float waist = 1.02F;      ///< Where the lower garment begins.
  float leg_end = 0.09F;
  float sock_end = 0.12F;
  float skirt_end = 0;  ///< Height; 0: no skirt.
  bool barefoot = false;
  bool belt = false;
  bool print = false;    ///< On the chest.
  bool buttons = false;  ///< A row down the front.
  bool jacket = false;   ///< Open in front, over another colour.
  std::uint64_t seed = 0;
};

/// A pure function of the seed.
Look MakeLook(std::uint64_t seed);

}  // namespace cnp::synth
