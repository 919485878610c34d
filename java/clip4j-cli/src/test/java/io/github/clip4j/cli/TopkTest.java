package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopkTest {
  @TempDir Path folder;

  private Path queries(String dtype, int dimension, double... values) {
    return Cli.npy(folder.resolve("q.npy"), dtype, values.length / dimension, dimension, values);
  }

  private Path corpus(String dtype, int dimension, double... values) {
    return Cli.npy(folder.resolve("c.npy"), dtype, values.length / dimension, dimension, values);
  }

  private static Cli.Result topk(Path queries, Path corpus, Object... more) {
    Object[] args = {"topk", "--queries", queries, "--corpus", corpus, "--json"};
    Object[] all = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    return Cli.run(all);
  }

  private static String rows(JsonArray hits) {
    StringBuilder rows = new StringBuilder();
    hits.forEach(hit -> rows.append(hit.getAsJsonObject().get("row").getAsInt()).append(' '));
    return rows.toString().strip();
  }

  @ParameterizedTest
  @ValueSource(strings = {"<f4", "<f8"})
  void findsByCosine(String dtype) {
    Path corpus = corpus(dtype, 2, 0, 1, 5, 0, 0, 0, 3, 3, -1, 0, 10, 0);
    JsonObject result = topk(queries(dtype, 2, 2, 0, 0, 7), corpus, "-k", 6).succeeds().json();
    JsonArray hits = result.getAsJsonArray("hits");
    assertEquals(2, hits.size());
    assertEquals("1 5 3 0 2 4", rows(hits.get(0).getAsJsonArray()));
    assertEquals("0 3 1 2 4 5", rows(hits.get(1).getAsJsonArray()));
    JsonObject third = hits.get(0).getAsJsonArray().get(2).getAsJsonObject();
    assertEquals(Set.of("row", "score"), third.keySet());
    assertEquals(Math.sqrt(0.5), third.get("score").getAsDouble(), 1e-9);
    JsonObject zero = hits.get(0).getAsJsonArray().get(4).getAsJsonObject();
    assertEquals(0, zero.get("score").getAsDouble());
    assertEquals(1, result.getAsJsonArray("search_ms").size());
    assertTrue(result.getAsJsonArray("search_ms").get(0).getAsDouble() > 0);
  }

  @Test
  void findsByDotProduct() {
    Path corpus = corpus("<f4", 2, 0, 1, 5, 0, 3, 3);
    Path queries = queries("<f4", 2, 1, 0);
    JsonObject result = topk(queries, corpus, "-k", 2, "--similarity", "dot").succeeds().json();
    JsonArray hits = result.getAsJsonArray("hits").get(0).getAsJsonArray();
    assertEquals("1 2", rows(hits));
    assertEquals(5, hits.get(0).getAsJsonObject().get("score").getAsDouble());
  }

  @Test
  void moreThanThereAreGivesAll() {
    Path corpus = corpus("<f4", 1, 1, 2, 3);
    JsonObject result =
        topk(queries("<f4", 1, 1), corpus, "-k", Integer.MAX_VALUE, "--repeat", 3)
            .succeeds()
            .json();
    assertEquals("0 1 2", rows(result.getAsJsonArray("hits").get(0).getAsJsonArray()));
    assertEquals(3, result.getAsJsonArray("search_ms").size());
  }

  @Test
  void forPeople() {
    Path corpus = corpus("<f4", 1, 1, -1);
    String out =
        Cli.run("topk", "--queries", queries("<f4", 1, 2), "--corpus", corpus, "-k", 1)
            .succeeds()
            .out();
    assertEquals("query 0\n   1.000000  row 0\n", out);
  }

  /** As {@code embed} writes them beside its rows. */
  @Test
  void rowsAreNamed() {
    Path corpus = corpus("<f4", 1, 1, -1);
    Path queries = queries("<f4", 1, 2);
    Cli.write(folder.resolve("c.npy.ids.json"), "[\n\"a b.png\",\n\"c.png\"\n]\n");
    Cli.write(folder.resolve("q.npy.ids.json"), "[\"the text\"]");
    JsonObject result = topk(queries, corpus, "-k", 1).succeeds().json();
    assertEquals("[\"the text\"]", result.get("queries").toString());
    assertEquals("[[{\"row\":0,\"id\":\"a b.png\",\"score\":1.0}]]", result.get("hits").toString());
    List<Object> command = List.of("topk", "--queries", queries, "--corpus", corpus, "-k", 1);
    assertEquals(
        "query 0  the text\n   1.000000  row 0  a b.png\n",
        Cli.run(command.toArray()).succeeds().out());
    for (String wrong : List.of("[\"one\"]", "[1, null]", "null", "{}", "[\"")) {
      Cli.write(folder.resolve("c.npy.ids.json"), wrong);
      Cli.Result unnamed = Cli.run(command.toArray()).hasStatus(0);
      assertEquals("query 0  the text\n   1.000000  row 0\n", unnamed.out(), wrong);
      assertTrue(unnamed.err().startsWith("clip4j: note: " + corpus + ".ids.json "), unnamed.err());
    }
  }

  @Test
  void wrongNumbers() {
    Path corpus = corpus("<f4", 2, 1, 0, 0, 1);
    Path queries = queries("<f4", 2, 1, 0);
    topk(queries, corpus, "-k", 0).failsWith(2, "-k 0", "at least 1");
    topk(queries, corpus, "-k", -5).failsWith(2, "-k -5", "at least 1");
    topk(queries, corpus, "-k", 1, "--repeat", 0).failsWith(2, "--repeat 0");
    topk(queries("<f4", 3, 1, 0, 0), corpus, "-k", 1).failsWith(1, "q.npy", "dimension 3", "has 2");
    topk(queries("<f4", 2, 1, 0, 0, 0), corpus, "-k", 1).failsWith(1, "q.npy", "query 1 is zero");
    topk(queries("<f4", 2, 1, 0, 0, Double.NaN), corpus, "-k", 1)
        .failsWith(1, "q.npy", "row 1 holds NaN");
    double[] many = new double[4 * 70_000]; // more than is read at once
    many[many.length - 1] = Double.NaN;
    topk(queries("<f4", 4, 1, 0, 0, 0), corpus("<f4", 4, many), "-k", 1)
        .failsWith(1, "c.npy", "row 69999 holds NaN");
    queries = queries("<f4", 2, 1, 0);
    for (double bad : new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      topk(queries, corpus("<f4", 2, 1, 0, 0, bad), "-k", 1)
          .failsWith(1, "c.npy", "row 1 holds an infinite value");
    }
    topk(queries, corpus("<f8", 2, 1, 1e300), "-k", 1).failsWith(1, "c.npy", "row 0 holds 1.0E300");
    topk(queries("<f4", 2, 0, 0), corpus("<f4", 2, 1, 0), "-k", 1, "--similarity", "dot")
        .succeeds();
  }

  @Test
  void filesThatAreNoMatrices() {
    Path queries = queries("<f4", 2, 1, 0);
    Path bad = folder.resolve("bad.npy");
    topk(queries, bad, "-k", 1).failsWith(1, "bad.npy: does not exist");
    topk(queries, folder, "-k", 1).failsWith(1, "not a regular file");
    topk(queries, Cli.write(bad, ""), "-k", 1).failsWith(1, "bad.npy: ends too early");
    topk(queries, Cli.write(bad, "hello, I am a text"), "-k", 1).failsWith(1, "is not a .npy file");
    Cli.npy(bad, "<f4", 3, 2, 1, 2, 3, 4);
    topk(queries, bad, "-k", 1).failsWith(1, "claims 3 x 2 values of 4 bytes and holds 16 bytes");
    Cli.npy(bad, "<f4", 1, 2, 1, 2, 3, 4);
    topk(queries, bad, "-k", 1).failsWith(1, "claims 1 x 2");
    header(queries, "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2), }", "'>f4'");
    header(queries, "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }", "'<i8'");
    header(queries, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1, 2), }", "type");
    header(queries, "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", "Fortran order");
    header(queries, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1 dimensions");
    header(queries, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "0 dimensions");
    header(queries, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 1), }", "3 dim");
    header(queries, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }", "0 x 2");
    header(queries, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", "2 x 0");
    header(
        queries,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        "claims");
    header(
        queries,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647, 2147483647)}",
        "claims");
    header(
        queries,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 1)}",
        "shape");
    header(queries, "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2), }", "damaged");
    header(queries, "{'descr': '<f4', 'descr': '<f4', 'shape': (1, 2), }", "damaged");
    header(queries, "{'descr': '<f4', 'shape': (1, 2), }", "damaged");
    header(queries, "{{{{{{{{", "damaged");
    header(queries, "__import__('os')", "damaged");
    byte[] huge = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, -1, -1, -1, -1};
    topk(queries, Cli.write(bad, huge), "-k", 1).failsWith(1, "header claims 4294967295 bytes");
    huge[6] = 9;
    topk(queries, Cli.write(bad, huge), "-k", 1).failsWith(1, "version 9");
  }

  private void header(Path queries, String literal, String why) {
    Path bad = Cli.npy(folder.resolve("bad.npy"), literal, 8);
    topk(queries, bad, "-k", 1).failsWith(1, "bad.npy", why);
  }

  @Test
  void headersOfOtherWriters() {
    Path queries = queries("<f4", 2, 1, 0);
    Path file = folder.resolve("other.npy");
    for (String literal :
        new String[] {
          "{'shape': (2L, 2L), 'fortran_order': False, 'descr': '<f4'}",
          "{ 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 2 , 2 ) , }   ",
        }) {
      topk(queries, Cli.npy(file, literal, 16), "-k", 1).succeeds();
    }
  }
}
