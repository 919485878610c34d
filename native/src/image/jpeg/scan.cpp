#include "image/jpeg/scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/exit_gate.h"

namespace clip4j::image {
namespace {

[[noreturn]] void fail_damaged() { fail(CLIP4J_CORRUPT, "the JPEG's data is damaged or incomplete"); }

// The data between two markers, byte stuffing undone.
struct Segment {
  std::vector<uint8_t> bytes;  // and JpegBits::kPadding zeros
  size_t size = 0;
  size_t marker = 0;  // where it ends in the file

  void read(Bytes file, size_t at) {
    bytes.clear();
    while (at < file.size()) {
      const uint8_t* const begin = file.data() + at;
      const void* const found = std::memchr(begin, 0xff, file.size() - at);
      const uint8_t* const end =
          found == nullptr ? file.data() + file.size() : static_cast<const uint8_t*>(found);
      bytes.insert(bytes.end(), begin, end);
      at = static_cast<size_t>(end - file.data());
      size_t next = at;
      while (next < file.size() && file[next] == 0xff) ++next;  // fill bytes
      if (next == file.size() || file[next] != 0) break;
      bytes.push_back(0xff);
      at = next + 1;
    }
    marker = at;
    size = bytes.size();
    bytes.resize(size + JpegBits::kPadding);
  }
};

class Walk {
 public:
  Walk(Bytes file, size_t at, const JpegFrame& frame, const JpegScan& scan, JpegPicture* picture)
      : file_(file), frame_(frame), scan_(scan), picture_(picture) {
    begin_segment(at);
  }

  size_t run(int restart_interval) {
    const bool interleaved = scan_.parts.size() > 1;
    const JpegComponent& only = *scan_.parts[0].component;
    const int across = interleaved ? frame_.mcus_across : only.blocks_across;
    const int down = interleaved ? frame_.mcus_down : only.blocks_down;
    int until_restart = restart_interval;
    uint32_t restarts = 0;
    for (int y = 0; y < down; ++y) {
      exit_gate::check_running();
      for (int x = 0; x < across; ++x) {
        if (restart_interval > 0 && until_restart-- == 0) {
          restart(restarts++);
          until_restart = restart_interval - 1;
        }
        if (interleaved) {
          for (const JpegScan::Part& part : scan_.parts) unit(part, x, y);
        } else {
          block(scan_.parts[0], x, y);
        }
      }
      if (picture_ != nullptr) picture_->finish_units(y);
    }
    const size_t rest = segment_.size - bits_.used();
    const auto end = segment_.bytes.begin() + static_cast<ptrdiff_t>(segment_.size);
    if (std::any_of(end - static_cast<ptrdiff_t>(rest), end, [](uint8_t byte) { return byte != 0; })) {
      fail_damaged();
    }
    return segment_.marker - rest;
  }

 private:
  void begin_segment(size_t at) {
    segment_.read(file_, at);
    bits_ = JpegBits(segment_.bytes.data());
    run_ = 0;
    predictions_.fill(0);
  }

  // What an interleaved scan has of a component at a time.
  void unit(const JpegScan::Part& part, int x, int y) {
    const int across = part.component->horizontal;
    const int down = part.component->vertical;
    for (int i = 0; i < down; ++i) {
      for (int j = 0; j < across; ++j) block(part, across * x + j, down * y + i);
    }
  }

  void block(const JpegScan::Part& part, int x, int y) {
    JpegComponent& component = *part.component;
    if (picture_ != nullptr) {
      const size_t number = static_cast<size_t>(&component - frame_.components.data());
      decode(*part.dc, *part.ac, predictions_[number], coefficients_);
      picture_->add_block(number, x, y, coefficients_);
    } else if (!frame_.progressive) {
      sequential(*part.dc, *part.ac);
    } else if (scan_.first == 0) {
      if (scan_.high == 0) {
        dc(*part.dc, bits_);
      } else {
        bits_.take(1);
      }
    } else {
      // Of one component alone: no block lies beyond its own.
      uint64_t& nonzero =
          component.nonzero[static_cast<size_t>(y) * static_cast<size_t>(component.blocks_across) +
                            static_cast<size_t>(x)];
      scan_.high == 0 ? first_ac(*part.ac, nonzero) : refine_ac(*part.ac, nonzero);
    }
    if (bits_.used() > segment_.size) fail_damaged();
  }

  void restart(uint32_t number) {
    if (bits_.used() != segment_.size) fail_damaged();
    size_t at = segment_.marker;
    while (at < file_.size() && file_[at] == 0xff) ++at;
    if (at == file_.size() || file_[at] != 0xd0 + number % 8) fail_damaged();
    begin_segment(at + 1);
  }

