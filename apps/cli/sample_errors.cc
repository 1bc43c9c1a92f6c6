#include "apps/cli/sample_errors.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace cnp::cli {
namespace {

using pose::Vec3;

constexpr std::size_t kScored = kSampleJoints - 1;
constexpr Vec3 kOffset = {30, -40, 120};  // 130 mm
constexpr double kScale = 1.1;
constexpr double kTurn = 10 * std::numbers::pi / 180;
constexpr Vec3 kAxis = {2. / 3, 1. / 3, 2. / 3};

double Dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Mean over the scored joints.
template <typename Length>
double Mean(const SamplePrediction& truth, const Length& length) {
  double sum = 0;
  for (std::size_t j = 0; j < kScored; ++j) sum += length(truth.joints_mm[j]);
  return sum / static_cast<double>(kScored);
}

// For a linear map L with <v, Lv> = inner(v) and |Lv| = |v|, the scale that brings Lv nearest to v,
// over all scored joints, leaves of each s^2 |v|^2 - 2 s <v, Lv> + |v|^2.
template <typename Inner>
double AfterScaling(const SamplePrediction& truth, const Inner& inner) {
  double products = 0;
  double squares = 0;
  for (std::size_t j = 0; j < kScored; ++j) {
    products += inner(truth.joints_mm[j]);
    squares += Dot(truth.joints_mm[j], truth.joints_mm[j]);
  }
  const double s = products / squares;
  return Mean(truth, [&](const Vec3& v) {
    return std::sqrt(std::max(0.0, (s * s + 1) * Dot(v, v) - 2 * s * inner(v)));
  });
}

// ---- turned about the root: v = along the axis + across; only the latter moves.

Vec3 Turn(const Vec3& v) {
  const double along = Dot(kAxis, v);
  const Vec3 cross = {kAxis[1] * v[2] - kAxis[2] * v[1], kAxis[2] * v[0] - kAxis[0] * v[2],
                      kAxis[0] * v[1] - kAxis[1] * v[0]};
  Vec3 out{};
  for (std::size_t i = 0; i < 3; ++i) {
    out[i] = v[i] * std::cos(kTurn) + cross[i] * std::sin(kTurn) +
             kAxis[i] * along * (1 - std::cos(kTurn));
  }
  return out;
}

double AcrossSquared(const Vec3& v) {
  return std::max(0.0, Dot(v, v) - Dot(kAxis, v) * Dot(kAxis, v));
}

KnownErrors TurnedErrors(const SamplePrediction& truth) {
  const auto moved = [](const Vec3& v) {
    return 2 * std::sin(kTurn / 2) * std::sqrt(AcrossSquared(v));
  };
  const auto inner = [](const Vec3& v) {
    return Dot(v, v) - (1 - std::cos(kTurn)) * AcrossSquared(v);
  };
  return {.mpjpe_mm = Mean(truth, moved), .n_mpjpe_mm = AfterScaling(truth, inner)};
}

// ---- mirrored: the best rotation turns a mirror image into one that is mirrored along the pose's
// thinnest direction, for that costs least.

// Of points about their middle: the sums of products, and the middle.
struct Shape {
  Vec3 middle{};
  std::array<Vec3, 3> products{};
  double squares = 0;
};

Shape ShapeOf(std::span<const Vec3> points) {
  Shape shape;
  for (const Vec3& p : points) {
    for (std::size_t i = 0; i < 3; ++i) {
      shape.middle[i] += p[i] / static_cast<double>(points.size());
    }
  }
  for (const Vec3& p : points) {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        shape.products[i][j] += (p[i] - shape.middle[i]) * (p[j] - shape.middle[j]);
      }
    }
  }
  for (std::size_t i = 0; i < 3; ++i) shape.squares += shape.products[i][i];
  return shape;
}

// The direction with the least sum of squares: the smallest eigenvalue of the products by Cardano's
// formula, its eigenvector as the largest cross product of two rows.
struct Thinnest {
  Vec3 direction{};
  double squares = 0;
};

double SmallestEigenvalue(const std::array<Vec3, 3>& m) {
  const double q = (m[0][0] + m[1][1] + m[2][2]) / 3;
  double p2 = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      const double b = m[i][j] - (i == j ? q : 0);
      p2 += b * b;
    }
  }
  const double p = std::sqrt(p2 / 6);
  std::array<Vec3, 3> b = m;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) b[i][j] = (m[i][j] - (i == j ? q : 0)) / p;
  }
  const double det = b[0][0] * (b[1][1] * b[2][2] - b[1][2] * b[2][1]) -
                     b[0][1] * (b[1][0] * b[2][2] - b[1][2] * b[2][0]) +
                     b[0][2] * (b[1][0] * b[2][1] - b[1][1] * b[2][0]);
  const double angle = std::acos(std::clamp(det / 2, -1.0, 1.0)) / 3;
  return q + 2 * p * std::cos(angle + 2 * std::numbers::pi / 3);
}

