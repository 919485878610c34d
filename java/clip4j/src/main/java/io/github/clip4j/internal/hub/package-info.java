/** Models from a hub of the Hugging Face kind, and the cache that its other clients share. */
package io.github.clip4j.internal.hub;
