// One example of a run: a person's crop as the network sees it, and the joints in it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "convnextpose/base/result.h"
#include "convnextpose/synth/generator.h"
#include "convnextpose/train/augment.h"
#include "convnextpose/train/example.h"
#include "convnextpose/train/people.h"
#include "convnextpose/train/picture_files.h"
#include "convnextpose/train/target.h"

namespace cnp::train {

/// Where an example goes.
struct ExampleOut {
  std::span<std::uint8_t> picture;  ///< [input, input, 3]
  std::span<float> target;          ///< [J, 3]
  std::span<float> weight;          ///< [J, 3]
};

/// Thread-safe: an example follows from its number alone.
class Examples {
 public:
  /// `people` must outlive it. `generator` may be null where nobody is rendered.
  Examples(const People& people, std::shared_ptr<const synth::Generator> generator,
           const Augmentation& augmentation, std::uint64_t seed, std::int64_t cache_bytes)
      : people_(people),
        generator_(std::move(generator)),
        augmentation_(augmentation),
        seed_(seed),
        files_(cache_bytes) {}

  /// Errors: a picture that cannot be read.
  Status Make(std::int64_t number, const Cells& cells, const ExampleOut& out);

 private:
  /// Of what is seen through `map` (crop pixels -> picture pixels).
  Status Photograph(const Person& person, const pose::Affine& map, const Cells& cells,
                    std::span<std::uint8_t> out);
  /// `flip`: `map` mirrors.
  void Render(const synth::Scene& scene, const pose::Affine& map, bool flip, const Cells& cells,
              std::span<std::uint8_t> out) const;

  const People& people_;
  const std::shared_ptr<const synth::Generator> generator_;
  const Augmentation augmentation_;
  const std::uint64_t seed_;
  PictureFiles files_;
};

/// What the network should see of a rendered person's surroundings: pose::NetworkBox of its box.
/// Precondition: a box that touches the picture, as a scene's does.
pose::Box NetworkBoxOf(const synth::Subject& subject);

/// Of a rendered person all joints, those outside the picture too.
Labels LabelsOf(const synth::Subject& subject);

}  // namespace cnp::train
