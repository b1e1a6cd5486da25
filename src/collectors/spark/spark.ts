// Spark: the event logs that applications leave behind, each finished one read once, as facts about the applications.
import picomatch from 'picomatch'
import { z } from 'zod'
import { type ApplicationContext, applicationFact } from '../../formats/spark/application-fact.ts'
import { readEventLog } from '../../formats/spark/event-log.ts'
import type { Io } from '../../io/io.ts'
import type { ObjectStore } from '../../io/object-store.ts'
import { PLATFORMS } from '../../model/application-facts.ts'
import { SourceError, explainError } from '../../model/errors.ts'
import type { CursorFact, Fact, ProblemFact } from '../../model/facts.ts'
import { Duration } from '../../model/fields.ts'
import { GIB, SECOND, type Timestamp, millis } from '../../model/units.ts'
import { type Ask, type SourceIdentity, defineCollector } from '../collector.ts'
import { type FoundLog, type ReadLog, findLogs, isDue, printLooks, readLooks } from './log-folder.ts'

/** A poll starts no further log after this long: the rest waits for the next. */
const STARTS_WITHIN = millis(20 * SECOND)
/** Logs after which it is said how far we are: the cursor grows with the number of logs. */
const CURSOR_EVERY = 500
/** Of one part as it is stored. */
const MAX_PART = 16 * GIB

export const spark = defineCollector({
  type: 'spark',
  Config: z.strictObject({
    path: z
      .string()
      .min(1)
      .describe('`spark.eventLog.dir`: a folder or `s3://bucket/prefix` of event logs, or one log file.'),
    region: z.string().optional(),
    endpoint: z.url().optional(),
    platform: z
      .enum(PLATFORMS)
      .optional()
      .describe('What runs the executors, where the logs do not say; decides how core hours are priced.'),
    instance_type: z
      .string()
      .min(1)
      .optional()
      .describe('Instance type of the executors, e.g. `m5.4xlarge`; prices them on emr, databricks and ec2.'),
    deadlines: z
      .record(z.string().min(1), Duration(SECOND))
      .prefault({})
      .describe('Glob on the application name → how long it may take; the first that matches counts.'),
  }),
  connect(identity, config, io) {
    const watch = new SparkWatch(identity, config, io)
    return { mode: 'poll', poll: (ask) => watch.poll(ask) }
  },
})
type SparkConfig = z.output<typeof spark.Config>

class SparkWatch {
  readonly #source: string
  readonly #io: Io
  readonly #objects: ObjectStore
  /** The location as one file of the folder that holds it. */
  readonly #alone: { readonly objects: ObjectStore; readonly key: string } | null
  readonly #context: ApplicationContext
  /** Log → what it was like when it was last read. */
  readonly #read = new Map<string, ReadLog>()
  readonly #broken = new Map<string, ProblemFact>()

  constructor({ name }: SourceIdentity, config: SparkConfig, io: Io) {
    const { path, region, endpoint } = config
    this.#source = name
    this.#io = io
    this.#objects = io.objects(path, { region, endpoint })
    const [, folder, file] = /^(.*?)\/?([^/]+?)\/*$/s.exec(path) ?? []
    const isBucket = /^s3[an]?:\/\/[^/]*\/*$/i.test(path)
    this.#alone =
      file === undefined || isBucket || /^\.+$/.test(file)
        ? null
        : {
            objects: io.objects(folder || (path.startsWith('/') ? '/' : '.'), { region, endpoint }),
            key: file,
          }
    const deadlines = Object.entries(config.deadlines).map(([glob, deadline]) => ({
      matches: picomatch(glob),
      deadline,
    }))
    this.#context = {
      source: name,
      platform: config.platform ?? null,
      instanceType: config.instance_type ?? null,
      deadlineOf: (application) => deadlines.find(({ matches }) => matches(application))?.deadline ?? null,
    }
  }

  async *poll(ask: Ask): AsyncGenerator<Fact> {
    const logs = await findLogs(this.#objects, this.#alone, ask.signal)
    this.#forget(logs)
    const readBefore = readLooks(ask.cursor)
    for (const log of logs)
      if (readBefore.has(log.look) && !this.#read.has(log.name)) this.#read.set(log.name, log)
    const due = logs
      .filter((log) => isDue(log, this.#read.get(log.name), ask.now))
      .toSorted((a, b) => a.modified - b.modified)
    const { clock } = this.#io
    const started = clock.monotonic()
    let read = 0
    for (const log of due) {
      if (clock.monotonic() - started > STARTS_WITHIN) break
      yield* await this.#take(log, ask)
      read += 1
      if (read % CURSOR_EVERY === 0) yield this.#cursor()
    }
    if (read % CURSOR_EVERY > 0) yield this.#cursor()
    yield* this.#broken.values()
  }

  /** Names logs that were read well; a broken one is looked at again after a restart, so that it is still said. */
  #cursor(): CursorFact {
    const done = [...this.#read].filter(([name]) => !this.#broken.has(name)).map(([, { look }]) => look)
    return { kind: 'cursor', id: this.#source, value: printLooks(done) }
  }

  async #take(log: FoundLog, { signal, now }: Ask): Promise<Fact[]> {
    const subject = log.objects.urlOf(log.name)
    const parts = log.parts.map((key) => ({
      pieces: log.objects.stream(key, { maxBytes: MAX_PART, signal }),
      origin: { subject: log.objects.urlOf(key) },
    }))
    try {
      const { application, damage } = await readEventLog(parts, { subject }, log.doubts)
      this.#read.set(log.name, log)
      if (damage === null) this.#broken.delete(log.name)
      else this.#broken.set(log.name, this.#problem(log.name, damage, now))
      return [applicationFact(application, this.#context)]
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof SourceError)) throw error
      // Spark renames a log when it ends; it is found under its new name next time.
      if (error.reason === 'missing' || error.reason === 'vanished') return []
      // A log that has only begun says nothing yet.
      if (log.inProgress && error.reason === 'corrupt') return []
      this.#broken.set(log.name, this.#problem(log.name, error, now))
      // What cannot be read now may be readable later without having changed; damaged bytes stay damaged.
      if (error.reason === 'corrupt' || error.reason === 'too-large') this.#read.set(log.name, log)
      return []
    }
  }

  #forget(logs: readonly FoundLog[]): void {
    const there = new Set(logs.map(({ name }) => name))
    for (const name of this.#read.keys()) if (!there.has(name)) this.#read.delete(name)
    for (const name of this.#broken.keys()) if (!there.has(name)) this.#broken.delete(name)
  }

  #problem(subject: string, error: SourceError, now: Timestamp): ProblemFact {
    return {
      kind: 'problem',
      id: `${this.#source}/${subject}`,
      source: this.#source,
      subject,
      tableId: null,
      reason: error.reason,
      message: explainError(error),
      since: now,
      resolved: null,
    }
  }
}
