/** What the making of an image touches of the outside. */
export interface ImageWorld {
  /** the repository, with `dist/` built */
  root: string
  /** the user's cache folder for what is fetched; it may be deleted at any time */
  cache: string
  /** one line to whoever waits */
  say: (line: string) => void
}
