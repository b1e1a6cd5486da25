// One delivery of a bill, file after file, streamed into sums.
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import {
  type Charge,
  type Row,
  type Vocabulary,
  columnKey,
  vocabularyOf,
} from '../../formats/bill/charges.ts'
import { csvRecords } from '../../formats/bill/csv.ts'
import { parquetRows } from '../../formats/bill/parquet-rows.ts'
import { BillTally } from '../../formats/bill/tally.ts'
import type { ObjectInfo, ObjectStore } from '../../io/object-store.ts'
import type { BillFact } from '../../model/bill.ts'
import { SourceError, explainError } from '../../model/errors.ts'
import { GIB, timestamp } from '../../model/units.ts'
import type { Delivery } from './deliveries.ts'

/** Of one file as it is stored, and of its text. */
const MAX_FILE = 8 * GIB
const MAX_TEXT = 256 * GIB
const MAX_ROWS = 200_000_000
/** Rows after which others have their turn. */
const TURN = 2_000
/** More unreadable rows than this share, and the table is something else. */
const MOST_BAD = 0.5

type Told = Pick<BillFact, 'format' | 'at' | 'lines' | 'rows' | 'badRows' | 'linesFolded' | 'partial'>

/** Throws SourceError where any file of it cannot be read to its end: half a bill is none. */
export async function readDelivery(
  objects: ObjectStore,
  { files }: Delivery,
  signal: AbortSignal,
): Promise<Told> {
  const reading = new Reading(signal)
  for (const file of files) {
    const subject = objects.urlOf(file.key)
    if (/\.parquet$/i.test(file.key)) await readParquet(objects, file, reading)
    else await readCsv(objects, file, reading, subject)
  }
  return reading.result(Math.max(...files.map(({ modified }) => modified)))
}

class Reading {
  readonly signal: AbortSignal
  readonly #tally = new BillTally()
  readonly #lacking = new Set<string>()
  #format: BillFact['format'] = 'focus'
  #rows = 0
  #bad = 0

  constructor(signal: AbortSignal) {
    this.signal = signal
  }

  begin(vocabulary: Vocabulary, has: (column: string) => boolean): void {
    this.#format = vocabulary.format
    for (const sentence of vocabulary.lacking(has)) this.#lacking.add(sentence)
  }

  take(charge: Charge | undefined): void {
    this.#rows += 1
    if (charge === undefined || !this.#tally.add(charge)) this.#bad += 1
  }

  /** To be awaited after every row or page. */
  async pause(subject: string): Promise<void> {
    this.signal.throwIfAborted()
    if (this.#rows > MAX_ROWS)
      throw new SourceError('too-large', `${subject}: more than ${MAX_ROWS} rows of one delivery`, {
        subject,
      })
    await nextTurn()
  }

  get isTurn(): boolean {
    return this.#rows % TURN === 0
  }

  async result(modified: number): Promise<Told> {
    if (this.#bad > this.#rows * MOST_BAD)
      throw new SourceError('corrupt', `${this.#bad} of ${this.#rows} rows have no month or no cost`, {
        subject: '',
      })
    const { lines, linesFolded } = await this.#tally.result(() => this.pause(''))
    const currencies = new Set(lines.map(({ currency }) => currency).filter((one) => one !== 'USD'))
    return {
      format: this.#format,
      at: timestamp(modified),
      lines,
      rows: this.#rows,
      badRows: this.#bad,
      linesFolded,
      partial: [
        ...this.#lacking,
        ...(this.#bad > 0
          ? [`${this.#bad} of ${this.#rows} rows have no month or no cost and are in no sum`]
          : []),
        ...(linesFolded > 0 ? [`${linesFolded} lines are folded into (rest): the largest are kept`] : []),
        ...(currencies.size > 0
          ? [
              `billed in ${[...currencies].slice(0, 5).join(', ')}: kept as it is, not converted and not compared`,
            ]
          : []),
      ],
    }
  }
}

async function readCsv(
  objects: ObjectStore,
  file: ObjectInfo,
  reading: Reading,
  subject: string,
): Promise<void> {
  const { signal } = reading
  const stored = objects.stream(file.key, { maxBytes: MAX_FILE, signal })
  const pieces = /\.gz$/i.test(file.key) ? inflated(stored, subject) : stored
  let read: ((fields: readonly string[]) => Charge | undefined) | undefined
  for await (const fields of csvRecords(bounded(pieces, subject), subject)) {
    if (read === undefined) read = header(fields, reading, subject)
    else reading.take(read(fields))
    if (reading.isTurn) await reading.pause(subject)
  }
  if (read === undefined) throw new SourceError('corrupt', `${subject} is empty`, { subject })
}

function header(
  fields: readonly string[],
  reading: Reading,
  subject: string,
): (fields: readonly string[]) => Charge | undefined {
  const columns = new Map(fields.map((name, i) => [columnKey(name), i]))
  const has = (column: string): boolean => columns.has(column)
  const vocabulary = knownVocabulary(vocabularyOf(has), subject)
  reading.begin(vocabulary, has)
  const width = fields.length
  return (record) => {
    if (record.length !== width) return undefined
    const row: Row = (column) => {
      const at = columns.get(column)
      const cell = at === undefined ? '' : record[at]!
      return cell === '' ? null : cell
    }
    return vocabulary.charge(row)
  }
}

async function readParquet(objects: ObjectStore, file: ObjectInfo, reading: Reading): Promise<void> {
  const { signal } = reading
  const source = await objects.source(file.key, { size: file.size, signal })
  const rows = await parquetRows(source)
  const vocabulary = knownVocabulary(rows.vocabulary, source.name)
  reading.begin(vocabulary, rows.has)
  await rows.each(
    (row) => reading.take(vocabulary.charge(row)),
    () => reading.pause(source.name),
  )
}

function knownVocabulary(vocabulary: Vocabulary | undefined, subject: string): Vocabulary {
  if (vocabulary !== undefined) return vocabulary
  throw new SourceError(
    'unsupported',
    `${subject} has neither the columns of FOCUS (BilledCost, ChargePeriodStart) nor those of AWS CUR (line_item_unblended_cost, line_item_usage_start_date)`,
    { subject },
  )
}

/** A gzip that is cut short is an error: half a bill is none. */
async function* inflated(stored: AsyncIterable<Uint8Array>, subject: string): AsyncGenerator<Uint8Array> {
  let failure: unknown
  const watched = async function* () {
    try {
      yield* stored
    } catch (error) {
      failure = error
      throw error
    }
  }
  const gunzip = createGunzip()
  const input = Readable.from(watched(), { objectMode: false })
  input.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const piece of input.pipe(gunzip)) yield piece as Uint8Array
  } catch (error) {
    if (failure !== undefined) throw failure
    throw new SourceError('corrupt', `${subject} is damaged or cut short: ${explainError(error)}`, {
      subject,
      cause: error,
    })
  } finally {
    input.destroy()
    gunzip.destroy()
  }
}

async function* bounded(pieces: AsyncIterable<Uint8Array>, subject: string): AsyncGenerator<Uint8Array> {
  let total = 0
  for await (const piece of pieces) {
    total += piece.byteLength
    if (total > MAX_TEXT)
      throw new SourceError('too-large', `${subject} inflates to more than ${MAX_TEXT} bytes`, { subject })
    yield piece
  }
}
