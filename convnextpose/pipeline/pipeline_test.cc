// Composition, on a network whose answers are known (tests/pointer_network.h) and on a trained-like
// one (testdata/key_styles). The formulas are written out again from spec 3-pose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/model/config.h"
#include "convnextpose/pipeline/predictor.h"
#include "convnextpose/pipeline/report.h"
#include "convnextpose/pipeline/search.h"
#include "tests/pointer_network.h"

namespace cnp::pipeline {
namespace {

using ::testing::HasSubstr;

engine::Network Fold(const model::Spec& spec, const model::Weights& weights) {
  const convert::FoldedNetwork folded = convert::FoldBatchNorm(model::Layers(spec), weights);
  return {folded.layers, folded.weights};
}

const engine::Network& Pointer() {
  static const engine::Network network = Fold(test::PointerSpec(), test::PointerWeights());
  return network;
}

// Random weights with a trained network's statistics: 64 x 64 pixels to 8 x 8 x 8 cells.
const engine::Network& Tiny() {
  static const engine::Network network = [] {
    std::ifstream file(CNP_TESTDATA "/key_styles/expected.json");
    const std::string config = nlohmann::json::parse(file)["config"].dump();
    const auto loaded = convert::LoadNetwork(CNP_TESTDATA "/key_styles/canonical.pth",
                                             {.spec = model::ParseConfig(config).value()});
    return Fold(loaded.value().spec, loaded.value().weights);
  }();
  return network;
}

// Something to look at for a network that has seen nothing: colours that vary with the place.
image::Image Pattern(int width, int height, unsigned seed) {
  image::Image picture = test::Grey(width, height);
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) {
    const double wave = std::sin(0.013 * static_cast<double>(i * (seed + 3) % 7919));
    picture.rgb[i] = static_cast<std::uint8_t>(128 + 120 * wave);
  }
  return picture;
}

class PipelineTest : public ::testing::Test {
 protected:
  std::vector<Result<PictureResult>> Predict(const engine::Network& network,
                                             const std::vector<PictureRequest>& requests,
                                             const PredictorOptions& options) {
    return Predictor(network, pose::Human36m(), pool_, options).Predict(requests);
  }
  std::vector<Estimate> Run(const engine::Network& network, const std::vector<CropRequest>& crops,
                            int max_batch, bool flip_test) {
    return Estimator(network, pose::Human36m(), pool_, max_batch, flip_test).Run(crops);
  }

