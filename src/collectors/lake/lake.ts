// The lake collector: finds the tables below a path, then asks each what is new.
import picomatch from 'picomatch'
import { z } from 'zod'
import type { Io } from '../../io/io.ts'
import type { ObjectStore } from '../../io/object-store.ts'
import { inParallel } from '../../io/parallel.ts'
import { SourceError, explainError, reasonOf } from '../../model/errors.ts'
import {
  type Fact,
  type ProblemFact,
  type TableFact,
  type TableFormat,
  datasetId,
} from '../../model/facts.ts'
import { Duration } from '../../model/fields.ts'
import type { Orphans } from '../../model/table-files.ts'
import { DAY, MINUTE, type Timestamp } from '../../model/units.ts'
import { type Ask, type SourceIdentity, defineCollector } from '../collector.ts'
import { openDeltaTable } from './delta-table.ts'
import { type Discovery, discover } from './discover.ts'
import { openIcebergTable } from './iceberg-table.ts'
import { findOrphans } from './references.ts'
import type { OpenTable, TableIdentity } from './table.ts'

export { readTableFiles } from './table-files.ts'

/** Tables asked at once; the object store bounds its own requests below that. */
const CONCURRENCY = 32
/** How often a table's folder is listed for files that are nobody's, and of how many tables at one poll. */
const LIST_EVERY = DAY
const LISTED_A_POLL = 16
/** Ids in one `observed` fact. */
const OBSERVED_BATCH = 2_000

const Globs = z.array(z.string().min(1))

export const lake = defineCollector({
  type: 'lake',
  Config: z.strictObject({
    path: z.string().min(1).describe('A folder or `s3://bucket/prefix`; every table below it is watched.'),
    region: z.string().optional().describe('AWS region; the standard AWS environment is the default.'),
    endpoint: z.url().optional().describe('Another S3 endpoint than the one of the AWS region.'),
    include: Globs.prefault(['**']).describe('Globs on the table path below `path`.'),
    exclude: Globs.prefault([]),
    roots: z
      .array(z.string().min(1))
      .prefault([])
      .describe(
        'Other places that Iceberg metadata of these tables may point to; nothing else outside of a table is opened.',
      ),
    discover: Duration(MINUTE).prefault('10m').describe('How often new and vanished tables are looked for.'),
    orphans: z
      .boolean()
      .prefault(false)
      .describe(
        'List the folder of each table once a day, to find files that no version of it names: one request a thousand files, and for Iceberg every manifest of every kept snapshot.',
      ),
    event_time: z
      .record(z.string(), z.string())
      .prefault({})
      .describe(
        'Glob on the table path → the column that holds the event time, where it is not the obvious one.',
      ),
  }),
  connect(identity, config, io) {
    const watch = new LakeWatch(identity, config, io)
    return { mode: 'poll', poll: (ask) => watch.poll(ask) }
  },
})
type LakeConfig = z.output<typeof lake.Config>

interface Watched {
  readonly identity: TableIdentity
  readonly table: OpenTable
  /** What was odd when it last changed: told at each poll until it changes again. */
  oddities: readonly string[]
  /** Its fact, and what the last listing of its folder found; only where that is asked for. */
  fact: TableFact | null
  listing: { readonly at: Timestamp; readonly orphans: Orphans | null; readonly unsure: string } | null
}

/** Keeps the open tables between polls: that is what makes a quiet table cost one request. */
class LakeWatch {
  readonly #source: SourceIdentity
  readonly #config: LakeConfig
  readonly #objects: ObjectStore
  readonly #roots: ReadonlyArray<{ readonly location: string; readonly objects: ObjectStore }>
  readonly #wanted: (table: string) => boolean
  readonly #tables = new Map<string, Watched>()
  #discoveredAt: Timestamp | undefined
  #listedThisPoll = 0
  /** Failures of the last discovery, repeated at each poll until they are gone. */
  #discovery: Discovery = { tables: [], failures: [] }

