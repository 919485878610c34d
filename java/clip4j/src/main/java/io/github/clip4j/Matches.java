package io.github.clip4j;

import java.util.List;

/**
 * What became of every pair: a verdict, or the failure of its picture.
 *
 * @param matches verdicts, in order of pairs
 * @param failures pictures that could not be read, in order; {@link ImageFailure#input} is the pair
 */
public record Matches(List<Match> matches, List<ImageFailure> failures) {
  /** Copies the lists. */
  public Matches {
    matches = List.copyOf(matches);
    failures = List.copyOf(failures);
  }

  /**
   * The verdicts, one for every pair.
   *
   * @throws io.github.clip4j.search.Clip4jException where a picture failed
   */
  public List<Match> orThrow() {
    if (!failures.isEmpty()) {
      throw ImageFailure.first(failures);
    }
    return matches;
  }
}
