// One pipeline: its runs with their durations and cost beside what is expected, the newest run's tasks, what it reads.
import { millis, readableUsd } from '../../model/units.ts'
import { type Pipeline, type Run, pipelineDues, pipelines, runsOf } from '../answers.ts'
import { bar } from '../charts.ts'
import { type PipelineDetail, expectedDurations, pipelineDetail } from '../details.ts'
import { gantt } from '../gantt.ts'
import { EMPTY, type Line, fit, line, span, wrap } from '../line.ts'
import { pipelineDue, pipelineHealth, runHealth, tookUntil } from '../run-health.ts'
import type { Look, PageScreen } from '../screen.ts'
import { GLYPH, TONE } from '../state.ts'
import { age, count, due, length, moment } from '../words.ts'

const LABEL = 12
const BAR = 40
const LEAST_BAR = 8
/** What stands beside the bar: state, time, duration; a cost; the first words of an error. */
const BESIDE = 44
const COST = 13
const ERROR = 8
const NEWEST = 20
const DATASETS = 30

/** `<source>/<pipeline>`; source names have no slash. */
function runsFeed(subject: string) {
  const slash = subject.indexOf('/')
  return runsOf(subject.slice(0, slash), subject.slice(slash + 1))
}

export const pipelinePage: PageScreen = {
  kind: 'page',
  name: 'pipeline',
  about: 'a pipeline: its runs, how long they took and what is expected, tasks, inputs and outputs',
  tab: false,
  title: (subject) => subject.slice(subject.indexOf('/') + 1),
  feeds: (subject) => [
    pipelines,
    runsFeed(subject),
    pipelineDues,
    expectedDurations,
    pipelineDetail(subject),
  ],
  health: (look) => {
    const pipeline = found(look)
    return pipeline === undefined ? 'unknown' : pipelineHealth(pipeline, look.get, look.now).state
  },
  ways(look) {
    const pipeline = found(look)
    if (pipeline === undefined) return {}
    return {
      ...(pipeline.lastRun === null ? {} : { enter: { screen: 'run', subject: pipeline.lastRun.id } }),
      upstream: { screen: 'upstream', subject: pipeline.job },
      downstream: { screen: 'downstream', subject: pipeline.job },
      changes: { screen: 'changes', subject: pipeline.id },
    }
  },
  lines(look, width) {
    if (look.get(pipelines) === undefined) return undefined
    const pipeline = found(look)
    if (pipeline === undefined) return [line('This pipeline is not known.')]
    const runs = look.get(runsFeed(look.subject)) ?? []
    const detail = look.get(pipelineDetail(look.subject))
    return [
      ...about(pipeline, look, width),
      ...history(pipeline, runs, detail, look, width),
      ...tasks(runs[0], look, width),
      ...datasets('Reads', detail?.reads ?? [], look),
      ...datasets('Writes', detail?.writes ?? [], look),
    ]
  },
}

const found = ({ get, subject }: Look): Pipeline | undefined =>
  get(pipelines)?.find(({ id }) => id === subject)

function about(pipeline: Pipeline, { get, now }: Look, width: number): Line[] {
  const { state, word } = pipelineHealth(pipeline, get, now)
  const deadline = pipelineDue(get, pipeline)
  const said = (label: string, text: string): Line => line(span(fit(label, LABEL), 'dim'), text)
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

interface Band {
  readonly least: number | null
  readonly most: number | null
}

/** Declared and learned ones may both be there: the narrowest counts. Milliseconds. */
function expected({ source, pipeline }: Pipeline, { get }: Look): Band {
  const own = (get(expectedDurations) ?? []).filter(
    ({ labels }) => labels['source'] === source && labels['pipeline'] === pipeline,
  )
  const of = (side: string) =>
    own.flatMap(({ labels, value }) => (labels['__name__']?.endsWith(side) ? [value * 1_000] : []))
  const [lower, upper] = [of('lower'), of('upper')]
  return {
    least: lower.length === 0 ? null : Math.max(...lower),
    most: upper.length === 0 ? null : Math.min(...upper),
  }
}

const inWords = ({ least, most }: Band): string => {
  if (most === null) return least === null ? '' : `  ┊ expected at least ${length(millis(least))}`
  const upTo = length(millis(most))
  return `  ┊ expected ${least === null ? 'at most' : `${length(millis(least))} to`} ${upTo}`
}

function history(
  pipeline: Pipeline,
  runs: readonly Run[],
  detail: PipelineDetail | undefined,
  look: Look,
  width: number,
): Line[] {
  if (runs.length === 0) return [EMPTY, line(span('No run of it is kept.', 'dim'))]
  const shown = runs.slice(0, NEWEST)
  const took = (run: Run): number => tookUntil(run, look.now) ?? 0
  const band = expected(pipeline, look)
  const most = Math.max(...shown.map(took), band.most ?? 0, 1)
  const compute = detail?.compute ?? {}
  const priced = shown.some(({ id }) => compute[id] !== undefined)
  const beside = BESIDE + (priced ? COST : 0) + (shown.some(({ error }) => error !== null) ? ERROR : 0)
  const wide = Math.min(BAR, Math.max(LEAST_BAR, width - beside))
  const limits = [band.least, band.most].flatMap((at) =>
    at === null ? [] : [Math.min(wide - 1, Math.round((at / most) * wide))],
  )
  return [
    EMPTY,
    line(span(`Runs, the newest ${count(shown.length)}`, 'title'), span(inWords(band), 'dim')),
    ...shown.map((run) => {
      const { state, word } = runHealth(run)
      const short = run.endedAt !== null && band.least !== null && took(run) < band.least
      const far = short || (band.most !== null && took(run) > band.most)
      const drawn = marked(fit(bar(took(run), most, wide), wide), limits)
      return line(
        span(fit(`${GLYPH[state]} ${word}`, 11), TONE[state]),
        `  ${moment(run.at).slice(0, 16)}  ${fit(length(tookUntil(run, look.now)), 11, 'right')}  `,
        span(drawn, far ? 'warn' : state === 'ok' ? 'accent' : TONE[state]),
        span(priced ? fit(costOf(compute[run.id]), COST, 'right') : ''),
        span(run.error === null ? '' : `  ${run.error}`, 'dim'),
      )
    }),
  ]
}

/** Signs where expected durations end, unless the bar covers them. */
const marked = (drawn: string, limits: readonly number[]): string =>
  limits.reduce((text, at) => (text[at] === ' ' ? `${text.slice(0, at)}┊${text.slice(at + 1)}` : text), drawn)

function costOf(compute: PipelineDetail['compute'][string] | undefined): string {
  if (compute === undefined) return ''
  return compute.usd === null ? `${compute.coreHours.toFixed(1)} core h` : readableUsd(compute.usd)
}

function tasks(newest: Run | undefined, { now }: Look, width: number): Line[] {
  const drawn = newest === undefined ? [] : gantt(newest, now, width)
  if (drawn.length === 0) return []
  return [EMPTY, line(span('Tasks of the newest run', 'title'), span('  enter opens it', 'dim')), ...drawn]
}

function datasets(title: string, all: PipelineDetail['reads'], { now }: Look): Line[] {
  if (all.length === 0) return []
  return [
    EMPTY,
    line(span(`${title}, ${count(all.length)}`, 'title')),
    ...all
      .slice(0, DATASETS)
      .map(({ name, lastSeen }) => line(name, span(`  told of ${age(lastSeen, now)} ago`, 'dim'))),
    ...(all.length > DATASETS ? [line(span(`and ${all.length - DATASETS} more`, 'dim'))] : []),
  ]
}
