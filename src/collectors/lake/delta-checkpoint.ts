// Loads a checkpoint of any form into a fresh replay: classic, multi-part, V2 in JSON or Parquet with sidecars.
import { type Action, type Sidecar, readAction } from '../../formats/delta/actions.ts'
import { readCheckpointFiles } from '../../formats/delta/checkpoint-files.ts'
import { readCheckpointHead } from '../../formats/delta/checkpoint-head.ts'
import { linesOf } from '../../formats/delta/lines.ts'
import type { Checkpoint } from '../../formats/delta/log-listing.ts'
import { decodePath } from '../../formats/delta/path-key.ts'
import type { Replay } from '../../formats/delta/replay.ts'
import { type ParquetFile, openParquet } from '../../formats/parquet.ts'
import type { ObjectStore } from '../../io/object-store.ts'
import { SourceError } from '../../model/errors.ts'

const MAX_SIDECARS = 10_000
/** A V2 checkpoint's JSON file holds what is not in sidecars. */
export const MAX_JSON_CHECKPOINT_BYTES = 4 * 1_073_741_824

export interface Reading {
  readonly signal: AbortSignal
  /** Awaited often while decoding: lets other tables and requests have their turn. */
  readonly pause: () => Promise<void>
}

export async function loadCheckpoint(
  log: ObjectStore,
  checkpoint: Checkpoint,
  replay: Replay,
  reading: Reading,
): Promise<void> {
  const sidecars: Sidecar[] = []
  const take = (action: Action, subject: string): void => {
    if (action.kind === 'sidecar') sidecars.push(action)
    else replay.apply(action, subject)
  }
  if (checkpoint.json) await loadJson(log, checkpoint.files[0]!.name, take, reading)
  else {
    // Metadata can be in any part, and the files can only be understood with it.
    const parts: ParquetFile[] = []
    for (const { name, size } of checkpoint.files) {
      const part = await openParquet(await log.source(name, { size, signal: reading.signal }))
      for (const action of await readCheckpointHead(part, reading.pause)) take(action, log.urlOf(name))
      parts.push(part)
    }
    const rows = parts.reduce((sum, part) => sum + part.rows, 0)
    for (const part of parts) await readCheckpointFiles(part, replay, reading.pause, rows)
  }
  if (replay.metadata === null) {
    const subject = log.urlOf(checkpoint.files[0]!.name)
    throw new SourceError('corrupt', `${subject} has no metaData action`, { subject })
  }
  if (sidecars.length > MAX_SIDECARS) {
    const subject = log.urlOf(checkpoint.files[0]!.name)
    throw new SourceError(
      'too-large',
      `${subject} has ${sidecars.length} sidecars, the limit is ${MAX_SIDECARS}`,
      {
        subject,
      },
    )
  }
  for (const { path, size } of sidecars) {
    const known = size !== null && size > 0 ? { size } : {}
    const source = await log.source(sidecarKey(path, log.url), { ...known, signal: reading.signal })
    const sidecar = await openParquet(source)
    await readCheckpointFiles(sidecar, replay, reading.pause, sidecar.rows * sidecars.length)
  }
  replay.version = checkpoint.version
}

/** A file name below `_sidecars`, or an absolute path that must lead there; everything else is not opened. */
export function sidecarKey(path: string, logUrl: string): string {
  const decoded = decodePath(path)
  const folder = `${logUrl}/_sidecars/`
  const name = decoded.startsWith(folder)
    ? decoded.slice(folder.length)
    : decoded.replace(/^file:\/*(?=\/)/, 'file://').startsWith(folder)
      ? decoded.replace(/^file:\/*(?=\/)/, 'file://').slice(folder.length)
      : decoded
  if (!/[/\\]/.test(name) && name !== '' && name !== '.' && name !== '..') return `_sidecars/${name}`
  throw new SourceError(
    'outside-root',
    `${logUrl}: a checkpoint refers to the sidecar ${path.slice(0, 200)}, which is not in ${folder}; it was not opened`,
    { subject: logUrl },
  )
}

async function loadJson(
  log: ObjectStore,
  name: string,
  take: (action: Action, subject: string) => void,
  { signal, pause }: Reading,
): Promise<void> {
  const subject = log.urlOf(name)
  const files: Action[] = []
  for await (const lines of linesOf(log.stream(name, { maxBytes: MAX_JSON_CHECKPOINT_BYTES, signal }), {
    subject,
  })) {
    for (const line of lines) {
      const action = readAction(line.toString('utf8'), { subject })
      if (action?.kind === 'add' || action?.kind === 'remove') files.push(action)
      else if (action !== null) take(action, subject)
    }
    await pause()
  }
  for (const file of files) take(file, subject)
}
