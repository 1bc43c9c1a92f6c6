// The vectors that all kernels compute with. Compiled once for each instruction set: included after
// hwy/highway.h by files that foreach_target.h includes again, hence the toggling guard.
#if defined(CNP_ENGINE_KERNELS_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CNP_ENGINE_KERNELS_VECTOR_INL_H_
#undef CNP_ENGINE_KERNELS_VECTOR_INL_H_
#else
#define CNP_ENGINE_KERNELS_VECTOR_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>

#include "convnextpose/engine/kernels/pixels.h"

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Floats, at most a channel block at once: a whole number of vectors fills every pixel.
using D = HWY_CAPPED(float, kChannelBlock);
using V = hn::Vec<D>;
constexpr std::ptrdiff_t kLanes = hn::MaxLanes(D());

// How many sums the register tiles of the matrix products may hold.
constexpr bool k32Registers = HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64;

// IfThenElse, not Max: keeps NaN visible on every instruction set.
HWY_INLINE V Relu(V value) {
  const D d;
  return hn::IfThenElse(hn::Lt(value, hn::Zero(d)), hn::Zero(d), value);
}

}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
