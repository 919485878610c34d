package io.github.clip4j;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a {@link ZeroShotClassifier} makes of a picture.
 *
 * @param input the picture's index among the pictures given
 * @param probabilities of every label, the most probable first; they add up to 1 where the model
 *     was trained with a softmax
 */
public record Classification(int input, Map<String, Double> probabilities) {
  /** Copies the map. */
  public Classification {
    probabilities = Collections.unmodifiableMap(new LinkedHashMap<>(probabilities));
  }

  /** The most probable label. */
  public String label() {
    return probabilities.keySet().iterator().next();
  }
}
