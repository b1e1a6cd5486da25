// Our replay of a Delta log against what its writers recorded: checksum files and checkpoints at every version.
import fs from 'node:fs'
import path from 'node:path'
import { loadCheckpoint } from '../../src/collectors/lake/delta-checkpoint.ts'
import { fetchCommit, listLog, openLog } from '../../src/collectors/lake/delta-log.ts'
import { openDeltaTable } from '../../src/collectors/lake/delta-table.ts'
import { type Checksum, readChecksum } from '../../src/formats/delta/checksum.ts'
import type { LogListing } from '../../src/formats/delta/log-listing.ts'
import { checksumName } from '../../src/formats/delta/log-names.ts'
import { Replay } from '../../src/formats/delta/replay.ts'
import { createFileObjects } from '../../src/io/file-objects.ts'
import { createLimiter } from '../../src/io/limiter.ts'
import type { ObjectStore } from '../../src/io/object-store.ts'
import { explainError } from '../../src/model/errors.ts'
import { timestamp } from '../../src/model/units.ts'
import type { Report, TableReport } from './report.ts'

const signal = new AbortController().signal
const reading = { signal, pause: async () => {} }

/** Tables that are broken on purpose, by their path below the folder, with the reason. */
const BROKEN: Readonly<Record<string, string>> = {}

/** Checks every Delta table below `root`. */
export async function checkDelta(root: string, report: Report): Promise<void> {
  for (const folder of fs.globSync('**/_delta_log', { cwd: root }).toSorted()) {
    const name = path.dirname(folder)
    await checkTable(path.resolve(root, name), report.table(name, BROKEN[name]))
  }
}

async function checkTable(dir: string, report: TableReport): Promise<void> {
  const table = createFileObjects(dir, createLimiter(16))
  const log = openLog(table)
  try {
    const listing = await listLog(log, signal)
    await checkVersions(log, listing, dir, report)
    await checkDriver(table, dir, report)
  } catch (error) {
    report.failed('read', explainError(error))
  }
}

async function checkVersions(
  log: ObjectStore,
  listing: LogListing,
  dir: string,
  report: TableReport,
): Promise<void> {
  let replay = emptyReplay(dir)
  for (let version = 0; version <= listing.newest; version++) {
    const checkpoints = listing.checkpoints.filter((checkpoint) => checkpoint.version === version)
    if (listing.commits.has(version) && replay.version === version - 1) {
      const commit = await fetchCommit(log, version, signal)
      for (const action of commit?.actions ?? []) replay.apply(action, dir)
      replay.version = version
    }
    for (const checkpoint of checkpoints) {
      const loaded = emptyReplay(dir)
      await loadCheckpoint(log, checkpoint, loaded, reading)
      if (replay.version === version) {
        const what = `checkpoint ${version} (${checkpoint.files.length} files)`
        report.check(what, liveOf(loaded), liveOf(replay))
      } else replay = loaded
    }
    if (replay.version === version && listing.checksums.has(version)) {
      const name = checksumName(version)
      const { bytes } = await log.get(name, { maxBytes: 1e9, signal })
      const crc = readChecksum(Buffer.from(bytes).toString('utf8'), { subject: name })
      checkChecksum(replay, crc, version, report)
    }
  }
}

function checkChecksum(replay: Replay, crc: Checksum, version: number, report: TableReport): void {
  const ours = liveOf(replay)
  const at = (what: string): string => `version ${version} ${what}`
  if (crc.files !== null) report.check(at('numFiles'), crc.files, ours.files)
  if (crc.bytes !== null) report.check(at('tableSizeBytes'), crc.bytes, ours.bytes)
  if (crc.deletionVectors !== null) report.check(at('numDeletionVectors'), crc.deletionVectors, ours.vectors)
  if (crc.deletedRows !== null) report.check(at('numDeletedRecords'), crc.deletedRows, ours.deleted)
  if (crc.histogram === null) return
  const { boundaries, counts, bytes } = crc.histogram
  const [files, total] = [boundaries.map(() => 0), boundaries.map(() => 0)]
  for (const size of replay.live.sizes) {
    const bin = boundaries.findLastIndex((lower) => size >= lower)
    files[bin] = files[bin]! + 1
    total[bin] = total[bin]! + size
  }
  report.check(at('histogram'), { files: counts, total: bytes }, { files, total })
}

/** The driver's fact at the newest version, by its own way from a checkpoint, says the same as the plain replay. */
async function checkDriver(table: ObjectStore, dir: string, report: TableReport): Promise<void> {
  const identity = {
    source: 'lake',
    table: path.basename(dir),
    namespace: 'file',
    name: dir,
    id: `file:${dir}`,
  }
  const open = openDeltaTable(table, { ...identity, location: table.url })
  const ask = { now: timestamp(Date.now()), signal }
  const { table: fact, problems } = await open.refresh(ask)
  report.check('problems', [], problems)
  report.check('fact', true, fact !== null && fact.version !== null)
  const before = { ...table.counters }
  const again = await open.refresh(ask)
  const requests = [
    table.counters.gets - before.gets,
    table.counters.lists - before.lists,
    table.counters.heads - before.heads,
  ]
  report.check('quiet poll', { changed: false, requests: [1, 0, 0] }, { changed: again.changed, requests })
}

const emptyReplay = (dir: string): Replay => new Replay({ root: `file://${dir}`, eventTimeColumn: undefined })

function liveOf({ live }: Replay): { files: number; bytes: number; vectors: number; deleted: number } {
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0)
  return {
    files: live.count,
    bytes: sum(live.sizes),
    vectors: [...live.vectors].filter((vector) => vector !== 0).length,
    deleted: sum(live.deleted),
  }
}
