package io.github.clip4j.internal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.SafetensorsFile;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  private static final byte[] EIGHT_BYTES = new byte[8];

  @TempDir Path temp;

  private Path file() {
    return temp.resolve("x.safetensors");
  }

  private Clip4jException failure() {
    return assertThrows(Clip4jException.class, () -> Safetensors.read(file()));
  }

  @Test
  void wellFormed() throws IOException {
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
            + "\"scalar\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]},"
            + "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[8,8]}}   ";
    SafetensorsFile.write(file(), header, EIGHT_BYTES);
    List<Tensor> tensors = Safetensors.read(file());
    assertEquals(3, tensors.size());
    assertEquals("scalar", tensors.get(0).name());
    assertArrayEquals(new long[0], tensors.get(0).shape());
    assertEquals(8 + header.length() + 4, tensors.get(1).offset());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        " {}",
        "{}",
        "{\"a\":1}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}}",
        "{'a':{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}//",
        "{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}}",
        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F4\",\"shape\":[15],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{\"x\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{\"x\":\"\",\"x\":\"\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
      })
  void hostileHeader(String header) throws IOException {
    SafetensorsFile.write(file(), header, EIGHT_BYTES);
    Clip4jException failure = failure();
    assertEquals(Kind.CORRUPT, failure.kind(), failure.getMessage());
    assertTrue(failure.getMessage().startsWith(file().toString()), failure.getMessage());
  }

  @Test
  void headerThatIsNotUtf8() throws IOException {
    byte[] header = "{\"\u00ff\":0}".getBytes(StandardCharsets.ISO_8859_1);
    SafetensorsFile.write(file(), header.length, header, EIGHT_BYTES);
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void lengthsThatLie() throws IOException {
    byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
    for (long length : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 25_000_001}) {
      SafetensorsFile.write(file(), length, header, EIGHT_BYTES);
      assertEquals(Kind.TOO_LARGE, failure().kind());
    }
    SafetensorsFile.write(file(), 11, header, EIGHT_BYTES);
    assertEquals(Kind.CORRUPT, failure().kind());
    Files.write(file(), new byte[7]);
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void nestingThatNeverEnds() throws IOException {
    SafetensorsFile.write(file(), "{\"a\":" + "[".repeat(1_000_000), EIGHT_BYTES);
    assertEquals(Kind.CORRUPT, failure().kind());
  }

  @Test
  void noFileAndADirectory() {
    assertEquals(Kind.MISSING, failure().kind());
    Clip4jException directory = assertThrows(Clip4jException.class, () -> Safetensors.read(temp));
    assertEquals(Kind.UNREADABLE, directory.kind());
  }
}
