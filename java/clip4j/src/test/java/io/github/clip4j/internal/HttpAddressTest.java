package io.github.clip4j.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is said of addresses that cannot be. */
class HttpAddressTest {
  @Test
  void sayWhatIsWrong() {
    String host = ": its host is not a valid name";
    Map<String, String> messages =
        Map.of(
            "http://minio_server:9000/a.jpg",
            "http://minio_server:9000/a.jpg" + host + ": '_' is not allowed",
            "http://b\u00fccher.de/",
            "http://b\u00fccher.de/" + host + ": '\u00fc' is not allowed",
            "https://-a/",
            "https://-a/" + host,
            "http://h:65536/",
            "http://h:65536/: its port is over 65535",
            "http:///x",
            "not an http or https address: http:///x",
            "x",
            "not an http or https address: x");
    messages.forEach(
        (address, message) ->
            assertEquals(
                message,
                assertThrows(
                        IllegalArgumentException.class,
                        () -> HttpAddress.check(URI.create(address)))
                    .getMessage()));
    URI sound = URI.create("HTTPS://[::1]:80/a_b");
    assertSame(sound, HttpAddress.check(sound));
  }
}
