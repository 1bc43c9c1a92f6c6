#include "convnextpose/checkpoint/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <string>
#include <utility>

#include "convnextpose/checkpoint/globals.h"

namespace cnp::checkpoint {
namespace {

constexpr std::size_t kMaxValues = std::size_t{1} << 20;
constexpr std::size_t kMaxSteps = std::size_t{1} << 24;  // Opcodes, and elements copied.
constexpr std::size_t kMaxMarks = 10000;  // Python itself gives up at a depth of 1000.
constexpr int kMaxProtocol = 5;
constexpr std::size_t kMaxLine = 1000;

// The stack machine of Python's pickle module (pickletools describes each opcode).
class Unpickler {
 public:
  explicit Unpickler(Bytes bytes) : reader_(bytes) {}

  Result<Pickle> Run() {
    while (!stopped_) {
      const std::size_t at = reader_.offset();
      if (const Status status = Step(); !status.ok()) {
        return status.error().In("offset " + std::to_string(at));
      }
    }
    pickle_.size = reader_.offset();
    return std::move(pickle_);
  }

 private:
  using Handler = Status (Unpickler::*)();
  struct Opcode {
    char code;
    Handler handler;
  };
  // The closed list of opcodes, and at its end the search in it.
  static Handler FindHandler(char code);

  Status Step() {
    const auto code = reader_.Read<char>();
    if (!code) return Truncated();
    const Handler handler = FindHandler(*code);
    if (handler == nullptr) {
      return Error{"opcode " + std::to_string(static_cast<unsigned char>(*code)) +
                   " is none that torch.save writes; this is no checkpoint, or a damaged one"};
    }
    CNP_RETURN_IF_ERROR(Charge(1));
    return (this->*handler)();
  }

  static Error Truncated() { return {"the pickle ends early; download the file again"}; }
  static Error Malformed(const std::string& what) { return {"malformed pickle: " + what}; }

  Status Charge(std::size_t steps) {
    steps_ += steps;
    if (steps_ > kMaxSteps) return Error{"the pickle is too long to be a checkpoint's"};
    return {};
  }

  // ---- The stack: values, and marks that no opcode may reach below.

  Status Push(Value value) {
    if (pickle_.values.size() == kMaxValues) {
      return Error{"the pickle holds too many values to be a checkpoint's"};
    }
    stack_.push_back(static_cast<ValueId>(pickle_.values.size()));
    pickle_.values.push_back(std::move(value));
    return {};
  }

  [[nodiscard]] std::size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }

  Result<ValueId> Pop() {
    CNP_ASSIGN(const ValueId top, Top());
    stack_.pop_back();
    return top;
  }

  [[nodiscard]] Result<ValueId> Top() const {
    if (stack_.size() <= Floor()) return Malformed("nothing on the stack");
    return stack_.back();
  }

