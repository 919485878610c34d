package io.github.clip4j.internal.hub;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.internal.files.Interrupts;
import io.github.clip4j.internal.net.HttpFetch;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Models by name: from the cache that all users of the hub share, or from the hub into it. */
public final class Hub {
  private static final System.Logger LOGGER = System.getLogger("io.github.clip4j");
  private static final int ATTEMPTS = 5;

  private final HubEnvironment environment;
  private final HttpFetch http;

  Hub(HubEnvironment environment, HttpFetch http) {
    this.environment = environment;
    this.http = http;
  }

  /**
   * The folder with a model's files. The hub is asked what the revision is now, and files that are
   * not in the cache are fetched. Where it cannot be asked, what the cache has of the revision is
   * used, and a warning in the log says so. A commit that is in the cache as a whole is not asked
   * about.
   *
   * @param offline whether to use the cache alone, as HF_HUB_OFFLINE=1 says too
   * @param progress hears how far the download is, all files together; one call at a time
   * @throws Clip4jException MISSING where there is no such model, revision or file; UNREADABLE
   *     where the hub refuses it or cannot be reached; CORRUPT where it sends something else than
   *     it announces; UNWRITABLE where the cache cannot be written
   */
  public static Path directory(HubName name, boolean offline, Progress progress) {
    HubEnvironment environment = HubEnvironment.ofProcess();
    return offline || environment.offline()
        ? cached(environment, name)
        : new Hub(environment, new HttpFetch(ATTEMPTS, environment.silence()))
            .directory(name, progress);
  }

  static Path cached(HubEnvironment environment, HubName name) {
    HubCache cache = new HubCache(environment.cache(), name);
    Optional<String> commit = cache.commit();
    Optional<String> missing = commit.map(cache::files).flatMap(HubFiles::missing);
    if (commit.isEmpty() || missing.isPresent()) {
      throw new Clip4jException(
          Kind.MISSING,
          "%s is not a folder, and not in the cache %s%s (offline, nothing is fetched: see HF_HUB_OFFLINE)"
              .formatted(
                  name, environment.cache(), missing.map(file -> ": no " + file).orElse("")));
    }
    return cache.snapshot(commit.get());
  }

  Path directory(HubName name, Progress progress) {
    HubCache cache = new HubCache(environment.cache(), name);
    Optional<String> commit =
        cache.commit().filter(known -> HubFiles.missing(cache.files(known)).isEmpty());
    Optional<Path> cached = commit.map(cache::snapshot);
    if (cached.isPresent() && name.isCommit() && isWhole(cache, commit.get())) {
      return cached.get();
    }
    HubClient client = new HubClient(environment, name, http);
    HubClient.Listing listing;
    try {
      listing = client.list(cached.isPresent());
    } catch (Clip4jException e) {
      Path known = cached.orElseThrow(() -> e);
      LOGGER.log(
          System.Logger.Level.WARNING,
          "{0}: using what the cache has, for the hub does not tell: {1}",
          name,
          e.getMessage());
      return known;
    }
    fetch(name, cache, client, listing, progress);
    return cache.snapshot(listing.commit());
  }

  /** Python may have fetched only some of the files that have a say. */
  private static boolean isWhole(HubCache cache, String commit) {
    Set<String> known = cache.files(commit);
    known.addAll(cache.absent(commit));
    return known.containsAll(HubFiles.SETTINGS);
  }

  private void fetch(
      HubName name,
      HubCache cache,
      HubClient client,
      HubClient.Listing listing,
      Progress progress) {
    HubFiles.missing(listing.files())
        .ifPresent(
            file -> {
              throw new Clip4jException(
                  Kind.UNSUPPORTED, name + " has no " + file + ", so clip4j cannot load it");
            });
    String commit = listing.commit();
    List<String> wanted = new ArrayList<>(HubFiles.needed(listing.files()));
    wanted.removeAll(cache.files(commit));
    try {
      if (!wanted.isEmpty()) {
        new HubDownload(cache, client, http, commit, progress).fetch(wanted);
        cache.files(commit); // Refuses links that were there before.
      }
      cache.writeAbsent(
          commit, HubFiles.SETTINGS.stream().filter(file -> !listing.files().contains(file)));
      cache.writeRef(commit);
      cache.deleteLeftovers();
    } catch (IOException e) {
      Interrupts.rethrow(e);
      throw new Clip4jException(
          Kind.UNWRITABLE,
          "the cache %s cannot be written: %s".formatted(environment.cache(), e),
          e);
    }
  }
}
