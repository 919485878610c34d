package io.github.clip4j.internal.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is said of addresses that cannot be, and what is not said of those that can. */
class HttpAddressTest {
  @Test
  void sayWhatIsWrong() {
    String host = ": its host is not a valid name";
    Map<String, String> messages =
        Map.of(
            "http://minio_server:9000/a.jpg",
            "http://minio_server:9000/a.jpg" + host + ": '_' is not allowed",
            "http://u:p@b\u00fccher.de/",
            "http://b\u00fccher.de/" + host + ": '\u00fc' is not allowed",
            "https://-a/",
            "https://-a/" + host,
            "http://h:65536/",
            "http://h:65536/: its port is over 65535",
            "http://u:pa/ss@h/x",
            "http://h/x" + host + ": ':' is not allowed",
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

  @Test
  void showNoUser() {
    assertEquals("http://h:1/a@b?c=d@e", HttpAddress.shown("http://u:p@h:1/a@b?c=d@e"));
    assertEquals("http://h/@a/b", HttpAddress.shown("http://h/@a/b"));
    assertEquals("http://h/img//@2x.png", HttpAddress.shown("http://h/img//@2x.png"));
    assertEquals("http://h/?u=http://m@o/x", HttpAddress.shown("http://u@h/?u=http://m@o/x"));
    assertEquals("http://h/a b", HttpAddress.shown("http://u:p/p p@h/a b"));
    assertEquals(URI.create("http://h/%20"), HttpAddress.bare(URI.create("http://u@h/%20")));
  }

  @Test
  void authorization() {
    assertEquals(Optional.empty(), HttpAddress.basic(URI.create("http://h/")));
    assertEquals(Optional.empty(), HttpAddress.basic(URI.create("http://@h/")));
    assertEquals(Optional.of("Basic dTo="), HttpAddress.basic(URI.create("http://u@h/")));
    assertEquals(Optional.of("Basic dTpw"), HttpAddress.basic(URI.create("http://u:%70@h/")));
  }
}
