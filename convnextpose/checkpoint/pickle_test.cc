#include "convnextpose/checkpoint/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "convnextpose/checkpoint/test_support.h"

namespace cnp::checkpoint {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): texts with NULs
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Error(const std::string& pickle) {
  const Result<Pickle> result = ReadPickle(AsBytes(pickle));
  return result.ok() ? "" : result.error().message;
}

/// A value and what it holds, as Python would print it; globals and calls by name.
std::string Show(const Pickle& pickle, ValueId id) {
  const Value& value = pickle[id];
  const auto list = [&](const std::string& open, const std::string& close) {
    std::string text = open;
    for (const ValueId item : value.items) {
      text += (text == open ? "" : ", ") + Show(pickle, item);
    }
    return text + close;
  };
  switch (value.kind) {
    case ValueKind::kNone:
      return "None";
    case ValueKind::kBool:
      return value.integer != 0 ? "True" : "False";
    case ValueKind::kInt:
      return std::to_string(value.integer);
    case ValueKind::kBigInt:
      return "big " + std::to_string(value.text.size());
    case ValueKind::kFloat:
      return std::to_string(value.real);
    case ValueKind::kString:
      return "'" + std::string(value.text) + "'";
    case ValueKind::kBytes:
      return "b'" + std::string(value.text) + "'";
    case ValueKind::kList:
      return list("[", "]");
    case ValueKind::kTuple:
      return list("(", ")");
    case ValueKind::kSet:
      return list("{", "}");
    case ValueKind::kDict:
      return list("dict(", ")");
    case ValueKind::kGlobal:
      return std::string(value.text);
    case ValueKind::kCall:
      return list("call(", ")");
    case ValueKind::kPersistent:
      return list("storage(", ")");
  }
  return "?";
}

/// The value on which a pickle of `opcodes` ends.
std::string Shown(const std::string& opcodes) {
  const std::string pickle = "\x80\x02" + opcodes + ".";
  const Result<Pickle> result = ReadPickle(AsBytes(pickle));
  return result.ok() ? Show(*result, result->root) : result.error().message;
}

TEST(PickleTest, PlainValues) {
  EXPECT_EQ(Shown("N"), "None");
  EXPECT_EQ(Shown("\x88"), "True");
  EXPECT_EQ(Shown("\x89"), "False");
  EXPECT_EQ(Shown("J\xfe\xff\xff\xff"), "-2");
  EXPECT_EQ(Shown("K\xff"), "255");
  EXPECT_EQ(Shown("M\x01\x02"), "513");
  EXPECT_EQ(Shown("\x8a\x00"s), "0");
  EXPECT_EQ(Shown("\x8a\x01\xff"), "-1");
  EXPECT_EQ(Shown("\x8a\x02\xff\x00"s), "255");
  EXPECT_EQ(Shown("\x8b\x03\x00\x00\x00\x01\x00\x01"s), "65537");
  EXPECT_EQ(Shown("\x8a\x09" + std::string(9, '\1')), "big 9");
  EXPECT_EQ(Shown("G\x3f\xf8\x00\x00\x00\x00\x00\x00"s), "1.500000");
  EXPECT_EQ(Shown("X\x02\x00\x00\x00hi"s), "'hi'");
  EXPECT_EQ(Shown("U\x02hi"), "'hi'");
  EXPECT_EQ(Shown("T\x02\x00\x00\x00hi"s), "'hi'");
  EXPECT_EQ(Shown("\x8c\x02hi"), "'hi'");
  EXPECT_EQ(Shown("\x8d\x02\x00\x00\x00\x00\x00\x00\x00hi"s), "'hi'");
  EXPECT_EQ(Shown("C\x02hi"), "b'hi'");
  EXPECT_EQ(Shown("B\x02\x00\x00\x00hi"s), "b'hi'");
  EXPECT_EQ(Shown("\x8e\x02\x00\x00\x00\x00\x00\x00\x00hi"s), "b'hi'");
  EXPECT_EQ(Shown("\x96\x02\x00\x00\x00\x00\x00\x00\x00hi"s), "b'hi'");
}

