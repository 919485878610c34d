package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.internal.net.HttpFetch;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests of a model by its name, from a hub that does as each wants. */
abstract class HubModels {
  static final HubName TINY = HubName.parse("org/tiny").orElseThrow();
  static final Progress SILENT = (received, total) -> {};
  static final Set<String> NEEDED =
      Set.of("config.json", "preprocessor_config.json", "tokenizer.json", WEIGHTS);
  @TempDir Path temp;
  final Map<String, String> variables = new HashMap<>();
  FakeHub server;

  @BeforeEach
  void start() throws IOException {
    server = new FakeHub();
    variables.put("HF_ENDPOINT", server.endpoint() + "/");
    variables.put("HF_HUB_CACHE", cache().toString());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  Path cache() {
    return temp.resolve("cache");
  }

  Path model() {
    return cache().resolve("models--org--tiny");
  }

  HubEnvironment environment() {
    return new HubEnvironment(variables, temp.resolve("home"));
  }

  Path open(HubName name, Progress progress) {
    return new Hub(environment(), new HttpFetch(2, Duration.ofSeconds(20)))
        .directory(name, progress);
  }

  Path open(String name) {
    return open(HubName.parse(name).orElseThrow(), SILENT);
  }

  Clip4jException failure(String name) {
    return assertThrows(Clip4jException.class, () -> open(name));
  }

  void assertFails(String name, Kind kind, String... parts) {
    Clip4jException failure = failure(name);
    for (String part : parts) {
      assertTrue(failure.getMessage().contains(part), part + " in " + failure.getMessage());
    }
    assertEquals(kind, failure.kind(), failure.getMessage());
  }

  static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new TreeSet<>(files.map(file -> file.getFileName().toString()).toList());
    }
  }

  void assertHasTheModel(Path folder) throws IOException {
    assertEquals(NEEDED, names(folder));
    for (String file : NEEDED) {
      assertArrayEquals(server.files.get(file), Files.readAllBytes(folder.resolve(file)), file);
    }
  }
}
