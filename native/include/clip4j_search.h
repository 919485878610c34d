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

/* What the rows of an index are called. Without ids a row is called by its number, in the order in which rows were
 * added; such an index only grows. */
typedef enum clip4j_id_kind {
  CLIP4J_ROW_NUMBERS = 0,
  CLIP4J_INT64_IDS = 1,
  CLIP4J_STRING_IDS = 2 /* UTF-8, at most 65535 bytes each */
} clip4j_id_kind;

typedef struct clip4j_ids {
  const int64_t* values; /* the ids, or of each string the end in text */
  const char* text;      /* strings one after another */
  int64_t count;         /* at most INT32_MAX */
  int32_t kind;          /* clip4j_id_kind */
  int32_t reserved;
} clip4j_ids;

/* What never changes about an index. */
typedef struct clip4j_schema {
  const char* fingerprint; /* of the model that makes the rows; null-terminated UTF-8, empty where unknown */
  int32_t dimension;       /* floats in a row: 1 to 536870911, less than 2 GiB */
  int32_t ids;             /* clip4j_id_kind */
} clip4j_schema;

/* The calls that follow make an index, which is the caller's, to give back with clip4j_search_index_free (null is
 * allowed). It may be changed while others search: a search works on the rows that were there when it began. */

/* Over `n` rows of `dimension` floats, row-major, called by their numbers. It never changes. Codes of a byte a value, a
 * quarter of the rows' memory, are made of them and scanned, and `rows` is kept (borrowed for the life of the index,
 * never written, never freed) for the few whose scores the codes leave in doubt. n >= 1; dimension as in clip4j_schema.
 * A non-finite value is CLIP4J_INVALID_ARGUMENT and names its row. */
CLIP4J_API int32_t clip4j_search_index_create(const float* rows, int64_t n, int32_t dimension,
                                              clip4j_index** index);
/* Empty, in memory alone. */
CLIP4J_API int32_t clip4j_search_index_create_in_memory(const clip4j_schema* schema, clip4j_index** index);
/* Empty, in a folder that has none and is made where it is missing; durable when it returns. `row_memory` is what the
 * float32 rows may take in memory, beyond which they are read from their files one by one; negative: a quarter of the
 * machine's. CLIP4J_INVALID_ARGUMENT where there is an index already; CLIP4J_LOCKED where another, of whatever process,
 * is open there for writing. */
CLIP4J_API int32_t clip4j_search_index_create_in_folder(const char* folder, const clip4j_schema* schema,
                                                        int64_t row_memory, clip4j_index** index);
/* The last committed state of a folder, which a reader keeps and a writer changes. Files are read when they are first
 * needed; every call that reads them may find them CLIP4J_CORRUPT or CLIP4J_UNREADABLE. CLIP4J_MISSING where there is no
 * index, CLIP4J_UNSUPPORTED where a later version wrote it, CLIP4J_LOCKED as above, for a writer. */
CLIP4J_API int32_t clip4j_search_index_open(const char* folder, int32_t writable, int64_t row_memory,
                                            clip4j_index** index);
CLIP4J_API void clip4j_search_index_free(clip4j_index* index);

/* The fingerprint stays the index's. */
CLIP4J_API int32_t clip4j_search_index_schema(const clip4j_index* index, clip4j_schema* schema);
CLIP4J_API int32_t clip4j_search_index_size(const clip4j_index* index, int64_t* size);

/* Calls that change an index come one after another, whatever their threads; where one fails, nothing has changed.
 * CLIP4J_UNSUPPORTED where it was made over rows or opened for reading. What is written is found at once, and durable
 * after commit. */

/* Adds n rows (borrowed, row-major) with as many ids of the index's kind; of CLIP4J_ROW_NUMBERS there are none. An id
 * that the index has, or that comes twice, replaces the row that came before (replace = 1), or is
 * CLIP4J_INVALID_ARGUMENT (0). So is a value that is not finite. */
CLIP4J_API int32_t clip4j_search_index_add(clip4j_index* index, const float* rows, int64_t n,
                                           const clip4j_ids* ids, int32_t replace);
