/** What a user's module has to say to get clip4j, its natives and the embedded model. */
module consumer {
  requires io.github.clip4j.platform;
  requires io.github.clip4j.models.emoji;
}
