package io.github.clip4j;

import io.github.clip4j.internal.files.Digests;
import io.github.clip4j.internal.files.Interrupts;
import io.github.clip4j.internal.net.HttpAddress;
import io.github.clip4j.internal.net.HttpFetch;
import io.github.clip4j.internal.net.PartialDownload;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Downloads files over http and https. A file appears whole, under its name, or not at all; what an
 * interrupted download left is continued by the next one, where the server still has the same file.
 * Redirects and the JVM's proxy settings are followed, never from https to http. User and password
 * in an address are sent to its own host, as Basic authorization, and no message shows them.
 *
 * <p>Immutable, and safe from any thread.
 */
public final class Downloader {
  private final HttpFetch http;

  private Downloader(HttpFetch http) {
    this.http = http;
  }

  /**
   * A downloader that tries 5 times and gives up on a server that is silent for 30 seconds, or that
   * sends less than 1 KiB a second for a minute.
   */
  public static Downloader create() {
    return create(5, Duration.ofSeconds(30));
  }

  /**
   * A downloader.
   *
   * @param attempts 1 or more, counted anew from each that brings another MiB; between two it waits
   *     half a second, one, two, up to eight, or longer where the server asks for it
   * @param silence how long a server may send nothing before an attempt has failed, and half of how
   *     long it may send less than 1 KiB a second; a millisecond to a year
   * @throws IllegalArgumentException if one of them is not
   */
  public static Downloader create(int attempts, Duration silence) {
    if (attempts < 1) {
      throw new IllegalArgumentException("attempts must be at least 1: " + attempts);
    }
    if (silence.compareTo(Duration.ofMillis(1)) < 0
        || silence.compareTo(Duration.ofDays(366)) > 0) {
      throw new IllegalArgumentException("silence must be a millisecond to a year: " + silence);
    }
    return new Downloader(new HttpFetch(attempts, silence));
  }

  /** Hears how far a download is, on the downloading thread. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called now and then.
     *
     * @param received bytes so far, those of an interrupted download included
     * @param total bytes of the file, -1 where the server did not say
     */
    void advanced(long received, long total);
  }

  /**
   * What a download is to do.
   *
   * @param sha256 what the file's SHA-256 must be, in hexadecimal
   * @param overwrite whether a file that is there is fetched anew; otherwise it stays, unless its
   *     SHA-256 is wrong
   * @param progress hears how far it is
   */
  public record Options(Optional<String> sha256, boolean overwrite, Progress progress) {
    /** No checksum; a file that is there stays; nobody listens. */
    public static final Options DEFAULT =
        new Options(Optional.empty(), false, (received, total) -> {});

    /**
     * Checks the checksum's form.
     *
     * @throws IllegalArgumentException if it is not 64 hexadecimal digits
     */
    public Options {
      sha256 = sha256.map(hex -> hex.toLowerCase(Locale.ROOT));
      if (!sha256.orElse("0".repeat(64)).matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException(
            "sha256 must be 64 hexadecimal digits: " + sha256.orElseThrow());
      }
      Objects.requireNonNull(progress, "progress");
    }

    /** A copy with a checksum. */
    public Options withSha256(String hex) {
      return new Options(Optional.of(hex), overwrite, progress);
    }

    /** A copy with another {@link #overwrite}. */
    public Options withOverwrite(boolean anew) {
      return new Options(sha256, anew, progress);
    }

    /** A copy with a listener. */
    public Options withProgress(Progress listener) {
      return new Options(sha256, overwrite, listener);
    }
  }

  /** {@link #download(URI, Path, Options)} with {@link Options#DEFAULT}. */
  public Path download(URI address, Path file) {
    return download(address, file, Options.DEFAULT);
  }

  /**
   * Downloads {@code address} to {@code file}, whose directory must exist.
   *
   * @return {@code file}
   * @throws IllegalArgumentException for an address that is not http or https
   * @throws Clip4jException MISSING where the server says 404 or 410, CORRUPT where the checksum is
   *     wrong, UNREADABLE where the transfer fails, UNWRITABLE where the file cannot be written,
   *     LOCKED where another download to it is under way
   */
  public Path download(URI address, Path file, Options options) {
    HttpAddress.check(address);
    try {
      if (!options.overwrite() && isWanted(file, options)) {
        return file;
      }
      try (PartialDownload part = PartialDownload.open(file, address)) {
        http.download(HttpFetch.Source.of(address), part, options.progress());
        String sha256 = part.sha256();
        if (options.sha256().isPresent() && !options.sha256().get().equals(sha256)) {
          part.discard();
          throw new Clip4jException(
              Kind.CORRUPT,
              "%s has the SHA-256 %s, expected %s"
                  .formatted(HttpAddress.shown(address), sha256, options.sha256().get()));
        }
        part.publish();
      }
      return file;
    } catch (IOException e) {
      Interrupts.rethrow(e);
      String why = e instanceof NoSuchFileException ? "there is no such folder" : e.toString();
      throw new Clip4jException(Kind.UNWRITABLE, file + " cannot be written: " + why, e);
    }
  }

  private static boolean isWanted(Path file, Options options) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException("it is a directory");
    }
    return Files.exists(file)
        && (options.sha256().isEmpty() || options.sha256().get().equals(Digests.sha256(file)));
  }

  /** A picture's bytes; what goes wrong does not name the address. */
  byte[] fetch(URI address, long maxBytes) {
    return http.fetch(HttpFetch.Source.unnamed(address), maxBytes);
  }
}
