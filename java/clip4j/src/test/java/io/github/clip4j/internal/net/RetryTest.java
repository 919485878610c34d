package io.github.clip4j.internal.net;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class RetryTest {
  @Test
  void aCertificateThatIsNotTrustedIsTriedOnce() {
    IOException refused = new SSLHandshakeException("PKIX path building failed");
    refused.initCause(new CertificateException());
    Clip4jException failure =
        assertThrows(
            Clip4jException.class,
            () ->
                Retry.run(
                    5,
                    "http://h/: ",
                    "check the network",
                    () -> {
                      throw refused;
                    }));
    String begin = "http://h/: the download failed once: PKIX path building failed (this JVM does";
    assertTrue(failure.getMessage().startsWith(begin), failure.getMessage());
    assertTrue(failure.getMessage().contains("javax.net.ssl.trustStore"), failure.getMessage());
  }
}
