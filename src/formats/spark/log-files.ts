// Which files of a folder make up one event log: Spark writes one file, or a rolling folder of parts; Databricks rolls
// hourly files beside the one it writes.

export interface LogFiles {
  /** The file, or the folder of the parts. */
  readonly name: string
  /** Keys in the order in which they are read. */
  readonly parts: readonly string[]
  /** Spark still writes it, or died before it could say that it was done. */
  readonly inProgress: boolean
  /** What is known to be missing from it. */
  readonly doubts: readonly string[]
}

const ROLLING = /^(.*\/)?eventlog_v2_[^/]+$/
const ROLLED_PART = /^events_(\d+)_/
const STATUS = /^appstatus_/
const DATABRICKS = /^eventlog(-\d{4}-\d\d-\d\d--\d\d-\d\d(\.gz)?)?$/
const IN_PROGRESS = '.inprogress'
const COMPACT = '.compact'

/** Logs by name; files that Spark and Hadoop keep for themselves (hidden ones, checksums) are none. */
export function logFilesOf(keys: Iterable<string>): LogFiles[] {
  const rolling = new Map<string, string[]>()
  const databricks = new Map<string, string[]>()
  const logs: LogFiles[] = []
  for (const key of keys) {
    const slash = key.lastIndexOf('/')
    const [folder, file] = [key.slice(0, Math.max(0, slash)), key.slice(slash + 1)]
    if (/^[._]/.test(file)) continue
    if (ROLLING.test(folder)) push(rolling, folder, file)
    else if (DATABRICKS.test(file)) push(databricks, folder, file)
    else logs.push({ name: key, parts: [key], inProgress: file.endsWith(IN_PROGRESS), doubts: [] })
  }
  for (const [folder, files] of rolling) logs.push(rollingLog(folder, files))
  for (const [folder, files] of databricks) logs.push(databricksLog(folder, files))
  return logs.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function push(map: Map<string, string[]>, folder: string, file: string): void {
  const files = map.get(folder)
  if (files) files.push(file)
  else map.set(folder, [file])
}

function rollingLog(folder: string, files: readonly string[]): LogFiles {
  const numbered = files
    .flatMap((file) => {
      const [, index] = ROLLED_PART.exec(file) ?? []
      return index === undefined ? [] : [{ file, index: Number(index), compact: file.endsWith(COMPACT) }]
    })
    .toSorted((a, b) => a.index - b.index || (a.file < b.file ? -1 : 1))
  // A compacted part stands for all before it and for the part of its own number.
  const from = numbered.findLast(({ compact }) => compact)
  const parts = numbered.filter((part) => from === undefined || part === from || part.index > from.index)
  const missing = parts
    .slice(1)
    .flatMap(({ index }, i) =>
      index > parts[i]!.index + 1 ? [`parts ${parts[i]!.index + 1} to ${index - 1}`] : [],
    )
  const first = parts[0]?.index ?? 0
  if (from === undefined && first > 1) missing.unshift(`parts 1 to ${first - 1}`)
  const doubts = missing.length > 0 ? [`${missing.slice(0, 5).join(', ')} of the log are missing`] : []
  if (from !== undefined)
    doubts.push(`Spark compacted the log up to part ${from.index}: tasks of finished jobs are not in it`)
  return {
    name: folder,
    parts: parts.map(({ file }) => `${folder}/${file}`),
    inProgress: files.some((file) => STATUS.test(file) && file.endsWith(IN_PROGRESS)),
    doubts,
  }
}

function databricksLog(folder: string, files: readonly string[]): LogFiles {
  const rolled = files.filter((file) => file !== 'eventlog').toSorted()
  const parts = files.includes('eventlog') ? [...rolled, 'eventlog'] : rolled
  const key = (file: string): string => (folder === '' ? file : `${folder}/${file}`)
  return { name: key('eventlog'), parts: parts.map(key), inProgress: false, doubts: [] }
}