TEST(PickleTest, Containers) {
  EXPECT_EQ(Shown(")"), "()");
  EXPECT_EQ(Shown("K\x01\x85"), "(1)");
  EXPECT_EQ(Shown("K\x01K\x02\x86"), "(1, 2)");
  EXPECT_EQ(Shown("K\x01K\x02K\x03\x87"), "(1, 2, 3)");
  EXPECT_EQ(Shown("(K\x01K\x02K\x03Nt"), "(1, 2, 3, None)");
  EXPECT_EQ(Shown("]K\x01"
                  "a(K\x02K\x03"
                  "e"),
            "[1, 2, 3]");
  EXPECT_EQ(Shown("}K\x01Ns(K\x02NK\x03Nu"), "dict(1, None, 2, None, 3, None)");
  EXPECT_EQ(Shown("\x8f(K\x01K\x02\x90"), "{1, 2}");
  EXPECT_EQ(Shown("(K\x01K\x02\x91"), "{1, 2}");
  EXPECT_EQ(Shown("K\x01K\x02"
                  "0"),
            "1");
  EXPECT_EQ(Shown("K\x01(K\x02K\x03"
                  "1"),
            "1");
}

TEST(PickleTest, Memo) {
  EXPECT_EQ(Shown("K\x01q\x05h\x05\x86"), "(1, 1)");
  EXPECT_EQ(Shown("K\x01r\x00\x01\x00\x00j\x00\x01\x00\x00\x86"s), "(1, 1)");
  EXPECT_EQ(Shown("K\x01\x94K\x02\x94h\x00h\x01\x86\x87"s), "(1, 2, (1, 2))");
}

TEST(PickleTest, LibraryContainersAreBuiltAndOtherCallsAreKept) {
  EXPECT_EQ(Shown("ccollections\nOrderedDict\n)RK\x01K\x02s"), "dict(1, 2)");
  EXPECT_EQ(Shown("ccollections\nOrderedDict\n](]K\x01"
                  "aK\x02"
                  "aK\x03K\x04\x86"
                  "e\x85R"),
            "dict(1, 2, 3, 4)");
  EXPECT_EQ(Shown("ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RK\x01K\x02s"), "dict(1, 2)");
  EXPECT_EQ(Shown("ccollections\nCounter\n}K\x01K\x02s\x85R"), "dict(1, 2)");
  EXPECT_EQ(Shown("c__builtin__\nset\n]K\x01"
                  "a\x85R"),
            "{1}");
  EXPECT_EQ(Shown("ctorch\nSize\nK\x01K\x02\x86\x85R"), "(1, 2)");
  EXPECT_EQ(Shown("X\x08\x00\x00\x00"
                  "argparseX\x09\x00\x00\x00Namespace\x93)\x81}b"s),
            "call(argparse.Namespace, (), dict())");
  EXPECT_EQ(Shown("cnumpy._core.multiarray\nscalar\n)R"), "call(numpy.scalar, ())");
  EXPECT_EQ(Shown("K\x01Q"), "storage(1)");
}

TEST(PickleTest, KnowsItsSizeProtocolAndKeys) {
  const std::string stream =
      "\x80\x04}(X\x01\x00\x00\x00"
      "aK\x01X\x01\x00\x00\x00"
      "aK\x02u.rest"s;
  const Result<Pickle> pickle = ReadPickle(AsBytes(stream));
  ASSERT_TRUE(pickle.ok()) << pickle.error().message;
  EXPECT_EQ(pickle->size, stream.size() - 4);
  EXPECT_EQ(pickle->protocol, 4);
  EXPECT_EQ(pickle->Find((*pickle)[pickle->root], "a")->integer, 2);  // The last one, as in Python.
  EXPECT_EQ(pickle->Find((*pickle)[pickle->root], "b"), nullptr);
}

// ---- What a pickle must not do.

TEST(PickleTest, CallsNothing) {
  EXPECT_THAT(Error("\x80\x02"
                    "cos\nsystem\nX\x04\x00\x00\x00true\x85R."s),
              AllOf(HasSubstr("offset 2"), HasSubstr("refuses to call os.system"),
                    HasSubstr("save just its state dict")));
  for (const std::string name : {"builtins\neval", "__builtin__\nexec", "builtins\ngetattr",
                                 "posix\nsystem", "subprocess\nPopen", "torch\nload",
                                 "torch.storage\n_load_from_bytes", "functools\npartial"}) {
    EXPECT_THAT(Error("c" + name + "\n."), HasSubstr("refuses to call")) << name;
  }
  // The name may come from the stack, and may try to look like one of the list.
  EXPECT_THAT(Error("\x8c\x02os\x8c\x06system\x93."), HasSubstr("refuses to call os.system"));
  EXPECT_THAT(Error("ctorch.\nFloatStorage\n."), HasSubstr("refuses"));
  EXPECT_THAT(Error("c\ntorch.Size\n."), HasSubstr("refuses"));
  EXPECT_EQ(Error("ctorch\nFloatStorage\n."), "");
  EXPECT_THAT(Error("cpathlib.x\nos\n."), HasSubstr("refuses to call pathlib.x.os"));
}

