/** Gives the results of `work` in the order of `items`, while up to `atOnce` of them are under way ahead of the reader. */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const ahead: Promise<Result>[] = []
  for (const item of items) {
    const next = work(item)
    next.catch(() => undefined) // a reader that stops early asks for no more results, and so for no errors
    ahead.push(next)
    if (ahead.length >= atOnce) yield (await ahead.shift()) as Result
  }
  for (const next of ahead) yield await next
}
