// Text from a file made safe to show: on one line, without control characters, valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace cnp::checkpoint {

/// True when `text` is valid UTF-8 without control characters.
bool IsPrintable(std::string_view text);

/// `text` with every other byte as \xNN, cut after about 120 bytes.
std::string Printable(std::string_view text);

}  // namespace cnp::checkpoint
