// One listing of `_delta_log` → what can be read from it: checkpoints, the tail behind them, kept versions.
import { type LogName, parseLogName } from './log-names.ts'

export interface LogFile {
  readonly name: string
  readonly size: number
  readonly modified: number
}

export interface Checkpoint {
  readonly version: number
  /** One file, or all parts of a multi-part checkpoint in order. */
  readonly files: readonly LogFile[]
  readonly json: boolean
  readonly modified: number
}

export interface LogListing {
  /** Commits that exist as files, by version. */
  readonly commits: ReadonlyMap<number, LogFile>
  readonly compacted: readonly { readonly from: number; readonly to: number; readonly file: LogFile }[]
  readonly checksums: ReadonlyMap<number, LogFile>
  /** Complete ones, newest first. */
  readonly checkpoints: readonly Checkpoint[]
  /** The newest version that anything speaks of; -1 when the folder holds no log. */
  readonly newest: number
  /** False when only the end of a long log was listed. */
  readonly whole: boolean
}

type Part = Extract<LogName, { kind: 'part' }>

export function readListing(files: Iterable<LogFile>, whole = true): LogListing {
  const commits = new Map<number, LogFile>()
  const checksums = new Map<number, LogFile>()
  const compacted: { from: number; to: number; file: LogFile }[] = []
  const checkpoints: Checkpoint[] = []
  const multipart = new Map<string, { name: Part; files: LogFile[] }>()
  for (const file of files) {
    const name = parseLogName(file.name)
    if (name === undefined || file.size === 0) continue
    const { version } = name
    if (name.kind === 'commit') commits.set(version, file)
    else if (name.kind === 'checksum') checksums.set(version, file)
    else if (name.kind === 'compacted') {
      if (name.to >= version) compacted.push({ from: version, to: name.to, file })
    } else if (name.kind === 'checkpoint') {
      checkpoints.push({ version, files: [file], json: name.form === 'json', modified: file.modified })
    } else {
      const key = `${version}/${name.parts}`
      const known: { name: Part; files: LogFile[] } = multipart.get(key) ?? { name, files: [] }
      known.files.push(file)
      multipart.set(key, known)
    }
  }
  for (const { name, files: parts } of multipart.values()) {
    // "Ignore a multi-part checkpoint if any part is missing"; listings are in name order, so parts are too.
    if (parts.length !== name.parts) continue
    const modified = Math.max(...parts.map((part) => part.modified))
    checkpoints.push({ version: name.version, files: parts, json: false, modified })
  }
  checkpoints.sort((a, b) => b.version - a.version)
  const newest = Math.max(
    -1,
    checkpoints[0]?.version ?? -1,
    ...newestOf(commits.keys()),
    ...compacted.map((c) => c.to),
  )
  return { commits, compacted, checksums, checkpoints, newest, whole }
}

function newestOf(versions: Iterable<number>): [number] {
  let newest = -1
  for (const version of versions) newest = Math.max(newest, version)
  return [newest]
}

/** How to get from `after` to the newest version: commits, or compacted files where commits are gone. */
export type Step =
  | { readonly kind: 'commit'; readonly version: number; readonly file: LogFile }
  | { readonly kind: 'compacted'; readonly version: number; readonly file: LogFile }

/** `gap` is the first version that cannot be read although a newer one exists. */
export function planTail(listing: LogListing, after: number): { steps: readonly Step[]; gap: number | null } {
  const steps: Step[] = []
  for (let version = after + 1; version <= listing.newest;) {
    const commit = listing.commits.get(version)
    if (commit !== undefined) {
      steps.push({ kind: 'commit', version, file: commit })
      version += 1
      continue
    }
    const longest = listing.compacted
      .filter(({ from, to }) => from <= version && to >= version)
      .reduce<(typeof listing.compacted)[number] | null>(
        (best, one) => (best === null || one.to > best.to ? one : best),
        null,
      )
    if (longest === null) return { steps, gap: version }
    steps.push({ kind: 'compacted', version: longest.to, file: longest.file })
    version = longest.to + 1
  }
  return { steps, gap: null }
}

/** Versions that a reader can still go back to, and when the oldest of them was written; null when that cannot be told. */
export function keptVersions(
  listing: LogListing,
): { count: number; oldest: number; modified: number } | null {
  if (!listing.whole) return null
  let first = listing.newest
  while (listing.commits.has(first - 1)) first -= 1
  if (first === 0 && listing.commits.has(0)) {
    return { count: listing.newest + 1, oldest: 0, modified: listing.commits.get(0)!.modified }
  }
  // From a checkpoint at c every version is readable whose commits c+1… are there.
  const start = listing.checkpoints.findLast(({ version }) => version >= first - 1)
  if (start === undefined) return null
  return { count: listing.newest - start.version + 1, oldest: start.version, modified: start.modified }
}
