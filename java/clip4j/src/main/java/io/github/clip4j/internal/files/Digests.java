package io.github.clip4j.internal.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;

/** Digests of files. */
public final class Digests {
  private Digests() {}

  /** A fresh digest. */
  public static MessageDigest sha256() {
    return digest("SHA-256");
  }

  public static MessageDigest sha1() {
    return digest("SHA-1");
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has " + algorithm, e);
    }
  }

  /** Of a file's content. */
  public static String sha256(Path file) throws IOException {
    MessageDigest digest = sha256();
    update(digest, file);
    return hex(digest);
  }

  /** A fresh digest of what git calls a blob of {@code size} bytes, for those bytes. */
  public static MessageDigest gitBlob(long size) {
    MessageDigest digest = sha1();
    digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
    return digest;
  }

  /** Lower-case hexadecimal. */
  public static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Of the byte arrays, then of the files' content, in order. */
  public static String sha256(List<byte[]> arrays, Collection<Path> files) {
    MessageDigest digest = sha256();
    arrays.forEach(digest::update);
    for (Path file : files) {
      try {
        update(digest, file);
      } catch (IOException e) {
        throw InputFile.unreadable(file, e);
      }
    }
    return hex(digest);
  }

  /** Adds a file's content. */
  private static void update(MessageDigest digest, Path file) throws IOException {
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
  }
}
