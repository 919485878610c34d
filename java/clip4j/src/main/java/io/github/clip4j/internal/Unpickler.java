package io.github.clip4j.internal;

import io.github.clip4j.search.Clip4jException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Python's pickle format as far as dictionaries of tensors need it. A pickle is a program; this
 * machine knows the instructions that build numbers, strings, lists and dictionaries, and the names
 * in {@link #DTYPES} and {@link #FUNCTIONS}. It calls nothing and refuses everything else, by name.
 * Values are null, Boolean, Long, Double, String, List (a tuple too), Map, {@link Storage}, {@link
 * Strided} and {@link Global}; they may contain themselves.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">the format</a>
 */
final class Unpickler {
  /** Memory that tensors share: so many numbers, in the file's part {@code key}. */
  record Storage(String dtype, String key, long numbers) {}

  /** A tensor as a view of a storage; offset and strides in numbers. */
  record Strided(Storage storage, long offset, long[] shape, long[] strides) {}

  /** A Python name, one of those that are known. */
  record Global(String name) {}

  private static final String DICTIONARY = "collections.OrderedDict";
  private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
  private static final String PARAMETER = "torch._utils._rebuild_parameter";
  private static final List<String> FUNCTIONS = List.of(DICTIONARY, TENSOR, PARAMETER);
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

  /** Far more than the objects within objects of any dictionary of tensors. */
  private static final int MAX_DEPTH = 64;

  private final Path file;
  private final ByteBuffer pickle;
  private final Map<Integer, Object> memo = new HashMap<>();
  private final Map<String, Storage> storages = new LinkedHashMap<>();
  private final List<List<Object>> marked = new ArrayList<>();
  private List<Object> stack = new ArrayList<>();

  /** For the pickle at the buffer's position. */
  Unpickler(Path file, ByteBuffer pickle) {
    this.file = file;
    this.pickle = pickle.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The object; the buffer's position is behind the pickle afterwards. */
  Object read() {
    try {
      for (int opcode = pickle.get(); opcode != '.'; opcode = pickle.get()) {
        step(Byte.toUnsignedInt((byte) opcode));
      }
      return pop();
    } catch (BufferUnderflowException e) {
      throw corrupt("its pickle does not end within " + pickle.capacity() + " bytes");
    }
  }

  /** Every storage that the pickle refers to, each once. */
  Collection<Storage> storages() {
    return storages.values();
  }

  private void step(int opcode) {
    switch (opcode) {
      case 0x80 -> pickle.get(); // PROTO
      case 0x95 -> pickle.getLong(); // FRAME
      case '(' -> mark();
      case 'N' -> push(null);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'K' -> push((long) Byte.toUnsignedInt(pickle.get()));
      case 'M' -> push((long) Short.toUnsignedInt(pickle.getShort()));
      case 'J' -> push((long) pickle.getInt());
      case 0x8a -> push(longInteger());
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(pickle.getLong())));
      case 'X' -> push(text(Integer.toUnsignedLong(pickle.getInt())));
      case 0x8c -> push(text(Byte.toUnsignedInt(pickle.get())));
      case ']', ')' -> push(new ArrayList<>());
      case '}' -> push(new LinkedHashMap<>());
      case 't' -> push(popToMark());
      case 0x85 -> push(tuple(1));
      case 0x86 -> push(tuple(2));
      case 0x87 -> push(tuple(3));
      case 'a' -> append(tuple(1));
      case 'e' -> append(popToMark());
      case 's' -> put(tuple(2));
      case 'u' -> put(popToMark());
      case 'q' -> memo.put(Byte.toUnsignedInt(pickle.get()), top());
      case 'r' -> memo.put(pickle.getInt(), top());
      case 0x94 -> memo.put(memo.size(), top());
      case 'h' -> push(recall(Byte.toUnsignedInt(pickle.get())));
      case 'j' -> push(recall(pickle.getInt()));
      case 'c' -> push(global(line() + "." + line()));
      case 0x93 -> {
        String name = pop(String.class);
        push(global(pop(String.class) + "." + name));
      }
      case 'Q' -> push(storage(pop(List.class)));
      case 'R' -> {
        List<?> arguments = pop(List.class);
        push(call(pop(Global.class).name(), arguments));
      }
      case 'b' -> {
        pop(); // An OrderedDict's attributes: versions of modules, which nobody needs.
        cast(Map.class, top());
      }
      default -> throw unsupported("the pickle instruction 0x%02x".formatted(opcode));
    }
  }

  private void mark() {
    if (marked.size() == MAX_DEPTH) {
      throw unsupported("objects nested more than " + MAX_DEPTH + " deep");
    }
    marked.add(stack);
    stack = new ArrayList<>();
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object top() {
    if (stack.isEmpty()) {
      throw corrupt("its pickle takes more than there is");
    }
    return stack.get(stack.size() - 1);
  }

  private Object pop() {
    Object top = top();
    stack.remove(stack.size() - 1);
    return top;
  }

  private <T> T pop(Class<T> type) {
    return cast(type, pop());
  }

  private <T> T cast(Class<T> type, Object value) {
    if (!type.isInstance(value)) {
      throw corrupt("its pickle has something else where it needs a " + type.getSimpleName());
    }
    return type.cast(value);
  }

  private List<Object> popToMark() {
    if (marked.isEmpty()) {
      throw corrupt("its pickle ends a list that it has not begun");
    }
    List<Object> list = stack;
    stack = marked.remove(marked.size() - 1);
    return list;
  }

  private List<Object> tuple(int size) {
    List<Object> tuple = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      tuple.add(0, pop());
    }
    return tuple;
  }

  @SuppressWarnings("unchecked") // Every list of this machine is a List<Object>.
  private void append(List<Object> values) {
    ((List<Object>) cast(List.class, top())).addAll(values);
  }

  /** Keys that are containers are refused: to hash one that contains itself never ends. */
  @SuppressWarnings("unchecked") // Every map of this machine is a Map<Object, Object>.
  private void put(List<Object> pairs) {
    Map<Object, Object> map = cast(Map.class, top());
    if (pairs.size() % 2 != 0) {
      throw corrupt("its pickle has a key without a value");
    }
    for (int i = 0; i < pairs.size(); i += 2) {
      Object key = pairs.get(i);
      map.put(key instanceof Long ? key : cast(String.class, key), pairs.get(i + 1));
    }
  }

  private Object recall(int index) {
    if (!memo.containsKey(index)) {
      throw corrupt("its pickle recalls what it has not kept");
    }
    return memo.get(index);
  }

  private long longInteger() {
    int bytes = Byte.toUnsignedInt(pickle.get());
    if (bytes > Long.BYTES) {
      throw unsupported("an integer of " + bytes + " bytes");
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= Byte.toUnsignedLong(pickle.get()) << (8 * i);
    }
    int unused = Long.SIZE - 8 * bytes;
    return bytes == 0 ? 0 : value << unused >> unused;
  }

  private String text(long bytes) {
    if (bytes > pickle.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] text = new byte[(int) bytes];
    pickle.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private String line() {
    int start = pickle.position();
    while (pickle.get() != '\n') {}
    byte[] line = new byte[pickle.position() - start - 1];
    pickle.get(start, line);
    return new String(line, StandardCharsets.UTF_8);
  }

  private Global global(String name) {
    if (!FUNCTIONS.contains(name) && !DTYPES.containsKey(name)) {
      throw unsupported(name);
    }
    return new Global(name);
  }

  /** ("storage", type, key, device, numbers), and a view in the old format, always None. */
  private Storage storage(List<?> id) {
    boolean known =
        (id.size() == 5 || id.size() == 6 && id.get(5) == null) && "storage".equals(id.get(0));
    String dtype = known ? DTYPES.get(cast(Global.class, id.get(1)).name()) : null;
    if (dtype == null) {
      throw corrupt("its pickle refers to something that is no tensor's memory");
    }
    Storage storage = new Storage(dtype, cast(String.class, id.get(2)), size(id.get(4)));
    Storage first = storages.putIfAbsent(storage.key(), storage);
    if (first != null && !first.equals(storage)) {
      throw corrupt("its pickle gives storage " + storage.key() + " two sizes or types");
    }
    return storage;
  }

  private Object call(String function, List<?> arguments) {
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

  private long[] sizes(Object list) {
    List<?> sizes = cast(List.class, list);
    return sizes.stream().mapToLong(this::size).toArray();
  }

  private long size(Object value) {
    long size = cast(Long.class, value);
    if (size < 0) {
      throw corrupt("its pickle has the negative size " + size);
    }
    return size;
  }

  private Clip4jException corrupt(String what) {
    return ModelFiles.corrupt(file, what);
  }

  private Clip4jException unsupported(String what) {
    return ModelFiles.unsupported(file, "asks for " + what + ", which no tensor dictionary needs");
  }
}
