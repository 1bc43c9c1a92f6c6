#include "convnextpose/eval/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "convnextpose/base/check.h"

namespace cnp::eval {
namespace {

using PersonId = std::pair<std::int64_t, std::int64_t>;  // Image, annotation.

PersonId IdOf(const Record& record) { return {record.image_id, record.annotation_id}; }

std::size_t IndexOf(const MetricInfo& metric) {
  for (std::size_t m = 0; m < kMetrics.size(); ++m) {
    if (kMetrics[m].name == metric.name) return m;
  }
  CNP_CHECK(false, "a metric of kMetrics");
  return 0;
}

bool IsKnown(const Interval& interval) {
  return std::isfinite(interval.low) && std::isfinite(interval.high);
}

// ---- Models.

void Judge(const Evaluation& evaluation, const CompareOptions& options, ComparedModel& model) {
  model.expected = FindExpected(evaluation);
  if (!model.expected) return;
  model.deviations = Deviations(evaluation);
  for (const MetricInfo& metric : kMetrics) {
    if (metric.name != model.expected->metric) continue;
    model.difference_mm = evaluation.summary.metrics.*metric.value - model.expected->mm;
  }
  if (std::isnan(model.difference_mm)) return;
  if (std::abs(model.difference_mm) <= options.tolerance_mm) {
    model.verdict = Verdict::kAsPublished;
  } else {
    model.verdict = model.difference_mm < 0 ? Verdict::kBetter : Verdict::kWorse;
  }
}

ComparedModel MakeModel(const Evaluation& evaluation, const MetricInfo& metric,
                        const CompareOptions& options) {
  ComparedModel model;
  model.evaluation = &evaluation;
  model.value = evaluation.summary.metrics.*metric.value;
  const Interval& by_sequence = evaluation.summary.sequence_intervals[IndexOf(metric)];
  model.interval =
      IsKnown(by_sequence) ? by_sequence : evaluation.summary.intervals[IndexOf(metric)];
  Judge(evaluation, options, model);
  return model;
}

// ---- Pairs.

/// What each person adds to the metric, by who it is; doubled ids are left out.
struct Persons {
  std::map<PersonId, std::pair<const Record*, Part>> by_id;

  Persons(const Evaluation& evaluation, std::size_t metric) {
    std::set<PersonId> doubled;
    for (const Record& record : evaluation.records) {
      const Part part = PartsOf(record, *evaluation.joints)[metric];
      if (!by_id.try_emplace(IdOf(record), &record, part).second) doubled.insert(IdOf(record));
    }
    for (const PersonId& id : doubled) by_id.erase(id);
  }
};

/// Differences of the second to the first, person by person.
struct Differences {
  std::vector<Part> persons;
  std::vector<Part> sequences;
};

Differences Pair(const Persons& first, const Persons& second) {
  Differences differences;
  std::map<std::string, Part> sequences;
  for (const auto& [id, person] : first.by_id) {
    const auto other = second.by_id.find(id);
    const auto& [record, part] = person;
    // Of joints that only one of them counts, nothing can be said.
    if (other == second.by_id.end() || part.weight <= 0 ||
        other->second.second.weight != part.weight) {
      continue;
    }
    const Part difference = {other->second.second.sum - part.sum, part.weight};
    differences.persons.push_back(difference);
    sequences[SequenceOf(*record)] += difference;
  }
  for (const auto& [name, part] : sequences) differences.sequences.push_back(part);
  return differences;
}

/// From means of resamples: twice the share on the far side of 0, by the rule that what was seen is
/// one of the resamples.
double PValue(std::span<const double> means) {
  const auto below = std::ranges::count_if(means, [](double mean) { return mean <= 0; });
  const auto above = std::ranges::count_if(means, [](double mean) { return mean >= 0; });
  const auto tail = static_cast<double>(std::min(below, above));
  return std::min(1.0, 2 * (tail + 1) / (static_cast<double>(means.size()) + 1));
}

ComparedPair MakePair(std::size_t i, std::size_t j, std::span<const Persons> persons,
                      const CompareOptions& options) {
  const Differences differences = Pair(persons[i], persons[j]);
  ComparedPair pair = {.first = i, .second = j, .persons = differences.persons.size()};
  pair.difference = Mean(differences.persons);
  pair.by_sequences = differences.sequences.size() >= kLeastSequences;
  const auto& parts = pair.by_sequences ? differences.sequences : differences.persons;
  if (differences.persons.size() < 2) return pair;
  const std::vector<double> means = BootstrapMeans(parts, options.resamples, options.seed);
  if (means.empty()) return pair;
  pair.interval = Middle95(means);
  pair.p_value = PValue(means);
  return pair;
}

// ---- Tables.

/// Rows of all models, joined by id and name in order of appearance.
class RowTable {
 public:
  explicit RowTable(std::size_t models) : models_(models) {}

