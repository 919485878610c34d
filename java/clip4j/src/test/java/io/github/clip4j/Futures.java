package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** What becomes of items. */
final class Futures {
  private Futures() {}

  /** Waits for it. */
  static Throwable failure(CompletableFuture<float[]> result) {
    return assertThrows(ExecutionException.class, () -> result.get(60, TimeUnit.SECONDS))
        .getCause();
  }
}
