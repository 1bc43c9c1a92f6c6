// `convnextpose bench` as a user runs it. What the times are is no matter of a test.
#include <algorithm>
#include <map>
#include <numeric>
#include <thread>

#include "convnextpose/engine/isa.h"
#include "convnextpose/engine/kernels/dot_pointwise.h"
#include "convnextpose/model/layers.h"
#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
namespace fs = std::filesystem;

class CliBenchTest : public CliTest {
 protected:
  /// `bench --runs 3 --warmup 1 ARGUMENTS...`
  static Outcome Bench(const Arguments& arguments) {
    Arguments all = {"bench", "--runs", "3", "--warmup", "1"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return RunProgram(all);
  }
  static Json BenchJson(Arguments arguments) {
    arguments.emplace_back("--json");
    const Outcome outcome = Bench(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return Json::parse(outcome.out);
  }
  static void ExpectUsage(const Arguments& arguments, const std::vector<std::string>& parts) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const Outcome outcome = Bench(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    for (const std::string& part : parts) EXPECT_THAT(outcome.err, HasSubstr(part));
  }

  /// Makes `text` the peer onnxruntime, in a folder that is returned.
  std::string FakePeer(const std::string& text) {
    const fs::path folder = folder_ / "peers";
    fs::create_directories(folder);
    std::ofstream(folder / "onnxruntime.mjs") << text;
    fs::permissions(folder / "onnxruntime.mjs", fs::perms::owner_all);
    return folder.string();
  }
};

// A peer that takes what it is sent and answers with zeros.
constexpr const char* kZeros = R"(#!/usr/bin/python3
import json, sys
task = json.loads(sys.stdin.buffer.readline())
sys.stdin.buffer.read(task["model_bytes"] + 4 * 3 * 256 * 256)
print('{"version": "0", "settings": "none"}', flush=True)
for line in sys.stdin.buffer:
    print(json.dumps({"ms": [1] * int(line), "coordinates": [0] * 54}), flush=True)
)";

TEST_F(CliBenchTest, JsonSaysWhatWasMeasuredOnWhat) {
  const Json json = BenchJson({"--variants", "XS", "--threads", "1"});
  EXPECT_EQ(json["schema"], "convnextpose-bench/1");
  EXPECT_THAT(json["cpu"].get<std::string>(), Not(IsEmpty()));
  EXPECT_EQ(json["isa"], engine::SupportedIsas().front());
  EXPECT_GT(json["peak_gflops"], 0);
  EXPECT_THAT(json["ratios"], IsEmpty());
  EXPECT_THAT(json["not_measured"], IsEmpty());
  ASSERT_THAT(json["results"], SizeIs(1));
  const Json& result = json["results"][0];
  EXPECT_EQ(result["engine"], "convnextpose");
  EXPECT_EQ(result["variant"], "XS");
  EXPECT_EQ(result["weights"], "generated");
  EXPECT_EQ(result["precision"], "f32");
  EXPECT_EQ(result["threads"], 1);
  EXPECT_EQ(result["batch"], 1);
  EXPECT_EQ(result["runs"], 3);
  EXPECT_EQ(result["macs"], model::Macs(model::Layers(model::FindVariant("XS").value())));
  EXPECT_GT(result["p10_ms"], 0);
  EXPECT_GE(result["median_ms"], result["p10_ms"]);
  EXPECT_GE(result["p90_ms"], result["median_ms"]);
  EXPECT_GT(result["share_of_peak"], 0);
  EXPECT_EQ(result["largest_difference_cells"], 0) << "f32 is what the others are compared with";
  EXPECT_GE(result["cpu_share_of_others"], 0);
  EXPECT_GT(result["workspace_bytes"], 0);
  EXPECT_GT(result["peak_memory_bytes"], result["workspace_bytes"]);
  EXPECT_FALSE(result.contains("layers"));
}

TEST_F(CliBenchTest, RatesFollowFromTheTime) {
  const Json json = BenchJson({"--variants", "XS", "--threads", "1", "--batch", "2"});
  const Json& result = json["results"][0];
  const double seconds = result["median_ms"].get<double>() * 1e-3;
  const double macs = result["macs"];
  EXPECT_EQ(macs, 2 * model::Macs(model::Layers(model::FindVariant("XS").value())));
  EXPECT_NEAR(result["pictures_per_second"].get<double>() * seconds, 2, 1e-6);
  EXPECT_NEAR(result["gmacs_per_second"].get<double>() * 1e9 * seconds, macs, 1e-6 * macs);
  const double flops = 2 * macs / seconds;
  EXPECT_NEAR(result["share_of_peak"].get<double>() * result["peak_gflops"].get<double>() * 1e9,
              flops, 1e-6 * flops);
}

TEST_F(CliBenchTest, EveryNumberOfThreadsWithEveryBatchOnce) {
  const Json json = BenchJson({"--weights", pointer_, "--threads", "1,2,1", "--batch", "1,3"});
  std::vector<std::pair<int, int>> cases;
  for (const Json& result : json["results"]) {
    EXPECT_EQ(result["weights"], pointer_);
    EXPECT_EQ(result["peak_gflops"].get<double>() > 0, true);
    cases.emplace_back(result["threads"], result["batch"]);
  }
  EXPECT_THAT(cases, ::testing::ElementsAre(std::pair(1, 1), std::pair(1, 3), std::pair(2, 1),
                                            std::pair(2, 3)));
}

TEST_F(CliBenchTest, ATableForPeopleAndJsonInAFileBesideIt) {
  const Outcome outcome =
      Bench({"--weights", pointer_, "--threads", "1", "--json", Path("bench.json")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("network"), HasSubstr("of peak"), HasSubstr("f32")));
  EXPECT_THAT(outcome.err, IsEmpty()) << "no progress where nobody sees it";
  EXPECT_THAT(Json::parse(Read(Path("bench.json")))["results"], SizeIs(1));
}

TEST_F(CliBenchTest, AnInstructionSetCanBeForced) {
  for (const std::string& isa : engine::SupportedIsas()) {
    const Json json = BenchJson({"--weights", pointer_, "--threads", "1", "--isa", isa});
    EXPECT_EQ(json["isa"], isa);
    EXPECT_GT(json["peak_gflops"], 0);
  }
}

TEST_F(CliBenchTest, PrecisionsTakeTurnsAndSayHowFarTheyAreApart) {
  const bool int8 = engine::HasDotProducts();
  const Json json = BenchJson({"--variants", "XS", "--threads", "1", "--precision",
                               int8 ? "f16,f32,auto,int8" : "f16,f32,auto"});
  std::map<std::string, double> difference;
  for (const Json& result : json["results"]) {
    EXPECT_LE(result["mean_difference_cells"], result["largest_difference_cells"]);
    difference[result["precision"]] = result["mean_difference_cells"];
  }
  EXPECT_THAT(json["results"], SizeIs(int8 ? 3 : 2)) << "auto is one of the others";
  EXPECT_EQ(difference["f32"], 0);
  EXPECT_GT(difference["f16"], 0);
  if (int8) {
    EXPECT_GT(difference["int8"], difference["f16"]);
  }
}

TEST_F(CliBenchTest, LayersAreThoseOfTheNetworkAndAddUpToIt) {
  const Json json = BenchJson({"--variants", "XS", "--threads", "2", "--batch", "2", "--layers"});
  const std::vector<model::Layer> layers = model::Layers(model::FindVariant("XS").value());
  std::int64_t macs = 0;
  auto place = layers.begin();
  for (const Json& timed : json["results"][0]["layers"]) {
    const std::string name = timed["name"];
    place =
        std::find_if(place, layers.end(), [&](const auto& layer) { return layer.name == name; });
    ASSERT_NE(place, layers.end()) << name << " is no layer, or not in the network's order";
    EXPECT_GT(timed["thread_ms"], 0) << name;
    EXPECT_EQ(timed["share_of_peak"].is_null(), timed["macs"] == 0) << name;
    macs += timed["macs"].get<std::int64_t>();
  }
  EXPECT_EQ(macs, 2 * model::Macs(layers)) << "XS is computed as it was published";
}

TEST_F(CliBenchTest, WrongUsageIsToldInOneLine) {
  ExpectUsage({"--variants", "XXL"}, {"'XXL'", "XS, S, M, L"});
  ExpectUsage({"--against", "tensorflow"}, {"tensorflow", "onnxruntime", "bench --help"});
  ExpectUsage({"--precision", "f8"}, {"'f8'", "f32"});
  ExpectUsage({"--isa", "MMX"}, {"'MMX'", "choose auto"});
  ExpectUsage({"--runs", "0"}, {"--runs", "bench --help"});
  ExpectUsage({"--batch", "0"}, {"--batch"});
  ExpectUsage({"--threads", "-1"}, {"--threads"});
}

TEST_F(CliBenchTest, WeightsThatDoNotLoadDoNotStopTheOthers) {
  const Outcome outcome =
      Bench({"--weights", Path("none.pth"), pointer_, "--threads", "1", "--json", "-"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("none.pth"), HasSubstr("No such file")));
  const Json json = Json::parse(outcome.out);
  EXPECT_THAT(json["results"], SizeIs(1));
  ASSERT_THAT(json["not_measured"], SizeIs(1));
  EXPECT_EQ(json["not_measured"][0]["weights"], Path("none.pth"));
}

// ---- Peers.

TEST_F(CliBenchTest, APeerThatIsAbsentIsSaidToBe) {
  const Outcome outcome = Bench({"--variants", "XS", "--threads", "1,2", "--against",
                                 "onnxruntime,ncnn", "--peers", Path("none"), "--json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("onnxruntime: not measured: absent"),
                                 HasSubstr("--peers"), HasSubstr("ncnn: not measured: absent")));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2) << "each once";
  const Json json = Json::parse(outcome.out);
  EXPECT_THAT(json["results"], SizeIs(2)) << "ours all the same";
  EXPECT_THAT(json["not_measured"], SizeIs(4));
}

