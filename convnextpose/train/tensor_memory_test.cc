#include "convnextpose/train/tensor_memory.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "convnextpose/train/torch.h"

namespace cnp::train {
namespace {

TEST(TensorMemoryTest, IsUsedAgain) {
  const torch::Tensor before = torch::ones({1000});  // Of the old memory, and freed under the new.
  KeepTensorMemory();
  KeepTensorMemory();
  const void* first = nullptr;
  {
    const torch::Tensor tensor = torch::arange(100000, torch::kFloat);
    first = tensor.data_ptr();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0U);
    EXPECT_EQ(tensor.sum(torch::kDouble).item<double>(), 100000.0 * 99999 / 2);
  }
  const torch::Tensor again = torch::empty({100000}, torch::kFloat);
  EXPECT_EQ(again.data_ptr(), first);
  EXPECT_EQ(torch::empty({0}).numel(), 0);
  EXPECT_EQ(before.sum().item<float>(), 1000);
}

TEST(TensorMemoryTest, ThreadsMayGiveItToEachOther) {
  KeepTensorMemory();
  std::vector<torch::Tensor> tensors;
  for (int round = 0; round < 20; ++round) {
    std::vector<torch::Tensor> made(4);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < 50; ++n) made[static_cast<std::size_t>(i)] = torch::full({n * 37}, i);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(torch::all(made[static_cast<std::size_t>(i)] == i).item<bool>());
    }
    tensors = made;
  }
}

}  // namespace
}  // namespace cnp::train
