package io.github.clip4j.internal.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several downloads at once, and the threads of one. */
class HubThreadsTest extends HubTransfer {
  @Test
  void severalAtOnceFetchItOnce() throws Exception {
    atOnce(4);
    assertWhole();
    assertEquals(1, server.contentRequests().size());
  }

  @Test
  void severalAtOnceWhereLocksCannotBe() throws Exception {
    Files.createFile(cache.resolve(".locks"));
    CountDownLatch all = new CountDownLatch(3);
    FakeHub.Fault together =
        (exchange, content) -> {
          all.countDown();
          try {
            all.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          FakeHub.send(exchange, content);
        };
    server.contentFaults.addAll(List.of(together, together, together));
    atOnce(3);
    assertWhole();
    assertEquals(0, all.getCount());
  }

  @Test
  void anInterruptLeavesNobodyAtWork() {
    Thread caller = Thread.currentThread();
    AtomicInteger calls = new AtomicInteger();
    AtomicInteger ended = new AtomicInteger();
    Progress slow =
        (received, total) -> {
          if (calls.getAndIncrement() == 0) {
            caller.interrupt();
          }
          long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(200);
          while (System.nanoTime() < end) { // What is at work may not hear an interrupt.
            Thread.onSpinWait();
          }
          ended.incrementAndGet();
        };
    assertThrows(Clip4jException.class, () -> open(2, Duration.ofSeconds(20), slow));
    int before = ended.get();
    assertTrue(Thread.interrupted());
    assertTrue(before > 0);
    assertEquals(before, calls.get());
  }

  @Test
  @Timeout(40)
  void anInterruptEndsTheWaitingForBytes() {
    CountDownLatch begun = new CountDownLatch(1);
    server.contentFaults.add(stall(begun));
    Thread caller = Thread.currentThread();
    threads.submit(
        () -> {
          begun.await();
          Thread.sleep(500); // By now nothing is at work, and all wait.
          caller.interrupt();
          return null;
        });
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> open(1, Duration.ofMinutes(1)));
    assertTrue(Thread.interrupted());
    assertEquals("the download was interrupted", failure.getMessage());
  }

  /** Nobody waits for what another file's server may send yet. */
  @Test
  @Timeout(40)
  void oneFilesFailureEndsTheOthers() {
    CountDownLatch begun = new CountDownLatch(1);
    server.contentFaults.add(stall(begun));
    server.fileFaults.put(
        "config.json",
        (exchange, content) -> {
          try {
            begun.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          FakeHub.status(404, null).answer(exchange, content);
        });
    failure(Kind.MISSING, 1, Duration.ofMinutes(1));
  }

  private void atOnce(int count) throws Exception {
    Stream<Future<Path>> downloads =
        Stream.generate(() -> threads.submit(() -> open())).limit(count).toList().stream();
    for (Future<Path> download : downloads.toList()) {
      download.get();
    }
  }
}
