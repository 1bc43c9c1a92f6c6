#include "convnextpose/engine/isa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cnp::engine {
namespace {

TEST(IsaTest, BestIsTheDefaultAndEachCanBeForced) {
  const std::vector<std::string> isas = SupportedIsas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(CurrentIsa(), isas.front());
  EXPECT_TRUE(OnBestIsa());
  for (const std::string& isa : isas) {
    ASSERT_TRUE(ForceIsa(isa).ok());
    EXPECT_EQ(CurrentIsa(), isa);
    EXPECT_EQ(OnBestIsa(), isa == isas.front());
    EXPECT_EQ(SupportedIsas(), isas);  // Asking does not change the choice.
    EXPECT_EQ(CurrentIsa(), isa);
  }
  ASSERT_TRUE(ForceIsa("auto").ok());
  EXPECT_EQ(CurrentIsa(), isas.front());
}

TEST(IsaTest, UnknownNameListsWhatThereIs) {
  const Status status = ForceIsa("mmx");
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, ::testing::HasSubstr(SupportedIsas().front()));
}

}  // namespace
}  // namespace cnp::engine
