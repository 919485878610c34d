#include "image/jpeg_scan.h"

#include "base/error.h"
#include "base/exit_gate.h"

namespace clip4j::image {
namespace {

[[noreturn]] void fail_early() { fail(CLIP4J_CORRUPT, "the JPEG's data ends too early"); }
[[noreturn]] void fail_damaged() { fail(CLIP4J_CORRUPT, "the JPEG's data is damaged"); }

class Walk {
 public:
  Walk(Bytes file, size_t at, const JpegFrame& frame, const JpegScan& scan)
      : file_(file), bits_(file, at), frame_(frame), scan_(scan) {}

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
          for (const JpegScan::Part& part : scan_.parts) {
            const int blocks = part.component->horizontal * part.component->vertical;
            for (int b = 0; b < blocks; ++b) block(part, nullptr);
          }
        } else {
          const size_t index = static_cast<size_t>(y) * static_cast<size_t>(across) + static_cast<size_t>(x);
          std::vector<uint64_t>& nonzero = scan_.parts[0].component->nonzero;
          block(scan_.parts[0], nonzero.empty() ? nullptr : &nonzero[index]);
        }
        if (bits_.overrun()) fail_early();
      }
    }
    return bits_.align();
  }

 private:
  void block(const JpegScan::Part& part, uint64_t* nonzero) {
    if (!frame_.progressive) {
      dc(*part.dc);
      sequential_ac(*part.ac);
    } else if (scan_.first == 0) {
      if (scan_.high == 0) {
        dc(*part.dc);
      } else {
        bits_.take(1);
      }
    } else if (scan_.high == 0) {
      first_ac(*part.ac, *nonzero);
    } else {
      refine_ac(*part.ac, *nonzero);
    }
  }

  void restart(uint32_t number) {
    size_t at = bits_.align();
    if (at >= file_.size()) fail_early();
    if (file_[at] != 0xff) fail_damaged();
    while (at < file_.size() && file_[at] == 0xff) ++at;
    if (at == file_.size()) fail_early();
    if (file_[at] != 0xd0 + number % 8) fail_damaged();
    bits_ = JpegBits(file_, at + 1);
    run_ = 0;
  }

  int checked(int symbol) const {
    if (symbol == JpegHuffman::kBadCode) {
      if (bits_.overrun()) fail_early();
      fail_damaged();
    }
    return symbol;
  }

  void dc(const JpegHuffman& table) {
    if (checked(table.decode_over_value(bits_)) > 15) fail_damaged();
  }

  void sequential_ac(const JpegHuffman& table) {
    for (int k = 1; k < 64; ++k) {
      const int run_and_size = checked(table.decode_over_value(bits_));
      if ((run_and_size & 15) == 0) {
        if (run_and_size != 0xf0) return;  // end of block
        k += 15;
        continue;
      }
      k += run_and_size >> 4;
      if (k > 63) fail_damaged();
    }
  }

  // An end-of-band run: this block and the next ones of it hold nothing more.
  uint32_t band_run(int exponent) { return (1u << exponent) + bits_.take(exponent); }

  void first_ac(const JpegHuffman& table, uint64_t& nonzero) {
    if (run_ > 0) {
      --run_;
      return;
    }
    for (int k = scan_.first; k <= scan_.last; ++k) {
      const int run_and_size = checked(table.decode_over_value(bits_));
      const int run = run_and_size >> 4;
      const int size = run_and_size & 15;
      if (size == 0 && run < 15) {
        run_ = band_run(run) - 1;
        return;
      }
      k += run;
      if (size == 0) continue;
      if (k > scan_.last) fail_damaged();
      nonzero |= uint64_t{1} << k;
    }
  }

  void refine_ac(const JpegHuffman& table, uint64_t& nonzero) {
    int k = scan_.first;
    for (; run_ == 0 && k <= scan_.last; ++k) {
      const int run_and_size = checked(table.decode(bits_));
      int run = run_and_size >> 4;
      const int size = run_and_size & 15;
      if (size > 1) fail_damaged();
      if (size == 0 && run < 15) {
        run_ = band_run(run);
        break;
      }
      bits_.take(size);  // the sign
      // Passes over `run` coefficients that are still zero; one bit for each that is not.
      for (; k <= scan_.last; ++k) {
        if ((nonzero >> k & 1) != 0) {
          bits_.take(1);
        } else if (--run < 0) {
          break;
        }
      }
      if (size == 0) continue;
      if (k > scan_.last) fail_damaged();
      nonzero |= uint64_t{1} << k;
    }
    if (run_ == 0) return;
    for (; k <= scan_.last; ++k) bits_.take(static_cast<int>(nonzero >> k & 1));
    --run_;
  }

  Bytes file_;
  JpegBits bits_;
  const JpegFrame& frame_;
  const JpegScan& scan_;
  uint32_t run_ = 0;
};

}  // namespace

size_t walk_jpeg_scan(Bytes file, size_t at, const JpegFrame& frame, const JpegScan& scan, int restart_interval) {
  return Walk(file, at, frame, scan).run(restart_interval);
}

}  // namespace clip4j::image
