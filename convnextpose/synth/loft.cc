#include "convnextpose/synth/loft.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "convnextpose/base/check.h"

namespace cnp::synth {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr int kCapRings = 2;
constexpr int kValues = 6;

using Values = std::array<float, kValues>;

Values ToValues(const Section& s) {
  return {s.center.x(), s.center.y(), s.center.z(), s.across, s.front, s.back};
}

// Between rising and falling, level; else the harmonic mean: no overshoot (Fritsch and Butland).
float Slope(float before, float after) {
  return before * after <= 0 ? 0 : 2 * before * after / (before + after);
}

Values Differences(const std::vector<Section>& sections, std::size_t i) {
  const Values a = ToValues(sections[i]);
  const Values b = ToValues(sections[i + 1]);
  Values slopes;
  for (int k = 0; k < kValues; ++k) slopes[k] = (b[k] - a[k]) / (sections[i + 1].t - sections[i].t);
  return slopes;
}

struct Ring {
  float t = 0;
  int material = 0;  ///< Of what lies beyond it.
  float inflate = 0;
  float shrink = 1;  ///< Towards the ends.
};

float Shrink(const Loft& loft, float t) {
  const float begin = t - loft.sections.front().t;
  const float end = loft.sections.back().t - t;
  const auto round = [](float distance, float length) {
    const float rest = 1 - std::clamp(distance / length, 0.0F, 1.0F);
    return std::sqrt(std::max(0.0F, 1 - rest * rest));
  };
  return round(begin, loft.round_begin) * round(end, loft.round_end);
}

// Even along the tube, denser where an end is rounded; with the borders of the covers, twice.
std::vector<Ring> Rings(const Loft& loft) {
  const float begin = loft.sections.front().t;
  const float end = loft.sections.back().t;
  std::vector<float> ts = {begin, end};
  for (int i = 1; i < kCapRings; ++i) {
    const float cosine = std::cos(kPi / 2 * static_cast<float>(i) / kCapRings);
    ts.push_back(begin + loft.round_begin * (1 - cosine));
    ts.push_back(end - loft.round_end * (1 - cosine));
  }
  const float first = begin + loft.round_begin;
  const float step = (end - loft.round_end - first) / static_cast<float>(loft.rings);
  for (int i = 0; i <= loft.rings; ++i) ts.push_back(first + step * static_cast<float>(i));
  for (const Cover& cover : loft.covers) ts.push_back(cover.until);
  std::sort(ts.begin(), ts.end());

  std::vector<Ring> rings;
  std::size_t cover = 0;
  for (const float t : ts) {
    if (t < begin || t > end) continue;
    if (!rings.empty() && t - rings.back().t < 1e-4F) continue;
    rings.push_back({t, loft.covers[cover].material, loft.covers[cover].inflate, Shrink(loft, t)});
    while (cover + 1 < loft.covers.size() && t >= loft.covers[cover].until - 1e-4F) {
      const Cover& next = loft.covers[++cover];
      const bool jump = next.inflate != rings.back().inflate && t > begin;
      if (jump) rings.push_back(rings.back());
      rings.back().material = next.material;
      rings.back().inflate = next.inflate;
    }
  }
  return rings;
}

Eigen::Vector3f PointAt(const Loft& loft, const Section& section, const Ring& ring, float around) {
  // From the back, so that the seam is there.
  const float angle = 2 * kPi * around - kPi / 2;
  const auto square = [&](float x) {
    return std::copysign(std::pow(std::abs(x), 2 / loft.squareness), x);
  };
  const float x = square(std::cos(angle));
  const float z = square(std::sin(angle));
  const float depth = (z > 0 ? section.front : section.back) + ring.inflate;
  const Eigen::Vector3f point =
      section.center +
      ring.shrink * ((section.across + ring.inflate) * x * loft.across + depth * z * loft.front);
  return loft.mould ? loft.mould(point) : point;
}

class Builder {
 public:
  explicit Builder(const Loft& loft) : loft_(loft), rings_(Rings(loft)) {}

  LoftMesh Build() {
    for (std::size_t i = 0; i < rings_.size(); ++i) AddRing(i);
    const Eigen::Vector3f line = loft_.sections.back().center - loft_.sections.front().center;
    flip_ = loft_.front.cross(loft_.across).dot(line) > 0;
    for (std::size_t i = 0; i + 1 < rings_.size(); ++i) AddBand(i);
    return std::move(mesh_);
  }

 private:
  void AddRing(std::size_t i) {
    const Ring& ring = rings_[i];
    const Section section = SectionAt(loft_.sections, ring.t);
    const bool pole = i == 0 || i + 1 == rings_.size();
    const float begin = loft_.sections.front().t;
    const float along = (ring.t - begin) / (loft_.sections.back().t - begin);
    const auto first = static_cast<std::uint32_t>(mesh_.positions.size());
    for (int k = 0; k <= loft_.segments; ++k) {
      const float around = static_cast<float>(k) / static_cast<float>(loft_.segments);
      mesh_.places.emplace_back(around, along);
      const bool again = pole ? k > 0 : k == loft_.segments;
      mesh_.welded.push_back(again ? first : first + k);
      mesh_.positions.push_back(again ? mesh_.positions[first]
                                      : PointAt(loft_, section, ring, around));
    }
  }

  void AddBand(std::size_t i) {
    const int columns = loft_.segments + 1;
    for (int k = 0; k < loft_.segments; ++k) {
      const auto a = static_cast<std::uint32_t>(i * columns + k);
      const auto b = static_cast<std::uint32_t>(a + columns);
      AddTriangle(a, a + 1, b, rings_[i].material);
      AddTriangle(a + 1, b + 1, b, rings_[i].material);
    }
  }

  void AddTriangle(std::uint32_t a, std::uint32_t b, std::uint32_t c, int material) {
    const auto& weld = mesh_.welded;
    if (weld[a] == weld[b] || weld[b] == weld[c] || weld[c] == weld[a]) return;
    if (flip_) std::swap(b, c);
    mesh_.indices.insert(mesh_.indices.end(), {a, b, c});
    mesh_.materials.push_back(material);
  }

  const Loft& loft_;
  std::vector<Ring> rings_;
  LoftMesh mesh_;
  bool flip_ = false;
};

}  // namespace

Section SectionAt(const std::vector<Section>& sections, float t) {
  std::size_t i = 0;
  while (i + 2 < sections.size() && t > sections[i + 1].t) ++i;
  const float span = sections[i + 1].t - sections[i].t;
  const float x = std::clamp((t - sections[i].t) / span, 0.0F, 1.0F);
  const Values here = Differences(sections, i);
  const Values before = i > 0 ? Differences(sections, i - 1) : here;
  const Values after = i + 2 < sections.size() ? Differences(sections, i + 1) : here;
  const Values a = ToValues(sections[i]);
  const Values b = ToValues(sections[i + 1]);
  Values v;
  for (int k = 0; k < kValues; ++k) {
    const float m0 = Slope(before[k], here[k]) * span;
    const float m1 = Slope(here[k], after[k]) * span;
    const float d = b[k] - a[k];
    v[k] = a[k] + x * (m0 + x * (3 * d - 2 * m0 - m1 + x * (m0 + m1 - 2 * d)));
  }
  return {t, {v[0], v[1], v[2]}, v[3], v[4], v[5]};
}

LoftMesh BuildLoft(const Loft& loft) {
  CNP_CHECK(loft.sections.size() >= 2 && !loft.covers.empty(), "a tube of nothing");
  return Builder(loft).Build();
}

}  // namespace cnp::synth
