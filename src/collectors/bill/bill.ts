// Bills: exports in FOCUS or AWS CUR columns, each delivery streamed once and added up; delivered again it is replaced.
import { z } from 'zod'
import type { Io } from '../../io/io.ts'
import type { ObjectInfo, ObjectStore } from '../../io/object-store.ts'
import type { BillFact } from '../../model/bill.ts'
import { SourceError, explainError, reasonOf } from '../../model/errors.ts'
import type { CursorFact, Fact, ProblemFact } from '../../model/facts.ts'
import { HOUR, SECOND, millis, timestamp } from '../../model/units.ts'
import { type Ask, type SourceIdentity, defineCollector } from '../collector.ts'
import { type Delivery, deliveriesOf, isBill } from './deliveries.ts'
import { readDelivery } from './read-delivery.ts'

/** Files below one path: a hundred parts a month of a decade. */
const MAX_FILES = 20_000
/** Deliveries that are kept, newest first: ten years of months, or as many files. */
const MAX_DELIVERIES = 120
/** A poll starts no further delivery after this long: the rest waits for the next. */
const STARTS_WITHIN = millis(20 * SECOND)

export const bill = defineCollector({
  type: 'bill',
  // Exports are delivered a few times a day.
  every: HOUR,
  Config: z.strictObject({
    path: z
      .string()
      .min(1)
      .describe(
        'One export: a folder, `s3://bucket/prefix` or one file, CSV (also gzip) or Parquet, in FOCUS or AWS CUR columns.',
      ),
    region: z.string().optional(),
    endpoint: z.url().optional(),
  }),
  connect(identity, config, io) {
    const watch = new BillWatch(identity, config, io)
    return { mode: 'poll', poll: (ask) => watch.poll(ask) }
  },
})
type BillConfig = z.output<typeof bill.Config>

/** What reading the same bytes again will not mend. */
const LASTING: ReadonlySet<ProblemFact['reason']> = new Set(['corrupt', 'unsupported', 'too-large'])

/** Delivery → what it looked like when it was read: what the cursor holds. */
const Looks = z.record(z.string(), z.string())

class BillWatch {
  readonly #source: string
  readonly #io: Io
  readonly #objects: ObjectStore
  /** Where the path names one file: its key in the folder. */
  readonly #only: string | undefined
  /** What could not be read as it looked: it is read again once it looks different. */
  readonly #broken = new Map<string, { readonly look: string | null; readonly problem: ProblemFact }>()
  #read: Map<string, string> | undefined

  constructor({ name }: SourceIdentity, { path, region, endpoint }: BillConfig, io: Io) {
    const [, folder = '', file] = (isBill(path) && /^(.*?)\/?([^/]+)$/s.exec(path)) || []
    this.#source = name
    this.#io = io
    this.#only = file
    const place = file === undefined ? path : folder || (path.startsWith('/') ? '/' : '.')
    this.#objects = io.objects(place, { region, endpoint })
  }

