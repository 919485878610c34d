package io.github.clip4j.internal.tokenizer;

import java.util.ArrayList;
import java.util.List;

/** Where a text that is too long for the model is split. */
final class TextChunks {
  private TextChunks() {}

  /**
   * Where parts end: as few parts as there can be, about equally long, each ending where a word
   * does if it has the end of one.
   *
   * @param words which word each token belongs to
   * @param longest tokens that a part may have
   */
  static List<Integer> ends(long[] words, int longest) {
    List<Integer> ends = new ArrayList<>();
    for (int start = 0; start < words.length; start = ends.get(ends.size() - 1)) {
      int left = words.length - start;
      int parts = (left + longest - 1) / longest;
      int end = start + (left + parts - 1) / parts;
      ends.add(nearWordEnd(words, start, end, Math.min(start + longest, words.length)));
    }
    return ends;
  }

  /** The last end of a word after {@code start} and up to {@code end}, else the next one. */
  private static int nearWordEnd(long[] words, int start, int end, int last) {
    for (int before = end; before > start; before--) {
      if (isWordEnd(words, before)) {
        return before;
      }
    }
    for (int behind = end + 1; behind <= last; behind++) {
      if (isWordEnd(words, behind)) {
        return behind;
      }
    }
    return end; // One word fills it all.
  }

  private static boolean isWordEnd(long[] words, int at) {
    return at == words.length || words[at] != words[at - 1];
  }
}
