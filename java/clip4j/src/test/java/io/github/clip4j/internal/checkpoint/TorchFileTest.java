package io.github.clip4j.internal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of src/test/resources/torch; its make.py wrote them with torch. */
class TorchFileTest {
  @TempDir Path temp;

  static Path resource(String name) {
    return Path.of(TorchFileTest.class.getResource("/torch/" + name).getPath());
  }

  private static double number(String dtype, ByteBuffer bytes, int i) {
    return switch (dtype) {
      case "F64" -> bytes.getDouble(8 * i);
      case "F32" -> bytes.getFloat(4 * i);
      case "BF16" -> Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
      case "F16" -> {
        int half = bytes.getShort(2 * i);
        float magnitude = Float.intBitsToFloat((half & 0x7FFF) << 13) * 0x1p112f;
        yield half < 0 ? -magnitude : magnitude;
      }
      default -> bytes.getLong(8 * i);
    };
  }

  /** In row-major order, from where the tensor says they lie. */
  private static double[] numbers(byte[] file, Tensor tensor) {
    ByteBuffer bytes =
        ByteBuffer.wrap(file, (int) tensor.offset(), (int) tensor.bytes())
            .slice()
            .order(ByteOrder.LITTLE_ENDIAN);
    double[] numbers = new double[(int) tensor.numbers()];
    for (int i = 0; i < numbers.length; i++) {
      int rows = tensor.transposed() ? (int) tensor.shape()[0] : 1;
      int columns = numbers.length / rows;
      numbers[i] = number(tensor.dtype(), bytes, i % columns * rows + i / columns);
    }
    return numbers;
  }

  @ParameterizedTest
  @ValueSource(strings = {"zip.bin", "old.bin", "protocol4.bin", "wrapped.bin", "zip64.bin"})
  void everyTensorIsWhereTorchWroteIt(String name) throws IOException {
    JsonObject expected =
        JsonParser.parseString(Files.readString(resource("expected.json"))).getAsJsonObject();
    byte[] file = Files.readAllBytes(resource(name));
    Set<String> names = new HashSet<>();
    for (Tensor tensor : TorchFile.read(resource(name))) {
      JsonObject of = expected.getAsJsonObject(tensor.name());
      assertEquals(of.get("dtype").getAsString(), tensor.dtype(), tensor.name());
      Gson gson = new Gson();
      assertArrayEquals(
          gson.fromJson(of.get("shape"), long[].class), tensor.shape(), tensor.name());
      assertArrayEquals(
          gson.fromJson(of.get("values"), double[].class), numbers(file, tensor), tensor.name());
      assertEquals(tensor.name().equals("transposed"), tensor.transposed(), tensor.name());
      names.add(tensor.name());
    }
    assertEquals(expected.keySet(), names);
  }

  /** A tensor of TorchScript's is named by its path; the code beside it is compressed. */
  @Test
  void aModule() throws IOException {
    Map<String, double[]> expected =
        Map.of(
            "inner.0.weight", new double[] {0, 1, 2, 3, 4, 5},
            "inner.0.bias", new double[] {0.5, -1.5, 2.5},
            "scale", new double[] {1.25},
            "size", new double[] {224});
    byte[] file = Files.readAllBytes(resource("script.bin"));
    List<Tensor> tensors = TorchFile.read(resource("script.bin"));
    for (Tensor tensor : tensors) {
      assertArrayEquals(expected.get(tensor.name()), numbers(file, tensor), tensor.name());
    }
    assertEquals(expected.size(), tensors.size());
  }

