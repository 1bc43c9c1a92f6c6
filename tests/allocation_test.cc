// A program of its own, for it replaces operator new: running a network allocates nothing.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "convnextpose/convert/fold.h"
#include "convnextpose/engine/session.h"
#include "convnextpose/synthetic/synthetic.h"

namespace {

std::atomic<int> allocations{0};

void* Allocate(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return Allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace cnp::engine {
namespace {

TEST(AllocationTest, RunningAllocatesNothing) {
  model::Spec spec = *model::FindVariant("XS");
  spec.input_height = spec.input_width =
      128;  // A processor that is emulated needs minutes for more.
  const auto folded = convert::FoldBatchNorm(model::Layers(spec), synthetic::Weights(spec, 1));
  const std::vector<float> pictures = synthetic::Picture(2, spec.input_height, spec.input_width, 1);
  for (const Precision precision : {Precision::kF32, Precision::kF16, Precision::kInt8}) {
    if (precision == Precision::kInt8 && !HasDotProducts()) continue;  // Would take seconds.
    const Network network(folded.layers, folded.weights, precision);
    ThreadPool pool(2);
    const int before = allocations;
    Session session(network, pool, 2);
    EXPECT_GT(allocations, before) << "allocations are not counted";
    std::vector<JointEstimate> joints(2 * static_cast<std::size_t>(spec.joints));
    const int prepared = allocations;
    for (int run = 0; run < 3; ++run) session.Run(pictures, 2, joints);
    EXPECT_EQ(allocations, prepared) << Name(precision);
  }
}

// In bytes: what a phone must spare beside the weights.
TEST(AllocationTest, TheWorkspaceIsSmall) {
  for (const auto& [name, megabytes] : {std::pair("XS", 8.0), std::pair("L", 24.0)}) {
    const model::Spec spec = *model::FindVariant(name);
    const auto folded = convert::FoldBatchNorm(model::Layers(spec), synthetic::Weights(spec, 1));
    const Network network(folded.layers, folded.weights);
    ThreadPool pool(2);
    const Session session(network, pool);
    EXPECT_LE(static_cast<double>(session.WorkspaceBytes()), megabytes * 1e6) << name;
  }
}

}  // namespace
}  // namespace cnp::engine
