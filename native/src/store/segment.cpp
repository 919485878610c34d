#include "store/segment.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/cpu.h"
#include "base/error.h"
#include "search/kernels/kernel.h"
#include "search/parallel.h"

namespace clip4j::store {
namespace {

// Rows that are in memory, and count against the budget as long.
class OwnedRows final : public search::MemoryRows {
 public:
  OwnedRows(Array<float> rows, int32_t dimension, Budget::Share share)
      : MemoryRows(rows.data(), dimension), rows_(std::move(rows)), share_(std::move(share)) {}

 private:
  Array<float> rows_;
  Budget::Share share_;
};

// Throws unless rows have the norms that were stored with their codes: to the bit, for exact.h's arithmetic
// is the same everywhere. So rows that are read one by one, without their tensor's checksum, are checked too
// (but for signs), and a value that is not finite gets nowhere.
void check_norms(std::span<const float> rows, std::span<const double> norms, const std::string& file,
                 int64_t first) {
  const search::DefaultFloatingPoint environment;
  const search::Arithmetic& arithmetic = search::kernel(instruction_set()).arithmetic;
  const size_t dimension = rows.size() / norms.size();
  for (size_t i = 0; i < norms.size(); ++i) {
    const float* row = &rows[i * dimension];
    if (std::sqrt(arithmetic.dot(row, row, static_cast<int32_t>(dimension))) != norms[i]) {
      fail(CLIP4J_CORRUPT, file, ": row ", first + static_cast<int64_t>(i),
           " is not the one that was written");
    }
  }
}

// Rows that stay in a file.
class FileRows final : public search::RowSource {
 public:
  // `norms` are read as long as rows are.
  FileRows(std::shared_ptr<const File> file, const Header& header, int32_t dimension, const double* norms)
      : file_(std::move(file)),
        name_(header.file),
        offset_(header.tensor("rows").offset),
        dimension_(dimension),
        norms_(norms) {}
  const float* row(int64_t i, float* scratch) const override {
    const std::span<float> to(scratch, dimension_);
    file_->read(writable_bytes_of(to), offset_ + i * static_cast<int64_t>(to.size_bytes()));
    check_norms(to, {norms_ + i, 1}, name_, i);
    return scratch;
  }

