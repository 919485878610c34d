/** Embeddings off the Java heap, and exact top-k search over them. */
package io.github.clip4j.search;