  Result<std::vector<ValueId>> PopToMark() {
    if (marks_.empty()) return Malformed("no mark on the stack");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<ValueId> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  Value& At(ValueId id) { return pickle_.values[id]; }

  // ---- Opcodes: plain values.

  template <ValueKind kKind, std::int64_t kInteger = 0>
  Status PushConstant() {
    return Push({.kind = kKind, .integer = kInteger});
  }

  template <typename T>
  Status PushInteger() {
    const auto value = reader_.Read<T>();
    if (!value) return Truncated();
    return Push({.kind = ValueKind::kInt, .integer = *value});
  }

  template <typename Length>
  Status PushLong() {
    const auto size = reader_.Read<Length>();
    const auto bytes =
        size && *size >= 0 ? reader_.Take(static_cast<std::uint64_t>(*size)) : std::nullopt;
    if (!bytes) return Truncated();
    if (bytes->size() > 8) return Push({.kind = ValueKind::kBigInt, .text = AsText(*bytes)});
    std::int64_t value = !bytes->empty() && (static_cast<unsigned>(bytes->back()) & 0x80U) != 0
                             ? -1  // Sign extension.
                             : 0;
    std::copy(bytes->begin(), bytes->end(), std::as_writable_bytes(std::span(&value, 1)).begin());
    return Push({.kind = ValueKind::kInt, .integer = value});
  }

  Status PushFloat() {  // The one big-endian number of the format.
    const auto bytes = reader_.Take(8);
    if (!bytes) return Truncated();
    std::uint64_t bits = 0;
    for (const std::byte byte : *bytes) bits = bits << 8 | static_cast<std::uint64_t>(byte);
    return Push({.kind = ValueKind::kFloat, .real = std::bit_cast<double>(bits)});
  }

  template <ValueKind kKind, typename Length>
  Status PushText() {
    const auto size = reader_.Read<Length>();
    const auto bytes = size ? reader_.Take(*size) : std::nullopt;
    if (!bytes) return Truncated();
    return Push({.kind = kKind, .text = AsText(*bytes)});
  }

  // ---- Opcodes: containers.

  Status Mark() {
    if (marks_.size() == kMaxMarks) return Error{"the pickle is nested too deep"};
    marks_.push_back(stack_.size());
    return {};
  }

  template <ValueKind kKind>
  Status PushFromMark() {
    CNP_ASSIGN(std::vector<ValueId> items, PopToMark());
    return Push({.kind = kKind, .items = std::move(items)});
  }

  template <std::size_t kSize>
  Status PushTuple() {
    if (stack_.size() - Floor() < kSize) return Malformed("nothing on the stack");
    std::vector<ValueId> items(stack_.end() - kSize, stack_.end());
    stack_.resize(stack_.size() - kSize);
    return Push({.kind = ValueKind::kTuple, .items = std::move(items)});
  }

  /// Adds `items` to the container on top of the stack.
  Status Extend(ValueKind kind, const std::vector<ValueId>& items) {
    CNP_ASSIGN(const ValueId container, Top());
    if (At(container).kind != kind) return Malformed("an element is added to no container");
    if (kind == ValueKind::kDict && items.size() % 2 != 0) return Malformed("a key has no value");
    std::vector<ValueId>& elements = At(container).items;
    elements.insert(elements.end(), items.begin(), items.end());
    return {};
  }

  Status Append() {
    CNP_ASSIGN(const ValueId item, Pop());
    return Extend(ValueKind::kList, {item});
  }

  Status SetItem() {
    CNP_ASSIGN(const ValueId value, Pop());
    CNP_ASSIGN(const ValueId key, Pop());
    return Extend(ValueKind::kDict, {key, value});
  }

  template <ValueKind kKind>
  Status ExtendFromMark() {
    CNP_ASSIGN(const std::vector<ValueId> items, PopToMark());
    return Extend(kKind, items);
  }

  Status PopOne() {
    CNP_RETURN_IF_ERROR(Pop());
    return {};
  }

  Status PopMark() {
    CNP_RETURN_IF_ERROR(PopToMark());
    return {};
  }

  // ---- Opcodes: the memo, a list of values that later opcodes repeat by number.

  Status Remember(std::size_t index) {
    if (index >= kMaxValues) return Malformed("memo number " + std::to_string(index));
    CNP_ASSIGN(const ValueId top, Top());
    if (memo_.size() <= index) memo_.resize(index + 1, kNothing);
    memo_[index] = top;
    return {};
  }

  template <typename Index>
  Status Put() {
    const auto index = reader_.Read<Index>();
    if (!index) return Truncated();
    return Remember(*index);
  }

  Status Memoize() { return Remember(memo_.size()); }

  template <typename Index>
  Status Get() {
    const auto index = reader_.Read<Index>();
    if (!index) return Truncated();
    if (*index >= memo_.size() || memo_[*index] == kNothing) {
      return Malformed("nothing was remembered as " + std::to_string(*index));
    }
    stack_.push_back(memo_[*index]);
    return {};
  }

  // ---- Opcodes: names and what would be calls.

  Status PushGlobal(std::string_view module, std::string_view name) {
    CNP_ASSIGN(const std::string_view global, FindGlobal(module, name));
    return Push({.kind = ValueKind::kGlobal, .text = global});
  }

  Result<std::string_view> ReadLine() {
    ByteReader ahead = reader_;
    const std::size_t size = std::min(kMaxLine, ahead.remaining());
    const std::size_t length = AsText(*ahead.Take(size)).find('\n');
    if (length == std::string_view::npos) return Truncated();
    return AsText(*reader_.Take(length + 1)).substr(0, length);
  }

  Status Global() {
    CNP_ASSIGN(const std::string_view module, ReadLine());
    CNP_ASSIGN(const std::string_view name, ReadLine());
    return PushGlobal(module, name);
  }

  Status StackGlobal() {
    CNP_ASSIGN(const ValueId name, Pop());
    CNP_ASSIGN(const ValueId module, Pop());
    if (At(name).kind != ValueKind::kString || At(module).kind != ValueKind::kString) {
      return Malformed("a global whose name is no text");
    }
    return PushGlobal(At(module).text, At(name).text);
  }

  /// REDUCE and NEWOBJ: containers of Python's library are built, other calls are kept as data.
  Status Call() {
    CNP_ASSIGN(const ValueId arguments, Pop());
    CNP_ASSIGN(const ValueId callable, Pop());
    if (At(callable).kind != ValueKind::kGlobal || At(arguments).kind != ValueKind::kTuple) {
      return Malformed("a call of something that has no name");
    }
    const std::string_view name = At(callable).text;
    if (name == "collections.OrderedDict" || name == "collections.Counter" ||
        name == "collections.defaultdict" || name == "builtins.dict") {
      return PushDict(name == "collections.defaultdict" ? ValueId{kNothing} : First(arguments));
    }
    if (name == "builtins.set" || name == "builtins.frozenset") {
      return PushCopy(ValueKind::kSet, First(arguments));
    }
    if (name == "builtins.list" || name == "collections.deque") {
      return PushCopy(ValueKind::kList, First(arguments));
    }
    if (name == "builtins.tuple" || name == "torch.Size") {
      return PushCopy(ValueKind::kTuple, First(arguments));
    }
    return Push({.kind = ValueKind::kCall, .items = {callable, arguments}});
  }

  ValueId First(ValueId tuple) {
    return At(tuple).items.empty() ? ValueId{kNothing} : At(tuple).items.front();
  }

  /// A container of `kind` with the elements of another, of none if there is no other.
  Status PushCopy(ValueKind kind, ValueId from) {
    if (from == kNothing) return Push({.kind = kind});
    const ValueKind source = At(from).kind;
    if (source != ValueKind::kList && source != ValueKind::kTuple && source != ValueKind::kSet) {
      return Malformed("a container made of something else");
    }
    CNP_RETURN_IF_ERROR(Charge(At(from).items.size()));
    return Push({.kind = kind, .items = At(from).items});
  }

  /// A dict from a dict, or from a list of pairs as Python 2 writes it.
  Status PushDict(ValueId from) {
    if (from == kNothing) return Push({.kind = ValueKind::kDict});
    CNP_RETURN_IF_ERROR(Charge(At(from).items.size() * 2));
    if (At(from).kind == ValueKind::kDict) {
      return Push({.kind = ValueKind::kDict, .items = At(from).items});
    }
    if (At(from).kind != ValueKind::kList) return Malformed("a dict made of something else");
    std::vector<ValueId> items;
    for (const ValueId id : At(from).items) {
      const Value& pair = At(id);
      const bool sequence = pair.kind == ValueKind::kList || pair.kind == ValueKind::kTuple;
      if (!sequence || pair.items.size() != 2) return Malformed("a dict made of something else");
      items.insert(items.end(), pair.items.begin(), pair.items.end());
    }
    return Push({.kind = ValueKind::kDict, .items = std::move(items)});
  }

  Status Build() {
    CNP_ASSIGN(const ValueId state, Pop());
    CNP_ASSIGN(const ValueId object, Top());
    if (At(object).kind == ValueKind::kCall) {
      At(object).items.push_back(state);
    } else if (At(object).kind != ValueKind::kDict) {  // A state dict's is its _metadata: not data.
      return Malformed("a state is set on no object");
    }
    return {};
  }

  Status PersistentId() {
    CNP_ASSIGN(const ValueId id, Pop());
    return Push({.kind = ValueKind::kPersistent, .items = {id}});
  }

  // ---- Opcodes: the frame of the whole.

  Status Protocol() {
    const auto version = reader_.Read<std::uint8_t>();
    if (!version) return Truncated();
    if (*version > kMaxProtocol) {
      return Error{"pickle protocol " + std::to_string(*version) + " is unknown"};
    }
    pickle_.protocol = *version;
    return {};
  }

  Status Frame() {  // Only a hint for readers of streams.
    return reader_.Read<std::uint64_t>() ? Status() : Status(Truncated());
  }

  Status Stop() {
    CNP_ASSIGN(pickle_.root, Pop());
    if (!stack_.empty() || !marks_.empty()) return Malformed("values are left over at its end");
    stopped_ = true;
    return {};
  }

  static constexpr ValueId kNothing = std::numeric_limits<ValueId>::max();

  ByteReader reader_;
  Pickle pickle_;
  std::vector<ValueId> stack_;
  std::vector<std::size_t> marks_;
  std::vector<ValueId> memo_;
  std::size_t steps_ = 0;
  bool stopped_ = false;
};

Unpickler::Handler Unpickler::FindHandler(char code) {
  using U = Unpickler;
  using K = ValueKind;
  static constexpr std::array opcodes = std::to_array<Opcode>({
      {'\x80', &U::Protocol},
      {'\x95', &U::Frame},
      {'.', &U::Stop},
      {'N', &U::PushConstant<K::kNone>},
      {'\x88', &U::PushConstant<K::kBool, 1>},
      {'\x89', &U::PushConstant<K::kBool, 0>},
      {'J', &U::PushInteger<std::int32_t>},
      {'K', &U::PushInteger<std::uint8_t>},
      {'M', &U::PushInteger<std::uint16_t>},
      {'\x8a', &U::PushLong<std::uint8_t>},
      {'\x8b', &U::PushLong<std::int32_t>},
      {'G', &U::PushFloat},
      {'U', &U::PushText<K::kString, std::uint8_t>},  // Python 2's str
      {'T', &U::PushText<K::kString, std::uint32_t>},
      {'\x8c', &U::PushText<K::kString, std::uint8_t>},
      {'X', &U::PushText<K::kString, std::uint32_t>},
      {'\x8d', &U::PushText<K::kString, std::uint64_t>},
      {'C', &U::PushText<K::kBytes, std::uint8_t>},
      {'B', &U::PushText<K::kBytes, std::uint32_t>},
      {'\x8e', &U::PushText<K::kBytes, std::uint64_t>},
      {'\x96', &U::PushText<K::kBytes, std::uint64_t>},  // bytearray
      {'(', &U::Mark},
      {')', &U::PushConstant<K::kTuple>},
      {'\x85', &U::PushTuple<1>},
      {'\x86', &U::PushTuple<2>},
      {'\x87', &U::PushTuple<3>},
      {'t', &U::PushFromMark<K::kTuple>},
      {']', &U::PushConstant<K::kList>},
      {'a', &U::Append},
      {'e', &U::ExtendFromMark<K::kList>},
      {'}', &U::PushConstant<K::kDict>},
      {'s', &U::SetItem},
      {'u', &U::ExtendFromMark<K::kDict>},
      {'\x8f', &U::PushConstant<K::kSet>},
      {'\x90', &U::ExtendFromMark<K::kSet>},
      {'\x91', &U::PushFromMark<K::kSet>},  // frozenset
      {'0', &U::PopOne},
      {'1', &U::PopMark},
      {'q', &U::Put<std::uint8_t>},
      {'r', &U::Put<std::uint32_t>},
      {'\x94', &U::Memoize},
      {'h', &U::Get<std::uint8_t>},
      {'j', &U::Get<std::uint32_t>},
      {'c', &U::Global},
      {'\x93', &U::StackGlobal},
      {'R', &U::Call},
      {'\x81', &U::Call},  // NEWOBJ
      {'b', &U::Build},
      {'Q', &U::PersistentId},
  });
  const auto* const found = std::find_if(opcodes.begin(), opcodes.end(),
                                         [&](const Opcode& opcode) { return opcode.code == code; });
  return found == opcodes.end() ? nullptr : found->handler;
}

}  // namespace

const Value* Pickle::Find(const Value& dict, std::string_view key) const {
  const Value* found = nullptr;
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const Value& candidate = values[dict.items[i]];
    if (candidate.kind == ValueKind::kString && candidate.text == key) {
      found = &values[dict.items[i + 1]];
    }
  }
  return found;
}

Result<Pickle> ReadPickle(Bytes bytes) { return Unpickler(bytes).Run(); }

}  // namespace cnp::checkpoint
