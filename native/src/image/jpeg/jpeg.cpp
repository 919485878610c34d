#include "image/jpeg/jpeg.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "image/jpeg/picture.h"
#include "image/jpeg/scan.h"

namespace clip4j::image {
namespace {

using namespace std::string_view_literals;

// Encoders send about ten scans; each costs a pass over the picture, so a small file of many is an attack.
constexpr int kMostScans = 100;

class Checker {
 public:
  explicit Checker(Bytes file) : bytes_(file), file_(file) {}

  CheckedJpeg run() {
    size_t at = 2;
    for (;;) {
      while (file_.u8(at) != 0xff) ++at;
      while (file_.u8(at) == 0xff) ++at;
      const uint32_t marker = file_.u8(at++);
      if (marker == 0xd9) break;
      if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
      if (marker == 0xd8) fail(CLIP4J_CORRUPT, "the JPEG begins a second time");
      const uint32_t length = file_.u16(at);
      if (length < 2) fail(CLIP4J_CORRUPT, "a JPEG segment of ", length, " bytes");
      const Bytes body = file_.take(at + 2, length - 2);
      at += length;
      segment(static_cast<uint8_t>(marker), body);
      if (marker == 0xda) at = scan(body, at);
    }
    check_complete();
    append("\xff\xd9"sv);
    if (picture_) return {picture_->take(), {}, false};
    return {{}, std::move(out_), frame_.components.size() == 4};
  }

