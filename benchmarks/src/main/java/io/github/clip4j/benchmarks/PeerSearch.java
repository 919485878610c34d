package io.github.clip4j.benchmarks;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Filter;
import io.github.clip4j.search.Hits;
import io.github.clip4j.search.SearchRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Supplier;

/**
 * clip4j's side of benchmarks/peers/search.py, which asks on standard input and reads the answers
 * on standard output. Files hold little-endian values without a header.
 *
 * <p>Arguments: the file of the rows, their dimension. Each line: the file of the queries, how many
 * of them a search takes (1 or all), k, how many searches to time, which query the first takes,
 * where to write the row numbers that they find, and the file of the row numbers that may be found
 * ("all": every row). Each answer: the nanoseconds of each search.
 */
public final class PeerSearch {
  private final EmbeddingIndex index;
  private final int dimension;

  private PeerSearch(EmbeddingIndex index, int dimension) {
    this.index = index;
    this.dimension = dimension;
  }

  public static void main(String[] arguments) throws IOException {
    int dimension = Integer.parseInt(arguments[1]);
    PrintStream answers = System.out;
    try (Embeddings rows = read(Path.of(arguments[0]), dimension);
        EmbeddingIndex index = EmbeddingIndex.of(rows);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in))) {
      answers.println("ready");
      PeerSearch peer = new PeerSearch(index, dimension);
      for (String line = requests.readLine(); line != null; line = requests.readLine()) {
        String[] request = line.split("\t");
        answers.println(peer.time(request));
      }
    }
  }

  private String time(String[] request) throws IOException {
    boolean oneByOne = request[1].equals("1");
    SearchRequest wanted = SearchRequest.top(Integer.parseInt(request[2]));
    if (!request[6].equals("all")) {
      wanted = wanted.withFilter(Filter.allow(rows(Path.of(request[6]))));
    }
    SearchRequest asked = wanted;
    Hits[] hits = new Hits[Integer.parseInt(request[3])];
    int first = Integer.parseInt(request[4]);
    StringBuilder times = new StringBuilder();
    try (Embeddings queries = read(Path.of(request[0]), dimension)) {
      List<Supplier<Hits>> searches = new ArrayList<>();
      if (oneByOne) {
        for (int i = 0; i < queries.rows(); i++) {
          float[] query = queries.row(i);
          searches.add(() -> index.search(query, asked));
        }
      } else {
        searches.add(() -> index.search(queries, asked));
      }
      for (int call = 0; call < hits.length; call++) {
        Supplier<Hits> search = searches.get((first + call) % searches.size());
        long start = System.nanoTime();
        hits[call] = search.get();
        times.append(System.nanoTime() - start).append(' ');
      }
    }
    write(hits, Path.of(request[5]));
    return times.toString();
  }

  private static Embeddings read(Path file, int dimension) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long rows = channel.size() / Float.BYTES / dimension;
      return Embeddings.fill(
          Math.toIntExact(rows),
          dimension,
          (first, block) -> {
            ByteBuffer bytes =
                ByteBuffer.allocate(block.remaining() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
            block.put(bytes.flip().asFloatBuffer());
          });
    }
  }

  private static BitSet rows(Path file) throws IOException {
    BitSet rows = new BitSet();
    ByteBuffer numbers = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    while (numbers.hasRemaining()) {
      rows.set(numbers.getInt());
    }
    return rows;
  }

  private static void write(Hits[] found, Path file) throws IOException {
    int perSearch = found[0].queries() * found[0].count();
    ByteBuffer bytes =
        ByteBuffer.allocate(found.length * perSearch * Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    for (Hits hits : found) {
      for (int query = 0; query < hits.queries(); query++) {
        for (int i = 0; i < hits.count(); i++) {
          bytes.putInt(hits.row(query, i));
        }
      }
    }
    Files.write(file, bytes.array());
  }
}
