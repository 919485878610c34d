package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.clip4j.internal.Native;
import io.github.clip4j.search.SearchRuntime;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Runs the command in this JVM, and knows what its output must look like. */
final class Cli {
  /** The built-in model as a folder: the same embeddings, and no note about them. */
  static final String MODEL =
      Path.of(System.getProperty("clip4j.root", "../.."), "models/emoji-clip").toString();

  private Cli() {}

  record Result(int status, String out, String err) {
    JsonObject json() {
      return document().getAsJsonObject();
    }

    JsonArray array() {
      return document().getAsJsonArray();
    }

    /** Stdout, which must be one JSON document on one line. */
    JsonElement document() {
      assertEquals(1, out.lines().count(), out + err);
      return JsonParser.parseString(out);
    }

    Result hasStatus(int expected) {
      assertEquals(expected, status, out + err);
      return this;
    }

    /** Exit 1 (or another), nothing on stdout, one line {@code clip4j: WHAT: WHY (what to do)}. */
    Result failsWith(int expected, String... parts) {
      hasStatus(expected);
      assertEquals("", out);
      assertEquals(1, err.lines().count(), err);
      assertTrue(err.matches("clip4j: [^\\n]+: [^\\n]+ \\([^\\n]+\\)\\n"), err);
      Arrays.stream(parts).forEach(part -> assertTrue(err.contains(part), part + " in " + err));
      return this;
    }

    /** Exit 3, and one line that names the item. */
    Result failsOnlyFor(Path item) {
      hasStatus(3);
      assertEquals(1, err.lines().count(), err);
      assertTrue(err.startsWith("clip4j: " + item + ": "), err);
      return this;
    }

    Result succeeds() {
      hasStatus(0);
      assertEquals("", err);
      return this;
    }
  }

  static Result run(Object... args) {
    Native.load();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    int status = Main.run(console, Arrays.stream(args).map(String::valueOf).toArray(String[]::new));
    assertEquals(0, SearchRuntime.nativeBytes(), "native bytes that the command left");
    assertEquals(0, Native.liveBytes(), "native bytes of models that the command left");
    assertEquals(0, Native.liveHandles(), "native handles that the command left");
    return new Result(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** The demo's pictures of single things, copied to a folder under their names. */
  static Path picture(String name, Path folder) {
    return picture(name, folder, name);
  }

  static Path picture(String name, Path folder, String as) {
    try {
      Files.createDirectories(folder);
      return Files.write(folder.resolve(as), pictureBytes(name));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static byte[] pictureBytes(String name) {
    try (var in = Cli.class.getResourceAsStream("demo/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A picture that is white above and black below, stored lying on its left side. */
  static Path sideways(Path file) {
    BufferedImage stored = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
    stored.createGraphics().fillRect(0, 0, 32, 64); // White.
    ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
    try {
      ImageIO.write(stored, "jpeg", jpeg);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    byte[] exif =
        HexFormat.of()
            .parseHex(
                "ffe10022"
                    + "457869660000"
                    + "49492a0008000000" // Exif; TIFF, little-endian
                    + "0100"
                    + "1201030001000000"
                    + "06000000"
                    + "00000000"); // orientation 6
    ByteBuffer bytes = ByteBuffer.allocate(jpeg.size() + exif.length);
    bytes.put(jpeg.toByteArray(), 0, 2).put(exif);
    bytes.put(jpeg.toByteArray(), 2, jpeg.size() - 2);
    return write(file, bytes.array());
  }

  static List<String> namesIn(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A matrix as numpy.save writes it. */
  static Path npy(Path file, String dtype, int rows, int dimension, double... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Npy.HEADER_BYTES + values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(Npy.header(dtype, rows, dimension));
    for (double value : values) {
      if (dtype.equals("<f8")) {
        bytes.putDouble(value);
      } else {
        bytes.putFloat((float) value);
      }
    }
    return write(file, Arrays.copyOf(bytes.array(), bytes.position()));
  }

  /** Any header over any data. */
  static Path npy(Path file, String literal, int dataBytes) {
    byte[] header = (literal + "\n").getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer bytes =
        ByteBuffer.allocate(10 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(Npy.MAGIC).put((byte) 1).put((byte) 0).putShort((short) header.length).put(header);
    return write(file, bytes.array());
  }

  static Path write(Path file, byte[] content) {
    try {
      return Files.write(file, content);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static Path write(Path file, String content) {
    return write(file, content.getBytes(StandardCharsets.UTF_8));
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** OUT.ids.json. */
  static List<String> ids(Path embeddings) {
    return JsonParser.parseString(read(Path.of(embeddings + ".ids.json")))
        .getAsJsonArray()
        .asList()
        .stream()
        .map(JsonElement::getAsString)
        .toList();
  }

  /** The rows of a .npy file that clip4j wrote. */
  static float[][] rows(Path npy) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(npy)).order(ByteOrder.LITTLE_ENDIAN);
      String header = StandardCharsets.ISO_8859_1.decode(bytes.duplicate().limit(192)).toString();
      String[] shape = header.replaceAll("(?s).*'shape': \\((.*?)\\).*", "$1").split(", ");
      assertTrue(header.contains("'descr': '<f4', 'fortran_order': False"), header);
      float[][] rows = new float[Integer.parseInt(shape[0])][Integer.parseInt(shape[1])];
      bytes.position(10 + bytes.getShort(8));
      for (float[] row : rows) {
        for (int i = 0; i < row.length; i++) {
          row[i] = bytes.getFloat();
        }
      }
      assertEquals(0, bytes.remaining());
      return rows;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
