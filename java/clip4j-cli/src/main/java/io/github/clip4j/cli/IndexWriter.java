package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.cli.IndexPlan.Item;
import io.github.clip4j.cli.PictureList.Entry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Brings an index up to date, embedding only what it lacks. */
final class IndexWriter {
  /** How much work is lost where the process ends early; a commit takes some milliseconds. */
  static final Duration BETWEEN_COMMITS = Duration.ofSeconds(10);

  private final PictureIndex index;
  private final ClipModel model;
  private final PictureList.Model madeBy;
  private final BatchEmbedder embedder;
  private final Duration betweenCommits;
  private final Set<String> failed = new HashSet<>();
  private final List<Entry> entries = new ArrayList<>();
  private long embedded;

  IndexWriter(
      PictureIndex index,
      ClipModel model,
      PictureList.Model madeBy,
      BatchEmbedder embedder,
      Duration betweenCommits) {
    this.index = index;
    this.model = model;
    this.madeBy = madeBy;
    this.embedder = embedder;
    this.betweenCommits = betweenCommits;
  }

  /** Publishes what the plan says, without the pictures that fail; nothing where all do. */
  void write(IndexPlan plan, long started, Progress progress) {
    Set<Item> missing = plan.missing();
    List<Item> queue = List.copyOf(missing);
    long committed = System.nanoTime();
    for (int from = 0; from < queue.size(); from += BatchEmbedder.PICTURES) {
      List<Item> batch = queue.subList(from, Math.min(from + BatchEmbedder.PICTURES, queue.size()));
      embed(batch);
      if (System.nanoTime() - committed >= betweenCommits.toNanos()) {
        index.commit();
        committed = System.nanoTime();
      }
      progress.advance(batch.size());
    }
    for (Item item : plan.items()) {
      if (!failed.contains(item.entry().sha256())) {
        entries.add(item.entry());
      } else if (!missing.contains(item)) {
        embedder.failed(item.picture(), "has the bytes of another picture that failed");
      }
    }
    if (!entries.isEmpty()) {
      index.publish(new PictureList(started, madeBy, entries));
    }
  }

  /** The pictures of the version. */
  List<Entry> entries() {
    return entries;
  }

  /** Embeddings that the version before lacked. */
  long embedded() {
    return embedded;
  }

  private void embed(List<Item> batch) {
    float[][] fresh = embedder.pictures(batch.stream().map(Item::picture).toList());
    List<float[]> rows = new ArrayList<>();
    List<String> contents = new ArrayList<>();
    for (int i = 0; i < fresh.length; i++) {
      String content = batch.get(i).entry().sha256();
      if (fresh[i] != null && isUnchanged(batch.get(i))) {
        rows.add(fresh[i]);
        contents.add(content);
      } else {
        failed.add(content);
      }
    }
    if (!rows.isEmpty()) {
      if (embedded == 0) {
        index.create(model, madeBy);
      }
      index.add(rows, contents);
      embedded += rows.size();
    }
  }

  /** Whether what was embedded is what was hashed. */
  private boolean isUnchanged(Item item) {
    try {
      if (FileStamp.of(item.picture().path()).equals(item.stamp())) {
        return true;
      }
    } catch (IOException e) {
      // Then it is gone, and not what it was.
    }
    embedder.failed(item.picture(), "changed while it was read (index again)");
    return false;
  }
}
