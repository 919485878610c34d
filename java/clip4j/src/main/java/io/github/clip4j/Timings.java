package io.github.clip4j;

/**
 * Where the time of one call went, in milliseconds of wall time.
 *
 * @param preprocessMs decoding, resizing and cropping pictures, or tokenizing texts
 * @param encodeMs running the encoder
 */
public record Timings(double preprocessMs, double encodeMs) {}
