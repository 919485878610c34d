package io.github.clip4j.search.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SoleUseTest {
  private final AtomicInteger freed = new AtomicInteger();
  private final SoleUse use = new SoleUse("Searcher", freed::incrementAndGet);

  private void refused(String message) {
    assertEquals(message, assertThrows(IllegalStateException.class, use::begin).getMessage());
  }

  @Test
  void isForOneAtATime() {
    use.begin();
    refused("two threads use this Searcher at once");
    use.end();
    use.begin();
    use.close();
    assertEquals(0, freed.get(), "a use is under way");
    use.end();
    assertEquals(1, freed.get());
    refused("Searcher is closed");
    refused("Searcher is closed");
  }
}