  private static void assertFails(Path file, Kind kind, String words) {
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> TorchFile.read(file), words);
    assertEquals(kind, failure.kind(), failure.getMessage());
    assertTrue(failure.getMessage().startsWith(file + ": "), failure.getMessage());
    assertTrue(failure.getMessage().contains(words), failure.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "attack.bin, asks for posix.system",
    "old-attack.bin, asks for posix.system",
    "compressed.bin, compressed",
    "strided.bin, tensor a is not contiguous",
  })
  void refusedByName(String name, String words) {
    assertFails(resource(name), Kind.UNSUPPORTED, words);
  }

  @Test
  void anotherByteOrder() throws IOException {
    Path file = temp.resolve("x.bin");
    String zip = Files.readString(resource("zip.bin"), StandardCharsets.ISO_8859_1);
    Files.writeString(file, zip.replace("little", "bigbig"), StandardCharsets.ISO_8859_1);
    assertFails(file, Kind.UNSUPPORTED, "little-endian");
    String old = Files.readString(resource("old.bin"), StandardCharsets.ISO_8859_1);
    Files.writeString(
        file,
        old.replace("little_endianq\u0002\u0088", "little_endianq\u0002\u0089"),
        StandardCharsets.ISO_8859_1);
    assertFails(file, Kind.UNSUPPORTED, "little-endian");
  }

  /** A download that broke off, at any byte. */
  @ParameterizedTest
  @ValueSource(strings = {"zip.bin", "old.bin"})
  void cutShort(String name) throws IOException {
    byte[] whole = Files.readAllBytes(resource(name));
    Path file = temp.resolve("x.bin");
    for (int length = 0; length < whole.length; length += 7) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertFails(file, Kind.CORRUPT, "");
    }
  }

  @Test
  void noFileADirectoryAndSomethingElse() throws IOException {
    Path file = temp.resolve("x.bin");
    assertEquals(
        Kind.MISSING, assertThrows(Clip4jException.class, () -> TorchFile.read(file)).kind());
    assertEquals(
        Kind.UNREADABLE, assertThrows(Clip4jException.class, () -> TorchFile.read(temp)).kind());
    Files.writeString(file, "version https://git-lfs.github.com/spec/v1\n");
    assertFails(file, Kind.CORRUPT, "Git LFS's pointer");
    Files.writeString(file, "<!DOCTYPE html>\n<p>Access denied</p>\n");
    assertFails(file, Kind.CORRUPT, "neither a zip file nor a pickle");
  }

  @Test
  void shards() throws IOException {
    Files.copy(resource("zip.bin"), temp.resolve("pytorch_model-1-of-1.bin"));
    Files.writeString(
        temp.resolve("pytorch_model.bin.index.json"),
        "{\"weight_map\":{\"half\":\"pytorch_model-1-of-1.bin\"}}");
    Map<Path, List<Tensor>> weights = new ModelFiles(temp).weights(List.of("pytorch_model.bin"));
    List<Tensor> tensors = weights.get(temp.resolve("pytorch_model-1-of-1.bin"));
    assertEquals(List.of("half"), tensors.stream().map(Tensor::name).toList());
  }

  /** Instructions and what becomes of them, as the object of a file in the old format. */
  @ParameterizedTest
  @CsvSource({
    "'].].', CORRUPT, no dictionary of tensors",
    "'}.].', CORRUPT, no dictionary of tensors",
    "'.', CORRUPT, takes more than there is",
    "'}', CORRUPT, does not end",
    "'t.', CORRUPT, has not begun",
    "'h\u0001.', CORRUPT, recalls",
    "'}(Nu.', CORRUPT, key without a value",
    "'}NNs.', CORRUPT, needs a String",
    "'](e}a.].', CORRUPT, no dictionary of tensors",
    "'NNs.', CORRUPT, takes more",
    "'NQ.', CORRUPT, needs a List",
    "')Q.', CORRUPT, no tensor's memory",
    "'NN\u0086R.', CORRUPT, takes more",
    "'N)R.', CORRUPT, needs a Global",
    "'cos\nsystem\n)R.', UNSUPPORTED, asks for os.system",
    "'cbuiltins\neval\n.', UNSUPPORTED, asks for builtins.eval",
    "'ccollections\nOrderedDict\nK\u0001\u0085R.', UNSUPPORTED, OrderedDict with 1 arguments",
    "'ctorch\nFloatStorage\n)R.', UNSUPPORTED, FloatStorage with 0 arguments",
    "'i\n', UNSUPPORTED, instruction 0x69",
    "'\u008a\u0009', UNSUPPORTED, integer of 9 bytes",
    "'c\u001b[31m\nx\n', UNSUPPORTED, asks for ?[31m.x",
    "'ccollections\nOrderedDict\n)\u0081.', UNSUPPORTED, an object of collections.OrderedDict",
    "'c__torch__.a\nB\nK\u0001\u0085\u0081.', UNSUPPORTED, an object of __torch__.a.B",
    "'c__torch__.a\nB\n)R.', UNSUPPORTED, __torch__.a.B with 0 arguments",
    "'c__torch__.a\nB\n)\u0081.].', CORRUPT, no dictionary of tensors",
    "'c__torch__.a\nB\n)\u0081Nb.', CORRUPT, needs a Map",
    "'c__torch\nB\n.', UNSUPPORTED, asks for __torch.B",
  })
  void pickles(String object, Kind kind, String words) throws IOException {
    assertFails(old(object), kind, words);
  }

  private Path old(String object) throws IOException {
    Path file = temp.resolve("x.bin");
    String begin =
        "\u0080\u0002\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.\u0080\u0002M\u00e9\u0003."
            + "}X\r\0\0\0little_endian\u0088s.";
    Files.writeString(file, begin + object, StandardCharsets.ISO_8859_1);
    return file;
  }

  @Test
  void objectsThatContainThemselves() throws IOException {
    String list = "]q\0h\0a";
    String dictionary = "}q\1X\1\0\0\0ah\1s";
    assertFails(old(dictionary + "." + "]."), Kind.CORRUPT, "no dictionary of tensors");
    assertFails(old("}" + list + "Ns."), Kind.CORRUPT, "needs a String");
    assertFails(old(list + "Q."), Kind.CORRUPT, "no tensor's memory");
    assertFails(old("ctorch._utils\n_rebuild_parameter\n" + list + "R."), Kind.UNSUPPORTED, "");
  }

  private static final String MODULE = "c__torch__.a\nB\n)\u0081";

  /** The state that is built is one that the module is in, or that another module has. */
  @Test
  void modulesThatContainThemselves() throws IOException {
    String self = MODULE + "q\0}X\1\0\0\0ah\0sb";
    assertFails(old(self + ".]."), Kind.UNSUPPORTED, "in two places");
    String twice = MODULE + "q\0}(X\1\0\0\0a" + MODULE + "q\1X\1\0\0\0bh\1ub";
    assertFails(old(twice + ".]."), Kind.UNSUPPORTED, "in two places");
    String shared = "}q\0X\1\0\0\0a" + MODULE + "h\0bs";
    assertFails(old(shared + ".]."), Kind.UNSUPPORTED, "in two places");
  }

  /** Each is the only member of the one before. */
  @Test
  void modulesNestedDeep() throws IOException {
    StringBuilder chain = new StringBuilder();
    for (int i = 0; i < 10_000; i++) {
      chain.append(MODULE).append("}X\1\0\0\0a");
    }
    chain.append("N").append("sb".repeat(10_000));
    assertFails(old(chain + ".]."), Kind.UNSUPPORTED, "in over 300 characters");
  }

  /** As many objects as the size allows, nested and side by side. */
  @Test
  void manyObjects() throws IOException {
    for (String filler : List.of("]", "}", "N", ")", "]q\0h\0h\0\u0087")) {
      assertFails(old(filler.repeat((3 << 20) / filler.length())), Kind.CORRUPT, "does not end");
    }
    assertFails(old("(".repeat(3 << 20)), Kind.UNSUPPORTED, "nested more than 64 deep");
    assertFails(old("c" + "x".repeat(3 << 20)), Kind.CORRUPT, "does not end");
    assertFails(old("X\u00ff\u00ff\u00ff\u00ff"), Kind.CORRUPT, "does not end");
  }

  /** Each use of the kept list or string would cost as much as the list or string is long. */
  @Test
  void oneObjectUsedManyTimes() throws IOException {
    String storage = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000NK\4tQ";
    String list = "](" + "K\1".repeat(100_000) + "eq\1";
    String use = "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + "K\0h\1h\1NNtR";
    assertFails(old(list + use.repeat(10_000)), Kind.UNSUPPORTED, "a tensor of 100000 dimensions");
    String name = "X\0\0\10\0" + "x".repeat(0x80000);
    assertFails(
        old(name + "q\1" + name + "q\2}" + "h\1Nsh\2Ns".repeat(50_000)),
        Kind.UNSUPPORTED,
        "a name of 524288 characters");
  }
}
