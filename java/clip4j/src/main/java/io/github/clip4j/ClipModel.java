package io.github.clip4j;

import io.github.clip4j.internal.Encoders;
import io.github.clip4j.internal.LoadedModel;
import io.github.clip4j.internal.checkpoint.DefaultModel;
import io.github.clip4j.internal.hub.Hub;
import io.github.clip4j.internal.hub.HubName;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.Embeddings;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/**
 * A CLIP, Chinese-CLIP or SigLIP model: turns pictures and texts into rows of one space, in which
 * what belongs together has a high cosine.
 *
 * <p>Every row has length 1. A batch is one call into native code; its rows do not depend on what
 * else is in it, on a CPU to the bit. Any number of threads may use one model at once. {@link
 * #close} while calls are under way lets them end; after it every method that embeds, tokenizes or
 * preprocesses, {@link #embedder} and {@link #memory} throw {@link IllegalStateException}.
 */
public final class ClipModel implements AutoCloseable {
  private final LoadedModel model;
  private final String name;
  private final long maxEncodedBytes;

  private ClipModel(LoadedModel model, String name, LoadOptions options) {
    this.model = model;
    this.name = name;
    this.maxEncodedBytes = options.images().maxEncodedBytes();
  }

  /** {@link #load(Path, LoadOptions)} with {@link LoadOptions#DEFAULT}. */
  public static ClipModel load(Path model) {
    return load(model, LoadOptions.DEFAULT);
  }

  /**
   * Loads a model in Hugging Face layout: config.json, model.safetensors or pytorch_model.bin (or
   * shards of either with an index), preprocessor_config.json or processor_config.json,
   * tokenizer.json (or vocab.json with merges.txt, vocab.txt for Chinese-CLIP, spiece.model for
   * SigLIP). Or in OpenCLIP's: open_clip_config.json, open_clip_model.safetensors or
   * open_clip_pytorch_model.bin, and the same tokenizers. Or one of OpenAI's own archives, such as
   * ViT-B-32.pt, or a folder without a configuration that holds one; with a tokenizer's files
   * beside it. Nothing is fetched from anywhere, and nothing in a file runs.
   *
   * @throws Clip4jException where a file is missing, malformed, contradicts another or asks for
   *     what clip4j lacks; UNSUPPORTED where the options' device or precision cannot be had here
   * @throws IllegalArgumentException where the model cannot have the options' imageSize, or {@code
   *     model} is not of the default file system
   */
  public static ClipModel load(Path model, LoadOptions options) {
    Path absolute = model.toAbsolutePath().normalize();
    return new ClipModel(
        LoadedModel.load(model, options), String.valueOf(absolute.getFileName()), options);
  }

  /** {@link #load(String, LoadOptions)} with {@link LoadOptions#DEFAULT}. */
  public static ClipModel load(String model) {
    return load(model, LoadOptions.DEFAULT);
  }

  /**
   * Loads the folder or archive {@code model} if there is one, see {@link #load(Path,
   * LoadOptions)}, else the model of that name on the Hugging Face hub: {@code org/name} or {@code
   * org/name@revision}, or a preset: {@code medium}, {@code high}, {@code best} (OpenAI's ViT-B/32,
   * ViT-L/14 and ViT-L/14 at 336 pixels).
   *
   * <p>The hub's models lie in the cache that Python's huggingface_hub uses as well, and the
   * environment variables HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, XDG_CACHE_HOME, HF_TOKEN,
   * HF_TOKEN_PATH, HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE mean the same; HF_HUB_ETAG_TIMEOUT and
   * HF_HUB_DOWNLOAD_TIMEOUT can raise the 30 seconds for which a silent hub is waited for. The hub
   * is asked for the revision's commit, and for files that the cache does not have of it. Where it
   * does not answer, what the cache has of the revision is used, and the log says so. Every file's
   * content is checked against the hash that the hub announces; where a mirror announces none, the
   * log says so.
   *
   * @throws Clip4jException MISSING where there is neither folder nor model of that name,
   *     UNREADABLE where the hub refuses it or cannot be reached, CORRUPT where the hub sends
   *     something else than it announces, UNWRITABLE where the cache cannot be written; and as for
   *     a folder
   */
  public static ClipModel load(String model, LoadOptions options) {
    if (exists(model)) {
      return load(Path.of(model), options);
    }
    HubName hubName =
        HubName.parse(model)
            .orElseThrow(
                () ->
                    new Clip4jException(
                        Kind.MISSING,
                        "model '%s' is not a folder, and not a name of the Hugging Face hub's (give a folder, org/name, org/name@revision, medium, high or best)"
                            .formatted(model)));
    Path directory = Hub.directory(hubName, options.offline(), options.progress());
    return new ClipModel(LoadedModel.load(directory, options), hubName.toString(), options);
  }

