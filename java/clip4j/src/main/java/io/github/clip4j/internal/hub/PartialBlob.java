package io.github.clip4j.internal.hub;

import io.github.clip4j.internal.files.Digests;
import io.github.clip4j.internal.net.PartialFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpHeaders;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * A blob, or another file of the hub's cache, on its way, in a file that no other download writes:
 * {@code ETAG.clip4j-RANDOM.incomplete}. So two downloads at once do no harm where locks do
 * nothing, be it on a network disk or against Python, which locks in another way.
 *
 * <p>It begins with a copy of the most that an interrupted download has left. That itself is let
 * alone until the blob is there, since whoever left it may be at work still; or until nobody has
 * written to it for a week, or the disk has no room for both.
 */
final class PartialBlob extends PartialFile {
  private static final String OURS = ".clip4j-";
  private static final String INCOMPLETE = ".incomplete";

  private static final int SHA256_DIGITS = 64;

  /** A download writes at least every few seconds; what it left is kept for a while to continue. */
  private static final Duration STALE = Duration.ofDays(7);

  private final String etag;
  private final long expected;
  private final Path blob;

  private PartialBlob(Path part, Path blob, long expected) throws IOException {
    super(part, blob, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    this.etag = blob.getFileName().toString();
    this.expected = expected;
    this.blob = blob;
  }

  private static Path newPart(Path blob) {
    String random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    return blob.resolveSibling(blob.getFileName() + OURS + random + INCOMPLETE);
  }

  /** An empty one. */
  static PartialBlob open(Path blob, long expected) throws IOException {
    return new PartialBlob(newPart(blob), blob, expected);
  }

  /**
   * One that holds what interrupted downloads left.
   *
   * @param expected the blob's size, -1 where it is not known
   * @param alone whether no other process of ours can be downloading it
   */
  static PartialBlob resume(Path blob, long expected, boolean alone) throws IOException {
    Path file = newPart(blob);
    long room = blob.getParent().toFile().getUsableSpace();
    boolean taken = alone && room < expected && take(blob, file);
    PartialBlob part = new PartialBlob(file, blob, expected);
    try {
      if (part.isContentHash() && !taken) {
        part.copyLongest();
      }
      return part;
    } catch (Throwable e) {
      part.close();
      throw e;
    }
  }

  /**
   * Where the disk has no room for a copy: makes {@code file} of the most that we have left, and
   * deletes the rest of ours.
   */
  private static boolean take(Path blob, Path file) throws IOException {
    boolean taken = false;
    for (Path left : longestFirst(blob)) {
      if (isOurs(left) && taken) {
        Files.deleteIfExists(left);
      } else if (isOurs(left)) {
        Files.move(left, file, StandardCopyOption.ATOMIC_MOVE);
        taken = true;
      }
    }
    return taken;
  }

  private static List<Path> longestFirst(Path blob) throws IOException {
    String prefix = blob.getFileName() + ".";
    return leftovers(blob.getParent()).stream()
        .filter(file -> file.getFileName().toString().startsWith(prefix))
        .sorted(Comparator.comparingLong((Path file) -> file.toFile().length()).reversed())
        .toList();
  }

  private static List<Path> leftovers(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
          .filter(file -> file.getFileName().toString().endsWith(INCOMPLETE))
          .toList();
    }
  }

  /**
   * Deletes what our interrupted downloads of any blob left in its folder long ago, or before one
   * that brought the blob and was interrupted then.
   */
  static void deleteStale(Path folder) throws IOException {
    long oldest = System.currentTimeMillis() - STALE.toMillis();
    for (Path file : leftovers(folder)) {
      if (isOurs(file) && (hasBlob(file) || file.toFile().lastModified() < oldest)) {
        Files.deleteIfExists(file);
      }
    }
  }

  private static boolean isOurs(Path leftover) {
    return leftover.getFileName().toString().contains(OURS);
  }

  private static boolean hasBlob(Path leftover) {
    String name = leftover.getFileName().toString();
    return Files.exists(leftover.resolveSibling(name.substring(0, name.indexOf(OURS))));
  }

  private void copyLongest() throws IOException {
    for (Path file : longestFirst(blob)) {
      if (file.toFile().length() <= expected) {
        try {
          append(file);
          return;
        } catch (IOException e) {
          discard(); // Its download has just ended.
        }
      }
    }
  }

  /** Appends a file's content. */
  void append(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[1 << 20];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        append(buffer, n);
      }
    }
  }

  /** What is there is checked by its hash at the end, so no condition is needed. */
  @Override
  protected Map<String, String> continuation() throws IOException {
    return size() > 0 && isContentHash() ? Map.of("Range", "bytes=" + size() + "-") : Map.of();
  }

  @Override
  protected void restart(HttpHeaders headers) throws IOException {
    discard();
  }

  boolean hasAllBytes() throws IOException {
    return size() == expected;
  }

  /** Whether the content is what the ETag says, as far as it says it. */
  boolean isRight() throws IOException {
    if (!isContentHash()) {
      return expected < 0 || hasAllBytes();
    }
    return etag.length() == SHA256_DIGITS
        ? isEtag(Digests.sha256())
        : isEtag(Digests.gitBlob(size())) || isEtag(Digests.sha1());
  }

  private boolean isEtag(MessageDigest digest) throws IOException {
    update(digest);
    return Digests.hex(digest).equals(etag);
  }

  /** Whether the ETag is the content's SHA-256, git's SHA-1 of it, or a mirror's plain SHA-1. */
  boolean isContentHash() {
    return etag.matches("[0-9a-f]{40}|[0-9a-f]{64}");
  }

  @Override
  public void publish() throws IOException {
    try {
      super.publish();
    } catch (NoSuchFileException e) {
      // Another download, from which no lock kept us, was quicker and has taken ours for a
      // leftover.
      if (!Files.exists(blob)) {
        throw e;
      }
    }
    for (Path file : longestFirst(blob)) {
      if (isOurs(file)) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  public void close() throws IOException {
    if (!isContentHash()) {
      Files.deleteIfExists(path()); // Nothing could continue it.
    }
    super.close();
  }
}
