package io.github.clip4j.cli;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * A file that appears whole, under its name, or not at all: it is written under a temporary name in
 * the same folder, and {@link #publish} moves it. Whatever ends the process before that, an error
 * or Ctrl-C, leaves nothing.
 */
final class OutputFile implements AutoCloseable {
  private final Path target;
  private final Path temporary;
  private final Runnable discard = this::discard;
  private FileChannel channel;

  private OutputFile(Path target) {
    this.target = target;
    this.temporary =
        target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
  }

  /**
   * @throws Failure where the file could not be written later, so that nobody works for nothing
   */
  static OutputFile create(Path target) {
    Path file = resolve(target);
    refuseReadOnly(target, file);
    OutputFile output = new OutputFile(file);
    Cleanup.uninterrupted(
        () -> {
          output.open();
          Cleanup.add(output.discard);
        });
    output.keepPermissions();
    return output;
  }

  /** A small file from its content. */
  static void write(Path target, byte[] content) {
    try (OutputFile output = create(target)) {
      output.write(ByteBuffer.wrap(content));
      publish(output);
    }
  }

  static void write(Path target, String content) {
    write(target, content.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes all of {@code bytes} at the end. */
  void write(ByteBuffer bytes) {
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** Writes over the file's first bytes. */
  void rewriteStart(ByteBuffer bytes) {
    try {
      for (long at = 0; bytes.hasRemaining(); ) {
        at += channel.write(bytes, at);
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** Gives the files their names, one after the other; Ctrl-C comes before all of it or after. */
  static void publish(OutputFile... outputs) {
    for (OutputFile output : outputs) {
      try {
        output.channel.force(true);
        output.channel.close();
      } catch (IOException e) {
        throw output.failure(e);
      }
    }
    Cleanup.uninterrupted(
        () -> {
          for (OutputFile output : outputs) {
            output.move();
          }
        });
  }

  private void open() {
    try {
      channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** What it replaces may be for its owner's eyes alone. */
  private void keepPermissions() {
    try {
      if (Files.exists(target)) {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(target);
        if (!permissions.equals(Files.getPosixFilePermissions(temporary))) {
          Files.setPosixFilePermissions(temporary, permissions);
        }
      }
    } catch (IOException e) {
      close();
      throw failure(e);
    }
  }

  private void move() {
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw failure(e);
    }
    Cleanup.forget(discard);
    sync(target.getParent());
  }

  /** Removes what was not published. */
  @Override
  public void close() {
    Cleanup.run(discard);
  }

  private void discard() {
    try {
      channel.close();
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The folder went away or became read-only meanwhile; nothing of use can be said.
    }
  }

  /** What a symbolic link points to is replaced, and not the link. */
  private static Path resolve(Path target) {
    if (!Files.exists(target)) {
      if (Files.isSymbolicLink(target)) {
        throw new Failure(target.toString(), "is a link to nothing", "remove it, or name a file");
      }
      return target.toAbsolutePath();
    }
    if (!Files.isRegularFile(target)) {
      String kind = Files.isDirectory(target) ? "a directory" : "not a regular file";
      throw new Failure(target.toString(), "is " + kind, "name a file");
    }
    try {
      return target.toRealPath();
    } catch (IOException e) {
      throw Failure.of(target.toString(), "cannot be written", e);
    }
  }

  /** Root may write anywhere, so that the system would not object; whoever set the mode does. */
  private static void refuseReadOnly(Path target, Path file) {
    Path folder = file.getParent();
    if (!Files.isDirectory(folder)) {
      throw new Failure(target.toString(), "its folder does not exist", "create it first");
    }
    for (Path path : List.of(file, folder)) {
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && isReadOnly(path)) {
        String which = path == file ? "is read-only" : "its folder is read-only";
        throw new Failure(target.toString(), which, "choose another, or change its permissions");
      }
    }
  }

  private static boolean isReadOnly(Path path) {
    Set<PosixFilePermission> writers =
        EnumSet.of(
            PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_WRITE);
    try {
      writers.retainAll(Files.getPosixFilePermissions(path));
      return writers.isEmpty() || !Files.isWritable(path);
    } catch (IOException | UnsupportedOperationException e) {
      return !Files.isWritable(path);
    }
  }

  private static void sync(Path folder) {
    try (FileChannel channel = FileChannel.open(folder)) {
      channel.force(true);
    } catch (IOException e) {
      // Not every system lets one open a folder; the file itself is safe.
    }
  }

  private RuntimeException failure(IOException e) {
    if (e instanceof ClosedChannelException) { // By Cleanup.
      return new Clip4jException(Kind.SHUTTING_DOWN, "the command was interrupted");
    }
    return Failure.of(target.toString(), "cannot be written", e);
  }
}
