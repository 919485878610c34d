package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.clip4j.ClipModel;
import io.github.clip4j.ImageSource;
import io.github.clip4j.search.SearchRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code match}, {@code preprocess}, {@code tokenize}, {@code doctor}, {@code model info} and
 * {@code demo}.
 */
class CommandsTest {
  @TempDir Path folder;

  private Cli.Result match(Object... more) {
    Path owl = Cli.picture("noto-owl.png", folder);
    List<Object> args = new ArrayList<>(List.of("match", "--model", Cli.MODEL, "--image", owl));
    args.addAll(List.of(more));
    return Cli.run(args.toArray());
  }

  @Test
  void matchTellsWhatBelongsTogether() {
    JsonArray pairs = match("--text", "owl", "--text", "-boat", "--json").succeeds().array();
    assertEquals(2, pairs.size());
    JsonObject owl = pairs.get(0).getAsJsonObject();
    assertEquals(folder.resolve("noto-owl.png").toString(), owl.get("image").getAsString());
    assertEquals("owl", owl.get("text").getAsString());
    assertTrue(owl.get("match").getAsBoolean() && owl.get("probability").getAsDouble() > 0.5);
    assertEquals(5, owl.size());
    JsonObject boat = pairs.get(1).getAsJsonObject();
    assertEquals("-boat", boat.get("text").getAsString());
    assertFalse(boat.get("match").getAsBoolean());
    assertTrue(boat.get("cosine").getAsDouble() < owl.get("cosine").getAsDouble());
  }

  @Test
  void matchByTheContrastiveAndTheCalibratedProbability() throws IOException {
    double calibrated = probability("--probability", "calibrated");
    assertEquals(calibrated, probability());
    assertNotEquals(calibrated, probability("--probability", "contrastive"), 1e-9);
    Path bare = Files.createDirectory(folder.resolve("bare"));
    try (Stream<Path> files = Files.list(Path.of(Cli.MODEL))) {
      for (Path file : files.filter(f -> !f.endsWith("calibration.json")).toList()) {
        if (Files.isRegularFile(file)) {
          Files.copy(file, bare.resolve(file.getFileName()));
        }
      }
    }
    Path owl = folder.resolve("noto-owl.png");
    Cli.run(
            "match",
            "--image",
            owl,
            "--text",
            "owl",
            "--model",
            bare,
            "--probability",
            "calibrated")
        .failsWith(1, "calibration.json");
  }

  private double probability(Object... more) {
    List<Object> args = new ArrayList<>(List.of("--text", "owl", "--json"));
    args.addAll(List.of(more));
    JsonArray pairs = match(args.toArray()).succeeds().array();
    return pairs.get(0).getAsJsonObject().get("probability").getAsDouble();
  }

  @Test
  void matchByTheReferenceProbability() {
    JsonObject pair =
        match("--text", "owl", "--probability", "reference", "--threshold", "0.99", "--json")
            .succeeds()
            .array()
            .get(0)
            .getAsJsonObject();
    double cosine = pair.get("cosine").getAsDouble();
    assertEquals(0.5 * (cosine + 1), pair.get("probability").getAsDouble(), 1e-12);
    assertFalse(pair.get("match").getAsBoolean());
    String out = match("--text", "owl", "--threshold", "0").succeeds().out();
    assertTrue(out.matches("match +probability 0\\.\\d{4}  cosine 0\\.\\d{4}  owl\\n"), out);
  }

  private Cli.Result classify(Object... more) {
    List<Object> args = new ArrayList<>(List.of("classify", "--model", Cli.MODEL));
    args.addAll(List.of("--label", "owl", "--label", "-boat", "--label", "pizza"));
    args.addAll(List.of(more));
    return Cli.run(args.toArray());
  }

  @Test
  void classifyFindsTheLabel() {
    Path owl = Cli.picture("noto-owl.png", folder);
    Path boat = Cli.picture("emojione-sailboat.jpg", folder);
    List<String> lines = classify("--images", boat, owl).succeeds().out().lines().toList();
    assertTrue(lines.get(0).matches("[01]\\.\\d{4}  -boat  " + boat), lines.get(0));
    assertTrue(lines.get(1).matches("[01]\\.\\d{4}  owl  " + owl), lines.get(1));
    JsonObject json =
        classify("--images", owl, "--json", "--template", "{}", "--template", "a symbol of a {}")
            .succeeds()
            .json();
    assertEquals(owl.toString(), json.get("image").getAsString());
    JsonArray scored = json.getAsJsonArray("labels");
    assertEquals("owl", scored.get(0).getAsJsonObject().get("label").getAsString());
    double sum = 0;
    for (int i = 0; i < 3; i++) {
      sum += scored.get(i).getAsJsonObject().get("probability").getAsDouble();
    }
    assertEquals(1, sum, 1e-12);
  }