 private:
  void append(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void append(std::string_view bytes) {
    append(Bytes(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  }

  void keep(uint8_t marker, Bytes body) {
    const size_t length = body.size() + 2;
    const uint8_t head[] = {0xff, marker, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)};
    append(Bytes(head));
    append(body);
  }

  void segment(uint8_t marker, Bytes body) {
    switch (marker) {
      case 0xc0:
      case 0xc1:
      case 0xc2:
        frame(body, marker == 0xc2);
        keep(marker, body);
        break;
      case 0xc4:
        huffman_tables(body);
        keep(marker, body);
        break;
      case 0xda:
        if (scans_ == 0) append_adobe();
        keep(marker, body);
        break;
      case 0xdb:
        quantization_tables(body);
        keep(marker, body);
        break;
      case 0xdd:
        restart_interval_ = static_cast<int>(ByteReader(body).u16(0));
        keep(marker, body);
        break;
      case 0xe0:  // the colour space hangs on this mark, and on Adobe's; libjpeg warns of odd versions
        if (body.size() >= 12 && ByteReader(body).has(0, "JFIF\0"sv)) {
          append("\xff\xe0\x00\x10JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"sv);
          jfif_ = true;
        }
        break;
      case 0xee:
        if (body.size() >= 12 && ByteReader(body).has(0, "Adobe"sv)) adobe_transform_ = body[11];
        break;
      default:
        if (marker >= 0xc3 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc) {
          fail(CLIP4J_UNSUPPORTED, "a JPEG that is arithmetic-coded, lossless or hierarchical");
        }
    }
  }

  // libjpeg reads the mark only once all headers are there. It takes a number that it does not know as YCbCr
  // or YCCK, and warns.
  void append_adobe() {
    if (!adobe_transform_) return;
    const bool cmyk = frame_.components.size() == 4;
    append("\xff\xee\x00\x0e"sv);
    append("Adobe\x00\x64\x00\x00\x00\x00"sv);
    out_.push_back(*adobe_transform_ == 0 ? 0 : cmyk ? 2 : 1);
  }

  void frame(Bytes body, bool progressive) {
    const ByteReader header(body);
    if (!frame_.components.empty()) fail(CLIP4J_CORRUPT, "the JPEG has two frame headers");
    if (header.u8(0) != 8) fail(CLIP4J_UNSUPPORTED, "a JPEG of ", header.u8(0), " bits a sample, not 8");
    const int height = static_cast<int>(header.u16(1));
    const int width = static_cast<int>(header.u16(3));
    const uint32_t count = header.u8(5);
    if (height == 0 || width == 0) fail(CLIP4J_CORRUPT, "the JPEG declares a size of 0");
    if (count != 1 && count != 3 && count != 4) fail(CLIP4J_UNSUPPORTED, "a JPEG of ", count, " components");
    frame_.width = width;
    frame_.height = height;
    frame_.progressive = progressive;
    frame_.components.resize(count);
    int horizontal = 1;
    int vertical = 1;
    for (uint32_t i = 0; i < count; ++i) {
      JpegComponent& component = frame_.components[i];
      component.id = header.u8(6 + 3 * i);
      component.horizontal = static_cast<int>(header.u8(7 + 3 * i) >> 4);
      component.vertical = static_cast<int>(header.u8(7 + 3 * i) & 15);
      component.steps = header.u8(8 + 3 * i);
      if (component.horizontal < 1 || component.horizontal > 4 || component.vertical < 1 ||
          component.vertical > 4) {
        fail(CLIP4J_CORRUPT, "the JPEG's sampling factors are not 1 to 4");
      }
      horizontal = std::max(horizontal, component.horizontal);
      vertical = std::max(vertical, component.vertical);
    }
    frame_.mcus_across = divide_up(width, 8 * horizontal);
    frame_.mcus_down = divide_up(height, 8 * vertical);
    for (JpegComponent& component : frame_.components) {
      component.blocks_across = divide_up(width * component.horizontal, 8 * horizontal);
      component.blocks_down = divide_up(height * component.vertical, 8 * vertical);
      component.accuracy.fill(kUnsent);
    }
  }

  void huffman_tables(Bytes body) {
    const ByteReader reader(body);
    for (size_t at = 0; at < body.size();) {
      const uint32_t place = reader.u8(at);
      const Bytes counts = reader.take(at + 1, 16);
      size_t symbols = 0;
      for (const uint8_t count : counts) symbols += count;
      if ((place & 0xef) > 3 || symbols > 256) fail(CLIP4J_CORRUPT, "the JPEG's Huffman tables are damaged");
      tables_[place >> 4][place & 3] = JpegHuffman(counts, reader.take(at + 17, symbols));
      at += 17 + symbols;
    }
  }

  void quantization_tables(Bytes body) {
    const ByteReader reader(body);
    for (size_t at = 0; at < body.size();) {
      const uint32_t place = reader.u8(at++);
      const bool wide = place >> 4 != 0;
      if ((place & 0xf) > 3) fail(CLIP4J_CORRUPT, "the JPEG's quantization tables are damaged");
      JpegSteps& steps = steps_[place & 3].emplace();
      for (size_t k = 0; k < 64; ++k, at += wide ? 2 : 1) {
        steps[kZigzag[k]] = static_cast<int16_t>(wide ? reader.u16(at) : reader.u8(at));
      }
    }
  }

  // By libjpeg's rules; of three components.
  bool is_rgb() const {
    if (jfif_) return false;
    if (adobe_transform_) return *adobe_transform_ == 0;
    return frame_.components[0].id == 'R' && frame_.components[1].id == 'G' && frame_.components[2].id == 'B';
  }

  // Where that is possible, so that OpenCV need not read the codes a second time.
  void begin_picture(const JpegScan& scan, size_t at) {
    const size_t count = frame_.components.size();
    if (!JpegPicture::makes(frame_) || scan.parts.size() != count || (count == 3 && is_rgb())) return;
    std::vector<JpegSteps> steps;
    size_t blocks = 0;
    for (const JpegComponent& component : frame_.components) {
      if (component.steps > 3 || !steps_[component.steps]) {
        fail(CLIP4J_CORRUPT, "the JPEG lacks a quantization table");
      }
      steps.push_back(*steps_[component.steps]);
      blocks += static_cast<size_t>(component.blocks_across) * static_cast<size_t>(component.blocks_down);
    }
    // Two bits a block is the least; a small file gets no memory for a large picture.
    if (bytes_.size() - at < blocks / 4) fail(CLIP4J_CORRUPT, "the JPEG's data is damaged or incomplete");
    picture_.emplace(frame_, steps);
  }

  // Checks the scan whose header is `body` and whose data begins at `at`; copies the data, returns its end.
  size_t scan(Bytes body, size_t at) {
    if (frame_.components.empty()) fail(CLIP4J_CORRUPT, "the JPEG's data comes before its size");
    if (++scans_ > kMostScans) fail(CLIP4J_TOO_LARGE, "a JPEG of more than ", kMostScans, " scans");
    JpegScan scan = scan_header(body);
    for (JpegScan::Part& part : scan.parts) update_accuracy(scan, *part.component);
    if (scans_ == 1) begin_picture(scan, at);
    const size_t end =
        walk_jpeg_scan(bytes_, at, frame_, scan, restart_interval_, picture_ ? &*picture_ : nullptr);
    if (!picture_) append(bytes_.subspan(at, end - at));
    return end;
  }

  JpegScan scan_header(Bytes body) {
    const ByteReader header(body);
    const uint32_t count = header.u8(0);
    if (count < 1 || count > frame_.components.size()) {
      fail(CLIP4J_CORRUPT, "a JPEG scan of ", count, " components");
    }
    JpegScan scan;
    scan.first = static_cast<int>(header.u8(1 + 2 * count));
    scan.last = static_cast<int>(header.u8(2 + 2 * count));
    scan.high = static_cast<int>(header.u8(3 + 2 * count) >> 4);
    scan.low = static_cast<int>(header.u8(3 + 2 * count) & 15);
    // Some encoders of sequential JPEGs leave these at nonsense; libjpeg does not look at them there, we
    // correct them.
    if (!frame_.progressive) {
      scan.first = scan.high = scan.low = 0;
      scan.last = 63;
      std::copy_n("\x00\x3f\x00", 3, out_.end() - static_cast<ptrdiff_t>(body.size()) + 1 + 2 * count);
    }
    const bool bad_band = scan.first > scan.last || scan.last > 63 ||
                          (frame_.progressive && (scan.first == 0 ? scan.last != 0 : count != 1));
    if (bad_band || scan.low > 13 || (scan.high != 0 && scan.low != scan.high - 1)) {
      fail(CLIP4J_CORRUPT, "a JPEG scan header is damaged");
    }
    const bool needs_dc = scan.first == 0 && scan.high == 0;
    const bool needs_ac = scan.last > 0;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t id = header.u8(1 + 2 * i);
      const auto component = std::find_if(frame_.components.begin(), frame_.components.end(),
                                          [&](const JpegComponent& c) { return c.id == id; });
      if (component == frame_.components.end()) fail(CLIP4J_CORRUPT, "a JPEG scan of an unknown component");
      const uint32_t tables = header.u8(2 + 2 * i);
      if ((tables & 0xcc) != 0) fail(CLIP4J_CORRUPT, "a JPEG scan header is damaged");
      const JpegHuffman& dc = tables_[0][tables >> 4];
      const JpegHuffman& ac = tables_[1][tables & 15];
      if ((needs_dc && !dc.defined()) || (needs_ac && !ac.defined())) {
        fail(CLIP4J_CORRUPT, "the JPEG lacks a Huffman table");
      }
      scan.parts.push_back({&*component, &dc, &ac});
    }
    return scan;
  }

  void update_accuracy(const JpegScan& scan, JpegComponent& component) {
    for (int k = scan.first; k <= scan.last; ++k) {
      int8_t& accuracy = component.accuracy[static_cast<size_t>(k)];
      if (accuracy != (scan.high == 0 ? kUnsent : scan.high)) {
        fail(CLIP4J_CORRUPT, "the JPEG's scans do not follow on one another");
      }
      accuracy = static_cast<int8_t>(scan.low);
    }
    if (frame_.progressive && scan.first > 0) {
      if (component.accuracy[0] == kUnsent) {
        fail(CLIP4J_CORRUPT, "the JPEG's scans do not follow on one another");
      }
      component.nonzero.resize(static_cast<size_t>(component.blocks_across) *
                               static_cast<size_t>(component.blocks_down));
    }
  }

  // A progressive JPEG that was cut between two scans shows a coarse picture; one that never sends a band is
  // whole.
  void check_complete() const {
    if (frame_.components.empty()) fail(CLIP4J_CORRUPT, "the JPEG holds no picture");
    for (const JpegComponent& component : frame_.components) {
      const bool coarse = std::any_of(component.accuracy.begin(), component.accuracy.end(),
                                      [](int8_t accuracy) { return accuracy > 0; });
      if (component.accuracy[0] == kUnsent || coarse) {
        fail(CLIP4J_CORRUPT, "the JPEG's last scans are missing");
      }
    }
  }

  Bytes bytes_;
  ByteReader file_;
  std::vector<uint8_t> out_ = {0xff, 0xd8};
  JpegFrame frame_;
  std::array<std::array<JpegHuffman, 4>, 2> tables_;  // DC, AC
  std::array<std::optional<JpegSteps>, 4> steps_;
  std::optional<JpegPicture> picture_;
  bool jfif_ = false;
  std::optional<uint8_t> adobe_transform_;
  int restart_interval_ = 0;
  int scans_ = 0;
};

}  // namespace

CheckedJpeg checked_jpeg(Bytes file) { return Checker(file).run(); }

}  // namespace clip4j::image
