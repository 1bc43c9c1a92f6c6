#include "convnextpose/checkpoint/inflate.h"

#ifdef CNP_HAVE_ZLIB
#define ZLIB_CONST  // next_in is const: zlib's own switch.
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#endif

namespace cnp::checkpoint {

#ifdef CNP_HAVE_ZLIB
namespace {

class Inflater {
 public:
  Inflater() : ready_(::inflateInit2(&stream_, -MAX_WBITS) == Z_OK) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream_); }

  /// True when the whole of `packed` is one deflate stream that fills exactly `out`.
  bool Run(Bytes packed, std::span<std::byte> out) {
    if (!ready_) return false;
    int state = Z_OK;
    while (state == Z_OK) {  // zlib counts in 32 bits: larger entries go in pieces.
      const uInt in = Piece(packed.size());
      const uInt room = Piece(out.size());
      stream_.next_in = reinterpret_cast<const Bytef*>(packed.data());
      stream_.avail_in = in;
      stream_.next_out = reinterpret_cast<Bytef*>(out.data());
      stream_.avail_out = room;
      state = ::inflate(&stream_, Z_NO_FLUSH);
      packed = packed.subspan(in - stream_.avail_in);
      out = out.subspan(room - stream_.avail_out);
    }
    return state == Z_STREAM_END && packed.empty() && out.empty();
  }

 private:
  static uInt Piece(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
  }
  z_stream stream_{};
  bool ready_;
};

}  // namespace

Result<Content> Inflate(Bytes packed, std::uint64_t size) {
  // One byte more, so that zlib is never given a null pointer.
  std::shared_ptr<std::byte[]> bytes(new (std::nothrow)
                                         std::byte[static_cast<std::size_t>(size) + 1]);
  if (bytes == nullptr) {
    return Error{"inflates to " + std::to_string(size) + " bytes: not enough memory"};
  }
  const std::span<std::byte> out(bytes.get(), static_cast<std::size_t>(size));
  if (!Inflater().Run(packed, out)) {
    return Error{"its compressed data is damaged; download the file again"};
  }
  return Content{out, bytes};
}

#else

Result<Content> Inflate(Bytes, std::uint64_t) {
  return Error{
      "is compressed, and this program was built without zlib; unpack the archive and pass the "
      "folder, or build with zlib"};
}

#endif

}  // namespace cnp::checkpoint
