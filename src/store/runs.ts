// Replays appends into the head several at once: that is most of what a start does.
import type { Append, Head } from './head.ts'
import type { Column } from './page.ts'
import type { Timeline } from './timeline.ts'

/** Appends of one scope written together; each is held uncompressed until then. */
const RUN = 16

export class Runs {
  readonly #head: Head
  readonly #columns = new Map<Timeline, Column[]>()

  constructor(head: Head) {
    this.#head = head
  }

  take(append: Append): void {
    const { timeline, at, tick, series, values, ended } = append
    const columns = this.#columns.get(timeline) ?? []
    const last = columns.at(-1)?.at ?? timeline.lastAt
    if (series !== timeline.current || timeline.disturbed || ended.length > 0 || at <= last) {
      // Series may change hands here, so everything before it comes first.
      this.flush()
      this.#head.apply(append)
    } else if (columns.push({ at, tick, values }) < RUN) this.#columns.set(timeline, columns)
    else {
      timeline.append(columns)
      this.#columns.delete(timeline)
    }
  }

  flush(): void {
    for (const [timeline, columns] of this.#columns) timeline.append(columns)
    this.#columns.clear()
  }
}
