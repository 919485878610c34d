package io.github.clip4j.internal.hub;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on the Hugging Face hub, written {@code org/name} or {@code org/name@revision}.
 *
 * @param repository org/name
 * @param revision a branch, a tag or a commit
 */
public record HubName(String repository, String revision) {
  private static final Map<String, String> PRESETS =
      Map.of(
          "medium", "openai/clip-vit-base-patch32",
          "high", "openai/clip-vit-large-patch14",
          "best", "openai/clip-vit-large-patch14-336");

  private static final String WORD = "[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?";
  private static final Pattern FORM =
      Pattern.compile("(%s/%s)(?:@(%s(?:/%s)*))?".formatted(WORD, WORD, WORD, WORD));
  private static final int LONGEST_REPOSITORY = 96;

  /** Empty where {@code name} is neither of that form nor one of the presets. */
  public static Optional<HubName> parse(String name) {
    Matcher matcher = FORM.matcher(PRESETS.getOrDefault(name, name));
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String repository = matcher.group(1);
    // "--" stands for the slash in the cache's folders.
    boolean sound =
        repository.length() <= LONGEST_REPOSITORY
            && !repository.contains("--")
            && !name.contains("..")
            && !repository.endsWith(".git");
    return sound
        ? Optional.of(new HubName(repository, Optional.ofNullable(matcher.group(2)).orElse("main")))
        : Optional.empty();
  }

  /** Whether the revision is a commit, whose content never changes. */
  boolean isCommit() {
    return revision.matches("[0-9a-f]{40}");
  }

  /** The revision as one segment of an address. */
  String encodedRevision() {
    return URLEncoder.encode(revision, StandardCharsets.UTF_8);
  }

  /** The cache's folder for it. */
  String folder() {
    return "models--" + repository.replace("/", "--");
  }

  @Override
  public String toString() {
    return revision.equals("main") ? repository : repository + "@" + revision;
  }
}
