package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.testing.ChildJvm;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ExitTest {
  private static final double PATIENCE_SECONDS = 8; // The native exit gate gives up after 10.

  /** The exit handlers of native libraries must not run under a search, nor wait for its end. */
  @Test
  void theJvmMayExitWhileThreadsSearch() throws Exception {
    for (int repeat = 0; repeat < 3; repeat++) {
      ChildJvm.Result result = new ChildJvm().run(Main.class, String.valueOf(repeat * 30));
      assertEquals(0, result.exit(), result.err());
      assertEquals("", result.err());
      double seconds = (System.currentTimeMillis() - Long.parseLong(result.out().trim())) / 1000.0;
      assertTrue(seconds < PATIENCE_SECONDS, "exit took " + seconds + " s");
    }
  }

  /** Exits so many milliseconds after eight threads began to search without an end. */
  static final class Main {
    public static void main(String[] arguments) throws InterruptedException {
      Embeddings rows =
          Embeddings.fill(
              20_000,
              128,
              (firstRow, block) -> {
                while (block.hasRemaining()) {
                  block.put(block.position() * 37 % 101 - 50);
                }
              });
      EmbeddingIndex index = EmbeddingIndex.of(rows);
      CountDownLatch searching = new CountDownLatch(8);
      for (int i = 0; i < 8; i++) {
        Thread thread =
            new Thread(
                () -> {
                  searching.countDown();
                  while (true) {
                    index.search(rows, 5);
                  }
                });
        thread.setDaemon(true);
        thread.start();
      }
      searching.await();
      Thread.sleep(Long.parseLong(arguments[0]));
      System.out.println(System.currentTimeMillis());
      System.exit(0);
    }
  }
}