TEST_F(CliBenchTest, APeerWithoutItsPackageSaysWhatInstallsIt) {
  const std::string peers =
      FakePeer("#!/bin/sh\necho '{\"error\": \"absent: none of it; run tools/peers/setup.sh\"}'\n");
  const Outcome outcome =
      Bench({"--variants", "XS", "--threads", "1", "--against", "onnxruntime", "--peers", peers});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err,
            "convnextpose: onnxruntime: not measured: absent: none of it; run "
            "tools/peers/setup.sh\n");
}

TEST_F(CliBenchTest, APeerThatComputesSomethingElseIsNoComparison) {
  const Outcome outcome = Bench({"--variants", "XS", "--threads", "1", "--against", "onnxruntime",
                                 "--peers", FakePeer(kZeros), "--json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("onnxruntime: not measured: computes something else"));
  const Json json = Json::parse(outcome.out);
  EXPECT_THAT(json["results"], SizeIs(1));
  EXPECT_THAT(json["ratios"], IsEmpty());
}

TEST_F(CliBenchTest, APeerThatBreaksIsToldAndDoesNotStopOurs) {
  const auto expect = [&](const std::string& script, const std::string& part) {
    const Outcome outcome = Bench({"--variants", "XS", "--threads", "1", "--against", "onnxruntime",
                                   "--peers", FakePeer(script), "--json"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_THAT(Json::parse(outcome.out)["results"], SizeIs(1));
  };
  expect("#!/bin/sh\necho it hurts >&2; exit 7\n", "ended with exit code 7: it hurts");
  expect("#!/bin/sh\necho hello\n", "no JSON object: hello");
  expect("#!/bin/sh\necho '{}'; echo '{\"ms\": [1, 2]}'; exec cat >/dev/null\n",
         "its answer is not");
  expect("#!/no/such/interpreter\n", "onnxruntime.mjs: cannot be run");
}

// PyTorch is what the tests have anyway.
TEST_F(CliBenchTest, APeerTakesTurnsWithUs) {
  const Json json =
      BenchJson({"--variants", "XS", "--threads", "2", "--batch", "2", "--against", "pytorch"});
  ASSERT_THAT(json["results"], SizeIs(2));
  const Json& pytorch = json["results"][1];
  EXPECT_EQ(pytorch["engine"], "pytorch");
  EXPECT_EQ(pytorch["runs"], 3);
  EXPECT_GT(pytorch["median_ms"], 0);
  EXPECT_GT(pytorch["mean_difference_cells"], 0) << "it summed in another order";
  EXPECT_LT(pytorch["largest_difference_cells"], 1e-3);
  EXPECT_GT(pytorch["peak_memory_bytes"], 0);
  ASSERT_THAT(json["ratios"], SizeIs(1));
  const Json& ratio = json["ratios"][0];
  EXPECT_EQ(ratio["against"], "pytorch");
  EXPECT_EQ(ratio["batch"], 2);
  EXPECT_GT(ratio["p10"], 0);
  EXPECT_GE(ratio["p90"], ratio["median"]);
}

TEST_F(CliBenchTest, CtrlCEndsThePeersToo) {
  const std::string mark = Path("peer_ended");
  const std::string peers = FakePeer("#!/bin/sh\necho '{}' | tee " + Path("peer_runs") +
                                     "\ncat >/dev/null\n: >" + mark + "\n");
  Process process(ProgramCommand({"bench", "--variants", "XS", "--threads", "1", "--against",
                                  "onnxruntime", "--peers", peers}));
  const auto appears = [](const std::string& path) {
    for (int i = 0; i < 6000 && !fs::exists(path); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return fs::exists(path);
  };
  ASSERT_TRUE(appears(Path("peer_runs")));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait().signal, SIGINT);
  EXPECT_TRUE(appears(mark));
}

}  // namespace
}  // namespace cnp::test