  void Add(std::size_t model, int id, const std::string& name, double value) {
    const auto [found, is_new] = positions_.try_emplace({id, name}, rows_.size());
    if (is_new) rows_.push_back({name, std::vector<double>(models_, kUnknown)});
    rows_[found->second].values[model] = value;
  }
  [[nodiscard]] std::vector<ComparedRow> Rows() && { return std::move(rows_); }

 private:
  std::size_t models_;
  std::map<std::pair<int, std::string>, std::size_t> positions_;
  std::vector<ComparedRow> rows_;
};

std::vector<ComparedRow> GroupRows(std::span<const Evaluation> evaluations,
                                   std::vector<Group> Summary::*groups, const MetricInfo& metric) {
  RowTable table(evaluations.size());
  for (std::size_t m = 0; m < evaluations.size(); ++m) {
    for (const Group& group : evaluations[m].summary.*groups) {
      table.Add(m, group.id, group.name, group.metrics.*metric.value);
    }
  }
  return std::move(table).Rows();
}

std::vector<ComparedRow> JointRows(std::span<const Evaluation> evaluations,
                                   const MetricInfo& metric) {
  RowTable table(evaluations.size());
  for (std::size_t m = 0; m < evaluations.size(); ++m) {
    const auto add = [&](const JointErrors& joint) {
      const double value = metric.share ? joint.pck2d_10 : joint.mean_mm;
      if (!std::isnan(value)) table.Add(m, 0, joint.name, value);
    };
    for (const JointErrors& joint : evaluations[m].summary.per_joint) add(joint);
    if (metric.share) add(evaluations[m].summary.limbs_and_head);
  }
  return std::move(table).Rows();
}

/// Large is bad: the metric's error, or the share of joints that it misses.
double Badness(const Part& part, const MetricInfo& metric) {
  if (part.weight <= 0) return kUnknown;
  const double value = part.sum / part.weight;
  return metric.share ? 1 - value : value;
}

/// All, the best first. How good a person is says the model that is worst on it.
std::vector<ComparedPerson> InOrder(std::span<const Persons> persons, const MetricInfo& metric) {
  std::map<PersonId, ComparedPerson> people;
  std::vector<std::pair<double, PersonId>> order;
  for (std::size_t m = 0; m < persons.size(); ++m) {
    for (const auto& [id, entry] : persons[m].by_id) {
      const auto& [record, part] = entry;
      const double badness = Badness(part, metric);
      if (std::isnan(badness)) continue;
      ComparedPerson& person = people[id];
      if (person.values.empty()) {
        person = {record->file, id.first, id.second, std::vector<double>(persons.size(), kUnknown)};
      }
      person.values[m] = part.sum / part.weight;
      if (std::isnan(person.worst) || badness > person.worst) person.worst = badness;
    }
  }
  order.reserve(people.size());
  for (const auto& [id, person] : people) order.emplace_back(person.worst, id);
  std::ranges::sort(order);
  std::vector<ComparedPerson> ordered;
  for (const auto& [badness, id] : order) {
    ordered.push_back(std::move(people[id]));
    if (metric.share) ordered.back().worst = 1 - ordered.back().worst;
  }
  return ordered;
}

void AddExamples(const std::vector<ComparedPerson>& ordered, std::size_t wanted,
                 Comparison& comparison) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(wanted, ordered.size()));
  const auto middle = (std::ssize(ordered) - count) / 2;
  comparison.best.assign(ordered.begin(), ordered.begin() + count);
  comparison.median.assign(ordered.begin() + middle, ordered.begin() + middle + count);
  comparison.worst.assign(ordered.rbegin(), ordered.rbegin() + count);
}

