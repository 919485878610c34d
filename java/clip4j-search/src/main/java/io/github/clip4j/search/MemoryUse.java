package io.github.clip4j.search;

/**
 * Native memory of an index, in bytes.
 *
 * @param codes the compact copy that searches scan
 * @param rows the float32 rows; those that are read from disk one by one take none
 * @param ids ids and their tables
 * @param deletions which rows are no more
 */
public record MemoryUse(long codes, long rows, long ids, long deletions) {
  /** All of it. */
  public long total() {
    return codes + rows + ids + deletions;
  }
}
