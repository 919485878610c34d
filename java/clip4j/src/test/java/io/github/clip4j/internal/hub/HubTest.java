package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.COMMIT;
import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.internal.net.HttpFetch;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.MessageFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models by name, from a hub that behaves, refuses, changes and is away. */
class HubTest {
  private static final HubName TINY = HubName.parse("org/tiny").orElseThrow();
  private static final Progress SILENT = (received, total) -> {};
  private static final Set<String> NEEDED =
      Set.of("config.json", "preprocessor_config.json", "tokenizer.json", WEIGHTS);

  @TempDir Path temp;
  private final Map<String, String> variables = new HashMap<>();
  private FakeHub server;

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

  private Path cache() {
    return temp.resolve("cache");
  }

  private Path model() {
    return cache().resolve("models--org--tiny");
  }

  private HubEnvironment environment() {
    return new HubEnvironment(variables, temp.resolve("home"));
  }

  private Path open(HubName name, Progress progress) {
    return new Hub(environment(), new HttpFetch(2, Duration.ofSeconds(20)))
        .directory(name, progress);
  }

  private Path open(String name) {
    return open(HubName.parse(name).orElseThrow(), SILENT);
  }

  private Clip4jException failure(String name) {
    return assertThrows(Clip4jException.class, () -> open(name));
  }

