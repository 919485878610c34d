package io.github.clip4j.cli;

import io.github.clip4j.cli.PictureList.Entry;
import io.github.clip4j.internal.files.Digests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/** Which pictures an index shall hold, and which of them it holds already. */
final class IndexPlan {
  /** A picture of the next version. */
  record Item(PictureFile picture, Entry entry, FileStamp stamp) {}

  private final List<Item> items = new ArrayList<>();
  private final List<PictureFile> failed = new ArrayList<>();
  private final long writtenBefore;
  private long kept;
  private final Map<String, Entry> before = new LinkedHashMap<>(); // by path
  private final Map<String, Item> missing = new LinkedHashMap<>(); // by content

  private IndexPlan(Optional<PictureList> list) {
    writtenBefore = list.map(PictureList::written).orElse(0L);
    for (Entry entry : list.map(PictureList::entries).orElse(List.of())) {
      before.put(entry.path(), entry);
    }
  }

  /**
   * Looks at the files.
   *
   * @param embedded those of some SHA-256 that the index has; a writer that was interrupted has
   *     left more of it than its list says
   */
  static IndexPlan of(
      List<PictureFile> pictures,
      Optional<PictureList> before,
      Function<List<String>, Set<String>> embedded) {
    IndexPlan plan = new IndexPlan(before);
    Set<Path> seen = new HashSet<>(); // Names that are not UTF-8 may be one string.
    for (PictureFile picture : pictures) {
      if (picture.problem() != null) {
        if (!plan.wasDeleted(picture)) {
          plan.failed.add(picture);
        }
      } else if (seen.add(PictureList.absolute(picture.path()))) {
        plan.add(picture);
      }
    }
    plan.keepWhatFailed();
    plan.missing.keySet().removeAll(embedded.apply(List.copyOf(plan.missing.keySet())));
    return plan;
  }

  /**
   * A picture of the version before that is gone is dropped; that it is named again is no error.
   */
  private boolean wasDeleted(PictureFile picture) {
    return picture.path() != null
        && Files.notExists(picture.path())
        && before.containsKey(PictureList.absolute(picture.path()).toString());
  }

  /**
   * What the index has of a picture that cannot be read, or below a folder that cannot, stays as it
   * was: the disk may not be mounted.
   */
  private void keepWhatFailed() {
    Set<Path> unread = new HashSet<>();
    for (PictureFile picture : failed) {
      if (picture.path() != null) {
        unread.add(PictureList.absolute(picture.path()));
      }
    }
    Set<String> held = new HashSet<>();
    items.forEach(item -> held.add(item.entry().path()));
    for (Entry entry : before.values()) {
      Path path = Path.of(entry.path());
      boolean failedToo =
          Stream.iterate(path, Objects::nonNull, Path::getParent).anyMatch(unread::contains);
      if (failedToo && !isNoFile(path) && held.add(entry.path())) {
        FileStamp stamp = new FileStamp(entry.size(), entry.mtime(), entry.ctime());
        add(new Item(PictureFile.of(entry.path(), path), entry, stamp));
        kept++;
      }
    }
  }

  private static boolean isNoFile(Path path) {
    return Files.exists(path) && !Files.isRegularFile(path);
  }

  private void add(Item item) {
    items.add(item);
    missing.putIfAbsent(item.entry().sha256(), item);
  }

  private void add(PictureFile picture) {
    String path = PictureList.absolute(picture.path()).toString();
    if (isNoFile(picture.path())) {
      String why = "is not a regular file";
      failed.add(PictureFile.failed(picture.id(), picture.path(), why, "name a picture's file"));
      return;
    }
    try {
      FileStamp stamp = FileStamp.of(picture.path());
      Entry known = before.get(path);
      String sha256 =
          known != null && known.isCertainly(stamp, writtenBefore)
              ? known.sha256()
              : Digests.sha256(picture.path());
      Entry entry =
          new Entry(picture.id(), path, stamp.size(), stamp.mtime(), stamp.ctime(), sha256);
      add(new Item(picture, entry, stamp));
    } catch (IOException e) {
      String why = "cannot be read: " + Failure.reason(e);
      failed.add(PictureFile.failed(picture.id(), picture.path(), why, "check its permissions"));
    }
  }

  List<Item> items() {
    return items;
  }

  /** Pictures that are not there or cannot be read. */
  List<PictureFile> failed() {
    return failed;
  }

  /** Pictures of the version before that cannot be read now. */
  long kept() {
    return kept;
  }

  /** Pictures whose embeddings are missing; of those of the same bytes the first alone. */
  Set<Item> missing() {
    return new LinkedHashSet<>(missing.values());
  }

  /** Pictures of the version before whose path is none of {@code now}'s. */
  long dropped(List<Entry> now) {
    Set<String> paths = new HashSet<>(before.keySet());
    now.forEach(entry -> paths.remove(entry.path()));
    return paths.size();
  }
}
