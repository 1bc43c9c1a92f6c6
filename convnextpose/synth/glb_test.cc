#include "convnextpose/synth/glb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "convnextpose/synth/joint_rules.h"

namespace cnp::synth {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

constexpr int kBytes = 5121;
constexpr int kShorts = 5123;
constexpr int kFloats = 5126;

/// A file in its parts, to be spoilt.
struct Draft {
  Json json = Json::object();
  std::string buffer;

  Draft() = default;
  Draft(const Draft&) = default;  // Json's move may throw, says clang-tidy.
  Draft& operator=(const Draft&) = default;
  ~Draft() = default;

  template <typename T>
  int Add(const std::vector<T>& numbers, int component, const char* type, std::size_t count) {
    const std::size_t at = buffer.size();
    buffer.resize(at + numbers.size() * sizeof(T));
    std::memcpy(&buffer[at], numbers.data(), numbers.size() * sizeof(T));
    json["bufferViews"].push_back(
        {{"buffer", 0}, {"byteOffset", at}, {"byteLength", numbers.size() * sizeof(T)}});
    buffer.resize((buffer.size() + 3) / 4 * 4);
    json["accessors"].push_back({{"bufferView", json["bufferViews"].size() - 1},
                                 {"componentType", component},
                                 {"count", count},
                                 {"type", type}});
    return static_cast<int>(json["accessors"].size()) - 1;
  }
};

// Two triangles on a head that hangs on a hip by way of a node that is no joint. The skin names the
// child first, and the weights are bytes.
Draft Person() {
  Draft draft;
  Json& json = draft.json;
  json["asset"] = {{"version", "2.0"}};
  json["nodes"] = {{{"name", "Head"}},
                   {{"name", "Between"}, {"children", {0}}},
                   {{"name", "Hips"}, {"children", {1}}},
                   {{"name", "Body"}, {"mesh", 0}, {"skin", 0}}};
  const int binds = draft.Add<float>({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, -1.6F, 0, 1,  //
                                      1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, -1,    0, 1},
                                     kFloats, "MAT4", 2);
  json["skins"] = {{{"joints", {0, 2}}, {"inverseBindMatrices", binds}}};
  Json attributes;
  attributes["POSITION"] =
      draft.Add<float>({0, 0, 0, 1, 0, 0, 0, 1.7F, 0, 1, 1.7F, 0}, kFloats, "VEC3", 4);
  attributes["NORMAL"] = draft.Add<float>({0, 0, 2, 0, 0, 1, 0, 1, 0, 1, 0, 0}, kFloats, "VEC3", 4);
  attributes["TEXCOORD_0"] = draft.Add<float>({0, 0, 1, 0, 0, 1, 1, 1}, kFloats, "VEC2", 4);
  attributes["JOINTS_0"] = draft.Add<std::uint8_t>({0, 1, 0, 0, 0, 1, 0, 0,  //
                                                    0, 1, 0, 0, 1, 0, 0, 0},
                                                   kBytes, "VEC4", 4);
  attributes["WEIGHTS_0"] = draft.Add<std::uint8_t>({204, 51, 0, 0, 204, 51, 0, 0,  //
                                                     204, 51, 0, 0, 255, 0, 0, 0},
                                                    kBytes, "VEC4", 4);
  json["accessors"].back()["normalized"] = true;
  const int indices = draft.Add<std::uint16_t>({0, 1, 2, 2, 1, 3}, kShorts, "SCALAR", 6);
  json["bufferViews"].push_back(
      {{"buffer", 0}, {"byteOffset", draft.buffer.size()}, {"byteLength", 4}});
  draft.buffer += "JPEG";
  json["images"] = {{{"bufferView", json["bufferViews"].size() - 1}, {"mimeType", "image/jpeg"}}};
  json["textures"] = {{{"source", 0}}};
  json["materials"] = {
      {{"name", "Long Hair"},
       {"pbrMetallicRoughness",
        {{"baseColorFactor", {1, 0, 1, 1}}, {"baseColorTexture", {{"index", 0}}}}}}};
  json["meshes"] = {
      {{"primitives", {{{"attributes", attributes}, {"indices", indices}, {"material", 0}}}}}};
  json["buffers"] = {{{"byteLength", draft.buffer.size()}}};
  return draft;
}

void Append(std::uint32_t number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string Packed(const Draft& draft) {
  std::string text = draft.json.dump();
  text.resize((text.size() + 3) / 4 * 4, ' ');
  std::string out = "glTF";
  Append(2, out);
  Append(static_cast<std::uint32_t>(28 + text.size() + draft.buffer.size()), out);
  Append(static_cast<std::uint32_t>(text.size()), out);
  out += "JSON" + text;
  Append(static_cast<std::uint32_t>(draft.buffer.size()), out);
  return out + std::string("BIN\0", 4) + draft.buffer;
}

Result<Glb> Parse(const std::string& bytes) {
  return ParseGlb(std::as_bytes(std::span(bytes)), "a.glb");
}

TEST(ParseGlb, ReadsAPersonWithItsSkin) {
  const std::string file = Packed(Person());
  const auto glb = Parse(file);
  ASSERT_TRUE(glb.ok()) << glb.error().message;
  const Body& body = glb->body;
  ASSERT_EQ(body.bones.size(), 2U);  // Parents first, whatever the skin's order.
  EXPECT_EQ(body.bones[0].name, "Hips");
  EXPECT_EQ(body.bones[0].parent, -1);
  EXPECT_EQ(body.bones[1].name, "Head");
  EXPECT_EQ(body.bones[1].parent, 0);
  EXPECT_NEAR(body.bones[1].rest.translation().y(), 0.6, 1e-6);
  EXPECT_NEAR(body.bones[0].rest.translation().y(), 1, 1e-6);
  ASSERT_EQ(body.positions.size(), 4U);
  EXPECT_EQ(body.positions[3], Eigen::Vector3f(1, 1.7F, 0));
  EXPECT_EQ(body.normals[0], Eigen::Vector3f::UnitZ());  // Of unit length now.
  EXPECT_EQ(body.texture_coordinates[2], Eigen::Vector2f(0, 1));
  EXPECT_EQ(body.holds[0].bone[0], 1);  // The skin's first joint is the second bone.
  EXPECT_NEAR(body.holds[0].weight[0], 0.8, 1e-6);
  EXPECT_EQ(body.holds[0].bone[1], 0);
  EXPECT_EQ(body.holds[3].bone[0], 0);
  ASSERT_EQ(body.surfaces.size(), 1U);
  EXPECT_EQ(body.surfaces[0].indices, (std::vector<std::uint32_t>{0, 1, 2, 2, 1, 3}));
  EXPECT_EQ(body.surfaces[0].kind, Surface::Kind::kHair);
  EXPECT_NEAR(body.surfaces[0].color[0], 1, 1e-6);
  EXPECT_EQ(body.surfaces[0].color[1], 0);
  ASSERT_EQ(glb->pictures[0].size(), 4U);
  EXPECT_EQ(std::memcmp(glb->pictures[0].data(), "JPEG", 4), 0);
}

TEST(ParseGlb, TellsWhatIsWrong) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const struct {
    const char* told;
    void (*spoil)(Draft&, float);
    float number = 0;
  } kCases[] = {
      {"must have one skin", [](Draft& d, float) { d.json.erase("skins"); }},
      {"no joints", [](Draft& d, float) { d.json["skins"][0]["joints"] = Json::array(); }},
      {"is no node", [](Draft& d, float) { d.json["skins"][0]["joints"][0] = 99; }},
      {"two joints",
       [](Draft& d, float) {
         d.json["skins"][0]["joints"] = {0, 0};
       }},
      {"no root, or several", [](Draft& d, float) { d.json["nodes"][2].erase("children"); }},
      {"form no tree", [](Draft& d, float) { d.json["nodes"][0]["children"] = {2}; }},
      {"inverse bind matrix", [](Draft& d, float) { d.json["accessors"][0]["count"] = 1; }},
      {"scales, shears", [](Draft& d, float f) { std::memcpy(&d.buffer[0], &f, 4); }, 2},
      {"scales, shears", [](Draft& d, float f) { std::memcpy(&d.buffer[0], &f, 4); }, nan},
      {"vertex 0 is not finite", [](Draft& d, float f) { std::memcpy(&d.buffer[128], &f, 4); },
       nan},
      {"vertex 0 is not finite", [](Draft& d, float f) { std::memcpy(&d.buffer[128], &f, 4); },
       1e6F},
      {"differ in number", [](Draft& d, float) { d.json["accessors"][2]["count"] = 3; }},
      {"beyond its buffer view", [](Draft& d, float) { d.json["accessors"][1]["count"] = 5; }},
      {"beyond its buffer view",
       [](Draft& d, float) { d.json["accessors"][6]["count"] = std::uint64_t{1} << 40; }},
      {"no triangles", [](Draft& d, float) { d.json["accessors"][6]["count"] = 5; }},
      {"a corner that is not there",
       [](Draft& d, float) {
         d.buffer[d.json["bufferViews"][6]["byteOffset"].get<std::size_t>()] = 4;
       }},
      {"a joint that is not there",
       [](Draft& d, float) {
         d.buffer[d.json["bufferViews"][4]["byteOffset"].get<std::size_t>()] = 2;
       }},
      {"hangs on nothing",
       [](Draft& d, float) {
         std::memset(&d.buffer[d.json["bufferViews"][5]["byteOffset"].get<std::size_t>()], 0, 4);
       }},
      {"only triangles", [](Draft& d, float) { d.json["meshes"][0]["primitives"][0]["mode"] = 1; }},
      {"colour is malformed",
       [](Draft& d, float) {
         d.json["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"] = {1, 2};
       }},
      {"a texture is missing", [](Draft& d, float) { d.json["images"] = Json::array(); }},
      {"no mesh hangs", [](Draft& d, float) { d.json["nodes"][3].erase("skin"); }},
  };
  for (const auto& [told, spoil, number] : kCases) {
    Draft draft = Person();
    spoil(draft, number);
    const auto glb = Parse(Packed(draft));
    ASSERT_FALSE(glb.ok()) << told;
    EXPECT_THAT(glb.error().message, HasSubstr(told));
    EXPECT_THAT(glb.error().message, HasSubstr("a.glb"));
  }
}

TEST(ParseGlb, RefusesAFileThatIsCutAnywhere) {
  const std::string file = Packed(Person());
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(Parse(file.substr(0, size)).ok()) << size;
  }
  EXPECT_THAT(Parse("BM not this").error().message, HasSubstr("no glTF binary file"));
}