  ThreadPool pool_{2};
};

void ExpectSame(const Estimate& actual, const Estimate& expected) {
  EXPECT_EQ(actual.heatmap, expected.heatmap);
  EXPECT_EQ(actual.sigma, expected.sigma);
  EXPECT_EQ(actual.confidence, expected.confidence);
}

// Every digit: the doubles themselves, not their four decimals in JSON.
std::vector<double> Numbers(const PictureResult& result) {
  std::vector<double> numbers;
  for (const Person& person : result.people) {
    numbers.insert(numbers.end(), {person.network_box.x, person.network_box.y, person.network_box.w,
                                   person.root_depth_mm});
    for (const Joint& joint : person.joints) {
      for (const pose::Vec3& v :
           {joint.heatmap, joint.root_relative_mm, joint.camera_mm, joint.sigma_mm}) {
        numbers.insert(numbers.end(), v.begin(), v.end());
      }
      numbers.insert(numbers.end(), {joint.image_px[0], joint.image_px[1], joint.confidence});
    }
  }
  return numbers;
}

// ---- Estimator.

TEST_F(PipelineTest, AnyGroupingOfCropsGivesTheSameBits) {
  const image::Image a = Pattern(97, 64, 1);
  const image::Image b = Pattern(40, 120, 2);
  const std::vector<CropRequest> crops = {{a.view(), {0, 0, 64, 64}},
                                          {b.view(), {-20, 10, 80.5, 80.5}},
                                          {a.view(), {30.25, 5, 40, 40}},
                                          {a.view(), {10, -10, 90, 90}},
                                          {b.view(), {5, 60, 30, 30}}};
  for (const bool flip_test : {false, true}) {
    std::vector<Estimate> expected;
    expected.reserve(crops.size());
    for (const CropRequest& crop : crops) expected.push_back(Run(Tiny(), {crop}, 1, flip_test)[0]);
    EXPECT_NE(expected[0].heatmap, expected[2].heatmap) << "the crops are all alike";
    for (const int max_batch : {1, 2, 3, 4, 8, 16}) {
      SCOPED_TRACE(max_batch);
      const std::vector<Estimate> actual = Run(Tiny(), crops, max_batch, flip_test);
      ASSERT_EQ(actual.size(), expected.size());
      for (std::size_t i = 0; i < actual.size(); ++i) ExpectSame(actual[i], expected[i]);
    }
  }
}

// The joint that each becomes in a mirror, from the spec's flip pairs.
constexpr std::array<int, 18> kMirror = {0, 4,  5,  6,  1,  2,  3,  7,  8,
                                         9, 10, 14, 15, 16, 11, 12, 13, 17};

TEST_F(PipelineTest, TheFlipTestIsTheMixtureOfBothAnswers) {
  const image::Image picture = Pattern(100, 80, 3);
  const image::Image mirrored = test::Mirrored(picture);
  const pose::Box box = {10, 5, 64, 64};
  // The mirrored crop shows x at input_width - 1 - x, the mirrored picture at width - 1 - x.
  const pose::Box mirrored_box = {99 - 10 - 63.0 * 64 / 64, 5, 64, 64};
  const Estimate direct = Run(Tiny(), {{picture.view(), box}}, 1, false)[0];
  const Estimate other = Run(Tiny(), {{mirrored.view(), mirrored_box}}, 1, false)[0];
  const Estimate both = Run(Tiny(), {{picture.view(), box}}, 2, true)[0];
  double disagreement = 0;
  for (int j = 0; j < 18; ++j) {
    const int k = kMirror[j];
    const pose::Vec3 back = {8 - 1 - other.heatmap[k][0], other.heatmap[k][1], other.heatmap[k][2]};
    for (int axis = 0; axis < 3; ++axis) {
      const double a = direct.sigma[j][axis];
      const double b = other.sigma[k][axis];
      const double apart = (direct.heatmap[j][axis] - back[axis]) / 2;
      disagreement = std::max(disagreement, std::abs(apart));
      EXPECT_NEAR(both.heatmap[j][axis], (direct.heatmap[j][axis] + back[axis]) / 2, 1e-6);
      EXPECT_NEAR(both.sigma[j][axis], std::sqrt((a * a + b * b) / 2 + apart * apart), 1e-6);
    }
    EXPECT_NEAR(both.confidence[j], (direct.confidence[j] + other.confidence[k]) / 2, 1e-6);
  }
  EXPECT_GT(disagreement, 0.05) << "the two agree: nothing is tested";
}

// Two answers that are sure of themselves and contradict each other are no sure answer.
TEST_F(PipelineTest, ContradictionInTheFlipTestIsSpread) {
  const image::Image picture = test::TwoSpots(256, 256, {48, 80}, {48, 176}, 40);
  const Estimate both = Run(Pointer(), {{picture.view(), {0, 0, 256, 256}}}, 2, true)[0];
  // In the mirror hips and knees change places, and with them the colours they point at.
  for (const int joint : {1, 2, 4, 5}) {
    EXPECT_NEAR(both.sigma[joint][1], (176 - 80) / 8.0 / 2, 1.5) << joint;
  }
  EXPECT_LT(both.sigma[0][1], 2.5) << "the pelvis is red in both";
}

// ---- Predictor.

TEST_F(PipelineTest, JointsFollowTheSpecsFormulas) {
  const image::Image picture = Pattern(200, 150, 4);
  PredictorOptions options;
  options.camera.focal_px = pose::Vec2{1145, 1143};
  options.camera.center_px = pose::Vec2{90, 70};
  options.root_depth_mm = {4200};
  const pose::Box person_box = {50, 20, 61, 101};
  const auto results = Predict(Tiny(), {{picture.view(), {{.box = person_box}}}}, options);
  ASSERT_TRUE(results[0].ok()) << results[0].error().message;
  ASSERT_EQ(results[0]->people.size(), 1U);
  const Person& person = results[0]->people[0];
  EXPECT_EQ(person.box, person_box);
  EXPECT_EQ(person.root_depth_mm, 4200);
  EXPECT_EQ(person.root_depth_source, DepthSource::kGiven);
  // Width and height lose a pixel, the longer side counts, and a quarter is added.
  EXPECT_EQ(person.network_box, (pose::Box{80 - 62.5, 70 - 62.5, 125, 125}));
  const Estimate estimate = Run(Tiny(), {{picture.view(), person.network_box}}, 1, false)[0];
  const pose::Vec3 root = person.joints[0].camera_mm;
  for (int j = 0; j < 18; ++j) {
    const Joint& joint = person.joints[j];
    const pose::Vec3& cell = estimate.heatmap[j];
    EXPECT_EQ(joint.heatmap, cell);
    EXPECT_EQ(joint.confidence, estimate.confidence[j]);
    const double x_px = cell[0] / 8 * 125 + 17.5;
    const double y_px = cell[1] / 8 * 125 + 7.5;
    const double z = (cell[2] / 8 * 2 - 1) * 1000 + 4200;
    const pose::Vec3 camera_mm = {(x_px - 90) / 1145 * z, (y_px - 70) / 1143 * z, z};
    EXPECT_NEAR(joint.image_px[0], x_px, 1e-9);
    EXPECT_NEAR(joint.image_px[1], y_px, 1e-9);
    const pose::Vec3 sigma_mm = {estimate.sigma[j][0] / 8 * 125 / 1145 * z,
                                 estimate.sigma[j][1] / 8 * 125 / 1143 * z,
                                 estimate.sigma[j][2] / 8 * 2000};
    for (int axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(joint.camera_mm[axis], camera_mm[axis], 1e-9);
      EXPECT_NEAR(joint.root_relative_mm[axis], camera_mm[axis] - root[axis], 1e-9);
      EXPECT_NEAR(joint.sigma_mm[axis], sigma_mm[axis], 1e-9);
    }
  }
}

TEST_F(PipelineTest, AnAssumedCameraIsMarked) {
  const image::Image picture = Pattern(120, 80, 5);
  const std::vector<PictureRequest> request = {
      {picture.view(), {{.box = pose::Box{0, 0, 50, 50}}}}};
  const auto camera = [&](const CameraOptions& options) {
    return Predict(Tiny(), request, {.camera = options, .root_depth_mm = {3000}})[0].value().camera;
  };
  EXPECT_TRUE(camera({}).assumed);
  EXPECT_EQ(camera({}).focal_px, (pose::Vec2{1500, 1500}));
  EXPECT_EQ(camera({}).center_px, (pose::Vec2{60, 40}));
  EXPECT_FALSE(camera({.focal_px = pose::Vec2{900, 910}}).assumed);
  EXPECT_EQ(camera({.focal_px = pose::Vec2{900, 910}}).focal_px, (pose::Vec2{900, 910}));
  EXPECT_NEAR(camera({.fov_degrees = 90}).focal_px[1], 60, 1e-9);
  EXPECT_TRUE(camera({.center_px = pose::Vec2{1, 2}}).assumed) << "the focal length still is";
  EXPECT_EQ(camera({.center_px = pose::Vec2{1, 2}}).center_px, (pose::Vec2{1, 2}));
}

TEST_F(PipelineTest, DepthIsWhereThighsAndTrunkHaveAPersonsLength) {
  const image::Image picture = test::TwoSpots(400, 400, {200, 120}, {200, 280}, 30);
  PredictorOptions options;
  const auto at_height = [&](double height_mm) {
    options.height_mm = height_mm;
    const auto results =
        Predict(Pointer(), {{picture.view(), {{.box = pose::Box{90, 90, 220, 220}}}}}, options);
    return results[0].value().people.at(0);
  };
  const Person adult = at_height(1700);
  EXPECT_EQ(adult.root_depth_source, DepthSource::kBoneLength);
  EXPECT_NEAR(at_height(1020).root_depth_mm / adult.root_depth_mm, 0.6, 1e-3);
}

TEST_F(PipelineTest, SubjectsKeepTheirOrderAndTheirDepths) {
  const image::Image picture = Pattern(300, 200, 6);
  const std::vector<Subject> subjects = {{.box = pose::Box{200, 20, 60, 90}},
                                         {.network_box = pose::Box{-10, 30, 80, 80}},
                                         {.box = pose::Box{90, 10, 70, 150}}};
  PredictorOptions options{.root_depth_mm = {3000, 4000, 5000}, .max_batch = 2};
  const auto results = Predict(Tiny(), {{picture.view(), subjects}}, options);
  ASSERT_EQ(results[0].value().people.size(), 3U);
  for (std::size_t n = 0; n < subjects.size(); ++n) {
    const Person& person = results[0].value().people[n];
    EXPECT_EQ(person.box, subjects[n].box);
    EXPECT_EQ(person.root_depth_mm, options.root_depth_mm[n]);
    const auto alone = Predict(Tiny(), {{picture.view(), {subjects[n]}}},
                               {.root_depth_mm = {options.root_depth_mm[n]}});
    EXPECT_EQ(Numbers(alone[0].value()), Numbers({.people = {person}}));
  }
  EXPECT_EQ(results[0].value().people[1].network_box, *subjects[1].network_box);
}

TEST_F(PipelineTest, TooFewDepthsAreAnErrorThatNamesThePerson) {
  const image::Image picture = Pattern(300, 200, 6);
  const Subject subject{.network_box = pose::Box{0, 0, 80, 80}};
  const auto results = Predict(Tiny(), {{picture.view(), {subject, subject, subject}}},
                               {.root_depth_mm = {3000, 4000}});
  ASSERT_FALSE(results[0].ok());
  EXPECT_THAT(results[0].error().message, HasSubstr("person 3: no root depth is given"));
}

TEST_F(PipelineTest, PicturesInOneCallGetTheSameBitsAsAlone) {
  const image::Image a = test::TwoSpots(300, 200, {90, 60}, {120, 140}, 24);
  const image::Image b = test::TwoSpots(150, 260, {60, 200}, {100, 60}, 30);
  const image::Image c = test::Grey(64, 64);
  const std::vector<PictureRequest> requests = {
      {a.view(), {}},
      {b.view(), {{.box = pose::Box{20, 20, 100, 220}}, {.box = pose::Box{0, 100, 150, 150}}}},
      {c.view(), {}},
      {b.view(), {}}};
  for (const bool flip_test : {false, true}) {
    for (const int max_batch : {1, 2, 3, 8}) {
      const PredictorOptions options{
          .root_depth_mm = {3500}, .flip_test = flip_test, .max_batch = max_batch};
      const auto together = Predict(Pointer(), requests, options);
      ASSERT_EQ(together.size(), requests.size());
      for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto alone =
            Predict(Pointer(), {requests[i]},
                    {.root_depth_mm = {3500}, .flip_test = flip_test, .max_batch = 1});
        EXPECT_EQ(Numbers(together[i].value()), Numbers(alone[0].value())) << i;
        EXPECT_EQ(together[i].value().note, alone[0].value().note);
      }
      EXPECT_EQ(together[1].value().people.size(), 2U);
    }
  }
}

