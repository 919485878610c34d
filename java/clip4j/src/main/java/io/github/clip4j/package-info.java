/**
 * CLIP models on the JVM: pictures and texts to embeddings, semantic search, matching. Begin at
 * {@link ClipModel}.
 */
package io.github.clip4j;
