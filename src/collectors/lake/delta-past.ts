// What a Delta log says of the past at first sight: the commits before its checkpoint, and the writer's own counts.
import { readChecksum } from '../../formats/delta/checksum.ts'
import { type Commit, CommitTally } from '../../formats/delta/commit.ts'
import type { LogListing } from '../../formats/delta/log-listing.ts'
import { checksumName, commitName } from '../../formats/delta/log-names.ts'
import { inCommitTimestampsSince } from '../../formats/delta/protocol.ts'
import type { Replay } from '../../formats/delta/replay.ts'
import type { ObjectStore } from '../../io/object-store.ts'
import { SourceError, explainError, reasonOf } from '../../model/errors.ts'
import { timestamp } from '../../model/units.ts'
import type { Reading } from './delta-checkpoint.ts'
import { fetchAhead, streamActions } from './delta-log.ts'

/** Bytes of commits before the checkpoint that are read for history alone. */
const MAX_HISTORY_BYTES = 256 * 1_048_576
const MAX_CHECKSUM_BYTES = 64 * 1_048_576

/**
 * Up to `wanted` commits that end at the replay's version, oldest first. They no longer change the state, but they
 * tell what happened; one that cannot be read is a problem, not an error.
 */
export async function readHistory(
  log: ObjectStore,
  listing: LogListing,
  replay: Replay,
  wanted: number,
  reading: Reading,
): Promise<{ commits: readonly Commit[]; problems: readonly string[] }> {
  const problems: string[] = []
  const versions = versionsBefore(listing, replay.version, wanted, problems)
  const ictSince = inCommitTimestampsSince(replay.metadata)
  const read = async (version: number): Promise<Commit | SourceError> => {
    const tally = new CommitTally()
    try {
      for await (const actions of streamActions(log, commitName(version), version, () => true, reading)) {
        for (const action of actions) tally.take(action, null)
      }
      return tally.finish(version, timestamp(listing.commits.get(version)!.modified), ictSince)
    } catch (error) {
      if (error instanceof SourceError) return error
      throw error
    }
  }
  const commits: Commit[] = []
  for await (const { item: version, result } of fetchAhead(versions, read)) {
    if (!(result instanceof SourceError)) commits.push(result)
    else if (result.reason === 'corrupt' || result.reason === 'too-large') {
      problems.push(`commit ${version} is missing from the history: ${explainError(result)}`)
    } else if (result.reason !== 'missing') throw result
  }
  return { commits, problems }
}

function versionsBefore(
  listing: LogListing,
  newest: number,
  wanted: number,
  problems: string[],
): readonly number[] {
  const versions: number[] = []
  let bytes = 0
  for (let version = newest; versions.length < wanted; version--) {
    const file = listing.commits.get(version)
    if (file === undefined) break
    bytes += file.size
    if (bytes > MAX_HISTORY_BYTES) {
      problems.push(
        `history before version ${version + 1} is not read: it takes more than ${MAX_HISTORY_BYTES} bytes`,
      )
      break
    }
    versions.push(version)
  }
  return versions.toReversed()
}

/** The writer's own count against ours: a difference is a fault worth knowing, on either side. */
export async function compareChecksum(
  log: ObjectStore,
  { version, live }: Replay,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const name = checksumName(version)
  try {
    const { bytes } = await log.get(name, { maxBytes: MAX_CHECKSUM_BYTES, signal })
    const crc = readChecksum(Buffer.from(bytes).toString('utf8'), { subject: log.urlOf(name) })
    if ((crc.files ?? live.count) === live.count && (crc.bytes ?? live.bytes) === live.bytes) return []
    return [
      `version ${version}: the log has ${live.count} live files of ${live.bytes} bytes, ${name} says ${crc.files} of ${crc.bytes}`,
    ]
  } catch (error) {
    if (reasonOf(error) === 'missing') return []
    if (!['corrupt', 'too-large'].includes(reasonOf(error))) throw error
    return [`${name} is not used: ${explainError(error)}`]
  }
}
