import type { Clock } from '../../core/clock.ts'
import { encodeMessage, type FromTask } from '../../core/task.ts'

/** Held back for so long at most, or up to so many characters. */
const HOLD_MS = 250
const HOLD_CHARACTERS = 64 * 1024

/**
 * Says messages to the parent, in their order. Those of outputs are said together, a moment later: a bundle has thousands of
 * them, and each write wakes the parent. All others go out at once, since the process may not live to say them later.
 */
export function createSpeaker(write: (text: string) => void, clock: Clock): (message: FromTask) => void {
  let held = ''
  let isWaiting = false
  const flush = () => {
    const text = held
    held = ''
    if (text !== '') write(text)
  }
  return (message) => {
    held += encodeMessage(message)
    if (message.type !== 'output' || held.length >= HOLD_CHARACTERS) return flush()
    if (isWaiting) return
    isWaiting = true
    const later = () => {
      isWaiting = false
      flush()
    }
    clock.sleep(HOLD_MS).then(later, later)
  }
}
