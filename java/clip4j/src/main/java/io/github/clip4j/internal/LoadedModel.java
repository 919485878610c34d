package io.github.clip4j.internal;

import io.github.clip4j.Device;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.LongTexts;
import io.github.clip4j.ModelInfo;
import io.github.clip4j.ModelMemory;
import io.github.clip4j.Precision;
import io.github.clip4j.Probability;
import io.github.clip4j.Tokens;
import io.github.clip4j.internal.checkpoint.ClipConfig;
import io.github.clip4j.internal.checkpoint.Family;
import io.github.clip4j.internal.checkpoint.ModelDescription;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.internal.checkpoint.PreprocessorConfig;
import io.github.clip4j.internal.checkpoint.WeightsFiles;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.internal.tokenizer.Tokenizer;
import io.github.clip4j.search.internal.FreshThread;
import io.github.clip4j.search.internal.NativeHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongFunction;

/** A model in native memory and what its files say of it. Safe from any thread. */
public final class LoadedModel implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger("io.github.clip4j");

  private final NativeHandle handle;
  private final ModelDescription description;
  private final ClipConfig config;
  private final Tokenizer tokenizer;
  private final byte[] preprocessing;
  private final Optional<Probability> calibration;
  private final ModelFacts facts;
  private final Precision precision;
  private final String kernel;
  private final Device device;
  private final AtomicBoolean halvingSaid = new AtomicBoolean();
  private final float logitScale;
  private final OptionalDouble logitBias;
  private final WeightsFiles weightsFiles;
  private String fingerprint;

  private LoadedModel(
      ModelFiles files,
      ModelDescription description,
      byte[] preprocessing,
      Optional<Probability> fitted,
      Tokenizer tokenizer,
      NativeHandle handle,
      NativeModel loaded,
      Device device) {
    this.description = description;
    this.weightsFiles = files.weights();
    this.config = description.config();
    this.preprocessing = preprocessing;
    this.tokenizer = tokenizer;
    this.device = device;
    this.handle = handle;
    facts =
        new ModelFacts(
            files.read(),
            tokenizer.source(),
            loaded.storedAs(),
            new ModelInfo.Ignored(
                files.ignoredFiles(), files.ignoredFields(), loaded.ignoredTensors()));
    precision = Precision.values()[NativeFacts.integer(Native::modelPrecision, loaded.address())];
    kernel = NativeFacts.text(Native::modelKernel, loaded.address());
    logitScale = NativeFacts.number(Native::modelLogitScale, loaded.address());
    logitBias =
        config.family() == Family.SIGLIP
            ? OptionalDouble.of(NativeFacts.number(Native::modelLogitBias, loaded.address()))
            : OptionalDouble.empty();
    calibration = fitted.or(this::sigmoid);
  }

  /**
   * Loads a model. What can be wrong in its configuration is found before the weights are read. A
   * start is libtorch's loading, the weights and the tokenizer, much of each on one core: they are
   * loaded at once.
   */
  public static LoadedModel load(Path path, LoadOptions options) {
    ModelFiles files = new ModelFiles(path);
    FreshThread.Task<Boolean> natives =
        FreshThread.start(
            "clip4j-natives",
            () -> {
              Native.load();
              return true;
            });
    ModelDescription described = ModelDescription.of(files);
    described.preprocessor().checkMakes(described.config().image().size(), path);
    ModelDescription model = described.withImageSize(options.imageSize());
    ByteBuffer preprocessing =
        ByteBuffer.allocate(PreprocessorConfig.BYTES).order(ByteOrder.nativeOrder());
    model.preprocessor().write(preprocessing, options.images());
    Optional<Probability> fitted =
        files.jsonIfPresent("calibration.json").map(LoadedModel::calibration);
    AtomicBoolean givenUp = new AtomicBoolean();
    FreshThread.Task<NativeModel> weights =
        FreshThread.start(
            "clip4j-weights",
            () -> {
              natives.join();
              return NativeModel.load(model, files.directory(), options, givenUp::get);
            });
    Tokenizer tokenizer;
    try {
      tokenizer = Tokenizer.open(files, model.config());
    } catch (Throwable e) {
      givenUp.set(true);
      free(weights);
      throw e;
    }
    NativeHandle handle;
    try {
      handle =
          new NativeHandle(
              "ClipModel",
              () -> weights.join().address(),
              address -> {
                Native.modelFree(address);
                tokenizer.close();
              });
    } catch (Throwable e) {
      givenUp.set(true);
      free(weights);
      tokenizer.close();
      throw e;
    }
    try {
      return new LoadedModel(
          files,
          model,
          preprocessing.array(),
          fitted,
          tokenizer,
          handle,
          weights.join(),
          options.device());
    } catch (Throwable e) {
      handle.close();
      throw e;
    }
  }

  /** Of a model that nobody wants any more, whatever has become of it. */
  private static void free(FreshThread.Task<NativeModel> weights) {
    try {
      weights.join().free();
    } catch (RuntimeException | Error ended) {
      LOGGER.log(System.Logger.Level.DEBUG, "the weights were not read to their end", ended);
    }
  }

  /** What a model with a logit bias was trained to make of a pair. */
  private Optional<Probability> sigmoid() {
    return logitBias.isPresent()
        ? Optional.of(Probability.calibrated(logitScale, logitBias.getAsDouble()))
        : Optional.empty();
  }

  /** As {@link NativeHandle#use}. */
  <T> T use(LongFunction<T> call) {
    return handle.use(call);
  }

  /** As {@link NativeHandle#acquire}. */
  long acquire() {
    return handle.acquire();
  }

  /** As {@link NativeHandle#release}. */
  void release() {
    handle.release();
  }

  /** IllegalStateException after close. */
  public void checkOpen() {
    handle.run(model -> {});
  }

  /** Length of an embedding. */
  public int dimension() {
    return config.projectionDim();
  }

  /** Side of the square pictures it takes, in pixels. */
  public int imageSize() {
    return config.image().size();
  }

  /** Longest text in tokens, begin and end included. */
  public int maxTokens() {
    return tokenizer.maxTokens();
  }

  /** What its layers compute in; never AUTO. */
  public Precision precision() {
    return precision;
  }

  /** What multiplies its matrices. */
  public String kernel() {
    return kernel;
  }

  /** Where it computes. */
  public Device device() {
    return device;
  }

  /** To be called after an encoding: says once that a GPU's memory was too small for a batch. */
  void sayWhatWasHalved(long model) {
    if (device.kind() == Device.Kind.CPU || halvingSaid.get()) {
      return;
    }
    int times = NativeFacts.integer(Native::modelTimesHalved, model);
    if (times > 0 && halvingSaid.compareAndSet(false, true)) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "{0} did not take a batch, mostly for want of memory (libtorch''s reason is on stderr): from now on it gets smaller ones",
          device);
    }
  }

  /** What cosines are multiplied by before a softmax or sigmoid. */
  public float logitScale() {
    return logitScale;
  }

  /** What is added before a sigmoid, where the model has one instead of a softmax. */
  public OptionalDouble logitBias() {
    return logitBias;
  }

  private static Probability calibration(Json file) {
    if (!file.string("kind", "").equals("platt")) {
      throw file.wrong("kind", "\"platt\"");
    }
    double scale = file.decimal("scale", 0);
    if (!(scale > 0)) {
      throw file.wrong("scale", "above 0");
    }
    return Probability.calibrated(scale, file.decimal("offset", 0));
  }

  /** What makes its cosines probabilities, if its folder says or it was trained to. */
  public Optional<Probability> calibration() {
    return calibration;
  }

  /** What its files say; the first call reads the weights' files once more. */
  public ModelInfo info(String name) {
    return facts.join(name, this, description);
  }

  /** What it holds; waits for encodings that are under way. */
  public ModelMemory memory() {
    return use(NativeFacts::memory);
  }

  byte[] preprocessing() {
    return preprocessing;
  }

  /** A text as what is encoded of it: a part, or several; IllegalStateException after close. */
  public List<Tokens> parts(String text, LongTexts longTexts) {
    return use(
        model ->
            longTexts == LongTexts.POOL ? tokenizer.parts(text) : List.of(tokenizer.encode(text)));
  }

  /**
   * Identifies what decides an embedding: the weights' content, sizes, preprocessing and options,
   * but not which files are accepted.
   */
  public synchronized String fingerprint() {
    if (fingerprint == null) {
      ByteBuffer sizes = ByteBuffer.allocate(ClipConfig.BYTES).order(ByteOrder.nativeOrder());
      config.write(sizes);
      byte[] contract =
          Arrays.copyOf(preprocessing, preprocessing.length - PreprocessorConfig.LIMIT_BYTES);
      fingerprint =
          weightsFiles.sha256(List.of(sizes.array(), contract), description.weights().keySet());
    }
    return fingerprint;
  }

  /** Idempotent; calls under way end normally. */
  @Override
  public void close() {
    handle.close();
  }
}
