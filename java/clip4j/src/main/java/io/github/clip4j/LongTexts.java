package io.github.clip4j;

/** What becomes of a text that is longer than {@link ClipModel#maxTokens}. */
public enum LongTexts {
  /** It is cut, as in training: what it says last does not count. */
  TRUNCATE,

  /**
   * It is split into parts of about equal length, between words where that is possible, each with
   * begin and end. Its embedding is the mean of the parts' embeddings of length 1, scaled to length
   * 1 again. No model was trained that way: it finds a document by any of its topics, where a cut
   * one is found by those of its beginning.
   */
  POOL
}