  @Test
  void classifyOfBadInput() {
    Path owl = Cli.picture("noto-owl.png", folder);
    Path bad = Cli.write(folder.resolve("bad.png"), "no picture");
    Cli.Result some = classify("--images", bad, owl).failsOnlyFor(bad);
    assertEquals(1, some.out().lines().count(), some.out());
    classify("--images", bad).hasStatus(1);
    classify("--images", owl, "--template", "a photo").failsWith(2, "has no {} where the label");
    classify("--images", owl, "--label", "owl").failsWith(2, "the label \"owl\" occurs twice");
    Cli.run("classify", "--images", owl).failsWith(2, "--label");
  }

  @Test
  void matchOfBadInput() {
    for (String threshold : List.of("-0.1", "1.1", "NaN")) {
      match("--text", "a", "--threshold", threshold).failsWith(2, "--threshold");
    }
    Cli.run("match", "--image", "missing.png", "--text", "a").failsWith(1, "missing.png: no such");
    Cli.run("match", "--image", folder, "--text", "a").failsWith(1, folder + ": a directory");
    Cli.run("match", "--image", "", "--text", "a").failsWith(1, "'': the file name is empty");
  }

  @Test
  void preprocessWritesTheCrop() throws IOException {
    Path owl = Cli.picture("noto-owl.png", folder);
    Path out = folder.resolve("crop.npy");
    Cli.run("preprocess", "--image", owl, "--model", Cli.MODEL, "--out", out).succeeds();
    byte[] bytes = Files.readAllBytes(out);
    String header = new String(bytes, 10, 100, java.nio.charset.StandardCharsets.ISO_8859_1);
    String shape = "{'descr': '|u1', 'fortran_order': False, 'shape': (64, 64, 3), }";
    assertTrue(header.startsWith(shape), header);
    try (ClipModel model = ClipModel.load(Path.of(Cli.MODEL))) {
      byte[] rgb = model.preprocess(ImageSource.of(owl)).rgb();
      assertArrayEquals(rgb, Arrays.copyOfRange(bytes, bytes.length - rgb.length, bytes.length));
      assertEquals(Npy.HEADER_BYTES + 64 * 64 * 3, bytes.length);
    }
  }

  @Test
  void exifTurnsAPictureUpright() throws IOException {
    Path stored = Cli.sideways(folder.resolve("sideways.jpg"));
    Path out = folder.resolve("x.npy");
    List<Object> command =
        List.of("preprocess", "--image", stored, "--model", Cli.MODEL, "--out", out);
    Cli.run(command.toArray()).succeeds();
    assertEquals(List.of(255, 0, 255, 0), corners(out));
    List<Object> upright = new ArrayList<>(command);
    upright.add("--exif");
    Cli.run(upright.toArray()).succeeds();
    assertEquals(List.of(255, 255, 0, 0), corners(out));
  }

  /** Upper left, upper right, lower left, lower right, nearly: JPEG rounds. */
  private static List<Integer> corners(Path npy) throws IOException {
    byte[] bytes = Files.readAllBytes(npy);
    int side = (int) Math.sqrt((bytes.length - Npy.HEADER_BYTES) / 3);
    return Stream.of(0, side - 1, side * (side - 1), side * side - 1)
        .map(pixel -> (bytes[Npy.HEADER_BYTES + 3 * pixel] & 0xFF) < 128 ? 0 : 255)
        .toList();
  }

  @Test
  void preprocessOfBadInput() {
    Path out = folder.resolve("crop.npy");
    Path text = Cli.write(folder.resolve("text.jpg"), "hello");
    for (Object bad : List.of("missing.png", folder, text)) {
      Cli.run("preprocess", "--image", bad, "--model", Cli.MODEL, "--out", out)
          .failsWith(1, bad.toString());
    }
    assertEquals(List.of("text.jpg"), Cli.namesIn(folder));
  }

  @Test
  void tokenize() {
    JsonObject tokens =
        Cli.run("tokenize", "--text", "a red apple", "--model", Cli.MODEL, "--json")
            .succeeds()
            .json();
    JsonArray ids = tokens.getAsJsonArray("ids");
    assertEquals(5512, ids.get(0).getAsInt());
    assertEquals(5513, ids.get(ids.size() - 1).getAsInt());
    assertFalse(tokens.get("truncated").getAsBoolean());
    assertEquals(2, tokens.size());
    tokens = Cli.run("tokenize", "--text", "word ".repeat(99), "--json").succeeds().json();
    assertTrue(tokens.get("truncated").getAsBoolean());
    assertEquals(32, tokens.getAsJsonArray("ids").size());
    assertEquals("5512 5513\n", Cli.run("tokenize", "--text", "").succeeds().out());
    String unpaired = "\uD83D";
    Cli.run("tokenize", "--text", unpaired).failsWith(1, "--text");
    Cli.run("embed", "--text", unpaired, "--out", folder.resolve("x.npy")).failsWith(1, "");
    assertEquals(List.of(), Cli.namesIn(folder));
  }

