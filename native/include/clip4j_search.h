/* The C ABI of libclip4j_search: exact top-k over rows of float32. Needs neither libtorch nor OpenCV.
 *
 * Ownership: who allocates frees, unless a line says otherwise. "borrowed" memory is read during the call
 * alone; "kept" memory must outlive the handle. Every function is safe from any thread; a handle may be used by
 * many threads at once, but freed only when none uses it.
 */
#ifndef CLIP4J_SEARCH_H
#define CLIP4J_SEARCH_H

#include "clip4j_status.h"

typedef struct clip4j_index clip4j_index;
typedef struct clip4j_hits clip4j_hits;

typedef enum clip4j_similarity { CLIP4J_COSINE = 0, CLIP4J_DOT = 1 } clip4j_similarity;

/* The text of this thread's last failed call; owned by the library, valid until the thread's next call. */
CLIP4J_API const char* clip4j_search_last_error(void);

/* Bytes and handles that this library has given out and not yet got back. */
CLIP4J_API int64_t clip4j_search_live_bytes(void);
CLIP4J_API int64_t clip4j_search_live_handles(void);

/* Zeroed memory, aligned to 64 bytes, counted in live_bytes; null when there is none (or bytes < 0).
 * The caller owns it and gives it back with clip4j_search_release (null is allowed). */
CLIP4J_API void* clip4j_search_allocate(int64_t bytes);
CLIP4J_API void clip4j_search_release(void* memory);

/* Divides each of n rows (row-major, `dimension` floats) by its Euclidean norm, in place. A zero or non-finite
 * row is CLIP4J_INVALID_ARGUMENT and names its number; then no row has been changed. */
CLIP4J_API int32_t clip4j_search_normalize(float* rows, int64_t n, int32_t dimension);

/* An index over `n` rows of `dimension` floats, row-major: codes of a byte a value, a quarter of the rows' memory, are
 * made of them and scanned, and `rows` is kept (borrowed for the life of the index, never written, never freed) for the
 * few whose scores the codes leave in doubt. n >= 1, dimension >= 1. A non-finite value is CLIP4J_INVALID_ARGUMENT and
 * names its row. *index is the caller's, to give back with clip4j_search_index_free (null is allowed). */
CLIP4J_API int32_t clip4j_search_index_create(const float* rows, int64_t n, int32_t dimension,
                                              clip4j_index** index);
CLIP4J_API void clip4j_search_index_free(clip4j_index* index);

/* Native memory of the index in bytes, without its rows. */
CLIP4J_API int64_t clip4j_search_index_bytes(const clip4j_index* index);

/* The best k rows for each of `query_count` queries (borrowed, row-major, the index's dimension), best first:
 * hits = min(k, n), written to `rows` and `scores`, each query_count x hits, row-major, the caller's.
 * The truth is the stored float32 rows in float64 arithmetic; equal scores are ordered by row number. Cosine of
 * a zero row is 0. A zero (cosine) or non-finite query is CLIP4J_INVALID_ARGUMENT and names its number; k < 1 too.
 * One query that does not pay for a second thread (some 30,000 rows of 512) takes no memory, once its thread has
 * searched before. */
CLIP4J_API int32_t clip4j_search_index_search(const clip4j_index* index, const float* queries,
                                              int32_t query_count, int32_t k, int32_t similarity,
                                              int32_t* rows, double* scores);

/* The same, where queries may have different numbers of hits.
 *
 * `k` (borrowed): `k_count` numbers, each at least 1; one for all queries, or one a query. CLIP4J_ALL_ROWS leaves out
 * no row: with a minimum score, a range search.
 * `minimum_score`: rows that score less are no hits; minus infinity for none, NaN is CLIP4J_INVALID_ARGUMENT.
 * `allowed` (borrowed, null for all rows): bit r % 64 of word r / 64 says whether row r may be a hit; (n + 63) / 64
 * words, bits after the last row mean nothing. Blocks of 16 rows without one that may are not read.
 * `hits` (the caller's) is overwritten. What it holds after an error is of no use. */
#define CLIP4J_ALL_ROWS INT64_MAX
CLIP4J_API int32_t clip4j_search_index_find(const clip4j_index* index, const float* queries,
                                            int32_t query_count, const int64_t* k, int32_t k_count,
                                            double minimum_score, int32_t similarity, const uint64_t* allowed,
                                            clip4j_hits* hits);

/* Memory for hits, empty at first. A search fills it; one that is used again takes new memory only for more hits than
 * ever. For one thread at a time. *hits is the caller's, to give back with clip4j_search_hits_free (null is allowed). */
CLIP4J_API int32_t clip4j_search_hits_create(clip4j_hits** hits);
CLIP4J_API void clip4j_search_hits_free(clip4j_hits* hits);

/* What the last search found, owned by `hits`, valid until its next search. The hits of query q are entries
 * offsets[q] to offsets[q + 1] - 1 of rows and scores, best first; query_count + 1 offsets. */
CLIP4J_API const int64_t* clip4j_search_hits_offsets(const clip4j_hits* hits);
CLIP4J_API const int64_t* clip4j_search_hits_rows(const clip4j_hits* hits);
CLIP4J_API const double* clip4j_search_hits_scores(const clip4j_hits* hits);
/* Rows, of all queries, that the last search scored by their float32 values: the hits, and what the codes left in
 * doubt. */
CLIP4J_API int64_t clip4j_search_hits_rescored(const clip4j_hits* hits);

/* The instruction set that the scan uses here ("avx512vnni", "avx512", "avx2", "scalar"); static text. */
CLIP4J_API const char* clip4j_search_kernel(void);
/* Threads that a search may use: the CPUs this process may run on, control-group quota included. */
CLIP4J_API int32_t clip4j_search_threads(void);

#endif
