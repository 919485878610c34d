package io.github.clip4j.cli;

import io.github.clip4j.cli.IndexManifest.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which pictures an index shall hold, and which of them it holds already. */
final class IndexPlan {
  static final int NEW = -1;

  /**
   * A picture of the next version.
   *
   * @param row its row in the version before; {@link #NEW} if it must be embedded
   */
  record Item(PictureFile picture, Entry entry, FileStamp stamp, int row) {}

  private final List<Item> items = new ArrayList<>();
  private final List<PictureFile> failed = new ArrayList<>();
  private final List<Entry> before;
  private final long writtenBefore;
  private final Map<String, Integer> rowOfPath = new HashMap<>();
  private final Map<String, Integer> rowOfContent = new HashMap<>();

  private IndexPlan(Optional<IndexManifest> manifest) {
    before = manifest.map(IndexManifest::entries).orElse(List.of());
    writtenBefore = manifest.map(IndexManifest::written).orElse(0L);
    for (int row = 0; row < before.size(); row++) {
      rowOfPath.put(before.get(row).path(), row);
      rowOfContent.putIfAbsent(before.get(row).sha256(), row);
    }
  }

  static IndexPlan of(List<PictureFile> pictures, Optional<IndexManifest> before) {
    IndexPlan plan = new IndexPlan(before);
    Set<String> seen = new HashSet<>();
    for (PictureFile picture : pictures) {
      if (picture.problem() != null) {
        if (!plan.wasDeleted(picture)) {
          plan.failed.add(picture);
        }
      } else if (seen.add(IndexManifest.absolute(picture.path()).toString())) {
        plan.add(picture);
      }
    }
    return plan;
  }

  /**
   * A picture of the version before that is gone is dropped; that it is named again is no error.
   */
  private boolean wasDeleted(PictureFile picture) {
    return picture.path() != null
        && Files.notExists(picture.path())
        && rowOfPath.containsKey(IndexManifest.absolute(picture.path()).toString());
  }

  private void add(PictureFile picture) {
    String path = IndexManifest.absolute(picture.path()).toString();
    try {
      FileStamp stamp = FileStamp.of(picture.path());
      Integer row = rowOfPath.get(path);
      String sha256;
      if (row != null && before.get(row).isCertainly(stamp, writtenBefore)) {
        sha256 = before.get(row).sha256();
      } else {
        sha256 = FileStamp.sha256(picture.path());
        row = rowOfContent.get(sha256);
      }
      Entry entry =
          new Entry(picture.id(), path, stamp.size(), stamp.mtime(), stamp.ctime(), sha256);
      items.add(new Item(picture, entry, stamp, row == null ? NEW : row));
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

  long toEmbed() {
    return items.stream().filter(item -> item.row() == NEW).count();
  }

  /** Pictures of the version before whose path is none of {@code now}'s. */
  long dropped(List<Entry> now) {
    Set<String> paths = new HashSet<>();
    now.forEach(entry -> paths.add(entry.path()));
    return before.stream().filter(entry -> !paths.contains(entry.path())).count();
  }

  /** Whether the segment of the version before can serve the next one as it is. */
  boolean keepsRows() {
    if (items.isEmpty() || items.size() != before.size()) {
      return false;
    }
    for (int row = 0; row < items.size(); row++) {
      if (items.get(row).row() != row) {
        return false;
      }
    }
    return true;
  }
}
