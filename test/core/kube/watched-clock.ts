import { FakeClock, settle } from '../../support/clock.ts'

/** A clock that stands still, and knows who sleeps: with real sockets about, nobody can tell how many turns that takes. */
export class WatchedClock extends FakeClock {
  #sleeping: number[] = []

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#sleeping.push(ms)
    try {
      await super.sleep(ms, signal)
    } finally {
      this.#sleeping.splice(this.#sleeping.indexOf(ms), 1)
    }
  }

  /** Resolves once someone sleeps for exactly this long. */
  async untilAsleep(ms: number): Promise<void> {
    while (!this.#sleeping.includes(ms)) await settle(1)
  }
}
