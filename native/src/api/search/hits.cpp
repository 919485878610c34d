#include <algorithm>
#include <string>
#include <vector>

#include "api/search/index_handle.h"
#include "base/boundary.h"
#include "search/search.h"

using clip4j::deref;
using clip4j::fail;
using clip4j::ids_of;
using clip4j::translate_exceptions;
using clip4j::search::Similarity;
using clip4j::store::Filter;

// What a clip4j_hits* points to.
struct clip4j_hits {
  clip4j::search::Hits hits;
  std::vector<int64_t> ids;
  std::string id_text;
  std::vector<uint64_t> filter_rows;
  clip4j::CountedHandle counted;
};

namespace {

clip4j::search::Request request_of(const clip4j_request& request, int32_t query_count) {
  if (request.k_count != 1 && request.k_count != query_count) {
    fail(CLIP4J_INVALID_ARGUMENT, "there are ", request.k_count, " k for ", query_count, " queries");
  }
  if (request.similarity != CLIP4J_COSINE && request.similarity != CLIP4J_DOT) {
    fail(CLIP4J_INVALID_ARGUMENT, "there is no similarity ", request.similarity);
  }
  if (request.k_count > 0) deref(request.k, "k");
  return {.k = {request.k, static_cast<size_t>(request.k_count)},
          .minimum_score = request.minimum_score,
          .similarity = request.similarity == CLIP4J_DOT ? Similarity::kDot : Similarity::kCosine,
          .first_query = request.first_query};
}

// `words` becomes the bitmap of all rows.
Filter filter_of(const clip4j_request& request, int64_t rows, std::vector<uint64_t>& words) {
  if (request.filter != CLIP4J_ALLOW && request.filter != CLIP4J_DENY) {
    fail(CLIP4J_INVALID_ARGUMENT, "there is no filter ", request.filter);
  }
  const Filter::Kind kind = request.filter == CLIP4J_DENY ? Filter::Kind::kDeny : Filter::Kind::kAllow;
  if (request.filter_ids.kind != CLIP4J_ROW_NUMBERS) return {kind, ids_of(request.filter_ids), nullptr};
  if (request.filter_words < 0) fail(CLIP4J_INVALID_ARGUMENT, "filter_words is ", request.filter_words);
  if (request.filter_words > 0) deref(request.filter_rows, "filter_rows");
  words.assign(clip4j::search::divide_up(rows, 64), 0);
  std::copy_n(request.filter_rows, std::min<int64_t>(words.size(), request.filter_words), words.begin());
  return {kind, {}, words.data()};
}

}  // namespace

void clip4j::search_snapshot(const store::Snapshot& snapshot, const search::GpuIndex* gpu,
                             const SearchArguments& arguments) {
  const auto& [queries, query_count, request, hits, found] = arguments;
  if (query_count < 0) fail(CLIP4J_INVALID_ARGUMENT, "query_count is ", query_count);
  if (query_count > 0) deref(queries, "queries");
  clip4j_hits& to = deref(hits, "hits");
  const auto wanted = request_of(deref(request, "request"), query_count);
  if (request->filter == CLIP4J_NO_FILTER) {
    snapshot.search(queries, query_count, wanted, nullptr, to.hits, gpu);
  } else {
    const Filter filter = filter_of(*request, snapshot.rows(), to.filter_rows);
    snapshot.search(queries, query_count, wanted, &filter, to.hits, gpu);
  }
  to.ids.clear();
  to.id_text.clear();
  snapshot.append_ids(to.hits.row, to.ids, to.id_text);
  deref(found, "found") = {to.hits.offset.data(), to.hits.row.data(), to.hits.score.data(),
                           to.ids.data(),         to.id_text.data(),  to.hits.rescored};
}

int32_t clip4j_search_hits_create(clip4j_hits** hits) {
  return translate_exceptions([&] {
    clip4j_hits*& to = deref(hits, "hits");
    to = new clip4j_hits;
  });
}

void clip4j_search_hits_free(clip4j_hits* hits) { delete hits; }

int32_t clip4j_search_index_search(const clip4j_index* index, const float* queries, int32_t query_count,
                                   const clip4j_request* request, clip4j_hits* hits, clip4j_found* found) {
  return translate_exceptions([&] {
    const auto snapshot = deref(index, "index").index->snapshot();
    clip4j::search_snapshot(*snapshot, nullptr, {queries, query_count, request, hits, found});
  });
}
