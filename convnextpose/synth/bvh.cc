#include "convnextpose/synth/bvh.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>

namespace cnp::synth {
namespace {

constexpr std::size_t kMostBones = 1024;
constexpr std::size_t kLongestName = 256;
constexpr double kFarthest = 1e5;  // Metres, or degrees.

/// Words between spaces, and the line on which the last one stood.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  /// Empty at the end.
  std::string_view Next() {
    while (at_ < text_.size() && IsSpace(text_[at_])) {
      if (text_[at_++] == '\n') ++line_;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && !IsSpace(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  /// The rest of the line, as a name may hold spaces.
  std::string Name() {
    const std::size_t end = std::min(text_.find_first_of("\r\n{", at_), text_.size());
    std::string_view name = text_.substr(at_, end - at_);
    at_ = end;
    while (!name.empty() && IsSpace(name.front())) name.remove_prefix(1);
    while (!name.empty() && IsSpace(name.back())) name.remove_suffix(1);
    return std::string(name);
  }

  [[nodiscard]] std::size_t left() const { return text_.size() - at_; }
  [[nodiscard]] Error Wrong(const std::string& what) const {
    return {"line " + std::to_string(line_) + ": " + what};
  }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

template <typename T>
std::optional<T> ToNumber(std::string_view word) {
  T number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

struct Channel {
  bool moves = false;  ///< Else it turns.
  int axis = 0;
};

struct Joint {
  std::string name;
  Eigen::Vector3f offset = Eigen::Vector3f::Zero();
  std::vector<Channel> channels;
};

std::optional<Channel> ToChannel(std::string_view word) {
  const bool moves = word.ends_with("position");
  if (word.size() != 9 || !(moves || word.ends_with("rotation"))) return std::nullopt;
  const int axis = word.front() - 'X';
  return axis < 0 || axis > 2 ? std::nullopt : std::optional(Channel{moves, axis});
}

Eigen::Quaternionf Turn(int axis, double degrees) {
  const double half = degrees * std::numbers::pi / 360;
  Eigen::Quaternionf turn(static_cast<float>(std::cos(half)), 0, 0, 0);
  turn.vec()[axis] = static_cast<float>(std::sin(half));
  return turn;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : words_(text) {}

  Result<Motion> Parse() {
    CNP_RETURN_IF_ERROR(Expect("HIERARCHY"));
    CNP_RETURN_IF_ERROR(Expect("ROOT"));
    CNP_RETURN_IF_ERROR(ReadJoint());
    CNP_RETURN_IF_ERROR(ReadTree());
    Motion motion;
    for (const Joint& joint : joints_) motion.bones.push_back(joint.name);
    motion.leg_length_m = LegLength();
    CNP_RETURN_IF_ERROR(ReadMotionHead(motion));
    CNP_RETURN_IF_ERROR(ReadFrames(motion));
    return motion;
  }

 private:
  Status Expect(std::string_view wanted) {
    if (words_.Next() == wanted) return {};
    return words_.Wrong("'" + std::string(wanted) + "' should stand here; is this a BVH file?");
  }

  Result<double> Number() {
    const auto number = ToNumber<double>(words_.Next());
    if (!number || !(std::abs(*number) <= kFarthest)) {
      return words_.Wrong("a number of at most 100000 should stand here");
    }
    return *number;
  }

  Result<Eigen::Vector3f> ReadOffset() {
    CNP_RETURN_IF_ERROR(Expect("{"));
    CNP_RETURN_IF_ERROR(Expect("OFFSET"));
    Eigen::Vector3f offset;
    for (int k = 0; k < 3; ++k) {
      CNP_ASSIGN(const double number, Number());
      offset[k] = static_cast<float>(number);
    }
    return offset;
  }

  // From behind ROOT or JOINT to the last channel.
  Status ReadJoint() {
    if (joints_.size() >= kMostBones) return words_.Wrong("more joints than a person has");
    Joint joint;
    joint.name = words_.Name();
    if (joint.name.empty() || joint.name.size() > kLongestName) {
      return words_.Wrong("a joint has no name, or one that is too long");
    }
    CNP_ASSIGN(joint.offset, ReadOffset());
    CNP_RETURN_IF_ERROR(Expect("CHANNELS"));
    CNP_RETURN_IF_ERROR(ReadChannels(joint));
    joints_.push_back(std::move(joint));
    return {};
  }

  Status ReadChannels(Joint& joint) {
    const bool root = joints_.empty();
    const auto count = ToNumber<int>(words_.Next());
    if (count != (root ? 6 : 3)) {
      return words_.Wrong(
          root ? "the root needs 6 channels: its position and three rotations"
               : "a joint needs 3 channels, its rotations; export it without others");
    }
    int moves = 0;
    for (int i = 0; i < *count; ++i) {
      const auto channel = ToChannel(words_.Next());
      if (!channel || (channel->moves && !root)) {
        return words_.Wrong("this is no channel that a joint may have");
      }
      moves += channel->moves ? 1 : 0;
      joint.channels.push_back(*channel);
    }
    if (moves != (root ? 3 : 0)) return words_.Wrong("the root needs three positions");
    return {};
  }

  // From behind the root's channels to its closing brace.
  Status ReadTree() {
    for (int depth = 1; depth > 0;) {
      const std::string_view word = words_.Next();
      if (word == "}") {
        --depth;
      } else if (word == "JOINT") {
        CNP_RETURN_IF_ERROR(ReadJoint());
        ++depth;
      } else if (word == "End") {
        CNP_RETURN_IF_ERROR(Expect("Site"));
        CNP_ASSIGN([[maybe_unused]] const auto offset, ReadOffset());
        CNP_RETURN_IF_ERROR(Expect("}"));
      } else {
        return words_.Wrong("JOINT, End Site or } should stand here");
      }
    }
    return {};
  }

  Status ReadMotionHead(Motion& motion) {
    CNP_RETURN_IF_ERROR(Expect("MOTION"));
    CNP_RETURN_IF_ERROR(Expect("Frames:"));
    const auto frames = ToNumber<int>(words_.Next());
    CNP_RETURN_IF_ERROR(Expect("Frame"));
    CNP_RETURN_IF_ERROR(Expect("Time:"));
    CNP_ASSIGN(const double seconds, Number());
    // A number takes two characters at least.
    const std::size_t frame_size = 2 * (3 * joints_.size() + 3);
    if (!frames || *frames < 1 || words_.left() / frame_size + 1 < static_cast<unsigned>(*frames)) {
      return words_.Wrong("there are no frames, or fewer than are announced");
    }
    if (!(seconds > 0)) return words_.Wrong("the frame time must be above 0");
    motion.frames = *frames;
    motion.frame_s = static_cast<float>(seconds);
    return {};
  }

  Status ReadFrames(Motion& motion) {
    motion.root_m.resize(motion.frames);
    motion.rotations.reserve(motion.frames * joints_.size());
    for (Eigen::Vector3f& root : motion.root_m) {
      for (const Joint& joint : joints_) {
        Eigen::Quaternionf rotation = Eigen::Quaternionf::Identity();
        for (const Channel& channel : joint.channels) {
          CNP_ASSIGN(const double number, Number());
          if (channel.moves) {
            root[channel.axis] = static_cast<float>(number);
          } else {
            rotation = rotation * Turn(channel.axis, number);
          }
        }
        motion.rotations.push_back(rotation.normalized());
      }
    }
    if (!words_.Next().empty()) return words_.Wrong("there are more numbers than frames");
    return {};
  }

  // Hip to ankle, the mean of both sides.
  [[nodiscard]] float LegLength() const {
    float sum = 0;
    for (const char* name : {"LeftLeg", "LeftFoot", "RightLeg", "RightFoot"}) {
      const auto found = std::find_if(joints_.begin(), joints_.end(),
                                      [&](const Joint& joint) { return joint.name == name; });
      if (found == joints_.end()) return 0;
      sum += found->offset.norm();
    }
    return sum / 2;
  }

  Words words_;
  std::vector<Joint> joints_;
};

}  // namespace

Result<Motion> ParseBvh(std::string_view text, const std::string& name) {
  auto motion = Parser(text).Parse();
  if (!motion.ok()) return motion.error().In(name);
  motion->name = name;
  return motion;
}

}  // namespace cnp::synth