  async *poll(ask: Ask): AsyncGenerator<Fact> {
    const read = (this.#read ??= new Map(Object.entries(looksOf(ask.cursor))))
    const found = deliveriesOf(await this.#look(ask))
    const newest = found.toSorted((a, b) => ageOf(b) - ageOf(a) || (a.key < b.key ? -1 : 1))
    const kept = newest.slice(0, MAX_DELIVERIES)
    const there = new Set(found.map(({ key }) => key))
    if (found.length === 0) {
      yield this.#nothing(ask)
      return
    }
    for (const key of [...read.keys()].filter((one) => !there.has(one))) {
      // What is no longer delivered was not billed, as far as anybody can tell.
      yield { ...this.#empty(key), partial: ['the export does not hold it any more'] }
      read.delete(key)
    }
    for (const key of this.#broken.keys()) if (!there.has(key)) this.#broken.delete(key)
    const { clock } = this.#io
    const started = clock.monotonic()
    let fault: unknown
    for (const delivery of kept.filter(({ key, look }) => this.#isNew(key, look, read))) {
      if (clock.monotonic() - started > STARTS_WITHIN) break
      const taken = await this.#take(delivery, read, ask)
      fault ??= taken.fault
      yield* taken.facts
    }
    for (const { problem } of this.#broken.values()) yield problem
    if (newest.length > kept.length)
      yield this.#problem(
        '',
        'too-large',
        `${newest.length} deliveries below ${this.#objects.url}; the ${MAX_DELIVERIES} newest are read: move old ones away`,
        ask,
      )
    // Nothing of the kind was expected: said for the source as a whole, after all others were read.
    if (fault !== undefined) throw fault
  }

  #isNew(key: string, look: string, read: ReadonlyMap<string, string>): boolean {
    return read.get(key) !== look && this.#broken.get(key)?.look !== look
  }

  /** What was told stays: that there is nothing at all is no news of what was billed. */
  #nothing(ask: Ask): ProblemFact {
    const message = `${this.#objects.url} holds no CSV or Parquet file: give the folder of one export; a new one is delivered within a day`
    return this.#problem('', 'missing', message, ask)
  }

  async #take(
    delivery: Delivery,
    read: Map<string, string>,
    ask: Ask,
  ): Promise<{ readonly facts: readonly Fact[]; readonly fault?: unknown }> {
    const { key, look } = delivery
    try {
      const told = await readDelivery(this.#objects, delivery, ask.signal)
      this.#broken.delete(key)
      read.set(key, look)
      const fields = { delivery: key, rows: told.rows, partial: told.partial }
      if (told.badRows > 0) this.#io.log.warn(fields, 'a bill was read in part')
      else this.#io.log.info(fields, 'a bill was read')
      return { facts: [{ ...this.#empty(key), ...told }, this.#cursor(read)] }
    } catch (error) {
      ask.signal.throwIfAborted()
      // What was told of it before still holds: a bill is not read by halves.
      const reason = reasonOf(error)
      const problem = this.#problem(key, reason, explainError(error), ask)
      this.#broken.set(key, { look: LASTING.has(reason) ? look : null, problem })
      return error instanceof SourceError ? { facts: [] } : { facts: [], fault: error }
    }
  }

  async #look({ signal }: Ask): Promise<ObjectInfo[]> {
    const found: ObjectInfo[] = []
    if (this.#only !== undefined) return [await this.#objects.head(this.#only, signal)]
    let zipped = 0
    for await (const info of this.#objects.list('', { signal })) {
      if (/\.zip$/i.test(info.key)) zipped += 1
      if (isBill(info.key)) found.push(info)
      if (found.length <= MAX_FILES) continue
      const message = `more than ${MAX_FILES} files below ${this.#objects.url}; give the prefix of one export`
      throw new SourceError('too-large', message, { subject: this.#objects.url })
    }
    if (found.length === 0 && zipped > 0)
      throw new SourceError(
        'unsupported',
        `${this.#objects.url} holds ${zipped} ZIP files, which are not read: set the export's compression to GZIP or Parquet`,
        { subject: this.#objects.url },
      )
    return found
  }

  #empty(key: string): BillFact {
    return {
      kind: 'bill',
      id: `${this.#source}/${key}`,
      source: this.#source,
      delivery: key,
      format: 'focus',
      at: timestamp(0),
      lines: [],
      rows: 0,
      badRows: 0,
      linesFolded: 0,
      partial: [],
    }
  }

  #cursor(read: ReadonlyMap<string, string>): CursorFact {
    return { kind: 'cursor', id: this.#source, value: JSON.stringify(Object.fromEntries(read)) }
  }

  #problem(subject: string, reason: ProblemFact['reason'], message: string, { now }: Ask): ProblemFact {
    return {
      kind: 'problem',
      id: `${this.#source}/${subject}`,
      source: this.#source,
      subject,
      tableId: null,
      reason,
      message,
      since: now,
      resolved: null,
    }
  }
}

const ageOf = ({ files }: Delivery): number => Math.max(...files.map(({ modified }) => modified))

/** A cursor that is not ours: everything is read again. */
function looksOf(cursor: string | undefined): Readonly<Record<string, string>> {
  try {
    return Looks.parse(JSON.parse(cursor ?? '{}'))
  } catch {
    return {}
  }
}