Json Rules() {
  Json table;
  for (const char* joint : {"Pelvis", "R_Hip", "R_Knee", "R_Ankle", "L_Hip", "L_Knee", "L_Ankle",
                            "Torso", "Neck", "Nose", "Head", "L_Shoulder", "L_Elbow", "L_Wrist",
                            "R_Shoulder", "R_Elbow", "R_Wrist", "Thorax"}) {
    table[joint] = {{"bone", "Hips"}};
  }
  table["Pelvis"] = {{"midpoint", {"R_Hip", "L_Hip"}}};
  table["R_Hip"] = {{"bone", "Hips"}, {"offset", "RH"}};
  table["Neck"] = {{"bones", {{"Head", 0.25}, {"Hips", 0.75}}}};
  return {{"human36m", table}, {"avatars", {{"A", {{"offsets", {{"RH", {-0.1, 0, 0.2}}}}}}}}};
}

Result<std::vector<std::vector<JointTerm>>> ParseRules(const Json& rules) {
  const std::vector<Bone> bones = {{.name = "Hips"}, {.name = "Head", .parent = 0}};
  return ParseJointRules(rules.dump(), "joints.json", "human36m", "A", bones);
}

TEST(ParseJointRules, ResolvesBonesOffsetsAndMidpoints) {
  const auto joints = ParseRules(Rules());
  ASSERT_TRUE(joints.ok()) << joints.error().message;
  ASSERT_EQ(joints->size(), 18U);
  const std::vector<JointTerm>& pelvis = (*joints)[0];
  ASSERT_EQ(pelvis.size(), 2U);
  EXPECT_EQ(pelvis[0].weight, 0.5F);
  EXPECT_EQ(pelvis[0].offset, Eigen::Vector3f(-0.1F, 0, 0.2F));
  EXPECT_EQ(pelvis[1].offset, Eigen::Vector3f::Zero());
  const std::vector<JointTerm>& neck = (*joints)[8];
  ASSERT_EQ(neck.size(), 2U);
  EXPECT_EQ(neck[0].bone + neck[1].bone, 1);
}

