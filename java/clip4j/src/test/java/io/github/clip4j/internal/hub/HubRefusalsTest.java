package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.COMMIT;
import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** By the hub, by who stands between, and of what is not to be trusted. */
class HubRefusalsTest extends HubModels {
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

  private byte[] listing() {
    StringBuilder siblings = new StringBuilder();
    NEEDED.forEach(file -> siblings.append(",{\"rfilename\":\"" + file + "\"}"));
    return ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + siblings.substring(1) + "]}").getBytes();
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
