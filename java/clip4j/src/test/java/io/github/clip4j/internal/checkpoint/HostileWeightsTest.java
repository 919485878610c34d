package io.github.clip4j.internal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.SafetensorsFile;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever the bytes: tensors within the file or one named error, soon. -Dclip4j.mutations=100000
 * tries more than the usual 20,000.
 */
class HostileWeightsTest {
  private static final int MUTATIONS = Integer.getInteger("clip4j.mutations", 20_000);
  private static final long MOST_NANOSECONDS = 1_000_000_000;

  /** Instructions with operands that lead somewhere, for pickles that get far. */
  private static final List<String> INSTRUCTIONS =
      List.of(
          "(",
          "N",
          "\u0088",
          "K\u0001",
          "K\u0002",
          "K\u0000",
          "J\u00ff\u00ff\u00ff\u00ff",
          "\u008a\u0008\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f",
          "]",
          ")",
          "}",
          "t",
          "\u0085",
          "\u0086",
          "\u0087",
          "a",
          "e",
          "s",
          "u",
          "q\u0000",
          "q\u0001",
          "h\u0000",
          "h\u0001",
          "\u0094",
          "Q",
          "R",
          "b",
          "\u0081",
          "c__torch__.a\nB\n",
          "c__torch__.a\nB\n)\u0081",
          ".",
          "X\u0001\u0000\u0000\u0000a",
          "X\u0007\u0000\u0000\u0000storage",
          "ctorch\nFloatStorage\n",
          "ctorch._utils\n_rebuild_tensor_v2\n",
          "ctorch._utils\n_rebuild_parameter\n",
          "ccollections\nOrderedDict\n",
          "(X\u0007\u0000\u0000\u0000storagectorch\nFloatStorage\nX\u0001\u0000\u0000\u00000NK\u0004tQ");

  @TempDir Path temp;
  private int opened;

  /** Reads a file of these bytes. */
  private void read(FileChannel channel, String name, byte[] bytes, String what)
      throws IOException {
    channel.truncate(bytes.length);
    channel.write(ByteBuffer.wrap(bytes), 0);
    Path file = temp.resolve(name);
    // Of this thread's own time: the machine may be busy.
    long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    try {
      for (Tensor tensor : Tensor.read(file)) {
        long end = tensor.offset() + tensor.bytes();
        assertTrue(tensor.offset() >= 0 && end >= 0 && end <= bytes.length, what);
      }
      opened++;
    } catch (Clip4jException e) {
      // It would be UNREADABLE to ask for bytes beyond the end.
      assertNotEquals(Kind.UNREADABLE, e.kind(), what);
      assertTrue(e.getMessage().startsWith(file + ": "), what + e.getMessage());
      assertEquals(1, e.getMessage().lines().count(), what + e.getMessage());
      assertTrue(e.getMessage().length() < file.toString().length() + 320, what);
    } catch (RuntimeException | Error e) {
      throw new AssertionError(what, e);
    }
    long taken = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start;
    assertTrue(taken < MOST_NANOSECONDS, what + " took " + taken + " ns");
  }

  private FileChannel open(String name) throws IOException {
    return FileChannel.open(
        temp.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  /** Some bytes changed, copied over others, inserted or removed. */
  private static byte[] mutated(byte[] bytes, Random random) {
    byte[] result = bytes.clone();
    for (int changes = 1 + random.nextInt(4); changes > 0 && result.length > 16; changes--) {
      int at = random.nextInt(result.length);
      int length = Math.min(1 + random.nextInt(12), result.length - at);
      switch (random.nextInt(6)) {
        case 0 -> result[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> result[at] = (byte) random.nextInt(256);
        case 2 -> Arrays.fill(result, at, at + length, (byte) (random.nextBoolean() ? 0xFF : 0));
        case 3 -> {
          int from = random.nextInt(result.length - length + 1);
          System.arraycopy(result, from, result, at, length);
        }
        case 4 -> {
          byte[] shorter = Arrays.copyOf(result, result.length - length);
          System.arraycopy(result, at + length, shorter, at, shorter.length - at);
          result = shorter;
        }
        default -> {
          byte[] longer = Arrays.copyOf(result, result.length + length);
          System.arraycopy(result, at, longer, at + length, result.length - at);
          result = longer;
        }
      }
    }
    return result;
  }

  @Test
  void mutatedFiles() throws IOException {
    List<byte[]> files = new ArrayList<>();
    for (String name :
        List.of("zip.bin", "old.bin", "zip64.bin", "protocol4.bin", "wrapped.bin", "script.bin")) {
      files.add(Files.readAllBytes(TorchFileTest.resource(name)));
    }
    try (FileChannel channel = open("x.bin")) {
      for (int seed = 0; seed < MUTATIONS; seed++) {
        byte[] file = files.get(seed % files.size());
        read(channel, "x.bin", mutated(file, new Random(seed)), "mutation " + seed + ": ");
      }
    }
    // Many changes hit a tensor's numbers, and many do not: both ends of the reader are reached.
    assertTrue(opened > MUTATIONS / 20 && opened < MUTATIONS * 19 / 20, "opened " + opened);
  }

  @Test
  void mutatedSafetensors() throws IOException {
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}";
    SafetensorsFile.write(temp.resolve("good"), header, new byte[20]);
    byte[] file = Files.readAllBytes(temp.resolve("good"));
    try (FileChannel channel = open("x.safetensors")) {
      for (int seed = 0; seed < MUTATIONS; seed++) {
        byte[] bytes = mutated(file, new Random(seed));
        read(channel, "x.safetensors", bytes, "mutation " + seed + ": ");
      }
    }
    assertTrue(opened > MUTATIONS / 100 && opened < MUTATIONS * 19 / 20, "opened " + opened);
  }

  @Test
  void generatedPickles() throws IOException {
    byte[] old = Files.readAllBytes(TorchFileTest.resource("old.bin"));
    String text = new String(old, StandardCharsets.ISO_8859_1);
    int end = text.indexOf("ccollections");
    try (FileChannel channel = open("x.bin")) {
      for (int seed = 0; seed < MUTATIONS; seed++) {
        Random random = new Random(seed);
        StringBuilder pickle = new StringBuilder(text.substring(0, end));
        for (int i = random.nextInt(40); i >= 0; i--) {
          pickle.append(INSTRUCTIONS.get(random.nextInt(INSTRUCTIONS.size())));
        }
        byte[] bytes = pickle.toString().getBytes(StandardCharsets.ISO_8859_1);
        read(channel, "x.bin", bytes, "pickle " + seed + ": ");
      }
    }
  }
}