TEST(ParseJointRules, TellsWhatIsWrong) {
  const struct {
    const char* told;
    void (*spoil)(Json&);
  } kCases[] = {
      {"no table human36m", [](Json& j) { j.erase("human36m"); }},
      {"no rule says where joint Nose", [](Json& j) { j["human36m"].erase("Nose"); }},
      {"no bone Tail", [](Json& j) { j["human36m"]["Nose"]["bone"] = "Tail"; }},
      {"no offset RH", [](Json& j) { j["avatars"].erase("A"); }},
      {"not three numbers",
       [](Json& j) {
         j["human36m"]["Nose"]["offset"] = {1, 2};
       }},
      {"not three numbers",
       [](Json& j) {
         j["human36m"]["Nose"]["offset"] = {1, 2, 1e30};
       }},
      {"midpoints of themselves",
       [](Json& j) {
         j["human36m"]["R_Hip"] = {{"midpoint", {"R_Hip", "L_Hip"}}};
       }},
      {"do not sum to 1", [](Json& j) { j["human36m"]["Neck"]["bones"]["Head"] = 0.5; }},
  };
  for (const auto& [told, spoil] : kCases) {
    Json rules = Rules();
    spoil(rules);
    const auto joints = ParseRules(rules);
    ASSERT_FALSE(joints.ok()) << told;
    EXPECT_THAT(joints.error().message, HasSubstr(told));
    EXPECT_THAT(joints.error().message, HasSubstr("joints.json"));
  }
}

}  // namespace
}  // namespace cnp::synth
