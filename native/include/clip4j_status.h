/* Status codes shared by the two C ABIs, clip4j_search.h and clip4j.h. */
#ifndef CLIP4J_STATUS_H
#define CLIP4J_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
#define CLIP4J_API extern "C" __attribute__((visibility("default")))
#else
#define CLIP4J_API __attribute__((visibility("default")))
#endif

/* What a call returns. Everything but CLIP4J_OK leaves a text, of the calling thread, in
 * clip4j_search_last_error() or clip4j_last_error(), whichever library was called. */
typedef enum clip4j_status {
  CLIP4J_OK = 0,
  CLIP4J_INVALID_ARGUMENT = 1, /* the caller's values: null, out of range, not finite, shapes that disagree */
  CLIP4J_OUT_OF_MEMORY = 2,
  CLIP4J_MISSING = 3,     /* no such file, or a tensor that the weights lack */
  CLIP4J_UNREADABLE = 4,  /* the file exists but cannot be read: a directory, permissions, an I/O error */
  CLIP4J_CORRUPT = 5,     /* the bytes are not what their format promises */
  CLIP4J_TOO_LARGE = 6,   /* over a limit that the caller set or the format states */
  CLIP4J_UNSUPPORTED = 7, /* well-formed, but not something this build or these options accept */
  CLIP4J_SHUTTING_DOWN = 8, /* the process is exiting */
  CLIP4J_INTERNAL = 9,
  CLIP4J_UNWRITABLE = 10, /* a file cannot be written: a full disk, permissions, an I/O error */
  CLIP4J_LOCKED = 11      /* somebody else is writing there */
} clip4j_status;

#endif
