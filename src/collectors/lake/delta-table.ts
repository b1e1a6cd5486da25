// Watches one Delta table: a cold read from its newest checkpoint, then one request a poll until a commit appears.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Commit, CommitTally, commitFact } from '../../formats/delta/commit.ts'
import { History } from '../../formats/delta/history.ts'
import { type LogListing, type Step, keptVersions, planTail } from '../../formats/delta/log-listing.ts'
import { commitName } from '../../formats/delta/log-names.ts'
import { filtersOf } from '../../formats/delta/predicates.ts'
import { inCommitTimestampsSince } from '../../formats/delta/protocol.ts'
import { Replay } from '../../formats/delta/replay.ts'
import { type Kept, reclaimableSpan, tableFact } from '../../formats/delta/table-fact.ts'
import type { ObjectStore } from '../../io/object-store.ts'
import { SourceError, explainError, reasonOf } from '../../model/errors.ts'
import type { CommitFact } from '../../model/facts.ts'
import { DAY, HOUR, type Timestamp, timestamp } from '../../model/units.ts'
import { type Reading, loadCheckpoint } from './delta-checkpoint.ts'
import { deltaReferences } from './delta-references.ts'
import { compareChecksum, readHistory } from './delta-past.ts'
import {
  type FetchedCommit,
  WHOLE_COMMIT_BYTES,
  fetchAhead,
  fetchCommit,
  hasLaterCommit,
  listLog,
  openLog,
  streamActions,
} from './delta-log.ts'
import type { References } from './references.ts'
import type { OpenTable, TableAsk, TableIdentity, TableNews } from './table.ts'

/** Commits told of at first sight, newest kept. */
const MAX_COMMITS = 1_000
/** Every so many quiet polls we check that the table is still there: its next commit is missing either way. */
const QUIET_POLLS_PER_CHECK = 10
/** How often the log is listed again: for versions that were cleaned up, and for commits behind a gap. */
const LIST_AGAIN = DAY
/** How often a quiet table's reclaimable bytes, which grow with time alone, are told anew. */
const TELL_AGAIN = HOUR
/** Problems of one refresh that are told one by one. */
const MAX_PROBLEMS = 20

export interface DeltaOptions {
  readonly eventTimeColumn?: string | undefined
  readonly maxCommits?: number
}

/** `objects` is rooted at the table's folder. */
export function openDeltaTable(
  objects: ObjectStore,
  identity: TableIdentity,
  options: DeltaOptions = {},
): OpenTable {
  const table = new DeltaTable(objects, identity, options)
  return { refresh: (ask) => table.refresh(ask), references: async (ask) => table.references(ask) }
}

/** What is known at one version; replaced as a whole by a cold read. */
interface State {
  readonly replay: Replay
  readonly history: History
  kept: Kept | null
  listedAt: Timestamp
  /** When the newest commit's file was written: another time under its name means another table. Null without a file. */
  newestModified: number | null
}

class DeltaTable {
  readonly #log: ObjectStore
  readonly #identity: TableIdentity
  readonly #options: DeltaOptions
  #state: State | null = null
  /** Read, but not told yet because a later read failed. */
  #pending: CommitFact[] = []
  #problems: string[] = []
  /** The newest version whose commit was noted for telling; -1 before the first. */
  #noted = -1
  #told: { readonly version: number; readonly at: Timestamp } | null = null
  #quietPolls = 0

  constructor(objects: ObjectStore, identity: TableIdentity, options: DeltaOptions) {
    this.#log = openLog(objects)
    this.#identity = identity
    this.#options = options
  }

