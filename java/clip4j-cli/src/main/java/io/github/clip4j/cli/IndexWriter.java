package io.github.clip4j.cli;

import io.github.clip4j.cli.IndexManifest.Entry;
import io.github.clip4j.cli.IndexManifest.Model;
import io.github.clip4j.cli.IndexManifest.Rows;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/** Writes the next version of an index, embedding only what the last one lacks. */
final class IndexWriter {
  /** Items looked at together; among them at most a batch that must be embedded. */
  private static final int CHUNK = 4096;

  private final IndexFolder folder;
  private final Optional<IndexFolder.Version> before;
  private final Embedder embedder;
  private final List<Entry> entries = new ArrayList<>();
  private final CRC32C crc = new CRC32C();
  private long embedded;

  IndexWriter(IndexFolder folder, Optional<IndexFolder.Version> before, Embedder embedder) {
    this.folder = folder;
    this.before = before;
    this.embedder = embedder;
  }

  /** Publishes what the plan says, without the pictures that fail; nothing where all do. */
  void write(IndexPlan plan, Model model, long started, Progress progress) {
    if (plan.keepsRows()) {
      Rows rows = before.orElseThrow().manifest().embeddings();
      plan.items().forEach(item -> entries.add(item.entry()));
      OutputFile.write(folder.manifestPath(), manifest(model, rows, started));
      return;
    }
    Path segment = folder.segmentAfter(before);
    try (RowFile rows = RowFile.create(segment)) {
      for (List<IndexPlan.Item> chunk : chunks(plan.items())) {
        progress.advance(add(chunk, rows));
      }
      if (!entries.isEmpty()) {
        Rows written = new Rows(segment.getFileName().toString(), crc.getValue());
        publish(rows.finish(model.dimension()), manifest(model, written, started));
        folder.removeAllBut(written.file());
      }
    }
  }

  /** The pictures of the version, row by row. */
  List<Entry> entries() {
    return entries;
  }

  /** Rows of the version that the last one lacked. */
  long embedded() {
    return embedded;
  }

  private void publish(OutputFile segment, byte[] manifest) {
    try (OutputFile file = OutputFile.create(folder.manifestPath())) {
      file.write(ByteBuffer.wrap(manifest));
      OutputFile.publish(segment, file);
    }
  }

  private byte[] manifest(Model model, Rows rows, long started) {
    StringWriter text = new StringWriter();
    Json.GSON.toJson(
        new IndexManifest(
            IndexManifest.FORMAT, IndexManifest.VERSION, started, model, rows, entries),
        text);
    return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
  }

  private static List<List<IndexPlan.Item>> chunks(List<IndexPlan.Item> items) {
    List<List<IndexPlan.Item>> chunks = new ArrayList<>();
    int from = 0;
    int toEmbed = 0;
    for (int i = 0; i < items.size(); i++) {
      toEmbed += items.get(i).row() == IndexPlan.NEW ? 1 : 0;
      if (toEmbed == Embedder.PICTURES || i + 1 - from == CHUNK || i + 1 == items.size()) {
        chunks.add(items.subList(from, i + 1));
        from = i + 1;
        toEmbed = 0;
      }
    }
    return chunks;
  }

  private int add(List<IndexPlan.Item> chunk, RowFile rows) {
    List<PictureFile> missing = new ArrayList<>();
    for (IndexPlan.Item item : chunk) {
      if (item.row() == IndexPlan.NEW) {
        missing.add(item.picture());
      }
    }
    float[][] fresh = missing.isEmpty() ? new float[0][] : embedder.pictures(missing);
    int next = 0;
    for (IndexPlan.Item item : chunk) {
      boolean isNew = item.row() == IndexPlan.NEW;
      float[] row = isNew ? fresh[next++] : before.orElseThrow().rows().row(item.row());
      if (row != null && (!isNew || isUnchanged(item))) {
        rows.add(item.entry().id(), row);
        crc.update(bytes(row));
        entries.add(item.entry());
        embedded += isNew ? 1 : 0;
      }
    }
    return missing.size();
  }

  /** Whether what was embedded is what was hashed. */
  private boolean isUnchanged(IndexPlan.Item item) {
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

  private static ByteBuffer bytes(float[] row) {
    ByteBuffer bytes = ByteBuffer.allocate(row.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(row);
    return bytes;
  }
}
