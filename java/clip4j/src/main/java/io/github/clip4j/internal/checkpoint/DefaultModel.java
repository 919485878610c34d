package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.Digests;
import io.github.clip4j.internal.files.Interrupts;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.Stream;

/**
 * The model inside the artifact clip4j-model-emoji. Native code reads files, so it is copied out of
 * the jar once, to a folder that is named by its content and appears whole or not at all, whichever
 * JVM is first.
 */
public final class DefaultModel {
  /** Its name. */
  public static final String NAME = "emoji-clip";

  private static final String FOLDER = "io/github/clip4j/models/" + NAME + "/";

  private DefaultModel() {}

  /** The directory that holds its files. */
  public static Path directory() {
    return directory(Path.of(System.getProperty("user.home"), ".cache", "clip4j", "models"));
  }

  static Path directory(Path cache) {
    byte[] manifestBytes = manifest();
    Json files =
        Json.parse(NAME + "/manifest.json", new String(manifestBytes, StandardCharsets.UTF_8))
            .object("files");
    MessageDigest digest = Digests.sha256();
    String version = HexFormat.of().formatHex(digest.digest(manifestBytes), 0, 8);
    Path directory = cache.resolve(NAME + "-" + version);
    try {
      if (!isComplete(directory, files)) {
        Files.createDirectories(cache);
        extract(directory, files);
      }
    } catch (IOException e) {
      Interrupts.rethrow("copying the embedded model", e);
      throw new Clip4jException(
          Kind.UNWRITABLE,
          "the embedded model cannot be copied to "
              + directory
              + ": "
              + e
              + " (is there another home directory to use? -Duser.home=DIR)",
          e);
    }
    return directory;
  }

  private static byte[] manifest() {
    try (InputStream in = resource("manifest.json")) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new Clip4jException(Kind.UNREADABLE, "the embedded model cannot be read: " + e, e);
    }
  }

  private static InputStream resource(String name) {
    // The class loader sees every module's resources; Class.getResource would see this module's
    // alone.
    InputStream in = DefaultModel.class.getClassLoader().getResourceAsStream(FOLDER + name);
    if (in == null) {
      throw new Clip4jException(
          Kind.MISSING,
          "there is no embedded model on the class path or module path (add"
              + " io.github.clip4j:clip4j-model-emoji, or load a model from a directory)");
    }
    return in;
  }

  /** Content was checked when the folder was made; sizes show a file that went missing since. */
  private static boolean isComplete(Path directory, Json files) throws IOException {
    for (String name : files.members().keySet()) {
      Path file = directory.resolve(name);
      if (!Files.isRegularFile(file)
          || Files.size(file) != files.object(name).positive("size", 0)) {
        return false;
      }
    }
    return true;
  }

  private static void extract(Path directory, Json files) throws IOException {
    Path fresh = Files.createTempDirectory(directory.getParent(), "." + NAME);
    try {
      // Another user may read what an image was built with; a temporary directory is its maker's.
      Path whole = Files.createDirectory(fresh.resolve(NAME));
      for (String name : files.members().keySet()) {
        copy(name, whole.resolve(name), files.object(name).string("sha256", ""));
      }
      if (Files.exists(directory) && !isComplete(directory, files)) {
        Path damaged = Files.createTempDirectory(directory.getParent(), "." + NAME);
        Files.move(directory, damaged.resolve(NAME));
        delete(damaged);
      }
      try {
        Files.move(whole, directory);
      } catch (IOException e) {
        // Another JVM was first; what it made is the same.
        if (!isComplete(directory, files)) {
          throw e;
        }
      }
    } finally {
      delete(fresh);
    }
  }

  private static void copy(String name, Path to, String sha256) throws IOException {
    MessageDigest digest = Digests.sha256();
    try (InputStream in = new DigestInputStream(resource(name), digest);
        OutputStream out = Files.newOutputStream(to)) {
      in.transferTo(out);
    }
    if (!Digests.hex(digest).equals(sha256)) {
      throw new IOException(name + " in the jar does not have the SHA-256 that its manifest says");
    }
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> paths = Files.walk(directory)) {
        for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
      }
    }
  }
}