// ---- Warnings.

template <typename T>
bool Differ(std::span<const Evaluation> evaluations, const T& of) {
  return std::ranges::any_of(evaluations,
                             [&](const Evaluation& e) { return of(e) != of(evaluations[0]); });
}

std::vector<std::string> Warnings(std::span<const Evaluation> evaluations) {
  std::vector<std::string> warnings;
  const auto warn = [&](const auto& of, const char* what) {
    if (Differ(evaluations, of)) warnings.emplace_back(what);
  };
  warn([](const Evaluation& e) { return e.dataset; }, "the results are of different datasets");
  warn([](const Evaluation& e) { return e.split; }, "the results are of different splits");
  warn([](const Evaluation& e) { return e.protocol; }, "the results are of different protocols");
  warn([](const Evaluation& e) { return e.joints->name; },
       "the results are in different joint sets");
  warn([](const Evaluation& e) { return e.settings.flip_test; },
       "some results are with the flip test, some without");
  warn([](const Evaluation& e) { return e.settings.boxes; }, "the results use different boxes");
  warn([](const Evaluation& e) { return e.settings.roots; },
       "the results use different root depths");
  warn([](const Evaluation& e) { return e.settings.subsample; },
       "the results are of different frames (every n-th)");
  warn([](const Evaluation& e) { return e.summary.samples; },
       "the results are of different numbers of people; differences are over those that both have");
  return warnings;
}

bool Comparable(const Evaluation& a, const Evaluation& b) {
  return a.dataset == b.dataset && a.split == b.split && a.joints == b.joints;
}

}  // namespace

const MetricInfo& MetricFor(std::span<const Evaluation> evaluations) {
  const auto known = [&](const MetricInfo& metric) {
    return std::ranges::any_of(evaluations, [&](const Evaluation& e) {
      return std::isfinite(e.summary.metrics.*metric.value);
    });
  };
  const bool protocol1 = std::ranges::all_of(
      evaluations, [](const Evaluation& e) { return e.dataset == "human36m" && e.protocol == 1; });
  const auto find = [](std::string_view name) -> const MetricInfo& {
    return *std::ranges::find(kMetrics, name, &MetricInfo::name);
  };
  if (protocol1 && known(find("pa_mpjpe_rigid_mm"))) return find("pa_mpjpe_rigid_mm");
  return known(find("mpjpe_mm")) || !known(find("pck2d_10")) ? find("mpjpe_mm") : find("pck2d_10");
}

Comparison Compare(std::span<const Evaluation> evaluations, const CompareOptions& options) {
  CNP_CHECK(!evaluations.empty(), "there is something to compare");
  CNP_CHECK(options.labels.empty() || options.labels.size() == evaluations.size(),
            "each model has a label");
  Comparison comparison;
  comparison.metric = MetricFor(evaluations);
  const MetricInfo& metric = comparison.metric;
  std::vector<Persons> persons;
  for (const Evaluation& evaluation : evaluations) {
    CNP_CHECK(evaluation.joints != nullptr, "an evaluation has a joint set");
    comparison.models.push_back(MakeModel(evaluation, metric, options));
    ComparedModel& model = comparison.models.back();
    model.label = options.labels.empty() ? evaluation.model.name
                                         : options.labels[comparison.models.size() - 1];
    persons.emplace_back(evaluation, IndexOf(metric));
  }
  for (std::size_t j = 1; j < evaluations.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      if (!Comparable(evaluations[i], evaluations[j])) continue;
      comparison.pairs.push_back(MakePair(i, j, persons, options));
    }
  }
  comparison.actions = GroupRows(evaluations, &Summary::per_action, metric);
  comparison.subjects = GroupRows(evaluations, &Summary::per_subject, metric);
  comparison.cameras = GroupRows(evaluations, &Summary::per_camera, metric);
  comparison.joints = JointRows(evaluations, metric);
  const bool one_set =
      !Differ(evaluations, [](const Evaluation& e) { return e.dataset + e.split; });
  if (one_set) AddExamples(InOrder(persons, metric), options.worst, comparison);
  comparison.warnings = Warnings(evaluations);
  return comparison;
}

}  // namespace cnp::eval
