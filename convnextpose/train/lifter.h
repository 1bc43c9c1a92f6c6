// How far the joints of a person lie in front of and behind the root, by where they are in the
// picture alone: a small network that has seen many people in space from many sides. It gives
// photographs with 2-D labels a depth to learn from, with an error of several centimetres, where
// they had none.
// After J. Martinez et al., "A simple yet effective baseline for 3D human pose estimation" (ICCV
// 2017).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/train/target.h"

namespace cnp::train {

class Collective;  // collective.h

struct LifterRecipe {
  std::uint64_t seed = 1;
  int epochs = 14;
  int batch = 256;
  int width = 768;  ///< Of hidden layers.
  double learning_rate = 2e-3;
  int threads = 0;  ///< As Recipe's.
};

/// Joints are pose::Human36m()'s. Not thread-safe.
class Lifter {
 public:
  /// Told how many of all steps are done; false stops it. Empty: nobody asks.
  using Proceed = std::function<bool(std::int64_t done, std::int64_t all)>;

  /// Fewer labelled joints than these leave too much open.
  static constexpr int kFewestJoints = 12;

  /// Of people with depths; labels that are missing there are never learned from. Precondition: two
  /// batches at least. The same bits on the same machine with as many threads. Null where it was
  /// stopped.
  static std::unique_ptr<Lifter> Learn(std::span<const Labels> people, const LifterRecipe& recipe,
                                       const Proceed& proceed = {});
  /// Errors: no such file, not one of Write's.
  static Result<std::unique_ptr<Lifter>> Read(const std::filesystem::path& path);
  /// The first process's for all of them, of which the others give null. Errors: a lost process.
  static Result<std::unique_ptr<Lifter>> Share(std::unique_ptr<Lifter> own, Collective& collective);
  Lifter(const Lifter&) = delete;
  Lifter& operator=(const Lifter&) = delete;
  virtual ~Lifter() = default;

  /// For each person the joints' depths from the root's in mm, also of those that are not labelled;
  /// empty where fewer than kFewestJoints are.
  [[nodiscard]] virtual std::vector<std::vector<double>> Depths(
      std::span<const Labels> people) const = 0;

  virtual Status Write(const std::filesystem::path& path) const = 0;

 protected:
  Lifter() = default;
};

}  // namespace cnp::train