  @Test
  void modelInfo() {
    JsonObject info = Cli.run("model", "info", Cli.MODEL, "--json").succeeds().json();
    assertEquals("Hugging Face", info.get("layout").getAsString());
    assertEquals(64, info.getAsJsonObject("image").get("size").getAsInt());
    assertTrue(info.getAsJsonObject("calibration").get("scale").getAsDouble() > 0);
    assertTrue(info.get("fingerprint").getAsString().matches("[0-9a-f]{64}"));
    assertFalse(info.getAsJsonObject("ignored").getAsJsonArray("files").isEmpty());
    String out = Cli.run("model", "info", Cli.MODEL).succeeds().out();
    for (String line :
        List.of(
            "name +emoji-clip",
            "preprocessing",
            "  filter +bicubic",
            "  mean +0\\.48\\S+ 0\\.45\\S+ 0\\.40\\S+",
            "  model\\.safetensors  \\d+",
            "  README\\.md")) {
      assertTrue(out.lines().anyMatch(each -> each.strip().matches(line.strip())), line + out);
    }
    assertEquals(
        Cli.run("model", "info", "--json").succeeds().json().get("parameters"),
        info.get("parameters"));
    Cli.run("model", "info", folder.resolve("none")).failsWith(1, "none");
    Cli.run("model").failsWith(2, "no command was given");
  }

  @Test
  void doctor() {
    JsonObject report = Cli.run("doctor", "--json").succeeds().json();
    JsonObject versions = report.getAsJsonObject("versions");
    for (String of : List.of("clip4j", "java", "javacpp", "libtorch", "opencv", "tokenizers")) {
      assertTrue(versions.get(of).getAsString().matches("\\d+\\.\\d+.*"), versions.toString());
    }
    JsonObject kernels = report.getAsJsonObject("cpu").getAsJsonObject("kernels");
    assertEquals(SearchRuntime.kernel(), kernels.get("search").getAsString());
    List<String> sets =
        List.of("scalar", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512bf16", "amx");
    for (String encoder : List.of("BF16 encoder", "INT8 encoder")) {
      String kernel = kernels.get(encoder).getAsString();
      assertTrue(sets.contains(kernel), kernel);
    }
    assertTrue(report.get("cuda").getAsString().length() > 10, report.toString());
    String libraries = report.getAsJsonArray("libraries").toString();
    assertTrue(libraries.contains("libclip4j_search.so") && libraries.contains("libtorch_cpu.so"));
    assertEquals(4, report.getAsJsonArray("caches").size());
    assertTrue(report.getAsJsonObject("threads").get("used").getAsInt() > 0);
    JsonObject memory = report.getAsJsonObject("memory");
    assertTrue(memory.get("total").getAsLong() > 1 << 20);
    JsonObject embeddedModel = memory.getAsJsonObject("embedded_model");
    assertEquals(1, embeddedModel.get("open_models").getAsInt());
    assertTrue(embeddedModel.get("encoder_bytes").getAsLong() > 1 << 20);
    assertEquals(0, report.getAsJsonArray("problems").size());
    String text = Cli.run("doctor").succeeds().out();
    for (String section :
        List.of("versions", "cpu", "gpu", "native libraries", "caches", "threads")) {
      assertTrue(("\n" + text).contains("\n" + section + "\n"), text);
    }
  }

  @Test
  void demoWritesAPage() {
    Path out = folder.resolve("new/demo");
    String printed = Cli.run("demo", "--out", out).succeeds().out();
    assertTrue(printed.contains("scenes 16 x 192") && printed.contains("gallery.html"), printed);
    for (String step :
        List.of("pictures by text", "texts by picture", "does the text describe the picture?")) {
      assertTrue(printed.contains("\n" + step), printed);
    }
    String page = Cli.read(out.resolve("gallery.html"));
    assertTrue(
        page.contains("<html") && page.contains("data:image/") && page.endsWith("</html>\n"));
    for (String sentence : DemoPictures.load().sentences()) {
      assertTrue(printed.contains(sentence) && page.contains(sentence), sentence);
    }
    assertEquals(List.of("gallery.html"), Cli.namesIn(out));
    Path file = Cli.write(folder.resolve("file"), "");
    Cli.run("demo", "--out", file).failsWith(1, file.toString());
    Cli.run("demo", "--out", out, "--model", "missing").failsWith(1, "missing");
  }
}