/* *removed says how many there were. */
CLIP4J_API int32_t clip4j_search_index_remove(clip4j_index* index, const clip4j_ids* ids, int64_t* removed);
/* Returns when the current state is durable. Where it fails, the next commit tries again, and until then a crash leaves
 * this state or the one before. CLIP4J_UNSUPPORTED for an index in memory. */
CLIP4J_API int32_t clip4j_search_index_commit(clip4j_index* index);

/* Copies the rows of ids of the index's kind (numbers, where rows are called by their numbers) to `rows`, row-major with
 * room for all of them, or nowhere where it is null. known[i] is 1 where the index has the i-th, else 0 and its row
 * zeros. */
CLIP4J_API int32_t clip4j_search_index_rows(const clip4j_index* index, const clip4j_ids* ids, float* rows,
                                            uint8_t* known);

/* *ids: those of the rows that there are now, in the order of rows, of the index's kind; where rows are called by their
 * numbers, these, of CLIP4J_INT64_IDS. What it points to is *memory, the caller's, to give back with
 * clip4j_search_release. */
CLIP4J_API int32_t clip4j_search_index_ids(const clip4j_index* index, clip4j_ids* ids, void** memory);

/* Reads what the first search would otherwise read. */
CLIP4J_API int32_t clip4j_search_index_warm(const clip4j_index* index);

/* Native memory of an index, in bytes. */
typedef struct clip4j_memory_use {
  int64_t codes; /* the compact copy that searches scan */
  int64_t rows;  /* float32 rows that are in memory */
  int64_t ids;
  int64_t deletions;
} clip4j_memory_use;
CLIP4J_API int32_t clip4j_search_index_memory(const clip4j_index* index, clip4j_memory_use* use);

/* Reads and checks everything that the index in a folder consists of. *findings: for each of *count things that are
 * wrong the name of the file and what is wrong, each null-terminated; *bytes in all. It is the caller's, to give back
 * with clip4j_search_release. */
CLIP4J_API int32_t clip4j_search_verify(const char* folder, int64_t* count, char** findings, int64_t* bytes);

/* A k that leaves out no row: with a minimum score, a range search. The hits of all queries of a call are in memory at
 * once: where they may be too many, ask for a smaller k first. */
#define CLIP4J_ALL_ROWS INT64_MAX

typedef enum clip4j_filter_kind { CLIP4J_NO_FILTER = 0, CLIP4J_ALLOW = 1, CLIP4J_DENY = 2 } clip4j_filter_kind;

/* What to find. All memory is borrowed. */
typedef struct clip4j_request {
  const int64_t* k;           /* at least 1 each, or CLIP4J_ALL_ROWS */
  int64_t k_count;            /* 1: one k for all queries; else one a query */
  double minimum_score;       /* rows that score less are no hits; minus infinity leaves out none, NaN is an error */
  int32_t similarity;         /* clip4j_similarity */
  int32_t filter;             /* clip4j_filter_kind: whether the rows that follow are the only ones or excluded */
  clip4j_ids filter_ids;      /* unknown ones mean nothing; longs where rows have no ids; of CLIP4J_ROW_NUMBERS: by number, */
  const uint64_t* filter_rows; /* bit r % 64 of word r / 64 for row r, */
  int64_t filter_words;       /* 0 after so many words */
  int64_t first_query;        /* the number of the call's first query, for messages alone: callers may search in parts */
} clip4j_request;

/* Where results are written. Reused from search to search, it takes no new memory. For one thread at a time. */
typedef struct clip4j_hits clip4j_hits;
CLIP4J_API int32_t clip4j_search_hits_create(clip4j_hits** hits);
CLIP4J_API void clip4j_search_hits_free(clip4j_hits* hits);

