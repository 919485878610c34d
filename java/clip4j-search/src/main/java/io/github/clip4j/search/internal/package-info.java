/** What clip4j's own modules share to reach native code. Not an API: it changes without notice. */
package io.github.clip4j.search.internal;
