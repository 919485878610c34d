package io.github.clip4j.internal.hub;

import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.internal.net.HttpAddress;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the environment says of the Hugging Face hub, in the variables that Python's huggingface_hub
 * reads: HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE and
 * TRANSFORMERS_OFFLINE, HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT, and XDG_CACHE_HOME for
 * where HF_HOME is if unset.
 */
public final class HubEnvironment {
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

  /** Longer than Python's 10 s, within which a hub may be busy. */
  private static final Duration LEAST_SILENCE = Duration.ofSeconds(30);

  private final Map<String, String> variables;
  private final Path home;

  /** Of these variables and this home directory. */
  HubEnvironment(Map<String, String> variables, Path home) {
    this.variables = variables;
    this.home = home;
  }

  /** This process's. */
  public static HubEnvironment ofProcess() {
    return new HubEnvironment(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  private Optional<String> variable(String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isBlank());
  }

  private Optional<Path> path(String name) {
    return variable(name)
        .map(value -> value.startsWith("~/") ? home.resolve(value.substring(2)) : Path.of(value));
  }

  private Path hubHome() {
    return path("HF_HOME")
        .orElseGet(
            () ->
                path("XDG_CACHE_HOME")
                    .orElseGet(() -> home.resolve(".cache"))
                    .resolve("huggingface"));
  }

  /** The folder that all models' caches are in. */
  public Path cache() {
    // Files.createDirectories makes some paths absolute, and links are relative to others.
    return path("HF_HUB_CACHE").orElseGet(() -> hubHome().resolve("hub")).toAbsolutePath();
  }

  /** The hub's address, without a slash at its end. */
  String endpoint() {
    String endpoint =
        variable("HF_ENDPOINT").orElse("https://huggingface.co").strip().replaceAll("/+$", "");
    try {
      HttpAddress.parse(endpoint);
      return endpoint;
    } catch (IllegalArgumentException e) {
      throw new Clip4jException(
          Kind.UNREADABLE, "HF_ENDPOINT: " + e.getMessage() + " (correct or unset it)", e);
    }
  }

  /** How long the hub may say nothing: half a minute, or as long as Python is told to wait. */
  Duration silence() {
    return Stream.of("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT")
        .flatMap(name -> variable(name).stream())
        .filter(seconds -> seconds.matches("\\d{1,6}"))
        .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)))
        .reduce(LEAST_SILENCE, (a, b) -> a.compareTo(b) > 0 ? a : b);
  }

  /** Whether nothing may be fetched. */
  boolean offline() {
    return variable("HF_HUB_OFFLINE")
        .or(() -> variable("TRANSFORMERS_OFFLINE"))
        .filter(value -> TRUE.contains(value.toUpperCase(Locale.ROOT)))
        .isPresent();
  }

  /** What the hub knows the user by, from HF_TOKEN, else from the file that a login leaves. */
  Optional<String> token() {
    Path file = path("HF_TOKEN_PATH").orElseGet(() -> hubHome().resolve("token"));
    Optional<String> token =
        variable("HF_TOKEN")
            .or(() -> Files.exists(file) ? Optional.of(InputFile.text(file)) : Optional.empty())
            .map(String::strip)
            .filter(text -> !text.isEmpty());
    if (!token.orElse("x").matches("[\\x21-\\x7e]+")) {
      // Without the token itself: it is a secret.
      throw new Clip4jException(
          Kind.CORRUPT, "the Hugging Face token (HF_TOKEN, or " + file + ") is not one ASCII word");
    }
    return token;
  }
}
