// CRC-32 as zip uses it (ISO-HDLC, polynomial 0xEDB88320 reflected).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cnp::checkpoint {

std::uint32_t Crc32(std::span<const std::byte> bytes);

}  // namespace cnp::checkpoint
