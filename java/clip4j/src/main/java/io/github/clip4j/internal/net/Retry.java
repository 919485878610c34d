package io.github.clip4j.internal.net;

import io.github.clip4j.internal.files.Interrupts;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpHeaders;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Attempts at something that may fail for a while, with pauses between them. */
public final class Retry {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);
  private static final Duration LONGEST_REQUEST = Duration.ofMinutes(5);

  private Retry() {}

  /** One attempt; an IOException is worth another. */
  public interface Attempt<T> {
    T run() throws IOException, InterruptedException;

    /** Whether the one that failed brought so much that it is the first of as many again. */
    default boolean hasAdvanced() {
      return false;
    }
  }

  /** A server is busy, and may have said for how long. */
  static final class Busy extends IOException {
    private static final long serialVersionUID = 1L;

    /** As the hub says it: "api";r=0;t=55 means nothing left for 55 seconds. */
    private static final Pattern NOTHING_LEFT = Pattern.compile(";\\s*r=0;\\s*t=(\\d{1,9})");

    private final Duration wait;

    Busy(int status, HttpHeaders headers) {
      super("the server says " + status);
      wait =
          headers
              .firstValue("Retry-After")
              .map(Busy::parse)
              .or(() -> headers.firstValue("RateLimit").flatMap(Busy::reset))
              .orElse(Duration.ZERO);
    }

    private static Optional<Duration> reset(String limit) {
      return NOTHING_LEFT
          .matcher(limit)
          .results()
          .map(left -> Duration.ofSeconds(Long.parseLong(left.group(1)) + 1))
          .findFirst();
    }

    /** Seconds, or a date; nothing for what is neither. */
    private static Duration parse(String after) {
      if (after.matches("\\d{1,9}")) {
        return Duration.ofSeconds(Long.parseLong(after));
      }
      try {
        Instant date = ZonedDateTime.parse(after, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        return Duration.between(Instant.now(), date);
      } catch (DateTimeParseException e) {
        return Duration.ZERO;
      }
    }
  }

  /**
   * Runs {@code attempt} up to {@code attempts} times, counted from the last that advanced. Between
   * two it waits half a second, one, two, up to eight, and at least as long as the server asks for.
   *
   * @param where what the message begins with where all fail
   * @param advice what to do where all fail; may be empty
   * @throws Clip4jException UNREADABLE where the last one failed, the server asks for more than
   *     five minutes or has a certificate that is not trusted, or the thread is interrupted
   */
  static <T> T run(int attempts, String where, String advice, Attempt<T> attempt) {
    Duration pause = FIRST_PAUSE;
    for (int i = 1; ; i++) {
      try {
        return attempt.run();
      } catch (IOException e) {
        Interrupts.rethrow(e);
        if (attempt.hasAdvanced()) {
          i = 1;
          pause = FIRST_PAUSE;
        }
        Duration asked = e instanceof Busy busy ? busy.wait : Duration.ZERO;
        if (i == attempts
            || asked.compareTo(LONGEST_REQUEST) > 0
            || hasCause(e, CertificateException.class)) {
          throw failed(where, i, asked, advice, e);
        }
        sleep(asked.compareTo(pause) > 0 ? asked : pause);
        pause = pause.multipliedBy(2);
        pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
      } catch (InterruptedException e) {
        throw Interrupts.told(Interrupts.DOWNLOAD, e);
      }
    }
  }

  private static Clip4jException failed(
      String where, int times, Duration asked, String advice, IOException e) {
    // The server may have written some of it.
    String reason = reason(e).replaceAll("\\p{Cntrl}", "?");
    String todo = advice;
    if (asked.toSeconds() > 0) {
      todo = "it asks to wait " + asked.toSeconds() + " s: try later";
    } else if (hasCause(e, CertificateException.class)) {
      todo =
          "this JVM does not trust the server's certificate; for a proxy's own see"
              + " -Djavax.net.ssl.trustStore";
    }
    return new Clip4jException(
        Kind.UNREADABLE,
        "%sthe download failed %s: %s%s"
            .formatted(
                where,
                times == 1 ? "once" : times + " times",
                reason,
                todo.isEmpty() ? "" : " (" + todo + ")"),
        e);
  }

  private static boolean hasCause(IOException e, Class<?> type) {
    return Stream.iterate((Throwable) e, Objects::nonNull, Throwable::getCause)
        .anyMatch(type::isInstance);
  }

  /** java.net.http says nothing where it cannot connect. */
  private static String reason(IOException e) {
    if (e.getMessage() != null) {
      return e.getMessage();
    }
    if (e instanceof ConnectException) {
      return hasCause(e, UnresolvedAddressException.class)
          ? "no address is known for this host"
          : "nothing answers there, or the network is down";
    }
    return e.getClass().getSimpleName();
  }

  private static void sleep(Duration duration) {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      throw Interrupts.told(Interrupts.DOWNLOAD, e);
    }
  }
}
