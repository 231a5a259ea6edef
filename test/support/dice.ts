/** Numbers in [0, 1): small, seeded, and the same everywhere. */
export function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Lets some turns of the event loop go by, as many as the dice say. */
export function randomTurns(roll: () => number, most: number): () => Promise<void> {
  return async () => {
    for (let turns = Math.floor(roll() * most); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
  }
}