  async refresh(ask: TableAsk): Promise<TableNews> {
    const reading: Reading = {
      signal: ask.signal,
      pause: async () => {
        await nextTurn()
        ask.signal.throwIfAborted()
      },
    }
    if (this.#state === null) this.#state = await this.#readCold(ask.now, reading)
    await this.#readNext(this.#state, ask.now, reading)
    const { replay } = this.#state
    // What was read before a later read failed is still to be told.
    const quiet =
      this.#told?.version === replay.version &&
      this.#pending.length === 0 &&
      !this.#hasAged(this.#state, ask.now)
    if (quiet) {
      this.#quietPolls += 1
      if (this.#quietPolls % QUIET_POLLS_PER_CHECK !== 0) return UNCHANGED
      if (await this.#isStillThere(this.#state, ask)) return UNCHANGED
      this.#state = null
      this.#told = null
      return this.refresh(ask)
    }
    this.#quietPolls = 0
    return this.#tell(this.#state, ask.now)
  }

  references({ now }: TableAsk): References | null {
    if (this.#state === null) return null
    const { replay, history } = this.#state
    return deltaReferences(replay, history.lastCommit?.at ?? null, now)
  }

  #tell({ replay, history, kept }: State, now: Timestamp): TableNews {
    const table = tableFact(this.#identity, replay, history, kept, now)
    const commits = this.#pending.slice(-(this.#options.maxCommits ?? MAX_COMMITS))
    const problems = this.#problems.slice(0, MAX_PROBLEMS)
    if (this.#problems.length > MAX_PROBLEMS)
      problems.push(`and ${this.#problems.length - MAX_PROBLEMS} more like these`)
    this.#pending = []
    this.#problems = []
    this.#told = { version: replay.version, at: now }
    return { changed: true, table, commits, problems }
  }

  /** Removed files pass out of their retention while nothing is committed. */
  #hasAged({ replay, history }: State, now: Timestamp): boolean {
    if (this.#told === null || now - this.#told.at < TELL_AGAIN) return false
    const then = reclaimableSpan(replay, history, this.#told.at)
    return replay.tombstones.nextAfter(then.to) < reclaimableSpan(replay, history, now).to
  }

  async #readCold(now: Timestamp, reading: Reading): Promise<State> {
    this.#problems = []
    const listing = await this.#list(reading.signal)
    if (listing.newest < this.#noted) this.#noted = -1
    const { gap } = planTail(listing, listing.checkpoints[0]?.version ?? -1)
    if (gap !== null) throw this.#gap(gap, listing.newest)
    const replay = await this.#loadBase(listing, reading)
    const history = new History()
    const kept = keptVersions(listing)
    const state: State = {
      replay,
      history,
      kept: kept === null ? null : { versions: kept.count, oldest: timestamp(kept.modified) },
      listedAt: now,
      newestModified: listing.commits.get(replay.version)?.modified ?? null,
    }
    const wanted = this.#options.maxCommits ?? MAX_COMMITS
    const past = await readHistory(this.#log, listing, replay, wanted, reading)
    this.#problems.push(...past.problems)
    for (const commit of past.commits) this.#note(commit, state)
    history.startFrom(replay.metadata)
    const tail = planTail(listing, replay.version)
    if (tail.gap !== null) throw this.#gap(tail.gap, listing.newest)
    // From here on a failing commit costs only that commit to try again.
    this.#state = state
    await this.#readTail(tail.steps, state, reading)
    if (listing.checksums.has(replay.version)) {
      this.#problems.push(...(await compareChecksum(this.#log, replay, reading.signal)))
    }
    return state
  }

  async #list(signal: AbortSignal): Promise<LogListing> {
    let listing: LogListing | null = null
    try {
      listing = await listLog(this.#log, signal)
    } catch (error) {
      if (reasonOf(error) !== 'missing') throw error
    }
    if (listing !== null && listing.newest >= 0) return listing
    const subject = this.#log.url
    throw this.#noted >= 0
      ? new SourceError('vanished', `${subject} was there before and holds no log any more`, { subject })
      : new SourceError('missing', `${subject} holds no commit and no checkpoint: not a Delta table`, {
          subject,
        })
  }

  /** The newest checkpoint that can be read and from which the log goes on; version 0 where there is none. */
  async #loadBase(listing: LogListing, reading: Reading): Promise<Replay> {
    let failed: unknown
    for (const checkpoint of listing.checkpoints) {
      if (planTail(listing, checkpoint.version).gap !== null) break
      const replay = this.#emptyReplay()
      try {
        await loadCheckpoint(this.#log, checkpoint, replay, reading)
        return replay
      } catch (error) {
        if (!['corrupt', 'missing', 'outside-root'].includes(reasonOf(error))) throw error
        failed ??= error
        this.#problems.push(`checkpoint ${checkpoint.version} is passed over: ${explainError(error)}`)
      }
    }
    if (failed !== undefined && planTail(listing, -1).gap !== null) throw failed
    return this.#emptyReplay()
  }

  #emptyReplay(): Replay {
    return new Replay({ root: this.#identity.location, eventTimeColumn: this.#options.eventTimeColumn })
  }

  async #readTail(steps: readonly Step[], state: State, reading: Reading): Promise<void> {
    const fetch = async (step: Step): Promise<FetchedCommit | null> =>
      step.kind === 'commit' && step.file.size <= WHOLE_COMMIT_BYTES
        ? fetchCommit(this.#log, step.version, reading.signal)
        : null
    for await (const { item: step, result } of fetchAhead(steps, fetch)) {
      if (result !== null) this.#apply(step.version, result, state)
      else await this.#stream(step.file.name, step, timestamp(step.file.modified), state, reading)
      await reading.pause()
    }
  }

  /** Asks for one version after the other until there is none: the one request of a quiet poll. */
  async #readNext(state: State, now: Timestamp, reading: Reading): Promise<void> {
    const before = state.replay.version
    for (;;) {
      const version = state.replay.version + 1
      let commit: FetchedCommit | null
      try {
        commit = await fetchCommit(this.#log, version, reading.signal)
      } catch (error) {
        if (reasonOf(error) !== 'too-large') throw error
        const name = commitName(version)
        const info = await this.#log.head(name, reading.signal)
        await this.#stream(name, { kind: 'commit', version }, info.modified, state, reading)
        continue
      }
      if (commit === null) break
      this.#apply(version, commit, state)
      if (state.kept !== null) state.kept = { ...state.kept, versions: state.kept.versions + 1 }
    }
    if (state.replay.version > before && now - state.listedAt >= LIST_AGAIN) {
      const kept = keptVersions(await this.#list(reading.signal))
      state.kept = kept === null ? null : { versions: kept.count, oldest: timestamp(kept.modified) }
      state.listedAt = now
    }
  }

  /** All of a commit's actions are known to be sound before the first is applied. */
  #apply(version: number, { actions, modified }: FetchedCommit, state: State): void {
    const tally = new CommitTally()
    const subject = this.#log.urlOf(commitName(version))
    for (const action of actions) tally.take(action, state.replay.apply(action, subject))
    state.replay.version = version
    state.newestModified = modified
    this.#note(tally.finish(version, modified, inCommitTimestampsSince(state.replay.metadata)), state)
  }

  /** A commit too large to hold: applied as it comes, so a failure in its middle costs a cold read. */
  async #stream(
    name: string,
    { kind, version }: Pick<Step, 'kind' | 'version'>,
    modified: Timestamp,
    state: State,
    reading: Reading,
  ): Promise<void> {
    const tally = new CommitTally()
    const subject = this.#log.urlOf(name)
    try {
      const known = (): boolean => state.replay.metadata !== null
      for await (const actions of streamActions(this.#log, name, version, known, reading)) {
        for (const action of actions) tally.take(action, state.replay.apply(action, subject))
      }
    } catch (error) {
      this.#state = null
      throw error
    }
    state.replay.version = version
    state.newestModified = kind === 'commit' ? modified : null
    if (kind === 'compacted') return
    this.#note(tally.finish(version, modified, inCommitTimestampsSince(state.replay.metadata)), state)
  }

  #note(commit: Commit, { replay, history }: State): void {
    const changes = history.note(commit, this.#log.url)
    const filters = filtersOf(commit, replay.columns)
    history.noteFilters(filters)
    if (commit.version <= this.#noted) return
    this.#noted = commit.version
    const { source, table, id: tableId } = this.#identity
    if (this.#pending.length >= 2 * MAX_COMMITS) this.#pending.splice(0, MAX_COMMITS)
    this.#pending.push(commitFact(commit, { source, table, tableId }, changes, filters))
  }

  /** False when the newest commit is gone or another, or when later ones lie behind a gap: then all is read again. */
  async #isStillThere(state: State, { now, signal }: TableAsk): Promise<boolean> {
    const { version } = state.replay
    if (state.newestModified !== null) {
      try {
        const { modified } = await this.#log.head(commitName(version), signal)
        if (modified !== state.newestModified) {
          this.#noted = -1
          return false
        }
      } catch (error) {
        if (reasonOf(error) === 'missing') return false
        throw error
      }
    } else if ((await this.#list(signal)).newest !== version) return false
    if (now - state.listedAt < LIST_AGAIN) return true
    state.listedAt = now
    return !(await hasLaterCommit(this.#log, version, signal))
  }

  #gap(version: number, newest: number): SourceError {
    const subject = this.#log.urlOf(commitName(version))
    return new SourceError(
      'gap',
      `${subject} is missing although version ${newest} exists and no checkpoint covers it; restore the file or write a checkpoint`,
      { subject, version: String(version) },
    )
  }
}

const UNCHANGED: TableNews = { changed: false, table: null, commits: [], problems: [] }
