// Collects samples of one series from several places into one list.
import type { Samples } from '../model/series.ts'

export const NO_SAMPLES: Samples = {
  timestamps: new Float64Array(0),
  values: new Float64Array(0),
  stale: null,
}

export class Gather {
  timestamps = new Float64Array(64)
  values = new Float64Array(64)
  stale = new Uint8Array(64)
  length = 0
  #anyStale = false
  #sorted = true

  clear(): void {
    if (this.#anyStale) this.stale.fill(0, 0, this.length)
    this.length = 0
    this.#anyStale = false
    this.#sorted = true
  }

  push(at: number, value: number, stale: boolean): void {
    const i = this.length
    if (i === this.timestamps.length) this.#grow()
    if (i > 0 && at <= this.timestamps[i - 1]!) this.#sorted = false
    this.timestamps[i] = at
    this.values[i] = value
    if (stale) {
      this.stale[i] = 1
      this.#anyStale = true
    }
    this.length = i + 1
  }

  get anyStale(): boolean {
    return this.#anyStale
  }

  /** Brings them into time order; of samples with the same time the one that was pushed first stays. */
  settle(): void {
    if (!this.#sorted) this.#sort()
  }

  finish(): Samples {
    this.settle()
    if (this.length === 0) return NO_SAMPLES
    return {
      timestamps: this.timestamps.slice(0, this.length),
      values: this.values.slice(0, this.length),
      stale: this.#anyStale ? this.stale.slice(0, this.length) : null,
    }
  }

  #sort(): void {
    const { timestamps, values, stale } = this
    const order = Array.from({ length: this.length }, (_, i) => i)
    const sorted = order.toSorted((a, b) => timestamps[a]! - timestamps[b]! || a - b)
    const from = { timestamps: timestamps.slice(), values: values.slice(), stale: stale.slice() }
    this.clear()
    let last = -Infinity
    for (const i of sorted) {
      if (from.timestamps[i] === last) continue
      last = from.timestamps[i]!
      this.push(last, from.values[i]!, from.stale[i] === 1)
    }
  }

  #grow(): void {
    const size = this.timestamps.length * 2
    const wider = <A extends Float64Array | Uint8Array>(before: A, after: A): A => (after.set(before), after)
    this.timestamps = wider(this.timestamps, new Float64Array(size))
    this.values = wider(this.values, new Float64Array(size))
    this.stale = wider(this.stale, new Uint8Array(size))
  }
}

/** Reads of one series after the other share their working memory; what comes out is a copy. */
const shared = new Gather()

export function gathered(fill: (out: Gather) => void): Samples {
  shared.clear()
  fill(shared)
  return shared.finish()
}
