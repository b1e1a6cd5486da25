// The one-shot health report of a lake: no config, no daemon, the lake collector polled once.
import { styleText } from 'node:util'
import { type Prices, advise } from '../advisors/advisors.ts'
import { collectors } from '../collectors/index.ts'
import type { Io } from '../io/io.ts'
import { SourceError, explainError, reasonOf } from '../model/errors.ts'
import type { Advice, AdviceNeed } from '../model/advice.ts'
import type { CommitFact, ProblemFact, TableFact } from '../model/facts.ts'
import { MINUTE, type Timestamp } from '../model/units.ts'
import { renderAdvice, renderNeeds } from './render-advice.ts'
import { type Style, renderProblem, renderSummary, renderTable } from './render.ts'
import { type ProblemReport, type ScanReport, adviceReport, problemReport, tableReport } from './report.ts'
import { viewOf } from './view.ts'

export interface Scan {
  readonly tables: readonly TableFact[]
  readonly problems: readonly ProblemReport[]
  /** What to change, worth most first, and what could not be judged. */
  readonly advice: readonly Advice[]
  readonly needs: readonly AdviceNeed[]
  /** True when a path was wrong or held no table: the caller's mistake rather than the lake's. */
  readonly badInput: boolean
}

const lake = collectors.find((collector) => collector.type === 'lake')!

/** A folder of this machine that is not there was mistyped; a bucket that does not answer is the lake's trouble. */
const isMistake = ({ reason }: SourceError, url: string): boolean =>
  reason === 'missing' || reason === 'outside-root' || (reason === 'unreachable' && url.startsWith('file:'))

export async function scan(
  paths: readonly string[],
  io: Io,
  ask: { readonly now: Timestamp; readonly signal: AbortSignal },
  onProgress: (read: number, total: number) => void,
  prices: Prices,
): Promise<Scan> {
  const tables: TableFact[] = []
  const commits: CommitFact[] = []
  const problems: ProblemReport[] = []
  let badInput = false
  for (const path of paths) {
    const url = io.objects(path).url
    try {
      const source = lake.connect({ name: 'scan', every: MINUTE }, lake.Config.parse({ path }), io)
      if (source.mode !== 'poll') continue
      let total = 0
      let read = 0
      for await (const fact of source.poll({ ...ask, cursor: undefined })) {
        if (fact.kind === 'inventory') total = Math.max(total, fact.tableIds.length)
        if (fact.kind === 'table') tables.push(fact)
        if (fact.kind === 'commit') commits.push(fact)
        if (fact.kind === 'problem') problems.push(problemReport(fact satisfies ProblemFact, url))
        if (fact.kind === 'table' || fact.kind === 'problem') onProgress((read += 1), Math.max(total, read))
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      badInput ||= isMistake(error, url)
      problems.push({ location: url, reason: reasonOf(error), message: explainError(error) })
    }
  }
  tables.sort((a, b) => (a.location < b.location ? -1 : 1))
  const { advice, needs, failed } = advise(viewOf(tables, commits), prices, ask.now)
  for (const { advisor, subject, error } of failed)
    problems.push({ location: subject, reason: 'internal', message: `no advice by ${advisor}: ${error}` })
  return { tables, problems, advice, needs, badInput }
}

export const scanJson = ({ tables, problems, advice, needs }: Scan): ScanReport => ({
  tables: tables.map(tableReport),
  problems,
  advice: advice.map(adviceReport),
  needs,
})

const PLAIN: Style = { bold: (text) => text, dim: (text) => text, warn: (text) => text }
const COLOUR: Style = {
  bold: (text) => styleText('bold', text, { validateStream: false }),
  dim: (text) => styleText('dim', text, { validateStream: false }),
  warn: (text) => styleText('yellow', text, { validateStream: false }),
}

export function scanText(
  { tables, problems, advice, needs }: Scan,
  options: { readonly now: Timestamp; readonly colour: boolean; readonly summary: boolean },
): string {
  const style = options.colour ? COLOUR : PLAIN
  const parts: string[] = []
  if (tables.length > 0) parts.push(renderSummary(tables, options.now, style))
  if (!options.summary) parts.push(...tables.map((table) => renderTable(table, options.now, style)))
  if (advice.length > 0) parts.push(renderAdvice(advice, options.summary, style))
  if (!options.summary && needs.length > 0) parts.push(renderNeeds(needs, style))
  parts.push(...problems.map((problem) => renderProblem(problem, style)))
  return `${parts.join('\n\n')}\n`
}