 private:
  std::shared_ptr<const File> file_;
  std::string name_;
  int64_t offset_;
  size_t dimension_;
  const double* norms_;
};

// What the tensors of a segment's file hold.
struct Data {
  Bytes norm, ids, scale, error, codes, rows, mean, reach, id_text;
};

// The tensors of a segment's file, in their order.
std::vector<Tensor> tensors_of(int64_t n, int32_t dimension, IdKind kind, const Data& data = {}) {
  const int64_t blocks = search::divide_up(n, search::kBlockRows), padded = blocks * search::kBlockRows;
  const int64_t steps = search::divide_up(dimension, search::kStepValues);
  std::vector<Tensor> tensors = {{"norm", Dtype::kF64, {padded}, data.norm}};
  if (kind != IdKind::kNone) {
    tensors.push_back({kind == IdKind::kInt64 ? "ids" : "id_ends", Dtype::kI64, {n}, data.ids});
  }
  tensors.push_back({"scale", Dtype::kF32, {padded}, data.scale});
  tensors.push_back({"error", Dtype::kF32, {padded}, data.error});
  tensors.push_back(
      {"codes", Dtype::kU8, {blocks, steps, search::kBlockRows, search::kStepValues}, data.codes});
  tensors.push_back({"rows", Dtype::kF32, {n, dimension}, data.rows});
  tensors.push_back({"mean", Dtype::kF32, {dimension}, data.mean});
  tensors.push_back({"reach", Dtype::kF32, {1}, data.reach});
  if (kind == IdKind::kString) {
    tensors.push_back({"id_text", Dtype::kU8, {static_cast<int64_t>(data.id_text.size())}, data.id_text});
  }
  return tensors;
}

// Whether what the bound and scores are made of are numbers that can be. What an encoder wrote is, and every
// change of it has another checksum; but who makes up a file gets that right.
bool sound(const search::Codes& codes) {
  const auto finite = [](auto value) { return std::isfinite(value); };
  const auto length = [](auto value) { return std::isfinite(value) && value >= 0; };
  return std::ranges::all_of(codes.norm.span(), length) && std::ranges::all_of(codes.scale.span(), length) &&
         std::ranges::all_of(codes.error.span(), length) && length(codes.reach) &&
         std::ranges::all_of(codes.mean.span(), finite);
}

}  // namespace

Segment::Segment(Array<float> rows, int32_t dimension, IdColumn ids, std::shared_ptr<Budget> budget)
    : rows_(rows.size() / dimension),
      dimension_(dimension),
      kind_(ids.view().kind),
      budget_(std::move(budget)) {
  const float* values = rows.data();
  search::Codes codes = search::encode(values, rows_, dimension);
  Budget::Share share(budget_, rows.bytes());
  auto owned = std::make_shared<OwnedRows>(std::move(rows), dimension, std::move(share));
  content_.get([&] { return std::make_unique<const Content>(std::move(codes), std::move(owned), values); });
  column_.get([&] { return std::make_unique<const IdColumn>(std::move(ids)); });
}

Segment::Segment(const float* rows, int64_t n, int32_t dimension)
    : rows_(n), dimension_(dimension), kind_(IdKind::kNone) {
  search::Codes codes = search::encode(rows, n, dimension);
  auto borrowed = std::make_shared<search::MemoryRows>(rows, dimension);
  content_.get([&] { return std::make_unique<const Content>(std::move(codes), std::move(borrowed), rows); });
  column_.get([] { return std::make_unique<const IdColumn>(IdKind::kNone); });
}

Segment::Segment(const Folder& folder, const SegmentEntry& entry, int64_t rows, const Schema& schema,
                 std::shared_ptr<Budget> budget)
    : rows_(rows), dimension_(schema.dimension), kind_(schema.ids), budget_(std::move(budget)) {
  const std::string name = segment_name(entry.number), path = folder.path() + "/" + name;
  file_ = folder.open(name);
  const int64_t length = file_->size();
  if (length != entry.length) fail(CLIP4J_CORRUPT, path, " is ", length, " bytes long, not ", entry.length);
  header_ = read_header(*file_, path);
  if (header_.crc32c != entry.header_crc32c)
    fail(CLIP4J_CORRUPT, path, " is not the file that was published");
  const std::vector<Tensor> expected = tensors_of(rows_, dimension_, kind_);
  for (const Tensor& tensor : expected) {
    // How long the text is only the file knows.
    if (tensor.name != "id_text") header_.tensor(tensor.name, tensor.dtype, tensor.shape);
  }
  if (header_.tensors.size() != expected.size()) fail(CLIP4J_CORRUPT, path, " has unknown tensors");
}

const Segment::Content& Segment::content() const {
  return content_.get([this] { return load(); });
}

std::unique_ptr<const Segment::Content> Segment::load() const {
  const auto read = [this](const char* name, auto to) {
    read_tensor(*file_, header_, header_.tensor(name), writable_bytes_of(to));
  };
  search::Codes codes(rows_, dimension_);
  read("norm", codes.norm.span());
  read("scale", codes.scale.span());
  read("error", codes.error.span());
  read("codes", codes.values.span());
  read("mean", codes.mean.span());
  read("reach", std::span(&codes.reach, 1));
  if (!sound(codes)) fail(CLIP4J_CORRUPT, header_.file, ": its codes have a bound or a norm that cannot be");
  Budget::Share share(budget_, row_bytes());
  if (!share.fits()) {
    auto source = std::make_shared<FileRows>(file_, header_, dimension_, codes.norm.data());
    return std::make_unique<const Content>(std::move(codes), std::move(source), nullptr);
  }
  Array<float> rows(rows_ * dimension_);
  read("rows", rows.span());
  check_norms(rows.span(), codes.norm.span().first(rows_), header_.file, 0);
  const float* values = rows.data();
  auto source = std::make_shared<OwnedRows>(std::move(rows), dimension_, std::move(share));
  return std::make_unique<const Content>(std::move(codes), std::move(source), values);
}

const IdColumn& Segment::column() const {
  return column_.get([this] { return load_ids(); });
}

std::unique_ptr<const IdColumn> Segment::load_ids() const {
  std::vector<int64_t> values(kind_ == IdKind::kNone ? 0 : rows_);
  std::string text;
  if (kind_ != IdKind::kNone) {
    read_tensor(*file_, header_, header_.tensor(kind_ == IdKind::kInt64 ? "ids" : "id_ends"),
                writable_bytes_of(std::span(values)));
  }
  if (kind_ == IdKind::kString) {
    const StoredTensor& tensor = header_.tensor("id_text");
    text.resize(tensor.bytes);
    read_tensor(*file_, header_, tensor, writable_bytes_of(std::span<char>(text)));
    if (values.front() < 0 || !std::is_sorted(values.begin(), values.end()) ||
        values.back() != tensor.bytes) {
      fail(CLIP4J_CORRUPT, header_.file, ": the ids do not lie in id_text");
    }
  }
  return std::make_unique<const IdColumn>(kind_, std::move(values), std::move(text));
}

Ids Segment::ids() const { return column().view(); }

int64_t Segment::find(const Ids& ids, int64_t i) const {
  const Ids mine = this->ids();
  return table_.get([&] { return std::make_unique<const IdTable>(mine); }).find(mine, ids, i);
}

void Segment::copy_rows(float* to) const {
  const Content* content = content_.peek();
  if (content != nullptr && content->in_memory != nullptr) {
    std::copy_n(content->in_memory, rows_ * dimension_, to);
  } else {
    read_tensor(*file_, header_, header_.tensor("rows"),
                writable_bytes_of(std::span(to, rows_ * dimension_)));
  }
}

Written Segment::write(File& file) const {
  const Content& content = this->content();
  const search::Codes& codes = content.segment.codes();
  const Ids ids = this->ids();
  Data data{.norm = bytes_of(codes.norm.span()),
            .ids = bytes_of(std::span(ids.values, ids.count)),
            .scale = bytes_of(codes.scale.span()),
            .error = bytes_of(codes.error.span()),
            .codes = bytes_of(codes.values.span()),
            .rows = bytes_of(std::span(content.in_memory, rows_ * dimension_)),
            .mean = bytes_of(codes.mean.span()),
            .reach = bytes_of(std::span(&codes.reach, 1)),
            .id_text = {}};
  if (kind_ == IdKind::kString) data.id_text = bytes_of(std::span(ids.text, ids.values[rows_ - 1]));
  return write_tensors(file, {{"format", "clip4j-segment"}}, tensors_of(rows_, dimension_, kind_, data));
}

void Segment::add_use(MemoryUse& use) const {
  if (const Content* content = content_.peek()) {
    use.codes += content->segment.bytes();
    if (content->in_memory != nullptr) use.rows += row_bytes();
  }
  if (const IdColumn* column = column_.peek()) use.ids += column->bytes();
  if (const IdTable* table = table_.peek()) use.ids += table->bytes();
}

std::vector<std::string> Segment::check() const {
  std::vector<std::string> problems;
  const auto attempt = [&](const auto& body) {
    try {
      body();
    } catch (const Error& e) {
      if (e.status() == CLIP4J_SHUTTING_DOWN) throw;
      problems.emplace_back(e.what());
    }
  };
  for (const StoredTensor& tensor : header_.tensors) {
    attempt([&] { check_tensor(*file_, header_, tensor); });
  }
  if (problems.empty()) attempt([&] { load_ids(); });
  return problems;
}

}  // namespace clip4j::store
