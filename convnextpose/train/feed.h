// Batches for the trainer: any mix of 3-D and 2-D datasets and of people rendered on the way, in an
// order and with augmentation that follow from the seed alone, so that a run killed at any step
// goes on with the very same batches, on any number of threads and processes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/train/augment.h"
#include "convnextpose/train/example.h"

namespace cnp::synth {
class Generator;  // synth/generator.h
}  // namespace cnp::synth

namespace cnp::train {

struct FeedOptions {
  std::uint64_t seed = 1;
  int batch = 32;  ///< Of all processes together.
  int rank = 0;    ///< This process takes every `world`-th part of each batch:
  int world = 1;   ///< examples [rank * batch / world, (rank + 1) * batch / world).
  int threads = 2;
  int prefetch = 3;  ///< Batches held ready.
  Cells cells;
  Augmentation augmentation;
  /// How many rendered people count as a 3-D dataset, another person each time; 0: none.
  std::int64_t rendered_per_epoch = 0;
  /// Of each set without depths, of each of its samples: the depths of pose::Human36m()'s joints
  /// from the root in mm, as lifter.h guesses them; empty: none.
  std::vector<std::vector<std::vector<double>>> depths;
  /// Bytes of picture files that are kept in memory, as they are on disk.
  std::int64_t cache_bytes = std::int64_t{1} << 30;
};

/// Half of each batch from the 3-D sets (concatenated, rendered people among them), half from the
/// 2-D sets (concatenated), taking turns; all from the one where the other is empty. An epoch is as
/// long as the longer of the two. Each goes through its people in an order of its own, all of them
/// before any comes again. Joints are matched by name to pose::Human36m(), absent ones count
/// nothing. Samples without a usable box are left out.
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
  /// Samples of the sets that are not used, for their boxes are of no use.
  [[nodiscard]] virtual std::int64_t left_out() const = 0;

  /// Sizes of all batches from now on. Batches that were prepared already are thrown away.
  virtual void SetCells(const Cells& cells) = 0;

  /// This process's part of the batch of that step of the run (0, 1, ...; step /
  /// steps_per_epoch() is the epoch). Called with the same step twice gives the same bits. Fast
  /// when steps follow each other: the next ones are prepared by threads. Not thread-safe. Errors:
  /// a picture that cannot be read.
  virtual Result<Batch> At(std::int64_t step) = 0;

 protected:
  Feed() = default;
};

}  // namespace cnp::train
