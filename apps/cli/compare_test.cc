// What `compare` prints. The comparison itself: convnextpose/eval/compare_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/cli/compare_report.h"
#include "apps/cli/svg_plot.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

eval::Evaluation Make(const std::string& variant, double mm) {
  eval::Evaluation evaluation;
  evaluation.dataset = "human36m";
  evaluation.split = "test";
  evaluation.protocol = 2;
  evaluation.joints = &pose::Human36m();
  evaluation.model = {.name = "<b>" + variant + "</b>", .variant = variant, .gmac = mm / 50};
  evaluation.model.parameters = 3528008;
  evaluation.settings.flip_test = true;
  evaluation.settings.boxes = evaluation.settings.roots = "labelled";
  for (int i = 0; i < 60; ++i) {
    eval::Record record;
    record.image_id = 1000 + i;
    record.file = "s" + std::to_string(i / 6) + "|x/<" + std::to_string(i) + ">.jpg";
    record.subject = 9 + i % 2;
    record.action = 2 + i / 6 % 3;
    record.subaction = i / 6;
    record.errors.mpjpe_mm = mm + i % 7 - 3;
    record.errors.joint_mm.assign(17, record.errors.mpjpe_mm);
    evaluation.records.push_back(record);
  }
  evaluation.summary = eval::Summarise(evaluation.records, *evaluation.joints,
                                       {.actions = {"", "", "Walking", "Sit|ting", "Posing"}});
  return evaluation;
}

class CompareReportTest : public ::testing::Test {
 protected:
  const std::vector<eval::Evaluation> evaluations_ = {Make("XS", 56.7), Make("S", 60),
                                                      Make("mine", 40)};
  const eval::Comparison comparison_ = eval::Compare(evaluations_);
};

TEST_F(CompareReportTest, TextHasEveryTable) {
  const std::string text = CompareText(comparison_);
  EXPECT_THAT(text, AllOf(HasSubstr("human36m test, protocol 2"), HasSubstr("3,528,008"),
                          HasSubstr("as published"), HasSubstr("worse"), HasSubstr("56.61")));
  EXPECT_THAT(text, AllOf(HasSubstr("Is the difference real?"), HasSubstr("By action"),
                          HasSubstr("Walking"), HasSubstr("L_Wrist"), HasSubstr("real")));
  EXPECT_THAT(text, HasSubstr("IEEE Access 2023"));
  EXPECT_THAT(text, Not(HasSubstr("By camera"))) << "there is none";
}

TEST_F(CompareReportTest, OfOneModelThereIsNothingToTellApart) {
  const eval::Comparison one = eval::Compare({evaluations_.data(), 1});
  EXPECT_THAT(CompareText(one), Not(HasSubstr("real?")));
  EXPECT_THAT(CompareHtml(one), Not(HasSubstr("Error and size")));
}

TEST_F(CompareReportTest, MarkdownTablesAreWhole) {
  const std::string text = CompareMarkdown(comparison_);
  EXPECT_THAT(text, HasSubstr("| Sit\\|ting |"));
  std::istringstream lines(text);
  std::ptrdiff_t columns = 0;
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('|')) {
      columns = 0;
      continue;
    }
    for (std::size_t at; (at = line.find("\\|")) != std::string::npos;) line.erase(at, 2);
    const auto bars = std::count(line.begin(), line.end(), '|');
    EXPECT_TRUE(columns == 0 || bars == columns) << line;
    columns = bars;
    ++rows;
  }
  EXPECT_GT(rows, 20);
}

TEST_F(CompareReportTest, JsonSaysTheSame) {
  const Json json = Json::parse(CompareJson(comparison_));
  EXPECT_EQ(json["metric"], "mpjpe_mm");
  ASSERT_EQ(json["models"].size(), 3U);
  EXPECT_EQ(json["models"][0]["verdict"], "as_published");
  EXPECT_EQ(json["models"][1]["verdict"], "worse");
  EXPECT_TRUE(json["models"][2]["verdict"].is_null());
  EXPECT_TRUE(json["models"][2]["expected_mm"].is_null());
  EXPECT_NEAR(json["models"][0]["difference_mm"], comparison_.models[0].difference_mm, 1e-9);
  ASSERT_EQ(json["pairs"].size(), 3U);
  EXPECT_EQ(json["pairs"][0]["persons"], 60);
  EXPECT_EQ(json["pairs"][0]["resampled"], "sequences");
  EXPECT_EQ(json["per_joint"].size(), 17U);
  EXPECT_EQ(json["worst"].size(), 20U);
}