  constructor(source: SourceIdentity, config: LakeConfig, io: Io) {
    this.#source = source
    this.#config = config
    const { region, endpoint } = config
    this.#objects = io.objects(config.path, { region, endpoint })
    this.#roots = config.roots.map((location) => ({
      location,
      objects: io.objects(location, { region, endpoint }),
    }))
    const included = picomatch(config.include)
    const excluded = picomatch(config.exclude)
    this.#wanted = (table) => included(table) && !excluded(table)
  }

  async *poll(ask: Ask): AsyncGenerator<Fact> {
    this.#listedThisPoll = 0
    const rediscover =
      this.#discoveredAt === undefined || ask.now - this.#discoveredAt >= this.#config.discover
    if (rediscover) await this.#discover(ask)
    for (const failure of this.#discovery.failures) {
      yield this.#problem(failure.folder, null, failure.reason, failure.message, ask.now)
    }
    if (rediscover) yield* this.#inventory()
    const before = this.#tables.size
    yield* this.#refreshAll(ask)
    if (this.#tables.size < before) yield* this.#inventory()
  }

  /** Only a complete look may say which tables there are: what it leaves out has vanished. */
  *#inventory(): Generator<Fact> {
    if (this.#discovery.failures.length > 0 || this.#tables.size === 0) return
    yield { kind: 'inventory', id: this.#source.name, tableIds: [...this.#tables.keys()] }
  }

  async #discover(ask: Ask): Promise<void> {
    const found = await discover(this.#objects, ask.signal)
    if (found.tables.length === 0 && found.failures.length === 0) {
      const known =
        this.#tables.size === 0 ? '' : ` (${this.#tables.size} were there before; they are not taken as gone)`
      throw new SourceError(
        'missing',
        `look for tables below ${this.#objects.url}: no Delta or Iceberg table found${known}; give a folder that has one in it or below it (a _delta_log, or metadata/*.metadata.json)`,
        { subject: this.#objects.url },
      )
    }
    const failures = [...found.failures]
    const present = new Set<string>()
    for (const { folder, format } of found.tables) {
      const identity = this.#identify(folder)
      if (!this.#wanted(identity.table)) continue
      const open = this.#open(identity, folder, format)
      if (open === undefined) {
        failures.push({
          folder,
          reason: 'unsupported',
          message: `${identity.location} is a ${format} table; this version reads Delta and Iceberg`,
        })
        continue
      }
      present.add(identity.id)
      if (!this.#tables.has(identity.id)) {
        this.#tables.set(identity.id, { identity, table: open(), oddities: [], fact: null, listing: null })
      }
    }
    // A folder that could not be listed may hide tables that we know: they stay, and say themselves how they are.
    if (found.failures.length === 0) {
      for (const id of this.#tables.keys()) if (!present.has(id)) this.#tables.delete(id)
    }
    this.#discovery = { tables: found.tables, failures }
    this.#discoveredAt = ask.now
  }

  async *#refreshAll(ask: Ask): AsyncGenerator<Fact> {
    let quiet: string[] = []
    for await (const outcome of inParallel([...this.#tables.values()], CONCURRENCY, (one) =>
      this.#refresh(one, ask),
    )) {
      yield* outcome.facts
      if (outcome.quiet) quiet.push(outcome.id)
      if (quiet.length === OBSERVED_BATCH) {
        yield this.#observed(quiet)
        quiet = []
      }
    }
    if (quiet.length > 0) yield this.#observed(quiet)
  }

  async #refresh(watched: Watched, ask: Ask): Promise<{ id: string; quiet: boolean; facts: Fact[] }> {
    const { identity, table } = watched
    try {
      const news = await table.refresh(ask)
      if (news.changed || news.problems.length > 0) watched.oddities = news.problems
      const fact = this.#config.orphans ? await this.#withOrphans(watched, news.table, ask) : news.table
      const facts: Fact[] = fact === null ? [] : [...news.commits, fact]
      if (watched.oddities.length > 0) {
        facts.push(
          this.#problem(`${identity.table}#log`, null, 'corrupt', watched.oddities.join('; '), ask.now),
        )
      }
      return { id: identity.id, quiet: fact === null, facts }
    } catch (error) {
      if (ask.signal.aborted) throw error
      if (reasonOf(error) === 'vanished') {
        this.#tables.delete(identity.id)
        return { id: identity.id, quiet: false, facts: [] }
      }
      const problem = this.#problem(
        identity.table,
        identity.id,
        reasonOf(error),
        explainError(error),
        ask.now,
      )
      return { id: identity.id, quiet: false, facts: [problem] }
    }
  }

  /** The fact with what the newest listing found; null where there is nothing new to tell. */
  async #withOrphans(watched: Watched, news: TableFact | null, ask: Ask): Promise<TableFact | null> {
    watched.fact = news ?? watched.fact
    const due = watched.listing === null || ask.now - watched.listing.at >= LIST_EVERY
    const list = due && this.#listedThisPoll < LISTED_A_POLL
    if (list) {
      this.#listedThisPoll += 1
      watched.listing = { at: ask.now, ...(await this.#listOrphans(watched, ask)) }
    }
    const { fact, listing } = watched
    if (fact === null || (news === null && !list)) return null
    if (listing === null) return fact
    const { orphans, unsure } = listing
    return { ...fact, orphans, partial: unsure === '' ? fact.partial : [...fact.partial, unsure] }
  }

  async #listOrphans(
    { table, identity }: Watched,
    ask: Ask,
  ): Promise<{ orphans: Orphans | null; unsure: string }> {
    const unknown = (why: string) => ({
      orphans: null,
      unsure: `which files in its folder are nobody's is not known: ${why}`,
    })
    try {
      const references = await table.references(ask)
      if (references === null) return unknown('it was not read')
      const found = await findOrphans(this.#folderOf(identity), references, ask)
      return 'unsure' in found ? unknown(found.unsure) : { orphans: found.orphans, unsure: '' }
    } catch (error) {
      if (ask.signal.aborted) throw error
      return unknown(explainError(error))
    }
  }

  #folderOf({ location }: TableIdentity): ObjectStore {
    const { url } = this.#objects
    return location === url
      ? this.#objects
      : this.#objects.below(location.slice(url.replace(/\/$/, '').length + 1))
  }

  #open(identity: TableIdentity, folder: string, format: TableFormat): (() => OpenTable) | undefined {
    const objects = folder === '' ? this.#objects : this.#objects.below(folder)
    const column = Object.entries(this.#config.event_time).find(([glob]) =>
      picomatch(glob)(identity.table),
    )?.[1]
    const options = { roots: this.#roots, ...(column === undefined ? {} : { eventTimeColumn: column }) }
    if (format === 'delta') return () => openDeltaTable(objects, identity, options)
    if (format === 'iceberg') return () => openIcebergTable(objects, identity, options)
    return undefined
  }

  #identify(folder: string): TableIdentity {
    const root = new URL(this.#objects.url)
    const path =
      decodeURIComponent(folder === '' ? root.pathname : `${root.pathname.replace(/\/$/, '')}/`) + folder
    const [namespace, name] =
      root.protocol === 'file:' ? ['file', path] : [`${root.protocol}//${root.host}`, path.replace(/^\//, '')]
    return {
      source: this.#source.name,
      table: folder === '' ? path.slice(path.lastIndexOf('/') + 1) || root.host : folder,
      namespace,
      name,
      id: datasetId(namespace, name),
      location: folder === '' ? this.#objects.url : `${this.#objects.url.replace(/\/$/, '')}/${folder}`,
    }
  }

  #problem(
    subject: string,
    tableId: string | null,
    reason: ProblemFact['reason'],
    message: string,
    now: Timestamp,
  ): ProblemFact {
    const id = `${this.#source.name}/${subject}`
    return {
      kind: 'problem',
      id,
      source: this.#source.name,
      subject,
      tableId,
      reason,
      message,
      since: now,
      resolved: null,
    }
  }

  #observed(tableIds: readonly string[]): Fact {
    return { kind: 'observed', id: this.#source.name, source: this.#source.name, tableIds }
  }
}
