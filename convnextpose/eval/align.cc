#include "convnextpose/eval/align.h"

#include <Eigen/Core>
#include <Eigen/LU>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "convnextpose/base/check.h"

namespace cnp::eval {
namespace {

using pose::Vec3;
using Points = Eigen::Matrix<double, 3, Eigen::Dynamic>;

Points ToPoints(std::span<const Vec3> points) {
  Points matrix(3, static_cast<Eigen::Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (int k = 0; k < 3; ++k) matrix(k, static_cast<Eigen::Index>(i)) = points[i][k];
  }
  return matrix;
}

Transform ToTransform(const Eigen::Matrix3d& rotation, double scale, const Eigen::Vector3d& shift) {
  Transform transform;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) {
      transform.rotation[row][column] = rotation(row, column);
    }
    transform.shift[row] = shift(row);
  }
  transform.scale = scale;
  return transform;
}

std::optional<Transform> Align(std::span<const Vec3> from, std::span<const Vec3> to,
                               bool with_scale) {
  CNP_CHECK(from.size() == to.size(), "each point has a counterpart");
  if (from.empty()) return std::nullopt;
  Points a = ToPoints(from);
  Points b = ToPoints(to);
  const Eigen::Vector3d a_mean = a.rowwise().mean();
  const Eigen::Vector3d b_mean = b.rowwise().mean();
  a.colwise() -= a_mean;
  b.colwise() -= b_mean;
  const Eigen::Matrix3d covariance = b * a.transpose();
  const double spread = a.squaredNorm();
  if (!covariance.allFinite() || !std::isfinite(spread)) return std::nullopt;
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(covariance,
                                              Eigen::ComputeFullU | Eigen::ComputeFullV);
  // Where the best orthogonal matrix is a reflection, the axis that matters least is turned back.
  Eigen::Vector3d sign(1, 1, 1);
  if (svd.matrixU().determinant() * svd.matrixV().determinant() < 0) sign(2) = -1;
  const Eigen::Matrix3d rotation = svd.matrixU() * sign.asDiagonal() * svd.matrixV().transpose();
  double scale = 1;
  if (with_scale && spread > 0) scale = svd.singularValues().dot(sign) / spread;
  return ToTransform(rotation, scale, b_mean - scale * (rotation * a_mean));
}

}  // namespace

Vec3 Transform::operator()(const Vec3& p) const {
  Vec3 moved = shift;
  for (int row = 0; row < 3; ++row) {
    const Vec3& r = rotation[row];
    moved[row] += scale * (r[0] * p[0] + r[1] * p[1] + r[2] * p[2]);
  }
  return moved;
}

std::optional<Transform> AlignRigid(std::span<const Vec3> from, std::span<const Vec3> to) {
  return Align(from, to, false);
}

std::optional<Transform> AlignSimilarity(std::span<const Vec3> from, std::span<const Vec3> to) {
  return Align(from, to, true);
}

std::optional<double> AlignScale(std::span<const Vec3> from, std::span<const Vec3> to) {
  CNP_CHECK(from.size() == to.size(), "each point has a counterpart");
  double both = 0;
  double square = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (int k = 0; k < 3; ++k) {
      both += from[i][k] * to[i][k];
      square += from[i][k] * from[i][k];
    }
  }
  if (from.empty() || !std::isfinite(both) || !std::isfinite(square)) return std::nullopt;
  return square > 0 ? std::max(0.0, both / square) : 1;
}

}  // namespace cnp::eval
