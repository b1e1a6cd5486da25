// One run: its tasks beside each other on one time axis, and what went wrong.
import { type Timestamp, timestamp } from '../../model/units.ts'
import { type Run, runOf } from '../answers.ts'
import { type Axis, axisLabels, stretch } from '../charts.ts'
import { EMPTY, type Line, fit, line, span, wrap } from '../line.ts'
import { runHealth, runState, tookUntil } from '../run-health.ts'
import type { PageScreen } from '../screen.ts'
import { GLYPH, TONE } from '../state.ts'
import { age, count, length, moment, size } from '../words.ts'

const NAME = 28
const TOOK = 12
const LEAST_AXIS = 10

export const runPage: PageScreen = {
  kind: 'page',
  name: 'run',
  about: 'a run: its tasks on one time axis, and what went wrong',
  tab: false,
  title: (subject) => `Run ${subject.split('/').at(-1)}`,
  feeds: (id) => [runOf(id)],
  health: ({ get, subject }) => runState(get(runOf(subject))?.state ?? ''),
  lines({ get, now, subject }, width) {
    const run = get(runOf(subject))
    return run && [...about(run, now, width), ...gantt(run, now, width), ...errors(run, width)]
  },
}

function about(run: Run, now: Timestamp, width: number): Line[] {
  const { state, word } = runHealth(run)
  const moved = [
    run.processed === null ? '' : `${count(run.processed)} records`,
    run.failed === null ? '' : `${count(run.failed)} failed`,
    run.bytes === null ? '' : size(run.bytes),
  ].filter(Boolean)
  return [
    line(
      span(`${GLYPH[state]} ${word}  `, TONE[state]),
      span(run.pipeline, 'title'),
      span(`  ${run.runId}`, 'dim'),
    ),
    line(
      span('started   ', 'dim'),
      `${moment(run.startedAt)}, ${age(run.startedAt, now)} ago, took ${length(tookUntil(run, now))}`,
      span(run.endedAt === null ? ' so far' : '', 'dim'),
    ),
    line(
      span('because   ', 'dim'),
      `${run.trigger ?? 'unknown'}, attempt ${run.attempt}`,
      run.scheduledFor === null ? '' : `, due ${moment(run.scheduledFor)}`,
    ),
    ...(moved.length === 0 ? [] : [line(span('moved     ', 'dim'), moved.join(', '))]),
    ...(run.url === null ? [] : wrap(run.url, width, 'dim')),
  ]
}

function gantt(run: Run, now: Timestamp, width: number): Line[] {
  const tasks = run.tasks.toSorted((a, b) => (a.startedAt ?? Infinity) - (b.startedAt ?? Infinity))
  if (tasks.length === 0) return [EMPTY, line(span('Its source tells of no tasks.', 'dim'))]
  const starts = tasks.flatMap(({ startedAt }) => startedAt ?? [])
  const ends = tasks.map(({ endedAt }) => endedAt ?? run.endedAt ?? now)
  const axis: Axis = {
    from: timestamp(Math.min(...starts, run.startedAt ?? now)),
    to: timestamp(Math.max(...ends, run.endedAt ?? 0)),
    width: Math.max(LEAST_AXIS, width - NAME - TOOK - 14),
  }
  return [
    EMPTY,
    line(span(`Tasks, ${count(tasks.length)}`, 'title')),
    ...tasks.map((task) => {
      const { state, word } = runHealth(task)
      const took = tookUntil(task, run.endedAt ?? now)
      const drawn = task.startedAt === null || took === null ? '' : stretch(axis, task.startedAt, took)
      return line(
        span(fit(`${GLYPH[state]} ${word}`, 11), TONE[state]),
        `  ${fit(task.name, NAME)} ${fit(length(took), TOOK - 1, 'right')} `,
        span(drawn, TONE[state]),
      )
    }),
    line(' '.repeat(NAME + TOOK + 14), ...axisLabels(axis).spans),
  ]
}

const errors = (run: Run, width: number): Line[] =>
  [{ name: 'the run', error: run.error }, ...run.tasks].flatMap(({ name, error }) =>
    error === null ? [] : [EMPTY, line(span(`${GLYPH.bad} ${name}`, 'bad')), ...wrap(error, width)],
  )
