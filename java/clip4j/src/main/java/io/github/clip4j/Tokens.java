package io.github.clip4j;

import java.util.Arrays;

/**
 * A text as a model reads it.
 *
 * @param ids token ids, begin, end and the padding that the model reads included; not copied
 * @param truncated whether the text was longer than the model takes; the end token is kept
 */
public record Tokens(int[] ids, boolean truncated) {
  @Override
  public boolean equals(Object other) {
    return other instanceof Tokens tokens
        && truncated == tokens.truncated
        && Arrays.equals(ids, tokens.ids);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ids);
  }

  @Override
  public String toString() {
    return "Tokens[ids=" + Arrays.toString(ids) + ", truncated=" + truncated + "]";
  }
}
