// What fires, as a list: since when, about what, and where to look.
import { linkTo } from './frame.ts'
import { type PanelSource, list } from './panels.ts'

const LABELS = ['alertname', 'severity', 'source', 'table', 'pipeline', 'receiver'] as const

/** Alerts that fire now, of those that a selector beside `alertstate` finds; the longest first. */
export function firingAlerts(selector: string, width: number): PanelSource {
  const firing = `ALERTS{${['alertstate="firing"', selector].filter(Boolean).join(', ')}}`
  return list({
    title: 'Alerts firing',
    description:
      'Every alert that fires now, and for how long its condition has held. Empty means that none fires.',
    width,
    height: 12,
    by: LABELS,
    columns: [
      {
        name: 'for',
        expr: `time() - min by (${LABELS.join(', ')}) (ALERTS_FOR_STATE{${selector}} and ignoring (alertstate) ${firing})`,
        unit: 's',
      },
    ],
    sort: { column: 'for' },
    links: [
      { title: 'Look at the table', url: linkTo('tidemark-tables', ['source', 'table']) },
      { title: 'Look at the pipeline', url: linkTo('tidemark-pipelines', ['source', 'pipeline']) },
      { title: 'Look at the checks of the table', url: linkTo('tidemark-quality', ['source', 'table']) },
    ],
  })
}