// What stands in a result may come from anywhere.
TEST_F(CompareReportTest, ThePageEscapesWhatItShows) {
  const std::string html = CompareHtml(comparison_);
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;XS&lt;/b&gt;"));
  EXPECT_THAT(html, HasSubstr("/&lt;6&gt;.jpg"));
}

TEST_F(CompareReportTest, ThePageStandsAlone) {
  const std::string html = CompareHtml(comparison_);
  for (const char* part : {"http:", "https:", "<script", "<link", "src=", "@import", "url("}) {
    EXPECT_THAT(html, Not(HasSubstr(part)));
  }
  const auto count = [&](const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = html.find(part, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  EXPECT_EQ(count("<svg"), 4U) << "size, action, joint, subject";
  for (const std::string tag : {"section", "table", "svg", "tr", "td", "th", "details", "text"}) {
    EXPECT_EQ(count("<" + tag + ">") + count("<" + tag + " "), count("</" + tag + ">")) << tag;
  }
  EXPECT_EQ(count("nan"), 0U);
  EXPECT_EQ(count("inf"), 0U);
}

// ---- Plots.

TEST(SvgPlotTest, DotsStandWhereTheValuesAre) {
  const DotPlot plot = {"mm", {"a", "b"}, {{"one", {10, 20}}, {"two", {30, eval::kUnknown}}}};
  const std::string svg = ToSvg(plot);
  std::vector<double> x;
  for (std::size_t at = 0; (at = svg.find("cx=\"", at)) != std::string::npos; at += 4) {
    x.push_back(std::stod(svg.substr(at + 4)));
  }
  ASSERT_EQ(x.size(), 3U) << "what is not known has no dot";
  std::ranges::sort(x);
  EXPECT_NEAR(x[1] - x[0], x[2] - x[1], 0.11);
  EXPECT_GE(x[0], 132);
  EXPECT_LE(x[2], 720);
}

TEST(SvgPlotTest, SurvivesWhatCannotBePlotted) {
  const double nan = eval::kUnknown;
  EXPECT_THAT(ToSvg(DotPlot{"mm", {"a"}, {{"one", {nan}}}}), Not(HasSubstr("nan")));
  EXPECT_THAT(ToSvg(DotPlot{"mm", {}, {}}), HasSubstr("</svg>"));
  EXPECT_THAT(ToSvg(DotPlot{"mm", {"a"}, {{"one", {0}}}}), Not(HasSubstr("nan")));
  for (const double same : {0.0, 5.0, 1e12}) {
    const ScatterPlot plot = {"x",
                              "y",
                              {{"p", same, same, nan, nan, nan},
                               {"q", same, same, same, same, same},
                               {"r", nan, 1, nan, nan, nan}}};
    const std::string svg = ToSvg(plot);
    EXPECT_THAT(svg, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf")), HasSubstr(">q</text>"),
                           Not(HasSubstr(">r</text>"))));
    EXPECT_LT(svg.size(), 20000U);
  }
}

TEST(SvgPlotTest, NamesDoNotCoverEachOther) {
  ScatterPlot plot = {"x", "y", {}};
  const double nan = eval::kUnknown;
  for (const char* name : {"a", "b", "c"}) plot.points.push_back({name, 1, 2, nan, nan, nan});
  plot.points.push_back({"far", 0, 1, nan, nan, nan});
  const std::string svg = ToSvg(plot);
  std::vector<double> heights;
  for (const char* name : {">a</text>", ">b</text>", ">c</text>"}) {
    const std::size_t begin = svg.rfind("y=\"", svg.find(name));
    heights.push_back(std::stod(svg.substr(begin + 3)));
  }
  EXPECT_GE(heights[1] - heights[0], 14);
  EXPECT_GE(heights[2] - heights[1], 14);
}

}  // namespace
}  // namespace cnp::cli
