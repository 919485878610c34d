package io.github.clip4j.internal.hub;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.internal.files.Interrupts;
import io.github.clip4j.internal.files.ProcessLock;
import io.github.clip4j.internal.hub.HubClient.Content;
import io.github.clip4j.internal.net.HttpFetch;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** One download of a commit's files from the hub into the cache, a few at a time. */
final class HubDownload {
  private static final System.Logger LOGGER = System.getLogger("io.github.clip4j");
  private static final int CONNECTIONS = 4;

  private final HubCache cache;
  private final HubClient client;
  private final HttpFetch http;
  private final String commit;
  private final Progress progress;
  private final Map<String, Long> received = new HashMap<>();
  private long total;

  HubDownload(HubCache cache, HubClient client, HttpFetch http, String commit, Progress progress) {
    this.cache = cache;
    this.client = client;
    this.http = http;
    this.commit = commit;
    this.progress = progress;
  }

  private interface Task {
    void run(String file) throws IOException;
  }

  /** Fetches the files; the first failure ends all of them. */
  void fetch(List<String> files) throws IOException {
    Map<String, Content> contents = new ConcurrentHashMap<>();
    forAll(files, file -> contents.put(file, client.content(commit, file)));
    boolean known = contents.values().stream().allMatch(content -> content.size() >= 0);
    total = known ? contents.values().stream().mapToLong(Content::size).sum() : -1;
    forAll(files, file -> fetch(file, contents.get(file)));
  }

  private static void forAll(List<String> files, Task task) throws IOException {
    ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS, HubDownload::thread);
    ExecutorCompletionService<Void> done = new ExecutorCompletionService<>(threads);
    try {
      for (String file : files) {
        done.submit(
            () -> {
              task.run(file);
              return null;
            });
      }
      for (int i = 0; i < files.size(); i++) {
        done.take().get();
      }
    } catch (InterruptedException e) {
      throw Interrupts.told(Interrupts.DOWNLOAD, e);
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    } finally {
      end(threads);
    }
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(task, "clip4j-download");
    thread.setDaemon(true);
    return thread;
  }

  private static RuntimeException failure(Throwable cause) throws IOException {
    if (cause instanceof IOException io) {
      throw io;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return (RuntimeException) cause;
  }

  /** Once this returns, nobody writes or reports progress any more, also after an interrupt. */
  private static void end(ExecutorService threads) {
    threads.shutdownNow();
    boolean interrupted = Thread.interrupted();
    try {
      threads.awaitTermination(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void fetch(String file, Content content) throws IOException {
    try (ProcessLock lock = cache.lock(content.etag())) {
      Path blob = cache.blob(content.etag());
      boolean there =
          Files.isRegularFile(blob) && (content.size() < 0 || Files.size(blob) == content.size());
      if (!there) {
        download(file, content, blob, lock != null);
      }
      advanced(file, Files.size(blob));
      cache.link(commit, file, content.etag());
    }
  }

  private void download(String file, Content content, Path blob, boolean locked)
      throws IOException {
    HttpFetch.Source source = client.source(commit, file, content.size());
    try (PartialBlob part = PartialBlob.resume(blob, content.size(), locked)) {
      if (!part.isContentHash()) {
        LOGGER.log(
            System.Logger.Level.WARNING,
            "{0}the server announces no hash of it, so only its size is checked",
            source.where());
      }
      boolean begun = part.size() > 0;
      if (finish(file, source, part)) {
        return;
      }
      // What an interrupted download had left may have been wrong; without it, the hub is.
      if (!begun || !finish(file, source, part)) {
        throw new Clip4jException(
            Kind.CORRUPT,
            "%swhat came is not what the hub announces: %s (try again; is there a proxy?)"
                .formatted(source.where(), content.etag()));
      }
    }
  }

  /** Fetches what is missing; false, with nothing left of it, where the whole is wrong. */
  private boolean finish(String file, HttpFetch.Source source, PartialBlob part)
      throws IOException {
    if (!part.hasAllBytes()) {
      http.download(source, part, (bytes, all) -> advanced(file, bytes));
    }
    if (part.isRight()) {
      part.publish();
      return true;
    }
    part.discard();
    return false;
  }

  private synchronized void advanced(String file, long bytes) {
    received.put(file, bytes);
    progress.advanced(received.values().stream().mapToLong(Long::longValue).sum(), total);
  }
}
