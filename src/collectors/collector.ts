// What a collector is: it reads one system and returns facts. It cannot name the store.
import type { z } from 'zod'
import type { Io } from '../io/io.ts'
import type { Fact } from '../model/facts.ts'
import type { Secret } from '../model/secret.ts'
import type { Bytes, Millis, Timestamp } from '../model/units.ts'

export interface Ask {
  readonly now: Timestamp
  /** What the source yielded as its cursor fact last time, if anything. */
  readonly cursor: string | undefined
  readonly signal: AbortSignal
}

export type Source =
  /** Yields facts; what was yielded before a throw is kept, the error becomes a problem fact and `tidemark_collector_up 0`. */
  | { readonly mode: 'poll'; poll(ask: Ask): AsyncIterable<Fact> }
  | { readonly mode: 'push'; readonly doors: readonly Door[] }

/** Where a source is told things: `POST path`. Sources may share a path; each request goes to the one whose token it has. */
export interface Door {
  readonly path: string
  /** What a request must carry as its bearer token; null where anybody who reaches us may tell. */
  readonly token: Secret | null
  /** Of the body after decompression. */
  readonly maxBytes: Bytes
  /**
   * Facts of one request's body (parsed JSON), and what is answered once they are durable. Never waits. Throws
   * SourceError where nothing of it can be used: the sender gets its message and status 400.
   */
  accept(body: unknown, now: Timestamp): Accepted
}

export interface Accepted {
  readonly facts: readonly Fact[]
  readonly status: number
  readonly answer: unknown
  /** Parts of the request that could not be used, one sentence each. */
  readonly refused: readonly string[]
}

/** What every source block of the config has beside the collector's own fields. */
export interface SourceIdentity {
  readonly name: string
  readonly every: Millis
}

export interface Collector<T extends string = string, C extends z.ZodObject = z.ZodObject> {
  readonly type: T
  /** Strict schema of the block's own fields (without name, type and every). */
  readonly Config: C
  /** How often it is polled unless said otherwise; a minute where it is left out. */
  readonly every?: Millis
  /** Never touches the network: a source that is down at start is a problem of its first poll. */
  connect(identity: SourceIdentity, config: z.output<C>, io: Io): Source
}

/** Keeps the literal types of a collector while checking its shape. */
export const defineCollector = <T extends string, C extends z.ZodObject>(
  collector: Collector<T, C>,
): Collector<T, C> => collector
