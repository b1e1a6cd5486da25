// What a table is made of: rows and files, files by size, partitions by size, and its upkeep.
import { type Timestamp, bytes } from '../../model/units.ts'
import type { Table } from '../answers.ts'
import { bar } from '../charts.ts'
import type { Partition } from '../details.ts'
import { type Line, fit, line, span, wrap } from '../line.ts'
import type { Look } from '../screen.ts'
import { age, count, size } from '../words.ts'
import { LABEL, heading, said } from './table-words.ts'

export function content({ rows, rowsExactness, files, bytes: total, deletes }: Table): Line[] {
  const share = deletes?.share == null ? '' : ` (${(deletes.share * 100).toPrecision(2)} %)`
  return [
    ...heading('Content'),
    said('rows', `${count(rows)}${rows === null ? '' : `, ${rowsExactness}`}`),
    said('files', `${count(files)} with ${size(total)}`),
    ...(deletes?.rows ? [said('deleted', `${count(deletes.rows)} rows${share} are still stored`)] : []),
  ]
}

const BAR_WIDTH = 40

export function histogram({ fileSizes }: Table, width: number): Line[] {
  if (fileSizes === null) return []
  const { bounds, counts, target, small, large, median } = fileSizes
  const most = Math.max(...counts)
  const rows = counts.flatMap((files, i) => {
    if (files === 0) return []
    const bound = bounds[i]
    const name =
      bound == null || bound === Infinity
        ? `> ${size(bytes(bounds.at(i - 1) ?? 0))}`
        : `≤ ${size(bytes(bound))}`
    return [
      line(
        span(fit(name, LABEL), 'dim'),
        span(fit(bar(files, most, Math.min(BAR_WIDTH, width - LABEL - 10)), BAR_WIDTH + 1), 'accent'),
        count(files),
      ),
    ]
  })
  if (rows.length === 0) return []
  return [
    ...heading(
      `Files by size, target ${size(target)}, median ${size(median)}, ${count(small)} too small, ${count(large)} too large`,
    ),
    ...rows,
  ]
}

const PARTITIONS_SHOWN = 10
const NAME = 30

/** The largest of those that are told; the format's planner tells the ones that a rewrite would help most. */
export function partitionsBySize(
  { partitions }: Table,
  told: readonly Partition[] | null,
  width: number,
): Line[] {
  if (partitions === null || partitions.columns.length === 0) return []
  const { columns, count: all, medianBytes, largestBytes, largest, skew } = partitions
  const shown = (told ?? []).slice(0, PARTITIONS_SHOWN)
  const wide = Math.min(BAR_WIDTH, Math.max(8, width - NAME - 34))
  const others = all - shown.length
  return [
    ...heading(`Partitions by ${columns.join(', ')}, ${count(all)}`),
    said('median', size(medianBytes)),
    said('largest', `${size(largestBytes)} (${largest}), ${skew.toFixed(1)} times the median`),
    ...shown.map(({ name, bytes: held, files, smallFiles }) =>
      line(
        span(`${fit(name, NAME)} `, 'dim'),
        span(fit(bar(held, largestBytes, wide), wide + 1), 'accent'),
        fit(size(held), 9, 'right'),
        span(`  ${files === 1 ? '1 file' : `${count(files)} files`}`),
        span(smallFiles > 0 ? `, ${count(smallFiles)} small` : '', 'dim'),
      ),
    ),
    ...(shown.length > 0 && others > 0
      ? [
          line(
            span(
              `and ${count(others)} more: told are those that a rewrite would help most, then the largest`,
              'dim',
            ),
          ),
        ]
      : []),
  ]
}

export function upkeep(table: Table, { now }: Look, width: number): Line[] {
  const { snapshots, oldestSnapshot, reclaimable, lastCompaction, lastVacuum } = table
  const ago = (at: Timestamp | null): string =>
    at === null ? 'not in the kept history' : `${age(at, now)} ago`
  return [
    ...heading('Upkeep'),
    said('compacted', ago(lastCompaction)),
    said('vacuumed', ago(lastVacuum)),
    said('versions', `${count(snapshots)} can be read, the oldest ${age(oldestSnapshot, now)} old`),
    ...(reclaimable === null
      ? []
      : [
          said('reclaimable', `${size(reclaimable.bytes)}, ${reclaimable.exactness}`),
          ...wrap(reclaimable.how, width - LABEL, 'dim').map((one) => line(' '.repeat(LABEL), ...one.spans)),
        ]),
  ]
}
