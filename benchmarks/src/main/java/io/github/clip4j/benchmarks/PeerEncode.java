package io.github.clip4j.benchmarks;

import io.github.clip4j.ClipModel;
import io.github.clip4j.Device;
import io.github.clip4j.ImageEmbeddings;
import io.github.clip4j.ImageSource;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.Precision;
import io.github.clip4j.search.Embeddings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * clip4j's side of benchmarks/peers/encode.py, which asks on standard input and reads the answers
 * on standard output.
 *
 * <p>Arguments: the model's folder, a {@link Precision}, its threads (0: all), a {@link Device}.
 * Each line: what to encode, the file that holds it, how often, and where to write the rows of the
 * last time, as little-endian floats. What can be encoded: {@code rgb}, pictures of the model's own
 * size, three bytes a pixel; {@code files}, a path a line; {@code texts}, a text a line; {@code
 * encode} is rgb of which only the encoding counts, {@code preprocess} is files of which only the
 * preprocessing does. Each answer: the nanoseconds of each time.
 */
public final class PeerEncode {
  private record Encoded(Embeddings rows, long nanos) {}

  private final ClipModel model;

  private PeerEncode(ClipModel model) {
    this.model = model;
  }

  public static void main(String[] arguments) throws IOException {
    LoadOptions options =
        LoadOptions.DEFAULT
            .withPrecision(Precision.valueOf(arguments[1]))
            .withThreads(Integer.parseInt(arguments[2]))
            .withDevice(Device.of(arguments[3]));
    PrintStream answers = System.out;
    try (ClipModel model = ClipModel.load(Path.of(arguments[0]), options);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in))) {
      answers.println("ready");
      PeerEncode peer = new PeerEncode(model);
      for (String line = requests.readLine(); line != null; line = requests.readLine()) {
        answers.println(peer.time(line.split("\t")));
      }
    }
  }

  private String time(String[] request) throws IOException {
    Supplier<Encoded> work = work(request[0], Path.of(request[1]));
    StringBuilder times = new StringBuilder();
    for (int left = Integer.parseInt(request[2]); left > 0; left--) {
      Encoded encoded = work.get();
      try (Embeddings rows = encoded.rows()) {
        times.append(encoded.nanos()).append(' ');
        if (left == 1) {
          write(rows, Path.of(request[3]));
        }
      }
    }
    return times.toString();
  }

  private Supplier<Encoded> work(String what, Path input) throws IOException {
    switch (what) {
      case "rgb":
      case "encode":
        return images(pictures(Files.readAllBytes(input)), what);
      case "texts":
        List<String> texts = Files.readAllLines(input);
        return () -> {
          long start = System.nanoTime();
          Embeddings rows = model.embedTexts(texts);
          return new Encoded(rows, System.nanoTime() - start);
        };
      case "files":
      case "preprocess":
        List<ImageSource> files = new ArrayList<>();
        for (String path : Files.readAllLines(input)) {
          files.add(ImageSource.of(Path.of(path)));
        }
        return images(files, what);
      default:
        throw new IllegalArgumentException(what);
    }
  }

  private Supplier<Encoded> images(List<ImageSource> images, String what) {
    return () -> {
      long start = System.nanoTime();
      ImageEmbeddings embedded = model.embedImages(images);
      long all = System.nanoTime() - start;
      long counted =
          switch (what) {
            case "encode" -> (long) (1e6 * embedded.timings().encodeMs());
            case "preprocess" -> (long) (1e6 * embedded.timings().preprocessMs());
            default -> all;
          };
      return new Encoded(embedded.orThrow(), counted);
    };
  }

  private List<ImageSource> pictures(byte[] pixels) {
    int side = model.imageSize();
    int bytes = 3 * side * side;
    List<ImageSource> pictures = new ArrayList<>();
    for (int from = 0; from < pixels.length; from += bytes) {
      pictures.add(ImageSource.rgb(Arrays.copyOfRange(pixels, from, from + bytes), side, side));
    }
    return pictures;
  }

  private static void write(Embeddings rows, Path file) throws IOException {
    float[] values = rows.toArray();
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    Files.write(file, bytes.array());
  }
}
