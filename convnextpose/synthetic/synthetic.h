// Networks without a file: seeded tensors with the statistics of trained weights, and pictures. For
// tests and benchmarks; the bits that tools/golden/golden_weights.py makes, whose doc comment holds
// the rules.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/model/spec.h"
#include "convnextpose/model/weights.h"

namespace cnp::synthetic {

/// The tensor of a canonical name, row-major as PyTorch stores it. `shape` as in the state dict;
/// num_batches_tracked (shape {}) is one whole number.
std::vector<float> Tensor(const std::string& name, std::span<const std::int64_t> shape,
                          std::uint64_t seed);

/// All that model::Tensors names, without the counters. Precondition: Validate(spec).ok().
model::Weights Weights(const model::Spec& spec, std::uint64_t seed);

/// Pictures [batch, height, width, 3] in the range of normalised ones.
std::vector<float> Picture(int batch, int height, int width, std::uint64_t seed);

/// What the golden files' "checksums" hold: the sum over all elements of a hash of bits and index.
std::uint64_t Checksum(std::span<const float> values);

}  // namespace cnp::synthetic
