// Iceberg tables of other writers: what their snapshot summaries state, against what we add up from their manifests.
import fs from 'node:fs'
import path from 'node:path'
import { locate, movedPrefix } from '../../src/formats/iceberg/location.ts'
import { type ManifestStatistics, readManifest } from '../../src/formats/iceberg/manifest.ts'
import { readManifestList } from '../../src/formats/iceberg/manifest-list.ts'
import { parseMetadataName } from '../../src/formats/iceberg/metadata-file.ts'
import { type IcebergMetadata, type Snapshot, parseMetadata } from '../../src/formats/iceberg/metadata.ts'
import { compareTotals, totalsOf } from '../../src/formats/iceberg/totals.ts'
import { explainError } from '../../src/model/errors.ts'
import type { Report, TableReport } from './report.ts'

/** Checks every snapshot of every metadata file of every table below `root` whose manifest list is still there. */
export function checkIceberg(root: string, report: Report): void {
  for (const folder of fs.globSync('**/metadata', { cwd: root }).toSorted()) {
    const name = path.dirname(folder)
    const files = metadataFiles(path.join(root, folder))
    // None of the tables that we know is broken on purpose; one that is would be named here with the reason.
    if (files.length > 0) checkTable(path.join(root, name), files, report.table(name))
  }
}

function checkTable(dir: string, files: readonly string[], report: TableReport): void {
  const checked = new Set<string>()
  for (const file of files) {
    const subject = path.join(dir, 'metadata', file)
    const bytes = fs.readFileSync(subject)
    // BigQuery leaves a stub that only carries its own properties.
    if (bytes[0] === 0x7b && !bytes.includes('format-version')) continue
    try {
      const metadata = parseMetadata(bytes, subject)
      for (const snapshot of metadata.snapshots) {
        const id = JSON.stringify([snapshot.id, snapshot.manifestList, snapshot.summary])
        if (!checked.has(id)) checkSnapshot(metadata, snapshot, dir, report)
        checked.add(id)
      }
    } catch (error) {
      report.failed(file, explainError(error))
    }
  }
}

const metadataFiles = (folder: string): readonly string[] =>
  fs.statSync(folder).isDirectory()
    ? fs
        .readdirSync(folder)
        .filter((name) => parseMetadataName(name) !== null)
        .toSorted()
    : []

function checkSnapshot(
  metadata: IcebergMetadata,
  snapshot: Snapshot,
  dir: string,
  report: TableReport,
): void {
  const manifests = manifestsOf(metadata, snapshot, dir, report)
  if (manifests === null) return
  for (const { key, summary, manifests: found } of compareTotals(snapshot, totalsOf(manifests))) {
    report.check(`${snapshot.id} ${key}`, summary, found)
  }
}

/** Null when the snapshot's manifest list was expired. */
function manifestsOf(
  metadata: IcebergMetadata,
  snapshot: Snapshot,
  dir: string,
  report: TableReport,
): readonly ManifestStatistics[] | null {
  const { manifestList, manifests, id } = snapshot
  const list = manifestList === null ? null : readBelow(dir, metadata, manifestList)
  if (manifestList !== null && list === null) return null
  const refs =
    manifestList === null || list === null
      ? manifests.map((name) => ({ path: name, specId: null, liveFiles: null }))
      : readManifestList(list, manifestList)
  return refs.map((ref) => {
    const bytes = readBelow(dir, metadata, ref.path)
    if (bytes === null) throw new Error(`snapshot ${id}: manifest ${ref.path} is not there`)
    const statistics = readManifest(bytes, ref.path, {
      specs: metadata.specs,
      specId: ref.specId,
      bound: null,
    })
    const live = `${id} live files of ${path.basename(ref.path)}`
    if (ref.liveFiles !== null) report.check(live, ref.liveFiles, statistics.kinds.length)
    return statistics
  })
}

function readBelow(dir: string, metadata: IcebergMetadata, file: string): Uint8Array | null {
  const moved = movedPrefix(file, dir)
  const place = locate(file, [{ names: [metadata.location, dir, ...(moved === null ? [] : [moved])] }])
  const found = place && path.join(dir, place.key)
  return found !== null && fs.existsSync(found) ? fs.readFileSync(found) : null
}
