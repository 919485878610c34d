package io.github.clip4j.internal.net;

import io.github.clip4j.internal.files.Digests;
import io.github.clip4j.internal.files.ProcessLock;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A file from any server on its way: {@code .NAME.part} beside its final place, {@code
 * .NAME.part.tag} with what the server calls this version of it, and {@code .NAME.part.lock}, which
 * is there while a download runs.
 */
public final class PartialDownload extends PartialFile {
  private final Path tag;
  private final String addressHash; // The address itself may hold a signature, which is a secret.
  private final ProcessLock lock;

  private PartialDownload(Path target, URI address, ProcessLock lock) throws IOException {
    super(
        sibling(target, ".part"),
        target,
        StandardOpenOption.CREATE,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
    this.tag = sibling(target, ".part.tag");
    this.addressHash = sha256(HttpAddress.shown(address));
    this.lock = lock;
  }

  /**
   * Opens it, with what an interrupted download of the same file left.
   *
   * @throws Clip4jException LOCKED where another thread or process downloads to the same place
   */
  public static PartialDownload open(Path target, URI address) throws IOException {
    Path absolute = target.toAbsolutePath();
    ProcessLock lock =
        ProcessLock.tryAcquire(sibling(absolute, ".part.lock"))
            .orElseThrow(
                () ->
                    new Clip4jException(
                        Kind.LOCKED, target + ": another download to it is under way"));
    try {
      return new PartialDownload(absolute, address, lock);
    } catch (Throwable e) {
      lock.close();
      throw e;
    }
  }

  private static String sha256(String text) {
    MessageDigest digest = Digests.sha256();
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    return Digests.hex(digest);
  }

  private static Path sibling(Path target, String suffix) {
    return target.resolveSibling("." + target.getFileName() + suffix);
  }

  @Override
  protected Map<String, String> continuation() throws IOException {
    if (!Files.exists(tag) || size() == 0) {
      return Map.of();
    }
    List<String> lines = List.of();
    try {
      lines = Files.readAllLines(tag, StandardCharsets.UTF_8);
    } catch (CharacterCodingException e) {
      // Nobody's tag: all of the file is wanted.
    }
    return lines.size() == 2 && lines.get(0).equals(addressHash)
        ? Map.of("Range", "bytes=" + size() + "-", "If-Range", lines.get(1))
        : Map.of();
  }

  @Override
  protected void restart(HttpHeaders headers) throws IOException {
    Optional<String> validator = validator(headers);
    write(
        tag,
        () -> {
          discard();
          if (validator.isPresent()) {
            Files.write(tag, List.of(addressHash, validator.get()), StandardCharsets.UTF_8);
          }
        });
  }

  @Override
  public void discard() throws IOException {
    super.discard();
    Files.deleteIfExists(tag);
  }

  @Override
  public void publish() throws IOException {
    super.publish();
    Files.deleteIfExists(tag);
  }

  @Override
  public void close() throws IOException {
    try (lock) {
      super.close();
    }
  }
}
