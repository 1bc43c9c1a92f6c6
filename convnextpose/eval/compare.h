// Evaluations side by side: as the paper says? where do they differ? is a difference real?
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/eval/expected.h"
#include "convnextpose/eval/result.h"

namespace cnp::eval {

struct CompareOptions {
  double tolerance_mm = 1;  ///< How near the paper's number counts as the same.
  int resamples = 2000;
  std::uint64_t seed = 1;
  std::size_t worst = 20;           ///< How many of the worst persons are listed, and others.
  std::vector<std::string> labels;  ///< One a model, for tables; empty: the models' names.
};

enum class Verdict { kNothingExpected, kAsPublished, kBetter, kWorse };

/// One evaluation. Models keep the order in which they were given.
struct ComparedModel {
  const Evaluation* evaluation = nullptr;
  std::string label;        ///< What tables call it.
  double value = kUnknown;  ///< Of Comparison::metric.
  Interval interval;        ///< By sequences where there are enough, else by persons.
  std::optional<Expected> expected;
  double difference_mm = kUnknown;  ///< To `expected`.
  Verdict verdict = Verdict::kNothingExpected;
  std::vector<std::string>
      deviations;  ///< From the paper's conditions, where something is expected.
};

/// Two models on the persons that both have.
struct ComparedPair {
  std::size_t first = 0;  ///< Of the models.
  std::size_t second = 0;
  std::size_t persons = 0;       ///< That both have.
  double difference = kUnknown;  ///< The second's mean minus the first's.
  Interval interval;             ///< 95 %, from paired resampling.
  double p_value = kUnknown;     ///< Two-sided: how often chance alone would differ so much.
  bool by_sequences = false;     ///< Whether whole sequences were resampled, or persons.
};

/// One action, joint, subject or camera: a value for each model, kUnknown where it has none.
struct ComparedRow {
  std::string name;
  std::vector<double> values;
};

struct ComparedPerson {
  std::string file;
  std::int64_t image_id = 0;
  std::int64_t annotation_id = 0;
  std::vector<double> values;  ///< One a model.
  double worst = kUnknown;     ///< Of these.
};

struct Comparison {
  MetricInfo metric = kMetrics[0];  ///< What is compared.
  std::vector<ComparedModel> models;
  std::vector<ComparedPair> pairs;  ///< Each model with each before it.
  std::vector<ComparedRow> actions;
  std::vector<ComparedRow> joints;
  std::vector<ComparedRow> subjects;
  std::vector<ComparedRow> cameras;
  std::vector<ComparedPerson> worst;   ///< The worst first.
  std::vector<ComparedPerson> median;  ///< About the middle, the better first.
  std::vector<ComparedPerson> best;    ///< The best first.
  std::vector<std::string> warnings;   ///< Why numbers may not stand side by side.
};

/// The metric that the evaluations are judged by: rigid PA-MPJPE where all are of protocol 1, else
/// MPJPE, else, where none knows joints in space, the joints within 10 % of the box.
const MetricInfo& MetricFor(std::span<const Evaluation> evaluations);

/// The evaluations must outlive the answer. Precondition: at least one, and as many labels, if any.
Comparison Compare(std::span<const Evaluation> evaluations, const CompareOptions& options = {});

}  // namespace cnp::eval
