/**
 * Model files, the tokenizer, and the way into native code. Not an API: it changes without notice.
 */
package io.github.clip4j.internal;
