/**
 * The way into native code. Not an API, like all of the packages below it: they change without
 * notice. Each may use those before it: {@code files} reads what somebody else wrote, {@code net}
 * downloads, {@code checkpoint} knows how models lie in folders, {@code tokenizer} makes ids of
 * texts, {@code hub} brings models from a hub, and this package joins them. All may use the values
 * of the public API, such as its options.
 */
package io.github.clip4j.internal;
