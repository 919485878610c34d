package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadTest {
  private static final String SHA256 =
      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

  @TempDir Path folder;
  private HttpServer server;
  private String url;
  private byte[] content = "hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/file.bin",
        exchange -> {
          exchange.sendResponseHeaders(200, content.length);
          exchange.getResponseBody().write(content);
          exchange.close();
        });
    server.start();
    url = "http://127.0.0.1:" + server.getAddress().getPort() + "/file.bin";
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void fetches() throws IOException {
    Path out = folder.resolve("x");
    assertEquals(out + "\n", Cli.run("download", url, "--out", out).succeeds().out());
    assertArrayEquals(content, Files.readAllBytes(out));
    Cli.run("download", url, "--out", folder, "--sha256", SHA256).succeeds();
    assertEquals(List.of("file.bin", "x"), Cli.namesIn(folder));
  }

  @Test
  void aFileThatIsThereStaysUnlessOverwritten() throws IOException {
    Path out = Cli.write(folder.resolve("x"), "mine");
    Cli.Result result = Cli.run("download", url, "--out", out).hasStatus(0);
    assertTrue(result.err().contains("was there already"), result.err());
    assertEquals("mine", Cli.read(out));
    Cli.run("download", url, "--out", out, "--overwrite").succeeds();
    assertEquals("hello", Cli.read(out));
  }

  @Test
  void failures() {
    Path out = folder.resolve("x");
    Cli.run("download", url, "--out", out, "--sha256", "00".repeat(32)).failsWith(1, url, SHA256);
    Cli.run("download", url, "--out", out, "--sha256", "xyz").failsWith(2, "--sha256 xyz", "64");
    Cli.run("download", url.replace("file.bin", "other"), "--out", out).failsWith(1, "404");
    Cli.run("download", "ftp://host/x", "--out", out).failsWith(1, "ftp://host/x");
    Cli.run("download", "not an address", "--out", out).failsWith(1, "not an address");
    Cli.run("download", "http://127.0.0.1/").failsWith(1, "names no file", "--out");
    Cli.run("download", url, "--out", folder.resolve("no/x")).failsWith(1, url);
    Cli.run("download", url, "--out", folder.resolve("no") + "/")
        .failsWith(1, "no/: is not a folder");
    assertEquals(List.of(), Cli.namesIn(folder));
  }
}
