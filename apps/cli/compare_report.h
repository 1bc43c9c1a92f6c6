// A comparison of evaluations, for people (tables, a page) and for machines.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/cli/compare_pictures.h"
#include "convnextpose/eval/compare.h"

namespace cnp::cli {

/// A table, whatever it will be printed as.
struct Sheet {
  std::string title;
  std::vector<std::string> header;  ///< One that begins with '>' makes its column align right.
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> notes;  ///< Lines below.
};

/// "56.61", "68.0 %", or "-".
std::string Formatted(const eval::MetricInfo& metric, double value);
/// "MPJPE (mm)": for headings.
std::string TitleOf(const eval::MetricInfo& metric);
/// "as published", "better", ...
std::string Word(eval::Verdict verdict);

/// "human36m test, protocol 2".
std::string Subject(const eval::Comparison& comparison);

Sheet ModelSheet(const eval::Comparison& comparison);
/// Which differences are real. No rows for a single model.
Sheet PairSheet(const eval::Comparison& comparison);
/// With differences to the first model. No rows where there is only one: it would be the whole.
Sheet ActionSheet(const eval::Comparison& comparison);
Sheet JointSheet(const eval::Comparison& comparison);
Sheet SubjectSheet(const eval::Comparison& comparison);
Sheet CameraSheet(const eval::Comparison& comparison);
Sheet WorstSheet(const eval::Comparison& comparison);

std::string CompareText(const eval::Comparison& comparison);
std::string CompareMarkdown(const eval::Comparison& comparison);
/// docs/formats.md.
std::string CompareJson(const eval::Comparison& comparison);
/// One page without anything outside it; `worst` are drawn in it.
std::string CompareHtml(const eval::Comparison& comparison, const WorstPictures& worst = {});

}  // namespace cnp::cli
