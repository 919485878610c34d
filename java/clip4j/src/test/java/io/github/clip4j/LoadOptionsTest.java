package io.github.clip4j;

import static io.github.clip4j.testing.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LoadOptionsTest {
  @Test
  void threadsAreNoneToFourThousand() {
    LoadOptions options = LoadOptions.DEFAULT;
    assertEquals(0, options.threads());
    assertEquals(4096, options.withThreads(4096).threads());
    refused("threads must be 0 (all) to 4096: 4097", () -> options.withThreads(4097));
    refused("threads must be 0 (all) to 4096: -1", () -> options.withThreads(-1));
  }

  /** More than this machine has is all that it has. */
  @Test
  void anyOfThemLoadsAModelOfTheSameRows() {
    try (ClipModel model = TinyModel.load()) {
      float[] row = model.embedText("a cat");
      for (int threads : new int[] {1, 4096}) {
        LoadOptions options = LoadOptions.DEFAULT.withThreads(threads);
        try (ClipModel other = ClipModel.load(TinyModel.directory(), options)) {
          assertArrayEquals(row, other.embedText("a cat"), 1e-6f);
        }
      }
    }
  }

  @Test
  void picturesHaveASideOfNoneToEightThousandPixels() {
    LoadOptions options = LoadOptions.DEFAULT;
    assertEquals(8192, options.withImageSize(8192).imageSize());
    refused("imageSize must be 0 (the model's) to 8192: 8193", () -> options.withImageSize(8193));
    refused("imageSize must be 0 (the model's) to 8192: -1", () -> options.withImageSize(-1));
  }
}
