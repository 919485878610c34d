package io.github.clip4j.search;

import static io.github.clip4j.testing.Refusals.failed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class IndexFolderTest {
  private static final IndexSchema SCHEMA =
      new IndexSchema(16, IdKind.STRING, "sha256:m\u00fcller");

  @TempDir Path parent;

  @Test
  void refusesAFolderOfAnotherFileSystem() throws IOException {
    Path zip = parent.resolve("a.zip");
    try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path folder = Files.createDirectory(files.getPath("/index"));
      for (Executable call :
          List.<Executable>of(
              () -> EmbeddingIndex.create(folder, SCHEMA),
              () -> EmbeddingIndex.open(folder),
              () -> EmbeddingIndex.open(folder, OpenOptions.WRITE))) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertEquals("not a file of the default file system: /index", message);
      }
    }
  }

  @Test
  void keepsWhatWasCommitted() throws Exception {
    Path folder = parent.resolve("an index \u00fc");
    try (Embeddings rows = RandomRows.of(100, 16, 3)) {
      List<Hits.Hit> expected;
      try (EmbeddingIndex index = EmbeddingIndex.create(folder, SCHEMA)) {
        index.add(rows, ids(0, 100));
        index.remove(ids(10, 20));
        index.commit();
        index.commit();
        expected = index.search(rows.row(50), 5).of(0);
        index.remove(ids(50, 60)); // Not committed: lost.
      }
      try (EmbeddingIndex reader = EmbeddingIndex.open(folder)) {
        assertEquals(SCHEMA, reader.schema());
        assertEquals(90, reader.size());
        assertEquals(0, reader.memory().codes());
        assertEquals(expected, reader.search(rows.row(50), 5).of(0));
        assertEquals("id 50", expected.get(0).id());
        failed(Kind.UNSUPPORTED, "opened for reading", () -> reader.add(rows, ids(200, 300)));
        failed(Kind.UNSUPPORTED, "opened for reading", reader::commit);
      }
      try (EmbeddingIndex writer = EmbeddingIndex.open(folder, OpenOptions.WRITE)) {
        writer.upsert(rows, ids(95, 195));
        writer.commit();
      }
      try (EmbeddingIndex reader = EmbeddingIndex.open(folder)) {
        assertEquals(185, reader.size());
        reader.warm();
        assertTrue(reader.memory().codes() > 0);
        assertEquals("id 107", reader.search(rows.row(12), 1).stringId(0, 0));
      }
    }
    assertEquals(List.of(), EmbeddingIndex.verify(folder));
    try (Stream<Path> files = Files.list(folder)) {
      for (String name : files.map(file -> file.getFileName().toString()).toList()) {
        assertTrue(name.matches("lock|manifest\\.safetensors|segment-\\d+\\.safetensors"), name);
      }
    }
  }

  @Test
  void readsRowsFromDiskWhereMemoryHasNoRoom() {
    try (Embeddings rows = RandomRows.of(500, 16, 3)) {
      try (EmbeddingIndex index =
          EmbeddingIndex.create(parent, SCHEMA, OpenOptions.WRITE.withRowMemory(0))) {
        index.add(rows, ids(0, 500));
        index.commit();
      }
      try (EmbeddingIndex all = EmbeddingIndex.open(parent);
          EmbeddingIndex none = EmbeddingIndex.open(parent, OpenOptions.READ.withRowMemory(0))) {
        for (int i = 0; i < 500; i += 50) {
          assertEquals(all.search(rows.row(i), 7).of(0), none.search(rows.row(i), 7).of(0));
        }
        assertEquals(500 * 16 * 4, all.memory().rows());
        assertEquals(0, none.memory().rows());
      }
    }
    assertThrows(IllegalArgumentException.class, () -> OpenOptions.READ.withRowMemory(-1));
  }

  @Test
  void hasOneWriter() {
    try (EmbeddingIndex writer = EmbeddingIndex.create(parent, SCHEMA)) {
      failed(Kind.LOCKED, "", () -> EmbeddingIndex.open(parent, OpenOptions.WRITE).close());
      failed(Kind.LOCKED, "", () -> EmbeddingIndex.create(parent, SCHEMA).close());
      EmbeddingIndex.open(parent).close();
      assertEquals(0, writer.size());
    }
    EmbeddingIndex.open(parent, OpenOptions.WRITE).close();
    assertThrows(IllegalArgumentException.class, () -> EmbeddingIndex.create(parent, SCHEMA));
  }

  @Test
  void leavesReadersTheirState() {
    try (Embeddings rows = RandomRows.of(20, 16, 3);
        EmbeddingIndex writer = EmbeddingIndex.create(parent, SCHEMA)) {
      writer.add(rows, ids(0, 20));
      writer.commit();
      try (EmbeddingIndex before = EmbeddingIndex.open(parent)) {
        for (int i = 0; i < 20; i++) { // Merges, and removes the files that the reader has open.
          writer.upsert(rows, ids(i * 7, i * 7 + 20));
          writer.commit();
        }
        assertEquals(20, before.size());
        assertEquals("id 3", before.search(rows.row(3), 1).stringId(0, 0));
        assertEquals(7 * 19 + 20, writer.size());
      }
    }
  }

  @Test
  void refusesAnotherModel() {
    EmbeddingIndex.create(parent, SCHEMA).close();
    OpenOptions options = OpenOptions.READ.withFingerprint(SCHEMA.fingerprint());
    EmbeddingIndex.open(parent, options).close();
    String text =
        assertThrows(
                IllegalArgumentException.class,
                () -> EmbeddingIndex.open(parent, options.withFingerprint("sha256:other")))
            .getMessage();
    assertTrue(text.contains("sha256:other") && text.contains(SCHEMA.fingerprint()), text);
    Path another = parent.resolve("another");
    OpenOptions others = OpenOptions.WRITE.withFingerprint("sha256:other");
    assertThrows(
        IllegalArgumentException.class, () -> EmbeddingIndex.create(another, SCHEMA, others));
    assertFalse(Files.exists(another));
  }

  @Test
  void createsNothingForReading() {
    String text =
        assertThrows(
                IllegalArgumentException.class,
                () -> EmbeddingIndex.create(parent, SCHEMA, OpenOptions.READ))
            .getMessage();
    assertTrue(text.contains("give OpenOptions.WRITE"), text);
    failed(Kind.MISSING, "manifest.safetensors", () -> EmbeddingIndex.open(parent));
  }

  @Test
  void saysWhatIsWrongWithAFolder() throws Exception {
    Path none = parent.resolve("none");
    failed(Kind.MISSING, "none", () -> EmbeddingIndex.open(none));
    failed(Kind.MISSING, "none", () -> EmbeddingIndex.verify(none));
    failed(Kind.MISSING, "manifest.safetensors", () -> EmbeddingIndex.open(parent));
    Path file = Files.createFile(parent.resolve("file"));
    assertThrows(Clip4jException.class, () -> EmbeddingIndex.open(file));
    failed(Kind.UNWRITABLE, "file", () -> EmbeddingIndex.create(file.resolve("x"), SCHEMA));
    assertThrows(NullPointerException.class, () -> EmbeddingIndex.open(null));
    assertThrows(NullPointerException.class, () -> EmbeddingIndex.create(null, SCHEMA));
    assertThrows(NullPointerException.class, () -> EmbeddingIndex.verify(null));
    Files.writeString(parent.resolve("manifest.safetensors"), "no manifest at all");
    failed(Kind.CORRUPT, "manifest.safetensors", () -> EmbeddingIndex.open(parent));
    assertEquals("manifest.safetensors", EmbeddingIndex.verify(parent).get(0).file());
  }

  @Test
  void findsAFlippedBitAndAMissingByte() throws Exception {
    try (Embeddings rows = RandomRows.of(50, 16, 3);
        EmbeddingIndex index = EmbeddingIndex.create(parent, SCHEMA)) {
      index.add(rows, ids(0, 50));
      index.commit();
    }
    Path segment;
    try (Stream<Path> files = Files.list(parent)) {
      segment =
          files.filter(file -> file.toString().contains("segment-")).findFirst().orElseThrow();
    }
    String name = segment.getFileName().toString();
    byte[] good = Files.readAllBytes(segment);
    byte[] bad = good.clone();
    bad[good.length / 2] ^= 4;
    Files.write(segment, bad);
    List<Finding> findings = EmbeddingIndex.verify(parent);
    assertEquals(name, findings.get(0).file());
    assertTrue(findings.get(0).problem().contains("checksum"), findings.toString());
    Files.write(segment, good);
    assertEquals(List.of(), EmbeddingIndex.verify(parent));

    try (Embeddings rows = RandomRows.of(50, 16, 3);
        EmbeddingIndex reader = EmbeddingIndex.open(parent)) {
      truncate(segment, good.length / 2); // Under an open reader, whose first search reads it.
      failed(Kind.CORRUPT, name, () -> reader.search(rows, 1));
      failed(Kind.CORRUPT, name, reader::warm);
    }
    assertEquals(name, EmbeddingIndex.verify(parent).get(0).file());
    failed(Kind.CORRUPT, name, () -> EmbeddingIndex.open(parent));
    Files.delete(segment);
    failed(Kind.CORRUPT, "/" + name, () -> EmbeddingIndex.open(parent));
  }

  private static void truncate(Path file, long size) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
  }

  private static Ids ids(int from, int to) {
    return Ids.of(IntStream.range(from, to).mapToObj(i -> "id " + i).toList());
  }
}
