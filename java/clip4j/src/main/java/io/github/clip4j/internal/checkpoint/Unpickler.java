package io.github.clip4j.internal.checkpoint;

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
 * machine knows the instructions that build numbers, strings, lists and dictionaries, and the few
 * names of {@link TorchObjects}. It runs nothing and refuses everything else, by name. Values are
 * null, Boolean, Long, Double, String, List (a tuple too), Map and what TorchObjects makes; they
 * may contain themselves.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">the format</a>
 */
final class Unpickler {
  /** Far more than the objects within objects of any dictionary of tensors. */
  private static final int MAX_DEPTH = 64;

  private final TorchObjects torch;
  private final ByteBuffer pickle;
  private final Map<Integer, Object> memo = new HashMap<>();
  private final List<List<Object>> marked = new ArrayList<>();
  private List<Object> stack = new ArrayList<>();

  /** For the pickle at the buffer's position. */
  Unpickler(Path file, ByteBuffer pickle) {
    this.torch = new TorchObjects(file);
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
      throw torch.corrupt("its pickle does not end within " + pickle.capacity() + " bytes");
    }
  }

  /** Every storage that the pickle refers to, each once. */
  Collection<TorchObjects.Storage> storages() {
    return torch.storages();
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
      case 'c' -> push(torch.global(line() + "." + line()));
      case 0x93 -> {
        String name = pop(String.class);
        push(torch.global(pop(String.class) + "." + name));
      }
      case 'Q' -> push(torch.storage(pop(List.class)));
      case 'R' -> {
        List<?> arguments = pop(List.class);
        push(torch.call(pop(TorchObjects.Global.class), arguments));
      }
      case 0x81 -> {
        List<?> arguments = pop(List.class);
        push(torch.module(pop(TorchObjects.Global.class), arguments));
      }
      case 'b' -> {
        Object state = pop();
        torch.build(top(), state);
      }
      default -> throw torch.unsupported("the pickle instruction 0x%02x".formatted(opcode));
    }
  }

  private void mark() {
    if (marked.size() == MAX_DEPTH) {
      throw torch.unsupported("objects nested more than " + MAX_DEPTH + " deep");
    }
    marked.add(stack);
    stack = new ArrayList<>();
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object top() {
    if (stack.isEmpty()) {
      throw torch.corrupt("its pickle takes more than there is");
    }
    return stack.get(stack.size() - 1);
  }

  private Object pop() {
    Object top = top();
    stack.remove(stack.size() - 1);
    return top;
  }

  private <T> T pop(Class<T> type) {
    return torch.cast(type, pop());
  }

  private List<Object> popToMark() {
    if (marked.isEmpty()) {
      throw torch.corrupt("its pickle ends a list that it has not begun");
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
    ((List<Object>) torch.cast(List.class, top())).addAll(values);
  }

  /** Keys that are containers are refused: to hash one that contains itself never ends. */
  @SuppressWarnings("unchecked") // Every map of this machine is a Map<Object, Object>.
  private void put(List<Object> pairs) {
    Map<Object, Object> map = torch.cast(Map.class, top());
    if (pairs.size() % 2 != 0) {
      throw torch.corrupt("its pickle has a key without a value");
    }
    for (int i = 0; i < pairs.size(); i += 2) {
      Object key = pairs.get(i);
      map.put(key instanceof Long ? key : torch.name(key), pairs.get(i + 1));
    }
  }

  private Object recall(int index) {
    if (!memo.containsKey(index)) {
      throw torch.corrupt("its pickle recalls what it has not kept");
    }
    return memo.get(index);
  }

  private long longInteger() {
    int bytes = Byte.toUnsignedInt(pickle.get());
    if (bytes > Long.BYTES) {
      throw torch.unsupported("an integer of " + bytes + " bytes");
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= Byte.toUnsignedLong(pickle.get()) << (8 * i);
    }
    int unused = Long.SIZE - 8 * bytes;
    return value << unused >> unused;
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
}
