// What is pushed: many requests, settled and recorded together, each answered once its facts are durable.
import type { Log } from '../io/log.ts'
import { settle } from '../ledger/ledger.ts'
import { SourceError, StoreError, explainError } from '../model/errors.ts'
import type { Fact } from '../model/facts.ts'
import type { Store } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'

/** Facts that may wait to be recorded; beyond that senders are asked to come again. */
const QUEUE_LIMIT = 50_000
/** Facts in one transaction. */
const BATCH = 2_000

interface Post {
  readonly facts: readonly Fact[]
  readonly now: Timestamp
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

export class Inbox {
  readonly #store: Store
  readonly #log: Log
  #waiting: Post[] = []
  #queued = 0
  #flushing = false

  constructor(store: Store, log: Log) {
    this.#store = store
    this.#log = log
  }

  /** Resolves when the facts are durable. Rejects with 'throttled' when too much waits, with StoreError when the disk does not take it. */
  take(facts: readonly Fact[], now: Timestamp): Promise<void> {
    if (this.#queued + facts.length > QUEUE_LIMIT) {
      const message = `${this.#queued} facts wait to be recorded, ${QUEUE_LIMIT} may; send it again in a moment`
      return Promise.reject(new SourceError('throttled', message, { subject: 'inbox' }))
    }
    this.#queued += facts.length
    return new Promise((done, failed) => {
      this.#waiting.push({ facts, now, done, failed })
      if (this.#flushing) return
      this.#flushing = true
      // One turn of the loop later all that has arrived by then is recorded in one transaction.
      setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    const batch: Post[] = []
    let facts = 0
    while (
      this.#waiting.length > 0 &&
      (batch.length === 0 || facts + this.#waiting[0]!.facts.length <= BATCH)
    ) {
      const post = this.#waiting.shift()!
      batch.push(post)
      facts += post.facts.length
    }
    this.#queued -= facts
    this.#record(batch)
    if (this.#waiting.length > 0) setImmediate(() => this.#flush())
    else this.#flushing = false
  }

  #record(batch: readonly Post[]): void {
    try {
      const facts = batch.length === 1 ? batch[0]!.facts : batch.flatMap((post) => post.facts)
      this.#store.record(settle(facts, this.#store), batch.at(-1)!.now)
      for (const post of batch) post.done()
    } catch (error) {
      // One request that cannot be settled does not take the others with it.
      if (batch.length > 1 && !(error instanceof StoreError)) for (const post of batch) this.#record([post])
      else {
        this.#log.error({ error: explainError(error) }, 'what was pushed could not be recorded')
        for (const post of batch) post.failed(error)
      }
    }
  }
}
