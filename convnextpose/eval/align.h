// The best fit of one set of points to another, by least squares: what an error that should not
// count is taken out with. Kabsch and Umeyama; never a reflection.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "convnextpose/pose/vec.h"

namespace cnp::eval {

/// x -> scale * rotation * x + shift.
struct Transform {
  std::array<pose::Vec3, 3> rotation = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};  ///< By rows; det +1.
  double scale = 1;
  pose::Vec3 shift{};

  [[nodiscard]] pose::Vec3 operator()(const pose::Vec3& p) const;
};

/// Points that leave the rotation open (all on a line or on one point) get one of the best.
/// Nothing: no points, or numbers that are not finite or too large to square.
/// Precondition: as many points in `from` as in `to`.
std::optional<Transform> AlignRigid(std::span<const pose::Vec3> from,
                                    std::span<const pose::Vec3> to);

/// With scale, which is at least 0; 1 where all points of `from` coincide.
std::optional<Transform> AlignSimilarity(std::span<const pose::Vec3> from,
                                         std::span<const pose::Vec3> to);

/// The scale alone, about the origin; at least 0, for a negative one would be a reflection. 1 where
/// all of `from` lies on the origin.
std::optional<double> AlignScale(std::span<const pose::Vec3> from, std::span<const pose::Vec3> to);

}  // namespace cnp::eval
