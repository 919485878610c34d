#include "search/gpu/scan.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/exit_gate.h"
#include "search/gpu/layout.h"

namespace clip4j::search {
namespace {

constexpr int64_t kFewHits = 128;
constexpr int32_t kSmallRoom = 1 << 14;  // rows in doubt that a query may have at a time
constexpr int32_t kLargeRoom = 1 << 16;
constexpr int64_t kFoundBytes = 256 << 20;
constexpr int64_t kMostQueries = 512;  // two groups of thread blocks, which read the rows from memory once
constexpr int64_t kPassedBytes = cuda::kPassed * static_cast<int64_t>(sizeof(cuda::Passed));
constexpr int32_t kFewQueries = 32;       // a launch takes longer than what it saves them
constexpr int32_t kTwoPlaneColumns = 64;  // up to so many cost no more than reading the rows

int32_t room_of(int64_t k) { return k <= kFewHits ? kSmallRoom : kLargeRoom; }

// A stride that visits all of `tiles` in an order that has nothing to do with theirs.
int32_t stride_of(int32_t tiles) {
  auto stride = static_cast<int32_t>(0.618 * tiles) | 1;
  while (std::gcd(stride, tiles) != 1) ++stride;
  return stride;
}

// With the least tiles of columns that take all of them, or as many as fit.
cuda::ScanKernel kernel_for(int32_t column_tiles, const GpuBatch& batch) {
  int32_t tiles = 1;
  while (tiles < column_tiles && 2 * tiles <= batch.most_tiles) tiles *= 2;
  return {tiles < cuda::kLeastWgmmaTiles ? cuda::Instruction::kMma : batch.instruction, tiles};
}

// Of the bits that say which of its rows may be found.
int64_t allowed_bytes(const GpuPiece& piece) {
  return divide_up(piece.rows, 64) * static_cast<int64_t>(sizeof(uint64_t));
}

// There are rows whose values the GPU has.
bool scores_rows(const GpuBatch& batch) {
  return std::ranges::any_of(batch.pieces, [](const GpuPiece& piece) { return piece.valued_rows > 0; });
}

}  // namespace

GpuScan::GpuScan(const cuda::Library& library, int32_t device)
    : library_(library), device_(device), stream_(library, device) {}

int64_t GpuScan::most_queries(int64_t k) {
  return std::min<int64_t>(kMostQueries,
                           kFoundBytes / (room_of(k) * static_cast<int64_t>(sizeof(cuda::Found))));
}

std::vector<bool> GpuScan::run(const GpuBatch& batch, std::deque<Threshold>& thresholds,
                               std::vector<Candidates>& candidates) {
  const int32_t planes = 2 * batch.count <= kTwoPlaneColumns ? 2 : 1;
  queries_.assign(batch.queries, batch.count, batch.dimension, batch.request.similarity, planes, gpu_packing,
                  kernel(instruction_set()).arithmetic);
  const int64_t k = *std::ranges::max_element(batch.k);
  const int32_t room = room_of(k);
  plan(batch, room, k);
  upload(batch, room, planes);
  make_room_for_pieces(batch);
  scan(batch, room, planes);
  if (overflowed()) {
    // Rows came in an order that was not random to their scores. Thresholds know better now.
    for (cuda::Best& best : bests_) best.count = best.overflowed = best.scored = 0;
    const auto bytes = static_cast<int64_t>(bests_.size() * sizeof(cuda::Best));
    check(library_, library_.upload(stream_.get(), small_.at<void>(best_), bests_.data(), bytes));
    scan(batch, room, planes);
  }
  int32_t most = 0;
  for (const cuda::Best& best : bests_) most = std::max(most, best.count);
  downloaded_.resize(static_cast<size_t>(most) * static_cast<size_t>(batch.count));
  if (most > 0) {
    check(library_, library_.download(stream_.get(), downloaded_.data(), found_.at<void>(0),
                                      room * static_cast<int64_t>(sizeof(cuda::Found)),
                                      most * static_cast<int64_t>(sizeof(cuda::Found)), batch.count));
  }
  std::vector<bool> lost(batch.count);
  for (int32_t q = 0; q < batch.count; ++q) {
    lost[q] = bests_[q].overflowed != 0;
    if (lost[q]) continue;
    thresholds[q].raise(bests_[q].threshold);
    collect(batch, {downloaded_.data() + static_cast<size_t>(q) * most, static_cast<size_t>(bests_[q].count)},
            candidates[q]);
  }
  return lost;
}

void GpuScan::collect(const GpuBatch& batch, std::span<const cuda::Found> found, Candidates& candidates) {
  collected_.clear();
  for (const cuda::Found& row : found) {
    const GpuPiece& piece = batch.pieces[row.piece];
    collected_.push_back({row.lower, row.upper, piece.segment, piece.first_row + row.row});
  }
  for (std::span<const Candidate> rest = collected_; !rest.empty();) {
    const size_t some = std::min<size_t>(kBlockRows, rest.size());
    candidates.add(rest.first(some));
    rest = rest.subspan(some);
  }
}

// The first round keeps whatever it sees. Each later one may be so much larger than all before it that what
// it finds fits: in random order k rows are above the k-th best of the rows before, times how much larger it
// is, times what the bounds let through besides.
void GpuScan::plan(const GpuBatch& batch, int32_t room, int64_t k) {
  const int64_t growth = std::clamp<int64_t>(room / (16 * k), 2, 64);
  int64_t next = std::max<int64_t>(1, room / 2 / cuda::kTileRows), seen = 0;
  rounds_.clear();
  for (size_t p = 0; p < batch.pieces.size(); ++p) {
    for (int32_t first = 0; first < batch.pieces[p].tiles;) {
      const auto tiles = static_cast<int32_t>(std::min<int64_t>(batch.pieces[p].tiles - first, next));
      rounds_.push_back({static_cast<int32_t>(p), first, tiles});
      first += tiles;
      seen += tiles;
      next = std::max(next, growth * seen);
    }
  }
}

void GpuScan::upload(const GpuBatch& batch, int32_t room, int32_t planes) {
  const auto steps = static_cast<int32_t>(divide_up(batch.dimension, kStepValues));
  const int64_t column_bytes = gpu_packing.packed_bytes(batch.count * planes, steps);
  column_tiles_ = static_cast<int32_t>(divide_up(int64_t{batch.count} * planes, cuda::kColumns));
  const auto segments = static_cast<int64_t>(batch.segments.size());
  columns_ = 0;
  bounds_ = cuda::aligned(column_bytes);
  best_ = cuda::aligned(bounds_ + segments * batch.count * static_cast<int64_t>(sizeof(Bound)));
  rows_ = floors_ = cuda::aligned(best_ + batch.count * static_cast<int64_t>(sizeof(cuda::Best)));
  const bool scores = scores_rows(batch);
  if (scores) {
    norms_ = cuda::aligned(rows_ + static_cast<int64_t>(batch.pieces.size() * sizeof(cuda::RowValues)));
    values_ = cuda::aligned(norms_ + batch.count * static_cast<int64_t>(sizeof(double)));
    floors_ = cuda::aligned(values_ + int64_t{batch.count} * cuda::value_steps(batch.dimension) *
                                          static_cast<int64_t>(sizeof(cuda::Eight)));
  }
  upload_.resize(floors_);
  std::memcpy(&upload_[columns_], queries_.view(nullptr).packed, column_bytes);
  for (int64_t s = 0; s < segments; ++s) {
    for (int32_t q = 0; q < batch.count; ++q) {
      const Bound bound = queries_.bound(q, *batch.segments[s].segment);
      std::memcpy(&upload_[bounds_ + (s * batch.count + q) * sizeof(Bound)], &bound, sizeof(bound));
    }
  }
  bests_.resize(batch.count);
  for (int32_t q = 0; q < batch.count; ++q) {
    bests_[q] = {batch.request.minimum_score, static_cast<int32_t>(batch.k[q]), 0, 0, 0};
  }
  std::memcpy(&upload_[best_], bests_.data(), bests_.size() * sizeof(cuda::Best));
  if (scores) write_values(batch);
  small_.reserve(library_, device_, floors_ + batch.count * static_cast<int64_t>(sizeof(Floor)));
  found_.reserve(library_, device_, batch.count * static_cast<int64_t>(sizeof(cuda::Found)) * room);
  if (kernel_for(column_tiles_, batch).instruction == cuda::Instruction::kWgmma) {
    passed_.reserve(library_, device_,
                    kPassedBytes + cuda::kMostKeepers * static_cast<int64_t>(sizeof(int32_t)));
  }
  check(library_, library_.upload(stream_.get(), small_.at<void>(0), upload_.data(),
                                  static_cast<int64_t>(upload_.size())));
}

// For any of those that a scan brings there, at once: growing would take what one under way still reads.
void GpuScan::make_room_for_pieces(const GpuBatch& batch) {
  int64_t codes = 0, bits = 0;
  for (const GpuPiece& piece : batch.pieces) {
    codes = std::max(codes, piece.pinned.bytes());
    if (batch.segments[piece.segment].allowed != nullptr) bits = std::max(bits, allowed_bytes(piece));
  }
  streamed_.reserve(library_, device_, codes);
  allowed_.reserve(library_, device_, bits);
}

// What the GPU needs to score rows.
void GpuScan::write_values(const GpuBatch& batch) {
  for (size_t p = 0; p < batch.pieces.size(); ++p) {
    const GpuPiece& piece = batch.pieces[p];
    cuda::RowValues rows{};
    if (piece.valued_rows > 0) {
      rows = {piece.values.at<cuda::Eight>(0),
              piece.resident.at<double>(GpuPieceLayout(piece.tiles, batch.dimension).norm()),
              piece.valued_rows};
    }
    std::memcpy(&upload_[rows_ + p * sizeof(rows)], &rows, sizeof(rows));
  }
  const int64_t row_bytes = cuda::value_steps(batch.dimension) * static_cast<int64_t>(sizeof(cuda::Eight)),
                bytes = batch.dimension * static_cast<int64_t>(sizeof(float));
  for (int32_t q = 0; q < batch.count; ++q) {
    const double norm = queries_.norm(q);
    std::memcpy(&upload_[norms_ + q * sizeof(norm)], &norm, sizeof(norm));
    uint8_t* to = &upload_[values_ + q * row_bytes];
    std::memcpy(to, batch.queries + int64_t{q} * batch.dimension, bytes);
    std::memset(to + bytes, 0, row_bytes - bytes);
  }
}

void GpuScan::score(const GpuBatch& batch, int32_t room) {
  if (!scores_rows(batch)) return;
  cuda::Score score{small_.at<cuda::RowValues>(rows_),
                    small_.at<cuda::Best>(best_),
                    found_.at<cuda::Found>(0),
                    room,
                    batch.count,
                    small_.at<cuda::Eight>(values_),
                    small_.at<double>(norms_),
                    cuda::value_steps(batch.dimension),
                    batch.request.similarity == Similarity::kCosine,
                    /*best_alone=*/batch.count > kFewQueries};
  if (score.best_alone) {
    // Bounds leave several times as many rows in doubt as the scores of the best k, which are read first.
    check(library_, library_.score(stream_.get(), &score));
    raise(batch, room, rounds_.size());
    score.best_alone = false;
  }
  check(library_, library_.score(stream_.get(), &score));
  raise(batch, room, rounds_.size());
}

void GpuScan::raise(const GpuBatch& batch, int32_t room, size_t round) {
  const int32_t segment = batch.pieces[rounds_[std::min(round, rounds_.size() - 1)].piece].segment;
  const cuda::Raise raise{small_.at<cuda::Best>(best_),
                          found_.at<cuda::Found>(0),
                          room,
                          batch.count,
                          small_.at<Bound>(bounds_) + int64_t{segment} * batch.count,
                          small_.at<Floor>(floors_)};
  check(library_, library_.raise(stream_.get(), &raise));
}

void GpuScan::scan(const GpuBatch& batch, int32_t room, int32_t planes) {
  raise(batch, room, 0);
  cuda::Scan scan{};
  for (size_t i = 0; i < rounds_.size(); ++i) {
    exit_gate::check_running();
    const Round& round = rounds_[i];
    const GpuPiece& piece = batch.pieces[round.piece];
    if (round.first == 0) {
      scan.rows = rows_of(batch, round.piece);
      scan.allowed = allowed_of(batch, round.piece);
    }
    scan.first = round.first;
    scan.tiles = round.tiles;
    scan.all_tiles = piece.tiles;
    scan.stride = stride_of(piece.tiles);
    scan.chunks = cuda::chunks(batch.dimension);
    scan.columns = small_.at<cuda::QueryPart>(columns_);
    scan.column_tiles = column_tiles_;
    scan.bounds = small_.at<Bound>(bounds_) + int64_t{piece.segment} * batch.count;
    scan.floors = small_.at<Floor>(floors_);
    scan.queries = batch.count;
    scan.planes = planes;
    scan.weighted = batch.request.similarity == Similarity::kDot;
    scan.best = small_.at<cuda::Best>(best_);
    scan.found = found_.at<cuda::Found>(0);
    scan.room = room;
    if (passed_.bytes() > 0) {
      scan.passed = passed_.at<cuda::Passed>(0);
      scan.kept = passed_.at<int32_t>(kPassedBytes);
    }
    check(library_, library_.scan(stream_.get(), &scan, kernel_for(column_tiles_, batch)));
    raise(batch, room, i + 1);
  }
  score(batch, room);
  const auto bytes = static_cast<int64_t>(bests_.size() * sizeof(cuda::Best));
  check(library_, library_.download(stream_.get(), bests_.data(), small_.at<void>(best_), bytes, bytes, 1));
}

cuda::Rows GpuScan::rows_of(const GpuBatch& batch, int32_t number) {
  const GpuPiece& piece = batch.pieces[number];
  const GpuPieceLayout layout(piece.tiles, batch.dimension);
  if (!piece.is_resident()) {
    check(library_,
          library_.upload(stream_.get(), streamed_.at<void>(0), piece.pinned.data(), layout.bytes()));
  }
  const cuda::GpuMemory& memory = piece.is_resident() ? piece.resident : streamed_;
  return {memory.at<cuda::RowPart>(0),
          memory.at<float>(layout.scale()),
          memory.at<float>(layout.error()),
          memory.at<float>(layout.weight()),
          memory.at<double>(layout.norm()),
          piece.rows,
          number};
}

const uint64_t* GpuScan::allowed_of(const GpuBatch& batch, int32_t number) {
  const GpuPiece& piece = batch.pieces[number];
  const uint64_t* allowed = batch.segments[piece.segment].allowed;
  if (allowed == nullptr) return nullptr;
  check(library_, library_.upload(stream_.get(), allowed_.at<void>(0), allowed + piece.first_row / 64,
                                  allowed_bytes(piece)));
  return allowed_.at<uint64_t>(0);
}

int64_t GpuScan::scored() const {
  int64_t scored = 0;
  for (const cuda::Best& best : bests_) scored += best.scored;
  return scored;
}

bool GpuScan::overflowed() const {
  return std::ranges::any_of(bests_, [](const cuda::Best& best) { return best.overflowed != 0; });
}

}  // namespace clip4j::search