TEST_F(PipelineTest, AnErrorInOnePictureDoesNotSpoilTheOthers) {
  const image::Image picture = Pattern(120, 100, 7);
  const Subject good{.box = pose::Box{10, 10, 60, 80}};
  const Subject outside{.box = pose::Box{500, 10, 60, 80}};
  const Subject endless{.network_box =
                            pose::Box{0, 0, std::numeric_limits<double>::infinity(), 80}};
  const PredictorOptions options{.root_depth_mm = {3000}};
  const auto results = Predict(Tiny(),
                               {{picture.view(), {good}},
                                {picture.view(), {good, outside}},
                                {picture.view(), {endless}},
                                {picture.view(), {good}}},
                               options);
  ASSERT_EQ(results.size(), 4U);
  EXPECT_THAT(results[1].error().message, HasSubstr("lies outside the picture of 120 x 100"));
  EXPECT_THAT(results[2].error().message, HasSubstr("not finite"));
  const auto alone = Predict(Tiny(), {{picture.view(), {good}}}, options);
  EXPECT_EQ(Numbers(results[0].value()), Numbers(alone[0].value()));
  EXPECT_EQ(Numbers(results[3].value()), Numbers(alone[0].value()));
}

TEST_F(PipelineTest, AnAnswerThatIsNotFiniteIsAnError) {
  model::Weights weights = test::PointerWeights();
  model::WeightTensor bias = weights.Get("head.final_layer.bias");
  bias.values[0] = std::numeric_limits<float>::quiet_NaN();
  weights.Set("head.final_layer.bias", bias);
  const engine::Network damaged = Fold(test::PointerSpec(), weights);
  const image::Image picture = test::Grey(64, 64);
  const auto results = Predict(damaged, {{picture.view(), {{.box = pose::Box{0, 0, 64, 64}}}}}, {});
  EXPECT_THAT(results[0].error().message, HasSubstr("not finite; the weights are damaged"));
}