  private void assertFails(String name, Kind kind, String... parts) {
    Clip4jException failure = failure(name);
    for (String part : parts) {
      assertTrue(failure.getMessage().contains(part), part + " in " + failure.getMessage());
    }
    assertEquals(kind, failure.kind(), failure.getMessage());
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new TreeSet<>(files.map(file -> file.getFileName().toString()).toList());
    }
  }

  private void assertHasTheModel(Path folder) throws IOException {
    assertEquals(NEEDED, names(folder));
    for (String file : NEEDED) {
      assertArrayEquals(server.files.get(file), Files.readAllBytes(folder.resolve(file)), file);
    }
  }

  @Test
  void fetchesWhatIsNeededIntoTheLayoutThatPythonHas() throws IOException {
    Path folder = open("org/tiny");
    assertEquals(model().resolve("snapshots").resolve(COMMIT), folder);
    assertHasTheModel(folder);
    Set<String> etags = new TreeSet<>(NEEDED.stream().map(server::etag).toList());
    assertEquals(etags, names(model().resolve("blobs")));
    for (String file : NEEDED) {
      assertEquals(
          Path.of("../../blobs", server.etag(file)), Files.readSymbolicLink(folder.resolve(file)));
    }
    assertEquals(COMMIT, Files.readString(model().resolve("refs/main")));
    assertEquals(
        new TreeSet<>(etags.stream().map(etag -> etag + ".lock").toList()),
        names(cache().resolve(".locks/models--org--tiny")));
  }

  @Test
  void aCacheMayBeRelative() throws IOException {
    variables.put("HF_HUB_CACHE", Path.of("").toAbsolutePath().relativize(cache()).toString());
    assertHasTheModel(open("org/tiny"));
    assertHasTheModel(open("org/tiny"));
  }

  @Test
  void asksForTheCommitAloneWhereNothingIsNew() throws IOException {
    open("org/tiny");
    server.requests.clear();
    assertHasTheModel(open("org/tiny"));
    assertEquals(List.of("GET /api/models/org/tiny/revision/main"), server.requests);
    server.requests.clear();
    assertHasTheModel(open("org/tiny@" + COMMIT));
    assertEquals(List.of(), server.requests);
  }

  @Test
  void aNewCommitSharesWhatStayedTheSame() throws IOException {
    open("org/tiny");
    server.requests.clear();
    server.commit = "f".repeat(40);
    server.files.put("config.json", new byte[] {'{', '}'});
    assertHasTheModel(open("org/tiny"));
    assertEquals(List.of(), server.contentRequests());
    assertEquals("f".repeat(40), Files.readString(model().resolve("refs/main")));
    assertEquals(Set.of(COMMIT, "f".repeat(40)), names(model().resolve("snapshots")));
  }

  @Test
  void otherRevisions() throws IOException {
    assertHasTheModel(open("org/tiny@refs/pr/1"));
    assertEquals(COMMIT, Files.readString(model().resolve("refs/refs/pr/1")));
    assertHasTheModel(open("org/tiny@" + COMMIT));
    assertFails("org/tiny@v9", Kind.MISSING, "org/tiny has no revision v9");
  }

  @Test
  void aVocabularyStandsInForTokenizerJson() throws IOException {
    server.files.remove("tokenizer.json");
    Set<String> names = names(open("org/tiny"));
    assertTrue(names.containsAll(Set.of("vocab.json", "merges.txt")), names.toString());
  }

  @Test
  void piecesStandInForBoth() throws IOException {
    server.files.keySet().removeAll(Set.of("tokenizer.json", "vocab.json", "merges.txt"));
    assertFails("org/tiny", Kind.UNSUPPORTED, "spiece.model");
    server.files.put("spiece.model", new byte[] {1});
    assertTrue(names(open("org/tiny")).contains("spiece.model"));
  }

  @Test
  void wordsStandInForAllThree() throws IOException {
    server.files.keySet().removeAll(Set.of("tokenizer.json", "vocab.json", "merges.txt"));
    assertFails("org/tiny", Kind.UNSUPPORTED, "vocab.txt");
    server.files.put("vocab.txt", new byte[] {1});
    assertTrue(names(open("org/tiny")).contains("vocab.txt"));
  }

  @Test
  void shards() throws IOException {
    byte[] weights = server.files.remove(WEIGHTS);
    server.files.put("model.safetensors.index.json", new byte[] {'{', '}'});
    server.files.put("model-00001-of-00002.safetensors", Arrays.copyOf(weights, 1000));
    assertFails("org/tiny", Kind.UNSUPPORTED, "has no model-00002-of-00002.safetensors");
    server.files.put("model-00002-of-00002.safetensors", Arrays.copyOf(weights, 2000));
    assertEquals(6, names(open("org/tiny")).size());
  }

  @Test
  void weightsOfTorch() throws IOException {
    server.files.remove(WEIGHTS);
    Set<String> names = names(open("org/tiny"));
    assertTrue(names.contains("pytorch_model.bin") && names.size() == NEEDED.size(), "" + names);
  }

  @Test
  void theLayoutOfOpenClip() throws IOException {
    server.files.put("open_clip_config.json", new byte[] {'{', '}'});
    server.files.put("open_clip_model.safetensors", new byte[1000]);
    assertFalse(names(open("org/tiny")).contains("open_clip_model.safetensors"));
    server.commit = "f".repeat(40);
    server.files.remove("preprocessor_config.json"); // As timm keeps it, with weights of its own.
    assertEquals(
        Set.of(
            "config.json",
            "open_clip_config.json",
            "open_clip_model.safetensors",
            "tokenizer.json"),
        names(open("org/tiny")));
    server.files.remove("config.json");
    server.files.remove("open_clip_model.safetensors");
    server.commit = "e".repeat(40);
    assertFails("org/tiny@" + server.commit, Kind.UNSUPPORTED, "has no open_clip_model");
  }

  @Test
  void progressIsThatOfAllFilesTogether() {
    List<Long> heard = Collections.synchronizedList(new ArrayList<>());
    long total = NEEDED.stream().mapToLong(file -> server.files.get(file).length).sum();
    open(
        TINY,
        (received, all) -> {
          assertEquals(total, all);
          heard.add(received);
        });
    List<Long> sorted = new ArrayList<>(heard);
    Collections.sort(sorted);
    assertEquals(sorted, heard);
    assertEquals(total, heard.get(heard.size() - 1));
  }

  @Test
  void silenceIsAtLeastHalfAMinute() {
    assertEquals(Duration.ofSeconds(30), environment().silence());
    variables.put("HF_HUB_ETAG_TIMEOUT", "10");
    variables.put("HF_HUB_DOWNLOAD_TIMEOUT", "1e3");
    assertEquals(Duration.ofSeconds(30), environment().silence());
    variables.put("HF_HUB_ETAG_TIMEOUT", "90");
    variables.put("HF_HUB_DOWNLOAD_TIMEOUT", "60");
    assertEquals(Duration.ofSeconds(90), environment().silence());
  }

  @Test
  void theTokenGoesToTheHubAlone() throws IOException {
    server.token = "hf_secret";
    assertFails("org/tiny", Kind.UNREADABLE, "org/tiny is a gated model", "HF_TOKEN");
    variables.put("HF_TOKEN", " hf_secret\n");
    assertHasTheModel(open("org/tiny"));
    assertEquals(List.of(), server.leaked);
    assertEquals(1, server.contentRequests().size());
  }

  @Test
  void theTokenMayBeInAFile() throws IOException {
    server.token = "hf_secret";
    variables.put("HF_HOME", "~/hf");
    Path file = Files.createDirectories(temp.resolve("home/hf")).resolve("token");
    Files.writeString(file, "hf_secret\n");
    assertHasTheModel(open("org/tiny"));
    Files.writeString(file, "hf_secret two words");
    Clip4jException failure = failure("org/tiny");
    assertFalse(failure.getMessage().contains("hf_secret"), failure.getMessage());
    assertTrue(failure.getMessage().contains(file.toString()), failure.getMessage());
  }

  @Test
  void aModelThatWasRenamedIsFoundUnderItsOldName() throws IOException {
    server.token = "hf_secret";
    variables.put("HF_TOKEN", "hf_secret");
    assertHasTheModel(open("org/old"));
  }

  @Test
  void refusals() throws IOException {
    assertFails(
        "org/none", Kind.MISSING, "org/none is not a folder, and not a model on", "HF_TOKEN");
    server.hubFaults.add(
        (exchange, none) -> {
          exchange
              .getResponseHeaders()
              .set("X-Error-Message", "not\u009bthis one" + ".".repeat(1000));
          FakeHub.status(403, null).answer(exchange, none);
        });
    assertFails(
        "org/tiny",
        Kind.UNREADABLE,
        "org/tiny: the hub refuses access (may the token read this model?): not?this one...");
    server.files.remove("config.json");
    assertFails("org/tiny", Kind.UNSUPPORTED, "org/tiny has no config.json");
    server.files.keySet().removeAll(Set.of(WEIGHTS, "pytorch_model.bin"));
    server.files.put("config.json", new byte[] {'{', '}'});
    assertFails("org/tiny", Kind.UNSUPPORTED, "org/tiny has no model.safetensors");
    server.hubFaults.add((exchange, none) -> FakeHub.send(exchange, "[]".getBytes()));
    assertFails("org/tiny", Kind.CORRUPT, "is not one JSON object");
    server.hubFaults.add((exchange, none) -> FakeHub.send(exchange, "{}".getBytes()));
    assertFails("org/tiny", Kind.CORRUPT, "sha = null must be a commit");
    assertFalse(Files.exists(cache()));
  }

  /** Neither the model nor the token is to blame. */
  @Test
  void refusalsByOthers() {
    // First, for a request that a failure gives up may still be on its way.
    server.hubFaults.add(FakeHub.status(407, null));
    assertFails("org/tiny", Kind.UNREADABLE, "/main: the proxy asks for a user and a password");
    server.hubFaults.add(FakeHub.status(302, null));
    assertFails("org/tiny", Kind.UNREADABLE, "/main: the server says 302, and redirects nowhere");
    server.contentFaults.add(FakeHub.status(403, null));
    assertFails(
        "org/tiny",
        Kind.UNREADABLE,
        server.endpoint(),
        WEIGHTS + ": 127.0.0.1, where the server redirects to, says 403");
    variables.put("HF_HUB_CACHE", temp.resolve("other").toString()); // It may have come already.
    server.fileFaults.put("config.json", FakeHub.status(404, null));
    assertFails("org/tiny", Kind.MISSING, "/config.json: the server says 404");
  }

  /** As in Python, the endpoint's user comes before the token. */
  @Test
  void anEndpointsUserAsksAndIsShownToNobody() throws IOException {
    variables.put("HF_ENDPOINT", server.endpoint().replace("//", "//u:secret@"));
    variables.put("HF_TOKEN", "hf_secret");
    List<String> asked = new CopyOnWriteArrayList<>();
    FakeHub.Fault busy =
        (exchange, none) -> {
          asked.add(exchange.getRequestHeaders().getFirst("Authorization"));
          FakeHub.status(500, null).answer(exchange, none);
        };
    FakeHub.Fault gated =
        (exchange, none) -> {
          exchange.getResponseHeaders().set("X-Error-Code", "GatedRepo");
          FakeHub.status(401, null).answer(exchange, none);
        };
    FakeHub.Fault noJson = (exchange, none) -> FakeHub.send(exchange, new byte[] {'x'});
    server.hubFaults.addAll(List.of(busy, busy, gated, noJson));
    for (String name : List.of("org/tiny", "org/tiny", "org/tiny", "org/none")) {
      Clip4jException failure = failure(name);
      assertTrue(failure.getMessage().contains(server.endpoint()), failure.getMessage());
      assertFalse(failure.getMessage().contains("secret"), failure.getMessage());
    }
    assertEquals(List.of("Basic dTpzZWNyZXQ=", "Basic dTpzZWNyZXQ="), asked);
    assertHasTheModel(open("org/tiny"));
    assertEquals(List.of(), server.leaked);
  }

  @Test
  void anEtagMayBeWeak() throws IOException {
    server.weak = "W/";
    assertHasTheModel(open("org/tiny"));
    assertTrue(names(model().resolve("blobs")).contains(server.etag("config.json")));
  }

  @Test
  void anEtagThatIsNoFileName() throws IOException {
    FakeHub.Fault listing = (exchange, none) -> FakeHub.send(exchange, listing());
    FakeHub.Fault climbing =
        (exchange, none) -> {
          exchange.getResponseHeaders().set("ETag", "\"../../../x\"");
          FakeHub.send(exchange, new byte[1]);
        };
    server.hubFaults.addAll(List.of(listing, climbing, climbing, climbing, climbing));
    assertFails("org/tiny", Kind.CORRUPT, "no usable ETag: '../../../x'");
  }

  /** A mirror's may have no X-Linked headers, or odd ones; the hash is checked all the same. */
  @Test
  void aRedirectsOwnSizeIsNotTheFiles() throws IOException {
    for (String size : new String[] {null, "1e5"}) {
      server.linkedSize = size;
      assertHasTheModel(open("org/tiny"));
      server.commit = "f".repeat(40);
      server.files.get(WEIGHTS)[0]++;
    }
  }

  @Test
  void aMirrorWithoutHashesIsWarnedOf() throws IOException {
    server.hashless = true;
    List<String> warnings = new CopyOnWriteArrayList<>();
    Logger logger = Logger.getLogger("io.github.clip4j");
    Handler handler =
        new ConsoleHandler() {
          @Override
          public void publish(LogRecord record) {
            warnings.add(MessageFormat.format(record.getMessage(), record.getParameters()));
          }
        };
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    try {
      assertHasTheModel(open("org/tiny"));
    } finally {
      logger.removeHandler(handler);
      logger.setUseParentHandlers(true);
    }
    assertEquals(NEEDED.size(), warnings.size());
    assertTrue(warnings.toString().contains(WEIGHTS + ": the server announces no hash"));
  }

  private byte[] listing() {
    StringBuilder siblings = new StringBuilder();
    NEEDED.forEach(file -> siblings.append(",{\"rfilename\":\"" + file + "\"}"));
    return ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + siblings.substring(1) + "]}").getBytes();
  }

  @Test
  void whatPythonCachedIsFoundWithoutNetwork() throws IOException {
    server.writeCacheLikePython(cache(), NEEDED);
    server.close();
    variables.put("HF_ENDPOINT", "http://127.0.0.1:1");
    assertHasTheModel(Hub.cached(environment(), TINY));
    assertHasTheModel(open("org/tiny@" + COMMIT));
    assertHasTheModel(open("org/tiny")); // Asks once, in vain.
    assertFails("org/tiny@v2", Kind.UNREADABLE, "http://127.0.0.1:1/api/models/org/tiny");
  }

  @Test
  void offlineAnIncompleteModelIsMissing() throws IOException {
    Clip4jException none =
        assertThrows(Clip4jException.class, () -> Hub.cached(environment(), TINY));
    assertEquals(Kind.MISSING, none.kind());
    assertTrue(none.getMessage().contains("HF_HUB_OFFLINE"), none.getMessage());
    server.writeCacheLikePython(cache(), NEEDED);
    Files.delete(model().resolve("blobs").resolve(server.etag("tokenizer.json")));
    Clip4jException part =
        assertThrows(Clip4jException.class, () -> Hub.cached(environment(), TINY));
    assertTrue(part.getMessage().contains("no tokenizer.json"), part.getMessage());
    assertHasTheModel(open("org/tiny"));
    assertEquals(List.of(), server.contentRequests());
  }

  @Test
  void aLinkOutOfTheCacheIsRefused() throws IOException {
    server.writeCacheLikePython(cache(), NEEDED);
    Path secret = Files.writeString(temp.resolve("secret"), "secret");
    Path link = model().resolve("snapshots").resolve(COMMIT).resolve("config.json");
    Files.delete(link);
    Files.createSymbolicLink(link, secret);
    assertFails("org/tiny", Kind.UNREADABLE, link.toString(), "not in the cache");
    Files.delete(link);
    Path blob = model().resolve("blobs").resolve(server.etag("config.json"));
    Files.delete(blob);
    Files.createSymbolicLink(blob, secret);
    Files.write(secret, new byte[server.files.get("config.json").length]);
    assertFails("org/tiny", Kind.UNREADABLE, link.toString(), "not in the cache");
  }

  @Test
  void aBlobThatModelsShareIsNot() throws IOException {
    server.writeCacheLikePython(cache(), NEEDED);
    Path blob = model().resolve("blobs").resolve(server.etag(WEIGHTS));
    Path shared = Files.createDirectories(cache().resolve("blobs/ab")).resolve("abcd");
    Files.move(blob, shared);
    Files.createSymbolicLink(blob, Path.of("../../blobs/ab/abcd"));
    assertHasTheModel(Hub.cached(environment(), TINY));
  }
}
