package io.github.clip4j.internal.hub;

import io.github.clip4j.internal.files.Json;
import io.github.clip4j.internal.net.HttpAddress;
import io.github.clip4j.internal.net.HttpFetch;
import io.github.clip4j.internal.net.Redirects;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** What the Hugging Face hub says of one model, over its HTTP interface. */
final class HubClient {
  private static final long MAX_LISTING_BYTES = 64L << 20;

  private final String endpoint;
  private final Optional<String> token;
  private final HubName name;
  private final HttpFetch http;

  HubClient(HubEnvironment environment, HubName name, HttpFetch http) {
    this.endpoint = environment.endpoint();
    this.token = environment.token();
    this.name = name;
    this.http = http;
  }

  /** The revision's commit, and the names of its files. */
  record Listing(String commit, Set<String> files) {}

  /**
   * A file's content.
   *
   * @param etag its name in the cache: a SHA-256, git's SHA-1 or a plain one
   * @param size in bytes, -1 where the server does not say
   */
  record Content(String etag, long size) {}

  /**
   * Asks for the listing.
   *
   * @param once whether not to try again where that fails
   */
  Listing list(boolean once) {
    String path = "/api/models/" + name.repository() + "/revision/" + name.encodedRevision();
    HttpFetch.Source source = source(path, -1);
    byte[] answer = (once ? http.once() : http).fetch(source, MAX_LISTING_BYTES);
    Json json =
        Json.parse(HttpAddress.shown(source.address()), new String(answer, StandardCharsets.UTF_8));
    String commit = json.string("sha", "");
    if (!commit.matches("[0-9a-f]{40}")) {
      throw json.wrong("sha", "a commit (is HF_ENDPOINT a Hugging Face hub?)");
    }
    Set<String> files = new HashSet<>();
    for (Json sibling : json.objects("siblings")) {
      files.add(sibling.string("rfilename", ""));
    }
    return new Listing(commit, files);
  }

  /** What a file holds. */
  Content content(String commit, String file) {
    HttpFetch.Source source = source(commit, file, -1);
    HttpHeaders headers = http.head(source);
    Optional<String> linked = headers.firstValue("X-Linked-Etag");
    String etag =
        linked
            .or(() -> headers.firstValue("ETag"))
            .map(value -> value.replaceFirst("^W/", "").replace("\"", ""))
            .orElse("");
    // It becomes the name of a file.
    if (!etag.matches("[A-Za-z0-9][A-Za-z0-9_-]{0,127}")) {
      throw new Clip4jException(
          Kind.CORRUPT,
          "%sthe server gives no usable ETag: '%s' (is HF_ENDPOINT a Hugging Face hub?)"
              .formatted(source.where(), etag));
    }
    return new Content(etag, size(headers));
  }

  private static long size(HttpHeaders headers) {
    Optional<String> size = headers.firstValue("X-Linked-Size");
    if (headers.firstValue("Location").isEmpty()) { // A redirect's own body is a few words.
      size = size.or(() -> headers.firstValue("Content-Length"));
    }
    return size.filter(digits -> digits.matches("\\d{1,18}")).map(Long::valueOf).orElse(-1L);
  }

  /** Where a file of {@code size} bytes comes from. */
  HttpFetch.Source source(String commit, String file, long size) {
    return source("/" + name.repository() + "/resolve/" + commit + "/" + file, size);
  }

  private HttpFetch.Source source(String path, long size) {
    URI address = URI.create(endpoint + path);
    return new HttpFetch.Source(
        address, true, token, size, this::refused, "check the network and HF_ENDPOINT");
  }

  private Clip4jException refused(HttpFetch.Source source, HttpResponse<?> response) {
    int status = response.statusCode();
    String reason = response.headers().firstValue("X-Error-Code").orElse("");
    switch (reason) {
      case "RevisionNotFound":
        return missing("has no revision %s (check the name after @)".formatted(name.revision()));
      case "EntryNotFound":
        return missing(
            "has no file %s in revision %s"
                .formatted(source.address().getPath().replaceFirst(".*/", ""), name.revision()));
      case "GatedRepo":
        return new Clip4jException(
            Kind.UNREADABLE,
            "%s is a gated model (accept its terms at %s/%s, then set HF_TOKEN to a token that may read it)"
                .formatted(name, HttpAddress.shown(endpoint), name.repository()));
      default:
        break;
    }
    boolean byHub = Redirects.sameHost(source.address(), response.uri());
    boolean ofListing = source.address().getPath().contains("/api/models/");
    if (reason.equals("RepoNotFound") || byHub && (status == 401 || status == 404 && ofListing)) {
      return missing(
          "is not a folder, and not a model on %s that you may read (check the name; for a private"
                  .formatted(HttpAddress.shown(endpoint))
              + " model set HF_TOKEN"
              + (token.isPresent() ? ": the token in use may not read it)" : ")"));
    }
    if (byHub && status == 403) {
      return new Clip4jException(
          Kind.UNREADABLE,
          name
              + ": the hub refuses access (may the token read this model?)"
              + HttpFetch.Source.remark(response.headers()));
    }
    return source.refused(response);
  }

  private Clip4jException missing(String what) {
    return new Clip4jException(Kind.MISSING, name.repository() + " " + what);
  }
}
