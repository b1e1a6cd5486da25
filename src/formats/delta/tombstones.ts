// Files that were removed from the table and may still lie in storage, until a VACUUM deletes them.
import { LiveFiles } from './live-files.ts'
import type { PathKey } from './path-key.ts'

/** Remembered removals; without the rest the reclaimable bytes stay a lower bound, which they are anyway. */
const MAX_TOMBSTONES = 4_000_000

/** Keyed by path alone: the same file removed with several deletion vectors is one file in storage. */
export class Tombstones {
  /** The same dense table as the live files'; `deleted` holds the time of the removal. */
  readonly #files = new LiveFiles()

  get count(): number {
    return this.#files.count
  }

  reserve(more: number): void {
    this.#files.reserve(Math.min(more, MAX_TOMBSTONES))
  }

  add(key: PathKey, size: number, removed: number): void {
    if (this.#files.count >= MAX_TOMBSTONES) return
    this.#files.add(key, 0, { size, rows: 0, deleted: removed, partition: 0, eventTime: 0 })
  }

  /** True when removals were forgotten. */
  get isFull(): boolean {
    return this.#files.count >= MAX_TOMBSTONES
  }

  /** When a file was removed, epoch ms; null when it is not known to have been. */
  removedAt(key: PathKey): number | null {
    return this.#files.peek(key, 0)?.deleted ?? null
  }

  /** Bytes of files removed in a span of time that no live file uses again (RESTORE brings old paths back). */
  bytesBetween(from: number, to: number, live: LiveFiles): number {
    const { sizes, deleted } = this.#files
    let bytes = 0
    for (let i = 0; i < sizes.length; i++) {
      const inside = deleted[i]! >= from && deleted[i]! < to
      if (inside && !live.hasPath(this.#files.highs[i]!, this.#files.lows[i]!)) bytes += sizes[i]!
    }
    return bytes
  }

  /** The next removal after `time`; Infinity when there is none. */
  nextAfter(time: number): number {
    return this.#files.deleted.reduce(
      (next, removed) => (removed >= time && removed < next ? removed : next),
      Infinity,
    )
  }
}
