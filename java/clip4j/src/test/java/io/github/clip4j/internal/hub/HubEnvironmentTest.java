package io.github.clip4j.internal.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** What environment variables say. */
class HubEnvironmentTest extends HubModels {
  @Test
  void aCacheMayBeRelative() throws IOException {
    variables.put("HF_HUB_CACHE", Path.of("").toAbsolutePath().relativize(cache()).toString());
    assertHasTheModel(open("org/tiny"));
    assertHasTheModel(open("org/tiny"));
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
}
