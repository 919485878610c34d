package io.github.clip4j.cli;

import com.google.gson.JsonParseException;
import io.github.clip4j.ClipModel;
import io.github.clip4j.search.Embeddings;
import java.io.IOException;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * An index of pictures on disk: a segment embeddings-N.safetensors with a row for each picture, and
 * manifest.json, which names the segment and the pictures. A new version is a new segment, then a
 * new manifest; a published file is never written again. So readers need no lock, and a crash
 * leaves the old version.
 */
final class IndexFolder {
  private static final String MANIFEST = "manifest.json";
  private static final Pattern SEGMENT = Pattern.compile("embeddings-(\\d{6,9})\\.safetensors");

  private final Path folder;

  IndexFolder(Path folder) {
    this.folder = folder;
  }

  /** A version of the index, read whole. */
  record Version(IndexManifest manifest, Embeddings rows) implements AutoCloseable {
    @Override
    public void close() {
      rows.close();
    }
  }

  static boolean isSegment(String name) {
    return name != null && SEGMENT.matcher(name).matches();
  }

  Path path() {
    return folder;
  }

  /** The published version; empty where there is none. */
  Optional<Version> read() {
    for (int attempt = 1; ; attempt++) {
      Optional<IndexManifest> manifest = manifest();
      if (manifest.isEmpty()) {
        return Optional.empty();
      }
      try {
        return Optional.of(new Version(manifest.get(), rows(manifest.get())));
      } catch (NoSuchFileException e) {
        if (attempt == 3) { // Otherwise a writer replaced it between the two reads.
          throw damaged(manifest.get().embeddings().file() + " is missing");
        }
      } catch (IOException e) {
        throw Failure.of(folder.toString(), "cannot be read", e);
      }
    }
  }

  private Optional<IndexManifest> manifest() {
    try (Reader reader = Files.newBufferedReader(folder.resolve(MANIFEST))) {
      IndexManifest manifest = Json.GSON.fromJson(reader, IndexManifest.class);
      if (manifest == null || !manifest.isSound()) {
        throw damaged(MANIFEST + " is not that of a clip4j index");
      }
      return Optional.of(manifest);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JsonParseException | java.nio.charset.CharacterCodingException e) {
      throw damaged(MANIFEST + " is not that of a clip4j index");
    } catch (IOException e) {
      throw Failure.of(folder.toString(), "cannot be read", e);
    }
  }

  private Embeddings rows(IndexManifest manifest) throws IOException {
    String name = manifest.embeddings().file();
    int rows = manifest.entries().size();
    int dimension = manifest.model().dimension();
    try (FileChannel channel = FileChannel.open(folder.resolve(name))) {
      byte[] header = Safetensors.header(rows, dimension);
      ByteBuffer found = ByteBuffer.allocate(header.length);
      if (channel.size() != header.length + (long) rows * dimension * Float.BYTES
          || !fill(channel, found)
          || !Arrays.equals(found.array(), header)) {
        throw damaged(name + " is not what its manifest says");
      }
      CRC32C crc = new CRC32C();
      Embeddings embeddings =
          Embeddings.fill(rows, dimension, (firstRow, block) -> read(channel, block, crc, name));
      if (crc.getValue() != manifest.embeddings().crc32c()) {
        embeddings.close();
        throw damaged(name + " has a wrong checksum");
      }
      return embeddings;
    }
  }

  private void read(FileChannel channel, FloatBuffer block, CRC32C crc, String name)
      throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(block.remaining() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    if (!fill(channel, bytes)) {
      throw damaged(name + " ends too early");
    }
    crc.update(bytes.duplicate());
    block.put(bytes.asFloatBuffer());
  }

  private static boolean fill(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        return false;
      }
    }
    bytes.flip();
    return true;
  }

  /** Refuses a model whose embeddings cannot be compared with those of the index. */
  void checkModel(IndexManifest manifest, ClipModel model) {
    if (!manifest.model().fingerprint().equals(model.fingerprint())) {
      throw new Failure(
          folder.toString(),
          "was made by another model, " + manifest.model().name(),
          "name that one with --model, or index into another folder");
    }
  }

  /** The file of the version after this one. */
  Path segmentAfter(Optional<Version> version) {
    long number =
        version
            .map(v -> SEGMENT.matcher(v.manifest().embeddings().file()))
            .filter(m -> m.matches())
            .map(m -> Long.parseLong(m.group(1)) % 999_999_999)
            .orElse(0L);
    return folder.resolve("embeddings-%06d.safetensors".formatted(number + 1));
  }

  Path manifestPath() {
    return folder.resolve(MANIFEST);
  }

  /** Removes what earlier versions and interrupted writers left. For the lock's holder alone. */
  void removeAllBut(String segment) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        String target = OutputFile.targetOf(name);
        if (isSegment(target)
            || MANIFEST.equals(target)
            || isSegment(name) && !name.equals(segment)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      // What is left costs disk and does no harm; the next writer tries again.
    }
  }

  private Failure damaged(String why) {
    return new Failure(folder.toString(), why, "index into another folder, or remove this one");
  }
}
