package io.github.clip4j.internal.hub;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * A Hugging Face hub with one model, org/tiny, whose weights lie on a server of another origin, as
 * the real one's do. It does as it should, except where a fault is planned.
 */
public final class FakeHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  static final String WEIGHTS = "model.safetensors";

  /** Answers a request in its own way. */
  interface Fault {
    void answer(HttpExchange exchange, byte[] content) throws IOException;
  }

  /** Of the model, by name; a test may change them. */
  final Map<String, byte[]> files = new TreeMap<>();

  /** What is sent instead of a file's content, by name. */
  final Map<String, byte[]> lies = new TreeMap<>();

  /** "METHOD PATH RANGE" of every request, those to the other server with "cdn" before them. */
  final List<String> requests = Collections.synchronizedList(new ArrayList<>());

  /** Authorization headers that the other server has got. */
  final List<String> leaked = Collections.synchronizedList(new ArrayList<>());

  /** What goes wrong with the next requests for the weights' content, in this order. */
  final Deque<Fault> contentFaults = new ArrayDeque<>();

  /** What goes wrong with the next requests to the hub itself, in this order. */
  final Deque<Fault> hubFaults = new ArrayDeque<>();

  /** What goes wrong with every request for a small file's content, by name. */
  final Map<String, Fault> fileFaults = new ConcurrentHashMap<>();

  String token;
  String commit = COMMIT;
  private final HttpServer hub;
  private final HttpServer cdn;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** A model of random weights and settings that nobody could load. */
  FakeHub() throws IOException {
    byte[] weights = new byte[300_000];
    new Random(7).nextBytes(weights);
    files.put(WEIGHTS, weights);
    for (String name :
        List.of(
            "config.json",
            "preprocessor_config.json",
            "tokenizer.json",
            "vocab.json",
            "merges.txt",
            "README.md",
            "pytorch_model.bin",
            "onnx/model.onnx")) {
      files.put(name, ("{\"name\": \"" + name + "\"}").getBytes(StandardCharsets.UTF_8));
    }
    hub = start(this::hub);
    cdn = start(this::content);
  }

  /** A model of a folder's files. */
  public FakeHub(Path folder) throws IOException {
    this();
    files.clear();
    try (Stream<Path> all = Files.list(folder)) {
      for (Path file : all.toList()) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
  }

  private HttpServer start(com.sun.net.httpserver.HttpHandler handler) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", handler);
    server.start();
    return server;
  }

  @Override
  public void close() {
    hub.stop(0);
    cdn.stop(0);
    threads.shutdownNow();
  }

  /** For HF_ENDPOINT. */
  public String endpoint() {
    return address(hub);
  }

  private static String address(HttpServer server) {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Whether the hub calls contents by anything but their hashes, as a mirror may. */
  boolean hashless;

  /** What comes before the hub's own ETags. */
  String weak = "";

  /** X-Linked-Size of a redirect; null for none of the X-Linked headers. */
  String linkedSize = "right";

  /** What the hub calls a file's content by. */
  String etag(String file) {
    byte[] content = files.get(file);
    if (hashless) {
      return "version-" + files.get(file).length;
    }
    return isLarge(file) ? hash("SHA-256", content) : gitHash(content);
  }

  private static boolean isLarge(String file) {
    return file.endsWith(".safetensors") || file.endsWith(".bin");
  }

  static String gitHash(byte[] content) {
    byte[] header = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
    return hash("SHA-1", header, content);
  }

  static String hash(String algorithm, byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      for (byte[] part : parts) {
        digest.update(part);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private void hub(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
    Fault fault = next(hubFaults);
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    String api = "/api/models/org/tiny/revision/";
    String resolve = "/org/tiny/resolve/";
    String file = path.replaceFirst("^" + resolve + "(main|" + commit + ")/", "");
    if (fault != null) {
      fault.answer(exchange, new byte[0]);
    } else if (token != null && !("Bearer " + token).equals(authorization)) {
      error(exchange, 401, "GatedRepo");
    } else if (path.startsWith(api)) {
      String revision = path.substring(api.length());
      if (revision.equals("main") || revision.equals("refs%2Fpr%2F1") || revision.equals(commit)) {
        send(exchange, listing().getBytes(StandardCharsets.UTF_8));
      } else {
        error(exchange, 404, "RevisionNotFound");
      }
    } else if (path.startsWith("/org/old/")) {
      redirect(exchange, path.replace("/org/old/", "/org/tiny/"));
    } else if (path.startsWith("/api/models/org/old/")) {
      redirect(exchange, path.replace("/org/old/", "/org/tiny/"));
    } else if (path.startsWith(resolve)) {
      resolve(exchange, file);
    } else {
      error(exchange, 404, "RepoNotFound");
    }
  }

  private String listing() {
    JsonArray siblings = new JsonArray();
    for (String file : files.keySet()) {
      JsonObject sibling = new JsonObject();
      sibling.addProperty("rfilename", file);
      siblings.add(sibling);
    }
    JsonObject listing = new JsonObject();
    listing.addProperty("id", "org/tiny");
    listing.addProperty("sha", commit);
    listing.add("siblings", siblings);
    return listing.toString();
  }

  private void resolve(HttpExchange exchange, String file) throws IOException {
    if (!files.containsKey(file)) {
      error(exchange, 404, "EntryNotFound");
      return;
    }
    exchange.getResponseHeaders().set("X-Repo-Commit", commit);
    if (isLarge(file)) {
      if (linkedSize == null) {
        exchange.getResponseHeaders().set("ETag", weak + '"' + etag(file) + '"');
      } else {
        exchange.getResponseHeaders().set("X-Linked-Etag", '"' + etag(file) + '"');
        exchange
            .getResponseHeaders()
            .set("X-Linked-Size", linkedSize.replace("right", "" + files.get(file).length));
      }
      exchange.getResponseHeaders().set("Content-Length", "12");
      redirect(exchange, address(cdn) + "/" + file);
    } else if (fileFaults.containsKey(file) && exchange.getRequestMethod().equals("GET")) {
      fileFaults.get(file).answer(exchange, files.get(file));
    } else {
      exchange.getResponseHeaders().set("ETag", weak + '"' + etag(file) + '"');
      send(exchange, lies.getOrDefault(file, files.get(file)));
    }
  }

  private void content(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(
        "cdn " + exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
    if (exchange.getRequestHeaders().containsKey("Authorization")) {
      leaked.add(exchange.getRequestHeaders().getFirst("Authorization"));
    }
    exchange.getResponseHeaders().set("ETag", "\"of the other server\"");
    String file = path.substring(1);
    byte[] content = lies.getOrDefault(file, files.get(file));
    Fault fault = next(contentFaults);
    if (fault != null) {
      fault.answer(exchange, content);
    } else {
      send(exchange, content);
    }
  }

  private static Fault next(Deque<Fault> faults) {
    synchronized (faults) {
      return faults.poll();
    }
  }

  /** The content, or what the request wants of it. */
  static void send(HttpExchange exchange, byte[] content) throws IOException {
    send(exchange, content, content.length);
  }

  /** As if all would come, but only the bytes up to {@code end} do. */
  static void send(HttpExchange exchange, byte[] content, int end) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    int begin = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
    if (begin >= content.length && range != null) {
      exchange.sendResponseHeaders(416, -1);
      exchange.close();
      return;
    }
    if (range != null) {
      String part = "bytes %d-%d/%d".formatted(begin, content.length - 1, content.length);
      exchange.getResponseHeaders().set("Content-Range", part);
    }
    int length = content.length - begin;
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", "" + length);
      exchange.sendResponseHeaders(200, -1);
    } else {
      exchange.sendResponseHeaders(range == null ? 200 : 206, length == 0 ? -1 : length);
      exchange.getResponseBody().write(content, begin, Math.max(0, end - begin));
      exchange.getResponseBody().flush();
      if (end < content.length) {
        pause(200); // java.net.http drops what it has not handed on yet when a connection ends.
      }
    }
    exchange.close();
  }

  /** A fault: the connection ends after {@code end} bytes of the content. */
  static Fault cut(int end) {
    return (exchange, content) -> send(exchange, content, end);
  }

  /** A fault: a status, with Retry-After unless that is null. */
  static Fault status(int status, String retryAfter) {
    return (exchange, content) -> {
      if (retryAfter != null) {
        exchange.getResponseHeaders().set("Retry-After", retryAfter);
      }
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
    };
  }

  public static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void redirect(HttpExchange exchange, String to) throws IOException {
    exchange.getResponseHeaders().set("Location", to);
    exchange.sendResponseHeaders(302, -1);
    exchange.close();
  }

  private static void error(HttpExchange exchange, int status, String code) throws IOException {
    exchange.getResponseHeaders().set("X-Error-Code", code);
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  /** The requests for the weights' content. */
  List<String> contentRequests() {
    synchronized (requests) {
      return requests.stream().filter(request -> request.startsWith("cdn")).toList();
    }
  }

  /** Puts some of the files into a cache as huggingface_hub does. */
  void writeCacheLikePython(Path cache, Collection<String> names) {
    try {
      Path model = cache.resolve("models--org--tiny");
      Path snapshot = Files.createDirectories(model.resolve("snapshots").resolve(commit));
      Files.createDirectories(model.resolve("refs"));
      Files.createDirectories(model.resolve("blobs"));
      Files.writeString(model.resolve("refs/main"), commit);
      for (String file : names) {
        Files.write(model.resolve("blobs").resolve(etag(file)), files.get(file));
        Files.createSymbolicLink(snapshot.resolve(file), Path.of("../../blobs", etag(file)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