Thinnest ThinnestOf(const Shape& shape) {
  Thinnest thinnest{.squares = SmallestEigenvalue(shape.products)};
  std::array<Vec3, 3> rows = shape.products;
  for (std::size_t i = 0; i < 3; ++i) rows[i][i] -= thinnest.squares;
  double longest = 0;
  for (const auto& [a, b] : {std::pair{0, 1}, {0, 2}, {1, 2}}) {
    const Vec3 cross = {rows[a][1] * rows[b][2] - rows[a][2] * rows[b][1],
                        rows[a][2] * rows[b][0] - rows[a][0] * rows[b][2],
                        rows[a][0] * rows[b][1] - rows[a][1] * rows[b][0]};
    const double length = pose::Norm(cross);
    if (!(length > longest)) continue;
    longest = length;
    thinnest.direction = {cross[0] / length, cross[1] / length, cross[2] / length};
  }
  return thinnest;
}

double MirroredRigid(const SamplePrediction& truth) {
  const Shape shape = ShapeOf(truth.joints_mm);  // Thorax as well.
  const Thinnest thin = ThinnestOf(shape);
  return Mean(truth, [&](const Vec3& v) {
    return 2 * std::abs(Dot(thin.direction, v) - Dot(thin.direction, shape.middle));
  });
}

double MirroredSimilarity(const SamplePrediction& truth) {
  const Shape shape = ShapeOf(std::span(truth.joints_mm).first(kScored));
  const Thinnest thin = ThinnestOf(shape);
  const double s = (shape.squares - 2 * thin.squares) / shape.squares;
  return Mean(truth, [&](const Vec3& joint) {
    const Vec3 v = {joint[0] - shape.middle[0], joint[1] - shape.middle[1],
                    joint[2] - shape.middle[2]};
    const double thin_part = Dot(thin.direction, v);
    const double rest = std::max(0.0, Dot(v, v) - thin_part * thin_part);
    return std::hypot((1 - s) * std::sqrt(rest), (1 + s) * thin_part);
  });
}

KnownErrors MirroredErrors(const SamplePrediction& truth) {
  const auto moved = [](const Vec3& v) { return 2 * std::abs(v[0]); };
  const auto inner = [](const Vec3& v) { return Dot(v, v) - 2 * v[0] * v[0]; };
  return {.mpjpe_mm = Mean(truth, moved),
          .pa_mpjpe_rigid_mm = MirroredRigid(truth),
          .pa_mpjpe_mm = MirroredSimilarity(truth),
          .n_mpjpe_mm = AfterScaling(truth, inner)};
}

// ---- scaled about the root: no rotation helps, and the best shift lays the middles together.

KnownErrors ScaledErrors(const SamplePrediction& truth) {
  const Vec3 middle = ShapeOf(truth.joints_mm).middle;
  return {.mpjpe_mm = (kScale - 1) * Mean(truth, [](const Vec3& v) { return pose::Norm(v); }),
          .pa_mpjpe_rigid_mm = (kScale - 1) * Mean(truth, [&](const Vec3& v) {
                                 return std::hypot(v[0] - middle[0], v[1] - middle[1],
                                                   v[2] - middle[2]);
                               })};
}

template <typename Map>
SamplePrediction Mapped(const SamplePrediction& truth, const Map& map) {
  SamplePrediction prediction = truth;
  for (Vec3& joint : prediction.joints_mm) joint = map(joint);
  return prediction;
}

SamplePrediction Moved(const SamplePrediction& truth) {
  SamplePrediction prediction = truth;
  for (std::size_t i = 0; i < 3; ++i) prediction.root_mm[i] += kOffset[i];
  return prediction;
}

constexpr std::array<SampleError, 5> kErrors = {{
    {"truth", "the truth itself", [](const SamplePrediction& truth) { return truth; },
     [](const SamplePrediction&) { return KnownErrors{}; }},
    {"offset", "everybody 130 mm away: poses right, places wrong", Moved,
     [](const SamplePrediction&) { return KnownErrors{.mrpe_mm = pose::Norm(kOffset)}; }},
    {"rotated", "turned by 10 degrees about the pelvis",
     [](const SamplePrediction& truth) { return Mapped(truth, Turn); }, TurnedErrors},
    {"scaled", "10 % too large",
     [](const SamplePrediction& truth) {
       return Mapped(truth, [](const Vec3& v) {
         return Vec3{kScale * v[0], kScale * v[1], kScale * v[2]};
       });
     },
     ScaledErrors},
    {"mirrored", "left and right of the pelvis exchanged",
     [](const SamplePrediction& truth) {
       return Mapped(truth, [](const Vec3& v) { return Vec3{-v[0], v[1], v[2]}; });
     },
     MirroredErrors},
}};

}  // namespace

std::span<const SampleError> SampleErrors() { return kErrors; }

KnownErrors MeanErrors(const SampleError& error, std::span<const SamplePrediction> truths) {
  KnownErrors mean;
  for (const SamplePrediction& truth : truths) {
    const KnownErrors one = error.errors(truth);
    const double share = 1 / static_cast<double>(truths.size());
    mean.mpjpe_mm += share * one.mpjpe_mm;
    mean.pa_mpjpe_rigid_mm += share * one.pa_mpjpe_rigid_mm;
    mean.pa_mpjpe_mm += share * one.pa_mpjpe_mm;
    mean.n_mpjpe_mm += share * one.n_mpjpe_mm;
    mean.mrpe_mm += share * one.mrpe_mm;
  }
  return mean;
}

}  // namespace cnp::cli