  static int checked(int symbol) {
    if (symbol == JpegHuffman::kBadCode) fail_damaged();
    return symbol;
  }

  static void dc(const JpegHuffman& table, JpegBits& bits) {
    if (checked(table.decode_over_value(bits)) > 15) fail_damaged();
  }

  void sequential(const JpegHuffman& dc_table, const JpegHuffman& ac_table) {
    JpegBits bits = bits_;  // stays in registers, unlike a member
    dc(dc_table, bits);
    for (int k = 1; k < 64; ++k) {
      const int run_and_size = checked(ac_table.decode_over_value(bits));
      k += run_and_size >> 4;
      if ((run_and_size & 15) == 0) {
        if (run_and_size != 0xf0) break;  // end of block
      } else if (k > 63) {
        fail_damaged();
      }
    }
    bits_ = bits;
  }

  // The same, and what the coefficients are; the first is what `prediction` differs by from the block before.
  void decode(const JpegHuffman& dc_table, const JpegHuffman& ac_table, uint32_t& prediction,
              int16_t* coefficients) {
    JpegBits bits = bits_;
    const JpegHuffman::Value difference = dc_table.decode_value(bits);
    if (checked(difference.symbol) > 15) fail_damaged();
    prediction += static_cast<uint32_t>(difference.value);
    coefficients[0] = static_cast<int16_t>(prediction);
    for (int k = 1; k < 64; ++k) {
      const JpegHuffman::Value next = ac_table.decode_value(bits);
      k += checked(next.symbol) >> 4;
      if ((next.symbol & 15) == 0) {
        if (next.symbol != 0xf0) break;  // end of block
      } else if (k > 63) {
        fail_damaged();
      } else {
        coefficients[kZigzag[static_cast<size_t>(k)]] = static_cast<int16_t>(next.value);
      }
    }
    bits_ = bits;
  }

  // An end-of-band run: this block and the next ones of it hold nothing more.
  static uint32_t band_run(int exponent, JpegBits& bits) { return (1u << exponent) + bits.take(exponent); }

  void first_ac(const JpegHuffman& table, uint64_t& nonzero) {
    if (run_ > 0) {
      --run_;
      return;
    }
    JpegBits bits = bits_;
    for (int k = scan_.first; k <= scan_.last; ++k) {
      const int run_and_size = checked(table.decode_over_value(bits));
      const int run = run_and_size >> 4;
      const int size = run_and_size & 15;
      if (size == 0 && run < 15) {
        run_ = band_run(run, bits) - 1;
        break;
      }
      k += run;
      if (size == 0) continue;
      if (k > scan_.last) fail_damaged();
      nonzero |= uint64_t{1} << k;
    }
    bits_ = bits;
  }

  static void pass(int count, JpegBits& bits) {
    for (; count > 16; count -= 16) bits.take(16);
    bits.take(count);
  }

  void refine_ac(const JpegHuffman& table, uint64_t& nonzero) {
    JpegBits bits = bits_;
    int k = scan_.first;
    for (; run_ == 0 && k <= scan_.last; ++k) {
      const int run_and_size = checked(table.decode(bits));
      int run = run_and_size >> 4;
      const int size = run_and_size & 15;
      if (size > 1) fail_damaged();
      if (size == 0 && run < 15) {
        run_ = band_run(run, bits);
        break;
      }
      bits.take(size);  // the sign
      // Goes over `run` coefficients that are still zero; there is one bit for each that is not.
      int corrections = 0;
      for (; k <= scan_.last; ++k) {
        if ((nonzero >> k & 1) != 0) {
          ++corrections;
        } else if (--run < 0) {
          break;
        }
      }
      pass(corrections, bits);
      if (size == 0) continue;
      if (k > scan_.last) fail_damaged();
      nonzero |= uint64_t{1} << k;
    }
    if (run_ > 0) {
      if (k <= scan_.last) pass(std::popcount(nonzero >> k & (~uint64_t{0} >> (63 - scan_.last + k))), bits);
      --run_;
    }
    bits_ = bits;
  }

  Bytes file_;
  Segment segment_;
  JpegBits bits_{nullptr};
  const JpegFrame& frame_;
  const JpegScan& scan_;
  JpegPicture* picture_;
  uint32_t run_ = 0;
  std::array<uint32_t, 4> predictions_{};
  int16_t coefficients_[64] = {};  // zeros between blocks
};

}  // namespace

size_t walk_jpeg_scan(Bytes file, size_t at, const JpegFrame& frame, const JpegScan& scan,
                      int restart_interval, JpegPicture* picture) {
  return Walk(file, at, frame, scan, picture).run(restart_interval);
}

}  // namespace clip4j::image
