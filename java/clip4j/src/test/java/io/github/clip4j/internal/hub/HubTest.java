package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.COMMIT;
import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** Models by name, from a hub that behaves, changes and is away. */
class HubTest extends HubModels {
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
  void anEtagMayBeWeak() throws IOException {
    server.weak = "W/";
    assertHasTheModel(open("org/tiny"));
    assertTrue(names(model().resolve("blobs")).contains(server.etag("config.json")));
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
}