// ---- The search.

TEST_F(PipelineTest, TheSearchClosesInOnWhoeverIsThere) {
  const image::Image picture = test::TwoSpots(640, 480, {380, 200}, {420, 300}, 36);
  Estimator estimator(Pointer(), pose::Human36m(), pool_, 4, false);
  const std::vector<image::ImageView> pictures = {picture.view()};
  const Found found = FindPeople(pictures, estimator).at(0);
  ASSERT_TRUE(found.person) << found.reason;
  EXPECT_EQ(found.reason, "");
  const auto [x, y] = found.network_box.center();
  EXPECT_NEAR(x, 400, 40);
  EXPECT_NEAR(y, 250, 40);
  EXPECT_LT(found.network_box.w, 640 * 0.71);
  ExpectSame(found.estimate, Run(Pointer(), {{picture.view(), found.network_box}}, 1, false)[0]);
}

// A step shrinks the box to kMaxShrink at least, so what is tiny is still being closed in on when
// the looks are used up.
TEST_F(PipelineTest, TheSearchLooksFourTimesAtMost) {
  const image::Image picture = test::TwoSpots(2000, 2000, {1000, 1000}, {1000, 1260}, 250);
  Estimator estimator(Pointer(), pose::Human36m(), pool_, 4, false);
  const std::vector<image::ImageView> pictures = {picture.view()};
  const Found found = FindPeople(pictures, estimator).at(0);
  EXPECT_NEAR(found.network_box.w, 2000 * std::pow(kMaxShrink, kMaxRounds - 1), 1e-6);
  EXPECT_EQ(kMaxRounds, 4);
}

