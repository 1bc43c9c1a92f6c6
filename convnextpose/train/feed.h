// Batches for the trainer: any mix of 3-D and 2-D datasets and of people rendered on the way, in an
// order and with augmentation that follow from the seed alone, so that a run killed at any step
// goes on with the very same batches, on any number of threads and processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/synth/generator.h"
#include "convnextpose/train/example.h"

namespace cnp::train {

/// Spec 6, "Augmentation"; the defaults are the paper's.
struct Augmentation {
  double scale = 0.25;
  double rotation_degrees = 30;
  double rotation_probability = 0.6;
  double flip_probability = 0.5;
  double color = 0.2;
  double erase_probability = 0.5;
  double max_erased = 0.7;  ///< Of the box's area.
  double shift = 0;         ///< Of the box's side, uniform; the paper has none.
};

struct FeedOptions {
  std::uint64_t seed = 1;
  int batch = 32;  ///< Of all processes together.
  int rank = 0;    ///< This process takes every `world`-th part of each batch:
  int world = 1;   ///< examples [rank * batch / world, (rank + 1) * batch / world).
  int threads = 2;
  int prefetch = 3;  ///< Batches held ready.
  Cells cells;
  Augmentation augmentation;
  std::int64_t rendered_per_epoch =
      0;  ///< How many rendered people count as a 3-D dataset; 0: none.
};

/// Half of each batch from the 3-D sets (concatenated, rendered people among them), half from the
/// 2-D sets (concatenated), both streams brought to the length of the longer; all from the one
/// where the other is empty. Joints are matched by name to pose::Human36m(), absent ones count
/// nothing.
class Feed {
 public:
  /// `generator` may be null if rendered_per_epoch is 0. Errors: nothing to train on, a batch that
  /// the processes or halves do not divide.
  static Result<std::unique_ptr<Feed>> Open(std::vector<datasets::Dataset> sets,
                                            std::shared_ptr<const synth::Generator> generator,
                                            const FeedOptions& options);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  virtual ~Feed() = default;

  [[nodiscard]] virtual std::int64_t steps_per_epoch() const = 0;

  /// This process's part of the batch of that step of the run (0, 1, ...; step /
  /// steps_per_epoch() is the epoch). Called with the same step twice gives the same bits. Fast
  /// when steps follow each other: the next ones are prepared by threads. Errors: a picture that
  /// cannot be read.
  virtual Result<Batch> At(std::int64_t step) = 0;

 protected:
  Feed() = default;
};

}  // namespace cnp::train
