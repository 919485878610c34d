package io.github.clip4j;

import java.util.List;

/**
 * What there is to say of one call that embedded texts.
 *
 * @param timings where the time went
 * @param truncated the indexes of the texts that were longer than the model's {@link
 *     ClipModel#maxTokens} and were cut, in order
 * @param pooled the indexes of those that were split instead, see {@link LongTexts#POOL}, in order
 */
public record TextReport(Timings timings, List<Integer> truncated, List<Integer> pooled) {
  /** Copies the lists. */
  public TextReport {
    truncated = List.copyOf(truncated);
    pooled = List.copyOf(pooled);
  }
}