TEST(PickleTest, NamesInErrorsAreMadeSafeToPrint) {
  EXPECT_THAT(Error("c\x1b[31m\n\xff\n."), HasSubstr("call \\x1b[31m.\\xff:"));
  EXPECT_LT(Error("c" + std::string(900, 'a') + "\nb\n.").size(), 400U);
}

TEST(PickleTest, OtherOpcodesAreRefused) {
  const std::string known =
      "\x80\x95.N\x88\x89JKM\x8a\x8bGUTX\x8c\x8d"
      "CB\x8e\x96()\x85\x86\x87t]ae}su\x8f\x90\x91"
      "01"
      "qr\x94hjc\x93R\x81"
      "bQ";
  for (int code = 0; code < 256; ++code) {
    const std::string pickle(1, static_cast<char>(code));
    const bool refused = Error(pickle).find("none that torch.save writes") != std::string::npos;
    EXPECT_EQ(refused, known.find(pickle) == std::string::npos) << code;
  }
  EXPECT_THAT(Error("\x80\x06."), HasSubstr("protocol 6 is unknown"));
}

TEST(PickleTest, LengthsBeyondTheFileAreRefused) {
  for (const std::string& pickle :
       {"\x8b\xff\xff\xff\x7f"s, "\x8b\xff\xff\xff\xff"s, "X\xff\xff\xff\xff"s, "\x8a\x05"s,
        "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"s, "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"s, "U\x01"s,
        "J\1\2"s, "G\1"s, "cos"s, "cos\nsystem"s, "q"s, "h"s, "N"s, ""s, "\x80"s, "\x95"s}) {
    EXPECT_THAT(Error(pickle), HasSubstr("the pickle ends early"))
        << testing::PrintToString(pickle);
  }
}

TEST(PickleTest, MisusesOfTheStackAreRefused) {
  for (const std::string& pickle : {"."s,
                                    "NN."s,
                                    "(N."s,
                                    "a"s,
                                    "Na"s,
                                    "NNa"s,
                                    "]a"s,
                                    "](a"s,
                                    "t"s,
                                    "e"s,
                                    "]e"s,
                                    "(e"s,
                                    "N(e"s,
                                    "}(Nu"s,
                                    "}Ns"s,
                                    "NNNs"s,
                                    "\x85"s,
                                    "N\x86"s,
                                    "(\x85"s,
                                    "0"s,
                                    "(0"s,
                                    "N(0"s,
                                    "N(\x85"s,
                                    "1"s,
                                    "R"s,
                                    "NR"s,
                                    "NNR"s,
                                    "N)R"s,
                                    "NNb"s,
                                    "b"s,
                                    "Q"s,
                                    "h\0"s,
                                    "j\1\0\0\0"s,
                                    "q\0"s,
                                    "NN\x93"s,
                                    "\x90"s,
                                    "Nr\xff\xff\xff\xff"s,
                                    "ccollections\nOrderedDict\nN\x85R"s,
                                    "c__builtin__\nset\nN\x85R"s,
                                    "ccollections\nOrderedDict\n]Na\x85R"s}) {
    EXPECT_THAT(Error(pickle), HasSubstr("malformed pickle")) << testing::PrintToString(pickle);
  }
}

TEST(PickleTest, CirclesAndDeepNestingAreHarmless) {
  const std::string circle = "]q\0h\0a."s;
  const Result<Pickle> pickle = ReadPickle(AsBytes(circle));
  ASSERT_TRUE(pickle.ok()) << pickle.error().message;
  EXPECT_EQ((*pickle)[pickle->root].items, std::vector<ValueId>{pickle->root});
  EXPECT_EQ(Error("N" + std::string(1000000, '\x85') + "."), "");  // (((...None...)))
}

TEST(PickleTest, MemoryIsBounded) {
  EXPECT_THAT(Error("(" + std::string(1 << 21, 'N') + "t."), HasSubstr("too many values"));
  EXPECT_THAT(Error(std::string(100000, '(')), HasSubstr("nested too deep"));
  std::string steps = "Nq\0"s;
  for (int i = 0; i < 1 << 23; ++i)
    steps +=
        "h\0"
        "0"s;  // Recall and forget.
  EXPECT_THAT(Error(steps), HasSubstr("too long"));
  // A list of a million elements is copied by a dozen bytes, again and again.
  std::string copies = "]q\0("s + std::string(1000000, ')') + "e0";
  for (int i = 0; i < 100; ++i) copies += "c__builtin__\nset\nh\0\x85R0"s;
  EXPECT_THAT(Error(copies), HasSubstr("too long"));
}

}  // namespace
}  // namespace cnp::checkpoint
