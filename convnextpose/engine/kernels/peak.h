// What the machine could do at most: float multiply-adds from registers to registers, on the
// instruction set in use. The measure of every other kernel.
#pragma once

#include <cstdint>

#include "convnextpose/base/thread_pool.h"

namespace cnp::engine {

/// Runs `rounds` rounds of independent chains of multiply-adds in the calling thread and returns
/// how many multiply-adds of single floats these were.
std::int64_t SpinMultiplyAdds(std::int64_t rounds);

/// Multiply-adds a second (half the FLOP/s) of all threads of `pool` at once: the best of several
/// tries, for whatever else runs on the machine only slows it. Takes about a tenth of a second.
double MeasurePeak(ThreadPool& pool);

}  // namespace cnp::engine
