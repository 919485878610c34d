package io.github.clip4j.internal.hub;

import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.internal.files.Interrupts;
import io.github.clip4j.internal.files.ProcessLock;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One model's part of the cache that all users of the Hugging Face hub share: {@code blobs/ETAG},
 * {@code snapshots/COMMIT/FILE} which link to blobs, {@code refs/REVISION} which name commits, and
 * {@code .no_exist/COMMIT/FILE}, empty, for what a commit is known not to have.
 *
 * <p>Blobs, links and refs appear whole or not at all, so nothing that is there needs a lock to be
 * read. A ref is written once all files of its commit are there.
 */
final class HubCache {
  /** Makes a symbolic link, or fails where the file system has none. */
  interface Linker {
    void link(Path link, Path target) throws IOException;
  }

  private final Path root;
  private final HubName name;
  private final Linker linker;

  HubCache(Path root, HubName name) {
    this(root, name, Files::createSymbolicLink);
  }

  HubCache(Path root, HubName name, Linker linker) {
    this.root = root;
    this.name = name;
    this.linker = linker;
  }

  private Path folder() {
    return root.resolve(name.folder());
  }

  Path snapshot(String commit) {
    return folder().resolve("snapshots").resolve(commit);
  }

  private Path ref() {
    return folder().resolve("refs").resolve(name.revision());
  }

  /** The commit that the revision was when it was last fetched. */
  Optional<String> commit() {
    if (name.isCommit()) {
      return Optional.of(name.revision());
    }
    return Optional.of(ref())
        .filter(Files::isRegularFile)
        .map(ref -> InputFile.text(ref).strip())
        .filter(commit -> commit.matches("[0-9a-f]{40}"));
  }

  /**
   * The files of a snapshot.
   *
   * @throws Clip4jException UNREADABLE where one is a link that leads out of the cache
   */
  Set<String> files(String commit) {
    Path snapshot = snapshot(commit);
    Set<String> files = new HashSet<>();
    if (!Files.isDirectory(snapshot)) {
      return files;
    }
    try (Stream<Path> entries = Files.list(snapshot)) {
      for (Path file : entries.filter(Files::isRegularFile).toList()) {
        checkInside(file);
        files.add(file.getFileName().toString());
      }
      return files;
    } catch (IOException e) {
      throw InputFile.unreadable(snapshot, e);
    }
  }

  /** A link may lead to the model's own files, and to the blobs that models share. */
  private void checkInside(Path file) throws IOException {
    Path real = file.toRealPath();
    if (!real.startsWith(folder().toRealPath())
        && !real.startsWith(root.toRealPath().resolve("blobs"))) {
      throw new Clip4jException(
          Kind.UNREADABLE,
          file + " links to " + real + ", which is not in the cache (remove the link)");
    }
  }

  private Path blobs() {
    return folder().resolve("blobs");
  }

  /** Where a blob is or will be. */
  Path blob(String etag) throws IOException {
    return Files.createDirectories(blobs()).resolve(etag);
  }

  /** Deletes what our interrupted downloads left for nothing; what cannot be deleted stays. */
  void deleteLeftovers() {
    try {
      PartialBlob.deleteStale(blobs());
    } catch (IOException e) {
      // A cache that is read-only.
    }
  }

  /**
   * Waits until no other download of the blob goes on; null where the system cannot lock there,
   * which costs no more than fetching it twice.
   */
  ProcessLock lock(String etag) {
    try {
      Path locks = Files.createDirectories(root.resolve(".locks").resolve(name.folder()));
      return ProcessLock.await(locks.resolve(etag + ".lock"));
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      throw Interrupts.told(Interrupts.DOWNLOAD, e);
    }
  }

  /** Makes a blob a file of a snapshot, unless the snapshot has it. */
  void link(String commit, String file, String etag) throws IOException {
    Path link = Files.createDirectories(snapshot(commit)).resolve(file);
    if (Files.exists(link)) {
      return;
    }
    if (Files.isSymbolicLink(link)) {
      Files.deleteIfExists(link); // Its blob is gone.
    }
    Path blob = blob(etag);
    try {
      linker.link(link, link.getParent().relativize(blob));
    } catch (FileAlreadyExistsException e) {
      // Another download was quicker.
    } catch (IOException | UnsupportedOperationException e) {
      copy(blob, link);
    }
  }

  private void copy(Path blob, Path file) throws IOException {
    try (PartialBlob part = PartialBlob.open(file, -1)) {
      part.append(blob);
      part.publish();
    }
  }

  private Path absentFolder(String commit) {
    return folder().resolve(".no_exist").resolve(commit);
  }

  /** Files that the commit is known not to have. */
  Set<String> absent(String commit) {
    String[] names = absentFolder(commit).toFile().list();
    return names == null ? Set.of() : Set.of(names);
  }

  /** Keeps what the commit does not have; where that cannot be written, it is asked for again. */
  void writeAbsent(String commit, Stream<String> files) {
    try {
      Path folder = Files.createDirectories(absentFolder(commit));
      for (String file : files.toList()) {
        if (!Files.exists(folder.resolve(file))) {
          Files.createFile(folder.resolve(file));
        }
      }
    } catch (IOException e) {
      // A cache that is read-only, or another download that was quicker.
    }
  }

  /** Makes the revision name the commit. */
  void writeRef(String commit) throws IOException {
    if (name.isCommit() || commit().equals(Optional.of(commit))) {
      return;
    }
    Path ref = ref();
    Files.createDirectories(ref.getParent());
    try (PartialBlob part = PartialBlob.open(ref, -1)) {
      byte[] text = commit.getBytes(StandardCharsets.US_ASCII);
      part.append(text, text.length);
      part.publish();
    }
  }
}
