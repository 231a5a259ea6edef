/** Works through the items, a few at a time; results in the items' order. The first throw stops the start of others. */
export async function inPool<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, done: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  let done = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next++
      const item = items[index]
      if (item === undefined) return
      try {
        results[index] = await work(item, done)
      } catch (error) {
        next = items.length
        throw error
      }
      done++
    }
  }
  const settled = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  for (const one of settled) if (one.status === 'rejected') throw one.reason
  return results
}