TEST_F(PipelineTest, NobodyIsFoundWhereThereIsNothing) {
  const image::Image picture = test::Grey(200, 120);
  for (const engine::Network* network : {&Pointer(), &Tiny()}) {
    const auto results = Predict(*network, {{picture.view(), {}}}, {});
    ASSERT_TRUE(results[0].ok()) << results[0].error().message;
    EXPECT_TRUE(results[0]->people.empty());
    EXPECT_NE(results[0]->note, "");
  }
}

TEST_F(PipelineTest, ASubjectWithoutABoxIsSearchedForInItsPlace) {
  const image::Image picture = test::TwoSpots(640, 480, {380, 200}, {420, 300}, 36);
  const pose::Box first = {0, 0, 640, 480};
  const pose::Box last = {300, 100, 200, 300};
  const auto results = Predict(Pointer(), {{picture.view(), {{.box = first}, {}, {.box = last}}}},
                               {.root_depth_mm = {1000, 2000, 3000}});
  ASSERT_EQ(results[0].value().people.size(), 3U) << results[0].value().note;
  EXPECT_EQ(results[0].value().people[0].box, first);
  EXPECT_EQ(results[0].value().people[2].box, last);
  const Person& found = results[0].value().people[1];
  EXPECT_EQ(found.root_depth_mm, 2000);
  const auto alone = Predict(Pointer(), {{picture.view(), {}}}, {.root_depth_mm = {2000}});
  EXPECT_EQ(Numbers({.people = {found}}), Numbers(alone[0].value()));
}

// ---- The report.

TEST_F(PipelineTest, TheReportSaysWhereNumbersComeFrom) {
  const image::Image picture = Pattern(120, 100, 8);
  const auto results =
      Predict(Tiny(), {{picture.view(), {{.network_box = pose::Box{0, 0, 90, 90}}}}},
              {.root_depth_mm = {3000}});
  const auto json = nlohmann::json::parse(ToJson(
      results[0].value(), "a\xff.png", {"tiny", "w.pth", "00", "AVX", "f16"}, pose::Human36m()));
  EXPECT_EQ(json["image"]["file"], "a\xef\xbf\xbd.png") << "not UTF-8: replaced";
  EXPECT_EQ(json["camera"]["assumed"], true);
  EXPECT_EQ(json["engine"]["isa"], "AVX");
  EXPECT_EQ(json["engine"]["precision"], "f16");
  const auto& person = json["people"][0];
  EXPECT_TRUE(person["box_px"].is_null());
  EXPECT_EQ(person["root_depth_source"], "given");
  EXPECT_NEAR(person["joints"][3]["camera_mm"][2].get<double>(),
              results[0].value().people[0].joints[3].camera_mm[2], 5e-5);
  EXPECT_EQ(json["joint_set"]["bones"].size(), 16U);
}

}  // namespace
}  // namespace cnp::pipeline
