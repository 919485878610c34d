package io.github.clip4j.benchmarks;

import io.github.clip4j.search.Embeddings;
import java.util.SplittableRandom;

/** Rows of values between -1 and 1, the same for the same seed. */
final class RandomRows {
  private RandomRows() {}

  static Embeddings of(long seed, int rows, int dimension) {
    SplittableRandom random = new SplittableRandom(seed);
    return Embeddings.fill(
        rows,
        dimension,
        (firstRow, block) -> {
          while (block.hasRemaining()) {
            block.put((float) random.nextDouble(-1, 1));
          }
        });
  }

  static float[] one(long seed, int dimension) {
    try (Embeddings row = of(seed, 1, dimension)) {
      return row.row(0);
    }
  }
}
