package io.github.clip4j.internal.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.testing.ChildJvm;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("try") // Locks are held and not used.
class ProcessLockTest {
  @TempDir Path folder;

  /** Takes the lock, says so, and ends without giving it back. */
  static final class Taker {
    public static void main(String[] args) throws IOException {
      System.out.print(ProcessLock.tryAcquire(Path.of(args[0])).isPresent() ? "taken" : "refused");
      Runtime.getRuntime().halt(0);
    }
  }

  private String otherProcess(Path file) throws Exception {
    ChildJvm.Result result = new ChildJvm().run(Taker.class, file.toString());
    assertEquals("", result.err());
    return result.out();
  }

  @Test
  void holdsAgainstOtherProcessesAndThreads() throws Exception {
    Path file = folder.resolve("lock");
    try (ProcessLock lock = ProcessLock.tryAcquire(file).orElseThrow()) {
      assertEquals("refused", otherProcess(file));
      assertTrue(ProcessLock.tryAcquire(file).isEmpty());
      // Had the failed attempt opened and closed the file, the lock would be gone.
      assertEquals("refused", otherProcess(file));
      assertTrue(ProcessLock.tryAcquire(folder.resolve("./lock")).isEmpty());
    }
    assertFalse(Files.exists(file));
    assertEquals("taken", otherProcess(file));
    assertTrue(Files.exists(file));
    ProcessLock.tryAcquire(file).orElseThrow().close(); // A killed process holds nothing.
    assertFalse(Files.exists(file));
  }

  @Test
  void closingTwiceGivesAwayNothing() throws Exception {
    Path file = folder.resolve("lock");
    ProcessLock first = ProcessLock.tryAcquire(file).orElseThrow();
    first.close();
    try (ProcessLock second = ProcessLock.tryAcquire(file).orElseThrow()) {
      first.close();
      assertTrue(ProcessLock.tryAcquire(file).isEmpty());
      assertEquals("refused", otherProcess(file));
    }
  }

  /** As a plugin's or a web application's would be: it shares nothing with ours but the JVM. */
  @Test
  void holdsAgainstOtherClassLoaders() throws Exception {
    Path file = folder.resolve("lock");
    URL classes = ProcessLock.class.getProtectionDomain().getCodeSource().getLocation();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes}, null)) {
      Method other =
          loader.loadClass(ProcessLock.class.getName()).getMethod("tryAcquire", Path.class);
      assertNotSame(ProcessLock.class, other.getDeclaringClass());
      try (ProcessLock lock = ProcessLock.tryAcquire(file).orElseThrow()) {
        assertEquals(Optional.empty(), other.invoke(null, file));
        assertEquals("refused", otherProcess(file));
      }
      try (AutoCloseable lock = (AutoCloseable) ((Optional<?>) other.invoke(null, file)).get()) {
        assertEquals(Optional.empty(), ProcessLock.tryAcquire(file));
        assertEquals("refused", otherProcess(file));
      }
      ProcessLock.tryAcquire(file).orElseThrow().close();
    }
  }

  @Test
  void aLockOfThisJvmThatIsNotOurs() throws Exception {
    Path file = folder.resolve("lock");
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertEquals(Optional.empty(), ProcessLock.tryAcquire(file));
    }
    ProcessLock.tryAcquire(file).orElseThrow().close();
  }

  @Test
  void oneThreadAtATime() throws Exception {
    Path file = folder.resolve("lock");
    AtomicInteger holders = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<Future<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      tasks.add(
          threads.submit(
              () -> {
                for (int done = 0; done < 50; ) {
                  var lock = ProcessLock.tryAcquire(file);
                  if (lock.isPresent()) {
                    most.accumulateAndGet(holders.incrementAndGet(), Math::max);
                    holders.decrementAndGet();
                    lock.get().close();
                    done++;
                  }
                }
                return null;
              }));
    }
    threads.shutdown();
    for (Future<?> task : tasks) {
      task.get(1, TimeUnit.MINUTES);
    }
    assertEquals(1, most.get());
  }
}
