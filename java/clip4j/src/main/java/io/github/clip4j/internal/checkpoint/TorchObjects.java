package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.search.Clip4jException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The only Python names that a pickle may say, and what they stand for in a pickle of torch. */
final class TorchObjects {
  /** Memory that tensors share: so many numbers, in the file's part {@code key}. */
  record Storage(String dtype, String key, long numbers) {}

  /** A tensor as a view of a storage; offset and strides in numbers. */
  record Strided(Storage storage, long offset, long[] shape, long[] strides) {}

  /** A Python name, one of those that are known. */
  record Global(String name) {}

  /** A module of TorchScript, whatever its class: what it consists of. */
  static final class ScriptModule {
    private Map<?, ?> members = new LinkedHashMap<>();

    Map<?, ?> members() {
      return members;
    }
  }

  private static final String DICTIONARY = "collections.OrderedDict";
  private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
  private static final String PARAMETER = "torch._utils._rebuild_parameter";
  private static final List<String> FUNCTIONS = List.of(DICTIONARY, TENSOR, PARAMETER);

  /** TorchScript's own classes, whose code lies in the archive and is not read. */
  private static final String MODULES = "__torch__.";

  private static final Map<String, String> DTYPES =
      Map.of(
          "torch.FloatStorage", "F32",
          "torch.HalfStorage", "F16",
          "torch.BFloat16Storage", "BF16",
          "torch.DoubleStorage", "F64",
          "torch.LongStorage", "I64",
          "torch.IntStorage", "I32",
          "torch.ShortStorage", "I16",
          "torch.CharStorage", "I8",
          "torch.ByteStorage", "U8",
          "torch.BoolStorage", "BOOL");

  /** A pickle can use the same list or string again and again, at no cost to itself. */
  private static final int MAX_DIMENSIONS = 64;

  private static final int MAX_NAME = 1000;

  private final Path file;
  private final Map<String, Storage> storages = new LinkedHashMap<>();

  TorchObjects(Path file) {
    this.file = file;
  }

  /** Every one that was asked for, each once. */
  Collection<Storage> storages() {
    return storages.values();
  }

  Global global(String name) {
    if (!FUNCTIONS.contains(name) && !DTYPES.containsKey(name) && !name.startsWith(MODULES)) {
      throw unsupported(name);
    }
    return new Global(name);
  }

  /** ("storage", type, key, device, numbers), and a view in the old format, always None. */
  Storage storage(List<?> id) {
    boolean known =
        (id.size() == 5 || id.size() == 6 && id.get(5) == null) && "storage".equals(id.get(0));
    String dtype = known ? DTYPES.get(cast(Global.class, id.get(1)).name()) : null;
    if (dtype == null) {
      throw corrupt("its pickle refers to something that is no tensor's memory");
    }
    Storage storage = new Storage(dtype, name(id.get(2)), size(id.get(4)));
    Storage first = storages.putIfAbsent(storage.key(), storage);
    if (first != null && !first.equals(storage)) {
      throw corrupt("its pickle gives storage " + storage.key() + " two sizes or types");
    }
    return storage;
  }

  Object call(Global callee, List<?> arguments) {
    String function = callee.name();
    int count = arguments.size();
    if (function.equals(DICTIONARY) && count == 0) {
      return new LinkedHashMap<>();
    }
    // Behind them: whether a gradient is wanted, and hooks.
    if (function.equals(TENSOR) && count == 6) {
      return new Strided(
          cast(Storage.class, arguments.get(0)),
          size(arguments.get(1)),
          sizes(arguments.get(2)),
          sizes(arguments.get(3)));
    }
    if (function.equals(PARAMETER) && count == 3) {
      return cast(Strided.class, arguments.get(0));
    }
    throw unsupported(function + " with " + count + " arguments");
  }

  /** An object of a class; only a module is one, and it begins empty. */
  ScriptModule module(Global type, List<?> arguments) {
    if (!type.name().startsWith(MODULES) || !arguments.isEmpty()) {
      throw unsupported("an object of " + type.name());
    }
    return new ScriptModule();
  }

  /** Sets an object's attributes: a module's members. An OrderedDict's nobody needs. */
  void build(Object object, Object state) {
    if (object instanceof ScriptModule module) {
      module.members = cast(Map.class, state);
    } else {
      cast(Map.class, object);
    }
  }

  private long[] sizes(Object list) {
    List<?> sizes = cast(List.class, list);
    if (sizes.size() > MAX_DIMENSIONS) {
      throw unsupported("a tensor of " + sizes.size() + " dimensions");
    }
    return sizes.stream().mapToLong(this::size).toArray();
  }

  private long size(Object value) {
    long size = cast(Long.class, value);
    if (size < 0) {
      throw corrupt("its pickle has the negative size " + size);
    }
    return size;
  }

  /** A string to look things up by. */
  String name(Object value) {
    String name = cast(String.class, value);
    if (name.length() > MAX_NAME) {
      throw unsupported("a name of " + name.length() + " characters");
    }
    return name;
  }

  <T> T cast(Class<T> type, Object value) {
    if (!type.isInstance(value)) {
      throw corrupt("its pickle has something else where it needs a " + type.getSimpleName());
    }
    return type.cast(value);
  }

  Clip4jException corrupt(String what) {
    return InputFile.corrupt(file, what);
  }

  /** {@code what}: as the file says it. */
  Clip4jException unsupported(String what) {
    return InputFile.unsupported(file, "asks for " + what + ", which no tensor dictionary needs");
  }
}
