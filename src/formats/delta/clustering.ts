// Which columns a Delta table says it is clustered by: liquid clustering's domain metadata.
import { arrayOf, isObject, parseJsonObject, stringOf } from '../json.ts'
import type { Replay } from './replay.ts'

/** Liquid clustering's columns: arrays of name parts or plain names; the preview wraps them in `physicalName`. */
export function clusteringColumns(replay: Replay): readonly string[] {
  const domain = replay.domains.get('delta.clustering') ?? replay.domains.get('delta.liquid')
  if (domain === undefined) return []
  let columns
  try {
    columns = arrayOf(parseJsonObject(domain, { subject: 'clustering' })['clusteringColumns'])
  } catch {
    return []
  }
  return columns.flatMap((column) => {
    const path = isObject(column) ? (column['physicalName'] ?? column['logicalName']) : column
    const parts = (Array.isArray(path) ? path : [path]).map((part) => stringOf(part) ?? '')
    const physical = parts.join('\u0000')
    const known = replay.columns.find(({ identity }) => identity === physical)
    return physical === '' ? [] : [known?.name ?? parts.join('.')]
  })
}
