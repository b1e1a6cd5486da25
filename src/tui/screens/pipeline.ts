// One pipeline: its runs with their durations beside what is expected.
import { millis } from '../../model/units.ts'
import { type Pipeline, type Run, expectedDurations, pipelineDues, pipelines, runsOf } from '../answers.ts'
import { bar } from '../charts.ts'
import { EMPTY, type Line, fit, line, span, wrap } from '../line.ts'
import { pipelineDue, pipelineHealth, runHealth, tookUntil } from '../run-health.ts'
import type { Look, PageScreen } from '../screen.ts'
import { GLYPH, TONE } from '../state.ts'
import { age, count, due, length, moment } from '../words.ts'

const BAR = 40

/** `<source>/<pipeline>`; source names have no slash. */
function runsFeed(subject: string) {
  const slash = subject.indexOf('/')
  return runsOf(subject.slice(0, slash), subject.slice(slash + 1))
}

export const pipelinePage: PageScreen = {
  kind: 'page',
  name: 'pipeline',
  about: 'a pipeline: its runs, how long they took, and what is expected',
  tab: false,
  title: (subject) => subject.slice(subject.indexOf('/') + 1),
  feeds: (subject) => [pipelines, runsFeed(subject), pipelineDues, expectedDurations],
  health: (look) => {
    const pipeline = found(look)
    return pipeline === undefined ? 'unknown' : pipelineHealth(pipeline, look.get, look.now).state
  },
  ways(look) {
    const pipeline = found(look)
    if (pipeline === undefined) return {}
    return {
      upstream: { screen: 'upstream', subject: pipeline.job },
      downstream: { screen: 'downstream', subject: pipeline.job },
    }
  },
  lines(look, width) {
    if (look.get(pipelines) === undefined) return undefined
    const pipeline = found(look)
    if (pipeline === undefined) return [line('This pipeline is not known.')]
    const runs = look.get(runsFeed(look.subject)) ?? []
    return [...about(pipeline, look, width), ...history(pipeline, runs, look, width)]
  },
}

const found = ({ get, subject }: Look): Pipeline | undefined =>
  get(pipelines)?.find(({ id }) => id === subject)

function about(pipeline: Pipeline, { get, now }: Look, width: number): Line[] {
  const { state, word } = pipelineHealth(pipeline, get, now)
  const deadline = pipelineDue(get, pipeline)
  const said = (label: string, text: string): Line => line(span(fit(label, 12), 'dim'), text)
  return [
    line(
      span(`${GLYPH[state]} ${word}  `, TONE[state]),
      span(pipeline.pipeline, 'title'),
      span(`  ${pipeline.system}, source ${pipeline.source}`, 'dim'),
    ),
    said('schedule', `${pipeline.schedule ?? 'unknown'}${pipeline.paused === true ? ', paused' : ''}`),
    said('next run', due(pipeline.nextRun, now)),
    said('success', pipeline.lastSuccess === null ? 'none known' : `${age(pipeline.lastSuccess, now)} ago`),
    ...(deadline === null ? [] : [said('due', due(deadline, now))]),
    ...(pipeline.owners.length === 0 ? [] : [said('owners', pipeline.owners.join(', '))]),
    ...(pipeline.url === null ? [] : wrap(pipeline.url, width, 'dim')),
  ]
}

function expected({ source, pipeline }: Pipeline, { get }: Look): number | null {
  const own = (get(expectedDurations) ?? []).filter(
    ({ labels }) => labels['source'] === source && labels['pipeline'] === pipeline,
  )
  return own.length === 0 ? null : Math.min(...own.map(({ value }) => value)) * 1_000
}

function history(pipeline: Pipeline, runs: readonly Run[], look: Look, width: number): Line[] {
  if (runs.length === 0) return [EMPTY, line(span('No run of it is kept.', 'dim'))]
  const took = (run: Run): number => tookUntil(run, look.now) ?? 0
  const upper = expected(pipeline, look)
  const most = Math.max(...runs.map(took), upper ?? 0)
  const wide = Math.min(BAR, Math.max(8, width - 50))
  // The mark is where the expected duration ends.
  const limit = upper === null ? null : Math.min(wide - 1, Math.round((upper / most) * wide))
  return [
    EMPTY,
    line(
      span(`Runs, the newest ${count(runs.length)}`, 'title'),
      span(upper === null ? '' : `  ┊ expected at most ${length(millis(upper))}`, 'dim'),
    ),
    ...runs.map((run) => {
      const { state, word } = runHealth(run)
      const over = upper !== null && took(run) > upper
      const drawn = fit(bar(took(run), most, wide), wide)
      const cut =
        limit === null || drawn[limit] !== ' ' ? drawn : `${drawn.slice(0, limit)}┊${drawn.slice(limit + 1)}`
      return line(
        span(fit(`${GLYPH[state]} ${word}`, 11), TONE[state]),
        `  ${moment(run.at).slice(0, 16)}  ${fit(length(tookUntil(run, look.now)), 11, 'right')}  `,
        span(cut, over ? 'warn' : state === 'ok' ? 'accent' : TONE[state]),
        span(run.error === null ? '' : `  ${run.error}`, 'dim'),
      )
    }),
  ]
}