/* What a search found; memory of the clip4j_hits, valid until it is searched with again or freed. */
typedef struct clip4j_found {
  const int64_t* offset; /* [query_count + 1]: query q has hits offset[q] to offset[q + 1] - 1, the best first */
  const int64_t* row;
  const double* score;
  const int64_t* id;   /* ids as in clip4j_ids; of CLIP4J_ROW_NUMBERS the rows again */
  const char* id_text;
  int64_t rescored; /* rows of all queries whose float32 values were read */
} clip4j_found;

/* The best k rows for each of `query_count` queries (borrowed, row-major, the index's dimension), fewer where there are
 * fewer. The truth is the stored float32 rows in float64 arithmetic; equal scores are ordered by row number. Cosine of
 * a zero row is 0. A zero (cosine) or non-finite query is CLIP4J_INVALID_ARGUMENT and names its number, counted from
 * first_query; k < 1 too.
 * One query that does not pay for a second thread (some 30,000 rows of 512) takes no memory, once its thread has
 * searched before. A filter's rows are passed over at scan speed: blocks of 16 rows without one are not read. */
CLIP4J_API int32_t clip4j_search_index_search(const clip4j_index* index, const float* queries,
                                              int32_t query_count, const clip4j_request* request,
                                              clip4j_hits* hits, clip4j_found* found);

/* A copy of an index on a GPU: what it finds is what was there when it was copied. */
typedef struct clip4j_gpu_index clip4j_gpu_index;

/* Copies the rows that `index` has now to CUDA device `device`. `library` (null-terminated path) is libclip4j_search_cuda,
 * which is loaded and stays loaded. Of `memory` bytes of the GPU's (negative: what is free but for a reserve: a tenth of
 * it, at least 1.875 GiB, and at most half of it) codes come first, then float32 rows as far as they fit (negative: in
 * half of what the codes leave). Codes beyond that wait in pinned memory of the CPU's and are copied at each search. The
 * index is kept: it may change, and is freed after the copy. The caller gives the copy back with
 * clip4j_search_gpu_free (null is allowed).
 * CLIP4J_MISSING where the library cannot be loaded; CLIP4J_UNSUPPORTED where there is no such GPU, no driver, or one
 * that is too old, or where rows are too long for it; CLIP4J_OUT_OF_MEMORY where either memory is not enough. */
CLIP4J_API int32_t clip4j_search_gpu_create(const clip4j_index* index, const char* library, int32_t device,
                                            int64_t memory, clip4j_gpu_index** gpu);
CLIP4J_API void clip4j_search_gpu_free(clip4j_gpu_index* gpu);

/* As clip4j_search_index_search, with the same result. More than 1024 hits a query and ranges are found by the CPU. */
CLIP4J_API int32_t clip4j_search_gpu_search(const clip4j_gpu_index* gpu, const float* queries,
                                            int32_t query_count, const clip4j_request* request,
                                            clip4j_hits* hits, clip4j_found* found);

CLIP4J_API int32_t clip4j_search_gpu_size(const clip4j_gpu_index* gpu, int64_t* size);

/* Memory of a copy, in bytes. */
typedef struct clip4j_gpu_memory {
  int64_t resident; /* the GPU's */
  int64_t pinned;   /* the CPU's, of rows that the GPU has no room for */
} clip4j_gpu_memory;
CLIP4J_API int32_t clip4j_search_gpu_memory(const clip4j_gpu_index* gpu, clip4j_gpu_memory* use);

/* What multiplies for more than 64 queries there: "wgmma" on a Hopper, "mma" elsewhere and for rows of more than 1,536
 * values. wgmma is tried when a process first copies an index to a GPU: where it finds other hits than the CPU, mma
 * multiplies, and the text says so. Static text. */
CLIP4J_API int32_t clip4j_search_gpu_kernel(const clip4j_gpu_index* gpu, const char** kernel);

/* The instruction set that the scan uses here ("amx", which up to three queries at a time do without; "avx512vnni",
 * "avx512", "avxvnni", "avx2", "scalar"); static text. */
CLIP4J_API const char* clip4j_search_kernel(void);
/* Threads that a search may use: the CPUs this process may run on, control-group quota included. */
CLIP4J_API int32_t clip4j_search_threads(void);

#endif