  private static boolean exists(String path) {
    try {
      return !path.isEmpty() && Files.exists(Path.of(path));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /**
   * Loads the small model of the artifact clip4j-model-emoji, which knows emoji and icons and not
   * photographs. It is copied to {@code .cache/clip4j/models} in the home directory the first time.
   *
   * @throws Clip4jException MISSING where the artifact is not on the class path or module path,
   *     UNWRITABLE where it cannot be copied
   */
  public static ClipModel loadDefault() {
    return loadDefault(LoadOptions.DEFAULT);
  }

  /** {@link #loadDefault()} with other options. */
  public static ClipModel loadDefault(LoadOptions options) {
    return new ClipModel(
        LoadedModel.load(DefaultModel.directory(), options), DefaultModel.NAME, options);
  }

  /** Embeds pictures; see {@link #embedImages(List)}. */
  public ImageEmbeddings embedImages(ImageSource... images) {
    return embedImages(Arrays.asList(images));
  }

  /**
   * Embeds pictures. One that cannot be read becomes a failure of its own and leaves the others
   * alone.
   *
   * @throws IllegalArgumentException where the list is empty
   */
  public ImageEmbeddings embedImages(List<ImageSource> images) {
    return ImageEmbedder.embed(model, elements(images, "images"), maxEncodedBytes);
  }

  /**
   * Embeds one picture.
   *
   * @throws Clip4jException of the kind that its failure has
   */
  public float[] embedImage(ImageSource image) {
    try (Embeddings embeddings = embedImages(image).orThrow()) {
      return embeddings.row(0);
    }
  }

  /** Embeds texts; see {@link #embedTexts(List)}. */
  public Embeddings embedTexts(String... texts) {
    return embedTexts(Arrays.asList(texts));
  }

  /**
   * Embeds texts. Those longer than {@link #maxTokens} are cut, as the model was trained; a warning
   * in the log says so. A text that occurs more than once is encoded once.
   *
   * @throws IllegalArgumentException where the list is empty or a text is not valid UTF-16
   */
  public Embeddings embedTexts(List<String> texts) {
    List<String> all = elements(texts, "texts");
    return TextEmbedder.embed(
        model, all, LongTexts.TRUNCATE, report -> TextEmbedder.warn(model, all.size(), report));
  }

  /**
   * As {@link #embedTexts(List)}; {@code report} is told which texts were cut, and nothing is
   * logged.
   */
  public Embeddings embedTexts(List<String> texts, Consumer<TextReport> report) {
    return embedTexts(texts, LongTexts.TRUNCATE, report);
  }

  /** As {@link #embedTexts(List, Consumer)}, with a choice of what becomes of long texts. */
  public Embeddings embedTexts(
      List<String> texts, LongTexts longTexts, Consumer<TextReport> report) {
    Objects.requireNonNull(longTexts, "longTexts");
    Objects.requireNonNull(report, "report");
    return TextEmbedder.embed(model, elements(texts, "texts"), longTexts, report);
  }

  /** Embeds one text; see {@link #embedTexts(List)}. */
  public float[] embedText(String text) {
    try (Embeddings embeddings = embedTexts(text)) {
      return embeddings.row(0);
    }
  }

  /**
   * For one thread that embeds item after item: gives rows in arrays of the caller's and makes no
   * garbage. The model must stay open while it is used.
   *
   * @throws IllegalStateException after close
   */
  public Embedder embedder() {
    return new Embedder(model, maxEncodedBytes);
  }

  /**
   * The token ids that the model reads for a text.
   *
   * @throws IllegalArgumentException where the text is not valid UTF-16
   */
  public Tokens tokenize(String text) {
    return model.parts(text, LongTexts.TRUNCATE).get(0);
  }

  /**
   * The picture as the model sees it, before its values are normalised.
   *
   * @throws Clip4jException where the picture cannot be read
   */
  public RgbImage preprocess(ImageSource image) {
    model.checkOpen();
    try {
      byte[] rgb = Encoders.preprocess(model, ImageSources.input(image, maxEncodedBytes));
      return new RgbImage(imageSize(), imageSize(), rgb);
    } catch (Clip4jException e) {
      throw ImageFailure.exception(image, e);
    } catch (IllegalArgumentException e) {
      String message = image.describe() + ": " + e.getMessage();
      throw new Clip4jException(Kind.INVALID_ARGUMENT, message, e);
    }
  }

  /** Floats in an embedding. */
  public int dimension() {
    return model.dimension();
  }

  /** Side in pixels of the squares that pictures become. */
  public int imageSize() {
    return model.imageSize();
  }

  /** Tokens that a text may have, begin and end included. */
  public int maxTokens() {
    return model.maxTokens();
  }

  /** Where the encoders run. */
  public Device device() {
    return model.device();
  }

  /** The encoders' arithmetic: what was asked for, or what {@link Precision#AUTO} became. */
  public Precision precision() {
    return model.precision();
  }

  /**
   * What multiplies its matrices: {@code libtorch}, or a kernel of clip4j's, named by its
   * instruction set: {@code avx512vnni}, {@code avx512bf16}, {@code amx}, {@code avx512}, {@code
   * avxvnni}, {@code avx2} or {@code scalar}.
   */
  public String kernel() {
    return model.kernel();
  }

  /**
   * What the model multiplies cosines by before a softmax or, where it has a {@link #logitBias}, a
   * sigmoid; learned in training, 100 for OpenAI's.
   */
  public float logitScale() {
    return model.logitScale();
  }

  /**
   * What is then added before a sigmoid, which gives the probability that the picture and the text
   * are a pair (SigLIP, Zhai et al. 2023). Empty where the model was trained with a softmax.
   */
  public OptionalDouble logitBias() {
    return model.logitBias();
  }

  /**
   * What makes cosines of a picture and a text the probability that they match: what the model's
   * directory has in a calibration.json, {@code {"kind": "platt", "scale": s, "offset": o}}, else
   * the sigmoid that it was trained with, if it was. Empty for a CLIP model without that file.
   */
  public Optional<Probability> calibration() {
    return model.calibration();
  }

  /** Its directory's name, or the hub's name for it. */
  public String name() {
    return name;
  }

  /**
   * A SHA-256 in hexadecimal over everything that decides a picture's embedding: the weights, the
   * sizes, the preprocessing and its options. The first call reads the weights' files once more.
   *
   * @throws Clip4jException MISSING or UNREADABLE where they are no more those that were loaded
   */
  public String fingerprint() {
    return model.fingerprint();
  }

  /**
   * What the model's files said when it was loaded, and what of them had no effect. The first call
   * reads the weights' files once more, for the {@link #fingerprint}, whose exceptions it throws.
   */
  public ModelInfo info() {
    return model.info(name);
  }

  /** Native memory by what holds it. Waits for encodings that are under way. */
  public ModelMemory memory() {
    return model.memory();
  }

  LoadedModel loaded() {
    return model;
  }

  long maxEncodedBytes() {
    return maxEncodedBytes;
  }

  /** Frees the model once no call uses it. The second time it does nothing. */
  @Override
  public void close() {
    model.close();
  }

  @Override
  public String toString() {
    return "ClipModel[" + name + "]";
  }

  /** A copy: the list is its caller's, who may change it meanwhile. */
  private static <T> List<T> elements(List<T> list, String what) {
    List<T> copy = new ArrayList<>(list);
    if (copy.isEmpty()) {
      throw new IllegalArgumentException(what + " is empty");
    }
    int missing = copy.indexOf(null);
    if (missing >= 0) {
      throw new NullPointerException(what + "[" + missing + "] is null");
    }
    return copy;
  }
}
